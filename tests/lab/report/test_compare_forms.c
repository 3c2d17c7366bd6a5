/* test_compare_forms.c - the ways in which results are laid out: what is guessed, what is said
 * back, and that the same runs give the same facts however they are written. */
#include "lab/report/compare.h"
#include "lab/report/comparing.h"
#include "rigor/groups.h"

static json_t *compare_with(const char *text, const rg_compare_options *options)
{
    rg_err err = {0};
    rg_result_source source = {"results.csv", text, strlen(text)};
    json_t *facts = rg_compare_sources(&source, 1, options, &err);
    if (!facts)
        fail_msg("%s: %s -> %s", err.where, err.what, err.remedy);
    return facts;
}

static json_t *compare(const char *text, const char *metric)
{
    rg_compare_options options = usual(metric);
    return compare_with(text, &options);
}

static const char *word(const json_t *facts, const char *key)
{
    return rg_json_text(json_object_get(facts, "columns"), key, "(absent)");
}

static const json_t *claim(const json_t *facts, size_t i)
{
    return json_array_get(json_object_get(facts, "claims"), i);
}

/* Scores of arm a and b on data set d with seed s, fold f. */
static double score(int arm, int set, int seed, int fold)
{
    rg_rng rng = rg_rng_open(support_seed(), "score %d %d %d %d", arm, set, seed, fold);
    return .8 + .02 * arm + .05 * set + .01 * rg_rng_normal(&rng);
}

typedef struct layout {
    int sets, seeds, folds;
} layout;

/* A row for each run, with the columns that the layout has. */
static void write_rows(rg_str *s, layout l, bool json)
{
    if (!json)
        rg_str_printf(s, "arm%s%s%s,accuracy\n", l.sets ? ",dataset" : "",
                      l.seeds ? ",seed" : "", l.folds ? ",fold" : "");
    for (int arm = 0; arm < 2; arm++)
        for (int set = 0; set < (l.sets ? l.sets : 1); set++)
            for (int seed = 0; seed < (l.seeds ? l.seeds : 1); seed++)
                for (int fold = 0; fold < (l.folds ? l.folds : 1); fold++) {
                    rg_str_printf(s, json ? "{\"arm\": \"%s\"" : "%s", arm ? "ours" : "base");
                    if (l.sets)
                        rg_str_printf(s, json ? ", \"dataset\": \"d%d\"" : ",d%d", set);
                    if (l.seeds)
                        rg_str_printf(s, json ? ", \"seed\": %d" : ",%d", seed);
                    if (l.folds)
                        rg_str_printf(s, json ? ", \"fold\": %d" : ",%d", fold);
                    rg_str_printf(s, json ? ", \"accuracy\": %.17g}\n" : ",%.17g\n",
                                  score(arm, set, seed, fold));
                }
}

/* CSV and JSON lines with the same rows: the same facts, and the situation that they are. */
static void situations(void **state)
{
    (void)state;
    static const struct {
        layout layout;
        const char *situation;
        json_int_t n;
    } cases[] = {
        {{0, 6, 0}, "pairs", 6},  {{3, 6, 0}, "sets", 18},     {{0, 0, 10}, "folds", 10},
        {{0, 2, 5}, "folds", 10}, {{8, 0, 0}, "many-sets", 8},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        rg_str csv = {0}, json = {0};
        write_rows(&csv, cases[i].layout, false);
        write_rows(&json, cases[i].layout, true);
        json_t *facts = compare(rg_str_text(&csv), NULL);
        json_t *same = compare(rg_str_text(&json), NULL);
        assert_true(json_equal(facts, same));
        assert_string_equal(rg_json_text(claim(facts, 0), "situation", ""), cases[i].situation);
        assert_int_equal(json_integer_value(json_object_get(claim(facts, 0), "n")), cases[i].n);
        assert_string_equal(rg_json_text(claim(facts, 0), "claim", ""), "ours > base");
        json_decref(facts);
        json_decref(same);
        rg_str_free(&csv);
        rg_str_free(&json);
    }
}

