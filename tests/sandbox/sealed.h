/* sealed.h - a study's folder with something to hide, a process outside that holds it open, and a
 * way to run a program in the sandbox.  The test program itself is the program that is run. */
#ifndef RIGOR_TESTS_SANDBOX_SEALED_H
#define RIGOR_TESTS_SANDBOX_SEALED_H

#include "support.h"

#include "rigor/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "SECRET-LABELS"
#define SEALED_PATH 512

/*   study/sealed/labels.npz   hidden        study/data/train.txt       to be read
 *   study/runs/b/predictions  hidden        study/runs/a               the trial's own */
typedef struct scene {
    char study[SEALED_PATH], sealed[SEALED_PATH], labels[SEALED_PATH], runs[SEALED_PATH],
        own[SEALED_PATH], other[SEALED_PATH], train[SEALED_PATH], door[SEALED_PATH];
    const char *hidden[3], *writable[2];
    pid_t victim;
    int inherited; /* a descriptor on the labels that every child gets */
} scene;

static char sealed_secret[] = SECRET; /* in the victim's memory */

static inline void scene_name(scene *s)
{
    const char *study = getenv("SEAL_STUDY");
    char cwd[SEALED_PATH / 2];
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    if (study)
        snprintf(s->study, SEALED_PATH, "%.400s", study);
    else
        snprintf(s->study, SEALED_PATH, "%s/study", cwd);
    snprintf(s->sealed, SEALED_PATH, "%.400s/sealed", s->study);
    snprintf(s->labels, SEALED_PATH, "%.400s/sealed/labels.npz", s->study);
    snprintf(s->runs, SEALED_PATH, "%.400s/runs", s->study);
    snprintf(s->own, SEALED_PATH, "%.400s/runs/a", s->study);
    snprintf(s->other, SEALED_PATH, "%.400s/runs/b/predictions", s->study);
    snprintf(s->train, SEALED_PATH, "%.400s/data/train.txt", s->study);
    snprintf(s->door, SEALED_PATH, "%.400s/door", s->study);
    s->hidden[0] = s->sealed;
    s->hidden[1] = s->runs;
    s->writable[0] = s->own;
}

static inline void scene_put(const char *path, const char *text)
{
    rg_err err = {0};
    char dir[SEALED_PATH];
    snprintf(dir, sizeof(dir), "%.*s", (int)(rg_path_base(path) - path), path);
    assert_true(rg_dir_make(dir, 0755, &err));
    assert_true(rg_file_write(path, text, strlen(text), 0600, &err));
}

/* ---- The victim: holds the labels open and in memory, works in their folder, listens. */

/* Addresses are short: from the folder of the study. */
static inline void victim_listen(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    memcpy(to.sun_path, path, strlen(path + 1) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path + 1) + 1);
    if (bind(fd, (struct sockaddr *)&to, len) != 0 || listen(fd, 99) != 0)
        _exit(1);
}

static inline int victim_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, 99) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return 0; /* no network here */
    return ntohs(at.sin_port);
}

static inline void victim_live(const scene *s, int ready)
{
    char abstract[64];
    setsid();
    int fd = open(s->labels, O_RDONLY);
    if (chdir(s->study) != 0)
        _exit(1);
    victim_listen("door");
    snprintf(abstract, sizeof(abstract), "%crigor-seal-%d", 0, (int)getpid());
    victim_listen(abstract);
    int port = victim_port();
    if (chdir(s->sealed) != 0)
        _exit(1);
    int told[2] = {fd, port};
    if (write(ready, told, sizeof(told)) != sizeof(told))
        _exit(1);
    for (;;)
        pause();
}

static inline void set_number(const char *name, uintptr_t value)
{
    char text[32];
    snprintf(text, sizeof(text), "%ju", (uintmax_t)value);
    setenv(name, text, 1);
}

static inline void scene_open(scene *s)
{
    rg_err err = {0};
    scene_name(s);
    rg_dir_remove(s->study, &err);
    scene_put(s->labels, SECRET);
    scene_put(s->other, SECRET);
    scene_put(s->train, "to be read");
    assert_true(rg_dir_make(s->own, 0755, &err));
    s->inherited = open(s->labels, O_RDONLY);
    int pipes[2], told[2];
    assert_int_equal(pipe(pipes), 0);
    fflush(NULL);
    s->victim = fork();
    if (s->victim == 0)
        victim_live(s, pipes[1]);
    close(pipes[1]);
    assert_int_equal(read(pipes[0], told, sizeof(told)), sizeof(told));
    close(pipes[0]);
    setenv("SEAL_STUDY", s->study, 1);
    set_number("SEAL_INHERITED", (uintptr_t)s->inherited);
    set_number("SEAL_VICTIM", (uintptr_t)s->victim);
    set_number("SEAL_VICTIM_FD", (uintptr_t)told[0]);
    set_number("SEAL_PORT", (uintptr_t)told[1]);
    set_number("SEAL_SECRET", (uintptr_t)sealed_secret);
}

static inline void scene_close(scene *s)
{
    rg_err err = {0};
    kill(s->victim, SIGKILL);
    waitpid(s->victim, NULL, 0);
    close(s->inherited);
    rg_dir_remove(s->study, &err);
    unsetenv("SEAL_STUDY");
}

/* ---- Running */

/* Until the child and (as the listener's hang-up says) all that it started have ended: whoever
 * outlives the listener finds its calls missing. */
static inline void attend_until_end(const rg_sandbox *box, int listener, pid_t child,
                                    rg_attempts *seen)
{
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    struct pollfd on[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
    while ((on[0].fd >= 0 || on[1].fd >= 0) && poll(on, 2, 60000) > 0) {
        if (on[1].revents & POLLIN)
            rg_sandbox_attend(box, listener, seen);
        else if (on[1].revents)
            on[1].fd = -1;
        else if (on[0].revents)
            on[0].fd = -1;
    }
    close(pidfd);
}

/* Runs argv in the sandbox (NULL: without one); its exit status, or -1 when a signal ended it. */
static inline int sealed_run(const rg_sandbox *box, const char *const *argv, rg_attempts *seen)
{
    int channel[2], status = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        if (!box || rg_sandbox_enter(box, channel[1]) == 0)
            execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(126);
    }
    close(channel[1]);
    int listener = box ? rg_sandbox_listener(box, channel[0]) : -1;
    close(channel[0]);
    attend_until_end(box, listener, child, seen);
    if (listener >= 0)
        close(listener);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline rg_sandbox *sealed_box(const scene *s, rg_grant_spec spec, json_t **ret_record)
{
    rg_sandbox *box = NULL;
    json_t *record = NULL;
    rg_err err = {0};
    spec.hidden = s->hidden;
    spec.writable = s->writable;
    if (!rg_sandbox_prepare(&spec, &box, &record, &err))
        print_error("%s: %s\n", err.where, err.what);
    assert_non_null(box);
    if (ret_record)
        *ret_record = record;
    else
        json_decref(record);
    return box;
}

/* Says why, when this kernel keeps nothing. */
static inline bool sealed_here(void)
{
    if (rg_sandbox_abi() > 0)
        return true;
    print_message("skipped: this kernel has no Landlock\n");
    return false;
}

#endif
