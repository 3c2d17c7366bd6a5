/* test_rerun.c - training again what was recorded: the same bits, or a score where one is
 * expected.
 *
 * This program is its own worker: `test worker` trains, `test worker seeds` trains with other
 * seeds than it is told, as a program without bits of its own might, and `test worker poor`
 * with a learning rate at which nothing is learnt. */
#include "cli/command.h"
#include "lab/study/rerun.h"
#include "rigor/stats.h"
#include "rigor/trial.h"
#include "rigor/worker.h"
#include "support.h"
#include "worker/worker.h"

static const char text[] = "study: again\n"
                           "question: Does width matter?\n"
                           "data: digits\n"
                           "metric: accuracy\n"
                           "base: {model: {name: mlp, hidden: [8]}, train: {epochs: 8}}\n"
                           "arms: {full: {}, linear: {model: {name: linear}}}\n"
                           "tune: {trials: 2, space: {train.lr: {log: [1e-3, 1e-2]}}}\n"
                           "seeds: 8\n"
                           "claims: [full > linear]\n"
                           "analysis: {margin: 0.01}\n";

static char self[4096];
static const char *const faithful[] = {self, "worker", NULL};
static const char *const seeds[] = {self, "worker", "seeds", NULL};
static const char *const poor[] = {self, "worker", "poor", NULL};

/* ---- Workers that do not do as they are told */

static void mislead(json_t *told, const char *how)
{
    json_int_t seed = json_integer_value(json_object_get(told, "seed"));
    if (strcmp(how, "seeds") == 0)
        json_object_set_new(told, "seed", json_integer(seed + 4242));
    else
        rg_json_path_set(json_object_get(told, "config"), "train.lr", json_real(1e-9));
}

static int misled_worker(const char *how)
{
    char *line = NULL;
    size_t room = 0, i;
    cache c = {0};
    rg_message_send(json_pack("{s:s}", "worker", "0"));
    for (ssize_t n; (n = getline(&line, &room, stdin)) > 0;) {
        rg_err err = {0};
        json_t *job = rg_json_parse(line, (size_t)n, "job", &err), *told;
        json_array_foreach (json_object_get(job, "members"), i, told)
            mislead(told, how);
        worker_run(&c, job);
        json_decref(job);
    }
    free(line);
    worker_cache_free(&c);
    return 0;
}

/* ---- One study that all tests rerun */

typedef struct fixture {
    rg_arena *arena;
    rg_study *study;
    rg_ledger *ledger;
    rg_record *records;
    size_t n;
} fixture;
static fixture all;

static rg_study *parse(void)
{
    rg_diags diags = {.arena = all.arena, .file = "again.yaml"};
    rg_study *study = rg_study_parse(text, strlen(text), diags.file, NULL, 0, false,
                                     rg_catalog_native(), &diags);
    rg_diags_print(&diags);
    assert_non_null(study);
    return study;
}

static int set_up(void **state)
{
    (void)state;
    rg_err err = {0};
    int caught;
    rg_dir_remove("again", &err);
    all.arena = rg_arena_new();
    all.study = parse();
    rg_run_options options = {.dir = "again", .worker_argv = faithful, .jobs = 2};
    bool ok =
        rg_ledger_open("again/ledger.db", RG_LEDGER_WRITE, &all.ledger, &err) &&
        rg_study_run(all.study, all.ledger, &options, NULL, &caught, &err) &&
        rg_ledger_records(all.ledger, RG_ALL_PARTS, all.arena, &all.records, &all.n, &err);
    if (!ok)
        rg_err_print(&err);
    return ok ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    rg_ledger_close(all.ledger);
    rg_study_free(all.study);
    rg_arena_free(all.arena);
    return 0;
}