/* Every data set weighs the same in an arm's mean; its interval is that of the stratified t. */
static void arms_over_sets(void **state)
{
    (void)state;
    json_t *facts = compare("arm,task,seed,accuracy\na,x,1,.5\na,x,2,.7\na,y,1,.8\nb,x,1,.5\n"
                            "b,x,2,.7\nb,y,1,.2\nb,y,2,.4\nb,y,3,.6\n",
                            NULL);
    static const double x[] = {.5, .7}, y[] = {.2, .4, .6};
    const rg_stratum strata[] = {{x, 2}, {y, 3}};
    rg_t_result t = rg_stratified_t(strata, 2, 0, .05);
    const json_t *arms = json_object_get(facts, "arms");
    const json_t *a = rg_json_path(json_array_get(arms, 0), "metrics.accuracy");
    const json_t *b = rg_json_path(json_array_get(arms, 1), "metrics.accuracy");
    assert_close(json_number_value(json_object_get(a, "mean")), .7, 1e-12);
    assert_close(json_number_value(json_object_get(b, "mean")), .5, 1e-12);
    assert_close(json_number_value(json_array_get(json_object_get(b, "interval"), 0)), t.lo,
                 1e-12);
    assert_int_equal(json_integer_value(json_object_get(b, "n")), 5);
    json_decref(facts);
    /* folds share training data, on each of the sets */
    facts = compare("arm,task,fold,accuracy\na,x,1,.5\na,x,2,.7\na,y,1,.4\na,y,2,.6\n"
                    "b,x,1,.5\nb,x,2,.6\nb,y,1,.3\nb,y,2,.7\n",
                    NULL);
    const rg_stratum folds[] = {{x, 2}, {y + 1, 2}};
    t = rg_stratified_corrected_t(folds, 2, 1, 0, .05);
    a = rg_json_path(json_array_get(json_object_get(facts, "arms"), 0), "metrics.accuracy");
    assert_close(json_number_value(json_array_get(json_object_get(a, "interval"), 1)), t.hi,
                 1e-12);
    json_decref(facts);
}

static void unpaired(void **state)
{
    (void)state;
    json_t *facts = compare("model,accuracy\na,.5\na,.52\na,.51\na,.55\na,.53\n"
                            "b,.6\nb,.62\nb,.61\nb,.65\nb,.63\nb,.64\n",
                            NULL);
    assert_string_equal(rg_json_text(claim(facts, 0), "situation", ""), "unpaired");
    assert_string_equal(rg_json_text(claim(facts, 0), "verdict", ""), "supported");
    assert_warned(facts, "No column holds seeds");
    json_decref(facts);
    facts = compare("model,seed,accuracy\na,1,.5\na,2,.52\na,3,.51\na,4,.55\na,5,.53\n"
                    "b,11,.6\nb,12,.62\nb,13,.61\nb,14,.65\nb,15,.63\n",
                    NULL);
    assert_string_equal(rg_json_text(claim(facts, 0), "situation", ""), "unpaired");
    assert_warned(facts, "No run of a, b has a partner");
    json_decref(facts);
}

/* A column of scores for each arm, data set, seed or fold: the same runs as rows. */
static void columns_of_scores(void **state)
{
    (void)state;
    static const char rows[] = "arm,seed,accuracy\na,1,.5\na,2,.6\na,3,.55\nb,1,.6\nb,2,.8\n"
                               "b,3,.7\n";
    json_t *facts = compare(rows, NULL);
    json_t *arms = compare("seed,a,b\n1,.5,.6\n2,.6,.8\n3,.55,.7\n", "accuracy");
    json_t *seeds = compare("arm,seed_1,seed_2,seed_3\na,.5,.6,.55\nb,.6,.8,.7\n", "accuracy");
    assert_string_equal(word(facts, "form"), "wide");
    assert_string_equal(word(arms, "form"), "arms");
    assert_string_equal(word(seeds, "form"), "seeds");
    assert_true(json_equal(claim(facts, 0), claim(arms, 0)));
    assert_true(json_object_size(claim(seeds, 0)) == json_object_size(claim(facts, 0)));
    for (size_t i = 0; i < 2; i++) {
        static const char *const keys[] = {"estimate", "p", "p_signflip", "interval",
                                           "verdict"};
        for (size_t k = 0; k < COUNT(keys); k++)
            assert_true(json_equal(json_object_get(claim(facts, 0), keys[k]),
                                   json_object_get(claim(seeds, 0), keys[k])));
    }
    json_decref(facts);
    json_decref(arms);
    json_decref(seeds);
    facts = compare("algorithm,results.arc.acc,results.arc.acc_stderr,results.boolq.acc\n"
                    "x,.5,.01,.6\ny,.6,.01,.7\n",
                    NULL);
    assert_string_equal(word(facts, "form"), "datasets");
    assert_string_equal(rg_json_text(json_object_get(facts, "metric"), "name", ""), "acc");
    json_decref(facts);
}

