/* launch.c - the launcher's process: a worker (docs/protocol.md) that trains by starting a program
 * for each trial.  Jobs come in on standard input, messages go out on standard output; in between
 * one loop waits for whatever happens next.
 *
 * It ends when its input does: a runner that is gone leaves no trial behind. */
#include "rigor/launch.h"
#include "launch/launch.h"
#include "rigor/trial.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)256 << 20)
#define TICK_MS 100

typedef struct launcher {
    rg_str input;
    json_t *jobs; /* those that wait, with the one that is worked on first */
    launch_setup setup;
    size_t next;         /* member of the first job */
    bool reading;        /* the first job's setup is read */
    launch_trial *trial; /* NULL: none runs */
    json_t *granted;     /* what the runner was told of it last */
    bool gone;           /* nobody reads any more, or the input has ended */
    uint64_t watched_ns;
} launcher;

/* ---- Input */

static void prune(launcher *l, const json_t *id)
{
    if (l->trial && l->trial->pid > 0 && json_integer_value(id) == l->trial->member.id)
        launch_stop(l->trial, LAUNCH_PRUNED);
}

static void take_line(launcher *l, const char *line, size_t len)
{
    rg_err err = {0};
    if (strspn(line, " \t\r") == len)
        return;
    json_t *root = rg_json_parse(line, len, "job", &err);
    if (!root)
        l->gone |= !rg_message_fail(NULL, 0, "error", &err, NULL);
    else if (json_object_get(root, "prune"))
        prune(l, json_object_get(root, "prune"));
    else
        json_array_append(l->jobs, root);
    json_decref(root);
}

static void take_input(launcher *l)
{
    char block[65536];
    ssize_t n = read(STDIN_FILENO, block, sizeof(block));
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    l->gone |= n <= 0;
    if (n <= 0)
        return;
    rg_str_add_n(&l->input, block, (size_t)n);
    l->gone |= l->input.cut;
    size_t from = 0;
    for (char *end; (end = memchr(l->input.data + from, '\n', l->input.len - from)) != NULL;) {
        *end = '\0';
        take_line(l, l->input.data + from, (size_t)(end - l->input.data) - from);
        from = (size_t)(end - l->input.data) + 1;
    }
    memmove(l->input.data, l->input.data + from, l->input.len - from + 1);
    l->input.len -= from;
}

/* ---- Trials */

static launch_trial *trial_new(launcher *l)
{
    launch_trial *t = RG_NEW(launch_trial);
    *t = (launch_trial){.setup = &l->setup, .arena = rg_arena_new(), .told = &l->granted};
    t->pid_fd = t->exec_fd = t->channel = t->listener = t->report_fd = -1;
    for (size_t i = 0; i < 2; i++)
        t->stream[i].fd = t->stream[i].log = -1;
    return t;
}

static void trial_free(launch_trial *t)
{
    launch_release(t);
    rg_free(t);
}

static void start_trial(launcher *l, const json_t *entry)
{
    rg_err err = {0};
    launch_trial *t = trial_new(l);
    bool read = launch_member_read(entry, &t->member, &err);
    if (read && launch_prepare(t, &err) && launch_start(t, &err)) {
        l->trial = t;
        return;
    }
    l->gone |= !rg_message_fail("id", t->member.id, read ? "lost" : "failed", &err, NULL);
    trial_free(t);
}

static void job_over(launcher *l)
{
    json_t *number = json_object_get(json_array_get(l->jobs, 0), "job");
    l->gone |= !rg_message_send(
        json_pack("{s:I, s:b}", "job", json_integer_value(number), "finished", 1));
    json_array_remove(l->jobs, 0);
    l->next = 0;
    l->reading = false;
}

static void refuse_job(launcher *l, const json_t *job, const rg_err *err)
{
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(job, "members"), i, entry) {
        json_int_t id = json_integer_value(json_object_get(entry, "id"));
        l->gone |= !rg_message_fail("id", id, "failed", err, NULL);
    }
    job_over(l);
}

/* The next member of the jobs that wait, if none runs. */
static void start_next(launcher *l)
{
    while (!l->trial && !l->gone && json_array_size(l->jobs)) {
        const json_t *job = json_array_get(l->jobs, 0);
        const json_t *members = json_object_get(job, "members");
        rg_err err = {0};
        if (!l->reading && !launch_setup_read(job, &l->setup, &err)) {
            refuse_job(l, job, &err);
            continue;
        }
        l->reading = true;
        if (l->next == json_array_size(members))
            job_over(l);
        else
            start_trial(l, json_array_get(members, l->next++));
    }
}

