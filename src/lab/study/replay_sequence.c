/* replay_sequence.c - in what order a study's decisions stand in its ledger (see replay.h):
 * trials, the freeze, runs, the seal, and no run of a seed that was looked at before. */
#include "lab/study/replay.h"

#include <string.h>

typedef struct sequence {
    rg_str *wrong;
    rg_map *runs; /* "arm/number" of those recorded so far; the values are the keys' own */
    bool frozen;
    size_t seen; /* seeds of each arm that were scored */
} sequence;

static void complain(sequence *s, const json_t *event, const char *what)
{
    const json_t *body = json_object_get(event, "body");
    rg_str_printf(s->wrong, "%sevent %lld (%s %s %lld) %s", s->wrong->len ? "; " : "",
                  (long long)json_integer_value(json_object_get(event, "seq")),
                  rg_json_text(event, "kind", ""), rg_json_text(body, "arm", ""),
                  (long long)json_integer_value(json_object_get(body, "number")), what);
}

static void key_of(const json_t *of, rg_str *ret)
{
    rg_str_clear(ret);
    rg_str_printf(ret, "%s/%lld", rg_json_text(of, "arm", ""),
                  (long long)json_integer_value(json_object_get(of, "number")));
}

static void take_trial(sequence *s, const json_t *event)
{
    if (s->frozen)
        complain(s, event, "stands behind the freeze");
}

static void take_freeze(sequence *s, const json_t *event)
{
    if (s->frozen)
        complain(s, event, "is a second one");
    s->frozen = true;
}

static void take_run(sequence *s, const json_t *event)
{
    const json_t *body = json_object_get(event, "body");
    rg_str key = {0};
    if (!s->frozen)
        complain(s, event, "stands in front of the freeze");
    if ((size_t)json_integer_value(json_object_get(body, "number")) < s->seen)
        complain(s, event, "was trained after its seed had been scored");
    key_of(body, &key);
    rg_map_set(s->runs, rg_str_text(&key), s);
    rg_str_free(&key);
}

/* The seal is opened, or a look is taken. */
static void take_scores(sequence *s, const json_t *event)
{
    size_t i;
    json_t *score;
    rg_str key = {0};
    json_array_foreach (json_object_get(json_object_get(event, "body"), "scores"), i, score) {
        size_t number = (size_t)json_integer_value(json_object_get(score, "number"));
        key_of(score, &key);
        if (!rg_map_get(s->runs, rg_str_text(&key)))
            complain(s, event, "scores a run that had not ended");
        s->seen = number + 1 > s->seen ? number + 1 : s->seen;
    }
    rg_str_free(&key);
}

void replay_sequence(const json_t *events, rg_str *wrong)
{
    static const struct {
        const char *kind;
        void (*take)(sequence *s, const json_t *event);
    } kinds[] = {{"trial", take_trial},
                 {"freeze", take_freeze},
                 {"run", take_run},
                 {"seal-opened", take_scores},
                 {"looked", take_scores}};
    sequence s = {.wrong = wrong, .runs = rg_map_new()};
    size_t i;
    json_t *event;
    json_array_foreach (events, i, event)
        for (size_t k = 0; k < RG_COUNT(kinds); k++)
            if (strcmp(rg_json_text(event, "kind", ""), kinds[k].kind) == 0)
                kinds[k].take(&s, event);
    rg_map_free(s.runs);
}
