/* Splits: exact sizes, strata, index files, determinism. */
#include "scratch.h"

/* A data set of `rows` rows whose classes are given by count. */
static rg_dataset *with_classes(const size_t *count, size_t classes, rg_arena *arena)
{
    rg_dataset *d = RG_ARENA_NEW(arena, rg_dataset);
    d->name = "made";
    d->task = RG_CLASSIFY;
    d->classes = classes;
    d->class_name = RG_ARENA_ARRAY(arena, const char *, classes);
    for (size_t k = 0; k < classes; k++) {
        d->class_name[k] = rg_arena_printf(arena, "k%zu", k);
        d->rows += count[k];
    }
    d->label = RG_ARENA_ARRAY(arena, int32_t, d->rows);
    size_t row = 0;
    for (size_t k = 0; k < classes; k++)
        for (size_t i = 0; i < count[k]; i++)
            d->label[row++] = (int32_t)k;
    return d;
}

static rg_split cut(const rg_dataset *d, const rg_split_spec *spec, rg_arena *arena)
{
    rg_err err = {0};
    rg_split split;
    assert_good(rg_split_make(d, spec, arena, &split, &err), err);
    return split;
}

/* Ascending lists that together hold every row once. */
static void assert_partition(const rg_dataset *d, const rg_split *s)
{
    const uint32_t *list[] = {s->train, s->val, s->test};
    const size_t n[] = {s->n_train, s->n_val, s->n_test};
    uint8_t *seen = rg_alloc(d->rows);
    for (int p = 0; p < 3; p++)
        for (size_t i = 0; i < n[p]; i++) {
            assert_true(i == 0 || list[p][i] > list[p][i - 1]);
            assert_true(list[p][i] < d->rows && !seen[list[p][i]]++);
        }
    assert_int_equal(s->n_train + s->n_val + s->n_test, d->rows);
    rg_free(seen);
}

static void sizes_are_exact(void **state)
{
    static const struct {
        size_t rows;
        double train, val, test;
        size_t expected[3];
    } cases[] = {
        {10, .6, .2, .2, {6, 2, 2}},      {1797, .6, .2, .2, {1078, 360, 359}},
        {100, .29, .01, .7, {29, 1, 70}}, {3, .4, .3, .3, {1, 1, 1}},
        {7, .5, .25, .25, {3, 2, 2}},     {1000, .98, .01, .01, {980, 10, 10}},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_dataset *d = with_classes(&cases[i].rows, 1, *state);
        rg_split_spec spec = {
            .train = cases[i].train, .val = cases[i].val, .test = cases[i].test, .seed = i};
        rg_split s = cut(d, &spec, *state);
        assert_partition(d, &s);
        assert_int_equal(s.n_train, cases[i].expected[0]);
        assert_int_equal(s.n_val, cases[i].expected[1]);
        assert_int_equal(s.n_test, cases[i].expected[2]);
    }
}

static void seeds_decide_and_nothing_else(void **state)
{
    size_t rows = 200;
    rg_dataset *d = with_classes(&rows, 1, *state);
    rg_split_spec spec = {.train = .6, .val = .2, .test = .2, .seed = 1};
    rg_split a = cut(d, &spec, *state), b = cut(d, &spec, *state);
    assert_string_equal(a.hash, b.hash);
    assert_memory_equal(a.test, b.test, a.n_test * sizeof(uint32_t));
    spec.seed = 2;
    rg_split c = cut(d, &spec, *state);
    assert_string_not_equal(a.hash, c.hash);
    assert_memory_not_equal(a.test, c.test, a.n_test * sizeof(uint32_t));
}

/* Every row comes into the test part equally often: 4,000 seeds, each row within 5 sd of 20 %.
 */
