/* plan.h - a graph made executable: kernels, order, one allocation for all buffers. */
#ifndef RIGOR_PLAN_H
#define RIGOR_PLAN_H

#include "rigor/graph.h"

typedef struct rg_plan rg_plan;

/* After a run, the buffer of `input` holds what `output` came to: parameters, optimiser state.
 */
typedef struct rg_carry {
    rg_val input, output;
} rg_carry;

typedef struct rg_plan_options {
    bool reference; /* the reference interpreter: obviously right, slow, the judge of the others
                     */
    int threads; /* that share the larger operations, at most, the caller's among them; results
                       never depend on it.  0 means 1 */
} rg_plan_options;

/* Compiles what `outputs` and `carries` need.  A mistake made while building is reported here.
 * The graph must outlive the plan.  NULL on failure. */
rg_plan *rg_plan_compile(rg_graph *graph, const rg_val *outputs, size_t n_outputs,
                         const rg_carry *carries, size_t n_carries,
                         const rg_plan_options *options, rg_err *err);
/* The same program with buffers of its own (zeroed): another member of a cohort. */
rg_plan *rg_plan_clone(const rg_plan *plan, rg_err *err);
void rg_plan_free(rg_plan *plan);

/* The buffer of an input (write before a run) or an output (read after one), row-major; NULL
 * for other values.  An input that no result depends on has a buffer that nobody reads.  After
 * a run a carried input holds its new value, also where it was named as an output. */
void *rg_plan_buffer(rg_plan *plan, rg_val value);
/* Lets an input use the caller's memory in place of its own: a data set, another plan's
 * parameters. The memory must outlive the plan's runs and be aligned for its type; a carried
 * input is written there. */
void rg_plan_bind(rg_plan *plan, rg_val input, void *memory);
/* Fails on an index out of range; carried inputs then hold a mixture of old and new values. */
bool rg_plan_run(rg_plan *plan, rg_err *err);
size_t rg_plan_bytes(const rg_plan *plan); /* peak memory of one member */
/* Runs the plan once under the reference interpreter, from its inputs as they are, changing
 * nothing, and names the first value that is not finite: its operation, source line and the
 * statistics of its inputs; of a loop the step, and the same of the first such value of the
 * body.  False when all are finite.  A carried input that has already taken in such a value is
 * itself the first: put back its last good state before asking. */
bool rg_plan_find_nonfinite(rg_plan *plan, rg_str *ret);

/* ---- What a plan does (`rigor plan`) ---------------------------------------------------- */
/* The text form (docs/ir.md) after a pass: `build` is what the outputs need, `grad` the whole
 * graph, `live` what the outputs and carries need; the others add what they decided as
 * comments. */
typedef enum rg_pass {
    RG_PASS_BUILD,
    RG_PASS_GRAD,
    RG_PASS_LIVE,
    RG_PASS_FUSE,
    RG_PASS_SCHEDULE,
    RG_PASS_MEMORY,
    RG_PASSES
} rg_pass;
extern const char *const rg_pass_names[]; /* by rg_pass; ends with NULL */
void rg_plan_text(const rg_plan *plan, rg_pass pass, rg_str *ret);

/* What this machine's kernels reach, from short runs of plans: the best of some tries, so other
 * work that runs at the same time makes it worse. */
typedef struct rg_machine {
    double dot_flops;  /* operations a second of a matrix product, 384 cubed */
    double half_flops; /* the same of bf16 operands */
    double loop_flops; /* of a loop of sums and products over numbers in the cache */
    double near_bytes; /* a second, read and written in the second-level cache */
    double far_bytes;  /* a second, to and from memory */
    double step_s;     /* seconds of a step that does nothing */
} rg_machine;
bool rg_machine_measure(rg_machine *ret, rg_err *err);

typedef struct rg_step_cost {
    const char *kernel; /* the operation; "loop" when several run as one */
    rg_place at;        /* of the last node: a line of the model, as a rule */
    rg_dtype dtype;     /* of the last node's value */
    rg_shape shape;
    double flops, bytes; /* by the equations (src/engine/plan/cost.h) */
    double predicted_s; /* step_s + the longer of computing and moving; NaN: no machine given */
} rg_step_cost;
size_t rg_plan_steps(const rg_plan *plan);
/* machine: may be NULL. */
rg_step_cost rg_plan_step_cost(const rg_plan *plan, size_t step, const rg_machine *machine);
/* The operations of a step, "mul add tanh", in order. */
void rg_plan_step_operations(const rg_plan *plan, size_t step, rg_str *ret);
/* Runs the plan `runs` times (1 or more), each kernel timed: the least seconds of each step
 * into step_s[rg_plan_steps], and of a whole run without the clock's own cost into
 * *ret_total_s.  Carried inputs move on with each run. */
bool rg_plan_time(rg_plan *plan, size_t runs, double *step_s, double *ret_total_s, rg_err *err);

#endif