/* The facts of all records of a stage by a worker. */
static json_t *rerun(const char *const *worker, rg_stage stage, size_t times, size_t most)
{
    const rg_record *chosen[64];
    size_t n = 0;
    int caught;
    rg_err err = {0};
    for (size_t i = 0; i < all.n && n < most; i++)
        if (all.records[i].stage == stage)
            chosen[n++] = &all.records[i];
    rerun_options options = {.run = {.dir = "again", .worker_argv = worker, .jobs = 2},
                             .times = times};
    rerun_source source = {all.study, all.ledger, all.records, all.n};
    json_t *facts = rerun_facts(&source, chosen, n, &options, &caught, &err);
    if (!facts)
        fail_msg("%s: %s", err.where, err.what);
    return facts;
}

static int64_t count_of(const json_t *facts, const char *key)
{
    return json_integer_value(json_object_get(facts, key));
}

/* As if another program had trained all this. */
static void foreign(bool yes)
{
    if (yes)
        json_object_set_new(all.study->resolved, "trainer", json_object());
    else
        json_object_del(all.study->resolved, "trainer");
}

/* ---- Tests */

static void test_same_bits(void **state)
{
    (void)state;
    json_t *runs = rerun(faithful, RG_EVALUATE, 2, 64),
           *trials = rerun(faithful, RG_TUNE, 1, 64);
    assert_int_equal(count_of(runs, "equal"), 16);
    assert_int_equal(count_of(trials, "equal"), 4);
    assert_true(json_is_true(json_object_get(runs, "ok")));
    json_t *run = json_array_get(json_object_get(runs, "runs"), 0);
    /* two rounds of: predictions, the validation's metric, 8 epochs of loss and metric */
    assert_int_equal(count_of(run, "compared"), 2 * (1 + 1 + 16));
    json_decref(runs);
    json_decref(trials);
}

static void test_other_bits_are_named(void **state)
{
    (void)state;
    json_t *facts = rerun(seeds, RG_EVALUATE, 1, 3), *entry;
    assert_int_equal(count_of(facts, "different"), 3);
    assert_false(json_is_true(json_object_get(facts, "ok")));
    json_t *run = json_array_get(json_object_get(facts, "runs"), 0);
    assert_true(json_is_null(json_object_get(run, "interval")));
    size_t i, curves = 0, predictions = 0;
    json_array_foreach (json_object_get(run, "differences"), i, entry) {
        bool curve = strcmp(rg_json_text(entry, "what", ""), "curve") == 0;
        curves += curve && count_of(entry, "step") == 1 && count_of(entry, "ulps") > 0;
        predictions += strcmp(rg_json_text(entry, "what", ""), "predictions") == 0;
    }
    assert_int_equal(curves, 1);
    assert_int_equal(predictions, 1);
    json_decref(facts);
}

/* One more run of the arm lies among the others; one that learns nothing does not. */
static void test_other_programs_by_seeds(void **state)
{
    (void)state;
    foreign(true);
    json_t *near = rerun(seeds, RG_EVALUATE, 1, 4), *far = rerun(poor, RG_EVALUATE, 1, 4);
    assert_int_equal(count_of(near, "inside"), 4);
    assert_true(json_is_true(json_object_get(near, "ok")));
    assert_int_equal(count_of(far, "different"), 4);
    json_t *interval =
        json_object_get(json_array_get(json_object_get(far, "runs"), 1), "interval");
    assert_string_equal(rg_json_text(interval, "part", ""), "test");
    assert_int_equal(count_of(interval, "n"), 7); /* the run itself is left out */
    double others[7];
    for (size_t i = 0, n = 0; i < all.n; i++)
        if (all.records[i].stage == RG_EVALUATE && !strcmp(all.records[i].arm, "full") &&
            all.records[i].number != 1)
            others[n++] = rg_json_number(json_object_get(all.records[i].test, "accuracy"), NAN);
    rg_prediction_interval expected = rg_predict_one(others, 7, .05 / 4);
    assert_close(rg_json_number(json_object_get(interval, "lo"), NAN), expected.lo, 1e-15);
    foreign(false);
    json_decref(near);
    json_decref(far);
}

