/* test_verdict.c - verdicts: each rule, each degenerate case, the words, and the error rates.
 */
#include "rigor/stats.h"
#include "rigor/study.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint64_t seeds[] = {11, 12, 13, 14, 15, 16, 17, 18,
                                 19, 20, 21, 22, 23, 24, 25, 26};

static rg_scores arm(const char *name, const double *value, size_t n)
{
    return (rg_scores){.arm = name, .count = n, .seed = seeds, .value = value, .failed = NULL};
}

static const rg_verdict_options usual = {
    .metric = "accuracy", .maximize = true, .analysis = {.05, NAN, RG_HOLM}};

static rg_verdict_options with_margin(double margin)
{
    rg_verdict_options o = usual;
    o.analysis.margin = margin;
    return o;
}

/* The only claim between two arms with the given scores. */
static json_t *judge(const double *a, const double *b, size_t n, rg_relation relation,
                     const rg_verdict_options *options)
{
    static const char *const text[] = {"full > plain", "full = plain", "full >= plain"};
    rg_scores arms[] = {arm("full", a, n), arm("plain", b, n)};
    rg_claim claim = {text[relation], 0, 1, relation};
    json_t *list = rg_verdicts(arms, 2, &claim, 1, options);
    assert_int_equal(json_array_size(list), 1);
    json_t *only = json_incref(json_array_get(list, 0));
    json_decref(list);
    print_message("  %s\n", rg_json_text(only, "sentence", "(none)"));
    const json_t *notes = json_object_get(only, "notes");
    for (size_t i = 0; i < json_array_size(notes); i++)
        print_message("    - %s\n", json_string_value(json_array_get(notes, i)));
    return only;
}

static double real(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!value)
        fail_msg("no key %s", key);
    return rg_json_number(value, NAN);
}

static void assert_verdict(const json_t *claim, const char *verdict)
{
    assert_string_equal(rg_json_text(claim, "verdict", ""), verdict);
}

static void assert_says(const json_t *claim, const char *part)
{
    const char *sentence = rg_json_text(claim, "sentence", "");
    if (strstr(sentence, part))
        return;
    const json_t *notes = json_object_get(claim, "notes");
    for (size_t i = 0; i < json_array_size(notes); i++) {
        if (strstr(json_string_value(json_array_get(notes, i)), part))
            return;
    }
    fail_msg("\"%s\" is neither in the notes nor in: %s", part, sentence);
}

static const double plain[] = {.940, .951, .944, .948, .939, .952, .945, .943};
static const double good[] = {.958, .963, .961, .959, .955, .966, .958, .960};
static const double noisy[] = {.951, .938, .950, .941, .949, .950, .941, .951};
static const double near[] = {.9405, .9506, .9441, .9483, .9388, .9522, .9449, .9434};

/* Every key of docs/json.md, and the numbers behind them. */
static void supported(void **state)
{
    (void)state;
    json_t *c = judge(good, plain, 8, RG_BETTER, &usual);
    static const char *const keys[] = {
        "claim",          "a",          "b",           "relation",   "verdict",
        "meaningful",     "estimate",   "interval",    "p",          "p_corrected",
        "p_signflip",     "p_wilcoxon", "effect_size", "p_superior", "p_superior_interval",
        "hodges_lehmann", "tost_p",     "n",           "mde",        "seeds_needed",
        "differences",    "sentence",   "notes",       "methods",    "situation"};
    for (size_t i = 0; i < COUNT(keys); i++) {
        if (!json_object_get(c, keys[i]))
            fail_msg("no key %s", keys[i]);
    }
    assert_int_equal(json_object_size(c), COUNT(keys));
    assert_verdict(c, "supported");
    assert_true(json_is_true(json_object_get(c, "meaningful")));
    double d[8];
    rg_differences(good, plain, 8, d);
    rg_t_result t = rg_t_test(d, 8, 0, .05);
    assert_close(real(c, "estimate"), t.mean, 1e-15);
    assert_close(real(c, "p"), t.p, 1e-15);
    assert_close(real(c, "p_corrected"), t.p, 1e-15);
    assert_close(real(c, "p_signflip"), .0078125, 0);
    assert_close(real(c, "p_wilcoxon"), .0078125, 1e-15);
    assert_close(real(c, "effect_size"), t.mean / t.sd, 1e-12);
    assert_close(real(c, "mde"), rg_detectable_effect(8, .05) * t.sd, 1e-12);
    assert_close(real(c, "p_superior"), 1, 0);
    assert_close(json_real_value(json_array_get(json_object_get(c, "interval"), 0)), t.lo,
                 1e-15);
    assert_true(json_is_null(json_object_get(c, "tost_p")));
    assert_true(json_is_null(json_object_get(c, "seeds_needed")));
    assert_int_equal(json_array_size(json_object_get(c, "differences")), 8);
    assert_says(c, "full is better than plain: accuracy is higher by 0.0");
    assert_says(c, "8 of 8 seeds");
    json_decref(c);
}

