/* What a program says: messages, values that are no numbers, bytes that are no text, floods. */
#include "launch/launcher.h"

static void messages_are_values_of_steps(void **state)
{
    (void)state;
    outcome o = try_script("echo '@rigor {\"step\": 3, \"loss\": 0.5, \"score\": 1}';"
                           "echo '@rigor {\"loss\": 0.25}';"
                           "echo '@rigor {\"epoch\": 9, \"score\": 2, \"word\": \"text\"}';"
                           "printf '@rigor {\"score\": 3}'"); /* without an end of line */
    static const int steps[] = {3, 4, 9, 10};
    assert_int_equal(json_array_size(o.steps), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            json_integer_value(json_object_get(json_array_get(o.steps, i), "step")), steps[i]);
    assert_end(&o, "done", "");
    assert_close(score_of(&o), 3, 0);
    outcome_free(&o);
}

static void both_streams_and_the_report_file_are_heard(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "echo '@rigor {\"score\": 5}' >&2",
        "echo '{\"score\": 5}' >$RIGOR_REPORT",
        "echo '@rigor {\"score\": 5}' >>$RIGOR_REPORT",
        "printf '{\"score\": 5}' >$RIGOR_REPORT", /* without an end of line */
        "echo '{\"val_score\": 5, \"score\": 7}' >$RIGOR_REPORT",
        "echo '@rigor {\"val_score\": 4}'; sleep 0.2; echo '{\"val_score\": 5}' >$RIGOR_REPORT",
        "printf '\\r\\r\\r 10%% \\r@rigor {\"score\": 5}\\r 20%%'", /* a progress bar */
    };
    for (size_t i = 0; i < RG_COUNT(ways); i++) {
        outcome o = try_script(ways[i]);
        if (score_of(&o) != 5)
            print_error("%s\n", ways[i]);
        assert_close(score_of(&o), 5, 0);
        outcome_free(&o);
    }
}

/* What stands there instead of a report file is no report, and nobody waits for it. */
static void a_report_is_a_file(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "mkfifo $RIGOR_REPORT",
        "mkdir $RIGOR_REPORT",
        "ln -s $RIGOR_CONFIG $RIGOR_REPORT",
        "echo '{\"score\": 9}' >$RIGOR_OUT/x; ln -s x $RIGOR_REPORT",
        "ln -s /dev/zero $RIGOR_REPORT",
        "ln -s . $RIGOR_REPORT",
    };
    for (size_t i = 0; i < RG_COUNT(ways); i++) {
        outcome o = try_script(ways[i]);
        assert_end(&o, "failed", "without reporting");
        outcome_free(&o);
    }
    outcome o = try_script("echo '@rigor {\"score\": 1}'; truncate -s 2T $RIGOR_REPORT");
    assert_end(&o, "done", "");
    assert_true(is_noted(&o, "the rest is not read"));
    outcome_free(&o);
}

static void what_is_no_number_is_the_worst(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "echo '@rigor {\"score\": NaN}'",
        "echo '@rigor {\"score\": nan}'",
        "echo '@rigor {\"score\": -Infinity}'",
        "echo '@rigor {\"score\": null}'",
        "echo '@rigor {\"val_score\": 1e999}'",
        "echo '@rigor {\"score\": 1}'; echo '@rigor {\"score\": NaN}'",
    };
    for (size_t i = 0; i < RG_COUNT(ways) - 2; i++) {
        outcome o = try_script(ways[i]);
        assert_end(&o, "failed", "score is not a finite number at step 1");
        outcome_free(&o);
    }
    outcome o = try_script(ways[5]);
    assert_end(&o, "failed",
               "score is not a finite number at step 2"); /* the last one counts */
    outcome_free(&o);
    o = try_script(ways[4]); /* JSON has no such number: no message, but shown */
    assert_end(&o, "failed", "1e999");
    outcome_free(&o);
    /* Inside of texts the letters stay. */
    o = try_script("echo '@rigor {\"score\": 1, \"other\": NaN, \"note\": \"NaN, Infinity\"}'");
    assert_end(&o, "done", "");
    assert_true(is_noted(&o, "NaN, Infinity"));
    outcome_free(&o);
}

