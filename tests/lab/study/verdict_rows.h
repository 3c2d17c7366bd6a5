/* verdict_rows.h - results row by row, judged: what the tests of the situations share. */
#ifndef RIGOR_TESTS_LAB_STUDY_VERDICT_ROWS_H
#define RIGOR_TESTS_LAB_STUDY_VERDICT_ROWS_H

#include "rigor/groups.h"
#include "rigor/stats.h"
#include "rigor/study.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
enum { MOST = 256 };

/* ---- Results, row by row */

typedef struct rows {
    size_t n;
    uint64_t seed[MOST];
    uint32_t set[MOST], fold[MOST];
    double value[MOST];
    bool failed[MOST];
} rows;

static inline void add(rows *r, uint32_t set, uint64_t seed, uint32_t fold, double value)
{
    assert_true(r->n < MOST);
    r->set[r->n] = set;
    r->seed[r->n] = seed;
    r->fold[r->n] = fold;
    r->failed[r->n] = isnan(value);
    r->value[r->n++] = value;
}

static inline void add_list(rows *r, uint32_t set, uint64_t first_seed, const double *value,
                            size_t n)
{
    for (size_t i = 0; i < n; i++)
        add(r, set, first_seed + i, 0, value[i]);
}

static const char *const set_names[] = {"iris",  "wine", "lung",  "voting",
                                        "liver", "cmc",  "adult", "glass"};

static const rg_verdict_options usual = {.metric = "accuracy",
                                         .maximize = true,
                                         .analysis = {.05, NAN, RG_HOLM},
                                         .sets = set_names,
                                         .n_sets = COUNT(set_names),
                                         .test_over_train = NAN};

static inline rg_verdict_options with_margin(double margin)
{
    rg_verdict_options o = usual;
    o.analysis.margin = margin;
    return o;
}

static inline rg_scores scores_of(const char *name, const rows *r)
{
    rg_scores s = {.arm = name,
                   .count = r->n,
                   .seed = r->seed,
                   .value = r->value,
                   .failed = r->failed,
                   .set = r->set};
    for (size_t i = 0; i < r->n; i++)
        s.fold = r->fold[i] ? r->fold : s.fold;
    return s;
}

static inline json_t *judge(const rows *a, const rows *b, rg_relation relation,
                            const rg_verdict_options *options)
{
    static const char *const text[] = {"full > plain", "full = plain", "full >= plain"};
    rg_scores arms[] = {scores_of("full", a), scores_of("plain", b)};
    rg_claim claim = {text[relation], 0, 1, relation};
    json_t *list = rg_verdicts(arms, 2, &claim, 1, options);
    json_t *only = json_incref(json_array_get(list, 0));
    json_decref(list);
    const char *sentence = rg_json_text(only, "sentence", "(none)");
    print_message("  %s\n", sentence);
    if (strstr(sentence, "nan") || strstr(sentence, "(null)"))
        fail_msg("a number that does not exist is told");
    const json_t *notes = json_object_get(only, "notes");
    for (size_t i = 0; i < json_array_size(notes); i++)
        print_message("    - %s\n", json_string_value(json_array_get(notes, i)));
    return only;
}

static inline double real(const json_t *object, const char *key)
{
    const json_t *value = rg_json_path(object, key);
    if (!value)
        fail_msg("no key %s", key);
    return rg_json_number(value, NAN);
}

static inline double bound(const json_t *object, size_t which)
{
    return rg_json_number(json_array_get(json_object_get(object, "interval"), which), NAN);
}

static inline void assert_text(const json_t *claim, const char *key, const char *expected)
{
    const json_t *value = rg_json_path(claim, key);
    assert_string_equal(json_is_string(value) ? json_string_value(value) : "(none)", expected);
}

static inline bool says(const json_t *claim, const char *part)
{
    bool found = strstr(rg_json_text(claim, "sentence", ""), part);
    const json_t *notes = json_object_get(claim, "notes");
    for (size_t i = 0; i < json_array_size(notes); i++)
        found |= strstr(json_string_value(json_array_get(notes, i)), part) != NULL;
    return found;
}

static inline void assert_says(const json_t *claim, const char *part)
{
    if (!says(claim, part))
        fail_msg("\"%s\" is neither in the notes nor in: %s", part,
                 rg_json_text(claim, "sentence", ""));
}

/* ---- Scores: Student's sleep data, two lists of ten folds */

static const double drug_1[] = {.7, -1.6, -.2, -1.2, -.1, 3.4, 3.7, .8, 0, 2};
static const double drug_2[] = {1.9, .8, 1.1, .1, -.1, 4.4, 5.5, 1.6, 4.6, 3.4};

static const double fold_a[] = {.83, .85, .81, .88, .84, .86, .80, .87, .85, .84};
static const double fold_b[] = {.80, .84, .80, .84, .83, .83, .79, .83, .84, .82};

static inline void add_folds(rows *r, uint32_t set, uint64_t seed, const double *value,
                             double plus)
{
    for (uint32_t k = 0; k < 10; k++)
        add(r, set, seed, k, value[k] + plus);
}

#endif
