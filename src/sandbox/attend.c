/* attend.c - the parent's part: each watched call is looked at, noted when it leads to something
 * hidden, and let go on.
 *
 * Nothing here keeps a file closed.  Between our look and the kernel's, another thread of the
 * program can put a different path in the same memory: then an attempt is not seen, but Landlock
 * denies it all the same.  (Only the refusal of connections to outside programs rests on this
 * look; from ABI 9 on Landlock does that, too.)  What cannot be read (the process has ended, the
 * address is wrong) is let go on.
 *
 * Cost: two switches between processes and about six system calls; docs/seal.md has figures. */
#include "sandbox/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6: the child runs on at once, on our core */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

#define ATTEMPTS_MAX 20

bool sandbox_can_watch(void)
{
    struct seccomp_notif_sizes sizes;
    return syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0 &&
           sizes.seccomp_notif <= sizeof(notification) &&
           sizes.seccomp_notif_resp <= sizeof(notification);
}

/* ---- The listener comes */

static int descriptor_in(struct msghdr *message)
{
    int fd = -1;
    const struct cmsghdr *c = CMSG_FIRSTHDR(message);
    if (c && c->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(c), sizeof(fd));
    return fd;
}

int rg_sandbox_listener(const rg_sandbox *s, int channel)
{
    if (s->watching.len == 0)
        return -1;
    char byte;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec io = {&byte, 1};
    struct msghdr message = {.msg_iov = &io,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t n;
    while ((n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
        ;
    int fd = n == 1 ? descriptor_in(&message) : -1;
    if (fd >= 0)
        ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
    return fd;
}

/* ---- Looking into the process that asks */

typedef struct look {
    const rg_sandbox *s;
    int listener;
    uint64_t id;
    const call *call;
    pid_t pid; /* of the thread */
    const __u64 *argument;
    char as[PATH_MAX], path[PATH_MAX]; /* what is found */
} look;

/* Copies up to `bytes` from the other memory, page by page: the text may end before a page that is
 * not there. */
static size_t peek(pid_t pid, __u64 address, char *to, size_t bytes, bool is_text)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), got = 0;
    while (got < bytes) {
        size_t part = page - (size_t)((address + got) % page);
        struct iovec here = {to + got, part < bytes - got ? part : bytes - got};
        struct iovec there = {(void *)(uintptr_t)(address + got), here.iov_len};
        ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);
        if (n <= 0)
            break;
        bool ends = is_text && memchr(here.iov_base, '\0', (size_t)n);
        got += (size_t)n;
        if (ends)
            break;
    }
    return got;
}

static bool peek_path(look *l, __u64 address)
{
    size_t n = peek(l->pid, address, l->as, PATH_MAX, true);
    return memchr(l->as, '\0', n) != NULL;
}

static bool read_link_of(const look *l, const char *name, char ret[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/%d/%s", (int)l->pid, name);
    ssize_t n = readlink(link, ret, PATH_MAX - 1);
    if (n < 0)
        return false;
    ret[n] = '\0';
    return true;
}

/* Argument `at` (from 1; 0: there is none) as a descriptor of a folder. */
static bool folder_of(const look *l, int at, char ret[PATH_MAX])
{
    int fd = at ? (int)l->argument[at - 1] : AT_FDCWD;
    char name[32] = "cwd";
    if (fd != AT_FDCWD)
        snprintf(name, sizeof(name), "fd/%d", fd);
    return read_link_of(l, name, ret);
}

/* Where path number i of the call leads, in l->path. */
static bool find_path(look *l, int i)
{
    char folder[PATH_MAX] = "/";
    if (!l->call->path[i] || !peek_path(l, l->argument[l->call->path[i] - 1]))
        return false;
    if (l->as[0] != '/' && !folder_of(l, l->call->folder[i], folder))
        return false;
    return path_resolve(l->pid, folder, l->as, l->path);
}

static bool is_hidden(const rg_sandbox *s, const char *path)
{
    return spots_above(&s->hidden, path) && !spots_above(&s->writable, path) &&
           !spots_above(&s->readable, path);
}

/* Names may be listed: opening a hidden folder for that is no attempt. */
static bool only_lists(const look *l)
{
    int at = l->call->flags;
    return at && l->argument[at - 1] & O_DIRECTORY && spots_named(&l->s->hidden, l->path);
}

/* ---- Other processes */

static pid_t process_of_pidfd(const look *l, int fd)
{
    char path[64], *text, *at;
    size_t len;
    rg_err err = {0};
    int64_t pid = 0;
    snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)l->pid, fd);
    if (!rg_file_read(path, 65536, &text, &len, &err))
        return 0;
    if ((at = strstr(text, "\nPid:\t"))) {
        at[strcspn(at + 1, "\n") + 1] = '\0';
        rg_text_int(at + 6, &pid);
    }
    rg_free(text);
    return (pid_t)pid;
}

