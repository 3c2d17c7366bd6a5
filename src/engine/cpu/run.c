/* run.c - plans: compiling, members, buffers, running (rigor/plan.h). */
#include "engine/cpu/program.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* ---- Compiling: graph -> layout -> kernels. */
static bool of_graph(const rg_graph *graph, rg_val value)
{
    return value.graph == graph && value.id > 0 && value.id < graph->node.len;
}

static bool carry_fits(const rg_graph *graph, rg_carry carry, rg_err *err)
{
    char from[160], to[160];
    if (!of_graph(graph, carry.input) || !of_graph(graph, carry.output))
        return rg_fail(err, RG_INPUT, NULL, "carry values of the compiled graph",
                       "a carried value is no value of this graph");
    const rg_node *input = rg_node_of(graph, carry.input.id);
    const rg_node *output = rg_node_of(graph, carry.output.id);
    if (input->op != RG_OP_input)
        return rg_fail(err, RG_INPUT, NULL, "carry into a value made by rg_input",
                       "a value made by %s cannot be carried into", rg_ops[input->op].name);
    if (input->dtype == output->dtype && rg_shape_same(input->shape, output->shape))
        return true;
    rg_shape_text(to, input->shape);
    rg_shape_text(from, output->shape);
    return rg_fail(err, RG_INPUT, NULL, "give both the same shape and type",
                   "input '%s' has shape %s and type %s; what is carried into it has shape %s "
                   "and type %s",
                   input->attr.name, to, rg_dtype_name(input->dtype), from,
                   rg_dtype_name(output->dtype));
}

static bool can_compile(const rg_graph *graph, const rg_val *outputs, size_t n_outputs,
                        const rg_carry *carries, size_t n_carries, rg_err *err)
{
    const rg_err *mistake = rg_graph_error(graph);
    if (mistake->code != RG_OK)
        return rg_fail(err, mistake->code, mistake->where, mistake->remedy, "%s",
                       mistake->what);
    for (size_t i = 0; i < n_outputs; i++)
        if (!of_graph(graph, outputs[i]))
            return rg_fail(err, RG_INPUT, NULL, "ask for values of the compiled graph",
                           "output %zu is no value of this graph", i + 1);
    for (size_t i = 0; i < n_carries; i++) {
        if (!carry_fits(graph, carries[i], err))
            return false;
        for (size_t j = 0; j < i; j++)
            if (carries[j].input.id == carries[i].input.id)
                return rg_fail(err, RG_INPUT, NULL, "carry one value into each input",
                               "two values are carried into input '%s'",
                               rg_node_of(graph, carries[i].input.id)->attr.name);
    }
    return true;
}

static void *copied(rg_arena *arena, const void *from, size_t bytes)
{
    void *to = rg_arena_alloc(arena, bytes);
    if (bytes)
        memcpy(to, from, bytes);
    return to;
}

static rg_kernel *make_kernel(rg_executable *program, rg_lowering *lowering, size_t i,
                              bool reference)
{
    const rg_step *step = &program->layout.step[i];
    rg_kernel *kernel =
        reference ? rg_lower_reference(lowering, step) : rg_lower(lowering, step);
    kernel->number = (uint32_t)i;
    kernel->id = step->node[step->n - 1];
    return kernel;
}

static void make_kernels(rg_executable *program, bool reference)
{
    rg_layout *layout = &program->layout;
    rg_lowering lowering = {.arena = program->arena,
                            .layout = layout,
                            .loops = rg_loops_best(),
                            .threads = program->threads};
    if (!reference)
        lowering.code = rg_machine_code_open(program->arena, lowering.loops);
    program->kernels = layout->steps;
    program->kernel = RG_ARENA_ARRAY(program->arena, rg_kernel *, layout->steps);
    for (size_t i = 0; i < layout->steps; i++)
        program->kernel[i] = make_kernel(program, &lowering, i, reference);
    /* A system that allows no executable memory: the same loops, interpreted. */
    bool refused = lowering.code && !rg_machine_code_seal(lowering.code);
    lowering.code = NULL;
    for (size_t i = 0; refused && i < layout->steps; i++)
        if (layout->step[i].element)
            program->kernel[i] = make_kernel(program, &lowering, i, false);
    for (size_t i = 0; i < layout->steps; i++)
        if (program->kernel[i]->scratch > program->scratch)
            program->scratch = program->kernel[i]->scratch;
    program->scratch =
        (program->scratch + RG_MEMORY_ALIGN - 1) / RG_MEMORY_ALIGN * RG_MEMORY_ALIGN;
}

