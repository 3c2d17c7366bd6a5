/* file_space.c - the space that is tuned: read once, checked against the models, cut to each
 * arm.
 *
 * An arm does not tune what it fixes, nor what its model does not have.  A condition on
 * something that the arm does not tune is decided by the arm's configuration: the dimension is
 * then always active, or not there. */
#include "lab/study/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void json_release(void *json)
{
    json_decref(json);
}

json_t *study_keep_json(study_reader *reader, json_t *json)
{
    rg_arena_defer(reader->arena, json_release, json);
    return json;
}

/* ---- Reading. */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const study_dim *)a)->dim.name, ((const study_dim *)b)->dim.name);
}

static study_dim *find_dim(const study_dims *dims, const char *path)
{
    for (size_t i = 0; i < dims->len; i++)
        if (strcmp(dims->at[i].dim.name, path) == 0)
            return &dims->at[i];
    return NULL;
}

/* The parameter of the first arm that has it. */
static const rg_param *first_param(study_reader *reader, const study_layer *layers, size_t n,
                                   const char *path)
{
    const rg_param *param = NULL;
    for (size_t i = 0; i < n && !param; i++)
        param = study_param(reader->catalog, layers[i].model, path);
    return param;
}

static bool any_unknown_model(const study_layer *layers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (layers[i].model_unknown)
            return true;
    return false;
}

/* Every model that has the parameter must allow the range. */
static void fit_all(study_reader *reader, study_dim *dim, const study_layer *layers, size_t n)
{
    dim->param = first_param(reader, layers, n, dim->dim.name);
    if (!reader->catalog->open && strcmp(dim->dim.name, "model.name") == 0)
        study_mistake(reader, dim->key->mark, "make each model an arm of its own",
                      "the model itself is not tuned");
    else if (!dim->param && !any_unknown_model(layers, n))
        study_param_unknown(reader, dim->key->mark, NULL, dim->dim.name);
    dim->broken = dim->broken || !dim->param;
    const rg_param *latest = NULL;
    for (size_t i = 0; i < n; i++) {
        const rg_param *param = study_param(reader->catalog, layers[i].model, dim->dim.name);
        if (param && param != latest)
            study_dim_fit(reader, dim, param);
        latest = param ? param : latest;
    }
}

/* ---- Conditions. */

/* "optimizer" is short for "train.optimizer", or for "model.optimizer". */
static const char *full_path(study_reader *reader, const study_layer *layers, size_t n,
                             const char *name)
{
    if (reader->catalog->open || strchr(name, '.'))
        return name;
    const char *train = rg_arena_printf(reader->arena, "train.%s", name);
    const char *model = rg_arena_printf(reader->arena, "model.%s", name);
    if (first_param(reader, layers, n, train))
        return train;
    return first_param(reader, layers, n, model) ? model : name;
}

/* The value as a coordinate of the dimension: the number, or the index of the choice; NaN when
 * the dimension never takes it. */
static double coordinate(const rg_dim *dim, const json_t *value)
{
    for (size_t i = 0; i < dim->n_choices; i++)
        if (json_equal(dim->choices[i], value))
            return (double)i;
    double number = dim->n_choices ? NAN : rg_json_number(value, NAN);
    bool inside =
        number >= dim->lo && number <= dim->hi && fmod(number - dim->lo, dim->step) == 0;
    return inside ? number : NAN;
}

static void check_reachable(study_reader *reader, study_dim *dim, const study_dim *parent,
                            const study_node *node, const json_t *value)
{
    if (parent->dim.kind == RG_DIM_UNIFORM || parent->dim.kind == RG_DIM_LOG)
        study_mistake(reader, dim->when_key->mark,
                      "put the condition on a choice, an order or an int",
                      "'%s' is continuous: it never equals a value", parent->dim.name);
    else if (isnan(coordinate(&parent->dim, value)))
        study_mistake(reader, node->mark, "name a value that the space has",
                      "'%s' never takes this value: the space does not have it",
                      parent->dim.name);
    else
        return;
    dim->broken = true;
}

static void read_when_value(study_reader *reader, study_dims *dims, study_dim *dim,
                            const study_node *node)
{
    json_t *value = study_param_value(reader, dim->when_param, dim->when, node);
    const study_dim *parent = find_dim(dims, dim->when);
    if (!value)
        dim->broken = true;
    else if (parent && !parent->broken)
        check_reachable(reader, dim, parent, node, value);
    json_array_append_new(dim->when_values, value ? value : json_null());
}

static void read_condition(study_reader *reader, study_dims *dims, study_dim *dim,
                           const study_layer *layers, size_t n)
{
    if (!dim->when)
        return;
    dim->when = full_path(reader, layers, n, dim->when);
    dim->when_param = first_param(reader, layers, n, dim->when);
    dim->when_values = study_keep_json(reader, json_array());
    if (!dim->when_param) {
        if (!any_unknown_model(layers, n))
            study_param_unknown(reader, dim->when_key->mark, NULL, dim->when);
        dim->broken = true;
        return;
    }
    const study_node *values = dim->when_value;
    bool list = values->kind == STUDY_LIST && dim->when_param->kind != RG_PARAM_INTS;
    if (list && values->count == 0) {
        study_mistake(reader, values->mark, "name at least one value",
                      "'%s': this condition is never true", dim->dim.name);
        dim->broken = true;
    }
    for (size_t i = 0; i < (list ? values->count : 1); i++)
        read_when_value(reader, dims, dim, list ? values->item[i] : values);
}

