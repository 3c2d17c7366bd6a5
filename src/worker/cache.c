/* cache.c - what a worker keeps between jobs: parts of the data, and compiled programs.
 *
 * A study sends the same few files and structures again and again; the least recently used one
 * makes room. */
#include "worker/worker.h"

#include <string.h>

#define PARTS_MAX 6
#define PROGRAMS_MAX 8

/* ---- Parts */

static bool unchanged(const cached_part *cached, const struct stat *now)
{
    const struct stat *then = &cached->file;
    return then->st_ino == now->st_ino && then->st_size == now->st_size &&
           then->st_mtim.tv_sec == now->st_mtim.tv_sec &&
           then->st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

/* Takes entry i out of the list. */
static cached_part take_part(cache *c, size_t i)
{
    cached_part entry = c->parts.at[i];
    c->parts.len--;
    for (; i < c->parts.len; i++)
        c->parts.at[i] = c->parts.at[i + 1];
    return entry;
}

static size_t find_part(const cache *c, const char *path)
{
    size_t i = 0;
    while (i < c->parts.len && strcmp(c->parts.at[i].path, path) != 0)
        i++;
    return i;
}

static bool read_part(cached_part *ret, const char *path, const struct stat *file, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    rg_part *part = RG_ARENA_NEW(arena, rg_part);
    if (!rg_part_read(path, arena, part, err)) {
        rg_arena_free(arena);
        return false;
    }
    *ret = (cached_part){rg_arena_strdup(arena, path), *file, arena, part};
    return true;
}

const rg_part *worker_cache_part(cache *c, const char *path, rg_err *err)
{
    struct stat file = {0};
    stat(path, &file); /* a file that is not there is rg_part_read's to report */
    cached_part entry = {0};
    size_t i = find_part(c, path);
    if (i < c->parts.len)
        entry = take_part(c, i);
    if (entry.arena && !unchanged(&entry, &file)) {
        rg_arena_free(entry.arena);
        entry.arena = NULL;
    }
    if (!entry.arena && !read_part(&entry, path, &file, err))
        return NULL;
    if (c->parts.len == PARTS_MAX)
        rg_arena_free(take_part(c, 0).arena);
    rg_vec_push(&c->parts, entry);
    return entry.part;
}

/* ---- Programs */

static cached_program take_program(cache *c, size_t i)
{
    cached_program entry = c->programs.at[i];
    c->programs.len--;
    for (; i < c->programs.len; i++)
        c->programs.at[i] = c->programs.at[i + 1];
    return entry;
}

static void free_program(cached_program entry)
{
    rg_program_free(entry.program);
    rg_free(entry.key);
}

static size_t find_program(const cache *c, const char *key)
{
    size_t i = 0;
    while (i < c->programs.len && strcmp(c->programs.at[i].key, key) != 0)
        i++;
    return i;
}

rg_program *worker_cache_program(cache *c, const rg_program_spec *spec, rg_err *err)
{
    cached_program entry = {.key = rg_program_key(spec)};
    size_t i = find_program(c, entry.key);
    if (i < c->programs.len) {
        rg_free(entry.key);
        entry = take_program(c, i);
    } else {
        entry.program = rg_program_compile(spec, err);
    }
    if (!entry.program) {
        rg_free(entry.key);
        return NULL;
    }
    if (c->programs.len == PROGRAMS_MAX)
        free_program(take_program(c, 0));
    rg_vec_push(&c->programs, entry);
    return entry.program;
}

void worker_cache_free(cache *c)
{
    while (c->parts.len)
        rg_arena_free(take_part(c, 0).arena);
    while (c->programs.len)
        free_program(take_program(c, 0));
    rg_vec_free(&c->parts);
    rg_vec_free(&c->programs);
}
