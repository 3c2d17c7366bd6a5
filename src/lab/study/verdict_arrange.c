/* verdict_arrange.c - the scores of two arms become pairs (or runs without partners), in blocks
 * of one data set each.
 *
 * Runs are partners when set, seed and fold agree.  Pairs keep the order of A's scores within a
 * set, and sets follow each other in order of their index, so that a block is a slice. */
#include "lab/study/verdict.h"

#include <math.h>
#include <stdlib.h>

typedef struct place {
    rg_run_name run;
    size_t at;
} place;

static int compare(uint64_t x, uint64_t y)
{
    return (x > y) - (x < y);
}

static int by_name(const void *a, const void *b)
{
    const rg_run_name *x = &((const place *)a)->run, *y = &((const place *)b)->run;
    int order = compare(x->set, y->set);
    order = order ? order : compare(x->seed, y->seed);
    return order ? order : compare(x->fold, y->fold);
}

static int by_set(const void *a, const void *b)
{
    const place *x = a, *y = b;
    int order = compare(x->run.set, y->run.set);
    return order ? order : compare(x->at, y->at);
}

static place *sorted_places(const rg_scores *scores, int (*order)(const void *, const void *),
                            rg_arena *arena)
{
    place *places = RG_ARENA_ARRAY(arena, place, scores->count + 1);
    for (size_t i = 0; i < scores->count; i++)
        places[i] = (place){{.set = scores->set ? scores->set[i] : 0,
                             .fold = scores->fold ? scores->fold[i] : 0,
                             .seed = scores->seed[i]},
                            i};
    qsort(places, scores->count, sizeof(*places), order);
    return places;
}

/* One arm on its way into blocks. */
typedef struct arm_places {
    const rg_scores *scores;
    place *at;        /* by set, then as given */
    bool *taken;      /* by index of the score: it has a partner, or its set has both arms */
    double direction; /* -1: lower scores are better */
} arm_places;

static arm_places open_arm(const rg_scores *scores, bool maximize, rg_arena *arena)
{
    return (arm_places){scores, sorted_places(scores, by_set, arena),
                        RG_ARENA_ARRAY(arena, bool, scores->count + 1), maximize ? 1 : -1};
}

static double value_of(const arm_places *arm, size_t i)
{
    return isfinite(arm->scores->value[i]) ? arm->scores->value[i] : NAN;
}

static bool has_failed(const arm_places *arm, size_t i)
{
    return (arm->scores->failed && arm->scores->failed[i]) || isnan(value_of(arm, i));
}

static void add_name(rg_run_names *names, const rg_run_name *run)
{
    names->at[names->n++] = *run;
}

static rg_run_names names_for(size_t most, rg_arena *arena)
{
    return (rg_run_names){RG_ARENA_ARRAY(arena, rg_run_name, most + 1), 0};
}

static void add_alone(rg_run_names *names, const arm_places *arm, rg_arena *arena)
{
    *names = names_for(arm->scores->count, arena);
    for (size_t i = 0; i < arm->scores->count; i++) {
        if (!arm->taken[arm->at[i].at])
            add_name(names, &arm->at[i].run);
    }
}

/* ---- Pairs */

/* How much better A is; a side without a value is worse than any. */
static double orient(double a, double b, double difference, double direction)
{
    if (isnan(a) || isnan(b))
        return isnan(a) ? -INFINITY : INFINITY;
    return direction > 0 ? difference : -difference;
}

static rg_pairs pairs_for(size_t most, rg_arena *arena)
{
    return (rg_pairs){
        .run = RG_ARENA_ARRAY(arena, rg_run_name, most + 1),
        .a = RG_ARENA_ARRAY(arena, double, most + 1),
        .b = RG_ARENA_ARRAY(arena, double, most + 1),
        .difference = RG_ARENA_ARRAY(arena, double, most + 1),
        .better = RG_ARENA_ARRAY(arena, double, most + 1),
    };
}

