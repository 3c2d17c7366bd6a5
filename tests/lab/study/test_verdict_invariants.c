/* test_verdict_invariants.c - verdicts of every situation: what must not matter, what must always
 * hold, and how seldom they may be wrong. */
#include "lab/study/verdict_rows.h"

/* ---- What must not matter */

enum { LAYOUTS = 5 };

/* Random results of each layout: pairs, unpaired runs, folds, three sets, seven sets. */
static void random_rows(int layout, rg_rng *rng, double effect, rows *a, rows *b)
{
    uint32_t sets = layout == 3 ? 3 : layout == 4 ? 7 : 1, folds = layout == 2 ? 5 : 1;
    for (uint32_t set = 0; set < sets; set++)
        for (uint64_t i = 0; i < 6; i++)
            for (uint32_t fold = 0; fold < folds; fold++) {
                double base = rg_rng_normal(rng);
                add(a, set, i, fold, base + effect + .5 * rg_rng_normal(rng));
                add(b, set, i + (layout == 1 ? 100 : 0), fold, base);
            }
}

static void assert_mirrored(const json_t *x, const json_t *y)
{
    static const char *const same[] = {"p",      "p_corrected", "p_signflip", "p_wilcoxon",
                                       "tost_p", "mde",         "n"};
    static const char *const flipped[] = {"supported", "refuted", "equivalent", "inconclusive"};
    static const char *const of[] = {"refuted", "supported", "equivalent", "inconclusive"};
    for (size_t i = 0; i < COUNT(same); i++) {
        double p = real(x, same[i]), q = real(y, same[i]);
        if (isfinite(p) || isfinite(q))
            assert_close(p, q, 1e-12);
    }
    assert_close(real(x, "estimate"), -real(y, "estimate"), 1e-12);
    assert_close(bound(x, 0), -bound(y, 1), 1e-12);
    assert_close(real(x, "p_superior"), 1 - real(y, "p_superior"), 1e-12);
    for (size_t i = 0; i < COUNT(of); i++) {
        if (strcmp(rg_json_text(x, "verdict", ""), of[i]) == 0)
            assert_text(y, "verdict", flipped[i]);
    }
}

static void swapped_arms(void **state)
{
    (void)state;
    static const char *const situation[LAYOUTS] = {"pairs", "unpaired", "folds", "sets",
                                                   "many-sets"};
    rg_rng rng = rg_rng_open(support_seed(), "swapped");
    for (int round = 0; round < 200; round++) {
        rows a = {0}, b = {0};
        int layout = round % LAYOUTS;
        random_rows(layout, &rng, .25 * (double)(round % 7), &a, &b);
        rg_verdict_options o = with_margin(.3);
        rg_scores arms[] = {scores_of("full", &a), scores_of("plain", &b)};
        rg_claim claims[] = {{"full > plain", 0, 1, RG_BETTER},
                             {"plain > full", 1, 0, RG_BETTER}};
        json_t *list = rg_verdicts(arms, 2, claims, 1, &o);
        json_t *mirror = rg_verdicts(arms, 2, claims + 1, 1, &o);
        o.maximize = false;
        json_t *other_goal = rg_verdicts(arms, 2, claims + 1, 1, &o);
        const json_t *c = json_array_get(list, 0), *m = json_array_get(mirror, 0);
        assert_text(c, "situation", situation[layout]);
        if (strcmp(rg_json_text(c, "verdict", ""), "fragile") != 0)
            assert_mirrored(c, m);
        /* lower is better, arms swapped: the same verdict, whatever it is */
        assert_text(json_array_get(other_goal, 0), "verdict",
                    rg_json_text(c, "verdict", "(none)"));
        json_decref(list);
        json_decref(mirror);
        json_decref(other_goal);
    }
}

/* The order of the rows is nobody's business. */
static void shuffled_rows(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "shuffled");
    for (int layout = 0; layout < LAYOUTS; layout++) {
        rows a = {0}, b = {0}, mixed = {0};
        uint32_t order[MOST];
        random_rows(layout, &rng, .3, &a, &b);
        for (uint32_t i = 0; i < a.n; i++)
            order[i] = i;
        rg_rng_shuffle(&rng, order, a.n);
        for (size_t i = 0; i < a.n; i++)
            add(&mixed, a.set[order[i]], a.seed[order[i]], a.fold[order[i]], a.value[order[i]]);
        json_t *x = judge(&a, &b, RG_BETTER, &usual), *y = judge(&mixed, &b, RG_BETTER, &usual);
        assert_close(real(x, "p"), real(y, "p"), 1e-9);
        assert_close(real(x, "estimate"), real(y, "estimate"), 1e-12);
        json_decref(x);
        json_decref(y);
    }
}

