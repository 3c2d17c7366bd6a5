/* file_dim.c - one dimension of the space as written: {log: [1e-4, 1e-1]},
 * {int: [1, 64], log: true, step: 1}, {choice: [a, b]}, each with `when: {other: value}`. */
#include "lab/study/file.h"

#include <math.h>
#include <string.h>

#define CHOICES_MAX 1000

typedef struct dim_form {
    const char *name;
    rg_dim_kind kind;
    void (*read)(study_reader *reader, const study_node *form, study_dim *ret);
    const char *keys[5]; /* what else may stand beside it */
} dim_form;

static bool broken(study_reader *reader, study_dim *dim, study_mark mark, const char *remedy,
                   const char *what)
{
    study_mistake(reader, mark, remedy, "'%s': %s", dim->dim.name, what);
    dim->broken = true;
    return false;
}

/* ---- Ranges. */

static bool read_bounds(study_reader *reader, study_dim *dim)
{
    const study_node *range = dim->range;
    double bound[2];
    if (range->kind != STUDY_LIST || range->count != 2)
        return broken(reader, dim, range->mark, "write [lowest, highest]",
                      "a range is a list of two numbers");
    for (size_t i = 0; i < 2; i++)
        if (!study_number(reader, range->item[i], dim->dim.name, -STUDY_HUGE, STUDY_HUGE,
                          &bound[i]))
            return !(dim->broken = true);
    dim->dim.lo = bound[0];
    dim->dim.hi = bound[1];
    if (bound[0] < bound[1])
        return true;
    return broken(reader, dim, range->mark,
                  "put the lowest first; a value that does not vary belongs into the base",
                  "this range is empty");
}

static void read_uniform(study_reader *reader, const study_node *form, study_dim *ret)
{
    (void)form;
    read_bounds(reader, ret);
}

static void read_log(study_reader *reader, const study_node *form, study_dim *ret)
{
    (void)form;
    if (read_bounds(reader, ret) && ret->dim.lo <= 0)
        broken(reader, ret, ret->range->mark, "begin above 0, or use uniform",
               "a logarithmic range must be positive");
}

static bool is_whole(double x)
{
    return x == floor(x) && fabs(x) < 0x1p53;
}

static void read_int(study_reader *reader, const study_node *form, study_dim *ret)
{
    rg_dim *dim = &ret->dim;
    if (!read_bounds(reader, ret))
        return;
    if (!is_whole(dim->lo) || !is_whole(dim->hi)) {
        broken(reader, ret, ret->range->mark, "use uniform or log for numbers with a fraction",
               "both ends of an int range must be whole");
        return;
    }
    int64_t step = 1, most = (int64_t)(dim->hi - dim->lo);
    bool fits = study_bool(reader, study_get(form, "log"), "log", &dim->log);
    fits = study_whole(reader, study_get(form, "step"), "step", 1, most, &step) && fits;
    if (dim->log && dim->lo < 1)
        fits = broken(reader, ret, ret->range->mark, "begin at 1 or above, or leave out log",
                      "a logarithmic range must be positive");
    ret->broken = ret->broken || !fits;
    dim->step = (double)step;
    dim->hi = dim->lo + dim->step * floor((dim->hi - dim->lo) / dim->step);
}

/* ---- Choices: their values are read when the parameter is known (study_dim_fit). */

static void read_choices(study_reader *reader, const study_node *form, study_dim *ret)
{
    (void)form;
    const study_node *list = ret->range;
    if (list->kind != STUDY_LIST || list->count < 2 || list->count > CHOICES_MAX)
        broken(reader, ret, list->mark,
               "list at least two values; a value that does not vary belongs into the base",
               "choices are a list of 2 to 1000 values");
}

static const dim_form forms[] = {
    {"uniform", RG_DIM_UNIFORM, read_uniform, {"uniform", "when"}},
    {"int", RG_DIM_INT, read_int, {"int", "log", "step", "when"}},
    {"log", RG_DIM_LOG, read_log, {"log", "when"}},
    {"choice", RG_DIM_CHOICE, read_choices, {"choice", "when"}},
    {"order", RG_DIM_ORDER, read_choices, {"order", "when"}},
};

/* ---- The map. */

