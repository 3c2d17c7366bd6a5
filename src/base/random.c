/* random.c - Threefry, and named streams of random numbers; SHA-256.
 *
 * A stream's key is the first 8 bytes of SHA-256(seed, site): streams of different sites or
 * seeds are independent, and adding a site never shifts the draws of another. */
#include "base/threefry.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* ---- SHA-256 (libsodium) */

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(rg_sha), "rg_sha is too small");

static crypto_hash_sha256_state *sha_state(rg_sha *sha)
{
    return (crypto_hash_sha256_state *)(void *)sha->state;
}

void rg_sha_start(rg_sha *sha)
{
    crypto_hash_sha256_init(sha_state(sha));
}

void rg_sha_add(rg_sha *sha, const void *data, size_t len)
{
    crypto_hash_sha256_update(sha_state(sha), data, len);
}

void rg_sha_end(rg_sha *sha, char hex[RG_HEX])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(sha_state(sha), hash);
    sodium_bin2hex(hex, RG_HEX, hash, sizeof(hash));
}

void rg_sha_of(const void *data, size_t len, char hex[RG_HEX])
{
    rg_sha sha;
    rg_sha_start(&sha);
    rg_sha_add(&sha, data, len);
    rg_sha_end(&sha, hex);
}

/* ---- Threefry-2x32-20 */

static uint32_t rotate_left(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

void rg_threefry(const uint32_t key[2], const uint32_t counter[2], uint32_t ret[2])
{
    const uint32_t schedule[3] = {key[0], key[1], 0x1bd11bdau ^ key[0] ^ key[1]};
    uint32_t x = counter[0] + schedule[0], y = counter[1] + schedule[1];
    for (int round = 0; round < 20; round++) {
        x += y;
        y = rotate_left(y, rg_threefry_rotation[round % 8]) ^ x;
        if (round % 4 == 3) { /* a key injection after every fourth round */
            uint32_t injection = (uint32_t)round / 4 + 1;
            x += schedule[injection % 3];
            y += schedule[(injection + 1) % 3] + injection;
        }
    }
    ret[0] = x;
    ret[1] = y;
}

/* ---- Streams */

static void derive_key(uint64_t seed, const char *site_fmt, va_list args, uint32_t key[2])
{
    char site[256];
    vsnprintf(site, sizeof(site), site_fmt, args);
    unsigned char bytes[8], hash[crypto_hash_sha256_BYTES];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(seed >> (8 * i));
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, bytes, sizeof(bytes));
    crypto_hash_sha256_update(&state, (const unsigned char *)site, strlen(site));
    crypto_hash_sha256_final(&state, hash);
    for (int k = 0; k < 2; k++)
        key[k] = (uint32_t)hash[4 * k] | (uint32_t)hash[4 * k + 1] << 8 |
                 (uint32_t)hash[4 * k + 2] << 16 | (uint32_t)hash[4 * k + 3] << 24;
}

rg_rng rg_rng_open(uint64_t seed, const char *site_fmt, ...)
{
    rg_rng rng = {0};
    va_list args;
    va_start(args, site_fmt);
    derive_key(seed, site_fmt, args, rng.key);
    va_end(args);
    return rng;
}

uint64_t rg_seed_derive(uint64_t seed, const char *site_fmt, ...)
{
    uint32_t key[2];
    va_list args;
    va_start(args, site_fmt);
    derive_key(seed, site_fmt, args, key);
    va_end(args);
    return ((uint64_t)key[1] << 32 | key[0]) >> 11; /* exact in a double */
}

static rg_threefry_many *threefry_many(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return rg_threefry_many_avx512;
#endif
    return rg_threefry_many_base;
}

static void make_blocks(rg_rng *rng)
{
    threefry_many()(rng->key, rng->counter, rng->block);
    rng->counter += RG_RNG_BLOCKS;
    rng->left = 2 * RG_RNG_BLOCKS;
}

uint32_t rg_rng_u32(rg_rng *rng)
{
    if (!rng->left)
        make_blocks(rng);
    uint32_t at = 2 * RG_RNG_BLOCKS - rng->left--;
    return rng->block[at % 2][at / 2];
}

static inline uint64_t next_u64(rg_rng *rng)
{
    if (rng->left % 2 == 1) { /* halves of two blocks */
        uint64_t low = rg_rng_u32(rng);
        return (uint64_t)rg_rng_u32(rng) << 32 | low;
    }
    if (!rng->left)
        make_blocks(rng);
    uint32_t at = RG_RNG_BLOCKS - rng->left / 2;
    rng->left -= 2;
    return (uint64_t)rng->block[1][at] << 32 | rng->block[0][at];
}

uint64_t rg_rng_u64(rg_rng *rng)
{
    return next_u64(rng);
}

/* Rejection of the incomplete first interval: draws below 2^64 mod n, which is below n. */
static inline uint64_t next_below(rg_rng *rng, uint64_t n)
{
    uint64_t draw = next_u64(rng);
    while (draw < n && draw < -n % n)
        draw = next_u64(rng);
    return draw % n;
}

uint64_t rg_rng_below(rg_rng *rng, uint64_t n)
{
    return next_below(rng, n);
}

double rg_rng_unit(rg_rng *rng)
{
    return (double)(rg_rng_u64(rng) >> 11) * 0x1p-53;
}

/* Box and Muller 1958; 1 - u is never 0. */
double rg_rng_normal(rg_rng *rng)
{
    double radius = sqrt(-2 * log(1 - rg_rng_unit(rng)));
    return radius * cos(2 * 3.14159265358979323846 * rg_rng_unit(rng));
}

void rg_rng_shuffle(rg_rng *rng, uint32_t *items, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = (size_t)next_below(rng, i);
        uint32_t kept = items[i - 1];
        items[i - 1] = items[k];
        items[k] = kept;
    }
}
