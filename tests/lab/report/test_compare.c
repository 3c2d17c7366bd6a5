/* test_compare.c - verdicts for a table of results: forms, guesses, failures, and every refusal
 * with its line. */
#include "lab/report/comparing.h"
#include "rigor/report.h"
#include "rigor/stats.h"

static const char path[] = "results.csv";

static void write_table(const char *text)
{
    rg_err err = {0};
    if (!rg_file_write(path, text, strlen(text), 0644, &err))
        fail_msg("%s", err.what);
}

static json_t *compare_file(const char *file, const rg_compare_options *options, rg_err *err)
{
    return rg_compare(&file, 1, options, err);
}

static json_t *compare_with(const char *text, const rg_compare_options *options)
{
    rg_err err = {0};
    write_table(text);
    json_t *facts = compare_file(path, options, &err);
    if (!facts)
        fail_msg("%s: %s -> %s", err.where, err.what, err.remedy);
    return facts;
}

static json_t *compare(const char *text, const char *metric)
{
    rg_compare_options options = usual(metric);
    return compare_with(text, &options);
}

static void assert_text(const json_t *facts, const char *keys, const char *expected)
{
    const json_t *value = at(facts, keys);
    if (!json_is_string(value))
        fail_msg("%s is no text", keys);
    assert_string_equal(json_string_value(value), expected);
}

static const char wide[] = "method,seed,accuracy,nll\n"
                           "plain,1,.940,.21\nplain,2,.951,.20\nplain,3,.944,.22\n"
                           "plain,4,.948,.19\nplain,5,.939,.23\nplain,6,.952,.18\n"
                           "full,6,.966,.15\nfull,5,.955,.19\nfull,4,.959,.17\n"
                           "full,3,.961,.18\nfull,2,.963,.17\nfull,1,.958,.16\n";

static void wide_form(void **state)
{
    (void)state;
    json_t *facts = compare(wide, "accuracy");
    assert_text(facts, "format", "rigor-facts/1");
    assert_text(facts, "study", "results");
    assert_text(facts, "status", "complete");
    assert_text(facts, "marks.0", "self-reported");
    assert_text(facts, "trust", "self-reported");
    assert_text(facts, "metric.name", "accuracy");
    assert_text(facts, "metric.goal", "maximize");
    assert_text(facts, "analysis.correction", "holm");
    assert_text(facts, "columns.arm", "method");
    assert_text(facts, "columns.seed", "seed");
    assert_text(facts, "columns.form", "wide");
    assert_text(facts, "arms.0.name", "plain");
    assert_text(facts, "arms.1.name", "full");
    assert_true(real(facts, "arms.1.seeds.0") == 1);
    assert_close(real(facts, "arms.1.metrics.accuracy.values.0"), .958, 0);
    assert_true(real(facts, "arms.1.failures") == 0);
    assert_int_equal(json_array_size(at(facts, "claims")), 1);
    assert_text(facts, "claims.0.claim", "full > plain");
    assert_text(facts, "claims.0.verdict", "supported");
    assert_int_equal(json_array_size(at(facts, "warnings")), 0);
    static const double d[] = {.018, .012, .017, .011, .016, .014};
    assert_close(real(facts, "claims.0.p"), rg_t_test(d, 6, 0, .05).p, 1e-9);
    assert_close(real(facts, "claims.0.p_signflip"), .03125, 0);
    json_decref(facts);
    facts = compare(wide, "nll");
    assert_text(facts, "metric.goal", "minimize");
    assert_text(facts, "claims.0.verdict", "supported");
    assert_true(real(facts, "claims.0.estimate") < 0);
    json_decref(facts);
}

/* The same numbers as long rows, semicolons, CRLF, a byte-order mark, other names and order. */
static void long_form(void **state)
{
    (void)state;
    rg_str text = {0};
    rg_str_add(&text, "\xEF\xBB\xBFRun;Metric;Value;Model\r\n");
    static const double a[] = {.940, .951, .944, .948, .939, .952};
    static const double b[] = {.958, .963, .961, .959, .955, .966};
    for (int i = 0; i < 6; i++)
        rg_str_printf(&text, "%d;accuracy;%g;plain\r\n%d;note;some text;plain\r\n", i + 1, a[i],
                      i + 1);
    for (int i = 0; i < 6; i++)
        rg_str_printf(&text, "%d;nll;nan;full\r\n%d;accuracy;%g;full\r\n", i + 1, i + 1, b[i]);
    json_t *facts = compare(rg_str_text(&text), "accuracy"), *same = compare(wide, "accuracy");
    assert_text(facts, "columns.form", "long");
    assert_text(facts, "columns.arm", "Model");
    assert_text(facts, "columns.metric", "Metric");
    assert_true(json_equal(at(facts, "claims"), at(same, "claims")));
    assert_true(json_equal(at(facts, "arms"), at(same, "arms")));
    json_decref(facts);
    json_decref(same);
    rg_str_free(&text);
}

