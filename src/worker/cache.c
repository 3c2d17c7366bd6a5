/* cache.c - what a worker keeps between jobs: parts of the data, and compiled programs.
 *
 * A study sends the same few files and structures again and again; the least recently used one
 * makes room. */
#include "worker/worker.h"

#include <string.h>
#include <sys/stat.h>

#define PARTS_MAX 6
#define PROGRAMS_MAX 8

struct cached_part {
    char *path;
    struct stat file; /* as it was when the part was read */
    rg_arena *arena;
    rg_part part;
};

static void free_part(cached_part *cached)
{
    rg_arena_free(cached->arena);
    rg_free(cached);
}

static bool unchanged(const cached_part *cached, const struct stat *now)
{
    const struct stat *then = &cached->file;
    return then->st_ino == now->st_ino && then->st_size == now->st_size &&
           then->st_mtim.tv_sec == now->st_mtim.tv_sec &&
           then->st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

/* Moves entry i of a list of pointers to its end. */
static void *to_end(void **at, size_t len, size_t i)
{
    void *entry = at[i];
    memmove(at + i, at + i + 1, (len - i - 1) * sizeof(*at));
    at[len - 1] = entry;
    return entry;
}

static cached_part *read_part(const char *path, const struct stat *file, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    rg_part part;
    if (!rg_part_read(path, arena, &part, err)) {
        rg_arena_free(arena);
        return NULL;
    }
    cached_part *made = RG_NEW(cached_part);
    *made = (cached_part){
        .path = rg_arena_strdup(arena, path), .file = *file, .arena = arena, .part = part};
    return made;
}

const rg_part *worker_cache_part(cache *c, const char *path, rg_err *err)
{
    struct stat file = {0};
    stat(path, &file); /* a file that is not there is rg_part_read's to report */
    for (size_t i = 0; i < c->parts.len; i++) {
        if (strcmp(c->parts.at[i]->path, path))
            continue;
        cached_part *found = to_end((void **)c->parts.at, c->parts.len, i);
        if (unchanged(found, &file))
            return &found->part;
        c->parts.len--;
        free_part(found);
    }
    cached_part *made = read_part(path, &file, err);
    if (!made)
        return NULL;
    if (c->parts.len == PARTS_MAX) {
        free_part(to_end((void **)c->parts.at, c->parts.len, 0));
        c->parts.len--;
    }
    rg_vec_push(&c->parts, made);
    return &made->part;
}

static void drop_oldest_program(cache *c)
{
    rg_program_free(to_end((void **)c->programs.at, c->programs.len, 0));
    rg_free(to_end((void **)c->keys.at, c->keys.len, 0));
    c->programs.len--;
    c->keys.len--;
}

rg_program *worker_cache_program(cache *c, const rg_program_spec *spec, rg_err *err)
{
    char *key = rg_program_key(spec);
    for (size_t i = 0; i < c->programs.len; i++) {
        if (strcmp(c->keys.at[i], key))
            continue;
        rg_free(key);
        to_end((void **)c->keys.at, c->keys.len, i);
        return to_end((void **)c->programs.at, c->programs.len, i);
    }
    rg_program *made = rg_program_compile(spec, err);
    if (!made) {
        rg_free(key);
        return NULL;
    }
    if (c->programs.len == PROGRAMS_MAX)
        drop_oldest_program(c);
    rg_vec_push(&c->programs, made);
    rg_vec_push(&c->keys, key);
    return made;
}

void worker_cache_free(cache *c)
{
    for (size_t i = 0; i < c->parts.len; i++)
        free_part(c->parts.at[i]);
    while (c->programs.len)
        drop_oldest_program(c);
    rg_vec_free(&c->parts);
    rg_vec_free(&c->programs);
    rg_vec_free(&c->keys);
}
