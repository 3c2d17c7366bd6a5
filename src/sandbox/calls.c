/* calls.c - the system calls that lead around path rules, and those that go by a path.
 *
 * Why each is cut: what it would open.  Landlock denies mounts and tracing by itself; they are cut
 * all the same, as a second lock and so that an attempt is seen.  io_uring opens files and sockets
 * that no filter sees.  clone3 hides its flags from filters; without it the C library uses clone. */
#include "sandbox/inside.h"

#include <linux/sched.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* Newer than the headers of Debian 12; the same number on every processor. */
#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467
#endif

#define NEW_NAMESPACES \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
     CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME)

#define ROW(call, what) .number = SYS_##call, .kind = what, .name = #call
#define CUT(call) ROW(call, CALL_CUT)
#define TRICK(call) ROW(call, CALL_TRICK)
#define PATH(call) ROW(call, CALL_PATH)
#define INTO(call) ROW(call, CALL_PROCESS)

static const call calls[] = {
    /* files by handle, and the file system under another name */
    {TRICK(open_by_handle_at)},
    {TRICK(mount)},
    {TRICK(umount2)},
    {TRICK(pivot_root)},
    {TRICK(chroot)},
    {TRICK(move_mount)},
    {TRICK(open_tree)},
    {TRICK(open_tree_attr)},
    {TRICK(fsopen)},
    {TRICK(fsmount)},
    {TRICK(fspick)},
    {TRICK(mount_setattr)},
    {TRICK(setns)},
    /* new namespaces: a user namespace gives back the capabilities that were dropped */
    {CUT(unshare), .when = WHEN_BITS, .a = NEW_NAMESPACES},
    {CUT(clone), .when = WHEN_BITS, .a = NEW_NAMESPACES},
    {ROW(clone3, CALL_ABSENT)},
    /* what others open */
    {TRICK(fanotify_init)},
    {CUT(quotactl)},
    {CUT(acct)},
    /* the kernel: its memory, its modules, itself */
    {CUT(bpf)},
    {CUT(perf_event_open)},
    {CUT(init_module)},
    {CUT(finit_module)},
    {CUT(delete_module)},
    {CUT(kexec_load)},
#ifdef SYS_kexec_file_load
    {CUT(kexec_file_load)},
#endif
#ifdef SYS_iopl
    {CUT(iopl)},
    {CUT(ioperm)},
#endif
    {CUT(reboot)},
    {CUT(swapon)},
    {CUT(swapoff)},
    {CUT(userfaultfd)},
    /* around the filter */
    {CUT(io_uring_setup)},
    {CUT(io_uring_enter)},
    {CUT(io_uring_register)},
    /* the limits of others */
    {CUT(prlimit64), .when = WHEN_NOT, .a = 0},
    {ROW(socket, CALL_NETWORK), .when = WHEN_NOT, .a = AF_UNIX},
    /* other processes */
    {INTO(ptrace), .process = 2, .when = WHEN_ONE_OF, .a = PTRACE_ATTACH, .b = PTRACE_SEIZE},
    {INTO(process_vm_readv), .process = 1},
    {INTO(process_vm_writev), .process = 1},
    {INTO(pidfd_getfd), .process = -1},
    /* paths */
    {ROW(connect, CALL_CONNECT)},
    {PATH(openat), .folder = {1}, .path = {2}, .flags = 3},
    {PATH(openat2), .folder = {1}, .path = {2}},
    {PATH(name_to_handle_at), .folder = {1}, .path = {2}},
    {PATH(unlinkat), .folder = {1}, .path = {2}},
    {PATH(linkat), .folder = {1, 3}, .path = {2, 4}},
    {PATH(renameat2), .folder = {1, 3}, .path = {2, 4}},
    {PATH(truncate), .path = {1}},
#ifdef SYS_renameat
    {PATH(renameat), .folder = {1, 3}, .path = {2, 4}},
#endif
#ifdef SYS_open
    {PATH(open), .path = {1}, .flags = 2},
    {PATH(creat), .path = {1}},
    {PATH(unlink), .path = {1}},
    {PATH(rmdir), .path = {1}},
    {PATH(link), .path = {1, 2}},
    {PATH(rename), .path = {1, 2}},
#endif
};

