/* predictions_arrays.c - predictions as an .npz archive of id and value. */
#include "data/handed_in.h"

#include "data/memory.h"
#include "data/npy.h"

static bool ids_take(rg_handed_in *h, const rg_array *id)
{
    if (!id || id->rank != 1 || (id->type != RG_ARRAY_I64 && id->type != RG_ARRAY_I32)) {
        rg_fail(h->err, RG_INPUT, h->where, "copy the array id of test_inputs.npz",
                "the predictions have no array id of whole numbers");
        return false;
    }
    h->rows = (size_t)id->dim[0];
    h->id = id->data;
    if (id->type == RG_ARRAY_I64)
        return true;
    int64_t *wide = RG_DATA_ROOM(h->arena, int64_t, h->rows, h->where, h->err);
    for (size_t i = 0; wide && i < h->rows; i++)
        wide[i] = ((const int32_t *)id->data)[i];
    h->id = wide;
    return wide != NULL;
}

static bool fail_shape(const rg_handed_in *h)
{
    size_t classes = h->truth->classes, want = classes ? classes : 1;
    return rg_fail(h->err, RG_INPUT, h->where,
                   classes ? "give probabilities of shape (rows, classes)"
                           : "give values of shape (rows)",
                   "the predictions need an array value of floats with %zu row%s and %zu "
                   "column%s",
                   h->rows, h->rows == 1 ? "" : "s", want, want == 1 ? "" : "s");
}

static bool values_take(rg_handed_in *h, const rg_array *value)
{
    if (!value || (value->type != RG_ARRAY_F32 && value->type != RG_ARRAY_F64) ||
        value->rank < 1 || value->rank > 2 || (size_t)value->dim[0] != h->rows)
        return fail_shape(h);
    h->width = value->rank == 2 ? (size_t)value->dim[1] : 1;
    h->probabilities = h->truth->classes > 1 && h->width == h->truth->classes;
    if (h->width != 1 && !h->probabilities)
        return fail_shape(h);
    h->value = value->data;
    if (value->type == RG_ARRAY_F32)
        return true;
    size_t count = rg_array_count(value);
    float *narrow = RG_DATA_ROOM(h->arena, float, count, h->where, h->err);
    for (size_t i = 0; narrow && i < count; i++)
        narrow[i] = (float)((const double *)value->data)[i];
    h->value = narrow;
    return narrow != NULL;
}

bool rg_handed_in_arrays(rg_handed_in *h, const char *data, size_t len)
{
    rg_arrays arrays = {0};
    return rg_npz_parse_within(data, len, rg_predictions_bytes_max(h->truth), h->where,
                               h->arena, &arrays, h->err) &&
           ids_take(h, rg_arrays_find(&arrays, "id")) &&
           values_take(h, rg_arrays_find(&arrays, "value"));
}
