/* Study files that are right: what each section resolves to. */
#include "lab/study/reading.h"

static reading read_example(const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), RIGOR_SOURCE_DIR "/examples/%s", name);
    reading r = {.diags = {.arena = rg_arena_new()}};
    r.study = rg_study_read(path, NULL, 0, false, &catalog, &r.diags);
    return r;
}

static void test_digits_sections(void **state)
{
    (void)state;
    reading r = read_example("digits.yaml");
    const rg_study *s = good(&r);
    assert_string_equal(s->name, "digits-dropout");
    assert_string_equal(s->question, "Does dropout help a small MLP on handwritten digits?");
    assert_string_equal(s->data, "digits");
    assert_null(s->data_target);
    assert_close(s->split.train, 0.6, 0);
    assert_close(s->split.val, 0.2, 0);
    assert_close(s->split.test, 0.2, 0);
    assert_true(s->split.stratify);
    assert_int_equal(s->split.seed, 1);
    assert_int_equal(s->scale, RG_SCALE_STANDARD);
    assert_string_equal(s->metric, "accuracy");
    assert_true(s->maximize);
    assert_close(s->metric_worst, 0, 0);
    assert_int_equal(s->n_also, 2);
    assert_string_equal(s->also[1], "ece");
    assert_int_equal(s->trials, 30);
    assert_int_equal(s->parallel, 4);
    assert_string_equal(s->sampler, "auto");
    assert_int_equal(s->n_seeds, 8);
    assert_int_equal(s->seeds[0], 1001);
    assert_int_equal(s->seeds[7], 1008);
    assert_close(s->analysis.alpha, 0.05, 0);
    assert_close(s->analysis.margin, 0.005, 0);
    assert_int_equal(s->analysis.correction, RG_HOLM);
    assert_false(s->exploratory);
    reading_free(&r);
}

static void test_digits_arms(void **state)
{
    (void)state;
    reading r = read_example("digits.yaml");
    const rg_study *s = good(&r);
    assert_int_equal(s->n_arms, 4);
    const rg_arm *full = arm_of(s, "full"), *linear = arm_of(s, "linear");
    const rg_arm *no_dropout = arm_of(s, "no-dropout"), *no_decay = arm_of(s, "no-decay");
    assert_json(full->config, "model",
                "{\"activation\":\"relu\",\"dropout\":0.2,\"hidden\":[64,64],"
                "\"name\":\"mlp\"}");
    assert_json(full->config, "train.batch", "64");
    assert_json(full->config, "train.momentum", "0.9"); /* a default */
    assert_json(full->changes, NULL, "{}");
    assert_json(linear->config, "model", "{\"l1\":0.0,\"name\":\"linear\"}");
    assert_json(linear->config, "train.weight_decay", "0.01");
    assert_json(linear->changes, NULL, "{\"model.name\":\"linear\"}");
    assert_string_equal(no_dropout->ablation_of, "full");
    assert_null(full->ablation_of);
    assert_json(no_dropout->config, "model.dropout", "0.0");
    assert_json(no_decay->changes, NULL, "{\"train.weight_decay\":0.0}");
    reading_free(&r);
}

static void assert_dims(const rg_arm *arm, const char *names)
{
    rg_str is = {0};
    for (size_t i = 0; i < arm->space.count; i++)
        rg_str_printf(&is, "%s%s", i ? " " : "", arm->space.dim[i].name);
    assert_string_equal(rg_str_text(&is), names);
    rg_str_free(&is);
}

static void test_digits_spaces(void **state)
{
    (void)state;
    reading r = read_example("digits.yaml");
    const rg_study *s = good(&r);
    const rg_arm *full = arm_of(s, "full");
    assert_dims(full, "model.dropout train.lr train.weight_decay");
    assert_dims(arm_of(s, "linear"), "train.lr train.weight_decay");
    assert_dims(arm_of(s, "no-dropout"), "train.lr train.weight_decay");
    assert_dims(arm_of(s, "no-decay"), "model.dropout train.lr");
    assert_int_equal(full->space.dim[1].kind, RG_DIM_LOG);
    assert_close(full->space.dim[1].lo, 1e-4, 0);
    assert_close(full->space.dim[1].hi, 3e-2, 0);
    assert_close(full->first[0], 0.2, 0);
    assert_close(full->first[1], 1e-3, 0);
    assert_close(full->first[2], 1e-2, 0);
    reading_free(&r);
}

static void test_digits_claims(void **state)
{
    (void)state;
    reading r = read_example("digits.yaml");
    const rg_study *s = good(&r);
    static const char *const against[] = {"linear", "no-dropout", "no-decay"};
    assert_int_equal(s->n_claims, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(s->arms[s->claims[i].a].name, "full");
        assert_string_equal(s->arms[s->claims[i].b].name, against[i]);
        assert_int_equal(s->claims[i].relation, RG_BETTER);
    }
    reading_free(&r);
}

