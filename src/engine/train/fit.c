/* fit.c - the training loop: one member from its seed to the parameters of its best epoch.
 *
 * Everything random is named by the member's seed: initial weights by (seed, weight), the order
 * of examples by (seed, epoch), dropout by (seed, step).  Nothing is left over from the member
 * that the program held before. */
#include "engine/train/program.h"

#include <math.h>
#include <string.h>

typedef struct places { /* of the step's plan, and its result: where they stand */
    uint32_t *key, *index;
    float *weight, *lr, *step, *apply; /* apply may be NULL */
    const float *loss;
} places;

typedef struct fit {
    rg_program *program;
    const rg_fit_spec *spec;
    rg_arena *arena;
    const json_t *train; /* the section of the configuration */
    size_t steps;        /* batches in an epoch */
    size_t updates;      /* in an epoch: one every program->accumulate batches */
    size_t epochs, patience;
    double lr, step_size, gamma, warmup; /* of the schedule; warmup in updates */
    const rg_schedule *schedule;
    rg_plateau plateau;
    uint32_t *order; /* steps x batch rows; places without an example hold row 0 */
    uint32_t *rows;  /* 0, 1, ..., one for each example */
    uint32_t drop_key[2];
    places in;
    float *target;       /* regression: standardised */
    float *outputs;      /* of the validation part */
    uint32_t *likeliest; /* classes of its rows; none for a regression */
    float *start;        /* weights and slots at the start of start_epoch */
    size_t start_epoch;
    double start_factor; /* of the plateau, from then on */
} fit;

/* ---- Preparing */

static double train_number(const fit *f, const char *name)
{
    return rg_json_number(json_object_get(f->train, name), 0);
}

static bool check_part(const rg_program *program, const rg_part *part, const char *name,
                       rg_err *err)
{
    const rg_program_spec *spec = &program->spec;
    const char *remedy = "write the parts of one data set again";
    if (part->features != spec->features)
        return rg_fail(err, RG_INPUT, name, remedy, "%zu features where %zu are expected",
                       part->features, spec->features);
    if (spec->task == RG_REGRESS)
        return part->target || rg_fail(err, RG_INPUT, name, remedy, "there is no target");
    if (!part->label)
        return rg_fail(err, RG_INPUT, name, remedy, "there are no labels");
    for (size_t i = 0; i < part->rows; i++)
        if (part->label[i] < 0 || (size_t)part->label[i] >= spec->classes)
            return rg_fail(err, RG_INPUT, name, remedy, "row %zu has label %d of %zu classes",
                           i, part->label[i], spec->classes);
    return true;
}

static bool check_spec(rg_program *program, const rg_fit_spec *spec, rg_err *err)
{
    rg_program_spec mine = program->spec;
    mine.config = spec->config;
    char *key = rg_program_key(&mine);
    bool same = !strcmp(key, program->key);
    rg_free(key);
    if (!same || spec->train->rows != program->spec.rows)
        return rg_fail(err, RG_INTERNAL, "", "", "this program has another structure");
    if (!spec->n_metrics || spec->n_metrics > RG_FIT_METRICS_MAX || !spec->val->rows)
        return rg_fail(err, RG_INPUT, "", "", "a metric and a validation part are needed");
    if (!check_part(program, spec->train, "training part", err) ||
        !check_part(program, spec->val, "validation part", err))
        return false;
    for (size_t i = 0; i < spec->n_metrics; i++)
        if (!rg_metric_ready(spec->metrics[i], NULL, spec->val, "validation part", err))
            return false;
    return true;
}