static void claims_and_goal(void **state)
{
    (void)state;
    static const char *const claims[] = {"plain > full", "full >= plain"};
    rg_compare_options o = usual("accuracy");
    o.claims = claims;
    o.n_claims = 2;
    o.analysis.margin = .001;
    json_t *facts = compare_with(wide, &o);
    assert_text(facts, "claims.0.verdict", "refuted");
    assert_text(facts, "claims.1.verdict", "supported");
    assert_close(real(facts, "analysis.margin"), .001, 0);
    json_decref(facts);
    o.n_claims = 1;
    o.goal_given = o.minimize = true;
    facts = compare_with(wide, &o);
    assert_text(facts, "claims.0.verdict", "supported");
    assert_warned(facts, "usually to be maximized");
    json_decref(facts);
}

/* Nobody claimed anything: the arm of a usual name is the reference, else the first one, and
 * the report says that this is a default. */
static void default_claims(void **state)
{
    (void)state;
    static const char *const claims[] = {"new > zeta"};
    static const char old[] = "arm,seed,accuracy\nnew,1,.9\nnew,2,.91\nnew,3,.93\n"
                              "old,1,.8\nold,2,.82\nold,3,.81\n";
    static const char zeta[] = "arm,seed,accuracy\nnew,1,.9\nnew,2,.91\nnew,3,.93\n"
                               "zeta,1,.8\nzeta,2,.82\nzeta,3,.81\n";
    json_t *facts = compare(old, "accuracy");
    assert_text(facts, "claims.0.claim", "new > old");
    const char *reading = json_string_value(at(facts, "columns.sentence"));
    assert_non_null(strstr(reading, "each arm is compared with 'old'; --claims"));
    json_decref(facts);
    facts = compare(zeta, "accuracy");
    assert_text(facts, "claims.0.claim", "zeta > new");
    reading = json_string_value(at(facts, "columns.sentence"));
    assert_non_null(strstr(reading, "compared with 'new', the first; --claims"));
    json_decref(facts);
    rg_compare_options o = usual("accuracy");
    o.claims = claims;
    o.n_claims = 1;
    facts = compare_with(zeta, &o);
    assert_null(strstr(json_string_value(at(facts, "columns.sentence")), "No claims"));
    json_decref(facts);
}

/* Arms that are numbers, seeds that are words, one unnamed metric whose goal is given. */
static void unusual_labels(void **state)
{
    (void)state;
    rg_compare_options o = usual(NULL);
    o.goal_given = true;
    json_t *facts = compare_with("config,run,reward\n0.1,red,10\n0.1,green,12\n0.1,blue,11\n"
                                 "0.01,blue,14\n0.01,green,15\n0.01,red,14\n",
                                 &o);
    assert_text(facts, "metric.name", "reward");
    assert_text(facts, "claims.0.claim", "0.01 > 0.1");
    assert_warned(facts, "holds labels");
    assert_warned(facts, "fewer than 5");
    assert_text(facts, "marks.1", "exploratory");
    assert_close(real(facts, "claims.0.estimate"), 10. / 3, 1e-12);
    json_decref(facts);
    facts = compare("arm,seed,test_accuracy,dataset\na,1,.5,iris\na,2,.6,iris\nb,1,.7,iris\n"
                    "b,2,.9,iris\n",
                    NULL);
    assert_text(facts, "metric.goal", "maximize");
    json_decref(facts);
}

static void missing_seeds(void **state)
{
    (void)state;
    json_t *facts =
        compare("arm,seed,accuracy\na,1,.5\na,2,.6\na,3,.4\na,4,.52\na,5,.58\na,9,.1\n"
                "b,5,.61\nb,1,.53\nb,2,.66\nb,3,.41\nb,4,.57\n",
                NULL);
    assert_true(real(facts, "claims.0.n") == 5);
    assert_warned(
        facts, "b lacks 1 run that a has (seed 9): they are compared on the 5 that both have");
    json_decref(facts);
    facts = compare("arm,seed,accuracy\na,1,.5\na,2,.6\nb,3,.7\nb,4,.8\n", NULL);
    assert_text(facts, "claims.0.verdict", "inconclusive");
    assert_warned(facts, "No run of a, b has a partner");
    json_decref(facts);
}

