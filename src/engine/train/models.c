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

static bool is_word(const char *text)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return text && *text && text[strspn(text, letters)] == '\0';
}

/* A field of a table that the file left out, with what to write. */
typedef struct field {
    bool given;
    const char *name, *remedy;
} field;

/* The first that is missing; NULL: none. */
static const field *missing(const field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!fields[i].given)
            return &fields[i];
    return NULL;
}

/* Behind a table without its end lies anything: a kind that is none is most often that. */
static bool is_declared(const rg_param *param, rg_err *err)
{
    const field fields[] = {
        {param->fallback, "fallback", "write its default as JSON: .fallback = \"0.1\""},
        {param->help, "help", "write .help = \"one line on what it does\""},
        {param->kind != RG_PARAM_CHOICE || (param->choices && param->choices[0]), "choices",
         "list them, and NULL at the end"},
    };
    if ((unsigned)param->kind > RG_PARAM_ANY || !is_word(param->name))
        return rg_fail(err, RG_INPUT, "",
                       "give each parameter a .name of letters, digits, _ and - and a .kind; "
                       "params must end with {0}",
                       "\"%.60s\" is no parameter", param->name);
    const field *absent = missing(fields, RG_COUNT(fields));
    return !absent || rg_fail(err, RG_INPUT, "", absent->remedy,
                              "the parameter \"%s\" has no .%s", param->name, absent->name);
}

static bool is_free(const rg_param *table, const rg_param *param, rg_err *err)
{
    static const char *const taken[] = {"name", "file", "sha256"};
    for (size_t i = 0; i < RG_COUNT(taken); i++)
        if (!strcmp(taken[i], param->name))
            return rg_fail(err, RG_INPUT, "", "give it another name",
                           "a parameter cannot be called '%s'", param->name);
    return rg_param_find(table, param->name) == param ||
           rg_fail(err, RG_INPUT, "", "remove one of the two, or give it another name",
                   "the parameter \"%s\" is there twice", param->name);
}

static bool has_range(const rg_param *param)
{
    return param->kind == RG_PARAM_NUMBER || param->kind == RG_PARAM_INT ||
           param->kind == RG_PARAM_INTS;
}

static bool is_outside(const rg_param *param, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        if (is_outside(param, json_array_get(value, i)))
            return true;
    double number = json_number_value(value);
    return json_is_number(value) && (number < param->lo || number > param->hi);
}

/* A default that is not JSON, or does not fit, is a mistake of the file here. */
static bool default_fits(const rg_param *param, rg_err *err)
{
    static const char as_json[] = "write it as JSON: \"0.1\", \"[64, 64]\", \"\\\"relu\\\"\"";
    rg_err wrong = {0};
    json_t *value =
        rg_json_parse(param->fallback, strlen(param->fallback), param->name, &wrong);
    bool parsed = value != NULL, fits = parsed && rg_param_check(param, value, &wrong);
    bool outside = has_range(param) && is_outside(param, value);
    json_decref(value);
    if (fits)
        return true;
    const char *remedy = as_json;
    if (outside)
        remedy = "move .fallback into the range, or widen .lo and .hi";
    else if (parsed)
        remedy = *wrong.remedy ? wrong.remedy : "give .fallback a value of its kind";
    return rg_fail(err, RG_INPUT, "", remedy, "the default of the parameter %s %s: %s",
                   param->name, outside ? "is outside its range" : "does not fit", wrong.what);
}

static bool param_fits(const rg_param *table, const rg_param *param, rg_err *err)
{
    if (!is_declared(param, err) || !is_free(table, param, err))
        return false;
    if (has_range(param) && param->lo > param->hi)
        return rg_fail(err, RG_INPUT, "", "make .lo the least value and .hi the largest",
                       "the parameter \"%s\" takes no value: .lo (%g) is above .hi (%g)",
                       param->name, param->lo, param->hi);
    return default_fits(param, err);
}

static bool model_fits(const rg_model *model, rg_err *err)
{
    const field fields[] = {
        {model->name, "name", "write .name = \"my_model\""},
        {model->title, "title", "write .title = \"one line on what it is\""},
        {model->paper, "paper", "write .paper = \"where it comes from: authors, year, title\""},
        {model->params, "params",
         "write .params = params, a table of rg_param that ends with {0}"},
        {model->forward, "forward", "write .forward = forward"},
    };
    const field *absent = missing(fields, RG_COUNT(fields));
    if (absent)
        return rg_fail(err, RG_INPUT, "", absent->remedy, "the model has no .%s", absent->name);
    if (!is_word(model->name))
        return rg_fail(err, RG_INPUT, "", "use letters, digits, _ and -",
                       "a model cannot be called \"%.60s\"", model->name);
    if (!(model->tasks & RG_ANY_TASK))
        return rg_fail(err, RG_INPUT, "", "set .tasks = RG_ANY_TASK",
                       "the model %s can do no task", model->name);
    for (const rg_param *p = model->params; p->name; p++)
        if (!param_fits(model->params, p, err))
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
