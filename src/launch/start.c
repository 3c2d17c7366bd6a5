/* start.c - from a prepared trial to a running process.
 *
 * Everything that can fail with a message is done before the fork.  The child leads a session of
 * its own, dies with us, holds no descriptor but its three streams, enters the sandbox and becomes
 * the program; what goes wrong there comes back as a number through a pipe that exec closes. */
#include "launch/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { READ, WRITE };
typedef enum step { STEP_FOLDER, STEP_SANDBOX, STEP_EXEC } step;
typedef struct failure { /* what the child writes when it cannot become the program */
    step at;
    int code;
} failure;

typedef struct pipes {
    int out[2], err[2], exec[2], channel[2];
    int none;  /* /dev/null: its standard input */
    int group; /* of its control group; -1: it has none */
} pipes;

/* ---- In the child: nothing but system calls. */

static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
}

/* A backstop to the watch: room for what is reserved and never used. */
static void limit_memory(int64_t bytes)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    if (bytes <= 0)
        return;
    rlim_t most = (rlim_t)bytes * 2 + ((rlim_t)1 << 30);
    struct rlimit data = {most, most};
    setrlimit(RLIMIT_DATA, &data);
}

/* Who may make a group may not yet be allowed to move into it: the watch is there, too. */
static void join_group(int procs)
{
    if (procs >= 0 && write(procs, "0", 1) < 0)
        return;
}

static void give_up(int fd, step at, int code)
{
    const failure f = {at, code};
    if (write(fd, &f, sizeof(f)) < 0)
        _exit(126);
    _exit(127);
}

RG_NORETURN static void become(const launch_trial *t, const pipes *p, pid_t parent)
{
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    reset_signals();
    dup2(p->none, STDIN_FILENO);
    dup2(p->out[WRITE], STDOUT_FILENO);
    dup2(p->err[WRITE], STDERR_FILENO);
    limit_memory(t->setup->memory_bytes);
    join_group(p->group);
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    if (chdir(t->setup->folder) != 0)
        give_up(p->exec[WRITE], STEP_FOLDER, errno);
    int refused = t->sandbox ? rg_sandbox_enter(t->sandbox, p->channel[WRITE]) : 0;
    if (refused)
        give_up(p->exec[WRITE], STEP_SANDBOX, refused);
    execvpe(t->argv[0], t->argv, t->envp);
    give_up(p->exec[WRITE], STEP_EXEC, errno);
    _exit(127);
}

/* ---- In the parent */

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_pair(int pair[2])
{
    close_one(&pair[READ]);
    close_one(&pair[WRITE]);
}

static void close_pipes(pipes *p)
{
    close_one(&p->none);
    close_one(&p->group);
    close_pair(p->out);
    close_pair(p->err);
    close_pair(p->exec);
    close_pair(p->channel);
}

static bool open_pipes(pipes *p, rg_err *err)
{
    *p = (pipes){{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}, -1, -1};
    p->none = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (p->none >= 0 && pipe2(p->out, O_CLOEXEC) == 0 && pipe2(p->err, O_CLOEXEC) == 0 &&
        pipe2(p->exec, O_CLOEXEC) == 0 &&
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p->channel) == 0)
        return true;
    rg_fail(err, RG_INTERNAL, NULL, "raise the limits (ulimit -n)",
            "no pipe or /dev/null to be had: %s", strerror(errno));
    close_pipes(p);
    return false;
}

static const char **paths_of(rg_arena *arena, const json_t *list, size_t extra)
{
    size_t n = json_array_size(list);
    const char **paths = RG_ARENA_ARRAY(arena, const char *, n + extra + 1);
    for (size_t i = 0; i < n; i++)
        paths[i] = json_string_value(json_array_get(list, i));
    return paths;
}

/* What is the trial's own has the same name for every trial: the last of each list. */
static void name_own(json_t *list, const char *const *names, size_t n_names)
{
    size_t n = json_array_size(list);
    for (size_t i = 0; i < n_names && n >= n_names; i++)
        json_array_set_new(list, n - n_names + i, json_string(names[i]));
}