rg_executable *rg_program_make(const rg_graph *graph, const rg_val *outputs, size_t n_outputs,
                               const rg_carry *carries, size_t n_carries, bool reference,
                               int threads)
{
    rg_executable *program = RG_NEW(rg_executable);
    rg_arena *arena = program->arena = rg_arena_new();
    program->owners = 1;
    program->threads = threads;
    program->layout = (rg_layout){
        .arena = arena,
        .graph = graph,
        .output = copied(arena, outputs, sizeof(rg_val) * n_outputs),
        .outputs = n_outputs,
        .carry = copied(arena, carries, sizeof(rg_carry) * n_carries),
        .carries = n_carries,
        .fuse = !reference,
    };
    rg_layout_make(&program->layout);
    make_kernels(program, reference);
    return program;
}

void rg_program_release(rg_executable *program)
{
    if (--program->owners > 0)
        return;
    rg_arena_free(program->arena);
    rg_free(program);
}

rg_plan *rg_plan_compile(rg_graph *graph, const rg_val *outputs, size_t n_outputs,
                         const rg_carry *carries, size_t n_carries,
                         const rg_plan_options *options, rg_err *err)
{
    bool reference = options && options->reference;
    if (!can_compile(graph, outputs, n_outputs, carries, n_carries, err))
        return NULL;
    int threads = options && !reference && options->threads > 1 ? options->threads : 1;
    return rg_plan_of(
        rg_program_make(graph, outputs, n_outputs, carries, n_carries, reference, threads),
        err);
}

/* ---- Members. */
static char *aligned(char *memory)
{
    uintptr_t at = (uintptr_t)memory;
    return memory + (RG_MEMORY_ALIGN - at % RG_MEMORY_ALIGN) % RG_MEMORY_ALIGN;
}

void rg_program_place(const rg_executable *program, char *block, char **slot)
{
    const rg_layout *l = &program->layout;
    for (size_t i = 0; i < l->slots; i++)
        slot[i] =
            l->slot[i].fixed ? (char *)(uintptr_t)l->slot[i].fixed : block + l->slot[i].offset;
}

void **rg_program_states(const rg_executable *program)
{
    void **state = RG_NEW_ARRAY(void *, program->kernels + 1);
    for (size_t i = 0; i < program->kernels; i++)
        if (program->kernel[i]->make_state)
            state[i] = program->kernel[i]->make_state(program->kernel[i]);
    return state;
}

void rg_program_states_free(const rg_executable *program, void **state)
{
    for (size_t i = 0; i < program->kernels; i++)
        if (state[i])
            program->kernel[i]->free_state(program->kernel[i], state[i]);
    rg_free(state);
}

/* The id of the value that takes most memory; 0: none takes any. */
static uint32_t largest_value(const rg_layout *l)
{
    uint32_t ret = 0;
    int64_t most = 0;
    for (uint32_t id = 1; id <= l->count; id++) {
        uint32_t slot = l->live[id] && l->root[id] == id ? l->slot_of[id] : RG_NONE;
        if (slot == RG_NONE || l->slot[slot].fixed || l->slot[slot].bytes <= most)
            continue;
        most = l->slot[slot].bytes;
        ret = id;
    }
    return ret;
}

