/* split_fold.c - one of several folds, at random: every row is tested once. */
#include "data/split.h"

#include <string.h>

/* The list with the rows of one class after each other, otherwise in its order: dealt in turn,
 * folds and the classes in them differ by one row at most. */
static void order_by_class(const rg_dataset *data, uint32_t *list)
{
    size_t *start = RG_NEW_ARRAY(size_t, data->classes + 1);
    uint32_t *sorted = RG_NEW_ARRAY(uint32_t, data->rows);
    for (size_t i = 0; i < data->rows; i++)
        start[data->label[i] + 1]++;
    for (size_t k = 0; k < data->classes; k++)
        start[k + 1] += start[k];
    for (size_t i = 0; i < data->rows; i++)
        sorted[start[data->label[list[i]]]++] = list[i];
    memcpy(list, sorted, data->rows * sizeof(*list));
    rg_free(sorted);
    rg_free(start);
}

void rg_split_fold(const rg_dataset *data, const rg_split_spec *spec, uint8_t *part)
{
    uint32_t *list = RG_NEW_ARRAY(uint32_t, data->rows);
    size_t rest = 0;
    for (size_t i = 0; i < data->rows; i++)
        list[i] = (uint32_t)i;
    rg_rng rng = rg_rng_open(spec->seed, "split/folds");
    rg_rng_shuffle(&rng, list, data->rows);
    if (spec->stratify)
        order_by_class(data, list);
    for (size_t i = 0; i < data->rows; i++) {
        bool test = i % spec->folds == spec->fold;
        part[list[i]] = test ? 2 : 0;
        if (!test)
            list[rest++] = list[i];
    }
    size_t val = (size_t)((double)rest * spec->val / (spec->train + spec->val) + .5);
    rng = rg_rng_open(spec->seed, "split/fold/%zu", spec->fold);
    rg_split_cut(data, spec->stratify, list, rest, val, &rng);
    for (size_t i = 0; i < val; i++)
        part[list[i]] = 1;
    rg_free(list);
}
