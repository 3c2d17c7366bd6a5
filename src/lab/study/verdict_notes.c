/* verdict_notes.c - what the careful want to know beside the sentence: failed and missing runs,
 * what the tests cannot do here, on what the finding hangs. */
#include "lab/study/verdict.h"

#include <math.h>
#include <string.h>

enum { NAMES_SHOWN = 10, FEWEST = 5 };

bool rg_evidence_is_few(const rg_evidence *e)
{
    return e->units < FEWEST;
}

static bool has_sets(const rg_evidence *e)
{
    return e->options->n_sets > 1 || e->scores.n_blocks > 1;
}

/* Each score is the mean of a fold's runs, and no seed's. */
static bool is_of_folds(const rg_evidence *e)
{
    return e->options->seeds_each > 1;
}

/* "14, 15 on iris, 14 on wine", with folds "14 (fold 3), 14 (fold 4) on iris" or "fold 3, fold 4" */
static void add_runs(rg_str *s, const rg_evidence *e, const rg_run_names *runs)
{
    char name[32];
    size_t shown = runs->n < NAMES_SHOWN ? runs->n : NAMES_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        const rg_run_name *run = &runs->at[i];
        rg_str_add(s, i ? ", " : "");
        if (is_of_folds(e))
            rg_str_printf(s, "fold %s", rg_fold_name(e->options, run->fold, name));
        else
            rg_str_printf(s, "%llu", (unsigned long long)run->seed);
        if (e->scores.folds > 1 && !is_of_folds(e))
            rg_str_printf(s, " (fold %s)", rg_fold_name(e->options, run->fold, name));
        if (has_sets(e) && (i + 1 == shown || run[1].set != run->set))
            rg_str_printf(s, " on %s", rg_set_name(e->options, run->set, name));
    }
    rg_str_add(s, runs->n > shown ? ", ..." : "");
}

static void note_failures(json_t *notes, const rg_evidence *e, const char *arm,
                          const rg_run_names *failed)
{
    if (failed->n == 0)
        return;
    rg_str list = {0};
    add_runs(&list, e, failed);
    if (is_of_folds(e))
        rg_json_say(notes, "Runs of %s failed on %zu %s (%s); each counts as %s.", arm,
                    failed->n, failed->n == 1 ? "fold" : "folds", rg_str_text(&list),
                    e->scores.ranked ? "worse than any score, and so does its fold"
                                     : "the worst value of the metric");
    else
        rg_json_say(notes, "%zu %s of %s failed (seed %s) and %s as %s.", failed->n,
                    failed->n == 1 ? "run" : "runs", arm, rg_str_text(&list),
                    failed->n == 1 ? "counts" : "count",
                    e->scores.ranked ? "worse than any score"
                                     : "the worst value of the metric");
    rg_str_free(&list);
}

static void note_lost(json_t *notes, const rg_evidence *e)
{
    if (e->scores.lost.n == 0)
        return;
    rg_str list = {0};
    add_runs(&list, e, &e->scores.lost);
    rg_json_say(notes,
                "Left out, as two failures show nothing, least of all equality: both arms "
                "failed %s%s.",
                is_of_folds(e) ? "on " : "with seed ", rg_str_text(&list));
    rg_str_free(&list);
}

/* Whose runs the other arm lacks: by number where there is but one data set and one fold. */
static void note_alone(json_t *notes, const rg_evidence *e)
{
    const rg_run_names *a = &e->scores.alone_a, *b = &e->scores.alone_b;
    if (a->n + b->n == 0)
        return;
    if (e->situation == &rg_situation_pairs && !has_sets(e)) {
        rg_str counts = {0};
        if (a->n)
            rg_str_printf(&counts, "%zu of %s", a->n, e->a);
        if (b->n)
            rg_str_printf(&counts, "%s%zu of %s", a->n ? ", " : "", b->n, e->b);
        rg_json_say(notes, "Left out for want of a partner with the same seed: %s.",
                    rg_str_text(&counts));
        rg_str_free(&counts);
        return;
    }
    rg_str list = {0};
    if (a->n) {
        rg_str_printf(&list, " %s %s", e->a, is_of_folds(e) ? "on " : "with seed ");
        add_runs(&list, e, a);
    }
    if (b->n) {
        rg_str_printf(&list, "%s %s %s", a->n ? ";" : "", e->b,
                      is_of_folds(e) ? "on " : "with seed ");
        add_runs(&list, e, b);
    }
    rg_json_say(notes, "Left out, as the other arm lacks them:%s.", rg_str_text(&list));
    rg_str_free(&list);
}

