/* models.c - finding a model: by name in the table, which is generated from zoo/ at build time,
 * or by the hash of its source among the shared objects of the user's own models. */
#include "rigor/model.h"

#include <dlfcn.h>
#include <string.h>

const rg_model *rg_model_find(const char *name)
{
    for (size_t i = 0; rg_models[i]; i++)
        if (!strcmp(rg_models[i]->name, name))
            return rg_models[i];
    return NULL;
}

/* ---- The user's own. */

static const char own_remedy[] = "docs/own-model.md builds one from nothing";

static bool is_word(const char *text)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return text && *text && text[strspn(text, letters)] == '\0';
}

/* A default that is not JSON, or does not fit, is a mistake of the file here. */
static bool param_fits(const rg_param *param, rg_err *err)
{
    static const char *const taken[] = {"name", "file", "sha256"};
    if (!is_word(param->name) || !param->fallback || !param->help)
        return rg_fail(err, RG_INPUT, "", own_remedy,
                       "a parameter needs a name of letters, a fallback and a help");
    for (size_t i = 0; i < RG_COUNT(taken); i++)
        if (!strcmp(taken[i], param->name))
            return rg_fail(err, RG_INPUT, "", "give it another name",
                           "a parameter cannot be called '%s'", param->name);
    if (param->kind == RG_PARAM_CHOICE && (!param->choices || !param->choices[0]))
        return rg_fail(err, RG_INPUT, "", "list them, and NULL at the end",
                       "the parameter %s has no choices", param->name);
    rg_err wrong = {0};
    json_t *value =
        rg_json_parse(param->fallback, strlen(param->fallback), param->name, &wrong);
    bool fits = value && rg_param_check(param, value, &wrong);
    json_decref(value);
    return fits ||
           rg_fail(err, RG_INPUT, "",
                   "write it as JSON: \"0.1\", \"[64, 64]\", \"\\\"relu\\\"\"",
                   "the default of the parameter %s does not fit: %s", param->name, wrong.what);
}

static bool model_fits(const rg_model *model, rg_err *err)
{
    if (!is_word(model->name) || !model->title || !model->paper || !model->params ||
        !model->forward)
        return rg_fail(
            err, RG_INPUT, "", own_remedy,
            "the model needs a name of letters, a title, a paper, params and forward");
    if (!(model->tasks & RG_ANY_TASK))
        return rg_fail(err, RG_INPUT, "", "set .tasks = RG_ANY_TASK",
                       "the model %s can do no task", model->name);
    for (const rg_param *p = model->params; p->name; p++)
        if (!param_fits(p, err))
            return false;
    return true;
}

const rg_model *rg_model_load(const char *library, rg_err *err)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *why = dlerror();
        rg_fail(err, RG_INPUT, "",
                "use the functions that rigor/nn.h and rigor/graph.h declare",
                "the model cannot be loaded: %s", why ? why : "no reason is given");
        return NULL;
    }
    const rg_model *model = dlsym(handle, "model");
    if (!model)
        rg_fail(err, RG_INPUT, "", "write: const rg_model model = {...};",
                "the file defines no model");
    if (model && model_fits(model, err))
        return model;
    dlclose(handle);
    return NULL;
}

/* ---- Those that this process may be asked for. */

typedef struct offer {
    char sha256[RG_HEX];
    char *path;            /* of the shared object */
    const rg_model *model; /* NULL: not loaded yet */
} offer;
static RG_VEC(offer) offers; /* of this process, for as long as it lives */

void rg_model_offer(const char *sha256, const char *library)
{
    offer made = {.path = rg_alloc(strlen(library) + 1)};
    memcpy(made.path, library, strlen(library));
    strncpy(made.sha256, sha256, RG_HEX - 1);
    rg_vec_push(&offers, made);
}

const rg_model *rg_model_of_library(const char *sha256, rg_err *err)
{
    for (size_t i = 0; i < offers.len; i++) {
        if (strcmp(offers.at[i].sha256, sha256) != 0)
            continue;
        if (!offers.at[i].model)
            offers.at[i].model = rg_model_load(offers.at[i].path, err);
        return offers.at[i].model;
    }
    rg_fail(err, RG_INPUT, "model.sha256", "name it as model: {file: my_model.c}",
            "no shared object was given for the model with the hash %.12s", sha256);
    return NULL;
}
