/* html_record.c - the second half of the page: checks, configurations, data, how to repeat it.
 */
#include "lab/report/html.h"

#include "lab/report/table.h"

#include <stdlib.h>

static void add_warnings(rg_str *ret, const json_t *facts)
{
    const json_t *warnings = json_object_get(facts, "warnings");
    if (!json_array_size(warnings))
        return;
    size_t i;
    json_t *warning;
    rg_str_add(ret, "<ul class=\"warnings\">\n");
    json_array_foreach (warnings, i, warning)
        html_put(ret, "<li>$</li>\n",
                 json_is_string(warning) ? json_string_value(warning) : "");
    rg_str_add(ret, "</ul>\n");
}

/* The section, unless its body is empty; frees the body. */
static void add_section(rg_str *ret, const char *id, const char *title, rg_str *body)
{
    if (body->len) {
        html_put(ret, "<section id=\"$\"><h2>$</h2>\n", id, title);
        rg_str_add(ret, rg_str_text(body));
        rg_str_add(ret, "</section>\n");
    }
    rg_str_free(body);
}

void html_checks(rg_str *ret, const json_t *facts)
{
    rg_str body = {0};
    add_warnings(&body, facts);
    html_table(&body, table_checks(facts), "");
    html_table(&body, table_tried(facts), "");
    html_table(&body, table_failures(facts), "");
    html_table(&body, table_stages(facts), "");
    add_section(ret, "checks", "Checks", &body);
}

static void add_configuration(rg_str *ret, const json_t *arm)
{
    const json_t *config = json_object_get(arm, "config");
    if (!json_object_size(config))
        return;
    char *text = json_dumps(config, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    html_put(ret, "<details><summary>$</summary><pre>$</pre></details>\n",
             rg_json_text(arm, "name", "?"), text ? text : "");
    free(text);
}

void html_configurations(rg_str *ret, const json_t *facts)
{
    rg_str list = {0}, body = {0};
    size_t i;
    json_t *arm;
    json_array_foreach (json_object_get(facts, "arms"), i, arm)
        add_configuration(&list, arm);
    if (list.len) {
        html_put(&body,
                 "<p class=\"lead\">What each arm was trained with, every parameter, fixed "
                 "before the test labels were opened.</p><div class=\"configs\">\n");
        rg_str_add(&body, rg_str_text(&list));
        html_put(&body, "</div>");
    }
    rg_str_free(&list);
    add_section(ret, "configurations", "Frozen configurations", &body);
}

void html_data(rg_str *ret, const json_t *facts)
{
    rg_str body = {0};
    html_table(&body, table_data(facts), "pairs");
    add_section(ret, "data", "Data and split", &body);
}

void html_methods(rg_str *ret, const json_t *facts)
{
    const char *methods = rg_json_text(facts, "methods", NULL);
    rg_str body = {0};
    if (methods)
        html_put(&body,
                 "<p class=\"lead\">What was done, in words for the methods section of a "
                 "paper.</p><blockquote>$</blockquote>"
                 "<button type=\"button\" class=\"copy\">Copy</button>\n",
                 methods);
    add_section(ret, "methods", "Methods", &body);
}

void html_repeat(rg_str *ret, const json_t *facts)
{
    const char *command = rg_json_text(json_object_get(facts, "environment"), "command", NULL);
    rg_str body = {0};
    if (command)
        html_put(
            &body,
            "<p class=\"lead\">On the same machine and build this gives the same results to "
            "the last bit: compare the fingerprints.</p><pre>$</pre>"
            "<button type=\"button\" class=\"copy\">Copy</button>\n",
            command);
    html_table(&body, table_costs(facts), "");
    html_table(&body, table_environment(facts), "pairs");
    add_section(ret, "repeat", "To repeat it", &body);
}
