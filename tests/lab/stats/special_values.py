#!/usr/bin/env python3
"""Writes special_values.h: what the special functions are, to 17 digits.

    python3 special_values.py > special_values.h        needs mpmath; takes half an hour

Nothing here goes the way of src/lab/stats: the incomplete gamma and beta functions are their
power series with positive terms, in as many digits as a tail that is left over by a
subtraction needs; averages are Gauss-Legendre sums over s itself; both tails of an average are
computed on their own and must add up to 1."""
import itertools
import random

from mpmath.calculus.quadrature import GaussLegendre
from mpmath import mp, mpf, exp, inf, log, loggamma, ncdf, npdf, sqrt

DIGITS = 30
TINIEST = mpf("1e-290")  # what special.h promises its relative error above
chance = random.Random()  # seeded by the name of each family below
mp.dps = DIGITS
TWELVE = GaussLegendre(mp).calc_nodes(3, mp.prec)
TWENTY_FOUR = GaussLegendre(mp).calc_nodes(4, mp.prec)


# ---- Incomplete gamma and beta functions: the pair (lower, upper)

def gamma_tails(a, x):
    """DLMF 8.7.1; 1 - lower loses 300 digits at most."""
    a, x = mpf(a), mpf(x)
    mp.dps = DIGITS + 320
    term = total = mpf(1)
    k = 0
    while term > total * mp.eps:
        k += 1
        term *= x / (a + k)
        total += term
    lower = exp(a * log(x) - x - loggamma(a + 1)) * total
    upper = 1 - lower
    mp.dps = DIGITS
    return +lower, +upper


def beta_series(x, y, a, b):
    """DLMF 8.17.8, for x below the mean a / (a + b)."""
    term = total = mpf(1)
    k = 0
    while term > total * mp.eps:
        term *= (a + b + k) / (a + 1 + k) * x
        total += term
        k += 1
    return exp(a * log(x) + b * log(y) + loggamma(a + b) - loggamma(a + 1) - loggamma(b)) * total


def beta_tails(x, y, a, b):
    """x + y = 1."""
    if x * (a + b) <= a:
        lower = beta_series(x, y, a, b)
        return lower, 1 - lower
    upper = beta_series(y, x, b, a)
    return 1 - upper, upper


def beta_lower(x, a, b):
    x = mpf(x)
    return beta_tails(x, 1 - x, mpf(a), mpf(b))


# ---- Distributions: the pair (cdf, upper)

def normal(x):
    return ncdf(mpf(x)), ncdf(-mpf(x))


def t(x, df):
    x, df = mpf(x), mpf(df)
    both = beta_tails(x * x / (df + x * x), df / (df + x * x), mpf(1) / 2, df / 2)[1]
    return (1 - both / 2, both / 2) if x > 0 else (both / 2, 1 - both / 2)


def f(x, df1, df2):
    x, df1, df2 = mpf(x), mpf(df1), mpf(df2)
    whole = df1 * x + df2
    return beta_tails(df1 * x / whole, df2 / whole, df1 / 2, df2 / 2)


def chi2(x, df):
    return gamma_tails(mpf(df) / 2, mpf(x) / 2)


def binomial(k, n, p):
    p = mpf(p)
    upper, cdf = beta_tails(p, 1 - p, mpf(k + 1), mpf(n - k))
    return cdf, upper


def over_panels(g, edges, nodes):
    total = mpf(0)
    for lo, hi in zip(edges, edges[1:]):
        middle, half = (lo + hi) / 2, (hi - lo) / 2
        total += half * sum(w * g(middle + half * x) for x, w in nodes)
    return total


def scale_edges(df, unit, growth):
    """Panels over s = sqrt(chi2_df / df), fine enough for the density, whose width is 1 / sqrt(2
    df), and for what changes over `unit` of s, or over a share of s itself."""
    width = 1 / sqrt(2 * mpf(df))
    at, end = max(mpf(0), 1 - 14 * width), 1 + 14 * width
    edges = [at]
    while at < end:
        at += min(2 * width, max(unit, at * growth))
        edges.append(at)
    return edges


def scale_average(g, df, unit, growth=0):
    """E[g(s)]; df is whole, so that the density is smooth at 0, too."""
    half = mpf(df) / 2
    front = log(2) + half * log(half) - loggamma(half)
    return over_panels(lambda s: exp(front + (df - 1) * log(s) - half * s * s) * g(s),
                       scale_edges(df, unit, growth), TWELVE)


def both_tails(cdf, upper, digits=18):
    assert abs(cdf + upper - 1) < mpf(10) ** -digits, (cdf, upper)
    return cdf, upper


def noncentral_t(x, df, delta):
    x, delta = mpf(x), mpf(delta)
    unit = 1 / (1 + abs(x))
    return both_tails(scale_average(lambda s: ncdf(x * s - delta), df, unit),
                      scale_average(lambda s: ncdf(delta - x * s), df, unit))


