/* npz_read.c - NumPy's .npz: a zip archive of .npy files, stored or deflated.
 *
 * Only the central directory at the end is believed (APPNOTE.TXT 6.3, 4.3.12): NumPy leaves the
 * sizes in the local headers open.  Whatever a header claims is held against the size of the
 * file before memory is asked for; every member's checksum is compared. */
#include "rigor/data.h"

#include "data/memory.h"
#include "data/npy.h"

#include <string.h>
#include <zlib.h>

#define NPZ_BYTES_MAX ((size_t)16 << 30)
enum {
    END_BYTES = 22,
    ENTRY_BYTES = 46,
    LOCAL_BYTES = 30,
    COMMENT_MAX = 65535,
    STORED = 0,
    DEFLATED = 8,
    DEFLATE_RATIO = 1032, /* deflate cannot shrink further */
};

typedef struct archive {
    const unsigned char *data;
    size_t len, max; /* max: bytes of all arrays, unpacked */
    const char *where;
    rg_arena *arena;
    rg_err *err;
} archive;

typedef struct member {
    const char *name; /* without ".npy" */
    uint32_t flags, method, crc;
    size_t packed, plain, offset;
} member;

static uint32_t u16(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t u32(const unsigned char *p)
{
    return u16(p) | u16(p + 2) << 16;
}

static bool damaged(const archive *zip, const char *what)
{
    rg_fail(zip->err, RG_INPUT, zip->where, "write it again with numpy.savez",
            "this is no readable .npz archive: %s", what);
    return false;
}

static bool zip64(const archive *zip)
{
    return rg_fail(zip->err, RG_INPUT, zip->where, "store arrays of less than 4 GiB each",
                   "the archive is in the zip64 format, which is not read");
}

/* The record that ends the central directory; NULL when there is none. */
static const unsigned char *find_end(const archive *zip)
{
    if (zip->len < END_BYTES)
        return NULL;
    size_t last = zip->len - END_BYTES;
    size_t first = last > COMMENT_MAX ? last - COMMENT_MAX : 0;
    for (size_t at = last + 1; at-- > first;) {
        const unsigned char *p = zip->data + at;
        if (!memcmp(p, "PK\5\6", 4) && u16(p + 20) == zip->len - at - END_BYTES)
            return p;
    }
    return NULL;
}

/* One entry of the central directory at *at, which moves behind it. */
static bool entry_read(const archive *zip, size_t *at, member *ret)
{
    if (*at > zip->len || zip->len - *at < ENTRY_BYTES ||
        memcmp(zip->data + *at, "PK\1\2", 4) != 0)
        return damaged(zip, "its directory is cut");
    const unsigned char *p = zip->data + *at;
    size_t name = u16(p + 28), extra = u16(p + 30), comment = u16(p + 32);
    if (zip->len - *at - ENTRY_BYTES < name + extra + comment)
        return damaged(zip, "its directory is cut");
    *at += ENTRY_BYTES + name + extra + comment;
    const char *text = (const char *)p + ENTRY_BYTES;
    if (memchr(text, 0, name) || !rg_utf8_valid(text, name))
        return damaged(zip, "a name in it is not valid UTF-8");
    if (name < 5 || memcmp(text + name - 4, ".npy", 4) != 0) {
        rg_fail(zip->err, RG_INPUT, zip->where, "write it again with numpy.savez",
                "the archive holds '%.*s', which is no .npy array",
                (int)(name < 100 ? name : 100), text);
        return false;
    }
    *ret = (member){
        .name = rg_arena_strndup(zip->arena, text, name - 4),
        .flags = u16(p + 8),
        .method = u16(p + 10),
        .crc = u32(p + 16),
        .packed = u32(p + 20),
        .plain = u32(p + 24),
        .offset = u32(p + 42),
    };
    if (ret->packed == UINT32_MAX || ret->plain == UINT32_MAX || ret->offset == UINT32_MAX)
        return zip64(zip);
    return true;
}

/* Where the member's bytes begin; they are inside the file. */
static bool body_find(const archive *zip, const member *m, const unsigned char **ret)
{
    if (m->flags & 1)
        return damaged(zip, "it is encrypted");
    if (m->method != STORED && m->method != DEFLATED)
        return damaged(zip, "it is packed by something else than deflate");
    if (m->method == STORED && m->packed != m->plain)
        return damaged(zip, "the sizes of a stored array differ");
    if (m->offset > zip->len || zip->len - m->offset < LOCAL_BYTES ||
        memcmp(zip->data + m->offset, "PK\3\4", 4) != 0)
        return damaged(zip, "an array is not where the directory says");
    const unsigned char *p = zip->data + m->offset;
    size_t start = m->offset + LOCAL_BYTES + u16(p + 26) + u16(p + 28);
    if (start > zip->len || zip->len - start < m->packed)
        return damaged(zip, "an array is cut");
    if (m->plain / DEFLATE_RATIO > m->packed)
        return damaged(zip, "an array claims a size that it cannot have");
    *ret = zip->data + start;
    return true;
}

/* Raw deflate; false when the data does not unpack to exactly `plain` bytes. */
static bool inflate_all(const unsigned char *packed, size_t packed_len, unsigned char *plain,
                        size_t plain_len)
{
    z_stream z = {0};
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return false;
    unsigned char spare; /* zlib wants room even for nothing */
    z.next_in = (unsigned char *)(uintptr_t)packed;
    z.avail_in = (uInt)packed_len;
    z.next_out = plain_len ? plain : &spare;
    z.avail_out = plain_len ? (uInt)plain_len : 1;
    int status = inflate(&z, Z_FINISH);
    bool exact = status == Z_STREAM_END && z.total_out == plain_len && z.avail_in == 0;
    inflateEnd(&z);
    return exact;
}

static bool member_unpack(const archive *zip, const member *m, const unsigned char *body,
                          rg_array *ret)
{
    unsigned char *plain = rg_try_alloc(m->plain + 1);
    if (!plain)
        return rg_fail(zip->err, RG_INTERNAL, zip->where, "use a machine with more memory",
                       "there is no memory for the array '%s'", m->name);
    bool good = inflate_all(body, m->packed, plain, m->plain);
    if (!good)
        damaged(zip, "an array does not unpack to its size");
    else if (crc32_z(0, plain, m->plain) != m->crc)
        good = damaged(zip, "the checksum of an array is wrong");
    good = good &&
           rg_npy_parse((const char *)plain, m->plain, zip->where, zip->arena, ret, zip->err);
    rg_free(plain);
    return good;
}

static bool member_read(const archive *zip, const member *m, rg_array *ret)
{
    const unsigned char *body = NULL;
    rg_array array = {0};
    if (!body_find(zip, m, &body))
        return false;
    if (m->method == DEFLATED) {
        if (!member_unpack(zip, m, body, &array))
            return false;
    } else {
        if (crc32_z(0, body, m->plain) != m->crc)
            return damaged(zip, "the checksum of an array is wrong");
        if (!rg_npy_parse((const char *)body, m->plain, zip->where, zip->arena, &array,
                          zip->err))
            return false;
    }
    array.name = m->name;
    *ret = array;
    return true;
}

static bool archive_read(const archive *zip, rg_arrays *ret)
{
    const unsigned char *end = find_end(zip);
    if (!end)
        return damaged(zip, "its end is missing");
    size_t count = u16(end + 10), at = u32(end + 16);
    if (count == 0xffff || at == UINT32_MAX)
        return zip64(zip);
    rg_arrays arrays = {
        0, rg_data_room(zip->arena, count, sizeof(rg_array), zip->where, zip->err)};
    if (!arrays.at)
        return false;
    size_t claimed = 0, plain = 0;
    for (size_t i = 0; i < count; i++) {
        member m = {0};
        if (!entry_read(zip, &at, &m))
            return false;
        if (rg_arrays_find(&arrays, m.name))
            return rg_fail(zip->err, RG_INPUT, zip->where, "give every array its own name",
                           "the archive holds two arrays called '%s'", m.name);
        /* Entries that share their bytes would let a small file claim all memory. */
        claimed += m.packed;
        if (claimed > zip->len)
            return damaged(zip, "its arrays overlap");
        plain += m.plain;
        if (plain > zip->max)
            return rg_fail(zip->err, RG_INPUT, zip->where, "is this the right file?",
                           "larger than %zu bytes when unpacked", zip->max);
        if (!member_read(zip, &m, &arrays.at[i]))
            return false;
        arrays.count++;
    }
    *ret = arrays;
    return true;
}

bool rg_npz_parse_within(const char *data, size_t len, size_t max, const char *where,
                         rg_arena *arena, rg_arrays *ret, rg_err *err)
{
    archive zip = {(const unsigned char *)data, len, max, where, arena, err};
    return archive_read(&zip, ret);
}

bool rg_npz_parse(const char *data, size_t len, const char *where, rg_arena *arena,
                  rg_arrays *ret, rg_err *err)
{
    return rg_npz_parse_within(data, len, SIZE_MAX, where, arena, ret, err);
}

bool rg_npz_read(const char *path, rg_arena *arena, rg_arrays *ret, rg_err *err)
{
    char *data = NULL;
    size_t len = 0;
    if (!rg_file_read(path, NPZ_BYTES_MAX, &data, &len, err))
        return false;
    bool good = rg_npz_parse(data, len, path, arena, ret, err);
    rg_free(data);
    return good;
}

const rg_array *rg_arrays_find(const rg_arrays *arrays, const char *name)
{
    for (size_t i = 0; i < arrays->count; i++)
        if (!strcmp(arrays->at[i].name, name))
            return &arrays->at[i];
    return NULL;
}
