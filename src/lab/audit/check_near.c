/* check_near.c - rows of val and test that hardly differ from one of train: a photograph that was
 * cropped, a measurement that was rounded, a row whose number alone was changed.
 *
 * Near is a tenth of the median distance from a training row to its nearest other one.  Some
 * neighbours are so near by chance: if distances grow like those in m dimensions, a share of 1 -
 * 2^-(.1^m), with m from the quartiles of the nearest distances, which for a Weibull law have the
 * ratio (ln 4 / ln (4/3))^(1/m).  More than that, by the binomial test at level .001, is reported if
 * it stands apart: at least three quarters of the rows with a neighbour within twice the distance
 * have one within it.  Where rows are crowded rather than copied there would be half at most.
 *
 * The search is exact: points are sorted along a random direction, and what is nearer than r lies
 * within r there (Friedman, Baskett and Shustek 1975), and along three more directions.  Cost: rows times the share of rows in such
 * a window, times the few coordinates that tell two points apart. */
#include "lab/audit/audit.h"

#include "rigor/stats.h"

#include <math.h>
#include <stdlib.h>

#define NEAR .1
#define LEVEL .001
#define APART .75
#define SHARE_OF_DANGER .01
#define STEPS_MAX 4e8 /* coordinates that are looked at for the typical distance */
#define PAIRS_MAX 2e8 /* of points that are compared */
enum { TYPICAL_OF = 300, TYPICAL_MIN = 20, ACROSS = 3 };

/* ---- What is typical */

typedef struct typical {
    double distance, dimension; /* NaN: nothing is */
} typical;

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double nearest_other(const audit_points *p, uint32_t to, const uint32_t *of, size_t n)
{
    double best = INFINITY;
    for (size_t i = 0; i < n; i++) {
        double d = of[i] == to ? 0 : audit_distance(p, to, of[i], best);
        if (d > 0 && d < best)
            best = d;
    }
    return sqrt(best);
}

static typical find_typical(const audit *a, const audit_points *p)
{
    typical t = {NAN, NAN};
    size_t n, m, found = 0;
    uint32_t *of = audit_draw(a, p, 0, (size_t)(STEPS_MAX / TYPICAL_OF / (double)p->width),
                              "near/others", &m);
    uint32_t *some = audit_draw(a, p, 0, TYPICAL_OF, "near/typical", &n);
    double *distance = RG_NEW_ARRAY(double, n + 1);
    for (size_t i = 0; i < n; i++) {
        double d = nearest_other(p, some[i], of, m);
        if (isfinite(d))
            distance[found++] = d;
    }
    qsort(distance, found, sizeof(double), ascending);
    if (found >= TYPICAL_MIN) {
        double ratio = distance[found * 3 / 4] / distance[found / 4];
        t.distance = distance[found / 2];
        t.dimension = fmax(1, fmin((double)p->width, log(log(4) / log(4. / 3)) / log(ratio)));
    }
    rg_free(distance);
    rg_free(some);
    rg_free(of);
    return t;
}

/* ---- The search */

typedef struct placed { /* a point along the directions */
    double along;
    float across[ACROSS];
    uint32_t point;
} placed;

static int by_along(const void *a, const void *b)
{
    const placed *x = a, *y = b;
    int order = (x->along > y->along) - (x->along < y->along);
    return order ? order : (x->point > y->point) - (x->point < y->point);
}

/* (1 + ACROSS, width) random directions of length 1; numbers alone have one. */
static double *draw_directions(const audit *a, const audit_points *p)
{
    double *direction = RG_NEW_ARRAY(double, (1 + ACROSS) * p->width + 1);
    rg_rng rng = rg_rng_open(a->options.seed, "audit/near/directions");
    for (size_t d = 0; d <= ACROSS; d++) {
        double *of = direction + d * p->width, length = 0;
        for (size_t k = 0; k < p->numbers; k++) {
            of[k] = rg_rng_normal(&rng);
            length += of[k] * of[k];
        }
        for (size_t k = 0; k < p->numbers; k++)
            of[k] /= sqrt(length);
    }
    return direction;
}

static double project(const audit_points *p, size_t i, const double *direction)
{
    double sum = 0;
    for (size_t k = 0; k < p->numbers; k++)
        sum += direction[k] * (double)p->at[i * p->width + k];
    return sum;
}

static placed *place(const audit_points *p, int part, const double *directions, size_t *ret_n)
{
    placed *list = RG_NEW_ARRAY(placed, p->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->part[i] != part)
            continue;
        list[n] = (placed){.along = project(p, i, directions), .point = (uint32_t)i};
        for (size_t d = 0; d < ACROSS; d++)
            list[n].across[d] = (float)project(p, i, directions + (d + 1) * p->width);
        n++;
    }
    qsort(list, n, sizeof(*list), by_along);
    *ret_n = n;
    return list;
}

/* Whether the directions leave it possible that the two are within reach. */
static bool may_be_near(const placed *a, const placed *b, float reach)
{
    bool near = true;
    for (size_t d = 0; d < ACROSS; d++)
        near = near && fabsf(a->across[d] - b->across[d]) <= reach;
    return near;
}

typedef struct found {
    size_t looked_at, count;
    uint32_t rows[AUDIT_EXAMPLES];
    json_t *pairs;
} found;