static void note_scores(json_t *notes, const rg_evidence *e)
{
    const rg_arrangement *r = &e->scores;
    note_failures(notes, e, e->a, &r->failed_a);
    note_failures(notes, e, e->b, &r->failed_b);
    note_lost(notes, e);
    note_alone(notes, e);
    if (e->units > 0 && rg_evidence_is_few(e))
        rg_json_say(
            notes, "Exploratory, whatever the verdict: it rests on %zu %s, fewer than %d.",
            e->units, e->units == 1 ? e->situation->words.unit : e->situation->words.units,
            FEWEST);
    else if (e->options->exploratory)
        rg_json_say(notes, "Exploratory: the study was run as such.");
}

/* What decides instead, where the situation's own test does not exist. */
static void note_ranks(json_t *notes, const rg_evidence *e)
{
    const rg_situation *s = e->situation;
    bool decided = !isnan(e->sides.both);
    if (e->scores.ranked)
        rg_json_say(notes,
                    "The metric has no finite worst value, so that means, intervals and %s do "
                    "not exist here; %s%s%s.",
                    s->words.test, decided ? "the verdict rests on ranks (" : "",
                    decided ? s->ranks.test : "no other test can decide", decided ? ")" : "");
    else if (!e->by_test && !e->identical)
        rg_json_say(notes, "%s; %s%s.", s->words.no_spread,
                    decided ? "the verdict rests on the " : "",
                    decided ? s->ranks.test : "no other test can decide");
}

static void note_tests(json_t *notes, const rg_evidence *e)
{
    char p[32];
    rg_str basis = {0};
    if (e->units < 2)
        return;
    note_ranks(notes, e);
    e->situation->say_basis(&basis, e);
    if (e->smallest_exact >= e->options->analysis.alpha)
        rg_json_say(notes,
                    "With %s the exact tests cannot come below %s whatever the scores are, so "
                    "that they can neither confirm nor contradict %s.",
                    rg_str_text(&basis), rg_p_words(e->smallest_exact, p),
                    e->situation->words.test);
    rg_str_free(&basis);
    if (!e->signflip.exact && isfinite(e->signflip.p))
        rg_json_say(notes, "The sign-flip p is estimated from %llu random sign vectors.",
                    (unsigned long long)e->signflip.draws);
    if (e->situation->note)
        e->situation->note(notes, e);
}

static void note_decision(json_t *notes, const rg_evidence *e)
{
    char p[32], q[32];
    double alpha = e->options->analysis.alpha;
    bool settled = strcmp(e->verdict, "inconclusive") != 0;
    if (e->p[RG_CASE_EQUAL] < alpha && !settled)
        rg_json_say(
            notes,
            "The equivalence test has %s alone, but %s after correction over %zu claims.",
            rg_p_words(e->p[RG_CASE_EQUAL], p), rg_p_words(e->corrected[RG_CASE_EQUAL], q),
            e->n_claims);
    if (strcmp(e->verdict, "supported") == 0 && e->hinge_name && e->hinge_p >= alpha)
        rg_json_say(notes, "It hangs on %s: without it %s has %s.", e->hinge_name,
                    e->situation->words.test, rg_p_words(e->hinge_p, p));
}

json_t *rg_verdict_notes(const rg_evidence *e)
{
    json_t *notes = json_array();
    note_scores(notes, e);
    note_tests(notes, e);
    note_decision(notes, e);
    return notes;
}
