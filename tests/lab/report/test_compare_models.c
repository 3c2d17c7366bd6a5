/* test_compare_models.c - fixed models on one test set: what is read, what decides, what is
 * refused. */
#include "lab/report/compare_predictions.h"
#include "lab/report/comparing.h"
#include "rigor/data.h"
#include "rigor/predictions.h"

static json_t *try_models(const char *const *text, size_t n, const char *labels,
                          const rg_compare_options *options, rg_err *err)
{
    static const char *const names[] = {"a.csv", "b.csv", "c.csv"};
    rg_result_source sources[3], truth = {"y.csv", labels, strlen(labels)};
    for (size_t i = 0; i < n; i++)
        sources[i] = (rg_result_source){names[i], text[i], strlen(text[i])};
    return rg_compare_model_sources(sources, n, &truth, options, err);
}

static json_t *models(const char *const *text, size_t n, const char *labels,
                      const rg_compare_options *options)
{
    rg_err err = {0};
    json_t *facts = try_models(text, n, labels, options, &err);
    if (!facts)
        fail_msg("%s: %s -> %s", err.where, err.what, err.remedy);
    return facts;
}

static const char *word(const json_t *facts, const char *keys)
{
    const char *text = json_string_value(at(facts, keys));
    if (!text)
        fail_msg("%s is no text", keys);
    return text;
}

/* Labels of n examples, and predictions of which the first right[k] of block k are right. */
typedef struct lists {
    rg_str truth, a, b;
} lists;

static void add_rows(lists *l, int count, bool a_right, bool b_right)
{
    for (int i = 0; i < count; i++) {
        bool yes = i % 2;
        rg_str_printf(&l->truth, "%s\n", yes ? "yes" : "no");
        rg_str_printf(&l->a, "%s\n", yes == a_right ? "yes" : "no");
        rg_str_printf(&l->b, "%s\n", yes == b_right ? "yes" : "no");
    }
}

static void free_lists(lists *l)
{
    rg_str_free(&l->truth);
    rg_str_free(&l->a);
    rg_str_free(&l->b);
}

/* 121 against 59: McNemar's exact p is binom.test(121, 180)$p.value. */
static void mcnemar_decides(void **state)
{
    (void)state;
    lists l = {0};
    add_rows(&l, 300, true, true);
    add_rows(&l, 121, true, false);
    add_rows(&l, 59, false, true);
    add_rows(&l, 20, false, false);
    const char *text[] = {rg_str_text(&l.b), rg_str_text(&l.a)};
    rg_compare_options o = usual(NULL);
    json_t *facts = models(text, 2, rg_str_text(&l.truth), &o);
    assert_string_equal(word(facts, "claims.0.claim"), "b > a");
    assert_string_equal(word(facts, "claims.0.situation"), "models");
    assert_string_equal(word(facts, "claims.0.verdict"), "supported");
    assert_string_equal(word(facts, "claims.0.methods.decides"), "mcnemar");
    assert_close(real(facts, "claims.0.p"), rg_mcnemar(121, 59).p_exact, 0);
    assert_close(real(facts, "claims.0.estimate"), 62. / 500, 1e-12);
    assert_true(real(facts, "models.pairs.0.only_a") == 121);
    assert_true(real(facts, "models.pairs.0.only_b") == 59);
    assert_close(real(facts, "models.pairs.0.chi2"), 62. * 62 / 180, 1e-12);
    assert_close(real(facts, "models.arms.1.score"), 421. / 500, 1e-12);
    assert_string_equal(word(facts, "models.kind"), "labels");
    assert_string_equal(word(facts, "marks.0"), "fixed models");
    assert_non_null(strstr(word(facts, "claims.0.sentence"),
                           "these two fixed models on this test set, not about the methods"));
    assert_true(real(facts, "claims.0.interval.0") > 0);
    assert_true(real(facts, "claims.0.interval.0") < 62. / 500);
    json_decref(facts);
    free_lists(&l);
}

