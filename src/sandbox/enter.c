/* enter.c - the child's way into the sandbox.  It runs between fork and exec, perhaps in the child
 * of a process with threads: system calls and the stack only, no allocation, no locks. */
#include "sandbox/inside.h"
#include "sandbox/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* What root keeps: ownership and modes of files, its own processes, small ports, locked memory.
 * All else goes, whatever future kernels add: raw disks and /proc/kcore, modules, tracing, files
 * by handle, devices, mounts, network settings, limits. */
static const unsigned char kept_capabilities[] = {
    CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,           CAP_FSETID,   CAP_KILL,
    CAP_SETGID, CAP_SETUID,       CAP_NET_BIND_SERVICE, CAP_IPC_LOCK, CAP_SYS_NICE,
};

static bool is_kept(unsigned capability)
{
    for (size_t i = 0; i < RG_COUNT(kept_capabilities); i++)
        if (kept_capabilities[i] == capability)
            return true;
    return false;
}

/* The bounding set counts when root executes a program, the others until then.  Who has no
 * capabilities is refused the first and has nothing to lose. */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2];
    if (syscall(SYS_capget, &header, sets) != 0)
        return errno;
    for (unsigned c = 0; c < 64; c++) {
        if (is_kept(c))
            continue;
        prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
        uint32_t others = ~(1U << c % 32);
        sets[c / 32].effective &= others;
        sets[c / 32].permitted &= others;
        sets[c / 32].inheritable &= others;
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return syscall(SYS_capset, &header, sets) == 0 ? 0 : errno;
}

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* A descriptor that was open on a hidden file would outlive every rule. */
static void close_on_exec(void)
{
    if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        return;
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    for (int fd = 3; fd < (int)limit.rlim_cur; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int restrict_files(const rg_sandbox *s)
{
    if (s->ruleset < 0)
        return 0;
    unsigned flags = s->abi >= 7 && s->watch ? RESTRICT_LOG_NEW_EXEC : 0;
    return syscall(SYS_landlock_restrict_self, s->ruleset, flags) == 0 ? 0 : errno;
}

static int send_listener(int channel, int listener)
{
    char byte = 0;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof(control));
    struct iovec io = {&byte, 1};
    struct msghdr message = {.msg_iov = &io,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    *c = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(c), &listener, sizeof(int));
    return sendmsg(channel, &message, MSG_NOSIGNAL) == 1 ? 0 : errno;
}

static int load(const struct sock_fprog *program, unsigned flags)
{
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
}

/* The second flag spares programs with many timer signals repeated calls; Linux 5.19 has it. */
static int load_watching(const rg_sandbox *s)
{
    unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    int fd = load(&s->watching, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    return fd < 0 && errno == EINVAL ? load(&s->watching, flags) : fd;
}

static int filter_calls(const rg_sandbox *s, int channel)
{
    if (s->plain.len == 0)
        return 0;
    int listener = s->watching.len > 0 ? load_watching(s) : -1;
    if (listener >= 0)
        return send_listener(channel, listener);
    /* A container may have a listener of its own, and the kernel allows one. */
    return load(&s->plain, 0) == 0 ? 0 : errno;
}

int rg_sandbox_enter(const rg_sandbox *s, int channel)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return errno;
    close_on_exec();
    int code = restrict_files(s);
    if (code == 0)
        code = drop_capabilities();
    return code ? code : filter_calls(s, channel);
}
