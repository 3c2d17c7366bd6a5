/* Predictions as arrays and as tables: matched by id, refused by name, whatever the file is. */
#include "scratch.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static const int64_t truth_ids[] = {10, 20, 30, 40};
static const rg_part classes_truth = {
    .task = RG_CLASSIFY, .rows = 4, .classes = 2, .id = truth_ids};
static const rg_part numbers_truth = {.task = RG_REGRESS, .rows = 4, .id = truth_ids};

static void values_follow_their_ids(void **state)
{
    const int64_t ids[] = {40, 10, 30, 20};
    const float value[] = {4, 1, 3, 2};
    rg_err err = {0};
    rg_predictions p = {4, 0, value, ids, false, NULL}, read;
    assert_good(rg_predictions_write("p.npz", &p, &err), err);
    assert_good(rg_predictions_read("p.npz", &numbers_truth, *state, &read, &err), err);
    assert_int_equal(read.rows, 4);
    assert_int_equal(read.classes, 0);
    const float expected[] = {1, 2, 3, 4};
    assert_memory_equal(read.value, expected, sizeof(expected));
    assert_memory_equal(read.id, truth_ids, sizeof(truth_ids));
}

static void refuses_ids(const int64_t *ids, size_t n, const char *what, rg_arena *arena)
{
    float value[32] = {0};
    rg_err err = {0};
    rg_predictions p = {n, 0, value, ids, false, NULL}, read = {.rows = 77};
    assert_good(rg_predictions_write("p.npz", &p, &err), err);
    assert_false(rg_predictions_read("p.npz", &numbers_truth, arena, &read, &err));
    assert_error(err, "p.npz", what);
    assert_int_equal(read.rows, 77);
}

static void ids_are_named(void **state)
{
    refuses_ids((int64_t[]){10, 30, 40}, 3, "there is no prediction for id 20", *state);
    refuses_ids((int64_t[]){40}, 1, "no prediction for ids 10, 20, 30", *state);
    refuses_ids((int64_t[]){10, 20, 30, 40, 50}, 5, "not in the test set: id 50", *state);
    refuses_ids((int64_t[]){10, 20, 30, 20, 40}, 5, "several predictions for id 20", *state);
    refuses_ids((int64_t[]){10, 20, 30, 20}, 4, "several predictions for id 20", *state);
    refuses_ids((int64_t[]){1, 2, 3, 4, 5, 6, 7, 10, 20, 30, 40}, 11,
                "ids 1, 2, 3, 4, 5 and 2 more", *state);
    refuses_ids((int64_t[]){0}, 0, "no prediction for ids 10, 20, 30, 40", *state);
}

static void refuses_values(const float *value, const char *what, rg_arena *arena)
{
    rg_err err = {0};
    rg_predictions p = {4, 2, value, truth_ids, false, NULL}, read;
    assert_good(rg_predictions_write("p.npz", &p, &err), err);
    assert_false(rg_predictions_read("p.npz", &classes_truth, arena, &read, &err));
    assert_error(err, "p.npz", what);
}

static void values_are_probabilities(void **state)
{
    refuses_values((float[]){.5f, .5f, 1, 0, NAN, 1, 0, 1}, "for id 30 is nan", *state);
    refuses_values((float[]){.5f, .5f, INFINITY, 0, 0, 1, 0, 1}, "for id 20 is inf", *state);
    refuses_values((float[]){.5f, .5f, 2.5f, -1.5f, 0, 1, 0, 1}, "id 20 holds 2.5", *state);
    refuses_values((float[]){.5f, .4f, 1, 0, 0, 1, 0, 1}, "id 10 sum to 0.9", *state);
}