/* b shares 4 of 8 seeds with a, c all of them: what is said of b > a is not said of c > a. */
static void few_pairs_mark_their_claim_alone(void **state)
{
    (void)state;
    json_t *facts =
        compare("arm,seed,accuracy\na,1,.50\na,2,.52\na,3,.49\na,4,.51\na,5,.53\na,6,.50\n"
                "a,7,.48\na,8,.51\nb,1,.61\nb,2,.65\nb,3,.60\nb,4,.63\nc,1,.70\nc,2,.71\n"
                "c,3,.72\nc,4,.69\nc,5,.74\nc,6,.70\nc,7,.69\nc,8,.73\n",
                NULL);
    assert_text(facts, "claims.0.claim", "b > a");
    assert_true(json_is_true(at(facts, "claims.0.few")));
    assert_text(facts, "claims.0.notes.0",
                "Left out for want of a partner with the same seed: 4 of a.");
    assert_text(facts, "claims.1.claim", "c > a");
    assert_null(at(facts, "claims.1.few"));
    assert_int_equal(json_array_size(at(facts, "claims.1.notes")), 0);
    assert_int_equal(json_array_size(at(facts, "marks")), 1);
    assert_warned(facts, "1 of 2 claims rests on fewer than 5 pairs: it is marked exploratory");
    rg_str text = {0};
    rg_err err = {0};
    assert_true(rg_rendering_find("text")->render(facts, false, &text, &err));
    assert_non_null(strstr(rg_str_text(&text), "(exploratory)"));
    rg_str_free(&text);
    json_decref(facts);
}

/* A run without a score is a failed run: the worst value where there is one, ranks where not.
 */
static void failed_runs(void **state)
{
    (void)state;
    static const char rows[] =
        "arm,seed,%s\na,1,.5\na,2,.6\na,3,%s\na,4,.52\na,5,.58\na,6,.57\n"
        "b,1,.7\nb,2,.7\nb,3,.8\nb,4,.77\nb,5,.75\nb,6,.79\n";
    static const char *const holes[] = {"", "NaN", "inf"};
    char text[512];
    for (size_t i = 0; i < COUNT(holes); i++) {
        snprintf(text, sizeof(text), rows, "accuracy", holes[i]);
        json_t *facts = compare(text, NULL);
        assert_true(real(facts, "arms.0.failures") == 1);
        assert_true(real(facts, "arms.0.failed.0.seed") == 3);
        assert_close(real(facts, "arms.0.metrics.accuracy.values.2"), 0, 0);
        assert_true(isfinite(real(facts, "claims.0.p")));
        assert_warned(facts, "results.csv:4: accuracy of a with seed 3");
        json_decref(facts);
        snprintf(text, sizeof(text), rows, "nll", holes[i]);
        facts = compare(text, NULL);
        assert_true(json_is_null(at(facts, "arms.0.metrics.nll.values.2")));
        assert_true(json_is_null(at(facts, "claims.0.p")));
        assert_close(real(facts, "claims.0.p_superior"), 1. / 6, 1e-15);
        json_decref(facts);
    }
}

/* An error rate of at most 1 is written in percent here: 1 would beat every run. */
static void worst_value_in_percent(void **state)
{
    (void)state;
    json_t *facts = compare("arm,seed,error_rate\na,1,\na,2,12\na,3,13\na,4,11\na,5,12.5\n"
                            "b,1,14\nb,2,15\nb,3,16\nb,4,13.5\nb,5,14\n",
                            NULL);
    assert_true(json_is_null(at(facts, "arms.0.metrics.error_rate.values.0")));
    assert_close(real(facts, "claims.0.p_superior"), 1. / 5, 1e-15); /* b > a: with one seed */
    json_decref(facts);
}

