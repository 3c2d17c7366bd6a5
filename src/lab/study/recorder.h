/* recorder.h - results on their way into the ledger: what members report is collected, and what
 * they came to is written in batches, in the order in which it came.
 *
 * A batch is one transaction: waiting for the disk once for many short trials is what makes
 * hundreds of them a second durable.  A kill loses the batch as it loses what is in flight: those
 * members are trained again.  No decision is lost of which the ledger holds a consequence, as the
 * result that a suggestion rests on stands before it. */
#ifndef RIGOR_LAB_STUDY_RECORDER_H
#define RIGOR_LAB_STUDY_RECORDER_H

#include "lab/study/runner.h"

typedef struct curve { /* one metric over steps, as far as it was reported */
    char name[64];
    RG_VEC(int64_t) step;
    RG_VEC(double) value;
} curve;

typedef struct rg_collected {
    RG_VEC(curve) curves;
} rg_collected;

void recorder_collect(rg_member *m, const json_t *message);
void recorder_forget(rg_member *m); /* what it reported: it will be trained again */
/* That it was ended from outside, with what it had tried against the seal: that is not forgotten. */
void recorder_note_again(rg_member *m, const char *reason, const json_t *message);

/* Queues the result of a member: `message` (done), or the reason why it failed.  The member is
 * recorded from here on.  True also means that the queue was short enough, or could be written. */
bool recorder_add(rg_work *work, size_t id, const json_t *message, const char *reason,
                  rg_err *err);
bool recorder_flush(rg_work *work, rg_err *err); /* durable when true */
void recorder_close(rg_work *work);              /* frees; what was not written is lost */

#endif
