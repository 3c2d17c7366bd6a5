/* trainer_job.h - what a launcher is told about the trials of a study whose trainer is a program
 * (docs/protocol.md, "The launcher"). */
#ifndef RIGOR_LAB_STUDY_TRAINER_JOB_H
#define RIGOR_LAB_STUDY_TRAINER_JOB_H

#include "lab/study/runner.h"

/* All but the members: the program, its limits, the data (of the first fold, where the study has
 * folds), what stays out of its reach.  New reference; NULL: see *err. */
json_t *trainer_job(const rg_work *work, rg_err *err);
/* That of the work, for members of this fold (0: the study has one cut), whose reference it takes.
 * New reference. */
json_t *trainer_job_of(const rg_work *work, size_t fold, json_t *members);

/* The folder of a member inside the study's: "runs/tune/full-3". */
char *trainer_place(const rg_work *work, const rg_member *m, rg_arena *arena);

/* What a message tells of the sandbox, as an event of the ledger: once for each session, and again
 * when it has changed. */
bool trainer_granted(const rg_work *work, const json_t *message, rg_err *err);

/* How many launchers fit the machine, at most `jobs`: cores, and GPUs where a trial takes some.  0:
 * see *err. */
int trainer_slots(const rg_trainer *trainer, int jobs, rg_err *err);

/* {word: SHA-256} of the words of the command that are files: the program, its script.  New
 * reference. */
json_t *trainer_files(const rg_trainer *trainer);

/* A descriptor that all launchers inherit.  The call waits until those of an earlier runner, which
 * was killed, have ended what they were at: two of them must not share a trial's folder.  -1: see
 * *err. */
int trainer_lock(const char *dir, rg_err *err);

#endif