/* A process of another session, or this one: no business of a trial's. */
static bool reaches_out(look *l)
{
    int at = l->call->process;
    pid_t pid =
        at > 0 ? (pid_t)l->argument[at - 1] : process_of_pidfd(l, (int)l->argument[-at - 1]);
    pid_t session = pid > 0 ? getsid(pid) : -1;
    if (session < 0 || (pid != getpid() && session == getsid(l->pid)))
        return false;
    snprintf(l->as, sizeof(l->as), "process %d", (int)pid);
    strcpy(l->path, l->as);
    return true;
}

/* ---- Sockets */

/* The C library asks these for names of users and hosts; nobody needs to hear of it. */
static bool is_name_service(const char *path)
{
    return path_is_in(path, "/run/nscd") || path_is_in(path, "/var/lib/sss");
}

/* A socket that has a path and stands outside of what the trial may write. */
static bool connects_out(look *l)
{
    struct sockaddr_un to;
    size_t bytes = l->argument[2] < sizeof(to) ? (size_t)l->argument[2] : sizeof(to);
    memset(&to, 0, sizeof(to));
    size_t n = peek(l->pid, l->argument[1], (char *)&to, bytes, false);
    if (n <= sizeof(to.sun_family) || to.sun_family != AF_UNIX || to.sun_path[0] == '\0')
        return false;
    snprintf(l->as, sizeof(l->as), "%.*s", (int)sizeof(to.sun_path), to.sun_path);
    char folder[PATH_MAX];
    if (!folder_of(l, 0, folder) || !path_resolve(l->pid, folder, l->as, l->path))
        return false;
    return !spots_above(&l->s->writable, l->path) && !path_is_in(l->path, "/dev/shm") &&
           rg_file_exists(l->path);
}

/* ---- The list */

static bool is_same(const json_t *entry, const look *l, const char *program)
{
    return strcmp(rg_json_text(entry, "path", ""), l->path) == 0 &&
           strcmp(rg_json_text(entry, "as", ""), l->as) == 0 &&
           strcmp(rg_json_text(entry, "call", ""), l->call->name) == 0 &&
           strcmp(rg_json_text(entry, "program", ""), program) == 0;
}

static void note(rg_attempts *attempts, look *l)
{
    if (ioctl(l->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &l->id) != 0)
        return; /* it has ended: what was read may have been another process's */
    char program[PATH_MAX] = "";
    read_link_of(l, "exe", program);
    rg_utf8_repair(program);
    rg_utf8_repair(l->path);
    rg_utf8_repair(l->as);
    if (!attempts->list)
        attempts->list = json_array();
    attempts->total++;
    size_t i;
    json_t *entry;
    json_array_foreach (attempts->list, i, entry)
        if (is_same(entry, l, program)) {
            json_t *count = json_object_get(entry, "count");
            json_integer_set(count, json_integer_value(count) + 1);
            return;
        }
    if (i < ATTEMPTS_MAX)
        json_array_append_new(attempts->list,
                              json_pack("{s:s, s:s, s:s, s:i, s:s, s:i}", "path", l->path, "as",
                                        l->as, "call", l->call->name, "pid", (int)l->pid,
                                        "program", program, "count", 1));
}

void rg_attempts_free(rg_attempts *attempts)
{
    json_decref(attempts->list);
    *attempts = (rg_attempts){0};
}

/* ---- One call */

/* The answer: 0 (go on) or an errno. */
static int judge_paths(look *l, rg_attempts *attempts)
{
    for (int i = 0; i < 2; i++)
        if (find_path(l, i) && is_hidden(l->s, l->path) && !only_lists(l))
            note(attempts, l);
    return 0;
}

static int judge_trick(look *l, rg_attempts *attempts)
{
    strcpy(l->as, "");
    strcpy(l->path, "");
    note(attempts, l);
    return EPERM;
}

static int judge_process(look *l, rg_attempts *attempts)
{
    if (reaches_out(l))
        note(attempts, l);
    return l->s->abi == 0 ? EPERM : 0;
}

static int judge_connection(look *l, rg_attempts *attempts)
{
    if (!connects_out(l))
        return 0;
    if (!is_name_service(l->path))
        note(attempts, l);
    return EPERM;
}

static int (*const judges[])(look *, rg_attempts *) = {
    [CALL_TRICK] = judge_trick,
    [CALL_PATH] = judge_paths,
    [CALL_PROCESS] = judge_process,
    [CALL_CONNECT] = judge_connection,
};

void rg_sandbox_attend(const rg_sandbox *s, int listener, rg_attempts *attempts)
{
    notification n;
    memset(&n, 0, sizeof(n));
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n) != 0)
        return; /* the process has ended meanwhile */
    uint64_t id = n.in.id;
    look l = {.s = s,
              .listener = listener,
              .id = id,
              .call = sandbox_call(n.in.data.nr),
              .pid = (pid_t)n.in.pid,
              .argument = n.in.data.args};
    int code = l.call && judges[l.call->kind] ? judges[l.call->kind](&l, attempts) : 0;
    memset(&n, 0, sizeof(n));
    n.out.id = id;
    n.out.error = -code;
    n.out.flags = code ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &n);
}
