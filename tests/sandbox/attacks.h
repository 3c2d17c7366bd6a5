/* attacks.h - the ways to what is hidden, each a function that returns true when it got there.
 * They run in a program of their own, in the sandbox and (to show that they are real) without. */
#ifndef RIGOR_TESTS_SANDBOX_ATTACKS_H
#define RIGOR_TESTS_SANDBOX_ATTACKS_H

#include "sandbox/attacks_paths.h"

#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>

/* ---- By other processes */

static bool ends_well(pid_t child)
{
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool by_child(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(reads(at.labels) ? 0 : 1);
    return ends_well(child);
}

static bool by_program(void)
{
    pid_t child = fork();
    if (child == 0) {
        int quiet = open("/dev/null", O_RDWR);
        dup2(quiet, STDERR_FILENO);
        execl("/bin/sh", "sh", "-c", "setsid sh -c 'grep -q SECRET \"$0\"' \"$0\"", at.labels,
              NULL);
        _exit(1);
    }
    return ends_well(child);
}

static bool inherited(void)
{
    return has_secret((int)told("SEAL_INHERITED"));
}

static bool by_ptrace(void)
{
    if (ptrace(PTRACE_ATTACH, VICTIM, NULL, NULL) != 0)
        return false;
    waitpid(VICTIM, NULL, __WALL);
    return ptrace(PTRACE_DETACH, VICTIM, NULL, NULL) == 0;
}

static bool by_seizing(void)
{
    return ptrace(PTRACE_SEIZE, VICTIM, NULL, NULL) == 0;
}

static bool by_reading_memory(void)
{
    char text[sizeof(SECRET)] = "";
    struct iovec here = {text, sizeof(text) - 1},
                 there = {(void *)told("SEAL_SECRET"), here.iov_len};
    return process_vm_readv(VICTIM, &here, 1, &there, 1, 0) > 0 && strcmp(text, SECRET) == 0;
}

static bool by_taking_descriptor(void)
{
    int pidfd = (int)syscall(SYS_pidfd_open, VICTIM, 0);
    return pidfd >= 0 &&
           has_secret((int)syscall(SYS_pidfd_getfd, pidfd, told("SEAL_VICTIM_FD"), 0));
}

static bool by_signal(void)
{
    return kill(VICTIM, SIGCONT) == 0;
}

static bool by_limits(void)
{
    struct rlimit limit;
    return prlimit(VICTIM, RLIMIT_NOFILE, NULL, &limit) == 0;
}

/* ---- By another name */

static bool by_handle(void)
{
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } h = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
    int mount_id, mount_fd = open(at.study, O_RDONLY | O_DIRECTORY);
    return name_to_handle_at(AT_FDCWD, at.labels, &h.handle, &mount_id, 0) == 0 &&
           has_secret(open_by_handle_at(mount_fd, &h.handle, O_RDONLY));
}

static bool mount_and_read(void)
{
    mkdir(own_file("mount"), 0755);
    if (mount(at.sealed, own_file("mount"), NULL, MS_BIND, NULL) != 0)
        return false;
    bool got = reads(own_file("mount/labels.npz"));
    return umount(own_file("mount")) == 0 && got;
}

static bool by_user_namespace(void)
{
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && mount_and_read();
}

static bool by_cloned_namespace(void)
{
    long child =
        syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(0);
    return child > 0 && ends_well((pid_t)child);
}

static bool by_tree(void)
{
    int tree = (int)syscall(SYS_open_tree, AT_FDCWD, at.sealed, 1 /* OPEN_TREE_CLONE */);
    return tree >= 0 && has_secret(openat(tree, "labels.npz", O_RDONLY));
}

static bool by_chroot(void)
{
    return chroot(at.sealed) == 0 && reads("/labels.npz");
}

static bool is_disk(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISBLK(info.st_mode);
}

static bool by_disk(void)
{
    bool got = false;
    DIR *dir = opendir("/dev");
    for (const struct dirent *e; dir && !got && (e = readdir(dir));) {
        const char *path = name_of("/dev/%s", e->d_name);
        int fd = is_disk(path) ? open(path, O_RDONLY) : -1;
        got = fd >= 0;
        if (got)
            close(fd);
    }
    closedir(dir);
    return got;
}

static bool by_new_device(void)
{
    bool got = mknod(own_file("disk"), S_IFBLK | 0600, 0xfe00) == 0;
    unlink(own_file("disk"));
    return got;
}

static bool by_io_uring(void)
{
    char parameters[120] = {0};
    return syscall(SYS_io_uring_setup, 4, parameters) >= 0;
}

static bool by_fanotify(void)
{
    return syscall(SYS_fanotify_init, 0, O_RDONLY) >= 0;
}

