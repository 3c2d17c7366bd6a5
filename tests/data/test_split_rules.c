/* Splits by group, by time, by both, in folds; the columns that they are made by. */
#include "scratch.h"

#include "data/moment.h"

/* A table of the given text with roles. */
static rg_dataset *with_roles(const char *text, rg_roles roles, rg_arena *arena)
{
    rg_err err = {0};
    scratch_text("rules.csv", text);
    rg_dataset *d = rg_dataset_load("rules.csv", "y", NULL, arena, &err);
    assert_good(d && rg_dataset_roles(d, &roles, arena, &err), err);
    return d;
}

/* `rows` rows: a feature, a group, a time, a target; groups and times drawn from the stream. */
static rg_dataset *drawn(rg_rng *rng, size_t rows, size_t groups, size_t times, bool both,
                         rg_arena *arena)
{
    rg_str text = {0};
    rg_str_add(&text, "x,patient,day,y\n");
    for (size_t i = 0; i < rows; i++) {
        /* Skewed sizes of groups; groups of neighbouring days. */
        double unit = rg_rng_unit(rng);
        size_t group = (size_t)(unit * unit * (double)groups);
        size_t day =
            both ? group * times / groups + rg_rng_below(rng, 3) : rg_rng_below(rng, times);
        rg_str_printf(&text, "%zu,p%zu,%zu,c%llu\n", i, group, day,
                      (unsigned long long)rg_rng_below(rng, 3));
    }
    rg_dataset *d =
        with_roles(rg_str_text(&text), (rg_roles){.group = "patient", .time = "day"}, arena);
    rg_str_free(&text);
    return d;
}

/* The part of every row; fails when a row is in two. */
static uint8_t *parts_of(const rg_dataset *d, const rg_split_spec *spec, rg_arena *arena)
{
    rg_err err = {0};
    rg_split s;
    assert_good(rg_split_make(d, spec, arena, &s, &err), err);
    const uint32_t *list[] = {s.train, s.val, s.test};
    const size_t n[] = {s.n_train, s.n_val, s.n_test};
    uint8_t *part = rg_arena_alloc(arena, d->rows);
    size_t in = 0;
    memset(part, 3, d->rows);
    for (uint8_t p = 0; p < 3; p++)
        for (size_t i = 0; i < n[p]; i++, in++) {
            assert_int_equal(part[list[p][i]], 3);
            part[list[p][i]] = p;
        }
    assert_int_equal(s.left_out, d->rows - in);
    return part;
}

static void assert_groups_whole(const rg_dataset *d, const uint8_t *part, bool left_out)
{
    for (size_t i = 0; i < d->rows; i++)
        for (size_t j = 0; j < i; j++)
            if (d->group.code[i] == d->group.code[j] && part[i] != part[j])
                assert_true(left_out && (part[i] == 3 || part[j] == 3));
}

static void assert_in_order(const rg_dataset *d, const uint8_t *part)
{
    for (size_t i = 0; i < d->rows; i++)
        for (size_t j = 0; j < d->rows; j++)
            if (part[i] < part[j] && part[j] < 3)
                assert_true(d->time.code[i] < d->time.code[j]);
}

static double share_of(const rg_dataset *d, const uint8_t *part, uint8_t p)
{
    size_t n = 0;
    for (size_t i = 0; i < d->rows; i++)
        n += part[i] == p;
    return (double)n / (double)d->rows;
}

static const rg_split_spec usual = {.train = .6, .val = .2, .test = .2};

static void groups_stay_whole(void **state)
{
    (void)state;
    uint64_t seed = support_seed();
    for (uint64_t trial = 0; trial < 20; trial++) {
        rg_arena *arena = rg_arena_new();
        rg_rng rng = rg_rng_open(seed, "groups/%llu", (unsigned long long)trial);
        rg_dataset *d = drawn(&rng, 600, 40, 10, false, arena);
        rg_split_spec spec = usual;
        spec.group = "patient";
        spec.stratify = trial % 2;
        spec.seed = trial;
        uint8_t *part = parts_of(d, &spec, arena);
        assert_groups_whole(d, part, false);
        assert_true(d->features == 1); /* patient and day are none */
        for (uint8_t p = 0; p < 3; p++)
            if (fabs(share_of(d, part, p) - (p ? .2 : .6)) > .02)
                fail_msg("seed %llu trial %llu: part %d has %g of the rows",
                         (unsigned long long)seed, (unsigned long long)trial, p,
                         share_of(d, part, p));
        assert_memory_equal(part, parts_of(d, &spec, arena), d->rows);
        rg_arena_free(arena);
    }
}

