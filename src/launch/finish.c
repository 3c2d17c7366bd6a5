/* finish.c - what came of a trial, told to the runner: done, failed, again (it was ended from
 * outside) or lost (the machine's fault, nothing is recorded). */
#include "launch/launch.h"

#include "rigor/data.h"
#include "rigor/trial.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* ---- Facts about the trial that are no part of a figure */

static json_t *seal_json(const launch_trial *t)
{
    json_t *seal = json_pack("{s:b, s:I, s:b}", "sealed",
                             json_is_true(json_object_get(t->granted, "sealed")), "landlock",
                             json_integer_value(json_object_get(t->granted, "landlock")),
                             "network", t->setup->network);
    if (t->attempts.total)
        json_object_set_new(seal, "attempts",
                            json_pack("{s:I, s:O}", "total", (json_int_t)t->attempts.total,
                                      "first", t->attempts.list));
    return seal;
}

/* What was odd about it, though nothing of it is a fault: {"count", "first"} each. */
static void add_oddities(const launch_trial *t, json_t *resources)
{
    if (t->left)
        json_object_set_new(
            resources, "left",
            json_pack("{s:I, s:s}", "count", (json_int_t)t->left, "first", t->first_left));
    if (t->malformed)
        json_object_set_new(resources, "malformed",
                            json_pack("{s:I, s:s}", "count", (json_int_t)t->malformed, "first",
                                      t->first_malformed));
}

static json_t *resources(const launch_trial *t)
{
    char ended[32];
    rg_clock_utc(ended);
    json_t *ret =
        json_pack("{s:f, s:f, s:I, s:s, s:s, s:o, s:o}", "wall_s",
                  (double)(t->ended_ns - t->started_ns) * 1e-9, "cpu_s", t->cpu_s, "peak_bytes",
                  (json_int_t)t->peak_bytes, "started", t->started, "ended", ended, "exit",
                  WIFEXITED(t->status) ? json_integer(WEXITSTATUS(t->status)) : json_null(),
                  "seal", seal_json(t));
    if (WIFSIGNALED(t->status))
        json_object_set_new(ret, "signal", json_integer(WTERMSIG(t->status)));
    if (json_array_size(t->notes))
        json_object_set(ret, "notes", t->notes);
    if (t->environment)
        json_object_set(ret, "environment", t->environment);
    if (t->pruned)
        json_object_set_new(ret, "pruned", json_integer(t->step));
    add_oddities(t, ret);
    return ret;
}

/* ---- Answers */

/* What the sandbox grants is told when it is not what was told last.  Which files lie beside the
 * hidden ones changes all the time, and makes no difference. */
static void tell_grant(launch_trial *t, json_t *message)
{
    json_t *grant = json_copy(t->granted);
    json_object_del(grant, "read");
    if (grant && !json_equal(grant, *t->told)) {
        json_object_set(message, "granted", t->granted);
        json_decref(*t->told);
        *t->told = json_incref(grant);
    }
    json_decref(grant);
}

static bool answer(launch_trial *t, const char *key, json_t *value, json_t *more)
{
    json_t *message =
        json_pack("{s:I, s:o, s:o}", "id", t->member.id, key, value, "resources", resources(t));
    json_object_update(message, more);
    json_decref(more);
    tell_grant(t, message);
    return rg_message_send(message);
}

static bool fail(launch_trial *t, const char *fmt, ...) RG_PRINTF(2, 3);
static bool fail(launch_trial *t, const char *fmt, ...)
{
    rg_str text = {.max = 900};
    va_list args;
    va_start(args, fmt);
    rg_str_vprintf(&text, fmt, args);
    va_end(args);
    rg_utf8_repair(text.data);
    json_t *reason = json_string(text.data);
    rg_str_free(&text);
    return answer(t, "failed", reason, NULL);
}

static bool from_outside(int number)
{
    return number == SIGKILL || number == SIGTERM || number == SIGHUP || number == SIGINT;
}

/* Ended by the kernel, because the machine had no memory left: a result, and no accident.  The
 * kernel's count is of the whole machine: only what was killed just before the end can have been
 * it, and what a control group has not seen was another. */
static bool starved(const launch_trial *t, int number)
{
    return number == SIGKILL && !t->grouped && t->oom_kills.before >= 0 &&
           t->oom_kills.at_end > t->oom_kills.before;
}