static const struct {
    const char *text, *metric, *where, *what, *remedy;
} refused[] = {
    {"arm,seed,accuracy\n", NULL, "results.csv", "no rows", "add rows"},
    {"who,seed,accuracy\na,1,1\n", NULL, "results.csv", "there are: who, seed, accuracy",
     "'arm'"},
    {"x,y,accuracy\nu,p,1\nu,q,1\nv,p,1\nv,q,1\n", NULL, "results.csv",
     "no column says which arm", "--arm x"},
    {"a,1,.5\nb,1,.6\n", NULL, "results.csv", "the first line holds no names of columns",
     "arm,seed,accuracy"},
    {"arm,seed,accuracy\na,1,.5\na,2,.6\n", NULL, "results.csv", "only one arm: 'a'", "add"},
    {"arm,seed,accuracy\na,1,.5\nb,1,.5\na,1,.6\n", NULL, "results.csv:4",
     "arm 'a' has seed 1 twice: here and in line 2", "keep one row"},
    {"arm,seed,accuracy\na,x,.5\nb,x,.5\na,x,.6\n", NULL, "results.csv:4", "has seed x twice",
     "keep one row"},
    {"name,arm,seed,accuracy,runtime,lr\na1,a,1,.5,10,.1\nb1,b,1,.5,11,.1\na2,a,1,.6,12,.2\n",
     "accuracy", "results.csv:4", "has seed 1 twice", "differ in column 'lr'"},
    {"arm,seed,accuracy\na,1,.5\nb,1,high\n", NULL, "results.csv:3",
     "'high', which is not a number", "write a number"},
    {"arm,seed,metric,value\na,1,accuracy,.5\nb,1,accuracy,x\n", NULL, "results.csv:3",
     "'x', which is not a number", "write a number"},
    {"arm,seed,accuracy,nll\na,1,.5,1\nb,1,.5,1\n", NULL, "results.csv",
     "several metrics: accuracy, nll", "--metric accuracy"},
    {"arm,seed,accuracy,nll\na,1,.5,1\nb,1,.5,1\n", "acuracy", "results.csv",
     "no metric 'acuracy'", "did you mean 'accuracy'?"},
    {"arm,seed,accuracy,nll\na,1,.5,1\nb,1,.5,1\n", "bleu", "results.csv", "no metric 'bleu'",
     "metrics in this file: accuracy, nll"},
    {"arm,seed,metric,value\na,1,accuracy,.5\nb,1,nll,1\n", NULL, "results.csv",
     "several metrics: accuracy, nll", "--metric accuracy"},
    {"arm,seed,lr,train/loss,loss,val/acc\na,1,1,2,.5,1\nb,1,1,2,.5,1\n", NULL, "results.csv",
     "several metrics: val/acc, loss, train/loss", "--metric val/acc"},
    {"arm,Lauf\na,1\na,2\nb,1\nb,2\n", NULL, "results.csv", "no column holds scores",
     "--metric COLUMN"},
    {"arm,seed\na,1\nb,1\n", NULL, "results.csv", "no column holds scores", "add a column"},
    {"arm,seed,zork\na,1,.5\nb,1,.5\n", NULL, "results.csv",
     "lower 'zork' is better is not known", "--goal maximize"},
    {"arm,seed,accuracy\na,1,.5\n,1,.5\n", NULL, "results.csv:3", "column 'arm' is empty",
     "name"},
    {"arm,seed,accuracy\na,1,.5\nb,,.5\n", NULL, "results.csv:3", "column 'seed' is empty",
     "seed of its run"},
};

static void refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        rg_err err = {0};
        rg_compare_options options = usual(refused[i].metric);
        write_table(refused[i].text);
        json_t *facts = compare_file(path, &options, &err);
        if (facts)
            fail_msg("case %zu was not refused: %s", i, refused[i].what);
        if (err.code != RG_INPUT || strcmp(err.where, refused[i].where) != 0 ||
            !strstr(err.what, refused[i].what) || !strstr(err.remedy, refused[i].remedy))
            fail_msg("case %zu: %s: %s -> %s", i, err.where, err.what, err.remedy);
    }
}

static void refused_claims(void **state)
{
    (void)state;
    static const char *const unknown[] = {"fulll > plain"}, *const equal[] = {"full = plain"};
    rg_compare_options o = usual("accuracy");
    rg_err err = {0};
    write_table(wide);
    o.n_claims = 1;
    o.claims = unknown;
    assert_null(compare_file(path, &o, &err));
    assert_non_null(strstr(err.remedy, "full"));
    err = (rg_err){0};
    o.claims = equal;
    assert_null(compare_file(path, &o, &err));
    assert_non_null(strstr(err.what, "needs a margin"));
    err = (rg_err){0};
    assert_null(compare_file("absent.csv", &o, &err));
    assert_true(err.code != RG_OK);
}

static void the_same_file_twice(void **state)
{
    (void)state;
    static const char *const twice[] = {"results.csv", "./results.csv"};
    rg_compare_options o = usual("accuracy");
    rg_err err = {0};
    write_table(wide);
    assert_null(rg_compare(twice, 2, &o, &err));
    assert_string_equal(err.what, "the same file is given twice");
}

