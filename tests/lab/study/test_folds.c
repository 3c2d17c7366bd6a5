/* test_folds.c - a study whose data is cut several times: numbers and names, the study file, scores,
 * and a whole study with its proof.
 *
 * This program is its own worker: called as `test worker` it trains. */
#include "cli/command.h"
#include "lab/study/reach.h"
#include "lab/study/rerun.h"
#include "lab/study/split_folds.h"
#include "rigor/publish.h"
#include "rigor/report.h"
#include "rigor/stats.h"
#include "rigor/worker.h"
#include "support.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDS 5
static const char text[] = "study: folded\n"
                           "question: Does width matter?\n"
                           "data: {name: digits, split: {folds: 5}}\n"
                           "metric: accuracy\n"
                           "base: {model: {name: mlp, hidden: [6]}, train: {epochs: 2}}\n"
                           "arms: {full: {}, linear: {model: {name: linear}}}\n"
                           "seeds: 2\n"
                           "claims: [full > linear]\n";

static char self[4096];
static const char *const native_worker[] = {self, "worker", NULL};

static rg_study *parse(rg_arena *arena, const char *with)
{
    rg_diags diags = {.arena = arena, .file = "folded.yaml"};
    rg_study *study = rg_study_parse(text, strlen(text), diags.file, &with, with ? 1 : 0, true,
                                     rg_catalog_native(), &diags);
    rg_diags_print(&diags);
    assert_non_null(study);
    rg_vec_free(&diags);
    return study;
}

/* ---- Numbers and names */

static void runs_are_numbered_seed_by_seed(void **state)
{
    (void)state;
    rg_arena *arena = rg_arena_new();
    rg_study *folds = parse(arena, NULL), *one = parse(arena, "~data.split.folds");
    assert_int_equal(rg_study_runs(folds, 2), 10);
    assert_int_equal(rg_study_runs(one, 2), 2);
    for (size_t number = 0; number < 10; number++) {
        assert_int_equal(rg_study_fold_of(folds, number), number % FOLDS + 1);
        assert_int_equal(rg_study_seed_of(folds, number), 1001 + number / FOLDS);
    }
    assert_int_equal(rg_study_fold_of(one, 1), 0);
    assert_int_equal(rg_study_seed_of(one, 1), 1002);
    rg_study_free(folds);
    rg_study_free(one);
    rg_arena_free(arena);
}

static void files_have_their_fold_in_their_names(void **state)
{
    (void)state;
    rg_arena *arena = rg_arena_new();
    assert_string_equal(rg_parts_path(arena, 0), "data");
    assert_string_equal(rg_parts_path(arena, 2), "data/fold-2");
    assert_string_equal(rg_labels_path(arena, 0), RG_LABELS_FILE);
    assert_string_equal(rg_labels_path(arena, 3), "sealed/fold-3/labels.npz");
    assert_string_equal(rg_split_path(arena, "labels.npz"), "sealed/labels.npz");
    assert_string_equal(rg_split_path(arena, "fold-4/labels.npz"), "sealed/fold-4/labels.npz");
    assert_string_equal(rg_split_path(arena, "fold-4/val.csv"), "data/fold-4/val.csv");
    assert_string_equal(rg_predictions_path(arena, "a", 7, 0), "predictions/a-7.npz");
    assert_string_equal(rg_predictions_path(arena, "a", 7, 2), "predictions/a-7-f2.npz");
    rg_arena_free(arena);
    char name[RG_RECORD_NAME];
    rg_record run = {.stage = RG_EVALUATE, .arm = "a", .number = 6, .fold = 2, .seed = 7};
    rg_record_name(&run, name);
    assert_string_equal(name, "a@7-f2");
}

/* ---- The study file */

static void what_is_not_given_is_not_recorded(void **state)
{
    (void)state;
    rg_arena *arena = rg_arena_new();
    rg_study *folds = parse(arena, NULL), *one = parse(arena, "~data.split.folds");
    assert_null(rg_json_path(one->resolved, "data.split.folds"));
    assert_int_equal(json_integer_value(rg_json_path(folds->resolved, "data.split.folds")), 5);
    assert_true(folds->split.stratify);
    assert_true(folds->split.train == .75 && folds->split.val == .25 && folds->split.test == 0);
    rg_study *usual = parse(arena, "~seeds");
    assert_int_equal(usual->n_seeds, 1);
    rg_study_free(folds);
    rg_study_free(one);
    rg_study_free(usual);
    rg_arena_free(arena);
}