/* Every group comes into the test part now and then, the largest too. */
static void seeds_move_groups(void **state)
{
    enum { GROUPS = 12, SEEDS = 300 };
    rg_str text = {0};
    size_t tested[GROUPS] = {0};
    rg_str_add(&text, "x,g,y\n");
    for (int g = 0; g < GROUPS; g++)
        for (int i = 0; i < 4 + g; i++)
            rg_str_printf(&text, "1,%d,%s\n", g, i % 2 ? "a" : "b");
    rg_dataset *d = with_roles(rg_str_text(&text), (rg_roles){.group = "g"}, *state);
    rg_str_free(&text);
    for (uint64_t s = 0; s < SEEDS; s++) {
        rg_split_spec spec = {.train = .5, .val = .25, .test = .25, .group = "g", .seed = s};
        uint8_t *part = parts_of(d, &spec, *state);
        for (size_t i = 0; i < d->rows; i++)
            if (i == 0 || d->group.code[i] != d->group.code[i - 1])
                tested[d->group.code[i]] += part[i] == 2;
    }
    for (int g = 0; g < GROUPS; g++)
        assert_in_range(tested[g], SEEDS / 12, SEEDS / 2);
}

/* Groups of one class each: stratification finds classes in every part where chance may not. */
static void strata_of_groups(void **state)
{
    rg_str text = {0};
    rg_str_add(&text, "x,g,y\n");
    for (int g = 0; g < 30; g++)
        for (int i = 0; i < 5; i++)
            rg_str_printf(&text, "1,%d,%s\n", g, g % 10 == 0 ? "rare" : "usual");
    rg_dataset *d = with_roles(rg_str_text(&text), (rg_roles){.group = "g"}, *state);
    rg_str_free(&text);
    for (uint64_t s = 0; s < 50; s++) {
        rg_split_spec spec = {
            .train = .4, .val = .3, .test = .3, .group = "g", .stratify = true, .seed = s};
        uint8_t *part = parts_of(d, &spec, *state);
        size_t rare[3] = {0};
        for (size_t i = 0; i < d->rows; i++)
            rare[part[i]] += d->label[i] == 0;
        for (int p = 0; p < 3; p++)
            assert_int_equal(rare[p], 5);
    }
}

static void the_past_comes_first(void **state)
{
    (void)state;
    uint64_t seed = support_seed();
    for (uint64_t trial = 0; trial < 20; trial++) {
        rg_arena *arena = rg_arena_new();
        rg_rng rng = rg_rng_open(seed, "times/%llu", (unsigned long long)trial);
        bool both = trial % 2;
        rg_dataset *d = drawn(&rng, 400, 60, 50, both, arena);
        rg_split_spec spec = usual;
        spec.time = "day";
        spec.group = both ? "patient" : NULL;
        uint8_t *part = parts_of(d, &spec, arena);
        assert_in_order(d, part);
        if (both)
            assert_groups_whole(d, part, true);
        else
            for (uint8_t p = 0; p < 3; p++)
                assert_true(fabs(share_of(d, part, p) - (p ? .2 : .6)) < .03);
        rg_arena_free(arena);
    }
}

static void equal_times_stay_together(void **state)
{
    rg_dataset *d = with_roles("x,t,y\n1,2020-01-02,a\n2,2020-01-01,b\n3,2020-01-02,a\n"
                               "4,2020-03-01,b\n5,2020-02-29T23:59:59Z,a\n6,2020-01-02,b\n",
                               (rg_roles){.time = "t"}, *state);
    rg_split_spec spec = {.train = .5, .val = .25, .test = .25, .time = "t"};
    const uint8_t expected[] = {0, 0, 0, 2, 1, 0};
    assert_memory_equal(parts_of(d, &spec, *state), expected, 6);
    assert_int_equal(d->time.count, 4);
}

