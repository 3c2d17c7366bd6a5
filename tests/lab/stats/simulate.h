/* simulate.h - the error rates of our procedures, by simulation: many small studies whose truth
 * is known, and how often each procedure gets it wrong.
 *
 * The procedures are rows of a table (simulate_methods.h).  A row is run over its distributions
 * of scores and its sizes; each such cell has a rate, and says what the rate must be:
 *   - the rate that design tables print, within 3.5 standard errors of both simulations;
 *   - a range that is promised.
 * The short test runs few studies and widens the promised range by 3.5 standard errors, the
 * long one runs many and does not; tool_simulate.c prints the same cells as a table or as JSON.
 */
#ifndef RIGOR_TESTS_SIMULATE_H
#define RIGOR_TESTS_SIMULATE_H

#include "rigor/base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Scores of one run ------------------------------------------------------------------- */
static double simulate_normal(rg_rng *rng)
{
    return rg_rng_normal(rng);
}

/* Many good seeds, few bad ones: the mirrored exponential distribution. */
static double simulate_skewed(rg_rng *rng)
{
    return log(1 - rg_rng_unit(rng));
}

/* Student's t with 3 degrees of freedom. */
static double simulate_heavy(rg_rng *rng)
{
    double z = rg_rng_normal(rng), squares = 0;
    for (int i = 0; i < 3; i++) {
        double x = rg_rng_normal(rng);
        squares += x * x;
    }
    return z / sqrt(squares / 3);
}

/* One seed in twelve collapses. */
static double simulate_collapsing(rg_rng *rng)
{
    double score = rg_rng_normal(rng);
    return rg_rng_below(rng, 12) == 0 ? score - 20 : score;
}

typedef struct simulate_scores {
    const char *name;
    double (*draw)(rg_rng *rng);
} simulate_scores;
static const simulate_scores simulate_all_scores[] = {{"normal", simulate_normal},
                                                      {"skewed", simulate_skewed},
                                                      {"heavy-tailed", simulate_heavy},
                                                      {"collapsing", simulate_collapsing}};
enum { SIMULATE_NORMAL = 1, SIMULATE_OTHERS = 14, SIMULATE_ALL = 15 }; /* bits of the above */

/* ---- Rows and cells ---------------------------------------------------------------------- */
enum { SIMULATE_SIZES = 6, SIMULATE_MOST_SEEDS = 30 };

typedef struct simulate_cell {
    const struct simulate_method *method;
    const simulate_scores *scores;
    size_t n;
    double printed, least, most; /* see simulate_method */
} simulate_cell;

typedef struct simulate_method {
    const char *id;        /* "t" */
    const char *situation; /* "A against B, paired seeds" */
    const char *name;      /* "paired t" */
    const char *counted;   /* "finds a difference", "covers" */
    /* One study: 1 when what is counted happened. */
    double (*study)(const simulate_cell *cell, rg_rng *rng);
    size_t n[SIMULATE_SIZES]; /* seeds (or folds); 0: no further size */
    unsigned scores;          /* bits: which distributions */
    size_t claims, sets;      /* of a whole study; sets 0: one */
    size_t brief, full;       /* studies of the short and the long test; 0: 300 and 4,000 */
    /* Rates of the table of the design (4,000 studies) for normal scores; all 0: the row is not
     * in it; -1: that size is not. */
    double printed[SIMULATE_SIZES];
    double least, most; /* the promised range of the rate; 0, 0: none */
} simulate_method;

typedef struct simulate_result {
    double rate, se;
    size_t studies;
} simulate_result;

/* ---- Running -------------------------------------------------------------------------------
 */
enum { SIMULATE_BLOCK = 50, SIMULATE_BRIEF = 300, SIMULATE_FULL = 4000 };

typedef struct simulate_batch {
    const simulate_cell *cell;
    uint64_t seed;
    size_t studies;
    double *hits; /* of each block */
} simulate_batch;