static void every_row_has_the_same_chance(void **state)
{
    enum { ROWS = 20, SEEDS = 4000 };
    size_t counts[] = {12, 8}, hits[ROWS] = {0};
    rg_dataset *d = with_classes(counts, 2, *state);
    uint64_t base = support_seed();
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        rg_arena *arena = rg_arena_new();
        rg_split_spec spec = {.train = .6, .val = .2, .test = .2, .seed = base * SEEDS + seed};
        rg_split s = cut(d, &spec, arena);
        for (size_t i = 0; i < s.n_test; i++)
            hits[s.test[i]]++;
        rg_arena_free(arena);
    }
    double sd = sqrt(SEEDS * .2 * .8);
    for (size_t r = 0; r < ROWS; r++)
        assert_true(fabs((double)hits[r] - SEEDS * .2) < 5 * sd);
}

/* Random class counts and fractions: totals exact, each class within one row of its share of a
 * part, within two where the rounding of both cuts meets. */
static void strata_keep_their_share(void **state)
{
    (void)state;
    uint64_t seed = support_seed();
    for (uint64_t trial = 0; trial < 300; trial++) {
        rg_arena *arena = rg_arena_new();
        rg_rng rng = rg_rng_open(seed, "strata/%llu", (unsigned long long)trial);
        size_t classes = 2 + rg_rng_below(&rng, 9), count[10];
        for (size_t k = 0; k < classes; k++)
            count[k] = 20 + rg_rng_below(&rng, 200);
        rg_dataset *d = with_classes(count, classes, arena);
        double val = .1 + .2 * rg_rng_unit(&rng), test = .1 + .3 * rg_rng_unit(&rng);
        rg_split_spec spec = {
            .train = 1 - val - test, .val = val, .test = test, .stratify = true, .seed = trial};
        rg_split s = cut(d, &spec, arena);
        assert_partition(d, &s);
        const double share[] = {spec.train, val, test};
        const size_t n[] = {s.n_train, s.n_val, s.n_test};
        const uint32_t *list[] = {s.train, s.val, s.test};
        for (int p = 0; p < 3; p++) {
            size_t got[10] = {0};
            assert_true(fabs((double)n[p] - share[p] * (double)d->rows) < 1);
            for (size_t i = 0; i < n[p]; i++)
                got[d->label[list[p][i]]]++;
            for (size_t k = 0; k < classes; k++)
                if (fabs((double)got[k] - share[p] * (double)count[k]) >= (p ? 2 : 1.1))
                    fail_msg("seed %llu trial %llu part %d class %zu: %zu of %zu, share %g",
                             (unsigned long long)seed, (unsigned long long)trial, p, k, got[k],
                             count[k], share[p]);
        }
        rg_arena_free(arena);
    }
}

static void refuses(const rg_dataset *d, rg_split_spec spec, const char *where,
                    const char *what)
{
    rg_arena *arena = rg_arena_new();
    rg_err err = {0};
    rg_split split = {.n_train = 77};
    assert_false(rg_split_make(d, &spec, arena, &split, &err));
    assert_int_equal(err.code, RG_INPUT);
    assert_error(err, where, what);
    assert_int_equal(split.n_train, 77);
    rg_arena_free(arena);
}

static void bad_fractions(void **state)
{
    size_t rows = 10;
    rg_dataset *d = with_classes(&rows, 1, *state);
    refuses(d, (rg_split_spec){.train = .6, .val = .2, .test = .1}, "data.split",
            "sum to 0.9, not to 1");
    refuses(d, (rg_split_spec){.train = .9, .val = .2, .test = -.1}, "data.split",
            "the fraction test is -0.1");
    refuses(d, (rg_split_spec){.train = 1, .val = 0, .test = 0}, "data.split",
            "the fraction train is 1");
    refuses(d, (rg_split_spec){.train = NAN, .val = .5, .test = .5}, "data.split",
            "the fraction train is nan");
    refuses(d, (rg_split_spec){.train = .98, .val = .01, .test = .01}, "data.split",
            "the part val of the 10 rows");
    rows = 2;
    refuses(with_classes(&rows, 1, *state), (rg_split_spec){.train = .4, .val = .3, .test = .3},
            "data.split", "empty");
}

