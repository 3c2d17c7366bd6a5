/* safetensors.c - tensors in a file that holds no code.
 *
 *   8 bytes   length of the header, little-endian
 *   header    JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [from, to]},
 * ...} data      the tensors, row-major, little-endian; offsets count from here
 *
 * The reader trusts nothing: names are unique, types known, sizes agree with shapes, and the
 * tensors cover the data without a gap or an overlap, so that no byte of a file is unaccounted
 * for.  Format: Hugging Face's safetensors. */
#include "rigor/train.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_MAX ((uint64_t)100 << 20)
#define FILE_MAX ((size_t)1 << 40)

static const struct {
    const char *name;
    size_t bytes;
} types[] = {
    [RG_F32] = {"F32", 4}, [RG_F64] = {"F64", 8},   [RG_I32] = {"I32", 4},
    [RG_U32] = {"U32", 4}, [RG_BOOL] = {"BOOL", 1}, [RG_BF16] = {"BF16", 2},
};

/* ---- Writing */

static size_t bytes_of(const rg_tensor *tensor)
{
    size_t bytes = types[tensor->dtype].bytes;
    for (int i = 0; i < tensor->shape.rank; i++)
        bytes = rg_bytes_checked(bytes, (size_t)tensor->shape.dim[i]);
    return bytes;
}

static json_t *header_entry(const rg_tensor *tensor, size_t from)
{
    size_t to = from + bytes_of(tensor);
    json_t *shape = json_array();
    for (int i = 0; i < tensor->shape.rank; i++)
        json_array_append_new(shape, json_integer(tensor->shape.dim[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", types[tensor->dtype].name, "shape", shape,
                     "data_offsets", (json_int_t)from, (json_int_t)to);
}

/* The header's text, padded with spaces so that the data begins at a multiple of 8. */
static void header_text(const rg_tensor *tensors, size_t n, rg_str *ret)
{
    json_t *header = json_object();
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        json_object_set_new(header, tensors[i].name, header_entry(&tensors[i], at));
        at += bytes_of(&tensors[i]);
    }
    char *text = rg_json_canonical(header);
    json_decref(header);
    rg_str_add(ret, text);
    rg_free(text);
    while (ret->len % 8)
        rg_str_add(ret, " ");
}

bool rg_safetensors_write(const char *path, const rg_tensor *tensors, size_t n, rg_err *err)
{
    rg_str header = {0};
    header_text(tensors, n, &header);
    size_t total = 8 + header.len;
    for (size_t i = 0; i < n; i++)
        total += bytes_of(&tensors[i]);
    unsigned char *file = rg_try_alloc(total);
    if (!file) {
        rg_str_free(&header);
        return rg_fail(err, RG_INTERNAL, path, "free some memory",
                       "no memory for a file of %zu bytes", total);
    }
    for (int i = 0; i < 8; i++)
        file[i] = (unsigned char)((uint64_t)header.len >> 8 * i);
    memcpy(file + 8, header.data, header.len);
    unsigned char *at = file + 8 + header.len;
    for (size_t i = 0; i < n; i++) {
        size_t bytes = bytes_of(&tensors[i]);
        if (bytes)
            memcpy(at, tensors[i].data, bytes);
        at += bytes;
    }
    bool written = rg_file_write(path, file, total, 0644, err);
    rg_free(file);
    rg_str_free(&header);
    return written;
}

/* ---- Reading */

typedef struct reader {
    const char *where;
    const char *data; /* behind the header */
    uint64_t len;
    rg_arena *arena;
    rg_err *err;
} reader;

typedef struct span { /* of the data, for the check that all of it is covered */
    uint64_t from, to;
} span;

static bool bad(reader *r, const char *name, const char *what)
{
    return rg_fail(r->err, RG_INPUT, r->where, "get the file again from where it came",
                   "not a safetensors file: %s%s%.80s%s", what, name ? ", tensor \"" : "",
                   name ? name : "", name ? "\"" : "");
}

static bool read_dtype(const json_t *entry, rg_dtype *ret)
{
    const char *name = rg_json_text(entry, "dtype", "");
    for (size_t i = 0; i < RG_COUNT(types); i++)
        if (!strcmp(types[i].name, name)) {
            *ret = (rg_dtype)i;
            return true;
        }
    return false;
}

/* A whole number that is not negative. */
static bool read_size(const json_t *value, uint64_t *ret)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *ret = (uint64_t)json_integer_value(value);
    return true;
}