/* "; its largest value, concat of shape (2048, 1024), takes 8 MiB", and where that is made. */
static void blame_value(const rg_layout *l, uint32_t id, rg_str *what, char where[160])
{
    char shape[160];
    const rg_node *node = rg_node_of(l->graph, id);
    rg_shape_text(shape, node->shape);
    rg_str_printf(what, "; its largest value, %s of shape %s, takes %lld MiB",
                  node->op == RG_OP_input ? node->attr.name : rg_ops[node->op].name, shape,
                  (long long)(l->slot[l->slot_of[id]].bytes >> 20));
    if (node->at.file)
        snprintf(where, 160, "%s:%d", rg_path_base(node->at.file), node->at.line);
}

static void fail_memory(const rg_executable *program, size_t scratch, rg_err *err)
{
    const rg_layout *l = &program->layout;
    uint32_t id = largest_value(l);
    rg_str what = {0};
    char where[160] = "";
    rg_str_printf(&what, "no memory for a plan of %zu MiB", (l->bytes + scratch) >> 20);
    if (scratch >> 20)
        rg_str_printf(&what, ", %zu MiB of it working memory", scratch >> 20);
    if (id)
        blame_value(l, id, &what, where);
    rg_fail(err, RG_INPUT, where, "use smaller dimensions or smaller batches", "%s",
            rg_str_text(&what));
    rg_str_free(&what);
}

/* A plan's memory is walked end to end in each run: in pages of 2 MiB, where the system has
 * them to give, it needs few entries of the processor's table of pages.  Advice; it may be
 * ignored. */
static void ask_for_huge_pages(char *block, size_t bytes)
{
    const uintptr_t page = (uintptr_t)2 << 20;
    uintptr_t from = ((uintptr_t)block + page - 1) / page * page;
    uintptr_t to = ((uintptr_t)block + bytes) / page * page;
    if (from < to)
        madvise(block + (from - (uintptr_t)block), to - from, MADV_HUGEPAGE);
}

rg_plan *rg_plan_of(rg_executable *program, rg_err *err)
{
    const rg_layout *l = &program->layout;
    size_t scratch = program->scratch * (size_t)program->threads;
    char *block = rg_try_alloc(l->bytes + scratch + 2 * RG_MEMORY_ALIGN);
    if (!block) {
        fail_memory(program, scratch, err);
        rg_program_release(program);
        return NULL;
    }
    ask_for_huge_pages(block, l->bytes + scratch);
    rg_plan *plan = RG_NEW(rg_plan);
    plan->program = program;
    plan->block = block;
    plan->slot = RG_NEW_ARRAY(char *, l->slots + 1);
    rg_program_place(program, aligned(block), plan->slot);
    plan->scratch = aligned(aligned(block) + l->bytes);
    plan->crew = program->threads > 1 ? rg_crew_new(program->threads) : NULL;
    plan->state = rg_program_states(program);
    return plan;
}

rg_plan *rg_plan_clone(const rg_plan *plan, rg_err *err)
{
    plan->program->owners++;
    return rg_plan_of(plan->program, err);
}

void rg_plan_free(rg_plan *plan)
{
    if (!plan)
        return;
    rg_program_states_free(plan->program, plan->state);
    for (size_t i = 0; i < plan->unused.len; i++)
        rg_free(plan->unused.at[i].memory);
    rg_vec_free(&plan->unused);
    rg_plan_free(plan->judge);
    rg_crew_free(plan->crew);
    rg_free(plan->slot);
    rg_free(plan->block);
    rg_program_release(plan->program);
    rg_free(plan);
}

size_t rg_plan_bytes(const rg_plan *plan)
{
    return plan->program->layout.bytes +
           plan->program->scratch * (size_t)plan->program->threads;
}

/* ---- Buffers. */
static bool is_live(const rg_layout *l, rg_val value)
{
    return of_graph(l->graph, value) && value.id <= l->count && l->live[value.id];
}

