/* protocol.c - the stages of a study.  Read rg_study_run first: it is the table of contents.
 *
 * A stage looks into the ledger for what is done, does the rest, and ends with an event:
 * "split" (behind "audit"), "freeze", "seal-opened", "looked".  An event is written after all
 * that it stands for, so a stage that was cut off is simply walked again. */
#include "rigor/protocol.h"

#include "lab/study/pruner.h"
#include "lab/study/session.h"
#include "lab/study/walk.h"
#include "lab/study/working_tree.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* ---- Progress over all stages */

size_t rg_trials_of(const rg_study *study, const rg_arm *arm)
{
    return arm->space.count > 0 ? study->trials : 0;
}

size_t rg_trials_in_all(const rg_study *study)
{
    size_t total = 0;
    for (size_t a = 0; a < study->n_arms; a++)
        total += rg_trials_of(study, &study->arms[a]);
    return total;
}

/* The time that is left is told for what is known to be left: not for seeds that may follow. */
static void tell(void *ctx, const rg_progress *progress)
{
    rg_walk *w = ctx;
    rg_progress p = *progress;
    energy_poll(&w->energy);
    if (!w->options.progress)
        return;
    size_t trials = rg_trials_in_all(w->study);
    p.elapsed_s = (double)(rg_clock_ns() - w->started) * 1e-9;
    size_t recorded = strcmp(p.stage, "evaluate") == 0 ? trials + p.done : p.done;
    size_t here = recorded > w->n_at_start ? recorded - w->n_at_start : 0;
    size_t left = trials + w->study->n_arms * rg_study_runs(w->study, w->seeds) - recorded;
    p.left_s = here > 0 ? p.elapsed_s / (double)here * (double)left : NAN;
    w->options.progress(w->options.ctx, &p);
}

/* What differs from the commit, as a file beside the ledger, and an event that names it. */
static bool keep_working_tree(const rg_walk *w, rg_err *err)
{
    json_t *kept;
    if (!working_tree_keep(json_object_get(w->session, "git"), w->options.dir, &kept, err))
        return false;
    bool ok = !kept || rg_ledger_event(w->ledger, "working-tree", kept, err);
    json_decref(kept);
    return ok;
}

/* Told once, and only where something is trained under it. */
static bool tell_session(rg_walk *w, rg_err *err)
{
    if (!w->session || w->session_told)
        return true;
    json_t *events = rg_ledger_events(w->ledger, "session", err), *event;
    size_t i;
    json_array_foreach (events, i, event)
        w->session_told |= json_equal(json_object_get(event, "body"), w->session);
    json_decref(events);
    bool ok = !err->code &&
              (w->session_told || (keep_working_tree(w, err) &&
                                   rg_ledger_event(w->ledger, "session", w->session, err)));
    w->session_told = ok;
    return ok;
}

bool rg_walk_perform(rg_walk *w, rg_work *work, const char *stage, rg_err *err)
{
    rg_run_options options = w->options;
    options.ctx = w;
    options.progress = tell;
    work->study = w->study;
    work->ledger = w->ledger;
    work->options = &options;
    work->data_info = w->split;
    work->dir = w->options.dir;
    work->progress = &w->progress;
    bool goes_on = w->progress.stage && strcmp(w->progress.stage, stage) == 0;
    rg_progress fresh = {.stage = stage, .total = work->count, .best = NAN};
    if (goes_on) { /* more seeds: what was best stays so */
        fresh.best = w->progress.best;
        fresh.best_arm = w->progress.best_arm;
    }
    w->progress = fresh;
    if (strcmp(stage, "evaluate") == 0 && rg_study_is_sequential(w->study)) {
        w->progress.seeds = w->seeds;
        w->progress.seeds_max = w->study->n_seeds;
    }
    for (size_t i = 0; i < work->count; i++) {
        const rg_member *m = &work->member[i];
        w->progress.done += m->recorded;
        w->progress.failed += m->recorded && m->failed;
    }
    if (w->progress.done == work->count)
        return true;
    work->session = w->session ? rg_json_text(w->session, "id", NULL) : NULL;
    bool ok = tell_session(w, err) && rg_work_run(work, &w->signal, err);
    if (ok && w->signal == 0)
        tell(w, &w->progress);
    return ok;
}

/* ---- What the ledger knows */

bool rg_walk_read(rg_walk *w, unsigned parts, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    bool ok = rg_ledger_records(w->ledger, parts, arena, &w->records, &w->n_records, err);
    rg_arena *spare = ok ? w->read : arena;
    if (spare)
        rg_arena_free(spare);
    w->read = ok ? arena : w->read;
    return ok;
}

static size_t position_of(const rg_study *study, const char *arm)
{
    size_t a = 0;
    while (a < study->n_arms && strcmp(study->arms[a].name, arm) != 0)
        a++;
    return a;
}

/* Records come by stage, arm in the study's order, and number. */
static int compare_place(const rg_walk *w, const rg_record *r, rg_stage stage, size_t arm,
                         size_t number)
{
    if (r->stage != stage)
        return r->stage < stage ? -1 : 1;
    size_t own = position_of(w->study, r->arm);
    if (own != arm)
        return own < arm ? -1 : 1;
    return r->number < number ? -1 : r->number > number;
}

const rg_record *rg_walk_record(const rg_walk *w, rg_stage stage, const char *arm,
                                size_t number)
{
    size_t from = 0, to = w->n_records, at = position_of(w->study, arm);
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = compare_place(w, &w->records[middle], stage, at, number);
        if (order == 0)
            return &w->records[middle];
        from = order < 0 ? middle + 1 : from;
        to = order < 0 ? to : middle;
    }
    return NULL;
}