static void test_other_examples(void **state)
{
    (void)state;
    static const char *const names[] = {"quick.yaml", "own-table.yaml", "optimizers.yaml"};
    for (size_t i = 0; i < RG_COUNT(names); i++) {
        reading r = read_example(names[i]);
        good(&r);
        reading_free(&r);
    }
}

/* ---- Defaults and seeds. */

static void test_smallest_study(void **state)
{
    (void)state;
    reading r = read_text(HEAD);
    const rg_study *s = good(&r);
    assert_string_equal(s->question, "");
    assert_int_equal(s->n_arms, 1);
    assert_string_equal(s->arms[0].name, "full");
    assert_int_equal(s->arms[0].space.count, 0);
    assert_int_equal(s->trials, 0);
    assert_int_equal(s->n_seeds, 8);
    assert_int_equal(s->n_claims, 0);
    assert_true(s->split.stratify); /* accuracy needs classes */
    assert_true(isnan(s->analysis.margin));
    assert_string_equal(s->dir, ".");
    reading_free(&r);
}

static void test_seeds_follow_the_study_seed(void **state)
{
    (void)state;
    reading r = read_text(HEAD "seed: 42\nseeds: 5\n");
    const rg_study *s = good(&r);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(s->seeds[i], 42001 + i);
    assert_int_equal(s->split.seed, 42);
    reading_free(&r);
    r = read_text(HEAD "seeds: [9, 8, 7, 6, 9007199254740992]\n");
    s = good(&r);
    assert_int_equal(s->n_seeds, 5);
    assert_int_equal(s->seeds[0], 9);
    assert_true(s->seeds[4] == UINT64_C(9007199254740992));
    reading_free(&r);
}

static void test_exploratory_allows_few_seeds(void **state)
{
    (void)state;
    const char *text = HEAD "seeds: 2\n";
    reading r = {.diags = {.arena = rg_arena_new()}};
    r.study = rg_study_parse(text, strlen(text), "t.yaml", NULL, 0, true, &catalog, &r.diags);
    assert_true(good(&r)->exploratory);
    assert_int_equal(r.study->n_seeds, 2);
    reading_free(&r);
}

/* What a metric is called in the file is no difference between two studies. */
static void test_spellings_of_a_metric(void **state)
{
    (void)state;
    static const char *const spelt[] = {"metric: nll\nalso: [roc_auc, ndcg@5]\n",
                                        "metric: {name: log_loss, goal: minimize}\n"
                                        "also: [auroc, ndcg@5]\n"};
    char hash[2][RG_HEX];
    for (size_t i = 0; i < RG_COUNT(spelt); i++) {
        char text[400];
        snprintf(text, sizeof(text), "study: s\ndata: digits\n%sbase: {model.name: linear}\n",
                 spelt[i]);
        reading r = read_text(text);
        assert_string_equal(good(&r)->metric, "nll");
        assert_string_equal(r.study->also[0], "roc_auc");
        assert_string_equal(r.study->also[1], "ndcg@5");
        assert_true(!r.study->maximize && isnan(r.study->metric_worst));
        memcpy(hash[i], r.study->hash, RG_HEX);
        reading_free(&r);
    }
    assert_string_equal(hash[0], hash[1]);
}

/* Ranking is of both tasks: only what the user says is stratified. */
static void test_a_ranking_may_be_stratified(void **state)
{
    (void)state;
    reading r = read_text("study: s\ndata: digits\nmetric: map\nbase: {model.name: linear}\n");
    assert_false(good(&r)->split.stratify);
    reading_free(&r);
    r = read_text("study: s\ndata: {name: digits, split: {stratify: true}}\nmetric: hits@3\n"
                  "base: {model.name: linear}\n");
    assert_true(good(&r)->split.stratify);
    assert_string_equal(r.study->metric, "hit_rate@3");
    reading_free(&r);
}

static void test_split_files_lie_beside_the_study(void **state)
{
    (void)state;
    const char *text = "study: s\n"
                       "data: {name: a.csv, target: y, split: {train_file: tr.txt, "
                       "val_file: va.txt, test_file: /abs/te.txt}, scale: none}\n"
                       "metric: rmse\nbase: {model.name: linear}\n";
    reading r = {.diags = {.arena = rg_arena_new()}};
    r.study = rg_study_parse(text, strlen(text), "some/folder/s.yaml", NULL, 0, false, &catalog,
                             &r.diags);
    const rg_study *s = good(&r);
    assert_string_equal(s->dir, "some/folder");
    assert_string_equal(s->data, "a.csv");
    assert_string_equal(s->data_target, "y");
    assert_string_equal(s->split.train_file, "some/folder/tr.txt");
    assert_string_equal(s->split.test_file, "/abs/te.txt");
    assert_false(s->split.stratify);
    assert_json(s->resolved, "data.split.val_file", "\"va.txt\"");
    reading_free(&r);
}

/* Groups, times and balance stand in the record where they are given, and only there: a study
 * without them has the hash that it has always had. */
