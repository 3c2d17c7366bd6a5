/* power_words.c - the facts of a power question in sentences and tables, which the terminal and
 * the page share. */
#include "lab/report/power.h"

#include "lab/report/format.h"
#include "lab/report/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double number(const json_t *object, const char *key)
{
    return rg_json_number(json_object_get(object, key), NAN);
}

static bool is_test(const json_t *facts, const char *test)
{
    return !strcmp(rg_json_text(facts, "test", ""), test);
}

static bool paired(const json_t *facts)
{
    return !strcmp(rg_json_text(facts, "design", ""), "pairs");
}

static bool in_metric(const json_t *facts)
{
    return !strcmp(rg_json_text(facts, "unit", ""), "metric");
}

static const char *metric_of(const json_t *facts)
{
    return rg_json_text(json_object_get(facts, "source"), "metric", NULL);
}

/* "an effect", or, where equality is to be shown, "a margin". */
static const char *sought(const json_t *facts)
{
    return is_test(facts, "equivalence") ? "margin" : "effect";
}

static const char *per_arm(const json_t *facts)
{
    return paired(facts) ? "" : " in each arm";
}

/* "0.005 (1.2 sd)", "1.2 sd" */
static format amount(const json_t *facts, double value, double sd_units)
{
    format ret;
    char sd[32];
    snprintf(sd, sizeof(sd), sd_units < .1 ? "%.2g sd" : "%.2f sd", sd_units);
    if (in_metric(facts) && isfinite(value))
        snprintf(ret.text, sizeof(ret.text), "%.3g (%s)", value, sd);
    else
        snprintf(ret.text, sizeof(ret.text), "%s", sd);
    return ret;
}

static format range_of(const json_t *interval, const char *fmt)
{
    format ret = {""};
    char lo[32], hi[32];
    if (!json_array_size(interval))
        return ret;
    snprintf(lo, sizeof(lo), fmt, rg_json_number(json_array_get(interval, 0), NAN));
    snprintf(hi, sizeof(hi), fmt, rg_json_number(json_array_get(interval, 1), NAN));
    snprintf(ret.text, sizeof(ret.text), "%s to %s", lo, hi);
    return ret;
}

/* ---- Sentences */

static void say_question(json_t *ret, const json_t *facts)
{
    double claims = number(facts, "claims");
    rg_str about = {0};
    if (is_test(facts, "equivalence"))
        rg_str_add(&about, "Two one-sided t tests for equivalence");
    else if (is_test(facts, "anytime"))
        rg_str_add(&about, "The t test that may be looked at after every seed");
    else
        rg_str_printf(&about, "%s t test, %s-sided", paired(facts) ? "Paired" : "Two-sample",
                      number(facts, "sides") == 1 ? "one" : "two");
    rg_str_printf(&about, ", alpha %g", number(facts, "alpha"));
    if (claims > 1)
        rg_str_printf(&about,
                      " over %.0f claims: level %.3g, which Holm's and Bonferroni's "
                      "corrections leave each claim for certain",
                      claims, number(facts, "level"));
    rg_json_say(ret, "%s.", rg_str_text(&about));
    rg_str_free(&about);
}

static void say_units(json_t *ret, const json_t *facts)
{
    rg_json_say(
        ret, "sd: the standard deviation of %s. %s",
        paired(facts) ? "the differences between two arms, seed by seed"
                      : "the scores of one arm over its seeds",
        is_test(facts, "equivalence")
            ? "A margin is what still counts as equal; the arms are taken to be exactly "
              "equal."
            : "An effect of 1 sd is a mean difference as large as that.");
}

/* 0.01 is seldom meant as a hundredth of a standard deviation. */
static void say_small(json_t *ret, const json_t *facts)
{
    if (!in_metric(facts) && number(facts, "effect") < .1)
        rg_json_say(ret, "Effects are in sd; for the metric's units add --sd or --from.");
}

static void say_spread(json_t *ret, const json_t *answer, const json_t *facts)
{
    const json_t *interval = json_object_get(answer, "sd_interval");
    if (!json_array_size(interval))
        return;
    rg_json_say(ret,
                "%s: sd %.3g of %s in %.0f values, which leave it anywhere from %s (95 %%).",
                rg_json_text(answer, "claim", ""), number(answer, "sd"),
                metric_of(facts) ? metric_of(facts) : "the metric", number(answer, "values"),
                range_of(interval, "%.3g").text);
}

