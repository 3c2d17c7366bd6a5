/* placebo.c - trains one arm under many seeds for the A/A check (see placebo.h). */
#include "lab/study/placebo.h"

#include "lab/study/walk.h"

#include <math.h>
#include <string.h>

enum { RUNS_LEAST = 24, RUNS_MOST = 40, EPOCHS_MOST = 20 };

/* ---- What is trained */

/* Unless one is named, the baseline of the first claim. */
static const rg_arm *choose_arm(const rg_study *study, const char *name, rg_err *err)
{
    return name ? rg_study_arm(study, name, err)
                : &study->arms[study->n_claims ? study->claims[0].b : 0];
}

/* Two groups at least; all arms' groups where 40 runs are enough. */
static size_t count_runs(const rg_study *study, size_t wanted)
{
    size_t n = study->n_seeds, all = n * study->n_arms;
    size_t usual = all < RUNS_LEAST ? RUNS_LEAST : all > RUNS_MOST ? RUNS_MOST : all;
    size_t runs = wanted ? wanted : usual;
    return runs < 2 * n ? 2 * n : runs;
}

/* The arm's default configuration, with fewer epochs where it has many.  New reference. */
static json_t *cheap_config(const rg_arm *arm, size_t wanted, size_t *ret_epochs)
{
    json_t *config = json_deep_copy(arm->config);
    const json_t *own = rg_json_path(config, "train.epochs");
    size_t epochs = (size_t)json_integer_value(own);
    *ret_epochs = 0;
    if (!json_is_integer(own))
        return config;
    size_t most = wanted ? wanted : EPOCHS_MOST;
    *ret_epochs = wanted || epochs > most ? most : epochs;
    rg_json_path_set(config, "train.epochs", json_integer((json_int_t)*ret_epochs));
    return config;
}

/* ---- Training */

typedef struct placebo_walk {
    rg_walk walk;
    rg_work work;
    size_t next, end; /* members that may be handed out */
    const placebo_options *options;
} placebo_walk;

static size_t next_run(rg_work *work)
{
    placebo_walk *p = work->ctx;
    return p->next < p->end ? p->next++ : RG_NO_MEMBER;
}

static size_t ready_runs(const rg_work *work)
{
    const placebo_walk *p = work->ctx;
    return p->end - p->next;
}

static void tell(void *ctx, const rg_progress *progress)
{
    placebo_walk *p = ctx;
    rg_progress told = *progress;
    told.elapsed_s = (double)(rg_clock_ns() - p->walk.started) * 1e-9;
    told.left_s =
        told.done ? told.elapsed_s / (double)told.done * (double)(told.total - told.done) : NAN;
    p->options->run.progress(p->options->run.ctx, &told);
}

static void open_members(placebo_walk *p, const rg_arm *arm, const json_t *config, size_t runs)
{
    const rg_study *study = p->walk.study;
    p->work.member = RG_ARENA_ARRAY(p->walk.arena, rg_member, runs);
    p->work.count = runs;
    for (size_t i = 0; i < runs; i++)
        p->work.member[i] = (rg_member){.stage = RG_TUNE,
                                        .arm = (size_t)(arm - study->arms),
                                        .number = i,
                                        .score = NAN,
                                        .seed = rg_seed_derive(study->seed, "placebo/%zu", i),
                                        .config = json_incref((json_t *)(uintptr_t)config)};
}

/* Members up to `end`.  The work's count is cut to them, as it must all be recorded. */
static bool train_until(placebo_walk *p, size_t end, rg_err *err)
{
    rg_run_options options = p->walk.options;
    options.ctx = p;
    options.progress = p->options->run.progress ? tell : NULL;
    p->end = end;
    p->work.options = &options;
    size_t all = p->work.count;
    p->work.count = end;
    bool ok = rg_work_run(&p->work, &p->walk.signal, err);
    p->work.count = all;
    return ok;
}

/* One run alone says how long the others will take. */
static bool train_all(placebo_walk *p, rg_err *err)
{
    uint64_t start = rg_clock_ns();
    if (!train_until(p, 1, err) || p->walk.signal)
        return !err->code;
    double one = (double)(rg_clock_ns() - start) * 1e-9;
    size_t left = p->work.count - 1, jobs = (size_t)p->walk.options.jobs;
    if (p->options->estimate)
        p->options->estimate(p->options->run.ctx, p->work.count,
                             one * ceil((double)left / (double)jobs));
    return train_until(p, p->work.count, err);
}

static bool collect(const placebo_walk *p, rg_arena *arena, placebo_runs *ret)
{
    const rg_study *study = p->walk.study;
    ret->count = p->work.count;
    ret->score = RG_ARENA_ARRAY(arena, double, ret->count);
    ret->has_failed = RG_ARENA_ARRAY(arena, bool, ret->count);
    for (size_t i = 0; i < ret->count; i++) {
        const rg_member *m = &p->work.member[i];
        ret->has_failed[i] = m->failed || isnan(m->score);
        ret->failed += ret->has_failed[i];
        ret->score[i] = ret->has_failed[i] ? study->metric_worst : m->score;
    }
    return true;
}

static bool walk_placebo(placebo_walk *p, const rg_arm *arm, const json_t *config, size_t runs,
                         rg_err *err)
{
    const rg_study *study = p->walk.study;
    if (!rg_ledger_study(p->walk.ledger, study->name, study->text, study->resolved, study->hash,
                         NULL, err) ||
        !rg_stage_split(&p->walk, err))
        return false;
    p->work = (rg_work){.study = study,
                        .ledger = p->walk.ledger,
                        .data_info = p->walk.split,
                        .dir = p->walk.options.dir,
                        .progress = &p->walk.progress,
                        .ctx = p,
                        .next = next_run,
                        .ready = ready_runs};
    p->walk.progress = (rg_progress){.stage = "placebo", .total = runs, .best = NAN};
    open_members(p, arm, config, runs);
    return train_all(p, err);
}

bool placebo_train(const rg_study *study, const placebo_options *options, rg_arena *arena,
                   placebo_runs *ret, int *ret_signal, rg_err *err)
{
    placebo_runs runs = {.arm = choose_arm(study, options->arm, err)};
    char *dir = runs.arm ? rg_dir_scratch(arena, "placebo", err) : NULL;
    if (!dir)
        return false;
    placebo_walk p = {
        .options = options,
        .walk = {
            .study = study, .options = options->run, .arena = arena, .started = rg_clock_ns()}};
    p.walk.options.dir = dir;
    if (p.walk.options.jobs <= 0)
        p.walk.options.jobs = rg_cpu_count();
    json_t *config = cheap_config(runs.arm, options->epochs, &runs.epochs);
    bool ok = rg_ledger_open(rg_path_join(arena, dir, RG_LEDGER_FILE), RG_LEDGER_WRITE,
                             &p.walk.ledger, err) &&
              walk_placebo(&p, runs.arm, config, count_runs(study, options->runs), err) &&
              collect(&p, arena, &runs);
    rg_members_free(&p.work);
    if (p.walk.ledger)
        rg_ledger_close(p.walk.ledger);
    json_decref(p.walk.split);
    json_decref(config);
    rg_dir_scratch_end(dir);
    *ret_signal = p.walk.signal;
    if (ok)
        *ret = runs;
    return ok;
}
