/* archive_read.c - unpacks a .tar.gz that may come from anybody (see archive.h). */
#include "lab/report/archive.h"
#include "lab/report/archive_format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { TRAILER_BLOCKS_MAX = 2048 };

typedef struct unpacking {
    const char *path, *dir;
    gzFile gz;
    rg_arena *arena;
    RG_VEC(const char *) names;
    uint64_t total;
    rg_err *err;
} unpacking;

bool archive_is_one(const char *path)
{
    unsigned char magic[2] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is = fd >= 0 && read(fd, magic, 2) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    if (fd >= 0)
        close(fd);
    return is;
}

static bool refuse(unpacking *u, const char *member, const char *what)
{
    char shown[101];
    snprintf(shown, sizeof(shown), "%s", member ? member : "");
    rg_utf8_repair(shown);
    return rg_fail(u->err, RG_INPUT, u->path, "rigor bundle writes archives that can be read",
                   "the archive is refused: %s%s%s", shown, member ? " " : "", what);
}

static bool take(unpacking *u, void *ret, size_t len)
{
    int n = gzread(u->gz, ret, (unsigned)len), code;
    if (n == (int)len)
        return true;
    const char *why = gzerror(u->gz, &code);
    if (code == Z_ERRNO)
        why = strerror(errno);
    return rg_fail(u->err, RG_INPUT, u->path, "fetch or copy the file again",
                   "the archive is damaged: %s", n < 0 && *why ? why : "it ends too early");
}

/* Octal digits up to a NUL or a space: all of the field's, as the writer fills it. */
static bool read_octal(const char *field, size_t len, uint64_t *ret)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
        value = value * 8 + (uint64_t)(field[i] - '0');
    *ret = value;
    return i > 0 && (i == len || field[i] == '\0' || field[i] == ' ');
}

static bool is_plain(const char *name)
{
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == '\\')
            return false;
    return rg_utf8_valid(name, strlen(name));
}

static const char *name_of(unpacking *u, const tar_header *header)
{
    int prefix = (int)strnlen(header->prefix, sizeof(header->prefix));
    int name = (int)strnlen(header->name, sizeof(header->name));
    return rg_arena_printf(u->arena, "%.*s%s%.*s", prefix, header->prefix, prefix ? "/" : "",
                           name, header->name);
}

static bool check_header(unpacking *u, const tar_header *header, const char **ret_name,
                         uint64_t *ret_size)
{
    uint64_t sum;
    if (!read_octal(header->checksum, sizeof(header->checksum), &sum) ||
        sum != tar_checksum(header) || memcmp(header->magic, "ustar", 6) != 0)
        return refuse(u, NULL, "it is no tar archive of the form ustar");
    const char *name = name_of(u, header);
    if (header->kind != '0' && header->kind != '\0')
        return refuse(u, name, "is a link, a folder or something else that is no plain file");
    if (!rg_path_is_inside(name) || !is_plain(name))
        return refuse(u, name, "leads out of the folder it is unpacked to");
    if (!read_octal(header->size, sizeof(header->size), ret_size) ||
        *ret_size >= ARCHIVE_MEMBER_MAX)
        return refuse(u, name, "has an impossible size");
    u->total += *ret_size;
    if (u->total > ARCHIVE_TOTAL_MAX || u->names.len >= ARCHIVE_MEMBERS_MAX)
        return refuse(u, name, "is one too many: the archive is larger than any bundle may be");
    *ret_name = name;
    return true;
}

/* A member that is there already came twice. */
static int create(unpacking *u, const char *name)
{
    const char *path = rg_path_join(u->arena, u->dir, name);
    const char *folder =
        rg_arena_printf(u->arena, "%.*s", (int)(rg_path_base(path) - path - 1), path);
    if (!rg_dir_make(folder, 0700, u->err))
        return -1;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EEXIST || errno == EISDIR))
        refuse(u, name, "comes twice");
    else if (fd < 0)
        rg_fail(u->err, RG_INTERNAL, path, "set TMPDIR to a folder with enough space",
                "cannot be written: %s", strerror(errno));
    return fd;
}

static bool copy_content(unpacking *u, int fd, const char *name, uint64_t size)
{
    char block[65536];
    while (size > 0) {
        size_t n = size < sizeof(block) ? (size_t)size : sizeof(block);
        if (!take(u, block, n))
            return false;
        if (write(fd, block, n) != (ssize_t)n)
            return rg_fail(u->err, RG_INTERNAL, name,
                           "set TMPDIR to a folder with enough space", "cannot be written: %s",
                           strerror(errno));
        size -= n;
    }
    return true;
}

static bool unpack_member(unpacking *u, const char *name, uint64_t size)
{
    char zeros[TAR_BLOCK];
    int fd = create(u, name);
    if (fd < 0)
        return false;
    bool ok = copy_content(u, fd, name, size);
    close(fd);
    rg_vec_push(&u->names, name);
    return ok && (tar_padding(size) == 0 || take(u, zeros, tar_padding(size)));
}

static bool is_zero(const tar_header *header)
{
    static const tar_header zero;
    return memcmp(header, &zero, sizeof(zero)) == 0;
}

/* Behind the last member there are zeros and nothing else: two blocks, or as many as a tape's
 * record has. */
static bool check_end(unpacking *u)
{
    tar_header block;
    int n, code;
    size_t blocks = 0;
    while ((n = gzread(u->gz, &block, sizeof(block))) == (int)sizeof(block))
        if (!is_zero(&block) || ++blocks > TRAILER_BLOCKS_MAX)
            return refuse(u, NULL, "something stands behind its end");
    const char *why = gzerror(u->gz, &code);
    return (n == 0 && code >= 0 && blocks > 0) ||
           rg_fail(u->err, RG_INPUT, u->path, "fetch or copy the file again",
                   "the archive is damaged: %s", code < 0 ? why : "it ends too early");
}

static bool unpack_all(unpacking *u)
{
    tar_header header;
    const char *name = "";
    uint64_t size = 0;
    for (;;) {
        if (!take(u, &header, sizeof(header)))
            return false;
        if (is_zero(&header))
            return check_end(u);
        if (!check_header(u, &header, &name, &size) || !unpack_member(u, name, size))
            return false;
    }
}

bool archive_unpack(const char *path, const char *dir, rg_arena *arena, const char ***ret_names,
                    size_t *ret_n, rg_err *err)
{
    unpacking u = {.path = path, .dir = dir, .arena = arena, .err = err};
    if (!archive_is_one(path))
        return rg_fail(err, RG_INPUT, path, "check the path", "this is no gzip archive");
    u.gz = gzopen(path, "rb");
    bool ok = u.gz != NULL || rg_fail(err, RG_INPUT, path, "check the path",
                                      "cannot be opened: %s", strerror(errno));
    ok = ok && unpack_all(&u);
    if (u.gz)
        gzclose(u.gz);
    if (ok) {
        *ret_names = RG_ARENA_ARRAY(arena, const char *, u.names.len + 1);
        if (u.names.len > 0)
            memcpy(*ret_names, u.names.at, u.names.len * sizeof(*u.names.at));
        *ret_n = u.names.len;
    }
    rg_vec_free(&u.names);
    return ok;
}