static const char *last_words(const launch_trial *t)
{
    return *t->stream[1].last ? t->stream[1].last : t->stream[0].last;
}

/* ---- What it reports */

static const json_t *reported(const launch_trial *t, const char *prefix, const char *metric)
{
    char name[160];
    snprintf(name, sizeof(name), "%s%s", prefix, metric);
    return json_object_get(t->last, name);
}

/* {metric: value} of what was reported as PREFIXmetric, else as the metric itself; a program
 * without a test set of its own is taken at its word on validation. */
static json_t *scores(const launch_trial *t, const char *prefix)
{
    const char *const prefixes[] = {prefix, "", "val_"};
    json_t *ret = json_object(), *name;
    size_t i;
    json_array_foreach (t->setup->metrics, i, name) {
        const char *metric = json_string_value(name);
        const json_t *value = NULL;
        for (size_t k = 0; k < RG_COUNT(prefixes) && !value; k++)
            value = reported(t, prefixes[k], metric);
        if (value)
            json_object_set(ret, metric, (json_t *)(uintptr_t)value);
    }
    return ret;
}

static void names_said(const launch_trial *t, rg_str *out)
{
    const char *name;
    json_t *value;
    json_object_foreach (t->last, name, value)
        if (out->len < 200)
            rg_str_printf(out, "%s%s", out->len ? ", " : "", name);
}

static bool fail_unreported(launch_trial *t, const char *prefix)
{
    rg_str said = {.max = 300};
    names_said(t, &said);
    if (!said.len)
        rg_str_add(&said, "nothing");
    if (t->malformed)
        rg_str_printf(&said, "; %zu lines that begin with @rigor are no JSON, the first: %s",
                      t->malformed, t->first_malformed);
    bool heard = fail(t, "it ended without reporting %s%s; it reported %s", prefix,
                      t->setup->metric, rg_str_text(&said));
    rg_str_free(&said);
    return heard;
}

static bool fail_unless_finite(launch_trial *t, const json_t *found, const char *what,
                               bool *ret_heard)
{
    const json_t *value = json_object_get(found, t->setup->metric);
    if (value && isfinite(rg_json_number(value, NAN)))
        return false;
    *ret_heard = value ? fail(t, "%s%s is not a finite number at step %lld", what,
                              t->setup->metric, (long long)t->step)
                       : fail_unreported(t, what);
    return true;
}

/* ---- Predictions: found, checked against the ids of the test part, kept in one form. */

static const char *predictions_path(launch_trial *t)
{
    static const char *const names[] = {"predictions.npz", "predictions.csv",
                                        "predictions.csv.gz", "predictions.tsv"};
    if (t->told_predictions)
        return rg_path_join(t->arena, t->out, t->told_predictions);
    for (size_t i = 0; i < RG_COUNT(names); i++) {
        const char *path = rg_path_join(t->arena, t->out, names[i]);
        if (rg_file_exists(path))
            return path;
    }
    return NULL;
}

/* A path that leads out of the trial's own folders is another's file. */
static bool is_own(launch_trial *t, const char *path)
{
    char *real = realpath(path, NULL), *own = realpath(t->out, NULL);
    size_t len = own ? strlen(own) : 0;
    bool inside = real && own && strncmp(real, own, len) == 0 && real[len] == '/';
    free(real);
    free(own);
    return inside;
}

/* Hard labels, say, have no log loss: found out now, it is one run that failed. */
static bool metrics_ready(const launch_trial *t, const rg_predictions *predictions,
                          const rg_part *part, const char *path, rg_err *err)
{
    size_t i;
    json_t *name;
    json_array_foreach (t->setup->metrics, i, name) {
        const rg_metric *metric = rg_metric_find(json_string_value(name));
        if (metric && !rg_metric_ready(metric, predictions, part, path, err))
            return false;
    }
    return true;
}

static bool read_predictions(launch_trial *t, const char *path, rg_arena *arena,
                             rg_predictions *ret, bool *ret_outside, rg_err *err)
{
    rg_part part;
    *ret_outside = true;
    if (!t->setup->ids || !rg_part_read(t->setup->ids, arena, &part, err))
        return false;
    rg_part_name_classes(&part, json_object_get(t->setup->root, "classes"), arena);
    *ret_outside = false;
    return rg_predictions_read(path, &part, arena, ret, err) &&
           metrics_ready(t, ret, &part, path, err);
}

