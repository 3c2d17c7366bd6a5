/* archive_write.c - writes a .tar.gz (see archive.h). */
#include "lab/report/archive.h"
#include "lab/report/archive_format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct archive {
    char *path, *temporary;
    gzFile gz;
    int fd; /* gz's own copy is another one */
};

static bool fail_disk(const archive *a, rg_err *err)
{
    return rg_fail(err, RG_INTERNAL, a->path, "free some disk space, or name another folder",
                   "cannot be written: %s", strerror(errno));
}

archive *archive_create(const char *path, rg_err *err)
{
    if (rg_file_exists(path)) {
        rg_fail(err, RG_INPUT, path, "remove it, or name another file", "it is there already");
        return NULL;
    }
    rg_str final = {0}, temporary = {0};
    rg_str_add(&final, path);
    rg_str_printf(&temporary, "%s.%d.tmp", path, (int)getpid());
    archive *a = RG_NEW(archive);
    a->path = final.data;
    a->temporary = temporary.data;
    a->fd = open(a->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int copy = a->fd < 0 ? -1 : fcntl(a->fd, F_DUPFD_CLOEXEC, 0);
    a->gz = copy < 0 ? NULL : gzdopen(copy, "wb6");
    if (a->gz)
        return a;
    rg_fail(err, RG_INPUT, path, "check the folder and its permissions", "cannot be made: %s",
            strerror(errno));
    archive_close(a, false, err);
    return NULL;
}

static bool put(archive *a, const void *data, size_t len, rg_err *err)
{
    return len == 0 || gzfwrite(data, 1, len, a->gz) == len || fail_disk(a, err);
}

/* A name of more than 100 bytes is cut at a slash, the front of it into the prefix. */
static bool set_name(tar_header *header, const char *name)
{
    size_t len = strlen(name), room = sizeof(header->name);
    const char *cut = NULL;
    if (len > room) {
        cut = strchr(name + len - room - 1, '/');
        if (!cut || (size_t)(cut - name) > sizeof(header->prefix))
            return false;
        memcpy(header->prefix, name, (size_t)(cut - name));
        name = cut + 1;
    }
    memcpy(header->name, name, strlen(name));
    return true;
}

static bool put_header(archive *a, const char *name, uint64_t size, rg_err *err)
{
    tar_header header = {.kind = '0'};
    char digits[32];
    if (!set_name(&header, name) || size >= ARCHIVE_MEMBER_MAX)
        return rg_fail(err, RG_INPUT, name, "use shorter names, or smaller files",
                       "this does not fit into an archive");
    memcpy(header.mode, "0000644", 8);
    memcpy(header.uid, "0000000", 8);
    memcpy(header.gid, "0000000", 8);
    memcpy(header.mtime, "00000000000", 12);
    snprintf(digits, sizeof(digits), "%011llo", (unsigned long long)size);
    memcpy(header.size, digits, 12);
    memcpy(header.magic, "ustar", 6);
    memcpy(header.version, "00", 2);
    snprintf(digits, sizeof(digits), "%06o", tar_checksum(&header));
    memcpy(header.checksum, digits, 7);
    header.checksum[7] = ' ';
    return put(a, &header, sizeof(header), err);
}

static bool put_padding(archive *a, uint64_t size, rg_err *err)
{
    static const char zeros[TAR_TRAILER];
    return put(a, zeros, tar_padding(size), err);
}

bool archive_add_text(archive *a, const char *name, const char *data, size_t len, rg_err *err)
{
    return put_header(a, name, len, err) && put(a, data, len, err) && put_padding(a, len, err);
}

/* A file that grows or shrinks meanwhile would spoil the archive. */
static bool put_content(archive *a, int fd, uint64_t size, const char *path, rg_err *err)
{
    char block[65536];
    uint64_t done = 0;
    for (ssize_t n; (n = read(fd, block, sizeof(block))) != 0;) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rg_fail(err, RG_INTERNAL, path, NULL, "cannot be read: %s", strerror(errno));
        done += (uint64_t)n;
        if (done > size || !put(a, block, (size_t)n, err))
            break;
    }
    return done == size || rg_fail(err, RG_INPUT, path, "wait until nothing writes to it",
                                   "the file changed while it was read");
}

bool archive_add_file(archive *a, const char *name, const char *path, rg_err *err)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        if (fd >= 0)
            close(fd);
        return rg_fail(err, RG_INPUT, path, "rigor verify lists what is missing",
                       "the file cannot be read");
    }
    uint64_t size = (uint64_t)info.st_size;
    bool ok = put_header(a, name, size, err) && put_content(a, fd, size, path, err) &&
              put_padding(a, size, err);
    close(fd);
    return ok;
}

bool archive_close(archive *a, bool keep, rg_err *err)
{
    static const char trailer[TAR_TRAILER];
    bool ok = !keep || put(a, trailer, sizeof(trailer), err);
    if (a->gz && gzclose(a->gz) != Z_OK && ok && keep)
        ok = fail_disk(a, err);
    if (a->fd >= 0) {
        ok = ok && (!keep || fsync(a->fd) == 0 || fail_disk(a, err));
        close(a->fd);
    }
    if (ok && keep)
        ok = rename(a->temporary, a->path) == 0 || fail_disk(a, err);
    if (!ok || !keep)
        unlink(a->temporary);
    rg_free(a->path);
    rg_free(a->temporary);
    rg_free(a);
    return ok;
}
