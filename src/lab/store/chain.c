/* chain.c - the hash chain over the events. */
#include "lab/store/chain.h"

#include <stdio.h>
#include <string.h>

static void add(rg_sha *sha, const char *text)
{
    rg_sha_add(sha, text, strlen(text));
}

void rg_chain_hash(const char *previous, int64_t seq, const char *time, const char *kind,
                   const char *body, char ret[RG_HEX])
{
    char number[24];
    snprintf(number, sizeof(number), "%lld", (long long)seq);
    const char *const parts[] = {previous, "{\"body\":",  body,   ",\"kind\":\"",
                                 kind,     "\",\"seq\":", number, ",\"time\":\"",
                                 time,     "\"}"};
    rg_sha sha;
    rg_sha_start(&sha);
    for (size_t i = 0; i < RG_COUNT(parts); i++)
        add(&sha, parts[i]);
    rg_sha_end(&sha, ret);
}
