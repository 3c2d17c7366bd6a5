/* file_node.c - from nodes to C values.  Whatever does not fit is reported with its place, what
 * was expected and what stands there; the caller's value then keeps its default. */
#include "lab/study/file.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define KNOWN_MAX 560 /* characters of a list of names, after which it goes no further */

/* ---- Mistakes. */

/* Texts of users may have been cut inside a character; JSON and terminals want valid UTF-8. */
static void make_printable(char *text)
{
    bool valid = rg_utf8_valid(text, strlen(text));
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || (!valid && (unsigned char)*c >= 0x80))
            *c = *c == '\n' || *c == '\t' ? ' ' : '?';
}

/* An aliased value is read wherever it is used: the same mistake counts once. */
static bool is_known(const rg_diags *diags, int line, int column, const char *what)
{
    for (size_t i = 0; i < diags->len; i++) {
        const rg_diag *d = &diags->at[i];
        if (d->line == line && d->column == column && strcmp(d->what, what) == 0)
            return true;
    }
    return false;
}

void study_mistake(study_reader *reader, study_mark mark, const char *remedy, const char *fmt,
                   ...)
{
    rg_str what = {.max = 2000};
    if (mark.override)
        rg_str_printf(&what, "override %d (%s): ", mark.override,
                      study_clip(reader, reader->overrides[mark.override - 1]));
    va_list args;
    va_start(args, fmt);
    rg_str_vprintf(&what, fmt, args);
    va_end(args);
    make_printable(what.data);
    int line = mark.override ? 0 : mark.line, column = mark.override ? 0 : mark.column;
    if (!is_known(reader->diags, line, column, what.data))
        rg_diags_add(reader->diags, line, column, remedy, "%s", what.data);
    rg_str_free(&what);
}

const char *study_clip(study_reader *reader, const char *text)
{
    return strlen(text) <= 60 ? text : rg_arena_printf(reader->arena, "%.57s...", text);
}

const char *study_known_here(study_reader *reader, const char *const *names, size_t n)
{
    rg_str list = {0};
    rg_str_add(&list, "known here: ");
    for (size_t i = 0; i < n; i++) {
        bool last = list.len > KNOWN_MAX;
        rg_str_printf(&list, "%s%s", i ? ", " : "", last ? "..." : names[i]);
        if (last)
            break;
    }
    const char *kept = rg_arena_strdup(reader->arena, rg_str_text(&list));
    rg_str_free(&list);
    return kept;
}

const char *study_suggest(study_reader *reader, const char *given, const char *const *names,
                          size_t n)
{
    const char *near = rg_text_nearest(given, names, n);
    if (near)
        return rg_arena_printf(reader->arena, "did you mean '%s'?", near);
    return n ? study_known_here(reader, names, n) : "remove it";
}

const char *study_describe(study_reader *reader, const study_node *node)
{
    static const char *const words[] = {
        [STUDY_NULL] = "nothing", [STUDY_BOOL] = "",          [STUDY_WHOLE] = "",
        [STUDY_REAL] = "",        [STUDY_TEXT] = "the text ", [STUDY_LIST] = "a list",
        [STUDY_MAP] = "a map",
    };
    const char *word = words[node->kind];
    if (node->kind == STUDY_NULL || node->kind >= STUDY_LIST)
        return word;
    const char *quote = node->kind == STUDY_TEXT ? "'" : "";
    return rg_arena_printf(reader->arena, "%s%s%s%s", word, quote,
                           study_clip(reader, node->text), quote);
}

static bool expected(study_reader *reader, const study_node *node, const char *what,
                     const char *wanted)
{
    study_mistake(reader, node->mark, "", "%s must be %s, not %s", what, wanted,
                  study_describe(reader, node));
    return false;
}

/* ---- Maps. */

const study_node *study_get(const study_node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == STUDY_MAP && i < map->count; i++)
        if (strcmp(map->key[i]->text, key) == 0)
            return map->item[i];
    return NULL;
}

static void report_unknown(study_reader *reader, const study_node *key, const char *where,
                           const study_field *fields, size_t n)
{
    const char *names[32];
    for (size_t i = 0; i < n; i++) {
        if (strcmp(fields[i].name, key->text) == 0)
            return;
        names[i] = fields[i].name;
    }
    bool merge = strcmp(key->text, "<<") == 0;
    study_mistake(
        reader, key->mark,
        merge ? "YAML 1.2 has no merge keys: repeat the values, or alias them one by one"
              : study_suggest(reader, key->text, names, n),
        "unknown key '%s' in %s", study_clip(reader, key->text), where);
}

