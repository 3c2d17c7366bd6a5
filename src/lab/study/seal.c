/* seal.c - scoring predictions against the sealed labels. */
#include "rigor/protocol.h"

#include <math.h>
#include <string.h>

/* Every metric of the study that fits the task; values that are not finite become null. */
static json_t *score_all(const rg_study *study, const rg_predictions *predictions,
                         const rg_part *labels)
{
    json_t *scores = json_object();
    for (size_t i = 0; i <= study->n_also; i++) {
        const char *name = i == 0 ? study->metric : study->also[i - 1];
        const rg_metric *metric = rg_metric_find(name);
        json_object_set_new(scores, name, rg_json_real(metric->score(predictions, labels)));
    }
    return scores;
}

static bool score_run(const rg_study *study, const char *dir, const rg_record *r,
                      const rg_part *labels, rg_score *ret, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    rg_predictions predictions;
    char hex[RG_HEX];
    const char *path = rg_path_join(arena, dir, r->predictions ? r->predictions : "");
    bool ok =
        (r->predictions || rg_fail(err, RG_INPUT, NULL, "begin anew with --fresh",
                                   "run %zu of %s has no predictions", r->number, r->arm)) &&
        (rg_path_is_inside(r->predictions) ||
         rg_fail(err, RG_INPUT, r->predictions, "rigor verify lists what was altered",
                 "the predictions of run %zu of %s lie outside of the study's folder", r->number,
                 r->arm)) &&
        (rg_file_exists(path) ||
         rg_fail(err, RG_INPUT, path, "restore the file, or begin anew with --fresh",
                 "the predictions of run %zu of %s are gone", r->number, r->arm)) &&
        rg_sha_file(path, hex, err) &&
        (strcmp(hex, r->predictions_sha) == 0 ||
         rg_fail(err, RG_INPUT, path, "restore the file, or begin anew with --fresh",
                 "the predictions are not those that the run wrote")) &&
        rg_predictions_read(path, labels, arena, &predictions, err);
    if (ok)
        *ret = (rg_score){r->arm, r->number, score_all(study, &predictions, labels)};
    rg_arena_free(arena);
    return ok;
}

bool rg_scores_compute(const rg_study *study, const char *dir, const rg_record *records,
                       size_t n, rg_scored *ret, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    rg_part labels;
    rg_scored scored = {.score = RG_NEW_ARRAY(rg_score, n + 1)};
    const char *path = rg_path_join(arena, dir, RG_LABELS_FILE);
    bool ok =
        rg_sha_file(path, scored.labels_sha, err) && rg_part_read(path, arena, &labels, err);
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
