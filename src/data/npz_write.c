/* npz_write.c - arrays to an .npz that NumPy reads: a zip archive of stored .npy files.
 *
 * The time in every header is 1980-01-01, the earliest that the format has, so equal arrays are
 * equal files.  All sizes are known before the first byte is written: the archive is laid out
 * in one buffer and reaches the disk in one step. */
#include "rigor/data.h"

#include "data/npy.h"

#include <string.h>
#include <zlib.h>

enum { LOCAL_BYTES = 30, ENTRY_BYTES = 46, END_BYTES = 22, FIRST_DAY = 0x0021, VERSION = 20 };

typedef struct member {
    const rg_array *array;
    char header[RG_NPY_HEADER_MAX];
    size_t header_len, body_len, name_len, offset;
    uint32_t crc;
} member;

typedef struct writer {
    unsigned char *at;
} writer;

static void put(writer *w, const void *data, size_t len)
{
    if (len)
        memcpy(w->at, data, len);
    w->at += len;
}

static void put16(writer *w, size_t value)
{
    put(w, (unsigned char[]){value & 0xff, value >> 8 & 0xff}, 2);
}

static void put32(writer *w, size_t value)
{
    put16(w, value & 0xffff);
    put16(w, value >> 16);
}

/* What a local header and an entry of the directory have in common. */
static void put_facts(writer *w, const member *m)
{
    size_t len = m->header_len + m->body_len;
    put16(w, VERSION);
    put16(w, 1 << 11); /* names are UTF-8 */
    put16(w, 0);       /* stored */
    put16(w, 0);       /* midnight */
    put16(w, FIRST_DAY);
    put32(w, m->crc);
    put32(w, len);
    put32(w, len);
    put16(w, m->name_len + 4);
    put16(w, 0); /* no extra field */
}

static void put_name(writer *w, const member *m)
{
    put(w, m->array->name, m->name_len);
    put(w, ".npy", 4);
}

static void put_local(writer *w, const member *m)
{
    put(w, "PK\3\4", 4);
    put_facts(w, m);
    put_name(w, m);
    put(w, m->header, m->header_len);
    put(w, m->array->data, m->body_len);
}

static void put_entry(writer *w, const member *m)
{
    put(w, "PK\1\2", 4);
    put16(w, 3 << 8 | VERSION); /* made on Unix */
    put_facts(w, m);
    put16(w, 0);              /* no comment */
    put16(w, 0);              /* first disk */
    put16(w, 0);              /* binary */
    put32(w, 0100644u << 16); /* a file that everybody may read */
    put32(w, m->offset);
    put_name(w, m);
}

static void put_end(writer *w, size_t count, size_t directory, size_t directory_len)
{
    put(w, "PK\5\6", 4);
    put32(w, 0); /* one disk */
    put16(w, count);
    put16(w, count);
    put32(w, directory_len);
    put32(w, directory);
    put16(w, 0); /* no comment */
}

/* Headers, sizes and places; returns where the directory begins. */
static size_t lay_out(const rg_array *arrays, size_t n, member *members)
{
    size_t offset = 0;
    for (size_t i = 0; i < n; i++) {
        member *m = &members[i];
        m->array = &arrays[i];
        m->name_len = strlen(arrays[i].name);
        m->header_len = rg_npy_header(&arrays[i], m->header);
        m->body_len = rg_array_count(&arrays[i]) * rg_array_item(arrays[i].type);
        m->offset = offset;
        uLong crc = crc32_z(0, (unsigned char *)m->header, m->header_len);
        m->crc = (uint32_t)(m->body_len ? crc32_z(crc, arrays[i].data, m->body_len) : crc);
        offset += LOCAL_BYTES + m->name_len + 4 + m->header_len + m->body_len;
    }
    return offset;
}

static unsigned char *archive_room(const char *path, size_t total, size_t n, rg_err *err)
{
    unsigned char *data = NULL;
    if (total >= UINT32_MAX || n >= 0xffff)
        rg_fail(
            err, RG_INPUT, path, "use fewer rows or columns",
            "%zu arrays of %zu bytes do not fit: an .npz file takes 65,534 of 4 GiB together",
            n, total);
    else if (!(data = rg_try_alloc(total)))
        rg_fail(err, RG_INTERNAL, path, "use a machine with more memory",
                "there is no memory for %zu bytes", total);
    return data;
}

bool rg_npz_write(const char *path, const rg_array *arrays, size_t n, int mode, rg_err *err)
{
    member *members = RG_NEW_ARRAY(member, n);
    size_t directory = lay_out(arrays, n, members), directory_len = 0;
    for (size_t i = 0; i < n; i++)
        directory_len += ENTRY_BYTES + members[i].name_len + 4;
    size_t total = directory + directory_len + END_BYTES;
    unsigned char *data = archive_room(path, total, n, err);
    bool good = data != NULL;
    if (good) {
        writer w = {data};
        for (size_t i = 0; i < n; i++)
            put_local(&w, &members[i]);
        for (size_t i = 0; i < n; i++)
            put_entry(&w, &members[i]);
        put_end(&w, n, directory, directory_len);
        good = rg_file_write(path, data, total, mode, err);
    }
    rg_free(data);
    rg_free(members);
    return good;
}