void study_fields(study_reader *reader, const study_node *map, const char *where,
                  const study_field *fields, size_t n)
{
    for (size_t i = 0; map && i < map->count; i++)
        report_unknown(reader, map->key[i], where, fields, n);
    for (size_t i = 0; i < n; i++)
        if (fields[i].read)
            fields[i].read(reader, study_get(map, fields[i].name));
}

bool study_is_map(study_reader *reader, const study_node *node, const char *what)
{
    return node->kind == STUDY_MAP || expected(reader, node, what, "a map of names to values");
}

/* ---- Scalars. */

bool study_whole(study_reader *reader, const study_node *node, const char *what, int64_t lo,
                 int64_t hi, int64_t *ret)
{
    if (!node)
        return true;
    bool whole = node->kind == STUDY_WHOLE ||
                 (node->kind == STUDY_REAL && node->number == floor(node->number));
    if (whole && node->number >= (double)lo && node->number <= (double)hi) {
        *ret = node->kind == STUDY_WHOLE ? node->whole : (int64_t)node->number;
        return true;
    }
    return expected(reader, node, what,
                    rg_arena_printf(reader->arena, "a whole number from %lld to %lld",
                                    (long long)lo, (long long)hi));
}

static const char *range_words(study_reader *reader, double lo, double hi)
{
    if (hi < STUDY_HUGE)
        return rg_arena_printf(reader->arena, "a number from %g to %g", lo, hi);
    return lo > 0 ? "a number above 0" : "a finite number";
}

bool study_number(study_reader *reader, const study_node *node, const char *what, double lo,
                  double hi, double *ret)
{
    if (!node)
        return true;
    bool number = node->kind == STUDY_WHOLE || node->kind == STUDY_REAL;
    if (number && node->number >= lo && node->number <= hi) {
        *ret = node->number;
        return true;
    }
    return expected(reader, node, what, range_words(reader, lo, hi));
}

bool study_bool(study_reader *reader, const study_node *node, const char *what, bool *ret)
{
    if (!node)
        return true;
    if (node->kind != STUDY_BOOL)
        return expected(reader, node, what, "true or false");
    *ret = node->truth;
    return true;
}

bool study_text(study_reader *reader, const study_node *node, const char *what,
                const char **ret)
{
    if (!node)
        return true;
    bool scalar = node->kind != STUDY_NULL && node->kind < STUDY_LIST;
    if (!scalar || !*node->text)
        return expected(reader, node, what, "text");
    *ret = node->text;
    return true;
}

bool study_name(study_reader *reader, const study_node *node, const char *what,
                const char **ret)
{
    const char *text = NULL;
    if (!node || !study_text(reader, node, what, &text))
        return !node;
    bool good = strlen(text) <= 64 && !strchr("._+-", *text);
    for (const char *c = text; *c; c++)
        good = good &&
               (isalnum((unsigned char)*c) || strchr("._+-", *c) || (unsigned char)*c >= 0x80);
    if (!good)
        return expected(reader, node, what,
                        "a word of letters, digits and . _ + - (at most 64, a letter or digit "
                        "first)");
    *ret = text;
    return true;
}

int study_choice(study_reader *reader, const study_node *node, const char *what,
                 const char *const *names, size_t n)
{
    bool scalar = node->kind != STUDY_NULL && node->kind < STUDY_LIST;
    for (size_t i = 0; scalar && i < n; i++)
        if (strcmp(names[i], node->text) == 0)
            return (int)i;
    study_mistake(reader, node->mark, study_suggest(reader, scalar ? node->text : "", names, n),
                  "%s cannot be %s", what, study_describe(reader, node));
    return -1;
}

/* ---- JSON. */

static json_t *list_json(const study_node *node)
{
    json_t *list = json_array();
    for (size_t i = 0; i < node->count; i++)
        json_array_append_new(list, study_node_json(node->item[i]));
    return list;
}

static json_t *map_json(const study_node *node)
{
    json_t *map = json_object();
    for (size_t i = 0; i < node->count; i++)
        json_object_set_new(map, node->key[i]->text, study_node_json(node->item[i]));
    return map;
}

json_t *study_node_json(const study_node *node)
{
    switch (node->kind) {
    case STUDY_NULL: return json_null();
    case STUDY_BOOL: return json_boolean(node->truth);
    case STUDY_WHOLE: return json_integer(node->whole);
    case STUDY_REAL: return rg_json_real(node->number);
    case STUDY_TEXT: return json_string(node->text);
    case STUDY_LIST: return list_json(node);
    case STUDY_MAP: return map_json(node);
    }
    RG_BUG("a node has no kind");
}
