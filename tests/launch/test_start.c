/* What a program finds when it starts, and what is said when it cannot. */
#include "launch/launcher.h"

#include <sys/resource.h>

#define SCORE "echo '@rigor {\"score\": 1}';"

static void a_program_is_told_who_it_is(void **state)
{
    (void)state;
    outcome o = try_with(
        SCORE
        "echo $RIGOR_STUDY $RIGOR_ARM $RIGOR_TRIAL $RIGOR_STAGE $RIGOR_SEED $RIGOR_BUDGET "
        "$RIGOR_THREADS $RIGOR_DEVICE $OWN; echo {lr} {seed} {arm} {{lr}} {} { lr }; "
        "cat $RIGOR_CONFIG; echo; env | grep -c ^RIGOR_; test -w $RIGOR_OUT && test -w $TMPDIR "
        "&& "
        "pwd; echo ${RIGOR_OUT##*/} ${RIGOR_REPORT##*/}; echo \"<$RIGOR_RESUME>\"",
        "{\"trainer\": {\"threads\": 3, \"env\": {\"OWN\": \"own\"}}}");
    assert_end(&o, "done", "");
    char wanted[4096];
    snprintf(
        wanted, sizeof(wanted),
        "@rigor {\"score\": 1}\nfaults full 0 tune 11 1 3 cpu own\n"
        "0.25 11 full {lr} {} { lr }\n{\n  \"lr\": 0.25\n}\n\n17\n%s\nout report.jsonl\n<>\n",
        here());
    assert_string_equal(read_place("stdout.log"), wanted);
    outcome_free(&o);
}

/* Of the GPUs that we may use ourselves; how trials share them follows from the place's number. */
static void gpus_are_those_of_the_list(void **state)
{
    (void)state;
    static const struct {
        const char *list, *slot, *devices, *wanted;
    } cases[] = {
        {NULL, "3", "0.3333333", "1"}, {NULL, "2", "0.3333333", "0"},
        {"", "5", "0.5", "2"},         {NULL, "1", "2", "2,3"},
        {"4,5", "1", "1", "5"},        {"4,5", "3", "0.5", "5"},
        {"4,5", "0", "2", "4,5"},      {"GPU-a1, GPU-b2", "1", "1", "GPU-b2"},
        {"4,5", "1", "0", "4,5"}, /* it takes none: as it is */
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        char setup[100], wanted[100];
        setenv("RIGOR_SLOT", cases[i].slot, 1);
        unsetenv("CUDA_VISIBLE_DEVICES");
        if (cases[i].list)
            setenv("CUDA_VISIBLE_DEVICES", cases[i].list, 1);
        snprintf(setup, sizeof(setup), "{\"trainer\": {\"devices\": %s}}", cases[i].devices);
        snprintf(wanted, sizeof(wanted), "<%s>\n", cases[i].wanted);
        outcome o = try_with("echo \"<$CUDA_VISIBLE_DEVICES>\"; exit 1", setup);
        assert_string_equal(read_place("stdout.log"), wanted);
        outcome_free(&o);
    }
    unsetenv("CUDA_VISIBLE_DEVICES");
    unsetenv("RIGOR_SLOT");
}

static void it_has_three_descriptors_and_nothing_to_read(void **state)
{
    (void)state;
    outcome o = try_script(SCORE "ls /proc/self/fd | tr '\\n' ' '; cat; echo end");
    /* The fourth is the list's own. */
    assert_string_equal(read_place("stdout.log"), "@rigor {\"score\": 1}\n0 1 2 3 end\n");
    outcome_free(&o);
}

