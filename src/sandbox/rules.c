/* rules.c - the Landlock ruleset: everything may be read but what is hidden.
 *
 * Landlock withholds the rights that a ruleset "handles" and gives them back by rules; a rule holds
 * for a whole hierarchy, and none takes away.  "All but this" is therefore said by walking from the
 * root down towards each hidden path and granting what stands beside the way:
 *
 *     /                 a folder on the way: no rule of its own
 *     |- usr/           granted whole
 *     |- home/          on the way
 *        |- notes.txt   granted
 *        |- study/      on the way
 *           |- data/    granted whole
 *           |- sealed/  hidden: no rule, so nothing in it can be read or executed
 *
 * What appears later in a folder on the way has no rule either and cannot be read.  Names may be
 * listed everywhere: that right is granted at the root.  Changes are granted below the writable
 * folders only.  Places are compared by device and inode as well as by name.
 *
 * /dev is a folder on the way always, so that no disk, no memory and no terminal is granted with
 * it: of its entries those of the table below.  Links have no rule (what they lead to has, or has
 * not); block devices elsewhere get none. */
#include "sandbox/inside.h"
#include "sandbox/rights.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct right {
    uint64_t bit;
    const char *name;
    int since; /* Landlock's ABI */
} right;

static const right file_rights[] = {
    {FILE_EXECUTE, "execute", 1},       {FILE_WRITE, "write_file", 1},
    {FILE_READ, "read_file", 1},        {FILE_LIST, "read_dir", 1},
    {FILE_REMOVE_DIR, "remove_dir", 1}, {FILE_REMOVE, "remove_file", 1},
    {FILE_MAKE_CHAR, "make_char", 1},   {FILE_MAKE_DIR, "make_dir", 1},
    {FILE_MAKE, "make_reg", 1},         {FILE_MAKE_SOCK, "make_sock", 1},
    {FILE_MAKE_FIFO, "make_fifo", 1},   {FILE_MAKE_BLOCK, "make_block", 1},
    {FILE_MAKE_SYM, "make_sym", 1},     {FILE_REFER, "refer", 2},
    {FILE_TRUNCATE, "truncate", 3},     {FILE_IOCTL, "ioctl_dev", 5},
    {FILE_CONNECT, "resolve_unix", 9},
};
static const right port_rights[] = {{1 << 0, "bind_tcp", 4}, {1 << 1, "connect_tcp", 4}};
static const right scope_rights[] = {{1 << 0, "abstract_unix_socket", 6},
                                     {1 << 1, "signal", 6}};

/* What of /dev is granted: what every program expects, and accelerators. */
static const struct {
    const char *name;
    uint64_t rights;
} devices[] = {
    {"null", RIGHTS_DEVICE},   {"zero", RIGHTS_DEVICE},    {"full", RIGHTS_DEVICE},
    {"random", RIGHTS_DEVICE}, {"urandom", RIGHTS_DEVICE}, {"tty", RIGHTS_DEVICE},
    {"shm", RIGHTS_WRITE},     {"nvidia*", RIGHTS_DEVICE}, {"dri", RIGHTS_DEVICE},
    {"kfd", RIGHTS_DEVICE},    {"accel*", RIGHTS_DEVICE},
};

#define DEPTH_MAX 64 /* of folders on the way; deeper ones are not granted */
#define NAMED_MAX 32 /* entries of one folder that the record names */

typedef struct walk {
    const rg_sandbox *s;
    uint64_t handled;
    json_t *read, *devices, *warnings;
    int depth;
} walk;

/* ---- Rules */

static bool grant(const walk *w, int fd, bool is_folder, uint64_t rights)
{
    path_attr rule = {.allowed = rights & w->handled, .folder = fd};
    if (!is_folder)
        rule.allowed &= RIGHTS_OF_A_FILE;
    return syscall(SYS_landlock_add_rule, w->s->ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool is_spot(const spots *list, const char *path, const struct stat *info)
{
    for (size_t i = 0; i < list->len; i++) {
        const spot *s = &list->at[i];
        if (s->exists && s->dev == info->st_dev && s->ino == info->st_ino)
            return true;
    }
    return spots_named(list, path) != NULL;
}

static uint64_t device_rights(const char *name)
{
    for (size_t i = 0; i < RG_COUNT(devices); i++)
        if (fnmatch(devices[i].name, name, 0) == 0)
            return devices[i].rights;
    return 0;
}

static void walk_folder(walk *w, const char *path);

/* One entry of a folder on the way; true when it was granted. */
static bool walk_entry(walk *w, int fd, const char *path, uint64_t rights)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || S_ISLNK(info.st_mode) || S_ISBLK(info.st_mode) ||
        is_spot(&w->s->hidden, path, &info))
        return false;
    if (is_spot(&w->s->ways, path, &info)) {
        walk_folder(w, path);
        return false;
    }
    return rights != 0 && grant(w, fd, S_ISDIR(info.st_mode), rights);
}

