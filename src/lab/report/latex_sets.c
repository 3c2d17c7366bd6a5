/* latex_sets.c - several data sets for a paper: the critical-difference diagram (Demsar 2006,
 * figure 1) drawn by TikZ, and the aggregates over tasks. Lengths are in centimetres. */
#include "lab/report/latex.h"

#include "lab/report/format.h"
#include "lab/report/table.h"

#include <math.h>
#include <string.h>

#define WIDTH 7.0     /* of the axis */
#define TICKS_MAX 12  /* labels on it */
#define ASIDE 0.4     /* lines reach beyond the axis to the names */
#define GROUP 0.14    /* between the lines of two groups */
#define ROW 0.42      /* between two names */
#define OVERHANG 0.07 /* of a group's line beyond its arms */

typedef struct diagram {
    const json_t *ranking, *ranks;
    size_t arms, groups;
} diagram;

static double number(const json_t *object, const char *key)
{
    return rg_json_number(json_object_get(object, key), NAN);
}

static double place(const diagram *d, double rank)
{
    return (rank - 1) * WIDTH / (double)(d->arms - 1);
}

static double rank_at(const diagram *d, size_t arm)
{
    return number(json_array_get(d->ranks, arm), "rank");
}

static double rank_of(const diagram *d, const json_t *name)
{
    const char *text = json_string_value(name);
    for (size_t i = 0; text && i < d->arms; i++)
        if (!strcmp(rg_json_text(json_array_get(d->ranks, i), "name", ""), text))
            return rank_at(d, i);
    return NAN;
}

static void add_axis(rg_str *ret, const diagram *d)
{
    double difference = number(d->ranking, "critical_difference");
    size_t step = (d->arms + TICKS_MAX - 1) / TICKS_MAX;
    rg_str_printf(ret, "\\draw (0,0) -- (%g,0);\n", WIDTH);
    for (size_t i = 1; i <= d->arms; i += step)
        rg_str_printf(ret, "\\draw (%.3f,0) -- ++(0,0.1) node[above] {%zu};\n",
                      place(d, (double)i), i);
    if (isfinite(difference))
        rg_str_printf(ret,
                      "\\draw[very thick] (0,0.75) -- (%.3f,0.75) node[right] {CD $= %s$};\n",
                      place(d, 1 + difference), format_number(difference, 0.1).text);
}

static void add_groups(rg_str *ret, const diagram *d)
{
    size_t i;
    json_t *clique;
    json_array_foreach (json_object_get(d->ranking, "cliques"), i, clique) {
        double lo = rank_of(d, json_array_get(clique, 0));
        double hi = rank_of(d, json_array_get(clique, json_array_size(clique) - 1));
        double y = -0.15 - GROUP * (double)i;
        if (isfinite(lo) && isfinite(hi))
            rg_str_printf(ret, "\\draw[line width=2pt] (%.3f,%.3f) -- (%.3f,%.3f);\n",
                          place(d, lo) - OVERHANG, y, place(d, hi) + OVERHANG, y);
    }
}

/* The better half at the left, the best on top; the other half at the right, the worst on top.
 */
static void add_arm(rg_str *ret, const diagram *d, size_t arm)
{
    bool left = arm < (d->arms + 1) / 2;
    double row = (double)(left ? arm : d->arms - 1 - arm), x = place(d, rank_at(d, arm));
    double y = -0.4 - GROUP * (double)d->groups - ROW * row;
    if (!isfinite(x))
        return;
    rg_str_printf(ret, "\\draw (%.3f,0) -- (%.3f,%.3f) -- (%.3f,%.3f) node[%s] {", x, x, y,
                  left ? -ASIDE : WIDTH + ASIDE, y, left ? "left" : "right");
    latex_name(ret, rg_json_text(json_array_get(d->ranks, arm), "name", "?"), 0.18);
    rg_str_printf(ret, " (%s)};\n", format_number(rank_at(d, arm), 0.1).text);
}