static void refuted_and_direction(void **state)
{
    (void)state;
    json_t *c = judge(plain, good, 8, RG_BETTER, &usual);
    assert_verdict(c, "refuted");
    assert_true(json_is_false(json_object_get(c, "meaningful")));
    assert_says(c, "accuracy is lower by 0.0");
    json_decref(c);
    rg_verdict_options loss = usual;
    loss.maximize = false;
    loss.metric = "nll";
    c = judge(plain, good, 8, RG_BETTER, &loss);
    assert_verdict(c, "supported");
    assert_true(real(c, "estimate") < 0);
    assert_close(real(c, "p_superior"), 1, 0);
    assert_says(c, "full is better than plain: nll is lower by 0.0");
    char words[96];
    double d[8];
    rg_differences(plain, good, 8, d);
    rg_t_result t = rg_t_test(d, 8, 0, .05);
    snprintf(words, sizeof(words), "(95 %% interval of the difference %.4f to %.4f; ", t.lo,
             t.hi);
    assert_true(t.hi < 0); /* as in tables: A - B as it was measured */
    assert_says(c, words);
    json_decref(c);
}

static void inconclusive(void **state)
{
    (void)state;
    json_t *c = judge(noisy, plain, 8, RG_BETTER, &usual);
    assert_verdict(c, "inconclusive");
    assert_true(real(c, "seeds_needed") > 8);
    assert_says(c, "Not settled whether full is better than plain");
    assert_says(c, "With 8 seeds only a difference of about");
    json_decref(c);
}

static void equivalent(void **state)
{
    (void)state;
    rg_verdict_options o = with_margin(.005);
    json_t *c = judge(near, plain, 8, RG_BETTER, &o);
    assert_verdict(c, "equivalent");
    assert_true(real(c, "tost_p") < .05);
    json_decref(c);
    c = judge(near, plain, 8, RG_EQUAL, &o);
    assert_verdict(c, "equivalent");
    assert_close(real(c, "p"), real(c, "tost_p"), 1e-12);
    assert_says(c, "equivalent within the margin of 0.005");
    json_decref(c);
    c = judge(good, plain, 8, RG_EQUAL, &o);
    assert_verdict(c, "refuted");
    assert_says(c, "differ by more than the margin of 0.005");
    json_decref(c);
    c = judge(noisy, plain, 8, RG_EQUAL, &o);
    assert_verdict(c, "inconclusive");
    json_decref(c);
}

static void not_worse(void **state)
{
    (void)state;
    rg_verdict_options o = with_margin(.005), loss = o;
    loss.maximize = false;
    json_t *c = judge(near, plain, 8, RG_NOT_WORSE, &o);
    assert_verdict(c, "supported");
    assert_says(c, "not worse than plain by more than the margin of 0.005");
    double d[8];
    rg_differences(near, plain, 8, d);
    assert_close(real(c, "p"), rg_t_test(d, 8, -.005, .05).p_greater, 1e-12);
    json_decref(c);
    c = judge(plain, good, 8, RG_NOT_WORSE, &o);
    assert_verdict(c, "refuted");
    json_decref(c);
    c = judge(plain, good, 8, RG_NOT_WORSE, &loss);
    assert_verdict(c, "supported");
    json_decref(c);
    o.analysis.margin = .003;
    c = judge(noisy, plain, 8, RG_NOT_WORSE, &o);
    assert_verdict(c, "inconclusive");
    json_decref(c);
    c = judge(near, plain, 8, RG_NOT_WORSE, &usual);
    assert_verdict(c, "inconclusive");
    assert_says(c, "cannot be judged without a margin");
    json_decref(c);
}

