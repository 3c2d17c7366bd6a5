/* test_replay.c - the decisions of a study again, from its results alone: the same with any
 * number of workers, and noticed when a result, a point, the choice or the order is another.
 *
 * This program is its own worker: called as `test worker` it trains. */
#include "cli/command.h"
#include "lab/study/replay.h"
#include "rigor/worker.h"
#include "support.h"

static const char text[] = "study: replayed\n"
                           "question: Does width matter?\n"
                           "data: digits\n"
                           "metric: accuracy\n"
                           "base: {model: {name: mlp, hidden: [4]}, train: {epochs: 1}}\n"
                           "arms: {full: {}, linear: {model: {name: linear}}}\n"
                           "tune: {trials: 24, parallel: 5, sampler: tpe,\n"
                           "       space: {train.lr: {log: [1e-4, 1e-1]}}}\n"
                           "seeds: {min: 5, max: 9, until: decided}\n"
                           "claims: [full > linear]\n";

enum { TRIALS = 48 };
static char self[4096];
static const char *const native_worker[] = {self, "worker", NULL};

typedef struct fixture {
    rg_arena *arena;
    rg_study *study;
    rg_ledger *ledger;
    rg_record *records;
    size_t n;
    json_t *events;
} fixture;
static fixture all;

static int set_up(void **state)
{
    (void)state;
    rg_err err = {0};
    rg_diags diags = {.arena = all.arena = rg_arena_new(), .file = "replayed.yaml"};
    rg_run_options options = {.dir = "replayed", .worker_argv = native_worker, .jobs = 2};
    int caught;
    rg_dir_remove("replayed", &err);
    all.study = rg_study_parse(text, strlen(text), diags.file, NULL, 0, false,
                               rg_catalog_native(), &diags);
    rg_diags_print(&diags);
    bool ok =
        all.study && rg_ledger_open("replayed/ledger.db", RG_LEDGER_WRITE, &all.ledger, &err) &&
        rg_study_run(all.study, all.ledger, &options, NULL, &caught, &err) &&
        rg_ledger_records(all.ledger, RG_ALL_PARTS, all.arena, &all.records, &all.n, &err) &&
        (all.events = rg_ledger_events(all.ledger, NULL, &err)) != NULL;
    if (!ok)
        rg_err_print(&err);
    return ok ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(all.events);
    rg_ledger_close(all.ledger);
    rg_study_free(all.study);
    rg_arena_free(all.arena);
    return 0;
}

static json_t *replay(rg_ledger *ledger)
{
    static const int workers[] = {1, 3, 40};
    rg_err err = {0};
    replay_options options = {workers, 3, 4, support_seed()};
    json_t *facts = replay_facts(all.study, ledger, &options, &err);
    if (!facts)
        fail_msg("%s: %s", err.where, err.what);
    return facts;
}

/* The check whose name begins so. */
static const json_t *check_named(const json_t *facts, const char *name)
{
    size_t i;
    json_t *check;
    json_array_foreach (json_object_get(facts, "checks"), i, check)
        if (rg_text_starts(rg_json_text(check, "name", ""), name))
            return check;
    fail_msg("there is no check %s", name);
    return NULL;
}

static void assert_fails(const json_t *facts, const char *name, const char *detail)
{
    const json_t *check = check_named(facts, name);
    assert_string_equal(rg_json_text(check, "status", ""), "fail");
    if (!strstr(rg_json_text(check, "detail", ""), detail))
        fail_msg("no '%s' in: %s", detail, rg_json_text(check, "detail", ""));
    assert_false(json_is_true(json_object_get(facts, "ok")));
}

/* ---- A ledger like the fixture's, but for what `change` does to a record or an event */

typedef struct change {
    void (*record)(rg_record *r); /* may be NULL */
    void (*freeze)(json_t *body); /* may be NULL */
    size_t swap_a, swap_b;        /* trials that change places, by their order */
} change;

