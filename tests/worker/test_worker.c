/* test_worker.c - the worker as the runner sees it: a process, lines in, lines out. */
#include "engine/train/fixtures.h"

#include "rigor/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct worker {
    pid_t pid;
    FILE *in, *out; /* its standard input and output, as we see them */
} worker;

static worker start(void)
{
    int to[2], from[2];
    assert_int_equal(pipe(to) | pipe(from), 0);
    fflush(NULL);
    worker w = {.pid = fork()};
    if (w.pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        close(to[0]);
        close(to[1]);
        close(from[0]);
        close(from[1]);
        alarm(120);
        signal(SIGSEGV, SIG_DFL); /* cmocka's is not the program's */
        _exit(rg_worker_main(0, NULL));
    }
    close(to[0]);
    close(from[1]);
    w.in = fdopen(to[1], "w");
    w.out = fdopen(from[0], "r");
    return w;
}

static int end(worker *w)
{
    int status;
    fclose(w->in);
    while (fgetc(w->out) != EOF)
        continue;
    fclose(w->out);
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void say(worker *w, const char *line)
{
    fprintf(w->in, "%s\n", line);
    fflush(w->in);
}

/* The next message; a new reference. */
static json_t *hear(worker *w)
{
    static char line[1 << 16];
    rg_err err = {0};
    do
        assert_non_null(fgets(line, sizeof(line), w->out));
    while (strncmp(line, "@rigor ", 7) != 0);
    json_t *message = rg_json_parse(line + 7, strlen(line + 7), "message", &err);
    assert_good(message != NULL, err);
    return message;
}

/* It says that it is there. */
static void hear_start(worker *w)
{
    json_t *first = hear(w);
    assert_string_equal(rg_json_text(first, "worker", ""), RG_VERSION);
    json_decref(first);
}

static worker start_heard(void)
{
    worker w = start();
    hear_start(&w);
    return w;
}

/* All messages up to "finished": an array. */
static json_t *hear_job(worker *w)
{
    json_t *all = json_array();
    for (;;) {
        json_t *message = hear(w);
        json_array_append_new(all, message);
        if (json_object_get(message, "finished"))
            return all;
    }
}

static json_t *find(const json_t *all, int id, const char *key)
{
    size_t i;
    json_t *message;
    json_array_foreach (all, i, message) {
        const json_t *whose = json_object_get(message, "id");
        if (json_object_get(message, key) && (id < 0 || json_integer_value(whose) == id))
            return message;
    }
    return NULL;
}

#define DATA \
    "\"data\": {\"train\": \"train.npz\", \"val\": \"val.npz\", \"test_inputs\": " \
    "\"test.npz\"}"
#define TASK \
    "\"task\": \"classify\", \"classes\": 2, \"metric\": \"accuracy\", \"metrics\": " \
    "[\"accuracy\", \"nll\"]"
#define MLP(train) "{\"model\": {\"name\": \"mlp\", \"hidden\": [8]}, \"train\": {" train "}}"

static void write_part(const char *path, const rg_part *part, bool labels)
{
    int64_t rows = (int64_t)part->rows, features = (int64_t)part->features;
    rg_array arrays[3] = {
        {"x", RG_ARRAY_F32, 2, {rows, features}, (void *)(uintptr_t)part->x},
        {"id", RG_ARRAY_I64, 1, {rows}, (void *)(uintptr_t)part->id},
        {"y", RG_ARRAY_I32, 1, {rows}, (void *)(uintptr_t)part->label},
    };
    rg_err err = {0};
    assert_good(rg_npz_write(path, arrays, labels ? 3 : 2, 0644, &err), err);
}

static int write_parts(void **state)
{
    (void)state;
    rg_arena *arena = rg_arena_new();
    rg_part train = moons(arena, 1, 200), val = moons(arena, 2, 80), test = moons(arena, 3, 60);
    write_part("train.npz", &train, true);
    write_part("val.npz", &val, true);
    write_part("test.npz", &test, false);
    rg_arena_free(arena);
    return 0;
}

static void test_two_jobs(void **state)
{
    (void)state;
    worker w = start_heard();
    remove("p.npz");
    remove("c.safetensors");
    say(&w, "{\"job\": 1, " DATA ", " TASK ", \"members\": ["
            "{\"id\": 4, \"stage\": \"tune\", \"seed\": 1, \"config\": " MLP(
                "\"epochs\": 3") "},"
                                 "{\"id\": 5, \"stage\": \"evaluate\", \"seed\": 2, "
                                 "\"predictions\": \"p.npz\", "
                                 "\"checkpoint\": \"c.safetensors\", "
                                 "\"config\": " MLP("\"epochs\": 40, \"lr\": 0.02") "}]}");
    json_t *first = hear_job(&w);
    json_t *step = find(first, 4, "step"), *done = find(first, 5, "done");
    assert_int_equal(json_array_size(first), 3 + 1 + 40 + 1 + 1);
    assert_int_equal(json_integer_value(json_object_get(step, "step")), 1);
    assert_true(json_is_real(json_object_get(step, "train_loss")));
    assert_true(json_is_number(json_object_get(step, "val_accuracy")));
    assert_true(json_is_number(json_object_get(step, "val_nll")));
    assert_non_null(done);
    assert_true(json_number_value(rg_json_path(done, "validation.accuracy")) > 0.9);
    assert_int_equal(json_integer_value(rg_json_path(done, "resources.parameters")), 42);
    assert_int_equal(json_integer_value(rg_json_path(done, "resources.steps")), 160);
    assert_true(json_number_value(rg_json_path(done, "resources.wall_s")) > 0);
    assert_true(json_number_value(rg_json_path(done, "resources.plan_bytes")) > 0);
    assert_true(json_number_value(rg_json_path(done, "resources.peak_bytes")) > 1 << 20);
    const json_t *times = json_object_get(done, "resources");
    assert_int_equal(strlen(rg_json_text(times, "started", "")), 24);
    assert_true(strcmp(rg_json_text(times, "started", ""), rg_json_text(times, "ended", "")) <=
                0);
    assert_string_equal(rg_json_text(done, "predictions", ""), "p.npz");
    assert_int_equal(json_integer_value(json_object_get(find(first, -1, "finished"), "job")),
                     1);

    /* The same member alone and with nothing after it: the same numbers. */
    say(&w,
        "{\"job\": 2, " DATA ", " TASK ", \"threads\": 1, \"members\": [{\"id\": 5, \"seed\": "
        "2, \"config\": " MLP("\"epochs\": 40, \"lr\": 0.02") "}]}");
    json_t *second = hear_job(&w);
    json_t *again = find(second, 5, "done");
    assert_true(
        json_equal(json_object_get(done, "validation"), json_object_get(again, "validation")));
    assert_null(json_object_get(again, "predictions"));
    json_decref(first);
    json_decref(second);
    assert_int_equal(end(&w), 0);
}

static void test_predictions_of_the_chosen_epoch(void **state)
{
    (void)state;
    rg_arena *arena = rg_arena_new();
    rg_part test;
    rg_err err = {0};
    rg_predictions p;
    assert_good(rg_part_read("test.npz", arena, &test, &err), err);
    test.label = moons(arena, 3, 60).label;
    test.classes = 2;
    assert_good(rg_predictions_read("p.npz", &test, arena, &p, &err), err);
    assert_int_equal(p.classes, 2);
    for (size_t i = 0; i < p.rows; i++)
        assert_close(p.value[2 * i] + p.value[2 * i + 1], 1, 1e-5);
    assert_true(rg_metric_find("accuracy")->score(&p, &test) > 0.9);
    rg_tensors tensors;
    assert_good(rg_safetensors_read("c.safetensors", arena, &tensors, &err), err);
    assert_int_equal(tensors.count, 4);
    rg_arena_free(arena);
}

/* Lines that are no jobs are answered, and the worker goes on. */
static void test_lines_that_are_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *line, *what;
        bool finishes;
    } cases[] = {
        {"{\"job\": 1", "not JSON", false},
        {"\x01\xff\xfe", "not JSON", false},
        {"{\"job\": 1, \"job\": 2}", "not JSON", false},
        {"3", "data", true},
        {"[]", "data", true},
        {"{}", "data", true},
        {"{\"job\": 9, " DATA "}", "members", true},
        {"{\"job\": 9, " DATA ", \"members\": [], \"task\": \"guess\"}", "classify", true},
        {"{\"job\": 9, " DATA ", \"members\": [], \"task\": \"classify\", \"classes\": 2, "
         "\"metric\": \"rmse\"}",
         "rmse", true},
        {"{\"job\": 9, " DATA ", \"members\": [], \"task\": \"classify\", \"classes\": 2}",
         "metric", true},
    };
    worker w = start_heard();
    say(&w, "");
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        say(&w, cases[i].line);
        json_t *answer = hear(&w);
        const char *what = rg_json_text(answer, "error", NULL);
        assert_non_null(what);
        if (!strstr(what, cases[i].what))
            print_error("%s\n", what);
        assert_non_null(strstr(what, cases[i].what));
        json_decref(answer);
        if (cases[i].finishes) {
            answer = hear(&w);
            assert_non_null(json_object_get(answer, "finished"));
            json_decref(answer);
        }
    }
    assert_int_equal(end(&w), 0);
}

