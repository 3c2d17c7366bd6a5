/* diff.c - where two sides differ, section by section (see diff.h). */
#include "lab/report/diff.h"

#include "lab/report/format.h"
#include "lab/report/table.h"
#include "lab/report/terminal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Values */

static json_t *or_null(const json_t *value)
{
    return value ? json_incref((json_t *)(uintptr_t)value) : json_null();
}

static void add(json_t *ret, const char *path, const json_t *a, const json_t *b)
{
    json_t *entry =
        json_pack("{s:s, s:o, s:o}", "path", path, "a", or_null(a), "b", or_null(b));
    if (json_is_number(a) && json_is_number(b))
        json_object_set_new(entry, "difference",
                            rg_json_real(json_number_value(a) - json_number_value(b)));
    json_array_append_new(ret, entry);
}

static bool is_same(const json_t *a, const json_t *b)
{
    bool none_a = !a || json_is_null(a), none_b = !b || json_is_null(b);
    return (none_a && none_b) || json_equal(a, b);
}

static void walk(json_t *ret, const char *path, const json_t *a, const json_t *b);

static void walk_key(json_t *ret, const char *path, const char *key, const json_t *a,
                     const json_t *b)
{
    rg_str deeper = {.max = 1000};
    rg_str_printf(&deeper, "%s%s%s", path, *path ? "." : "", key);
    walk(ret, rg_str_text(&deeper), json_object_get(a, key), json_object_get(b, key));
    rg_str_free(&deeper);
}

/* Objects are walked; anything else differs as a whole. */
static void walk(json_t *ret, const char *path, const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;
    if (is_same(a, b))
        return;
    if (!json_is_object(a) || !json_is_object(b)) {
        add(ret, path, a, b);
        return;
    }
    json_object_foreach ((json_t *)(uintptr_t)a, key, value)
        walk_key(ret, path, key, a, b);
    json_object_foreach ((json_t *)(uintptr_t)b, key, value)
        if (!json_object_get(a, key))
            walk_key(ret, path, key, a, b);
}

/* ---- Curves: the first step at which they part */

static void part_ways(json_t *ret, const char *name, const json_t *a, const json_t *b)
{
    const json_t *steps = json_object_get(a, "step"), *own = json_object_get(a, "value");
    const json_t *their_steps = json_object_get(b, "step"),
                 *theirs = json_object_get(b, "value");
    size_t k = 0;
    while (k < json_array_size(own) && k < json_array_size(theirs) &&
           json_equal(json_array_get(steps, k), json_array_get(their_steps, k)) &&
           is_same(json_array_get(own, k), json_array_get(theirs, k)))
        k++;
    if (k == json_array_size(own) && k == json_array_size(theirs))
        return;
    add(ret, name, json_array_get(own, k), json_array_get(theirs, k));
    const json_t *step = json_array_get(k < json_array_size(steps) ? steps : their_steps, k);
    json_object_set_new(json_array_get(ret, json_array_size(ret) - 1), "step", or_null(step));
}

static void compare_curves(json_t *ret, const json_t *a, const json_t *b)
{
    const char *name;
    json_t *curve;
    json_object_foreach ((json_t *)(uintptr_t)a, name, curve)
        part_ways(ret, name, curve, json_object_get(b, name));
    json_object_foreach ((json_t *)(uintptr_t)b, name, curve)
        if (!json_object_get(a, name))
            part_ways(ret, name, NULL, curve);
}

/* ---- Sections */

static json_t *section_of(const char *name, const json_t *a, const json_t *b)
{
    json_t *list = json_array();
    if (!strcmp(name, "curves"))
        compare_curves(list, a, b);
    else
        walk(list, "", a, b);
    return json_pack("{s:s, s:b, s:o}", "section", name, "same", json_array_size(list) == 0,
                     "differences", list);
}

json_t *diff_facts(const char *name_a, const json_t *a, const char *name_b, const json_t *b)
{
    json_t *sections = json_array(), *value;
    const char *name;
    bool same = true;
    json_object_foreach ((json_t *)(uintptr_t)a, name, value) {
        json_t *section = section_of(name, value, json_object_get(b, name));
        bool counts = strcmp(name, "resources") != 0 && strcmp(name, "command") != 0;
        same = same && (!counts || json_is_true(json_object_get(section, "same")));
        json_array_append_new(sections, section);
    }
    json_object_foreach ((json_t *)(uintptr_t)b, name, value)
        if (!json_object_get(a, name)) {
            same = same && json_is_null(value);
            json_array_append_new(sections, section_of(name, NULL, value));
        }
    return json_pack("{s:s, s:s, s:b, s:o}", "a", name_a, "b", name_b, "same", same, "sections",
                     sections);
}

