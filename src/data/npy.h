/* npy.h - what the readers and writers of arrays share. */
#ifndef RIGOR_DATA_NPY_H
#define RIGOR_DATA_NPY_H

#include "rigor/data.h"

size_t rg_array_item(rg_array_type type);     /* bytes of one element */
size_t rg_array_count(const rg_array *array); /* product of the dimensions */
void rg_array_doubles(const rg_array *array, double *ret);

/* The .npy header (version 1) of an array; returns its length. */
#define RG_NPY_HEADER_MAX 384
size_t rg_npy_header(const rg_array *array, char out[RG_NPY_HEADER_MAX]);

/* Files in memory: an .npz archive, an unpacked IDX file. */
bool rg_npz_parse(const char *data, size_t len, const char *where, rg_arena *arena,
                  rg_arrays *ret, rg_err *err);
/* The same, of at most `max` bytes when unpacked: for archives that may come from anywhere. */
bool rg_npz_parse_within(const char *data, size_t len, size_t max, const char *where,
                         rg_arena *arena, rg_arrays *ret, rg_err *err);
bool rg_idx_parse(const char *data, size_t len, const char *where, rg_arena *arena,
                  rg_array *ret, rg_err *err);

#endif
