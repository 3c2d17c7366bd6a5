/* verdict.h - what is known about one claim, shared by the files that find it out, judge it and
 * say it.
 *
 * A verdict is made in five steps, each a file or a few:
 *
 *   verdict_arrange.c       the scores of both arms become pairs, runs and blocks (data sets)
 *   verdict_<situation>.c   a procedure for each situation: what is tested, what stands beside
 *   verdict_evidence.c      the hypotheses, each with its p; power; the weakest point
 *   verdict.c               correction over the family of claims, and the rules that judge
 *   verdict_words.c, verdict_notes.c, verdict_json.c   the sentence, the notes, the data
 *
 * Only the second step knows the situation: a new one is a file with one rg_situation and a
 * line in the table of verdict_evidence.c.
 *
 * Failed runs.  A run that failed counts as the metric's worst value, or, where that is not
 * finite, as worse than any score (means do not exist then; ranks decide).  A pair in which
 * both runs failed shows nothing, least of all that the arms are equal: it is left out of every
 * test and listed in the notes.  (Counted as a difference of 0 it would shrink the spread, and
 * arms that crash together would end up "equivalent".)  Runs without partners cannot be left
 * out in twos without spoiling the level; there, failures in both arms bar every verdict of
 * equality or of no loss. */
#ifndef RIGOR_LAB_STUDY_VERDICT_H
#define RIGOR_LAB_STUDY_VERDICT_H

#include "rigor/stats.h"
#include "rigor/study.h"

/* What can be rejected about a claim, each by a p of its own. */
typedef enum rg_case {
    RG_CASE_FOR,     /* the claim holds */
    RG_CASE_AGAINST, /* the contrary holds; for '>' the same two-sided p, in B's direction */
    RG_CASE_EQUAL,   /* inside the margin ('>' alone; '=' has it as its FOR) */
    RG_CASES
} rg_case;

/* Of "the difference is above the null", of "it is below", and of "it is one of the two". */
typedef struct rg_sides {
    double above, below, both;
} rg_sides;

/* ---- The scores, arranged */

typedef struct rg_run_name {
    uint32_t set, fold;
    uint64_t seed;
} rg_run_name;
typedef struct rg_run_names {
    rg_run_name *at;
    size_t n;
} rg_run_names;

typedef struct rg_pairs { /* those in which at least one run did not fail; ordered by set */
    size_t n;
    rg_run_name *run;
    double *a, *b;      /* scores as given; NaN: failed, without a finite worst value */
    double *difference; /* a - b, in the metric's units */
    double *better;     /* the same with the sign that is positive where A is better; infinite
                           where one side failed without a value */
} rg_pairs;

typedef struct rg_runs { /* of one arm, with or without a partner; ordered by set */
    size_t n;
    rg_run_name *run;
    double *value;  /* as given; NaN: failed, without a finite worst value */
    double *better; /* the same with the sign for which higher is better; -inf for NaN */
} rg_runs;

typedef struct rg_block { /* both arms on one data set, or on all of them */
    uint32_t set;
    rg_pairs pairs;
    rg_runs a, b;
} rg_block;

typedef struct rg_arrangement {
    rg_block all;    /* of the blocks below, one behind the other */
    rg_block *block; /* the data sets on which the arms can be compared */
    size_t n_blocks;
    bool paired;                     /* pairs are filled in, otherwise runs */
    size_t folds;                    /* different ones of a cross-validation; 0: none */
    bool ranked;                     /* some score has no value: means do not exist, ranks do */
    rg_run_names failed_a, failed_b; /* those that count */
    rg_run_names lost;               /* pairs in which both failed */
    rg_run_names alone_a, alone_b;   /* without a partner, or on a set of one arm alone */
} rg_arrangement;

/* Partners agree in set, seed and fold.  When no run has one, or an arm says so (`unpaired`),
 * runs are listed instead.  Everything lies in the arena. */
rg_arrangement rg_arrange(const rg_scores *a, const rg_scores *b, bool maximize,
                          rg_arena *arena);
void rg_arrange_blocks(rg_arrangement *arrangement, rg_arena *arena); /* anew, from `all` */
rg_arrangement rg_without_pair(const rg_arrangement *arrangement, size_t i, rg_arena *arena);
rg_arrangement rg_without_run(const rg_arrangement *arrangement, bool of_b, size_t i,
                              rg_arena *arena);

