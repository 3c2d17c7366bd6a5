/* What a plan says before anything runs. */
#include "lab/study/reading.h"

static json_t *plan_with(const rg_catalog *tables, const char *text)
{
    reading r = {.diags = {.arena = rg_arena_new()}};
    r.study = rg_study_parse(text, strlen(text), "t.yaml", NULL, 0, true, tables, &r.diags);
    json_t *plan = rg_study_plan(good(&r));
    reading_free(&r);
    return plan;
}

static json_t *plan_of(const char *text)
{
    return plan_with(&catalog, text);
}

static bool says(const json_t *plan, const char *list, const char *text)
{
    const json_t *sentences = json_object_get(plan, list);
    for (size_t i = 0; i < json_array_size(sentences); i++)
        if (strstr(json_string_value(json_array_get(sentences, i)), text))
            return true;
    return false;
}

static void test_digits_plan(void **state)
{
    (void)state;
    char *text;
    size_t len;
    rg_err err = {0};
    assert_true(
        rg_file_read(RIGOR_SOURCE_DIR "/examples/digits.yaml", 1 << 20, &text, &len, &err));
    json_t *plan = plan_of(text);
    assert_json(plan, "arms", "4");
    assert_json(plan, "trials", "120");
    assert_json(plan, "runs", "32");
    assert_json(plan, "unanswerable", "[]");
    assert_json(plan, "warnings", "[]");
    /* design: n = 8 shows 1.16 standard deviations with 80 % power */
    assert_close(rg_json_number(json_object_get(plan, "mde_sd"), 0), 1.16, 0.005);
    json_decref(plan);
    rg_free(text);
}

#define TWO "arms: {full: {}, linear: {model.name: linear}}\nclaims: [full > linear]\n"

static void test_few_seeds_are_said(void **state)
{
    (void)state;
    json_t *plan = plan_of(HEAD TWO "seeds: 5\n");
    assert_close(rg_json_number(json_object_get(plan, "mde_sd"), 0), 1.68, 0.005);
    assert_true(says(plan, "warnings", "where 5 show one of 1.68"));
    assert_true(says(plan, "warnings", "6 seeds are enough")); /* 2^-5 < .05 */
    assert_json(plan, "unanswerable", "[]");
    json_decref(plan);
    plan = plan_of(HEAD TWO "seeds: 1\n");
    assert_true(says(plan, "unanswerable", "one seed has no spread"));
    assert_json(plan, "mde_sd", "null");
    json_decref(plan);
}

/* Exact tests with Holm over three claims need 7 pairs: 2^-6 < .05 / 3 < 2^-5. */
static void test_exact_tests_need_seven_pairs_for_three_claims(void **state)
{
    (void)state;
    static const char study[] = HEAD "arms: {full: {}, a: {train.lr: 0.1}, b: {train.lr: 0.2}, "
                                     "c: {train.lr: 0.3}}\n"
                                     "claims: [full > a, full > b, full > c]\n";
    char text[600];
    snprintf(text, sizeof(text), "%sseeds: 6\n", study);
    json_t *plan = plan_of(text);
    assert_true(says(plan, "warnings", "7 seeds are enough"));
    assert_true(says(plan, "warnings", "8, as advised, show a difference of 1.45"));
    assert_true(says(plan, "warnings", "where 6 show one of 1.88"));
    json_decref(plan);
    snprintf(text, sizeof(text), "%sseeds: 7\n", study);
    plan = plan_of(text);
    assert_false(says(plan, "warnings", "exact tests"));
    json_decref(plan);
    snprintf(text, sizeof(text), "%sseeds: 6\nanalysis: {correction: none}\n", study);
    plan = plan_of(text);
    assert_false(says(plan, "warnings", "exact tests"));
    assert_true(says(plan, "warnings", "without correction"));
    json_decref(plan);
}

