/* test_archive.c - archives that come out as they went in, always as the same bytes, and
 * archives that must not be unpacked. */
#include "lab/report/archive.h"
#include "lab/report/archive_format.h"
#include "support.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static const char long_name[] =
    "predictions/an-arm-with-a-name-of-more-than-one-hundred-bytes-which-is-longer-than-the-"
    "field-of-the-header/full-1001.npz";

static void fresh(const char *dir)
{
    rg_err err = {0};
    rg_dir_remove(dir, &err);
    assert_true(rg_dir_make(dir, 0755, &err));
}

static char *read_all(const char *path, size_t *len)
{
    char *text;
    rg_err err = {0};
    if (!rg_file_read(path, 1 << 24, &text, len, &err))
        fail_msg("%s: %s", err.where, err.what);
    return text;
}

static void write_sample(const char *path)
{
    rg_err err = {0};
    unlink(path);
    static char block[3000];
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (char)(i * 31);
    assert_true(rg_file_write("source.bin", block, sizeof(block), 0600, &err));
    archive *a = archive_create(path, &err);
    assert_non_null(a);
    assert_true(archive_add_text(a, "MANIFEST.json", "{}", 2, &err));
    assert_true(archive_add_text(a, "empty", "", 0, &err));
    assert_true(archive_add_file(a, "predictions/a.npz", "source.bin", &err));
    assert_true(archive_add_text(a, long_name, block, 512, &err));
    assert_true(archive_close(a, true, &err));
}

static bool unpack(const char *path, size_t *ret_n, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    const char **names;
    fresh("out");
    bool ok = archive_unpack(path, "out", arena, &names, ret_n, err);
    rg_arena_free(arena);
    return ok;
}

static void test_round_trip(void **state)
{
    (void)state;
    rg_err err = {0};
    size_t n, len_a, len_b;
    write_sample("a.tar.gz");
    write_sample("b.tar.gz");
    char *a = read_all("a.tar.gz", &len_a), *b = read_all("b.tar.gz", &len_b);
    assert_int_equal(len_a, len_b);
    assert_memory_equal(a, b, len_a);
    rg_free(a);
    rg_free(b);
    assert_true(unpack("a.tar.gz", &n, &err));
    assert_int_equal(n, 4);
    a = read_all("out/predictions/a.npz", &len_a);
    b = read_all("source.bin", &len_b);
    assert_int_equal(len_a, 3000);
    assert_memory_equal(a, b, 3000);
    rg_free(a);
    rg_free(b);
    char path[300];
    snprintf(path, sizeof(path), "out/%s", long_name);
    rg_free(read_all(path, &len_a));
    assert_int_equal(len_a, 512);
    rg_free(read_all("out/empty", &len_a));
    assert_int_equal(len_a, 0);
}

static void test_never_half_written(void **state)
{
    (void)state;
    rg_err err = {0};
    unlink("half.tar.gz");
    archive *a = archive_create("half.tar.gz", &err);
    assert_false(archive_add_file(a, "x", "no-such-file", &err));
    archive_close(a, false, &err);
    assert_false(rg_file_exists("half.tar.gz"));
    write_sample("there.tar.gz");
    err = (rg_err){0};
    assert_null(archive_create("there.tar.gz", &err));
    assert_int_equal(err.code, RG_INPUT);
    err = (rg_err){0};
    a = archive_create("half.tar.gz", &err);
    char name[400];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_false(archive_add_text(a, name, "x", 1, &err));
    archive_close(a, false, &err);
}

/* ---- Archives made by hand */

static void set_checksum(tar_header *h)
{
    char digits[16];
    snprintf(digits, sizeof(digits), "%06o", tar_checksum(h));
    memcpy(h->checksum, digits, 7);
    h->checksum[7] = ' ';
}

static tar_header header_of(const char *name, const char *size, char kind)
{
    tar_header h = {.kind = kind};
    memcpy(h.name, name, strlen(name));
    memcpy(h.size, size, strlen(size));
    memcpy(h.magic, "ustar", 6);
    set_checksum(&h);
    return h;
}

static void write_gz(const char *path, const void *data, size_t len)
{
    gzFile gz = gzopen(path, "wb1");
    assert_int_equal(gzwrite(gz, data, (unsigned)len), (int)len);
    gzclose(gz);
}

static void assert_refused(const tar_header *h, const char *why)
{
    static char tar[4 * TAR_BLOCK];
    rg_err err = {0};
    size_t n;
    memset(tar, 0, sizeof(tar));
    memcpy(tar, h, sizeof(*h));
    write_gz("hand.tar.gz", tar, sizeof(tar));
    assert_false(unpack("hand.tar.gz", &n, &err));
    assert_int_equal(err.code, RG_INPUT);
    if (!strstr(err.what, why))
        fail_msg("no '%s' in: %s", why, err.what);
}