/* ---- What a situation finds */

typedef enum rg_orientation {
    RG_AS_MEASURED, /* A - B in the metric's units */
    RG_AS_BETTER    /* positive where A is better */
} rg_orientation;

/* For power: a t test with standard error se and df degrees of freedom is one of n = df + 1
 * pairs whose differences have the standard deviation `spread` = se sqrt(n). */
typedef struct rg_precision {
    double n, spread;  /* NaN: power is not known */
    double have;       /* how many there are of what more is needed of: seeds, runs, sets */
    bool grows;        /* more of them help in proportion */
    bool counts_seeds; /* of each arm, on each data set */
} rg_precision;

/* The last question about power and its answer: most claims of a study ask the same. */
typedef struct rg_known_power {
    rg_power_plan plan;
    double n, power, effect;
} rg_known_power;

typedef struct rg_evidence rg_evidence;
typedef struct rg_situation rg_situation;

struct rg_evidence {
    const rg_verdict_options *options;
    const rg_claim *claim;
    const char *a, *b;     /* names of the arms */
    bool explored;         /* one of those that are exploratory: a family of its own */
    size_t n_claims;       /* of its family */
    double planned_alpha;  /* what a p must stay below whatever the other claims do */
    rg_known_power *known; /* of the claims before this one */
    rg_arrangement scores;
    const rg_situation *situation;
    const rg_situation *within; /* that of one block; the same where there is only one */
    rg_t_result t;              /* of A - B, as the situation tests it */
    rg_t_result narrow;         /* the same with the interval at 1 - 2 alpha */
    rg_t_result oriented;       /* positive where A is better */
    bool by_test;               /* the situation's test exists; otherwise ranks decide */
    bool identical;             /* every difference is 0 */
    rg_signflip_result signflip;
    rg_wilcoxon_result wilcoxon;
    rg_hodges_lehmann_result hodges_lehmann;
    rg_superiority superiority; /* n == 0: a probability that is no share of `units` */
    double p_permutation, p_mann_whitney, p_brunner_munzel; /* of runs without partners */
    double tost_p, effect_size, detectable;
    size_t units; /* how many seeds, folds, pairs, sets the verdict rests on */
    size_t n;     /* pairs, runs of both arms, or sets where these are the sample */
    rg_precision precision;
    double needed;  /* of what precision.have counts, to settle what is seen */
    rg_sides sides; /* against a difference of 0 */
    double p[RG_CASES], corrected[RG_CASES]; /* NaN: not to be had */
    double exact_p;         /* the larger p of the exact tests in the claim's direction */
    double smallest_exact;  /* the smallest that n allows; NaN: there are no exact tests */
    const char *hinge_name; /* the part without which p is largest; NULL: none was looked for */
    double hinge_p;
    struct {          /* of the situation "sequential" alone */
        double value; /* of the e-process against what has to be rejected */
        double threshold;
        double lo, hi; /* anytime-valid, of A - B */
    } anytime;
    const char *verdict;
};

/* A procedure.  Functions that say so may be NULL. */
struct rg_situation {
    const char *name;    /* "pairs": `situation` of docs/json.md */
    const char *decides; /* "t": `methods.decides` */
    bool one_set;        /* a procedure for one block */

    struct {                      /* in sentences */
        const char *test;         /* "the t test" */
        const char *estimate;     /* what the estimate is; NULL: the mean difference */
        const char *robust;       /* the tests of `exact`: "sign flips, Wilcoxon" */
        const char *unit, *units; /* "seed", "seeds": what `units` counts */
        const char *chance;       /* "seed": "the luck of the seed"; NULL: units are not luck */
        const char *luck;         /* "the luck of the seeds" */
        const char *more;         /* "seeds": what precision.have counts */
        const char *no_spread;    /* why the test does not exist, as a whole sentence */
    } words;
    struct {                 /* what decides where the test does not exist */
        const char *decides; /* "wilcoxon" */
        const char *test;    /* "exact Wilcoxon test" */
    } ranks;