/* Mean and standard deviation of the training part's target, and the target in their units. */
static void standardise(fit *f)
{
    const rg_part *part = f->spec->train;
    double mean = 0, square = 0;
    for (size_t i = 0; i < part->rows; i++)
        mean += part->target[i];
    mean /= (double)part->rows;
    for (size_t i = 0; i < part->rows; i++)
        square += (part->target[i] - mean) * (part->target[i] - mean);
    double sd = sqrt(square / (double)part->rows);
    f->program->target_mean = (float)mean;
    f->program->target_sd = sd > 0 ? (float)sd : 1;
    f->target = RG_ARENA_ARRAY(f->arena, float, part->rows);
    for (size_t i = 0; i < part->rows; i++)
        f->target[i] = (part->target[i] - f->program->target_mean) / f->program->target_sd;
}

static void bind_data(fit *f)
{
    stepper *step = &f->program->step;
    const rg_part *part = f->spec->train;
    const void *y = part->label;
    if (f->program->spec.task == RG_REGRESS) {
        standardise(f);
        y = f->target;
    }
    rg_plan_bind(step->plan, step->x, (void *)(uintptr_t)part->x);
    rg_plan_bind(step->plan, step->y, (void *)(uintptr_t)y);
}

static void find_places(fit *f)
{
    const stepper *step = &f->program->step;
    rg_plan *plan = step->plan;
    f->in = (places){.key = rg_plan_buffer(plan, step->net.scope->key),
                     .index = rg_plan_buffer(plan, step->index),
                     .weight = rg_plan_buffer(plan, step->weight),
                     .lr = rg_plan_buffer(plan, step->lr),
                     .step = rg_plan_buffer(plan, step->step),
                     .apply = step->apply.id ? rg_plan_buffer(plan, step->apply) : NULL,
                     .loss = rg_plan_buffer(plan, step->loss)};
}

static void set_scalar(stepper *step, rg_val input, double value)
{
    *(float *)rg_plan_buffer(step->plan, input) = (float)value;
}

static void set_hyper_parameters(fit *f)
{
    stepper *step = &f->program->step;
    const rg_conf *confs[] = {step->net.model, step->net.train};
    const char *sections[] = {"model", "train"};
    for (size_t k = 0; k < RG_COUNT(confs); k++) {
        const json_t *values = json_object_get(f->spec->config, sections[k]);
        const rg_conf_input *inputs;
        size_t n = rg_conf_inputs(confs[k], &inputs);
        for (size_t i = 0; i < n; i++)
            set_scalar(step, inputs[i].input,
                       rg_json_number(json_object_get(values, inputs[i].name), 0));
    }
}

static void set_initial_state(fit *f)
{
    stepper *step = &f->program->step;
    const rg_weight *weights;
    size_t n = rg_scope_weights(step->net.scope, &weights);
    for (size_t i = 0; i < n; i++)
        rg_init_fill(&weights[i].init, f->spec->seed, weights[i].name,
                     rg_plan_buffer(step->plan, weights[i].input),
                     (size_t)rg_val_count(weights[i].input));
    const rg_optim_tensor *slots;
    size_t n_slots = rg_optim_slots(step->optim, &slots);
    for (size_t i = 0; i < n_slots; i++)
        memset(rg_plan_buffer(step->plan, slots[i].input), 0,
               (size_t)rg_val_count(slots[i].input) * sizeof(float));
    for (size_t i = 0; i < n; i++) /* running means start from the weights */
        if (step->average[i].id)
            memcpy(rg_plan_buffer(step->plan, step->average[i]),
                   rg_plan_buffer(step->plan, weights[i].input),
                   (size_t)rg_val_count(weights[i].input) * sizeof(float));
}

static size_t state_count(const rg_program *program)
{
    const rg_optim_tensor *slots;
    size_t n = rg_optim_slots(program->step.optim, &slots), total = program->numbers;
    for (size_t i = 0; i < n; i++)
        total += (size_t)rg_val_count(slots[i].input);
    return total;
}

