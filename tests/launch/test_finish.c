/* Predictions as a program hands them in, checkpoints, and what it leaves in its folder. */
#include "launch/launcher.h"

#include "rigor/data.h"

enum { ROWS = 12 };

static void write_inputs(const char *path)
{
    float x[ROWS];
    int64_t id[ROWS];
    for (int i = 0; i < ROWS; i++) {
        x[i] = (float)i;
        id[i] = 100 + i;
    }
    const rg_array arrays[] = {{"x", RG_ARRAY_F32, 2, {ROWS, 1}, x},
                               {"id", RG_ARRAY_I64, 1, {ROWS}, id}};
    rg_err err = {0};
    if (!rg_npz_write(path, arrays, RG_COUNT(arrays), 0644, &err))
        fail_msg("%s", err.what);
}

/* A job of the final stage: its predictions are wanted. */
static json_t *final_job(const char *script)
{
    write_inputs("test_inputs.npz");
    json_t *job = job_of(script, "{\"metric\": \"rmse\", \"metrics\": [\"rmse\"]}");
    json_t *member = json_array_get(json_object_get(job, "members"), 0);
    json_object_set_new(job, "data",
                        json_pack("{s:o}", "ids", json_sprintf("%s/test_inputs.npz", here())));
    json_object_set_new(member, "stage", json_string("evaluate"));
    json_object_set_new(member, "predictions", json_sprintf("%s/kept.npz", here()));
    remove("kept.npz");
    return job;
}

static outcome try_final(const char *script)
{
    launcher l = launcher_start();
    outcome o = run_job(&l, final_job(script));
    launcher_end(&l);
    return o;
}

#define CSV "(echo id,value; for i in 0 1 2 3 4 5 6 7 8 9 10 11; do echo $((100+i)),0.5; done)"

static void predictions_are_found(void **state)
{
    (void)state;
    static const char *const ways[] = {
        CSV " >$RIGOR_OUT/predictions.csv",
        CSV " | gzip >$RIGOR_OUT/predictions.csv.gz",
        CSV " | tr , '\\t' >$RIGOR_OUT/predictions.tsv",
        CSV " >$RIGOR_OUT/mine.csv; echo '@rigor {\"predictions\": \"mine.csv\"}'",
        CSV " >$RIGOR_OUT/mine.csv; echo \"@rigor {\\\"predictions\\\": "
            "\\\"$RIGOR_OUT/mine.csv\\\"}\"",
        "mkdir $RIGOR_OUT/a; " CSV
        " >$RIGOR_OUT/a/b.csv; echo '@rigor {\"predictions\": \"a/./b.csv\"}'",
    };
    for (size_t i = 0; i < RG_COUNT(ways); i++) {
        outcome o = try_final(ways[i]);
        assert_end(&o, "done", "");
        assert_true(rg_file_exists("kept.npz"));
        outcome_free(&o);
    }
}

