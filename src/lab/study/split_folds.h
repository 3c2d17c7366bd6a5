/* split_folds.h - what the ledger is told of cuts: of one, and of one for each fold. */
#ifndef RIGOR_LAB_STUDY_SPLIT_FOLDS_H
#define RIGOR_LAB_STUDY_SPLIT_FOLDS_H

#include "rigor/audit.h"

/* {"train", "val", "test"}: rows.  New reference. */
json_t *split_sizes(const rg_split *split);
/* {"folds": n, "parts": [{"train", "val", "test", "left_out", "hash"}]}.  New reference. */
json_t *split_folds_sizes(const rg_split *at, size_t n);
/* Of the hashes of all folds' splits, one a line. */
void split_folds_hash(const rg_split *at, size_t n, char ret[RG_HEX]);
/* The infos of rg_parts_make as one: what is the same for all folds stands once, "files" have their
 * folder in their names ("fold-1/train.npz"), the rest is a list, "folds".  New reference. */
json_t *split_folds_info(json_t *const *info, size_t n);
/* The first fold's audit, with what the others find beside: each such finding has a "fold", and
 * those that an earlier fold has word for word are left out.  NULL: see *err. */
json_t *split_folds_audit(const rg_dataset *data, const rg_split *at, size_t n,
                          const rg_audit_options *options, rg_err *err);

#endif