/* The same examples in any order, matched by id, give the same facts. */
static void ids_match(void **state)
{
    (void)state;
    static const char truth[] = "id,label\n1,cat\n2,dog\n3,cat\n4,bird\n5,dog\n6,cat\n";
    static const char *const text[] = {
        "id,prediction\n6,cat\n5,dog\n4,cat\n3,cat\n2,dog\n1,cat\n",
        "example,pred\n2,cat\n1,cat\n3,cat\n5,cat\n4,cat\n6,cat\n"};
    rg_compare_options o = usual("acc");
    json_t *facts = models(text, 2, truth, &o);
    assert_close(real(facts, "models.arms.0.score"), 5. / 6, 1e-12);
    assert_close(real(facts, "models.arms.1.score"), 3. / 6, 1e-12);
    assert_true(real(facts, "models.pairs.0.only_b") == 2);
    assert_non_null(strstr(word(facts, "columns.sentence"), "3 classes (bird, cat, dog)"));
    assert_non_null(strstr(word(facts, "columns.sentence"), "matched by id"));
    assert_string_equal(word(facts, "claims.0.verdict"), "inconclusive");
    json_decref(facts);
}

typedef struct scored {
    rg_str truth, text[2];
    double score[2][200];
    bool positive[200];
} scored;

static void draw_scores(scored *s)
{
    rg_rng rng = rg_rng_open(support_seed(), "scores of two models");
    rg_str_add(&s->truth, "label\n");
    for (int k = 0; k < 2; k++)
        rg_str_add(&s->text[k], "score\n");
    for (size_t i = 0; i < 200; i++) {
        s->positive[i] = rg_rng_unit(&rng) < .4;
        rg_str_printf(&s->truth, "%d\n", s->positive[i]);
        for (size_t k = 0; k < 2; k++) {
            double shift = s->positive[i] ? 1.5 - (double)k : 0;
            s->score[k][i] = 1 / (1 + exp(-(rg_rng_normal(&rng) + shift)));
            rg_str_printf(&s->text[k], "%.17g\n", s->score[k][i]);
        }
    }
}

static void delong_decides(void **state)
{
    (void)state;
    scored *s = RG_NEW(scored);
    draw_scores(s);
    const char *text[] = {rg_str_text(&s->text[0]), rg_str_text(&s->text[1])};
    rg_compare_options o = usual("auc");
    json_t *facts = models(text, 2, rg_str_text(&s->truth), &o);
    rg_delong_result d = rg_delong(s->score[1], s->score[0], s->positive, 200, .05);
    assert_close(real(facts, "claims.0.estimate"), d.difference, 1e-12);
    assert_close(real(facts, "claims.0.interval.0"), d.lo, 1e-12);
    assert_close(real(facts, "claims.0.p"), d.p, 1e-12);
    assert_string_equal(word(facts, "claims.0.methods.decides"), "delong");
    assert_close(real(facts, "arms.0.metrics.auc.mean"), rg_auc(s->score[0], s->positive, 200),
                 1e-12);
    static const double equal[200] = {0}; /* one model's area beside that of no model at all */
    rg_delong_result alone = rg_delong(s->score[0], equal, s->positive, 200, .05);
    assert_close(real(facts, "arms.0.metrics.auc.interval.0"), .5 + alone.lo, 1e-12);
    assert_close(real(facts, "arms.0.metrics.auc.interval.1"), fmin(1, .5 + alone.hi), 1e-12);
    assert_non_null(strstr(word(facts, "columns.sentence"), "the score is column 'score' of "));
    rg_str table = {0};
    rg_err err = {0};
    assert_true(rg_rendering_find("text")->render(facts, false, &table, &err));
    assert_non_null(strstr(rg_str_text(&table), "AUC of B"));
    assert_null(strstr(rg_str_text(&table), "McNemar"));
    rg_str_free(&table);
    assert_string_equal(word(facts, "models.kind"), "scores");
    json_decref(facts);
    o = usual("nll"); /* scores in [0, 1] are probabilities */
    facts = models(text, 2, rg_str_text(&s->truth), &o);
    assert_string_equal(word(facts, "claims.0.methods.decides"), "bootstrap");
    assert_string_equal(word(facts, "metric.goal"), "minimize");
    double sum = 0;
    for (size_t i = 0; i < 200; i++)
        sum -= log(s->positive[i] ? s->score[0][i] : 1 - s->score[0][i]);
    assert_close(real(facts, "arms.0.metrics.nll.mean"), sum / 200, 1e-12);
    json_decref(facts);
    rg_str_free(&s->truth);
    rg_str_free(&s->text[0]);
    rg_str_free(&s->text[1]);
    rg_free(s);
}

