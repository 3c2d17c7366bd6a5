/* signature.c - signing a ledger's head, and checking it (see signature.h). */
#include "lab/report/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOMAIN "rigor ledger head\n"
#define KIND_OF_KEY "rigor-ed25519-key/1"
#define KIND_OF_SIGNATURE "rigor-ledger-signature/1"

enum { SMALL_FILE_MAX = 1 << 16 };
enum {
    PUBLIC = crypto_sign_PUBLICKEYBYTES,
    SECRET = crypto_sign_SECRETKEYBYTES,
    SEED = crypto_sign_SEEDBYTES,
    SIGNATURE = crypto_sign_BYTES,
};

static bool start(rg_err *err)
{
    return sodium_init() >= 0 ||
           rg_fail(err, RG_INTERNAL, NULL, NULL, "the system has no source of random numbers");
}

/* Exactly n bytes, written as 2 n hexadecimal digits. */
static bool from_hex(const char *text, unsigned char *ret, size_t n)
{
    size_t got;
    return strlen(text) == 2 * n &&
           sodium_hex2bin(ret, n, text, 2 * n, NULL, &got, NULL) == 0 && got == n;
}

static json_t *read_json(const char *path, rg_err *err)
{
    char *text;
    size_t len;
    if (!rg_file_read(path, SMALL_FILE_MAX, &text, &len, err))
        return NULL;
    json_t *ret = rg_json_parse(text, len, path, err);
    sodium_memzero(text, len);
    rg_free(text);
    return ret;
}

/* ---- Key files: {"kind", "public", "secret"}; secret is the seed of RFC 8032. */

static bool write_new(const char *path, const char *text, rg_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return rg_fail(err, RG_INPUT, path,
                       errno == EEXIST ? "choose another name, or move the old key away"
                                       : "check the folder and its permissions",
                       "the key cannot be written: %s", strerror(errno));
    size_t len = strlen(text);
    bool ok = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    if (!ok)
        unlink(path);
    return ok ||
           rg_fail(err, RG_INTERNAL, path, "free some disk space", "the key cannot be written");
}

bool signature_new_key(const char *path, char ret_key[RG_KEY_HEX], rg_err *err)
{
    unsigned char public[PUBLIC], secret[SECRET], seed[SEED];
    char seed_hex[2 * SEED + 1], key[RG_KEY_HEX];
    if (!start(err))
        return false;
    randombytes_buf(seed, sizeof(seed));
    crypto_sign_seed_keypair(public, secret, seed);
    sodium_bin2hex(seed_hex, sizeof(seed_hex), seed, sizeof(seed));
    sodium_bin2hex(key, sizeof(key), public, sizeof(public));
    char text[400];
    snprintf(text, sizeof(text),
             "{\n  \"kind\": \"" KIND_OF_KEY "\",\n  \"public\": \"%s\",\n"
             "  \"secret\": \"%s\"\n}\n",
             key, seed_hex);
    bool ok = write_new(path, text, err);
    if (ok)
        snprintf(ret_key, RG_KEY_HEX, "%s", key);
    sodium_memzero(text, sizeof(text));
    sodium_memzero(seed, sizeof(seed));
    sodium_memzero(seed_hex, sizeof(seed_hex));
    sodium_memzero(secret, sizeof(secret));
    return ok;
}

/* A key that others may read is nobody's. */
static bool is_private(const char *path, rg_err *err)
{
    struct stat info;
    return stat(path, &info) != 0 || (info.st_mode & 077) == 0 ||
           rg_fail(err, RG_INPUT, path, "chmod 600 it, or make a new one with --new-key",
                   "others may read this key");
}

static bool read_key(const char *path, unsigned char public[PUBLIC],
                     unsigned char secret[SECRET], rg_err *err)
{
    unsigned char seed[SEED], told[PUBLIC];
    json_t *key = is_private(path, err) ? read_json(path, err) : NULL;
    bool ok = key && strcmp(rg_json_text(key, "kind", ""), KIND_OF_KEY) == 0 &&
              from_hex(rg_json_text(key, "secret", ""), seed, SEED) &&
              from_hex(rg_json_text(key, "public", ""), told, PUBLIC);
    if (ok)
        crypto_sign_seed_keypair(public, secret, seed);
    ok = ok && memcmp(public, told, PUBLIC) == 0;
    sodium_memzero(seed, sizeof(seed));
    json_decref(key);
    return ok || rg_fail(err, RG_INPUT, path, "rigor sign --new-key FILE makes one",
                         "this is not a key file");
}