static bool is_placed(const study_dims *dims, size_t placed, const study_dim *dim)
{
    if (!dim->when || !find_dim(dims, dim->when))
        return true;
    for (size_t i = 0; i < placed; i++)
        if (strcmp(dims->at[i].dim.name, dim->when) == 0)
            return true;
    return false;
}

/* Moves what stands at `from` to the earlier place `to`. */
static void move_up(study_dims *dims, size_t from, size_t to)
{
    study_dim moved = dims->at[from];
    memmove(&dims->at[to + 1], &dims->at[to], (from - to) * sizeof(moved));
    dims->at[to] = moved;
}

/* Conditions before what depends on them; ties by name, which is the order on entry. */
static void sort_by_condition(study_reader *reader, study_dims *dims)
{
    for (size_t placed = 0; placed < dims->len; placed++) {
        size_t next = placed;
        while (next < dims->len && !is_placed(dims, placed, &dims->at[next]))
            next++;
        if (next == dims->len) {
            for (next = placed; next < dims->len; next++)
                dims->at[next].broken = true;
            study_mistake(reader, dims->at[placed].when_key->mark,
                          "remove one of the conditions",
                          "the conditions of '%s' and '%s' wait for each other",
                          dims->at[placed].dim.name, dims->at[placed].when);
            return;
        }
        move_up(dims, next, placed);
    }
}

study_dims study_space_read(study_reader *reader, const study_node *space,
                            const study_layer *layers, size_t n_layers)
{
    study_settings settings = study_settings_read(reader, space, "'tune.space'", true);
    study_dims dims = {RG_ARENA_ARRAY(reader->arena, study_dim, settings.len + 1),
                       settings.len};
    for (size_t i = 0; i < dims.len; i++) {
        study_dim *dim = &dims.at[i];
        dim->dim.name = settings.at[i].path;
        dim->key = settings.at[i].key;
        study_dim_read(reader, settings.at[i].value, dim);
        fit_all(reader, dim, layers, n_layers);
    }
    qsort(dims.at, dims.len, sizeof(*dims.at), by_name);
    for (size_t i = 0; i < dims.len; i++)
        read_condition(reader, &dims, &dims.at[i], layers, n_layers);
    sort_by_condition(reader, &dims);
    return dims;
}

/* ---- Cutting. */

static bool is_fixed(const study_layer *layer, const char *path)
{
    for (; layer->below; layer = layer->below)
        if (study_setting_find(&layer->own, path))
            return true;
    return false;
}

int study_space_index(const rg_space *space, const char *path)
{
    for (size_t i = 0; i < space->count; i++)
        if (strcmp(space->dim[i].name, path) == 0)
            return (int)i;
    return -1;
}

static bool config_meets(const json_t *config, const study_dim *dim)
{
    const json_t *value = rg_json_path(config, dim->when);
    for (size_t i = 0; value && i < json_array_size(dim->when_values); i++)
        if (json_equal(value, json_array_get(dim->when_values, i)))
            return true;
    return false;
}

/* Lays the condition on the tuned dimension; false: the arm never meets it. */
static bool set_condition(study_reader *reader, const study_dim *dim, const rg_arm *arm,
                          rg_dim *ret)
{
    ret->when = dim->when ? study_space_index(&arm->space, dim->when) : -1;
    if (ret->when < 0)
        return !dim->when || config_meets(arm->config, dim);
    size_t n = json_array_size(dim->when_values);
    ret->n_when = n;
    ret->when_values = RG_ARENA_ARRAY(reader->arena, double, n);
    for (size_t i = 0; i < n; i++)
        ret->when_values[i] =
            coordinate(&arm->space.dim[ret->when], json_array_get(dim->when_values, i));
    return true;
}

/* The configuration as a point, so that trial 0 is what the arm would do untuned, or the
 * nearest to it that the space has; the first choice stands in for a word that the choices
 * lack. */
static double *default_point(study_reader *reader, const rg_arm *arm)
{
    const rg_space *space = &arm->space;
    double *point = RG_ARENA_ARRAY(reader->arena, double, space->count + 1);
    json_t *values = json_deep_copy(arm->config);
    rg_space_point(space, values, point);
    for (size_t i = 0; i < space->count; i++) {
        const rg_dim *dim = &space->dim[i];
        if (!dim->n_choices || !isnan(point[i]) || !rg_space_active(space, i, point))
            continue;
        rg_json_path_set(values, dim->name, json_incref(dim->choices[0]));
        rg_space_point(space, values, point);
    }
    json_decref(values);
    return point;
}

void study_space_cut(study_reader *reader, study_dims *dims, const study_layer *layer,
                     rg_arm *arm)
{
    arm->space.dim = RG_ARENA_ARRAY(reader->arena, rg_dim, dims->len + 1);
    for (size_t i = 0; i < dims->len; i++) {
        study_dim *dim = &dims->at[i];
        rg_dim cut = dim->dim;
        if (dim->broken || !study_param(reader->catalog, layer->model, cut.name) ||
            is_fixed(layer, cut.name) || !set_condition(reader, dim, arm, &cut))
            continue;
        arm->space.dim[arm->space.count++] = cut;
        dim->tuned = true;
    }
    arm->first = default_point(reader, arm);
}

void study_space_unused(study_reader *reader, const study_dims *dims)
{
    for (size_t i = 0; i < dims->len; i++)
        if (!dims->at[i].broken && !dims->at[i].tuned)
            study_mistake(reader, dims->at[i].key->mark, "remove it from the space",
                          "no arm tunes '%s': each fixes it, lacks it or never meets its "
                          "condition",
                          dims->at[i].dim.name);
}
