/* session.h - under what a study's runs were trained: a study that was stopped may go on with
 * another program, on another machine. */
#ifndef RIGOR_LAB_STUDY_SESSION_H
#define RIGOR_LAB_STUDY_SESSION_H

#include "rigor/store.h"
#include "rigor/study.h"

/* "machine", "program", "libraries", "code", and the keys of an environment that they are. */
typedef struct rg_session_aspect {
    const char *what, *keys[4]; /* NULL-terminated */
} rg_session_aspect;
extern const rg_session_aspect rg_session_aspects[]; /* ends with what == NULL */

/* What of an environment (rg_environment) can change results: machine, program, libraries,
 * code, and the files that the study's trainer is made of; with "id", twelve letters that are equal for equal ones.  New reference; NULL for NULL.
 */
json_t *rg_session_of(const rg_study *study, const json_t *environment);

/* The session that a record's resources name, as the ledger holds it.  New reference; NULL when
 * there is none. */
json_t *rg_session_recorded(rg_ledger *ledger, const json_t *resources, rg_err *err);

/* In what two sessions differ, in words: ["machine (A, B)", "program (...)"].  New reference.
 */
json_t *rg_session_differences(const json_t *a, const json_t *b);

#endif