/* Probabilities with a column for each class, in any order of columns. */
static void columns_of_classes(void **state)
{
    (void)state;
    static const char truth[] = "label\na\nb\nc\na\nb\nc\n";
    static const char *const text[] = {
        "p_c,p_a,p_b\n.1,.8,.1\n.2,.2,.6\n.7,.2,.1\n.1,.7,.2\n.1,.1,.8\n.6,.2,.2\n",
        ".5,.3,.2\n.5,.3,.2\n.5,.3,.2\n.5,.3,.2\n.5,.3,.2\n.5,.3,.2\n"};
    rg_compare_options o = usual("brier");
    json_t *facts = models(text, 2, truth, &o);
    assert_close(real(facts, "arms.0.metrics.brier.mean"),
                 (.06 + .24 + .14 + .14 + .06 + .24) / 6, 1e-12);
    o = usual(NULL);
    json_decref(facts);
    facts = models(text, 2, truth, &o);
    assert_close(real(facts, "models.arms.0.score"), 1, 0);
    assert_close(real(facts, "models.arms.1.score"), 2. / 6, 1e-12);
    json_decref(facts);
}

static void regression(void **state)
{
    (void)state;
    rg_str truth = {0}, text[2] = {{0}, {0}};
    rg_rng rng = rg_rng_open(support_seed(), "a regression");
    rg_str_add(&truth, "y\n");
    double squares[2] = {0, 0};
    for (int i = 0; i < 300; i++) {
        double y = rg_rng_normal(&rng);
        rg_str_printf(&truth, "%.17g\n", y);
        for (int k = 0; k < 2; k++) {
            double gap = (k ? .5 : .1) * rg_rng_normal(&rng);
            squares[k] += gap * gap;
            rg_str_printf(&text[k], "%.17g\n", y + gap);
        }
    }
    const char *texts[] = {rg_str_text(&text[0]), rg_str_text(&text[1])};
    rg_compare_options o = usual(NULL);
    json_t *facts = models(texts, 2, rg_str_text(&truth), &o);
    assert_string_equal(word(facts, "metric.name"), "rmse");
    assert_string_equal(word(facts, "models.kind"), "numbers");
    assert_close(real(facts, "models.arms.0.score"), sqrt(squares[0] / 300), 1e-9);
    assert_close(real(facts, "claims.0.estimate"),
                 sqrt(squares[1] / 300) - sqrt(squares[0] / 300), 1e-9);
    assert_string_equal(word(facts, "claims.0.verdict"), "refuted");
    json_decref(facts);
    static const char *const claim[] = {"a = b"};
    o.claims = claim;
    o.n_claims = 1;
    o.analysis.margin = 1;
    facts = models(texts, 2, rg_str_text(&truth), &o);
    assert_string_equal(word(facts, "claims.0.verdict"), "equivalent");
    json_decref(facts);
    rg_str_free(&truth);
    rg_str_free(&text[0]);
    rg_str_free(&text[1]);
}

static void warnings(void **state)
{
    (void)state;
    static const char *const text[] = {"cat\ndog\ncow\ncat\n", "cat\ncat\ndog\ncat\n"};
    rg_compare_options o = usual(NULL);
    json_t *facts = models(text, 2, "cat\ndog\ndog\ncat\n", &o);
    assert_non_null(strstr(word(facts, "warnings.0"), "a.csv:3: 'cow' is none of the labels'"));
    assert_close(real(facts, "models.arms.0.score"), .75, 0);
    json_decref(facts);
    static const char *const scores[] = {".9\n.1\n.2\n.8\n", ".1\n.2\n.3\n.4\n"};
    facts = models(scores, 2, "cat\ndog\ndog\ncat\n", &o);
    assert_non_null(strstr(word(facts, "warnings.0"), "--positive cat"));
    assert_close(real(facts, "models.arms.0.score"), 0, 0);
    json_decref(facts);
    o.positive = "cat";
    facts = models(scores, 2, "cat\ndog\ndog\ncat\n", &o);
    assert_close(real(facts, "models.arms.0.score"), 1, 0);
    assert_int_equal(json_array_size(at(facts, "warnings")), 0);
    json_decref(facts);
}

