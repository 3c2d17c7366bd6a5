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

/* "width of each hidden layer (1 to 65536)", "update rule (sgd, adamw, adam)" */
static void add_help(const json_t *p, rg_str *ret)
{
    size_t i;
    json_t *choice;
    const json_t *range = json_object_get(p, "range"), *choices = json_object_get(p, "choices");
    rg_str_add(ret, rg_json_text(p, "help", ""));
    rg_str_add(ret, range || choices ? " (" : "");
    if (range) {
        rg_add_value(ret, json_array_get(range, 0));
        rg_str_add(ret, " to ");
        rg_add_value(ret, json_array_get(range, 1));
    }
    json_array_foreach (choices, i, choice) {
        rg_str_add(ret, i ? ", " : "");
        rg_add_value(ret, choice);
    }
    rg_str_add(ret, range || choices ? ")" : "");
}

static void print_parameters(const json_t *parameters)
{
    size_t i;
    json_t *p;
    json_array_foreach (parameters, i, p) {
        rg_str left = {0}, fallback = {0}, help = {0};
        rg_add_value(&fallback, json_object_get(p, "default"));
        rg_str_printf(&left, "  %-16s %-9s ", rg_json_text(p, "name", ""),
                      rg_str_text(&fallback));
        add_help(p, &help);
        rg_print_wrapped(stdout, rg_str_text(&left), rg_str_text(&help));
        rg_str_free(&left);
        rg_str_free(&fallback);
        rg_str_free(&help);
    }
}

static void print_model(const json_t *model)
{
    printf("%s: %s\n", rg_json_text(model, "name", ""), rg_json_text(model, "title", ""));
    rg_print_wrapped(stdout, "  from: ", rg_json_text(model, "paper", ""));
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
        printf("train: how every model is trained\n");
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
    .text =
        "Names, defaults and ranges of what a study file can set below model: and train:.\n\n"
        "  rigor models mlp",
    .options = options,
    .max_arguments = 1,
    .run = run,
};
