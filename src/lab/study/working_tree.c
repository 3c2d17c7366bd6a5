/* working_tree.c - asks git about the folder we stand in (see working_tree.h). */
#include "lab/study/working_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* The difference, and its hash. */
static void take_diff(rg_str *ret, char hex[RG_HEX])
{
    static const char *const argv[] = {"git", "diff", "--no-ext-diff", "HEAD", NULL};
    capture(argv, ret);
    rg_sha_of(rg_str_text(ret), ret->len, hex);
}

json_t *working_tree_state(void)
{
    static const char *const argv[] = {"git", "rev-parse", "HEAD", NULL};
    rg_str commit = {.max = 100}, diff = {.max = CAPTURE_MAX};
    json_t *state = json_null();
    if (capture(argv, &commit) && commit.len >= 40) {
        char hex[RG_HEX];
        take_diff(&diff, hex);
        state = json_pack("{s:s%, s:b, s:s}", "commit", rg_str_text(&commit), (size_t)40,
                          "changed", diff.len > 0, "diff_sha256", hex);
    }
    rg_str_free(&commit);
    rg_str_free(&diff);
    return state;
}

static bool write_diff(const rg_str *diff, const char *hex, const char *dir, json_t **ret_kept,
                       rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    const char *name = rg_arena_printf(arena, "environment/diff-%s.patch", hex);
    bool ok = rg_dir_make(rg_path_join(arena, dir, "environment"), 0755, err) &&
              rg_file_write(rg_path_join(arena, dir, name), diff->data, diff->len, 0644, err);
    if (ok)
        *ret_kept = json_pack("{s:s, s:s, s:I}", "path", name, "sha256", hex, "bytes",
                              (json_int_t)diff->len);
    rg_arena_free(arena);
    return ok;
}

bool working_tree_keep(const json_t *state, const char *dir, json_t **ret_kept, rg_err *err)
{
    rg_str diff = {.max = CAPTURE_MAX};
    char hex[RG_HEX];
    bool ok = true;
    *ret_kept = NULL;
    if (!json_is_true(json_object_get(state, "changed")))
        return true;
    take_diff(&diff, hex);
    if (diff.len > 0 && diff.len <= WORKING_TREE_DIFF_MAX &&
        strcmp(hex, rg_json_text(state, "diff_sha256", "")) == 0)
        ok = write_diff(&diff, hex, dir, ret_kept, err);
    rg_str_free(&diff);
    return ok;
}
