/* latex.c - text and numbers as LaTeX takes them (see latex.h). */
#include "lab/report/latex.h"

#include "lab/report/format.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct spelling {
    const char *text, *latex;
} spelling;

/* What LaTeX obeys, what its old font encoding prints as something else, and the signs that the
 * facts themselves use. Brackets and stars would be options of a line break before them. */
static const spelling spellings[] = {
    {"\\", "\\textbackslash{}"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"$", "\\$"},
    {"&", "\\&"},
    {"#", "\\#"},
    {"_", "\\_"},
    {"%", "\\%"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\textasciicircum{}"},
    {"<", "\\textless{}"},
    {">", "\\textgreater{}"},
    {"|", "\\textbar{}"},
    {"\"", "''"},
    {"[", "{[}"},
    {"]", "{]}"},
    {"*", "{*}"},
    {"--", "-{}-{}"},
    {"−", "$-$"},
    {"–", "--"},
    {"—", "---"},
    {"±", "$\\pm$"},
    {"×", "$\\times$"},
    {"≥", "$\\geq$"},
    {"≤", "$\\leq$"},
    {"≠", "$\\neq$"},
    {"∞", "$\\infty$"},
    {"·", "$\\cdot$"},
    {"…", "\\ldots{}"},
    {"²", "$^2$"},
    {"α", "$\\alpha$"},
    {"β", "$\\beta$"},
    {"χ", "$\\chi$"},
    {"→", "$\\to$"},
};

static const spelling *spelling_at(const char *text)
{
    for (size_t i = 0; i < RG_COUNT(spellings); i++)
        if (rg_text_starts(text, spellings[i].text))
            return &spellings[i];
    return NULL;
}

void latex_text(rg_str *ret, const char *text)
{
    while (*text) {
        const spelling *special = spelling_at(text);
        if (special)
            rg_str_add(ret, special->latex);
        else if ((unsigned char)*text < ' ' || *text == 0x7F)
            rg_str_add(ret, " ");
        else
            rg_str_add_n(ret, text, 1);
        text += special ? strlen(special->text) : 1;
    }
}

void latex_name(rg_str *ret, const char *name, double width)
{
    rg_str text = {0};
    if (strlen(name) <= LATEX_NAME_LONG) {
        latex_text(ret, name);
        return;
    }
    latex_text(&text, name);
    rg_str_printf(ret, "\\parbox[t]{%.3g\\linewidth}{\\raggedright\\strut ", width);
    for (const char *rest = rg_str_text(&text); *rest;) {
        bool breaks = rg_text_starts(rest, "\\_");
        rg_str_add_n(ret, rest, breaks ? 2 : 1);
        rg_str_add(ret, breaks ? "\\allowbreak{}" : "");
        rest += breaks ? 2 : 1;
    }
    rg_str_add(ret, "\\strut}");
    rg_str_free(&text);
}

/* Inside math: "1.2e-05" is 1.2 times ten to the -5. */
static void add_digits(rg_str *ret, const char *text)
{
    size_t plain = strcspn(text, "e");
    if (rg_text_starts(text, "< ")) {
        rg_str_add(ret, "< ");
        add_digits(ret, text + 2);
    } else if (text[plain]) {
        rg_str_add_n(ret, text, plain);
        rg_str_printf(ret, " \\times 10^{%ld}", strtol(text + plain + 1, NULL, 10));
    } else {
        rg_str_add(ret, text);
    }
}

static bool is_number(const char *text)
{
    return isdigit((unsigned char)text[strspn(text, "<- .")]) &&
           strspn(text, "0123456789.<-+ e") == strlen(text);
}

void latex_number(rg_str *ret, const char *text)
{
    if (!is_number(text)) {
        latex_text(ret, text);
        return;
    }
    rg_str_add(ret, "$");
    add_digits(ret, text);
    rg_str_add(ret, "$");
}

void latex_mean(rg_str *ret, const json_t *summary, bool bold)
{
    double half = format_half(json_object_get(summary, "interval"));
    double mean = rg_json_number(json_object_get(summary, "mean"), NAN);
    format centre = format_number(mean, half), width = format_number(half, half);
    if (!is_number(centre.text)) {
        latex_text(ret, centre.text);
        return;
    }
    rg_str_add(ret, bold ? "$\\mathbf{" : "$");
    add_digits(ret, centre.text);
    if (isfinite(half)) {
        rg_str_add(ret, " \\pm ");
        add_digits(ret, width.text);
    }
    rg_str_add(ret, bold ? "}$" : "$");
}

void latex_interval(rg_str *ret, const json_t *interval)
{
    double half = format_half(interval);
    if (!isfinite(half)) {
        rg_str_add(ret, "--");
        return;
    }
    rg_str_add(ret, "[");
    for (size_t i = 0; i < 2; i++) {
        double bound = rg_json_number(json_array_get(interval, i), NAN);
        rg_str_add(ret, i ? ", " : "");
        latex_number(ret, format_number(bound, half).text);
    }
    rg_str_add(ret, "]");
}

void latex_label(rg_str *ret, const char *kind, const char *name, const char *what)
{
    rg_str_printf(ret, "\\label{%s:", kind);
    for (; *name; name++)
        if (isascii(*name) && (isalnum((unsigned char)*name) || *name == '-'))
            rg_str_add_n(ret, name, 1);
    rg_str_printf(ret, "-%s}\n", what);
}

void latex_table_open(rg_str *ret, const char *align)
{
    rg_str_printf(ret, "\\begin{tabular}{%s}\n\\toprule\n", align);
}

void latex_table_close(rg_str *ret)
{
    rg_str_add(ret, "\\bottomrule\n\\end{tabular}\n\\end{table}\n");
}