static const rg_record *record_of(const json_t *body, rg_stage stage)
{
    for (size_t i = 0; i < all.n; i++)
        if (all.records[i].stage == stage &&
            all.records[i].number ==
                (size_t)json_integer_value(json_object_get(body, "number")) &&
            strcmp(all.records[i].arm, rg_json_text(body, "arm", "")) == 0)
            return &all.records[i];
    return NULL;
}

static bool write_event(rg_ledger *ledger, const json_t *event, const change *c, rg_err *err)
{
    const char *kind = rg_json_text(event, "kind", "");
    json_t *body = json_deep_copy(json_object_get(event, "body"));
    bool trial = strcmp(kind, "trial") == 0, run = strcmp(kind, "run") == 0, ok = true;
    if (trial || run) {
        rg_record r = *record_of(body, trial ? RG_TUNE : RG_EVALUATE);
        r.test = NULL;
        if (c->record)
            c->record(&r);
        ok = rg_ledger_append(ledger, &r, 1, err);
    } else if (strcmp(kind, "freeze") == 0) {
        if (c->freeze)
            c->freeze(body);
        ok = rg_ledger_event(ledger, "freeze", body, err);
    }
    json_decref(body);
    return ok;
}

/* Place of the k-th trial among the events. */
static size_t place_of_trial(size_t k)
{
    size_t i;
    json_t *event;
    json_array_foreach (all.events, i, event)
        if (strcmp(rg_json_text(event, "kind", ""), "trial") == 0 && k-- == 0)
            return i;
    return 0;
}

static json_t *replay_changed(const change *c)
{
    rg_err err = {0};
    rg_ledger *ledger;
    rg_dir_remove("changed", &err);
    size_t n = json_array_size(all.events);
    size_t a = place_of_trial(c->swap_a), b = place_of_trial(c->swap_b);
    bool ok = rg_ledger_open("changed/ledger.db", RG_LEDGER_WRITE, &ledger, &err) &&
              rg_ledger_study(ledger, all.study->name, all.study->text, all.study->resolved,
                              all.study->hash, NULL, &err);
    for (size_t i = 0; ok && i < n; i++)
        ok = write_event(ledger,
                         json_array_get(all.events, i == a   ? b
                                                    : i == b ? a
                                                             : i),
                         c, &err);
    if (!ok)
        fail_msg("%s: %s", err.where, err.what);
    json_t *facts = replay(ledger);
    rg_ledger_close(ledger);
    return facts;
}

/* ---- Tests */

static void test_same_decisions(void **state)
{
    (void)state;
    json_t *facts = replay(all.ledger), *check;
    size_t i;
    json_array_foreach (json_object_get(facts, "checks"), i, check)
        if (strcmp(rg_json_text(check, "status", ""), "pass") != 0)
            fail_msg("%s: %s", rg_json_text(check, "name", ""),
                     rg_json_text(check, "detail", ""));
    assert_true(json_is_true(json_object_get(facts, "ok")));
    assert_int_equal(i, 1 + 3 * 4 + 3);
    assert_int_equal(json_integer_value(json_object_get(check_named(facts, "40"), "decisions")),
                     TRIALS);
    json_decref(facts);
}

static void test_an_unchanged_copy(void **state)
{
    (void)state;
    json_t *facts = replay_changed(&(change){.swap_a = 0, .swap_b = 0});
    assert_true(json_is_true(json_object_get(facts, "ok")));
    json_decref(facts);
}

static void release(void *json)
{
    json_decref(json);
}

static json_t *keep(json_t *json)
{
    rg_arena_defer(all.arena, release, json);
    return json;
}

static void improve(rg_record *r)
{
    if (r->stage == RG_TUNE && r->number == 2 && strcmp(r->arm, "full") == 0)
        r->validation = keep(json_pack("{s:f}", "accuracy", .999));
}

static void test_another_result(void **state)
{
    (void)state;
    json_t *facts = replay_changed(&(change){.record = improve});
    assert_fails(facts, "recorded order", "full/");
    assert_fails(facts, "3 workers", "frozen at other configurations");
    json_decref(facts);
}

