/* params.c - what the training loop can be told, as a table, and the reading of configurations:
 * every parameter filled in and checked before anything is built. */
#include "engine/train/program.h"

#include <string.h>

#define NUMBER(NAME, LO, HI, FALLBACK, HELP) \
    { \
        .name = NAME, .kind = RG_PARAM_NUMBER, .lo = LO, .hi = HI, .fallback = FALLBACK, \
        .help = HELP \
    }
#define WHOLE(NAME, STRUCTURAL, LO, HI, FALLBACK, HELP) \
    { \
        .name = NAME, .kind = RG_PARAM_INT, .structural = STRUCTURAL, .lo = LO, .hi = HI, \
        .fallback = FALLBACK, .help = HELP \
    }
#define CHOICE(NAME, CHOICES, FALLBACK, HELP) \
    { \
        .name = NAME, .kind = RG_PARAM_CHOICE, .structural = true, .choices = CHOICES, \
        .fallback = FALLBACK, .help = HELP \
    }

static const char *const decayed[] = {"all", "matrices", NULL};
static const char *const precisions[] = {"f32", "bf16", NULL};

const rg_param rg_train_params[] = {
    CHOICE("optimizer", rg_optimizer_names, "\"adamw\"", "update rule"),
    NUMBER("lr", 0, 1e12, "0.001", "learning rate at the schedule's top"),
    NUMBER("weight_decay", 0, 1e6, "0.01",
           "an L2 penalty (sgd, adam) or decoupled (the others)"),
    CHOICE("decay_on", decayed, "\"all\"",
           "what decays: all weights, or those of two axes and more (no biases, no norms)"),
    CHOICE(
        "precision", precisions, "\"f32\"",
        "of the operands of matrix products and convolutions, but for those within loops (rnn, "
        "lstm, gru); bf16: sums, weights and all else stay f32"),
    WHOLE("batch", true, 1, 1 << 24, "64", "examples a step; never more than there are"),
    WHOLE("accumulate", true, 1, 1 << 16, "1",
          "batches whose gradients are added up before each update"),
    WHOLE("epochs", false, 1, 1e6, "40", "passes over the training part"),
    WHOLE("patience", false, 0, 1e6, "0",
          "stop after this many epochs without a better validation score; 0: never"),
    CHOICE("schedule", rg_schedule_names, "\"constant\"", "learning rate over the steps"),
    NUMBER("warmup", 0, 0.99, "0", "share of the steps over which the rate rises linearly"),
    WHOLE("step_size", false, 1, 1e6, "10",
          "schedule step: epochs between two cuts; plateau: without a better score"),
    NUMBER("gamma", 0, 1, "0.1", "schedules step and plateau: factor of a cut"),
    NUMBER("momentum", 0, 0.9999, "0.9", "sgd, muon"),
    {.name = "nesterov",
     .kind = RG_PARAM_BOOL,
     .structural = true,
     .fallback = "false",
     .help = "sgd: Nesterov's momentum"},
    NUMBER("beta1", 0, 0.9999, "0.9",
           "adam, adamw, lamb, lion, muon on vectors: decay of the gradient's mean"),
    NUMBER("beta2", 0, 0.999999, "0.999",
           "adam, adamw, lamb, muon on vectors: decay of the squared gradient's mean; lion: "
           "of its momentum"),
    NUMBER("epsilon", 1e-16, 1, "1e-8",
           "adam, adamw, lamb, shampoo, muon on vectors: keeps the step finite"),
    CHOICE("loss", rg_loss_names, "\"auto\"",
           "of an example; auto: cross_entropy for classes, squared_error for numbers"),
    NUMBER("label_smoothing", 0, 0.99, "0",
           "cross_entropy: share of the target spread over all classes"),
    NUMBER("focal_gamma", 0, 100, "2", "focal: how little examples count that are well told"),
    NUMBER("huber_delta", 1e-6, 1e6, "1",
           "huber: the error, in standard deviations of the targets, where squares end"),
    NUMBER("clip", 0, 1e12, "0", "largest norm of the whole gradient; 0: no clipping"),
    NUMBER("clip_value", 0, 1e12, "0", "largest size of each number of the gradient; 0: any"),
    NUMBER(
        "sam", 0, 1e6, "0",
        "sharpness-aware minimisation: radius of its step uphill, 0.05 in the paper; 0: off"),
    NUMBER("ema", 0, 0.999999, "0",
           "decay of the running mean of the weights that is evaluated and kept; 0: off"),
    {0},
};