/* ---- The text that is signed */

static void signed_text(const json_t *about, rg_str *ret)
{
    json_t *rest = json_copy((json_t *)(uintptr_t)about);
    json_object_del(rest, "signature");
    char *canonical = rg_json_canonical(rest);
    rg_str_add(ret, DOMAIN);
    rg_str_add(ret, canonical);
    rg_free(canonical);
    json_decref(rest);
}

static void sign(json_t *about, const unsigned char secret[SECRET])
{
    unsigned char signature[SIGNATURE];
    char hex[2 * SIGNATURE + 1];
    rg_str text = {0};
    signed_text(about, &text);
    crypto_sign_detached(signature, NULL, (const unsigned char *)text.data, text.len, secret);
    sodium_bin2hex(hex, sizeof(hex), signature, sizeof(signature));
    json_object_set_new(about, "signature", json_string(hex));
    rg_str_free(&text);
}

static bool is_signed(const json_t *about)
{
    unsigned char signature[SIGNATURE], public[PUBLIC];
    rg_str text = {0};
    signed_text(about, &text);
    bool ok = from_hex(rg_json_text(about, "signature", ""), signature, SIGNATURE) &&
              from_hex(rg_json_text(about, "key", ""), public, PUBLIC) &&
              crypto_sign_verify_detached(signature, (const unsigned char *)text.data, text.len,
                                          public) == 0;
    rg_str_free(&text);
    return ok;
}

/* ---- Signing */

static bool holds(rg_ledger *ledger, const char *study, rg_err *err)
{
    json_t *problems = json_array();
    bool ok = rg_ledger_verify(ledger, problems, err);
    if (ok && json_array_size(problems) > 0)
        ok = rg_fail(err, RG_NO, NULL, "rigor verify lists what was altered",
                     "%s does not verify: it is not signed", study);
    json_decref(problems);
    return ok;
}

/* A signature is what others rely on: it is not replaced by somebody else's. */
static bool may_write(const char *path, const char *key, rg_err *err)
{
    if (!rg_file_exists(path))
        return true;
    rg_err unread = {0};
    json_t *old = read_json(path, &unread);
    bool own = strcmp(rg_json_text(old, "key", ""), key) == 0;
    json_decref(old);
    return own || rg_fail(err, RG_INPUT, path, "move it away to sign with another key",
                          "this is signed by another key already");
}

static json_t *last_event(rg_ledger *ledger, rg_err *err)
{
    json_t *events = rg_ledger_events(ledger, NULL, err);
    size_t n = json_array_size(events);
    json_t *last = n ? json_incref(json_array_get(events, n - 1)) : NULL;
    json_decref(events);
    if (!last && err->code == RG_OK)
        rg_fail(err, RG_INPUT, NULL, "rigor run begins it", "there is nothing to sign yet");
    return last;
}

static bool write_signature(const json_t *about, const char *path, rg_err *err)
{
    rg_str text = {0};
    rg_json_pretty(about, &text);
    bool ok = rg_file_write(path, text.data, text.len, 0644, err);
    rg_str_free(&text);
    return ok;
}

bool signature_write(rg_ledger *ledger, const char *study, const char *dir,
                     const char *key_file, const char *comment, json_t **ret, rg_err *err)
{
    unsigned char public[PUBLIC], secret[SECRET];
    char key[RG_KEY_HEX], now[32];
    rg_arena *arena = rg_arena_new();
    const char *path = rg_path_join(arena, dir, RG_SIGNATURE_FILE);
    json_t *last = NULL, *about = NULL;
    bool ok = start(err) && read_key(key_file, public, secret, err);
    if (ok)
        sodium_bin2hex(key, sizeof(key), public, sizeof(public));
    ok = ok && may_write(path, key, err) && holds(ledger, study, err) &&
         (last = last_event(ledger, err)) != NULL;
    if (ok) {
        rg_clock_utc(now);
        about = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "kind", KIND_OF_SIGNATURE,
                          "study", study, "head", rg_json_text(last, "hash", ""), "key", key,
                          "seq", json_integer_value(json_object_get(last, "seq")), "signed_at",
                          now, "comment", comment ? comment : "");
        sign(about, secret);
        ok = write_signature(about, path, err);
    }
    sodium_memzero(secret, sizeof(secret));
    if (ok)
        *ret = json_incref(about);
    json_decref(about);
    json_decref(last);
    rg_arena_free(arena);
    return ok;
}