    /* Whether this is the situation, among those of one set or of several; the first of the
     * table that says so is taken. */
    bool (*applies)(const rg_evidence *e);
    /* The test that decides, on one block (one_set) or on all, against `null` in units of
     * `how`. p NaN: it does not exist. */
    rg_t_result (*test)(const rg_evidence *e, const rg_block *block, rg_orientation how,
                        double null, double alpha);
    /* Standard deviation of a difference (of a run, without partners) within one block; one_set
     * alone. */
    double (*spread)(const rg_evidence *e, const rg_block *block);
    /* In its place where it does not exist, in units of RG_AS_BETTER.  NULL: nothing decides.
     */
    rg_sides (*rank_test)(const rg_evidence *e, double null, rg_arena *arena);
    /* The larger p of the tests that assume less, in units of RG_AS_BETTER.  May be NULL. */
    rg_sides (*exact)(const rg_evidence *e, double null, rg_arena *arena);
    /* What stands beside: effects, other tests, units, precision, smallest_exact. */
    void (*describe)(rg_evidence *e, rg_arena *arena);
    /* The scores come in parts, one of which can be left out: e->scores less its i-th part. */
    size_t (*parts)(const rg_evidence *e);
    rg_arrangement (*without)(const rg_evidence *e, size_t i, rg_arena *arena);
    void (*name_part)(rg_str *s, const rg_evidence *e, size_t i);
    void (*say_basis)(rg_str *s, const rg_evidence *e);    /* "8 seeds" */
    void (*note)(json_t *notes, const rg_evidence *e);     /* may be NULL */
    void (*set_keys)(json_t *claim, const rg_evidence *e); /* keys of its own; may be NULL */

    /* For a situation whose verdicts do not come from p values; else NULL.  judge replaces the
     * rules of verdict.c and the correction (it fills in `corrected`), plan the power of the t
     * test; say_finding stands in the sentence for the mean difference with its p, say_reason
     * for why a claim is inconclusive. */
    const char *(*judge)(rg_evidence *e);
    void (*plan)(rg_evidence *e);
    void (*say_finding)(rg_str *s, const rg_evidence *e);
    void (*say_reason)(rg_str *s, const rg_evidence *e);
};

extern const rg_situation rg_situation_pairs, rg_situation_unpaired, rg_situation_folds,
    rg_situation_sets, rg_situation_set_means, rg_situation_many_sets, rg_situation_sequential;

/* Arranges the scores and runs every test of one claim; fills all but `corrected` and
 * `verdict`.
 */
void rg_evidence_gather(rg_evidence *evidence, const rg_scores *a, const rg_scores *b,
                        rg_arena *arena);
bool rg_evidence_has_margin(const rg_evidence *evidence);
bool rg_evidence_is_few(const rg_evidence *evidence); /* exploratory, whatever its verdict */
double rg_evidence_distance(const rg_evidence *evidence); /* from what has to be rejected */
void rg_say_difference(rg_str *s, const rg_evidence *e);  /* "accuracy is higher by 0.013" */
const char *rg_interval_words(double estimate); /* "interval", "interval of the difference" */

/* Corrects over the family, judges, and says it: the `claims` array.  New reference. */
json_t *rg_verdicts_of(rg_evidence *evidence, size_t n, rg_arena *arena);

json_t *rg_verdict_json(const rg_evidence *evidence, rg_arena *arena);
json_t *rg_interval_json(double lo, double hi); /* null when one end is not finite */
char *rg_verdict_sentence(const rg_evidence *evidence, rg_arena *arena);
json_t *rg_verdict_notes(const rg_evidence *evidence);
const char *rg_p_words(double p, char out[32]); /* "p = 0.012", "p < 0.001" */
/* "set 3" where the caller gave no names */
const char *rg_set_name(const rg_verdict_options *options, uint32_t set, char out[32]);
const char *rg_fold_name(const rg_verdict_options *options, uint32_t fold, char out[32]);

/* ---- Shared by the situations */

double rg_larger_p(double x, double y); /* NaN if one is */
rg_sides rg_sides_of_p(double both);    /* of a test that is symmetric under the null */
rg_precision rg_precision_of(const rg_t_result *t, double have);
const double *rg_pair_values(const rg_pairs *pairs, rg_orientation how);
rg_sides rg_pairs_rank_test(const rg_evidence *e, double null, rg_arena *arena);
void rg_pairs_describe(rg_evidence *e);
size_t rg_pairs_parts(const rg_evidence *e);
double rg_test_over_train(const rg_evidence *e); /* of the folds */
void rg_note_unpaired(json_t *notes, const rg_evidence *e);

#endif
