/* file_scalar.c - what a plain word of YAML is: the core schema of YAML 1.2 (chapter 10.3.2).
 * `yes`, `off` and `1_000` are text here, not the surprises that YAML 1.1 made of them. */
#include "lab/study/file.h"

#include <math.h>
#include <string.h>

static bool is_one_of(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* [-+]? [0-9]+ */
static bool looks_whole(const char *text)
{
    text += *text == '-' || *text == '+';
    return digits(text) > 0 && text[digits(text)] == '\0';
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool looks_real(const char *text)
{
    text += *text == '-' || *text == '+';
    size_t before = digits(text), after = 0;
    text += before;
    if (*text == '.') {
        after = digits(text + 1);
        text += 1 + after;
    }
    if (before + after == 0)
        return false;
    if (*text != 'e' && *text != 'E')
        return *text == '\0';
    return looks_whole(text + 1);
}

/* 0o17 and 0xff; false when it is none or does not fit. */
static bool prefixed_whole(const char *text, int64_t *ret)
{
    static const struct {
        const char *prefix, *digits;
        int64_t base;
    } forms[] = {{"0o", "01234567", 8}, {"0x", "0123456789abcdef", 16}};
    for (size_t f = 0; f < RG_COUNT(forms); f++) {
        if (!rg_text_starts(text, forms[f].prefix) || !text[2])
            continue;
        int64_t value = 0;
        for (const char *c = text + 2; *c; c++) {
            char lower = *c >= 'A' && *c <= 'F' ? (char)(*c - 'A' + 'a') : *c;
            const char *digit = strchr(forms[f].digits, lower);
            if (!digit || value > (INT64_MAX - 15) / forms[f].base)
                return false;
            value = value * forms[f].base + (digit - forms[f].digits);
        }
        *ret = value;
        return true;
    }
    return false;
}

static bool special_real(const char *text, double *ret)
{
    static const char *const nans[] = {".nan", ".NaN", ".NAN"};
    static const char *const infs[] = {".inf", ".Inf", ".INF"};
    bool minus = *text == '-';
    if (is_one_of(text, nans, RG_COUNT(nans)))
        *ret = NAN;
    else if (is_one_of(text + (minus || *text == '+'), infs, RG_COUNT(infs)))
        *ret = minus ? -INFINITY : INFINITY;
    else
        return false;
    return true;
}

static void type_number(study_node *node)
{
    const char *unsigned_text = node->text + (*node->text == '+');
    if (prefixed_whole(node->text, &node->whole) ||
        (looks_whole(node->text) && rg_text_int(unsigned_text, &node->whole))) {
        node->kind = STUDY_WHOLE;
        node->number = (double)node->whole;
    } else if (special_real(node->text, &node->number) ||
               (looks_real(node->text) && rg_text_double(unsigned_text, &node->number))) {
        node->kind = STUDY_REAL;
    }
}

void study_scalar_type(study_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const trues[] = {"true", "True", "TRUE"};
    static const char *const falses[] = {"false", "False", "FALSE"};
    node->truth = is_one_of(node->text, trues, RG_COUNT(trues));
    if (is_one_of(node->text, nulls, RG_COUNT(nulls)))
        node->kind = STUDY_NULL;
    else if (node->truth || is_one_of(node->text, falses, RG_COUNT(falses)))
        node->kind = STUDY_BOOL;
    else
        type_number(node);
}
