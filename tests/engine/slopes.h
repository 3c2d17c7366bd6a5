/* slopes.h - derivatives of a scalar f along a direction, by reverse and forward mode, against
 * central differences.  All in f64.
 *
 *     slope = <df/dx, d>     curve = <d(slope)/dx, d>     tangent = forward mode's slope
 *
 * Along one direction an error of any entry of a gradient shows, whatever its shape. */
#ifndef RIGOR_TESTS_ENGINE_SLOPES_H
#define RIGOR_TESTS_ENGINE_SLOPES_H

#include "engine/ir/node.h"
#include "rigor/plan.h"
#include "support.h"

#define SLOPES_MAX 32

typedef struct slopes {
    rg_graph *graph;
    size_t n;
    rg_val x[SLOPES_MAX], d[SLOPES_MAX];
    rg_val f, slope, curve, tangent;
    rg_plan *plan;
} slopes;

/* Sum of w (v + v^2) with normal weights: the square makes second derivatives differ from zero
 * where v is linear in x. */
static inline rg_val slopes_weigh(rg_rng *rng, rg_val v)
{
    int64_t n = rg_val_count(v);
    double *w = RG_NEW_ARRAY(double, (size_t)n);
    for (int64_t i = 0; i < n; i++)
        w[i] = rg_rng_normal(rng);
    rg_val weights = rg_const_array(v.graph, w, RG_F64, rg_val_shape(v));
    rg_free(w);
    return rg_sum(rg_mul(weights, rg_add(v, rg_mul(v, v))), RG_ALL_AXES, false);
}

/* Sum over i of <g[i], d[i]>. */
static inline rg_val slopes_along(const slopes *s, const rg_val *g)
{
    rg_val sum = rg_const(s->graph, 0, RG_F64);
    for (size_t i = 0; i < s->n; i++)
        sum = rg_add(sum, rg_sum(rg_mul(g[i], s->d[i]), RG_ALL_AXES, false));
    return sum;
}

/* graph, x and f are given: builds the derivatives and the plan. */
static inline void slopes_open(slopes *s)
{
    rg_val g[SLOPES_MAX];
    for (size_t i = 0; i < s->n; i++) {
        char name[32];
        snprintf(name, sizeof(name), "direction%zu", i);
        s->d[i] = rg_input(s->graph, name, RG_F64, rg_val_shape(s->x[i]));
    }
    rg_grad(s->f, s->x, s->n, g);
    s->slope = slopes_along(s, g);
    rg_grad(s->slope, s->x, s->n, g);
    s->curve = slopes_along(s, g);
    rg_jvp(&s->f, 1, s->x, s->d, s->n, &s->tangent);
    const rg_val out[] = {s->f, s->slope, s->curve, s->tangent};
    rg_err err = {0};
    s->plan = rg_plan_compile(s->graph, out, RG_COUNT(out), NULL, 0, NULL, &err);
    if (!s->plan)
        fail_msg("%s: %s", err.where, err.what);
}

static inline void slopes_normal(const slopes *s, const rg_val *v, rg_rng *rng)
{
    for (size_t i = 0; i < s->n; i++) {
        double *data = rg_plan_buffer(s->plan, v[i]);
        for (int64_t e = 0; e < rg_val_count(v[i]); e++)
            data[e] = rg_rng_normal(rng);
    }
}

static inline double slopes_value(const slopes *s, rg_val what)
{
    rg_err err = {0};
    if (!rg_plan_run(s->plan, &err))
        fail_msg("%s: %s", err.where, err.what);
    return *(double *)rg_plan_buffer(s->plan, what);
}

static inline void slopes_move(const slopes *s, double by)
{
    for (size_t i = 0; i < s->n; i++) {
        double *x = rg_plan_buffer(s->plan, s->x[i]);
        const double *d = rg_plan_buffer(s->plan, s->d[i]);
        for (int64_t e = 0; e < rg_val_count(s->x[i]); e++)
            x[e] += by * d[e];
    }
}

/* Of fourth order. */
static inline double slopes_difference(const slopes *s, rg_val what, double h)
{
    static const double offset[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
    double sum = 0;
    for (int k = 0; k < 4; k++) {
        slopes_move(s, offset[k] * h);
        sum += weight[k] * slopes_value(s, what);
        slopes_move(s, -offset[k] * h);
    }
    return sum / (12 * h);
}

/* Where no kink lies within 2 h. */
static inline void slopes_check(const slopes *s, const char *name, uint64_t seed, double h)
{
    double slope = slopes_value(s, s->slope), first = slopes_difference(s, s->f, h);
    double curve = slopes_value(s, s->curve), second = slopes_difference(s, s->slope, h);
    if (!(fabs(slope - first) <= 1e-7 * (1 + fabs(first))) ||
        !(fabs(curve - second) <= 1e-6 * (1 + fabs(second))))
        fail_msg("%s, seed %llu: slope %.12g, difference %.12g; curvature %.12g, difference "
                 "%.12g",
                 name, (unsigned long long)seed, slope, first, curve, second);
    assert_close(slopes_value(s, s->tangent), slope, 1e-10);
}

#endif