/* A fifth of the rows to test, three quarters of the rest to train: 1 to 3.  By time the windows
 * grow: 1/f to 0.75, and the mean of 1/1 ... 1/5 is 137/300. */
static void the_ratio_is_that_of_the_split(void **state)
{
    (void)state;
    rg_arena *arena = rg_arena_new();
    rg_study *study = parse(arena, NULL), *one = parse(arena, "~data.split.folds");
    assert_close(rg_study_test_over_train(study), 1. / 3, 1e-15);
    rg_study by_time = *study;
    by_time.split.time = "date";
    assert_close(rg_study_test_over_train(&by_time), 137. / 300 / .75, 1e-15);
    assert_true(isnan(rg_study_test_over_train(one)));
    json_t *plan = rg_study_plan(study);
    assert_int_equal(json_integer_value(json_object_get(plan, "runs")), 20);
    assert_close(json_real_value(json_object_get(plan, "mde_sd")),
                 rg_detectable_effect(5, .05) * sqrt(1 + 5. / 3), 1e-12);
    json_decref(plan);
    rg_study_free(study);
    rg_study_free(one);
    rg_arena_free(arena);
}

/* ---- Scores: one a fold, the mean over its seeds */

static void a_fold_has_one_score(void **state)
{
    (void)state;
    rg_arena *arena = rg_arena_new();
    rg_study *study = parse(arena, NULL);
    rg_record records[20];
    for (size_t i = 0; i < 20; i++)
        records[i] = (rg_record){
            .stage = RG_EVALUATE,
            .arm = i < 10 ? "full" : "linear",
            .number = i % 10,
            .fold = i % FOLDS + 1,
            .seed = 1001 + i % 10 / FOLDS,
            .failed = i == 8, /* the second seed on fold 4 */
            .test = json_pack("{s:f}", "accuracy",
                              .1 * (double)(i % FOLDS) + (i % 10 < FOLDS ? 0 : .02))};
    rg_scores *scores = rg_study_scores(study, records, 20, 2, arena);
    for (size_t a = 0; a < 2; a++) {
        assert_int_equal(scores[a].count, FOLDS);
        for (size_t f = 0; f < FOLDS; f++) {
            bool failed = a == 0 && f == 3; /* counts as 0 */
            assert_int_equal(scores[a].fold[f], f + 1);
            assert_int_equal(scores[a].failed[f], failed);
            assert_close(scores[a].value[f], failed ? .15 : .1 * (double)f + .01, 1e-12);
        }
    }
    for (size_t i = 0; i < 20; i++)
        json_decref(records[i].test);
    rg_study_free(study);
    rg_arena_free(arena);
}

/* ---- What is kept from a run */

static bool hides(const json_t *list, const char *path)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item)
        if (strcmp(json_string_value(item), path) == 0)
            return true;
    return false;
}

static void other_folds_are_out_of_reach(void **state)
{
    (void)state;
    rg_err err = {0};
    rg_arena *arena = rg_arena_new();
    rg_study *folds = parse(arena, NULL), *one = parse(arena, "~data.split.folds");
    rg_dir_remove("beside", &err); /* of an earlier run */
    err = (rg_err){0};
    assert_true(rg_dir_make("beside/folded/data/fold-1", 0755, &err));
    assert_true(rg_dir_make("beside/folded/sealed", 0755, &err));
    assert_true(rg_dir_make("beside/plain/data", 0755, &err));
    assert_true(rg_dir_make("beside/plain/sealed", 0755, &err));
    json_t *whole = rg_out_of_reach(folds, "beside/folded", NULL, 2);
    assert_true(hides(whole, "beside")); /* nothing but studies lies there */
    assert_false(hides(whole, "beside/plain"));
    assert_true(rg_dir_make("beside/notes", 0755, &err));
    json_t *own = rg_out_of_reach(folds, "beside/folded", NULL, 2);
    assert_false(hides(own, "beside"));
    assert_true(hides(own, "beside/folded/sealed"));
    assert_false(hides(own, "beside/folded/data/fold-2"));
    for (int f = 1; f <= FOLDS; f++)
        if (f != 2)
            assert_true(hides(own, rg_arena_printf(arena, "beside/folded/data/fold-%d", f)));
    assert_true(hides(own, "beside/plain")); /* whose training rows are test rows here */
    json_t *plain = rg_out_of_reach(one, "beside/plain", NULL, 0);
    assert_true(hides(plain, "beside/folded"));
    assert_false(hides(plain, "beside/plain"));
    assert_false(hides(plain, "beside/plain/data"));
    json_decref(whole);
    json_decref(own);
    json_decref(plain);
    rg_study_free(folds);
    rg_study_free(one);
    rg_arena_free(arena);
}

