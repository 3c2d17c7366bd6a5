/* conformance_checks.c - what the starts of the program say about it: one entry of a table for each
 * thing that is looked at (see conformance.h). */
#include "lab/study/conformance_probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MAX_BYTES ((size_t)16 << 20)

typedef struct finding {
    const char *status;
    rg_str detail;
    const char *remedy; /* NULL: none */
} finding;

static void find(finding *f, const char *status, const char *remedy, const char *fmt, ...)
    RG_PRINTF(4, 5);
static void find(finding *f, const char *status, const char *remedy, const char *fmt, ...)
{
    va_list args;
    f->status = status;
    f->remedy = remedy;
    f->detail.max = 1000;
    va_start(args, fmt);
    rg_str_vprintf(&f->detail, fmt, args);
    va_end(args);
}

/* ---- What several of them ask */

static const json_t *resource(const conformance_probe *p, const char *name)
{
    return json_object_get(json_object_get(p->last, "resources"), name);
}

static double wall_s(const conformance_probe *p)
{
    return rg_json_number(resource(p, "wall_s"), 0);
}

static bool has_started(const conformance_probe *p)
{
    return p->last && !json_object_get(p->last, "lost");
}

/* The exit status was 0, whatever was thought of its results. */
static bool has_ended_well(const conformance_probe *p)
{
    const json_t *status = resource(p, "exit");
    return json_is_integer(status) && json_integer_value(status) == 0;
}

static const char *reason_of(const conformance_probe *p)
{
    static const char *const keys[] = {"failed", "lost", "again"};
    for (size_t i = 0; i < RG_COUNT(keys); i++)
        if (json_object_get(p->last, keys[i]))
            return rg_json_text(p->last, keys[i], "");
    return "it was not started";
}

/* The first of all starts with such an entry among its resources; NULL: none. */
static const json_t *any_resource(const conformance *c, const char *name)
{
    for (size_t i = 0; i < PROBE_COUNT; i++)
        if (resource(&c->probe[i], name))
            return resource(&c->probe[i], name);
    return NULL;
}

static bool skip_unless_done(const conformance *c, conformance_start which, finding *f)
{
    if (conformance_is_done(&c->probe[which]))
        return false;
    find(f, "skip", NULL, "cannot be tried before the lines above pass");
    return true;
}

/* ---- It starts, ends, reports */

static void check_starts(const conformance *c, finding *f)
{
    const conformance_probe *p = &c->probe[PROBE_TRIAL];
    if (has_started(p))
        find(f, "pass", NULL, "%s", c->walk.study->trainer->command[0]);
    else
        find(f, "fail", rg_json_text(p->last, "remedy", NULL), "%s", reason_of(p));
}

static void check_ends(const conformance *c, finding *f)
{
    const conformance_probe *p = &c->probe[PROBE_TRIAL];
    const conformance_probe *run = &c->probe[PROBE_RUN];
    if (!has_started(p))
        find(f, "skip", NULL, "it has to start first");
    else if (!has_ended_well(p))
        find(f, "fail",
             "run the command by hand to see all that it says; files may be written below "
             "{out} ($RIGOR_OUT) alone, temporary ones below $TMPDIR",
             "%s", reason_of(p));
    else if (run->last && !has_ended_well(run))
        find(f, "fail", "this happens when RIGOR_STAGE is evaluate",
             "in the stage evaluate: %s", reason_of(run));
    else
        find(f, "pass", NULL, "exit status 0, after %.2g s", wall_s(p));
}

static void check_reports(const conformance *c, finding *f)
{
    const conformance_probe *p = &c->probe[PROBE_TRIAL];
    const char *metric = c->walk.study->metric;
    if (!has_started(p))
        find(f, "skip", NULL, "it has to start first");
    else if (p->reports == 0)
        find(f, "fail",
             "print a line such as @rigor {\"step\": 1, \"val_NAME\": 0.9}, or say in the "
             "study where it stands in the usual output (trainer.reads)",
             "no val_%s was reported", metric);
    else
        find(f, "pass", NULL, "%s, %zu time%s, the last at step %lld", p->reported, p->reports,
             p->reports == 1 ? "" : "s", (long long)p->top_step);
}

