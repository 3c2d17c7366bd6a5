/* replay.c - the decisions of a study again, under invented schedules (see replay.h). */
#include "lab/study/replay.h"

#include "lab/study/pruner.h"
#include "lab/study/recorder.h"
#include "lab/study/walk.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COHORT = 8 }; /* members that one worker may hold: as many as the runner hands out */

/* What is replayed. */
typedef struct past {
    const rg_study *study;
    json_t *events; /* all of the ledger's */
    json_t *looks;  /* events */
    json_t *freeze; /* body of its event; NULL: not frozen yet */
    rg_arena *arena;
    rg_record *records;
    size_t n_records;
} past;

/* One search of all arms from the beginning, without anything known of it. */
typedef struct simulation {
    const past *past;
    rg_walk walk;
    rg_work work;
    const rg_record **result; /* of each member; NULL: not recorded */
    size_t decisions, missing;
    rg_str *wrong;
} simulation;

static void complain(rg_str *wrong, const char *fmt, ...) RG_PRINTF(2, 3);
static void complain(rg_str *wrong, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    rg_str_add(wrong, wrong->len ? "; " : "");
    rg_str_vprintf(wrong, fmt, args);
    va_end(args);
}

static simulation simulate(const past *p, rg_str *wrong)
{
    simulation s = {.past = p, .walk = {.study = p->study, .arena = p->arena}, .wrong = wrong};
    rg_tune_open(&s.walk, &s.work);
    s.walk.records = p->records; /* known from here on, and not when the search was opened */
    s.walk.n_records = p->n_records;
    s.result = RG_ARENA_ARRAY(p->arena, const rg_record *, s.work.count + 1);
    for (size_t i = 0; i < s.work.count; i++) {
        const rg_member *m = &s.work.member[i];
        s.result[i] = rg_walk_record(&s.walk, RG_TUNE, p->study->arms[m->arm].name, m->number);
        s.missing += s.result[i] == NULL;
    }
    return s;
}

static void say_json(simulation *s, const rg_member *m, const char *what, const json_t *is,
                     const json_t *was)
{
    char *now = rg_json_canonical(is), *then = was ? rg_json_canonical(was) : NULL;
    complain(s->wrong, "%s/%zu: the %s is %s, recorded was %s",
             s->past->study->arms[m->arm].name, m->number, what, now, then ? then : "none");
    rg_free(now);
    rg_free(then);
}

/* The next decision of the search, against the recorded one; RG_NO_MEMBER: none now. */
static size_t decide(simulation *s)
{
    size_t id = s->work.next(&s->work);
    if (id == RG_NO_MEMBER)
        return id;
    const rg_member *m = &s->work.member[id];
    const rg_record *r = s->result[id];
    s->decisions++;
    if (r && !json_equal(m->point, r->point))
        say_json(s, m, "point", m->point, r->point);
    else if (r && !json_equal(m->config, r->config))
        say_json(s, m, "configuration", m->config, r->config);
    if (r && m->seed != r->seed)
        complain(s->wrong, "%s/%zu: the seed is %llu, recorded was %llu", r->arm, r->number,
                 (unsigned long long)m->seed, (unsigned long long)r->seed);
    s->work.member[id].handed_out = true;
    return id;
}

/* The trial reports again, step by step: it has to be ended where it was, or not at all. */
static void prune(simulation *s, size_t id, const rg_record *r)
{
    const rg_curve *c = rg_validation_curve(r, s->past->study->metric);
    const json_t *told = json_object_get(r->resources, "pruned");
    rg_member *m = &s->work.member[id];
    bool ended = false;
    size_t i = 0;
    for (; c && i < c->count && !ended; i++) {
        json_t *message = json_pack("{s:I, s:o}", "step", (json_int_t)c->step[i], c->name,
                                    rg_json_real(c->value[i]));
        recorder_collect(m, message);
        json_decref(message);
        ended = pruner_says(&s->work, id);
    }
    recorder_forget(m);
    if (ended != json_is_integer(told) ||
        (ended && (i < c->count || c->step[i - 1] != json_integer_value(told))))
        complain(s->wrong, "%s/%zu: the search %s, recorded was %s", r->arm, r->number,
                 ended ? "ends it early" : "lets it run to its end",
                 told ? "another step" : "its end");
}

