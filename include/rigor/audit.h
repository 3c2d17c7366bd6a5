/* audit.h - what is wrong with a data set and its split, as findings.
 *
 * Each check is a file of src/lab/audit; docs/audit.md says their rules and their cost. */
#ifndef RIGOR_AUDIT_H
#define RIGOR_AUDIT_H

#include "rigor/data.h"

typedef enum rg_severity {
    RG_FINDING_NOTE,    /* worth knowing */
    RG_FINDING_WARNING, /* may bend a result */
    RG_FINDING_DANGER,  /* a result on this split would say something else than it seems to */
} rg_severity;

typedef struct rg_audit_options {
    bool quick;    /* without the checks that look for neighbours */
    uint64_t seed; /* of what is drawn */
} rg_audit_options;

/* New reference, or NULL (no memory):
 *   format    "rigor-audit/1"
 *   data      {name, rows, features, task, classes}
 *   split     {train, val, test, left_out}: rows
 *   checks    names of the checks that ran
 *   seed      of what was drawn
 *   columns_of  rows that the checks of columns looked at: all, or a sample of large data
 *   counts    {danger, warning, note}
 *   findings  [{check, severity, where, what, evidence, remedy}], the worst first: `where` is a
 *             column, a part or "", `evidence` an object: "rows" are rows of the data set from 0,
 *             "lines" the same rows as lines of the file
 * Equal arguments give equal bytes. */
json_t *rg_audit(const rg_dataset *data, const rg_split *split, const rg_audit_options *options,
                 rg_err *err);

#endif
