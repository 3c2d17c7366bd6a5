/* render_json.c - the facts themselves, in the order of docs/json.md. */
#include "rigor/report.h"

#include <stdlib.h>

static bool render(const json_t *facts, bool colour, rg_str *ret, rg_err *err)
{
    (void)colour;
    char *text = json_dumps(facts, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    if (!text)
        return rg_fail(err, RG_INTERNAL, NULL, NULL, "the facts cannot be written as JSON");
    rg_str_add(ret, text);
    rg_str_add(ret, "\n");
    free(text);
    return true;
}

const rg_rendering rg_rendering_json = {
    .name = "json",
    .extension = "json",
    .help = "the facts, for programs (docs/json.md)",
    .render = render,
};
