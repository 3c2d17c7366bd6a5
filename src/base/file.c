/* file.c - files read whole and written atomically, folders, gzip. */
#include "rigor/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Our own limits and mistakes of the user are RG_INPUT; a machine that refuses is RG_INTERNAL.
 */
static bool fail_errno(rg_err *err, const char *path, const char *verb)
{
    int code = errno;
    bool full = code == ENOSPC || code == EDQUOT || code == EFBIG;
    const char *remedy = full ? "free some disk space and run the same command again"
                         : code == EACCES ? "check the permissions of the file and its folder"
                         : code == ENOENT ? "check the path"
                         : code == EISDIR ? "name a file in it"
                                          : NULL;
    bool ours = full || code == EIO || code == EMFILE || code == EROFS;
    return rg_fail(err, ours ? RG_INTERNAL : RG_INPUT, path, remedy, "cannot %s: %s", verb,
                   strerror(code));
}

static bool read_all(int fd, const char *path, size_t max, rg_str *out, rg_err *err)
{
    char block[65536];
    for (ssize_t n; (n = read(fd, block, sizeof(block))) != 0;) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, path, "read");
        if (out->len + (size_t)n > max)
            return rg_fail(err, RG_INPUT, path, "is this the right file?",
                           "larger than %zu bytes", max);
        rg_str_add_n(out, block, (size_t)n);
    }
    return true;
}

/* A descriptor of a regular file of at most max bytes, or -1 (reported).  Does not wait for the
 * other end of a pipe, nor wake up a device. */
static int open_regular(const char *path, int flags, size_t max, rg_err *err)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
    if (fd < 0 && errno == ELOOP && (flags & O_NOFOLLOW))
        rg_fail(err, RG_INPUT, path, "write the file itself in this place", "this is a link");
    else if (fd < 0 || fstat(fd, &info) != 0)
        fail_errno(err, path, "open");
    else if (!S_ISREG(info.st_mode))
        rg_fail(err, RG_INPUT, path, "write a file in this place", "this is no regular file");
    else if ((uint64_t)info.st_size > max)
        rg_fail(err, RG_INPUT, path, "is this the right file?",
                "the file has %lld bytes; at most %zu are read", (long long)info.st_size, max);
    else
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool read_and_close(int fd, const char *path, size_t max, char **ret, size_t *ret_len,
                           rg_err *err)
{
    rg_str text = {.max = max < SIZE_MAX / 2 ? max + 1 : max};
    rg_str_add_n(&text, "", 0);
    bool ok = read_all(fd, path, max, &text, err);
    close(fd);
    if (!ok) {
        rg_str_free(&text);
        return false;
    }
    *ret = text.data;
    *ret_len = text.len;
    return true;
}

bool rg_file_read(const char *path, size_t max, char **ret, size_t *ret_len, rg_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, path, "open");
    return read_and_close(fd, path, max, ret, ret_len, err);
}

bool rg_file_read_foreign(const char *path, size_t max, char **ret, size_t *ret_len,
                          rg_err *err)
{
    int fd = open_regular(path, O_NOFOLLOW, max, err);
    return fd >= 0 && read_and_close(fd, path, max, ret, ret_len, err);
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* After a rename, the folder itself must reach the disk. */
static void sync_dir_of(const char *path)
{
    char dir[4096];
    const char *base = rg_path_base(path);
    snprintf(dir, sizeof(dir), "%.*s", (int)(base - path), path);
    int fd = open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

bool rg_file_write(const char *path, const void *data, size_t len, int mode, rg_err *err)
{
    char temporary[4096];
    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.%d.tmp", path, (int)getpid()) >=
        sizeof(temporary))
        return rg_fail(err, RG_INPUT, NULL, "use a shorter path", "the path is too long");
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return fail_errno(err, path, "write");
    bool ok = fchmod(fd, (mode_t)mode) == 0 && write_all(fd, data, len) && fsync(fd) == 0;
    int saved = errno;
    ok = close(fd) == 0 && ok;
    if (ok && rename(temporary, path) == 0) {
        sync_dir_of(path);
        return true;
    }
    errno = ok ? errno : saved;
    fail_errno(err, path, "write");
    unlink(temporary);
    return false;
}

bool rg_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static bool is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Most often all of it but the end is there. */
static bool make_dir(const char *path, int mode)
{
    if (mkdir(path, (mode_t)mode) == 0)
        return true;
    int code = errno;
    bool there = code == EEXIST && is_dir(path);
    errno = code;
    return there;
}

bool rg_dir_make(const char *path, int mode, rg_err *err)
{
    char part[4096];
    if ((size_t)snprintf(part, sizeof(part), "%s", path) >= sizeof(part))
        return rg_fail(err, RG_INPUT, NULL, "use a shorter path", "the path is too long");
    if (make_dir(path, mode))
        return true;
    if (errno != ENOENT)
        return fail_errno(err, path, "make the folder");
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make_dir(part, 0777))
            return fail_errno(err, part, "make the folder");
        *slash = '/';
    }
    return make_dir(path, mode) || fail_errno(err, path, "make the folder");
}