static void other_shapes_and_types(void **state)
{
    rg_err err = {0};
    rg_predictions read;
    double wide[] = {.25, .75, 1, 0, 0, 1, .5, .5};
    int32_t ids[] = {10, 20, 30, 40};
    const rg_array good[] = {{"value", RG_ARRAY_F64, 2, {4, 2}, wide},
                             {"id", RG_ARRAY_I32, 1, {4}, ids}};
    assert_good(rg_npz_write("w.npz", good, 2, 0644, &err), err);
    assert_good(rg_predictions_read("w.npz", &classes_truth, *state, &read, &err), err);
    assert_close(read.value[1], .75, 0);
    const rg_array bad[][2] = {
        {{"value", RG_ARRAY_F64, 2, {2, 4}, wide}, good[1]},
        {{"values", RG_ARRAY_F64, 2, {4, 2}, wide}, good[1]},
        {{"value", RG_ARRAY_I32, 2, {4, 1}, ids}, good[1]},
        {good[0], {"id", RG_ARRAY_F64, 1, {4}, wide}},
        {good[0], {"ids", RG_ARRAY_I32, 1, {4}, ids}},
    };
    for (size_t i = 0; i < RG_COUNT(bad); i++) {
        err = (rg_err){0};
        assert_good(rg_npz_write("w.npz", bad[i], 2, 0644, &err), err);
        assert_false(rg_predictions_read("w.npz", &classes_truth, *state, &read, &err));
        assert_error(err, "w.npz", "the predictions");
    }
}

/* ---- tables
 * ------------------------------------------------------------------------------------------ */

static const char *const animals[] = {"cat", "dog", "eel"};
static const char *const grades[] = {"1", "2", "3"};
static const rg_part animals_truth = {
    .task = RG_CLASSIFY, .rows = 4, .classes = 3, .id = truth_ids, .class_name = animals};
static const rg_part grades_truth = {
    .task = RG_CLASSIFY, .rows = 4, .classes = 3, .id = truth_ids, .class_name = grades};
static const rg_part nameless_truth = {
    .task = RG_CLASSIFY, .rows = 4, .classes = 3, .id = truth_ids};

static rg_predictions table(const char *text, const rg_part *truth, rg_arena *arena)
{
    rg_err err = {0};
    rg_predictions p = {0};
    assert_good(rg_predictions_read(scratch_text("t.csv", text), truth, arena, &p, &err), err);
    assert_int_equal(p.rows, 4);
    assert_memory_equal(p.id, truth_ids, sizeof(truth_ids));
    return p;
}

static void refuses_table(const char *text, const rg_part *truth, const char *where,
                          const char *what, rg_arena *arena)
{
    rg_err err = {0};
    rg_predictions p = {.rows = 77};
    assert_false(rg_predictions_read(scratch_text("t.csv", text), truth, arena, &p, &err));
    assert_error(err, where, what);
    assert_int_equal(p.rows, 77);
    assert_true(err.code == RG_INPUT && *err.remedy);
}

static void tables_of_numbers(void **state)
{
    static const char *const texts[] = {
        "id,value\n40,4\n10,1.0\n30,3e0\n20,2\n",
        "value\tid\n4\t40\n1\t10\n3\t30\n2\t20\n",
        "\xef\xbb\xbfid;value\r\n40;4,0\r\n10;1,0\r\n\r\n30;3,0\r\n20;2,0\r\n",
    };
    const float expected[] = {1, 2, 3, 4};
    for (size_t i = 0; i < RG_COUNT(texts); i++) {
        rg_predictions p = table(texts[i], &numbers_truth, *state);
        assert_true(p.classes == 0 && !p.hard);
        assert_memory_equal(p.value, expected, sizeof(expected));
    }
    rg_predictions scores = table(texts[0], &classes_truth, *state); /* of the second class */
    assert_true(scores.classes == 0 && scores.value[3] == 4);
}

static void tables_of_probabilities(void **state)
{
    static const struct {
        const char *head;
        const rg_part *truth;
    } forms[] = {
        {"dog,id,cat,eel", &animals_truth}, {"1,id,0,2", &animals_truth},
        {"1,id,0,2", &nameless_truth},      {"2,id,1,3", &grades_truth},
        {"2.0,id,1.0,3.0", &grades_truth},  {"1,id,0,2", &grades_truth},
    };
    const float expected[] = {1, 0, 0, 0, 1, 0, 0, 0, 1, .25f, .5f, .25f};
    for (size_t i = 0; i < RG_COUNT(forms); i++) {
        const char *text = rg_arena_printf(
            *state, "%s\n.5,40,.25,.25\n1,20,0,0\n0,10,1,0\n0,30,0,1\n", forms[i].head);
        rg_predictions p = table(text, forms[i].truth, *state);
        assert_true(p.classes == 3 && !p.hard);
        assert_memory_equal(p.value, expected, sizeof(expected));
    }
}

