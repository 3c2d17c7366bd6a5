/* signature.h - an Ed25519 signature of a ledger's head: who vouches for it, and for what.
 *
 * The hash chain shows that a ledger was not altered after some head; a signature says whose
 * head that is.  ledger.sig lies beside the ledger:
 *   {"comment", "head", "key", "kind": "rigor-ledger-signature/1", "seq", "signature",
 *    "signed_at", "study"}
 * and signs the canonical JSON of all its members but "signature", behind "rigor ledger head\n"
 * (so that no signature of another kind of text can be taken for one).  Keys and signatures are
 * hexadecimal.  Ed25519: Bernstein et al. (2012), RFC 8032; libsodium computes it. */
#ifndef RIGOR_LAB_REPORT_SIGNATURE_H
#define RIGOR_LAB_REPORT_SIGNATURE_H

#include "rigor/store.h"

#define RG_SIGNATURE_FILE "ledger.sig"
#define RG_KEY_HEX 65 /* a public key as hexadecimal text with its NUL */

/* Writes a new key pair to `path`, mode 0600, never over a file; ret_key: the public key. */
bool signature_new_key(const char *path, char ret_key[RG_KEY_HEX], rg_err *err);

/* Signs the head of the ledger, which must hold (rg_ledger_verify), into dir/ledger.sig.  A
 * signature by another key is not written over.  *ret (new reference): what was written. */
bool signature_write(rg_ledger *ledger, const char *study, const char *dir,
                     const char *key_file, const char *comment, json_t **ret, rg_err *err);

/* What dir/ledger.sig says of the ledger: adds to `right` what holds, or to `wrong` what does
 * not.  key: hexadecimal text or a file that holds it; the signature must be there, and by it.
 * NULL: any key will do, and none at all.  False only when `key` cannot be read. */
bool signature_check(rg_ledger *ledger, const char *study, const char *dir, const char *key,
                     rg_str *right, rg_str *wrong, rg_err *err);

#endif
