/* Facts: from a ledger that is stopped at every point of a study, and from one that is whole.
 */
#include "lab/store/sample.h"
#include "lab/study/catalog.h"

#include "lab/report/table.h"

#include "rigor/report.h"
#include "rigor/study.h"

static const char text[] = "study: digits-dropout\n"
                           "question: Does dropout help?\n"
                           "data: {name: digits}\n"
                           "metric: accuracy\n"
                           "also: [nll]\n"
                           "base:\n"
                           "  model: {name: mlp, dropout: 0.2}\n"
                           "  train: {lr: 1e-3, epochs: 3}\n"
                           "arms:\n"
                           "  full: {}\n"
                           "  linear: {model: {name: linear}}\n"
                           "ablate:\n"
                           "  no-dropout: {model.dropout: 0}\n"
                           "tune:\n"
                           "  trials: 4\n"
                           "  sampler: random\n"
                           "  space:\n"
                           "    train.lr: {log: [1e-4, 1e-1]}\n"
                           "    model.dropout: {uniform: [0, 0.6]}\n"
                           "seeds: 5\n"
                           "claims: [full > linear, full = no-dropout]\n"
                           "analysis: {margin: 0.01}\n";

enum { TRIALS = 4, SEEDS = 5, ARMS = 3, MEMBERS = ARMS * (TRIALS + SEEDS) };

static rg_study *study_of(const char *source)
{
    rg_diags diags = {.arena = rg_arena_new(), .file = "digits.yaml"};
    rg_study *study =
        rg_study_parse(source, strlen(source), "digits.yaml", NULL, 0, false, &catalog, &diags);
    if (!study) {
        rg_diags_print(&diags);
        fail();
    }
    rg_arena_free(diags.arena);
    return study;
}

/* ---- A ledger as a study would leave it */

typedef enum until {
    BEGUN,
    CUT,
    TUNING,
    TUNED,
    FROZEN,
    EVALUATING,
    EVALUATED,
    SCORED,
    STAGES
} until;
typedef struct plot { /* what happens, and in which order */
    until until;
    bool backwards;    /* results come in the opposite order */
    bool broken_run;   /* run 2 of `linear` fails */
    bool broken_trial; /* trial 3 of `full` fails */
    const char *machine;
    const char *(*session)(size_t arm, size_t number); /* of a run; NULL: none is told */
} plot;

/* A score that follows from arm and number alone. */
static double score_of(size_t arm, size_t number, double shift)
{
    static const double level[] = {0.97, 0.95, 0.968};
    return level[arm] + 0.001 * (double)(number * 7 % 5) + 0.0004 * (double)(arm * number % 3) +
           shift;
}

static void append(rg_ledger *ledger, const rg_study *study, const plot *p, rg_stage stage,
                   size_t arm, size_t number)
{
    rg_err err = {0};
    int64_t step[] = {1, 2, 3};
    double loss[] = {1, 0.5, 0.25}, curve[] = {0.8, 0.9, score_of(arm, number, 0)};
    rg_curve curves[] = {{"train_loss", 3, step, loss}, {"val_accuracy", 3, step, curve}};
    bool tune = stage == RG_TUNE;
    bool failed = tune ? p->broken_trial && arm == 0 && number == 3
                       : p->broken_run && arm == 1 && number == 2;
    rg_record record = {
        .stage = stage,
        .arm = study->arms[arm].name,
        .number = number,
        .seed = tune ? 77 + number : study->seeds[number],
        .failed = failed,
        .reason = failed ? "killed: out of memory" : NULL,
        .point = tune ? json_pack("{s:f}", "train.lr", number == 2 ? 0.0999 : 0.001) : NULL,
        .config = sample_json("{\"model\":{\"name\":\"mlp\"}}"),
        .validation = failed ? NULL
                             : json_pack("{s:f, s:f}", "accuracy",
                                         score_of(arm, number, tune && number == 2 ? 0.02 : 0),
                                         "nll", 0.1),
        .resources =
            json_pack("{s:f, s:i, s:i}", "wall_s", 0.5, "parameters", 650, "peak_bytes", 1000),
        .predictions = tune || failed ? NULL : "predictions.npz",
        .predictions_sha = tune || failed ? NULL : SAMPLE_HASH,
        .curves = curves,
        .n_curves = failed ? 0 : RG_COUNT(curves),
    };
    if (p->session && !tune)
        json_object_set_new(record.resources, "session", json_string(p->session(arm, number)));
    assert_ok(rg_ledger_append(ledger, &record, 1, &err), &err);
    json_decref(record.point);
    json_decref(record.config);
    json_decref(record.validation);
    json_decref(record.resources);
}

