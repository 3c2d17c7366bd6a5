/* tool_render.c - renders a file of facts: `tool_render NAME FACTS.json [colour]`, for the
 * tests that look at reports from outside. */
#include "rigor/report.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    rg_err err = {0};
    rg_str text = {0};
    const rg_rendering *rendering = argc > 2 ? rg_rendering_find(argv[1]) : NULL;
    json_t *facts = argc > 2 ? json_load_file(argv[2], 0, NULL) : NULL;
    bool done = rendering && facts && rendering->render(facts, argc > 3, &text, &err);
    if (done)
        fwrite(rg_str_text(&text), 1, text.len, stdout);
    else
        fprintf(stderr, "usage: tool_render NAME FACTS.json [colour] %s\n", err.what);
    rg_str_free(&text);
    json_decref(facts);
    return done ? 0 : 2;
}
