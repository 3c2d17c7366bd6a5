/* memory.c - room for files and tables. */
#include "data/memory.h"

#include <stdio.h>
#include <string.h>

void *rg_data_room(rg_arena *arena, size_t n, size_t bytes, const char *where, rg_err *err)
{
    size_t total = 0;
    void *room = NULL;
    if (!__builtin_mul_overflow(n, bytes, &total) && total <= PTRDIFF_MAX)
        room = rg_try_alloc(total ? total : 1);
    if (!room) {
        rg_fail(err, RG_INTERNAL, where, "use a smaller file or a machine with more memory",
                "there is no memory for %zu items of %zu bytes", n, bytes);
        return NULL;
    }
    rg_arena_defer(arena, rg_free, room);
    return room;
}

bool rg_data_file(const char *path, size_t max, rg_arena *arena, rg_data_bytes *ret, char *hash,
                  rg_err *err)
{
    rg_data_bytes bytes = {0};
    if (!rg_file_read(path, max, &bytes.at, &bytes.len, err))
        return false;
    if (hash)
        rg_sha_of(bytes.at, bytes.len, hash);
    if (bytes.len >= 2 && !memcmp(bytes.at, "\x1f\x8b", 2)) {
        char *plain = NULL;
        bool good = rg_gunzip(bytes.at, bytes.len, max, path, &plain, &bytes.len, err);
        rg_free(bytes.at);
        if (!good)
            return false;
        bytes.at = plain;
    }
    rg_arena_defer(arena, rg_free, bytes.at);
    *ret = bytes;
    return true;
}

const char *rg_data_where(char out[160], const char *path, size_t line)
{
    snprintf(out, 160, "%.130s:%zu", path, line);
    return out;
}
