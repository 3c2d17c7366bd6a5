/* chain.h - the hash chain over the events. */
#ifndef RIGOR_LAB_STORE_CHAIN_H
#define RIGOR_LAB_STORE_CHAIN_H

#include "rigor/base.h"

/* What the first event's hash builds on: the head of an empty ledger. */
#define RG_CHAIN_START "0000000000000000000000000000000000000000000000000000000000000000"

/* SHA-256(previous || {"body":BODY,"kind":KIND,"seq":SEQ,"time":TIME}), previous as hexadecimal
 * text.  body is canonical JSON text; kind and time hold nothing that JSON escapes, so that the
 * text hashed is the canonical JSON of the event. */
void rg_chain_hash(const char *previous, int64_t seq, const char *time, const char *kind,
                   const char *body, char ret[RG_HEX]);

#endif
