/* diff.h - all differences between two runs, two arms or two studies.
 *
 * A side is an object of sections (configuration, data, seed, program, scores, ...); the
 * difference of two sides lists, section by section, the dotted paths at which they differ. */
#ifndef RIGOR_LAB_REPORT_DIFF_H
#define RIGOR_LAB_REPORT_DIFF_H

#include "rigor/store.h"
#include "rigor/study.h"

/* What of a study is compared; `run` is "full@1001", "full/3", "full" or NULL for all of it.
 * The error names what there is.  New reference. */
typedef struct diff_source {
    const rg_study *study;
    rg_ledger *ledger;
    const char *run;
} diff_source;
json_t *diff_side(const diff_source *source, rg_err *err);

/* "full@1001" or "full/3" among the records; NULL with an error that names examples. */
const rg_record *diff_record(const char *which, const rg_record *records, size_t n,
                             rg_err *err);

/* {"a", "b", "same", "sections"} of docs/json.md; what cannot be alike (times, memory) is listed
 * and does not count.  Names and sides are borrowed.  New reference. */
json_t *diff_facts(const char *name_a, const json_t *a, const char *name_b, const json_t *b);

/* For a terminal of `width` columns. */
void diff_text(const json_t *facts, size_t width, rg_str *ret);

#endif