/* Members that cannot be trained fail; the one between them does not notice. */
static void test_members_that_fail(void **state)
{
    (void)state;
    static const struct {
        int id;
        const char *what;
    } failures[] = {{1, "\"mlpp\""},
                    {2, "model.hiden"},
                    {3, "not finite at epoch"},
                    {5, "config"},
                    {6, "seed"}};
    worker w = start_heard();
    say(&w,
        "{\"job\": 3, " DATA ", " TASK ", \"members\": ["
        "{\"id\": 1, \"seed\": 1, \"config\": {\"model\": {\"name\": \"mlpp\"}}},"
        "{\"id\": 2, \"seed\": 1, \"config\": {\"model\": {\"name\": \"mlp\", \"hiden\": "
        "[3]}}},"
        "{\"id\": 3, \"seed\": 1, \"config\": " MLP(
            "\"lr\": 1e9, \"optimizer\": \"sgd\"") "},"
                                                   "{\"id\": 4, \"seed\": 1, \"config\": " MLP(
                                                       "\"epochs\": 2") "},"
                                                                        "{\"id\": 5, \"seed\": "
                                                                        "1},"
                                                                        "{\"id\": 6, \"seed\": "
                                                                        "-1, \"config\": {}},"
                                                                        "{\"id\": 7, \"seed\": "
                                                                        "1, \"predictions\": "
                                                                        "\"no/such/folder/"
                                                                        "p.npz\", "
                                                                        "\"config\": " MLP(
                                                                            "\"epochs\": 2") "}"
                                                                                             "]"
                                                                                             "}");
    json_t *all = hear_job(&w);
    for (size_t i = 0; i < RG_COUNT(failures); i++) {
        json_t *message = find(all, failures[i].id, "failed");
        assert_non_null(message);
        const char *what = rg_json_text(message, "failed", "");
        print_message("%d: %s\n", failures[i].id, what);
        assert_non_null(strstr(what, failures[i].what));
        assert_null(find(all, failures[i].id, "done"));
    }
    assert_non_null(find(all, 4, "done"));
    assert_null(find(all, 4, "failed"));
    /* A result that cannot be kept is the disk's failure. */
    const char *lost = rg_json_text(find(all, 7, "lost"), "lost", "");
    assert_non_null(strstr(lost, "no/such/folder"));
    assert_null(find(all, 7, "failed"));
    json_decref(all);
    assert_int_equal(end(&w), 0);
}

