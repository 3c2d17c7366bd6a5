/* facts_methods.c - the paragraph for a paper's methods section: what was done, exactly.
 *
 * It is written from the facts alone, one sentence after the other, and each sentence says only
 * what these facts hold: nothing of a step that was not taken. */
#include "lab/report/facts.h"

#include "lab/report/format.h"
#include "lab/report/table.h"

#include <math.h>
#include <string.h>

#define NAMED_ARMS 8 /* more arms are counted, not named */

static double number(const json_t *facts, const char *path)
{
    return rg_json_number(rg_json_path(facts, path), NAN);
}

static const json_t *arms_of(const json_t *facts)
{
    return json_object_get(facts, "arms");
}

static size_t count_sets(const json_t *facts)
{
    const json_t *standings = json_object_get(facts, "standings");
    const char *first = rg_json_text(json_array_get(standings, 0), "set", NULL);
    return first ? json_array_size(standings) : 0;
}

/* ---- What was compared */

static void add_names(rg_str *ret, const json_t *arms)
{
    size_t n = json_array_size(arms), i;
    json_t *arm;
    if (n > NAMED_ARMS)
        return;
    json_array_foreach (arms, i, arm)
        rg_str_printf(ret, "%s%s", i ? ", " : " (", rg_json_text(arm, "name", "?"));
    rg_str_add(ret, n ? ")" : "");
}

/* " (5-fold cross-validation, with 1,077 to 1,078 rows for training, ...)" */
static void say_parts(rg_str *ret, const json_t *split)
{
    static const char *const parts[][2] = {
        {"train", "training"}, {"val", "validation"}, {"test", "testing"}};
    rg_str_printf(ret, " (%s-fold cross-validation", format_count(number(split, "folds")).text);
    for (size_t p = 0; p < RG_COUNT(parts); p++) {
        double least = INFINITY, most = 0;
        size_t i;
        json_t *fold;
        json_array_foreach (json_object_get(split, "parts"), i, fold) {
            least = fmin(least, number(fold, parts[p][0]));
            most = fmax(most, number(fold, parts[p][0]));
        }
        rg_str_add(ret, p ? ", " : ", with ");
        if (least < most)
            rg_str_printf(ret, "%s to ", format_count(least).text);
        rg_str_printf(ret, "%s%s for %s", format_count(most).text, p ? "" : " rows",
                      parts[p][1]);
    }
    rg_str_add(ret, ")");
}

static void say_arms(rg_str *ret, const json_t *facts)
{
    size_t n = json_array_size(arms_of(facts)), sets = count_sets(facts);
    const json_t *split = rg_json_path(facts, "data.split");
    rg_str_printf(ret, "We compared %zu %s", n, n == 1 ? "arm" : "arms");
    add_names(ret, arms_of(facts));
    rg_str_printf(ret, " by %s", table_metric(facts));
    if (sets > 1)
        rg_str_printf(ret, " on %zu data sets", sets);
    if (table_is_scored(facts))
        rg_str_printf(ret, " on %s%s",
                      json_object_get(split, "folds") ? "" : "the test part of ",
                      rg_json_text(json_object_get(facts, "data"), "name", "the data"));
    if (json_object_get(split, "folds"))
        say_parts(ret, split);
    else if (json_is_object(split))
        rg_str_printf(ret, " (%s rows for training, %s for validation, %s for testing)",
                      format_count(number(split, "train")).text,
                      format_count(number(split, "val")).text,
                      format_count(number(split, "test")).text);
    rg_str_add(ret, table_is_scored(facts) ? "." : ", with scores as they were reported.");
}

/* ---- How the arms came about */

static size_t count_tuned(const json_t *facts, double *ret_least, double *ret_most)
{
    size_t tuned = 0, i;
    json_t *arm;
    json_array_foreach (arms_of(facts), i, arm) {
        double trials = number(arm, "tuning.trials");
        if (!(trials > 0))
            continue;
        *ret_least = tuned ? fmin(*ret_least, trials) : trials;
        *ret_most = tuned ? fmax(*ret_most, trials) : trials;
        tuned++;
    }
    return tuned;
}

