/* render_latex.c - the tables for a paper: results, verdicts, and the methods paragraph.
 *
 * What comes out is to be read by \input; it needs the package booktabs, and tikz for the
 * diagram of ranks.  The methods are a command, to be set where the paper wants them.  Rows are arms and columns metrics, or data sets; with more data sets than
 * arms it is the other way round. */
#include "rigor/report.h"

#include "lab/report/format.h"
#include "lab/report/latex.h"
#include "lab/report/table.h"
#include "rigor/data.h"

#include <math.h>
#include <string.h>

#define COLUMNS_WIDE 4 /* more are set small, to fit into a page */

/* ---- What a column holds */

typedef struct grid { /* the results: an arm and a metric or a data set make a cell */
    const json_t *facts, *arms, *standings, *also;
    size_t n_arms, n_columns; /* of data sets the last column is their average */
    bool by_set;
} grid;

static const char *text_at(const json_t *array, size_t i)
{
    const char *text = json_string_value(json_array_get(array, i));
    return text ? text : "";
}

static grid grid_of(const json_t *facts)
{
    grid g = {.facts = facts,
              .arms = json_object_get(facts, "arms"),
              .standings = json_object_get(facts, "standings"),
              .also = json_object_get(facts, "also")};
    g.n_arms = json_array_size(g.arms);
    g.by_set = rg_json_text(json_array_get(g.standings, 0), "set", NULL) != NULL;
    g.n_columns = 1 + json_array_size(g.by_set ? g.standings : g.also);
    return g;
}

static const json_t *standing_at(const grid *g, size_t arm, size_t column)
{
    const json_t *standing = json_array_get(g->standings, column);
    return json_array_get(json_object_get(standing, "arms"), arm);
}

static bool is_average(const grid *g, size_t column)
{
    return g->by_set && column + 1 == g->n_columns;
}

static const char *direction(const char *metric, const char *goal)
{
    const rg_metric *known = rg_metric_find(metric);
    if (!goal && !known)
        return "";
    bool up = goal ? strcmp(goal, "minimize") != 0 : known->maximize;
    return up ? " $\\uparrow$" : " $\\downarrow$";
}

static void add_column_name(rg_str *ret, const grid *g, size_t column)
{
    const char *goal = rg_json_text(json_object_get(g->facts, "metric"), "goal", "maximize");
    if (is_average(g, column)) {
        rg_str_add(ret, "average");
        return;
    }
    if (g->by_set) {
        latex_text(ret, rg_json_text(json_array_get(g->standings, column), "set", "?"));
        return;
    }
    const char *name = column ? text_at(g->also, column - 1) : table_metric(g->facts);
    latex_text(ret, name);
    rg_str_add(ret, direction(name, column ? NULL : goal));
}

static void add_arm_name(rg_str *ret, const grid *g, size_t arm, double width)
{
    latex_name(ret, rg_json_text(json_array_get(g->arms, arm), "name", "?"), width);
}

/* Each data set weighs the same.  No interval: those of the table are about one data set. */
static void add_average(rg_str *ret, const grid *g, const json_t *summary, size_t arm)
{
    const json_t *first = standing_at(g, arm, 0);
    double half = format_half(json_object_get(first, "interval"));
    double mean = rg_json_number(json_object_get(summary, "mean"), NAN);
    latex_number(ret, format_number(mean, half).text);
}

static void add_value(rg_str *ret, const grid *g, size_t arm, size_t column)
{
    const json_t *metrics = json_object_get(json_array_get(g->arms, arm), "metrics");
    const json_t *standing = standing_at(g, arm, column);
    if (is_average(g, column))
        add_average(ret, g, json_object_get(metrics, table_metric(g->facts)), arm);
    else if (g->by_set)
        latex_mean(ret, standing, json_is_true(json_object_get(standing, "leads")));
    else if (column)
        latex_mean(ret, json_object_get(metrics, text_at(g->also, column - 1)), false);
    else
        latex_mean(ret, json_object_get(metrics, table_metric(g->facts)),
                   json_is_true(json_object_get(standing, "leads")));
}

/* ---- The table of results */