/* Every row is tested once; train and val hold the rest. */
static void folds_cover(void **state)
{
    rg_rng rng = rg_rng_open(support_seed(), "folds");
    rg_dataset *d = drawn(&rng, 307, 40, 50, false, *state);
    for (int kind = 0; kind < 4; kind++) {
        uint8_t *tested = rg_arena_alloc(*state, d->rows);
        size_t classes[5][3] = {{0}};
        for (size_t f = 0; f < 5; f++) {
            rg_split_spec spec = usual;
            spec.folds = 5;
            spec.fold = f;
            spec.stratify = kind % 2;
            spec.group = kind >= 2 ? "patient" : NULL;
            uint8_t *part = parts_of(d, &spec, *state);
            if (kind >= 2)
                assert_groups_whole(d, part, false);
            for (size_t i = 0; i < d->rows; i++) {
                tested[i] += part[i] == 2;
                classes[f][d->label[i]] += part[i] == 2;
            }
            assert_true(fabs(share_of(d, part, 2) - .2) < .03);
            assert_true(fabs(share_of(d, part, 1) - .2) < .03);
        }
        for (size_t i = 0; i < d->rows; i++)
            assert_int_equal(tested[i], 1);
        for (size_t f = 1; kind == 1 && f < 5; f++)
            for (size_t k = 0; k < 3; k++)
                assert_in_range(classes[f][k] + 1, classes[0][k], classes[0][k] + 2);
    }
}

/* Fold f is tested on what comes right behind its window, which grows. */
static void windows_grow(void **state)
{
    rg_str text = {0};
    rg_str_add(&text, "x,t,y\n");
    for (int i = 0; i < 60; i++)
        rg_str_printf(&text, "%d,%d,%d\n", i % 7, 1000 - i, i % 2);
    rg_dataset *d = with_roles(rg_str_text(&text), (rg_roles){.time = "t"}, *state);
    rg_str_free(&text);
    for (size_t f = 0; f < 5; f++) {
        rg_split_spec spec = {.train = .8, .val = .2, .time = "t", .folds = 5, .fold = f};
        uint8_t *part = parts_of(d, &spec, *state);
        for (size_t i = 0; i < 60; i++) {
            size_t age = 59 - i, learn = 10 * (f + 1);
            uint8_t expected = age < learn * 8 / 10 ? 0
                               : age < learn        ? 1
                               : age < learn + 10   ? 2
                                                    : 3;
            assert_int_equal(part[i], expected);
        }
    }
}

static void refuses(rg_dataset *d, rg_split_spec spec, const char *where, const char *what,
                    rg_arena *arena)
{
    rg_err err = {0};
    rg_split split;
    assert_false(rg_split_make(d, &spec, arena, &split, &err));
    assert_int_equal(err.code, RG_INPUT);
    assert_error(err, where, what);
}

static void what_cannot_be_cut(void **state)
{
    rg_dataset *d = with_roles("x,g,t,y\n1,a,1,k\n2,a,1,l\n3,b,2,k\n4,b,1,l\n",
                               (rg_roles){.group = "g", .time = "t"}, *state);
    rg_split_spec spec = usual;
    spec.group = "g";
    refuses(d, spec, "data.split.group", "'g' has 2 different values: too few for 3", *state);
    spec.group = NULL;
    spec.time = "t";
    refuses(
        d, spec, "data.split",
        "the part train of the 4 rows would be empty (train 0, val 0, test 0, in no part 4)",
        *state);
    spec.folds = 3;
    spec.fold = 1;
    refuses(d, spec, "data.split",
            "would be empty in fold 2 of 3 (train 0, val 0, test 0, in no part 4)", *state);
    spec.folds = spec.fold = 0;
    spec.stratify = true;
    refuses(d, spec, "data.split", "cannot be stratified", *state);
    spec = usual;
    spec.folds = 3;
    spec.fold = 3;
    refuses(d, spec, "data.split.folds", "fold 3 of 3 does not exist", *state);
    spec.folds = 1;
    spec.fold = 0;
    refuses(d, spec, "data.split.folds", "fold 0 of 1", *state);
}

