/* stage_split.c - cut the data once, seal the labels. */
#include "lab/study/walk.h"

#include "rigor/audit.h"

#include <string.h>

static bool files_as_recorded(rg_walk *w, const json_t *files)
{
    const char *name;
    json_t *hash;
    json_object_foreach ((json_t *)(uintptr_t)files, name, hash) {
        char hex[RG_HEX];
        rg_err ignored = {0};
        const char *dir = strcmp(name, "labels.npz") == 0 ? "sealed" : "data";
        char *path = rg_arena_printf(w->arena, "%s/%s/%s", w->options.dir, dir, name);
        if (!rg_sha_file(path, hex, &ignored) || strcmp(hex, json_string_value(hash)) != 0)
            return false;
    }
    return true;
}

static json_t *split_body(const rg_study *study, const rg_dataset *data, const rg_split *split,
                          json_t *info)
{
    static const char *const scales[] = {"none", "standard", "minmax"};
    json_t *about = json_pack("{s:s, s:s*, s:s, s:I, s:I, s:I, s:s, s:s*, s:s*}", "name",
                              study->data, "title", data->title, "task",
                              data->task == RG_CLASSIFY ? "classify" : "regress", "rows",
                              (json_int_t)data->rows, "features", (json_int_t)data->features,
                              "classes", (json_int_t)data->classes, "hash", data->hash,
                              "licence", data->licence, "origin", data->origin);
    json_t *cut = json_pack("{s:I, s:I, s:I, s:b, s:I, s:s}", "train",
                            (json_int_t)split->n_train, "val", (json_int_t)split->n_val, "test",
                            (json_int_t)split->n_test, "stratify", study->split.stratify,
                            "seed", (json_int_t)study->split.seed, "hash", split->hash);
    if (study->split.group)
        json_object_set_new(cut, "group", json_string(study->split.group));
    if (study->split.time)
        json_object_set_new(cut, "time", json_string(study->split.time));
    return json_pack("{s:o, s:o, s:s, s:o}", "data", about, "split", cut, "scale",
                     scales[study->scale], "info", info);
}

/* Other data under the same name would mix two studies, so it is found out before anything of
 * the old cut is written over. */
static bool same_data(const rg_walk *w, const rg_dataset *data, const rg_split *split,
                      rg_err *err)
{
    const json_t *old_data = json_object_get(w->split, "data");
    const json_t *old_split = json_object_get(w->split, "split");
    return !w->split ||
           (strcmp(rg_json_text(old_data, "hash", ""), data->hash) == 0 &&
            strcmp(rg_json_text(old_split, "hash", ""), split->hash) == 0) ||
           rg_fail(err, RG_INPUT, w->study->data,
                   "put the old data back, or begin anew with --fresh",
                   "the data is not what it was when this study began");
}

/* The parts again, for programs that read tables. */
static bool write_tables(rg_walk *w, json_t *info, rg_err *err)
{
    static const char *const parts[] = {"train", "val", "test_inputs"};
    json_t *files = json_object_get(info, "files");
    bool ok = true;
    for (size_t i = 0; ok && i < RG_COUNT(parts); i++) {
        rg_arena *arena = rg_arena_new();
        rg_part part;
        char hex[RG_HEX];
        char *from = rg_arena_printf(arena, "%s/data/%s.npz", w->options.dir, parts[i]);
        char *name = rg_arena_printf(arena, "%s.csv", parts[i]);
        char *to = rg_arena_printf(arena, "%s/data/%s", w->options.dir, name);
        ok = rg_part_read(from, arena, &part, err) && rg_part_write_csv(to, &part, err) &&
             rg_sha_file(to, hex, err);
        if (ok)
            json_object_set_new(files, name, json_string(hex));
        rg_arena_free(arena);
    }
    return ok;
}

/* A metric that these data do not allow is refused before anything trains. */
static bool metrics_ready(const rg_walk *w, rg_err *err)
{
    const rg_study *study = w->study;
    rg_part labels;
    if (!rg_part_read(rg_path_join(w->arena, w->options.dir, RG_LABELS_FILE), w->arena, &labels,
                      err))
        return false;
    for (size_t i = 0; i <= study->n_also; i++) {
        const rg_metric *metric = rg_metric_find(i == 0 ? study->metric : study->also[i - 1]);
        if (metric && !rg_metric_ready(metric, NULL, &labels, study->data, err))
            return false;
    }
    return true;
}

/* Writes the parts; *ret is the body of the split event.  ret_audit, unless NULL: what the quick
 * checks of the audit find. */
static bool cut_data(rg_walk *w, json_t **ret, json_t **ret_audit, rg_err *err)
{
    const rg_study *study = w->study;
    rg_split split;
    json_t *info;
    const char *dir = rg_path_join(w->arena, w->options.dir, "data");
    const rg_parts_plan plan = {study->scale, study->balance, study->seed};
    rg_dataset *data = rg_study_data(study, w->arena, &split, err);
    if (!data || !same_data(w, data, &split, err))
        return false;
    if (!rg_dir_make(dir, 0755, err) ||
        !rg_dir_make(rg_path_join(w->arena, w->options.dir, "sealed"), 0700, err) ||
        !rg_parts_make(data, &split, &plan, dir,
                       rg_path_join(w->arena, w->options.dir, RG_LABELS_FILE), &info, err))
        return false;
    if (study->trainer && study->trainer->form == RG_FORM_CSV && !write_tables(w, info, err)) {
        json_decref(info);
        return false;
    }
    json_t *body = split_body(study, data, &split, info);
    const rg_audit_options quick = {.quick = true, .seed = study->seed};
    if (!metrics_ready(w, err) ||
        (ret_audit && (*ret_audit = rg_audit(data, &split, &quick, err)) == NULL)) {
        json_decref(body);
        return false;
    }
    *ret = body;
    return true;
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
