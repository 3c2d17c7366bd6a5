/* test_ledger.c - what goes into a ledger comes out of it again, and only once. */
#include "sample.h"

static rg_record *read_all(const char *path, rg_arena *arena, size_t *n)
{
    rg_err err = {0};
    rg_record *records = NULL;
    rg_ledger *ledger = sample_open(path, RG_LEDGER_READ);
    assert_ok(rg_ledger_records(ledger, RG_ALL_PARTS, arena, &records, n, &err), &err);
    rg_ledger_close(ledger);
    return records;
}

static void test_round_trip(void **state)
{
    (void)state;
    char path[64];
    sample_ledger(path, "round");
    rg_arena *arena = rg_arena_new();
    size_t n;
    rg_record *r = read_all(path, arena, &n);
    assert_int_equal(n, 10);
    /* Stage by stage; arms as the study has them, not by name; then numbers. */
    static const struct {
        rg_stage stage;
        const char *arm;
        size_t number;
    } order[] = {{RG_TUNE, "full", 0},     {RG_TUNE, "full", 1},     {RG_TUNE, "full", 2},
                 {RG_TUNE, "bare", 0},     {RG_TUNE, "bare", 1},     {RG_TUNE, "bare", 2},
                 {RG_EVALUATE, "full", 0}, {RG_EVALUATE, "full", 1}, {RG_EVALUATE, "bare", 0},
                 {RG_EVALUATE, "bare", 1}};
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(r[i].stage, order[i].stage);
        assert_string_equal(r[i].arm, order[i].arm);
        assert_int_equal(r[i].number, order[i].number);
        assert_int_equal(r[i].seed, 1000 + r[i].number);
        assert_int_equal(r[i].n_curves, 2);
        assert_string_equal(r[i].curves[0].name, "train_loss");
        assert_int_equal(r[i].curves[0].count, r[i].stage == RG_TUNE ? 4 : 3);
        assert_true(r[i].curves[0].value[2] == 1.0 / (double)(2 + r[i].number + 3));
        assert_int_equal(r[i].curves[1].step[2], 3);
        assert_true(json_real_value(json_object_get(r[i].validation, "accuracy")) ==
                    0.9 + 0.001 * (double)r[i].number);
    }
    assert_non_null(r[0].point);
    assert_null(r[0].predictions);
    assert_null(r[6].point);
    assert_string_equal(r[6].predictions, "runs/full-0/predictions.npz");
    assert_string_equal(r[6].predictions_sha, SAMPLE_HASH);
    assert_true(json_real_value(json_object_get(r[6].test, "accuracy")) == 0.97);
    assert_null(r[9].test);
    rg_arena_free(arena);
    assert_clean(path);
}

/* What is not asked for is not there, and all that is asked for. */
static void test_parts(void **state)
{
    (void)state;
    static const struct {
        unsigned parts;
        size_t count;
    } cases[] = {{0, 0},
                 {RG_TRIALS, 6},
                 {RG_RUNS, 4},
                 {RG_TRIALS | RG_RUNS, 10},
                 {RG_TRIALS | RG_TRIAL_CONFIGS | RG_RUNS, 10},
                 {RG_TRIALS | RG_TRIAL_CURVES | RG_RUNS, 10},
                 {RG_TRIALS | RG_RUNS | RG_RUN_CURVES | RG_RESOURCES, 10},
                 {RG_TRIAL_CURVES | RG_RUNS, 4}};
    char path[64];
    sample_ledger(path, "parts");
    rg_ledger *ledger = sample_open(path, RG_LEDGER_READ);
    rg_err err = {0};
    size_t n;
    assert_ok(rg_ledger_count(ledger, &n, &err), &err);
    assert_int_equal(n, 10);
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        unsigned parts = cases[i].parts;
        rg_arena *arena = rg_arena_new();
        rg_record *r;
        assert_ok(rg_ledger_records(ledger, parts, arena, &r, &n, &err), &err);
        assert_int_equal(n, cases[i].count);
        for (size_t k = 0; k < n; k++) {
            bool trial = r[k].stage == RG_TUNE;
            assert_true(parts & (trial ? RG_TRIALS : RG_RUNS));
            assert_int_equal(r[k].config != NULL, !trial || parts & RG_TRIAL_CONFIGS);
            assert_int_equal(r[k].n_curves > 0,
                             (parts & (trial ? RG_TRIAL_CURVES : RG_RUN_CURVES)) != 0);
            assert_int_equal(r[k].resources != NULL, (parts & RG_RESOURCES) != 0);
            assert_non_null(r[k].validation);
            assert_int_equal(r[k].point != NULL, trial);
        }
        rg_arena_free(arena);
    }
    rg_ledger_close(ledger);
}

