/* idx.c - IDX, the format of the MNIST files: two zero bytes, the type, the rank, the
 * dimensions as big-endian 32-bit numbers, then the elements, big-endian and in C order. */
#include "rigor/data.h"

#include "data/memory.h"
#include "data/npy.h"

#include <string.h>

#define IDX_BYTES_MAX ((size_t)16 << 30)
enum { RANK_MAX = 8 };

typedef struct idx_type {
    unsigned char code;
    rg_array_type type;
    size_t bytes;
    uint64_t sign; /* the sign bit of integers that are widened to int32; else 0 */
} idx_type;
static const idx_type types[] = {
    {0x08, RG_ARRAY_U8, 1, 0},  {0x09, RG_ARRAY_I32, 1, 0x80}, {0x0b, RG_ARRAY_I32, 2, 0x8000},
    {0x0c, RG_ARRAY_I32, 4, 0}, {0x0d, RG_ARRAY_F32, 4, 0},    {0x0e, RG_ARRAY_F64, 8, 0},
};

static uint64_t big_endian(const unsigned char *p, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return value;
}

static void elements_read(const unsigned char *from, const idx_type *type, rg_array *array)
{
    size_t count = rg_array_count(array), item = rg_array_item(array->type);
    if (type->bytes == 1 && item == 1) {
        memcpy(array->data, from, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t value = big_endian(from + i * type->bytes, type->bytes);
        value = (value ^ type->sign) - type->sign; /* extends the sign */
        memcpy((char *)array->data + i * item, &value, item);
    }
}

bool rg_idx_parse(const char *text, size_t len, const char *where, rg_arena *arena,
                  rg_array *ret, rg_err *err)
{
    const unsigned char *data = (const unsigned char *)text;
    const idx_type *type = NULL;
    for (size_t i = 0; len >= 4 && i < RG_COUNT(types); i++)
        if (types[i].code == data[2])
            type = &types[i];
    if (!type || data[0] || data[1] || data[3] == 0 || data[3] > RANK_MAX ||
        len < 4 + 4 * (size_t)data[3])
        return rg_fail(err, RG_INPUT, where, "give an IDX file, packed by gzip or not",
                       "this is no IDX file: its header is damaged");
    rg_array array = {.type = type->type, .rank = data[3]};
    size_t need = type->bytes, start = 4 + 4 * (size_t)array.rank;
    bool fits = true;
    for (int d = 0; d < array.rank; d++) {
        array.dim[d] = (int64_t)big_endian(data + 4 + 4 * d, 4);
        fits = fits && !__builtin_mul_overflow(need, (size_t)array.dim[d], &need);
    }
    if (!fits || need != len - start)
        return rg_fail(err, RG_INPUT, where, "fetch the file again: it is cut or damaged",
                       "the header's dimensions do not fit the %zu bytes that follow it",
                       len - start);
    array.data =
        rg_data_room(arena, rg_array_count(&array), rg_array_item(array.type), where, err);
    if (!array.data)
        return false;
    elements_read(data + start, type, &array);
    *ret = array;
    return true;
}

bool rg_idx_read(const char *path, rg_arena *arena, rg_array *ret, rg_err *err)
{
    rg_arena *own = rg_arena_new(); /* the packed and the plain bytes go at once */
    rg_data_bytes bytes = {0};
    bool good = rg_data_file(path, IDX_BYTES_MAX, own, &bytes, NULL, err) &&
                rg_idx_parse(bytes.at, bytes.len, path, arena, ret, err);
    rg_arena_free(own);
    return good;
}