/* The shape, and the bytes that it takes: false when they cannot be counted. */
static bool read_shape(const json_t *list, size_t element, rg_shape *ret, uint64_t *ret_bytes)
{
    if (!json_is_array(list) || json_array_size(list) > RG_RANK_MAX)
        return false;
    *ret = (rg_shape){.rank = (int)json_array_size(list)};
    *ret_bytes = element;
    for (int i = 0; i < ret->rank; i++) {
        uint64_t dim;
        if (!read_size(json_array_get(list, (size_t)i), &dim) || dim > INT64_MAX ||
            __builtin_mul_overflow(*ret_bytes, dim, ret_bytes))
            return false;
        ret->dim[i] = (int64_t)dim;
    }
    return true;
}

static bool read_offsets(const reader *r, const json_t *list, span *ret)
{
    return json_is_array(list) && json_array_size(list) == 2 &&
           read_size(json_array_get(list, 0), &ret->from) &&
           read_size(json_array_get(list, 1), &ret->to) && ret->from <= ret->to &&
           ret->to <= r->len;
}

static bool read_tensor(reader *r, const char *name, const json_t *entry, rg_tensor *ret,
                        span *ret_span)
{
    uint64_t bytes;
    if (!json_is_object(entry) || json_object_size(entry) != 3)
        return bad(r, name, "an entry must have dtype, shape and data_offsets");
    if (!read_dtype(entry, &ret->dtype))
        return bad(r, name, "unknown dtype");
    if (!read_shape(json_object_get(entry, "shape"), types[ret->dtype].bytes, &ret->shape,
                    &bytes))
        return bad(r, name, "a shape that cannot be");
    if (!read_offsets(r, json_object_get(entry, "data_offsets"), ret_span))
        return bad(r, name, "data_offsets outside the file");
    if (ret_span->to - ret_span->from != bytes)
        return bad(r, name, "data_offsets do not fit the shape");
    ret->name = rg_arena_strdup(r->arena, name);
    ret->data = rg_arena_alloc(r->arena, bytes ? bytes : 1);
    memcpy(ret->data, r->data + ret_span->from, bytes);
    return true;
}

static int by_place(const void *a, const void *b)
{
    const span *x = a, *y = b;
    int order = (x->from > y->from) - (x->from < y->from);
    return order ? order : (x->to > y->to) - (x->to < y->to);
}

static bool covered(reader *r, span *spans, size_t n)
{
    uint64_t end = 0;
    qsort(spans, n, sizeof(*spans), by_place);
    for (size_t i = 0; i < n; i++) {
        if (spans[i].from != end)
            return bad(r, NULL, spans[i].from < end ? "tensors overlap" : "a gap in the data");
        end = spans[i].to;
    }
    return end == r->len || bad(r, NULL, "data that belongs to no tensor");
}

static bool read_header(reader *r, const json_t *header, rg_tensors *ret)
{
    size_t n = json_object_size(header);
    rg_tensor *tensors = RG_ARENA_ARRAY(r->arena, rg_tensor, n + 1);
    span *spans = RG_ARENA_ARRAY(r->arena, span, n + 1);
    size_t count = 0;
    const char *name;
    json_t *entry;
    json_object_foreach ((json_t *)(uintptr_t)header, name, entry) {
        if (!strcmp(name, "__metadata__")) {
            if (!json_is_object(entry))
                return bad(r, NULL, "__metadata__ is no object");
            continue;
        }
        if (!read_tensor(r, name, entry, &tensors[count], &spans[count]))
            return false;
        count++;
    }
    if (!covered(r, spans, count))
        return false;
    *ret = (rg_tensors){.count = count, .at = tensors};
    return true;
}

bool rg_safetensors_parse(const char *data, size_t len, const char *where, rg_arena *arena,
                          rg_tensors *ret, rg_err *err)
{
    reader r = {.where = where, .arena = arena, .err = err};
    if (len < 8)
        return bad(&r, NULL, "shorter than its header");
    uint64_t header_len = 0;
    for (int i = 7; i >= 0; i--)
        header_len = header_len << 8 | (unsigned char)data[i];
    if (header_len > HEADER_MAX || header_len > len - 8)
        return bad(&r, NULL, "the header is longer than the file");
    if (!header_len || data[8] != '{')
        return bad(&r, NULL, "the header does not begin with {");
    json_t *header = rg_json_parse(data + 8, header_len, where, err);
    if (!header)
        return false;
    r.data = data + 8 + header_len;
    r.len = len - 8 - header_len;
    bool read = read_header(&r, header, ret);
    json_decref(header);
    return read;
}

bool rg_safetensors_read(const char *path, rg_arena *arena, rg_tensors *ret, rg_err *err)
{
    char *data;
    size_t len;
    if (!rg_file_read(path, FILE_MAX, &data, &len, err))
        return false;
    bool read = rg_safetensors_parse(data, len, path, arena, ret, err);
    rg_free(data);
    return read;
}
