/* Arms, ablations, spaces, overrides and the hash: how the parts of a study file act together.
 */
#include "lab/study/reading.h"

static void assert_dims(const rg_arm *arm, const char *names)
{
    rg_str is = {0};
    for (size_t i = 0; i < arm->space.count; i++)
        rg_str_printf(&is, "%s%s", i ? " " : "", arm->space.dim[i].name);
    assert_string_equal(rg_str_text(&is), names);
    rg_str_free(&is);
}

/* ---- Layers. */

static void test_another_model_drops_what_it_lacks(void **state)
{
    (void)state;
    reading r = read_text("study: s\ndata: digits\nmetric: accuracy\n"
                          "base: {model: {name: mlp, hidden: [8], dropout: 0.3}}\n"
                          "arms:\n  mlp: {}\n  linear: {model: {name: linear}}\n"
                          "  forest: {model: {name: forest, trees: 7}}\n");
    const rg_study *s = good(&r);
    assert_json(arm_of(s, "linear")->config, "model", "{\"l1\":0.0,\"name\":\"linear\"}");
    /* what both models have stays: it is what every arm shares */
    assert_json(arm_of(s, "forest")->config, "model",
                "{\"dropout\":0.3,\"name\":\"forest\",\"trees\":7}");
    assert_json(arm_of(s, "forest")->changes, NULL,
                "{\"model.name\":\"forest\",\"model.trees\":7}");
    reading_free(&r);
}

/* A forest takes a dropout up to 0.5. */
#define SHARED \
    "study: s\ndata: digits\nmetric: accuracy\nbase: {model: {name: mlp, dropout: 0.8}}\n"
static void test_a_shared_value_must_fit_every_model(void **state)
{
    (void)state;
    reading r = read_text(SHARED "arms: {mlp: {}, trees: {model.name: forest}}\n"
                                 "ablate: {dry: {train.clip: 0}}\n");
    assert_mistake(&r, 5, 17,
                   "arm 'trees': model.dropout: the model forest takes a number from 0 to 0.5, "
                   "and the base sets 0.8");
    assert_string_equal(r.diags.at[0].remedy, "set model.dropout in the arm as well");
    reading_free(&r);
    r = read_text(SHARED "arms: {mlp: {}, trees: {model: {name: forest, dropout: 0.2}}}\n");
    assert_json(arm_of(good(&r), "trees")->config, "model.dropout", "0.2");
    reading_free(&r);
    r = read_text(SHARED "arms: {full: {}}\nablate: {trees: {model.name: forest}}\n");
    assert_mistake(&r, 6, 10, "arm 'trees': model.dropout: the model forest takes");
    assert_string_equal(r.diags.at[0].remedy, "make it an arm that sets model.dropout as well");
    reading_free(&r);
}

/* The layer that is to blame is the one that names the model, and it is told once. */
static void test_an_ablation_of_an_arm_with_another_model(void **state)
{
    (void)state;
    reading r = read_text(SHARED "arms: {full: {model.name: forest}}\n"
                                 "ablate: {few: {model.trees: 3}, dry: {train.clip: 0}}\n");
    assert_mistake(&r, 5, 8, "arm 'full': model.dropout: the model forest takes");
    reading_free(&r);
    r = read_text(
        HEAD "arms: {full: {model.dropout: 0.8}}\nablate: {trees: {model.name: forest}}\n");
    assert_mistake(&r, 6, 10, "and 'full' sets 0.8");
    reading_free(&r);
    /* what is wrong for the base's own model is the base's mistake alone */
    r = read_text("study: s\ndata: digits\nmetric: accuracy\n"
                  "base: {model: {name: mlp, dropout: 8}}\narms: {a: {model.name: forest}}\n");
    assert_mistake(&r, 4, 36, "model.dropout must be a number from 0 to 0.95, not 8");
    reading_free(&r);
}

static void test_base_without_a_model_serves_the_arms(void **state)
{
    (void)state;
    reading r = read_text("study: s\ndata: digits\nmetric: accuracy\n"
                          "base: {model: {dropout: 0.25}}\n"
                          "arms: {a: {model.name: mlp}, b: {model.name: linear}}\n");
    const rg_study *s = good(&r);
    assert_json(s->arms[0].config, "model.dropout", "0.25");
    assert_json(s->arms[1].config, "model", "{\"l1\":0.0,\"name\":\"linear\"}");
    reading_free(&r);
}

