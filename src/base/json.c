/* json.c - what we add to jansson: canonical text, dotted paths, merging, parameter tables.
 *
 * Reals are written with the fewest digits that read back to the same bits, so that equal
 * numbers are equal texts and people can read them. */
#include "rigor/base.h"

#include "base/real.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Writing */

/* Keys and most texts: nothing in them is to be escaped. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
            return false;
    return true;
}

static void write_string(rg_str *out, const char *text, const json_t *value)
{
    if (is_plain(text)) {
        rg_str_add(out, "\"");
        rg_str_add(out, text);
        rg_str_add(out, "\"");
        return;
    }
    json_t *made = value ? NULL : json_string(text);
    char *escaped = json_dumps(value ? value : made, JSON_ENCODE_ANY);
    rg_str_add(out, escaped);
    rg_free(escaped);
    json_decref(made);
}

static void write_word(rg_str *out, const json_t *value)
{
    rg_str_add(out, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null");
}

static void new_line(rg_str *out, int depth)
{
    if (depth < 0)
        return;
    rg_str_add(out, "\n");
    for (int i = 0; i < depth; i++)
        rg_str_add(out, "  ");
}

static void write_value(rg_str *out, const json_t *value, bool sort, int depth);

static int by_key(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_object(rg_str *out, const json_t *object, bool sort, int depth)
{
    size_t n = json_object_size(object), i = 0;
    const char **keys = RG_NEW_ARRAY(const char *, n + 1);
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)object, key, value)
        keys[i++] = key;
    if (sort)
        qsort(keys, n, sizeof(*keys), by_key);
    rg_str_add(out, "{");
    for (i = 0; i < n; i++) {
        if (i > 0)
            rg_str_add(out, ",");
        new_line(out, depth < 0 ? -1 : depth + 1);
        write_string(out, keys[i], NULL);
        rg_str_add(out, depth < 0 ? ":" : ": ");
        write_value(out, json_object_get(object, keys[i]), sort, depth < 0 ? -1 : depth + 1);
    }
    if (n > 0)
        new_line(out, depth);
    rg_str_add(out, "}");
    rg_free(keys);
}

/* Lists of plain values stay on one line, also when indented. */
static bool is_flat(const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (json_is_object(json_array_get(array, i)) || json_is_array(json_array_get(array, i)))
            return false;
    return true;
}

static void write_array(rg_str *out, const json_t *array, bool sort, int depth)
{
    bool flat = depth < 0 || is_flat(array);
    size_t n = json_array_size(array);
    rg_str_add(out, "[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            rg_str_add(out, depth >= 0 && flat ? ", " : ",");
        if (!flat)
            new_line(out, depth + 1);
        write_value(out, json_array_get(array, i), sort, flat ? -1 : depth + 1);
    }
    if (!flat)
        new_line(out, depth);
    rg_str_add(out, "]");
}

static void write_value(rg_str *out, const json_t *value, bool sort, int depth)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: write_object(out, value, sort, depth); break;
    case JSON_ARRAY: write_array(out, value, sort, depth); break;
    case JSON_REAL: rg_real_add(out, json_real_value(value)); break;
    case JSON_INTEGER: rg_str_printf(out, "%lld", (long long)json_integer_value(value)); break;
    case JSON_STRING: write_string(out, json_string_value(value), value); break;
    default: write_word(out, value); break;
    }
}

char *rg_json_canonical(const json_t *value)
{
    rg_str out = {0};
    write_value(&out, value, true, -1);
    return out.data;
}

void rg_json_pretty(const json_t *value, rg_str *ret)
{
    write_value(ret, value, false, 0);
    rg_str_add(ret, "\n");
}

/* ---- Reading */

json_t *rg_json_parse(const char *text, size_t len, const char *where, rg_err *err)
{
    json_error_t e;
    json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (value)
        return value;
    char place[300];
    snprintf(place, sizeof(place), "%s:%d:%d", where ? where : "json", e.line, e.column);
    rg_fail(err, RG_INPUT, place, "check the JSON text at this place", "not JSON: %s", e.text);
    return NULL;
}

json_t *rg_json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

double rg_json_number(const json_t *value, double otherwise)
{
    if (json_is_number(value))
        return json_number_value(value);
    return json_is_null(value) ? (double)NAN : otherwise;
}

const char *rg_json_text(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : otherwise;
}

/* ---- Dotted paths */

/* The object that holds the last part of `path`, which *last then points at; NULL when a part
 * on the way is absent (unless make) or is no object. */
static json_t *path_parent(json_t *root, const char *path, bool make, const char **last)
{
    json_t *object = root;
    for (const char *dot; json_is_object(object) && (dot = strchr(path, '.')) != NULL;) {
        size_t len = (size_t)(dot - path);
        json_t *next = json_object_getn(object, path, len);
        if (!next && make) {
            next = json_object();
            json_object_setn_new(object, path, len, next);
        }
        object = next;
        path = dot + 1;
    }
    *last = path;
    return json_is_object(object) ? object : NULL;
}

json_t *rg_json_path(const json_t *root, const char *path)
{
    const char *last;
    json_t *parent = path_parent((json_t *)(uintptr_t)root, path, false, &last);
    return parent ? json_object_get(parent, last) : NULL;
}

bool rg_json_path_set(json_t *root, const char *path, json_t *value)
{
    const char *last;
    json_t *parent = path_parent(root, path, true, &last);
    if (parent)
        return json_object_set_new(parent, last, value) == 0;
    json_decref(value);
    return false;
}

bool rg_json_path_del(json_t *root, const char *path)
{
    const char *last;
    json_t *parent = path_parent(root, path, false, &last);
    return parent && json_object_del(parent, last) == 0;
}

void rg_json_merge(json_t *base, const json_t *over)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)over, key, value) {
        json_t *old = json_object_get(base, key);
        if (json_is_object(old) && json_is_object(value))
            rg_json_merge(old, value);
        else
            json_object_set_new(base, key, json_deep_copy(value));
    }
}

void rg_json_say(json_t *array, const char *fmt, ...)
{
    rg_str text = {0};
    va_list args;
    va_start(args, fmt);
    rg_str_vprintf(&text, fmt, args);
    va_end(args);
    if (text.data)
        rg_utf8_repair(text.data); /* jansson takes nothing else */
    json_array_append_new(array, json_string(rg_str_text(&text)));
    rg_str_free(&text);
}

double rg_json_sum(const json_t *rows, const char *key)
{
    size_t i;
    json_t *row;
    double sum = 0;
    json_array_foreach (rows, i, row)
        sum += rg_json_number(json_object_get(row, key), 0);
    return sum;
}
