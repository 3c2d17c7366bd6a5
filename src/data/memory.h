/* memory.h - room for what a user's file decides: too large is an error, not the end. */
#ifndef RIGOR_DATA_MEMORY_H
#define RIGOR_DATA_MEMORY_H

#include "rigor/base.h"

/* n zeroed items of `bytes` each, owned by the arena; NULL and an RG_INTERNAL error when the
 * machine has no room for them.  n == 0 gives a valid pointer. */
void *rg_data_room(rg_arena *arena, size_t n, size_t bytes, const char *where, rg_err *err);

#define RG_DATA_ROOM(arena, type, n, where, err) \
    ((type *)rg_data_room((arena), (n), sizeof(type), (where), (err)))

/* A file in memory, unpacked when it was gzip; the bytes live as long as the arena.  hash,
 * unless NULL: of the file as it lies on the disk. */
typedef struct rg_data_bytes {
    char *at; /* at[len] is 0 */
    size_t len;
} rg_data_bytes;
bool rg_data_file(const char *path, size_t max, rg_arena *arena, rg_data_bytes *ret, char *hash,
                  rg_err *err);

/* "path:line" in `out`, which it returns. */
const char *rg_data_where(char out[160], const char *path, size_t line);

#endif
