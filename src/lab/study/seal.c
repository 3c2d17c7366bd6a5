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

bool rg_scores_compute(const rg_study *study, const json_t *split, const char *dir,
                       const rg_record *records, size_t n, rg_scored *ret, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    rg_part labels;
    rg_scored scored = {.score = RG_NEW_ARRAY(rg_score, n + 1)};
    const char *path = rg_path_join(arena, dir, RG_LABELS_FILE);
    bool ok =
        rg_sha_file(path, scored.labels_sha, err) && rg_part_read(path, arena, &labels, err);
    if (ok)
        rg_part_name_classes(&labels,
                             json_object_get(json_object_get(split, "info"), "classes"), arena);
    for (size_t i = 0; ok && i < n; i++) {
        const rg_record *r = &records[i];
        if (r->stage == RG_EVALUATE && !r->failed)
            ok = score_run(study, dir, r, &labels, &scored.score[scored.count], err) &&
                 ++scored.count;
    }
    rg_arena_free(arena);
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
