/* internal.h - what the files of this folder share. */
#ifndef RIGOR_ENGINE_NN_INTERNAL_H
#define RIGOR_ENGINE_NN_INTERNAL_H

#include "engine/ir/node.h"
#include "rigor/nn.h"

/* ---- Small sums of primitives (compute.c) */
rg_val rg_number(rg_val like, double value);  /* a constant of the type of `like` */
rg_val rg_mean_over(rg_val x, uint32_t axes); /* the axes stay, with length 1 */
rg_val rg_square(rg_val x);
rg_val rg_positive_part(rg_val x); /* max(x, 0) with derivative 0 at 0; NaN stays */
rg_val rg_at_least(rg_val x, double floor);
rg_val rg_at_most(rg_val x, double ceiling); /* NaN stays */
rg_val rg_length(rg_val x, int axis);        /* of the axis, as a constant of x's type */
rg_val rg_part_of(rg_val x, int axis, int64_t from, int64_t to);
/* x: (C) -> (1, ..., C, ..., 1): broadcasts along `axis` of a value of that rank. */
rg_val rg_along(rg_val x, int rank, int axis);

/* ---- Parts of layers */
/* RG_PINNED for a layer that reads *spec: NULL is a mistake, and the layer is x. */
#define RG_LAYER(graph, at, spec, x, call) \
    RG_PINNED(graph, at, rg_is_given(graph, spec, #spec) ? (call) : (x))
bool rg_is_given(rg_graph *graph, const void *spec, const char *name);    /* compute.c */
rg_val rg_affine(rg_scope *scope, rg_val x, int64_t width, bool no_bias); /* layers.c */
rg_val rg_with_bias(rg_scope *scope, rg_val x, int axis); /* zeros (C) along it; norm.c */

/* scope->init for a weight with the fans of `own`, which lies in memory as rows by columns;
 * else own.  init.c */
rg_init rg_init_of(const rg_scope *scope, rg_init own, int64_t rows, int64_t columns);
rg_init rg_init_of_bias(const rg_scope *scope, rg_init own);
/* A mistake in the graph where the initialiser does not fit a weight of n elements; init.c */
void rg_init_check(rg_graph *graph, const rg_init *init, const char *name, int64_t n);

bool rg_is_filters(const char *name); /* of a weight: as rg_scope_weight says; convolution.c */

/* ---- Configurations and scopes */
/* Whether `value` is the constant that rg_conf_val gives for a number that is switched off. */
bool rg_conf_is_zero(const rg_conf *conf, rg_val value);
/* The next site: it tells the random draws of one step apart. */
uint32_t rg_scope_site(rg_scope *scope);
/* scope->present as (B, 1, ..., 1) of x's rank and type, for x of as many rows; no value when all
 * are present. */
rg_val rg_scope_present(const rg_scope *scope, rg_val x);

/* ---- Update rules: rows of the table in optim.c */
rg_val rg_optim_number(const rg_optim *optim, const char *name);
bool rg_optim_decays(const rg_optim *optim, rg_val parameter);
/* parameter (1 - lr weight_decay), or the parameter when it does not decay. */
rg_val rg_optim_shrunk(const rg_optim *optim, rg_val parameter);
rg_val rg_blend(rg_val share, rg_val x, rg_val y); /* share x + (1 - share) y */
rg_val rg_root_of_mean_square(rg_val x);           /* a scalar */
rg_val rg_update_sgd(rg_optim *optim, const char *name, rg_val p, rg_val g);
rg_val rg_update_adam(rg_optim *optim, const char *name, rg_val p, rg_val g);
rg_val rg_update_adamw(rg_optim *optim, const char *name, rg_val p, rg_val g);
rg_val rg_update_lion(rg_optim *optim, const char *name, rg_val p, rg_val g);
rg_val rg_update_lamb(rg_optim *optim, const char *name, rg_val p, rg_val g);
rg_val rg_update_adafactor(rg_optim *optim, const char *name, rg_val p, rg_val g);
rg_val rg_update_muon(rg_optim *optim, const char *name, rg_val p, rg_val g);
rg_val rg_update_shampoo(rg_optim *optim, const char *name, rg_val p, rg_val g);

#endif
