/* test_reads.c - what a training does not read of its parameters: every row of the table of
 * parameters that says for whom it is; and which losses fit which task. */
#include "support.h"

#include "rigor/nn.h"
#include "rigor/train.h"

typedef struct reads_case {
    rg_task task;
    const char *changes; /* of the defaults, JSON */
    const char *unread;  /* sorted, a space behind each */
} reads_case;

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void check_case(const reads_case *c)
{
    rg_err err = {0};
    const char *names[64];
    json_t *train = rg_param_defaults(rg_train_params);
    json_t *changes = rg_json_parse(c->changes, strlen(c->changes), "changes", &err);
    assert_non_null(changes);
    json_object_update(train, changes);
    json_t *config = json_pack("{s:o}", "train", train);
    json_t *unread = rg_train_unread(config, c->task);
    size_t n = json_array_size(unread);
    assert_true(n < RG_COUNT(names));
    for (size_t i = 0; i < n; i++)
        names[i] = json_string_value(json_array_get(unread, i));
    qsort(names, n, sizeof(*names), by_name);
    rg_str text = {0};
    for (size_t i = 0; i < n; i++)
        rg_str_printf(&text, "%s ", names[i]);
    if (strcmp(rg_str_text(&text), c->unread) != 0)
        fail_msg("%s: %s instead of %s", c->changes, rg_str_text(&text), c->unread);
    rg_str_free(&text);
    json_decref(unread);
    json_decref(changes);
    json_decref(config);
}

static void test_what_is_not_read(void **state)
{
    (void)state;
    static const reads_case cases[] = {
        {RG_CLASSIFY, "{}", "focal_gamma gamma huber_delta momentum nesterov step_size "},
        {RG_REGRESS, "{}",
         "focal_gamma gamma huber_delta label_smoothing momentum nesterov step_size "},
        {RG_CLASSIFY, "{\"schedule\": \"step\"}", "focal_gamma huber_delta momentum nesterov "},
        {RG_CLASSIFY, "{\"schedule\": \"plateau\"}",
         "focal_gamma huber_delta momentum nesterov "},
        {RG_CLASSIFY, "{\"schedule\": \"cosine\", \"warmup\": 0.1}",
         "focal_gamma gamma huber_delta momentum nesterov step_size "},
        {RG_CLASSIFY, "{\"loss\": \"focal\", \"label_smoothing\": 0.1}",
         "gamma huber_delta label_smoothing momentum nesterov step_size "},
        {RG_REGRESS, "{\"loss\": \"huber\"}",
         "focal_gamma gamma label_smoothing momentum nesterov step_size "},
        {RG_CLASSIFY, "{\"optimizer\": \"sgd\"}",
         "beta1 beta2 epsilon focal_gamma gamma huber_delta step_size "},
        {RG_CLASSIFY, "{\"optimizer\": \"sgd\", \"momentum\": 0, \"nesterov\": true}",
         "beta1 beta2 epsilon focal_gamma gamma huber_delta nesterov step_size "},
        {RG_CLASSIFY, "{\"optimizer\": \"lion\"}",
         "epsilon focal_gamma gamma huber_delta momentum nesterov step_size "},
        {RG_CLASSIFY, "{\"optimizer\": \"lamb\"}",
         "focal_gamma gamma huber_delta momentum nesterov step_size "},
        {RG_CLASSIFY, "{\"optimizer\": \"adafactor\"}",
         "beta1 beta2 epsilon focal_gamma gamma huber_delta momentum nesterov step_size "},
        {RG_CLASSIFY, "{\"optimizer\": \"muon\"}",
         "focal_gamma gamma huber_delta nesterov step_size "},
        {RG_CLASSIFY, "{\"optimizer\": \"shampoo\"}",
         "beta1 beta2 focal_gamma gamma huber_delta momentum nesterov step_size "},
        {RG_CLASSIFY, "{\"sam\": 0.05, \"ema\": 0.9, \"clip\": 1, \"accumulate\": 3}",
         "focal_gamma gamma huber_delta momentum nesterov step_size "},
        /* A loss that does not fit is told elsewhere. */
        {RG_CLASSIFY, "{\"loss\": \"huber\"}", ""},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++)
        check_case(&cases[i]);
}

static char *key_of(const char *name, double value)
{
    const rg_model *model;
    rg_err err = {0};
    json_t *given = json_pack("{s:{s:s}}", "model", "name", "linear");
    json_t *config = rg_config_resolve(given, &model, &err);
    json_object_set_new(json_object_get(config, "train"), name, json_real(value));
    rg_program_spec spec = {
        .model = model, .config = config, .task = RG_CLASSIFY, .classes = 2, .features = 2};
    char *key = rg_program_key(&spec);
    json_decref(config);
    json_decref(given);
    return key;
}

/* What zero switches off is another program, unless only the loop reads it. */
static void test_zeros_of_the_loop_share_a_program(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool shares;
    } cases[] = {
        {"lr", true},       {"epochs", true}, {"patience", true},      {"warmup", true},
        {"gamma", true},    {"clip", false},  {"weight_decay", false}, {"ema", false},
        {"step_size", true}};
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        char *off = key_of(cases[i].name, 0), *on = key_of(cases[i].name, 0.5);
        if ((strcmp(off, on) == 0) != cases[i].shares)
            fail_msg("%s: %s and %s", cases[i].name, off, on);
        rg_free(off);
        rg_free(on);
    }
}

/* A loss fits its own task, "auto" both. */
static void test_what_fits(void **state)
{
    (void)state;
    static const struct {
        const char *loss;
        bool classes, numbers;
    } cases[] = {{"auto", true, true}, {"focal", true, false}, {"huber", false, true}};
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_err err[2] = {0};
        json_t *config = json_pack("{s:{s:s}}", "train", "loss", cases[i].loss);
        assert_int_equal(rg_train_fits(config, RG_CLASSIFY, &err[0]), cases[i].classes);
        assert_int_equal(rg_train_fits(config, RG_REGRESS, &err[1]), cases[i].numbers);
        assert_string_equal(err[0].where, cases[i].classes ? "" : "train.loss");
        json_decref(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_not_read),
                                       cmocka_unit_test(test_zeros_of_the_loop_share_a_program),
                                       cmocka_unit_test(test_what_fits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