static void check_keys(study_reader *reader, const study_node *form, const dim_form *as,
                       study_dim *dim)
{
    size_t n = 0;
    while (n < RG_COUNT(as->keys) && as->keys[n])
        n++;
    for (size_t i = 0; i < form->count; i++) {
        size_t k = 0;
        while (k < n && strcmp(as->keys[k], form->key[i]->text) != 0)
            k++;
        if (k < n)
            continue;
        study_mistake(reader, form->key[i]->mark,
                      study_suggest(reader, form->key[i]->text, as->keys, n),
                      "unknown key '%s' in the range of '%s'",
                      study_clip(reader, form->key[i]->text), dim->dim.name);
        dim->broken = true;
    }
}

static void read_when(study_reader *reader, const study_node *when, study_dim *dim)
{
    if (!when)
        return;
    if (when->kind != STUDY_MAP || when->count != 1) {
        broken(reader, dim, when->mark, "write when: {train.optimizer: sgd}",
               "a condition is a map of one name to a value or a list of values");
        return;
    }
    dim->when_key = when->key[0];
    dim->when_value = when->item[0];
    dim->when = when->key[0]->text;
}

/* The one form that the map has; int before log, because `log: true` may stand beside int. */
static const dim_form *form_of(study_reader *reader, const study_node *form, study_dim *dim)
{
    static const char remedy[] = "write {log: [1e-4, 1e-1]}; the forms are uniform, log, int, "
                                 "choice and order";
    for (size_t i = 0; form->kind == STUDY_MAP && i < RG_COUNT(forms); i++)
        if (study_get(form, forms[i].name))
            return &forms[i];
    if (form->kind == STUDY_MAP && form->count) {
        static const char *const names[] = {"uniform", "log", "int", "choice", "order"};
        for (size_t i = 0; i < form->count; i++)
            study_mistake(reader, form->key[i]->mark,
                          study_suggest(reader, form->key[i]->text, names, RG_COUNT(names)),
                          "'%s': unknown form of range '%s'", dim->dim.name,
                          study_clip(reader, form->key[i]->text));
        dim->broken = true;
        return NULL;
    }
    broken(reader, dim, form->mark, remedy, "expected a map with a range or with choices");
    return NULL;
}

void study_dim_read(study_reader *reader, const study_node *form, study_dim *ret)
{
    const dim_form *as = form_of(reader, form, ret);
    if (!as)
        return;
    ret->dim.kind = as->kind;
    ret->dim.step = 1;
    ret->dim.when = -1;
    ret->range = study_get(form, as->name);
    check_keys(reader, form, as, ret);
    read_when(reader, study_get(form, "when"), ret);
    as->read(reader, form, ret);
}

/* ---- Does it fit the parameter? */

static bool is_number(const rg_param *param)
{
    return param->kind == RG_PARAM_NUMBER || param->kind == RG_PARAM_INT ||
           param->kind == RG_PARAM_ANY;
}

static void fit_range(study_reader *reader, study_dim *dim, const rg_param *param)
{
    study_mark mark = dim->range->mark;
    if (!is_number(param))
        broken(reader, dim, mark, "use choice: [value, value]", "it is not a number");
    else if (param->kind == RG_PARAM_INT && dim->dim.kind != RG_DIM_INT)
        broken(reader, dim, mark, "use int: [lowest, highest]", "it takes whole numbers only");
    else if (dim->dim.lo < param->lo || dim->dim.hi > param->hi)
        broken(reader, dim, mark,
               rg_arena_printf(reader->arena, "stay within %g to %g", param->lo, param->hi),
               rg_arena_printf(reader->arena, "the range %g to %g leaves what it can be",
                               dim->dim.lo, dim->dim.hi));
}

static bool is_repeated(const study_dim *dim, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (json_equal(dim->dim.choices[i], dim->dim.choices[at]))
            return true;
    return false;
}

static void fit_choices(study_reader *reader, study_dim *dim, const rg_param *param)
{
    const study_node *list = dim->range;
    json_t **choices = RG_ARENA_ARRAY(reader->arena, json_t *, list->count);
    dim->dim.choices = choices;
    dim->dim.n_choices = list->count;
    for (size_t i = 0; i < list->count && !dim->broken; i++) {
        json_t *value = study_param_value(reader, param, dim->dim.name, list->item[i]);
        choices[i] = study_keep_json(reader, value ? value : json_null());
        dim->broken = !value;
        if (value && is_repeated(dim, i))
            broken(reader, dim, list->item[i]->mark, "remove it", "this choice stands twice");
    }
}

void study_dim_fit(study_reader *reader, study_dim *dim, const rg_param *param)
{
    if (dim->broken)
        return;
    if (dim->dim.kind == RG_DIM_CHOICE || dim->dim.kind == RG_DIM_ORDER)
        fit_choices(reader, dim, param);
    else
        fit_range(reader, dim, param);
}