static void test_nested_and_dotted_keys_say_the_same(void **state)
{
    (void)state;
    static const char *const forms[] = {
        HEAD "arms: {a: {model: {dropout: 0.5}, train: {lr: 0.1}}}\n",
        HEAD "arms: {a: {model.dropout: 0.5, train.lr: 0.1}}\n",
        HEAD "arms:\n  a:\n    train.lr: 1e-1\n    model:\n      dropout: 5e-1\n",
    };
    char hash[RG_HEX] = "";
    for (size_t i = 0; i < RG_COUNT(forms); i++) {
        reading r = read_text(forms[i]);
        if (i == 0)
            memcpy(hash, good(&r)->hash, RG_HEX);
        assert_string_equal(good(&r)->hash, hash);
        reading_free(&r);
    }
}

static void test_ablations_start_from_full_or_the_first_arm(void **state)
{
    (void)state;
    reading r = read_text(HEAD "arms: {small: {model.hidden: [2]}, full: {train.lr: 0.5}}\n"
                               "ablate: {dry: {model.dropout: 0}}\n");
    const rg_arm *dry = arm_of(good(&r), "dry");
    assert_string_equal(dry->ablation_of, "full");
    assert_json(dry->config, "train.lr", "0.5");
    assert_json(dry->config, "model.hidden", "[64,64]");
    assert_json(dry->changes, NULL, "{\"model.dropout\":0.0}");
    reading_free(&r);
    r = read_text(HEAD "arms: {small: {model.hidden: [2]}, big: {model.hidden: [9]}}\n"
                       "ablate: {dry: {model.dropout: 0}}\n");
    dry = arm_of(good(&r), "dry");
    assert_string_equal(dry->ablation_of, "small");
    assert_json(dry->config, "model.hidden", "[2]");
    reading_free(&r);
}

/* ---- Spaces. */

static void test_an_ablation_keeps_what_its_arm_fixes(void **state)
{
    (void)state;
    reading r = read_text(HEAD "arms: {full: {train.lr: 0.5}, other: {}}\n"
                               "ablate: {dry: {model.dropout: 0}}\n"
                               "tune:\n  space:\n"
                               "    train.lr: {log: [1e-3, 1]}\n"
                               "    train.clip: {uniform: [0, 5]}\n"
                               "    model.dropout: {uniform: [0, 0.5]}\n");
    const rg_study *s = good(&r);
    assert_dims(arm_of(s, "full"), "model.dropout train.clip");
    assert_dims(arm_of(s, "other"), "model.dropout train.clip train.lr");
    assert_dims(arm_of(s, "dry"), "train.clip");
    assert_int_equal(s->trials, 30);
    reading_free(&r);
}

static void test_every_form_of_range(void **state)
{
    (void)state;
    reading r = read_text(HEAD "tune:\n  space:\n"
                               "    train.batch: {int: [8, 100], step: 8}\n"
                               "    train.epochs: {int: [1, 64], log: true}\n"
                               "    model.activation: {choice: [tanh, relu]}\n"
                               "    model.hidden: {order: [[8], [16, 16], []]}\n"
                               "    train.nesterov: {choice: [true, false]}\n"
                               "    train: {clip: {uniform: [0, 1]}}\n");
    const rg_space *space = &good(&r)->arms[0].space;
    assert_dims(&r.study->arms[0], "model.activation model.hidden train.batch train.clip "
                                   "train.epochs train.nesterov");
    assert_int_equal(space->dim[0].kind, RG_DIM_CHOICE);
    assert_int_equal(space->dim[1].kind, RG_DIM_ORDER);
    assert_int_equal(space->dim[1].n_choices, 3);
    assert_close(space->dim[2].step, 8, 0);
    assert_close(space->dim[2].hi, 96, 0); /* 100 cannot be reached from 8 */
    assert_true(space->dim[4].log);
    assert_close(r.study->arms[0].first[0], 1, 0); /* relu */
    assert_close(r.study->arms[0].first[1], 0, 0); /* [64, 64] is not there: the first */
    assert_close(r.study->arms[0].first[2], 32, 0);
    assert_close(r.study->arms[0].first[5], 1, 0); /* false */
    reading_free(&r);
}

