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
#include <time.h>
#include <unistd.h>

#define WAIT_MS 2000
#define NAP_MS 10

/* The process that the lock file names, 0 when it is not alive (any more). */
static int64_t living_owner(int file)
{
    char text[32] = "";
    int64_t owner = 0;
    ssize_t n = pread(file, text, sizeof(text) - 1, 0);
    text[n > 0 ? (size_t)n : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    bool alive = rg_text_int(text, &owner) && owner > 0 &&
                 (kill((pid_t)owner, 0) == 0 || errno == EPERM);
    return alive ? owner : 0;
}

static bool refuse(const char *ledger, int64_t owner, rg_err *err)
{
    char who[40] = "another process";
    if (owner > 0)
        snprintf(who, sizeof(who), "process %lld", (long long)owner);
    return rg_fail(err, RG_INPUT, ledger,
                   "wait until it ends; `rigor status` shows how far it is",
                   "%s is writing this ledger", who);
}

/* A child that a killed writer was about to start shares its lock until it runs its program:
 * while nobody alive is named, we wait a little. */
static bool lock_file(const char *ledger, int file, rg_err *err)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    const struct timespec nap = {.tv_nsec = NAP_MS * 1000000L};
    int64_t owner = 0;
    for (int waited = 0; waited <= WAIT_MS; waited += NAP_MS) {
        if (fcntl(file, F_OFD_SETLK, &whole) == 0)
            return true;
        owner = living_owner(file);
        if (owner > 0)
            break;
        nanosleep(&nap, NULL);
    }
    return refuse(ledger, owner, err);
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
        if (!lock_file(ledger, file, err))
            break;
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