/* Exploratory claims cost the declared ones nothing, and carry the word. */
static void test_exploratory_claims_are_apart(void **state)
{
    (void)state;
    static const char arms[] = HEAD "arms: {full: {}, a: {train.lr: 0.1}, b: {train.lr: 0.2}}\n"
                                    "claims: [full > a]\n";
    rg_str text = {0};
    rg_str_printf(&text, "%sexplore: [full > b, a > b]\n", arms);
    reading without = read_text(arms), with = read_text(rg_str_text(&text));
    const rg_study *s = good(&with);
    assert_int_equal(s->n_claims, 3);
    assert_int_equal(s->n_explored, 2);
    assert_int_equal(rg_study_family(s), 1);
    assert_string_equal(s->claims[0].text, "full > a");
    assert_string_equal(s->claims[2].text, "a > b (exploratory)");
    assert_string_not_equal(s->hash, good(&without)->hash);
    json_t *plan = rg_study_plan(s), *alone = rg_study_plan(without.study);
    assert_true(json_equal(json_object_get(plan, "mde_sd_corrected"),
                           json_object_get(alone, "mde_sd_corrected")));
    json_decref(plan);
    json_decref(alone);
    reading_free(&without);
    reading_free(&with);
    rg_str_free(&text);
}

static void test_confounded_claims_are_said(void **state)
{
    (void)state;
    json_t *plan = plan_of(HEAD "arms: {full: {}, x: {model.name: linear, train.lr: 0.1}}\n"
                                "claims: [full > x]\n");
    assert_true(says(plan, "warnings", "'full > x' is confounded"));
    assert_true(says(plan, "warnings", "model.name, train.lr"));
    json_decref(plan);
    plan = plan_of(HEAD TWO);
    assert_false(says(plan, "warnings", "confounded"));
    json_decref(plan);
}

/* ---- Settings that nothing reads: momentum without sgd, nesterov without momentum, clip in a
 * regression. */

static json_t *unread_of(const json_t *config, rg_task task)
{
    const json_t *train = json_object_get(config, "train");
    json_t *ret = json_array();
    bool sgd = strcmp(rg_json_text(train, "optimizer", ""), "sgd") == 0;
    if (!sgd)
        json_array_append_new(ret, json_string("momentum"));
    if (!sgd || rg_json_number(json_object_get(train, "momentum"), 0) == 0)
        json_array_append_new(ret, json_string("nesterov"));
    if (task == RG_REGRESS)
        json_array_append_new(ret, json_string("clip"));
    return ret;
}

static const rg_catalog knowing = {
    .models = catalog_models, .train = catalog_train, .unread = unread_of};

typedef struct unread_case {
    const char *arms, *said, *not_said; /* of the warnings; NULL: nothing is asked */
} unread_case;

static void check_unread(const char *head, const unread_case *c)
{
    char text[600];
    snprintf(text, sizeof(text), "%s%sclaims: [a > b]\n", head, c->arms);
    json_t *plan = plan_with(&knowing, text);
    char *warnings = json_dumps(json_object_get(plan, "warnings"), 0);
    if (c->said && !strstr(warnings, c->said))
        fail_msg("%s: no '%s' in %s", c->arms, c->said, warnings);
    if (c->not_said && strstr(warnings, c->not_said))
        fail_msg("%s: '%s' in %s", c->arms, c->not_said, warnings);
    free(warnings);
    json_decref(plan);
}