static void test_the_order_of_the_space_is_its_own(void **state)
{
    (void)state;
    reading r =
        read_text(HEAD "tune:\n  space:\n"
                       "    train.batch: {int: [1, 8], when: {train.optimizer: [sgd]}}\n"
                       "    train.optimizer: {choice: [adamw, sgd]}\n"
                       "    model.dropout: {uniform: [0, 0.5]}\n");
    const rg_arm *arm = &good(&r)->arms[0];
    assert_dims(arm, "model.dropout train.optimizer train.batch");
    assert_int_equal(arm->space.dim[2].when, 1);
    assert_int_equal(arm->space.dim[2].n_when, 1);
    assert_close(arm->space.dim[2].when_values[0], 1, 0);
    assert_true(isnan(arm->first[2])); /* the default is adamw */
    assert_json(r.study->resolved, "tune",
                "{\"parallel\":4,\"sampler\":\"auto\",\"trials\":30}");
    reading_free(&r);
}

/* The arms fix what the condition looks at: it is decided before the search. */
static void test_conditions_on_what_arms_fix(void **state)
{
    (void)state;
    reading r =
        read_text(HEAD "arms:\n  a: {train.optimizer: adamw}\n"
                       "  b: {train.optimizer: sgd}\n  c: {}\n"
                       "tune:\n  space:\n"
                       "    train.lr: {log: [1e-3, 1]}\n"
                       "    train.momentum: {uniform: [0, 0.9], when: {optimizer: sgd}}\n");
    const rg_study *s = good(&r);
    assert_dims(arm_of(s, "a"), "train.lr");
    assert_dims(arm_of(s, "b"), "train.lr train.momentum");
    assert_int_equal(arm_of(s, "b")->space.dim[1].when, -1);
    assert_dims(arm_of(s, "c"), "train.lr"); /* the default is adamw */
    reading_free(&r);
}

static void test_a_default_outside_moves_inside(void **state)
{
    (void)state;
    reading r = read_text(HEAD "tune: {space: {train.lr: {log: [0.01, 1]}}}\n");
    assert_close(good(&r)->arms[0].first[0], 0.01, 0);
    json_t *plan = rg_study_plan(r.study);
    assert_non_null(
        strstr(json_string_value(json_array_get(json_object_get(plan, "warnings"), 0)),
               "outside its range"));
    json_decref(plan);
    reading_free(&r);
}

static void test_a_point_laid_over_an_arm(void **state)
{
    (void)state;
    reading r = read_text(HEAD "tune:\n  space:\n"
                               "    train.lr: {log: [1e-3, 1]}\n"
                               "    train.clip: {int: [1, 5]}\n"
                               "    model.hidden: {choice: [[8], [16, 16]]}\n");
    const rg_arm *arm = &good(&r)->arms[0];
    assert_dims(arm, "model.hidden train.clip train.lr");
    json_t *config = rg_arm_config(arm, (double[]){1, 3, 0.5});
    assert_json(config, "model.hidden", "[16,16]");
    assert_json(config, "model.name", "\"mlp\"");
    assert_json(config, "train.clip", "3.0"); /* clip is a number: it stays one */
    assert_json(config, "train.lr", "0.5");
    assert_json(config, "train.batch", "32");
    assert_json(arm->config, "train.lr", "0.001"); /* the arm itself is not touched */
    json_decref(config);
    reading_free(&r);
}

/* ---- Overrides. */