static void say_tuning(rg_str *ret, const json_t *facts)
{
    double least = 0, most = 0;
    size_t n = json_array_size(arms_of(facts)), tuned = count_tuned(facts, &least, &most);
    const char *sampler = rg_json_text(json_object_get(facts, "sampler"), "name", NULL);
    if (!tuned)
        return;
    if (tuned == n)
        rg_str_add(ret, n == 1 ? "The arm" : "Every arm");
    else
        rg_str_printf(ret, "%zu of the %zu arms", tuned, n);
    rg_str_printf(ret, " %s tuned with ", tuned == n || tuned == 1 ? "was" : "were");
    if (least < most)
        rg_str_printf(ret, "%.0f to %.0f trials", least, most);
    else
        rg_str_printf(ret, "%s%.0f %s", tuned > 1 ? "the same budget of " : "", least,
                      least == 1 ? "trial" : "trials");
    if (sampler)
        rg_str_printf(ret, " (sampler: %s)", sampler);
    rg_str_printf(ret,
                  ", and the configuration with the best %s on the validation part was "
                  "kept.",
                  table_metric(facts));
}

static void count_seeds(const json_t *facts, size_t *ret_least, size_t *ret_most)
{
    size_t i;
    json_t *arm;
    json_array_foreach (arms_of(facts), i, arm) {
        size_t n = json_array_size(json_object_get(arm, "seeds"));
        *ret_least = i && *ret_least < n ? *ret_least : n;
        *ret_most = *ret_most > n ? *ret_most : n;
    }
}

static void say_seeds(rg_str *ret, const json_t *facts)
{
    size_t least = 0, most = 0;
    double before = 0;
    bool study = table_of_study(facts), several = json_array_size(arms_of(facts)) > 1;
    double folds = number(facts, "data.split.folds");
    count_seeds(facts, &least, &most);
    if (!most)
        return;
    if (folds > 0) { /* nothing is tuned, and every arm has the same runs */
        size_t seeds = most / (size_t)folds;
        rg_str_printf(
            ret, "Each arm was trained with %zu seed%s on every fold, the same for all arms%s.",
            seeds, seeds == 1 ? "" : "s",
            seeds == 1 ? "" : ", and the score of a fold is the mean over them");
        return;
    }
    rg_str_add(ret, study ? "Each arm was then trained with " : "There are ");
    if (least < most)
        rg_str_printf(ret, "%zu to ", least);
    rg_str_printf(ret, "%zu %s", most,
                  !study      ? most == 1 ? "run of each arm" : "runs of each arm"
                  : most == 1 ? "seed"
                              : "seeds");
    if (study && several && least == most)
        rg_str_add(ret, ", the same for all arms");
    if (study && count_tuned(facts, &before, &before))
        rg_str_add(ret, " and none of them used in tuning");
    rg_str_add(ret, ".");
}

static void say_sequential(rg_str *ret, const json_t *facts)
{
    const json_t *sequential = json_object_get(facts, "sequential");
    if (!json_is_object(sequential))
        return;
    rg_str_printf(
        ret,
        "Seeds were added to all arms, %s at a time from %s on, until every claim was "
        "settled or there were %s of them.",
        format_count(number(sequential, "step")).text,
        format_count(number(sequential, "min")).text,
        format_count(number(sequential, "max")).text);
}

static void say_seal(rg_str *ret, const json_t *facts)
{
    double openings = number(facts, "seal.openings");
    if (!table_of_study(facts) || !(openings > 0))
        return;
    bool sealed = !strcmp(rg_json_text(facts, "trust", ""), "sealed");
    if (!strcmp(rg_json_text(facts, "trust", ""), "self-reported")) {
        rg_str_add(ret, "The training program reported its test scores itself.");
        return;
    }
    rg_str_printf(ret,
                  "The test labels were kept %s, and were opened %s after all "
                  "configurations had been fixed.",
                  sealed ? "out of reach of the training program"
                         : "apart from the training program",
                  openings > 1 ? "more than once" : "once");
}

static void say_failures(rg_str *ret, const json_t *facts)
{
    size_t runs = 0, failed = 0, i;
    json_t *arm;
    json_array_foreach (arms_of(facts), i, arm) {
        runs += json_array_size(json_object_get(arm, "seeds"));
        failed += json_array_size(json_object_get(arm, "failed"));
    }
    if (failed)
        rg_str_printf(ret, "%zu of %zu runs failed; %s as the worst value of %s.", failed, runs,
                      failed == 1 ? "it counts" : "they count", table_metric(facts));
}

/* ---- How claims were decided */

