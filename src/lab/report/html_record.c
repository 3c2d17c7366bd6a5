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

void html_checks(rg_str *ret, const json_t *facts)
{
    rg_str_add(ret, "<section id=\"checks\"><h2>Checks</h2>\n");
    add_warnings(ret, facts);
    html_table(ret, table_checks(facts), "");
    html_table(ret, table_failures(facts), "");
    html_table(ret, table_stages(facts), "");
    rg_str_add(ret, "</section>\n");
}

static void add_configuration(rg_str *ret, const json_t *arm)
{
    const json_t *config = json_object_get(arm, "config");
    if (!json_is_object(config))
        return;
    char *text = json_dumps(config, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    html_put(ret, "<details><summary>$</summary><pre>$</pre></details>\n",
             rg_json_text(arm, "name", "?"), text ? text : "");
    free(text);
}

void html_configurations(rg_str *ret, const json_t *facts)
{
    rg_str body = {0};
    size_t i;
    json_t *arm;
    json_array_foreach (json_object_get(facts, "arms"), i, arm)
        add_configuration(&body, arm);
    if (body.len)
        html_put(ret,
                 "<section id=\"configurations\"><h2>Frozen configurations</h2>"
                 "<p class=\"lead\">What each arm was trained with, every parameter, fixed "
                 "before the test labels were opened.</p><div class=\"configs\">\n");
    rg_str_add(ret, rg_str_text(&body));
    rg_str_add(ret, body.len ? "</div></section>\n" : "");
    rg_str_free(&body);
}

void html_data(rg_str *ret, const json_t *facts)
{
    json_t *table = table_data(facts);
    if (!table)
        return;
    rg_str_add(ret, "<section id=\"data\"><h2>Data and split</h2>\n");
    html_table(ret, table, "pairs");
    rg_str_add(ret, "</section>\n");
}

void html_repeat(rg_str *ret, const json_t *facts)
{
    const char *command = rg_json_text(json_object_get(facts, "environment"), "command", NULL);
    rg_str_add(ret, "<section id=\"repeat\"><h2>To repeat it</h2>\n");
    if (command)
        html_put(
            ret,
            "<p class=\"lead\">On the same machine and build this gives the same results to "
            "the last bit: compare the fingerprints.</p><pre>$</pre>"
            "<button type=\"button\" class=\"copy\">Copy</button>\n",
            command);
    html_table(ret, table_costs(facts), "");
    html_table(ret, table_environment(facts), "pairs");
    rg_str_add(ret, "</section>\n");
}
