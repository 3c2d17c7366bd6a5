/* replay.h - takes every decision of a study again, from the recorded results alone.
 *
 * The search is driven as the study drives it, but nobody trains: when a trial "finishes", its
 * recorded result is handed in.  Who works how long on what is invented, and must not matter. */
#ifndef RIGOR_LAB_STUDY_REPLAY_H
#define RIGOR_LAB_STUDY_REPLAY_H

#include "rigor/protocol.h"

typedef struct replay_options {
    const int *workers; /* sizes of the pools to invent */
    size_t n_workers;
    size_t orders; /* random orders for each of them */
    uint64_t seed; /* of the orders */
} replay_options;

/* {"study", "ok", "checks": [{"name", "status", "detail"}]} of docs/json.md; the checks are
 * "recorded order", "N workers, seed S" for each invented one (with "workers", "seed" and
 * "decisions" beside), "runs", "looks" and "sequence".  New reference; NULL with an error when
 * the ledger cannot be read. */
json_t *replay_facts(const rg_study *study, rg_ledger *ledger, const replay_options *options,
                     rg_err *err);

/* ---- replay_sequence.c */

/* Whether the events stand in the order that the protocol asks for; adds what does not to
 * `wrong`, separated by "; ". */
void replay_sequence(const json_t *events, rg_str *wrong);

#endif