static void add_pair(rg_arrangement *r, const arm_places *a, const place *at,
                     const arm_places *b, size_t j)
{
    bool failed_a = has_failed(a, at->at), failed_b = has_failed(b, j);
    rg_pairs *p = &r->all.pairs;
    if (failed_a && failed_b) {
        add_name(&r->lost, &at->run);
        return;
    }
    p->run[p->n] = at->run;
    p->a[p->n] = value_of(a, at->at);
    p->b[p->n++] = value_of(b, j);
    if (failed_a)
        add_name(&r->failed_a, &at->run);
    if (failed_b)
        add_name(&r->failed_b, &at->run);
}

/* False when no run has a partner. */
static bool pair_up(rg_arrangement *r, arm_places *a, arm_places *b, rg_arena *arena)
{
    rg_pairs *p = &r->all.pairs;
    const place *places = sorted_places(b->scores, by_name, arena);
    *p = pairs_for(a->scores->count, arena);
    for (size_t i = 0; i < a->scores->count; i++) {
        const place *found =
            bsearch(&a->at[i], places, b->scores->count, sizeof(*places), by_name);
        if (!found)
            continue;
        a->taken[a->at[i].at] = b->taken[found->at] = true;
        add_pair(r, a, &a->at[i], b, found->at);
    }
    rg_differences(p->a, p->b, p->n, p->difference);
    for (size_t k = 0; k < p->n; k++) {
        p->better[k] = orient(p->a[k], p->b[k], p->difference[k], a->direction);
        r->ranked |= isnan(p->difference[k]);
    }
    return p->n + r->lost.n > 0;
}

static rg_pairs slice_of_pairs(const rg_pairs *p, size_t from, size_t n)
{
    return (rg_pairs){n,           p->run + from,        p->a + from,
                      p->b + from, p->difference + from, p->better + from};
}

/* ---- Runs without partners */

static int by_set_alone(const void *a, const void *b)
{
    return compare(((const place *)a)->run.set, ((const place *)b)->run.set);
}

static void take_sets_of(arm_places *arm, const arm_places *other)
{
    for (size_t i = 0; i < arm->scores->count; i++)
        arm->taken[arm->at[i].at] = bsearch(&arm->at[i], other->at, other->scores->count,
                                            sizeof(*other->at), by_set_alone);
}

static rg_runs runs_for(size_t most, rg_arena *arena)
{
    return (rg_runs){.run = RG_ARENA_ARRAY(arena, rg_run_name, most + 1),
                     .value = RG_ARENA_ARRAY(arena, double, most + 1),
                     .better = RG_ARENA_ARRAY(arena, double, most + 1)};
}

static rg_runs list_runs(const arm_places *arm, rg_run_names *failed, bool *ranked,
                         rg_arena *arena)
{
    rg_runs r = runs_for(arm->scores->count, arena);
    for (size_t i = 0; i < arm->scores->count; i++) {
        size_t at = arm->at[i].at;
        if (!arm->taken[at])
            continue;
        double value = value_of(arm, at);
        r.run[r.n] = arm->at[i].run;
        r.value[r.n] = value;
        r.better[r.n++] = isnan(value) ? -INFINITY : arm->direction * value;
        if (has_failed(arm, at))
            add_name(failed, &arm->at[i].run);
        *ranked |= isnan(value);
    }
    return r;
}

static rg_runs slice_of_runs(const rg_runs *r, size_t from, size_t n)
{
    return (rg_runs){n, r->run + from, r->value + from, r->better + from};
}

/* ---- Blocks */

/* How many from `from` on are of one set with the first. */
static size_t length_of_set(const rg_run_name *run, size_t n, size_t from)
{
    size_t end = from;
    while (end < n && run[end].set == run[from].set)
        end++;
    return end - from;
}

