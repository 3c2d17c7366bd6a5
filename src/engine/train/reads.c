/* reads.c - which parameters of the section "train" a training reads at all.
 *
 * The step is built for a small model and its configuration remembers what was asked of it; the
 * rest is read by the loop, and the schedule says which of it. */
#include "engine/train/program.h"

#include <string.h>

/* ---- Read by the loop */

typedef struct host_param {
    const char *name;
    const char *const *schedules; /* those that read it, NULL at their end; NULL: any */
} host_param;

static const char *const cuts[] = {"step", "plateau", NULL};
static const host_param host_params[] = {
    {"optimizer", NULL}, {"lr", NULL},       {"batch", NULL},    {"accumulate", NULL},
    {"epochs", NULL},    {"patience", NULL}, {"schedule", NULL}, {"warmup", NULL},
    {"step_size", cuts}, {"gamma", cuts},
};

static bool is_among(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

bool rg_loop_reads(const char *name, const char *schedule)
{
    for (size_t i = 0; i < RG_COUNT(host_params); i++)
        if (!strcmp(host_params[i].name, name))
            return !host_params[i].schedules || !schedule ||
                   is_among(host_params[i].schedules, schedule);
    return false;
}

/* ---- Read by the step */

static const rg_param no_params[] = {{0}};

/* A matrix and a vector: update rules treat them differently. */
static rg_val forward(rg_scope *scope, rg_val x, const rg_conf *conf)
{
    (void)conf;
    return rg_linear(scope, x, scope->classes);
}

static const rg_model least = {
    .name = "least", .params = no_params, .tasks = RG_ANY_TASK, .forward = forward};

static json_t *unread_of(const json_t *train, const rg_conf *step)
{
    const char *schedule = rg_json_text(train, "schedule", "");
    json_t *ret = json_array();
    for (const rg_param *p = rg_train_params; p->name; p++)
        if (!rg_loop_reads(p->name, schedule) && !rg_conf_was_read(step, p->name))
            json_array_append_new(ret, json_string(p->name));
    return ret;
}

json_t *rg_train_unread(const json_t *config, rg_task task)
{
    json_t *train = json_object_get(config, "train"), *ret = NULL;
    json_t *own = json_pack("{s:{}, s:O}", "model", "train", train);
    rg_program_spec spec = {
        .model = &least, .config = own, .task = task, .classes = 2, .features = 2, .rows = 2};
    rg_err err = {0};
    stepper step = {0};
    if (rg_program_spec_check(&spec, &err)) {
        if (rg_step_build(&step, &spec, 2, &err))
            ret = unread_of(train, step.net.train);
        rg_step_free(&step);
    }
    json_decref(own);
    return ret ? ret : json_array();
}
