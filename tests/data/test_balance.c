/* Remedies for classes of unequal size: the training part alone changes, and how. */
#include "scratch.h"

enum { ROWS = 200 };

/* Two numbers, a category and a class of which one in five is rare; the rare ones lie around
 * (5, 5). */
static rg_dataset *uneven(rg_arena *arena)
{
    rg_rng rng = rg_rng_open(support_seed(), "uneven");
    rg_str text = {0};
    rg_str_add(&text, "a,b,kind,y\n");
    for (int i = 0; i < ROWS; i++) {
        bool rare = i % 5 == 0;
        rg_str_printf(&text, "%.5f,%.5f,%s,%s\n", rg_rng_normal(&rng) + 5 * rare,
                      rg_rng_normal(&rng) + 5 * rare,
                      rare ? (i % 3 ? "left" : "right") : (i % 2 ? "left" : "up"),
                      rare ? "rare" : "usual");
    }
    scratch_text("uneven.csv", rg_str_text(&text));
    rg_str_free(&text);
    rg_err err = {0};
    rg_dataset *d = rg_dataset_load("uneven.csv", NULL, NULL, arena, &err);
    assert_good(d != NULL, err);
    return d;
}

typedef struct parts {
    rg_part train, val, test, labels;
    json_t *info;
} parts;

static parts make(rg_dataset *d, rg_balance balance, uint64_t seed, const char *dir,
                  rg_arena *arena)
{
    rg_err err = {0};
    rg_split split;
    parts p;
    const rg_split_spec spec = {
        .train = .6, .val = .2, .test = .2, .stratify = true, .seed = 1};
    const rg_parts_plan plan = {RG_SCALE_STANDARD, balance, seed};
    assert_good(rg_split_make(d, &spec, arena, &split, &err), err);
    assert_good(rg_parts_make(d, &split, &plan, dir, rg_path_join(arena, dir, "labels.npz"),
                              &p.info, &err),
                err);
    assert_good(rg_part_read(rg_path_join(arena, dir, "train.npz"), arena, &p.train, &err),
                err);
    assert_good(rg_part_read(rg_path_join(arena, dir, "val.npz"), arena, &p.val, &err), err);
    assert_good(rg_part_read(rg_path_join(arena, dir, "test_inputs.npz"), arena, &p.test, &err),
                err);
    assert_good(rg_part_read(rg_path_join(arena, dir, "labels.npz"), arena, &p.labels, &err),
                err);
    return p;
}

static void count_classes(const rg_part *part, size_t ret[2])
{
    ret[0] = ret[1] = 0;
    for (size_t i = 0; i < part->rows; i++)
        ret[part->label[i]]++;
}

static void assert_same_hash(const parts *a, const parts *b, const char *file, bool same)
{
    const char *of_a = rg_json_text(json_object_get(a->info, "files"), file, "");
    const char *of_b = rg_json_text(json_object_get(b->info, "files"), file, "");
    assert_true((strcmp(of_a, of_b) == 0) == same);
}

/* Whatever is balanced: val, test and labels are the same bytes, the rows of train are not. */
static void only_training_changes(void **state)
{
    rg_dataset *d = uneven(*state);
    parts plain = make(d, RG_BALANCE_NONE, 1, "plain", *state);
    assert_null(plain.train.weight);
    assert_null(json_object_get(plain.info, "balance"));
    for (rg_balance b = RG_BALANCE_OVERSAMPLE; rg_balance_names[b]; b++) {
        parts p = make(d, b, 1, "balanced", *state), again = make(d, b, 1, "again", *state);
        assert_same_hash(&plain, &p, "val.npz", true);
        assert_same_hash(&plain, &p, "test_inputs.npz", true);
        assert_same_hash(&plain, &p, "labels.npz", true);
        assert_same_hash(&plain, &p, "train.npz", false);
        assert_same_hash(&again, &p, "train.npz", true);
        assert_string_equal(rg_json_text(p.info, "balance", ""), rg_balance_names[b]);
        assert_int_equal(json_integer_value(json_object_get(p.info, "rows_balanced")),
                         p.train.rows);
        json_decref(p.info);
        json_decref(again.info);
    }
    json_decref(plain.info);
}

