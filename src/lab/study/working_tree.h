/* working_tree.h - the state of the code that is worked on: git's commit and what differs. */
#ifndef RIGOR_LAB_STUDY_WORKING_TREE_H
#define RIGOR_LAB_STUDY_WORKING_TREE_H

#include "rigor/base.h"

#define WORKING_TREE_DIFF_MAX ((size_t)4 << 20) /* bytes of a difference that is kept */

/* {"commit", "changed", "diff_sha256"} of the folder we stand in, the difference being that of
 * `git diff HEAD`; json null outside of a repository.  New reference. */
json_t *working_tree_state(void);

/* Keeps the difference of `state` in the study's folder as environment/diff-SHA256.patch.
 * *ret_kept (new reference): {"path", "sha256", "bytes"}, or NULL when there is nothing to keep:
 * no repository, no change, a difference that is too large or has moved on since. */
bool working_tree_keep(const json_t *state, const char *dir, json_t **ret_kept, rg_err *err);

#endif