/* A trial that nobody has trained yet stays pending. */
static void complete(simulation *s, size_t id)
{
    const rg_record *r = s->result[id];
    rg_member *m = &s->work.member[id];
    if (!r)
        return;
    if (s->past->study->prune)
        prune(s, id, r);
    m->recorded = true;
    m->failed = r->failed;
    m->score =
        r->failed ? NAN
                  : rg_json_number(json_object_get(r->validation, s->past->study->metric), NAN);
    s->work.done(&s->work, id);
}

/* The choice at the end; frees the simulation. */
static void conclude(simulation *s)
{
    if (s->past->freeze && s->missing > 0) {
        complain(s->wrong, "the arms were frozen with %zu trials missing", s->missing);
    } else if (s->past->freeze) {
        json_t *frozen = rg_tune_frozen(&s->walk, &s->work);
        if (!json_equal(frozen, s->past->freeze))
            complain(s->wrong, "the arms are frozen at other configurations than recorded");
        json_decref(frozen);
    }
    pruner_close(&s->work);
    rg_members_free(&s->work);
}

/* ---- Schedules */

static size_t member_of(const simulation *s, const json_t *body)
{
    const char *arm = rg_json_text(body, "arm", "");
    size_t number = (size_t)json_integer_value(json_object_get(body, "number")), id = 0;
    while (id < s->work.count &&
           (s->work.member[id].number != number ||
            strcmp(s->past->study->arms[s->work.member[id].arm].name, arm) != 0))
        id++;
    return id;
}

/* Results come in as they did; each must have been asked for by then. */
static size_t replay_recorded(const past *p, rg_str *wrong)
{
    simulation s = simulate(p, wrong);
    size_t i;
    json_t *event;
    json_array_foreach (p->events, i, event) {
        if (strcmp(rg_json_text(event, "kind", ""), "trial") != 0)
            continue;
        while (decide(&s) != RG_NO_MEMBER)
            ;
        size_t id = member_of(&s, json_object_get(event, "body"));
        if (id < s.work.count && s.work.member[id].handed_out)
            complete(&s, id);
        else
            complain(wrong, "event %lld: the trial came before it could be suggested",
                     (long long)json_integer_value(json_object_get(event, "seq")));
    }
    conclude(&s);
    return s.decisions;
}

typedef struct worker {
    size_t held[COHORT], first, end; /* members in hand: held[first .. end) */
} worker;

static bool take_job(simulation *s, worker *w, rg_rng *rng)
{
    size_t size = 1 + (size_t)rg_rng_below(rng, COHORT), id;
    w->first = w->end = 0;
    while (w->end < size && (id = decide(s)) != RG_NO_MEMBER)
        w->held[w->end++] = id;
    return w->end > 0;
}

/* Gives idle workers jobs; how many are busy then, which come first. */
static size_t fill(simulation *s, worker *pool, size_t busy, size_t workers, rg_rng *rng)
{
    while (busy < workers && take_job(s, &pool[busy], rng))
        busy++;
    return busy;
}

/* Any busy worker may be the next to finish something. */
static size_t replay_random(const past *p, int workers, uint64_t seed, rg_str *wrong)
{
    rg_rng rng = rg_rng_open(seed, "replay/%d", workers);
    simulation s = simulate(p, wrong);
    worker *pool = RG_NEW_ARRAY(worker, (size_t)workers);
    size_t busy = 0;
    while ((busy = fill(&s, pool, busy, (size_t)workers, &rng)) > 0) {
        worker *w = &pool[rg_rng_below(&rng, busy)];
        complete(&s, w->held[w->first++]);
        if (w->first == w->end)
            *w = pool[--busy];
    }
    rg_free(pool);
    conclude(&s);
    return s.decisions;
}

/* ---- The other decisions */

static const json_t *frozen_config(const json_t *freeze, const char *arm)
{
    size_t i;
    json_t *frozen;
    json_array_foreach (json_object_get(freeze, "arms"), i, frozen)
        if (strcmp(rg_json_text(frozen, "arm", ""), arm) == 0)
            return json_object_get(frozen, "config");
    return NULL;
}