static void test_data_that_is_not_there(void **state)
{
    (void)state;
    worker w = start_heard();
    say(&w, "{\"job\": 4, \"data\": {\"train\": \"no.npz\", \"val\": \"val.npz\"}, " TASK
            ", \"members\": [{\"id\": 1, \"seed\": 1, \"config\": " MLP("") "}]}");
    json_t *all = hear_job(&w);
    assert_non_null(strstr(rg_json_text(find(all, 1, "lost"), "lost", ""), "no.npz"));
    json_decref(all);
    /* A broken job names the members that will not come. */
    say(&w, "{\"job\": 5, " DATA ", \"task\": \"x\", \"members\": [{\"id\": 8}]}");
    all = hear_job(&w);
    assert_non_null(find(all, 8, "failed"));
    json_decref(all);
    assert_int_equal(end(&w), 0);
}

static void test_changed_data_is_read_again(void **state)
{
    (void)state;
    static const char *const job =
        "{\"job\": 6, \"data\": {\"train\": \"changing.npz\", \"val\": \"val.npz\"}, " TASK
        ", \"members\": [{\"id\": 1, \"seed\": 1, \"config\": " MLP("\"epochs\": 1") "}]}";
    rg_arena *arena = rg_arena_new();
    rg_part train[2] = {moons(arena, 1, 100), moons(arena, 1, 200)};
    worker w = start_heard();
    json_int_t steps[2];
    for (int i = 0; i < 2; i++) {
        write_part("changing.npz", &train[i], true);
        say(&w, job);
        json_t *all = hear_job(&w);
        json_t *count = rg_json_path(find(all, 1, "done"), "resources.steps");
        steps[i] = json_integer_value(count);
        assert_non_null(find(all, 1, "train_loss"));
        json_decref(all);
    }
    assert_int_equal(steps[0], 2);
    assert_int_equal(steps[1], 4);
    assert_int_equal(end(&w), 0);
    rg_arena_free(arena);
}