const call *sandbox_call(int number)
{
    for (size_t i = 0; i < RG_COUNT(calls); i++)
        if (calls[i].number == number)
            return &calls[i];
    return NULL;
}

/* ---- The filter
 *
 * A seccomp program looks at struct seccomp_data: the number of the call, the kind of processor,
 * six arguments.  One row becomes: when the number is another, skip; test the argument; return.
 * Calls that a row does not name are allowed; the kernel caches that answer (since 5.11), so that
 * they cost next to nothing. */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define FOREIGN_CALLS 0x40000000U /* x32: the same calls under other numbers */
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#define FOREIGN_CALLS 0x40000000U
#endif

#ifdef ARCHITECTURE
#include <errno.h>
#include <linux/audit.h>
#include <stddef.h>

typedef RG_VEC(struct sock_filter) program;

#define LOAD(p, field) \
    rg_vec_push((p), ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (field))))
#define RETURN(p, value) \
    rg_vec_push((p), ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, (value))))
#define JUMP(p, test, value, yes, no) \
    rg_vec_push( \
        (p), ((struct sock_filter)BPF_JUMP(BPF_JMP | (test) | BPF_K, (value), (yes), (no))))

#define REFUSE(code) (SECCOMP_RET_ERRNO | (code))

/* Allow: the row has no say under this grant. */
static uint32_t action_of(const rg_sandbox *s, const call *c, bool watch)
{
    uint32_t tell = watch ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
    switch (c->kind) {
    case CALL_CUT: return REFUSE(EPERM);
    case CALL_ABSENT: return REFUSE(ENOSYS);
    case CALL_NETWORK: return s->network ? SECCOMP_RET_ALLOW : REFUSE(EPERM);
    case CALL_TRICK: return watch ? SECCOMP_RET_USER_NOTIF : REFUSE(EPERM);
    case CALL_PROCESS: return s->abi == 0 && !watch ? REFUSE(EPERM) : tell;
    default: return tell;
    }
}

static void add_test(program *p, const call *c)
{
    /* The lower half of the first argument; both processors are little-endian. */
    if (c->when != WHEN_ALWAYS)
        LOAD(p, offsetof(struct seccomp_data, args));
    switch (c->when) {
    case WHEN_ALWAYS: break;
    case WHEN_BITS: JUMP(p, BPF_JSET, c->a, 0, 1); break;
    case WHEN_NOT: JUMP(p, BPF_JEQ, c->a, 1, 0); break;
    case WHEN_ONE_OF:
        JUMP(p, BPF_JEQ, c->a, 1, 0);
        JUMP(p, BPF_JEQ, c->b, 0, 1);
        break;
    }
}

static void add_row(program *p, const call *c, uint32_t action)
{
    program test = {0};
    add_test(&test, c);
    JUMP(p, BPF_JEQ, (uint32_t)c->number, 0, (unsigned char)(test.len + (test.len ? 2 : 1)));
    for (size_t i = 0; i < test.len; i++)
        rg_vec_push(p, test.at[i]);
    RETURN(p, action);
    if (test.len)
        RETURN(p, SECCOMP_RET_ALLOW);
    rg_vec_free(&test);
}

static struct sock_fprog make_filter(const rg_sandbox *s, bool watch)
{
    program p = {0};
    LOAD(&p, offsetof(struct seccomp_data, arch));
    JUMP(&p, BPF_JEQ, ARCHITECTURE, 1, 0);
    RETURN(&p, SECCOMP_RET_KILL_PROCESS); /* 32-bit calls: other numbers, other arguments */
    LOAD(&p, offsetof(struct seccomp_data, nr));
    JUMP(&p, BPF_JGE, FOREIGN_CALLS, 0, 1);
    RETURN(&p, REFUSE(ENOSYS));
    for (size_t i = 0; i < RG_COUNT(calls); i++) {
        uint32_t action = action_of(s, &calls[i], watch);
        if (action != SECCOMP_RET_ALLOW)
            add_row(&p, &calls[i], action);
    }
    RETURN(&p, SECCOMP_RET_ALLOW);
    return (struct sock_fprog){(unsigned short)p.len, p.at};
}

void sandbox_filters(rg_sandbox *s)
{
    s->plain = make_filter(s, false);
    if (s->watch)
        s->watching = make_filter(s, true);
}
#else
void sandbox_filters(rg_sandbox *s)
{
    s->watch = false;
}
#endif