static size_t replay_runs(const past *p, rg_str *wrong)
{
    size_t count = 0;
    for (size_t i = 0; i < p->n_records; i++) {
        const rg_record *r = &p->records[i];
        if (r->stage != RG_EVALUATE)
            continue;
        count++;
        if (r->number >= rg_study_runs(p->study, p->study->n_seeds) ||
            rg_study_seed_of(p->study, r->number) != r->seed)
            complain(wrong, "run %zu of %s has another seed than the study gives it", r->number,
                     r->arm);
        if (!json_equal(frozen_config(p->freeze, r->arm), r->config))
            complain(wrong, "run %zu of %s did not use the frozen configuration", r->number,
                     r->arm);
    }
    return count;
}

static size_t replay_looks(const past *p, rg_str *wrong)
{
    rg_looks_check(p->study, p->records, p->n_records, p->looks, wrong);
    return json_array_size(p->looks);
}

static size_t check_sequence(const past *p, rg_str *wrong)
{
    replay_sequence(p->events, wrong);
    return json_array_size(p->events);
}

/* ---- All of it */

static json_t *check_json(const char *name, size_t count, const char *what, rg_str *wrong)
{
    bool pass = wrong->len == 0;
    json_t *ret = json_pack("{s:s, s:s, s:I}", "name", name, "status", pass ? "pass" : "fail",
                            "decisions", (json_int_t)count);
    json_object_set_new(ret, "detail",
                        pass ? json_sprintf("%zu %s", count, what)
                             : json_string(rg_str_text(wrong)));
    rg_str_clear(wrong);
    return ret;
}

static void add_schedules(const past *p, const replay_options *options, json_t *checks)
{
    rg_str wrong = {.max = 2000};
    for (size_t i = 0; i < options->n_workers; i++)
        for (uint64_t k = 0; k < options->orders; k++) {
            uint64_t seed = options->seed + k;
            char name[64];
            snprintf(name, sizeof(name), "%d worker%s, seed %llu", options->workers[i],
                     options->workers[i] == 1 ? "" : "s", (unsigned long long)seed);
            size_t decisions = replay_random(p, options->workers[i], seed, &wrong);
            json_t *check =
                check_json(name, decisions, "points, and the choice at the end", &wrong);
            json_object_set_new(check, "workers", json_integer(options->workers[i]));
            json_object_set_new(check, "seed", json_integer((json_int_t)seed));
            json_array_append_new(checks, check);
        }
    rg_str_free(&wrong);
}

static json_t *all_checks(const past *p, const replay_options *options)
{
    static const struct {
        const char *name, *what;
        size_t (*check)(const past *p, rg_str *wrong);
    } others[] = {
        {"runs", "runs with the study's seeds and the frozen configurations", replay_runs},
        {"looks", "looks, each at the seeds that were due", replay_looks},
        {"sequence", "events: trials, freeze, runs, seal, in this order", check_sequence}};
    rg_str wrong = {.max = 2000};
    json_t *checks = json_array();
    size_t count = replay_recorded(p, &wrong);
    json_array_append_new(checks, check_json("recorded order", count,
                                             "points, and the choice at the end", &wrong));
    add_schedules(p, options, checks);
    for (size_t i = 0; i < RG_COUNT(others); i++) {
        count = others[i].check(p, &wrong);
        json_array_append_new(checks,
                              check_json(others[i].name, count, others[i].what, &wrong));
    }
    rg_str_free(&wrong);
    return checks;
}

static bool all_pass(const json_t *checks)
{
    size_t i;
    json_t *check;
    json_array_foreach (checks, i, check)
        if (strcmp(rg_json_text(check, "status", ""), "pass") != 0)
            return false;
    return true;
}

json_t *replay_facts(const rg_study *study, rg_ledger *ledger, const replay_options *options,
                     rg_err *err)
{
    past p = {.study = study, .arena = rg_arena_new()};
    json_t *facts = NULL;
    p.events = rg_ledger_events(ledger, NULL, err);
    p.looks = rg_ledger_events(ledger, "looked", err);
    p.freeze = rg_ledger_newest(ledger, "freeze", err);
    if (err->code == RG_OK &&
        rg_ledger_records(ledger, RG_ALL_PARTS, p.arena, &p.records, &p.n_records, err)) {
        json_t *checks = all_checks(&p, options);
        facts = json_pack("{s:s, s:b, s:o}", "study", study->name, "ok", all_pass(checks),
                          "checks", checks);
    }
    json_decref(p.events);
    json_decref(p.looks);
    json_decref(p.freeze);
    rg_arena_free(p.arena);
    return facts;
}