static void tables_of_labels(void **state)
{
    static const struct {
        const char *head, *cell[4]; /* of classes 1, 0, 2, 1 */
        const rg_part *truth;
    } forms[] = {
        {"label", {"dog", "cat", "eel", "dog"}, &animals_truth},
        {"label", {"1", "0", "2", "1.0"}, &animals_truth},
        {"label", {"1", "cat", "2", "dog"}, &animals_truth},
        {"class_name", {"dog", "cat", "eel", "dog"}, &animals_truth},
        {"class_index", {"1", "0", "2", "1"}, &animals_truth},
        {"label", {"1", "0", "2", "1"}, &nameless_truth},
        {"class_name", {"2", "1", "3", "2"}, &grades_truth},
        {"class_index", {"1", "0", "2", "1"}, &grades_truth},
    };
    const float expected[] = {0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0};
    for (size_t i = 0; i < RG_COUNT(forms); i++) {
        const char *const *c = forms[i].cell;
        const char *text = rg_arena_printf(*state, "id,%s\n10,%s\n40,%s\n20,%s\n30,%s\n",
                                           forms[i].head, c[0], c[3], c[1], c[2]);
        rg_predictions p = table(text, forms[i].truth, *state);
        assert_true(p.classes == 3 && p.hard);
        assert_memory_equal(p.value, expected, sizeof(expected));
    }
}

