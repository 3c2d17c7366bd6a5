/* facts_checks.c - what a careful reader would ask, asked of every study.
 *
 * A check is {"name", "status", "detail"}; one that cannot be judged yet is left out. */
#include "lab/report/facts.h"
#include "lab/report/format.h"

#include <math.h>
#include <string.h>

#define EDGE 0.02 /* of a dimension's range: nearer to its end counts as at the edge */

static void add_check(json_t *checks, const char *name, const char *status, rg_str *detail)
{
    json_array_append_new(checks, json_pack("{s:s, s:s, s:s}", "name", name, "status", status,
                                            "detail", rg_str_text(detail)));
    rg_str_free(detail);
}

static double number_at(const json_t *root, const char *path)
{
    return rg_json_number(rg_json_path(root, path), NAN);
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* ---- Tuning */

static void check_budgets(json_t *checks, const facts_source *from, const json_t *arms)
{
    rg_str detail = {0};
    size_t i, tuned = 0, short_of = 0, trials = from->study->trials;
    json_t *arm;
    json_array_foreach (arms, i, arm) {
        if (!facts_is_tuned(from, &from->study->arms[i]))
            continue;
        double own = number_at(arm, "tuning.trials");
        tuned++;
        if (own == (double)trials)
            continue;
        rg_str_printf(&detail, "%s%s had %.0f of %zu trials", short_of++ ? "; " : "",
                      rg_json_text(arm, "name", "?"), isnan(own) ? 0 : own, trials);
    }
    if (!short_of)
        rg_str_printf(&detail, "every tuned arm had %zu trial%s", trials, plural(trials));
    if (tuned && from->freeze)
        add_check(checks, "equal budgets", short_of ? "fail" : "pass", &detail);
    else
        rg_str_free(&detail);
}

static double place_in(const rg_dim *dim, double value)
{
    bool in_log = dim->kind == RG_DIM_LOG || dim->log;
    double lo = in_log ? log(dim->lo) : dim->lo, hi = in_log ? log(dim->hi) : dim->hi;
    return ((in_log ? log(value) : value) - lo) / (hi - lo);
}

static void edges_of(rg_str *detail, const rg_arm *arm, const json_t *point)
{
    for (size_t d = 0; d < arm->space.count; d++) {
        const rg_dim *dim = &arm->space.dim[d];
        double value = rg_json_number(json_object_get(point, dim->name), NAN);
        bool numeric = dim->kind == RG_DIM_UNIFORM || dim->kind == RG_DIM_LOG ||
                       (dim->kind == RG_DIM_INT && dim->hi - dim->lo > 10 * dim->step);
        double place = numeric && isfinite(value) ? place_in(dim, value) : 0.5;
        if (place >= EDGE && place <= 1 - EDGE)
            continue;
        rg_str_printf(detail, "%s%s: %s = %s lies at its %s bound %s", detail->len ? "; " : "",
                      arm->name, dim->name, format_number(value, 0).text,
                      place < EDGE ? "lower" : "upper",
                      format_number(place < EDGE ? dim->lo : dim->hi, 0).text);
    }
}

/* A winner at the end of a range hints that the best lies outside of it. */
static void check_edges(json_t *checks, const facts_source *from)
{
    rg_str detail = {0};
    size_t searched = 0;
    for (size_t a = 0; a < from->study->n_arms; a++) {
        const rg_arm *arm = &from->study->arms[a];
        double trial = number_at(facts_frozen(from, arm->name), "trial");
        const rg_record *best =
            isnan(trial) ? NULL : facts_record(from, RG_TUNE, arm->name, (size_t)trial);
        if (!best)
            continue;
        searched++;
        edges_of(&detail, arm, best->point);
    }
    const char *status = detail.len ? "warn" : "pass";
    if (!detail.len)
        rg_str_add(&detail, "no winner lies at an end of a tuned range");
    if (searched)
        add_check(checks, "edge of the space", status, &detail);
    else
        rg_str_free(&detail);
}

/* The best of many noisy scores is too good; fresh seeds on the same part say by how much. */
static void check_curse(json_t *checks, const facts_source *from, const json_t *arms)
{
    rg_str detail = {0};
    size_t i, compared = 0;
    json_t *arm;
    json_array_foreach (arms, i, arm) {
        const json_t *validation = json_object_get(arm, "validation");
        const json_t *fresh = json_object_get(validation, from->study->metric);
        const json_t *interval = json_object_get(fresh, "interval");
        double score = number_at(arm, "tuning.score");
        double end =
            rg_json_number(json_array_get(interval, from->study->maximize ? 1 : 0), NAN);
        if (isnan(score) || isnan(end))
            continue;
        compared++;
        if (from->study->maximize ? score <= end : score >= end)
            continue;
        rg_str_printf(
            &detail, "%s%s: the winning trial scored %s, fresh seeds %s on the same part",
            detail.len ? "; " : "", rg_json_text(arm, "name", "?"),
            format_number(score, format_half(interval)).text, format_mean(fresh).text);
    }
    const char *status = detail.len ? "warn" : "pass";
    if (!detail.len)
        rg_str_add(&detail, "no winner's score is better than the interval of its fresh seeds");
    if (compared)
        add_check(checks, "winner's curse", status, &detail);
    else
        rg_str_free(&detail);
}

static void check_default(json_t *checks, const facts_source *from, const json_t *arms)
{
    rg_str detail = {0};
    size_t i, tuned = 0;
    json_t *arm;
    json_array_foreach (arms, i, arm) {
        double best = number_at(arm, "tuning.best_trial");
        tuned += !isnan(best);
        if (best == 0)
            rg_str_printf(&detail, "%s%s", detail.len ? ", " : "",
                          rg_json_text(arm, "name", "?"));
    }
    const char *status = detail.len ? "warn" : "pass";
    rg_str_add(&detail, detail.len ? ": no trial was better than the default configuration"
                                   : "tuning found something better than it in every arm");
    if (tuned && from->freeze)
        add_check(checks, "default configuration", status, &detail);
    else
        rg_str_free(&detail);
}

/* ---- Runs, seal, data */

static void check_runs(json_t *checks, const facts_source *from)
{
    rg_str detail = {0};
    size_t runs = 0, failed = 0;
    const char *first = NULL;
    for (size_t i = 0; i < from->n_records; i++) {
        const rg_record *r = &from->records[i];
        runs += r->stage == RG_EVALUATE;
        failed += r->stage == RG_EVALUATE && r->failed;
        first = !first && r->stage == RG_EVALUATE && r->failed ? r->reason : first;
    }
    if (!runs)
        return;
    if (failed)
        rg_str_printf(&detail,
                      "%zu of %zu runs failed; each counts as the metric's worst value. The "
                      "first: %s",
                      failed, runs, first ? first : "no reason was given");
    else
        rg_str_printf(&detail, "all %zu runs ended well", runs);
    add_check(checks, "failed runs", failed ? "warn" : "pass", &detail);
}

static void check_seal(json_t *checks, const facts_source *from)
{
    size_t openings = json_array_size(from->openings), looks = json_array_size(from->looks);
    if (!openings || rg_study_is_self_reported(from->study))
        return;
    rg_str detail = {0};
    if (openings == 1 && looks)
        rg_str_printf(&detail,
                      "the test labels were opened for the frozen configurations, and looked "
                      "at %zu time%s, which the e-process pays for",
                      looks, plural(looks));
    else if (openings == 1)
        rg_str_add(&detail, "the test labels were opened once, after every run had ended");
    else
        rg_str_printf(
            &detail,
            "the test labels were opened %zu times: each look after the first may have "
            "steered what was done next",
            openings);
    add_check(checks, "seal", openings == 1 ? "pass" : "warn", &detail);
}

/* Of programs alone: our own trainer is not asked. */
static void check_attempts(json_t *checks, const facts_source *from)
{
    size_t attempts = facts_attempts(from);
    rg_str detail = {0};
    if (!from->study->trainer || strcmp(facts_trust(from), "sealed") != 0)
        return;
    if (attempts)
        rg_str_printf(
            &detail,
            "%zu time%s a trial tried to open what is hidden from it (seal.tried names "
            "them); the kernel refused",
            attempts, plural(attempts));
    else
        rg_str_add(&detail, "no trial tried to open what is hidden from it");
    add_check(checks, "attempts on the seal", attempts ? "warn" : "pass", &detail);
}

static void check_duplicates(json_t *checks, const facts_source *from)
{
    double twins = number_at(from->split, "info.duplicates_across");
    if (isnan(twins))
        return;
    rg_str detail = {0};
    if (twins > 0)
        rg_str_printf(
            &detail,
            "%.0f row%s of the validation and test parts occur in an earlier part, too", twins,
            plural((size_t)twins));
    else
        rg_str_add(&detail,
                   "no row of the validation and test parts occurs in an earlier part");
    add_check(checks, "duplicates across parts", twins > 0 ? "warn" : "pass", &detail);
}

/* What the audit found when the data was cut; notes are left to `rigor audit`. */
static void check_audit(json_t *checks, const facts_source *from)
{
    double dangers = number_at(from->audit, "counts.danger");
    double warnings = number_at(from->audit, "counts.warning");
    if (isnan(dangers))
        return;
    rg_str detail = {0};
    size_t i;
    json_t *finding;
    json_array_foreach (json_object_get(from->audit, "findings"), i, finding)
        if (strcmp(rg_json_text(finding, "severity", ""), "note") != 0)
            rg_str_printf(&detail, "%s%s: %s", detail.len ? "; " : "",
                          rg_json_text(finding, "check", ""),
                          rg_json_text(finding, "what", ""));
    if (!detail.len)
        rg_str_printf(&detail, "%zu checks of the data and its split found no danger",
                      json_array_size(json_object_get(from->audit, "checks")));
    add_check(checks, "data audit",
              dangers > 0    ? "fail"
              : warnings > 0 ? "warn"
                             : "pass",
              &detail);
}

static void check_seeds(json_t *checks, const facts_source *from)
{
    size_t n = facts_seeds_due(from), looks = json_array_size(from->looks);
    rg_str detail = {0};
    if (n < 5)
        rg_str_printf(&detail, "%zu seed%s, fewer than 5: every line is marked exploratory", n,
                      plural(n));
    else
        rg_str_printf(&detail, "%zu seeds, shared by all arms, never seen by tuning", n);
    if (rg_study_is_sequential(from->study))
        rg_str_printf(&detail, "; looked at %zu time%s, at most %zu seeds", looks,
                      plural(looks), from->study->n_seeds);
    add_check(checks, "seeds", n < 5 ? "warn" : "pass", &detail);
}

json_t *facts_checks(const facts_source *from, const json_t *arms)
{
    json_t *checks = json_array();
    check_seeds(checks, from);
    check_budgets(checks, from, arms);
    check_seal(checks, from);
    check_attempts(checks, from);
    check_duplicates(checks, from);
    check_audit(checks, from);
    check_runs(checks, from);
    check_default(checks, from, arms);
    check_edges(checks, from);
    check_curse(checks, from, arms);
    return checks;
}

/* ---- Warnings */

static void add_texts(json_t *ret, const json_t *texts)
{
    size_t i;
    json_t *text;
    json_array_foreach (texts, i, text)
        if (json_is_string(text))
            json_array_append(ret, text);
}

json_t *facts_warnings(const facts_source *from)
{
    json_t *warnings = json_array(), *plan = rg_study_plan(from->study);
    size_t trials = 0, failed = 0;
    add_texts(warnings, json_object_get(plan, "warnings"));
    add_texts(warnings, json_object_get(plan, "unanswerable"));
    json_decref(plan);
    for (size_t i = 0; i < from->n_records; i++) {
        trials += from->records[i].stage == RG_TUNE;
        failed += from->records[i].stage == RG_TUNE && from->records[i].failed;
    }
    if (failed)
        rg_json_say(warnings, "%zu of %zu trials failed; their configurations could not win.",
                    failed, trials);
    return warnings;
}
