/* peers.h - our statistics beside R's and SciPy's: the tables of what is compared.
 *
 * One family of functions is one file, peers_*.c; one function is one entry of its table.  For
 * each of a thousand cases an entry draws its inputs, edge cases among them; tool_stats.c
 * prints them with our results, in hexadecimal, so that both sides mean the same bits; check.R
 * and check.py evaluate the entry's expression on them and compare.
 *
 * An expression sees the lists x and y and the numbers a, b, c and d.  It gives as many
 * numbers as we do.  Where the peer refuses (an error), it gives NaN: so must we, and where a
 * peer has another convention for a degenerate case than our header states, the expression says
 * so with a condition of its own. */
#ifndef RIGOR_TESTS_PEERS_H
#define RIGOR_TESTS_PEERS_H

#include "rigor/base.h"

#include <math.h>

enum { PEER_LIST = 64 };

typedef struct peer_inputs {
    rg_rng rng;
    long number; /* of the case: which edge it is follows from it */
    double x[PEER_LIST], y[PEER_LIST];
    size_t n_x, n_y;
    double a, b, c, d;
} peer_inputs;

typedef struct peer_expression {
    const char *text; /* NULL: the peer has no such function */
    double tolerance; /* relative to the peer's result */
    const char *why;  /* it is wider than 1e-9 */
} peer_expression;

typedef struct peer_function {
    const char *name;
    void (*inputs)(peer_inputs *in);
    size_t (*ours)(const peer_inputs *in, double *ret); /* how many; at most PEER_LIST */
    const char *results;                                /* their names, for messages */
    peer_expression r, scipy;
} peer_function;

typedef struct peer_family {
    const peer_function *functions;
    size_t count;
} peer_family;

extern const peer_family peers_special, peers_pairs, peers_power, peers_groups, peers_resample,
    peers_predictions, peers_bayes;

/* ---- Drawing inputs (peers_inputs.c) */
double peer_uniform(peer_inputs *in, double lo, double hi);
double peer_log_uniform(peer_inputs *in, double lo, double hi);
double peer_whole(peer_inputs *in, double lo, double hi); /* lo .. hi, both included */

/* Which edge cases a function's lists may have; half of the cases have none. */
enum {
    PEER_SHORT = 1,    /* one or two values */
    PEER_TIES = 2,     /* rounded to quarters, zeros among them */
    PEER_CONSTANT = 4, /* one value throughout */
    PEER_SCALE = 8,    /* 1e-60, 1e60 */
    PEER_ALL = 15
};
/* Fills x (or x and y, of sizes of their own) and sets d to their scale. */
void peer_list(peer_inputs *in, size_t least, size_t most, int edges);
void peer_two_lists(peer_inputs *in, size_t least, size_t most, int edges);

#endif