void rg_walk_recall(const rg_walk *w, rg_member *m)
{
    const rg_record *r = rg_walk_record(w, m->stage, w->study->arms[m->arm].name, m->number);
    if (!r)
        return;
    m->recorded = true;
    m->failed = r->failed;
    m->point = json_incref(r->point);
    m->score =
        r->failed ? NAN : rg_json_number(json_object_get(r->validation, w->study->metric), NAN);
}

void rg_members_free(rg_work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        json_decref(work->member[i].point);
        json_decref(work->member[i].config);
    }
    pruner_close(work);
}

/* ---- The study's identity */

/* Adds the dotted paths at which two values differ, at most a few of them. */
static void differences(const json_t *a, const json_t *b, const char *path, rg_str *out)
{
    if (json_equal(a, b) || out->len > 200)
        return;
    if (!json_is_object(a) || !json_is_object(b)) {
        rg_str_printf(out, "%s%s", out->len ? ", " : "", path);
        return;
    }
    const char *key;
    json_t *value;
    rg_str deeper = {.max = 300};
    json_object_foreach ((json_t *)(uintptr_t)a, key, value) {
        rg_str_clear(&deeper);
        rg_str_printf(&deeper, "%s%s%s", path, *path ? "." : "", key);
        differences(value, json_object_get(b, key), rg_str_text(&deeper), out);
    }
    json_object_foreach ((json_t *)(uintptr_t)b, key, value) {
        rg_str_clear(&deeper);
        rg_str_printf(&deeper, "%s%s%s", path, *path ? "." : "", key);
        if (!json_object_get(a, key))
            differences(NULL, value, rg_str_text(&deeper), out);
    }
    rg_str_free(&deeper);
}

static bool same_study(const rg_study *study, const json_t *recorded, rg_err *err)
{
    if (strcmp(rg_json_text(recorded, "hash", ""), study->hash) == 0)
        return true;
    rg_str where = {.max = 400};
    differences(json_object_get(recorded, "resolved"), study->resolved, "", &where);
    rg_fail(err, RG_INPUT, study->path,
            "give the new study a name of its own (study=NAME), or begin anew with --fresh "
            "(the old folder is kept beside it)",
            "a study named %s was begun with other settings; they differ in: %s", study->name,
            rg_str_text(&where));
    rg_str_free(&where);
    return false;
}

static bool identify(rg_walk *w, const json_t *environment, rg_err *err)
{
    const rg_study *study = w->study;
    json_t *recorded = rg_ledger_study_json(w->ledger, err);
    bool fresh = json_is_null(recorded);
    bool ok = recorded && (fresh || same_study(study, recorded, err));
    json_decref(recorded);
    if (ok && fresh)
        ok = rg_ledger_study(w->ledger, study->name, study->text, study->resolved, study->hash,
                             environment, err);
    return ok && rg_ledger_count(w->ledger, &w->n_at_start, err);
}

/* What this walk cost; a study that was interrupted is paid for in parts. */
static bool record_cost(rg_walk *w, rg_err *err)
{
    struct rusage own, workers;
    size_t recorded;
    if (!rg_ledger_count(w->ledger, &recorded, err))
        return false;
    if (recorded == w->n_at_start)
        return true;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &workers);
    double cpu_s = 0;
    const struct timeval parts[] = {own.ru_utime, own.ru_stime, workers.ru_utime,
                                    workers.ru_stime};
    for (size_t i = 0; i < RG_COUNT(parts); i++)
        cpu_s += (double)parts[i].tv_sec + (double)parts[i].tv_usec * 1e-6;
    energy_poll(&w->energy);
    json_t *body = json_pack("{s:f, s:f, s:o, s:i, s:I}", "wall_s",
                             (double)(rg_clock_ns() - w->started) * 1e-9, "cpu_s", cpu_s,
                             "energy_j", rg_json_real(energy_joules(&w->energy)), "signal",
                             w->signal, "members", (json_int_t)(recorded - w->n_at_start));
    bool ok = rg_ledger_event(w->ledger, "finished", body, err);
    json_decref(body);
    return ok;
}

/* ---- The table of contents */

bool rg_study_run(const rg_study *study, rg_ledger *ledger, const rg_run_options *options,
                  const json_t *environment, int *ret_signal, rg_err *err)
{
    static bool (*const stages[])(rg_walk *, rg_err *) = {rg_stage_split, rg_stage_tune,
                                                          rg_stage_evaluate};
    rg_walk w = {.study = study,
                 .ledger = ledger,
                 .options = *options,
                 .arena = rg_arena_new(),
                 .seeds = study->seeds_min,
                 .session = rg_session_of(study, environment),
                 .started = rg_clock_ns()};
    if (w.options.jobs <= 0)
        w.options.jobs = rg_cpu_count();
    energy_open(&w.energy, ENERGY_ROOT);
    bool ok = identify(&w, environment, err);
    for (size_t i = 0; ok && w.signal == 0 && i < RG_COUNT(stages); i++)
        ok = stages[i](&w, err);
    ok = ok && record_cost(&w, err);
    *ret_signal = w.signal;
    json_decref(w.split);
    json_decref(w.freeze);
    json_decref(w.session);
    if (w.read)
        rg_arena_free(w.read);
    rg_arena_free(w.arena);
    return ok;
}