static void say_seeds_needed(json_t *ret, const json_t *answer, const json_t *facts,
                             const char *lead)
{
    double seeds = number(answer, "seeds");
    format size = amount(facts, number(answer, "effect_sd") * number(answer, "sd"),
                         number(answer, "effect_sd"));
    format range = range_of(json_object_get(answer, "seeds_interval"), "%.0f");
    if (isnan(seeds))
        rg_json_say(ret, "%sAn effect of %s takes more than ten million seeds.", lead,
                    size.text);
    else
        rg_json_say(ret, "%s%s of %s takes %.0f seeds%s to be %s in %s of studies%s%s%s.", lead,
                    is_test(facts, "equivalence") ? "A margin" : "An effect", size.text, seeds,
                    per_arm(facts), is_test(facts, "equivalence") ? "shown" : "seen",
                    format_percent(number(facts, "power")).text, *range.text ? " (" : "",
                    range.text, *range.text ? ", as the sd is known no better)" : "");
}

static void say_power(json_t *ret, const json_t *answer, const json_t *facts, const char *lead)
{
    double power = number(answer, "power");
    const json_t *interval = json_object_get(answer, "power_interval");
    if (isnan(power))
        return;
    char range[80] = "";
    if (json_array_size(interval))
        snprintf(range, sizeof(range), " (%.0f %% to %.0f %%, as the sd is known no better)",
                 100 * rg_json_number(json_array_get(interval, 0), NAN),
                 100 * rg_json_number(json_array_get(interval, 1), NAN));
    rg_json_say(ret,
                "%s%.0f seeds%s have a power of %s%.1f %%%s for it: so many of a hundred "
                "such studies would find it.",
                lead, number(facts, "seeds"), per_arm(facts),
                is_test(facts, "anytime") ? "at least " : "", 100 * power, range);
}

static void say_detectable(json_t *ret, const json_t *answer, const json_t *facts,
                           const char *lead)
{
    double n = number(answer, "n"), sd = number(answer, "detectable_sd");
    if (isnan(n))
        return;
    if (isnan(sd)) {
        rg_json_say(ret, "%s%.0f seeds%s cannot show any %s.", lead, n, per_arm(facts),
                    sought(facts));
        return;
    }
    format range = range_of(json_object_get(answer, "detectable_interval"), "%.3g");
    rg_json_say(ret, "%sThe smallest %s that %.0f seeds%s show in %s of studies is %s%s%s%s.",
                lead, sought(facts), n, per_arm(facts),
                format_percent(number(facts, "power")).text,
                amount(facts, number(answer, "detectable"), sd).text, *range.text ? "; " : "",
                range.text, *range.text ? " as the sd is known no better" : "");
}

static void say_answer(json_t *ret, const json_t *answer, const json_t *facts)
{
    const char *claim = rg_json_text(answer, "claim", NULL);
    char lead[300] = "";
    if (claim)
        snprintf(lead, sizeof(lead), "%s: ", claim);
    say_spread(ret, answer, facts);
    if (json_object_get(answer, "seeds"))
        say_seeds_needed(ret, answer, facts, lead);
    say_power(ret, answer, facts, lead);
    say_detectable(ret, answer, facts, lead);
}

static void say_exact(json_t *ret, const json_t *facts)
{
    const json_t *exact = json_object_get(facts, "exact");
    const char *tests = rg_json_text(exact, "tests", "");
    double n = number(exact, "seeds");
    if (!is_test(facts, "t"))
        return;
    if (paired(facts))
        rg_json_say(ret,
                    "The exact tests (%s) can reject from %.0f seeds on; with fewer, even "
                    "the clearest result has p = %s.",
                    tests, n,
                    number(facts, "sides") == 1 ? "2^-n" : "2^(1-n), which is too much");
    else
        rg_json_say(ret, "The exact tests (%s) can reject from %.0f seeds in each arm on.",
                    tests, n);
}

static void say_superiority(json_t *ret, const json_t *facts)
{
    const json_t *asked = json_object_get(facts, "superiority");
    if (json_is_object(asked))
        rg_json_say(ret,
                    "To find that A beats B in %s of comparisons, the Mann-Whitney test "
                    "takes %.0f seeds in each arm (Noether 1987).",
                    format_percent(number(asked, "p")).text, number(asked, "seeds"));
}