static void what_cannot_start_is_lost(void **state)
{
    (void)state;
    static const struct {
        const char *setup, *what;
    } cases[] = {
        {"{\"trainer\": {\"command\": [\"no-such-program\"]}}",
         "no-such-program: cannot start the program: No such file"},
        {"{\"trainer\": {\"command\": [\"./flood.txt\"]}}", "cannot start the program"},
        {"{\"trainer\": {\"command\": [\"/\"]}}",
         "cannot start the program: Permission denied"},
        {"{\"trainer\": {\"folder\": \"/no/such/folder\"}}",
         "/no/such/folder: cannot start there: No such file"},
        {"{\"trainer\": {\"command\": [\"echo\", \"{missing}\"]}}", "{missing} has no value"},
        {"{\"trainer\": {\"writes\": [\"/no/such/folder\"]}}", "/no/such/folder"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        outcome o = try_with(SCORE, cases[i].setup);
        assert_end(&o, "lost", cases[i].what);
        outcome_free(&o);
    }
    outcome o = try_with(SCORE, "{\"trainer\": {\"command\": []}}");
    assert_end(&o, "failed", "must be a list of words");
    outcome_free(&o);
}

/* A missing interpreter reads like a missing program. */
static void a_script_without_its_interpreter(void **state)
{
    (void)state;
    rg_err err = {0};
    static const char text[] = "#!/no/such/interpreter\n";
    assert_true(rg_file_write("script", text, strlen(text), 0755, &err));
    outcome o = try_with("", "{\"trainer\": {\"command\": [\"./script\"]}}");
    assert_end(&o, "lost", "No such file");
    outcome_free(&o);
    assert_true(rg_file_write("script", text, strlen(text), 0644, &err));
    o = try_with("", "{\"trainer\": {\"command\": [\"./script\"]}}");
    assert_end(&o, "lost", "Permission denied");
    assert_non_null(strstr(rg_json_text(o.last, "remedy", ""), "chmod +x"));
    outcome_free(&o);
}

/* Without descriptors the trial is lost, with a remedy; nothing is a result of the training.  */
static void descriptors_run_out(void **state)
{
    (void)state;
    struct rlimit old;
    getrlimit(RLIMIT_NOFILE, &old);
    int told = 0;
    for (rlim_t most = 6; most < 24; most++) {
        fflush(NULL);
        pid_t pid = fork(); /* limits of its own */
        if (pid == 0) {
            launcher l = launcher_start();
            prlimit(l.pid, RLIMIT_NOFILE, &(struct rlimit){most, most}, NULL);
            launcher_say(&l, job_of(SCORE, "{\"trainer\": {\"seal\": false}}"));
            for (json_t *m; (m = launcher_hear(&l)) != NULL;) {
                if (json_object_get(m, "lost"))
                    _exit(strstr(rg_json_text(m, "remedy", ""), "ulimit -n") ? 3 : 4);
                if (json_object_get(m, "done"))
                    _exit(0);
                if (json_object_get(m, "failed"))
                    _exit(5);
            }
            _exit(6);
        }
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 3 && WEXITSTATUS(status) != 4)
            print_error("at most %d descriptors: %d\n", (int)most, WEXITSTATUS(status));
        assert_in_range(WEXITSTATUS(status) == 0 ? 3 : WEXITSTATUS(status), 3, 4);
        told += WEXITSTATUS(status) == 3;
    }
    assert_true(told > 0);
}

static void jobs_that_cannot_be_read(void **state)
{
    (void)state;
    launcher l = launcher_start();
    json_decref(launcher_hear(&l));
    fprintf(l.in,
            "\n  \n{broken\n[1]\n{\"job\": 3}\n{\"job\": 4, \"members\": [{\"id\": 5}]}\n");
    fflush(l.in);
    json_t *broken = launcher_hear(&l);
    assert_non_null(json_object_get(broken, "error"));
    json_decref(broken);
    /* Of the others each is answered, and the next job is done. */
    launcher_say(&l, job_of(SCORE, "{}"));
    int finished = 0, failed_5 = 0, done = 0;
    while (finished < 4) {
        json_t *m = launcher_hear(&l);
        assert_non_null(m);
        finished += json_object_get(m, "finished") != NULL;
        done += json_object_get(m, "done") != NULL;
        failed_5 +=
            json_integer_value(json_object_get(m, "id")) == 5 && json_object_get(m, "failed");
        json_decref(m);
    }
    assert_int_equal(done, 1);
    assert_int_equal(failed_5, 1);
    launcher_end(&l);
}

/* What the sandbox grants is told with the first trial, and again once it is another. */
static void grants_are_told_once(void **state)
{
    (void)state;
    launcher l = launcher_start();
    json_decref(launcher_hear(&l));
    static const char *const setups[] = {"{}", "{}", "{\"trainer\": {\"network\": false}}",
                                         "{\"trainer\": {\"network\": false}}",
                                         "{\"trainer\": {\"seal\": false}}"};
    static const bool told[] = {true, false, true, false, true};
    for (size_t i = 0; i < RG_COUNT(setups); i++) {
        outcome o = run_job(&l, job_of(SCORE, setups[i]));
        json_t *granted = json_object_get(o.last, "granted");
        assert_int_equal(granted != NULL, told[i]);
        if (i == 0 && rg_sandbox_abi() > 0) {
            assert_true(json_is_true(json_object_get(granted, "sealed")));
            assert_string_equal(
                json_string_value(json_array_get(json_object_get(granted, "write"), 0)),
                "{out}");
        }
        if (i == 4)
            assert_false(json_is_true(json_object_get(granted, "sealed")));
        outcome_free(&o);
    }
    launcher_end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_is_told_who_it_is),
        cmocka_unit_test(gpus_are_those_of_the_list),
        cmocka_unit_test(it_has_three_descriptors_and_nothing_to_read),
        cmocka_unit_test(what_cannot_start_is_lost),
        cmocka_unit_test(a_script_without_its_interpreter),
        cmocka_unit_test(descriptors_run_out),
        cmocka_unit_test(jobs_that_cannot_be_read),
        cmocka_unit_test(grants_are_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
