/* fuzz_ir.c - the text form's parser; what parses must print and parse to the same text. */
#include "rigor/graph.h"

#include <stdlib.h>
#include <string.h>

static char *printed(const rg_graph *graph, const rg_val *outputs, size_t n)
{
    rg_str text = {0};
    rg_graph_print(graph, outputs, n, &text);
    return text.data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = rg_alloc(size + 1);
    memcpy(text, data, size);
    rg_graph *graph, *again;
    rg_val *outputs;
    size_t n;
    rg_err err = {0};
    if (rg_graph_parse(text, "fuzz", &graph, &outputs, &n, &err)) {
        char *first = printed(graph, outputs, n);
        if (!rg_graph_parse(first, "fuzz", &again, &outputs, &n, &err))
            abort();
        char *second = printed(again, outputs, n);
        if (strcmp(first, second) != 0)
            abort();
        rg_free(first);
        rg_free(second);
        rg_graph_free(again);
        rg_graph_free(graph);
    }
    rg_free(text);
    return 0;
}