static void test_regression(void **state)
{
    (void)state;
    rg_arena *arena = rg_arena_new();
    rg_part parts[2] = {wave(arena, 1, 300), wave(arena, 2, 100)};
    static const char *const paths[] = {"wave_train.npz", "wave_val.npz"};
    rg_err err = {0};
    for (int i = 0; i < 2; i++) {
        int64_t rows = (int64_t)parts[i].rows;
        rg_array arrays[3] = {
            {"x", RG_ARRAY_F32, 2, {rows, 2}, (void *)(uintptr_t)parts[i].x},
            {"id", RG_ARRAY_I64, 1, {rows}, (void *)(uintptr_t)parts[i].id},
            {"y", RG_ARRAY_F32, 1, {rows}, (void *)(uintptr_t)parts[i].target},
        };
        assert_good(rg_npz_write(paths[i], arrays, 3, 0644, &err), err);
    }
    worker w = start_heard();
    say(&w, "{\"job\": 1, \"data\": {\"train\": \"wave_train.npz\", \"val\": \"wave_val.npz\", "
            "\"test_inputs\": \"wave_val.npz\"}, \"task\": \"regress\", \"metric\": \"rmse\", "
            "\"members\": [{\"id\": 1, \"seed\": 1, \"predictions\": \"wave.npz\", "
            "\"config\": {\"model\": {\"name\": \"mlp\"}, \"train\": {\"lr\": 0.01}}}]}");
    json_t *all = hear_job(&w), *done = find(all, 1, "done");
    double rmse = json_number_value(rg_json_path(done, "validation.rmse"));
    assert_true(rmse > 0 && rmse < 20);
    rg_predictions p;
    assert_good(rg_predictions_read("wave.npz", &parts[1], arena, &p, &err), err);
    assert_close(rg_metric_find("rmse")->score(&p, &parts[1]), rmse, 1e-9);
    json_decref(all);
    assert_int_equal(end(&w), 0);
    rg_arena_free(arena);
}

/* More structures than the worker keeps: the first is compiled again, to the same bits. */
static void test_many_structures(void **state)
{
    (void)state;
    worker w = start_heard();
    json_t *first = NULL;
    char job[600];
    for (int i = 0; i < 12; i++) {
        snprintf(job, sizeof(job),
                 "{\"job\": 1, " DATA ", " TASK ", \"members\": [{\"id\": 1, \"seed\": 3, "
                 "\"config\": {\"model\": {\"name\": \"mlp\", \"hidden\": [%d]}, "
                 "\"train\": {\"epochs\": 2}}}]}",
                 3 + i % 11);
        say(&w, job);
        json_t *all = hear_job(&w), *done = find(all, 1, "done");
        assert_non_null(done);
        if (i == 0)
            first = json_incref(json_object_get(done, "validation"));
        if (i == 11)
            assert_true(json_equal(first, json_object_get(done, "validation")));
        json_decref(all);
    }
    json_decref(first);
    assert_int_equal(end(&w), 0);
}

static void test_interrupts_are_the_runners(void **state)
{
    (void)state;
    worker w = start_heard();
    say(&w, "{}"); /* it answers: it is up and its handlers stand */
    json_decref(hear(&w));
    json_decref(hear(&w));
    kill(w.pid, SIGINT);
    say(&w, "{}");
    json_t *answer = hear(&w);
    assert_non_null(json_object_get(answer, "error"));
    json_decref(answer);
    assert_int_equal(end(&w), 0);
}