static void append_stage(rg_ledger *ledger, const rg_study *study, const plot *p,
                         rg_stage stage, size_t count)
{
    size_t each = stage == RG_TUNE ? TRIALS : SEEDS;
    for (size_t i = 0; i < count; i++) {
        size_t place = p->backwards ? ARMS * each - 1 - i : i;
        append(ledger, study, p, stage, place / each, place % each);
    }
}

static void event(rg_ledger *ledger, const char *kind, const char *body)
{
    rg_err err = {0};
    json_t *json = sample_json(body);
    assert_ok(rg_ledger_event(ledger, kind, json, &err), &err);
    json_decref(json);
}

static void open_seal(rg_ledger *ledger, const rg_study *study, const plot *p)
{
    rg_err err = {0};
    rg_score scores[ARMS * SEEDS];
    size_t count = 0;
    for (size_t a = 0; a < ARMS; a++)
        for (size_t i = 0; i < SEEDS; i++)
            if (!p->broken_run || a != 1 || i != 2)
                scores[count++] = (rg_score){
                    study->arms[a].name, i,
                    json_pack("{s:f, s:f}", "accuracy", score_of(a, i, -0.002), "nll", 0.2)};
    json_t *body = json_pack("{s:i, s:s, s:i}", "openings", 1, "labels_sha256", SAMPLE_HASH,
                             "runs", (int)count);
    assert_ok(rg_ledger_scores(ledger, body, scores, count, &err), &err);
    json_decref(body);
    for (size_t i = 0; i < count; i++)
        json_decref((json_t *)(uintptr_t)scores[i].test);
}

static void begin(rg_ledger *ledger, const rg_study *study, const plot *p)
{
    rg_err err = {0};
    json_t *environment = json_pack("{s:s, s:s}", "machine", p->machine ? p->machine : "one",
                                    "command", "rigor run digits.yaml");
    assert_ok(rg_ledger_study(ledger, study->name, study->text, study->resolved, study->hash,
                              environment, &err),
              &err);
    json_decref(environment);
}

static const char split_body[] =
    "{\"data\":{\"name\":\"digits\",\"title\":\"Digits\",\"task\":\"classify\",\"rows\":1797,"
    "\"features\":64,\"classes\":10,\"hash\":\"" SAMPLE_HASH "\",\"licence\":\"CC BY 4.0\","
    "\"origin\":\"UCI\"},\"split\":{\"train\":1077,\"val\":360,\"test\":360,\"stratify\":true,"
    "\"seed\":0,\"hash\":\"" SAMPLE_HASH "\"},\"scale\":\"standard\",\"info\":{"
    "\"duplicates_across\":2,\"files\":{\"labels.npz\":\"" SAMPLE_HASH "\"}}}";
static const char freeze_body[] =
    "{\"arms\":[{\"arm\":\"full\",\"trial\":2,\"config\":{\"model\":{\"name\":\"mlp\"}}},"
    "{\"arm\":\"linear\",\"trial\":2,\"config\":{\"model\":{\"name\":\"linear\"}}},"
    "{\"arm\":\"no-dropout\",\"trial\":2,\"config\":{\"model\":{\"name\":\"mlp\"}}}]}";

static json_t *facts_of(const rg_study *study, const plot *p)
{
    char path[64];
    rg_err err = {0};
    sample_path(path, "facts");
    rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
    begin(ledger, study, p);
    if (p->session) {
        event(ledger, "session",
              "{\"id\":\"one\",\"cpu\":\"Alpha\",\"host\":\"aaaa\","
              "\"rigor\":\"0.1.0\",\"build\":\"1111\"}");
        event(ledger, "session",
              "{\"id\":\"two\",\"cpu\":\"Beta\",\"host\":\"bbbb\","
              "\"rigor\":\"0.1.0\",\"build\":\"1111\"}");
    }
    if (p->until >= CUT)
        event(ledger, "split", split_body);
    if (p->until >= TUNING)
        append_stage(ledger, study, p, RG_TUNE, p->until == TUNING ? 5 : ARMS * TRIALS);
    if (p->until >= FROZEN)
        event(ledger, "freeze", freeze_body);
    if (p->until >= EVALUATING)
        append_stage(ledger, study, p, RG_EVALUATE, p->until == EVALUATING ? 4 : ARMS * SEEDS);
    if (p->until >= SCORED) {
        open_seal(ledger, study, p);
        event(ledger, "finished", "{\"wall_s\": 2.0, \"cpu_s\": 3.5}");
    }
    json_t *facts = rg_facts_build(study, ledger, &err);
    assert_ok(facts != NULL, &err);
    rg_ledger_close(ledger);
    return facts;
}

