/* chart_critical.c - the critical-difference diagram (Demsar 2006, figure 1): mean ranks on an
 * axis, names at both sides, and thick lines that join arms which do not differ.
 *
 *      CD ======= 1.25
 *   1        2        3        4        y = AXIS
 *   |----+---+--------+-+------|
 *        ===============                a line for each group of Nemenyi's
 *   C4.5+m+cf |  |      | |  C4.5       rows: the better half at the left, the best on top
 *
 * Heights are pixels from above. */
#include "lab/report/chart.h"

#include "lab/report/format.h"
#include "lab/report/table.h"
#include "lab/report/web.h"

#include <math.h>
#include <string.h>

enum { DIFFERENCE = 8, AXIS = 46, GROUPS = 57, GROUP = 9, NAMES = 30, ROW = 28, BELOW = 6 };
#define MARGIN 0.45 /* room for names at each side, in lengths of the axis */

typedef struct diagram {
    const json_t *ranking, *ranks;
    size_t arms, groups;
    double lo, hi; /* of the axis, with the room at its sides */
} diagram;

static double rank_at(const diagram *d, size_t arm)
{
    return rg_json_number(json_object_get(json_array_get(d->ranks, arm), "rank"), NAN);
}

static const char *name_at(const diagram *d, size_t arm)
{
    return rg_json_text(json_array_get(d->ranks, arm), "name", "?");
}

static double rank_of(const diagram *d, const char *name)
{
    for (size_t i = 0; name && i < d->arms; i++)
        if (!strcmp(name_at(d, i), name))
            return rank_at(d, i);
    return NAN;
}

static size_t left_half(const diagram *d)
{
    return (d->arms + 1) / 2;
}

static int row_height(const diagram *d, size_t row)
{
    return (int)(GROUPS + GROUP * d->groups + NAMES + ROW * row);
}

static json_t *arms_json(const diagram *d)
{
    json_t *arms = json_array();
    for (size_t i = 0; i < d->arms; i++) {
        bool left = i < left_half(d);
        rg_str label = {0};
        format rank = format_number(rank_at(d, i), 0.1);
        rg_str_printf(&label, "%s  %s", rank.text, name_at(d, i)); /* names may be cut */
        json_array_append_new(
            arms,
            json_pack("{s:s, s:o, s:s, s:i, s:i, s:f, s:s, s:s}", "arm", name_at(d, i), "rank",
                      rg_json_real(rank_at(d, i)), "says", rank.text, "top", AXIS, "y",
                      row_height(d, left ? i : d->arms - 1 - i), "edge", left ? d->lo : d->hi,
                      "side", left ? "left" : "right", "label", rg_str_text(&label)));
        rg_str_free(&label);
    }
    return arms;
}

static void add_names(rg_str *ret, const json_t *clique)
{
    for (size_t i = 0; i < json_array_size(clique); i++) {
        const char *name = json_string_value(json_array_get(clique, i));
        rg_str_printf(ret, "%s%s", i ? ", " : "", name ? name : "?");
    }
}

static json_t *cliques_json(const diagram *d)
{
    json_t *lines = json_array(), *clique;
    const double beyond = 0.006 * (d->hi - d->lo);
    size_t i;
    json_array_foreach (json_object_get(d->ranking, "cliques"), i, clique) {
        size_t last = json_array_size(clique);
        double lo = rank_of(d, json_string_value(json_array_get(clique, 0)));
        double hi = rank_of(d, json_string_value(json_array_get(clique, last - 1)));
        if (!isfinite(lo) || !isfinite(hi))
            continue;
        rg_str says = {0};
        add_names(&says, clique);
        json_array_append_new(lines, json_pack("{s:f, s:f, s:i, s:s}", "lo", lo - beyond, "hi",
                                               hi + beyond, "y", (int)(GROUPS + GROUP * i),
                                               "says", rg_str_text(&says)));
        rg_str_free(&says);
    }
    return lines;
}

static json_t *difference_json(const diagram *d)
{
    double difference = rg_json_number(json_object_get(d->ranking, "critical_difference"), NAN);
    if (!isfinite(difference))
        return json_array();
    rg_str says = {0};
    rg_str_printf(&says, "CD %s", format_number(difference, 0.1).text);
    json_t *ret = json_pack("[{s:f, s:f, s:i, s:s}]", "from", 1.0, "to", 1 + difference, "y",
                            DIFFERENCE, "says", rg_str_text(&says));
    rg_str_free(&says);
    return ret;
}

static json_t *ticks_json(const diagram *d)
{
    json_t *ticks = json_array();
    for (size_t i = 1; i <= d->arms; i++)
        json_array_append_new(ticks, json_integer((json_int_t)i));
    return ticks;
}

static void draw(json_t *ret, const json_t *facts, const diagram *d)
{
    json_t *table = table_ranking(facts);
    json_t *variables = json_pack(
        "{s:o, s:o, s:o, s:[{s:i, s:i, s:i}], s:i, s:[f, f], s:o}", "arms", arms_json(d),
        "cliques", cliques_json(d), "difference", difference_json(d), "axis", "from", 1, "to",
        (int)d->arms, "y", AXIS, "height", row_height(d, left_half(d) - 1) + BELOW, "domain",
        d->lo, d->hi, "ticks", ticks_json(d));
    chart_add(ret, &(chart_parts){
                       .id = "critical",
                       .title = "Critical-difference diagram",
                       .description =
                           "A point is an arm's mean rank, 1 is best. A thick line "
                           "joins arms whose ranks differ by less than the critical "
                           "difference (CD, Nemenyi): ranks alone, with all pairs compared, do "
                           "not tell them apart; a claim may be settled all the same.",
                       .spec = rg_web_chart_critical,
                       .spec_end = rg_web_chart_critical_end,
                       .variables = variables,
                       .columns = CELLS("arm", "mean rank", "group"),
                       .rows = json_incref(json_object_get(table, "rows"))});
    json_decref(table);
}

void chart_critical(const json_t *facts, json_t *ret)
{
    const json_t *ranking = json_object_get(facts, "ranking");
    diagram d = {.ranking = ranking, .ranks = json_object_get(ranking, "arms")};
    d.arms = json_array_size(d.ranks);
    d.groups = json_array_size(json_object_get(ranking, "cliques"));
    if (d.arms < 2)
        return;
    d.lo = 1 - MARGIN * (double)(d.arms - 1);
    d.hi = (double)d.arms + MARGIN * (double)(d.arms - 1);
    draw(ret, facts, &d);
}
