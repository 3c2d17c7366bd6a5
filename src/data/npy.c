/* npy.c - one NumPy array: the header of an .npy file and its elements.
 *
 * The format (numpy.lib.format): "\x93NUMPY", major and minor version, the length of the header
 * (two bytes in version 1, four in 2 and 3), the header as a Python dictionary with the keys
 * descr, fortran_order and shape, then the elements.  We read little-endian numbers and widen
 * what has no type of ours; an array in Fortran order is turned into C order. */
#include "data/npy.h"

#include "data/memory.h"

#include <stdio.h>
#include <string.h>

/* ---- The types */

typedef void widen(const unsigned char *from, void *to, size_t n);

/* A loop over n elements of type `from_type`, written as `to_type`. */
#define WIDEN(name, from_type, to_type) \
    static void name(const unsigned char *from, void *to, size_t n) \
    { \
        to_type *out = to; \
        for (size_t i = 0; i < n; i++) { \
            from_type value; \
            memcpy(&value, from + i * sizeof(value), sizeof(value)); \
            out[i] = (to_type)value; \
        } \
    }
WIDEN(widen_i1, int8_t, int32_t)
WIDEN(widen_i2, int16_t, int32_t)
WIDEN(widen_u2, uint16_t, int32_t)
WIDEN(widen_u4, uint32_t, int64_t)

typedef struct npy_type {
    const char *descr; /* without the byte order */
    rg_array_type type;
    size_t bytes;
    widen *convert; /* NULL: the elements are taken as they are */
} npy_type;
/* The first row of each type is the one that is written. */
static const npy_type types[] = {
    {"f4", RG_ARRAY_F32, 4, NULL},     {"f8", RG_ARRAY_F64, 8, NULL},
    {"i4", RG_ARRAY_I32, 4, NULL},     {"i8", RG_ARRAY_I64, 8, NULL},
    {"u1", RG_ARRAY_U8, 1, NULL},      {"b1", RG_ARRAY_U8, 1, NULL},
    {"i1", RG_ARRAY_I32, 1, widen_i1}, {"i2", RG_ARRAY_I32, 2, widen_i2},
    {"u2", RG_ARRAY_I32, 2, widen_u2}, {"u4", RG_ARRAY_I64, 4, widen_u4},
};

size_t rg_array_item(rg_array_type type)
{
    static const size_t bytes[] = {4, 8, 4, 8, 1};
    return bytes[type];
}

size_t rg_array_count(const rg_array *array)
{
    size_t count = 1;
    for (int d = 0; d < array->rank; d++)
        count *= (size_t)array->dim[d];
    return count;
}

/* ---- The header */

typedef struct npy_header {
    char descr[16];
    bool fortran, has_descr, has_order, has_shape;
    int rank;
    int64_t dim[8];
} npy_header;

typedef struct reader {
    const char *at, *end;
} reader;

static void skip_spaces(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t'))
        r->at++;
}

static bool take(reader *r, char c)
{
    skip_spaces(r);
    if (r->at >= r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* A Python string without escapes. */
static bool take_string(reader *r, char *out, size_t room)
{
    skip_spaces(r);
    if (r->at >= r->end || (*r->at != '\'' && *r->at != '"'))
        return false;
    char quote = *r->at++;
    size_t n = 0;
    for (; r->at < r->end && *r->at != quote; r->at++) {
        if (n + 1 >= room || *r->at == '\\')
            return false;
        out[n++] = *r->at;
    }
    out[n] = 0;
    return take(r, quote);
}

static bool take_bool(reader *r, bool *ret)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"True", true}, {"False", false}};
    skip_spaces(r);
    for (size_t i = 0; i < RG_COUNT(words); i++) {
        size_t len = strlen(words[i].word);
        if ((size_t)(r->end - r->at) >= len && !memcmp(r->at, words[i].word, len)) {
            r->at += len;
            *ret = words[i].value;
            return true;
        }
    }
    return false;
}

static bool take_length(reader *r, int64_t *ret)
{
    skip_spaces(r);
    int64_t value = 0;
    const char *start = r->at;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *r->at - '0', &value))
            return false;
    if (r->at < r->end && *r->at == 'L') /* written by Python 2 */
        r->at++;
    *ret = value;
    return r->at > start && *start != 'L';
}

/* (), (3,), (3, 4) or (3, 4,) */
static bool take_shape(reader *r, npy_header *header)
{
    if (!take(r, '('))
        return false;
    while (!take(r, ')')) {
        if (header->rank == 8 || !take_length(r, &header->dim[header->rank]))
            return false;
        header->rank++;
        if (take(r, ','))
            continue;
        return take(r, ')');
    }
    return true;
}

static bool take_entry(reader *r, npy_header *header)
{
    char key[16];
    if (!take_string(r, key, sizeof(key)) || !take(r, ':'))
        return false;
    bool *seen = !strcmp(key, "descr")           ? &header->has_descr
                 : !strcmp(key, "fortran_order") ? &header->has_order
                 : !strcmp(key, "shape")         ? &header->has_shape
                                                 : NULL;
    if (!seen || *seen)
        return false;
    *seen = true;
    if (seen == &header->has_descr)
        return take_string(r, header->descr, sizeof(header->descr));
    return seen == &header->has_order ? take_bool(r, &header->fortran) : take_shape(r, header);
}

static bool header_parse(reader r, npy_header *header)
{
    if (!take(&r, '{'))
        return false;
    while (!take(&r, '}')) {
        if (!take_entry(&r, header))
            return false;
        if (!take(&r, ',')) {
            if (!take(&r, '}'))
                return false;
            break;
        }
    }
    skip_spaces(&r);
    return r.at == r.end && header->has_descr && header->has_order && header->has_shape;
}