static double number(const json_t *facts, const char *path)
{
    return rg_json_number(rg_json_path(facts, path), NAN);
}

static const json_t *arm_at(const json_t *facts, size_t i)
{
    return json_array_get(json_object_get(facts, "arms"), i);
}

static const char *check_status(const json_t *facts, const char *name)
{
    size_t i;
    json_t *check;
    json_array_foreach (json_object_get(facts, "checks"), i, check)
        if (!strcmp(rg_json_text(check, "name", ""), name))
            return rg_json_text(check, "status", "");
    return "absent";
}

/* ---- Tests */

static void check_renderings(const json_t *facts)
{
    for (size_t i = 0; rg_renderings[i]; i++) {
        rg_err err = {0};
        rg_str page = {0};
        assert_ok(rg_renderings[i]->render(facts, true, &page, &err), &err);
        assert_true(page.len > 100);
        rg_str_free(&page);
    }
}

static void test_every_point_of_a_study(void **state)
{
    (void)state;
    static const struct {
        size_t tuned, evaluated;
    } done[STAGES] = {[TUNING] = {5, 0},      [TUNED] = {12, 0},      [FROZEN] = {12, 0},
                      [EVALUATING] = {12, 4}, [EVALUATED] = {12, 15}, [SCORED] = {12, 15}};
    rg_study *study = study_of(text);
    for (until u = BEGUN; u < STAGES; u++) {
        json_t *facts = facts_of(study, &(plot){.until = u});
        bool complete = u == SCORED;
        assert_string_equal(rg_json_text(facts, "status", ""),
                            complete ? "complete" : "incomplete");
        assert_int_equal(number(facts, "stages.split.done"), u >= CUT);
        assert_int_equal(number(facts, "stages.tune.done"), done[u].tuned);
        assert_int_equal(number(facts, "stages.tune.total"), ARMS * TRIALS);
        assert_int_equal(number(facts, "stages.evaluate.done"), done[u].evaluated);
        assert_int_equal(number(facts, "stages.evaluate.total"), ARMS * SEEDS);
        assert_int_equal(json_array_size(json_object_get(facts, "arms")), ARMS);
        assert_int_equal(json_array_size(json_object_get(facts, "claims")), complete ? 2 : 0);
        assert_int_equal(json_array_size(json_object_get(facts, "search")), done[u].tuned);
        assert_int_equal(json_array_size(json_object_get(facts, "curves")),
                         2 * done[u].evaluated);
        assert_int_equal(json_object_size(json_object_get(arm_at(facts, 0), "metrics")),
                         complete ? 2 : 0);
        assert_int_equal(json_is_object(json_object_get(arm_at(facts, 0), "config")),
                         u >= FROZEN);
        check_renderings(facts);
        json_decref(facts);
    }
    rg_study_free(study);
}

static void test_whole_study(void **state)
{
    (void)state;
    rg_study *study = study_of(text);
    json_t *facts = facts_of(study, &(plot){.until = SCORED});
    const json_t *full = arm_at(facts, 0), *ablated = arm_at(facts, 2);
    assert_string_equal(rg_json_text(ablated, "kind", ""), "ablation");
    assert_string_equal(rg_json_text(ablated, "of", ""), "full");
    double sum = 0;
    const json_t *values = rg_json_path(full, "metrics.accuracy.values");
    assert_int_equal(json_array_size(values), SEEDS);
    for (size_t i = 0; i < SEEDS; i++) {
        assert_close(json_number_value(json_array_get(values, i)), score_of(0, i, -0.002), 0);
        sum += score_of(0, i, -0.002);
    }
    assert_close(number(full, "metrics.accuracy.mean"), sum / SEEDS, 1e-12);
    assert_close(number(full, "validation.accuracy.mean"), sum / SEEDS + 0.002, 1e-12);
    assert_int_equal(number(full, "tuning.trials"), TRIALS);
    assert_int_equal(number(full, "tuning.best_trial"), 2);
    assert_close(number(full, "tuning.score"), score_of(0, 2, 0.02), 0);
    assert_close(number(full, "tuning.default_score"), score_of(0, 0, 0), 0);
    const json_t *effect = json_array_get(json_object_get(facts, "effects"), 0);
    assert_string_equal(rg_json_text(effect, "b", ""), "no-dropout");
    assert_close(number(effect, "difference.mean"),
                 number(full, "metrics.accuracy.mean") -
                     number(ablated, "metrics.accuracy.mean"),
                 1e-12);
    assert_string_equal(
        rg_json_text(json_array_get(json_object_get(facts, "curves"), 0), "metric", ""),
        "val_accuracy");
    assert_string_equal(rg_json_text(json_object_get(facts, "sampler"), "name", ""), "random");
    assert_int_equal(json_array_size(json_object_get(facts, "space")), 2);
    assert_string_equal(rg_json_text(json_object_get(facts, "seal"), "labels_sha256", ""),
                        SAMPLE_HASH);
    assert_close(number(facts, "environment.wall_s"), 2, 0);
    assert_close(number(facts, "environment.trials_per_s"), MEMBERS / 2.0, 1e-12);
    assert_close(number(facts, "environment.peak_bytes"), 1000, 0);
    json_decref(facts);
    rg_study_free(study);
}

