/* faulty.h - a disk that fails on demand: a SQLite file system around the real one.
 *
 * Two services.  Failing: the k-th write, sync or truncation from now on fails, once or for
 * good (a full disk), and a failing write leaves half of its bytes.  Power cuts: after each
 * sync the file is copied, so that the copies are what a disk surely holds when the power goes.
 */
#ifndef RIGOR_TESTS_LAB_STORE_FAULTY_H
#define RIGOR_TESTS_LAB_STORE_FAULTY_H

#include "tamper.h"

typedef struct faulty_disk {
    sqlite3_vfs vfs, *real;
    int countdown; /* 0: healthy */
    bool for_good; /* otherwise once */
    int code;      /* SQLITE_FULL or SQLITE_IOERR_WRITE */
    int failures;
    const char *copy_from, *copy_to; /* names start with these; NULL: no copies */
} faulty_disk;
static faulty_disk faulty;

typedef struct faulty_file {
    sqlite3_file base;
    char name[256];
    sqlite3_file *real;
} faulty_file;

static bool faulty_fails(void)
{
    if (faulty.countdown == 0)
        return false;
    if (faulty.countdown > 1) {
        faulty.countdown--;
        return false;
    }
    faulty.countdown = faulty.for_good ? 1 : 0;
    faulty.failures++;
    return true;
}

/* The name of a file's copy; false when it is not one of those that are copied. */
static bool faulty_copy_name(const char *name, char copy[300])
{
    const char *base = name ? rg_path_base(name) : "";
    if (!faulty.copy_from || !rg_text_starts(base, faulty.copy_from))
        return false;
    snprintf(copy, 300, "%s%s", faulty.copy_to, base + strlen(faulty.copy_from));
    return true;
}

#define FAULTY_REAL(file) (((faulty_file *)(void *)(file))->real)

static int faulty_close(sqlite3_file *file)
{
    return FAULTY_REAL(file)->pMethods->xClose(FAULTY_REAL(file));
}
static int faulty_read(sqlite3_file *file, void *data, int n, sqlite3_int64 at)
{
    return FAULTY_REAL(file)->pMethods->xRead(FAULTY_REAL(file), data, n, at);
}
static int faulty_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 at)
{
    const sqlite3_io_methods *real = FAULTY_REAL(file)->pMethods;
    if (!faulty_fails())
        return real->xWrite(FAULTY_REAL(file), data, n, at);
    real->xWrite(FAULTY_REAL(file), data, n / 2, at);
    return faulty.code;
}
static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (faulty_fails())
        return SQLITE_IOERR_TRUNCATE;
    return FAULTY_REAL(file)->pMethods->xTruncate(FAULTY_REAL(file), size);
}
static int faulty_sync(sqlite3_file *file, int flags)
{
    char copy[300];
    if (faulty_fails())
        return SQLITE_IOERR_FSYNC;
    if (faulty_copy_name(((faulty_file *)(void *)file)->name, copy))
        tamper_copy(((faulty_file *)(void *)file)->name, copy);
    return FAULTY_REAL(file)->pMethods->xSync(FAULTY_REAL(file), flags);
}
static int faulty_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return FAULTY_REAL(file)->pMethods->xFileSize(FAULTY_REAL(file), size);
}
static int faulty_lock(sqlite3_file *file, int level)
{
    return FAULTY_REAL(file)->pMethods->xLock(FAULTY_REAL(file), level);
}
static int faulty_unlock(sqlite3_file *file, int level)
{
    return FAULTY_REAL(file)->pMethods->xUnlock(FAULTY_REAL(file), level);
}
static int faulty_reserved(sqlite3_file *file, int *ret)
{
    return FAULTY_REAL(file)->pMethods->xCheckReservedLock(FAULTY_REAL(file), ret);
}
static int faulty_control(sqlite3_file *file, int what, void *arg)
{
    return FAULTY_REAL(file)->pMethods->xFileControl(FAULTY_REAL(file), what, arg);
}
static int faulty_sector(sqlite3_file *file)
{
    return FAULTY_REAL(file)->pMethods->xSectorSize(FAULTY_REAL(file));
}
static int faulty_traits(sqlite3_file *file)
{
    return FAULTY_REAL(file)->pMethods->xDeviceCharacteristics(FAULTY_REAL(file));
}
static int faulty_shm_map(sqlite3_file *file, int page, int size, int extend,
                          void volatile **ret)
{
    return FAULTY_REAL(file)->pMethods->xShmMap(FAULTY_REAL(file), page, size, extend, ret);
}
static int faulty_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return FAULTY_REAL(file)->pMethods->xShmLock(FAULTY_REAL(file), offset, n, flags);
}
static void faulty_shm_barrier(sqlite3_file *file)
{
    FAULTY_REAL(file)->pMethods->xShmBarrier(FAULTY_REAL(file));
}
static int faulty_shm_unmap(sqlite3_file *file, int remove)
{
    return FAULTY_REAL(file)->pMethods->xShmUnmap(FAULTY_REAL(file), remove);
}

static const sqlite3_io_methods faulty_methods = {
    .iVersion = 2,
    .xClose = faulty_close,
    .xRead = faulty_read,
    .xWrite = faulty_write,
    .xTruncate = faulty_truncate,
    .xSync = faulty_sync,
    .xFileSize = faulty_size,
    .xLock = faulty_lock,
    .xUnlock = faulty_unlock,
    .xCheckReservedLock = faulty_reserved,
    .xFileControl = faulty_control,
    .xSectorSize = faulty_sector,
    .xDeviceCharacteristics = faulty_traits,
    .xShmMap = faulty_shm_map,
    .xShmLock = faulty_shm_lock,
    .xShmBarrier = faulty_shm_barrier,
    .xShmUnmap = faulty_shm_unmap,
};

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                       int *ret)
{
    (void)vfs;
    faulty_file *ours = (faulty_file *)(void *)file;
    ours->real = (sqlite3_file *)(void *)(ours + 1);
    snprintf(ours->name, sizeof(ours->name), "%s", name ? name : "");
    int code = faulty.real->xOpen(faulty.real, name, ours->real, flags, ret);
    ours->base.pMethods = code == SQLITE_OK ? &faulty_methods : NULL;
    return code;
}

static int faulty_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    char copy[300];
    if (faulty_fails())
        return SQLITE_IOERR_DELETE;
    if (faulty_copy_name(name, copy))
        unlink(copy);
    return faulty.real->xDelete(faulty.real, name, sync);
}

/* Becomes SQLite's file system for what this process opens from now on. */
static inline void faulty_install(void)
{
    faulty.real = sqlite3_vfs_find(NULL);
    faulty.vfs = *faulty.real;
    faulty.vfs.zName = "faulty";
    faulty.vfs.pNext = NULL;
    faulty.vfs.szOsFile = (int)sizeof(faulty_file) + faulty.real->szOsFile;
    faulty.vfs.xOpen = faulty_open;
    faulty.vfs.xDelete = faulty_delete;
    assert_int_equal(sqlite3_vfs_register(&faulty.vfs, 1), SQLITE_OK);
}

static inline void faulty_fail(int nth, bool for_good, int code)
{
    faulty.countdown = nth;
    faulty.for_good = for_good;
    faulty.code = code;
    faulty.failures = 0;
}

static inline void faulty_heal(void)
{
    faulty.countdown = 0;
}

#endif