static void add_marks(rg_str *ret, const json_t *facts)
{
    rg_str marks = {0};
    table_marks(&marks, facts);
    latex_text(ret, rg_str_text(&marks));
    rg_str_free(&marks);
}

static void add_bold_rule(rg_str *ret, const grid *g)
{
    const json_t *standing = json_array_get(g->standings, 0);
    double alpha = rg_json_number(rg_json_path(g->facts, "analysis.alpha"), NAN);
    if (!json_is_object(standing) || g->n_arms < 2)
        return;
    rg_str says = {0};
    rg_str_printf(&says,
                  " Bold: the best mean%s, and every arm that is not significantly worse "
                  "(two-sided %s test against the best, ",
                  g->by_set ? " of each data set" : "", rg_json_text(standing, "test", "t"));
    if (g->n_arms > 2)
        rg_str_printf(&says, "corrected over the %zu others by Holm's method, ", g->n_arms - 1);
    rg_str_printf(&says, "level %.4g).", alpha);
    latex_text(ret, rg_str_text(&says));
    rg_str_free(&says);
}

static void add_results_caption(rg_str *ret, const grid *g)
{
    double alpha = rg_json_number(rg_json_path(g->facts, "analysis.alpha"), NAN);
    rg_str title = {0};
    table_score_title(&title, g->facts);
    rg_str_add(ret, "\\caption{");
    latex_text(ret, rg_str_text(&title));
    rg_str_free(&title);
    add_marks(ret, g->facts);
    bool runs = !json_is_object(json_object_get(g->facts, "models"));
    rg_str_add(ret, runs ? ": mean $\\pm$ half of the " : " $\\pm$ half of its ");
    latex_text(ret, format_percent(1 - alpha).text);
    rg_str_add(ret, runs ? " $t$ interval." : " interval.");
    if (!g->by_set && g->n_columns > 1)
        rg_str_add(ret, " The other metrics are described, not tested.");
    add_bold_rule(ret, g);
    rg_str_add(ret, "}\n");
}

static void add_grid_row(rg_str *ret, const grid *g, size_t row, bool turned)
{
    if (turned)
        add_column_name(ret, g, row);
    else
        add_arm_name(ret, g, row, 0.3);
    for (size_t k = 0; k < (turned ? g->n_arms : g->n_columns); k++) {
        rg_str_add(ret, " & ");
        add_value(ret, g, turned ? k : row, turned ? row : k);
    }
    rg_str_add(ret, " \\\\\n");
}

static bool has_long_name(const grid *g)
{
    for (size_t i = 0; i < g->n_arms; i++)
        if (strlen(rg_json_text(json_array_get(g->arms, i), "name", "")) > LATEX_NAME_LONG)
            return true;
    return false;
}

static void add_grid_head(rg_str *ret, const grid *g, bool turned)
{
    size_t columns = turned ? g->n_arms : g->n_columns;
    rg_str align = {0};
    rg_str_add(&align, "l");
    for (size_t i = 0; i < columns; i++)
        rg_str_add(&align, "r");
    if (columns > COLUMNS_WIDE || has_long_name(g))
        rg_str_add(ret, "\\footnotesize\\setlength{\\tabcolsep}{3pt}\n");
    latex_table_open(ret, rg_str_text(&align));
    rg_str_free(&align);
    for (size_t i = 0; i < columns; i++) {
        rg_str_add(ret, " & ");
        if (turned)
            add_arm_name(ret, g, i, 0.6 / (double)columns);
        else
            add_column_name(ret, g, i);
    }
    rg_str_add(ret, " \\\\\n\\midrule\n");
}

static void add_results(rg_str *ret, const json_t *facts)
{
    grid g = grid_of(facts);
    bool turned = g.by_set && g.n_columns > g.n_arms + 1;
    if (!g.n_arms)
        return;
    rg_str_add(ret, "\n\\begin{table}[t]\n\\centering\n");
    add_results_caption(ret, &g);
    latex_label(ret, "tab", rg_json_text(facts, "study", ""), "results");
    add_grid_head(ret, &g, turned);
    for (size_t i = 0; i < (turned ? g.n_columns : g.n_arms); i++) {
        rg_str_add(ret, turned && is_average(&g, i) ? "\\midrule\n" : "");
        add_grid_row(ret, &g, i, turned);
    }
    latex_table_close(ret);
}

