/* cmd_models.c - what the native trainer offers: models and training parameters. */
#include "cli/command.h"

#include "rigor/model.h"
#include "rigor/train.h"

#include <stdio.h>
#include <string.h>

enum { JSON };
static const rg_option options[] = {[JSON] = RG_OPTION_JSON, {0}};

static json_t *model_json(const rg_model *model)
{
    return json_pack("{s:s, s:s, s:s, s:o}", "name", model->name, "title", model->title,
                     "paper", model->paper, "parameters", rg_param_json(model->params));
}

static void print_parameters(const json_t *parameters)
{
    size_t i;
    json_t *p;
    json_array_foreach (parameters, i, p) {
        char *fallback = rg_json_canonical(json_object_get(p, "default"));
        char *range =
            json_object_get(p, "range")     ? rg_json_canonical(json_object_get(p, "range"))
            : json_object_get(p, "choices") ? rg_json_canonical(json_object_get(p, "choices"))
                                            : NULL;
        printf("  %-16s default %-12s %-24s %s\n", rg_json_text(p, "name", ""), fallback,
               range ? range : "", rg_json_text(p, "help", ""));
        rg_free(fallback);
        rg_free(range);
    }
}

static void print_model(const json_t *model)
{
    printf("%s: %s\n  from: %s\n", rg_json_text(model, "name", ""),
           rg_json_text(model, "title", ""), rg_json_text(model, "paper", ""));
    print_parameters(json_object_get(model, "parameters"));
}

static bool no_such_model(const char *name, rg_err *err)
{
    const char *names[256];
    size_t n = 0;
    while (rg_models[n] && n < RG_COUNT(names)) {
        names[n] = rg_models[n]->name;
        n++;
    }
    const char *near = rg_text_nearest(name, names, n);
    char remedy[120];
    snprintf(remedy, sizeof(remedy), near ? "did you mean %s?" : "rigor models lists them%s",
             near ? near : "");
    return rg_fail(err, RG_INPUT, NULL, remedy, "there is no model '%s'", name);
}

static int run(const rg_given *given, rg_err *err)
{
    const char *wanted = given->n_arguments ? given->argument[0] : NULL;
    json_t *models = json_array(), *model;
    size_t i;
    for (i = 0; rg_models[i]; i++)
        if (!wanted || strcmp(wanted, rg_models[i]->name) == 0)
            json_array_append_new(models, model_json(rg_models[i]));
    json_t *training = rg_param_json(rg_train_params);
    if (wanted && json_array_size(models) == 0)
        no_such_model(wanted, err);
    else if (given->flag[JSON])
        rg_print_json(json_pack("{s:O, s:O}", "models", models, "train", training));
    else {
        json_array_foreach (models, i, model)
            print_model(model);
        printf("train: what every model is told\n");
        print_parameters(training);
    }
    json_decref(models);
    json_decref(training);
    return rg_exit(err);
}

const rg_command rg_command_models = {
    .name = "models",
    .arguments = "[NAME]",
    .summary = "the models that are built in, with their hyper-parameters",
    .text = "Names, defaults and ranges of what a study file can set under model and train.\n\n"
            "  rigor models mlp",
    .options = options,
    .max_arguments = 1,
    .run = run,
};