LARGEST = []  # (z, weight * phi(z), Phi(z)) for the largest of k variables: panels of 1.5


def normal_range(w, k):
    """Tails of the range of k normal variables."""
    if not LARGEST:
        for i, (x, weight) in itertools.product(range(-7, 24), TWENTY_FOUR):
            z = 1.5 * i + .75 * (x + 1)
            LARGEST.append((z, weight * .75 * npdf(z), ncdf(z)))
    cdf = upper = mpf(0)
    for z, weight, below in LARGEST:
        if z < max(11, w / 2 + 9):
            all_below, inside = below ** (k - 1), (below - ncdf(z - w)) ** (k - 1)
            cdf += weight * inside
            upper += weight * (all_below - inside)
    return both_tails(k * cdf, k * upper)


def studentized_range(q, k, df):
    q = mpf(q)
    if df == inf:
        return normal_range(q, k)
    known = {}

    def tail(s, which):
        w = q * s
        if w > 45:
            return mpf(1 - which)
        if s not in known:
            known[s] = normal_range(w, k)
        return known[s][which]
    return both_tails(*(scale_average(lambda s: tail(s, which), df, 1 / (2 * q), .125)
                        for which in (0, 1)))


# ---- Quantiles

def where(tails, lower, upper, lo, hi):
    """The u in (lo, hi) with these tails, by the logarithm of the smaller one."""
    lower, upper = mpf(lower), mpf(upper)

    def miss(u):
        cdf, rest = tails(u)
        return log(cdf / lower) if lower <= upper else log(upper / rest)
    lo, hi = mpf(lo), mpf(hi)
    at_lo, at_hi, side = miss(lo), miss(hi), 0
    for step in range(400):
        # bisection first, then false position with Illinois' halving of an end that stays
        u = (lo + hi) / 2 if step < 10 else (lo * at_hi - hi * at_lo) / (at_hi - at_lo)
        at = miss(u)
        if abs(at) < mpf("1e-22"):
            return u
        if at < 0:
            lo, at_lo = u, at
            at_hi /= 2 if side < 0 and step > 10 else 1
        else:
            hi, at_hi = u, at
            at_lo /= 2 if side > 0 and step > 10 else 1
        side = mp.sign(at)
    raise ArithmeticError("no quantile")


def gamma_quantile(p, a):
    p = mpf(p)
    return exp(where(lambda u: gamma_tails(a, exp(u)), p, 1 - p, log(a) - 700 / a - 3,
                     log(a + 12 * sqrt(a) + 60)))


def beta_log_odds(lower, upper, a, b):
    a, b = mpf(a), mpf(b)
    return where(lambda u: beta_tails(1 / (1 + exp(-u)), 1 / (1 + exp(u)), a, b), lower, upper,
                 log(a / b) - 350 / a - 5, log(a / b) + 350 / b + 5)


def f_quantile(p, df1, df2):
    p = mpf(p)
    return mpf(df2) / mpf(df1) * exp(beta_log_odds(p, 1 - p, mpf(df1) / 2, mpf(df2) / 2))


def t_quantile(p, df):
    p = mpf(p)
    tail = 2 * min(p, 1 - p)
    size = sqrt(df * exp(beta_log_odds(1 - tail, tail, mpf(1) / 2, mpf(df) / 2)))
    return mp.sign(p - mpf(1) / 2) * size


def normal_quantile(p):
    p = mpf(p)
    return where(normal, p, 1 - p, -40, 40)


def binomial_quantile(p, n, success):
    k = 0
    while k < n and binomial(k, n, success)[0] < mpf(p):
        k += 1
    return k


# ---- Rows

rows = []


def row(name, arguments, value):
    if value == 0 or TINIEST < abs(value) != 1:
        texts = ["INFINITY" if a == inf else repr(float(a)) for a in arguments]
        rows.append('{"%s", {%s}, %r},' % (name, ", ".join(texts), float(value)))


def both(name, arguments, tails, endings=("cdf", "upper")):
    for ending, value in zip(endings, tails):
        row(name + "_" + ending, arguments, value)


def log_uniform(lo, hi):
    return float(lo * (hi / lo) ** chance.random())


SHAPES = [.5, 1, 1.5, 2, 3.7, 10, 33.3, 100, 451, 1000, 3000, 1e4]
TAILS = [1e-140, 1e-60, 1e-20, 1e-8, 1e-4, .01, .05, .2, .5]
LEVELS = TAILS + [.8, .95, .99, 1 - 1e-6, 1 - 1e-12]
DISTANCES = [-6, -2, -.3, .2, 1.1, 4, 12]  # from the mean, in standard deviations


def normals():
    for x in [.001, .3, 1, 1.96, 2.5, 5, 8, 12, 20, 36] + \
             [chance.uniform(0, 6) for _ in range(10)]:
        both("normal", [x], normal(x))
        both("normal", [-x], normal(-x))
    for p in LEVELS + [1e-280, .499999, .50001] + [chance.random() for _ in range(10)]:
        if p != .5:
            row("normal_quantile", [p], normal_quantile(p))


