/* containers.c - the growth of vectors; a map from text to pointers.
 *
 * The map keeps its entries in order of insertion and finds them through an open-addressing
 * table of indices, so that iterating never depends on hashes. */
#include "rigor/base.h"

#include <string.h>

void *rg_vec_grow_(void *at, size_t *cap, size_t need, size_t bytes)
{
    if (need <= *cap)
        return at;
    size_t grown = *cap ? *cap + *cap / 2 + 1 : 8;
    if (grown < need)
        grown = need;
    at = rg_realloc(at, rg_bytes_checked(grown, bytes));
    *cap = grown;
    return at;
}

typedef struct entry {
    char *key;
    uint64_t hash;
    void *value;
} entry;

struct rg_map {
    RG_VEC(entry) entries;
    uint32_t *slot; /* 1 + index of the entry; 0: free */
    size_t slots;   /* a power of two */
};

/* FNV-1a (Fowler, Noll, Vo). */
static uint64_t hash_text(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

rg_map *rg_map_new(void)
{
    rg_map *map = RG_NEW(rg_map);
    map->slots = 16;
    map->slot = RG_NEW_ARRAY(uint32_t, map->slots);
    return map;
}

void rg_map_free(rg_map *map)
{
    if (!map)
        return;
    for (size_t i = 0; i < map->entries.len; i++)
        rg_free(map->entries.at[i].key);
    rg_vec_free(&map->entries);
    rg_free(map->slot);
    rg_free(map);
}

/* The slot of key, or the free slot where it would go. */
static uint32_t *find_slot(const rg_map *map, const char *key, uint64_t hash)
{
    for (size_t i = hash & (map->slots - 1);; i = (i + 1) & (map->slots - 1)) {
        uint32_t at = map->slot[i];
        if (at == 0)
            return &map->slot[i];
        const entry *e = &map->entries.at[at - 1];
        if (e->hash == hash && strcmp(e->key, key) == 0)
            return &map->slot[i];
    }
}

static void grow(rg_map *map)
{
    rg_free(map->slot);
    map->slots *= 2;
    map->slot = RG_NEW_ARRAY(uint32_t, map->slots);
    for (size_t i = 0; i < map->entries.len; i++) {
        const entry *e = &map->entries.at[i];
        *find_slot(map, e->key, e->hash) = (uint32_t)i + 1;
    }
}

void rg_map_set(rg_map *map, const char *key, void *value)
{
    uint64_t hash = hash_text(key);
    uint32_t *slot = find_slot(map, key, hash);
    if (*slot) {
        map->entries.at[*slot - 1].value = value;
        return;
    }
    char *copy = rg_alloc(strlen(key) + 1);
    strcpy(copy, key);
    rg_vec_push(&map->entries, ((entry){copy, hash, value}));
    *slot = (uint32_t)map->entries.len;
    if (map->entries.len * 2 > map->slots)
        grow(map);
}

void *rg_map_get(const rg_map *map, const char *key)
{
    uint32_t at = *find_slot(map, key, hash_text(key));
    return at ? map->entries.at[at - 1].value : NULL;
}

size_t rg_map_count(const rg_map *map)
{
    return map->entries.len;
}

const char *rg_map_key(const rg_map *map, size_t i)
{
    return map->entries.at[i].key;
}

void *rg_map_value(const rg_map *map, size_t i)
{
    return map->entries.at[i].value;
}