static void prepare(fit *f)
{
    rg_program *program = f->program;
    f->train = json_object_get(f->spec->config, "train");
    f->steps = (f->spec->train->rows + program->batch - 1) / program->batch;
    f->updates = (f->steps + program->accumulate - 1) / program->accumulate;
    f->epochs = (size_t)train_number(f, "epochs");
    f->patience = (size_t)train_number(f, "patience");
    f->lr = train_number(f, "lr");
    f->step_size = train_number(f, "step_size");
    f->gamma = train_number(f, "gamma");
    f->warmup = floor(train_number(f, "warmup") * (double)(f->updates * f->epochs));
    f->schedule = rg_schedule_find(rg_json_text(f->train, "schedule", "constant"));
    f->plateau = (rg_plateau){.factor = 1};
    f->order = RG_ARENA_ARRAY(f->arena, uint32_t, f->steps * program->batch);
    f->rows = RG_ARENA_ARRAY(f->arena, uint32_t, f->spec->train->rows);
    for (size_t i = 0; i < f->spec->train->rows; i++)
        f->rows[i] = (uint32_t)i;
    f->start = RG_ARENA_ARRAY(f->arena, float, state_count(program));
    f->outputs =
        RG_ARENA_ARRAY(f->arena, float, f->spec->val->rows *rg_outputs_of(&program->spec));
    if (program->spec.task == RG_CLASSIFY)
        f->likeliest = RG_ARENA_ARRAY(f->arena, uint32_t, f->spec->val->rows);
    rg_rng drop = rg_rng_open(f->spec->seed, "dropout");
    memcpy(f->drop_key, drop.key, sizeof(f->drop_key));
    bind_data(f);
    find_places(f);
    set_hyper_parameters(f);
    set_initial_state(f);
}

/* ---- One epoch */

static void shuffle(fit *f, size_t epoch)
{
    size_t rows = f->spec->train->rows;
    memcpy(f->order, f->rows, rows * sizeof(*f->order));
    rg_rng rng = rg_rng_open(f->spec->seed, "order/%zu", epoch);
    rg_rng_shuffle(&rng, f->order, rows);
}

/* The learning rate of an update, counted from 0 over the whole training. */
static double rate_at(const fit *f, size_t update)
{
    size_t epoch = update / f->updates;
    rg_schedule_at at = {.step = (double)update,
                         .steps = (double)(f->updates * f->epochs),
                         .epoch = (double)epoch,
                         .step_size = f->step_size,
                         .gamma = f->gamma,
                         .plateau = f->plateau.factor};
    return f->lr * rg_schedule_factor(f->schedule, &at, f->warmup);
}

/* The batch of step k: its rows, and their shares in the mean over the examples of the update
 * that the step belongs to; returns how many these are. */
static size_t set_batch(fit *f, size_t k)
{
    size_t batch = f->program->batch, whole = f->program->accumulate * batch;
    size_t first = k * batch / whole * whole, rows = f->spec->train->rows;
    size_t left = rows - k * batch, filled = left < batch ? left : batch;
    size_t examples = rows - first < whole ? rows - first : whole;
    float *weight = f->in.weight, share = 1 / (float)examples;
    const float *of_row = f->spec->train->weight; /* of classes that are to count the same */
    for (size_t i = 0; i < batch; i++)
        weight[i] = i < filled ? share : 0;
    for (size_t i = 0; of_row && i < filled; i++)
        weight[i] *= of_row[f->order[k * batch + i]];
    memcpy(f->in.index, f->order + k * batch, batch * sizeof(*f->order));
    return examples;
}

/* Fills in the inputs of step k of an epoch (both from 0); returns the examples that its loss
 * is a mean over. */
static size_t set_step(fit *f, size_t epoch, size_t k)
{
    size_t number = epoch * f->steps + k, accumulate = f->program->accumulate;
    size_t update = epoch * f->updates + k / accumulate;
    uint32_t counter[2] = {(uint32_t)number, (uint32_t)((uint64_t)number >> 32)};
    rg_threefry(f->drop_key, counter, f->in.key);
    *f->in.lr = (float)rate_at(f, update);
    *f->in.step = (float)(update + 1);
    if (f->in.apply)
        *f->in.apply = (k + 1) % accumulate == 0 || k + 1 == f->steps;
    return set_batch(f, k);
}