static void resampled_counts(void **state)
{
    rg_dataset *d = uneven(*state);
    parts plain = make(d, RG_BALANCE_NONE, 1, "plain", *state);
    size_t n[2], got[2];
    count_classes(&plain.train, n);
    assert_true(n[0] < n[1]);
    static const rg_balance ways[] = {RG_BALANCE_OVERSAMPLE, RG_BALANCE_SMOTE,
                                      RG_BALANCE_UNDERSAMPLE};
    for (size_t w = 0; w < RG_COUNT(ways); w++) {
        parts p = make(d, ways[w], 1, "balanced", *state);
        size_t expected = ways[w] == RG_BALANCE_UNDERSAMPLE ? n[0] : n[1];
        count_classes(&p.train, got);
        assert_int_equal(got[0], expected);
        assert_int_equal(got[1], expected);
        json_decref(p.info);
    }
    json_decref(plain.info);
}

/* Oversampling repeats rows as they are, each as often as the others, give or take one. */
static void repeats(void **state)
{
    parts p = make(uneven(*state), RG_BALANCE_OVERSAMPLE, 7, "balanced", *state);
    size_t times[ROWS] = {0}, least = ROWS, most = 0;
    for (size_t i = 0; i < p.train.rows; i++)
        for (size_t j = 0; j < p.train.rows; j++)
            if (p.train.id[i] == p.train.id[j])
                assert_memory_equal(p.train.x + i * p.train.features,
                                    p.train.x + j * p.train.features,
                                    p.train.features * sizeof(float));
    for (size_t i = 0; i < p.train.rows; i++)
        times[p.train.id[i]]++;
    for (size_t r = 0; r < ROWS; r += 5) {
        least = times[r] && times[r] < least ? times[r] : least;
        most = times[r] > most ? times[r] : most;
    }
    assert_in_range(most, least, least + 1);
    json_decref(p.info);
}

/* New rows lie on the line between two of their class, in the numbers; their category is one of
 * the class's, alone. */
static void new_rows_lie_between(void **state)
{
    parts plain = make(uneven(*state), RG_BALANCE_NONE, 1, "plain", *state);
    parts p = make(uneven(*state), RG_BALANCE_SMOTE, 3, "balanced", *state);
    const rg_part *old = &plain.train, *new = &p.train;
    size_t made = 0;
    assert_int_equal(old->features, 5); /* a, b, left, right, up */
    for (size_t i = 0; i < new->rows; i++) {
        const float *x = new->x + i * 5;
        bool between = new->id[i] >= 0;
        assert_close((double)x[2] + (double)x[3] + (double)x[4], 1, 1e-6);
        if (between)
            continue;
        made++;
        assert_int_equal(new->label[i], 0); /* "rare" comes before "usual" */
        assert_true(x[4] == 0);             /* none of them is "up" */
        for (size_t j = 0; j < old->rows && !between; j++)
            for (size_t k = 0; k < old->rows && !between; k++) {
                if (old->label[j] || old->label[k] || j == k)
                    continue;
                const float *u = old->x + j * 5, *v = old->x + k * 5;
                double du = (double)v[0] - (double)u[0], dv = (double)v[1] - (double)u[1];
                double t = du != 0 ? ((double)x[0] - (double)u[0]) / du : 0;
                between = t >= -1e-4 && t <= 1 + 1e-4 &&
                          fabs((double)u[1] + t * dv - (double)x[1]) < 1e-4;
            }
        assert_true(between);
    }
    assert_int_equal(made, new->rows - old->rows);
    json_decref(plain.info);
    json_decref(p.info);
}

