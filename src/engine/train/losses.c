/* losses.c - what training minimises: the choices of train.loss, as a table. */
#include "engine/train/program.h"

#include <string.h>

typedef struct loss {
    const char *name;
    unsigned tasks; /* RG_TASK_BIT of those that it fits */
    /* out: (B, C) logits or (B) predictions, y: (B) labels or targets; (B) */
    rg_val (*of)(const rg_conf *train, rg_val out, rg_val y);
} loss;

static rg_val cross_entropy(const rg_conf *train, rg_val out, rg_val y)
{
    rg_val smoothing = {0};
    if (!rg_conf_off(train, "label_smoothing"))
        smoothing = rg_conf_val(train, "label_smoothing");
    return rg_cross_entropy(out, y, smoothing);
}

static rg_val focal(const rg_conf *train, rg_val out, rg_val y)
{
    return rg_focal(out, y, rg_conf_val(train, "focal_gamma"));
}

static rg_val squared_error(const rg_conf *train, rg_val out, rg_val y)
{
    (void)train;
    return rg_squared_error(out, y);
}

static rg_val absolute_error(const rg_conf *train, rg_val out, rg_val y)
{
    (void)train;
    return rg_absolute_error(out, y);
}

static rg_val huber(const rg_conf *train, rg_val out, rg_val y)
{
    return rg_huber(out, y, rg_conf_val(train, "huber_delta"));
}

#define CLASSES RG_TASK_BIT(RG_CLASSIFY)
#define NUMBERS RG_TASK_BIT(RG_REGRESS)
static const loss losses[] = {
    /* The first one of a task is what "auto" means there. */
    {"cross_entropy", CLASSES, cross_entropy},
    {"focal", CLASSES, focal},
    {"squared_error", NUMBERS, squared_error},
    {"absolute_error", NUMBERS, absolute_error},
    {"huber", NUMBERS, huber},
};
const char *const rg_loss_names[] = {
    "auto", "cross_entropy", "focal", "squared_error", "absolute_error", "huber", NULL};

/* NULL: no such loss for the task. */
static const loss *loss_of(const char *name, rg_task task)
{
    bool any = !strcmp(name, "auto");
    for (size_t i = 0; i < RG_COUNT(losses); i++)
        if (losses[i].tasks & RG_TASK_BIT(task) && (any || !strcmp(losses[i].name, name)))
            return &losses[i];
    return NULL;
}

bool rg_loss_check(const rg_program_spec *spec, rg_err *err)
{
    const json_t *train = json_object_get(spec->config, "train");
    const char *name = rg_json_text(train, "loss", "auto");
    bool classes = spec->task == RG_CLASSIFY;
    return loss_of(name, spec->task) ||
           rg_fail(err, RG_INPUT, "train.loss",
                   classes ? "choose cross_entropy or focal"
                           : "choose squared_error, absolute_error or huber",
                   "the loss %s is not for %s", name,
                   classes ? "classification" : "regression");
}

rg_val rg_network_losses(network *net, const rg_program_spec *spec, rg_val out, rg_val y)
{
    const loss *chosen = loss_of(rg_conf_str(net->train, "loss"), spec->task);
    return chosen->of(net->train,
                      spec->task == RG_REGRESS ? rg_reshape(out, rg_val_shape(y)) : out, y);
}