static void test_a_runner_that_is_gone(void **state)
{
    (void)state;
    worker w = start_heard();
    fclose(w.out);
    say(&w, "{\"job\": 1, " DATA ", " TASK ", \"members\": [{\"id\": 4, \"seed\": 1, "
            "\"config\": " MLP("\"epochs\": 1000000") "}]}");
    int status;
    assert_int_equal(waitpid(w.pid, &status, 0), w.pid); /* long before the last epoch */
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), RG_INTERNAL);
    fclose(w.in);
}

/* What can be read now, or, when `to_the_end`, until nobody writes any more. */
static void read_on(int fd, bool to_the_end, rg_str *text)
{
    char block[4096];
    ssize_t n;
    fcntl(fd, F_SETFL, to_the_end ? 0 : O_NONBLOCK);
    while ((n = read(fd, block, sizeof(block))) > 0)
        rg_str_add_n(text, block, (size_t)n);
}

/* Each whole line is the next epoch's; the number of lines.  The last block may be there twice:
 * that of a worker that was stopped when its buffer was written but not yet empty. */
static size_t expect_steps_from(long step, const char *text)
{
    const char *end;
    long next = step, repeated = 0;
    size_t lines = 0;
    for (; (end = strchr(text, '\n')) != NULL; text = end + 1, lines++) {
        const char *at = strstr(text, "\"step\":");
        assert_true(at && at < end);
        long is = strtol(at + 7, NULL, 10);
        if (is < next && is >= step && !repeated) {
            repeated = next; /* how far it went the first time */
            next = is;
        }
        assert_int_equal(is, next++);
    }
    assert_true(!repeated || next == repeated);
    return lines;
}

typedef struct told {
    bool waited; /* the crash has told something */
    bool brief;  /* epochs were shorter than messages wait for each other */
} told;

#define WAIT_NS 50000000u /* as in messages.c */

/* A stopped worker writes nothing, so that what comes after is what its crash has written. */
static told told_by_a_crash(unsigned after_ms)
{
    int status;
    rg_str text = {0};
    worker w = start();
    setvbuf(w.out, NULL, _IONBF, 0); /* what is not heard stays in the pipe */
    hear_start(&w);
    say(&w, "{\"job\": 1, " DATA ", " TASK
            ", \"members\": [{\"id\": 4, \"seed\": 1, \"config\": " MLP(
                "\"epochs\": 1000000") "}]}");
    json_decref(hear(&w));
    uint64_t from_ns = rg_clock_ns();
    usleep(1000 * after_ms);
    kill(w.pid, SIGSTOP);
    waitpid(w.pid, &status, WUNTRACED);
    uint64_t took_ns = rg_clock_ns() - from_ns;
    read_on(fileno(w.out), false, &text);
    size_t before = text.len;
    kill(w.pid, SIGSEGV);
    kill(w.pid, SIGCONT);
    read_on(fileno(w.out), true, &text);
    assert_int_equal(waitpid(w.pid, &status, 0), w.pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    size_t lines = expect_steps_from(2, rg_str_text(&text));
    told ret = {text.len > before, lines && took_ns / lines < WAIT_NS};
    rg_str_free(&text);
    fclose(w.in);
    fclose(w.out);
    return ret;
}

/* Nothing waits in a worker that is stopped just after it has written; nor ever, where epochs
 * are long (a slow machine, an emulated one). */
static void test_a_crash_loses_no_epoch(void **state)
{
    (void)state;
    size_t waited = 0, brief = 0;
    for (unsigned round = 0; round < 20 && waited < 3; round++) {
        told now = told_by_a_crash(5 + 7 * (round % 5));
        waited += now.waited;
        brief += now.brief;
    }
    if (!waited && !brief)
        skip();
    assert_true(waited > 0);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_jobs),
        cmocka_unit_test(test_predictions_of_the_chosen_epoch),
        cmocka_unit_test(test_lines_that_are_wrong),
        cmocka_unit_test(test_members_that_fail),
        cmocka_unit_test(test_data_that_is_not_there),
        cmocka_unit_test(test_changed_data_is_read_again),
        cmocka_unit_test(test_regression),
        cmocka_unit_test(test_many_structures),
        cmocka_unit_test(test_interrupts_are_the_runners),
        cmocka_unit_test(test_a_runner_that_is_gone),
        cmocka_unit_test(test_a_crash_loses_no_epoch),
    };
    return cmocka_run_group_tests(tests, write_parts, NULL);
}
