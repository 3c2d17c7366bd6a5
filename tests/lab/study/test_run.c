/* test_run.c - a whole study through the pool, under what can go wrong around it: memory that
 * ends at any allocation of the runner, workers that crash with whatever they are given.
 *
 * This program is its own worker: called as `test worker` it trains. */
#include "cli/command.h"
#include "rigor/protocol.h"
#include "rigor/publish.h"
#include "rigor/worker.h"
#include "support.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char text[] = "study: tiny\n"
                           "question: Does width matter?\n"
                           "data: digits\n"
                           "metric: accuracy\n"
                           "base: {model: {name: mlp, hidden: [4]}, train: {epochs: 1}}\n"
                           "arms: {full: {}, linear: {model: {name: linear}}}\n"
                           "tune: {trials: 2, space: {train.lr: {log: [1e-3, 1e-2]}}}\n"
                           "seeds: 5\n"
                           "claims: [full > linear]\n"
                           "analysis: {margin: 0.01}\n";

static const char *const crashing_worker[] = {
    "/bin/sh", "-c", "echo '@rigor {\"worker\": \"0\"}'; read line; exit 7", NULL};
static char self[4096];
static const char *const native_worker[] = {self, "worker", NULL};

/* ---- An allocator that has nothing left from some allocation on, or for a while */

typedef struct scarce {
    size_t calls, first, count; /* allocations first .. first + count - 1 fail; from 1 */
} scarce;

static void *allocate(void *ctx, void *old, size_t bytes)
{
    scarce *s = ctx;
    if (bytes == 0) {
        free(old);
        return NULL;
    }
    s->calls++;
    return s->calls >= s->first && s->calls - s->first < s->count ? NULL : realloc(old, bytes);
}

/* ---- A study in the folder `dir` */

static bool walk(const rg_study *study, const char *dir, const char *const *worker, rg_err *err)
{
    static const char *const formats[] = {"json", NULL};
    rg_arena *arena = rg_arena_new();
    rg_run_options options = {.dir = dir, .worker_argv = worker, .jobs = 2};
    rg_ledger *ledger = NULL;
    json_t *facts = NULL;
    int caught;
    bool ok = rg_ledger_open(rg_path_join(arena, dir, RG_LEDGER_FILE), RG_LEDGER_WRITE, &ledger,
                             err) &&
              rg_study_run(study, ledger, &options, NULL, &caught, err) &&
              (facts = rg_study_facts(study, ledger, err)) != NULL &&
              rg_report_write(facts, dir, formats, err);
    json_decref(facts);
    rg_ledger_close(ledger);
    rg_arena_free(arena);
    return ok;
}

static int run(const char *dir, const char *const *worker)
{
    rg_err err = {0};
    rg_diags diags = {.arena = rg_arena_new(), .file = "tiny.yaml"};
    rg_study *study = rg_study_parse(text, strlen(text), diags.file, NULL, 0, false,
                                     rg_catalog_native(), &diags);
    rg_diags_print(&diags);
    if (study && !walk(study, dir, worker, &err))
        rg_err_print(&err);
    rg_study_free(study);
    rg_vec_free(&diags);
    rg_arena_free(diags.arena);
    return study ? (int)err.code : RG_INPUT;
}

/* In a process of its own, its messages in `log`; returns the exit code.  *ret_calls, when
 * asked for: the allocations that it took. */
static int run_apart(const char *dir, const char *const *worker, scarce memory,
                     size_t *ret_calls)
{
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int log = open("log", O_WRONLY | O_CREAT | O_TRUNC, 0644);
        dup2(log, STDERR_FILENO);
        rg_allocator_set((rg_allocator){allocate, &memory});
        int code = run(dir, worker);
        if (write(ends[1], &memory.calls, sizeof(memory.calls)) < 0)
            code = RG_INTERNAL;
        exit(code);
    }
    close(ends[1]);
    size_t calls = 0;
    ssize_t n = read(ends[0], &calls, sizeof(calls));
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status))
        fail_msg("ended by signal %d", WTERMSIG(status));
    if (ret_calls && n == sizeof(calls))
        *ret_calls = calls;
    return WEXITSTATUS(status);
}

/* A file of the study's folder as text. */
static char *read_text(const char *dir, const char *name)
{
    char path[200], *content;
    size_t len;
    rg_err err = {0};
    snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "", name);
    if (!rg_file_read(path, 1 << 24, &content, &len, &err))
        fail_msg("%s: %s", path, err.what);
    return content;
}

static json_t *facts_of(const char *dir)
{
    rg_err err = {0};
    char *content = read_text(dir, "report.json");
    json_t *facts = rg_json_parse(content, strlen(content), dir, &err);
    rg_free(content);
    assert_non_null(facts);
    return facts;
}

static void begin_anew(const char *dir)
{
    rg_err err = {0};
    assert_true(rg_dir_remove(dir, &err));
    assert_true(rg_dir_make(dir, 0755, &err));
}

/* ---- Tests */

static const scarce plenty = {0};

static void the_same_figures_after_memory_ran_out(void **state)
{
    (void)state;
    size_t calls = 0, stopped = 0;
    begin_anew("calm");
    assert_int_equal(run_apart("calm", native_worker, plenty, &calls), RG_OK);
    json_t *calm = facts_of("calm");
    rg_rng rng = rg_rng_open(support_seed(), "allocations");
    for (int round = 0; round < 24; round++) {
        size_t at = 1 + (size_t)rg_rng_below(&rng, calls);
        begin_anew("scarce");
        scarce memory = {.first = at, .count = round % 2 ? 1 : SIZE_MAX};
        int code = run_apart("scarce", native_worker, memory, NULL);
        char *log = read_text("", "log");
        if (code != RG_OK && (code < RG_INPUT || code > RG_INTERNAL || !strstr(log, "rigor: ")))
            fail_msg("allocation %zu of %zu fails: exit code %d: %s", at, calls, code, log);
        stopped += code != RG_OK;
        rg_free(log);
        assert_int_equal(run_apart("scarce", native_worker, plenty, NULL), RG_OK);
        json_t *again = facts_of("scarce");
        assert_string_equal(rg_json_text(again, "fingerprint", "a"),
                            rg_json_text(calm, "fingerprint", "b"));
        json_decref(again);
    }
    print_message("%zu allocations; %zu of 24 runs were stopped by one\n", calls, stopped);
    assert_true(stopped >= 12);
    json_decref(calm);
}

/* However many crash one after another: each costs its member, none the study. */
static void workers_that_crash_are_failed_runs(void **state)
{
    (void)state;
    begin_anew("crashing");
    assert_int_equal(run_apart("crashing", crashing_worker, plenty, NULL), RG_OK);
    json_t *facts = facts_of("crashing"), *arm;
    size_t i;
    assert_string_equal(rg_json_text(facts, "status", ""), "complete");
    json_array_foreach (json_object_get(facts, "arms"), i, arm) {
        assert_int_equal(json_integer_value(json_object_get(arm, "failures")), 5);
        const json_t *first = json_array_get(json_object_get(arm, "failed"), 0);
        assert_string_equal(rg_json_text(first, "reason", ""),
                            "the worker ended with exit status 7");
    }
    const json_t *claim = json_array_get(json_object_get(facts, "claims"), 0);
    assert_string_equal(rg_json_text(claim, "verdict", ""), "inconclusive");
    json_decref(facts);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return rg_worker_main(0, NULL);
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0)
        return RG_INTERNAL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_figures_after_memory_ran_out),
        cmocka_unit_test(workers_that_crash_are_failed_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