/* ---- Checking */

static bool wanted_key(const char *key, char ret[RG_KEY_HEX], rg_err *err)
{
    unsigned char public[PUBLIC];
    char *text = NULL;
    size_t len;
    rg_err unread = {0};
    bool ok = from_hex(key, public, PUBLIC);
    if (!ok && rg_file_read(key, SMALL_FILE_MAX, &text, &len, &unread)) {
        text[strcspn(text, "\r\n")] = '\0';
        ok = from_hex(text, public, PUBLIC);
    }
    if (ok)
        sodium_bin2hex(ret, RG_KEY_HEX, public, PUBLIC);
    rg_free(text);
    return ok || rg_fail(err, RG_INPUT, key,
                         "give the 64 hexadecimal digits of a public key, or a file of them",
                         "this is no public key");
}

/* Whether the chain holds the signed head, and what stands behind it. */
static void check_place(rg_ledger *ledger, const json_t *about, rg_str *right, rg_str *wrong,
                        rg_err *err)
{
    json_t *events = rg_ledger_events(ledger, NULL, err);
    json_int_t seq = json_integer_value(json_object_get(about, "seq"));
    size_t n = json_array_size(events);
    if (seq < 1 || (size_t)seq > n) {
        rg_str_printf(wrong,
                      "event %lld was signed, and the ledger ends with event %zu: it was "
                      "cut back",
                      (long long)seq, n);
    } else if (strcmp(rg_json_text(json_array_get(events, (size_t)seq - 1), "hash", ""),
                      rg_json_text(about, "head", "")) != 0) {
        rg_str_printf(wrong,
                      "event %lld is not the one that was signed: the ledger was altered",
                      (long long)seq);
    } else {
        const char *comment = rg_json_text(about, "comment", "");
        rg_str_printf(right, "signed by %s at %s%s%s%s, up to event %lld",
                      rg_json_text(about, "key", ""), rg_json_text(about, "signed_at", ""),
                      *comment ? " (" : "", comment, *comment ? ")" : "", (long long)seq);
        if ((size_t)seq < n)
            rg_str_printf(right, "; the ledger went on: %zu events after that",
                          n - (size_t)seq);
    }
    json_decref(events);
}

static void check_signature(rg_ledger *ledger, const char *study, const char *path,
                            const char *key, rg_str *right, rg_str *wrong, rg_err *err)
{
    rg_err unread = {0};
    json_t *about = read_json(path, &unread);
    if (!about)
        rg_str_printf(wrong, "%s: %s", path, unread.what);
    else if (strcmp(rg_json_text(about, "kind", ""), KIND_OF_SIGNATURE) != 0)
        rg_str_printf(wrong, "%s is not a signature of a ledger", path);
    else if (!is_signed(about))
        rg_str_printf(wrong, "%s: the signature is not that of its key", path);
    else if (*key && strcmp(rg_json_text(about, "key", ""), key) != 0)
        rg_str_printf(wrong, "signed by %s, not by %s", rg_json_text(about, "key", ""), key);
    else if (strcmp(rg_json_text(about, "study", ""), study) != 0)
        rg_str_printf(wrong, "the signature is that of the study %s",
                      rg_json_text(about, "study", ""));
    else
        check_place(ledger, about, right, wrong, err);
    json_decref(about);
}

bool signature_check(rg_ledger *ledger, const char *study, const char *dir, const char *key,
                     rg_str *right, rg_str *wrong, rg_err *err)
{
    char wanted[RG_KEY_HEX] = "";
    if (!start(err) || (key && !wanted_key(key, wanted, err)))
        return false;
    rg_arena *arena = rg_arena_new();
    const char *path = rg_path_join(arena, dir, RG_SIGNATURE_FILE);
    if (rg_file_exists(path))
        check_signature(ledger, study, path, wanted, right, wrong, err);
    else if (key)
        rg_str_printf(wrong, "it is not signed: there is no %s", path);
    else
        rg_str_add(right, "not signed");
    rg_arena_free(arena);
    return err->code == RG_OK;
}
