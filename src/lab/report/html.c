/* html.c - pieces of the report's page (see html.h). */
#include "lab/report/html.h"

#include <stdlib.h>
#include <string.h>

void html_put(rg_str *ret, const char *markup, ...)
{
    va_list args;
    va_start(args, markup);
    for (const char *slot; (slot = strchr(markup, '$')); markup = slot + 1) {
        rg_str_add_n(ret, markup, (size_t)(slot - markup));
        rg_str_add_html(ret, va_arg(args, const char *));
    }
    va_end(args);
    rg_str_add(ret, markup);
}

void html_json(rg_str *ret, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
    for (const char *rest = text; rest;) {
        size_t plain = strcspn(rest, "<");
        rg_str_add_n(ret, rest, plain);
        rg_str_add(ret, rest[plain] ? "\\u003c" : "");
        rest = rest[plain] ? rest + plain + 1 : NULL;
    }
    free(text);
}

static unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* RFC 4648 base64 of the 32 bytes that `hex` spells. */
static void add_base64(rg_str *ret, const char hex[RG_HEX])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < 32; i += 3) {
        unsigned word = 0;
        for (size_t k = i; k < i + 3; k++)
            word = word << 8 |
                   (k < 32 ? hex_digit(hex[2 * k]) << 4 | hex_digit(hex[2 * k + 1]) : 0);
        for (int digit = 0; digit < 4; digit++) {
            bool filled = i + 3 <= 32 || digit < 3;
            rg_str_add_n(ret, filled ? &alphabet[word >> (18 - 6 * digit) & 63] : "=", 1);
        }
    }
}

void html_script_hash(rg_str *ret, const char *script, size_t len)
{
    char hex[RG_HEX];
    rg_sha_of(script, len, hex);
    rg_str_add(ret, "sha256-");
    add_base64(ret, hex);
}

/* ---- Tables */

enum { WIDE_COLUMNS = 9 }; /* set closer, so that they fit the page */

/* Words that carry a colour, whatever column they stand in. */
static bool is_badge(const char *text)
{
    static const char *const words[] = {"pass",    "warn",       "fail",    "supported",
                                        "refuted", "equivalent", "fragile", "inconclusive"};
    for (size_t i = 0; i < RG_COUNT(words); i++)
        if (!strcmp(text, words[i]))
            return true;
    return false;
}

/* Short heads and row names stay on one line; long ones may wrap. */
static const char *wrap_class(const char *text, size_t limit)
{
    return strlen(text) > limit ? "" : "key";
}

static void add_cell(rg_str *ret, const char *text, char align, bool first)
{
    if (is_badge(text) && !first)
        html_put(ret, "<td><span class=\"badge $\">$</span></td>", text, text);
    else if (first)
        html_put(ret, "<th scope=\"row\" class=\"$\">$</th>", wrap_class(text, 40), text);
    else if (align == 'r')
        html_put(ret, "<td class=\"right\">$</td>", text);
    else
        html_put(ret, strlen(text) > 40 ? "<td class=\"long\">$</td>" : "<td>$</td>", text);
}

static void add_head(rg_str *ret, const json_t *columns, const char *align)
{
    rg_str_add(ret, "<thead><tr>");
    for (size_t i = 0; i < json_array_size(columns); i++) {
        const char *text = json_string_value(json_array_get(columns, i));
        html_put(ret, "<th scope=\"col\" class=\"$ $\">$</th>", align[i] == 'r' ? "right" : "",
                 wrap_class(text, 14), text);
    }
    rg_str_add(ret, "</tr></thead>");
}

static void add_rows(rg_str *ret, const json_t *rows, const char *align)
{
    size_t i, k;
    json_t *row, *cell;
    rg_str_add(ret, "<tbody>");
    json_array_foreach (rows, i, row) {
        rg_str_add(ret, "<tr>");
        json_array_foreach (row, k, cell)
            add_cell(ret, json_string_value(cell), align[k], k == 0);
        rg_str_add(ret, "</tr>\n");
    }
    rg_str_add(ret, "</tbody>");
}

void html_table(rg_str *ret, json_t *table, const char *kind)
{
    if (!table)
        return;
    const char *align = rg_json_text(table, "align", ""),
               *title = rg_json_text(table, "title", "");
    html_put(ret, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"$\">",
             title);
    bool wide = json_array_size(json_object_get(table, "columns")) >= WIDE_COLUMNS;
    html_put(ret, "<table class=\"$\">", wide ? "wide" : kind);
    if (!*kind) {
        html_put(ret, "<caption>$</caption>", title);
        add_head(ret, json_object_get(table, "columns"), align);
    }
    add_rows(ret, json_object_get(table, "rows"), align);
    rg_str_add(ret, "</table></div>\n");
    json_decref(table);
}

/* ---- Charts */

static void add_chart_data(rg_str *ret, const json_t *chart)
{
    const json_t *columns = json_object_get(chart, "columns");
    rg_str align = {0};
    for (size_t i = 0; i < json_array_size(columns); i++)
        rg_str_add(&align, "l");
    rg_str_add(ret, "<details class=\"data\"><summary>Data as a table</summary>"
                    "<div class=\"scroll\" tabindex=\"0\"><table>");
    add_head(ret, columns, rg_str_text(&align));
    add_rows(ret, json_object_get(chart, "rows"), rg_str_text(&align));
    rg_str_add(ret, "</table></div></details>\n");
    rg_str_free(&align);
}

void html_chart(rg_str *ret, const json_t *chart)
{
    const char *id = rg_json_text(chart, "id", ""), *title = rg_json_text(chart, "title", "");
    const char *about = rg_json_text(chart, "description", "");
    html_put(ret, "<figure id=\"$\"><h3>$</h3>\n", id, title);
    html_put(
        ret,
        "<div class=\"plot\" role=\"img\" aria-label=\"$. $\" data-spec=\"$-spec\"></div>\n",
        title, about, id);
    html_put(ret, "<figcaption>$</figcaption>\n", about);
    add_chart_data(ret, chart);
    html_put(
        ret,
        "<details class=\"source\"><summary>Vega-Lite source</summary>"
        "<textarea spellcheck=\"false\" aria-label=\"Specification of the chart $\"></textarea>"
        "<button type=\"button\">Draw again</button><button type=\"button\">Reset</button>"
        "<output></output></details>\n",
        title);
    html_put(ret, "<script type=\"application/json\" id=\"$-spec\">", id);
    html_json(ret, json_object_get(chart, "spec"));
    rg_str_add(ret, "</script></figure>\n");
}
