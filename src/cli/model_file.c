/* model_file.c - what a model of the user's own can be told, and where a study finds it. */
#include "cli/model_file.h"

#include "cli/command.h"

#include "rigor/model.h"
#include "rigor/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DESCRIBE_SECONDS 20
#define DESCRIPTION_MAX ((size_t)1 << 20)

/* ---- Describing: the model's code runs in a process that can reach nothing worth having. */

static json_t *description_of(const char *library)
{
    rg_err err = {0};
    const rg_model *model = rg_model_load(library, &err);
    if (!model)
        return json_pack("{s:s, s:s}", "wrong", err.what, "remedy", err.remedy);
    return json_pack("{s:s, s:s, s:s, s:i, s:o}", "name", model->name, "title", model->title,
                     "paper", model->paper, "tasks", (int)model->tasks, "parameters",
                     rg_param_json(model->params));
}

static void describe_and_leave(const rg_sandbox *sandbox, const char *library, int out)
{
    alarm(DESCRIBE_SECONDS);
    signal(SIGINT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (rg_sandbox_enter(sandbox, -1) != 0)
        _exit(RG_INTERNAL);
    json_t *description = description_of(library);
    char *text = rg_json_canonical(description);
    for (size_t done = 0, len = strlen(text); done < len;) {
        ssize_t n = write(out, text + done, len - done);
        if (n <= 0)
            _exit(RG_INTERNAL);
        done += (size_t)n;
    }
    _exit(RG_OK);
}

static void read_all(int fd, rg_str *ret)
{
    char block[4096];
    ssize_t n;
    while ((n = read(fd, block, sizeof(block))) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            rg_str_add_n(ret, block, (size_t)n);
}

/* The child's answer; a crash or an endless loop while loading is the model's fault. */
static json_t *answer_of(pid_t pid, int fd, const char *name, rg_err *err)
{
    int status = 0;
    json_t *ret = NULL;
    rg_str text = {.max = DESCRIPTION_MAX};
    read_all(fd, &text);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        rg_fail(err, RG_INPUT, name, "look at what the file does before any function is called",
                WTERMSIG(status) == SIGALRM ? "loading the model takes more than %d s"
                                            : "loading the model ended with signal %d",
                WTERMSIG(status) == SIGALRM ? DESCRIBE_SECONDS : WTERMSIG(status));
    else if (WEXITSTATUS(status) == 0)
        ret = rg_json_parse(rg_str_text(&text), text.len, name, err);
    else
        rg_fail(err, RG_INTERNAL, name, NULL, "the model could not be looked at");
    rg_str_free(&text);
    const char *wrong = rg_json_text(ret, "wrong", NULL);
    if (!wrong)
        return ret;
    rg_fail(err, RG_INPUT, name, rg_json_text(ret, "remedy", ""), "%s", wrong);
    json_decref(ret);
    return NULL;
}

static json_t *ask(const rg_sandbox *sandbox, const char *library, const char *name,
                   rg_err *err)
{
    int ends[2];
    json_t *ret = NULL;
    fflush(NULL); /* or the child would write it as well */
    if (pipe(ends) != 0) {
        rg_fail(err, RG_INTERNAL, name, NULL, "no pipe: %s", strerror(errno));
        return NULL;
    }
    pid_t pid = fork();
    if (pid == 0)
        describe_and_leave(sandbox, library, ends[1]);
    close(ends[1]);
    if (pid > 0)
        ret = answer_of(pid, ends[0], name, err);
    else
        rg_fail(err, RG_INTERNAL, name, NULL, "no new process: %s", strerror(errno));
    close(ends[0]);
    return ret;
}

json_t *model_describe(const char *library, const char *name, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    const char *hidden[] = {rg_studies_dir(), rg_dir_scratches(arena), NULL};
    const char *readable[] = {library, NULL};
    rg_grant_spec spec = {.hidden = hidden, .readable = readable};
    rg_sandbox *sandbox = NULL;
    json_t *granted = NULL, *ret = NULL;
    if (rg_sandbox_prepare(&spec, &sandbox, &granted, err))
        ret = ask(sandbox, library, name, err);
    json_decref(granted);
    rg_sandbox_free(sandbox);
    rg_arena_free(arena);
    return ret;
}

/* ---- For the reader of a study. */

static bool take(const json_t *record, const char *file, rg_arena *arena, rg_catalog_file *ret,
                 rg_err *err)
{
    const json_t *model = json_object_get(record, "model");
    const rg_param *params = rg_param_table(json_object_get(model, "parameters"), arena, err);
    if (!params)
        return false;
    *ret = (rg_catalog_file){
        .model = {.name = rg_arena_strdup(arena, rg_json_text(model, "name", "")),
                  .help = rg_arena_strdup(arena, rg_json_text(model, "title", "")),
                  .params = params,
                  .file = rg_arena_strdup(arena, file),
                  .sha256 = rg_arena_strdup(arena, rg_json_text(record, "sha256", ""))},
        .record = json_incref((json_t *)(uintptr_t)record)};
    return true;
}

static bool read_source(const char *path, char **ret, size_t *ret_len, rg_err *err)
{
    if (!rg_file_read(path, MODEL_FILE_MAX, ret, ret_len, err))
        return false;
    if (!memchr(*ret, '\0', *ret_len) && rg_utf8_valid(*ret, *ret_len))
        return true;
    rg_free(*ret);
    return rg_fail(err, RG_INPUT, path, "save it as UTF-8", "this is no text");
}

bool model_file_open(void *ctx, const char *dir, const char *file, rg_arena *arena,
                     rg_catalog_file *ret, rg_err *err)
{
    char *source, sha[RG_HEX];
    size_t len;
    (void)ctx;
    const char *path = *file == '/' ? file : rg_path_join(arena, dir, file);
    if (!read_source(path, &source, &len, err))
        return false;
    rg_sha_of(source, len, sha);
    const char *library = model_compile(source, len, file, arena, err);
    json_t *model = library ? model_describe(library, file, err) : NULL;
    json_t *record =
        model ? json_pack("{s:s, s:s, s:o}", "sha256", sha, "source", source, "model", model)
              : NULL;
    bool ok = record && take(record, file, arena, ret, err);
    json_decref(record);
    rg_free(source);
    return ok;
}

bool model_file_recorded(void *ctx, const char *dir, const char *file, rg_arena *arena,
                         rg_catalog_file *ret, rg_err *err)
{
    (void)dir;
    const json_t *record = json_object_get(ctx, file);
    if (!record)
        return rg_fail(err, RG_INPUT, file, "use the version of rigor that wrote it",
                       "the ledger does not hold the model's source");
    return take(record, file, arena, ret, err);
}