/* ---- By the network */

static bool connects(int type)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)told("SEAL_PORT")),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, type, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
}

static bool by_tcp(void)
{
    return connects(SOCK_STREAM);
}

static bool by_udp(void)
{
    return connects(SOCK_DGRAM);
}

static bool connects_to(const char *name, size_t len)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    memcpy(to.sun_path, name, len);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&to,
                   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == 0;
}

static bool by_abstract_socket(void)
{
    const char *name = name_of("%crigor-seal-%d", 0, (int)VICTIM);
    return connects_to(name, strlen(name + 1) + 1);
}

static bool by_door(void)
{
    return chdir(at.study) == 0 && connects_to("door", 5);
}

/* ---- The table */

typedef struct attack {
    const char *name;
    bool (*try_it)(void);
    const char *call; /* how a watcher sees it; NULL: not */
    const char *path; /* where the attempt leads, as the end of a path; NULL: not by path */
    int since;        /* the ABI that prevents it; 0: any kernel; WATCHED: only a watcher */
} attack;
#define WATCHED 1000
#define PATHS_OF(f, call) \
    { \
#f, f, call, "/sealed/labels.npz", 1 \
    }
#define OTHER(f, call, since) \
    { \
#f, f, call, NULL, since \
    }

static const attack attacks[] = {
    PATHS_OF(by_path, "openat"),
    PATHS_OF(by_relative_path, "openat"),
    PATHS_OF(by_folder, "openat"),
    PATHS_OF(by_dots, "openat"),
    PATHS_OF(by_writing, "openat"),
    {"by_truncating", by_truncating, "truncate", "/sealed/labels.npz", 3},
    {"by_removing", by_removing, "unlink", "/sealed/decoy", 1},
    {"other_trial", other_trial, "openat", "/runs/b/predictions", 1},
    PATHS_OF(by_link, "openat"),
    PATHS_OF(by_relative_link, "openat"),
    PATHS_OF(by_link_through_proc, "openat"),
    PATHS_OF(by_hard_link, "link"),
    PATHS_OF(by_renaming, "rename"),
    {"by_renaming_the_folder", by_renaming_the_folder, "rename", "/sealed", 1},
    PATHS_OF(by_own_root, "openat"),
    PATHS_OF(by_thread_root, "openat"),
    PATHS_OF(by_other_root, "openat"),
    PATHS_OF(by_other_folder, "openat"),
    PATHS_OF(by_other_descriptor, "openat"),
    OTHER(by_other_memory, NULL, 1),
    PATHS_OF(by_child, "openat"),
    PATHS_OF(by_program, "openat"),
    OTHER(inherited, NULL, 0),
    OTHER(by_ptrace, "ptrace", 0),
    OTHER(by_seizing, "ptrace", 0),
    OTHER(by_reading_memory, "process_vm_readv", 0),
    OTHER(by_taking_descriptor, "pidfd_getfd", 0),
    OTHER(by_signal, NULL, 6),
    OTHER(by_limits, NULL, 0),
    OTHER(by_handle, "open_by_handle_at", 0),
    OTHER(mount_and_read, "mount", 0),
    OTHER(by_user_namespace, NULL, 0),
    OTHER(by_cloned_namespace, NULL, 0),
    OTHER(by_tree, "open_tree", 0),
    OTHER(by_chroot, "chroot", 0),
    OTHER(by_disk, NULL, 1),
    OTHER(by_new_device, NULL, 0),
    OTHER(by_io_uring, NULL, 0),
    OTHER(by_fanotify, "fanotify_init", 0),
    OTHER(by_tcp, NULL, 0),
    OTHER(by_udp, NULL, 0),
    OTHER(by_abstract_socket, NULL, 6),
    {"by_door", by_door, "connect", "/study/door", WATCHED},
};

/* The attacking program: argv[2] is the number of an attack, or -1: all.  Each runs in a process
 * of its own; a letter for each, '!' when it got there, goes into its own folder. */
static int attacks_main(char **argv)
{
    char results[RG_COUNT(attacks) + 1] = "";
    rg_err err = {0};
    int64_t only = -1;
    scene_name(&at);
    rg_text_int(argv[2], &only);
    for (size_t i = 0; i < RG_COUNT(attacks); i++) {
        results[i] = '.';
        if (only >= 0 && (size_t)only != i)
            continue;
        pid_t child = fork();
        if (child == 0)
            _exit(attacks[i].try_it() ? 0 : 1);
        results[i] = ends_well(child) ? '!' : '-';
    }
    bool ok = rg_file_write(own_file("results"), results, RG_COUNT(attacks), 0644, &err);
    if (!ok)
        rg_err_print(&err);
    _exit(ok ? 0 : 1);
}

#endif
