/* test_query.c - a query reads, and does nothing else. */
#include "sample.h"

#include <signal.h>
#include <sys/time.h>

static char path[64];

static int make_ledger(void **state)
{
    (void)state;
    sample_ledger(path, "query");
    return 0;
}

static void assert_answer(rg_ledger *ledger, const char *sql, const char *expected)
{
    rg_err err = {0};
    json_t *answer = rg_ledger_query(ledger, sql, &err);
    assert_ok(answer != NULL, &err);
    char *text = rg_json_canonical(answer);
    assert_string_equal(text, expected);
    rg_free(text);
    json_decref(answer);
}

static void assert_refused(rg_ledger *ledger, const char *sql, const char *what)
{
    rg_err err = {0};
    json_t *answer = rg_ledger_query(ledger, sql, &err);
    assert_null(answer);
    assert_int_equal(err.code, RG_INPUT);
    if (!strstr(err.what, what))
        fail_msg("%s: expected \"%s\", got \"%s\"", sql, what, err.what);
}

static const rg_ledger_mode modes[] = {RG_LEDGER_READ, RG_LEDGER_WRITE};

static void test_answers(void **state)
{
    (void)state;
    for (size_t m = 0; m < RG_COUNT(modes); m++) {
        rg_ledger *ledger = sample_open(path, modes[m]);
        assert_answer(
            ledger,
            "SELECT arm, number, validation->>'$.accuracy' AS accuracy FROM trial "
            "WHERE number < 2 ORDER BY arm DESC, number; -- and a comment",
            "{\"columns\":[\"arm\",\"number\",\"accuracy\"],\"rows\":[[\"full\",0,0.9],"
            "[\"full\",1,0.901],[\"bare\",0,0.9],[\"bare\",1,0.901]]}");
        assert_answer(ledger, "SELECT NULL, 1, 1.0, 9e999, -9e999, 'ü', x'00ff', '' WHERE 1",
                      "{\"columns\":[\"NULL\",\"1\",\"1.0\",\"9e999\",\"-9e999\",\"'ü'\","
                      "\"x'00ff'\",\"''\"],\"rows\":[[null,1,1.0,\"inf\",\"-inf\",\"ü\","
                      "\"x'00ff'\",\"\"]]}");
        assert_answer(ledger, "SELECT CAST(x'ff41' AS TEXT) AS t",
                      "{\"columns\":[\"t\"],\"rows\":[[\"x'ff41'\"]]}");
        assert_answer(
            ledger, "SELECT * FROM trial WHERE arm = 'none'",
            "{\"columns\":[\"arm\",\"number\",\"seed\",\"failed\",\"reason\",\"point\","
            "\"config\",\"validation\",\"resources\",\"event\"],\"rows\":[]}");
        assert_answer(ledger, "SELECT name FROM pragma_table_info('prediction_set')",
                      "{\"columns\":[\"name\"],\"rows\":[[\"arm\"],[\"number\"],[\"path\"],"
                      "[\"sha256\"]]}");
        assert_answer(ledger,
                      "SELECT j.key, j.value FROM trial, json_each(trial.point) AS j "
                      "WHERE arm = 'full' AND number = 1",
                      "{\"columns\":[\"key\",\"value\"],\"rows\":[[\"train.lr\",0.003]]}");
        assert_answer(ledger,
                      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
                      "i < 3) SELECT sum(i) AS s FROM n",
                      "{\"columns\":[\"s\"],\"rows\":[[6]]}");
        rg_ledger_close(ledger);
    }
}