static void rare_classes(void **state)
{
    size_t count[] = {50, 2, 50};
    rg_dataset *d = with_classes(count, 3, *state);
    refuses(d, (rg_split_spec){.train = .6, .val = .2, .test = .2, .stratify = true},
            "data.split", "the class 'k1' has 2 rows, too few to be in all parts");
    rg_split_spec spec = {.train = .6, .val = .2, .test = .2};
    cut(d, &spec, *state);
    d->task = RG_REGRESS;
    refuses(d, (rg_split_spec){.train = .6, .val = .2, .test = .2, .stratify = true},
            "data.split", "only classes");
}

/* ---- index files
 * -------------------------------------------------------------------------------- */

static void index_files(void **state)
{
    size_t rows = 8;
    rg_dataset *d = with_classes(&rows, 1, *state);
    rg_split_spec spec = {.train_file = scratch_text("train.txt", "5\n 0 \r\n\n3\n"),
                          .val_file = scratch_text("val.txt", "1"),
                          .test_file = scratch_text("test.txt", "7\n2\n")};
    rg_split s = cut(d, &spec, *state);
    const uint32_t train[] = {0, 3, 5}, test[] = {2, 7};
    assert_int_equal(s.n_train, 3);
    assert_memory_equal(s.train, train, sizeof(train));
    assert_int_equal(s.n_val, 1);
    assert_int_equal(s.n_test, 2);
    assert_memory_equal(s.test, test, sizeof(test));
    refuses(d, (rg_split_spec){.val_file = "val.txt"}, "data.split", "index files");
    spec.val_file = scratch_text("bad.txt", "1\n\n8\n");
    refuses(d, spec, "bad.txt:3", "row 8 does not exist: 'made' has the rows 0 to 7");
    spec.val_file = scratch_text("bad.txt", "-1");
    refuses(d, spec, "bad.txt:1", "row -1 does not exist");
    spec.val_file = scratch_text("bad.txt", "1.5\n");
    refuses(d, spec, "bad.txt:1", "'1.5' is no row number");
    spec.val_file = scratch_text("bad.txt", "1\n3\n");
    refuses(d, spec, "bad.txt:2", "row 3 is listed here and in train.txt:4");
    spec.val_file = scratch_text("bad.txt", "1\n1\n");
    refuses(d, spec, "bad.txt:2", "row 1 is listed here and in bad.txt:1");
    spec.val_file = scratch_text("bad.txt", "\n");
    refuses(d, spec, "data.split", "the part val");
    spec.val_file = "absent.txt";
    refuses(d, spec, "absent.txt", "");
}

static void validation_out_of_a_published_training_list(void **state)
{
    size_t rows = 100;
    rg_dataset *d = with_classes(&rows, 1, *state);
    rg_str train = {0}, test = {0};
    for (int i = 0; i < 100; i++)
        rg_str_printf(i % 10 ? &train : &test, "%d\n", i);
    rg_split_spec spec = {.8,
                          .2,
                          0,
                          .seed = 3,
                          .train_file = scratch_text("p_train.txt", rg_str_text(&train)),
                          .test_file = scratch_text("p_test.txt", rg_str_text(&test))};
    rg_str_free(&train);
    rg_str_free(&test);
    rg_split s = cut(d, &spec, *state), again = cut(d, &spec, *state);
    assert_partition(d, &s);
    assert_int_equal(s.n_train, 72);
    assert_int_equal(s.n_val, 18);
    for (size_t i = 0; i < s.n_test; i++)
        assert_int_equal(s.test[i], 10 * i);
    assert_string_equal(s.hash, again.hash);
    refuses(d, (rg_split_spec){.train_file = "p_train.txt", .test_file = "p_test.txt"},
            "data.split", "without a val file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(sizes_are_exact),
        IN_ARENA(seeds_decide_and_nothing_else),
        IN_ARENA(every_row_has_the_same_chance),
        IN_ARENA(strata_keep_their_share),
        IN_ARENA(bad_fractions),
        IN_ARENA(rare_classes),
        IN_ARENA(index_files),
        IN_ARENA(validation_out_of_a_published_training_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