static void test_checks(void **state)
{
    (void)state;
    rg_study *study = study_of(text);
    json_t *facts = facts_of(study, &(plot){.until = SCORED});
    assert_string_equal(check_status(facts, "seeds"), "pass");
    assert_string_equal(check_status(facts, "equal budgets"), "pass");
    assert_string_equal(check_status(facts, "seal"), "pass");
    assert_string_equal(check_status(facts, "failed runs"), "pass");
    assert_string_equal(check_status(facts, "duplicates across parts"), "warn"); /* 2 of them */
    assert_string_equal(check_status(facts, "edge of the space"), "warn"); /* lr .0999 of .1 */
    assert_string_equal(check_status(facts, "winner's curse"), "warn");    /* .02 too good */
    assert_string_equal(check_status(facts, "default configuration"), "pass");
    json_decref(facts);
    facts = facts_of(study, &(plot){.until = CUT});
    assert_string_equal(check_status(facts, "equal budgets"), "absent");
    assert_string_equal(check_status(facts, "seal"), "absent");
    json_decref(facts);
    rg_study_free(study);
}

static void test_failures_count(void **state)
{
    (void)state;
    rg_study *study = study_of(text);
    json_t *facts =
        facts_of(study, &(plot){.until = SCORED, .broken_run = true, .broken_trial = true});
    const json_t *linear = arm_at(facts, 1);
    assert_string_equal(rg_json_text(facts, "status", ""), "complete");
    assert_int_equal(number(linear, "failures"), 1);
    const json_t *failed = json_array_get(json_object_get(linear, "failed"), 0);
    assert_int_equal(number(failed, "seed"), study->seeds[2]);
    assert_string_equal(rg_json_text(failed, "reason", ""), "killed: out of memory");
    assert_int_equal(number(linear, "metrics.accuracy.n"), SEEDS);
    assert_close(
        json_number_value(json_array_get(rg_json_path(linear, "metrics.accuracy.values"), 2)),
        0, 0);
    assert_true(json_is_null(json_array_get(rg_json_path(linear, "metrics.nll.values"), 2)));
    assert_string_equal(check_status(facts, "failed runs"), "warn");
    const json_t *trial = json_array_get(json_object_get(facts, "search"), 3);
    assert_true(json_is_true(json_object_get(trial, "failed")));
    assert_true(json_is_null(json_object_get(trial, "score")));
    assert_int_equal(number(arm_at(facts, 0), "tuning.failed"), 1);
    check_renderings(facts);
    json_decref(facts);
    rg_study_free(study);
}

static void test_fingerprint(void **state)
{
    (void)state;
    rg_study *study = study_of(text);
    json_t *one = facts_of(study, &(plot){.until = SCORED});
    json_t *other =
        facts_of(study, &(plot){.until = SCORED, .backwards = true, .machine = "two"});
    json_t *broken = facts_of(study, &(plot){.until = SCORED, .broken_run = true});
    const char *fingerprint = rg_json_text(one, "fingerprint", "");
    assert_int_equal(strlen(fingerprint), RG_HEX - 1);
    assert_string_equal(fingerprint, rg_json_text(other, "fingerprint", ""));
    assert_string_not_equal(fingerprint, rg_json_text(broken, "fingerprint", ""));
    char again[RG_HEX];
    rg_facts_fingerprint(one, again);
    assert_string_equal(again, fingerprint);
    assert_string_not_equal(rg_json_text(one, "ledger_head", ""),
                            rg_json_text(other, "ledger_head", ""));
    json_decref(one);
    json_decref(other);
    json_decref(broken);
    rg_study_free(study);
}

