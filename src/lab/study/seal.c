/* seal.c - scoring predictions against the sealed labels.
 *
 * A file of predictions is read once: what is held against the recorded hash are the bytes that
 * are scored. */
#include "rigor/protocol.h"

#include <math.h>
#include <string.h>

/* Every metric of the study, all of which must be ready; values that are not finite become
 * null. */
static bool score_all(const rg_study *study, const rg_predictions *predictions,
                      const rg_part *labels, const char *path, json_t **ret, rg_err *err)
{
    json_t *scores = json_object();
    bool ready = true;
    for (size_t i = 0; ready && i <= study->n_also; i++) {
        const char *name = i == 0 ? study->metric : study->also[i - 1];
        const rg_metric *metric = rg_metric_find(name);
        if (!metric) /* what a trainer reports beside is no score of the lab's */
            continue;
        ready = rg_metric_ready(metric, predictions, labels, path, err);
        json_object_set_new(scores, name,
                            rg_json_real(rg_metric_score(metric, predictions, labels)));
    }
    if (ready)
        *ret = scores;
    else
        json_decref(scores);
    return ready;
}

/* The bytes must be those that the run wrote. */
static bool read_recorded(const rg_record *r, const char *path, const rg_part *labels,
                          rg_arena *arena, rg_predictions *ret, rg_err *err)
{
    char hex[RG_HEX], *data = NULL;
    size_t len = 0;
    if (!rg_file_read_foreign(path, rg_predictions_bytes_max(labels), &data, &len, err))
        return false;
    rg_sha_of(data, len, hex);
    bool ok = (strcmp(hex, r->predictions_sha) == 0 ||
               rg_fail(err, RG_INPUT, path, "restore the file, or begin anew with --fresh",
                       "the predictions are not those that the run wrote")) &&
              rg_predictions_parse(data, len, path, labels, arena, ret, err);
    rg_free(data);
    return ok;
}

static bool score_run(const rg_study *study, const char *dir, const rg_record *r,
                      const rg_part *labels, rg_score *ret, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    rg_predictions predictions;
    json_t *scores = NULL;
    const char *path = rg_path_join(arena, dir, r->predictions ? r->predictions : "");
    bool ok =
        (r->predictions || rg_fail(err, RG_INPUT, NULL, "begin anew with --fresh",
                                   "run %zu of %s has no predictions", r->number, r->arm)) &&
        (rg_path_is_inside(r->predictions) ||
         rg_fail(err, RG_INPUT, r->predictions, "rigor verify lists what was altered",
                 "the predictions of run %zu of %s lie outside of the study's folder",
                 r->number, r->arm)) &&
        (rg_file_exists(path) ||
         rg_fail(err, RG_INPUT, path, "restore the file, or begin anew with --fresh",
                 "the predictions of run %zu of %s are gone", r->number, r->arm)) &&
        read_recorded(r, path, labels, arena, &predictions, err) &&
        score_all(study, &predictions, labels, path, &scores, err);
    if (ok)
        *ret = (rg_score){r->arm, r->number, scores};
    rg_arena_free(arena);
    return ok;
}

/* ---- Labels: one file, or one for each fold */

typedef struct vault {
    const rg_study *study;
    const json_t *classes; /* names, by the split event */
    const char *dir;
    rg_arena *arena;
    rg_part *labels; /* of each cut */
} vault;

static bool read_labels(const vault *v, const char *path, rg_part *ret, rg_err *err)
{
    if (!rg_part_read(path, v->arena, ret, err))
        return false;
    rg_part_name_classes(ret, v->classes, v->arena);
    return true;
}

/* ret_sha: as rg_sealed_sha says, of the files that lie there. */
static bool open_vault(vault *v, char ret_sha[RG_HEX], rg_err *err)
{
    size_t n = rg_study_runs(v->study, 1);
    json_t *files = json_object();
    bool ok = true;
    v->labels = RG_ARENA_ARRAY(v->arena, rg_part, n);
    for (size_t i = 0; ok && i < n; i++) {
        const char *name = rg_labels_path(v->arena, rg_study_fold_of(v->study, i));
        const char *path = rg_path_join(v->arena, v->dir, name);
        char hex[RG_HEX];
        ok = rg_sha_file(path, hex, err) && read_labels(v, path, &v->labels[i], err);
        if (ok)
            json_object_set_new(files, name + strlen("sealed/"), json_string(hex));
    }
    json_t *split = json_pack("{s:{s:o}}", "info", "files", files);
    rg_sealed_sha(v->study, split, ret_sha);
    json_decref(split);
    return ok;
}

bool rg_scores_compute(const rg_study *study, const json_t *split, const char *dir,
                       const rg_record *records, size_t n, rg_scored *ret, rg_err *err)
{
    rg_scored scored = {.score = RG_NEW_ARRAY(rg_score, n + 1)};
    vault v = {.study = study,
               .classes = rg_json_path(split, "info.classes"),
               .dir = dir,
               .arena = rg_arena_new()};
    bool ok = open_vault(&v, scored.labels_sha, err);
    for (size_t i = 0; ok && i < n; i++) {
        const rg_record *r = &records[i];
        const rg_part *labels = &v.labels[r->fold ? r->fold - 1 : 0];
        if (r->stage == RG_EVALUATE && !r->failed)
            ok = score_run(study, dir, r, labels, &scored.score[scored.count], err) &&
                 ++scored.count;
    }
    rg_arena_free(v.arena);
    if (ok)
        *ret = scored;
    else
        rg_scored_free(&scored);
    return ok;
}

void rg_scored_free(rg_scored *scored)
{
    for (size_t i = 0; i < scored->count; i++)
        json_decref((json_t *)(uintptr_t)scored->score[i].test);
    rg_free(scored->score);
}
