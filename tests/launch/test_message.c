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
}

/* A number as a text is said to be one, under each of the metric's names and under no other. */
static void texts_are_no_numbers(void **state)
{
    (void)state;
    static const char *const names[] = {"score", "val_score", "test_score", "my_score"};
    for (size_t i = 0; i < RG_COUNT(names); i++) {
        char script[200], note[200];
        snprintf(script, sizeof(script), "echo '@rigor {\"%s\": \"0.9\"}'", names[i]);
        snprintf(note, sizeof(note), "%s was reported as the text \"0.9\": it must be a number",
                 names[i]);
        outcome o = try_script(script);
        assert_end(&o, "failed", "without reporting");
        assert_int_equal(is_noted(&o, note), i < 3);
        outcome_free(&o);
    }
}

/* "@rigor{": meant as a message, and none; "@rigorous" is a word. */
static void a_missing_blank_is_told(void **state)
{
    (void)state;
    outcome o = try_script("echo chatter; echo '@rigor{\"score\": 1}'; echo '@rigorous {}';"
                           "printf 'x\\n@rigor\\t{\"score\": 2}\\n@rigor\\n x @rigor{\\n';"
                           "echo '@rigor {\"score\": 3}'");
    assert_end(&o, "done", "");
    assert_close(score_of(&o), 3, 0);
    assert_int_equal(json_integer_value(rg_json_path(o.last, "resources.malformed.count")), 2);
    assert_true(is_noted(&o, "are no JSON, the first: @rigor{\"score\": 1}"));
    outcome_free(&o);
}

/* What it says of its environment has bounds, as the line that tells it has. */
static void an_environment_is_bounded(void **state)
{
    (void)state;
    outcome o = try_script(
        "echo '@rigor {\"environment\": {\"python\": \"3.11\", \"cuda\": null, \"n\": 4}}';"
        "echo '@rigor {\"environment\": \"none\"}'; echo '@rigor {\"score\": 1}'");
    const json_t *kept = rg_json_path(o.last, "resources.environment");
    assert_int_equal(json_object_size(kept), 3);
    assert_int_equal(json_array_size(rg_json_path(o.last, "resources.notes")), 0);
    outcome_free(&o);
    o = try_script(
        "v=$(head -c 100000 /dev/zero | tr '\\0' v); w=$(printf 'x%.0s' $(seq 199));"
        "for i in $(seq 300); do echo \"@rigor {\\\"environment\\\": {\\\"n$i\\\": "
        "\\\"$v\\\"}}\";"
        "done; echo \"@rigor {\\\"environment\\\": {\\\"n1\\\": \\\"$w\303\251\\\"}}\";"
        "echo '@rigor {\"score\": 1, \"environment\": {\"n2\": [1], \"n3\": {\"a\": 1}}}'");
    assert_end(&o, "done", "");
    kept = rg_json_path(o.last, "resources.environment");
    assert_int_equal(json_object_size(kept), 200);
    assert_int_equal(strlen(rg_json_text(kept, "n200", "")), 200);
    assert_int_equal(strlen(rg_json_text(kept, "n2", "")), 200);
    assert_int_equal(strlen(rg_json_text(kept, "n1", "")), 199); /* no half of a character */
    assert_int_equal(json_array_size(rg_json_path(o.last, "resources.notes")), 1);
    assert_true(is_noted(&o, "of its environment 200 names"));
    char *all = rg_json_canonical(o.last);
    assert_true(strlen(all) < 100000);
    rg_free(all);
    outcome_free(&o);
}

/* Only the study's own metrics have room beyond the 200 names. */
static void other_names_have_no_room(void **state)
{
    (void)state;
    outcome o = try_with(
        "for i in $(seq 1000); do echo \"@rigor {\\\"a$i\"\"_score\\\": 1}\"; done;"
        "echo '@rigor {\"my_score\": 1, \"val_score\": 4, \"test_score\": 5, \"val_f1\": 6}'",
        "{\"metrics\": [\"score\", \"f1\"]}");
    assert_end(&o, "done", "");
    assert_int_equal(json_array_size(o.steps), 201);
    json_t *last = json_array_get(o.steps, 200);
    assert_int_equal(json_object_size(last), 5); /* id and step, too */
    assert_null(json_object_get(last, "my_score"));
    assert_close(score_of(&o), 4, 0);
    assert_close(rg_json_number(rg_json_path(o.last, "validation.f1"), -1), 6, 0);
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
        cmocka_unit_test(texts_are_no_numbers),
        cmocka_unit_test(a_missing_blank_is_told),
        cmocka_unit_test(an_environment_is_bounded),
        cmocka_unit_test(other_names_have_no_room),
        cmocka_unit_test(long_lines_are_passed_over),
        cmocka_unit_test(patterns_find_values),
        cmocka_unit_test(floods_of_values_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
