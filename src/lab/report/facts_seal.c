/* facts_seal.c - how far the test scores can be trusted, and what was tried against the seal.
 *
 * self-reported  the program told its own test scores
 * scored         it wrote predictions, which the lab scored with labels that it was not given
 * sealed         the same, and for each run the kernel kept the labels out of reach */
#include "lab/report/facts.h"

#include "rigor/protocol.h"

#include <string.h>

#define TRIED_MAX 20 /* attempts that are named */

static const json_t *newest_opening(const facts_source *from)
{
    size_t count = json_array_size(from->openings);
    return json_object_get(json_array_get(from->openings, count ? count - 1 : 0), "body");
}

static const json_t *seal_of(const rg_record *record)
{
    return json_object_get(record->resources, "seal");
}

/* Every run was trained behind the seal, those that failed included. */
static bool all_sealed(const facts_source *from)
{
    size_t runs = 0;
    for (size_t i = 0; i < from->n_records; i++) {
        const rg_record *run = &from->records[i];
        if (run->stage != RG_EVALUATE || (run->failed && !seal_of(run)))
            continue; /* its worker crashed before it could say */
        if (!json_is_true(json_object_get(seal_of(run), "sealed")))
            return false;
        runs++;
    }
    return runs > 0;
}

const char *facts_trust(const facts_source *from)
{
    const char *told = rg_json_text(newest_opening(from), "trust", NULL);
    if (told)
        return told;
    if (rg_study_is_self_reported(from->study))
        return "self-reported";
    return all_sealed(from) ? "sealed" : "scored";
}

/* ---- Attempts */

static size_t total_of(const json_t *attempts)
{
    return (size_t)json_integer_value(json_object_get(attempts, "total"));
}

static const json_t *last_attempts(const rg_record *record)
{
    return json_object_get(seal_of(record), "attempts");
}

static size_t attempts_of(const rg_record *record)
{
    size_t total = total_of(last_attempts(record)), i;
    json_t *start;
    json_array_foreach (json_object_get(record->resources, "again"), i, start)
        total += total_of(json_object_get(start, "attempts"));
    return total;
}

size_t facts_attempts(const facts_source *from)
{
    size_t total = 0;
    for (size_t i = 0; i < from->n_records; i++)
        total += attempts_of(&from->records[i]);
    return total;
}

/* Process numbers and counts differ from run to run; who tried what does not. */
static json_t *without_numbers(const char *path)
{
    static const char before[] = "/proc/";
    rg_str text = {0};
    const char *at;
    while (path && (at = strstr(path, before)) != NULL) {
        at += strlen(before);
        rg_str_add_n(&text, path, (size_t)(at - path));
        path = at + strspn(at, "0123456789");
        rg_str_add(&text, path > at ? "PID" : "");
    }
    rg_str_add(&text, path && rg_text_starts(path, "process ") ? "process PID"
                      : path                                   ? path
                                                               : "");
    json_t *ret = json_string(rg_str_text(&text));
    rg_str_free(&text);
    return ret;
}

static void add_these(json_t *ret, const rg_record *record, const json_t *attempts)
{
    size_t i;
    json_t *one;
    json_array_foreach (json_object_get(attempts, "first"), i, one)
        if (json_array_size(ret) < TRIED_MAX)
            json_array_append_new(
                ret, json_pack("{s:s, s:s, s:I, s:o, s:o, s:O*}", "stage",
                               record->stage == RG_TUNE ? "tune" : "evaluate", "arm",
                               record->arm, "number", (json_int_t)record->number, "path",
                               without_numbers(rg_json_text(one, "path", "")), "as",
                               without_numbers(rg_json_text(one, "as", "")), "call",
                               json_object_get(one, "call")));
}

/* Those of starts that were ended from outside count as well: a program may end itself. */
static void add_tried(json_t *ret, const rg_record *record)
{
    size_t i;
    json_t *start;
    json_array_foreach (json_object_get(record->resources, "again"), i, start)
        add_these(ret, record, json_object_get(start, "attempts"));
    add_these(ret, record, last_attempts(record));
}

json_t *facts_seal(const facts_source *from)
{
    char sealed[RG_HEX];
    rg_sealed_sha(from->study, from->split, sealed);
    json_t *ret = json_pack(
        "{s:i, s:s?}", "openings", (int)json_array_size(from->openings), "labels_sha256",
        rg_json_text(newest_opening(from), "labels_sha256", *sealed ? sealed : NULL));
    json_t *tried = json_array();
    for (size_t i = 0; i < from->n_records; i++)
        add_tried(tried, &from->records[i]);
    if (json_array_size(tried))
        json_object_set(ret, "tried", tried);
    json_decref(tried);
    return ret;
}

/* ---- What the kernel kept */

static void add_names(rg_str *out, const char *before, const json_t *names)
{
    size_t i;
    json_t *name;
    json_array_foreach (names, i, name)
        rg_str_printf(out, "%s%s", i ? ", " : before, json_string_value(name));
}

static void add_kept(rg_str *out, const json_t *granted)
{
    int abi = (int)json_integer_value(json_object_get(granted, "landlock"));
    if (abi)
        rg_str_printf(out, "Landlock ABI %d", abi);
    else
        rg_str_add(out, "no Landlock");
    if (json_is_true(json_object_get(granted, "seccomp")))
        rg_str_add(out, ", system calls filtered");
    if (json_is_true(json_object_get(granted, "watch")))
        rg_str_add(out, ", attempts watched");
    if (json_object_get(granted, "network"))
        rg_str_add(out, json_is_true(rg_json_path(granted, "network.allowed"))
                            ? "; the network is granted"
                            : "; no network");
    size_t hidden = json_array_size(json_object_get(granted, "hidden"));
    if (hidden)
        rg_str_printf(out, "; %zu place%s hidden", hidden, hidden == 1 ? "" : "s");
    add_names(out, "; writable: ", json_object_get(granted, "write"));
    add_names(out, "; not kept by this kernel: ", json_object_get(granted, "refused"));
    add_names(out, "; mind: ", json_object_get(granted, "warnings"));
}

json_t *facts_sandbox(const facts_source *from)
{
    if (!from->granted)
        return json_null();
    rg_str text = {0};
    add_kept(&text, from->granted);
    json_t *ret = json_string(rg_str_text(&text));
    rg_str_free(&text);
    return ret;
}

json_t *facts_restarts(const facts_source *from)
{
    size_t trials = 0, starts = 0, most = 0;
    for (size_t i = 0; i < from->n_records; i++) {
        size_t own = json_array_size(json_object_get(from->records[i].resources, "again"));
        trials += own > 0;
        starts += own;
        most = own > most ? own : most;
    }
    return trials ? json_pack("{s:I, s:I, s:I}", "trials", (json_int_t)trials, "starts",
                              (json_int_t)starts, "most", (json_int_t)most)
                  : json_null();
}
