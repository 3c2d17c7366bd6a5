/* stage_split.c - cut the data, once or once for each fold, and seal the labels. */
#include "lab/study/split_folds.h"
#include "lab/study/walk.h"

#include "rigor/audit.h"

#include <string.h>

/* The cuts of a study: one, or one for each fold. */
typedef struct cuts {
    rg_split *at;
    json_t **info; /* of the parts that were written */
    size_t count;
    bool folds;
    char hash[RG_HEX]; /* of the split, or of the hashes of all folds' */
} cuts;

static size_t fold_of(const cuts *all, size_t i)
{
    return all->folds ? i + 1 : 0;
}

static bool files_as_recorded(rg_walk *w, const json_t *files)
{
    const char *name;
    json_t *hash;
    json_object_foreach ((json_t *)(uintptr_t)files, name, hash) {
        char hex[RG_HEX];
        rg_err ignored = {0};
        char *path = rg_path_join(w->arena, w->options.dir, rg_split_path(w->arena, name));
        if (!rg_sha_file(path, hex, &ignored) || strcmp(hex, json_string_value(hash)) != 0)
            return false;
    }
    return true;
}

static json_t *split_body(const rg_study *study, const rg_dataset *data, const cuts *all)
{
    static const char *const scales[] = {"none", "standard", "minmax"};
    json_t *about = json_pack("{s:s, s:s*, s:s, s:I, s:I, s:I, s:s, s:s*, s:s*}", "name",
                              study->data, "title", data->title, "task",
                              data->task == RG_CLASSIFY ? "classify" : "regress", "rows",
                              (json_int_t)data->rows, "features", (json_int_t)data->features,
                              "classes", (json_int_t)data->classes, "hash", data->hash,
                              "licence", data->licence, "origin", data->origin);
    json_t *cut =
        all->folds ? split_folds_sizes(all->at, all->count) : split_sizes(&all->at[0]);
    json_object_set_new(cut, "stratify", json_boolean(study->split.stratify));
    json_object_set_new(cut, "seed", json_integer((json_int_t)study->split.seed));
    json_object_set_new(cut, "hash", json_string(all->hash));
    if (study->split.group)
        json_object_set_new(cut, "group", json_string(study->split.group));
    if (study->split.time)
        json_object_set_new(cut, "time", json_string(study->split.time));
    return json_pack("{s:o, s:o, s:s, s:o}", "data", about, "split", cut, "scale",
                     scales[study->scale], "info",
                     all->folds ? split_folds_info(all->info, all->count)
                                : json_incref(all->info[0]));
}

/* Other data under the same name would mix two studies, so it is found out before anything of
 * the old cut is written over. */
static bool same_data(const rg_walk *w, const rg_dataset *data, const cuts *all, rg_err *err)
{
    const json_t *old_data = json_object_get(w->split, "data");
    const json_t *old_split = json_object_get(w->split, "split");
    return !w->split ||
           (strcmp(rg_json_text(old_data, "hash", ""), data->hash) == 0 &&
            strcmp(rg_json_text(old_split, "hash", ""), all->hash) == 0) ||
           rg_fail(err, RG_INPUT, w->study->data,
                   "put the old data back, or begin anew with --fresh",
                   "the data is not what it was when this study began");
}

/* The parts again, for programs that read tables. */
static bool write_tables(const char *dir, json_t *info, rg_err *err)
{
    static const char *const parts[] = {"train", "val", "test_inputs"};
    json_t *files = json_object_get(info, "files");
    bool ok = true;
    for (size_t i = 0; ok && i < RG_COUNT(parts); i++) {
        rg_arena *arena = rg_arena_new();
        rg_part part;
        char hex[RG_HEX];
        char *from = rg_arena_printf(arena, "%s/%s.npz", dir, parts[i]);
        char *name = rg_arena_printf(arena, "%s.csv", parts[i]);
        char *to = rg_path_join(arena, dir, name);
        ok = rg_part_read(from, arena, &part, err) && rg_part_write_csv(to, &part, err) &&
             rg_sha_file(to, hex, err);
        if (ok)
            json_object_set_new(files, name, json_string(hex));
        rg_arena_free(arena);
    }
    return ok;
}

/* A metric that these data do not allow is refused before anything trains. */
static bool metrics_ready(const rg_walk *w, const char *labels_path, rg_err *err)
{
    const rg_study *study = w->study;
    rg_part labels;
    if (!rg_part_read(labels_path, w->arena, &labels, err))
        return false;
    for (size_t i = 0; i <= study->n_also; i++) {
        const rg_metric *metric = rg_metric_find(i == 0 ? study->metric : study->also[i - 1]);
        if (metric && !rg_metric_ready(metric, NULL, &labels, study->data, err))
            return false;
    }
    return true;
}

