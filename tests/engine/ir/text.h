/* text.h - transforms from text to text: parse, transform, print, compare. */
#ifndef RIGOR_TESTS_ENGINE_IR_TEXT_H
#define RIGOR_TESTS_ENGINE_IR_TEXT_H

#include "rigor/graph.h"
#include "support.h"

#define PARSED_MAX 8

typedef struct parsed {
    rg_graph *graph;
    rg_val value[PARSED_MAX]; /* what the text returns */
    size_t n;
} parsed;

static inline parsed parse_text(const char *text)
{
    parsed p = {0};
    rg_err err = {0};
    rg_val *value;
    if (!rg_graph_parse(text, "text", &p.graph, &value, &p.n, &err))
        fail_msg("%s: %s\n%s", err.where, err.what, text);
    assert_true(p.n <= PARSED_MAX);
    memcpy(p.value, value, sizeof(rg_val) * p.n);
    return p;
}

static inline void expect_text(const rg_graph *graph, const rg_val *outputs, size_t n,
                               const char *expected)
{
    rg_str text = {0};
    assert_string_equal(rg_graph_error(graph)->what, "");
    rg_graph_print(graph, outputs, n, &text);
    if (strcmp(rg_str_text(&text), expected) != 0)
        fail_msg("got\n%s\nexpected\n%s", rg_str_text(&text), expected);
    rg_str_free(&text);
}

#endif