static bool make_sandbox(launch_trial *t, rg_err *err)
{
    const launch_setup *s = t->setup;
    size_t n = json_array_size(s->writes);
    static const char *const own[] = {"{out}", "{tmp}"}, *const read[] = {"{config}"};
    const char **writable = paths_of(t->arena, s->writes, 2);
    const char *readable[] = {s->data ? s->data : t->config, t->config, NULL};
    writable[n] = t->out;
    writable[n + 1] = t->scratch;
    rg_grant_spec spec = {.hidden = paths_of(t->arena, s->hidden, 0),
                          .writable = writable,
                          .readable = readable,
                          .network = s->network,
                          .watch = true};
    if (!s->seal) {
        t->granted = json_pack("{s:b, s:i, s:[s]}", "sealed", 0, "landlock", 0, "warnings",
                               "the study runs its program without a sandbox");
        return true;
    }
    if (!rg_sandbox_prepare(&spec, &t->sandbox, &t->granted, err))
        return false;
    name_own(json_object_get(t->granted, "write"), own, RG_COUNT(own));
    name_own(json_object_get(t->granted, "read_of_hidden"), read, RG_COUNT(read));
    return true;
}

static void keep_ends(launch_trial *t, pipes *p)
{
    t->stream[0].fd = p->out[READ];
    t->stream[1].fd = p->err[READ];
    t->exec_fd = p->exec[READ];
    t->channel = p->channel[READ];
    p->out[READ] = p->err[READ] = p->exec[READ] = p->channel[READ] = -1;
    close_pipes(p);
    const int polled[] = {t->stream[0].fd, t->stream[1].fd, t->exec_fd};
    for (size_t i = 0; i < RG_COUNT(polled); i++)
        fcntl(polled[i], F_SETFL, O_NONBLOCK);
    for (size_t i = 0; i < 2; i++)
        t->stream[i].log_max = t->setup->log_bytes;
}

bool launch_start(launch_trial *t, rg_err *err)
{
    pipes p;
    if (!make_sandbox(t, err) || !open_pipes(&p, err))
        return false;
    pid_t self = getpid();
    rg_clock_utc(t->started);
    t->oom_kills.before = t->oom_kills.now = launch_oom_kills();
    t->started_ns = rg_clock_ns();
    p.group = launch_group_open(t);
    t->pid = fork();
    if (t->pid == 0)
        become(t, &p, self);
    if (t->pid < 0) {
        rg_fail(err, RG_INTERNAL, NULL,
                "use fewer workers (-j), or raise the limits (ulimit -u)",
                "no process to be had: %s", strerror(errno));
        close_pipes(&p);
        return false;
    }
    t->pid_fd = (int)syscall(SYS_pidfd_open, t->pid, 0);
    keep_ends(t, &p);
    if (t->sandbox)
        t->listener = rg_sandbox_listener(t->sandbox, t->channel);
    if (t->sandbox && t->listener < 0)
        launch_note(t, "its attempts on what is hidden could not be watched");
    return true;
}

/* ---- What became of it */

static void say_failure(launch_trial *t, const failure *f)
{
    const char *program = t->argv[0], *folder = t->setup->folder;
    if (f->at == STEP_FOLDER)
        rg_fail(&t->lost, RG_INPUT, folder, "set trainer.folder", "cannot start there: %s",
                strerror(f->code));
    else if (f->at == STEP_SANDBOX)
        rg_fail(&t->lost, RG_INTERNAL, NULL, "run it without one (trainer: {seal: false})",
                "the sandbox cannot be entered: %s", strerror(f->code));
    else
        rg_fail(&t->lost, RG_INPUT, program,
                f->code == ENOENT ? "is it installed, and in PATH? A program beside the study "
                                    "file begins with ./"
                                  : "is it executable (chmod +x), and does its first line name "
                                    "its interpreter?",
                "cannot start the program: %s", strerror(f->code));
    t->end = LAUNCH_LOST;
}

void launch_hear_exec(launch_trial *t)
{
    failure f;
    ssize_t n = read(t->exec_fd, &f, sizeof(f));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n == (ssize_t)sizeof(f))
        say_failure(t, &f);
    close(t->exec_fd);
    t->exec_fd = -1;
}

void launch_release(launch_trial *t)
{
    launch_close_stream(t, 0);
    launch_close_stream(t, 1);
    close_one(&t->exec_fd);
    close_one(&t->pid_fd);
    close_one(&t->channel);
    close_one(&t->listener);
    close_one(&t->report_fd);
    rg_sandbox_free(t->sandbox);
    rg_attempts_free(&t->attempts);
    json_decref(t->granted);
    json_decref(t->last);
    json_decref(t->notes);
    json_decref(t->environment);
    rg_str_free(&t->report_rest);
    rg_str_free(&t->history);
    json_decref(t->noting);
    rg_arena_free(t->arena);
}