static void check_finite(const conformance *c, finding *f)
{
    const conformance_probe *p = &c->probe[PROBE_TRIAL];
    if (!has_started(p) || p->reports == 0)
        find(f, "skip", NULL, "nothing was reported");
    else if (!p->not_finite[0])
        find(f, "pass", NULL, "all numbers are finite");
    else if (conformance_is_done(p))
        find(f, "note", "a metric that does not exist at a step is better left out",
             "%s is not a finite number at step %lld", p->not_finite,
             (long long)p->not_finite_step);
    else
        find(f, "fail",
             "a run that ends so counts as failed: a smaller step, or clipping, may help",
             "%s is not a finite number at step %lld", p->not_finite,
             (long long)p->not_finite_step);
}

static void check_messages(const conformance *c, finding *f)
{
    const json_t *malformed = any_resource(c, "malformed");
    if (!has_started(&c->probe[PROBE_TRIAL]))
        find(f, "skip", NULL, "it has to start first");
    else if (malformed)
        find(
            f, "fail",
            "write a JSON object behind @rigor and a blank: names in double quotes, a point in "
            "numbers, one line",
            "%lld lines that begin with @rigor are no JSON, the first: %s",
            (long long)json_integer_value(json_object_get(malformed, "count")),
            rg_json_text(malformed, "first", ""));
    else
        find(f, "pass", NULL, "every line that begins with @rigor is JSON");
}

static void check_predictions(const conformance *c, finding *f)
{
    const conformance_probe *p = &c->probe[PROBE_RUN];
    bool own = rg_study_is_self_reported(c->walk.study);
    if (!p->last || !has_ended_well(p))
        find(f, "skip", NULL, "cannot be tried before the lines above pass");
    else if (!conformance_is_done(p))
        find(f, "fail",
             own ? "when RIGOR_STAGE is evaluate, report the metric of the test set as "
                   "test_NAME"
                 : "when RIGOR_STAGE is evaluate, write $RIGOR_PREDICTIONS (.npz: id, "
                   "value) or $RIGOR_OUT/predictions.csv for every id of "
                   "$RIGOR_TEST_INPUTS",
             "%s", reason_of(p));
    else if (own)
        find(f, "pass", NULL,
             "it reports its own score on the test set: the study is self-reported");
    else
        find(f, "pass", NULL,
             "every id of the test inputs has one, and the metrics can be computed");
}

/* ---- The same again */

static void check_repeats(const conformance *c, finding *f)
{
    if (skip_unless_done(c, PROBE_RUN, f))
        return;
    if (!conformance_is_done(&c->probe[PROBE_AGAIN])) {
        find(f, "fail", "does it find what an earlier start has left?",
             "the same start once more failed: %s", reason_of(&c->probe[PROBE_AGAIN]));
        return;
    }
    rg_str found = conformance_differences(c, PROBE_RUN, PROBE_AGAIN);
    if (found.len)
        find(f, "note",
             "seed everything from {seed} ($RIGOR_SEED), use one thread; rigor rerun can "
             "only say whether such a program is inside its own spread",
             "the same seed came to something else: %s", rg_str_text(&found));
    else
        find(f, "pass", NULL, "the same seed came to the same bits");
    rg_str_free(&found);
}

