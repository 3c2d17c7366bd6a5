/* split.h - the ways of splitting: at random, by group, by time, from index files. */
#ifndef RIGOR_DATA_SPLIT_H
#define RIGOR_DATA_SPLIT_H

#include "rigor/data.h"

/* Shuffles the list of n rows so that its first `take` are a random (stratified) sample. */
void rg_split_cut(const rg_dataset *data, bool stratify, uint32_t *list, size_t n, size_t take,
                  rg_rng *rng);

/* Each writes the part of every row, 0 train, 1 val, 2 test, or RG_SPLIT_NONE; a part may be
 * empty. The columns of the spec are those of the data set's roles. */
enum { RG_SPLIT_NONE = 3 };
bool rg_split_by_group(const rg_dataset *data, const rg_split_spec *spec, uint8_t *part,
                       rg_err *err);
void rg_split_fold(const rg_dataset *data, const rg_split_spec *spec, uint8_t *part);
void rg_split_by_time(const rg_dataset *data, const rg_split_spec *spec, uint8_t *part);

/* Reads the index files of train, val and test; a NULL file leaves its list empty.  A row out
 * of range, or listed twice, is an error at file:line. */
bool rg_split_files(const rg_dataset *data, const char *const files[3], rg_arena *arena,
                    uint32_t *ret[3], size_t ret_n[3], rg_err *err);

#endif
