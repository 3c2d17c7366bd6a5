/* launcher.h - a launcher as the runner sees it: a process, jobs in, messages out; and shell
 * scripts as the programs that it starts. */
#ifndef RIGOR_TESTS_LAUNCH_LAUNCHER_H
#define RIGOR_TESTS_LAUNCH_LAUNCHER_H

#include "support.h"

#include "launch/launch.h"
#include "rigor/launch.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct launcher {
    pid_t pid;
    FILE *in, *out; /* its standard input and output, as we see them */
} launcher;

static inline launcher launcher_start(void)
{
    int to[2], from[2];
    assert_int_equal(pipe(to) | pipe(from), 0);
    fflush(NULL);
    launcher l = {.pid = fork()};
    if (l.pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        close(to[0]);
        close(to[1]);
        close(from[0]);
        close(from[1]);
        alarm(120);
        _exit(rg_launch_main());
    }
    close(to[0]);
    close(from[1]);
    l.in = fdopen(to[1], "w");
    l.out = fdopen(from[0], "r");
    return l;
}

static inline void launcher_end(launcher *l)
{
    int status;
    fclose(l->in);
    while (fgetc(l->out) != EOF)
        continue;
    fclose(l->out);
    assert_int_equal(waitpid(l->pid, &status, 0), l->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* The next message; a new reference.  NULL at the end. */
static inline json_t *launcher_hear(launcher *l)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n = getline(&line, &room, l->out);
    rg_err err = {0};
    json_t *message = NULL;
    if (n > 7) {
        assert_memory_equal(line, "@rigor ", 7);
        message = rg_json_parse(line + 7, (size_t)n - 7, "message", &err);
        if (!message)
            print_error("%s: %s\n", err.what, line);
    }
    free(line);
    return message;
}

static inline void launcher_say(launcher *l, json_t *value)
{
    char *text = rg_json_canonical(value);
    fprintf(l->in, "%s\n", text);
    fflush(l->in);
    rg_free(text);
    json_decref(value);
}

/* No such file: what the kernel kills for tests that run beside is not taken for this one's. */
#define NO_COUNTS "no-counts.txt"

/* ---- One trial of a shell script */

static inline const char *here(void)
{
    static char cwd[2048];
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    return cwd;
}

/* Where the trial that ran last has, or had, its files. */
static inline const char *place_file(const char *name)
{
    static char path[4][4096];
    static int turn;
    char *ret = path[turn++ % 4];
    snprintf(ret, sizeof(path[0]), "%s/runs/tune/full-0/%s", here(), name);
    return ret;
}

/* A job whose only member runs the script.  setup: JSON that is laid over the rest. */
static inline json_t *job_of(const char *script, const char *setup)
{
    rg_err err = {0};
    char place[4096], runs[4096];
    snprintf(place, sizeof(place), "%s/runs/tune/full-0", here());
    snprintf(runs, sizeof(runs), "%s/runs", here());
    json_t *trainer =
        json_pack("{s:[s, s, s], s:s, s:f, s:b, s:b}", "command", "/bin/sh", "-c", script,
                  "folder", here(), "grace_s", 0.3, "network", 1, "seal", 1);
    json_t *member =
        json_pack("{s:i, s:i, s:s, s:s, s:s, s:{s:f}, s:i}", "id", 7, "number", 0, "stage",
                  "tune", "arm", "full", "place", place, "config", "lr", 0.25, "seed", 11);
    json_t *job = json_pack("{s:i, s:s, s:o, s:s, s:[s], s:[s], s:[o]}", "job", 1, "study",
                            "faults", "trainer", trainer, "metric", "score", "metrics", "score",
                            "hidden", runs, "members", member);
    json_t *over = rg_json_parse(setup, strlen(setup), "setup", &err);
    if (!over)
        print_error("%s: %s\n", err.what, setup);
    assert_non_null(job);
    rg_json_merge(job, over);
    json_decref(over);
    return job;
}

typedef struct outcome {
    json_t *steps; /* the messages before the last one */
    json_t *last;
} outcome;

/* What comes of the job's member, over an existing launcher. */
static inline outcome run_job(launcher *l, json_t *job)
{
    outcome o = {.steps = json_array()};
    launcher_say(l, job);
    json_t *m;
    for (; (m = launcher_hear(l)) && !json_object_get(m, "finished");) {
        bool step = json_object_get(m, "step") || json_object_get(m, "worker");
        if (step)
            json_array_append_new(o.steps, m);
        else if (!o.last)
            o.last = m;
        else
            fail_msg("two ends of one trial");
    }
    json_decref(m);
    assert_non_null(o.last);
    return o;
}

static inline outcome try_with(const char *script, const char *setup)
{
    launcher l = launcher_start();
    outcome o = run_job(&l, job_of(script, setup));
    launcher_end(&l);
    json_array_remove(o.steps, 0); /* the greeting */
    return o;
}

static inline outcome try_script(const char *script)
{
    return try_with(script, "{}");
}

static inline void outcome_free(outcome *o)
{
    json_decref(o->steps);
    json_decref(o->last);
}

/* The end is `key` (done, failed, again, lost), and its text holds `what`. */
static inline void assert_end(const outcome *o, const char *key, const char *what)
{
    const json_t *value = json_object_get(o->last, key);
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    if (value && strstr(text, what))
        return;
    char *all = rg_json_canonical(o->last);
    print_error("expected %s: ...%s..., got %s\n", key, what, all);
    rg_free(all);
    fail();
}

static inline double score_of(const outcome *o)
{
    return rg_json_number(rg_json_path(o->last, "validation.score"), -1);
}

static inline json_int_t resource_of(const outcome *o, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(o->last, "resources"), name));
}

/* Whether one of the notes holds `what`. */
static inline bool is_noted(const outcome *o, const char *what)
{
    size_t i;
    json_t *note;
    json_array_foreach (rg_json_path(o->last, "resources.notes"), i, note)
        if (strstr(json_string_value(note), what))
            return true;
    return false;
}

/* The file of the trial's folder as text; freed with the next call. */
static inline const char *read_place(const char *name)
{
    static char *text;
    size_t len;
    rg_err err = {0};
    rg_free(text);
    text = NULL;
    return rg_file_read(place_file(name), 1 << 20, &text, &len, &err) ? text : "";
}

/* Whether one argument of the process holds `mark`. */
static inline bool is_marked(const char *pid, const char *mark)
{
    char path[300], text[8192];
    snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(text, 1, sizeof(text), file) : 0;
    if (file)
        fclose(file);
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\0')
            text[i] = ' ';
    return n > 0 && memmem(text, n, mark, strlen(mark));
}

/* Processes whose command line holds `mark`: to see that none is left. */
static inline int count_processes(const char *mark)
{
    DIR *folder = opendir("/proc");
    int count = 0;
    for (const struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
                 is_marked(entry->d_name, mark);
    if (folder)
        closedir(folder);
    return count;
}

#endif