/* Finds the header's text and where the elements begin. */
static bool header_find(const unsigned char *data, size_t len, reader *ret, size_t *ret_start)
{
    if (len < 10 || memcmp(data, "\x93NUMPY", 6) != 0 || data[6] < 1 || data[6] > 3)
        return false;
    size_t at = data[6] == 1 ? 10 : 12;
    size_t length = (size_t)data[8] | (size_t)data[9] << 8;
    if (data[6] > 1) {
        if (len < 12)
            return false;
        length |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
    }
    if (length > len - at)
        return false;
    *ret = (reader){(const char *)data + at, (const char *)data + at + length};
    *ret_start = at + length;
    return true;
}

static const npy_type *type_find(const char *descr, const char *where, rg_err *err)
{
    bool one_byte = descr[0] && descr[1] && descr[2] == '1' && !descr[3];
    if (strchr("<|=", descr[0]) || one_byte)
        for (size_t i = 0; descr[0] && i < RG_COUNT(types); i++)
            if (!strcmp(descr + 1, types[i].descr))
                return &types[i];
    rg_fail(err, RG_INPUT, where,
            "store numbers as little-endian float32, float64, int32, int64 or uint8: "
            "numpy.save(path, a.astype('<f4'))",
            "the array has elements of type '%s', which cannot be read", descr);
    return NULL;
}

/* ---- The elements */

/* Column-major to row-major: element (i0, i1, ...) stands at i0 + d0 * (i1 + d1 * ...). */
static void reorder(const rg_array *array, const char *from, size_t bytes, char *to)
{
    size_t count = rg_array_count(array);
    size_t stride[8], index[8] = {0}, step = 1;
    for (int d = 0; d < array->rank; d++) {
        stride[d] = step;
        step *= (size_t)array->dim[d];
    }
    size_t source = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(to + i * bytes, from + source * bytes, bytes);
        for (int d = array->rank - 1; d >= 0; d--) {
            source += stride[d];
            if (++index[d] < (size_t)array->dim[d])
                break;
            source -= stride[d] * index[d];
            index[d] = 0;
        }
    }
}

/* Number of bytes that the shape needs; false when no file could hold it. */
static bool body_bytes(const npy_header *header, size_t bytes, size_t *ret)
{
    size_t total = bytes;
    for (int d = 0; d < header->rank; d++)
        if (__builtin_mul_overflow(total, (size_t)header->dim[d], &total))
            return false;
    *ret = total;
    return true;
}

static bool elements_read(const npy_header *header, const npy_type *type, const char *body,
                          const char *where, rg_arena *arena, rg_array *ret, rg_err *err)
{
    rg_array array = {.type = type->type, .rank = header->rank};
    memcpy(array.dim, header->dim, sizeof(array.dim));
    size_t count = rg_array_count(&array);
    array.data = rg_data_room(arena, count, rg_array_item(array.type), where, err);
    if (!array.data)
        return false;
    if (header->fortran && array.rank > 1) {
        char *ordered = rg_data_room(arena, count, type->bytes, where, err);
        if (!ordered)
            return false;
        reorder(&array, body, type->bytes, ordered);
        body = ordered;
    }
    if (type->convert)
        type->convert((const unsigned char *)body, array.data, count);
    else
        memcpy(array.data, body, count * type->bytes);
    *ret = array;
    return true;
}

bool rg_npy_parse(const char *data, size_t len, const char *where, rg_arena *arena,
                  rg_array *ret, rg_err *err)
{
    reader text;
    size_t start;
    npy_header header = {0};
    if (!header_find((const unsigned char *)data, len, &text, &start) ||
        !header_parse(text, &header))
        return rg_fail(err, RG_INPUT, where, "write it with numpy.save or numpy.savez",
                       "this is no NumPy array of version 1 to 3, or its header is damaged");
    const npy_type *type = type_find(header.descr, where, err);
    if (!type)
        return false;
    size_t need;
    if (!body_bytes(&header, type->bytes, &need) || need != len - start)
        return rg_fail(err, RG_INPUT, where, "write the file again: it is cut or damaged",
                       "the header's shape does not fit the %zu bytes that follow it",
                       len - start);
    return elements_read(&header, type, data + start, where, arena, ret, err);
}

/* ---- Writing */

size_t rg_npy_header(const rg_array *array, char out[RG_NPY_HEADER_MAX])
{
    static const unsigned char version_1[8] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    const npy_type *type = types;
    while (type->type != array->type)
        type++;
    char *text = out + 10;
    const size_t room = RG_NPY_HEADER_MAX - 10;
    int n = snprintf(text, room, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                     type->bytes == 1 ? '|' : '<', type->descr);
    for (int d = 0; d < array->rank; d++)
        n += snprintf(text + n, room - (size_t)n, "%lld%s", (long long)array->dim[d],
                      array->rank == 1      ? ","
                      : d + 1 < array->rank ? ", "
                                            : "");
    n += snprintf(text + n, room - (size_t)n, "), }");
    size_t total = (10 + (size_t)n + 1 + 63) / 64 * 64; /* elements begin at a multiple of 64 */
    memset(text + n, ' ', total - 10 - (size_t)n);
    memcpy(out, version_1, sizeof(version_1));
    out[8] = (char)((total - 10) & 0xff);
    out[9] = (char)((total - 10) >> 8);
    out[total - 1] = '\n';
    return total;
}
