/* parse_tokens.c - the smallest pieces of the text form: words, numbers, texts, lists, types.
 */
#include "engine/ir/parse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool parse_fail_at(parser *p, const char *at, const char *remedy, const char *what)
{
    char where[160];
    snprintf(where, sizeof(where), "%s:%d:%d", p->where, p->line,
             (int)(at - p->line_start) + 1);
    return rg_fail(p->err, RG_INPUT, where, remedy, "%s", what);
}

/* ---- Tokens. */
void parse_skip_spaces(parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r')
        p->at++;
}

bool parse_accept(parser *p, char c)
{
    parse_skip_spaces(p);
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

bool parse_expect(parser *p, char c)
{
    char what[32];
    if (parse_accept(p, c))
        return true;
    snprintf(what, sizeof(what), "expected '%c'", c);
    return parse_fail_at(p, p->at, "see docs/ir.md", what);
}

bool parse_is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

size_t parse_word(parser *p, const char **ret)
{
    parse_skip_spaces(p);
    *ret = p->at;
    while (parse_is_word(*p->at))
        p->at++;
    return (size_t)(p->at - *ret);
}

bool parse_number(parser *p, double *ret)
{
    char text[64];
    parse_skip_spaces(p);
    size_t n = strspn(p->at, "+-.0123456789abcdefinxy");
    if (n > 0 && n < sizeof(text)) {
        memcpy(text, p->at, n);
        text[n] = '\0';
        if (rg_text_double(text, ret)) {
            p->at += n;
            return true;
        }
    }
    return parse_fail_at(p, p->at, "see docs/ir.md", "expected a number");
}

bool parse_integer(parser *p, double lowest, double highest, double *ret)
{
    const char *at = p->at;
    double value = 0;
    if (!parse_number(p, &value))
        return false;
    if (value >= lowest && value <= highest && value == floor(value)) {
        *ret = value;
        return true;
    }
    return parse_fail_at(p, at, "see docs/ir.md", "a whole number in range is needed here");
}

bool parse_operand(parser *p, uint32_t *ret)
{
    const char *at = p->at;
    double n = 0;
    if (!parse_expect(p, '%') || !parse_integer(p, 1, 4e9, &n))
        return false;
    if (n > (double)p->value.len)
        return parse_fail_at(p, at, "values are defined before they are used",
                             "no such value yet");
    *ret = p->value.at[(size_t)n - 1].id;
    return true;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool parse_quoted(parser *p, rg_str *ret)
{
    while (*p->at != '"') {
        if (*p->at == '\0' || *p->at == '\n')
            return parse_fail_at(p, p->at, "close the text with '\"'",
                                 "the line ends inside a text");
        char c = *p->at;
        if (c == '\\') {
            int high = p->at[1] == 'x' ? hex_digit(p->at[2]) : -1;
            int low = high >= 0 ? hex_digit(p->at[3]) : -1;
            if (low < 0 || high + low == 0)
                return parse_fail_at(p, p->at, "write \\x and two hexadecimal digits",
                                     "bad escape");
            c = (char)(high * 16 + low);
            p->at += 3;
        }
        rg_str_add_n(ret, &c, 1);
        p->at++;
    }
    p->at++;
    return true;
}

bool parse_list(parser *p, numbers *ret)
{
    double value = 0;
    if (parse_accept(p, ']'))
        return true;
    do {
        if (!parse_number(p, &value))
            return false;
        rg_vec_push(ret, value);
    } while (parse_accept(p, ','));
    return parse_expect(p, ']');
}

bool parse_type_of(parser *p, rg_dtype *dtype, rg_shape *shape)
{
    const char *name;
    size_t len = parse_word(p, &name);
    int found = -1;
    for (int i = 0; i < RG_DTYPES; i++)
        if (len == strlen(rg_dtype_name((rg_dtype)i)) &&
            memcmp(name, rg_dtype_name((rg_dtype)i), len) == 0)
            found = i;
    if (found < 0)
        return parse_fail_at(p, name, "one of f32, f64, i32, u32, bool, bf16",
                             "expected a type");
    *dtype = (rg_dtype)found;
    *shape = RG_SCALAR;
    if (!parse_expect(p, '['))
        return false;
    if (parse_accept(p, ']'))
        return true;
    do {
        double dim;
        if (shape->rank == RG_RANK_MAX)
            return parse_fail_at(p, p->at, "at most 8 axes are possible", "too many axes");
        if (!parse_integer(p, 0, 0x1p52, &dim))
            return false;
        shape->dim[shape->rank++] = (int64_t)dim;
    } while (parse_accept(p, ','));
    return parse_expect(p, ']');
}