/* ---- The audit of all folds */

static void a_finding_is_told_once(void **state)
{
    (void)state;
    rg_err err = {0};
    rg_arena *arena = rg_arena_new();
    rg_study *study = parse(arena, NULL);
    rg_split cut[FOLDS];
    const rg_audit_options quick = {.quick = true, .seed = 1};
    rg_dataset *data = rg_study_dataset(study, arena, &err);
    uint8_t *tested = RG_ARENA_ARRAY(arena, uint8_t, data->rows);
    for (size_t f = 0; f < FOLDS; f++) {
        assert_true(rg_study_cut(study, data, f + 1, arena, &cut[f], &err));
        for (size_t i = 0; i < cut[f].n_test; i++)
            tested[cut[f].test[i]]++;
    }
    for (size_t row = 0; row < data->rows; row++)
        assert_int_equal(tested[row], 1);
    json_t *audit = split_folds_audit(data, cut, FOLDS, &quick, &err), *finding;
    json_t *said = json_object();
    size_t i, counted = 0;
    json_array_foreach (json_object_get(audit, "findings"), i, finding) {
        const char *what = rg_json_text(finding, "what", "");
        assert_null(json_object_get(said, what));
        json_object_set_new(said, what, json_true());
    }
    const char *severity;
    json_t *count;
    json_object_foreach (json_object_get(audit, "counts"), severity, count)
        counted += (size_t)json_integer_value(count);
    assert_int_equal(counted, i);
    json_decref(said);
    json_decref(audit);
    rg_study_free(study);
    rg_arena_free(arena);
}

/* ---- A whole study */

typedef struct fixture {
    rg_arena *arena;
    rg_study *study;
    rg_ledger *ledger;
    rg_record *records;
    size_t n;
} fixture;
static fixture all;

static bool walk(const char *dir, int jobs, rg_ledger **ret, rg_err *err)
{
    int caught;
    rg_run_options options = {.dir = dir, .worker_argv = native_worker, .jobs = jobs};
    rg_dir_remove(dir, err);
    return rg_ledger_open(rg_path_join(all.arena, dir, RG_LEDGER_FILE), RG_LEDGER_WRITE, ret,
                          err) &&
           rg_study_run(all.study, *ret, &options, NULL, &caught, err);
}

