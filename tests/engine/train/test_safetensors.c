/* test_safetensors.c - tensors survive the file; files that lie are refused. */
#include "support.h"

#include "rigor/train.h"

static const char *const path = "tensors.safetensors";

/* A file from a header and a data part. */
static size_t make(char *ret, const char *header, size_t data_bytes)
{
    size_t len = strlen(header);
    memset(ret, 0, 8);
    ret[0] = (char)(len & 255);
    ret[1] = (char)(len >> 8);
    memcpy(ret + 8, header, len);
    memset(ret + 8 + len, 1, data_bytes);
    return 8 + len + data_bytes;
}

static bool parses(const char *data, size_t len, rg_err *err)
{
    /* An exact copy on the heap, so that the sanitizer sees a read behind the end. */
    char *copy = rg_alloc(len ? len : 1);
    memcpy(copy, data, len);
    rg_arena *arena = rg_arena_new();
    rg_tensors tensors;
    bool good = rg_safetensors_parse(copy, len, "test", arena, &tensors, err);
    rg_arena_free(arena);
    rg_free(copy);
    return good;
}

static void test_round_trip(void **state)
{
    (void)state;
    float a[6] = {1, -2, 3.5f, INFINITY, -0.0f, 1e-40f};
    double b[1] = {M_PI};
    int32_t c[2] = {INT32_MIN, 7};
    uint8_t d[3] = {1, 0, 1};
    const rg_tensor tensors[] = {
        {"linear0.weight", RG_F32, rg_shape_of(2, 3), a},
        {"b \"q\" \xc3\xa9", RG_F64, RG_SCALAR, b},
        {"ints", RG_I32, rg_shape_of(2), c},
        {"flags", RG_BOOL, rg_shape_of(3), d},
        {"empty", RG_F32, rg_shape_of(4, 0), NULL},
    };
    rg_err err = {0};
    assert_true(rg_safetensors_write(path, tensors, RG_COUNT(tensors), &err));
    rg_arena *arena = rg_arena_new();
    rg_tensors read;
    assert_true(rg_safetensors_read(path, arena, &read, &err));
    assert_int_equal(read.count, RG_COUNT(tensors));
    for (size_t i = 0; i < RG_COUNT(tensors); i++) {
        const rg_tensor *found = NULL;
        for (size_t k = 0; k < read.count; k++)
            if (!strcmp(read.at[k].name, tensors[i].name))
                found = &read.at[k];
        assert_non_null(found);
        assert_int_equal(found->dtype, tensors[i].dtype);
        assert_true(rg_shape_same(found->shape, tensors[i].shape));
        static const size_t bytes[] = {24, 8, 8, 3, 0};
        if (bytes[i])
            assert_memory_equal(found->data, tensors[i].data, bytes[i]);
    }
    rg_arena_free(arena);
}

static void test_every_cut_is_noticed(void **state)
{
    (void)state;
    float a[6] = {1, 2, 3, 4, 5, 6};
    const rg_tensor tensor = {"w", RG_F32, rg_shape_of(2, 3), a};
    rg_err err = {0};
    char *file;
    size_t len;
    assert_true(rg_safetensors_write(path, &tensor, 1, &err));
    assert_true(rg_file_read(path, 1 << 20, &file, &len, &err));
    assert_int_equal((len - 24) % 8, 0);
    assert_true(parses(file, len, &err));
    for (size_t cut = 0; cut < len; cut++) {
        rg_err cut_err = {0};
        assert_false(parses(file, cut, &cut_err));
        assert_int_equal(cut_err.code, RG_INPUT);
    }
    rg_free(file);
}

/* Any byte of the header may change: what is then read is still inside the file. */
static void test_random_damage(void **state)
{
    (void)state;
    char file[512], damaged[512];
    size_t len = make(file,
                      "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                      "\"b\":{\"dtype\":\"I32\",\"shape\":[1,1],\"data_offsets\":[8,12]}}",
                      12);
    uint64_t seed = support_seed();
    print_message("seed %llu\n", (unsigned long long)seed);
    rg_rng rng = rg_rng_open(seed, "damage");
    rg_err err = {0};
    assert_true(parses(file, len, &err));
    for (int round = 0; round < 20000; round++) {
        memcpy(damaged, file, len);
        for (uint64_t k = 1 + rg_rng_below(&rng, 3); k > 0; k--)
            damaged[rg_rng_below(&rng, len)] = (char)rg_rng_below(&rng, 256);
        rg_err ignored = {0};
        parses(damaged, len, &ignored);
    }
}

static void test_lies_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        const char *what;
    } cases[] = {
        {"[]", 0, "does not begin"},
        {" {}", 0, "does not begin"},
        {"{", 0, "not JSON"},
        {"{} x", 0, "not JSON"},
        {"{\"a\":1}", 0, "must have"},
        {"{\"a\":{}}", 0, "must have"},
        {"{\"a\":{\"dtype\":\"F31\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, "dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
         "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}",
         4, "duplicate"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":\"1\",\"data_offsets\":[0,4]}}", 4, "shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4,
         "shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,4]}}",
         4, "shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "do not fit"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4,
         "data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 4, "data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "gap"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 5, "no tensor"},
        {"{}", 1, "no tensor"},
        {"{\"__metadata__\":3}", 0, "__metadata__"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}",
         6, "overlap"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        char file[1024];
        rg_err err = {0};
        size_t len = make(file, cases[i].header, cases[i].data);
        assert_false(parses(file, len, &err));
        if (!strstr(err.what, cases[i].what))
            print_error("%s: %s\n", cases[i].header, err.what);
        assert_non_null(strstr(err.what, cases[i].what));
        assert_true(err.remedy[0] != '\0');
    }
}

static void test_lengths_of_the_header(void **state)
{
    (void)state;
    static const unsigned char lengths[][8] = {
        {255, 255, 255, 255, 255, 255, 255, 255}, {0, 0, 0, 0, 0, 0, 0, 128}, {0}, {3}};
    for (size_t i = 0; i < RG_COUNT(lengths); i++) {
        char file[10] = {0};
        memcpy(file, lengths[i], 8);
        file[8] = '{';
        file[9] = '}';
        rg_err err = {0};
        assert_false(parses(file, sizeof(file), &err));
    }
    const char good[10] = {2, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
    rg_err err = {0};
    assert_true(parses(good, sizeof(good), &err));
}

static void test_no_file(void **state)
{
    (void)state;
    rg_arena *arena = rg_arena_new();
    rg_tensors tensors;
    rg_err err = {0};
    assert_false(rg_safetensors_read("no/such.safetensors", arena, &tensors, &err));
    assert_true(err.code != RG_OK);
    rg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_cut_is_noticed),
        cmocka_unit_test(test_random_damage),
        cmocka_unit_test(test_lies_are_refused),
        cmocka_unit_test(test_lengths_of_the_header),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
