/* test_file_task.c - values that do not fit the metric's task are mistakes of the study file,
 * where they stand. */
#include "lab/study/reading.h"

/* sgd is for numbers, nesterov for classes. */
static bool fits(const json_t *config, rg_task task, rg_err *err)
{
    const json_t *train = json_object_get(config, "train");
    if (task == RG_CLASSIFY && strcmp(rg_json_text(train, "optimizer", ""), "sgd") == 0)
        return rg_fail(err, RG_INPUT, "train.optimizer", "choose adamw", "not for classes");
    if (task == RG_REGRESS && json_is_true(json_object_get(train, "nesterov")))
        return rg_fail(err, RG_INPUT, "train.nesterov", "leave it out", "not for numbers");
    return true;
}

static const rg_catalog judging = {
    .models = catalog_models, .train = catalog_train, .fits = fits};

static reading read_as(const char *metric, const char *text)
{
    rg_str study = {0};
    reading r = {.diags = {.arena = rg_arena_new()}};
    rg_str_printf(&study, "study: s\ndata: t.csv\nmetric: %s\n%s", metric, text);
    r.study = rg_study_parse(rg_str_text(&study), study.len, "test.yaml", NULL, 0, false,
                             &judging, &r.diags);
    rg_str_free(&study);
    return r;
}

static void expect_good(const char *metric, const char *text)
{
    reading r = read_as(metric, text);
    good(&r);
    reading_free(&r);
}

static void expect_mistake(const char *metric, const char *text, int line, int column,
                           const char *what)
{
    reading r = read_as(metric, text);
    assert_mistake(&r, line, column, what);
    reading_free(&r);
}

#define MLP "base: {model: {name: mlp}}\n"
#define SGD "base: {model: {name: mlp}, train: {optimizer: sgd}}\n"

static void test_what_arms_set(void **state)
{
    (void)state;
    static const char in_an_arm[] = MLP "arms: {a: {}, b: {train.optimizer: sgd}}\n";
    static const char in_the_base[] = SGD "arms: {a: {}, b: {train.lr: 0.1}}\n";
    static const char both[] = SGD "arms: {a: {train.nesterov: true}, b: {}}\n";
    expect_mistake("accuracy", in_an_arm, 5, 36, "train.optimizer: not for classes");
    expect_good("rmse", in_an_arm);
    expect_mistake("accuracy", in_the_base, 4, 47, "train.optimizer: not for classes");
    expect_good("rmse", in_the_base);
    expect_mistake("rmse", both, 5, 28, "train.nesterov: not for numbers");
    /* Rankings are of both tasks: something must fit one of them. */
    expect_good("ndcg@5", in_the_base);
    expect_mistake("ndcg@5", both, 5, 28, "train.nesterov: not for numbers");
    expect_good("accuracy", SGD "arms: {a: {train.optimizer: adamw}, b: {train: {optimizer: "
                                "adamw, lr: 0.1}}}\n");
}

static void test_what_is_tuned(void **state)
{
    (void)state;
    static const char tuned[] =
        "arms: {a: {}, b: {train.lr: 0.1}}\n"
        "tune: {space: {train.optimizer: {choice: [adamw, sgd]}, "
        "train.nesterov: {choice: [true, false]}, train.momentum: {uniform: [0, 0.9]}}}\n";
    static const char of_none[] =
        "arms: {a: {train.optimizer: adamw}, b: {train.optimizer: adamw, train.lr: 0.1}}\n"
        "tune: {space: {train.nesterov: {choice: [true, false]}}}\n";
    char text[400];
    /* Once, although two arms tune it; from a base that fits or does not. */
    snprintf(text, sizeof(text), MLP "%s", tuned);
    expect_mistake("accuracy", text, 6, 16, "train.optimizer: not for classes");
    expect_mistake("rmse", text, 6, 57, "train.nesterov: not for numbers");
    snprintf(text, sizeof(text), SGD "%s", tuned);
    expect_mistake("accuracy", text, 6, 16, "train.optimizer: not for classes");
    snprintf(text, sizeof(text), SGD "%s", of_none);
    expect_good("accuracy", text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_arms_set),
        cmocka_unit_test(test_what_is_tuned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
