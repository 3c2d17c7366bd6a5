/* environment.c - where a study runs: machine, versions, the state of the working tree. */
#include "rigor/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <libfyaml.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>
#include <zlib.h>

#define CAPTURE_MAX ((size_t)8 << 20)

/* Standard output of a program; false when it cannot run or fails. */
static bool capture(const char *const *argv, rg_str *ret)
{
    extern char **environ;
    int ends[2];
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    int state = posix_spawnp(&pid, argv[0], &actions, NULL, (char **)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char block[4096];
    for (ssize_t n; state == 0 && (n = read(ends[0], block, sizeof(block))) != 0;) {
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            rg_str_add_n(ret, block, (size_t)n);
    }
    close(ends[0]);
    int status = 0;
    return state == 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

/* {"commit", "changed", "diff_sha256"} of the folder we stand in; null outside of a repository.
 */
static json_t *git_state(void)
{
    static const char *const commit_argv[] = {"git", "rev-parse", "HEAD", NULL};
    static const char *const diff_argv[] = {"git", "diff", "--no-ext-diff", "HEAD", NULL};
    rg_str commit = {.max = 100}, diff = {.max = CAPTURE_MAX};
    json_t *state = json_null();
    if (capture(commit_argv, &commit) && commit.len >= 40) {
        char hex[RG_HEX];
        capture(diff_argv, &diff);
        rg_sha_of(rg_str_text(&diff), diff.len, hex);
        state = json_pack("{s:s%, s:b, s:s}", "commit", rg_str_text(&commit), (size_t)40,
                          "changed", diff.len > 0, "diff_sha256", hex);
    }
    rg_str_free(&commit);
    rg_str_free(&diff);
    return state;
}

static void cpu_model(char out[128])
{
    rg_err ignored = {0};
    char *text, *line = NULL;
    size_t len;
    snprintf(out, 128, "unknown");
    if (!rg_file_read("/proc/cpuinfo", CAPTURE_MAX, &text, &len, &ignored))
        return;
    line = strstr(text, "model name");
    if (line && (line = strchr(line, ':')) != NULL)
        snprintf(out, 128, "%.*s", (int)strcspn(line + 2, "\n"), line + 2);
    rg_free(text);
}

/* Twelve letters that are equal on the same machine, and say nothing else about it. */
static void host_id(const char *cpu, char out[13])
{
    rg_err ignored = {0};
    char *text = NULL, hex[RG_HEX];
    size_t len = 0;
    rg_str name = {0};
    if (rg_file_read("/etc/machine-id", 4096, &text, &len, &ignored))
        rg_str_add_n(&name, text, len);
    rg_str_add(&name, cpu);
    rg_sha_of(rg_str_text(&name), name.len, hex);
    snprintf(out, 13, "%.12s", hex);
    rg_str_free(&name);
    rg_free(text);
}

/* The program's own bytes: two builds of one version may compute other last bits. */
static void build_id(char out[13])
{
    rg_err ignored = {0};
    char hex[RG_HEX] = "";
    rg_sha_file("/proc/self/exe", hex, &ignored);
    snprintf(out, 13, "%.12s", hex);
}

static json_t *library_versions(void)
{
    const struct {
        const char *name, *version;
    } libraries[] = {{"sqlite", sqlite3_libversion()},
                     {"libuv", uv_version_string()},
                     {"jansson", jansson_version_str()},
                     {"zlib", zlibVersion()},
                     {"libfyaml", fy_library_version()}};
    json_t *versions = json_object();
    for (size_t i = 0; i < RG_COUNT(libraries); i++)
        json_object_set_new(versions, libraries[i].name, json_string(libraries[i].version));
    return versions;
}

json_t *rg_environment(const char *command)
{
    struct utsname machine;
    char cpu[128], now[32], dir[4096], host[13], build[13];
    if (!getcwd(dir, sizeof(dir)))
        dir[0] = '\0';
    rg_utf8_repair(dir); /* a name on a disk may hold any bytes */
    uname(&machine);
    cpu_model(cpu);
    host_id(cpu, host);
    build_id(build);
    rg_clock_utc(now);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:o, s:s, s:s, s:s, s:o, s:s}",
                     "rigor", RG_VERSION, "build", build, "machine", machine.machine, "host",
                     host, "cpu", cpu, "cores", rg_cpu_count(), "kernel", machine.release,
                     "compiler", __VERSION__, "libraries", library_versions(), "created", now,
                     "command", command, "folder", dir, "git", git_state(), "determinism",
                     "L2");
}
