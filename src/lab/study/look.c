/* look.c - looking at a study that adds seeds until it is decided.
 *
 * The claims are judged by t e-processes (verdict_sequential.c), whose errors stay below their
 * level at all looks together.  So a study may look as often as it likes and stop when it
 * likes; what it may not do is look and not say so.  A look is a function of the study and of
 * the scores of the seeds it looks at: rigor verify takes every one of them again. */
#include "rigor/protocol.h"

#include <string.h>

static json_t *claim_json(const json_t *claim)
{
    const json_t *anytime = json_object_get(claim, "anytime");
    json_t *ret = json_object();
    static const char *const of_claim[] = {"claim", "verdict", "estimate"};
    static const char *const of_anytime[] = {"evidence", "threshold", "interval"};
    for (size_t i = 0; i < RG_COUNT(of_claim); i++)
        json_object_set(ret, of_claim[i], json_object_get(claim, of_claim[i]));
    for (size_t i = 0; i < RG_COUNT(of_anytime); i++)
        json_object_set(ret, of_anytime[i], json_object_get(anytime, of_anytime[i]));
    return ret;
}

/* Once a failed run has no value, the mean of the differences has none, whatever else is run.
 */
static bool is_lost(const json_t *claim)
{
    return json_integer_value(json_object_get(claim, "n")) > 0 &&
           json_is_null(json_object_get(claim, "estimate"));
}

json_t *rg_look(const rg_study *study, const rg_record *records, size_t n, size_t seeds)
{
    rg_arena *arena = rg_arena_new();
    rg_verdict_options options = rg_study_verdict_options(study);
    const rg_scores *scores = rg_study_scores(study, records, n, seeds, arena);
    json_t *claims =
        rg_verdicts(scores, study->n_arms, study->claims, study->n_claims, &options);
    json_t *list = json_array(), *claim;
    size_t i, open = 0, lost = 0;
    size_t deciding = rg_study_family(study);
    json_array_foreach (claims, i, claim) {
        bool undecided =
            i < deciding && strcmp(rg_json_text(claim, "verdict", ""), "inconclusive") == 0;
        lost += undecided && is_lost(claim);
        open += undecided && !is_lost(claim);
        json_array_append_new(list, claim_json(claim));
    }
    json_decref(claims);
    rg_arena_free(arena);
    const char *end = open == 0 && lost > 0     ? "undecidable"
                      : open == 0               ? "decided"
                      : seeds == study->n_seeds ? "max"
                                                : NULL;
    return json_pack("{s:I, s:o, s:s?}", "seeds", (json_int_t)seeds, "claims", list, "end",
                     end);
}

size_t rg_look_seeds(const json_t *look)
{
    return (size_t)json_integer_value(json_object_get(look, "seeds"));
}

bool rg_look_is_last(const json_t *look)
{
    return json_is_string(json_object_get(look, "end"));
}

size_t rg_seeds_due(const rg_study *study, const json_t *look)
{
    size_t seen = rg_look_seeds(look);
    if (!rg_study_is_sequential(study))
        return study->n_seeds;
    if (rg_look_is_last(look))
        return seen;
    size_t due = seen == 0 ? study->seeds_min : seen + study->seeds_step;
    return due < study->n_seeds ? due : study->n_seeds;
}

static bool follows(const rg_study *study, const rg_record *records, size_t n,
                    const json_t *before, const json_t *look)
{
    json_t *again = rg_look(study, records, n, rg_seeds_due(study, before));
    json_t *said = json_copy((json_t *)(uintptr_t)look);
    json_object_del(said, "scores");
    bool same = !rg_look_is_last(before) && json_equal(again, said);
    json_decref(said);
    json_decref(again);
    return same;
}

const json_t *rg_looks_check(const rg_study *study, const rg_record *records, size_t n,
                             const json_t *events, rg_str *wrong)
{
    const json_t *before = NULL;
    json_t *event;
    size_t i;
    json_array_foreach (events, i, event) {
        const json_t *look = json_object_get(event, "body");
        if (!follows(study, records, n, before, look))
            rg_str_printf(wrong, "%slook %zu, at %zu seeds, does not follow from the scores",
                          wrong->len ? "; " : "", i + 1, rg_look_seeds(look));
        before = look;
    }
    return before;
}
