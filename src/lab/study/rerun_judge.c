/* rerun_judge.c - equal bits, or a score where one is expected.
 *
 * Another program's training may have no bits of its own: threads add in another order, a
 * device chooses another kernel.  Then there are two ways to expect a score.  One rerun is one
 * more run of the arm: its score has to lie in the prediction interval of the arm's other runs.
 * Several reruns show how far this very training scatters: the recorded score has to lie in
 * their prediction interval.  The second is sharper, as the seed is the same. */
#include "lab/study/rerun_judge.h"

#include "rigor/stats.h"

#include <math.h>
#include <string.h>

bool rerun_is_native(const rg_study *study)
{
    return !json_is_object(json_object_get(study->resolved, "trainer"));
}

static const rg_record *same_place(const rerun_round *round, const rg_record *r)
{
    for (size_t i = 0; i < round->n_records; i++) {
        const rg_record *own = &round->records[i];
        if (own->stage == r->stage && own->number == r->number && strcmp(own->arm, r->arm) == 0)
            return own;
    }
    return NULL;
}

/* ---- Scores: on the test set where both sides have one, otherwise on validation */

static double score_in(const json_t *scores, const rg_study *study)
{
    return rg_json_number(json_object_get(scores, study->metric), NAN);
}

/* By the lab's scores, or those that the program reported itself. */
static const json_t *test_again(const rerun_round *round, const rg_record *r)
{
    for (size_t i = 0; i < round->scored.count; i++) {
        const rg_score *score = &round->scored.score[i];
        if (r->stage == RG_EVALUATE && score->number == r->number &&
            strcmp(score->arm, r->arm) == 0)
            return score->test;
    }
    const rg_record *again = same_place(round, r);
    return again ? again->test : NULL;
}

typedef struct measure {
    const rg_study *study;
    bool test;
} measure;

static double recorded_score(measure m, const rg_record *r)
{
    return r->failed ? (double)NAN : score_in(m.test ? r->test : r->validation, m.study);
}

static double again_score(measure m, const rerun_round *round, const rg_record *r)
{
    const rg_record *again = same_place(round, r);
    if (!again || again->failed)
        return NAN;
    return score_in(m.test ? test_again(round, r) : again->validation, m.study);
}

/* ---- The interval */

/* The arm's other runs: what one more run is expected among. */
static size_t other_runs(const rerun_source *source, measure m, const rg_record *r,
                         double *ret_scores)
{
    size_t n = 0;
    for (size_t i = 0; i < source->n_records; i++) {
        const rg_record *other = &source->records[i];
        if (other->stage != RG_EVALUATE || r->stage != RG_EVALUATE ||
            other->number == r->number || strcmp(other->arm, r->arm) != 0)
            continue;
        double score = recorded_score(m, other);
        if (isfinite(score))
            ret_scores[n++] = score;
    }
    return n;
}

static size_t repeats(const rerun_rounds *rounds, measure m, const rg_record *r,
                      double *ret_scores)
{
    size_t n = 0;
    for (size_t k = 0; k < rounds->count; k++) {
        double score = again_score(m, &rounds->at[k], r);
        if (isfinite(score))
            ret_scores[n++] = score;
    }
    return n;
}

/* {"from", "metric", "part", "n", "lo", "hi", "score", "inside"}; inside is false without an
 * interval.  New reference. */
static json_t *interval_json(const rerun_source *source, const rg_record *r,
                             const rerun_rounds *rounds, double alpha)
{
    measure m = {source->study, r->test && test_again(&rounds->at[0], r)};
    double *scores = RG_NEW_ARRAY(double, source->n_records + rounds->count);
    bool repeated = rounds->count > 1;
    size_t n = repeated ? repeats(rounds, m, r, scores) : other_runs(source, m, r, scores);
    double score = repeated ? recorded_score(m, r) : again_score(m, &rounds->at[0], r);
    rg_prediction_interval expected = rg_predict_one(scores, n, alpha);
    rg_free(scores);
    bool inside = score >= expected.lo && score <= expected.hi;
    return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:f, s:b}", "from",
                     repeated ? "repeats" : "seeds", "metric", source->study->metric, "part",
                     m.test ? "test" : "validation", "n", (json_int_t)n, "lo",
                     rg_json_real(expected.lo), "hi", rg_json_real(expected.hi), "score",
                     rg_json_real(score), "alpha", alpha, "inside", inside);
}

/* ---- The verdict */

/* The first round that is not equal tells what differs. */
static json_t *differences_of(const rg_record *recorded, const rerun_rounds *rounds,
                              size_t *ret_compared)
{
    json_t *differences = json_array();
    *ret_compared = 0;
    for (size_t k = 0; k < rounds->count && json_array_size(differences) == 0; k++) {
        size_t compared;
        rerun_compare(recorded, same_place(&rounds->at[k], recorded), differences, &compared);
        *ret_compared += compared;
    }
    return differences;
}

static bool all_failed(const rg_record *recorded, const rerun_rounds *rounds)
{
    bool failed = recorded->failed;
    for (size_t k = 0; k < rounds->count; k++)
        failed = failed && same_place(&rounds->at[k], recorded)->failed;
    return failed;
}

json_t *rerun_judge(const rerun_source *source, const rg_record *recorded,
                    const rerun_rounds *rounds, double alpha)
{
    char name[RG_RECORD_NAME];
    size_t compared;
    rg_record_name(recorded, name);
    json_t *differences = differences_of(recorded, rounds, &compared);
    const char *verdict = json_array_size(differences) == 0 ? "equal" : "different";
    json_t *interval = json_null();
    bool own_bits = rerun_is_native(source->study);
    if (*verdict == 'd' && !own_bits && all_failed(recorded, rounds)) {
        verdict = "inside"; /* it fails, whatever it reports before */
    } else if (*verdict == 'd' && !own_bits) {
        interval = interval_json(source, recorded, rounds, alpha);
        verdict = json_is_true(json_object_get(interval, "inside")) ? "inside" : verdict;
    }
    return json_pack("{s:s, s:s, s:b, s:I, s:o, s:o}", "run", name, "verdict", verdict,
                     "failed", recorded->failed, "compared", (json_int_t)compared,
                     "differences", differences, "interval", interval);
}