static void note_pair(const audit_points *p, found *f, uint32_t of, uint32_t near,
                      double distance)
{
    if (f->count < AUDIT_EXAMPLES) {
        f->rows[f->count] = p->row[of];
        json_array_append_new(
            f->pairs,
            json_pack("{s:I, s:s, s:I, s:s, s:f}", "row", (json_int_t)p->row[of], "part",
                      audit_part_names[p->part[of]], "near", (json_int_t)p->row[near], "of",
                      audit_part_names[0], "distance", sqrt(distance)));
    }
    f->count++;
}

/* The squared distance to the nearest of train[lo ..] within `reach`; infinite without one. */
static double nearest(const audit_points *p, const placed *query, const placed *train, size_t n,
                      double reach, uint32_t *ret_point)
{
    double best = INFINITY, limit = reach * reach;
    float wide = (float)reach * 1.001f + 1e-5f; /* what rounding may add */
    for (size_t j = 0; j < n && train[j].along <= query->along + reach; j++) {
        if (!may_be_near(query, &train[j], wide))
            continue;
        double d = audit_distance(p, query->point, train[j].point, limit);
        if (d > limit || d >= best)
            continue;
        best = limit = d;
        *ret_point = train[j].point;
    }
    return best;
}

typedef struct index { /* the training part along the directions */
    placed *at;
    size_t n;
} index;

static size_t first_within(const index *train, double along)
{
    size_t lo = 0, hi = train->n;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (train->at[middle].along < along)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

/* Counts the queries that have a point of train within the radius, as many as there is time for;
 * those that equal one are known already. */
static size_t search(const audit *a, const audit_points *p, const index *train,
                     const index *queries, const uint32_t *order, double radius, found *f)
{
    double pairs = 0;
    size_t hits = 0;
    f->looked_at = 0;
    for (size_t i = 0; i < queries->n && pairs < PAIRS_MAX; i++) {
        const placed *query = &queries->at[order[i]];
        uint32_t point = 0;
        if (a->twin[p->row[query->point]])
            continue;
        size_t lo = first_within(train, query->along - radius);
        size_t hi = first_within(train, query->along + radius);
        double d = nearest(p, query, train->at + lo, train->n - lo, radius, &point);
        pairs += (double)(hi - lo);
        f->looked_at++;
        hits += isfinite(d);
        if (isfinite(d) && f->pairs)
            note_pair(p, f, query->point, point, d);
    }
    return hits;
}

static void report(audit *a, const audit_points *p, int part, const typical *t, const found *f)
{
    double share = (double)f->count / (double)f->looked_at;
    json_t *evidence =
        json_pack("{s:I, s:I, s:f, s:f, s:f, s:b, s:O}", "count", (json_int_t)f->count, "of",
                  (json_int_t)f->looked_at, "share", share, "typical_distance", t->distance,
                  "near_is", NEAR * t->distance, "sampled", p->sampled, "pairs", f->pairs);
    audit_add_rows(a, evidence, f->rows, f->count < AUDIT_EXAMPLES ? f->count : AUDIT_EXAMPLES);
    audit_find(
        a, share >= SHARE_OF_DANGER ? RG_FINDING_DANGER : RG_FINDING_WARNING,
        audit_part_names[part], evidence,
        "look at the pairs: copies belong into one part (split: {group: COLUMN}), or out",
        "%zu row%s of %s (%.3g %% of %zu) nearly equal%s a row of train", f->count,
        f->count == 1 ? "" : "s", audit_part_names[part], 100 * share, f->looked_at,
        f->count == 1 ? "s" : "");
}

/* Whether the rows with a near neighbour are most of those that have one within twice that. */
static bool stand_apart(const audit *a, const audit_points *p, const index *train,
                        const index *queries, const uint32_t *order, double radius,
                        const found *f)
{
    found wide = {0};
    size_t around = search(a, p, train, queries, order, 2 * radius, &wide);
    double share = (double)around / (double)wide.looked_at;
    return (double)f->count / (double)f->looked_at >= APART * share;
}

static void look(audit *a, const audit_points *p, const index *train, int part,
                 const double *directions, const typical *t)
{
    index queries = {0};
    queries.at = place(p, part, directions, &queries.n);
    uint32_t *order = RG_NEW_ARRAY(uint32_t, queries.n + 1);
    for (size_t i = 0; i < queries.n; i++)
        order[i] = (uint32_t)i;
    rg_rng rng = rg_rng_open(a->options.seed, "audit/near/%s", audit_part_names[part]);
    rg_rng_shuffle(&rng, order, queries.n);
    found f = {.pairs = json_array()};
    double radius = NEAR * t->distance, chance = 1 - pow(2, -pow(NEAR, t->dimension));
    search(a, p, train, &queries, order, radius, &f);
    if (f.count &&
        rg_binomial_upper((double)f.count - 1, (double)f.looked_at, chance) < LEVEL &&
        stand_apart(a, p, train, &queries, order, radius, &f))
        report(a, p, part, t, &f);
    json_decref(f.pairs);
    rg_free(order);
    rg_free(queries.at);
}

static bool run(audit *a)
{
    audit_points p = {0};
    if (!audit_points_open(a, &p))
        return false;
    typical t = p.width ? find_typical(a, &p) : (typical){NAN, NAN};
    double *directions = draw_directions(a, &p);
    index train = {0};
    train.at = place(&p, 0, directions, &train.n);
    for (int part = 1; part < AUDIT_PARTS && t.distance > 0; part++)
        look(a, &p, &train, part, directions, &t);
    rg_free(train.at);
    rg_free(directions);
    audit_points_close(&p);
    return true;
}

const audit_check audit_check_near = {.name = "near duplicates", .slow = true, .run = run};