static void test_overrides_set_add_and_remove(void **state)
{
    (void)state;
    static const char *const overrides[] = {
        "train.lr=3e-4",
        "+train.clip=1",
        "~model.dropout",
        "seeds=10",
        "tune.trials=5",
        "analysis.alpha=.01",
        "arms.a.model.hidden=[3, 3]",
        "+arms.b={train.epochs: 2}",
        "tune.space.train.lr={log: [1e-5, 1]}",
        "metric=nll",
        "data.scale=none",
    };
    reading r = read_with("study: s\ndata: digits\nmetric: accuracy\n"
                          "base: {model: {name: mlp, dropout: 0.5}, train.lr: 0.1}\n"
                          "arms: {a: {model: {hidden: [9]}}}\n"
                          "tune: {space: {train.lr: {log: [1e-3, 1]}}}\n",
                          overrides, RG_COUNT(overrides));
    const rg_study *s = good(&r);
    const rg_arm *a = arm_of(s, "a");
    assert_json(a->config, "train.lr", "0.0003");
    assert_json(a->config, "train.clip", "1.0");
    assert_json(a->config, "model.dropout", "0.1"); /* the default again */
    assert_json(a->config, "model.hidden", "[3,3]");
    assert_json(arm_of(s, "b")->config, "train.epochs", "2");
    assert_int_equal(s->n_seeds, 10);
    assert_int_equal(s->trials, 5);
    assert_close(s->analysis.alpha, 0.01, 0);
    assert_close(a->space.dim[0].lo, 1e-5, 0);
    assert_string_equal(s->metric, "nll");
    assert_int_equal(s->scale, RG_SCALE_NONE);
    reading_free(&r);
}

static void test_an_override_equals_the_edited_file(void **state)
{
    (void)state;
    reading by_hand = read_text(HEAD "seeds: 6\narms: {a: {model.dropout: 0.5}}\n");
    reading by_override =
        read_with(HEAD "arms: {a: {model.dropout: 0.1}}\n",
                  (const char *const[]){"seeds=6", "arms.a.model.dropout=0.5"}, 2);
    assert_string_equal(good(&by_hand)->hash, good(&by_override)->hash);
    reading_free(&by_hand);
    reading_free(&by_override);
}

static void test_an_override_leaves_other_aliases_alone(void **state)
{
    (void)state;
    reading r = read_with(HEAD "arms:\n  a: &x {model: {dropout: 0.3}}\n  b: *x\n",
                          (const char *const[]){"arms.b.model.dropout=0.5"}, 1);
    const rg_study *s = good(&r);
    assert_json(arm_of(s, "a")->config, "model.dropout", "0.3");
    assert_json(arm_of(s, "b")->config, "model.dropout", "0.5");
    reading_free(&r);
}

static void test_wrong_overrides(void **state)
{
    (void)state;
    static const struct {
        const char *override, *what, *remedy;
    } cases[] = {
        {"train.lrr=3", "there is no parameter 'train.lrr'", "did you mean 'train.lr'?"},
        {"sede=3", "unknown key 'sede'", "did you mean 'seed'?"},
        {"train.lr=fast", "train.lr must be a number", ""},
        {"seeds=[1", "not YAML", "docs/study.md"},
        {"seeds=3", "3 seeds cannot carry a verdict", "--exploratory"},
        {"arms.ful.train.lr=1", "the file has no 'arms.ful.train.lr'", "did you mean 'full'?"},
        {"+base.model.name=mlp", "the file has 'base.model.name' already", "leave out the +"},
        {"~train.lr", "the file has no 'base.train.lr'", "known here: model"},
        {"study.x=1", "'study' holds no names to set", "override the whole value"},
        {"seeds", "expected a.b=value", ""},
        {"~seeds=8", "expected a.b=value", ""},
        {"=8", "expected a.b=value", ""},
        {"a..b=8", "expected a.b=value", ""},
        {"a.b.c.d.e.f.g.h.i=8", "expected a.b=value", ""},
        {"tune.space.train.lr={log: [1, 2]}", "the file has no", "+tune.space.train.lr="},
        {"seeds=# nothing", "expected a value", ""},
        {"question=\"\\0\"", "control character", ""},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        char place[200];
        snprintf(place, sizeof(place), "override 2 (%s): ", cases[i].override);
        reading r = read_with(HEAD "arms: {full: {}}\n",
                              (const char *const[]){"seed=3", cases[i].override}, 2);
        assert_mistake(&r, 0, 0, cases[i].what);
        assert_non_null(strstr(r.diags.at[0].what, place));
        assert_non_null(strstr(r.diags.at[0].remedy, cases[i].remedy));
        reading_free(&r);
    }
}

/* Names and values come from a shell: what is no text must not get into a record. */
static void test_overrides_that_are_no_text(void **state)
{
    (void)state;
    static const char *const overrides[] = {"+arms.\xff={}", "+arms.a\x1b[1m={}", "study=\xc3"};
    for (size_t i = 0; i < RG_COUNT(overrides); i++) {
        reading r = read_with(HEAD "arms: {full: {}}\n", &overrides[i], 1);
        assert_null(r.study);
        assert_int_equal(r.diags.len, 1);
        assert_true(rg_utf8_valid(r.diags.at[0].what, strlen(r.diags.at[0].what)));
        reading_free(&r);
    }
}