void latex_ranks(rg_str *ret, const json_t *facts)
{
    const json_t *ranking = json_object_get(facts, "ranking");
    diagram d = {.ranking = ranking, .ranks = json_object_get(ranking, "arms")};
    d.arms = json_array_size(d.ranks);
    d.groups = json_array_size(json_object_get(ranking, "cliques"));
    if (d.arms < 2)
        return;
    rg_str_add(ret, "\n\\begin{figure}[t]\n\\centering\n\\begin{tikzpicture}[font=\\small]\n");
    add_axis(ret, &d);
    add_groups(ret, &d);
    for (size_t i = 0; i < d.arms; i++)
        add_arm(ret, &d, i);
    rg_str_printf(
        ret,
        "\\end{tikzpicture}\n\\caption{Mean ranks over %s data sets, 1 is best. Thick "
        "lines join arms whose ranks differ by less than Nemenyi's critical "
        "difference (CD, level %s): all pairs are compared, so that a claim may be settled "
        "where the ranks are not.}\n",
        format_count(number(ranking, "sets")).text,
        format_number(number(ranking, "alpha"), 0).text);
    latex_label(ret, "fig", rg_json_text(facts, "study", ""), "ranks");
    rg_str_add(ret, "\\end{figure}\n");
}

/* ---- Tasks */

static void add_estimate(rg_str *ret, const json_t *about, const char *key)
{
    const json_t *interval = json_object_get(about, "interval");
    rg_str_add(ret, " & ");
    latex_number(ret, format_number(number(about, key), format_half(interval)).text);
    rg_str_add(ret, " & ");
    latex_interval(ret, interval);
}

static void add_improvement(rg_str *ret, const json_t *facts)
{
    size_t i;
    json_t *pair;
    const json_t *pairs = rg_json_path(facts, "tasks.improvement");
    if (!json_array_size(pairs))
        return;
    rg_str_add(ret,
               "\n\\begin{table}[t]\n\\centering\n\\caption{Probability that a run of A is "
               "better than a run of B, in the mean over tasks.}\n");
    latex_label(ret, "tab", rg_json_text(facts, "study", ""), "improvement");
    latex_table_open(ret, "llrc");
    rg_str_add(ret, "A & B & probability & interval \\\\\n\\midrule\n");
    json_array_foreach (pairs, i, pair) {
        latex_name(ret, rg_json_text(pair, "a", "?"), 0.25);
        rg_str_add(ret, " & ");
        latex_name(ret, rg_json_text(pair, "b", "?"), 0.25);
        add_estimate(ret, pair, "p");
        rg_str_add(ret, " \\\\\n");
    }
    latex_table_close(ret);
}

void latex_tasks(rg_str *ret, const json_t *facts)
{
    const json_t *tasks = json_object_get(facts, "tasks");
    size_t i;
    json_t *arm;
    if (!json_array_size(json_object_get(tasks, "arms")))
        return;
    rg_str_add(ret, "\n\\begin{table}[t]\n\\centering\n\\caption{");
    rg_str_add(ret, table_tasks_normalized(facts) ? "normalized " : "");
    latex_text(ret, table_metric(facts));
    rg_str_printf(ret, " over %s tasks, with stratified bootstrap intervals (%s resamples).}\n",
                  format_count(number(tasks, "tasks")).text,
                  format_count(number(tasks, "resamples")).text);
    latex_label(ret, "tab", rg_json_text(facts, "study", ""), "tasks");
    rg_str_add(ret, "\\footnotesize\\setlength{\\tabcolsep}{3pt}\n");
    latex_table_open(ret, "lrcrcr");
    rg_str_add(ret, " & \\multicolumn{2}{c}{interquartile mean} & \\multicolumn{2}{c}{mean} & "
                    "median \\\\\n\\midrule\n");
    json_array_foreach (json_object_get(tasks, "arms"), i, arm) {
        latex_name(ret, rg_json_text(arm, "name", "?"), 0.13);
        add_estimate(ret, json_object_get(arm, "iqm"), "estimate");
        add_estimate(ret, json_object_get(arm, "mean"), "estimate");
        const json_t *median = json_object_get(arm, "median");
        rg_str_add(ret, " & ");
        latex_number(ret, format_number(number(median, "estimate"),
                                        format_half(json_object_get(median, "interval")))
                              .text);
        rg_str_add(ret, " \\\\\n");
    }
    latex_table_close(ret);
    add_improvement(ret, facts);
}