/* A table of papers: texts that differ in each row are the data sets, other columns the arms. */
static void table_of_papers(void **state)
{
    (void)state;
    rg_compare_options o = usual(NULL);
    o.goal_given = true;
    json_t *facts =
        compare_with("\tC4.5\tC4.5+m\nadult\t0.763\t0.768\nbreast\t0.599\t0.591\n"
                     "iris\t0.954\t0.971\nlungs\t0.628\t0.661\nmushroom\t0.882\t0.888\n"
                     "wine\t0.936\t0.931\n",
                     &o);
    assert_string_equal(word(facts, "form"), "arms");
    assert_string_equal(word(facts, "dataset"), "c1");
    assert_string_equal(rg_json_text(claim(facts, 0), "situation", ""), "many-sets");
    assert_non_null(strstr(word(facts, "sentence"), "each of 2 columns ('C4.5' to 'C4.5+m')"));
    json_decref(facts);
}

/* What frameworks write. */
static const struct {
    const char *text, *metric, *form, *arm, *seed, *dataset, *value;
} exports[] = {
    {/* Weights & Biases */
     "\"Name\",\"State\",\"Created\",\"Runtime\",\"optimizer\",\"seed\",\"lr\",\"test/"
     "acc\",\"train/"
     "loss\"\n\"run-1\",\"finished\",\"2024\",\"1\",\"adam\",\"1\",\"0.1\",\"0.9\",\"0.2\"\n"
     "\"run-2\",\"finished\",\"2025\",\"1\",\"adam\",\"2\",\"0.1\",\"0.8\",\"0.3\"\n"
     "\"run-3\",\"finished\",\"2026\",\"2\",\"sgd\",\"1\",\"0.1\",\"0.7\",\"0.1\"\n"
     "\"run-4\",\"finished\",\"2027\",\"1\",\"sgd\",\"2\",\"0.1\",\"0.6\",\"0.4\"\n",
     NULL, "wide", "optimizer", "seed", "(absent)", "test/acc"},
    {/* MLflow */
     "run_id,experiment_id,status,start_time,metrics.val_f1,params.model,params.seed,"
     "tags.mlflow.runName\na1,0,FINISHED,1,.5,x,1,red\na2,0,FINISHED,2,.6,x,2,blue\n"
     "a3,0,FINISHED,3,.7,y,1,green\na4,0,FINISHED,4,.8,y,2,grey\n",
     NULL, "wide", "params.model", "params.seed", "(absent)", "metrics.val_f1"},
    {/* sklearn's cv_results_ */
     ",mean_fit_time,param_C,params,split0_test_score,split1_test_score,mean_test_score,"
     "std_test_score,rank_test_score\n0,.1,1,{'C': 1},.8,.9,.85,.05,2\n"
     "1,.1,2,{'C': 2},.9,.91,.9,.01,1\n",
     NULL, "folds", "params", "(absent)", "(absent)", "(absent)"},
    {/* a log of JSON lines */
     "{\"config\": {\"model\": \"x\", \"seed\": 1}, \"env\": \"a\", \"loss\": NaN}\n"
     "{\"config\": {\"model\": \"y\", \"seed\": 1}, \"env\": \"a\", \"loss\": 0.25}\n",
     NULL, "wide", "config.model", "config.seed", "env", "loss"},
    {"Model;Metric;Value;Run\nx;bleu;1;1\nx;wer;2;1\ny;bleu;3;1\ny;wer;1;1\n", "wer", "long",
     "Model", "Run", "(absent)", "Value"},
    {/* nothing but its content says that it is the arm */
     "who,run,step,accuracy\nx,1,10,.5\nx,2,11,.6\ny,1,12,.5\ny,2,13,.7\n", NULL, "wide", "who",
     "run", "(absent)", "accuracy"},
};

static void frameworks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(exports); i++) {
        json_t *facts = compare(exports[i].text, exports[i].metric);
        assert_string_equal(word(facts, "form"), exports[i].form);
        assert_string_equal(word(facts, "arm"), exports[i].arm);
        assert_string_equal(word(facts, "seed"), exports[i].seed);
        assert_string_equal(word(facts, "dataset"), exports[i].dataset);
        assert_string_equal(word(facts, "value"), exports[i].value);
        json_decref(facts);
    }
}

