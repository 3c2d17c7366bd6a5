/* model_ask.c - what a model of the user's own is, and whether its programs can be built: asked
 * of a process of its own, in which its code runs. */
#include "cli/command.h"
#include "cli/model_file.h"

#include "rigor/inspect.h"
#include "rigor/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MAX ((size_t)1 << 20)

/* ---- Asking: the model's code runs in a process that can reach nothing worth having. */

typedef struct question {
    json_t *(*answer)(const void *ctx); /* {"wrong", "code", "where", "remedy"}: a mistake */
    const void *ctx;
    const char *doing, *remedy; /* when that ends the process, or takes too long */
    unsigned seconds;
} question;

static json_t *mistake_json(const rg_err *err)
{
    return json_pack("{s:s, s:i, s:s, s:s}", "wrong", err->what, "code", (int)err->code,
                     "where", err->where, "remedy", err->remedy);
}

/* As if nobody had thought of signals before, sanitizers included. */
static void forget_signals(void)
{
    static const int signals[] = {SIGINT, SIGPIPE, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < RG_COUNT(signals); i++)
        signal(signals[i], SIG_DFL);
}

static json_t *unasked(void)
{
    rg_err err = {0};
    rg_fail(&err, RG_INTERNAL, NULL, NULL, "the model could not be looked at");
    return mistake_json(&err);
}

static void answer_and_leave(const rg_sandbox *sandbox, const question *q, int out)
{
    alarm(q->seconds);
    forget_signals();
    bool ready = freopen("/dev/null", "w", stdout) && rg_sandbox_enter(sandbox, -1) == 0;
    json_t *answer = ready ? q->answer(q->ctx) : unasked();
    char *text = rg_json_canonical(answer);
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

/* The child's answer; for none (a crash, an endless loop, exit) the model is to blame. */
static json_t *answer_of(const question *q, pid_t pid, int fd, const char *name, rg_err *err)
{
    int status = 0;
    json_t *ret = NULL;
    rg_str text = {.max = ANSWER_MAX};
    read_all(fd, &text);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        rg_fail(err, RG_INPUT, name, q->remedy, "%s takes more than %u s", q->doing,
                q->seconds);
    else if (WIFSIGNALED(status))
        rg_fail(err, RG_INPUT, name, q->remedy, "%s ended with signal %d (%s)", q->doing,
                WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0 || !text.len)
        rg_fail(err, RG_INPUT, name, q->remedy, "%s ended the process (exit code %d)", q->doing,
                WEXITSTATUS(status));
    else
        ret = rg_json_parse(rg_str_text(&text), text.len, name, err);
    rg_str_free(&text);
    const char *wrong = rg_json_text(ret, "wrong", NULL);
    if (!wrong)
        return ret;
    const char *where = rg_json_text(ret, "where", "");
    rg_fail(err, (rg_code)rg_json_number(json_object_get(ret, "code"), RG_INPUT),
            *where ? where : name, rg_json_text(ret, "remedy", ""), "%s", wrong);
    json_decref(ret);
    return NULL;
}

static json_t *ask_behind(const rg_sandbox *sandbox, const question *q, const char *name,
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
        answer_and_leave(sandbox, q, ends[1]);
    close(ends[1]);
    if (pid > 0)
        ret = answer_of(q, pid, ends[0], name, err);
    else
        rg_fail(err, RG_INTERNAL, name, NULL, "no new process: %s", strerror(errno));
    close(ends[0]);
    return ret;
}

static json_t *ask(const question *q, const char *library, const char *name, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    const char *hidden[] = {rg_studies_dir(), rg_dir_scratches(arena), NULL};
    const char *readable[] = {library, NULL};
    rg_grant_spec spec = {.hidden = hidden, .readable = readable};
    rg_sandbox *sandbox = NULL;
    json_t *granted = NULL, *ret = NULL;
    if (rg_sandbox_prepare(&spec, &sandbox, &granted, err))
        ret = ask_behind(sandbox, q, name, err);
    json_decref(granted);
    rg_sandbox_free(sandbox);
    rg_arena_free(arena);
    return ret;
}

/* ---- What a model is. */

static json_t *description_of(const void *ctx)
{
    rg_err err = {0};
    const rg_model *model = rg_model_load(ctx, &err);
    if (!model)
        return mistake_json(&err);
    return json_pack("{s:s, s:s, s:s, s:i, s:o}", "name", model->name, "title", model->title,
                     "paper", model->paper, "tasks", (int)model->tasks, "parameters",
                     rg_param_json(model->params));
}

json_t *model_describe(const char *library, const char *name, rg_err *err)
{
    const question what = {
        .answer = description_of,
        .ctx = library,
        .doing = "loading the model",
        .remedy = "look at what the file does before any function is called; params "
                  "must end with {0}",
        .seconds = 20};
    return ask(&what, library, name, err);
}

/* ---- Whether its programs can be built. */

typedef struct trial {
    const json_t *config;
    rg_program_spec spec;
} trial;

/* The program of the evaluation, which is held against that of the training step. */
static bool build_both(const trial *given, rg_err *err)
{
    rg_program_spec spec = given->spec;
    rg_str text = {0};
    json_t *config = rg_config_resolve(given->config, &spec.model, err);
    spec.config = config;
    bool ok = config && rg_program_text(&spec, RG_PART_EVALUATE, RG_PASS_BUILD, &text, err);
    rg_str_free(&text);
    json_decref(config);
    return ok;
}

static json_t *answer_of_build(const void *ctx)
{
    rg_err err = {0};
    return build_both(ctx, &err) ? json_object() : mistake_json(&err);
}

/* The file of the configuration's model, its record into *ret; NULL: it is none of these. */
static const char *own_model_of(const json_t *own_models, const json_t *config,
                                const json_t **ret)
{
    const char *sha = rg_json_text(json_object_get(config, "model"), "sha256", ""), *file;
    json_t *record;
    json_object_foreach ((json_t *)(uintptr_t)own_models, file, record) {
        *ret = record;
        if (strcmp(rg_json_text(record, "sha256", ""), sha) == 0)
            return file;
    }
    return NULL;
}

bool model_try(const json_t *own_models, const json_t *config, const rg_program_spec *sizes,
               rg_arena *arena, rg_err *err)
{
    const json_t *record;
    const char *file = own_model_of(own_models, config, &record);
    trial ctx = {config, *sizes};
    if (!file)
        return build_both(&ctx, err);
    const char *source = rg_json_text(record, "source", "");
    const char *library = model_compile(source, strlen(source), file, arena, err);
    if (!library)
        return false;
    rg_model_offer(rg_json_text(record, "sha256", ""), library);
    const question builds = {
        .answer = answer_of_build,
        .ctx = &ctx,
        .doing = "the forward pass",
        .remedy =
            "look at the memory that the model's own code reads and writes, and for calls "
            "of exit: what it asks of the graph names the line of a mistake",
        .seconds = 120};
    json_t *answer = ask(&builds, library, file, err);
    json_decref(answer);
    return answer != NULL;
}