static void test_nothing_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *what;
    } cases[] = {
        {"DELETE FROM trial", "only reads"},
        {"UPDATE trial SET seed = 1", "only reads"},
        {"INSERT INTO arm VALUES (9, 'x', NULL, 1)", "only reads"},
        {"DROP TABLE metric", "only reads"},
        {"CREATE TEMP TABLE t (x)", "only reads"},
        {"CREATE VIEW v AS SELECT 1", "only reads"},
        {"ATTACH 'stolen.sqlite' AS s", "only reads"},
        {"VACUUM INTO 'copy.sqlite'", "only reads"},
        {"BEGIN", "only reads"},
        {"COMMIT", "only reads"},
        {"PRAGMA journal_mode = DELETE", "only reads"},
        {"PRAGMA writable_schema = ON", "only reads"},
        {"PRAGMA query_only = OFF", "only reads"},
        {"UPDATE sqlite_schema SET sql = ''", "may not be modified"},
        {"PRAGMA table_info(trial); DROP TABLE trial", "more than one"},
        {"REINDEX", "only reads"},
        {"ANALYZE", "only reads"},
        {"SELECT load_extension('x')", "not authorized"},
        {"SELECT 1; DELETE FROM trial", "more than one statement"},
        {"SELECT 1; SELECT 2", "more than one statement"},
        {"SELECT 1; nonsense", "more than one statement"},
        {"", "empty"},
        {" -- nothing\n", "empty"},
        {"SELEC 1", "syntax error"},
        {"SELECT * FROM trials", "no such table: trials"},
        {"SELECT score FROM trial", "no such column: score"},
        {"SELECT json_extract('{', '$')", "malformed JSON"},
    };
    for (size_t m = 0; m < RG_COUNT(modes); m++) {
        rg_ledger *ledger = sample_open(path, modes[m]);
        for (size_t i = 0; i < RG_COUNT(cases); i++)
            assert_refused(ledger, cases[i].sql, cases[i].what);
        assert_int_equal(sample_count(ledger, "SELECT count(*) FROM trial"), 6);
        if (modes[m] == RG_LEDGER_WRITE) { /* what refused a query lets the ledger write */
            rg_err err = {0};
            assert_ok(rg_ledger_event(ledger, "note", NULL, &err), &err);
        }
        rg_ledger_close(ledger);
    }
    assert_false(rg_file_exists("stolen.sqlite"));
    assert_false(rg_file_exists("copy.sqlite"));
    assert_clean(path);
}

static void test_the_hint_lists_the_tables(void **state)
{
    (void)state;
    rg_ledger *ledger = sample_open(path, RG_LEDGER_READ);
    rg_err err = {0};
    assert_null(rg_ledger_query(ledger, "SELECT * FROM runs", &err));
    json_t *tables = rg_ledger_query(
        ledger, "SELECT name FROM sqlite_schema WHERE type = 'table'", &(rg_err){0});
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get(tables, "rows"), i, row) {
        const char *name = json_string_value(json_array_get(row, 0));
        if (!strstr(err.remedy, name))
            fail_msg("the hint lacks %s: %s", name, err.remedy);
    }
    assert_int_equal(i, 8);
    json_decref(tables);
    rg_ledger_close(ledger);
}

static const char endless[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

static rg_ledger *asked;

static void interrupt(int signal_number)
{
    (void)signal_number;
    rg_ledger_interrupt(asked);
}

/* Interrupts again and again: the first time may come before there is anything to interrupt. */
static void interrupt_every(int milliseconds)
{
    static void (*before)(int);
    const struct timeval period = {.tv_usec = milliseconds * 1000};
    const struct itimerval timer = {.it_interval = period, .it_value = period};
    if (milliseconds)
        before = signal(SIGALRM, interrupt);
    setitimer(ITIMER_REAL, &timer, NULL);
    if (!milliseconds)
        signal(SIGALRM, before);
}

static void test_an_endless_query_is_interrupted(void **state)
{
    (void)state;
    asked = sample_open(path, RG_LEDGER_WRITE);
    rg_ledger_interrupt(asked); /* with nothing in progress it means nothing */
    rg_err err = {0};
    assert_ok(rg_ledger_event(asked, "note", NULL, &err), &err);
    interrupt_every(200);
    assert_refused(asked, endless, "interrupted");
    interrupt_every(0);
    assert_int_equal(sample_count(asked, "SELECT count(*) FROM run"), 4);
    assert_ok(rg_ledger_event(asked, "note", NULL, &err), &err);
    rg_ledger_close(asked);
}

static void test_a_verification_is_interrupted(void **state)
{
    (void)state;
    char large[64];
    sample_path(large, "large");
    asked = sample_open(large, RG_LEDGER_WRITE);
    sample_append(asked, RG_TUNE, "full", 0, 40000);
    interrupt_every(5);
    json_t *problems = json_array();
    rg_err err = {0};
    assert_false(rg_ledger_verify(asked, problems, &err));
    assert_string_equal(err.what, "the check was interrupted");
    assert_int_equal(json_array_size(problems), 0);
    interrupt_every(0);
    err = (rg_err){0};
    assert_ok(rg_ledger_verify(asked, problems, &err), &err); /* and goes on being usable */
    json_decref(problems);
    rg_ledger_close(asked);
}

static void test_too_many_rows(void **state)
{
    (void)state;
    rg_ledger *ledger = sample_open(path, RG_LEDGER_READ);
    assert_refused(ledger,
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                   "SELECT i FROM n",
                   "more than 1000000 rows");
    rg_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_nothing_is_written),
        cmocka_unit_test(test_the_hint_lists_the_tables),
        cmocka_unit_test(test_an_endless_query_is_interrupted),
        cmocka_unit_test(test_a_verification_is_interrupted),
        cmocka_unit_test(test_too_many_rows),
    };
    return cmocka_run_group_tests(tests, make_ledger, NULL);
}