/* Scores on a coarse grid, with failures, gaps, single runs and whole sets missing. */
static void messy_rows(rg_rng *rng, uint32_t arm, rows *r)
{
    uint32_t sets = 1 + (uint32_t)rg_rng_below(rng, 8),
             folds = 1 + (uint32_t)rg_rng_below(rng, 3);
    uint64_t seeds = rg_rng_below(rng, 5), gap = rg_rng_below(rng, 4);
    double spread = (double)rg_rng_below(rng, 3), worst = rg_rng_below(rng, 2) ? 0 : NAN;
    for (uint32_t set = 0; set < sets; set++)
        for (uint64_t i = 0; i < seeds; i++)
            for (uint32_t fold = 0; fold < folds; fold++) {
                if (gap == 0 && rg_rng_below(rng, 3) == 0)
                    continue;
                double score = 5 + arm + spread * (double)rg_rng_below(rng, 3);
                bool fails = gap == 1 && rg_rng_below(rng, 4) == 0;
                add(r, set, i + (gap == 2 ? 100 * arm : 0), fold, fails ? worst : score);
                r->failed[r->n - 1] = fails;
            }
}

static void assert_sound(const json_t *c)
{
    static const char *const verdicts[] = {"supported", "refuted", "equivalent", "fragile",
                                           "inconclusive"};
    bool known = false;
    for (size_t i = 0; i < COUNT(verdicts); i++)
        known |= strcmp(rg_json_text(c, "verdict", ""), verdicts[i]) == 0;
    assert_true(known);
    char *text = json_dumps(c, 0);
    const char *sentence = rg_json_text(c, "sentence", "");
    if (strstr(sentence, "nan") || strstr(sentence, "inf ") || strstr(text, "(null)"))
        fail_msg("%s", text);
    free(text);
    bool decided = strcmp(rg_json_text(c, "verdict", ""), "inconclusive") != 0;
    assert_true(!decided || real(c, "n") >= 2);
    assert_true(!decided || isfinite(real(c, "p_corrected")) ||
                strcmp(rg_json_text(c, "verdict", ""), "supported") != 0);
}

static void anything_goes(void **state)
{
    (void)state;
    static const char *const text[] = {"full > plain", "full = plain", "full >= plain"};
    rg_rng rng = rg_rng_open(support_seed(), "anything");
    for (int round = 0; round < 3000; round++) {
        rows a = {0}, b = {0};
        messy_rows(&rng, 0, &a);
        messy_rows(&rng, 1, &b);
        rg_verdict_options o = with_margin(rg_rng_below(&rng, 2) ? 1.5 : NAN);
        o.maximize = rg_rng_below(&rng, 2);
        o.sets = rg_rng_below(&rng, 2) ? o.sets : NULL;
        rg_scores arms[] = {scores_of("full", &a), scores_of("plain", &b)};
        arms[0].unpaired = rg_rng_below(&rng, 8) == 0;
        rg_claim claims[3];
        for (int k = RG_BETTER; k <= RG_NOT_WORSE; k++)
            claims[k] = (rg_claim){text[k], 0, 1, (rg_relation)k};
        json_t *list = rg_verdicts(arms, 2, claims, 3, &o);
        for (size_t k = 0; k < 3; k++)
            assert_sound(json_array_get(list, k));
        json_decref(list);
    }
}

/* Without an effect hardly anything is found: whole verdicts, each situation, normal scores and
 * such of which one in twelve collapses.  Folds share .25 of their noise, as n_test / n_train.
 */
static double without_effect(int layout, bool collapse, rg_rng *rng)
{
    rows a = {0}, b = {0};
    uint32_t sets = layout == 3 ? 3 : layout == 4 ? 7 : 1, folds = layout == 2 ? 5 : 1;
    uint64_t seeds = layout == 2 ? 1 : 6;
    double shared[2] = {.5 * rg_rng_normal(rng), .5 * rg_rng_normal(rng)};
    for (uint32_t set = 0; set < sets; set++)
        for (uint64_t i = 0; i < seeds; i++)
            for (uint32_t fold = 0; fold < folds; fold++)
                for (int arm = 0; arm < 2; arm++) {
                    double score = rg_rng_normal(rng) + (layout == 2 ? shared[arm] : 0);
                    if (collapse && layout != 2 && rg_rng_below(rng, 12) == 0)
                        score -= 20;
                    add(arm ? &b : &a, set, i + (arm && layout == 1 ? 100 : 0), fold, score);
                }
    rg_scores arms[] = {scores_of("full", &a), scores_of("plain", &b)};
    rg_claim claim = {"full > plain", 0, 1, RG_BETTER};
    json_t *list = rg_verdicts(arms, 2, &claim, 1, &usual);
    const char *verdict = rg_json_text(json_array_get(list, 0), "verdict", "");
    bool found = strcmp(verdict, "supported") == 0 || strcmp(verdict, "refuted") == 0;
    json_decref(list);
    return found;
}

static void errors_are_rare(void **state)
{
    (void)state;
    enum { STUDIES = 250 };
    rg_rng rng = rg_rng_open(support_seed(), "errors");
    for (int layout = 0; layout < LAYOUTS; layout++)
        for (int collapse = 0; collapse < 2; collapse++) {
            double found = 0;
            for (int i = 0; i < STUDIES; i++)
                found += without_effect(layout, collapse, &rng) / STUDIES;
            print_message("  layout %d%s: %.3f\n", layout, collapse ? ", collapsing" : "",
                          found);
            assert_true(found <= .06 + 3 * sqrt(.06 * .94 / STUDIES));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(swapped_arms),
        cmocka_unit_test(shuffled_rows),
        cmocka_unit_test(anything_goes),
        cmocka_unit_test(errors_are_rare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
