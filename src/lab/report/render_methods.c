/* render_methods.c - the methods paragraph alone, to be pasted into a paper. */
#include "rigor/report.h"

static bool render(const json_t *facts, bool colour, rg_str *ret, rg_err *err)
{
    (void)colour;
    (void)err;
    rg_str_add(ret, rg_json_text(facts, "methods", ""));
    rg_str_add(ret, "\n");
    return true;
}

const rg_rendering rg_rendering_methods = {
    .name = "methods",
    .extension = "methods.txt",
    .help = "the paragraph for a paper's methods section, as plain text",
    .render = render,
};