static void test_settings_that_nothing_reads_are_said(void **state)
{
    (void)state;
    static const unread_case cases[] = {
        {"arms: {a: {}, b: {train.lr: 0.1}}\n", NULL, "nothing in the training"},
        {"arms: {a: {train.momentum: 0.5}, b: {train.lr: 0.1}}\n",
         "nothing in the training of 'a' reads train.momentum", NULL},
        /* Set for the arm that reads it; its own value is not. */
        {"arms: {a: {train.optimizer: sgd, train.momentum: 0.5}, b: {}}\n", NULL,
         "nothing in the training"},
        {"arms: {a: {train.optimizer: sgd}, b: {train.momentum: 0.5}}\n",
         "nothing in the training of 'b' reads train.momentum", NULL},
        /* What no value of the space makes it read. */
        {"arms: {a: {}, b: {train.lr: 0.1}}\n"
         "tune: {space: {train.momentum: {uniform: [0.1, 0.9]}}}\n",
         "nothing in the training of 'a', 'b' reads train.momentum", NULL},
        {"arms: {a: {train.momentum: 0.5}, b: {train.lr: 0.1}}\n"
         "tune: {space: {train.optimizer: {choice: [adamw, sgd]}}}\n",
         NULL, "nothing in the training"},
        {"arms: {a: {train: {optimizer: sgd, momentum: 0, nesterov: true}}, b: {}}\n",
         "nothing in the training of 'a' reads train.nesterov", NULL},
        /* Arms do not differ by it. */
        {"arms: {a: {train.momentum: 0.5}, b: {train: {lr: 0.1, momentum: 0.7}}}\n", NULL,
         "confounded"},
        {"arms: {a: {train.momentum: 0.5}, b: {train.momentum: 0.7}}\n",
         "'a' and 'b' are the same configuration", NULL},
        {"arms: {a: {train.clip: 1}, b: {}}\n", NULL, "nothing in the training"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++)
        check_unread(HEAD, &cases[i]);
    /* From the base, for some of its arms or for none. */
    static const char base[] = "study: s\ndata: digits\nmetric: accuracy\n"
                               "base: {model: {name: mlp}, train: {momentum: 0.5}}\n";
    check_unread(base, &(unread_case){"arms: {a: {train.optimizer: sgd}, b: {}}\n", NULL,
                                      "nothing in the training"});
    check_unread(base, &(unread_case){"arms: {a: {}, b: {train.lr: 0.1}}\n",
                                      "of 'a', 'b' reads train.momentum", NULL});
    /* Zero switches off; the search will not. */
    static const char off[] =
        "study: s\ndata: digits\nmetric: accuracy\nbase: {model: {name: mlp}, "
        "train: {optimizer: sgd, momentum: 0, nesterov: true}}\n";
    static const char two[] = "arms: {a: {}, b: {train.lr: 0.1}}\n";
    static const char tuned[] = "arms: {a: {}, b: {train.lr: 0.1}}\n"
                                "tune: {space: {train.momentum: {uniform: [0, 0.9]}}}\n";
    check_unread(off, &(unread_case){two, "of 'a', 'b' reads train.nesterov", NULL});
    check_unread(off, &(unread_case){tuned, NULL, "nothing in the training"});
    /* Where two dimensions meet: nesterov is read of sgd, with momentum. */
    static const char still[] = "study: s\ndata: digits\nmetric: accuracy\n"
                                "base: {model: {name: mlp}, train: {momentum: 0}}\n";
#define NESTEROV "arms: {a: {train.nesterov: true}, b: {train.nesterov: false}}\n"
#define MOMENTUM "train.momentum: {uniform: [0, 0.9]}"
    static const char meet[] =
        NESTEROV "tune: {space: {train.optimizer: {choice: [adamw, sgd]}, " MOMENTUM "}}\n";
    check_unread(still, &(unread_case){meet, NULL, "nothing in the training"});
    check_unread(still, &(unread_case){meet, NULL, "the same configuration"});
    static const char apart[] = NESTEROV "tune: {space: {" MOMENTUM "}}\n";
    check_unread(still, &(unread_case){apart, "of 'a', 'b' reads train.nesterov", NULL});
    static const char regression[] = "study: s\ndata: t.csv\nmetric: rmse\n"
                                     "base: {model: {name: mlp}}\n";
    check_unread(regression, &(unread_case){"arms: {a: {train.clip: 1}, b: {}}\n",
                                            "of 'a' reads train.clip", NULL});
}

/* Eight switches are tried; nine are 512 combinations, too many, so that nothing is said. */
static void test_spaces_too_large_to_walk(void **state)
{
    (void)state;
#define SWITCH(NAME) \
    { \
        .name = NAME, .kind = RG_PARAM_BOOL, .fallback = "false" \
    }
    static const rg_param train[] = {SWITCH("s0"),       SWITCH("s1"), SWITCH("s2"),
                                     SWITCH("s3"),       SWITCH("s4"), SWITCH("s5"),
                                     SWITCH("s6"),       SWITCH("s7"), SWITCH("s8"),
                                     SWITCH("nesterov"), {0}};
    const rg_catalog switches = {.models = catalog_models, .train = train, .unread = unread_of};
    for (int n = 8; n <= 9; n++) {
        rg_str text = {0};
        rg_str_add(&text, HEAD "arms: {a: {train.nesterov: true}, b: {train.nesterov: false}}\n"
                               "claims: [a > b]\ntune: {space: {");
        for (int i = 0; i < n; i++)
            rg_str_printf(&text, "%strain.s%d: {choice: [true, false]}", i ? ", " : "", i);
        rg_str_add(&text, "}}\n");
        json_t *plan = plan_with(&switches, rg_str_text(&text));
        assert_int_equal(says(plan, "warnings", "of 'a', 'b' reads train.nesterov"), n == 8);
        json_decref(plan);
        rg_str_free(&text);
    }
}

static void test_equal_arms_settle_nothing(void **state)
{
    (void)state;
    json_t *plan = plan_of(HEAD "arms: {full: {}, twin: {model.dropout: 0.1}}\n"
                                "claims: [full > twin]\n");
    assert_true(says(plan, "warnings", "arms 'full' and 'twin' are the same configuration"));
    assert_true(says(plan, "unanswerable", "the same configuration"));
    json_decref(plan);
    /* one of them tunes it: that is a difference */
    plan = plan_of(HEAD "arms: {full: {}, twin: {model.dropout: 0.1}}\nclaims: [full > twin]\n"
                        "tune: {space: {model.dropout: {uniform: [0, 0.5]}}}\n");
    assert_json(plan, "unanswerable", "[]");
    json_decref(plan);
}

/* A claim that is made twice, or the other way round, is one question. */
static void test_repeated_claims_are_said(void **state)
{
    (void)state;
    json_t *plan = plan_of(HEAD "arms: {full: {}, linear: {model.name: linear}}\n"
                                "claims: [full > linear, linear > full]\n");
    assert_true(says(plan, "warnings", "'full > linear' and 'linear > full' ask the same"));
    json_decref(plan);
    plan = plan_of(HEAD "arms: {full: {}, linear: {model.name: linear}}\n"
                        "claims: [full > linear, full >= linear]\nanalysis: {margin: 0.1}\n");
    assert_false(says(plan, "warnings", "ask the same"));
    json_decref(plan);
}

/* Evidence that is looked at after every seed: E >= 20 takes 5 seeds, 60 for three claims 6. */
static void test_sequential_seeds_must_be_able_to_decide(void **state)
{
    (void)state;
    const rg_catalog *known = &catalog;
    reading r = {.diags = {.arena = rg_arena_new()}};
    r.study =
        rg_study_parse(HEAD TWO, strlen(HEAD TWO), "t.yaml", NULL, 0, true, known, &r.diags);
    rg_study *study = (rg_study *)(uintptr_t)good(&r);
    study->n_seeds = 8;
    study->seeds_min = 3;
    study->seeds_step = 1;
    json_t *plan = rg_study_plan(study);
    assert_true(says(plan, "warnings", "looking before 5 seeds decides nothing"));
    assert_false(says(plan, "warnings", "exact tests"));
    assert_json(plan, "unanswerable", "[]");
    assert_true(rg_json_number(json_object_get(plan, "mde_sd"), 0) > 1.16);
    json_decref(plan);
    study->n_seeds = 4;
    plan = rg_study_plan(study);
    assert_true(
        says(plan, "unanswerable", "with at most 4 seeds the evidence cannot reach the 20"));
    json_decref(plan);
    reading_free(&r);
}

static void test_no_claims_and_odd_ranges_are_said(void **state)
{
    (void)state;
    json_t *plan = plan_of(HEAD "tune:\n  trials: 1\n  space:\n"
                                "    train.lr: {log: [1e-3, 1]}\n"
                                "    train.epochs: {int: [30, 60]}\n"
                                "    model.hidden: {choice: [[1], [2]]}\n");
    assert_true(says(plan, "warnings", "no claims are declared"));
    assert_true(says(plan, "warnings", "train.lr (0.001) is an end of its range"));
    assert_true(says(plan, "warnings", "train.epochs (20) lies outside its range"));
    assert_true(says(plan, "warnings", "model.hidden is not among its choices"));
    assert_true(says(plan, "warnings", "one trial is the default configuration"));
    assert_json(plan, "trials", "1");
    json_decref(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digits_plan),
        cmocka_unit_test(test_few_seeds_are_said),
        cmocka_unit_test(test_exact_tests_need_seven_pairs_for_three_claims),
        cmocka_unit_test(test_exploratory_claims_are_apart),
        cmocka_unit_test(test_confounded_claims_are_said),
        cmocka_unit_test(test_settings_that_nothing_reads_are_said),
        cmocka_unit_test(test_spaces_too_large_to_walk),
        cmocka_unit_test(test_equal_arms_settle_nothing),
        cmocka_unit_test(test_repeated_claims_are_said),
        cmocka_unit_test(test_sequential_seeds_must_be_able_to_decide),
        cmocka_unit_test(test_no_claims_and_odd_ranges_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
