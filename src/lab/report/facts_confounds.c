/* facts_confounds.c - what else than the declared factor differs between the arms of a claim.
 *
 * What follows from the study file and from tuning is a fact like any other
 * (claims[].confounds). Under what the runs were trained is not: equal studies may be trained
 * on unequal machines.  It stands in environment.confounds, by claim. */
#include "lab/report/facts.h"
#include "lab/study/confound.h"
#include "lab/study/session.h"

#include <string.h>

/* ---- What the study declares and tuning chose */

static const json_t *frozen_epochs(const facts_source *from, const rg_arm *arm)
{
    return rg_json_path(json_object_get(facts_frozen(from, arm->name), "config"),
                        "train.epochs");
}

/* Both arms tuned their epochs: a fair search may still end in unequal training. */
static void say_epochs(json_t *ret, const facts_source *from, const rg_arm *a, const rg_arm *b)
{
    const json_t *own = frozen_epochs(from, a), *other = frozen_epochs(from, b);
    bool declared = !json_equal(rg_json_path(a->config, "train.epochs"),
                                rg_json_path(b->config, "train.epochs"));
    if (!declared && json_is_integer(own) && json_is_integer(other) && !json_equal(own, other))
        rg_json_say(
            ret,
            "Tuning chose %lld epochs for %s and %lld for %s: the longer training alone "
            "may be the difference.",
            (long long)json_integer_value(own), a->name, (long long)json_integer_value(other),
            b->name);
}

void facts_add_confounds(const facts_source *from, json_t *claims)
{
    const rg_study *study = from->study;
    size_t i;
    json_t *claim;
    json_array_foreach (claims, i, claim) {
        const rg_claim *declared = &study->claims[i];
        json_t *confounds = rg_claim_confounds(study, declared);
        say_epochs(confounds, from, &study->arms[declared->a], &study->arms[declared->b]);
        json_object_set_new(claim, "confounds", confounds);
    }
}

/* ---- Under what the runs were trained */

static const json_t *session_named(const json_t *sessions, const char *id)
{
    size_t i;
    json_t *event;
    json_array_foreach (sessions, i, event) {
        const json_t *body = json_object_get(event, "body");
        if (!strcmp(rg_json_text(body, "id", ""), id))
            return body;
    }
    return NULL;
}

/* The session of a run; NULL when it is not known. */
static const json_t *session_of(const facts_source *from, const rg_arm *arm, size_t number)
{
    const rg_record *run = facts_record(from, RG_EVALUATE, arm->name, number);
    const char *id = run ? rg_json_text(run->resources, "session", NULL) : NULL;
    return id ? session_named(from->sessions, id) : NULL;
}

typedef struct mixture {
    size_t pairs, split;           /* split: their two runs are of different sessions */
    const json_t *first, *another; /* two sessions that differ; another is NULL: one for all */
} mixture;

static void see_session(mixture *m, const json_t *session)
{
    if (!m->first)
        m->first = session;
    else if (session && session != m->first && !m->another)
        m->another = session;
}

static mixture mixture_of(const facts_source *from, const rg_arm *a, const rg_arm *b)
{
    mixture m = {0};
    for (size_t i = 0; i < rg_study_runs(from->study, from->study->n_seeds); i++) {
        const json_t *own = session_of(from, a, i), *other = session_of(from, b, i);
        if (!own || !other)
            continue;
        see_session(&m, own);
        see_session(&m, other);
        m.pairs++;
        m.split += own != other;
    }
    return m;
}

static void add_conditions(rg_str *ret, const mixture *m)
{
    json_t *differences = rg_session_differences(m->first, m->another), *what;
    size_t i;
    json_array_foreach (differences, i, what)
        rg_str_printf(ret, "%s%s", i ? ", " : "", json_string_value(what));
    json_decref(differences);
}

static json_t *sentence_of(const mixture *m)
{
    rg_str text = {0};
    if (m->split)
        rg_str_printf(
            &text, "In %zu of %zu pairs the two runs were trained under different conditions: ",
            m->split, m->pairs);
    else
        rg_str_add(&text, "The study went on under other conditions, though both runs of every "
                          "pair were trained under the same: ");
    add_conditions(&text, m);
    rg_str_add(&text, ".");
    json_t *ret = json_string(rg_str_text(&text));
    rg_str_free(&text);
    return ret;
}

json_t *facts_environment_confounds(const facts_source *from)
{
    const rg_study *study = from->study;
    json_t *ret = json_array();
    for (size_t i = 0; i < study->n_claims; i++) {
        const rg_claim *claim = &study->claims[i];
        mixture m = mixture_of(from, &study->arms[claim->a], &study->arms[claim->b]);
        if (m.another)
            json_array_append_new(ret, json_pack("{s:s, s:[o]}", "claim", claim->text,
                                                 "confounds", sentence_of(&m)));
    }
    return ret;
}
