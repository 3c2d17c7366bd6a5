/* archive.h - a .tar.gz of plain files, written so that equal contents give equal bytes, and
 * read with suspicion.
 *
 * The format is ustar (POSIX.1-1988) in gzip: any tar unpacks it.  Times, owners and modes are
 * fixed.  The reader takes only what the writer writes: an archive with a link, a device, a
 * folder, a name that leads elsewhere or comes twice, or more than its limits is refused. */
#ifndef RIGOR_LAB_REPORT_ARCHIVE_H
#define RIGOR_LAB_REPORT_ARCHIVE_H

#include "rigor/base.h"

enum { ARCHIVE_MEMBERS_MAX = 1000000 };
#define ARCHIVE_MEMBER_MAX ((uint64_t)8 << 30) /* bytes: what ustar can say */
#define ARCHIVE_TOTAL_MAX ((uint64_t)64 << 30)

typedef struct archive archive;

/* Begins path.PID.tmp, which archive_close renames; `path` must not exist. */
archive *archive_create(const char *path, rg_err *err);
bool archive_add_text(archive *a, const char *name, const char *data, size_t len, rg_err *err);
bool archive_add_file(archive *a, const char *name, const char *path, rg_err *err);
/* Ends the archive; nothing is left of it with keep false or after an error.  Frees it. */
bool archive_close(archive *a, bool keep, rg_err *err);

/* Unpacks into `dir`, which is empty.  Names of the members in order, in `arena`. */
bool archive_unpack(const char *path, const char *dir, rg_arena *arena, const char ***ret_names,
                    size_t *ret_n, rg_err *err);
bool archive_is_one(const char *path); /* a file that begins as gzip does */

#endif