/* Memory for an input that the results do not depend on, so that callers need not know. */
static void *unused_buffer(rg_plan *plan, rg_val value)
{
    for (size_t i = 0; i < plan->unused.len; i++)
        if (plan->unused.at[i].id == value.id)
            return plan->unused.at[i].memory;
    size_t bytes = (size_t)rg_val_count(value) * rg_dtype_bytes(rg_val_dtype(value));
    struct rg_unused entry = {value.id, rg_alloc(bytes + 1)};
    rg_vec_push(&plan->unused, entry);
    return entry.memory;
}

void *rg_plan_buffer(rg_plan *plan, rg_val value)
{
    const rg_layout *l = &plan->program->layout;
    bool input = of_graph(l->graph, value) && rg_node_of(l->graph, value.id)->op == RG_OP_input;
    if (input)
        return is_live(l, value) ? plan->slot[l->slot_of[value.id]]
                                 : unused_buffer(plan, value);
    for (size_t i = 0; i < l->outputs; i++)
        if (l->output[i].id == value.id)
            return plan->slot[l->result[i]];
    return NULL;
}

void rg_plan_bind(rg_plan *plan, rg_val input, void *memory)
{
    const rg_layout *l = &plan->program->layout;
    if (is_live(l, input) && rg_node_of(l->graph, input.id)->op == RG_OP_input)
        plan->slot[l->slot_of[input.id]] = memory;
}

/* ---- Running. */
typedef struct piece {
    const rg_frame *frame;
    const rg_kernel *kernel;
    _Atomic bool failed;
    rg_err *err; /* of the first unit that fails */
} piece;

static void run_unit(void *ctx, size_t i, int member)
{
    piece *p = ctx;
    rg_err err = {0};
    rg_frame frame = *p->frame;
    frame.scratch += (size_t)member * frame.each;
    frame.crew = NULL; /* it is busy with this kernel */
    frame.from = (int64_t)i;
    frame.to = frame.from + 1;
    if (!p->kernel->run(p->kernel, &frame, &err) && !atomic_exchange(&p->failed, true))
        *p->err = err;
}

/* A kernel that is cut into units is shared by the frame's crew. */
static bool run_kernel(const rg_kernel *kernel, rg_frame *frame, rg_err *err)
{
    frame->from = 0;
    frame->to = kernel->units;
    if (!frame->crew || kernel->units < 2)
        return kernel->run(kernel, frame, err);
    piece p = {.frame = frame, .kernel = kernel, .err = err};
    rg_crew_run(frame->crew, (size_t)kernel->units, run_unit, &p);
    return !p.failed;
}

static rg_frame frame_of(const rg_plan *plan)
{
    return (rg_frame){.slot = plan->slot,
                      .scratch = plan->scratch,
                      .state = plan->state,
                      .crew = plan->crew,
                      .each = plan->program->scratch};
}

bool rg_plan_step(rg_plan *plan, size_t i, rg_err *err)
{
    rg_frame frame = frame_of(plan);
    return run_kernel(plan->program->kernel[i], &frame, err);
}

void rg_layout_copy(const rg_layout *l, char *const *slot, const rg_copy *copy, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (l->slot[copy[i].to].bytes > 0)
            memcpy(slot[copy[i].to], slot[copy[i].from], (size_t)l->slot[copy[i].to].bytes);
}

bool rg_program_run(const rg_executable *program, const rg_frame *frame, rg_err *err)
{
    const rg_layout *l = &program->layout;
    rg_frame mine = *frame;
    rg_layout_copy(l, frame->slot, l->before, l->befores);
    for (size_t i = 0; i < program->kernels; i++)
        if (!run_kernel(program->kernel[i], &mine, err))
            return false;
    rg_layout_copy(l, frame->slot, l->after, l->afters);
    return true;
}

bool rg_plan_run(rg_plan *plan, rg_err *err)
{
    rg_frame frame = frame_of(plan);
    return rg_program_run(plan->program, &frame, err);
}
