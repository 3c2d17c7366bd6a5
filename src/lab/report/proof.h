/* proof.h - what the checks of rigor verify share (private to src/lab/report). */
#ifndef RIGOR_LAB_REPORT_PROOF_H
#define RIGOR_LAB_REPORT_PROOF_H

#include "rigor/protocol.h"
#include "rigor/publish.h"

typedef struct proof {
    const rg_study *study;
    rg_ledger *ledger;
    const char *dir;
    rg_verify_options options;
    rg_arena *arena;
    const rg_record *records;
    size_t n_records;
    rg_str wrong; /* what is wrong, of the check under way */
    rg_str right; /* what was looked at */
} proof;

void proof_complain(proof *p, const char *fmt, ...) RG_PRINTF(2, 3);

/* verify_files.c: every file that the ledger names has the hash that it names, and no other file
 * lies beside them. */
bool proof_check_files(proof *p, rg_err *err);

/* Files that the ledger names, in order of their names, each once; they live in the arena. */
typedef struct proof_file {
    const char *path, *sha; /* path: inside the study's folder */
} proof_file;
bool proof_files(rg_ledger *ledger, const rg_record *records, size_t n_records, rg_arena *arena,
                 proof_file **ret, size_t *ret_n, rg_err *err);

#endif
