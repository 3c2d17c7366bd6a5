/* memory.c - the one allocator hook, and arenas.
 *
 * An arena is a list of chunks, each twice as large as the one before (64 KiB to 4 MiB); a
 * request larger than a chunk gets a chunk of its own.  rg_arena_defer hangs release calls on
 * the arena, so that objects of other libraries (JSON values, file handles) live exactly as
 * long. */
#include "rigor/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *libc_allocate(void *ctx, void *old, size_t bytes)
{
    (void)ctx;
    if (bytes == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, bytes);
}

static rg_allocator allocator = {libc_allocate, NULL};

void rg_allocator_set(rg_allocator replacement)
{
    allocator = replacement;
}

/* Does not allocate: nothing is left. */
RG_NORETURN static void die_out_of_memory(void)
{
    static const char message[] =
        "rigor: out of memory\n  -> free memory or run fewer workers (-j), then run the same "
        "command again: it goes on where it stopped\n";
    ssize_t ignored = write(STDERR_FILENO, message, sizeof(message) - 1);
    (void)ignored;
    _exit(RG_INTERNAL);
}

void *rg_realloc(void *old, size_t bytes)
{
    void *memory = allocator.allocate(allocator.ctx, old, bytes ? bytes : 1);
    if (!memory)
        die_out_of_memory();
    return memory;
}

/* The C library's own way leaves fresh pages untouched: a plan of gigabytes is made at once. */
void *rg_try_alloc(size_t bytes)
{
    if (allocator.allocate == libc_allocate)
        return calloc(1, bytes ? bytes : 1);
    void *memory = allocator.allocate(allocator.ctx, NULL, bytes ? bytes : 1);
    if (memory)
        memset(memory, 0, bytes);
    return memory;
}

void *rg_alloc(size_t bytes)
{
    void *memory = rg_try_alloc(bytes);
    if (!memory)
        die_out_of_memory();
    return memory;
}

size_t rg_bytes_checked(size_t n, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(n, bytes, &total))
        die_out_of_memory();
    return total;
}

void *rg_alloc_array(size_t n, size_t bytes)
{
    return rg_alloc(rg_bytes_checked(n, bytes));
}

void rg_free(void *memory)
{
    if (memory)
        allocator.allocate(allocator.ctx, memory, 0);
}

/* jansson allocates through the same hook; it never sees NULL. */
static void *json_allocate(size_t bytes)
{
    return rg_realloc(NULL, bytes);
}

__attribute__((constructor)) static void json_allocator_install(void)
{
    json_set_alloc_funcs(json_allocate, rg_free);
}

/* ---- Arenas */

#define ALIGNMENT ((size_t)16)
#define CHUNK_MIN ((size_t)64 << 10)
#define CHUNK_MAX ((size_t)4 << 20)

typedef struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(16) char data[];
} chunk;

typedef struct deferred {
    struct deferred *next;
    void (*release)(void *);
    void *what;
} deferred;

struct rg_arena {
    chunk *head;
    deferred *deferred;
    size_t next_size;
};

rg_arena *rg_arena_new(void)
{
    rg_arena *arena = RG_NEW(rg_arena);
    arena->next_size = CHUNK_MIN;
    return arena;
}

void rg_arena_free(rg_arena *arena)
{
    if (!arena)
        return;
    for (deferred *d = arena->deferred; d; d = d->next)
        d->release(d->what);
    for (chunk *c = arena->head, *next; c; c = next) {
        next = c->next;
        rg_free(c);
    }
    rg_free(arena);
}

/* A large request's own chunk goes behind the head, so that the head's room stays in use. */
static chunk *chunk_add(rg_arena *arena, size_t bytes)
{
    bool own = bytes > arena->next_size / 2 && arena->head;
    size_t size = bytes > arena->next_size / 2 ? bytes : arena->next_size;
    chunk *c = rg_alloc(sizeof(chunk) + size);
    c->size = size;
    if (own) {
        c->next = arena->head->next;
        arena->head->next = c;
        return c;
    }
    c->next = arena->head;
    arena->head = c;
    if (arena->next_size < CHUNK_MAX)
        arena->next_size *= 2;
    return c;
}

void *rg_arena_alloc(rg_arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        die_out_of_memory();
    bytes = (bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    chunk *c = arena->head;
    if (!c || c->size - c->used < bytes)
        c = chunk_add(arena, bytes);
    void *memory = c->data + c->used;
    c->used += bytes;
    return memory;
}

void rg_arena_defer(rg_arena *arena, void (*release)(void *), void *what)
{
    deferred *d = RG_ARENA_NEW(arena, deferred);
    *d = (deferred){arena->deferred, release, what};
    arena->deferred = d;
}

char *rg_arena_strndup(rg_arena *arena, const char *text, size_t len)
{
    char *copy = rg_arena_alloc(arena, len + 1);
    memcpy(copy, text, len);
    return copy;
}

char *rg_arena_strdup(rg_arena *arena, const char *text)
{
    return rg_arena_strndup(arena, text, strlen(text));
}

char *rg_arena_printf(rg_arena *arena, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = rg_arena_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return text;
}
