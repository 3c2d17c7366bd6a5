/* program.h - a layout made executable: kernels in order, shared by a plan and its clones. */
#ifndef RIGOR_ENGINE_CPU_PROGRAM_H
#define RIGOR_ENGINE_CPU_PROGRAM_H

#include "engine/cpu/machine_code.h"
#include "engine/plan/layout.h"

/* What one member brings to a run. */
typedef struct rg_frame {
    char *const *slot;  /* memory by slot */
    char *scratch;      /* working memory, 64-byte aligned, for one kernel at a time */
    void *const *state; /* by kernel: what make_state made */
    int64_t from, to;   /* the units of the kernel that are wanted */
    rg_crew
        *crew; /* threads that may share a kernel's units, each with `each` bytes of scratch of
                           its own behind the caller's; NULL: none */
    size_t each;
} rg_frame;

typedef struct rg_kernel rg_kernel;
struct rg_kernel {
    bool (*run)(const rg_kernel *kernel, const rg_frame *frame, rg_err *err);
    size_t scratch; /* bytes of working memory it wants */
    /* Into how many pieces it can be cut, each some tens of microseconds of work that several
     * threads may do at the same time, in any order; 0 and 1: none.  What the pieces are
     * follows from the shapes alone, so that results do not depend on the number of threads. */
    int64_t units;
    /* Where a member needs objects of its own (oneDNN's memory handles); may be NULL. */
    void *(*make_state)(const rg_kernel *kernel);
    void (*free_state)(const rg_kernel *kernel, void *state);
    uint32_t number; /* its place among the kernels */
    uint32_t id;     /* the (last) node it computes */
};

typedef struct rg_lowering { /* what the lowering of one step sees */
    rg_arena *arena;
    const rg_layout *layout;
    const rg_loops *loops;
    rg_machine_code *code; /* where emitted loops go; NULL: none are */
    int threads;           /* that may share a kernel */
} rg_lowering;

/* Makes a kernel structure that starts with an rg_kernel. */
#define RG_KERNEL_NEW(lowering, type, function) \
    ((type *)rg_kernel_new((lowering), sizeof(type), (function)))
void *rg_kernel_new(rg_lowering *lowering, size_t bytes,
                    bool (*run)(const rg_kernel *, const rg_frame *, rg_err *));
uint32_t rg_lower_slot(const rg_lowering *lowering, uint32_t id);

/* One for each word in the table's column `kernel`. */
rg_kernel *rg_lower_element(rg_lowering *lowering, const rg_step *step);     /* tile.c */
rg_kernel *rg_lower_reduce(rg_lowering *lowering, const rg_step *step);      /* reduce.c */
rg_kernel *rg_lower_copy(rg_lowering *lowering, const rg_step *step);        /* copy.c */
rg_kernel *rg_lower_pad(rg_lowering *lowering, const rg_step *step);         /* copy.c */
rg_kernel *rg_lower_concat(rg_lowering *lowering, const rg_step *step);      /* copy.c */
rg_kernel *rg_lower_dot(rg_lowering *lowering, const rg_step *step);         /* dot.c */
rg_kernel *rg_lower_gather(rg_lowering *lowering, const rg_step *step);      /* index.c */
rg_kernel *rg_lower_scatter_add(rg_lowering *lowering, const rg_step *step); /* index.c */
rg_kernel *rg_lower_loop(rg_lowering *lowering, const rg_step *step);        /* loop_run.c */
rg_kernel *rg_lower_scatter_max(rg_lowering *lowering, const rg_step *step); /* index.c */
rg_kernel *rg_lower_conv(rg_lowering *lowering, const rg_step *step);        /* conv.c */
rg_kernel *rg_lower_argsort(rg_lowering *lowering, const rg_step *step);     /* argsort.c */
rg_kernel *rg_lower_linrec(rg_lowering *lowering, const rg_step *step);      /* linrec.c */
/* The reference interpreter as a kernel, for any single node. */
rg_kernel *rg_lower_reference(rg_lowering *lowering, const rg_step *step);
/* By the table. */
rg_kernel *rg_lower(rg_lowering *lowering, const rg_step *step);

typedef struct rg_executable {
    rg_arena *arena;
    rg_layout layout;
    rg_kernel **kernel;
    size_t kernels, scratch; /* scratch: bytes for each thread */
    int threads;
    _Atomic int owners; /* plans that share it */
} rg_executable;

struct rg_plan {
    rg_executable *program;
    char *block, *scratch; /* block: the allocation; slots start at its aligned begin */
    rg_crew *crew;         /* threads of this member; NULL: the caller's alone */
    char **slot;
    void **state;
    RG_VEC(struct rg_unused {
        uint32_t id;
        void *memory;
    })
    unused;
    rg_plan *judge; /* find_nonfinite's reference plan, made on first use */
};

/* The outputs and carries are copied; with one owner, who releases it. */
rg_executable *rg_program_make(const rg_graph *graph, const rg_val *outputs, size_t n_outputs,
                               const rg_carry *carries, size_t n_carries, bool reference,
                               int threads);
void rg_program_release(rg_executable *program);
/* A member: where its slots are, and what its kernels keep. */
void rg_program_place(const rg_executable *program, char *block, char **slot);
void **rg_program_states(const rg_executable *program);
void rg_program_states_free(const rg_executable *program, void **state);
/* The copies before or after a run. */
void rg_layout_copy(const rg_layout *layout, char *const *slot, const rg_copy *copy, size_t n);
/* Runs every kernel, with the copies around them. */
bool rg_program_run(const rg_executable *program, const rg_frame *frame, rg_err *err);

rg_plan *rg_plan_of(rg_executable *program, rg_err *err); /* takes over one ownership */
bool rg_plan_step(rg_plan *plan, size_t kernel, rg_err *err);

#endif