/* One parameter that the user gave: it must be in the table and hold a value of its kind. */
static bool check_one(const char *section, const rg_param *table, const char *name,
                      const json_t *value, rg_err *err)
{
    char where[160];
    snprintf(where, sizeof(where), "%s.%.100s", section, name);
    const rg_param *param = rg_param_find(table, name);
    if (!param) {
        const char *names[64];
        size_t n = 0;
        for (; table[n].name && n < RG_COUNT(names); n++)
            names[n] = table[n].name;
        const char *nearest = rg_text_nearest(name, names, n);
        char remedy[200];
        snprintf(remedy, sizeof(remedy), nearest ? "did you mean \"%s\"?" : "remove it",
                 nearest);
        return rg_fail(err, RG_INPUT, where, remedy, "there is no such parameter");
    }
    rg_err wrong = {0};
    if (!rg_param_check(param, value, &wrong))
        return rg_fail(err, RG_INPUT, where, wrong.remedy, "%s", wrong.what);
    return true;
}

/* What says which model it is; the other entries of its section are its parameters. */
static bool is_identity(const char *name)
{
    return !strcmp(name, "name") || !strcmp(name, "file") || !strcmp(name, "sha256");
}

/* The section's defaults with the given values over them; NULL on failure. */
static json_t *resolve_section(const json_t *config, const char *section, const rg_param *table,
                               rg_err *err)
{
    json_t *ret = rg_param_defaults(table);
    const json_t *given = json_object_get(config, section);
    if (given && !json_is_object(given)) {
        rg_fail(err, RG_INPUT, section, "write name: value pairs", "this is no mapping");
        json_decref(ret);
        return NULL;
    }
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)given, name, value) {
        bool names_model = !strcmp(section, "model") && is_identity(name);
        if (!names_model && !check_one(section, table, name, value, err)) {
            json_decref(ret);
            return NULL;
        }
        json_object_set(ret, name, value);
    }
    return ret;
}

static const rg_model *model_of(const json_t *config, rg_err *err)
{
    const json_t *section = json_object_get(config, "model");
    const char *name = rg_json_text(section, "name", NULL);
    const char *sha256 = rg_json_text(section, "sha256", NULL);
    if (sha256)
        return rg_model_of_library(sha256, err);
    const rg_model *model = name ? rg_model_find(name) : NULL;
    if (model)
        return model;
    const char *names[256];
    size_t n = 0;
    for (; rg_models[n] && n < RG_COUNT(names); n++)
        names[n] = rg_models[n]->name;
    const char *nearest = name ? rg_text_nearest(name, names, n) : NULL;
    char remedy[200];
    snprintf(remedy, sizeof(remedy), nearest ? "did you mean \"%s\"?" : "see `rigor models`",
             nearest);
    rg_fail(err, RG_INPUT, "model.name", remedy, "there is no model \"%.80s\"",
            name ? name : "");
    return NULL;
}

static bool only_known_sections(const json_t *config, rg_err *err)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)config, name, value)
        if (strcmp(name, "model") != 0 && strcmp(name, "train") != 0)
            return rg_fail(err, RG_INPUT, name, "a configuration has \"model\" and \"train\"",
                           "there is no such section");
    return true;
}

json_t *rg_config_resolve(const json_t *config, const rg_model **ret_model, rg_err *err)
{
    const rg_model *model = model_of(config, err);
    if (!model || !only_known_sections(config, err))
        return NULL;
    json_t *sections[2] = {resolve_section(config, "model", model->params, err),
                           resolve_section(config, "train", rg_train_params, err)};
    if (!sections[0] || !sections[1]) {
        json_decref(sections[0]);
        json_decref(sections[1]);
        return NULL;
    }
    *ret_model = model;
    return json_pack("{s:o, s:o}", "model", sections[0], "train", sections[1]);
}