/* Both models right and wrong on the same examples: nothing to test. */
static void identical(void **state)
{
    (void)state;
    static const char *const text[] = {"pred\ncat\ndog\ncat\n", "pred\ncat\ndog\ncat\n"};
    rg_compare_options o = usual(NULL);
    json_t *facts = models(text, 2, "label\ncat\ndog\ndog\n", &o);
    assert_string_equal(word(facts, "claims.0.verdict"), "inconclusive");
    assert_non_null(strstr(word(facts, "claims.0.sentence"), "the same score on each of 3"));
    assert_close(real(facts, "claims.0.p"), 1, 0);
    json_decref(facts);
}

#define P "pred\ncat\ndog\n"
#define L "label\ncat\ndog\n"
static const struct {
    const char *a, *b, *labels, *metric, *where, *what, *remedy;
} refused[] = {
    {"pred\ncat\ndog\n", "pred\ncat\n", "label\ncat\ndog\n", NULL, "b.csv",
     "1 predictions for 2 labels", "ids"},
    {"id,pred\n1,cat\n3,dog\n", P, "id,label\n1,cat\n2,dog\n", NULL, "a.csv:3",
     "the labels have no example '3'", "add its label"},
    {"id,pred\n1,cat\n1,dog\n", P, "id,label\n1,cat\n2,dog\n", NULL, "a.csv:3",
     "predicted twice: here and in line 2", "keep one"},
    {"id,pred\n1,cat\n", P, "id,label\n1,cat\n2,dog\n", NULL, "a.csv",
     "1 of 2 examples have no prediction; the first is '2'", "every label"},
    {P, P, "id,label\n1,cat\n1,dog\n", NULL, "y.csv:3",
     "the id '1' stands twice: here and in line 2", "id of its own"},
    {P, P, "label,note\ncat,x\n,y\n", NULL, "y.csv:3", "no value here",
     "leave the example out"},
    {P, P, "label\ncat\ncat\n", NULL, "y.csv", "all labels are 'cat'", "all"},
    {"pred\n1\n2\n", "pred\n2\n1\n", "label\n0\n1\n", NULL, "a.csv",
     "('2', ...) are coded otherwise than the labels ('0', '1')", "as the labels"},
    {"pred\nFalse\nTrue\n", "pred\nTrue\nTrue\n", "label\n0\n1\n", NULL, "a.csv",
     "('False', ...) are coded otherwise", "as the labels"},
    {P, P, L, "auc", "", "auc needs two classes and scores", "another --metric"},
    {P, P, L, "acuracy", "", "no metric 'acuracy'", "did you mean 'accuracy'?"},
    {"1.5\nx\n", "1\n2\n", "1.5\n2.5\n", NULL, "a.csv:1", "no finite number here", "finite"},
    {"p,q\n1,2\n3,4\n", P, "label\ncat\ndog\ncow\ncat\ndog\n", NULL, "a.csv",
     "2 predictions for 5 labels", "ids"},
    {"x,z\n1,2\n3,4\n", P, L, NULL, "a.csv", "no column is known for the predictions",
     "name it 'prediction'"},
};

static void refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        rg_err err = {0};
        const char *text[] = {refused[i].a, refused[i].b};
        rg_compare_options o = usual(refused[i].metric);
        json_t *facts = try_models(text, 2, refused[i].labels, &o, &err);
        if (facts)
            fail_msg("case %zu was not refused: %s", i, refused[i].what);
        if (err.code != RG_INPUT || strcmp(err.where, refused[i].where) != 0 ||
            !strstr(err.what, refused[i].what) || !strstr(err.remedy, refused[i].remedy))
            fail_msg("case %zu: %s: %s -> %s", i, err.where, err.what, err.remedy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mcnemar_decides), cmocka_unit_test(ids_match),
        cmocka_unit_test(delong_decides),  cmocka_unit_test(columns_of_classes),
        cmocka_unit_test(regression),      cmocka_unit_test(warnings),
        cmocka_unit_test(identical),       cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
