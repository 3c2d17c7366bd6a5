/* test_signature.c - a signature holds for one head, one study and one key, and says what it
 * finds otherwise. */
#include "lab/report/signature.h"
#include "support.h"

#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

static char key[RG_KEY_HEX];

/* A ledger of so many events, signed behind `sign_at` of them by my.key. */
static void begin(size_t events, size_t sign_at)
{
    rg_err err = {0};
    rg_ledger *ledger;
    json_t *about = NULL, *body = json_object();
    rg_dir_remove("signed", &err);
    unlink("my.key");
    assert_true(signature_new_key("my.key", key, &err));
    assert_true(rg_ledger_open("signed/ledger.db", RG_LEDGER_WRITE, &ledger, &err));
    for (size_t i = 1; i <= events; i++) {
        json_object_set_new(body, "i", json_integer((json_int_t)i));
        assert_true(rg_ledger_event(ledger, "note", body, &err));
        if (i == sign_at)
            assert_true(
                signature_write(ledger, "s", "signed", "my.key", "for a test", &about, &err));
    }
    if (sign_at > 0)
        assert_int_equal(json_integer_value(json_object_get(about, "seq")), sign_at);
    json_decref(about);
    json_decref(body);
    rg_ledger_close(ledger);
}

/* What is found: 'r' with `text` in what holds, 'w' in what does not. */
static void assert_found(char where, const char *text, const char *study, const char *wanted)
{
    rg_err err = {0};
    rg_ledger *ledger;
    rg_str right = {0}, wrong = {0};
    assert_true(rg_ledger_open("signed/ledger.db", RG_LEDGER_READ, &ledger, &err));
    assert_true(signature_check(ledger, study, "signed", wanted, &right, &wrong, &err));
    const char *found = rg_str_text(where == 'r' ? &right : &wrong);
    if (!strstr(found, text) || (where == 'r') != (wrong.len == 0))
        fail_msg("no '%s' in '%s' (right: %s, wrong: %s)", text, found, rg_str_text(&right),
                 rg_str_text(&wrong));
    rg_str_free(&right);
    rg_str_free(&wrong);
    rg_ledger_close(ledger);
}

static json_t *read_signature(void)
{
    char *text;
    size_t len;
    rg_err err = {0};
    assert_true(rg_file_read("signed/ledger.sig", 1 << 16, &text, &len, &err));
    json_t *ret = rg_json_parse(text, len, "sig", &err);
    rg_free(text);
    return ret;
}

static void write_signature(const json_t *about)
{
    rg_err err = {0};
    char *text = rg_json_canonical(about);
    assert_true(rg_file_write("signed/ledger.sig", text, strlen(text), 0644, &err));
    rg_free(text);
}

static void test_who_and_what(void **state)
{
    (void)state;
    begin(3, 3);
    assert_found('r', key, "s", NULL);
    assert_found('r', "(for a test), up to event 3", "s", key);
    assert_found('w', "is that of the study s", "other", NULL);
    char other[RG_KEY_HEX];
    snprintf(other, sizeof(other), "%s", key);
    other[5] = other[5] == '0' ? '1' : '0';
    assert_found('w', "not by", "s", other);
    begin(2, 0);
    assert_found('r', "not signed", "s", NULL);
    assert_found('w', "it is not signed", "s", key);
}

/* It went on, it was cut back, it was altered: three different things. */
static void test_after_signing(void **state)
{
    (void)state;
    begin(5, 3);
    assert_found('r', "the ledger went on: 2 events after that", "s", key);
    json_t *about = read_signature();
    begin(2, 0);
    write_signature(about);
    assert_found('w', "cut back", "s", NULL);
    begin(4, 0);
    write_signature(about);
    assert_found('w', "was altered", "s", NULL);
    json_decref(about);
}

static void test_every_member_is_signed(void **state)
{
    (void)state;
    static const char *const texts[] = {"comment", "head", "signed_at", "study",
                                        "kind",    "key",  "signature"};
    begin(3, 3);
    json_t *about = read_signature();
    for (size_t i = 0; i < RG_COUNT(texts); i++) {
        json_t *altered = json_deep_copy(about);
        char text[200];
        snprintf(text, sizeof(text), "%s", rg_json_text(about, texts[i], ""));
        text[0] = text[0] == 'a' ? 'b' : 'a';
        json_object_set_new(altered, texts[i], json_string(text));
        write_signature(altered);
        assert_found('w', "", "s", NULL);
        json_decref(altered);
    }
    json_t *altered = json_deep_copy(about);
    json_object_set_new(altered, "seq", json_integer(2));
    write_signature(altered);
    assert_found('w', "not that of its key", "s", NULL);
    json_object_set_new(altered, "seq", json_integer(3));
    json_object_set_new(altered, "more", json_integer(3));
    write_signature(altered);
    assert_found('w', "not that of its key", "s", NULL);
    json_decref(altered);
    json_decref(about);
}

/* RFC 8032, section 7.1, test 1: the key files hold the seed that the RFC calls secret key. */
static void test_keys_are_those_of_the_rfc(void **state)
{
    (void)state;
    static const char file[] =
        "{\"kind\": \"rigor-ed25519-key/1\","
        "\"public\": \"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\","
        "\"secret\": \"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\"}";
    rg_err err = {0};
    rg_ledger *ledger;
    json_t *about;
    begin(1, 0);
    assert_true(rg_file_write("rfc.key", file, sizeof(file) - 1, 0600, &err));
    assert_true(rg_ledger_open("signed/ledger.db", RG_LEDGER_READ, &ledger, &err));
    assert_true(signature_write(ledger, "s", "signed", "rfc.key", NULL, &about, &err));
    assert_true(rg_text_starts(rg_json_text(about, "key", ""), "d75a980182b1"));
    json_decref(about);
    assert_int_equal(chmod("rfc.key", 0640), 0);
    assert_false(signature_write(ledger, "s", "signed", "rfc.key", NULL, &about, &err));
    assert_non_null(strstr(err.what, "others may read"));
    err = (rg_err){0};
    assert_false(
        signature_write(ledger, "s", "signed", "signed/ledger.db", NULL, &about, &err));
    assert_int_equal(err.code, RG_INPUT);
    rg_ledger_close(ledger);
}

/* The text that is signed, put together by hand, so that anybody can check one. */
static void test_the_text_that_is_signed(void **state)
{
    (void)state;
    begin(2, 2);
    json_t *about = read_signature();
    unsigned char public[32], signature[64];
    rg_str text = {0};
    rg_str_printf(
        &text,
        "rigor ledger head\n{\"comment\":\"for a test\",\"head\":\"%s\",\"key\":\"%s\","
        "\"kind\":\"rigor-ledger-signature/1\",\"seq\":2,\"signed_at\":\"%s\","
        "\"study\":\"s\"}",
        rg_json_text(about, "head", ""), key, rg_json_text(about, "signed_at", ""));
    sodium_hex2bin(public, 32, key, 64, NULL, NULL, NULL);
    sodium_hex2bin(signature, 64, rg_json_text(about, "signature", ""), 128, NULL, NULL, NULL);
    assert_int_equal(crypto_sign_verify_detached(signature, (const unsigned char *)text.data,
                                                 text.len, public),
                     0);
    rg_str_free(&text);
    json_decref(about);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_and_what),
        cmocka_unit_test(test_after_signing),
        cmocka_unit_test(test_every_member_is_signed),
        cmocka_unit_test(test_keys_are_those_of_the_rfc),
        cmocka_unit_test(test_the_text_that_is_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