static void test_hostile_headers(void **state)
{
    (void)state;
    static const struct {
        const char *name, *size;
        char kind;
        const char *why;
    } cases[] = {{"x", "00000000001", '2', "no plain file"},
                 {"x", "00000000001", '1', "no plain file"},
                 {"x", "00000000000", '5', "no plain file"},
                 {"x", "00000000001", 'x', "no plain file"}, /* pax may hold another name */
                 {"x", "00000000001", 'L', "no plain file"},
                 {"/x", "00000000001", '0', "leads out"},
                 {"../x", "00000000001", '0', "leads out"},
                 {"a/../../x", "00000000001", '0', "leads out"},
                 {"a//x", "00000000001", '0', "leads out"},
                 {"a/", "00000000001", '0', "leads out"},
                 {"", "00000000001", '0', "leads out"},
                 {".", "00000000001", '0', "leads out"},
                 {"a\x01", "00000000001", '0', "leads out"},
                 {"a\xff", "00000000001", '0', "leads out"},
                 {"x", "-0000000001", '0', "impossible size"},
                 {"x", "\x80\x01", '0', "impossible size"}, /* base 256 */
                 {"x", "777777777777", '0', "impossible size"},
                 {"x", "00000777777", '0', "ends too early"}};
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        tar_header h = header_of(cases[i].name, cases[i].size, cases[i].kind);
        assert_refused(&h, cases[i].why);
    }
    tar_header h = header_of("x", "00000000001", '0');
    h.name[0] = 'y';
    assert_refused(&h, "no tar archive");
    memcpy(h.magic, "bogus", 6);
    set_checksum(&h);
    assert_refused(&h, "no tar archive");
    memset(&h, 'z', sizeof(h)); /* names without an end */
    h.kind = '0';
    memcpy(h.magic, "ustar", 6);
    memcpy(h.size, "00000000001", 12);
    set_checksum(&h);
    static char tar[4 * TAR_BLOCK];
    memcpy(tar, &h, sizeof(h));
    rg_err err = {0};
    size_t n;
    write_gz("hand.tar.gz", tar, sizeof(tar));
    if (!unpack("hand.tar.gz", &n, &err)) /* 155 letters are a name that a disk can hold */
        fail_msg("%s", err.what);
}

static void test_what_is_behind_the_end(void **state)
{
    (void)state;
    static char tar[6 * TAR_BLOCK];
    rg_err err = {0};
    size_t n;
    tar_header h = header_of("x", "00000000001", '0');
    memset(tar, 0, sizeof(tar));
    memcpy(tar, &h, sizeof(h));
    write_gz("hand.tar.gz", tar, sizeof(tar));
    assert_true(unpack("hand.tar.gz", &n, &err));
    tar[sizeof(tar) - 1] = 1;
    write_gz("hand.tar.gz", tar, sizeof(tar));
    assert_false(unpack("hand.tar.gz", &n, &err));
    assert_non_null(strstr(err.what, "behind its end"));
    err = (rg_err){0};
    write_gz("hand.tar.gz", tar, 3 * TAR_BLOCK); /* one block of zeros alone */
    assert_false(unpack("hand.tar.gz", &n, &err));
}

/* ---- Whatever stands in it, nothing comes to lie outside of the folder */

static void test_random_damage(void **state)
{
    (void)state;
    uint64_t seed = support_seed();
    rg_rng rng = rg_rng_open(seed, "archive damage");
    size_t packed_len, len, n;
    char *tar;
    rg_err err = {0};
    write_sample("a.tar.gz");
    char *packed = read_all("a.tar.gz", &packed_len);
    assert_true(rg_gunzip(packed, packed_len, 1 << 20, "a", &tar, &len, &err));
    fresh("around");
    assert_int_equal(chdir("around"), 0);
    for (int i = 0; i < 300; i++) {
        char *copy = rg_alloc(len);
        memcpy(copy, tar, len);
        for (uint64_t k = 1 + rg_rng_below(&rng, 6); k > 0; k--)
            copy[rg_rng_below(&rng, len)] ^= (char)(1 << rg_rng_below(&rng, 8));
        for (size_t at = 0; i % 2 && at + TAR_BLOCK <= len; at += TAR_BLOCK)
            if (memcmp(copy + at + 257, "ustar", 5) == 0) /* a header that adds up again */
                set_checksum((tar_header *)(void *)(copy + at));
        write_gz("damaged.tar.gz", copy, i % 3 ? len : (size_t)rg_rng_below(&rng, len + 1));
        rg_err own = {0};
        bool ok = unpack("damaged.tar.gz", &n, &own);
        if (!ok && own.code == RG_OK)
            fail_msg("seed %llu, round %d: refused without a word", (unsigned long long)seed,
                     i);
        rg_free(copy);
    }
    rg_dir_remove("out", &err);
    unlink("damaged.tar.gz");
    assert_int_equal(chdir(".."), 0);
    if (rmdir("around") != 0)
        fail_msg("seed %llu: something came to lie beside the folder",
                 (unsigned long long)seed);
    rg_free(packed);
    rg_free(tar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_never_half_written),
        cmocka_unit_test(test_hostile_headers), cmocka_unit_test(test_what_is_behind_the_end),
        cmocka_unit_test(test_random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