/* Whole numbers that are the same in every arm number its runs, and are no metric. */
static void numbers_of_runs(void **state)
{
    (void)state;
    rg_compare_options o = usual(NULL);
    o.goal_given = true;
    json_t *facts = compare_with("Modell;Lauf;Guete\nA;1;0,81\nA;2;0,82\nA;3;0,83\n"
                                 "B;1;0,71\nB;2;0,72\nB;3;0,74\n",
                                 &o);
    assert_text(facts, "metric.name", "Guete");
    json_decref(facts);
    o.metric = "Lauf"; /* what is asked for is taken */
    facts = compare_with("Modell;Lauf\nA;1\nA;2\nB;1\nB;2\n", &o);
    assert_text(facts, "metric.name", "Lauf");
    json_decref(facts);
}

/* Whatever the order of rows within the arms, the facts are the same. */
/* Columns that are constant within either arm and differ between them; not scores, not other
 * names of the arm, not what one row alone cannot tell. */
static void other_settings(void **state)
{
    (void)state;
    json_t *facts = compare("method,seed,accuracy,epochs,git,nll,model,when\n"
                            "a,1,.9,10,abc,.1,net,9:00\na,2,.8,10,abc,.1,net,9:10\n"
                            "b,1,.7,20,abc,.2,tree,9:20\nb,2,.6,20,abc,.2,tree,9:20\n"
                            "c,1,.7,10,def,.1,bush,9:40\nc,2,.6,10,def,.1,bush,9:40\n",
                            "accuracy");
    assert_text(facts, "claims.0.confounds.0",
                "The arms also differ in epochs (20 against 10).");
    assert_text(facts, "claims.1.confounds.0",
                "The arms also differ in git (def against abc).");
    json_decref(facts);
    facts = compare("method,seed,accuracy,epochs\na,1,.9,10\nb,1,.7,20\n", "accuracy");
    assert_int_equal(json_array_size(at(facts, "claims.0.confounds")), 0);
    json_decref(facts);
    facts =
        compare("params,split0_test_score,split1_test_score,mean_test_score,rank_test_score\n"
                "a,.9,.8,.85,1\nb,.7,.6,.65,2\n",
                "test_score");
    assert_int_equal(json_array_size(at(facts, "claims.0.confounds")), 0);
    json_decref(facts);
}

static void order_of_rows(void **state)
{
    (void)state;
    static const char other[] = "method,seed,accuracy,nll\nplain,4,.948,.19\n"
                                "full,6,.966,.15\nplain,6,.952,.18\nfull,1,.958,.16\n"
                                "full,5,.955,.19\nplain,5,.939,.23\nfull,4,.959,.17\n"
                                "plain,1,.940,.21\nfull,3,.961,.18\nplain,3,.944,.22\n"
                                "full,2,.963,.17\nplain,2,.951,.20\n";
    json_t *a = compare(wide, "accuracy"), *b = compare(other, "accuracy");
    assert_true(json_equal(a, b));
    json_decref(a);
    json_decref(b);
}

static void a_large_table(void **state)
{
    (void)state;
    enum { ROWS = 100000 };
    rg_str text = {0};
    rg_rng rng = rg_rng_open(support_seed(), "a large table");
    rg_str_add(&text, "arm,seed,accuracy\n");
    for (int i = 0; i < ROWS; i++)
        rg_str_printf(&text, "%s,%d,%.6f\n", i % 2 ? "b" : "a", i / 2,
                      .9 + .01 * rg_rng_normal(&rng) + (i % 2 ? .001 : 0));
    write_table(rg_str_text(&text));
    rg_str_free(&text);
    rg_compare_options o = usual(NULL);
    rg_err err = {0};
    uint64_t start = rg_clock_ns();
    json_t *facts = compare_file(path, &o, &err);
    print_message("%d rows: %.0f ms\n", ROWS, (double)(rg_clock_ns() - start) / 1e6);
    assert_non_null(facts);
    assert_true(real(facts, "claims.0.n") == ROWS / 2);
    assert_text(facts, "claims.0.verdict", "supported");
    json_decref(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wide_form),
        cmocka_unit_test(long_form),
        cmocka_unit_test(claims_and_goal),
        cmocka_unit_test(default_claims),
        cmocka_unit_test(unusual_labels),
        cmocka_unit_test(missing_seeds),
        cmocka_unit_test(few_pairs_mark_their_claim_alone),
        cmocka_unit_test(failed_runs),
        cmocka_unit_test(worst_value_in_percent),
        cmocka_unit_test(refusals),
        cmocka_unit_test(refused_claims),
        cmocka_unit_test(the_same_file_twice),
        cmocka_unit_test(numbers_of_runs),
        cmocka_unit_test(other_settings),
        cmocka_unit_test(order_of_rows),
        cmocka_unit_test(a_large_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
