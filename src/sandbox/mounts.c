/* mounts.c - other names of hidden places: bind mounts, and one file system mounted twice.
 *
 * A line of /proc/self/mountinfo (proc(5)) says which folder of which file system appears where:
 *
 *     36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw
 *            |   |     |
 *            |   |     mount point;  blanks are \040
 *            |   root: the folder of the file system that appears there
 *            file system
 *
 * A hidden path is, in its file system, its mount's root plus what follows the mount point; every
 * other mount of that file system which holds this place, or is held by it, gives it a name. */
#include "sandbox/inside.h"

#include <stdlib.h>
#include <string.h>

typedef struct mount {
    const char *device;
    char *root, *point;
} mount;
typedef RG_VEC(mount) mounts;

static int digit(char c)
{
    return c >= '0' && c <= '7' ? c - '0' : -1;
}

static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        bool octal = from[0] == '\\' && digit(from[1]) >= 0 && digit(from[2]) >= 0 &&
                     digit(from[3]) >= 0;
        if (octal)
            *to = (char)(digit(from[1]) * 64 + digit(from[2]) * 8 + digit(from[3]));
        else
            *to = *from;
        from += octal ? 4 : 1;
    }
    *to = '\0';
}

static void read_line(mounts *list, char *line)
{
    char *field[5] = {0}, *rest = NULL;
    for (int i = 0; i < 5; i++, line = NULL)
        if (!(field[i] = strtok_r(line, " ", &rest)))
            return;
    unescape(field[3]);
    unescape(field[4]);
    rg_vec_push(list, ((mount){field[2], field[3], field[4]}));
}

/* The mount that shows `path`: the longest mount point above it; of equal ones the last. */
static const mount *mount_of(const mounts *list, const char *path)
{
    const mount *best = NULL;
    for (size_t i = 0; i < list->len; i++) {
        const mount *m = &list->at[i];
        if (path_is_in(path, m->point) && (!best || strlen(m->point) >= strlen(best->point)))
            best = m;
    }
    return best;
}

/* What follows `folder` in `path`: "" or "/...". */
static const char *behind(const char *path, const char *folder)
{
    return strcmp(folder, "/") == 0 ? path : path + strlen(folder);
}

static char *glue(rg_arena *arena, const char *folder, const char *rest)
{
    if (strcmp(rest, "/") == 0 || rest[0] == '\0')
        return rg_arena_strdup(arena, folder);
    return rg_arena_printf(arena, "%s%s", strcmp(folder, "/") == 0 ? "" : folder, rest);
}

static void add_names(rg_arena *arena, spots *hidden, const mounts *list, const char *path)
{
    const mount *own = mount_of(list, path);
    if (!own)
        return;
    const char *place = glue(arena, own->root, behind(path, own->point));
    for (size_t i = 0; i < list->len; i++) {
        const mount *m = &list->at[i];
        if (m == own || strcmp(m->device, own->device) != 0)
            continue;
        if (path_is_in(place, m->root))
            spots_add(arena, hidden, glue(arena, m->point, behind(place, m->root)));
        else if (path_is_in(m->root, place))
            spots_add(arena, hidden, m->point);
    }
}

void sandbox_mounts(rg_arena *arena, spots *hidden, const char *table)
{
    mounts list = {0};
    char *text = rg_arena_strdup(arena, table), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        read_line(&list, line);
    size_t named = hidden->len; /* not those that are added */
    for (size_t i = 0; i < named; i++)
        add_names(arena, hidden, &list, hidden->at[i].path);
    rg_vec_free(&list);
}
