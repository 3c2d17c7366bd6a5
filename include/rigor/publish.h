/* publish.h - from a ledger to the report's files, and the proof that they follow from it. */
#ifndef RIGOR_PUBLISH_H
#define RIGOR_PUBLISH_H

#include "rigor/report.h"

/* The facts as they stand, with fingerprint.  When the study is complete and this was not
 * recorded yet, an event "analysed" {fingerprint} is appended first, so that the head is the
 * report's. */
json_t *rg_study_facts(const rg_study *study, rg_ledger *ledger, rg_err *err);
/* Writes report.EXTENSION into dir for each named rendering.  formats: NULL-terminated. */
bool rg_report_write(const json_t *facts, const char *dir, const char *const *formats,
                     rg_err *err);

/* What a ledger proves: its chain and tables; the files of the study against their hashes;
 * scores from predictions and labels; the frozen choice from the trials; the figures from the
 * rows; the signature of its head.  *ret_report (new reference): {"study", "ok", "checks":
 * [{"name", "status", "detail"}]}; false only when the study cannot be read. */
typedef struct rg_verify_options {
    const char *key; /* the public key that has to have signed it, or a file of it; NULL: any */
    bool bundled;    /* a bundle, which holds no data and perhaps no labels */
} rg_verify_options;
/* options NULL: all of them NULL and false. */
bool rg_study_verify(const rg_study *study, rg_ledger *ledger, const char *dir,
                     const rg_verify_options *options, json_t **ret_report, rg_err *err);

#endif
