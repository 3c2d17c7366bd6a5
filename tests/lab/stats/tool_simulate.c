/* tool_simulate.c - prints the simulated error rates: a Markdown table, or JSON for pictures.
 *
 *     tool.simulate [--studies N] [--json] [METHOD...]      METHOD: an id of simulate_methods.h
 */
#include "lab/stats/simulate_methods.h"

#include <stdlib.h>

typedef struct printing {
    char **only;    /* NULL-terminated; empty: all */
    size_t studies; /* 0: those of the long test */
    json_t *list;   /* NULL: Markdown */
} printing;

static bool wanted(const printing *p, const char *id)
{
    bool found = !*p->only;
    for (char **name = p->only; *name; name++)
        found |= strcmp(*name, id) == 0;
    return found;
}

static void print_cell(const simulate_cell *cell, void *ctx)
{
    printing *p = ctx;
    const simulate_method *m = cell->method;
    if (!wanted(p, m->id))
        return;
    simulate_result r =
        simulate_run(cell, p->studies ? p->studies : simulate_studies(m, true), 1);
    if (p->list)
        json_array_append_new(
            p->list,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:I, s:o, s:b}", "id",
                      m->id, "situation", m->situation, "method", m->name, "counted",
                      m->counted, "scores", cell->scores->name, "n", (json_int_t)cell->n,
                      "claims", (json_int_t)m->claims, "rate", rg_json_real(r.rate),
                      "standard_error", rg_json_real(r.se), "studies", (json_int_t)r.studies,
                      "printed", rg_json_real(cell->printed), "holds",
                      simulate_holds(cell, r, true)));
    else
        printf("| %s | %s | %s | %s | %zu | %.4f | %.4f | %zu |\n", m->situation, m->name,
               m->counted, cell->scores->name, cell->n, r.rate, r.se, r.studies);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    printing p = {.only = argv + 1};
    for (; argc > 1 && rg_text_starts(*p.only, "--"); p.only++, argc--) {
        if (!strcmp(*p.only, "--json")) {
            p.list = json_array();
        } else if (!strcmp(*p.only, "--studies") && argc > 2) {
            p.studies = strtoul(*++p.only, NULL, 10);
            argc--;
        } else {
            fprintf(stderr, "usage: tool.simulate [--studies N] [--json] [METHOD...]\n");
            return RG_INPUT;
        }
    }
    if (!p.list)
        printf(
            "| situation | procedure | counted | scores | n | rate | standard error | studies "
            "|\n|---|---|---|---|---|---|---|---|\n");
    simulate_each(simulate_methods, RG_COUNT(simulate_methods), print_cell, &p);
    if (p.list) {
        rg_str text = {0};
        rg_json_pretty(p.list, &text);
        puts(rg_str_text(&text));
        rg_str_free(&text);
        json_decref(p.list);
    }
    return RG_OK;
}
