/* lock.c - one writer for one ledger: an open-file-description lock on "LEDGER.lock".
 *
 * The kernel holds the lock as long as the writer's descriptor is open, so a killed writer
 * leaves nothing that blocks; the process id in the file only serves the error's text.  Why a
 * file of its own: closing any descriptor of the database would drop SQLite's own (POSIX)
 * locks. */
#include "lab/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(const char *ledger, int file, rg_err *err)
{
    char text[32] = "";
    int64_t owner = 0;
    ssize_t n = pread(file, text, sizeof(text) - 1, 0);
    text[n > 0 ? (size_t)n : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    if (!rg_text_int(text, &owner) || owner <= 0 || kill((pid_t)owner, 0) != 0)
        return rg_fail(err, RG_INPUT, ledger,
                       "wait until it ends; `rigor status` shows how far it is",
                       "another process is writing this ledger");
    return rg_fail(err, RG_INPUT, ledger,
                   "wait until it ends; `rigor status` shows how far it is",
                   "process %lld is writing this ledger", (long long)owner);
}

/* Whether the file that we locked is still the one that has the name: its last owner may have
 * removed it between our open and our lock. */
static bool still_there(int file, const char *path)
{
    struct stat ours, named;
    return fstat(file, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino &&
           ours.st_dev == named.st_dev;
}

static bool write_owner(int file)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%lld\n", (long long)getpid());
    return ftruncate(file, 0) == 0 && pwrite(file, text, (size_t)n, 0) == n;
}

bool rg_lock_take(const char *ledger, rg_lock *ret, rg_err *err)
{
    rg_str path = {0};
    rg_str_printf(&path, "%s.lock", ledger);
    int file;
    for (;;) {
        file = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (file < 0) {
            rg_fail(err, RG_INPUT, path.data,
                    "check that the folder exists and that you may write to it",
                    "the ledger cannot be locked: %s", strerror(errno));
            break;
        }
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        if (fcntl(file, F_OFD_SETLK, &whole) != 0) {
            refuse(ledger, file, err);
            break;
        }
        if (still_there(file, path.data)) {
            write_owner(file); /* without it the lock holds all the same */
            *ret = (rg_lock){.path = path.data, .file = file};
            return true;
        }
        close(file);
    }
    if (file >= 0)
        close(file);
    rg_str_free(&path);
    return false;
}

bool rg_lock_held(const char *ledger)
{
    rg_str path = {0};
    rg_str_printf(&path, "%s.lock", ledger);
    int file = open(path.data, O_RDONLY | O_CLOEXEC);
    rg_str_free(&path);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    bool held = file >= 0 && fcntl(file, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    if (file >= 0)
        close(file);
    return held;
}

void rg_lock_release(rg_lock *lock)
{
    if (!lock->path)
        return;
    unlink(lock->path);
    close(lock->file);
    rg_free(lock->path);
    *lock = (rg_lock){0};
}