/* ---- In words */

/* A value on one line; of a hash the first letters. */
static void add_value(rg_str *ret, const json_t *value)
{
    const char *text = json_string_value(value);
    bool hash =
        text && strlen(text) == RG_HEX - 1 && strspn(text, "0123456789abcdef") == RG_HEX - 1;
    if (hash)
        rg_str_printf(ret, "%.12s", text);
    else
        format_json(ret, value);
}

/* An arm that one study alone has is named: its whole configuration would bury the rest. */
static void add_side(rg_str *ret, const char *section, const char *path, const json_t *value)
{
    bool whole_arm = !strcmp(section, "study") && !strncmp(path, "arms.", 5) &&
                     !strchr(path + 5, '.') && json_is_object(value);
    if (whole_arm)
        rg_str_add(ret, "present");
    else
        add_value(ret, value);
}

static void add_row(json_t *table, const char *section, const json_t *entry)
{
    rg_str what = {0}, a = {0}, b = {0};
    const json_t *step = json_object_get(entry, "step");
    double difference = rg_json_number(json_object_get(entry, "difference"), NAN);
    const char *path = rg_json_text(entry, "path", "");
    rg_str_printf(&what, "%s%s%s", section, *path ? " " : "", path);
    if (json_is_integer(step))
        rg_str_printf(&what, " from step %lld", (long long)json_integer_value(step));
    add_side(&a, section, path, json_object_get(entry, "a"));
    add_side(&b, section, path, json_object_get(entry, "b"));
    table_row(table, (const char *const[]){
                         rg_str_text(&what), rg_str_text(&a), rg_str_text(&b),
                         isnan(difference) ? "" : format_number(difference, NAN).text});
    rg_str_free(&what);
    rg_str_free(&a);
    rg_str_free(&b);
}

static void add_same(rg_str *ret, const json_t *sections)
{
    size_t i;
    json_t *section;
    bool any = false;
    json_array_foreach (sections, i, section) {
        if (!json_is_true(json_object_get(section, "same")))
            continue;
        rg_str_printf(ret, "%s%s",
                      any ? ", " : "the same: ", rg_json_text(section, "section", ""));
        any = true;
    }
}

/* Long values (lists, commands) would push the columns off the screen: they get lines. */
static bool is_long(const json_t *row)
{
    enum { WHAT = 40, VALUE = 16 };
    for (size_t k = 0; k < json_array_size(row); k++)
        if (terminal_width(json_string_value(json_array_get(row, k))) > (k ? VALUE : WHAT))
            return true;
    return false;
}

static void add_lines(rg_str *ret, const json_t *rows, size_t width)
{
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        terminal_add_wrapped(ret, json_string_value(json_array_get(row, 0)), 0, width);
        for (size_t k = 1; k < 3; k++) {
            rg_str_add(ret, k == 1 ? "    A  " : "    B  ");
            terminal_add_wrapped(ret, json_string_value(json_array_get(row, k)), 7, width);
        }
    }
}

/* Takes the long rows out of the table.  New reference. */
static json_t *take_long(json_t *rows)
{
    json_t *ret = json_array();
    for (size_t i = 0; i < json_array_size(rows);) {
        json_t *row = json_array_get(rows, i);
        if (is_long(row)) {
            json_array_append(ret, row);
            json_array_remove(rows, i);
        } else {
            i++;
        }
    }
    return ret;
}

void diff_text(const json_t *facts, size_t width, rg_str *ret)
{
    json_t *table = table_new("", "lrrr", (const char *const[]){"", "A", "B", "A - B", NULL});
    const json_t *sections = json_object_get(facts, "sections");
    size_t i, k;
    json_t *section, *entry;
    json_array_foreach (sections, i, section)
        json_array_foreach (json_object_get(section, "differences"), k, entry)
            add_row(table, rg_json_text(section, "section", ""), entry);
    json_t *wide = take_long(json_object_get(table, "rows"));
    rg_str same = {0};
    add_same(&same, sections);
    rg_str_printf(ret, "A  %s\nB  %s\n", rg_json_text(facts, "a", ""),
                  rg_json_text(facts, "b", ""));
    if (json_array_size(json_object_get(table, "rows")))
        terminal_add_table(ret, table, width);
    add_lines(ret, wide, width);
    json_decref(wide);
    terminal_add_wrapped(ret, rg_str_text(&same), 0, width);
    rg_str_free(&same);
    json_decref(table);
}
