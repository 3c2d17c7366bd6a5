/* part.c - one of the files that rg_parts_write made, read back. */
#include "rigor/data.h"

#include "data/npy.h"

#include <string.h>

static bool refuse(const char *path, rg_err *err, const char *what)
{
    return rg_fail(err, RG_INPUT, path, "write the parts of the data set again",
                   "this is no part of a data set: %s", what);
}

static bool has_shape(const rg_array *array, rg_array_type type, int rank, size_t rows)
{
    return array->type == type && array->rank == rank && (size_t)array->dim[0] == rows;
}

/* The number of classes: as recorded, else one more than the largest label. */
static bool classes_settle(const rg_arrays *arrays, const char *path, rg_part *part,
                           rg_err *err)
{
    const rg_array *recorded = rg_arrays_find(arrays, "classes");
    int64_t top = -1;
    for (size_t i = 0; part->label && i < part->rows; i++) {
        if (part->label[i] < 0)
            return refuse(path, err, "a label is negative");
        top = part->label[i] > top ? part->label[i] : top;
    }
    part->classes = (size_t)(top + 1);
    if (recorded) {
        if (!has_shape(recorded, RG_ARRAY_I32, 1, 1))
            return refuse(path, err, "classes must be one int32");
        int32_t classes = *(const int32_t *)recorded->data;
        if (classes <= top || (part->target && classes))
            return refuse(path, err, "a label is outside of the recorded classes");
        part->classes = (size_t)classes;
    }
    part->task = part->classes ? RG_CLASSIFY : RG_REGRESS;
    return true;
}

/* Arrays that stand in a file only where the study asks for them. */
static bool extras_take(const rg_arrays *arrays, const char *path, rg_part *part, rg_err *err)
{
    const rg_array *group = rg_arrays_find(arrays, "group");
    const rg_array *weight = rg_arrays_find(arrays, "weight");
    if (group && !has_shape(group, RG_ARRAY_I64, 1, part->rows))
        return refuse(path, err, "group must be int64 of shape (rows)");
    if (weight && !has_shape(weight, RG_ARRAY_F32, 1, part->rows))
        return refuse(path, err, "weight must be float32 of shape (rows)");
    part->group = group ? group->data : NULL;
    part->weight = weight ? weight->data : NULL;
    return true;
}

static bool part_take(const rg_arrays *arrays, const char *path, rg_part *part, rg_err *err)
{
    const rg_array *x = rg_arrays_find(arrays, "x"), *y = rg_arrays_find(arrays, "y");
    const rg_array *id = rg_arrays_find(arrays, "id");
    if (!id || id->rank != 1 || id->type != RG_ARRAY_I64)
        return refuse(path, err, "it has no array id of int64");
    part->rows = (size_t)id->dim[0];
    part->id = id->data;
    if (!x && !y)
        return refuse(path, err, "it has neither x nor y");
    if (x) {
        if (!has_shape(x, RG_ARRAY_F32, 2, part->rows))
            return refuse(path, err, "x must be float32 of shape (rows, features)");
        part->x = x->data;
        part->features = (size_t)x->dim[1];
    }
    if (y) {
        if (has_shape(y, RG_ARRAY_I32, 1, part->rows))
            part->label = y->data;
        else if (has_shape(y, RG_ARRAY_F32, 1, part->rows))
            part->target = y->data;
        else
            return refuse(path, err, "y must be int32 or float32 of shape (rows)");
    }
    return extras_take(arrays, path, part, err) && classes_settle(arrays, path, part, err);
}

bool rg_part_read(const char *path, rg_arena *arena, rg_part *ret, rg_err *err)
{
    rg_arrays arrays = {0};
    rg_part part = {0};
    if (!rg_npz_read(path, arena, &arrays, err) || !part_take(&arrays, path, &part, err))
        return false;
    *ret = part;
    return true;
}

void rg_part_name_classes(rg_part *part, const json_t *names, rg_arena *arena)
{
    if (part->classes == 0 || json_array_size(names) != part->classes)
        return;
    const char **name = RG_ARENA_ARRAY(arena, const char *, part->classes);
    for (size_t k = 0; k < part->classes; k++) {
        const char *text = json_string_value(json_array_get(names, k));
        if (!text)
            return;
        name[k] = rg_arena_strdup(arena, text);
    }
    part->class_name = name;
}
