/* folds.c - a study whose data is cut several times: how its runs are numbered, and where their
 * files lie (rigor/study.h, rigor/protocol.h). */
#include "rigor/protocol.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Numbers */

bool rg_study_has_folds(const rg_study *study)
{
    return study->split.folds > 0;
}

static size_t cuts_of(const rg_study *study)
{
    return rg_study_has_folds(study) ? study->split.folds : 1;
}

size_t rg_study_runs(const rg_study *study, size_t seeds)
{
    return seeds * cuts_of(study);
}

size_t rg_study_fold_of(const rg_study *study, size_t number)
{
    return rg_study_has_folds(study) ? number % study->split.folds + 1 : 0;
}

uint64_t rg_study_seed_of(const rg_study *study, size_t number)
{
    return study->seeds[number / cuts_of(study)];
}

/* The rows outside of a fold are shared between training and validation.  By time, fold f of k is
 * block f + 1 of k + 1, and has f blocks before it. */
double rg_study_test_over_train(const rg_study *study)
{
    const rg_split_spec *split = &study->split;
    double share = split->train / (split->train + split->val), sum = 0;
    if (!rg_study_has_folds(study))
        return NAN;
    if (!split->time)
        return 1 / ((double)(split->folds - 1) * share);
    for (size_t f = 1; f <= split->folds; f++)
        sum += 1 / ((double)f * share);
    return sum / (double)split->folds;
}

/* ---- Files */

static char *in_fold(rg_arena *arena, const char *folder, size_t fold)
{
    return fold ? rg_arena_printf(arena, "%s/fold-%zu", folder, fold)
                : rg_arena_strdup(arena, folder);
}

char *rg_parts_path(rg_arena *arena, size_t fold)
{
    return in_fold(arena, "data", fold);
}

char *rg_vault_path(rg_arena *arena, size_t fold)
{
    return in_fold(arena, "sealed", fold);
}

char *rg_labels_path(rg_arena *arena, size_t fold)
{
    return rg_path_join(arena, rg_vault_path(arena, fold), "labels.npz");
}

char *rg_split_path(rg_arena *arena, const char *name)
{
    bool labels = strcmp(rg_path_base(name), "labels.npz") == 0;
    return rg_arena_printf(arena, "%s/%s", labels ? "sealed" : "data", name);
}

char *rg_predictions_path(rg_arena *arena, const char *arm, uint64_t seed, size_t fold)
{
    return fold ? rg_arena_printf(arena, "predictions/%s-%llu-f%zu.npz", arm,
                                  (unsigned long long)seed, fold)
                : rg_arena_printf(arena, "predictions/%s-%llu.npz", arm,
                                  (unsigned long long)seed);
}

void rg_sealed_sha(const rg_study *study, const json_t *split, char ret[RG_HEX])
{
    const json_t *files = rg_json_path(split, "info.files");
    rg_str all = {0};
    char name[64];
    *ret = '\0';
    if (!rg_study_has_folds(study)) {
        snprintf(ret, RG_HEX, "%s", rg_json_text(files, "labels.npz", ""));
        return;
    }
    for (size_t f = 1; f <= study->split.folds; f++) {
        snprintf(name, sizeof(name), "fold-%zu/labels.npz", f);
        rg_str_printf(&all, "%s\n", rg_json_text(files, name, ""));
    }
    if (files)
        rg_sha_of(rg_str_text(&all), all.len, ret);
    rg_str_free(&all);
}