/* The t test rejects, the exact tests do not: two seeds go the other way. */
static void fragile(void **state)
{
    (void)state;
    static const double zero[8] = {0};
    static const double d[] = {-.004, -.001, .017, .014, .001, .018, .013, .014};
    /* leaving out each seed in turn, by hand: the named one leaves the largest p */
    double worst = 0;
    size_t hinge = 0;
    for (size_t i = 0; i < 8; i++) {
        double rest[7];
        for (size_t k = 0, m = 0; k < 8; k++) {
            if (k != i)
                rest[m++] = d[k];
        }
        double p = rg_t_test(rest, 7, 0, .05).p;
        hinge = p > worst ? i : hinge;
        worst = fmax(worst, p);
    }
    char expected[32];
    snprintf(expected, sizeof(expected), "Look at seed %d:", (int)seeds[hinge]);
    json_t *c = judge(d, zero, 8, RG_BETTER, &usual);
    assert_verdict(c, "fragile");
    assert_true(real(c, "p") < .05);
    assert_close(real(c, "p_signflip"), .0546875, 0);
    assert_says(c, expected);
    json_decref(c);
    rg_verdict_options o = with_margin(.005);
    c = judge(noisy, plain, 8, RG_NOT_WORSE, &o);
    assert_verdict(c, "fragile");
    json_decref(c);
}

/* At n = 5 no exact test can reject; that alone is no fragility. */
static void five_seeds(void **state)
{
    (void)state;
    json_t *c = judge(good, plain, 5, RG_BETTER, &usual);
    assert_verdict(c, "supported");
    assert_close(real(c, "p_signflip"), .0625, 0);
    assert_says(c, "With 5 seeds the exact tests cannot come below p = 0.062");
    json_decref(c);
    c = judge(good, plain, 6, RG_BETTER, &usual);
    assert_verdict(c, "supported");
    json_decref(c);
}

static void too_few(void **state)
{
    (void)state;
    json_t *c = judge(good, plain, 0, RG_BETTER, &usual);
    assert_verdict(c, "inconclusive");
    assert_true(json_is_null(json_object_get(c, "estimate")));
    assert_says(c, "no seed in common");
    json_decref(c);
    c = judge(good, plain, 1, RG_BETTER, &usual);
    assert_verdict(c, "inconclusive");
    assert_close(real(c, "estimate"), .018, 1e-12);
    assert_true(json_is_null(json_object_get(c, "p")));
    assert_true(json_is_null(json_object_get(c, "p_corrected")));
    assert_true(json_is_null(json_object_get(c, "mde")));
    assert_true(json_is_null(json_object_get(c, "interval")));
    assert_says(c, "one seed cannot tell a difference from luck");
    assert_close(real(c, "p_superior"), 1, 0); /* and still: */
    assert_true(json_is_false(json_object_get(c, "meaningful")));
    json_decref(c);
    c = judge(good, plain, 3, RG_BETTER, &usual);
    assert_says(c, "Exploratory, whatever the verdict: it rests on 3 seeds, fewer than 5");
    assert_true(json_is_true(json_object_get(c, "few")));
    json_decref(c);
}

