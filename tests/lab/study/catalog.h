/* catalog.h - a trainer's tables for the tests of the study file: small, but with every kind of
 * parameter and with one name ("dropout") that two models share. */
#ifndef RIGOR_TESTS_LAB_STUDY_CATALOG_H
#define RIGOR_TESTS_LAB_STUDY_CATALOG_H

#include "rigor/study.h"

static const char *const catalog_activations[] = {"relu", "tanh", "gelu", NULL};
static const char *const catalog_optimizers[] = {"adamw", "sgd", NULL};

static const rg_param catalog_linear[] = {
    {.name = "l1", .kind = RG_PARAM_NUMBER, .lo = 0, .hi = 10, .fallback = "0"},
    {.name = NULL},
};
static const rg_param catalog_mlp[] = {
    {.name = "hidden",
     .kind = RG_PARAM_INTS,
     .structural = true,
     .lo = 1,
     .hi = 4096,
     .fallback = "[64, 64]"},
    {.name = "activation",
     .kind = RG_PARAM_CHOICE,
     .choices = catalog_activations,
     .fallback = "\"relu\""},
    {.name = "dropout", .kind = RG_PARAM_NUMBER, .lo = 0, .hi = 0.95, .fallback = "0.1"},
    {.name = NULL},
};
static const rg_param catalog_forest[] = {
    {.name = "trees", .kind = RG_PARAM_INT, .lo = 1, .hi = 10000, .fallback = "100"},
    {.name = "dropout", .kind = RG_PARAM_NUMBER, .lo = 0, .hi = 0.5, .fallback = "0"},
    {.name = NULL},
};
static const rg_param catalog_train[] = {
    {.name = "optimizer",
     .kind = RG_PARAM_CHOICE,
     .choices = catalog_optimizers,
     .fallback = "\"adamw\""},
    {.name = "lr", .kind = RG_PARAM_NUMBER, .lo = 0, .hi = 10, .fallback = "1e-3"},
    {.name = "weight_decay", .kind = RG_PARAM_NUMBER, .lo = 0, .hi = 1, .fallback = "0.01"},
    {.name = "momentum", .kind = RG_PARAM_NUMBER, .lo = 0, .hi = 0.999, .fallback = "0.9"},
    {.name = "nesterov", .kind = RG_PARAM_BOOL, .fallback = "false"},
    {.name = "batch", .kind = RG_PARAM_INT, .lo = 1, .hi = 65536, .fallback = "32"},
    {.name = "epochs", .kind = RG_PARAM_INT, .lo = 1, .hi = 10000, .fallback = "20"},
    {.name = "clip", .kind = RG_PARAM_NUMBER, .lo = 0, .hi = 1000, .fallback = "0"},
    {.name = NULL},
};
static const rg_catalog_model catalog_models[] = {
    {.name = "linear", .help = "a linear model", .params = catalog_linear},
    {.name = "mlp", .help = "a multi-layer perceptron", .params = catalog_mlp},
    {.name = "forest", .help = "a random forest", .params = catalog_forest},
    {.name = NULL},
};
static const rg_catalog catalog = {.models = catalog_models, .train = catalog_train};

#endif
