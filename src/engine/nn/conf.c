/* conf.c - one section of a configuration as a graph sees it: structural parameters as plain
 * values, numbers as scalar inputs.  Asking for what the table does not have is a mistake of
 * the model; it sticks to the graph. */
#include "engine/nn/internal.h"

#include <string.h>

struct rg_conf {
    rg_graph *graph;
    const char *section;
    const rg_param *table;
    const json_t *values;
    rg_val zero; /* what every number that is switched off comes as */
    RG_VEC(rg_conf_input) inputs;
    bool *read; /* by place in the table: somebody asked for it */
};

static size_t table_length(const rg_param *table)
{
    size_t n = 0;
    while (table[n].name)
        n++;
    return n;
}

rg_conf *rg_conf_new(rg_graph *graph, const char *section, const rg_param *table,
                     const json_t *values)
{
    rg_conf *conf = RG_NEW(rg_conf);
    conf->graph = graph;
    conf->section = section;
    conf->table = table;
    conf->values = values;
    conf->read = RG_NEW_ARRAY(bool, table_length(table));
    return conf;
}

void rg_conf_free(rg_conf *conf)
{
    if (!conf)
        return;
    rg_vec_free(&conf->inputs);
    rg_free(conf->read);
    rg_free(conf);
}

static void no_parameter(const rg_conf *conf, const char *name)
{
    RG_VEC(const char *) names = {0};
    for (const rg_param *p = conf->table; p->name; p++)
        rg_vec_push(&names, p->name);
    const char *near = rg_text_nearest(name, names.at, names.len);
    rg_str remedy = {0};
    if (near)
        rg_str_printf(&remedy, "did you mean \"%s\"? Or ", near);
    rg_str_add(&remedy, "add it to the model's table of parameters");
    rg_graph_fail(conf->graph, rg_str_text(&remedy), "there is no parameter \"%s.%s\"",
                  conf->section, name);
    rg_str_free(&remedy);
    rg_vec_free(&names);
}

/* The value of a parameter of one of the kinds (bits), or NULL after noting the mistake. */
static const json_t *value_of(rg_place at, const rg_conf *conf, const char *name,
                              unsigned kinds)
{
    const rg_param *param = rg_param_find(conf->table, name);
    const json_t *value = json_object_get(conf->values, name);
    rg_graph_note(conf->graph, at);
    if (!param || !value) {
        no_parameter(conf, name);
        return NULL;
    }
    conf->read[param - conf->table] = true;
    if (!(kinds & 1u << param->kind)) {
        rg_graph_fail(conf->graph, "read it with the function of its kind",
                      "the parameter \"%s.%s\" is of another kind", conf->section, name);
        return NULL;
    }
    return value;
}

/* As value_of, for what shapes the graph: a number that members may differ in must not. */
static const json_t *structure_of(rg_place at, const rg_conf *conf, const char *name,
                                  unsigned kinds)
{
    const json_t *value = value_of(at, conf, name, kinds);
    if (value && !rg_param_find(conf->table, name)->structural) {
        rg_graph_fail(conf->graph, "read it with rg_conf_val, or make it structural",
                      "\"%s.%s\" differs between members and cannot shape the graph",
                      conf->section, name);
        return NULL;
    }
    return value;
}

int64_t rg_conf_int_here(rg_place at, const rg_conf *conf, const char *name)
{
    const json_t *value = structure_of(at, conf, name, 1u << RG_PARAM_INT);
    return value ? (int64_t)rg_json_number(value, 0) : 0;
}

bool rg_conf_bool_here(rg_place at, const rg_conf *conf, const char *name)
{
    return json_is_true(structure_of(at, conf, name, 1u << RG_PARAM_BOOL));
}

const char *rg_conf_str_here(rg_place at, const rg_conf *conf, const char *name)
{
    const json_t *value = structure_of(at, conf, name, 1u << RG_PARAM_CHOICE);
    return value ? json_string_value(value) : "";
}

size_t rg_conf_count_here(rg_place at, const rg_conf *conf, const char *name)
{
    return json_array_size(structure_of(at, conf, name, 1u << RG_PARAM_INTS));
}

int64_t rg_conf_int_at_here(rg_place at, const rg_conf *conf, const char *name, size_t i)
{
    const json_t *list = structure_of(at, conf, name, 1u << RG_PARAM_INTS);
    const json_t *value = json_array_get(list, i);
    if (list && !value)
        rg_graph_fail(conf->graph, "", "\"%s.%s\" has no entry %zu", conf->section, name, i);
    return value ? (int64_t)rg_json_number(value, 0) : 0;
}

static const unsigned numbers = 1u << RG_PARAM_NUMBER | 1u << RG_PARAM_INT;

bool rg_conf_off_here(rg_place at, const rg_conf *conf, const char *name)
{
    const json_t *value = value_of(at, conf, name, numbers);
    return !value || rg_json_number(value, 0) == 0;
}

static rg_val zero_of(rg_conf *conf)
{
    if (!conf->zero.id)
        conf->zero = rg_const(conf->graph, 0, RG_F32);
    return conf->zero;
}

static rg_val input_of(rg_conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->inputs.len; i++)
        if (!strcmp(conf->inputs.at[i].name, name))
            return conf->inputs.at[i].input;
    rg_str path = {0};
    rg_str_printf(&path, "%s.%s", conf->section, name);
    rg_conf_input made = {name, rg_input(conf->graph, rg_str_text(&path), RG_F32, RG_SCALAR)};
    rg_str_free(&path);
    rg_vec_push(&conf->inputs, made);
    return made.input;
}

static rg_val number_of(rg_conf *conf, const char *name)
{
    if (rg_conf_off(conf, name))
        return zero_of(conf);
    const rg_param *param = rg_param_find(conf->table, name);
    if (!param->structural)
        return input_of(conf, param->name);
    double value = rg_json_number(json_object_get(conf->values, name), 0);
    return rg_const(conf->graph, value, RG_F32);
}

/* The cache of inputs is all that changes: for a model a configuration is constant. */
rg_val rg_conf_val_here(rg_place at, const rg_conf *constant, const char *name)
{
    rg_conf *conf = (rg_conf *)(uintptr_t)constant;
    RG_PINNED(conf->graph, at, number_of(conf, name));
}

bool rg_conf_is_zero(const rg_conf *conf, rg_val value)
{
    return conf && conf->zero.id && conf->zero.id == value.id;
}

size_t rg_conf_inputs(const rg_conf *conf, const rg_conf_input **ret)
{
    *ret = conf->inputs.at;
    return conf->inputs.len;
}

bool rg_conf_was_read(const rg_conf *conf, const char *name)
{
    const rg_param *param = rg_param_find(conf->table, name);
    return param && conf->read[param - conf->table];
}
