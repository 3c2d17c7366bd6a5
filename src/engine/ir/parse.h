/* parse.h - what the parts of the text form's parser share: tokens, attributes, lines. */
#ifndef RIGOR_ENGINE_IR_PARSE_H
#define RIGOR_ENGINE_IR_PARSE_H

#include "engine/ir/node.h"

typedef RG_VEC(double) numbers;

/* One key=value of a line: a number or a list of numbers, or a text. */
typedef struct attribute {
    const char *key;
    size_t key_len;
    const char *at; /* in the text, for messages */
    bool is_text;
    rg_str text;
    numbers list;
} attribute;
#define ATTRIBUTES_MAX 6

typedef struct parser {
    const char *text, *at, *line_start, *where;
    int line;
    rg_graph *graph;
    RG_VEC(rg_val) value; /* value.at[k] is %k+1 */
    attribute attr[ATTRIBUTES_MAX];
    size_t attrs;
    rg_err *err;
} parser;

/* Fails at a place in the text; false, as the other functions on a mistake. */
bool parse_fail_at(parser *p, const char *at, const char *remedy, const char *what);

/* ---- Tokens (parse_tokens.c). */
void parse_skip_spaces(parser *p);
bool parse_accept(parser *p, char c);
bool parse_expect(parser *p, char c);
bool parse_is_word(char c);
size_t parse_word(parser *p, const char **ret); /* its length; 0: no word here */
bool parse_number(parser *p, double *ret);
bool parse_integer(parser *p, double lowest, double highest, double *ret);
bool parse_operand(parser *p, uint32_t *ret);
bool parse_quoted(parser *p, rg_str *ret); /* behind the opening quote */
bool parse_list(parser *p, numbers *ret);  /* behind the opening bracket */
bool parse_type_of(parser *p, rg_dtype *dtype, rg_shape *shape);

/* ---- Attributes (parse_attributes.c). */
/* Fills the node's attribute from the line's key=value pairs, by the table's column. */
bool parse_attribute(parser *p, rg_node *node);

#endif