static void broken_tables(void **state)
{
    static const struct {
        const char *text;
        const rg_part *truth;
        const char *where, *what;
    } broken[] = {
        {"", &numbers_truth, "t.csv", "the file is empty"},
        {"id,value\n", &numbers_truth, "t.csv", "a header and no rows"},
        {"10,1\n20,2\n30,3\n40,4\n", &numbers_truth, "t.csv", "no column id"},
        {"row,value\n10,1\n", &numbers_truth, "t.csv", "no column id"},
        {"id,x\n10,1\n", &numbers_truth, "t.csv", "the column 'x'"},
        {"id,value,x\n10,1,1\n", &numbers_truth, "t.csv", "the column 'value'"},
        {"id,label\n10,1\n", &numbers_truth, "t.csv", "the column 'label'"},
        {"id,value\n10,1\n\nten,2\n", &numbers_truth, "t.csv:4", "'ten' in the column 'id'"},
        {"id,value\n10,1\n,2\n", &numbers_truth, "t.csv:3", "'id' has no number"},
        {"id,value\n10,1\n1.5,2\n", &numbers_truth, "t.csv:3", "no whole number"},
        {"id,value\n10,1\n1e300,2\n", &numbers_truth, "t.csv:3", "no whole number"},
        {"id,value\n10,1\n20,2\n30,\n40,4\n", &numbers_truth, "t.csv:4", "has no number"},
        {"id,value\n10,1\n20,x\n30,\n40,4\n", &numbers_truth, "t.csv:3", "'x' in the"},
        {"id,value\n10,1\n20,inf\n30,3\n40,4\n", &numbers_truth, "t.csv", "id 20 is inf"},
        {"id,value\n10,1\n20,2\n40,4\n", &numbers_truth, "t.csv", "no prediction for id 30"},
        {"id,value\n10,1\n20,2\n10,4\n", &numbers_truth, "t.csv",
         "several predictions for id 10"},
        {"id,value\n10,1\n20,2\n20,2\n20,3\n1,1\n2,1\n3,1\n4,1\n5,1\n6,1\n7,1\n",
         &numbers_truth, "t.csv",
         "there are several predictions for id 20; there is no prediction for ids 30, 40; "
         "there "
         "are predictions for what is not in the test set: ids 1, 2, 3, 4, 5 and 2 more"},
        {"id,value\n10,1\n20,2\n30,3\n40,4\n50,5\n", &numbers_truth, "t.csv",
         "test set: id 50"},
        {"id,value\n10,1\n20\n", &numbers_truth, "t.csv:3", "the line has 1 cell"},
        {"id,value\n10,\"1\n", &numbers_truth, "t.csv:2", "never ends"},
        {"id,cat,dog\n10,1,0\n", &animals_truth, "t.csv", "2 columns of predictions for 3"},
        {"id,cat,dog,cow\n10,1,0,0\n", &animals_truth, "t.csv", "the column 'cow'"},
        {"id,cat,dog,2\n10,1,0,0\n", &animals_truth, "t.csv", "3 columns of predictions for 3"},
        {"id,0,1,3\n10,1,0,0\n", &nameless_truth, "t.csv", "the column '3'"},
        {"id,label\n10,cat\n20,cow\n", &animals_truth, "t.csv:3", "no class 'cow'"},
        {"id,label\n10,0\n20,3\n", &animals_truth, "t.csv:3", "no class '3'"},
        {"id,label\n10,0\n20,-1\n", &animals_truth, "t.csv:3", "no class '-1'"},
        {"id,label\n10,0\n20,\n", &animals_truth, "t.csv:3", "the label is missing"},
        {"id,label\n10,cat\n20,\n", &animals_truth, "t.csv:3", "the label is missing"},
        {"id,label\n10,1\n20,2\n", &grades_truth, "t.csv", "could mean either"},
        {"id,class_index\n10,cat\n20,dog\n", &animals_truth, "t.csv:2", "no class 'cat'"},
        {"id,class_name\n10,0\n20,1\n", &animals_truth, "t.csv:2", "no class '0'"},
        {"id,cat,dog,eel\n10,1,0,0\n20,2,0,0\n30,1,0,0\n40,1,0,0\n", &animals_truth, "t.csv",
         "id 20 holds 2, which is no probability"},
        {"id,cat,dog,eel\n10,1,0,0\n20,.5,0,0\n30,1,0,0\n40,1,0,0\n", &animals_truth, "t.csv",
         "id 20 sum to 0.5"},
    };
    for (size_t i = 0; i < RG_COUNT(broken); i++)
        refuses_table(broken[i].text, broken[i].truth, broken[i].where, broken[i].what, *state);
}

/* ---- files
 * ------------------------------------------------------------------------------------------- */

static void packed_tables(void **state)
{
    const char *text = "id,value\n10,1\n20,2\n30,3\n40,4\n";
    gzFile packed = gzopen("t.csv.gz", "wb");
    assert_int_equal(gzwrite(packed, text, (unsigned)strlen(text)), strlen(text));
    gzclose(packed);
    rg_err err = {0};
    rg_predictions p;
    assert_good(rg_predictions_read("t.csv.gz", &numbers_truth, *state, &p, &err), err);
    assert_true(p.value[3] == 4);
}

static void refuses_file(const char *path, const char *what, rg_arena *arena)
{
    rg_err err = {0};
    rg_predictions p = {.rows = 77};
    assert_false(rg_predictions_read(path, &numbers_truth, arena, &p, &err));
    assert_error(err, path, what);
    assert_int_equal(p.rows, 77);
}

static void only_files_are_read(void **state)
{
    char hex[RG_HEX];
    rg_err err = {0};
    unlink("fifo");
    unlink("link");
    unlink("huge");
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(symlink("/dev/zero", "link"), 0);
    scratch_text("huge", "id,value\n");
    assert_int_equal(truncate("huge", (off_t)1 << 40), 0); /* a hole of a tebibyte */
    assert_true(rg_dir_make("folder", 0755, &err));
    refuses_file("fifo", "no regular file", *state); /* and does not wait for a writer */
    refuses_file("link", "this is a link", *state);
    refuses_file("huge", "bytes; at most", *state);
    refuses_file("folder", "no regular file", *state);
    refuses_file("/dev/zero", "no regular file", *state);
    refuses_file("absent", "cannot open", *state);
    assert_false(rg_sha_file("fifo", hex, &err));
    assert_error(err, "fifo", "no regular file");
    err = (rg_err){0};
    assert_false(rg_sha_file("link", hex, &err)); /* what is behind it is a device */
    unlink("huge");
}