/* Runs step k; the batch's share of the epoch's loss is added to *sum. */
static bool run_step(fit *f, size_t epoch, size_t k, double *sum, rg_err *err)
{
    size_t examples = set_step(f, epoch, k);
    if (!rg_plan_run(f->program->step.plan, err))
        return false;
    *sum += *f->in.loss * (double)examples;
    return true;
}

/* ---- When a number is not finite: the last steps are repeated until one makes it so. */

/* Short epochs share a memory of their start, if no more than this many steps are repeated. */
#define REPEATED 256

/* Weights and optimiser state, to or from `memory`. */
static void copy_state(fit *f, float *memory, direction where)
{
    rg_program_copy(f->program, memory, where);
    memory += f->program->numbers;
    const rg_optim_tensor *slots;
    size_t n = rg_optim_slots(f->program->step.optim, &slots);
    for (size_t i = 0; i < n; i++) {
        size_t count = (size_t)rg_val_count(slots[i].input);
        float *buffer = rg_plan_buffer(f->program->step.plan, slots[i].input);
        memcpy(where == FROM_PLAN ? memory : buffer, where == FROM_PLAN ? buffer : memory,
               count * sizeof(float));
        memory += count;
    }
}

typedef float four __attribute__((vector_size(16)));

/* 0 times a number is 0, or not a number; 16 are looked at in step. */
static bool all_finite(const float *value, size_t n)
{
    four sum[4] = {0}, next[4];
    float rest = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        memcpy(next, value + i, sizeof(next));
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++)
            sum[k] += 0 * next[k];
    }
    for (; i < n; i++)
        rest += 0 * value[i];
    four all = sum[0] + sum[1] + sum[2] + sum[3];
    return all[0] + all[1] + all[2] + all[3] + rest == 0;
}

static bool weights_finite(const rg_program *program)
{
    const rg_weight *weights;
    size_t n = rg_scope_weights(program->step.net.scope, &weights);
    for (size_t i = 0; i < n; i++)
        if (!all_finite(rg_plan_buffer(program->step.plan, weights[i].input),
                        (size_t)rg_val_count(weights[i].input)))
            return false;
    return true;
}

static void remember_start(fit *f, size_t epoch)
{
    bool near = (epoch - f->start_epoch + 1) * f->steps <= REPEATED;
    if (epoch > 0 && near && f->plateau.factor == f->start_factor)
        return;
    copy_state(f, f->start, FROM_PLAN);
    f->start_epoch = epoch;
    f->start_factor = f->plateau.factor;
}

/* Runs the steps from the remembered start up to *end, counted from the first of all, or up to
 * the first that makes anything infinite: *end, if the caller wants to `find` it. */
static bool repeat(fit *f, size_t *end, bool find, rg_err *err)
{
    double sum = 0;
    copy_state(f, f->start, TO_PLAN);
    for (size_t i = f->start_epoch * f->steps; i < *end; i++) {
        size_t epoch = i / f->steps, k = i % f->steps;
        if (k == 0)
            shuffle(f, epoch);
        if (!run_step(f, epoch, k, &sum, err))
            return false;
        if (find && (!isfinite(sum) || !weights_finite(f->program)))
            *end = i;
    }
    return true;
}

/* Repeats up to the first step that makes anything infinite, and leaves the state as it was
 * before that step. */
static bool replay(fit *f, size_t epoch, rg_err *err)
{
    size_t all = (epoch + 1) * f->steps, bad = all;
    if (!repeat(f, &bad, true, err) || !repeat(f, &bad, false, err))
        return false;
    if (bad == all)
        return true;
    shuffle(f, bad / f->steps);
    set_step(f, bad / f->steps, bad % f->steps);
    return true;
}