/* Equal differences leave the t test nothing to compare with: the exact test decides. */
static void constant_difference(void **state)
{
    (void)state;
    double a[8], same[8];
    for (size_t i = 0; i < 8; i++) {
        a[i] = plain[i] + .01;
        same[i] = plain[i];
    }
    rg_verdict_options o = with_margin(.005);
    json_t *c = judge(a, plain, 8, RG_BETTER, &usual);
    assert_verdict(c, "supported");
    assert_true(json_is_null(json_object_get(c, "p")));
    assert_close(real(c, "p_corrected"), .0078125, 1e-15);
    assert_close(real(c, "estimate"), .01, 1e-12);
    assert_says(c, "the same with every seed");
    json_decref(c);
    c = judge(a, plain, 5, RG_BETTER, &usual);
    assert_verdict(c, "inconclusive");
    assert_says(c, "with 5 seeds no exact test can settle it");
    json_decref(c);
    c = judge(same, plain, 8, RG_BETTER, &usual);
    assert_verdict(c, "inconclusive");
    assert_says(c, "score the same with each of the 8 seeds");
    json_decref(c);
    c = judge(same, plain, 8, RG_BETTER, &o);
    assert_verdict(c, "equivalent");
    json_decref(c);
    c = judge(same, plain, 8, RG_EQUAL, &o);
    assert_verdict(c, "equivalent");
    json_decref(c);
    c = judge(a, plain, 8, RG_EQUAL, &o);
    assert_verdict(c, "refuted");
    json_decref(c);
}

/* Distances from the margin that are equal are ties whatever their last bits say: ranks 1.5,
 * 1.5, 3, 4, 5, 6 with one of the smallest against, which 3 of 64 sign vectors reach. */
static void ties_about_the_margin(void **state)
{
    (void)state;
    const double a[] = {-.001, -.009, .002, .003, .004, 0}; /* -.005 +- .004, then others */
    const double b[] = {0, 0, 0, 0, 0, NAN};
    rg_verdict_options o = with_margin(.005);
    json_t *c = judge(a, b, 6, RG_NOT_WORSE, &o);
    assert_close(real(c, "p_corrected"), 3. / 64, 1e-15);
    json_decref(c);
}

/* A failed run without a finite worst value is worse than any score: ranks decide. */
static void failed_without_a_value(void **state)
{
    (void)state;
    double b[8];
    memcpy(b, plain, sizeof(b));
    b[3] = NAN;
    json_t *c = judge(good, b, 8, RG_BETTER, &usual);
    assert_verdict(c, "supported");
    assert_true(json_is_null(json_object_get(c, "p")));
    assert_true(json_is_null(json_object_get(c, "estimate")));
    assert_true(json_is_null(json_object_get(c, "p_signflip")));
    assert_close(real(c, "p_wilcoxon"), .0078125, 1e-15);
    assert_close(real(c, "p_superior"), 1, 0);
    assert_says(c, "1 run of plain failed (seed 14) and counts as worse than any score");
    assert_says(c, "full is the better one with 8 of 8 seeds");
    json_decref(c);
    for (size_t i = 0; i < 4; i++)
        b[i] = i % 2 ? NAN : INFINITY; /* whatever is not finite has failed */
    c = judge(b, good, 8, RG_BETTER, &usual);
    assert_verdict(c, "refuted");
    assert_says(c, "4 runs of full failed (seed 11, 12, 13, 14)");
    json_decref(c);
    c = judge(b, b, 8, RG_BETTER, &usual);
    assert_verdict(c, "inconclusive");
    json_decref(c);
}

/* With a finite worst value the mean is pulled down, and the t test stays. */
static void failed_with_a_value(void **state)
{
    (void)state;
    double b[8];
    bool failed[8] = {false};
    memcpy(b, plain, sizeof(b));
    b[3] = 0;
    failed[3] = true;
    rg_scores arms[] = {arm("full", good, 8), arm("plain", b, 8)};
    arms[1].failed = failed;
    rg_claim claim = {"full > plain", 0, 1, RG_BETTER};
    json_t *list = rg_verdicts(arms, 2, &claim, 1, &usual), *c = json_array_get(list, 0);
    assert_true(real(c, "p") > .05);
    assert_says(c, "1 run of plain failed (seed 14) and counts as the worst value");
    json_decref(list);
}