/* An option wins over every guess. */
static void options_win(void **state)
{
    (void)state;
    static const char rows[] =
        "method,lr,rep,task,part,s1,s2\nx,.1,1,t,0,.5,.1\nx,.2,1,t,0,.6,.2\n"
        "x,.1,2,t,0,.7,.3\nx,.2,2,t,0,.8,.4\n";
    rg_compare_options o = usual(NULL);
    o.column[RG_ROLE_ARM] = "LR";
    o.column[RG_ROLE_DATASET] = "part";
    o.column[RG_ROLE_VALUE] = "s2";
    o.form = "wide";
    o.goal_given = true;
    json_t *facts = compare_with(rows, &o);
    assert_string_equal(word(facts, "arm"), "lr");
    assert_string_equal(word(facts, "dataset"), "part");
    assert_string_equal(word(facts, "value"), "s2");
    assert_string_equal(rg_json_text(claim(facts, 0), "claim", ""), "0.2 > 0.1");
    assert_close(json_number_value(json_object_get(claim(facts, 0), "estimate")), .1, 1e-12);
    json_decref(facts);
}

static void several_files(void **state)
{
    (void)state;
    static const char ours[] = "seed,accuracy\n1,.5\n2,.6\n";
    static const char broken[] = "{\"seed\": 2, \"accuracy\": 0.4}\n{\"seed\": 1x}";
    static const char lines[] = "{\"seed\": 2, \"accuracy\": 0.4}\n{\"seed\": 1, \"accuracy\": "
                                "0.4}";
    rg_result_source good[] = {{"runs/ours.csv", ours, strlen(ours)},
                               {"runs/baseline.jsonl", broken, strlen(broken)}};
    rg_compare_options o = usual(NULL);
    rg_err err = {0};
    json_t *facts = rg_compare_sources(good, 2, &o, &err);
    assert_null(facts);
    assert_string_equal(err.where, "runs/baseline.jsonl:2");
    good[1].text = lines;
    good[1].len = strlen(lines);
    err = (rg_err){0};
    facts = rg_compare_sources(good, 2, &o, &err);
    assert_non_null(facts);
    assert_string_equal(rg_json_text(claim(facts, 0), "claim", ""), "ours > baseline");
    assert_close(json_number_value(json_object_get(claim(facts, 0), "estimate")), .15, 1e-12);
    json_decref(facts);
    good[1] = good[0];
    good[1].path = "other/ours.csv"; /* the same name in another folder */
    facts = rg_compare_sources(good, 2, &o, &err);
    assert_non_null(facts);
    assert_string_equal(rg_json_text(claim(facts, 0), "claim", ""), "other/ours > runs/ours");
    json_decref(facts);
}

static void names_of_metrics(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int way; /* 1: maximize, -1: minimize, 0: unknown */
    } names[] = {
        {"accuracy", 1},
        {"test/acc", 1},
        {"Eval Accuracy", 1},
        {"acc,none", 1},
        {"f1_score", 1},
        {"val_loss", -1},
        {"loss", -1},
        {"test_score", 1},
        {"neg_mean_squared_error", 1},
        {"top1_error", -1},
        {"std_accuracy", 0},
        {"zork", 0},
        {"variational_loss", -1},
        {"acc_stderr", 0},
        {"perplexity", -1},
        {"score", 0},
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        bool maximize = false;
        double worst;
        bool known = rg_result_metric(names[i].name, &maximize, &worst);
        if ((known ? maximize ? 1 : -1 : 0) != names[i].way)
            fail_msg("%s: known %d, maximize %d", names[i].name, known, maximize);
    }
}

/* What the lab scores is one table: a failed run counts in results of others as it does in ours. */
static void metrics_that_are_scored(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double worst;
    } names[] = {
        {"ndcg@10", 0},
        {"eval/hit_rate@3", 0},
        {"test_roc_auc", 0},
        {"pr_auc", 0},
        {"val.spearman", -1},
        {"log_loss", NAN},
        {"eval_perplexity", NAN},
        {"test_f1_macro", 0},
        {"brier", 2},
        {"mAP", 0},
        {"ndcg", 0},
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        bool maximize = false;
        double worst = 77;
        assert_true(rg_result_metric(names[i].name, &maximize, &worst));
        assert_close(worst, names[i].worst, 0);
        assert_int_equal(maximize, !isnan(worst) && worst < 2);
    }
    bool maximize;
    double worst;
    assert_false(rg_result_metric("ndcg@0", &maximize, &worst));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_that_are_scored),
        cmocka_unit_test(situations),
        cmocka_unit_test(unpaired),
        cmocka_unit_test(arms_over_sets),
        cmocka_unit_test(columns_of_scores),
        cmocka_unit_test(table_of_papers),
        cmocka_unit_test(frameworks),
        cmocka_unit_test(options_win),
        cmocka_unit_test(several_files),
        cmocka_unit_test(names_of_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