/* Zeros pack a thousandfold: the limit holds for what comes out. */
static void bombs(void **state)
{
    size_t most = rg_predictions_bytes_max(&numbers_truth);
    char *zeros = RG_NEW_ARRAY(char, most);
    gzFile packed = gzopen("bomb.gz", "wb");
    for (int i = 0; i < 2; i++)
        assert_int_equal(gzwrite(packed, zeros, (unsigned)most), most);
    gzclose(packed);
    rg_free(zeros);
    refuses_file("bomb.gz", "when unpacked", *state);
    rg_predictions p = {most,  0,   RG_NEW_ARRAY(float, most), RG_NEW_ARRAY(int64_t, most),
                        false, NULL};
    rg_err err = {0};
    assert_good(rg_predictions_write("bomb.npz", &p, &err), err);
    refuses_file("bomb.npz", "bytes; at most", *state);
    rg_free((void *)(uintptr_t)p.value);
    rg_free((void *)(uintptr_t)p.id);
}

/* ---- what a metric needs
 * ---------------------------------------------------------------------------------------- */

static void not_ready(const char *name, const rg_predictions *p, const rg_part *truth,
                      const char *what)
{
    rg_err err = {0};
    const rg_metric *metric = rg_metric_find(name);
    assert_false(rg_metric_ready(metric, p, truth, "p.csv", &err));
    assert_error(err, "p.csv", what);
    assert_true(err.code == RG_INPUT && *err.remedy);
    rg_predictions none = {0};
    assert_true(isnan(rg_metric_score(metric, p ? p : &none, truth)));
}

static void metrics_say_what_they_need(void **state)
{
    (void)state;
    rg_err err = {0};
    float value[8] = {0};
    const float relevance[] = {0, -2, 1, 0};
    const int64_t group[] = {0, 0, 0, 0};
    rg_predictions hard = {4, 2, value, truth_ids, true, NULL},
                   scores = {4, 0, value, truth_ids, false, NULL};
    rg_part ranked = numbers_truth;
    not_ready("nll", &hard, &classes_truth, "nll needs probabilities");
    not_ready("roc_auc", &hard, &classes_truth, "and the predictions are labels");
    not_ready("accuracy", &scores, &classes_truth, "a probability for each of the 2 classes");
    not_ready("roc_auc", &scores, &animals_truth, "each of the 3 classes");
    not_ready("f1", NULL, &animals_truth, "f1 needs two classes, and the data have 3");
    not_ready("rmse", NULL, &classes_truth, "a metric of numbers, and the data hold classes");
    not_ready("nll", NULL, &numbers_truth, "a metric of classes, and the data hold numbers");
    not_ready("ndcg@3", NULL, &numbers_truth, "ndcg@3 ranks rows within groups");
    not_ready("map", NULL, &classes_truth, "the data name no group");
    ranked.group = group;
    ranked.target = relevance;
    not_ready("ndcg@3", NULL, &ranked, "that of id 20 is -2");
    assert_true(rg_metric_ready(rg_metric_find("map"), &scores, &ranked, "", &err));
    assert_true(rg_metric_ready(rg_metric_find("accuracy"), &hard, &classes_truth, "", &err));
    assert_true(rg_metric_ready(rg_metric_find("roc_auc"), &scores, &classes_truth, "", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(values_follow_their_ids),
        IN_ARENA(ids_are_named),
        IN_ARENA(values_are_probabilities),
        IN_ARENA(other_shapes_and_types),
        IN_ARENA(tables_of_numbers),
        IN_ARENA(tables_of_probabilities),
        IN_ARENA(tables_of_labels),
        IN_ARENA(broken_tables),
        IN_ARENA(packed_tables),
        IN_ARENA(only_files_are_read),
        IN_ARENA(bombs),
        IN_ARENA(metrics_say_what_they_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