/* Reruns that all say the same leave no room for a recorded score that is another. */
static void test_other_programs_by_repeats(void **state)
{
    (void)state;
    foreign(true);
    json_t *facts = rerun(poor, RG_TUNE, 3, 1);
    json_t *interval =
        json_object_get(json_array_get(json_object_get(facts, "runs"), 0), "interval");
    assert_string_equal(rg_json_text(interval, "from", ""), "repeats");
    assert_string_equal(rg_json_text(interval, "part", ""), "validation");
    assert_true(rg_json_number(json_object_get(interval, "lo"), 0) ==
                rg_json_number(json_object_get(interval, "hi"), 1));
    assert_int_equal(count_of(facts, "different"), 1);
    json_decref(facts);
    facts = rerun(faithful, RG_TUNE, 2, 1);
    assert_int_equal(count_of(facts, "equal"), 1);
    json_decref(facts);
    foreign(false);
}

/* The parts are cut again where they are gone, and are the same. */
static void test_data_that_is_gone(void **state)
{
    (void)state;
    assert_int_equal(rename("again/data", "again/elsewhere"), 0);
    json_t *facts = rerun(faithful, RG_EVALUATE, 1, 2);
    assert_int_equal(count_of(facts, "equal"), 2);
    assert_int_equal(rename("again/elsewhere", "again/data"), 0);
    json_decref(facts);
}

static void test_compare(void **state)
{
    (void)state;
    static const int64_t steps[] = {1, 2, 3};
    static const double a[] = {.5, NAN, .25}, b[] = {.5, NAN, .25 + 0x1p-54}, c[] = {.5, NAN};
    rg_curve left = {"loss", 3, steps, a}, right = {"loss", 3, steps, b},
             shorter = {"loss", 2, steps, c};
    rg_record x = {.curves = &left, .n_curves = 1}, y = x;
    size_t n;
    json_t *found = json_array();
    rerun_compare(&x, &y, found, &n);
    assert_int_equal(json_array_size(found), 0);
    assert_int_equal(n, 3);
    y.curves = &right;
    rerun_compare(&x, &y, found, &n);
    json_t *entry = json_array_get(found, 0);
    assert_int_equal(count_of(entry, "step"), 3);
    assert_int_equal(count_of(entry, "ulps"), 1);
    json_array_clear(found);
    y.curves = &shorter;
    rerun_compare(&x, &y, found, &n);
    assert_true(json_is_null(json_object_get(json_array_get(found, 0), "again")));
    json_array_clear(found);
    y.failed = true;
    y.reason = "fell over";
    rerun_compare(&x, &y, found, &n);
    assert_string_equal(rg_json_text(json_array_get(found, 0), "again", ""), "fell over");
    json_decref(found);
}

static void test_ulps(void **state)
{
    (void)state;
    assert_int_equal(rerun_ulps(1, 1 + 0x1p-52), 1);
    assert_int_equal(rerun_ulps(-0x1p-1074, 0x1p-1074), 2);
    assert_int_equal(rerun_ulps(0, -0.0), 0);
    assert_false(rerun_same(0, -0.0));
    assert_int_equal(rerun_ulps(NAN, 1), -1);
    assert_int_equal(rerun_ulps(-INFINITY, INFINITY), INT64_MAX); /* more than it holds */
    rg_rng rng = rg_rng_open(support_seed(), "ulps");
    for (int i = 0; i < 1000; i++) {
        double x = rg_rng_normal(&rng), y = x;
        int steps = (int)rg_rng_below(&rng, 50);
        for (int k = 0; k < steps; k++)
            y = nextafter(y, i % 2 ? INFINITY : -INFINITY);
        assert_int_equal(rerun_ulps(x, y), steps);
        assert_int_equal(rerun_ulps(y, x), steps);
    }
}

int main(int argc, char **argv)
{
    if (argc > 2)
        return misled_worker(argv[2]);
    if (argc > 1)
        return rg_worker_main(0, NULL);
    if (!realpath(argv[0], self))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_other_bits_are_named),
        cmocka_unit_test(test_other_programs_by_seeds),
        cmocka_unit_test(test_other_programs_by_repeats),
        cmocka_unit_test(test_data_that_is_gone),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_ulps),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