void rg_arrange_blocks(rg_arrangement *r, rg_arena *arena)
{
    const rg_pairs *p = &r->all.pairs;
    const rg_runs *a = &r->all.a, *b = &r->all.b;
    r->block = RG_ARENA_ARRAY(arena, rg_block, (r->paired ? p->n : a->n) + 1);
    r->n_blocks = 0;
    for (size_t i = 0, n; r->paired && i < p->n; i += n) {
        n = length_of_set(p->run, p->n, i);
        r->block[r->n_blocks++] =
            (rg_block){.set = p->run[i].set, .pairs = slice_of_pairs(p, i, n)};
    }
    for (size_t i = 0, k = 0, n, m; !r->paired && i < a->n && k < b->n; i += n, k += m) {
        n = length_of_set(a->run, a->n, i);
        m = length_of_set(b->run, b->n, k);
        r->block[r->n_blocks++] = (rg_block){
            .set = a->run[i].set, .a = slice_of_runs(a, i, n), .b = slice_of_runs(b, k, m)};
    }
    r->all.set = r->n_blocks ? r->block[0].set : 0;
}

static int ascending(const void *a, const void *b)
{
    return compare(*(const uint32_t *)a, *(const uint32_t *)b);
}

static size_t count_folds(const rg_scores *scores, rg_arena *arena)
{
    size_t n = scores->fold ? scores->count : 0, different = 0;
    uint32_t *fold = RG_ARENA_ARRAY(arena, uint32_t, n + 1);
    for (size_t i = 0; i < n; i++)
        fold[i] = scores->fold[i];
    qsort(fold, n, sizeof(*fold), ascending);
    for (size_t i = 0; i < n; i++)
        different += i == 0 || fold[i] != fold[i - 1];
    return different;
}

rg_arrangement rg_arrange(const rg_scores *a, const rg_scores *b, bool maximize,
                          rg_arena *arena)
{
    rg_arrangement r = {.folds = count_folds(a, arena),
                        .failed_a = names_for(a->count, arena),
                        .failed_b = names_for(b->count, arena),
                        .lost = names_for(a->count, arena)};
    arm_places left = open_arm(a, maximize, arena), right = open_arm(b, maximize, arena);
    bool partners = !a->unpaired && !b->unpaired;
    r.paired = partners && pair_up(&r, &left, &right, arena);
    if (!r.paired && a->count && b->count) {
        take_sets_of(&left, &right);
        take_sets_of(&right, &left);
        r.all.a = list_runs(&left, &r.failed_a, &r.ranked, arena);
        r.all.b = list_runs(&right, &r.failed_b, &r.ranked, arena);
    }
    r.paired |= r.all.a.n == 0; /* nothing to compare: pairs say that plainly */
    add_alone(&r.alone_a, &left, arena);
    add_alone(&r.alone_b, &right, arena);
    rg_arrange_blocks(&r, arena);
    return r;
}

/* ---- Leaving something out */

rg_arrangement rg_without_pair(const rg_arrangement *from, size_t left_out, rg_arena *arena)
{
    rg_arrangement r = *from;
    const rg_pairs *p = &from->all.pairs;
    rg_pairs *rest = &r.all.pairs;
    *rest = pairs_for(p->n, arena);
    for (size_t i = 0; i < p->n; i++) {
        if (i == left_out)
            continue;
        size_t k = rest->n++;
        rest->run[k] = p->run[i];
        rest->a[k] = p->a[i];
        rest->b[k] = p->b[i];
        rest->difference[k] = p->difference[i];
        rest->better[k] = p->better[i];
    }
    rg_arrange_blocks(&r, arena);
    return r;
}

rg_arrangement rg_without_run(const rg_arrangement *from, bool of_b, size_t left_out,
                              rg_arena *arena)
{
    rg_arrangement r = *from;
    const rg_runs *runs = of_b ? &from->all.b : &from->all.a;
    rg_runs rest = runs_for(runs->n, arena);
    for (size_t i = 0; i < runs->n; i++) {
        if (i == left_out)
            continue;
        rest.run[rest.n] = runs->run[i];
        rest.value[rest.n] = runs->value[i];
        rest.better[rest.n++] = runs->better[i];
    }
    *(of_b ? &r.all.b : &r.all.a) = rest;
    rg_arrange_blocks(&r, arena);
    return r;
}
