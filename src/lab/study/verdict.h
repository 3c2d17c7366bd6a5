/* verdict.h - what is known about one claim, shared by the files that find it out (evidence),
 * judge it (verdict) and say it (words). */
#ifndef RIGOR_LAB_STUDY_VERDICT_H
#define RIGOR_LAB_STUDY_VERDICT_H

#include "rigor/stats.h"
#include "rigor/study.h"

/* What can be rejected about a claim, each by a p of its own. */
typedef enum rg_case {
    RG_CASE_FOR,     /* the claim holds */
    RG_CASE_AGAINST, /* the contrary holds; for '>' the same two-sided p, told by the direction
                      */
    RG_CASE_EQUAL, /* the difference is inside the margin ('>' alone; '=' has it as its FOR) */
    RG_CASES
} rg_case;

/* Two one-sided p: of "the difference is above the null", and of "it is below". */
typedef struct rg_sides {
    double above, below;
} rg_sides;

typedef struct rg_pairs {
    size_t n;
    uint64_t *seed;
    double *a, *b;      /* scores as given; NaN: failed, without a finite worst value */
    double *difference; /* a - b, in the metric's units */
    double *better;     /* the same with the sign that is positive where A is better; infinite
                           where one side failed without a value, 0 where both did */
    size_t unpaired_a, unpaired_b;
    uint64_t *failed_a, *failed_b; /* seeds */
    size_t n_failed_a, n_failed_b;
    size_t told; /* pairs in which at least one side did not fail: two failures are no tie */
    bool ranked; /* some score has no value: means do not exist, ranks do */
} rg_pairs;

typedef struct rg_evidence {
    const rg_verdict_options *options;
    const rg_claim *claim;
    const char *a, *b; /* names of the arms */
    size_t n_claims;
    double planned_alpha; /* what a p must stay below whatever the other claims do */
    rg_pairs pairs;
    rg_t_result t;        /* of `difference` */
    rg_t_result narrow;   /* the same with the interval at 1 - 2 alpha */
    rg_t_result oriented; /* of `better` */
    bool by_t;            /* the t test exists; otherwise the exact Wilcoxon test decides */
    bool identical;       /* every difference is 0 */
    rg_signflip_result signflip;
    rg_wilcoxon_result wilcoxon;
    rg_hodges_lehmann_result hodges_lehmann;
    rg_superiority superiority;
    double tost_p, effect_size, detectable, seeds_needed;
    rg_sides sides;                          /* against a difference of 0 */
    double p[RG_CASES], corrected[RG_CASES]; /* NaN: not to be had */
    double exact_p;        /* the larger p of the exact tests in the claim's direction */
    double smallest_exact; /* the smallest that n allows */
    size_t hinge;          /* the pair without which p is largest; n: none was looked for */
    double hinge_p;
    const char *verdict;
} rg_evidence;

/* Pairs the scores and runs every test of one claim; fills all but `corrected` and `verdict`.
 */
void rg_evidence_gather(rg_evidence *evidence, const rg_scores *a, const rg_scores *b,
                        rg_arena *arena);
bool rg_evidence_has_margin(const rg_evidence *evidence);

char *rg_verdict_sentence(const rg_evidence *evidence, rg_arena *arena);
json_t *rg_verdict_notes(const rg_evidence *evidence);

#endif
