/* conformance.c - starts a study's program in every way that the study will, in a folder of its own
 * (see conformance.h). */
#include "lab/study/conformance.h"

#include "lab/study/conformance_probe.h"
#include "lab/study/trainer_job.h"

#include <math.h>
#include <string.h>

#define STOP_AFTER_S 1.0 /* a program that says nothing is told to end then */

/* ---- The starts */

static void set_probe(conformance *c, conformance_start which, rg_stage stage, size_t number,
                      const char *predictions)
{
    const rg_study *study = c->walk.study;
    conformance_probe *p = &c->probe[which];
    p->member = (rg_member){.stage = stage,
                            .arm = (size_t)(c->arm - study->arms),
                            .number = number,
                            .seed = rg_seed_derive(study->seed, "conformance/%zu", number),
                            .config = c->arm->config};
    if (stage == RG_EVALUATE && !rg_study_is_self_reported(study))
        p->predictions = rg_arena_printf(c->walk.arena, "%s/predictions/%s.npz",
                                         rg_json_text(c->job, "root", ""), predictions);
}

static void set_probes(conformance *c)
{
    set_probe(c, PROBE_TRIAL, RG_TUNE, 0, "");
    set_probe(c, PROBE_RUN, RG_EVALUATE, 0, "run");
    set_probe(c, PROBE_AGAIN, RG_EVALUATE, 0, "again");
    set_probe(c, PROBE_OTHER, RG_EVALUATE, 1, "other");
    set_probe(c, PROBE_STOPPED, RG_EVALUATE, 0, "stopped");
    set_probe(c, PROBE_RESUMED, RG_EVALUATE, 0, "resumed");
}

static bool start(conformance *c, conformance_start which, rg_err *err)
{
    return conformance_drive(c, &c->probe[which], err);
}

/* In the middle of its training, as near as that can be met. */
static bool stop_it(conformance *c, rg_err *err)
{
    const conformance_probe *run = &c->probe[PROBE_RUN];
    conformance_probe *p = &c->probe[PROBE_STOPPED];
    double took = rg_json_number(rg_json_path(run->last, "resources.wall_s"), 0);
    p->stop = true;
    p->stop_at_checkpoint = run->has_checkpoint;
    if (!run->has_checkpoint)
        p->limit_s = took / 2 < STOP_AFTER_S ? took / 2 : STOP_AFTER_S;
    return start(c, PROBE_STOPPED, err);
}

/* From the checkpoint that the stopped start had said. */
static bool resume_it(conformance *c, rg_err *err)
{
    const conformance_probe *stopped = &c->probe[PROBE_STOPPED];
    const char *text = stopped->kept[0];
    if (!text)
        return true;
    json_t *noted = rg_json_parse(text, strlen(text), conformance_files[0], err);
    c->probe[PROBE_RESUMED].retold =
        (size_t)json_integer_value(json_object_get(noted, "messages"));
    json_decref(noted);
    for (size_t i = 0; i < CONFORMANCE_FILES; i++) {
        const char *path = rg_path_join(c->walk.arena, stopped->place, conformance_files[i]);
        if (stopped->kept[i] &&
            !rg_file_write(path, stopped->kept[i], strlen(stopped->kept[i]), 0644, err))
            return false;
    }
    return start(c, PROBE_RESUMED, err);
}

/* Each start is worth its time only when what comes before it went well. */
static bool start_all(conformance *c, rg_err *err)
{
    if (!start(c, PROBE_TRIAL, err))
        return false;
    if (!conformance_is_done(&c->probe[PROBE_TRIAL]))
        return true;
    if (!start(c, PROBE_RUN, err))
        return false;
    if (!conformance_is_done(&c->probe[PROBE_RUN]))
        return true;
    return start(c, PROBE_AGAIN, err) && start(c, PROBE_OTHER, err) && stop_it(c, err) &&
           resume_it(c, err);
}

/* ---- The folder */

static bool open_work(conformance *c, rg_err *err)
{
    rg_walk *w = &c->walk;
    const rg_study *study = w->study;
    if (!rg_ledger_open(rg_path_join(w->arena, w->options.dir, RG_LEDGER_FILE), RG_LEDGER_WRITE,
                        &w->ledger, err) ||
        !rg_ledger_study(w->ledger, study->name, study->text, study->resolved, study->hash,
                         NULL, err) ||
        !rg_stage_split(w, err))
        return false;
    c->work = (rg_work){.study = study,
                        .ledger = w->ledger,
                        .options = &w->options,
                        .data_info = w->split,
                        .dir = w->options.dir};
    c->job = trainer_job(&c->work, err);
    return c->job && trainer_slots(study->trainer, 1, err) > 0 &&
           rg_dir_make(rg_path_join(w->arena, w->options.dir, "predictions"), 0755, err);
}

static void close_work(conformance *c)
{
    for (size_t i = 0; i < PROBE_COUNT; i++) {
        json_decref(c->probe[i].last);
        for (size_t k = 0; k < CONFORMANCE_FILES; k++)
            rg_free(c->probe[i].kept[k]);
    }
    json_decref(c->job);
    json_decref(c->walk.split);
    if (c->walk.ledger)
        rg_ledger_close(c->walk.ledger);
}

/* ---- The facts */

static json_t *conclude(const conformance *c)
{
    size_t i, failed = 0, fatal = 0;
    json_t *check, *checks = conformance_checks(c);
    json_array_foreach (checks, i, check) {
        bool bad = strcmp(rg_json_text(check, "status", ""), "fail") == 0;
        failed += bad;
        fatal += bad && json_is_true(json_object_get(check, "needed"));
    }
    return json_pack("{s:s, s:I, s:o, s:I, s:b}", "arm", c->arm->name, "trainings",
                     (json_int_t)c->trainings, "checks", checks, "failed", (json_int_t)failed,
                     "ok", fatal == 0);
}

json_t *conformance_facts(const rg_study *study, const conformance_options *options,
                          int *ret_signal, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    json_t *facts = NULL;
    const rg_arm *arm = options->arm ? rg_study_arm(study, options->arm, err) : study->arms;
    char *dir = arm ? rg_dir_scratch(arena, "check", err) : NULL;
    conformance c = {
        .arm = arm,
        .walk = {.study = study,
                 .options = options->run,
                 .arena = arena,
                 .started = rg_clock_ns(),
                 .progress = {
                     .stage = "trainer", .total = PROBE_COUNT, .best = NAN, .left_s = NAN}}};
    c.walk.options.dir = dir;
    if (dir && open_work(&c, err)) {
        set_probes(&c);
        if (start_all(&c, err))
            facts = conclude(&c);
    }
    *ret_signal = c.walk.signal;
    close_work(&c);
    if (dir)
        rg_dir_scratch_end(dir);
    rg_arena_free(arena);
    return facts;
}
