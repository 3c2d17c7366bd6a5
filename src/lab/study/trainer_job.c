/* trainer_job.c - a study's trainer as launchers take it (see trainer_job.h). */
#include "lab/study/trainer_job.h"

#include "lab/study/leftover.h"
#include "lab/study/reach.h"
#include "rigor/trial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 30000
#define NAP_MS 20

/* ---- The job */

static json_t *words(const char *const *at, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(at[i]));
    return list;
}

static json_t *program_json(const rg_trainer *t)
{
    char *folder = realpath(t->folder, NULL);
    json_t *ret = json_pack(
        "{s:o, s:s, s:o, s:O, s:o, s:f, s:f, s:f, s:I, s:I, s:i, s:b, s:b}", "command",
        words(t->command, t->n_command), "folder", folder ? folder : t->folder, "reads",
        words(t->reads, t->n_reads), "env", t->env, "writes", words(t->writes, t->n_writes),
        "time_s", t->time_s, "grace_s", t->grace_s, "devices", t->devices, "memory_bytes",
        (json_int_t)t->memory_bytes, "log_bytes", (json_int_t)t->log_bytes, "threads",
        t->threads, "network", t->network, "seal", t->seal);
    free(folder);
    return ret;
}

static json_t *files_json(const rg_study *study, const char *root, size_t fold)
{
    static const char *const parts[] = {"train", "val", "test_inputs"};
    static const char *const endings[] = {[RG_FORM_NPZ] = "npz", [RG_FORM_CSV] = "csv"};
    if (!study->data)
        return json_null();
    rg_arena *arena = rg_arena_new();
    const char *dir = rg_path_join(arena, root, rg_parts_path(arena, fold));
    json_t *files =
        json_pack("{s:s, s:o}", "folder", dir, "ids", json_sprintf("%s/test_inputs.npz", dir));
    for (size_t i = 0; i < RG_COUNT(parts); i++)
        json_object_set_new(
            files, parts[i],
            json_sprintf("%s/%s.%s", dir, parts[i], endings[study->trainer->form]));
    rg_arena_free(arena);
    return files;
}

json_t *trainer_job(const rg_work *work, rg_err *err)
{
    const rg_study *study = work->study;
    char *dir = realpath(work->dir, NULL);
    if (!dir) {
        rg_fail(err, RG_INTERNAL, work->dir, "check its permissions", "cannot be found: %s",
                strerror(errno));
        return NULL;
    }
    json_t *metrics = words(&study->metric, 1);
    for (size_t i = 0; i < study->n_also; i++)
        json_array_append_new(metrics, json_string(study->also[i]));
    size_t fold = rg_study_fold_of(study, 0);
    json_t *job =
        json_pack("{s:s, s:s, s:o, s:o, s:s, s:o, s:o}", "study", study->name, "root", dir,
                  "trainer", program_json(study->trainer), "data", files_json(study, dir, fold),
                  "metric", study->metric, "metrics", metrics, "hidden",
                  rg_out_of_reach(study, dir, work->original, fold));
    json_object_set(job, "classes", rg_json_path(work->data_info, "info.classes"));
    free(dir);
    return job;
}

json_t *trainer_job_of(const rg_work *work, size_t fold, json_t *members)
{
    const char *root = rg_json_text(work->trainer, "root", "");
    json_t *job = json_copy(work->trainer);
    if (fold)
        json_object_set_new(job, "data", files_json(work->study, root, fold));
    /* Anew for each trial: a study beside this one may have begun a moment ago. */
    json_object_set_new(job, "hidden",
                        rg_out_of_reach(work->study, root, work->original, fold));
    json_object_set_new(job, "members", members);
    return job;
}

char *trainer_place(const rg_work *work, const rg_member *m, rg_arena *arena)
{
    return rg_arena_printf(arena, "runs/%s/%s-%zu", m->stage == RG_TUNE ? "tune" : "evaluate",
                           work->study->arms[m->arm].name, m->number);
}

/* ---- What the sandbox grants */

/* All but the names of files beside the hidden ones, which come and go. */
static json_t *essence_of(const json_t *granted)
{
    json_t *ret = json_copy((json_t *)(uintptr_t)granted);
    json_object_del(ret, "read");
    return ret;
}

static bool is_known(const rg_work *work, const json_t *body, rg_err *err)
{
    json_t *events = rg_ledger_events(work->ledger, "granted", err), *event;
    json_t *own = essence_of(body);
    bool known = false;
    size_t i;
    json_array_foreach (events, i, event) {
        json_t *other = essence_of(json_object_get(event, "body"));
        known |= json_equal(own, other);
        json_decref(other);
    }
    json_decref(own);
    json_decref(events);
    return known;
}

bool trainer_granted(const rg_work *work, const json_t *message, rg_err *err)
{
    const json_t *granted = json_object_get(message, "granted");
    if (!granted)
        return true;
    json_t *body = json_copy((json_t *)(uintptr_t)granted);
    if (work->session)
        json_object_set_new(body, "session", json_string(work->session));
    bool ok = is_known(work, body, err) ||
              (!err->code && rg_ledger_event(work->ledger, "granted", body, err));
    json_decref(body);
    return ok;
}

/* ---- Places */

/* Of $RIGOR_GPUS, else those that CUDA may use, else what the driver shows. */
static int count_gpus(void)
{
    const char *told = getenv("RIGOR_GPUS"), *list = getenv(RG_GPU_LIST);
    int64_t count = 0;
    if (told && rg_text_int(told, &count) && count >= 0 && count < 1024)
        return (int)count;
    if (list && *list)
        return (int)rg_gpu_count(list);
    DIR *folder = opendir("/proc/driver/nvidia/gpus");
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    if (folder)
        closedir(folder);
    return (int)count;
}

int trainer_slots(const rg_trainer *trainer, int jobs, rg_err *err)
{
    int by_cores = rg_cpu_count() / trainer->threads;
    int slots = jobs < by_cores || trainer->threads == 1 ? jobs : by_cores;
    slots = slots < 1 ? 1 : slots;
    if (trainer->devices <= 0)
        return slots;
    int by_gpus = trainer->devices < 1 ? count_gpus() * rg_gpu_sharing(trainer->devices)
                                       : count_gpus() / (int)trainer->devices;
    if (by_gpus < 1)
        rg_fail(err, RG_INPUT, "trainer.gpus",
                "leave it out to train without, or say how many there are (RIGOR_GPUS=1)",
                "a trial takes %g GPUs, and this machine has %d", trainer->devices,
                count_gpus());
    return slots < by_gpus ? slots : by_gpus;
}

int trainer_lock(const char *dir, rg_err *err)
{
    char path[4096], runs[PATH_MAX];
    const struct timespec nap = {.tv_nsec = NAP_MS * 1000000L};
    snprintf(path, sizeof(path), "%s/runs", dir);
    if (!rg_dir_make(path, 0755, err))
        return -1;
    if (!realpath(path, runs)) {
        rg_fail(err, RG_INTERNAL, path, "check its permissions", "cannot be found");
        return -1;
    }
    snprintf(path, sizeof(path), "%s/runs/.lock", dir);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    for (int waited = 0; file >= 0 && waited <= WAIT_MS; waited += NAP_MS) {
        if (flock(file, LOCK_EX | LOCK_NB) == 0) {
            leftover_end(runs);
            return file;
        }
        nanosleep(&nap, NULL);
    }
    rg_fail(err, RG_INTERNAL, path, "end the processes named `rigor launch`",
            file < 0 ? "cannot be written" : "trials of an earlier run have not ended yet");
    if (file >= 0)
        close(file);
    return -1;
}