static bool fail_nonfinite(fit *f, const char *what, size_t epoch, rg_err *err)
{
    rg_str why = {.max = 1200};
    if (replay(f, epoch, err))
        rg_plan_find_nonfinite(f->program->step.plan, &why);
    rg_fail(err, RG_NO, "", "try a smaller learning rate, clipping or another initial scale",
            "%s not finite at epoch %zu%s%s", what, epoch + 1, why.len ? ": " : "",
            rg_str_text(&why));
    rg_str_free(&why);
    return false;
}

static bool train_epoch(fit *f, size_t epoch, double *ret_loss, rg_err *err)
{
    double sum = 0;
    remember_start(f, epoch);
    shuffle(f, epoch);
    for (size_t k = 0; k < f->steps; k++) {
        if (!run_step(f, epoch, k, &sum, err))
            return false;
        if (!isfinite(sum))
            return fail_nonfinite(f, "the loss is", epoch, err);
    }
    if (!weights_finite(f->program))
        return fail_nonfinite(f, "a parameter is", epoch, err);
    *ret_loss = sum / (double)f->spec->train->rows;
    return true;
}

/* ---- Validation and the choice of the epoch */

static bool validate(fit *f, double *score, rg_err *err)
{
    const rg_part *val = f->spec->val;
    const rg_program_spec *spec = &f->program->spec;
    if (!rg_program_evaluate(f->program, false, val->x, val->rows, f->outputs, err))
        return false;
    rg_predictions predictions = {.rows = val->rows,
                                  .classes = spec->task == RG_CLASSIFY ? spec->classes : 0,
                                  .value = f->outputs,
                                  .id = val->id,
                                  .likeliest = f->likeliest};
    if (f->likeliest)
        rg_find_likeliest(&predictions, f->likeliest);
    for (size_t i = 0; i < f->spec->n_metrics; i++)
        score[i] = rg_metric_score(f->spec->metrics[i], &predictions, val);
    return true;
}

static bool is_better(const rg_metric *metric, double score, double best)
{
    if (isnan(score))
        return false;
    return isnan(best) || (metric->maximize ? score > best : score < best);
}

static bool report(const fit *f, size_t epoch, double loss, const double *score, rg_err *err)
{
    rg_epoch now = {.epoch = epoch + 1, .train_loss = loss, .score = score};
    if (!f->spec->on_epoch || f->spec->on_epoch(f->spec->ctx, &now))
        return true;
    return rg_fail(err, RG_NO, "", "", "abandoned after epoch %zu", epoch + 1);
}

static bool run_epochs(fit *f, rg_fit_result *best, rg_err *err)
{
    double score[RG_FIT_METRICS_MAX] = {0}, loss = 0;
    best->score[0] = (double)NAN;
    for (size_t epoch = 0; epoch < f->epochs; epoch++) {
        if (!train_epoch(f, epoch, &loss, err) || !validate(f, score, err))
            return false;
        best->epochs = epoch + 1;
        best->steps += f->updates;
        bool better = is_better(f->spec->metrics[0], score[0], best->score[0]);
        if (better) {
            best->epoch = epoch + 1;
            memcpy(best->score, score, sizeof(score));
            rg_program_hold(f->program);
        }
        rg_plateau_epoch(&f->plateau, better, f->step_size, f->gamma);
        if (!report(f, epoch, loss, score, err))
            return false;
        if (f->patience && epoch + 1 - best->epoch >= f->patience)
            break;
    }
    if (!best->epoch)
        return rg_fail(err, RG_NO, "", "look at the metric and at the validation part",
                       "%s is not a number on the validation part in any epoch",
                       f->spec->metrics[0]->name);
    return true;
}

bool rg_fit(rg_program *program, const rg_fit_spec *spec, rg_fit_result *ret, rg_err *err)
{
    program->holds = false;
    if (!check_spec(program, spec, err))
        return false;
    fit f = {.program = program, .spec = spec, .arena = rg_arena_new()};
    prepare(&f);
    rg_fit_result best = {0};
    bool done = run_epochs(&f, &best, err);
    if (done) {
        *ret = best;
        program->holds = true;
    }
    rg_arena_free(f.arena);
    return done;
}