static void odd_lines_do_no_harm(void **state)
{
    (void)state;
    outcome o = try_script(
        "printf '\\377\\376\\n@rigor {\"note\": \"\\377\"}\\n@rigor \\n@rigor\\n@rigor []\\n';"
        "printf '@rigor {\"a\\\\u0000b\": 1}\\n@rigor {\"score\": 1}\\0\\n\\0@rigor "
        "{\"score\": 2}\\n';"
        "printf '@rigor {\"note\": \"\"}\\n@rigor {\"id\": 99, \"step\": \"x\", \"time\": 3, "
        "\"done\": true}\\n';"
        "printf ' @rigor {\"score\": 4}\\nx@rigor {\"score\": 5}\\n@rigor {\"score\": 6}\\n';"
        "printf '@rigor {\"%0200d\": 1}\\n' 0");
    assert_end(&o, "done", "");
    assert_close(score_of(&o), 6, 0);
    assert_true(is_noted(&o, "are no JSON, the first: {\"note\": \"?\"}"));
    assert_true(json_integer_value(rg_json_path(o.last, "resources.malformed.count")) > 0);
    assert_int_equal(json_integer_value(json_object_get(o.last, "id")), 7);
    outcome_free(&o);
    o = try_script("printf 'bad \\377 bytes\\n' >&2; exit 3");
    assert_end(&o, "failed", "exit status 3: bad ? bytes");
    outcome_free(&o);
    o = try_script("echo '@rigor {\"score\": \"high\"}'");
    assert_end(&o, "failed", "without reporting");
    assert_true(is_noted(&o, "it must be a number"));
    outcome_free(&o);
}

static void long_lines_are_passed_over(void **state)
{
    (void)state;
    outcome o =
        try_script("head -c 5000000 /dev/zero | tr '\\0' x; echo;"
                   "printf '@rigor {\"note\": \"'; head -c 3000000 /dev/zero | tr '\\0' x;"
                   "echo '\"}'; echo '@rigor {\"score\": 8}'");
    assert_end(&o, "done", "");
    assert_close(score_of(&o), 8, 0);
    outcome_free(&o);
    /* A pattern that begins with a number, on digits without end, takes no time. */
    o = try_with("head -c 900000 /dev/zero | tr '\\0' 1; echo; echo 5 points",
                 "{\"trainer\": {\"reads\": [\"{score} points\"]}}");
    assert_close(score_of(&o), 5, 0);
    outcome_free(&o);
}

static void patterns_find_values(void **state)
{
    (void)state;
    outcome o =
        try_with("echo 'Epoch 1/2 loss: 0.5 acc: 0.7'; echo 'Epoch 2/2 loss: nan acc: 0.8';"
                 "echo '@rigor {\"other\": 1}'",
                 "{\"trainer\": {\"reads\": [\"Epoch {epoch}/\", \"loss: {train_loss}\", "
                 "\"acc: {score}\"]}}");
    assert_close(score_of(&o), 0.8, 0);
    assert_int_equal(json_array_size(o.steps), 3);
    const json_t *second = json_array_get(o.steps, 1);
    assert_int_equal(json_integer_value(json_object_get(second, "step")), 2);
    assert_true(json_is_null(json_object_get(second, "train_loss")));
    outcome_free(&o);
}

/* Values without end: a million are kept, the program ends, the last value counts. */
static void floods_of_values_are_bounded(void **state)
{
    (void)state;
    outcome o =
        try_script("yes '@rigor {\"a\": 1, \"b\": 2, \"c\": 3, \"d\": 4}' | head -n 30000;"
                   "i=0; while [ $i -lt 300 ]; do echo \"@rigor {\\\"n$i\\\": 1}\";"
                   "i=$((i+1)); done; echo '@rigor {\"note\": \"x\"}';"
                   "yes '@rigor {\"note\": \"more\"}' | head -n 100;"
                   "echo '@rigor {\"score\": 1}'");
    assert_end(&o, "done", ""); /* 200 names are kept, and the metric's own */
    assert_close(score_of(&o), 1, 0);
    assert_true(json_array_size(rg_json_path(o.last, "resources.notes")) <= 20);
    assert_int_equal(json_array_size(o.steps), 30000 + 196 + 1);
    outcome_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_values_of_steps),
        cmocka_unit_test(both_streams_and_the_report_file_are_heard),
        cmocka_unit_test(a_report_is_a_file),
        cmocka_unit_test(what_is_no_number_is_the_worst),
        cmocka_unit_test(odd_lines_do_no_harm),
        cmocka_unit_test(long_lines_are_passed_over),
        cmocka_unit_test(patterns_find_values),
        cmocka_unit_test(floods_of_values_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
