/* search.h - spaces and samplers.
 *
 * A sampler is a function of what it is shown: (space, finished trials, study seed, trial
 * number). Nothing else enters, so a search repeats exactly whatever the number of workers, and
 * a resumed search goes on as if nothing had happened. */
#ifndef RIGOR_SEARCH_H
#define RIGOR_SEARCH_H

#include "rigor/base.h"

typedef enum rg_dim_kind {
    RG_DIM_UNIFORM, /* lo <= x <= hi */
    RG_DIM_LOG,     /* the same, uniform in log x; lo > 0 */
    RG_DIM_INT,     /* whole, lo + k * step; `log` makes it uniform in log */
    RG_DIM_CHOICE,  /* unordered; the value is an index into choices */
    RG_DIM_ORDER,   /* ordered choices */
} rg_dim_kind;

typedef struct rg_dim {
    const char *name; /* dotted path into the configuration: "train.lr" */
    rg_dim_kind kind;
    double lo, hi, step; /* step: 1 unless given; RG_DIM_INT only */
    bool log;
    size_t n_choices;
    json_t **choices; /* borrowed from the study */
    /* Active only while an earlier dimension of the space has one of these values (indices for
     * choices).  when < 0: always active. */
    int when;
    size_t n_when;
    double *when_values;
} rg_dim;

typedef struct rg_space {
    size_t count;
    rg_dim *dim;
} rg_space;

/* A point has one double for each dimension: the value, or the index of the choice; NaN where
 * the dimension is not active. */
typedef enum rg_obs_state { RG_OBS_DONE, RG_OBS_FAILED, RG_OBS_PENDING } rg_obs_state;
typedef struct rg_obs {
    const double *point;
    double loss; /* to be minimised; the caller turns the sign of a metric to be maximised */
    rg_obs_state state;
} rg_obs;

typedef struct rg_ask {
    const rg_space *space;
    const rg_obs *history; /* in order of trial number; pending ones included */
    size_t count;
    const double *first; /* the default configuration, enqueued as trial 0; NULL: none */
    uint64_t seed;
    size_t trial;  /* number of the trial asked for */
    size_t trials; /* planned in all */
} rg_ask;

typedef struct rg_sampler {
    const char *name, *help;
    void (*suggest)(const rg_ask *ask, double *ret_point);
} rg_sampler;
/* NULL-terminated; one file sampler_NAME.c each. */
extern const rg_sampler *const rg_samplers[];
const rg_sampler *rg_sampler_find(const char *name);
/* `sampler: auto`: picks by the space and the number of trials; *ret_why is one sentence. */
const rg_sampler *rg_sampler_auto(const rg_space *space, size_t trials, const char **ret_why);
/* Trial 0 is `first` when given; otherwise the sampler's choice. */
void rg_suggest(const rg_sampler *sampler, const rg_ask *ask, double *ret_point);

bool rg_space_active(const rg_space *space, size_t dim, const double *point);
/* The point as a part of a configuration: {"train": {"lr": 0.01}}; inactive dimensions are left
 * out.  New reference. */
json_t *rg_space_json(const rg_space *space, const double *point);
/* The inverse; values outside the space are moved to the nearest inside. NaN for what is
 * absent. */
void rg_space_point(const rg_space *space, const json_t *values, double *ret_point);

#endif