static bool lose(launch_trial *t, const rg_err *err)
{
    return rg_message_fail("id", t->member.id, "lost", err, NULL);
}

static bool fail_predictions(launch_trial *t, const rg_err *err)
{
    return fail(t, "its predictions cannot be used: %s: %s", err->where, err->what);
}

/* True when the trial has its answer already, which is then in *ret_heard. */
static bool keep_predictions(launch_trial *t, bool *ret_heard)
{
    rg_err err = {0};
    bool outside;
    rg_predictions predictions;
    const char *path = predictions_path(t);
    if (!t->member.predictions)
        return false;
    if (!path || !is_own(t, path)) {
        *ret_heard =
            !path ? fail(t, "it wrote no predictions: they are expected in $RIGOR_PREDICTIONS")
                  : fail(t, "its predictions are not in its own folder: %s", path);
        return true;
    }
    rg_arena *arena = rg_arena_new();
    bool read = read_predictions(t, path, arena, &predictions, &outside, &err);
    bool ok = read && rg_predictions_write(t->member.predictions, &predictions, &err);
    rg_arena_free(arena);
    if (!ok)
        *ret_heard = read || outside ? lose(t, &err) : fail_predictions(t, &err);
    return !ok;
}

/* ---- The end */

static bool done(launch_trial *t)
{
    bool heard;
    json_t *validation = scores(t, "val_");
    bool wanted = !t->member.evaluate || !t->member.predictions;
    const char *prefix = t->member.evaluate ? "test_" : "val_";
    json_t *test = t->member.evaluate && !t->member.predictions ? scores(t, "test_") : NULL;
    if ((wanted && fail_unless_finite(t, test ? test : validation, prefix, &heard)) ||
        (t->member.evaluate && keep_predictions(t, &heard))) {
        json_decref(validation);
        json_decref(test);
        return heard;
    }
    json_t *more = json_pack("{s:o}", "validation", validation);
    if (test)
        json_object_set_new(more, "test", test);
    if (t->malformed)
        launch_note(t, "%zu lines that begin with @rigor are no JSON, the first: %s",
                    t->malformed, t->first_malformed);
    return answer(t, "done", json_true(), more);
}

static bool ended_by_us(launch_trial *t)
{
    const launch_setup *s = t->setup;
    switch (t->end) {
    case LAUNCH_TIME:
        return fail(t, "it took longer than its limit of %g s and was ended", s->time_s);
    case LAUNCH_MEMORY:
        return fail(t, "it took more than its limit of %lld MiB of memory and was ended",
                    (long long)(s->memory_bytes >> 20));
    case LAUNCH_LOST: return lose(t, &t->lost);
    case LAUNCH_PRUNED: return done(t);
    case LAUNCH_RUNS: break;
    }
    RG_BUG("a trial that runs was not ended");
}

static void clean_up(launch_trial *t)
{
    rg_err ignored = {0};
    rg_dir_remove(t->scratch, &ignored);
    launch_forget(t);
}

bool launch_finish(launch_trial *t)
{
    int number = WIFSIGNALED(t->status) ? WTERMSIG(t->status) : 0;
    bool heard;
    if (t->end != LAUNCH_RUNS) {
        heard = ended_by_us(t);
    } else if (starved(t, number)) {
        heard = fail(t,
                     "the machine had no memory left, and the kernel ended it; it held up to "
                     "%lld MiB",
                     (long long)(t->peak_bytes >> 20));
    } else if (from_outside(number)) {
        json_t *reason = json_sprintf("signal %d (%s) from outside", number, strsignal(number));
        return answer(t, "again", reason, NULL); /* a checkpoint stays for the next start */
    } else if (number) {
        heard = fail(t, "ended by signal %d (%s)%s%s", number, strsignal(number),
                     *last_words(t) ? ": " : "", last_words(t));
    } else if (WEXITSTATUS(t->status) != 0) {
        heard = fail(t, "exit status %d%s%s", WEXITSTATUS(t->status),
                     *last_words(t) ? ": " : "", last_words(t));
    } else {
        heard = done(t);
    }
    clean_up(t);
    return heard;
}