/* ---- The verdicts */

static void add_number(rg_str *ret, double value, double half)
{
    rg_str_add(ret, " & ");
    latex_number(ret, format_number(value, half).text);
}

static bool has_long_claim(const json_t *claims)
{
    size_t i;
    json_t *claim;
    json_array_foreach (claims, i, claim)
        if (strlen(rg_json_text(claim, "claim", "")) > LATEX_NAME_LONG)
            return true;
    return false;
}

static void add_claim(rg_str *ret, const json_t *facts, const json_t *claim)
{
    rg_str verdict = {0};
    table_verdict(&verdict, facts, claim);
    const json_t *interval = json_object_get(claim, "interval");
    latex_name(ret, rg_json_text(claim, "claim", "?"), 0.3);
    rg_str_add(ret, " & ");
    latex_text(ret, rg_str_text(&verdict));
    rg_str_free(&verdict);
    add_number(ret, rg_json_number(json_object_get(claim, "estimate"), NAN),
               format_half(interval));
    rg_str_add(ret, " & ");
    latex_interval(ret, interval);
    rg_str_add(ret, " & ");
    latex_number(ret,
                 format_p(rg_json_number(json_object_get(claim, "p_corrected"), NAN)).text);
    rg_str_add(ret, " & ");
    latex_number(ret, format_count(rg_json_number(json_object_get(claim, "n"), NAN)).text);
    rg_str_add(ret, " \\\\\n");
}

static void add_verdicts(rg_str *ret, const json_t *facts)
{
    const json_t *claims = json_object_get(facts, "claims");
    size_t i;
    json_t *claim;
    if (!json_array_size(claims))
        return;
    rg_str_add(ret, "\n\\begin{table}[t]\n\\centering\n\\caption{Verdicts");
    add_marks(ret, facts);
    rg_str_add(ret, ": differences in ");
    latex_text(ret, table_metric(facts));
    rg_str_add(ret, " with their ");
    latex_text(ret, format_percent(1 - table_claims_alpha(facts)).text);
    rg_str_add(ret, " intervals, and the corrected $p$ that decides.}\n");
    latex_label(ret, "tab", rg_json_text(facts, "study", ""), "verdicts");
    bool wide = has_long_claim(claims);
    rg_str_add(ret, wide ? "\\footnotesize\\setlength{\\tabcolsep}{3pt}\n" : "");
    latex_table_open(ret, "llrcrr");
    rg_str_add(ret, "claim & verdict & difference & interval & $p$ & $n$ \\\\\n\\midrule\n");
    json_array_foreach (claims, i, claim)
        add_claim(ret, facts, claim);
    latex_table_close(ret);
}

static void add_methods(rg_str *ret, const json_t *facts)
{
    const char *methods = rg_json_text(facts, "methods", NULL);
    if (!methods)
        return;
    rg_str_add(ret, "\n\\providecommand{\\rigormethods}{}\n\\renewcommand{\\rigormethods}{%\n");
    latex_text(ret, methods);
    rg_str_add(ret, "}\n");
}

static bool render(const json_t *facts, bool colour, rg_str *ret, rg_err *err)
{
    (void)colour;
    (void)err;
    bool ranked = json_is_object(json_object_get(facts, "ranking"));
    rg_str_printf(ret,
                  "%% Written by rigor " RG_VERSION ", to be read by \\input. Needs "
                  "\\usepackage{booktabs%s}.\n"
                  "%% The paragraph for the methods section stands wherever you write "
                  "\\rigormethods.\n",
                  ranked ? ",tikz" : "");
    add_results(ret, facts);
    add_verdicts(ret, facts);
    latex_ranks(ret, facts);
    latex_tasks(ret, facts);
    add_methods(ret, facts);
    return true;
}

const rg_rendering rg_rendering_latex = {
    .name = "latex",
    .extension = "tex",
    .help = "booktabs tables and the methods paragraph, for a paper",
    .render = render,
};