static void test_rules_of_the_split_are_recorded(void **state)
{
    (void)state;
    static const char head[] = "study: s\nmetric: accuracy\nbase: {model.name: linear}\n";
    char text[400];
    snprintf(text, sizeof(text),
             "%sdata: {name: a.csv, group: query, balance: none, split: {train: 0.5, val: 0.2, "
             "test: 0.3, group: patient, time: visit, keep: true}}\n",
             head);
    reading r = read_text(text);
    const rg_study *s = good(&r);
    assert_string_equal(s->split.group, "patient");
    assert_string_equal(s->split.time, "visit");
    assert_string_equal(s->data_group, "query");
    assert_true(s->split.keep);
    assert_false(s->split.stratify); /* time takes the classes as they come */
    assert_json(s->resolved, "data.split.group", "\"patient\"");
    assert_json(s->resolved, "data.split.time", "\"visit\"");
    assert_json(s->resolved, "data.split.keep", "true");
    assert_json(s->resolved, "data.group", "\"query\"");
    assert_null(rg_json_path(s->resolved, "data.balance"));
    reading_free(&r);
    snprintf(text, sizeof(text), "%sdata: {name: a.csv, balance: smote}\n", head);
    r = read_text(text);
    s = good(&r);
    assert_int_equal(s->balance, RG_BALANCE_SMOTE);
    assert_json(s->resolved, "data.balance", "\"smote\"");
    static const char *const absent[] = {"data.split.group", "data.split.time",
                                         "data.split.keep", "data.group"};
    for (size_t i = 0; i < RG_COUNT(absent); i++)
        assert_null(rg_json_path(s->resolved, absent[i]));
    reading_free(&r);
}

/* ---- YAML. */

static void test_words_of_the_core_schema(void **state)
{
    (void)state;
    static const struct {
        const char *word, *value;
    } words[] = {
        {"1", "1.0"},    {"+1", "1.0"},  {".5", "0.5"},  {"5.", "5.0"},
        {"5e-1", "0.5"}, {"0x1", "1.0"}, {"0o7", "7.0"},
    };
    for (size_t i = 0; i < RG_COUNT(words); i++) {
        char text[300];
        snprintf(text, sizeof(text), HEAD "arms: {a: {train.lr: %s}}\n", words[i].word);
        reading r = read_text(text);
        assert_json(good(&r)->arms[0].config, "train.lr", words[i].value);
        reading_free(&r);
    }
    static const char *const not_numbers[] = {"1_000", "1e", "e5",   ".",
                                              "-",     "0x", "1:30", "yes"};
    for (size_t i = 0; i < RG_COUNT(not_numbers); i++) {
        char text[300];
        snprintf(text, sizeof(text), HEAD "arms: {a: {train.lr: '%s'}}\n", not_numbers[i]);
        reading r = read_text(text);
        assert_mistake(&r, 5, 22, "train.lr must be a number");
        reading_free(&r);
    }
}

static void test_texts_of_every_style(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *text;
    } texts[] = {
        {"plain words # a comment", "plain words"},
        {"'it''s'", "it's"},
        {"\"tab\\t \\u00e9 \\x41\"", "tab\t \xc3\xa9 A"},
        {">\n  folded\n  words\n", "folded words\n"},
        {"|-\n  two\n  lines\n", "two\nlines"},
        {"plain over\n  two lines", "plain over two lines"},
        {"'''a'' ''b'''", "'a' 'b'"},
    };
    for (size_t i = 0; i < RG_COUNT(texts); i++) {
        char text[300];
        snprintf(text, sizeof(text), HEAD "question: %s\n", texts[i].yaml);
        reading r = read_text(text);
        assert_string_equal(good(&r)->question, texts[i].text);
        reading_free(&r);
    }
}

static void test_aliases_stand_for_their_values(void **state)
{
    (void)state;
    reading r = read_text(HEAD "arms:\n  a: &a {model.dropout: 0.3}\n  b: *a\n");
    const rg_study *s = good(&r);
    assert_json(s->arms[1].config, "model.dropout", "0.3");
    reading_free(&r);
    r = read_text(HEAD "arms:\n  a: &a {model.dropout: 3}\n  b: *a\n");
    assert_mistake(&r, 6, 25, "model.dropout"); /* once, though it is used twice */
    reading_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digits_sections),
        cmocka_unit_test(test_digits_arms),
        cmocka_unit_test(test_digits_spaces),
        cmocka_unit_test(test_digits_claims),
        cmocka_unit_test(test_other_examples),
        cmocka_unit_test(test_smallest_study),
        cmocka_unit_test(test_seeds_follow_the_study_seed),
        cmocka_unit_test(test_exploratory_allows_few_seeds),
        cmocka_unit_test(test_spellings_of_a_metric),
        cmocka_unit_test(test_a_ranking_may_be_stratified),
        cmocka_unit_test(test_split_files_lie_beside_the_study),
        cmocka_unit_test(test_rules_of_the_split_are_recorded),
        cmocka_unit_test(test_words_of_the_core_schema),
        cmocka_unit_test(test_texts_of_every_style),
        cmocka_unit_test(test_aliases_stand_for_their_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