/* ---- Confounds */

static const char *one_session(size_t arm, size_t number)
{
    (void)arm;
    (void)number;
    return "one";
}

static const char *later_seeds_elsewhere(size_t arm, size_t number)
{
    (void)arm;
    return number < 3 ? "one" : "two";
}

static const char *second_arm_elsewhere(size_t arm, size_t number)
{
    return arm == 1 && number > 0 ? "two" : "one";
}

/* The sentence on the machine of the claim full > linear; "" when there is none. */
static const char *condition(const json_t *facts)
{
    const json_t *all = rg_json_path(facts, "environment.confounds");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *at = json_array_get(all, i);
        if (!strcmp(rg_json_text(at, "claim", ""), "full > linear"))
            return json_string_value(json_array_get(json_object_get(at, "confounds"), 0));
    }
    return "";
}

static void test_another_machine_is_no_part_of_the_figures(void **state)
{
    (void)state;
    rg_study *study = study_of(text);
    json_t *plain = facts_of(study, &(plot){.until = SCORED, .session = one_session});
    json_t *later = facts_of(study, &(plot){.until = SCORED, .session = later_seeds_elsewhere});
    json_t *split = facts_of(study, &(plot){.until = SCORED, .session = second_arm_elsewhere});
    assert_string_equal(condition(plain), "");
    assert_non_null(strstr(condition(later), "both runs of every pair were trained under the "
                                             "same: machine (Alpha, host aaaa; Beta, host "
                                             "bbbb)."));
    assert_non_null(strstr(condition(split), "In 4 of 5 pairs the two runs were trained"));
    assert_null(strstr(condition(split), "program"));
    const char *fingerprint = rg_json_text(plain, "fingerprint", "");
    assert_string_equal(rg_json_text(later, "fingerprint", "?"), fingerprint);
    assert_string_equal(rg_json_text(split, "fingerprint", "?"), fingerprint);
    json_t *all = table_confounds(split, json_array_get(json_object_get(split, "claims"), 0));
    assert_int_equal(json_array_size(all), 1);
    json_decref(all);
    static const char *const formats[] = {"text", "markdown", "html"};
    for (size_t i = 0; i < RG_COUNT(formats); i++) { /* it stands with the verdict */
        rg_str page = {0};
        rg_err err = {0};
        assert_ok(rg_rendering_find(formats[i])->render(split, false, &page, &err), &err);
        assert_non_null(strstr(rg_str_text(&page), "4 of 5 pairs"));
        rg_str_free(&page);
    }
    json_decref(plain);
    json_decref(later);
    json_decref(split);
    rg_study_free(study);
}

static const char *confound_of(const json_t *facts, size_t claim)
{
    const json_t *of = json_array_get(json_object_get(facts, "claims"), claim);
    const json_t *all = json_object_get(of, "confounds");
    assert_true(json_is_array(all));
    return json_array_size(all) ? json_string_value(json_array_get(all, 0)) : "";
}

static void test_more_than_one_factor_is_said(void **state)
{
    (void)state;
    static const char two[] = "study: s\nquestion: q\ndata: {name: digits}\nmetric: accuracy\n"
                              "base: {model: {name: mlp}, train: {epochs: 3}}\n"
                              "arms: {full: {}, x: {model.name: linear, train.lr: 0.1},\n"
                              "       y: {train.lr: 0.1}}\n"
                              "tune: {trials: 4, sampler: random,\n"
                              "       space: {model.dropout: {uniform: [0, 0.5]}}}\n"
                              "seeds: 5\nclaims: [full > x, full > y]\n";
    rg_study *study = study_of(two);
    json_t *facts = facts_of(study, &(plot){.until = SCORED});
    assert_non_null(strstr(confound_of(facts, 0), "(model.name, train.lr)"));
    assert_string_equal(confound_of(facts, 1), "");
    const json_t *first = json_array_get(json_object_get(facts, "claims"), 0);
    const json_t *all = json_object_get(first, "confounds");
    assert_int_equal(json_array_size(all), 2); /* a linear model has no dropout to tune */
    assert_non_null(strstr(json_string_value(json_array_get(all, 1)),
                           "full was tuned over 4 trials and x not at all"));
    json_decref(facts);
    rg_study_free(study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_point_of_a_study),
        cmocka_unit_test(test_whole_study),
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_another_machine_is_no_part_of_the_figures),
        cmocka_unit_test(test_more_than_one_factor_is_said),
        cmocka_unit_test(test_failures_count),
        cmocka_unit_test(test_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