static void odd_predictions_are_refused(void **state)
{
    (void)state;
    rg_err err = {0};
    assert_true(rg_file_write("other.csv", "id,value\n", 9, 0644, &err));
    static const struct {
        const char *script, *what;
    } cases[] = {
        {"true", "it wrote no predictions"},
        {"mkfifo $RIGOR_OUT/predictions.csv", "no regular file"},
        {"mkdir $RIGOR_OUT/predictions.csv", "predictions cannot be used"},
        {"ln -s /dev/zero $RIGOR_OUT/predictions.csv", "not in its own folder"},
        {"ln -s ../stdout.log $RIGOR_OUT/predictions.csv; echo x", "not in its own folder"},
        {"ln -s nowhere $RIGOR_OUT/predictions.csv", "it wrote no predictions"},
        {CSV " >$RIGOR_OUT/x.csv; ln -s x.csv $RIGOR_OUT/predictions.csv", "this is a link"},
        {"truncate -s 3T $RIGOR_OUT/predictions.csv", "predictions cannot be used"},
        {"truncate -s 3T $RIGOR_OUT/predictions.npz", "predictions cannot be used"},
        {"printf '\\377\\000' >$RIGOR_OUT/predictions.csv", "predictions cannot be used"},
        {": >$RIGOR_OUT/predictions.npz", "predictions cannot be used"},
        {"echo '@rigor {\"predictions\": \"../../../other.csv\"}'", "not in its own folder"},
        {"echo '@rigor {\"predictions\": \"../../../kept.npz\"}'", "not in its own folder"},
        {"echo '@rigor {\"predictions\": \"/etc/passwd\"}'", "not in its own folder"},
        {"echo '@rigor {\"predictions\": \"missing.csv\"}'", "not in its own folder"},
        {"echo '@rigor {\"predictions\": \".\"}'", "not in its own folder"},
        {"echo '@rigor {\"predictions\": \"\"}'", ""},
        {CSV " | tail -n +3 >$RIGOR_OUT/predictions.csv", "predictions cannot be used"},
        {CSV " | sed 's/0.5/nan/' >$RIGOR_OUT/predictions.csv", "has no number here"},
        {CSV " | sed '/103/d' >$RIGOR_OUT/predictions.csv", "no prediction for id 103"},
        {CSV " >$RIGOR_OUT/predictions.csv; exit 1", "exit status 1"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        outcome o = try_final(cases[i].script);
        if (!strstr(rg_json_text(o.last, "failed", ""), cases[i].what))
            print_error("%s\n", cases[i].script);
        assert_end(&o, "failed", cases[i].what);
        assert_false(rg_file_exists("kept.npz")); /* nothing half-done */
        outcome_free(&o);
    }
}

/* Killed from outside, it goes on from its checkpoint, and its curve has no gap. */
static void a_checkpoint_is_gone_on_from(void **state)
{
    (void)state;
    static const char script[] =
        "if [ -n \"$RIGOR_RESUME\" ]; then echo \"@rigor {\\\"step\\\": 3, \\\"score\\\": "
        "$(cat $RIGOR_RESUME)}\";"
        "exit 0; fi;"
        "echo '@rigor {\"step\": 1, \"score\": 1}'; echo '@rigor {\"step\": 2, \"score\": 2}';"
        "echo 42 >$RIGOR_OUT/state; echo '@rigor {\"checkpoint\": \"state\"}';"
        "echo '@rigor {\"step\": 3, \"score\": 3}'; sleep 0.3; kill -9 $$";
    launcher l = launcher_start();
    json_decref(launcher_hear(&l));
    outcome o = run_job(&l, job_of(script, "{}"));
    assert_end(&o, "again", "signal 9");
    assert_int_equal(json_array_size(o.steps), 3);
    outcome_free(&o);
    o = run_job(&l, job_of(script, "{}"));
    assert_end(&o, "done", "");
    assert_close(score_of(&o), 42, 0);
    assert_int_equal(json_array_size(o.steps), 3); /* 1 and 2 were told again */
    outcome_free(&o);
    o = run_job(&l, job_of(script, "{}")); /* done: it would begin anew */
    assert_end(&o, "again", "");
    outcome_free(&o);
    json_t *other = job_of(script, "{}");
    json_object_set_new(json_array_get(json_object_get(other, "members"), 0), "seed",
                        json_integer(12));
    o = run_job(&l, other);
    assert_end(&o, "again", ""); /* another seed does not go on from there */
    outcome_free(&o);
    launcher_end(&l);
}

/* What was said beside numbers before the checkpoint is not said again, and counts all the same. */
static void words_come_along(void **state)
{
    (void)state;
    static const char script[] =
        "if [ -n \"$RIGOR_RESUME\" ]; then echo '@rigor {\"note\": \"begun\"}';"
        "echo '@rigor {\"note\": \"later\"}'; exit 0; fi;" CSV " >$RIGOR_OUT/mine.csv;"
        "echo '@rigor {\"note\": \"begun\", \"predictions\": \"mine.csv\"}';"
        "echo '@rigor {\"environment\": {\"torch\": \"2.1\"}, \"val_rmse\": 1}';"
        "echo >$RIGOR_OUT/state; echo '@rigor {\"checkpoint\": \"state\"}';"
        "echo '@rigor {\"note\": \"lost\"}'; sleep 0.3; kill -9 $$";
    launcher l = launcher_start();
    json_decref(launcher_hear(&l));
    outcome o = run_job(&l, final_job(script));
    assert_end(&o, "again", "signal 9");
    outcome_free(&o);
    o = run_job(&l, final_job(script));
    assert_end(&o, "done", "");
    assert_true(rg_file_exists("kept.npz"));
    assert_string_equal(
        rg_json_text(rg_json_path(o.last, "resources.environment"), "torch", ""), "2.1");
    assert_true(is_noted(&o, "begun") && is_noted(&o, "later"));
    assert_false(is_noted(&o, "lost"));
    assert_int_equal(json_array_size(rg_json_path(o.last, "resources.notes")), 2);
    assert_close(rg_json_number(rg_json_path(o.last, "validation.rmse"), -1), 1, 0);
    outcome_free(&o);
    launcher_end(&l);
}

/* Killed again and again, between checkpoints and behind them: each message is told once a start,
 * and the history of the last start is that of all. */
static void a_history_grows_over_several_starts(void **state)
{
    (void)state;
    static const char script[] =
        "n=0; [ -z \"$RIGOR_RESUME\" ] || n=$(cat $RIGOR_RESUME); i=$n;"
        "while [ $i -lt $((n+4)) ]; do i=$((i+1)); echo $i >$RIGOR_OUT/$i;"
        "echo \"@rigor {\\\"step\\\": $i, \\\"score\\\": $i, \\\"checkpoint\\\": "
        "\\\"$i\\\"}\"; done; echo '@rigor {\"step\": 99, \"score\": 0}';"
        "[ $i -lt 12 ] && kill -9 $$; exit 0";
    launcher l = launcher_start();
    json_decref(launcher_hear(&l));
    for (size_t start = 1; start <= 3; start++) {
        outcome o = run_job(&l, job_of(script, "{}"));
        assert_end(&o, start < 3 ? "again" : "done", "");
        assert_int_equal(json_array_size(o.steps), 4 * start + 1);
        for (size_t i = 0; i < 4 * start; i++)
            assert_close(
                rg_json_number(json_object_get(json_array_get(o.steps, i), "score"), -1),
                (double)i + 1, 0);
        assert_int_equal(rg_file_exists(place_file("resume.json")), start < 3);
        assert_int_equal(rg_file_exists(place_file("history.jsonl")), start < 3);
        outcome_free(&o);
    }
    launcher_end(&l);
}

/* A history that a power cut has torn is none: the trial begins anew. */
static void a_torn_history_is_none(void **state)
{
    (void)state;
    static const char script[] =
        "[ -z \"$RIGOR_RESUME\" ] || { echo '@rigor {\"score\": 9}'; exit 0; };"
        "echo >$RIGOR_OUT/s; echo '@rigor {\"score\": 1, \"checkpoint\": \"s\"}'; kill -9 $$";
    static const struct {
        const char *text;
        size_t len;
    } torn[] = {
        {"", 0}, {"{\"score\":", 9}, {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\n", 21}};
    rg_err err = {0};
    launcher l = launcher_start();
    json_decref(launcher_hear(&l));
    for (size_t i = 0; i < RG_COUNT(torn); i++) {
        outcome o = run_job(&l, job_of(script, "{}"));
        assert_end(&o, "again", "");
        outcome_free(&o);
        assert_true(
            rg_file_write(place_file("history.jsonl"), torn[i].text, torn[i].len, 0644, &err));
    }
    outcome o = run_job(&l, job_of(script, "{}"));
    assert_end(&o, "again", "");
    outcome_free(&o);
    o = run_job(&l, job_of(script, "{}")); /* this one is whole */
    assert_end(&o, "done", "");
    assert_close(score_of(&o), 9, 0);
    outcome_free(&o);
    launcher_end(&l);
}

/* The messages of a step and the last line, which is not read as JSON: there are very many. */
static size_t count_steps(launcher *l, json_t *job, char **ret_last)
{
    size_t room = 0, count = 0;
    free(*ret_last);
    *ret_last = NULL;
    launcher_say(l, job);
    while (getline(ret_last, &room, l->out) > 0 && !strstr(*ret_last, "\"resources\""))
        count += strstr(*ret_last, "\"step\"") != NULL;
    return count;
}

#define CHECKPOINTS "touch $RIGOR_OUT/s; yes '@rigor {\"score\": 1, \"checkpoint\": \"s\"}'"

/* A checkpoint costs no more the more there were: if each wrote the whole history anew, that would
 * be hundreds of gigabytes, and the launcher's alarm would come first. */
static void checkpoints_without_end(void **state)
{
    (void)state;
    launcher l = launcher_start();
    json_decref(launcher_hear(&l));
    char *last = NULL;
    size_t steps = count_steps(&l, job_of(CHECKPOINTS " | head -n 100000", "{}"), &last);
    assert_int_equal(steps, 100000);
    assert_non_null(strstr(last, "\"done\":true"));
    steps = count_steps(
        &l, job_of("exec 2>&1; " CHECKPOINTS, "{\"trainer\": {\"time_s\": 0.3}}"), &last);
    assert_non_null(strstr(last, "longer than its limit of 0.3 s"));
    print_message("%zu steps in 0.3 s\n", steps);
    free(last);
    launcher_end(&l);
}

static void a_checkpoint_may_be_anything(void **state)
{
    (void)state;
    outcome o =
        try_script("echo '@rigor {\"checkpoint\": \"no-such-file\"}';"
                   "echo '@rigor {\"checkpoint\": \"../../x\"}'; echo '@rigor {\"score\": 1}'");
    assert_end(&o, "done", "");
    assert_true(is_noted(&o, "there is no such file"));
    outcome_free(&o);
}

/* What an earlier start left is gone, whatever it is: links are removed, not followed. */
static void its_folder_is_emptied(void **state)
{
    (void)state;
    rg_err err = {0};
    assert_true(rg_dir_make("precious", 0755, &err));
    assert_true(rg_file_write("precious/file", "x", 1, 0644, &err));
    outcome o =
        try_script("ln -s $PWD/precious $RIGOR_OUT/link; ln -s $PWD/precious $TMPDIR/link;"
                   "mkdir -p $RIGOR_OUT/a/b; chmod 0 $RIGOR_OUT/a; mkfifo $RIGOR_OUT/f;"
                   "chmod 0555 $TMPDIR; kill -9 $$");
    assert_end(&o, "again", "");
    outcome_free(&o);
    o = try_script("cd $RIGOR_OUT; ls -A . ../tmp; echo '@rigor {\"score\": 1}'");
    assert_end(&o, "done", "");
    assert_string_equal(read_place("stdout.log"), ".:\n\n../tmp:\n@rigor {\"score\": 1}\n");
    assert_true(rg_file_exists("precious/file"));
    assert_false(rg_file_exists(place_file("tmp"))); /* ended well: nothing temporary stays */
    outcome_free(&o);
}

/* Deeper than a path can be long. */
static void a_deep_folder_is_removed(void **state)
{
    (void)state;
    outcome o = try_script(
        "cd $RIGOR_OUT; i=0; n=$(printf 'x%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 "
        "19 20);"
        "while [ $i -lt 400 ]; do mkdir $n && cd $n || break; i=$((i+1)); done; kill -9 $$");
    assert_end(&o, "again", "");
    outcome_free(&o);
    o = try_script("ls -A $RIGOR_OUT | grep -v config.json; echo '@rigor {\"score\": 1}'");
    assert_end(&o, "done", "");
    assert_string_equal(read_place("stdout.log"), "@rigor {\"score\": 1}\n");
    outcome_free(&o);
}

int main(void)
{
    launch_kernel_counts = NO_COUNTS;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictions_are_found),
        cmocka_unit_test(odd_predictions_are_refused),
        cmocka_unit_test(a_checkpoint_is_gone_on_from),
        cmocka_unit_test(words_come_along),
        cmocka_unit_test(a_history_grows_over_several_starts),
        cmocka_unit_test(a_torn_history_is_none),
        cmocka_unit_test(checkpoints_without_end),
        cmocka_unit_test(a_checkpoint_may_be_anything),
        cmocka_unit_test(its_folder_is_emptied),
        cmocka_unit_test(a_deep_folder_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
