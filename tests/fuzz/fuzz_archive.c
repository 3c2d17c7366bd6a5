/* fuzz_archive.c - any bytes as the tar inside a bundle: refused with a word, or unpacked into its
 * folder and nowhere else. */
#include "lab/report/archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define REQUIRE(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    rg_arena *arena = rg_arena_new();
    rg_err err = {0};
    const char **names;
    size_t n;
    char *around = rg_dir_scratch(arena, "fuzz", &err);
    REQUIRE(around);
    const char *path = rg_path_join(arena, around, "in.tar.gz");
    const char *dir = rg_path_join(arena, around, "out");
    gzFile gz = gzopen(path, "wb1");
    REQUIRE(gz && gzwrite(gz, bytes, (unsigned)size) == (int)size && gzclose(gz) == Z_OK);
    REQUIRE(rg_dir_make(dir, 0700, &err));
    if (archive_unpack(path, dir, arena, &names, &n, &err)) {
        for (size_t i = 0; i < n; i++)
            REQUIRE(rg_path_is_inside(names[i]) &&
                    rg_file_exists(rg_path_join(arena, dir, names[i])));
    } else {
        REQUIRE(err.code != RG_OK && *err.what);
    }
    rg_err ignored = {0};
    REQUIRE(rg_dir_remove(dir, &ignored) && unlink(path) == 0 && rmdir(around) == 0);
    rg_arena_free(arena);
    return 0;
}
