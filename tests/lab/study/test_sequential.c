/* test_sequential.c - a study that adds seeds until it is decided: verdicts from the interval
 * that may be looked at, whole studies to both ends, the same facts whatever interrupts them,
 * and every look taken again by verify.
 *
 * This program is its own worker: called as `test worker` it trains. */
#include "cli/command.h"
#include "lab/store/tamper.h"
#include "rigor/bayes.h"
#include "rigor/protocol.h"
#include "rigor/publish.h"
#include "rigor/stats.h"
#include "rigor/worker.h"
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[4096];
static const char *const native_worker[] = {self, "worker", NULL};

/* ---- Verdicts over scores */

enum { MOST = 40 };
typedef struct table { /* scores of A and B */
    double a[MOST], b[MOST];
    uint64_t seed[MOST];
    size_t n;
} table;

static json_t *verdicts(const table *t, const rg_claim *claims, size_t n_claims,
                        rg_analysis analysis, bool maximize)
{
    rg_scores arms[] = {{.arm = "A", .count = t->n, .seed = t->seed, .value = t->a},
                        {.arm = "B", .count = t->n, .seed = t->seed, .value = t->b}};
    rg_verdict_options options = {.metric = "score",
                                  .maximize = maximize,
                                  .analysis = analysis,
                                  .test_over_train = NAN,
                                  .sequential = true,
                                  .seeds_max = MOST};
    return rg_verdicts(arms, 2, claims, n_claims, &options);
}

static const rg_claim better = {"A > B", 0, 1, RG_BETTER};
static const rg_claim equal = {"A = B", 0, 1, RG_EQUAL};
static const rg_claim not_worse = {"A >= B", 0, 1, RG_NOT_WORSE};

static table draw(rg_rng *rng, size_t n, double effect)
{
    table t = {.n = n};
    for (size_t i = 0; i < n; i++) {
        t.seed[i] = i + 1;
        t.b[i] = rg_rng_normal(rng);
        t.a[i] = t.b[i] + effect + rg_rng_normal(rng);
    }
    return t;
}

static const char *verdict_of(const json_t *list, size_t i)
{
    return rg_json_text(json_array_get(list, i), "verdict", "");
}

static double anytime(const json_t *list, size_t i, const char *key)
{
    const json_t *claim = json_array_get(list, i);
    return rg_json_number(json_object_get(json_object_get(claim, "anytime"), key), NAN);
}

/* For any data: supported or refuted exactly when E >= m / alpha. */
static void test_the_evidence_decides(void **state)
{
    (void)state;
    uint64_t seed = support_seed();
    rg_rng rng = rg_rng_open(seed, "verdicts");
    const rg_claim claims[] = {better, not_worse, equal};
    rg_analysis analysis = {.alpha = .05, .margin = .5};
    size_t decided = 0;
    for (int round = 0; round < 300; round++) {
        table t = draw(&rng, 5 + (size_t)rg_rng_below(&rng, 16), 3 * rg_rng_unit(&rng) - 1.5);
        double d[MOST];
        bool maximize = round % 2;
        rg_differences(t.a, t.b, t.n, d);
        json_t *list = verdicts(&t, claims, 3, analysis, maximize);
        double e = rg_t_evidence(d, t.n, 0, 1);
        bool ahead = (rg_t_test(d, t.n, 0, .05).mean > 0) == maximize;
        const char *expected = e < 60 ? "inconclusive" : ahead ? "supported" : "refuted";
        const char *verdict = verdict_of(list, 0);
        decided += e >= 60;
        if (strcmp(verdict, "equivalent") != 0 && strcmp(verdict, expected) != 0)
            fail_msg("seed %llu, round %d: E = %g, but %s", (unsigned long long)seed, round, e,
                     verdict);
        assert_close(anytime(list, 0, "evidence"), e, 1e-12);
        assert_close(anytime(list, 0, "threshold"), 60, 1e-12);
        double loss = rg_t_evidence(d, t.n, maximize ? -.5 : .5, 1);
        assert_close(anytime(list, 1, "evidence"), loss, 1e-9);
        assert_int_equal(strcmp(verdict_of(list, 1), "inconclusive") != 0, loss >= 60);
        double other = rg_t_evidence(d, t.n, maximize ? .5 : -.5, 1);
        assert_int_equal(strcmp(verdict_of(list, 2), "inconclusive") != 0,
                         fmin(loss, other) >= 60);
        json_decref(list);
    }
    assert_in_range(decided, 30, 270);
}