static void move_point(rg_record *r)
{
    if (r->stage != RG_TUNE || r->number != 20 || strcmp(r->arm, "linear") != 0)
        return;
    double lr = rg_json_number(rg_json_path(r->point, "train.lr"), 0);
    r->point = keep(json_pack("{s:{s:f}}", "train", "lr", nextafter(lr, 1)));
}

static void test_a_point_that_moved_by_one_bit(void **state)
{
    (void)state;
    json_t *facts = replay_changed(&(change){.record = move_point});
    assert_fails(facts, "recorded order", "linear/20: the point is");
    assert_fails(facts, "1 worker", "linear/20: the point is");
    json_decref(facts);
}

static void freeze_elsewhere(json_t *body)
{
    json_t *arm = json_array_get(json_object_get(body, "arms"), 1);
    json_object_set_new(arm, "trial",
                        json_integer(1 + json_integer_value(json_object_get(arm, "trial"))));
}

static void test_another_choice(void **state)
{
    (void)state;
    json_t *facts = replay_changed(&(change){.freeze = freeze_elsewhere});
    assert_fails(facts, "recorded order", "frozen at other configurations");
    json_decref(facts);
}

static void other_seed(rg_record *r)
{
    if (r->stage == RG_EVALUATE && r->number == 3)
        r->seed += 1;
}

static void test_another_seed(void **state)
{
    (void)state;
    json_t *facts = replay_changed(&(change){.record = other_seed});
    assert_fails(facts, "runs", "run 3 of full has another seed");
    json_decref(facts);
}

/* The last trial cannot have come first: it was not asked for before others were done. */
static void test_an_order_that_cannot_be(void **state)
{
    (void)state;
    json_t *facts = replay_changed(&(change){.swap_a = 0, .swap_b = TRIALS - 1});
    assert_fails(facts, "recorded order", "before it could be suggested");
    assert_string_equal(rg_json_text(check_named(facts, "40"), "status", ""), "pass");
    json_decref(facts);
}

static json_t *event_of(const char *kind, const char *arm, int number)
{
    json_t *scored = json_pack("[{s:s, s:i}]", "arm", arm, "number", number);
    return json_pack("{s:i, s:s, s:{s:s, s:i, s:o}}", "seq", 1, "kind", kind, "body", "arm",
                     arm, "number", number, "scores", scored);
}

/* Which finding a sequence of events gives; "" when none. */
static void test_sequence(void **state)
{
    (void)state;
    static const struct {
        const char *kinds[5], *finding;
    } cases[] = {{{"trial", "freeze", "run", "seal-opened"}, ""},
                 {{"freeze", "trial"}, "behind the freeze"},
                 {{"run", "freeze"}, "in front of the freeze"},
                 {{"freeze", "freeze"}, "second"},
                 {{"freeze", "seal-opened"}, "had not ended"},
                 {{"freeze", "run", "looked", "run"}, "after its seed had been scored"}};
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        json_t *events = json_array();
        rg_str wrong = {0};
        for (const char *const *kind = cases[i].kinds; *kind; kind++)
            json_array_append_new(events, event_of(*kind, "full", 0));
        replay_sequence(events, &wrong);
        if (*cases[i].finding ? !strstr(rg_str_text(&wrong), cases[i].finding) : wrong.len > 0)
            fail_msg("case %zu: '%s'", i, rg_str_text(&wrong));
        rg_str_free(&wrong);
        json_decref(events);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return rg_worker_main(0, NULL);
    if (!realpath(argv[0], self))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_decisions),
        cmocka_unit_test(test_an_unchanged_copy),
        cmocka_unit_test(test_another_result),
        cmocka_unit_test(test_a_point_that_moved_by_one_bit),
        cmocka_unit_test(test_another_choice),
        cmocka_unit_test(test_another_seed),
        cmocka_unit_test(test_an_order_that_cannot_be),
        cmocka_unit_test(test_sequence),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