typedef struct procedure {
    const char *decides; /* `methods.decides` of docs/json.md, or a situation */
    const char *test, *robust;
} procedure;
static const char pairs_robust[] = "sign flips or Wilcoxon's signed ranks";
static const procedure procedures[] = {
    {"t", "the paired t test on runs that share a seed", pairs_robust},
    {"welch", "Welch's t test, as no run has a partner in the other arm",
     "permutations or Mann and Whitney's ranks"},
    {"corrected t", "the corrected resampled t test over the folds (Nadeau and Bengio, 2003)",
     NULL},
    {"stratified t",
     "the t test stratified by data set, every set weighing the same, with Satterthwaite's "
     "degrees of freedom",
     pairs_robust},
    {"t over sets", "the t test on the mean differences of the data sets", pairs_robust},
    {"wilcoxon over sets",
     "Wilcoxon's signed-rank test on the mean differences of the data sets (Demšar, 2006)",
     NULL},
    {"wilcoxon", "the exact Wilcoxon signed-rank test, as the t test does not exist there",
     NULL},
    {"mann-whitney", "Mann and Whitney's test, as the t test does not exist there", NULL},
    {"sequential", "the t e-process with g = 1, whose level holds at all looks together", NULL},
};

static const char *decider(const json_t *claim)
{
    const char *situation = rg_json_text(claim, "situation", "pairs");
    if (!strcmp(situation, "sequential"))
        return situation;
    return rg_json_text(json_object_get(claim, "methods"), "decides", "t");
}

static size_t count_decided(const json_t *facts, const char *by)
{
    size_t n = 0, i;
    json_t *claim;
    json_array_foreach (json_object_get(facts, "claims"), i, claim)
        n += !strcmp(decider(claim), by);
    return n;
}

static size_t count_relation(const json_t *facts, const char *relation)
{
    size_t n = 0, i;
    json_t *claim;
    json_array_foreach (json_object_get(facts, "claims"), i, claim)
        n += !strcmp(rg_json_text(claim, "relation", ">"), relation);
    return n;
}

static void say_tests(rg_str *ret, const json_t *facts)
{
    size_t claims = json_array_size(json_object_get(facts, "claims"));
    for (size_t i = 0; i < RG_COUNT(procedures); i++) {
        size_t n = count_decided(facts, procedures[i].decides);
        if (!n)
            continue;
        rg_str_add(ret, ret->len ? " " : "");
        if (n < claims)
            rg_str_printf(ret, "%zu of the %zu claims %s", n, claims, n == 1 ? "was" : "were");
        else if (claims == 1)
            rg_str_add(ret, "The one claim was");
        else
            rg_str_printf(ret, "The %zu claims were", claims);
        rg_str_printf(ret, " tested with %s.", procedures[i].test);
    }
}

/* Of claims that are read off their anytime-valid intervals. */
static void say_margin(rg_str *ret, const json_t *facts, double margin)
{
    if (isfinite(margin))
        rg_str_printf(ret,
                      "Arms count as equivalent where the whole interval of their difference "
                      "lies within ±%.6g.",
                      margin);
    if (count_relation(facts, ">="))
        rg_str_add(ret, " An arm counts as no worse where it lies above that loss.");
}

static void say_sides(rg_str *ret, const json_t *facts)
{
    double margin = number(facts, "analysis.margin");
    if (count_decided(facts, "sequential")) {
        say_margin(ret, facts, margin);
        return;
    }
    if (count_relation(facts, ">"))
        rg_str_add(ret, "Superiority was tested two-sided.");
    if (json_array_size(json_object_get(facts, "claims")) && isfinite(margin))
        rg_str_printf(ret,
                      "%sArms count as equivalent where two one-sided tests (TOST) place their "
                      "difference within ±%.6g.",
                      ret->len ? " " : "", margin);
    if (count_relation(facts, ">="))
        rg_str_printf(ret,
                      "%sThat an arm is no worse was tested one-sided against that margin.",
                      ret->len ? " " : "");
}

static size_t count_explored(const json_t *facts)
{
    size_t i, n = 0;
    json_t *claim;
    json_array_foreach (json_object_get(facts, "claims"), i, claim)
        n += json_is_true(json_object_get(claim, "exploratory"));
    return n;
}

static void say_explored(rg_str *ret, size_t n, double alpha)
{
    if (n)
        rg_str_printf(ret,
                      " %zu exploratory claim%s corrected apart by the method of Benjamini and "
                      "Hochberg, at a false discovery rate of %.4g.",
                      n, n == 1 ? " was" : "s were", alpha);
}