static void check_seed(const conformance *c, finding *f)
{
    if (skip_unless_done(c, PROBE_RUN, f))
        return;
    if (!conformance_is_done(&c->probe[PROBE_OTHER])) {
        find(f, "fail", "such a run counts as failed", "with another seed it failed: %s",
             reason_of(&c->probe[PROBE_OTHER]));
        return;
    }
    rg_str found = conformance_differences(c, PROBE_RUN, PROBE_OTHER);
    if (found.len)
        find(f, "pass", NULL, "another seed came to something else");
    else
        find(f, "note",
             "does it use {seed} or $RIGOR_SEED? Seeds that change nothing are no "
             "repetitions, and the statistics need some",
             "another seed came to the same bits");
    rg_str_free(&found);
}

/* ---- The end by a signal, and the start after it */

/* How long it took to end once it was told; NaN: it was over before. */
static double stopping_s(const conformance_probe *p)
{
    bool timed_out =
        p->limit_s > 0 && json_object_get(p->last, "failed") && wall_s(p) > p->limit_s;
    if (timed_out)
        return wall_s(p) - p->limit_s;
    return resource(p, "pruned") ? p->stop_s : NAN;
}

static void check_stops(const conformance *c, finding *f)
{
    const conformance_probe *p = &c->probe[PROBE_STOPPED];
    double took = stopping_s(p);
    if (skip_unless_done(c, PROBE_RUN, f))
        return;
    if (json_integer_value(resource(p, "signal")) == 9)
        find(f, "fail",
             "end soon after SIGTERM, or give it longer (trainer: {limits: {grace: 60s}}); "
             "what is pruned keeps its place until then",
             "it had to be killed, %g s after SIGTERM", c->walk.study->trainer->grace_s);
    else if (isnan(took))
        find(f, "skip", NULL, "its training was over before it could be told to end");
    else
        find(f, "pass", NULL, "%.2g s after SIGTERM", took);
}

static void check_resumes(const conformance *c, finding *f)
{
    const conformance_probe *p = &c->probe[PROBE_RESUMED];
    static const char remedy[] = "restore all that the training depends on from {resume} "
                                 "($RIGOR_RESUME): parameters, optimiser, random numbers, step";
    if (skip_unless_done(c, PROBE_RUN, f))
        return;
    if (!c->probe[PROBE_RUN].has_checkpoint) {
        find(f, "skip", NULL, "it says no checkpoint: what is cut off begins anew");
        return;
    }
    if (!p->last) {
        find(f, "skip", NULL, "its training was over before it could be cut off");
        return;
    }
    if (!conformance_is_done(p)) {
        find(f, "fail", remedy, "from its checkpoint it failed: %s", reason_of(p));
        return;
    }
    rg_str found = conformance_differences(c, PROBE_RUN, PROBE_RESUMED);
    if (found.len)
        find(f, "fail", remedy, "from its checkpoint it came to something else: %s",
             rg_str_text(&found));
    else if (p->begins_anew)
        find(f, "note", "it may not look at {resume} ($RIGOR_RESUME)",
             "it said a checkpoint, but began anew; the result is the same");
    else
        find(f, "pass", NULL, "from its checkpoint it came to the same bits");
    rg_str_free(&found);
}

/* ---- What it leaves and touches */

static void check_processes(const conformance *c, finding *f)
{
    const json_t *left = any_resource(c, "left");
    if (!has_started(&c->probe[PROBE_TRIAL]))
        find(f, "skip", NULL, "it has to start first");
    else if (left)
        find(f, "fail", "wait for what it starts; what outlives it is killed",
             "%lld processes were left behind, one of them: %s",
             (long long)json_integer_value(json_object_get(left, "count")),
             rg_json_text(left, "first", ""));
    else
        find(f, "pass", NULL, "no process is left behind");
}

