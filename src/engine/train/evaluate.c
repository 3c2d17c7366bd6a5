/* evaluate.c - the model on rows that it does not train on.
 *
 * An evaluator is compiled for a number of rows and reads its weights where they stand: in the
 * buffers of the training step, or in the held copy of the chosen epoch.  A part of more rows
 * than a block goes through block by block; the last block ends with the last row. */
#include "engine/ir/node.h"
#include "engine/train/program.h"

#include <string.h>

/* ---- The weights of two graphs of one model, which are bound by their order. */

static bool same_weight(const rg_weight *a, const rg_weight *b)
{
    return !strcmp(a->name, b->name) && a->buffer == b->buffer &&
           rg_val_dtype(a->input) == rg_val_dtype(b->input) &&
           rg_shape_same(rg_val_shape(a->input), rg_val_shape(b->input));
}

/* "linear0.weight (64, 10)"; NULL: "none" */
static void name_weight(char out[256], const rg_weight *weight)
{
    char shape[160];
    snprintf(out, 256, "none");
    if (!weight)
        return;
    rg_shape_text(shape, rg_val_shape(weight->input));
    snprintf(out, 256, "%s%.80s %s", weight->buffer ? "the buffer " : "", weight->name, shape);
}

static void fail_difference(network *read, size_t i, const rg_weight *trained,
                            const rg_weight *asked)
{
    char one[256], other[256];
    rg_val where = asked ? asked->input : trained->input;
    rg_place at = rg_node_of(where.graph, where.id)->at;
    name_weight(one, trained);
    name_weight(other, asked);
    rg_graph_at(read->graph, at.file, at.line);
    rg_graph_fail(read->graph, "ask for the same weights in both, and for any number of rows",
                  "weight %zu of the model is %s in training and %s in evaluation", i + 1, one,
                  other);
}

void rg_network_compare(const network *trained, network *read)
{
    const rg_weight *a, *b;
    size_t n = rg_scope_weights(trained->scope, &a), m = rg_scope_weights(read->scope, &b);
    for (size_t i = 0; i < n || i < m; i++)
        if (i >= n || i >= m || !same_weight(&a[i], &b[i]))
            fail_difference(read, i, i < n ? &a[i] : NULL, i < m ? &b[i] : NULL);
}

/* ---- Evaluators. */

evaluator *rg_evaluator_new(const rg_program_spec *spec, const network *trained, int64_t rows,
                            rg_err *err)
{
    evaluator *eval = RG_NEW(evaluator);
    eval->rows = rows;
    network *net = &eval->net;
    rg_network_open(net, spec, false);
    eval->x =
        rg_input(net->graph, "data.x", RG_F32, rg_shape_of(rows, (int64_t)spec->features));
    rg_val out = rg_network_forward(net, spec, eval->x);
    eval->out =
        spec->task == RG_CLASSIFY ? rg_softmax(out) : rg_reshape(out, rg_shape_of(rows));
    rg_network_lower(net, &eval->out, 1);
    rg_network_compare(trained, net);
    eval->plan = rg_plan_compile(net->graph, &eval->out, 1, NULL, 0, &spec->plan, err);
    if (eval->plan)
        return eval;
    rg_evaluator_free(eval);
    return NULL;
}

void rg_evaluator_free(evaluator *eval)
{
    rg_plan_free(eval->plan);
    rg_network_close(&eval->net);
    rg_free(eval);
}

/* The evaluator for this many rows; the oldest makes room for a fifth. */
static evaluator *evaluator_for(rg_program *program, int64_t rows, rg_err *err)
{
    evaluator **at = program->evaluators;
    for (size_t i = 0; i < program->n_evaluators; i++)
        if (at[i]->rows == rows)
            return at[i];
    evaluator *made = rg_evaluator_new(&program->spec, &program->step.net, rows, err);
    if (!made)
        return NULL;
    if (program->n_evaluators == EVALUATORS) {
        rg_evaluator_free(at[0]);
        program->n_evaluators--;
        for (size_t i = 0; i < program->n_evaluators; i++)
            at[i] = at[i + 1];
    }
    at[program->n_evaluators++] = made;
    return made;
}

/* Both graphs asked for the same weights in one order (rg_network_compare). */
static void bind_weights(rg_program *program, evaluator *eval, bool held)
{
    const rg_weight *trained, *read;
    size_t n = rg_scope_weights(program->step.net.scope, &trained);
    rg_scope_weights(eval->net.scope, &read);
    float *memory = program->held;
    for (size_t i = 0; i < n; i++) {
        float *from = held ? memory : rg_program_served(program, i);
        rg_plan_bind(eval->plan, read[i].input, from);
        memory += rg_val_count(trained[i].input);
    }
}

static void to_target_units(const rg_program *program, float *value, size_t n)
{
    if (program->spec.task == RG_REGRESS)
        for (size_t i = 0; i < n; i++)
            value[i] = value[i] * program->target_sd + program->target_mean;
}

bool rg_program_evaluate(rg_program *program, bool held, const float *x, size_t rows,
                         float *ret, rg_err *err)
{
    if (!rows)
        return true;
    size_t block = rows < BLOCK_ROWS ? rows : BLOCK_ROWS, width = rg_outputs_of(&program->spec);
    evaluator *eval = evaluator_for(program, (int64_t)block, err);
    if (!eval)
        return false;
    bind_weights(program, eval, held);
    for (size_t done = 0; done < rows; done += block) {
        size_t from = done + block <= rows ? done : rows - block;
        const float *at = x + from * program->spec.features;
        rg_plan_bind(eval->plan, eval->x, (void *)(uintptr_t)at);
        if (!rg_plan_run(eval->plan, err))
            return false;
        memcpy(ret + from * width, rg_plan_buffer(eval->plan, eval->out),
               block * width * sizeof(float));
    }
    to_target_units(program, ret, rows * width);
    return true;
}

bool rg_predict(rg_program *program, const float *x, size_t rows, float *ret, rg_err *err)
{
    if (!program->holds)
        return rg_fail(err, RG_INTERNAL, "", "train it or read a checkpoint first",
                       "the program holds no parameters");
    return rg_program_evaluate(program, true, x, rows, ret, err);
}