static int set_up(void **state)
{
    (void)state;
    rg_err err = {0};
    all.arena = rg_arena_new();
    all.study = parse(all.arena, NULL);
    bool ok =
        walk("folded", 2, &all.ledger, &err) &&
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

static void every_arm_runs_with_every_seed_on_every_fold(void **state)
{
    (void)state;
    assert_int_equal(all.n, 20);
    for (size_t i = 0; i < all.n; i++) {
        const rg_record *r = &all.records[i];
        assert_int_equal(r->number, i % 10);
        assert_int_equal(r->fold, r->number % FOLDS + 1);
        assert_int_equal(r->seed, 1001 + r->number / FOLDS);
        assert_false(r->failed);
        assert_non_null(r->test);
        assert_string_equal(r->predictions,
                            rg_predictions_path(all.arena, r->arm, r->seed, r->fold));
    }
}

static void the_facts_name_the_folds(void **state)
{
    (void)state;
    rg_err err = {0};
    rg_ledger *one_worker;
    json_t *facts = rg_facts_build(all.study, all.ledger, &err);
    assert_string_equal(rg_json_text(facts, "status", ""), "complete");
    assert_int_equal(json_integer_value(rg_json_path(facts, "stages.evaluate.total")), 20);
    assert_int_equal(json_array_size(rg_json_path(facts, "data.split.parts")), FOLDS);
    const json_t *arm = json_array_get(json_object_get(facts, "arms"), 0);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(json_integer_value(json_array_get(json_object_get(arm, "folds"), i)),
                         i % FOLDS + 1);
    const json_t *claim = json_array_get(json_object_get(facts, "claims"), 0);
    assert_string_equal(rg_json_text(claim, "situation", ""), "folds");
    assert_int_equal(json_integer_value(json_object_get(claim, "n")), FOLDS);
    assert_true(walk("alone", 1, &one_worker, &err));
    json_t *again = rg_facts_build(all.study, one_worker, &err);
    assert_string_equal(rg_json_text(facts, "fingerprint", "a"),
                        rg_json_text(again, "fingerprint", "b"));
    json_decref(facts);
    json_decref(again);
    rg_ledger_close(one_worker);
}

/* The check of this name passes. */
static bool holds(const char *check)
{
    rg_err err = {0};
    json_t *report, *one;
    size_t i;
    bool pass = false;
    assert_true(rg_study_verify(all.study, all.ledger, "folded", NULL, &report, &err));
    json_array_foreach (json_object_get(report, "checks"), i, one)
        if (strcmp(rg_json_text(one, "name", ""), check) == 0)
            pass = strcmp(rg_json_text(one, "status", ""), "pass") == 0;
    json_decref(report);
    return pass;
}

static void turn_byte(const char *path, long at)
{
    chmod(path, 0600);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    fseek(file, at, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, at, SEEK_SET);
    fputc(byte ^ 1, file);
    fclose(file);
}

static void what_is_changed_in_one_fold_is_found(void **state)
{
    (void)state;
    static const char *const paths[] = {"folded/sealed/fold-4/labels.npz",
                                        "folded/data/fold-5/train.npz",
                                        "folded/predictions/full-1002-f3.npz"};
    assert_true(holds("files"));
    assert_true(holds("scores"));
    for (size_t i = 0; i < RG_COUNT(paths); i++) {
        turn_byte(paths[i], 200);
        assert_false(holds("files"));
        turn_byte(paths[i], 200);
        assert_true(holds("files"));
    }
    FILE *surplus = fopen("folded/data/fold-2/more.npz", "w");
    fclose(surplus);
    rg_err err = {0};
    json_t *analysed = json_object(); /* nothing is to come */
    assert_true(rg_ledger_event(all.ledger, "analysed", analysed, &err));
    json_decref(analysed);
    assert_false(holds("files"));
    remove("folded/data/fold-2/more.npz");
    assert_true(holds("files"));
}

static void runs_of_folds_train_again_to_the_same_bits(void **state)
{
    (void)state;
    rg_err err = {0};
    int caught;
    const rg_record *chosen[] = {&all.records[1], &all.records[8], &all.records[12]};
    rerun_options options = {.run = {.dir = "folded", .worker_argv = native_worker, .jobs = 2}};
    rerun_source source = {all.study, all.ledger, all.records, all.n};
    json_t *facts = rerun_facts(&source, chosen, 3, &options, &caught, &err);
    assert_non_null(facts);
    assert_int_equal(json_integer_value(json_object_get(facts, "equal")), 3);
    json_decref(facts);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return rg_worker_main(0, NULL);
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0)
        return RG_INTERNAL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_numbered_seed_by_seed),
        cmocka_unit_test(files_have_their_fold_in_their_names),
        cmocka_unit_test(what_is_not_given_is_not_recorded),
        cmocka_unit_test(the_ratio_is_that_of_the_split),
        cmocka_unit_test(a_fold_has_one_score),
        cmocka_unit_test(other_folds_are_out_of_reach),
        cmocka_unit_test(a_finding_is_told_once),
        cmocka_unit_test(every_arm_runs_with_every_seed_on_every_fold),
        cmocka_unit_test(the_facts_name_the_folds),
        cmocka_unit_test(what_is_changed_in_one_fold_is_found),
        cmocka_unit_test(runs_of_folds_train_again_to_the_same_bits),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