/* n / (classes * rows of the class): all classes weigh the same, the mean weight is 1. */
static void weights(void **state)
{
    parts p = make(uneven(*state), RG_BALANCE_WEIGHTS, 1, "balanced", *state);
    double sum[2] = {0};
    size_t n[2];
    count_classes(&p.train, n);
    for (size_t i = 0; i < p.train.rows; i++) {
        int32_t k = p.train.label[i];
        sum[k] += (double)p.train.weight[i];
        assert_close((double)p.train.weight[i], (double)p.train.rows / (2. * (double)n[k]),
                     1e-6);
    }
    assert_close(sum[0], sum[1], 1e-5);
    assert_close(sum[0] + sum[1], (double)p.train.rows, 1e-5);
    assert_null(p.val.weight);
    json_decref(p.info);
    rg_err err = {0};
    char *text;
    size_t len;
    assert_good(rg_part_write_csv("weighed.csv", &p.train, &err), err);
    assert_good(rg_file_read("weighed.csv", 1 << 20, &text, &len, &err), err);
    assert_true(rg_text_starts(text, "id,x1,x2,x3,x4,x5,y,weight\n"));
    rg_free(text);
}

/* The query of each row goes into every file, and nowhere when there is none. */
static void queries(void **state)
{
    rg_err err = {0};
    scratch_text("queries.csv", "a,q,y\n1,s9,0\n2,s1,1\n3,s9,0\n4,s5,1\n5,s1,0\n6,s5,1\n"
                                "7,s9,0\n8,s1,1\n9,s5,1\n");
    rg_dataset *d = rg_dataset_load("queries.csv", NULL, NULL, *state, &err);
    assert_good(d && rg_dataset_roles(d, &(rg_roles){.query = "q"}, *state, &err), err);
    rg_split split;
    const rg_split_spec spec = {.train = .4, .val = .3, .test = .3, .seed = 1};
    json_t *info;
    assert_good(rg_split_make(d, &spec, *state, &split, &err), err);
    assert_good(rg_parts_write(d, &split, RG_SCALE_NONE, "q", "q-labels.npz", &info, &err),
                err);
    json_decref(info);
    static const char *const files[] = {"q/train.npz", "q/val.npz", "q/test_inputs.npz",
                                        "q-labels.npz"};
    static const int64_t code[] = {2, 0, 2, 1, 0, 1, 2, 0, 1}; /* s1 s5 s9 */
    for (size_t f = 0; f < RG_COUNT(files); f++) {
        rg_part p;
        assert_good(rg_part_read(files[f], *state, &p, &err), err);
        assert_non_null(p.group);
        for (size_t i = 0; i < p.rows; i++)
            assert_int_equal(p.group[i], code[p.id[i]]);
        assert_true(!p.x || p.features == 1);
    }
}

static void numbers_have_no_classes(void **state)
{
    rg_err err = {0};
    rg_str text = {0};
    rg_str_add(&text, "a,y\n");
    for (int i = 0; i < 60; i++)
        rg_str_printf(&text, "%d,%g\n", i, i * .37);
    scratch_text("numbers.csv", rg_str_text(&text));
    rg_str_free(&text);
    rg_dataset *d = rg_dataset_load("numbers.csv", NULL, NULL, *state, &err);
    rg_split split;
    const rg_split_spec spec = {.train = .6, .val = .2, .test = .2, .seed = 1};
    assert_good(d && rg_split_make(d, &spec, *state, &split, &err), err);
    json_t *info = NULL;
    assert_false(rg_parts_make(d, &split, &(rg_parts_plan){.balance = RG_BALANCE_SMOTE}, "none",
                               "none.npz", &info, &err));
    assert_error(err, "data.balance", "no classes to balance");
    assert_false(rg_file_exists("none/train.npz"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(only_training_changes),   IN_ARENA(resampled_counts), IN_ARENA(repeats),
        IN_ARENA(new_rows_lie_between),    IN_ARENA(weights),          IN_ARENA(queries),
        IN_ARENA(numbers_have_no_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