static void test_failed_record_and_odd_numbers(void **state)
{
    (void)state;
    char path[64];
    sample_path(path, "odd");
    rg_err err = {0};
    int64_t step[] = {INT64_MIN, 5, 5, 6, 7, INT64_MAX};
    double value[] = {(double)NAN, (double)INFINITY,       -(double)INFINITY,
                      5e-324,      1.7976931348623157e308, 0.1};
    rg_curve curves[] = {{"z", RG_COUNT(value), step, value}, {"empty", 0, NULL, NULL}};
    rg_record record = {.stage = RG_EVALUATE,
                        .arm = "a'b \"c\" %s",
                        .number = 4294967296u,
                        .seed = UINT64_MAX,
                        .failed = true,
                        .reason = "signal 11: \xff\xfe ü \xe2\x82",
                        .curves = curves,
                        .n_curves = 2};
    rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
    assert_ok(rg_ledger_append(ledger, &record, 1, &err), &err);
    rg_ledger_close(ledger);
    rg_arena *arena = rg_arena_new();
    size_t n;
    rg_record *r = read_all(path, arena, &n);
    assert_int_equal(n, 1);
    assert_true(r[0].failed);
    assert_string_equal(r[0].arm, record.arm);
    assert_int_equal(r[0].number, record.number);
    assert_true(r[0].seed == UINT64_MAX);
    assert_string_equal(r[0].reason, "signal 11: \xEF\xBF\xBD\xEF\xBF\xBD ü "
                                     "\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_null(r[0].config);
    assert_null(r[0].validation);
    assert_int_equal(r[0].n_curves, 1); /* a curve without a point has no row */
    assert_int_equal(r[0].curves[0].count, RG_COUNT(value));
    for (size_t i = 0; i < RG_COUNT(value); i++) {
        double got = r[0].curves[0].value[i];
        assert_true(isnan(value[i]) ? isnan(got) : got == value[i]);
        assert_true(r[0].curves[0].step[i] == step[i]);
    }
    rg_arena_free(arena);
    assert_clean(path);
}

/* Random bits of doubles come back as they were, from the table and from the event. */
static void test_every_double_survives(void **state)
{
    (void)state;
    char path[64];
    sample_path(path, "doubles");
    enum { N = 5000 };
    static double value[N];
    static int64_t step[N];
    rg_rng rng = rg_rng_open(support_seed(), "doubles");
    for (size_t i = 0; i < N; i++) {
        uint64_t bits = rg_rng_u64(&rng);
        memcpy(&value[i], &bits, sizeof(bits));
        step[i] = (int64_t)rg_rng_u64(&rng);
    }
    rg_curve curve = {"x", N, step, value};
    rg_record record = {.stage = RG_TUNE, .arm = "a", .curves = &curve, .n_curves = 1};
    rg_err err = {0};
    rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
    assert_ok(rg_ledger_append(ledger, &record, 1, &err), &err);
    rg_ledger_close(ledger);
    rg_arena *arena = rg_arena_new();
    size_t n;
    rg_record *r = read_all(path, arena, &n);
    for (size_t i = 0; i < N; i++) {
        double got = r[0].curves[0].value[i];
        assert_true(isnan(value[i]) ? isnan(got) : memcmp(&got, &value[i], sizeof(got)) == 0);
        assert_true(r[0].curves[0].step[i] == step[i]);
    }
    rg_arena_free(arena);
    assert_clean(path);
}

static void test_a_record_is_written_once(void **state)
{
    (void)state;
    char path[64], before[RG_HEX], after[RG_HEX];
    sample_path(path, "once");
    rg_err err = {0};
    rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
    sample_fill(ledger);
    rg_ledger_head(ledger, before);
    /* The third of four is there already: none of the four is kept. */
    rg_record records[] = {{.stage = RG_TUNE, .arm = "full", .number = 7},
                           {.stage = RG_EVALUATE, .arm = "new", .number = 0},
                           {.stage = RG_TUNE, .arm = "bare", .number = 2},
                           {.stage = RG_TUNE, .arm = "full", .number = 8}};
    assert_false(rg_ledger_append(ledger, records, 4, &err));
    assert_int_equal(err.code, RG_INTERNAL);
    assert_non_null(strstr(err.what, "trial 2 of arm 'bare' is recorded already"));
    rg_ledger_head(ledger, after);
    assert_string_equal(before, after);
    assert_int_equal(sample_count(ledger, "SELECT count(*) FROM trial"), 6);
    assert_int_equal(sample_count(ledger, "SELECT count(*) FROM arm"), 2);
    /* The ledger goes on as if nothing had happened. */
    err = (rg_err){0};
    assert_ok(rg_ledger_append(ledger, records, 2, &err), &err);
    assert_int_equal(sample_count(ledger, "SELECT count(*) FROM arm"), 3);
    rg_ledger_close(ledger);
    assert_clean(path);
}

static void test_what_a_stage_does_not_have(void **state)
{
    (void)state;
    char path[64];
    sample_path(path, "stages");
    rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
    json_t *some = sample_json("{\"accuracy\":1}");
    rg_curve twice[] = {{"loss", 1, &(int64_t){1}, &(double){1}},
                        {"loss", 1, &(int64_t){1}, &(double){2}}};
    rg_record wrong[] = {{.stage = RG_TUNE, .arm = "a", .test = some},
                         {.stage = RG_TUNE, .arm = "a", .predictions = "x"},
                         {.stage = RG_EVALUATE, .arm = "a", .point = some},
                         {.stage = RG_EVALUATE, .arm = NULL},
                         {.stage = RG_EVALUATE, .arm = "\xff"},
                         {.stage = RG_TUNE, .arm = "a", .curves = twice, .n_curves = 2}};
    for (size_t i = 0; i < RG_COUNT(wrong); i++) {
        rg_err err = {0};
        assert_false(rg_ledger_append(ledger, &wrong[i], 1, &err));
        assert_int_equal(err.code, RG_INTERNAL);
    }
    rg_err err = {0};
    rg_score nowhere = {"a", 3, some};
    assert_false(rg_ledger_scores(ledger, NULL, &nowhere, 1, &err));
    assert_non_null(strstr(err.what, "not recorded"));
    static const char *const kinds[] = {"trial", "study", "seal-opened", "looked",
                                        "Note",  "",      "a b"};
    for (size_t i = 0; i < RG_COUNT(kinds); i++)
        assert_false(rg_ledger_event(ledger, kinds[i], NULL, &(rg_err){0}));
    assert_int_equal(sample_count(ledger, "SELECT count(*) FROM event"), 0);
    json_decref(some);
    rg_ledger_close(ledger);
    assert_clean(path);
}

static void test_study_is_told_once(void **state)
{
    (void)state;
    char path[64];
    sample_path(path, "study");
    rg_err err = {0};
    rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
    json_t *none = rg_ledger_study_json(ledger, &err);
    assert_true(json_is_null(none));
    json_decref(none);
    sample_study(ledger);
    sample_study(ledger); /* a study that goes on: nothing is written */
    assert_int_equal(sample_count(ledger, "SELECT count(*) FROM event"), 1);
    json_t *resolved = json_object();
    assert_false(rg_ledger_study(ledger, "digits", "", resolved, "0123", NULL, &err));
    assert_int_equal(err.code, RG_INPUT);
    assert_non_null(strstr(err.what, "'digits' with other settings"));
    json_decref(resolved);
    err = (rg_err){0};
    json_t *study = rg_ledger_study_json(ledger, &err);
    assert_ok(study != NULL, &err);
    assert_string_equal(rg_json_text(study, "name", ""), "digits");
    assert_string_equal(rg_json_text(study, "text", ""), "study: digits\n# ünïcode\n");
    assert_string_equal(rg_json_text(study, "hash", ""), SAMPLE_HASH);
    assert_int_equal(strlen(rg_json_text(study, "created", "")), 24);
    assert_int_equal(json_integer_value(rg_json_path(study, "resolved.seed")), 7);
    assert_string_equal(json_string_value(rg_json_path(study, "environment.machine")), "one");
    json_decref(study);
    rg_ledger_close(ledger);
    assert_clean(path);
}

/* The hash of each event by the book: from its canonical JSON, without the store's own code. */
static void test_chain_by_the_book(void **state)
{
    (void)state;
    char path[64], head[RG_HEX], again[RG_HEX];
    sample_ledger(path, "chain");
    rg_err err = {0};
    rg_ledger *ledger = sample_open(path, RG_LEDGER_READ);
    json_t *events = rg_ledger_events(ledger, NULL, &err);
    assert_ok(events != NULL, &err);
    assert_int_equal(json_array_size(events), 13);
    memset(head, '0', RG_HEX - 1);
    head[RG_HEX - 1] = 0;
    size_t i;
    json_t *event;
    json_array_foreach (events, i, event) {
        char *hash = strdup(rg_json_text(event, "hash", ""));
        json_object_del(event, "hash");
        char *text = rg_json_canonical(event);
        rg_sha sha;
        rg_sha_start(&sha);
        rg_sha_add(&sha, head, RG_HEX - 1);
        rg_sha_add(&sha, text, strlen(text));
        rg_sha_end(&sha, head);
        assert_string_equal(head, hash);
        rg_free(text);
        free(hash);
    }
    rg_ledger_head(ledger, again);
    assert_string_equal(head, again);
    json_decref(events);
    events = rg_ledger_events(ledger, "seal-opened", &err);
    assert_int_equal(json_array_size(events), 1);
    json_t *body = json_object_get(json_array_get(events, 0), "body");
    assert_string_equal(rg_json_text(body, "text", ""), "half-way");
    assert_int_equal(json_array_size(json_object_get(body, "scores")), 3);
    json_decref(events);
    rg_ledger_close(ledger);
}

static void test_a_second_opening_counts_and_the_last_score_stands(void **state)
{
    (void)state;
    char path[64];
    sample_path(path, "again");
    rg_err err = {0};
    rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
    sample_append(ledger, RG_EVALUATE, "full", 0, 1);
    for (int i = 0; i < 2; i++) {
        json_t *test = json_pack("{s:i}", "accuracy", i);
        rg_score score = {"full", 0, test};
        assert_ok(rg_ledger_scores(ledger, NULL, &score, 1, &err), &err);
        json_decref(test);
    }
    assert_int_equal(sample_count(ledger, "SELECT test->>'$.accuracy' FROM run"), 1);
    assert_int_equal(
        sample_count(ledger, "SELECT count(*) FROM event WHERE kind = 'seal-opened'"), 2);
    rg_ledger_close(ledger);
    assert_clean(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_failed_record_and_odd_numbers),
        cmocka_unit_test(test_every_double_survives),
        cmocka_unit_test(test_a_record_is_written_once),
        cmocka_unit_test(test_what_a_stage_does_not_have),
        cmocka_unit_test(test_study_is_told_once),
        cmocka_unit_test(test_chain_by_the_book),
        cmocka_unit_test(test_a_second_opening_counts_and_the_last_score_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