/* Writes the parts of cut i. */
static bool write_parts(rg_walk *w, const rg_dataset *data, cuts *all, size_t i, rg_err *err)
{
    const rg_study *study = w->study;
    const rg_parts_plan plan = {study->scale, study->balance, study->seed};
    const char *root = w->options.dir;
    size_t fold = fold_of(all, i);
    char *dir = rg_path_join(w->arena, root, rg_parts_path(w->arena, fold));
    char *labels = rg_path_join(w->arena, root, rg_labels_path(w->arena, fold));
    char *vault = rg_path_join(w->arena, root, rg_vault_path(w->arena, fold));
    bool tables = study->trainer && study->trainer->form == RG_FORM_CSV;
    return rg_dir_make(dir, 0755, err) && rg_dir_make(vault, 0700, err) &&
           rg_parts_make(data, &all->at[i], &plan, dir, labels, &all->info[i], err) &&
           (!tables || write_tables(dir, all->info[i], err)) && metrics_ready(w, labels, err);
}

static bool cut_all(rg_walk *w, const rg_dataset *data, cuts *ret, rg_err *err)
{
    const rg_study *study = w->study;
    *ret = (cuts){.count = rg_study_runs(study, 1), .folds = rg_study_has_folds(study)};
    ret->at = RG_ARENA_ARRAY(w->arena, rg_split, ret->count);
    ret->info = RG_ARENA_ARRAY(w->arena, json_t *, ret->count);
    for (size_t i = 0; i < ret->count; i++)
        if (!rg_study_cut(study, data, fold_of(ret, i), w->arena, &ret->at[i], err))
            return false;
    if (ret->folds)
        split_folds_hash(ret->at, ret->count, ret->hash);
    else
        memcpy(ret->hash, ret->at[0].hash, RG_HEX);
    return true;
}

static json_t *audit_all(const rg_walk *w, const rg_dataset *data, const cuts *all, rg_err *err)
{
    const rg_audit_options quick = {.quick = true, .seed = w->study->seed};
    return all->folds ? split_folds_audit(data, all->at, all->count, &quick, err)
                      : rg_audit(data, &all->at[0], &quick, err);
}

/* Writes the parts; *ret is the body of the split event.  ret_audit, unless NULL: what the quick
 * checks of the audit find. */
static bool cut_data(rg_walk *w, json_t **ret, json_t **ret_audit, rg_err *err)
{
    cuts all;
    rg_dataset *data = rg_study_dataset(w->study, w->arena, err);
    if (!data || !cut_all(w, data, &all, err) || !same_data(w, data, &all, err) ||
        !rg_dir_make(rg_path_join(w->arena, w->options.dir, "data"), 0755, err) ||
        !rg_dir_make(rg_path_join(w->arena, w->options.dir, "sealed"), 0700, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < all.count; i++)
        ok = write_parts(w, data, &all, i, err);
    ok = ok && (!ret_audit || (*ret_audit = audit_all(w, data, &all, err)) != NULL);
    if (ok)
        *ret = split_body(w->study, data, &all);
    for (size_t i = 0; i < all.count; i++)
        json_decref(all.info[i]);
    return ok;
}

/* Files of the cut are gone or damaged: the same ones must come out again. */
static bool cut_again(rg_walk *w, rg_err *err)
{
    json_t *again;
    if (!cut_data(w, &again, NULL, err))
        return false;
    bool same = json_equal(again, w->split);
    json_decref(again);
    return same || rg_fail(err, RG_INTERNAL, w->study->data,
                           "use the version of rigor that began it, or begin anew with --fresh",
                           "this version cuts the data into other files than those recorded");
}

bool rg_stage_split(rg_walk *w, rg_err *err)
{
    if (!w->study->data) /* the trainer brings its own */
        return true;
    w->split = rg_ledger_newest(w->ledger, "split", err);
    if (err->code != RG_OK)
        return false;
    if (w->split) {
        const json_t *files = json_object_get(json_object_get(w->split, "info"), "files");
        return files_as_recorded(w, files) || cut_again(w, err);
    }
    json_t *audit = NULL;
    bool ok = cut_data(w, &w->split, &audit, err) &&
              rg_ledger_event(w->ledger, "audit", audit, err) &&
              rg_ledger_event(w->ledger, "split", w->split, err);
    json_decref(audit);
    return ok;
}