/* The program itself has ended: what it left is ended, too, and all of its output is heard. */
static void end_trial(launcher *l)
{
    launch_trial *t = l->trial;
    launch_end_all(t);
    launch_group_close(t);
    if (t->exec_fd >= 0)
        launch_hear_exec(t);
    for (int i = 0; i < 2; i++)
        launch_drain(t, i);
    launch_read_report(t);
    l->gone |= !launch_finish(t);
    trial_free(t);
    l->trial = NULL;
}

/* ---- The loop */

typedef enum source {
    SOURCE_INPUT,
    SOURCE_EXEC,
    SOURCE_OUT,
    SOURCE_ERR,
    SOURCE_END,
    SOURCE_LISTENER,
    SOURCES
} source;

static void list_sources(const launcher *l, struct pollfd ret[SOURCES])
{
    const launch_trial *t = l->trial;
    const int fd[SOURCES] = {
        [SOURCE_INPUT] = STDIN_FILENO,           [SOURCE_EXEC] = t ? t->exec_fd : -1,
        [SOURCE_OUT] = t ? t->stream[0].fd : -1, [SOURCE_ERR] = t ? t->stream[1].fd : -1,
        [SOURCE_END] = t ? t->pid_fd : -1,       [SOURCE_LISTENER] = t ? t->listener : -1,
    };
    for (size_t i = 0; i < SOURCES; i++)
        ret[i] = (struct pollfd){.fd = fd[i], .events = POLLIN};
}

static void attend(launch_trial *t, short events)
{
    if (events & POLLIN) {
        rg_sandbox_attend(t->sandbox, t->listener, &t->attempts);
    } else if (events) { /* the last process of the sandbox is gone */
        close(t->listener);
        t->listener = -1;
    }
}

static void hear_trial(launch_trial *t, const struct pollfd ready[SOURCES])
{
    attend(t, ready[SOURCE_LISTENER].revents);
    if (ready[SOURCE_EXEC].revents)
        launch_hear_exec(t);
    if (ready[SOURCE_OUT].revents)
        launch_read_stream(t, 0);
    if (ready[SOURCE_ERR].revents)
        launch_read_stream(t, 1);
    if (ready[SOURCE_END].revents)
        launch_reap(t);
}

static void watch_trial(launcher *l)
{
    uint64_t now = rg_clock_ns();
    if (now - l->watched_ns < (uint64_t)TICK_MS * 1000000)
        return;
    l->watched_ns = now;
    launch_reap(l->trial);
    launch_read_report(l->trial);
    launch_watch(l->trial);
}

static void turn(launcher *l)
{
    struct pollfd ready[SOURCES];
    list_sources(l, ready);
    if (poll(ready, SOURCES, l->trial ? TICK_MS : -1) < 0 && errno != EINTR)
        RG_BUG("poll: %s", strerror(errno));
    if (ready[SOURCE_INPUT].revents)
        take_input(l);
    if (!l->trial)
        return;
    hear_trial(l->trial, ready);
    watch_trial(l);
    if (l->trial->exited)
        end_trial(l);
}

int rg_launch_main(void)
{
    launcher l = {.input = {.max = LINE_MAX_BYTES}, .jobs = json_array()};
    signal(SIGINT, SIG_IGN);          /* Ctrl-C reaches the whole group; the runner decides */
    signal(SIGPIPE, SIG_IGN);         /* a runner that is gone shows as a failed write */
    signal(SIGXFSZ, SIG_IGN);         /* a file that may not grow, too */
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* what a trial detaches comes to us */
    l.gone = !rg_message_send(
        json_pack("{s:s, s:i}", "worker", RG_VERSION, "landlock", rg_sandbox_abi()));
    while (!l.gone) {
        start_next(&l);
        if (!l.gone)
            turn(&l);
    }
    if (l.trial) {
        launch_end_all(l.trial);
        launch_group_close(l.trial);
        trial_free(l.trial);
    }
    json_decref(l.jobs);
    json_decref(l.granted);
    rg_str_free(&l.input);
    return RG_OK;
}