static void test_without_correction_each_claim_has_its_own_alpha(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(1, "correction");
    table t = draw(&rng, 10, 1);
    const rg_claim claims[] = {better, not_worse};
    rg_analysis analysis = {.alpha = .05, .margin = .5, .correction = RG_NO_CORRECTION};
    json_t *list = verdicts(&t, claims, 2, analysis, true);
    assert_close(anytime(list, 0, "threshold"), 20, 1e-12);
    json_decref(list);
}

/* What fixed n would call significant is not decided by being looked at. */
static void test_a_small_p_is_not_enough(void **state)
{
    (void)state;
    table t = {.a = {1, 2, 3, 4, 2.5}, .b = {0, 0, 0, 0, 0}, .seed = {1, 2, 3, 4, 5}, .n = 5};
    json_t *list = verdicts(&t, &better, 1, (rg_analysis){.alpha = .05, .margin = NAN}, true);
    const json_t *claim = json_array_get(list, 0);
    assert_string_equal(verdict_of(list, 0), "inconclusive");
    assert_true(rg_json_number(json_object_get(claim, "p"), NAN) < .05);
    assert_true(rg_json_number(json_object_get(claim, "p_corrected"), NAN) > .05);
    assert_string_equal(rg_json_text(claim, "situation", ""), "sequential");
    assert_string_equal(rg_json_text(json_object_get(claim, "methods"), "decides", ""),
                        "e-process");
    json_decref(list);
}

static void test_odd_scores_are_never_decided(void **state)
{
    (void)state;
    rg_analysis analysis = {.alpha = .05, .margin = 2};
    const rg_claim claims[] = {better, not_worse, equal};
    table odd[4] = {{.n = 0}, {.n = 1}, {.n = 9}, {.n = 9}};
    for (size_t i = 0; i < MOST; i++)
        odd[2].seed[i] = odd[3].seed[i] = odd[1].seed[i] = i;
    for (size_t i = 0; i < 9; i++) {
        odd[2].a[i] = 1; /* no spread */
        odd[3].a[i] = i == 3 ? NAN : 5 + (double)i;
    }
    for (size_t k = 0; k < RG_COUNT(odd); k++) {
        json_t *list = verdicts(&odd[k], claims, 3, analysis, true);
        for (size_t i = 0; i < 3; i++) {
            assert_string_equal(verdict_of(list, i), "inconclusive");
            assert_true(*rg_json_text(json_array_get(list, i), "sentence", ""));
            assert_null(strstr(rg_json_text(json_array_get(list, i), "sentence", ""), "nan"));
            assert_null(strstr(rg_json_text(json_array_get(list, i), "sentence", ""), "null"));
        }
        json_decref(list);
    }
}

