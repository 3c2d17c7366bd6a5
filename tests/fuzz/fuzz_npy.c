/* fuzz_npy.c - any bytes as an .npy array, an .npz archive and an IDX file. */
#include "data/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

/* Reads every byte of an array, so that the sanitizer sees whether it is there. */
static void touch(const rg_array *array)
{
    static volatile unsigned char sink;
    REQUIRE(array->rank >= 0 && array->rank <= 8);
    size_t bytes = rg_array_count(array) * rg_array_item(array->type);
    for (size_t i = 0; i < bytes; i++)
        sink = (unsigned char)(sink ^ ((const unsigned char *)array->data)[i]);
}

typedef bool parser(const char *data, size_t len, const char *where, rg_arena *arena,
                    rg_array *ret, rg_err *err);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static parser *const parsers[] = {rg_npy_parse, rg_idx_parse};
    const char *data = (const char *)bytes;
    for (size_t i = 0; i < RG_COUNT(parsers); i++) {
        rg_arena *arena = rg_arena_new();
        rg_err err = {0};
        rg_array array = {0};
        if (parsers[i](data, size, "input", arena, &array, &err))
            touch(&array);
        else
            REQUIRE(err.code != RG_OK && *err.what);
        rg_arena_free(arena);
    }
    rg_arena *arena = rg_arena_new();
    rg_err err = {0};
    rg_arrays arrays = {0};
    if (rg_npz_parse(data, size, "input.npz", arena, &arrays, &err))
        for (size_t i = 0; i < arrays.count; i++)
            touch(&arrays.at[i]);
    else
        REQUIRE(err.code != RG_OK && *err.what);
    rg_arena_free(arena);
    return 0;
}