def gammas():
    for a in SHAPES + [log_uniform(.5, 1e4) for _ in range(6)]:
        row("log_gamma", [a], loggamma(mpf(a)))
        for x in [a / 100, a / 2, a] + [a + z * a ** .5 for z in DISTANCES]:
            if x > 0:
                both("gamma", [a, x], gamma_tails(a, x), ("lower", "upper"))
                both("chi2", [1.9 * x, 2 * a], chi2(1.9 * x, 2 * a))
    for a, p in itertools.product(SHAPES[:-4], LEVELS):
        row("gamma_lower_inverse", [a, p], gamma_quantile(p, a))
        row("chi2_quantile", [p, 2 * a], 2 * gamma_quantile(p, a))


def shape_pairs():
    """Not further apart than 1000 to 1: beyond, the series here take hours."""
    grid = itertools.product([.5, 2, 7, 333, 1e4], repeat=2)
    drawn = [(log_uniform(.5, 1e4), log_uniform(.5, 1e4)) for _ in range(16)]
    return [(a, b) for a, b in [*grid, *drawn] if max(a / b, b / a) <= 1000]


def betas():
    for a, b in shape_pairs():
        mean, sd = a / (a + b), (a * b / (a + b + 1)) ** .5 / (a + b)
        for x in [mean / 100, mean / 2] + [mean + z * sd for z in DISTANCES]:
            if 0 < x < 1:
                both("beta", [x, a, b], beta_lower(x, a, b), ("lower", "upper"))
        for x in (.01, .3, .8, 1.1, 2, 9):
            both("f", [x, 2 * a, 2 * b], f(x, 2 * a, 2 * b))
    for a, b in itertools.product((.5, 1, 3.3, 8, 60), repeat=2):
        for p in chance.sample(LEVELS, 4):
            odds = beta_log_odds(mpf(p), 1 - mpf(p), a, b)
            row("beta_lower_inverse", [p, a, b], 1 / (1 + exp(-odds)))
            row("f_quantile", [p, 2 * a, 2 * b], f_quantile(p, 2 * a, 2 * b))


def students():
    for df in [1, 1.5, 2, 3, 4, 7, 9, 17.8, 30, 100, 999, 1e4]:
        for x in [1e-5, .1, .7, 1.3, 2.262, 5, 12, 40, 1e3]:
            both("t", [x, df], t(x, df))
            both("t", [-x, df], t(-x, df))
            row("t_two_sided", [x, df], 2 * t(x, df)[1])
        if df <= 100:
            for p in LEVELS:
                if p != .5:
                    row("t_quantile", [p, df], t_quantile(p, df))


def binomials():
    for n in (1, 2, 5, 10, 30, 100, 1000, 10000):
        for p in (.01, .2, .5, .83, chance.random()):
            mean, sd = n * p, (n * p * (1 - p)) ** .5
            for k in sorted({int(mean + z * sd) for z in DISTANCES if 0 <= mean + z * sd < n}):
                both("binomial", [k, n, p], binomial(k, n, p))
            if n <= 100:
                for level in (1e-8, .025, .31, .5, .95, 1 - 1e-6):
                    row("binomial_quantile", [level, n, p], binomial_quantile(level, n, p))


def noncentrals():
    for df, delta in itertools.product((1, 2, 4, 7, 9, 19, 60, 400, 10000),
                                       (-3, -.5, .5, 2, 4.5, 10, 38)):
        for x in [-2, 0, .5, 1.86, 2.776, 6] + [delta * chance.uniform(.5, 1.7)]:
            cdf, upper = noncentral_t(x, df, delta)
            if min(cdf, upper) > mpf("1e-20"):
                both("noncentral_t", [x, df, delta], (cdf, upper))


def ranges():
    for k, q in itertools.product((3, 5, 10, 50), (.4, 1.7, 3.3, 4.5, 8)):
        both("studentized_range", [q, k, inf], studentized_range(q, k, inf))
    for k, df in itertools.product((3, 10, 50), (1, 5, 24, 10000)):
        q = chance.choice([2.5, 3.5, 5, 9])
        both("studentized_range", [q, k, df], studentized_range(q, k, df))


def range_quantiles():
    for k, p in itertools.product((2, 3, 4, 7, 10, 20, 50), (1e-4, .5, .9, .95, .99, 1 - 1e-9)):
        q = where(lambda u: normal_range(u, k), mpf(p), 1 - mpf(p), mpf("1e-5"), 16)
        row("studentized_range_quantile", [p, k, inf], q)


for family in (normals, gammas, betas, students, binomials, noncentrals, ranges,
               range_quantiles):
    chance.seed(family.__name__)
    family()
print("""/* special_values.h - what the special functions are, to 17 digits, for test_special.c.
 * Written by special_values.py; %d rows. */
/* clang-format off */
%s""" % (len(rows), "\n".join(rows)))