static void simulate_block(void *ctx, size_t block)
{
    const simulate_batch *b = ctx;
    const simulate_cell *cell = b->cell;
    rg_rng rng = rg_rng_open(b->seed, "simulate/%s/%s/%zu/%zu", cell->method->id,
                             cell->scores->name, cell->n, block);
    size_t from = block * SIMULATE_BLOCK, to = from + SIMULATE_BLOCK;
    for (size_t i = from; i < to && i < b->studies; i++)
        b->hits[block] += cell->method->study(cell, &rng);
}

static size_t simulate_studies(const simulate_method *method, bool full)
{
    size_t own = full ? method->full : method->brief;
    return own ? own : full ? SIMULATE_FULL : SIMULATE_BRIEF;
}

/* The rate of one cell.  The same bits for any number of threads: a block is a stream. */
static simulate_result simulate_run(const simulate_cell *cell, size_t studies, uint64_t seed)
{
    size_t blocks = (studies + SIMULATE_BLOCK - 1) / SIMULATE_BLOCK;
    simulate_batch batch = {cell, seed, studies, RG_NEW_ARRAY(double, blocks)};
    rg_parallel(rg_cpu_count(), blocks, simulate_block, &batch);
    double hits = 0;
    for (size_t i = 0; i < blocks; i++)
        hits += batch.hits[i];
    rg_free(batch.hits);
    double rate = hits / (double)studies;
    return (simulate_result){rate, sqrt(rate * (1 - rate) / (double)studies), studies};
}

/* ---- What a rate must be -------------------------------------------------------------------
 */
#define SIMULATE_ERRORS 3.5 /* standard errors: exceeded once in 2,000 cells */

/* How far a rate of this many studies may lie from one of the design's table: both are
 * simulated, and the table is rounded to three digits. */
static double simulate_slack_printed(double printed, size_t studies)
{
    double variance =
        printed * (1 - printed) * (1. / (double)studies + 1. / (double)SIMULATE_FULL);
    return SIMULATE_ERRORS * sqrt(variance) + .0005;
}

static double simulate_slack(double rate, size_t studies)
{
    return SIMULATE_ERRORS * sqrt(rate * (1 - rate) / (double)studies);
}

/* Whether the rate is what it must be; widened: by Monte-Carlo error. */
static bool simulate_holds(const simulate_cell *cell, simulate_result r, bool widened)
{
    bool holds = true;
    if (!isnan(cell->printed))
        holds &=
            fabs(r.rate - cell->printed) <= simulate_slack_printed(cell->printed, r.studies);
    if (!isnan(cell->least)) {
        double below = widened ? simulate_slack(cell->least, r.studies) : 0;
        double above = widened ? simulate_slack(cell->most, r.studies) : 0;
        holds &= r.rate >= cell->least - below && r.rate <= cell->most + above;
    }
    return holds;
}

/* ---- All cells, in the order of the table ----------------------------------------------- */
typedef void simulate_visit(const simulate_cell *cell, void *ctx);

static double simulate_printed(const simulate_method *m, size_t scores, size_t size)
{
    bool any = false;
    for (size_t i = 0; i < SIMULATE_SIZES; i++)
        any |= m->printed[i] != 0;
    return any && scores == 0 && m->printed[size] >= 0 ? m->printed[size] : NAN;
}

static void simulate_each(const simulate_method *methods, size_t n_methods,
                          simulate_visit *visit, void *ctx)
{
    for (const simulate_method *m = methods; m < methods + n_methods; m++) {
        for (size_t s = 0; s < RG_COUNT(simulate_all_scores); s++) {
            for (size_t i = 0; (m->scores >> s & 1) && i < SIMULATE_SIZES && m->n[i]; i++) {
                bool promised = m->most > 0;
                simulate_cell cell = {m,
                                      &simulate_all_scores[s],
                                      m->n[i],
                                      simulate_printed(m, s, i),
                                      promised ? m->least : NAN,
                                      promised ? m->most : NAN};
                visit(&cell, ctx);
            }
        }
    }
}

#endif