char *rg_dir_scratches(rg_arena *arena)
{
    const char *base = getenv("TMPDIR");
    return rg_arena_printf(arena, "%s/rigor-%d", base && *base ? base : "/tmp", (int)geteuid());
}

/* A folder of that name that is another's would be another's to read. */
static bool own_folder(const char *path)
{
    struct stat info;
    return (mkdir(path, 0700) == 0 || errno == EEXIST) && lstat(path, &info) == 0 &&
           S_ISDIR(info.st_mode) && info.st_uid == geteuid() && (info.st_mode & 022) == 0;
}

char *rg_dir_scratch(rg_arena *arena, const char *purpose, rg_err *err)
{
    const char *parent = rg_dir_scratches(arena);
    for (int i = 0; i < 100 && own_folder(parent); i++) {
        char *dir = rg_arena_printf(arena, "%s/%s-XXXXXX", parent, purpose);
        if (mkdtemp(dir))
            return dir;
        if (errno != ENOENT) /* another process has just removed it as the last one */
            break;
    }
    rg_fail(err, RG_INTERNAL, parent, "set TMPDIR to a folder of your own that can be written",
            "cannot be used for scratch folders: %s", strerror(errno));
    return NULL;
}

void rg_dir_scratch_end(const char *dir)
{
    rg_err ignored = {0};
    char parent[4096];
    rg_dir_remove(dir, &ignored);
    snprintf(parent, sizeof(parent), "%.*s", (int)(rg_path_base(dir) - dir), dir);
    rmdir(parent);
}

bool rg_path_is_inside(const char *path)
{
    for (const char *part = path;; part++) {
        size_t len = strcspn(part, "/");
        if (len == 0 || (len == 1 && part[0] == '.') ||
            (len == 2 && strncmp(part, "..", 2) == 0))
            return false;
        part += len;
        if (*part == '\0')
            return true;
    }
}

char *rg_path_join(rg_arena *arena, const char *dir, const char *name)
{
    if (name[0] == '/' || dir[0] == '\0')
        return rg_arena_strdup(arena, name);
    return rg_arena_printf(arena, rg_text_ends(dir, "/") ? "%s%s" : "%s/%s", dir, name);
}

const char *rg_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool rg_sha_file(const char *path, char hex[RG_HEX], rg_err *err)
{
    int fd = open_regular(path, 0, SIZE_MAX, err);
    if (fd < 0)
        return false;
    rg_sha sha;
    rg_sha_start(&sha);
    char block[65536];
    ssize_t n;
    while ((n = read(fd, block, sizeof(block))) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            rg_sha_add(&sha, block, (size_t)n);
    bool ok = n == 0 || fail_errno(err, path, "read");
    close(fd);
    if (ok)
        rg_sha_end(&sha, hex);
    return ok;
}

/* ---- gzip */

static bool inflate_all(z_stream *z, size_t max, const char *where, rg_str *out, rg_err *err)
{
    char block[65536];
    for (int state = Z_OK; state != Z_STREAM_END;) {
        z->next_out = (Bytef *)block;
        z->avail_out = sizeof(block);
        state = inflate(z, Z_NO_FLUSH);
        if (state != Z_OK && state != Z_STREAM_END)
            return rg_fail(err, RG_INPUT, where, "fetch the file again", "broken gzip data: %s",
                           z->msg ? z->msg : "it ends too early");
        size_t n = sizeof(block) - z->avail_out;
        if (out->len + n > max)
            return rg_fail(err, RG_INPUT, where, "is this the right file?",
                           "larger than %zu bytes when unpacked", max);
        rg_str_add_n(out, block, n);
        if (state == Z_STREAM_END && z->avail_in > 0) /* the next member */
            state = inflateReset(z);
    }
    return true;
}

bool rg_gunzip(const char *data, size_t len, size_t max, const char *where, char **ret,
               size_t *ret_len, rg_err *err)
{
    rg_str out = {.max = max};
    rg_str_add_n(&out, "", 0);
    bool ok = true;
    if (len < 2 || memcmp(data, "\x1f\x8b", 2) != 0) {
        rg_str_add_n(&out, data, len);
    } else {
        z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len};
        ok = len <= UINT32_MAX && inflateInit2(&z, 15 + 16) == Z_OK;
        ok = ok ? inflate_all(&z, max, where, &out, err)
                : rg_fail(err, RG_INPUT, where, NULL, "gzip data of %zu bytes is too large",
                          len);
        inflateEnd(&z);
    }
    if (!ok) {
        rg_str_free(&out);
        return false;
    }
    *ret = out.data;
    *ret_len = out.len;
    return true;
}