/* The first line of a log in which the program, or what it uses, was refused something. */
static char *refused_line(const conformance_probe *p, const char *log, rg_arena *arena)
{
    static const char *const words[] = {"Permission denied", "Read-only file system",
                                        "Operation not permitted"};
    char *text, *line = NULL;
    size_t len;
    rg_err ignored = {0};
    if (!p->place || !rg_file_read_foreign(rg_path_join(arena, p->place, log), LOG_MAX_BYTES,
                                           &text, &len, &ignored))
        return NULL;
    for (size_t i = 0; i < RG_COUNT(words) && !line; i++) {
        const char *at = strstr(text, words[i]);
        const char *from = at;
        while (from && from > text && from[-1] != '\n')
            from--;
        if (at)
            line = rg_arena_strndup(arena, from, strcspn(from, "\r\n"));
    }
    rg_free(text);
    if (line)
        rg_utf8_repair(line);
    return line;
}

static void check_writes(const conformance *c, finding *f)
{
    static const char *const logs[] = {"stderr.log", "stdout.log"};
    const char *line = NULL;
    if (!has_started(&c->probe[PROBE_TRIAL])) {
        find(f, "skip", NULL, "it has to start first");
        return;
    }
    for (size_t i = 0; i < PROBE_COUNT && !line; i++)
        for (size_t k = 0; k < RG_COUNT(logs) && !line; k++)
            line = refused_line(&c->probe[i], logs[k], c->walk.arena);
    const json_t *seal = resource(&c->probe[PROBE_TRIAL], "seal");
    if (line)
        find(f, "fail",
             "write below {out} ($RIGOR_OUT), temporary files below $TMPDIR, or name a "
             "folder in trainer.writes",
             "it was refused something: %s", line);
    else if (!json_is_true(json_object_get(seal, "sealed")))
        find(f, "skip", NULL, "nothing keeps it from writing elsewhere: it is not sealed");
    else
        find(f, "pass", NULL, "it was refused nothing");
}

static void check_seal(const conformance *c, finding *f)
{
    const json_t *seal = resource(&c->probe[PROBE_TRIAL], "seal"), *attempts = NULL;
    for (size_t i = 0; i < PROBE_COUNT && !attempts; i++)
        attempts = json_object_get(resource(&c->probe[i], "seal"), "attempts");
    const json_t *first = json_array_get(json_object_get(attempts, "first"), 0);
    if (!has_started(&c->probe[PROBE_TRIAL]))
        find(f, "skip", NULL, "it has to start first");
    else if (attempts)
        find(f, "fail", "the report of a study names such attempts; see docs/seal.md",
             "it tried to reach what is sealed: %s (%s, by %s)",
             rg_json_text(first, "path", "?"), rg_json_text(first, "call", "?"),
             rg_json_text(first, "program", "?"));
    else if (!json_is_true(json_object_get(seal, "sealed")))
        find(f, "note", "docs/seal.md says what a kernel needs",
             "the labels are not sealed here: the study will say scored");
    else
        find(f, "pass", NULL, "it tried nothing on the seal");
}

/* ---- The list */

static const struct {
    const char *name;
    bool needed; /* a study cannot do without */
    void (*look)(const conformance *c, finding *f);
} checks[] = {
    {"starts", true, check_starts},
    {"ends", true, check_ends},
    {"reports", true, check_reports},
    {"finite", true, check_finite},
    {"messages", false, check_messages},
    {"predictions", true, check_predictions},
    {"repeats", true, check_repeats},
    {"seed", true, check_seed},
    {"stops", false, check_stops},
    {"resumes", true, check_resumes},
    {"processes", false, check_processes},
    {"writes", false, check_writes},
    {"seal", true, check_seal},
};

json_t *conformance_checks(const conformance *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < RG_COUNT(checks); i++) {
        finding f = {.status = "skip"};
        checks[i].look(c, &f);
        json_t *entry =
            json_pack("{s:s, s:s, s:b, s:s}", "name", checks[i].name, "status", f.status,
                      "needed", checks[i].needed, "detail", rg_str_text(&f.detail));
        if (f.remedy)
            json_object_set_new(entry, "remedy", json_string(f.remedy));
        json_array_append_new(list, entry);
        rg_str_free(&f.detail);
    }
    return list;
}