static void say_correction(rg_str *ret, const json_t *facts)
{
    static const char *const names[][2] = {{"holm", "Holm's"}, {"bonferroni", "Bonferroni's"}};
    const json_t *analysis = json_object_get(facts, "analysis");
    const char *correction = rg_json_text(analysis, "correction", "none"), *name = NULL;
    size_t all = json_array_size(json_object_get(facts, "claims"));
    size_t explored = count_explored(facts), claims = all - explored;
    double alpha = number(facts, "analysis.alpha");
    for (size_t i = 0; i < RG_COUNT(names); i++)
        if (!strcmp(correction, names[i][0]))
            name = names[i][1];
    if (!claims) {
        say_explored(ret, explored, alpha);
        return;
    }
    if (claims == 1)
        rg_str_printf(ret, "The level was %.4g.", alpha);
    else if (name && count_decided(facts, "sequential"))
        rg_str_printf(ret, "Each of the %zu claims had an equal share of the level of %.4g.",
                      claims, alpha);
    else if (name)
        rg_str_printf(ret,
                      "The p values were corrected over the %zu claims by %s method, at a "
                      "level of %.4g.",
                      claims, name, alpha);
    else
        rg_str_printf(ret, "The p values were not corrected; the level was %.4g for each.",
                      alpha);
    if (table_of_study(facts))
        rg_str_add(ret, claims == 1 ? " The claim had been declared before anything ran."
                                    : " The claims had been declared before anything ran.");
    say_explored(ret, explored, alpha);
}

/* The tests that assume less, of all procedures that were used. */
static void say_fragile(rg_str *ret, const json_t *facts)
{
    rg_str tests = {0};
    for (size_t i = 0; i < RG_COUNT(procedures); i++) {
        const char *robust = procedures[i].robust;
        if (robust && count_decided(facts, procedures[i].decides) &&
            !strstr(rg_str_text(&tests), robust))
            rg_str_printf(&tests, "%s%s", tests.len ? ", or " : "", robust);
    }
    if (tests.len)
        rg_str_printf(ret,
                      "A claim that the test supports is called fragile where %s do not agree "
                      "although the number of runs would allow it.",
                      rg_str_text(&tests));
    rg_str_free(&tests);
}

static void say_intervals(rg_str *ret, const json_t *facts)
{
    double alpha = number(facts, "analysis.alpha");
    rg_str_printf(ret, "Intervals are %s t intervals", format_percent(1 - alpha).text);
    if (count_decided(facts, "wilcoxon over sets"))
        rg_str_add(
            ret,
            ", those of differences over data sets Hodges and Lehmann's, like their estimates");
    if (count_decided(facts, "sequential"))
        rg_str_add(ret, ", those of the claims valid at any time");
    if (number(facts, "data.split.folds") > 0)
        rg_str_add(ret, ", corrected for the folds in the same way");
    rg_str_add(ret, ".");
}

/* ---- Many data sets */

static void say_ranking(rg_str *ret, const json_t *facts)
{
    const json_t *ranking = json_object_get(facts, "ranking");
    if (json_is_object(ranking))
        rg_str_printf(
            ret,
            "The arms were ranked on each of %s data sets, and the mean ranks compared "
            "by Friedman's test with Iman and Davenport's F and Nemenyi's critical "
            "difference (Demšar, 2006).",
            format_count(number(ranking, "sets")).text);
}

static void say_tasks(rg_str *ret, const json_t *facts)
{
    const json_t *tasks = json_object_get(facts, "tasks");
    if (json_is_object(tasks))
        rg_str_printf(ret,
                      "Interquartile means, performance profiles and probabilities of "
                      "improvement over all tasks have %s stratified bootstrap intervals from "
                      "%s resamples (Agarwal et al., 2021).%s",
                      format_percent(1 - number(facts, "analysis.alpha")).text,
                      format_count(number(tasks, "resamples")).text,
                      table_tasks_normalized(facts)
                          ? " For these the scores of each task were normalized from 0, the "
                            "worst run, to 1, the best."
                          : "");
}

static void say_software(rg_str *ret, const json_t *facts)
{
    (void)facts;
    rg_str_add(ret, "The analysis was done with Rigor " RG_VERSION ".");
}

json_t *facts_methods(const json_t *facts)
{
    static void (*const sentences[])(rg_str *, const json_t *) = {
        say_arms,      say_tuning,  say_seeds, say_sequential, say_seal,
        say_failures,  say_tests,   say_sides, say_correction, say_fragile,
        say_intervals, say_ranking, say_tasks, say_software,
    };
    rg_str all = {0};
    for (size_t i = 0; i < RG_COUNT(sentences); i++) {
        rg_str one = {0};
        sentences[i](&one, facts);
        rg_str_printf(&all, "%s%s", all.len && one.len ? " " : "", rg_str_text(&one));
        rg_str_free(&one);
    }
    json_t *ret = json_string(rg_str_text(&all));
    rg_str_free(&all);
    return ret;
}
