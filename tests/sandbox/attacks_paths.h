/* attacks_paths.h - the ways to what is hidden that go by a path, for attacks.h. */
#ifndef RIGOR_TESTS_SANDBOX_ATTACKS_PATHS_H
#define RIGOR_TESTS_SANDBOX_ATTACKS_PATHS_H

#include "sandbox/sealed.h"

static scene at; /* the names, in the attacking program */

static inline uintptr_t told(const char *name)
{
    const char *text = getenv(name);
    return text ? (uintptr_t)strtoull(text, NULL, 10) : 0;
}

#define VICTIM ((pid_t)told("SEAL_VICTIM"))

static bool has_secret(int fd)
{
    char text[sizeof(SECRET)] = "";
    bool got = fd >= 0 && pread(fd, text, sizeof(SECRET) - 1, 0) == sizeof(SECRET) - 1;
    if (fd >= 0)
        close(fd);
    return got && strcmp(text, SECRET) == 0;
}

static bool reads(const char *path)
{
    return has_secret(open(path, O_RDONLY));
}

static const char *name_of(const char *fmt, ...) RG_PRINTF(1, 2);
static const char *name_of(const char *fmt, ...)
{
    static char room[4][2 * SEALED_PATH];
    static int next;
    char *text = room[next++ % 4];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(room[0]), fmt, args);
    va_end(args);
    return text;
}

static const char *own_file(const char *name)
{
    return name_of("%s/%s", at.own, name);
}

/* ---- By path */

static bool by_path(void)
{
    return reads(at.labels);
}

static bool by_relative_path(void)
{
    return chdir(at.sealed) == 0 && reads("labels.npz");
}

static bool by_folder(void)
{
    int dir = open(at.sealed, O_RDONLY | O_DIRECTORY);
    return dir >= 0 && has_secret(openat(dir, "labels.npz", O_RDONLY));
}

static bool by_dots(void)
{
    return chdir(at.own) == 0 && reads("../.././runs/../sealed//labels.npz");
}

static bool by_writing(void)
{
    int fd = open(at.labels, O_WRONLY);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool by_truncating(void)
{
    return truncate(at.labels, sizeof(SECRET) - 1) == 0;
}

static bool by_removing(void)
{
    return unlink(name_of("%s/decoy", at.sealed)) == 0;
}

static bool other_trial(void)
{
    return reads(at.other);
}

/* ---- By links */

static bool through_link(const char *name, const char *target)
{
    unlink(own_file(name));
    return symlink(target, own_file(name)) == 0 && reads(own_file(name));
}

static bool by_link(void)
{
    return through_link("link", at.labels);
}

static bool by_relative_link(void)
{
    return through_link("relative", "../../sealed/labels.npz");
}

static bool by_link_through_proc(void)
{
    return chdir(at.sealed) == 0 && through_link("magic", "/proc/self/cwd/labels.npz");
}

static bool by_hard_link(void)
{
    unlink(own_file("hard"));
    bool got = link(at.labels, own_file("hard")) == 0 && reads(own_file("hard"));
    unlink(own_file("hard"));
    return got;
}

static bool by_renaming(void)
{
    if (rename(at.labels, own_file("moved")) != 0)
        return false;
    bool got = reads(own_file("moved"));
    return rename(own_file("moved"), at.labels) == 0 && got;
}

static bool by_renaming_the_folder(void)
{
    if (rename(at.sealed, own_file("folder")) != 0)
        return false;
    bool got = reads(own_file("folder/labels.npz"));
    return rename(own_file("folder"), at.sealed) == 0 && got;
}

/* ---- Through /proc */

static bool by_own_root(void)
{
    return reads(name_of("/proc/self/root%s", at.labels));
}

static bool by_thread_root(void)
{
    return reads(name_of("/proc/thread-self/root%s", at.labels));
}

static bool by_other_root(void)
{
    return reads(name_of("/proc/%d/root%s", (int)VICTIM, at.labels));
}

static bool by_other_folder(void)
{
    return reads(name_of("/proc/%d/cwd/labels.npz", (int)VICTIM));
}

static bool by_other_descriptor(void)
{
    return reads(name_of("/proc/%d/fd/%d", (int)VICTIM, (int)told("SEAL_VICTIM_FD")));
}

static bool by_other_memory(void)
{
    char text[sizeof(SECRET)] = "";
    int fd = open(name_of("/proc/%d/mem", (int)VICTIM), O_RDONLY);
    return fd >= 0 && pread(fd, text, sizeof(text) - 1, (off_t)told("SEAL_SECRET")) > 0 &&
           strcmp(text, SECRET) == 0;
}

#endif