static void bad_roles(void **state)
{
    static const struct {
        const char *text;
        rg_roles roles;
        const char *where, *what;
    } cases[] = {
        {"x,patient,y\n1,a,0\n2,b,1\n",
         {.group = "patent"},
         "data.split.group",
         "did you mean"},
        {"x,patient,y\n1,a,0\n2,b,1\n", {.query = "y"}, "data.group", "has no column 'y'"},
        {"x,g,y\n1,a,0\n2,,1\n", {.group = "g"}, "rules.csv:3", "a cell is missing"},
        {"x,t,y\n1,4,0\n2,,1\n", {.time = "t"}, "rules.csv:3", "a cell is missing"},
        {"x,t,y\n1,2020-01-01,0\n2,yesterday,1\n", {.time = "t"}, "rules.csv:3", "is no time"},
        {"t,y\n1,0\n2,1\n", {.time = "t"}, "rules.csv", "no column is left"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_err err = {0};
        scratch_text("rules.csv", cases[i].text);
        rg_dataset *d = rg_dataset_load("rules.csv", "y", NULL, *state, &err);
        size_t features = d->features;
        assert_false(rg_dataset_roles(d, &cases[i].roles, *state, &err));
        assert_error(err, cases[i].where, cases[i].what);
        assert_int_equal(d->features, features);
    }
}

static void roles_of_arrays(void **state)
{
    float x[] = {1, 2, 3, 4, 5, 6};
    int64_t g[] = {70, -3, 70};
    int32_t y[] = {0, 1, 1};
    const rg_array arrays[] = {{"x", RG_ARRAY_F32, 2, {3, 2}, x},
                               {"y", RG_ARRAY_I32, 1, {3}, y},
                               {"g", RG_ARRAY_I64, 1, {3}, g}};
    rg_err err = {0};
    assert_good(rg_npz_write("roles.npz", arrays, 3, 0644, &err), err);
    rg_dataset *d = rg_dataset_load("roles.npz", NULL, NULL, *state, &err);
    assert_good(d && rg_dataset_roles(d, &(rg_roles){.group = "g"}, *state, &err), err);
    const uint32_t expected[] = {1, 0, 1};
    assert_memory_equal(d->group.code, expected, sizeof(expected));
    assert_false(rg_dataset_roles(d, &(rg_roles){.group = "h"}, *state, &err));
    assert_error(err, "data.split.group", "has no array 'h'");
}

static void moments(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double seconds;
    } good[] = {
        {"1970-01-01", 0},
        {"1970-01", 0},
        {"2000-02-29", 951782400},
        {"2026-01-31T12:00:00Z", 1769860800},
        {"2026-01-31 13:00:00.25+01:00", 1769860800.25},
        {"2026-01-31T06:30-05:30", 1769860800},
        {"1969-12-31T23:59:59", -1},
        {"0001-01-01", -62135596800},
    };
    static const char *const bad[] = {"",
                                      "2026",
                                      "2026-13-01",
                                      "2026-02-29",
                                      "2026-1-1",
                                      "2026-01-32",
                                      "01/31/2026",
                                      "2026-01-01T24:00",
                                      "2026-01-01T12:00:00.",
                                      "2026-01-01x",
                                      "2026-01-01T",
                                      "2026-01-01T12",
                                      "2026-01-01T12:00+1",
                                      "2026-01-00"};
    for (size_t i = 0; i < RG_COUNT(good); i++) {
        double seconds = NAN;
        assert_true(rg_moment_parse(good[i].text, &seconds));
        assert_close(seconds, good[i].seconds, 1e-12);
    }
    for (size_t i = 0; i < RG_COUNT(bad); i++) {
        double seconds = 7;
        if (rg_moment_parse(bad[i], &seconds))
            fail_msg("'%s' was taken for %g", bad[i], seconds);
        assert_true(seconds == 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(groups_stay_whole),
        IN_ARENA(seeds_move_groups),
        IN_ARENA(strata_of_groups),
        IN_ARENA(the_past_comes_first),
        IN_ARENA(equal_times_stay_together),
        IN_ARENA(folds_cover),
        IN_ARENA(windows_grow),
        IN_ARENA(what_cannot_be_cut),
        IN_ARENA(bad_roles),
        IN_ARENA(roles_of_arrays),
        IN_ARENA(moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
