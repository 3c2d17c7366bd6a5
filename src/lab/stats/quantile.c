/* quantile.c - inverses: where a tail has a given probability, and where a function is zero.
 *
 * In the coordinate u = ln x (gamma) or u = ln odds (beta) the logarithm of either tail is
 * concave, nearly straight far out, and its slope is the density that the tail was computed
 * from.  Newton's method on it therefore converges from one side in a few steps, tails of
 * 1e-300 included; a bracket catches the first step when it overshoots.  The smaller tail is
 * the one to solve for. */
#include "lab/stats/special.h"

#include "rigor/special.h"

#include <float.h>
#include <math.h>

typedef struct target {
    rg_tails (*tails)(double u, const struct target *target);
    double a, b;
    double lower, upper;
} target;

/* ln(tail / wanted) with the sign that makes it increase in u, and its slope. */
static double excess(const target *t, double u, double *ret_slope)
{
    rg_tails tails = t->tails(u, t);
    if (t->lower <= t->upper) {
        *ret_slope = tails.slope / tails.lower;
        return log(tails.lower / t->lower);
    }
    *ret_slope = tails.slope / tails.upper;
    return -log(tails.upper / t->upper);
}

static double solve(const target *t, double u)
{
    double lo = -800, hi = 800;
    for (int i = 0; i < 200; i++) {
        double slope, height = excess(t, u, &slope);
        if (height == 0)
            return u;
        *(height < 0 ? &lo : &hi) = u;
        double next = u - height / slope;
        if (!(next > lo && next < hi))
            next = .5 * (lo + hi);
        bool settled = fabs(next - u) <= 2 * DBL_EPSILON * fmax(1, fabs(u));
        u = next;
        if (settled)
            break;
    }
    return u;
}

static rg_tails gamma_at(double u, const target *t)
{
    return rg_gamma_tails(t->a, exp(u));
}

static rg_tails beta_at(double u, const target *t)
{
    return rg_beta_tails(1 / (1 + exp(-u)), 1 / (1 + exp(u)), t->a, t->b);
}

double rg_beta_log_odds(double lower, double upper, double a, double b)
{
    if (!(lower >= 0 && upper >= 0) || !(a > 0) || !(b > 0) || isinf(a) || isinf(b))
        return NAN;
    if (lower == 0 || upper == 0)
        return lower == 0 ? -INFINITY : INFINITY;
    target t = {beta_at, a, b, lower, upper};
    return solve(&t, log(a / b));
}

double rg_beta_lower_inverse(double p, double a, double b)
{
    return 1 / (1 + exp(-rg_beta_log_odds(p, 1 - p, a, b)));
}

double rg_gamma_lower_inverse(double a, double p)
{
    if (!(p >= 0 && p <= 1) || !(a > 0) || isinf(a))
        return NAN;
    if (p == 0 || p == 1)
        return p == 0 ? 0 : INFINITY;
    target t = {gamma_at, a, 0, p, 1 - p};
    return exp(solve(&t, log(a)));
}

/* Keeps f(lo) < 0 < f(hi) while one end moves to x. */
typedef struct bracket {
    double lo, hi, at_lo, at_hi;
} bracket;

static void narrow(bracket *b, double x, double at_x)
{
    if (at_x < 0) {
        b->lo = x;
        b->at_lo = at_x;
    } else {
        b->hi = x;
        b->at_hi = at_x;
    }
}

double rg_root(rg_function *f, const void *ctx, double lo, double hi)
{
    bracket b = {lo, hi, f(lo, ctx), f(hi, ctx)};
    if (b.at_lo == 0 || b.at_hi == 0)
        return b.at_lo == 0 ? lo : hi;
    if (!(b.at_lo < 0 && b.at_hi > 0))
        return NAN;
    double best = NAN;
    for (int i = 0; i < 200; i++) {
        double middle = .5 * (b.lo + b.hi), at = f(middle, ctx);
        double step = (middle - b.lo) * at / sqrt(at * at - b.at_lo * b.at_hi);
        narrow(&b, middle, at);
        double next = middle - step, change = fabs(next - best);
        best = next;
        if (change <= 2 * DBL_EPSILON * fabs(next) || !(next > b.lo && next < b.hi))
            break;
        double at_next = f(next, ctx);
        if (at_next == 0)
            break;
        narrow(&b, next, at_next);
    }
    return best;
}
