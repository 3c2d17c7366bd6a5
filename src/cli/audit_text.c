/* audit_text.c - findings in words: what, where, what to do. */
#include "cli/audit_text.h"

#include "cli/command.h"

#include <string.h>

typedef struct look { /* of a severity */
    const char *name, *label, *one, *many, *colour;
} look;
static const look looks[] = {
    {"danger", "DANGER   ", "danger", "dangers", "\033[31m"},
    {"warning", "WARNING  ", "warning", "warnings", "\033[33m"},
    {"note", "note     ", "note", "notes", ""},
};

static const look *look_of(const char *severity)
{
    size_t i = 0;
    while (i + 1 < RG_COUNT(looks) && strcmp(looks[i].name, severity) != 0)
        i++;
    return &looks[i];
}

static long long count(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

/* "lines 12, 40 of the file" where there are lines, else "rows 10, 38". */
static void add_places(rg_str *ret, const json_t *evidence)
{
    const json_t *lines = json_object_get(evidence, "lines"),
                 *places = lines ? lines : json_object_get(evidence, "rows");
    size_t i, n = json_array_size(places);
    json_t *place;
    if (!n || !json_is_array(places))
        return;
    rg_str_printf(ret, "%s%s ", lines ? "line" : "row", n == 1 ? "" : "s");
    json_array_foreach (places, i, place)
        rg_str_printf(ret, "%s%lld", i ? ", " : "", (long long)json_integer_value(place));
    long long all = count(evidence, "count");
    rg_str_add(ret, all > (long long)n ? ", ..." : "");
    rg_str_add(ret, lines ? " of the file" : "");
}

/* "row 7 of test and row 3 of train". */
static void add_pairs(rg_str *ret, const json_t *evidence)
{
    size_t i;
    json_t *pair;
    json_array_foreach (json_object_get(evidence, "pairs"), i, pair) {
        if (i == 3)
            break;
        const char *other = json_object_get(pair, "near") ? "near" : "equals";
        rg_str_printf(ret, "%srow %lld of %s and row %lld of %s", i ? "; " : "",
                      count(pair, "row"), rg_json_text(pair, "part", ""), count(pair, other),
                      rg_json_text(pair, "of", ""));
    }
}

static void add_labels(rg_str *ret, const json_t *evidence)
{
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get(evidence, "labels"), i, row)
        rg_str_printf(ret, "%srow %lld is '%s' among '%s'", i ? "; " : "", count(row, "row"),
                      rg_json_text(row, "label", ""), rg_json_text(row, "around", ""));
}

static void add_names(rg_str *ret, const json_t *evidence, const char *key)
{
    const json_t *list = json_object_get(evidence, key);
    size_t i;
    json_t *name;
    json_array_foreach (list, i, name)
        if (json_is_string(name))
            rg_str_printf(ret, "%s%s", i ? ", " : "", json_string_value(name));
    if (ret->len && count(evidence, "count") > (long long)json_array_size(list))
        rg_str_add(ret, ", ...");
}

/* Of what the evidence holds, the first that tells a person where to look. */
static void add_evidence(rg_str *ret, const json_t *evidence)
{
    add_pairs(ret, evidence);
    if (!ret->len)
        add_labels(ret, evidence);
    if (!ret->len)
        add_names(ret, evidence, "columns");
    if (!ret->len)
        add_names(ret, evidence, "classes");
    if (!ret->len)
        add_places(ret, evidence);
}

static void print_finding(const json_t *finding, bool colour, FILE *out)
{
    const look *how = look_of(rg_json_text(finding, "severity", ""));
    rg_str text = {0}, evidence = {0};
    add_evidence(&evidence, json_object_get(finding, "evidence"));
    fprintf(out, "\n%s", colour ? how->colour : "");
    rg_str_printf(&text, "%s: %s.", rg_json_text(finding, "check", ""),
                  rg_json_text(finding, "what", ""));
    rg_print_wrapped(out, how->label, rg_str_text(&text));
    fprintf(out, "%s", colour && *how->colour ? "\033[0m" : "");
    if (evidence.len)
        rg_print_wrapped(out, "         see ", rg_str_text(&evidence));
    rg_print_wrapped(out, "         -> ", rg_json_text(finding, "remedy", ""));
    rg_str_free(&evidence);
    rg_str_free(&text);
}

void rg_audit_print(const json_t *audit, bool colour, FILE *out)
{
    const json_t *data = json_object_get(audit, "data"), *cut = json_object_get(audit, "split"),
                 *counts = json_object_get(audit, "counts");
    fprintf(out,
            "%s: %lld rows, %lld feature%s; %lld to train, %lld to validate, %lld to test\n",
            rg_json_text(data, "name", ""), count(data, "rows"), count(data, "features"),
            count(data, "features") == 1 ? "" : "s", count(cut, "train"), count(cut, "val"),
            count(cut, "test"));
    if (count(cut, "left_out"))
        fprintf(out, "%lld rows are in no part\n", count(cut, "left_out"));
    for (size_t i = 0; i < RG_COUNT(looks); i++) {
        long long n = count(counts, looks[i].name);
        fprintf(out, "%s%lld %s", i ? ", " : "", n, n == 1 ? looks[i].one : looks[i].many);
    }
    fprintf(out, "\n");
    size_t i;
    json_t *finding;
    json_array_foreach (json_object_get(audit, "findings"), i, finding)
        print_finding(finding, colour, out);
}