json_t *power_sentences(const json_t *facts)
{
    json_t *ret = json_array(), *answer;
    size_t i;
    say_question(ret, facts);
    say_units(ret, facts);
    say_small(ret, facts);
    json_array_foreach (json_object_get(facts, "answers"), i, answer)
        say_answer(ret, answer, facts);
    say_superiority(ret, facts);
    say_exact(ret, facts);
    return ret;
}

/* ---- Tables */

enum { FAMILIES_MAX = 3 };

/* A table whose first column is `head`, then one for each size of the family of claims. */
static json_t *table_of_families(const json_t *table, const char *title, const char *head)
{
    const char *columns[FAMILIES_MAX + 2] = {head};
    char names[FAMILIES_MAX][40];
    size_t i;
    json_t *claims;
    json_array_foreach (json_object_get(table, "claims"), i, claims) {
        long long n = json_integer_value(claims);
        snprintf(names[i], sizeof(names[i]), "%lld claim%s", n, n == 1 ? "" : "s");
        columns[i + 1] = names[i];
    }
    return table_new(title, "rrrr", columns);
}

static void add_family_row(json_t *table, const char *head, const json_t *values,
                           const char *fmt, double scale)
{
    const char *cells[FAMILIES_MAX + 2] = {head};
    char texts[FAMILIES_MAX][40];
    size_t i;
    json_t *value;
    json_array_foreach (values, i, value) {
        double x = rg_json_number(value, NAN) * scale;
        snprintf(texts[i], sizeof(texts[i]), isnan(x) ? "–" : fmt, x);
        cells[i + 1] = texts[i];
    }
    table_row(table, cells);
}

/* The only answer's sd, when the table can speak in the metric's units. */
static double scale_of(const json_t *facts)
{
    const json_t *answers = json_object_get(facts, "answers");
    return in_metric(facts) && json_array_size(answers) == 1
               ? number(json_array_get(answers, 0), "sd")
               : NAN;
}

json_t *power_table_detectable(const json_t *facts)
{
    const json_t *from = json_object_get(facts, "detectable");
    double scale = scale_of(facts);
    char title[160];
    size_t i;
    json_t *row;
    snprintf(title, sizeof(title), "smallest %s%s seen in %s of studies, in %s", sought(facts),
             per_arm(facts)[0] ? ", seeds in each arm," : "",
             format_percent(number(facts, "power")).text,
             isnan(scale) ? "sd" : "the metric's units");
    json_t *table = table_of_families(from, title, "seeds");
    json_array_foreach (json_object_get(from, "rows"), i, row)
        add_family_row(table, format_count(number(row, "seeds")).text,
                       json_object_get(row, "effects_sd"), isnan(scale) ? "%.2f" : "%.3g",
                       isnan(scale) ? 1 : scale);
    return table_or_null(table);
}

json_t *power_table_needed(const json_t *facts)
{
    const json_t *from = json_object_get(facts, "needed");
    double scale = scale_of(facts);
    char title[160];
    size_t i;
    json_t *row;
    if (!json_is_object(from))
        return NULL;
    snprintf(title, sizeof(title), "seeds%s for a power of %s", per_arm(facts),
             format_percent(number(facts, "power")).text);
    json_t *table = table_of_families(from, title, sought(facts));
    json_array_foreach (json_object_get(from, "rows"), i, row) {
        double effect = number(row, "effect_sd");
        add_family_row(table, amount(facts, effect * scale, effect).text,
                       json_object_get(row, "seeds"), "%.0f", 1);
    }
    return table_or_null(table);
}

json_t *power_table_answers(const json_t *facts)
{
    static const char *const columns[] = {
        "claim", "sd", "95 % interval", "seeds needed", "power", "smallest seen", NULL};
    const json_t *answers = json_object_get(facts, "answers");
    json_t *table = table_new("claim by claim", "lrlrrr", columns), *answer;
    size_t i;
    json_array_foreach (answers, i, answer) {
        double power = number(answer, "power");
        char percent[32], sd[32];
        snprintf(percent, sizeof(percent), isnan(power) ? "–" : "%.1f %%", 100 * power);
        snprintf(sd, sizeof(sd), "%.3g", number(answer, "sd"));
        table_row(table, (const char *const[]){
                             rg_json_text(answer, "claim", ""), sd,
                             range_of(json_object_get(answer, "sd_interval"), "%.3g").text,
                             format_count(number(answer, "seeds")).text, percent,
                             format_number(number(answer, "detectable"), NAN).text});
    }
    table_drop_empty(table);
    if (json_array_size(answers) > 1)
        return table;
    json_decref(table);
    return NULL;
}
