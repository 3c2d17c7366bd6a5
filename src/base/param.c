/* param.c - parameter tables: what a trainer can be told, as data. */
#include "rigor/base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {"number", "int", "bool", "choice", "ints", "any"};

const rg_param *rg_param_find(const rg_param *table, const char *name)
{
    for (; table && table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static bool within(const rg_param *param, const json_t *value)
{
    double number = json_number_value(value);
    return json_is_number(value) && isfinite(number) && number >= param->lo &&
           number <= param->hi;
}

/* 64 and 64.0, but not 64.5. */
static bool whole_within(const rg_param *param, const json_t *value)
{
    return within(param, value) && json_number_value(value) == floor(json_number_value(value));
}

static bool is_choice(const rg_param *param, const json_t *value)
{
    const char *text = json_string_value(value);
    for (size_t i = 0; text && param->choices[i]; i++)
        if (strcmp(text, param->choices[i]) == 0)
            return true;
    return false;
}

static bool all_whole_within(const rg_param *param, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!whole_within(param, json_array_get(value, i)))
            return false;
    return json_is_array(value);
}

static bool is_scalar(const json_t *value)
{
    return json_is_number(value) || json_is_string(value) || json_is_boolean(value);
}

static bool is_scalar_or_list(const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!is_scalar(json_array_get(value, i)))
            return false;
    return json_is_array(value) || is_scalar(value);
}

static bool fits(const rg_param *param, const json_t *value)
{
    switch (param->kind) {
    case RG_PARAM_NUMBER: return within(param, value);
    case RG_PARAM_INT: return whole_within(param, value);
    case RG_PARAM_BOOL: return json_is_boolean(value);
    case RG_PARAM_CHOICE: return is_choice(param, value);
    case RG_PARAM_INTS: return all_whole_within(param, value);
    case RG_PARAM_ANY: return is_scalar_or_list(value);
    }
    RG_BUG("parameter %s has no kind", param->name);
}

void rg_param_describe(const rg_param *param, rg_str *ret)
{
    switch (param->kind) {
    case RG_PARAM_NUMBER:
        rg_str_printf(ret, "a number from %g to %g", param->lo, param->hi);
        break;
    case RG_PARAM_INT:
        rg_str_printf(ret, "a whole number from %g to %g", param->lo, param->hi);
        break;
    case RG_PARAM_BOOL: rg_str_add(ret, "true or false"); break;
    case RG_PARAM_CHOICE:
        rg_str_add(ret, "one of");
        for (size_t i = 0; param->choices[i]; i++)
            rg_str_printf(ret, "%s %s", i ? "," : "", param->choices[i]);
        break;
    case RG_PARAM_INTS:
        rg_str_printf(ret, "a list of whole numbers from %g to %g", param->lo, param->hi);
        break;
    case RG_PARAM_ANY:
        rg_str_add(ret, "a number, a text, true, false or a list of those");
        break;
    }
}

static size_t count_choices(const rg_param *param)
{
    size_t n = 0;
    while (param->choices[n])
        n++;
    return n;
}

bool rg_param_check(const rg_param *param, const json_t *value, rg_err *err)
{
    if (fits(param, value))
        return true;
    rg_str expected = {.max = 400};
    rg_param_describe(param, &expected);
    char *given = rg_json_canonical(value);
    const char *near =
        param->kind == RG_PARAM_CHOICE && json_is_string(value)
            ? rg_text_nearest(json_string_value(value), param->choices, count_choices(param))
            : NULL;
    char remedy[160] = "";
    if (near)
        snprintf(remedy, sizeof(remedy), "did you mean %s?", near);
    rg_fail(err, RG_INPUT, NULL, remedy, "%s must be %s, not %.80s", param->name,
            rg_str_text(&expected), given);
    rg_free(given);
    rg_str_free(&expected);
    return false;
}

static json_t *fallback_of(const rg_param *param)
{
    rg_err err = {0};
    json_t *value = rg_json_parse(param->fallback, strlen(param->fallback), param->name, &err);
    if (!value)
        RG_BUG("the default of %s is not JSON: %s", param->name, param->fallback);
    return value;
}

json_t *rg_param_defaults(const rg_param *table)
{
    json_t *defaults = json_object();
    for (; table && table->name; table++)
        json_object_set_new(defaults, table->name, fallback_of(table));
    return defaults;
}

json_t *rg_param_json(const rg_param *table)
{
    json_t *list = json_array();
    for (; table && table->name; table++) {
        json_t *row = json_pack("{s:s, s:s, s:o, s:b, s:s}", "name", table->name, "kind",
                                kind_names[table->kind], "default", fallback_of(table),
                                "structural", table->structural, "help", table->help);
        if (table->kind == RG_PARAM_CHOICE) {
            json_t *choices = json_array();
            for (size_t i = 0; table->choices[i]; i++)
                json_array_append_new(choices, json_string(table->choices[i]));
            json_object_set_new(row, "choices", choices);
        } else if (table->kind != RG_PARAM_BOOL) {
            json_object_set_new(row, "range", json_pack("[f, f]", table->lo, table->hi));
        }
        json_array_append_new(list, row);
    }
    return list;
}

/* ---- From JSON back to a table. */

static bool read_kind(const json_t *row, rg_param *ret, rg_err *err)
{
    const char *kind = rg_json_text(row, "kind", "");
    for (size_t i = 0; i < RG_COUNT(kind_names); i++)
        if (strcmp(kind_names[i], kind) == 0) {
            ret->kind = (rg_param_kind)i;
            return true;
        }
    return rg_fail(err, RG_INPUT, ret->name, NULL, "there is no kind of parameter '%.40s'",
                   kind);
}

static const char *const *read_choices(const json_t *list, rg_arena *arena)
{
    size_t n = json_array_size(list);
    const char **choices = RG_ARENA_ARRAY(arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        choices[i] = rg_arena_strdup(arena, text ? text : "");
    }
    return choices;
}

static bool read_param(const json_t *row, rg_arena *arena, rg_param *ret, rg_err *err)
{
    const json_t *fallback = json_object_get(row, "default");
    const json_t *range = json_object_get(row, "range");
    *ret = (rg_param){.name = rg_arena_strdup(arena, rg_json_text(row, "name", "")),
                      .structural = json_is_true(json_object_get(row, "structural")),
                      .lo = rg_json_number(json_array_get(range, 0), 0),
                      .hi = rg_json_number(json_array_get(range, 1), 0),
                      .choices = read_choices(json_object_get(row, "choices"), arena),
                      .help = rg_arena_strdup(arena, rg_json_text(row, "help", ""))};
    if (!*ret->name || !fallback || !read_kind(row, ret, err))
        return rg_fail(err, RG_INPUT, ret->name, NULL,
                       "a parameter needs a name, a kind and a default");
    char *text = rg_json_canonical(fallback);
    ret->fallback = rg_arena_strdup(arena, text);
    rg_free(text);
    return rg_param_check(ret, fallback, err);
}

const rg_param *rg_param_table(const json_t *list, rg_arena *arena, rg_err *err)
{
    size_t i;
    json_t *row;
    rg_param *table = RG_ARENA_ARRAY(arena, rg_param, json_array_size(list) + 1);
    json_array_foreach (list, i, row)
        if (!read_param(row, arena, &table[i], err))
            return NULL;
    return table;
}