/* Of the arm's own model, or of the training loop; a name is never cut. */
static void test_remedies_of_unknown_names(void **state)
{
    (void)state;
    static const struct {
        const char *arm, *remedy;
    } cases[] = {
        {"model.leek: 1",
         "known here: model.name, model.hidden, model.activation, model.dropout"},
        {"model.hiden: 1", "did you mean 'model.hidden'?"},
        {"model: {name: forest, tres: 1}", "did you mean 'model.trees'?"},
        {"model: {name: linear, tres: 1}", "known here: model.name, model.l1"},
        {"train.xyzzy: 1",
         "known here: train.optimizer, train.lr, train.weight_decay, train.momentum, "
         "train.nesterov, train.batch, train.epochs, train.clip"},
        {"model.lr: 1", "did you mean 'train.lr'?"},
        {"modle: {hidden: [3]}", "did you mean 'model'?"},
        {"droput: 1", "did you mean 'model.dropout'?"},
        {"xyzzy: 1", "known here: model, train"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        char text[300];
        snprintf(text, sizeof(text), HEAD "arms: {a: {%s}}\n", cases[i].arm);
        reading r = read_text(text);
        assert_null(r.study);
        assert_int_equal(r.diags.len, 1);
        assert_string_equal(r.diags.at[0].remedy, cases[i].remedy);
        reading_free(&r);
    }
}

/* What is tuned is held against the models of the arms. */
static void test_remedies_of_unknown_dimensions(void **state)
{
    (void)state;
    static const struct {
        const char *path, *what, *remedy;
    } cases[] = {
        {"model.xyzzy", "there is no parameter 'model.xyzzy'",
         "known here: model.name, model.l1, model.trees, model.dropout"},
        {"model.tres", "there is no parameter 'model.tres'", "did you mean 'model.trees'?"},
        {"model.hiden", "there is no parameter 'model.hiden'",
         "known here: model.name, model.l1, model.trees, model.dropout"},
        {"model.hidden", "no arm's model has the parameter 'model.hidden'",
         "model 'mlp' has it"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        char text[300];
        snprintf(text, sizeof(text),
                 "study: s\ndata: digits\nmetric: accuracy\n"
                 "arms: {a: {model.name: linear}, b: {model.name: forest}}\n"
                 "tune: {space: {%s: {uniform: [0, 1]}}}\n",
                 cases[i].path);
        reading r = read_text(text);
        assert_mistake(&r, 5, 16, cases[i].what);
        assert_string_equal(r.diags.at[0].remedy, cases[i].remedy);
        reading_free(&r);
    }
}

static void test_a_long_list_ends_between_names(void **state)
{
    (void)state;
    static char name[60][20];
    static rg_param many[61];
    for (size_t i = 0; i + 1 < RG_COUNT(many); i++) {
        snprintf(name[i], sizeof(name[i]), "parameter_%zu", i);
        many[i] = (rg_param){.name = name[i], .kind = RG_PARAM_BOOL, .fallback = "true"};
    }
    rg_catalog long_one = catalog;
    long_one.train = many;
    reading r = {.diags = {.arena = rg_arena_new()}};
    static const char text[] = HEAD "arms: {a: {train.xyzzy: 1}}\n";
    r.study =
        rg_study_parse(text, strlen(text), "test.yaml", NULL, 0, false, &long_one, &r.diags);
    assert_mistake(&r, 5, 12, "there is no parameter 'train.xyzzy'");
    const char *remedy = r.diags.at[0].remedy, *end = strrchr(remedy, ',');
    assert_string_equal(end, ", ...");
    assert_in_range(strlen(remedy), 500, 620);
    reading_free(&r);
}

/* ---- The hash. */

static const char plain[] =
    "study: s\nquestion: why\ndata: {name: digits, scale: minmax}\nmetric: accuracy\n"
    "base: {model: {name: mlp, dropout: 0.2}, train: {lr: 0.1, batch: 64}}\n"
    "arms: {full: {}, linear: {model.name: linear}}\n"
    "tune: {trials: 5, space: {train.lr: {log: [1e-3, 1]}, train.clip: {uniform: [0, 1]}}}\n"
    "seeds: 5\n";

static void test_hash_ignores_how_it_is_written(void **state)
{
    (void)state;
    static const char shuffled[] =
        "# a comment\nseeds: [1001, 1002, 1003, 1004, 1005]\n"
        "tune:\n  space:\n    train:\n      clip: {uniform: [0.0, 1.0]}  # another\n"
        "      lr: {log: [0.001, 1]}\n  trials: 5\n"
        "arms:\n  full:\n  linear:\n    model:\n      name: 'linear'\n"
        "base:\n  train.batch: 64.0\n  train.lr: 1e-1\n  model.dropout: .2\n  model.name: mlp\n"
        "metric: {goal: maximize, name: accuracy}\n"
        "data:\n  scale: minmax\n  name: digits\nquestion: \"why\"\nstudy: s\nseed: 1\n"
        "analysis: {alpha: 0.05}\n";
    reading a = read_text(plain), b = read_text(shuffled);
    char *x = rg_json_canonical(good(&a)->resolved), *y = rg_json_canonical(good(&b)->resolved);
    assert_string_equal(x, y);
    assert_string_equal(a.study->hash, b.study->hash);
    rg_free(x);
    rg_free(y);
    reading_free(&a);
    reading_free(&b);
}

static void test_hash_changes_with_the_content(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "study=t",
        "question=how",
        "data.scale=none",
        "metric=nll",
        "also=[ece]",
        "model.dropout=0.3",
        "train.lr=0.2",
        "train.epochs=3",
        "+arms.more={}",
        "arms.linear.train.lr=0.1",
        "tune.trials=6",
        "tune.parallel=2",
        "tune.sampler=random",
        "tune.space.train.clip={uniform: [0, 2]}",
        "~tune.space.train.clip",
        "seed=2",
        "seeds=6",
        "analysis.alpha=0.01",
        "analysis.margin=0.1",
        "analysis.correction=none",
        "claims=[full > linear]",
        "data.split={train: 0.5, val: 0.25, test: 0.25}",
        "data.target=c65",
    };
    char seen[RG_COUNT(changes) + 1][RG_HEX];
    reading r = read_text(plain);
    memcpy(seen[0], good(&r)->hash, RG_HEX);
    reading_free(&r);
    for (size_t i = 0; i < RG_COUNT(changes); i++) {
        r = read_with(plain, &changes[i], 1);
        memcpy(seen[i + 1], good(&r)->hash, RG_HEX);
        for (size_t k = 0; k <= i; k++)
            if (strcmp(seen[k], seen[i + 1]) == 0)
                fail_msg("%s changes nothing", changes[i]);
        reading_free(&r);
    }
}

/* ---- Models of the user's own: the catalog opens their files. */

static int opened;

static bool open_file(void *ctx, const char *dir, const char *file, rg_arena *arena,
                      rg_catalog_file *ret, rg_err *err)
{
    (void)arena;
    opened++;
    assert_string_equal(dir, ".");
    if (strcmp(file, "broken.c") == 0)
        return rg_fail(err, RG_INPUT, file, "mend it", "it does not compile");
    *ret = (rg_catalog_file){.model = {"own", "", catalog_forest, file, ctx},
                             .record = json_pack("{s:s}", "sha256", (const char *)ctx)};
    return true;
}

static reading read_own(const char *text, char *sha)
{
    rg_catalog own = catalog;
    own.open_file = open_file;
    own.ctx = sha;
    opened = 0;
    reading r = {.diags = {.arena = rg_arena_new()}};
    r.study = rg_study_parse(text, strlen(text), "test.yaml", NULL, 0, false, &own, &r.diags);
    return r;
}

#define OWN "study: s\ndata: digits\nmetric: accuracy\n"
static void test_a_model_of_a_file(void **state)
{
    (void)state;
    static const char text[] = OWN "base: {model: {file: own.c, dropout: 0.5}}\n"
                                   "arms: {a: {}, b: {model.trees: 3}, c: {model.name: mlp},\n"
                                   "       d: {model.file: own.c}}\n";
    char one[] = "aa", two[] = "bb", hash[RG_HEX];
    reading r = read_own(text, one);
    const rg_study *s = good(&r);
    assert_int_equal(opened, 1); /* however many arms name it */
    assert_json(
        s->arms[1].config, "model",
        "{\"dropout\":0.5,\"file\":\"own.c\",\"name\":\"own\",\"sha256\":\"aa\",\"trees\":3}");
    assert_json(s->arms[2].config, "model.name", "\"mlp\"");
    assert_null(rg_json_path(s->arms[2].config, "model.file"));
    assert_json(s->arms[3].changes, NULL, "{\"model.file\":\"own.c\"}");
    assert_json(s->own_models, NULL, "{\"own.c\":{\"sha256\":\"aa\"}}");
    memcpy(hash, s->hash, RG_HEX);
    reading_free(&r);
    r = read_own(text, two); /* the same names, another source */
    assert_string_not_equal(good(&r)->hash, hash);
    reading_free(&r);
}

static void test_mistakes_with_files(void **state)
{
    (void)state;
    char sha[] = "aa";
    reading r = read_own(
        OWN "base: {model: {file: broken.c}}\narms: {a: {}, b: {model.file: broken.c}}\n", sha);
    assert_mistake(&r, 4, 22, "model.file: broken.c: it does not compile");
    reading_free(&r);
    r = read_own(OWN "base: {model: {file: own.c, hidden: [3]}}\n", sha);
    assert_mistake(&r, 4, 29, "model 'own' has no parameter 'model.hidden'");
    reading_free(&r);
    r = read_own(OWN "base: {model: {file: own.c, tres: 3}}\n", sha);
    assert_mistake(&r, 4, 29, "there is no parameter 'model.tres'");
    assert_string_equal(r.diags.at[0].remedy, "did you mean 'model.trees'?");
    reading_free(&r);
    r = read_own(OWN "base: {model: {file: own.c, leek: 3}}\n", sha);
    assert_mistake(&r, 4, 29, "there is no parameter 'model.leek'");
    assert_string_equal(r.diags.at[0].remedy,
                        "known here: model.name, model.file, model.trees, model.dropout");
    reading_free(&r);
    r = read_own(OWN "base: {model: {file: own.c, name: mlp}}\n", sha);
    assert_mistake(&r, 4, 29, "name two models");
    reading_free(&r);
    r = read_own(OWN "base: {model: {file: [own.c]}}\n", sha);
    assert_null(r.study);
    reading_free(&r);
    r = read_text(OWN "base: {model: {file: own.c}}\n");
    assert_mistake(&r, 4, 22, "cannot be read here");
    reading_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_another_model_drops_what_it_lacks),
        cmocka_unit_test(test_a_shared_value_must_fit_every_model),
        cmocka_unit_test(test_an_ablation_of_an_arm_with_another_model),
        cmocka_unit_test(test_base_without_a_model_serves_the_arms),
        cmocka_unit_test(test_nested_and_dotted_keys_say_the_same),
        cmocka_unit_test(test_ablations_start_from_full_or_the_first_arm),
        cmocka_unit_test(test_an_ablation_keeps_what_its_arm_fixes),
        cmocka_unit_test(test_every_form_of_range),
        cmocka_unit_test(test_the_order_of_the_space_is_its_own),
        cmocka_unit_test(test_conditions_on_what_arms_fix),
        cmocka_unit_test(test_a_default_outside_moves_inside),
        cmocka_unit_test(test_a_point_laid_over_an_arm),
        cmocka_unit_test(test_overrides_set_add_and_remove),
        cmocka_unit_test(test_an_override_equals_the_edited_file),
        cmocka_unit_test(test_an_override_leaves_other_aliases_alone),
        cmocka_unit_test(test_wrong_overrides),
        cmocka_unit_test(test_overrides_that_are_no_text),
        cmocka_unit_test(test_remedies_of_unknown_names),
        cmocka_unit_test(test_remedies_of_unknown_dimensions),
        cmocka_unit_test(test_a_long_list_ends_between_names),
        cmocka_unit_test(test_hash_ignores_how_it_is_written),
        cmocka_unit_test(test_hash_changes_with_the_content),
        cmocka_unit_test(test_a_model_of_a_file),
        cmocka_unit_test(test_mistakes_with_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