/* Whole studies without an effect: three claims, a look after every seed from 5 to 12. */
static void test_the_level_of_whole_studies(void **state)
{
    (void)state;
    rg_rng rng = rg_rng_open(support_seed(), "studies");
    enum { STUDIES = 150 };
    static const rg_claim claims[] = {
        {"A > B", 0, 1, RG_BETTER}, {"A > C", 0, 2, RG_BETTER}, {"B > C", 1, 2, RG_BETTER}};
    rg_verdict_options options = {.metric = "score",
                                  .maximize = true,
                                  .analysis = {.alpha = .05, .margin = NAN},
                                  .sequential = true,
                                  .seeds_max = 12};
    int wrong = 0;
    for (int i = 0; i < STUDIES; i++) {
        static const uint64_t seed[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
        static const char *const names[] = {"A", "B", "C"};
        double value[3][12];
        for (size_t k = 0; k < 36; k++)
            value[k / 12][k % 12] = rg_rng_normal(&rng);
        bool any = false;
        for (size_t n = 5; n <= 12 && !any; n++) {
            rg_scores arms[3];
            for (size_t a = 0; a < 3; a++)
                arms[a] =
                    (rg_scores){.arm = names[a], .count = n, .seed = seed, .value = value[a]};
            json_t *list = rg_verdicts(arms, 3, claims, 3, &options);
            for (size_t c = 0; c < 3; c++)
                any |= strcmp(verdict_of(list, c), "inconclusive") != 0;
            json_decref(list);
        }
        wrong += any;
    }
    print_message("%d of %d studies without an effect found one\n", wrong, STUDIES);
    assert_true(wrong < .05 * STUDIES);
}

/* ---- Whole studies */

static const char early[] = "study: early\n"
                            "data: digits\n"
                            "metric: accuracy\n"
                            "base: {model: {name: mlp, hidden: [32]}, train: {epochs: 4}}\n"
                            "arms: {full: {}, tiny: {model.hidden: [1]}}\n"
                            "seeds: {min: 5, max: 30, until: decided}\n"
                            "claims: [full > tiny]\n";
static const char late[] = "study: late\n"
                           "data: digits\n"
                           "metric: accuracy\n"
                           "base: {model: {name: mlp, hidden: [8]}, train: {epochs: 2}}\n"
                           "arms: {full: {}, dropout: {model.dropout: 0.001}}\n"
                           "seeds: {min: 5, max: 11, step: 2, until: decided}\n"
                           "claims: [full > dropout]\n";

static rg_study *parse(const char *text)
{
    rg_diags diags = {.arena = rg_arena_new(), .file = "study.yaml"};
    rg_study *study = rg_study_parse(text, strlen(text), diags.file, NULL, 0, false,
                                     rg_catalog_native(), &diags);
    rg_diags_print(&diags);
    rg_vec_free(&diags);
    rg_arena_free(diags.arena);
    assert_non_null(study);
    return study;
}

static rg_ledger *open_ledger(const char *dir, rg_ledger_mode mode)
{
    rg_err err = {0};
    rg_ledger *ledger = NULL;
    char path[300];
    snprintf(path, sizeof(path), "%s/%s", dir, RG_LEDGER_FILE);
    if (!rg_ledger_open(path, mode, &ledger, &err))
        fail_msg("%s", err.what);
    return ledger;
}

static const char *const *worker = native_worker;

static bool walk(const char *text, const char *dir, int jobs)
{
    rg_err err = {0};
    int caught;
    rg_study *study = parse(text);
    rg_ledger *ledger = open_ledger(dir, RG_LEDGER_WRITE);
    rg_run_options options = {.dir = dir, .worker_argv = worker, .jobs = jobs};
    bool ok = rg_study_run(study, ledger, &options, NULL, &caught, &err);
    if (ok)
        json_decref(rg_study_facts(study, ledger, &err));
    if (!ok)
        rg_err_print(&err);
    rg_ledger_close(ledger);
    rg_study_free(study);
    return ok;
}

static void begin_anew(const char *dir)
{
    rg_err err = {0};
    assert_true(rg_dir_remove(dir, &err));
    assert_true(rg_dir_make(dir, 0755, &err));
}

static json_t *facts_of(const char *text, const char *dir)
{
    rg_err err = {0};
    rg_study *study = parse(text);
    rg_ledger *ledger = open_ledger(dir, RG_LEDGER_READ);
    json_t *facts = rg_facts_build(study, ledger, &err);
    assert_non_null(facts);
    rg_ledger_close(ledger);
    rg_study_free(study);
    return facts;
}

static const char *check_of(const json_t *report, const char *name, const char *key)
{
    size_t i;
    json_t *check;
    json_array_foreach (json_object_get(report, "checks"), i, check)
        if (strcmp(rg_json_text(check, "name", ""), name) == 0)
            return rg_json_text(check, key, "");
    return "";
}

static json_t *verify(const char *text, const char *dir)
{
    rg_err err = {0};
    json_t *report = NULL;
    rg_study *study = parse(text);
    rg_ledger *ledger = open_ledger(dir, RG_LEDGER_READ);
    assert_true(rg_study_verify(study, ledger, dir, NULL, &report, &err));
    rg_ledger_close(ledger);
    rg_study_free(study);
    return report;
}

static void assert_verified(const char *text, const char *dir)
{
    json_t *report = verify(text, dir);
    if (!json_is_true(json_object_get(report, "ok"))) {
        char *dump = json_dumps(report, JSON_INDENT(1));
        fail_msg("%s", dump);
    }
    json_decref(report);
}

static long long whole(const json_t *facts, const char *path)
{
    return (long long)json_integer_value(rg_json_path(facts, path));
}

static void assert_same_facts(const char *text, const char *dir, const char *fingerprint)
{
    json_t *facts = facts_of(text, dir);
    assert_string_equal(rg_json_text(facts, "fingerprint", ""), fingerprint);
    json_decref(facts);
}

static void check_end(const char *text, const char *dir, const char *end, size_t least,
                      size_t most)
{
    begin_anew(dir);
    assert_true(walk(text, dir, 2));
    json_t *facts = facts_of(text, dir), *arm;
    const json_t *sequential = json_object_get(facts, "sequential");
    long long seeds = whole(sequential, "seeds");
    size_t i;
    assert_string_equal(rg_json_text(facts, "status", ""), "complete");
    assert_string_equal(rg_json_text(sequential, "end", ""), end);
    assert_in_range(seeds, least, most);
    json_array_foreach (json_object_get(facts, "arms"), i, arm)
        assert_int_equal(json_array_size(json_object_get(arm, "seeds")), seeds);
    assert_int_equal(whole(facts, "stages.evaluate.done"), 2 * seeds);
    assert_int_equal(whole(facts, "stages.evaluate.total"), 2 * seeds);
    assert_int_equal(whole(facts, "seal.openings"), 1);
    assert_int_equal(json_array_size(json_object_get(facts, "marks")), 0);
    json_decref(facts);
    assert_verified(text, dir);
}

static void test_a_clear_difference_ends_early(void **state)
{
    (void)state;
    check_end(early, "early", "decided", 5, 12);
    json_t *facts = facts_of(early, "early");
    const json_t *claims = json_object_get(facts, "claims");
    assert_string_equal(verdict_of(claims, 0), "supported");
    assert_true(anytime(claims, 0, "evidence") >= 20);
    const char *methods = rg_json_text(facts, "methods", "");
    assert_non_null(strstr(methods, "Seeds were added to all arms, 1 at a time from 5 on"));
    assert_non_null(strstr(methods, "t e-process"));
    assert_null(strstr(methods, "paired t test"));
    json_decref(facts);
}

static void test_no_difference_goes_to_the_end(void **state)
{
    (void)state;
    check_end(late, "late", "max", 11, 11);
    json_t *facts = facts_of(late, "late"), *look;
    size_t i;
    static const long long seeds[] = {5, 7, 9, 11};
    assert_string_equal(verdict_of(json_object_get(facts, "claims"), 0), "inconclusive");
    assert_int_equal(json_array_size(rg_json_path(facts, "sequential.looks")), 4);
    json_array_foreach (rg_json_path(facts, "sequential.looks"), i, look)
        assert_int_equal(whole(look, "seeds"), seeds[i]);
    json_decref(facts);
}

static void test_jobs_change_nothing(void **state)
{
    (void)state;
    json_t *facts = facts_of(late, "late");
    begin_anew("alone");
    assert_true(walk(late, "alone", 1));
    assert_same_facts(late, "alone", rg_json_text(facts, "fingerprint", ""));
    json_decref(facts);
}

/* A study that was cut off is verified as far as it went, runs that no look has seen included. */
static void check_cut_off(const char *text, const char *dir)
{
    char path[300];
    rg_err err = {0};
    snprintf(path, sizeof(path), "%s/%s", dir, RG_LEDGER_FILE);
    rg_ledger *ledger = NULL;
    if (!rg_file_exists(path) || !rg_ledger_open(path, RG_LEDGER_READ, &ledger, &err))
        return; /* killed before there was a ledger */
    json_t *split = rg_ledger_newest(ledger, "split", &err);
    rg_ledger_close(ledger);
    if (split)
        assert_verified(text, dir);
    json_decref(split);
}

/* kill -9 at any instant, again and again, until the study is complete. */
static void test_kills_change_nothing(void **state)
{
    (void)state;
    json_t *facts = facts_of(late, "late");
    rg_rng rng = rg_rng_open(support_seed(), "kills");
    int kills = 0;
    begin_anew("killed");
    for (bool done = false; !done;) {
        int status;
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            dup2(open("log", O_WRONLY | O_CREAT | O_TRUNC, 0644), STDERR_FILENO);
            _exit(walk(late, "killed", 2) ? 0 : 1);
        }
        /* Ever longer, so that it ends whatever the machine is like. */
        usleep((useconds_t)rg_rng_below(&rng, 100000 + 40000 * (uint64_t)kills));
        done = waitpid(child, &status, WNOHANG) == child;
        if (!done) {
            kill(child, SIGKILL);
            assert_int_equal(waitpid(child, &status, 0), child);
            kills++;
            check_cut_off(late, "killed");
        } else {
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
    }
    print_message("complete after %d kills\n", kills);
    assert_same_facts(late, "killed", rg_json_text(facts, "fingerprint", ""));
    assert_verified(late, "killed");
    json_decref(facts);
}

/* Runs that fail in both arms show nothing: no look is the wiser, and the study goes to its end. */
static void test_failures_decide_nothing(void **state)
{
    (void)state;
    static const char *const crashing[] = {
        "/bin/sh", "-c", "echo '@rigor {\"worker\": \"0\"}'; read line; exit 7", NULL};
    begin_anew("crashing");
    worker = crashing;
    assert_true(walk(late, "crashing", 2));
    worker = native_worker;
    json_t *facts = facts_of(late, "crashing");
    assert_string_equal(rg_json_text(facts, "status", ""), "complete");
    assert_string_equal(rg_json_text(rg_json_path(facts, "sequential"), "end", ""), "max");
    assert_int_equal(whole(facts, "stages.evaluate.failed"), 22);
    assert_string_equal(verdict_of(json_object_get(facts, "claims"), 0), "inconclusive");
    json_decref(facts);
    assert_verified(late, "crashing");
}

/* ---- Looks that are not what the scores say */

/* Appends a look to the ledger by its own means, so that its chain holds. */
static void forge(const char *dir, json_t *look)
{
    rg_err err = {0};
    rg_ledger *ledger = open_ledger(dir, RG_LEDGER_WRITE);
    assert_non_null(look);
    assert_true(rg_ledger_look(ledger, look, NULL, 0, &err));
    rg_ledger_close(ledger);
    json_decref(look);
}

static void assert_look_found(const char *text, const char *dir)
{
    json_t *report = verify(text, dir);
    assert_string_equal(check_of(report, "ledger", "status"), "pass");
    assert_string_equal(check_of(report, "looks", "status"), "fail");
    assert_non_null(strstr(check_of(report, "looks", "detail"), "does not follow"));
    json_decref(report);
}

static void test_a_look_behind_the_end_is_found(void **state)
{
    (void)state;
    forge("late", json_pack("{s:i, s:[], s:s}", "seeds", 11, "claims", "end", "max"));
    assert_look_found(late, "late");
}

/* The evidence is raised and the study declared decided: the last look with other figures. */
static void test_a_look_with_other_evidence_is_found(void **state)
{
    (void)state;
    rg_err err = {0};
    begin_anew("forged");
    assert_true(walk(early, "forged", 2));
    rg_ledger *ledger = open_ledger("forged", RG_LEDGER_READ);
    json_t *look = rg_ledger_newest(ledger, "looked", &err);
    rg_ledger_close(ledger);
    json_object_del(look, "scores");
    json_t *claim = json_array_get(json_object_get(look, "claims"), 0);
    json_object_set_new(claim, "evidence", json_real(1e6));
    forge("forged", look);
    assert_look_found(early, "forged");
}

static void test_an_altered_look_breaks_the_chain(void **state)
{
    (void)state;
    begin_anew("altered");
    assert_true(walk(early, "altered", 2));
    tamper("altered/" RG_LEDGER_FILE,
           "UPDATE event SET body = replace(body, '\"end\":\"decided\"', '\"end\":\"max\"') "
           "WHERE kind = 'looked'");
    json_t *report = verify(early, "altered");
    assert_string_equal(check_of(report, "ledger", "status"), "fail");
    assert_string_equal(check_of(report, "looks", "status"), "fail");
    json_decref(report);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return rg_worker_main(0, NULL);
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0)
        return RG_INTERNAL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_evidence_decides),
        cmocka_unit_test(test_without_correction_each_claim_has_its_own_alpha),
        cmocka_unit_test(test_a_small_p_is_not_enough),
        cmocka_unit_test(test_odd_scores_are_never_decided),
        cmocka_unit_test(test_the_level_of_whole_studies),
        cmocka_unit_test(test_a_clear_difference_ends_early),
        cmocka_unit_test(test_no_difference_goes_to_the_end),
        cmocka_unit_test(test_jobs_change_nothing),
        cmocka_unit_test(test_kills_change_nothing),
        cmocka_unit_test(test_failures_decide_nothing),
        cmocka_unit_test(test_a_look_behind_the_end_is_found),
        cmocka_unit_test(test_a_look_with_other_evidence_is_found),
        cmocka_unit_test(test_an_altered_look_breaks_the_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