/* Whether an entry of a folder on the way is granted something or leads on, and what. */
static bool is_of_use(const walk *w, const char *folder, const char *name, const char *path,
                      uint64_t *ret_rights)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    *ret_rights = strcmp(folder, "/dev") == 0 ? device_rights(name) : RIGHTS_READ;
    return *ret_rights != 0 || spots_named(&w->s->ways, path);
}

static void walk_entries(walk *w, DIR *dir, const char *path)
{
    json_t *record = strcmp(path, "/dev") == 0 ? w->devices : w->read, *names = json_array();
    rg_str child = {.max = PATH_MAX};
    size_t granted = 0;
    for (const struct dirent *e; (e = readdir(dir));) {
        uint64_t rights;
        rg_str_clear(&child);
        rg_str_printf(&child, "%s/%s", strcmp(path, "/") == 0 ? "" : path, e->d_name);
        if (child.cut || !is_of_use(w, path, e->d_name, child.data, &rights))
            continue;
        int fd = openat(dirfd(dir), e->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            continue; /* gone, or out of reach anyway */
        if (walk_entry(w, fd, child.data, rights) && ++granted <= NAMED_MAX)
            rg_json_say(names, "%s", child.data);
        close(fd);
    }
    rg_str_free(&child);
    if (granted > NAMED_MAX)
        rg_json_say(record, "%s/ (%zu entries)", path, granted);
    else
        json_array_extend(record, names);
    json_decref(names);
}

static void walk_folder(walk *w, const char *path)
{
    if (w->depth == DEPTH_MAX)
        return;
    DIR *dir = opendir(path);
    if (!dir) {
        if (errno != ENOENT)
            rg_json_say(w->warnings, "%s cannot be listed: nothing in it is granted", path);
        return;
    }
    w->depth++;
    walk_entries(w, dir, path);
    w->depth--;
    closedir(dir);
}

static bool grant_path(const walk *w, const char *path, uint64_t rights, rg_err *err)
{
    struct stat info;
    int fd = open(path, O_PATH | O_CLOEXEC);
    bool ok = fd >= 0 && fstat(fd, &info) == 0 && grant(w, fd, S_ISDIR(info.st_mode), rights);
    int code = errno;
    if (fd >= 0)
        close(fd);
    return ok || rg_fail(err, RG_INTERNAL, path, NULL, "Landlock takes no rule for it: %s",
                         strerror(code));
}

/* ---- The ruleset */

static uint64_t choose(const right *table, size_t n, int abi, json_t *handled, json_t *refused)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++) {
        bool known = abi >= table[i].since;
        rg_json_say(known ? handled : refused, "%s", table[i].name);
        if (known)
            bits |= table[i].bit;
    }
    return bits;
}

static bool make_ruleset(rg_sandbox *s, const ruleset_attr *attr, rg_err *err)
{
    size_t size = s->abi < 4 ? 8 : s->abi < 6 ? 16 : 24;
    s->ruleset = (int)syscall(SYS_landlock_create_ruleset, attr, size, 0);
    return s->ruleset >= 0 || rg_fail(err, RG_INTERNAL, NULL, NULL,
                                      "Landlock makes no ruleset: %s", strerror(errno));
}

static bool fill_ruleset(walk *w, rg_err *err)
{
    if (!grant_path(w, "/", FILE_LIST, err))
        return false;
    walk_folder(w, "/");
    for (size_t i = 0; i < w->s->writable.len; i++)
        if (!grant_path(w, w->s->writable.at[i].path, RIGHTS_WRITE, err))
            return false;
    for (size_t i = 0; i < w->s->readable.len; i++)
        if (!grant_path(w, w->s->readable.at[i].path, RIGHTS_READ, err))
            return false;
    return true;
}

bool sandbox_rules(rg_sandbox *s, json_t *record, json_t *warnings, rg_err *err)
{
    json_t *handled = json_array(), *refused = json_array();
    walk w = {.s = s, .read = json_array(), .devices = json_array(), .warnings = warnings};
    ruleset_attr attr = {0};
    attr.files = choose(file_rights, RG_COUNT(file_rights), s->abi, handled, refused);
    attr.scopes = choose(scope_rights, RG_COUNT(scope_rights), s->abi, handled, refused);
    if (!s->network)
        attr.ports = choose(port_rights, RG_COUNT(port_rights), s->abi, handled, refused);
    w.handled = attr.files;
    bool ok = s->abi == 0 || (make_ruleset(s, &attr, err) && fill_ruleset(&w, err));
    json_object_set_new(record, "handled", handled);
    json_object_set_new(record, "refused", refused);
    json_object_set_new(record, "read", w.read);
    json_object_set_new(record, "devices", w.devices);
    return ok;
}