static void pairs_by_seed(void **state)
{
    (void)state;
    static const uint64_t other[] = {18, 17, 3, 16, 15, 14, 13, 99, 12};
    static const double value[] = {.943, .945, .1, .952, .939, .948, .944, .2, .951};
    rg_scores arms[] = {arm("full", good, 8), arm("plain", value, 9)};
    arms[1].seed = other;
    rg_claim claim = {"full > plain", 0, 1, RG_BETTER};
    json_t *list = rg_verdicts(arms, 2, &claim, 1, &usual), *c = json_array_get(list, 0);
    assert_int_equal(real(c, "n"), 7);
    const json_t *rows = json_object_get(c, "differences");
    for (size_t i = 0; i < 7; i++) {
        const json_t *row = json_array_get(rows, i);
        assert_int_equal(real(row, "seed"), seeds[i + 1]);
        assert_close(real(row, "b"), plain[i + 1], 0);
        assert_close(real(row, "difference"), good[i + 1] - plain[i + 1], 1e-12);
    }
    assert_says(c, "Left out for want of a partner with the same seed: 1 of full, 2 of plain.");
    json_decref(list);
}

/* Three claims: Holm over them. */
static void corrected(void **state)
{
    (void)state;
    static const double slightly[] = {.944, .953, .950, .949, .947, .953, .946, .951};
    rg_scores arms[] = {arm("full", good, 8), arm("plain", plain, 8), arm("noisy", noisy, 8),
                        arm("slight", slightly, 8)};
    rg_claim claims[] = {{"full > plain", 0, 1, RG_BETTER},
                         {"noisy > plain", 2, 1, RG_BETTER},
                         {"slight > noisy", 3, 2, RG_BETTER}};
    rg_verdict_options o = usual;
    double raw[3], expected[3];
    json_t *list = rg_verdicts(arms, 4, claims, 3, &o);
    for (size_t i = 0; i < 3; i++)
        raw[i] = real(json_array_get(list, i), "p");
    rg_adjust(RG_ADJUST_HOLM, raw, 3, expected);
    for (size_t i = 0; i < 3; i++)
        assert_close(real(json_array_get(list, i), "p_corrected"), expected[i], 1e-15);
    assert_says(json_array_get(list, 0), "after Holm's correction over 3 claims");
    json_decref(list);
    o.analysis.correction = RG_NO_CORRECTION;
    list = rg_verdicts(arms, 4, claims, 3, &o);
    for (size_t i = 0; i < 3; i++)
        assert_close(real(json_array_get(list, i), "p_corrected"), raw[i], 0);
    json_decref(list);
    list = rg_verdicts(arms, 4, claims, 0, &o);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

/* What would do alone but not among others says so. */
static void lost_by_correction(void **state)
{
    (void)state;
    static const double zero[8] = {0};
    static const double d[] = {.031, .022, .027, -.012, .018, .024, -.009, .021};
    rg_scores arms[] = {arm("full", d, 8), arm("plain", zero, 8), arm("noisy", noisy, 8)};
    rg_claim claims[] = {{"full > plain", 0, 1, RG_BETTER},
                         {"full > noisy", 0, 2, RG_BETTER},
                         {"plain > noisy", 1, 2, RG_BETTER},
                         {"noisy = plain", 2, 1, RG_EQUAL}};
    for (size_t n = 1; n <= 4; n += 3) {
        rg_verdict_options o = with_margin(1);
        o.analysis.correction = RG_BONFERRONI;
        json_t *list = rg_verdicts(arms, 3, claims, n, &o), *c = json_array_get(list, 0);
        assert_verdict(c, n == 1 ? "supported" : "equivalent");
        json_decref(list);
        o.analysis.margin = NAN;
        list = rg_verdicts(arms, 3, claims, n, &o);
        c = json_array_get(list, 0);
        assert_verdict(c, n == 1 ? "supported" : "inconclusive");
        assert_says(c,
                    n == 1 ? "It hangs on seed" : "alone that would do (p = 0.034), among 4");
        json_decref(list);
    }
}

/* Exploratory claims are a family of their own, whichever way their number grows, and every
 * line of them says what they are. */
static void explored(void **state)
{
    (void)state;
    static const double slightly[] = {.944, .953, .950, .949, .947, .953, .946, .951};
    rg_scores arms[] = {arm("full", good, 8), arm("plain", plain, 8), arm("noisy", noisy, 8),
                        arm("slight", slightly, 8)};
    rg_claim claims[] = {{"full > plain", 0, 1, RG_BETTER},
                         {"slight > plain", 3, 1, RG_BETTER},
                         {"noisy > plain (exploratory)", 2, 1, RG_BETTER},
                         {"full > noisy (exploratory)", 0, 2, RG_BETTER},
                         {"slight > noisy (exploratory)", 3, 2, RG_BETTER}};
    rg_verdict_options o = usual;
    o.n_explored = 3;
    json_t *list = rg_verdicts(arms, 4, claims, 5, &o);
    json_t *declared = rg_verdicts(arms, 4, claims, 2, &usual);
    double raw[3], expected[3];
    for (size_t i = 0; i < 2; i++)
        assert_true(json_equal(json_array_get(list, i), json_array_get(declared, i)));
    for (size_t i = 0; i < 3; i++)
        raw[i] = real(json_array_get(list, 2 + i), "p");
    rg_adjust(RG_ADJUST_BENJAMINI_HOCHBERG, raw, 3, expected);
    for (size_t i = 0; i < 3; i++) {
        const json_t *c = json_array_get(list, 2 + i);
        assert_close(real(c, "p_corrected"), expected[i], 1e-15);
        assert_true(json_is_true(json_object_get(c, "exploratory")));
        assert_memory_equal(rg_json_text(c, "sentence", ""), "Exploratory: ", 13);
    }
    assert_says(json_array_get(list, 3),
                "after Benjamini and Hochberg's correction over 3 claims");
    assert_null(json_object_get(json_array_get(list, 0), "exploratory"));
    json_decref(list);
    json_decref(declared);
}

static void summaries(void **state)
{
    (void)state;
    json_t *s = rg_summary_json(plain, 8, .05);
    rg_t_result t = rg_t_test(plain, 8, 0, .05);
    assert_close(real(s, "mean"), t.mean, 0);
    assert_close(real(s, "sd"), t.sd, 0);
    assert_int_equal(real(s, "n"), 8);
    assert_close(json_real_value(json_array_get(json_object_get(s, "interval"), 1)), t.hi, 0);
    assert_int_equal(json_array_size(json_object_get(s, "values")), 8);
    json_decref(s);
    s = rg_summary_json(plain, 1, .05);
    assert_true(json_is_null(json_object_get(s, "interval")));
    assert_true(json_is_null(json_object_get(s, "sd")));
    json_decref(s);
    static const double lost[] = {1, NAN, 2};
    s = rg_summary_json(lost, 3, .05);
    assert_true(json_is_null(json_object_get(s, "mean")));
    assert_true(json_is_null(json_object_get(s, "sd")));
    assert_true(json_is_null(json_array_get(json_object_get(s, "values"), 1)));
    json_decref(s);
}

static void claims_are_read(void **state)
{
    (void)state;
    static const char *const arms[] = {"full",    "no-dropout", "lr=0.1",
                                       "lr=0.01", "a >= b",     "a"};
    static const struct {
        const char *text;
        size_t a, b;
        rg_relation relation;
    } fine[] = {
        {"full > no-dropout", 0, 1, RG_BETTER},
        {"full>no-dropout", 0, 1, RG_BETTER},
        {"  full >= no-dropout ", 0, 1, RG_NOT_WORSE},
        {"full=no-dropout", 0, 1, RG_EQUAL},
        {"lr=0.1 = lr=0.01", 2, 3, RG_EQUAL},
        {"lr=0.1>lr=0.01", 2, 3, RG_BETTER},
        {"a >= b > a", 4, 5, RG_BETTER},
        {"a > full", 5, 0, RG_BETTER},
    };
    rg_arena *arena = rg_arena_new();
    for (size_t i = 0; i < COUNT(fine); i++) {
        rg_claim c;
        rg_err err = {0};
        if (!rg_claim_parse(fine[i].text, arms, COUNT(arms), arena, &c, &err))
            fail_msg("%s: %s", fine[i].text, err.what);
        assert_int_equal(c.a, fine[i].a);
        assert_int_equal(c.b, fine[i].b);
        assert_int_equal(c.relation, fine[i].relation);
    }
    rg_arena_free(arena);
}

static void claims_are_refused(void **state)
{
    (void)state;
    static const char *const arms[] = {"full", "no-dropout", "lr=0.1"};
    static const struct {
        const char *text, *what, *remedy;
    } bad[] = {
        {"full", "has no relation", "write"},
        {"", "has no relation", "write"},
        {"full < no-dropout", "'<'", "B > A"},
        {"full > no-dropuot", "\"no-dropuot\"", "did you mean \"no-dropout\""},
        {"ful > no-dropout", "\"ful\"", "did you mean \"full\""},
        {"something > full", "\"something\"", "arms are: full, no-dropout"},
        {"full >", "lacks an arm", "arms are"},
        {"> full", "lacks an arm", "arms are"},
        {"full > full", "with itself", "different"},
    };
    rg_arena *arena = rg_arena_new();
    for (size_t i = 0; i < COUNT(bad); i++) {
        rg_claim c = {"untouched", 7, 7, RG_EQUAL};
        rg_err err = {0};
        assert_false(rg_claim_parse(bad[i].text, arms, COUNT(arms), arena, &c, &err));
        assert_int_equal(err.code, RG_INPUT);
        if (!strstr(err.what, bad[i].what) || !strstr(err.remedy, bad[i].remedy))
            fail_msg("%s: \"%s\" -> \"%s\"", bad[i].text, err.what, err.remedy);
        assert_int_equal(c.a, 7);
    }
    rg_arena_free(arena);
}

/* What failed everywhere is not equal, whatever the metric's worst value and the claim are. */
static void all_runs_failed(void **state)
{
    (void)state;
    static const double worst[8] = {0}, none[8] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    static const double lone[8] = {[7] = .9};
    static const bool failed[8] = {true, true, true, true, true, true, true, true};
    static const bool but_one[8] = {true, true, true, true, true, true, true, false};
    const struct {
        const double *value;
        const bool *failed;
        const char *says;
    } cases[] = {{worst, failed, "every run of full and of plain failed"},
                 {none, failed, "every run of full and of plain failed"},
                 {lone, but_one, "both failed with all seeds but one"}};
    static const char *const text[] = {"full > plain", "full = plain", "full >= plain"};
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int relation = RG_BETTER; relation <= RG_NOT_WORSE; relation++)
            for (int margin = 0; margin < 2; margin++) {
                rg_verdict_options o = with_margin(margin ? .01 : NAN);
                rg_scores arms[] = {arm("full", cases[i].value, 8),
                                    arm("plain", cases[i].value, 8)};
                arms[0].failed = arms[1].failed = cases[i].failed;
                rg_claim claim = {text[relation], 0, 1, (rg_relation)relation};
                json_t *list = rg_verdicts(arms, 2, &claim, 1, &o);
                const json_t *only = json_array_get(list, 0);
                assert_verdict(only, "inconclusive");
                assert_says(only, cases[i].says);
                assert_says(only, "least of all equality: both arms failed with seed 11, 12");
                assert_true(json_is_null(json_object_get(only, "p_corrected")));
                assert_true(json_is_null(json_object_get(only, "tost_p")));
                json_decref(list);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(supported),
        cmocka_unit_test(refuted_and_direction),
        cmocka_unit_test(inconclusive),
        cmocka_unit_test(equivalent),
        cmocka_unit_test(not_worse),
        cmocka_unit_test(fragile),
        cmocka_unit_test(five_seeds),
        cmocka_unit_test(too_few),
        cmocka_unit_test(constant_difference),
        cmocka_unit_test(ties_about_the_margin),
        cmocka_unit_test(failed_without_a_value),
        cmocka_unit_test(failed_with_a_value),
        cmocka_unit_test(pairs_by_seed),
        cmocka_unit_test(corrected),
        cmocka_unit_test(lost_by_correction),
        cmocka_unit_test(summaries),
        cmocka_unit_test(claims_are_read),
        cmocka_unit_test(claims_are_refused),
        cmocka_unit_test(all_runs_failed),
        cmocka_unit_test(explored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
