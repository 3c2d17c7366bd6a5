/* NumPy's .npy and .npz and IDX: golden files, NumPy as a witness, hostile headers. */
#include "scratch.h"

#include "data/npy.h"

#include <zlib.h>

/* ---- .npy
 * --------------------------------------------------------------------------------------- */

/* A file of the given version, with the header's text as it stands and then the elements. */
static size_t npy_file(char *out, int version, const char *header, const void *body, size_t len)
{
    size_t n = strlen(header), at = version == 1 ? 10 : 12;
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (char)version;
    out[7] = 0;
    out[8] = (char)(n & 0xff);
    out[9] = (char)(n >> 8);
    out[10] = out[11] = 0;
    memcpy(out + at, header, n);
    memcpy(out + at + n, body, len);
    return at + n + len;
}

static bool npy(const char *header, int version, const void *body, size_t len, rg_arena *arena,
                rg_array *ret, rg_err *err)
{
    char file[1024];
    size_t n = npy_file(file, version, header, body, len);
    return rg_npy_parse(file, n, "a.npy", arena, ret, err);
}

static void all_types(void **state)
{
    static const struct {
        const char *descr;
        rg_array_type type;
        unsigned char bytes[8];
        size_t size;
        double value;
    } cases[] = {
        {"<f4", RG_ARRAY_F32, {0, 0, 0xc0, 0xbf}, 4, -1.5},
        {"<f8", RG_ARRAY_F64, {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, 8, 1.5},
        {"<i4", RG_ARRAY_I32, {0xfe, 0xff, 0xff, 0xff}, 4, -2},
        {"<i8", RG_ARRAY_I64, {0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8, -3},
        {"|u1", RG_ARRAY_U8, {200}, 1, 200},
        {"|b1", RG_ARRAY_U8, {1}, 1, 1},
        {"|i1", RG_ARRAY_I32, {0xff}, 1, -1},
        {"<i2", RG_ARRAY_I32, {0xff, 0x7f}, 2, 32767},
        {"<u2", RG_ARRAY_I32, {0xff, 0xff}, 2, 65535},
        {"<u4", RG_ARRAY_I64, {0xff, 0xff, 0xff, 0xff}, 4, 4294967295.0},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        for (int version = 1; version <= 3; version++) {
            char header[128];
            snprintf(header, sizeof(header),
                     "{'descr': '%s', 'fortran_order': False, 'shape': (1,), }\n",
                     cases[i].descr);
            rg_array a;
            rg_err err = {0};
            assert_good(npy(header, version, cases[i].bytes, cases[i].size, *state, &a, &err),
                        err);
            assert_int_equal(a.type, cases[i].type);
            double value = a.type == RG_ARRAY_F32   ? (double)*(float *)a.data
                           : a.type == RG_ARRAY_F64 ? *(double *)a.data
                           : a.type == RG_ARRAY_I32 ? *(int32_t *)a.data
                           : a.type == RG_ARRAY_I64 ? (double)*(int64_t *)a.data
                                                    : *(uint8_t *)a.data;
            assert_close(value, cases[i].value, 0);
        }
    }
}

static void other_spellings_of_the_header(void **state)
{
    static const char *const headers[] = {
        "{'descr':'|u1','fortran_order':False,'shape':(2,3)}",
        "{\"shape\": (2L, 3L), \"fortran_order\": False, \"descr\": \"|u1\"}   \n",
        "{'descr': '<u1', 'fortran_order': False, 'shape': (2, 3,), }",
    };
    for (size_t i = 0; i < RG_COUNT(headers); i++) {
        rg_array a;
        rg_err err = {0};
        assert_good(npy(headers[i], 1, "abcdef", 6, *state, &a, &err), err);
        assert_int_equal(a.rank, 2);
        assert_int_equal(a.dim[0], 2);
        assert_int_equal(a.dim[1], 3);
        assert_memory_equal(a.data, "abcdef", 6);
    }
}

static void fortran_order(void **state)
{
    rg_array a;
    rg_err err = {0};
    /* element (i, j, k) of shape (2, 3, 2) holds 100 i + 10 j + k; the first index runs first
     */
    uint8_t body[12];
    size_t n = 0;
    for (int k = 0; k < 2; k++)
        for (int j = 0; j < 3; j++)
            for (int i = 0; i < 2; i++)
                body[n++] = (uint8_t)(100 * i + 10 * j + k);
    assert_good(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}", 1, body, 12,
                    *state, &a, &err),
                err);
    const uint8_t expected[] = {0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121};
    assert_memory_equal(a.data, expected, 12);
}

static void empty_and_scalar_arrays(void **state)
{
    rg_array a;
    rg_err err = {0};
    assert_good(npy("{'descr': '<f8', 'fortran_order': True, 'shape': (0, 3)}", 1, "", 0,
                    *state, &a, &err),
                err);
    assert_int_equal(rg_array_count(&a), 0);
    assert_good(npy("{'descr': '|u1', 'fortran_order': False, 'shape': ()}", 1, "x", 1, *state,
                    &a, &err),
                err);
    assert_int_equal(a.rank, 0);
    assert_int_equal(rg_array_count(&a), 1);
}

static void hostile_headers(void **state)
{
    static const struct {
        const char *header, *what;
    } cases[] = {
        {"", "damaged"},
        {"{", "damaged"},
        {"{}", "damaged"},
        {"{'descr': '|u1', 'fortran_order': False}", "damaged"},
        {"{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", "damaged"},
        {"{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}", "damaged"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}", "damaged"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1}", "damaged"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1 1)}", "damaged"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (L,)}", "damaged"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'more': 1}", "damaged"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x", "damaged"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", "damaged"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}",
         "damaged"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}", "does not fit the 1 bytes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (0,)}", "does not fit"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}",
         "does not fit"},
        {"{'descr': '>f8', 'fortran_order': False, 'shape': (1,)}", "'>f8'"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "'|O'"},
        {"{'descr': '<U2', 'fortran_order': False, 'shape': (1,)}", "'<U2'"},
        {"{'descr': '', 'fortran_order': False, 'shape': (1,)}", "''"},
        {"{'descr': '<', 'fortran_order': False, 'shape': (1,)}", "'<'"},
        {"{'descr': 'a\\'', 'fortran_order': False, 'shape': (1,)}", "damaged"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_array a = {.rank = 77};
        rg_err err = {0};
        assert_false(npy(cases[i].header, 1, "x", 1, *state, &a, &err));
        assert_error(err, "a.npy", cases[i].what);
        assert_int_equal(a.rank, 77);
    }
    rg_array a;
    rg_err err = {0};
    assert_false(npy("{}", 4, "", 0, *state, &a, &err));
    assert_error(err, "a.npy", "version 1 to 3");
}

static void every_prefix_is_refused(void **state)
{
    char file[256];
    size_t n = npy_file(file, 2, "{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}",
                        "abcdefgh", 8);
    for (size_t len = 0; len < n; len++) {
        char *exact = rg_alloc(len ? len : 1); /* so that the sanitizer sees a byte too far */
        memcpy(exact, file, len);
        rg_array a;
        rg_err err = {0};
        assert_false(rg_npy_parse(exact, len, "a.npy", *state, &a, &err));
        rg_free(exact);
    }
}

/* ---- .npz
 * --------------------------------------------------------------------------------------- */

static float floats[] = {1, 2, 3, 4, 5, 6.5f};
static int64_t ids[] = {-7, 9007199254740993};
static uint8_t flags[] = {0, 1, 255};
static double number = -0.1;
static int32_t small[] = {1, -2};

static const rg_array samples[] = {
    {"x", RG_ARRAY_F32, 2, {2, 3}, floats},      {"id", RG_ARRAY_I64, 1, {2}, ids},
    {"flags", RG_ARRAY_U8, 3, {1, 3, 1}, flags}, {"number", RG_ARRAY_F64, 0, {0}, &number},
    {"small", RG_ARRAY_I32, 1, {2}, small},      {"none", RG_ARRAY_F32, 2, {0, 4}, floats},
};

static void npz_round_trip(void **state)
{
    rg_err err = {0};
    rg_arrays read;
    assert_good(rg_npz_write("round.npz", samples, RG_COUNT(samples), 0644, &err), err);
    assert_good(rg_npz_read("round.npz", *state, &read, &err), err);
    assert_int_equal(read.count, RG_COUNT(samples));
    for (size_t i = 0; i < RG_COUNT(samples); i++) {
        const rg_array *a = rg_arrays_find(&read, samples[i].name);
        assert_non_null(a);
        assert_int_equal(a->type, samples[i].type);
        assert_int_equal(a->rank, samples[i].rank);
        for (int d = 0; d < a->rank; d++)
            assert_int_equal(a->dim[d], samples[i].dim[d]);
        assert_memory_equal(a->data, samples[i].data,
                            rg_array_count(a) * rg_array_item(a->type));
    }
    assert_null(rg_arrays_find(&read, "y"));
}

static void npz_bytes_are_reproducible(void **state)
{
    (void)state;
    rg_err err = {0};
    char first[RG_HEX], second[RG_HEX];
    assert_good(rg_npz_write("one.npz", samples, RG_COUNT(samples), 0644, &err), err);
    assert_good(rg_npz_write("two.npz", samples, RG_COUNT(samples), 0600, &err), err);
    assert_true(rg_sha_file("one.npz", first, &err) && rg_sha_file("two.npz", second, &err));
    assert_string_equal(first, second);
}

#define PYTHON "/usr/bin/python3"
static bool has_numpy(void)
{
    return system(PYTHON " -c 'import numpy' 2>/dev/null") == 0;
}

static void numpy_reads_ours(void **state)
{
    (void)state;
    if (!has_numpy())
        skip();
    rg_err err = {0};
    assert_good(rg_npz_write("ours.npz", samples, RG_COUNT(samples), 0644, &err), err);
    assert_int_equal(
        system(PYTHON
               " -c \"\n"
               "import numpy as np, zipfile\n"
               "assert zipfile.ZipFile('ours.npz').testzip() is None\n"
               "z = np.load('ours.npz', allow_pickle=False)\n"
               "assert z.files == ['x', 'id', 'flags', 'number', 'small', 'none']\n"
               "assert z['x'].dtype == '<f4' and z['x'].tolist() == [[1,2,3],[4,5,6.5]]\n"
               "assert z['id'].tolist() == [-7, 9007199254740993]\n"
               "assert z['flags'].shape == (1,3,1) and z['flags'].dtype == np.uint8\n"
               "assert z['number'].shape == () and float(z['number']) == -0.1\n"
               "assert z['small'].tolist() == [1,-2] and z['none'].shape == (0,4)\n\""),
        0);
}

static void we_read_numpys(void **state)
{
    if (!has_numpy())
        skip();
    assert_int_equal(
        system(PYTHON " -c \"\n"
                      "import numpy as np\n"
                      "a = dict(x=np.arange(6000, dtype='<f8').reshape(20, 300),\n"
                      "         t=np.asfortranarray(np.arange(6, dtype='<i2').reshape(2, 3)),\n"
                      "         b=np.array([True, False]))\n"
                      "np.savez('stored.npz', **a)\n"
                      "np.savez_compressed('deflated.npz', **a)\n\""),
        0);
    static const char *const files[] = {"stored.npz", "deflated.npz"};
    for (size_t i = 0; i < 2; i++) {
        rg_err err = {0};
        rg_arrays read;
        assert_good(rg_npz_read(files[i], *state, &read, &err), err);
        const rg_array *x = rg_arrays_find(&read, "x"), *t = rg_arrays_find(&read, "t");
        for (int k = 0; k < 6000; k++)
            assert_true(((double *)x->data)[k] == k);
        const int32_t expected[] = {0, 1, 2, 3, 4, 5};
        assert_memory_equal(t->data, expected, sizeof(expected));
        assert_int_equal(((uint8_t *)rg_arrays_find(&read, "b")->data)[0], 1);
    }
}

/* Every single altered byte is refused or leaves the arrays as they were, and nothing crashes.
 */
static void altered_bytes(void **state)
{
    (void)state;
    rg_err err = {0};
    const rg_array two[] = {samples[0], samples[1]};
    assert_good(rg_npz_write("whole.npz", two, 2, 0644, &err), err);
    char *data;
    size_t len, refused = 0;
    assert_good(rg_file_read("whole.npz", 1 << 20, &data, &len, &err), err);
    for (size_t i = 0; i < len; i++) {
        rg_arena *arena = rg_arena_new();
        rg_arrays read = {0};
        rg_err e = {0};
        data[i] ^= 0x15;
        if (!rg_npz_parse(data, len, "a.npz", arena, &read, &e)) {
            assert_true(e.code != RG_OK && *e.what);
            refused++;
        } else if (read.count == 2) {
            assert_memory_equal(read.at[0].data, floats, sizeof(floats));
            assert_memory_equal(read.at[1].data, ids, sizeof(ids));
        }
        data[i] ^= 0x15;
        rg_arena_free(arena);
    }
    rg_free(data);
    assert_true(refused > 300);
}

static void put_u16(char *p, unsigned value)
{
    p[0] = (char)value;
    p[1] = (char)(value >> 8);
}

static void hostile_archives(void **state)
{
    rg_err err = {0};
    const rg_array one[] = {samples[4]};
    assert_good(rg_npz_write("small.npz", one, 1, 0644, &err), err);
    char *data;
    size_t len;
    assert_good(rg_file_read("small.npz", 1 << 20, &data, &len, &err), err);
    size_t entry = len - 22 - 46 - strlen("small.npy");
    const struct {
        size_t at;
        unsigned value;
        const char *what;
    } cases[] = {
        {entry + 8, 1, "encrypted"},
        {entry + 10, 12, "something else than deflate"},
        {entry + 24, 9999, "sizes"},
        {entry + 44, 0x7fff, "not where"},
        {entry + 16, 0, "checksum"},
        {len - 12, 2, "cut"},
        {len - 12, 0xffff, "zip64"},
        {entry + 28, 500, "cut"},
        {entry + 46 + 5, 'x' | 'n' << 8, "no .npy"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        char kept[2] = {data[cases[i].at], data[cases[i].at + 1]};
        put_u16(data + cases[i].at, cases[i].value);
        rg_arrays read = {.count = 77};
        rg_err e = {0};
        assert_false(rg_npz_parse(data, len, "a.npz", *state, &read, &e));
        assert_error(e, "a.npz", cases[i].what);
        assert_int_equal(read.count, 77);
        memcpy(data + cases[i].at, kept, 2);
    }
    rg_free(data);
}

static void two_arrays_of_one_name(void **state)
{
    rg_err err = {0};
    rg_arrays read;
    const rg_array twins[] = {samples[4], samples[4]};
    assert_good(rg_npz_write("twins.npz", twins, 2, 0644, &err), err);
    assert_false(rg_npz_read("twins.npz", *state, &read, &err));
    assert_error(err, "twins.npz", "two arrays called 'small'");
}

/* ---- IDX
 * ---------------------------------------------------------------------------------------- */

static void idx_types(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        rg_array_type type;
        double value;
    } cases[] = {
        {"\0\0\x08\1\0\0\0\1\xc8", 9, RG_ARRAY_U8, 200},
        {"\0\0\x09\1\0\0\0\1\xff", 9, RG_ARRAY_I32, -1},
        {"\0\0\x0b\1\0\0\0\1\xff\xfe", 10, RG_ARRAY_I32, -2},
        {"\0\0\x0c\1\0\0\0\1\x01\0\0\2", 12, RG_ARRAY_I32, 16777218},
        {"\0\0\x0d\1\0\0\0\1\xbf\xc0\0\0", 12, RG_ARRAY_F32, -1.5},
        {"\0\0\x0e\1\0\0\0\1\x3f\xf8\0\0\0\0\0\0", 16, RG_ARRAY_F64, 1.5},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_err err = {0};
        rg_array a;
        assert_good(rg_idx_parse(cases[i].bytes, cases[i].len, "a.idx", *state, &a, &err), err);
        assert_int_equal(a.type, cases[i].type);
        double value = a.type == RG_ARRAY_U8    ? *(uint8_t *)a.data
                       : a.type == RG_ARRAY_I32 ? *(int32_t *)a.data
                       : a.type == RG_ARRAY_F32 ? (double)*(float *)a.data
                                                : *(double *)a.data;
        assert_close(value, cases[i].value, 0);
    }
}

static void idx_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *what;
    } cases[] = {
        {"", 0, "header"},
        {"\0\0\x08", 3, "header"},
        {"\0\1\x08\1\0\0\0\1x", 9, "header"},
        {"\0\0\x07\1\0\0\0\1x", 9, "header"},
        {"\0\0\x08\0x", 5, "header"},
        {"\0\0\x08\x09\0\0\0\1", 8, "header"},
        {"\0\0\x08\2\0\0\0\1", 8, "header"},
        {"\0\0\x08\1\0\0\0\2x", 9, "do not fit"},
        {"\0\0\x0e\4\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 20,
         "do not fit"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_err err = {0};
        rg_array a;
        assert_false(rg_idx_parse(cases[i].bytes, cases[i].len, "a.idx", *state, &a, &err));
        assert_error(err, "a.idx", cases[i].what);
    }
}

static void mnist(void **state)
{
    const char *path = support_shared("data/mnist/t10k-labels-idx1-ubyte.gz");
    if (!path)
        skip();
    rg_err err = {0};
    rg_array labels, images;
    assert_good(rg_idx_read(path, *state, &labels, &err), err);
    assert_int_equal(labels.rank, 1);
    assert_int_equal(labels.dim[0], 10000);
    const uint8_t first[] = {7, 2, 1, 0, 4, 1, 4, 9, 5, 9};
    assert_memory_equal(labels.data, first, sizeof(first));
    path = support_shared("data/mnist/t10k-images-idx3-ubyte.gz");
    assert_good(rg_idx_read(path, *state, &images, &err), err);
    assert_int_equal(images.rank, 3);
    assert_int_equal(rg_array_count(&images), 7840000);
    double sum = 0;
    for (size_t i = 0; i < 7840000; i++)
        sum += ((uint8_t *)images.data)[i];
    assert_close(sum / 7840000 / 255, .1325145,
                 1e-6); /* the well-known mean of the test part */
}

static void published_archives(void **state)
{
    const char *path = support_shared("data/cora.npz");
    if (!path)
        skip();
    rg_err err = {0};
    rg_arrays read;
    assert_good(rg_npz_read(path, *state, &read, &err), err);
    const rg_array *edges = rg_arrays_find(&read, "edges");
    assert_int_equal(edges->dim[0], 5278);
    assert_int_equal(edges->dim[1], 2);
    const rg_array *labels = rg_arrays_find(&read, "labels");
    assert_int_equal(labels->dim[0], 2708);
    size_t count[7] = {0};
    const size_t expected[7] = {351, 217, 418, 818, 426, 298, 180};
    for (size_t i = 0; i < 2708; i++)
        count[((int32_t *)labels->data)[i]]++;
    assert_memory_equal(count, expected, sizeof(expected));
    path = support_shared("data/mnist1d.npz");
    assert_good(rg_npz_read(path, *state, &read, &err), err);
    assert_int_equal(rg_arrays_find(&read, "x_train")->dim[0], 4000);
    path = support_shared("data/nas_bench_macro.npz");
    assert_good(rg_npz_read(path, *state, &read, &err), err);
    assert_int_equal(rg_arrays_find(&read, "arch")->type, RG_ARRAY_I32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ARENA(all_types),
        IN_ARENA(other_spellings_of_the_header),
        IN_ARENA(fortran_order),
        IN_ARENA(empty_and_scalar_arrays),
        IN_ARENA(hostile_headers),
        IN_ARENA(every_prefix_is_refused),
        IN_ARENA(npz_round_trip),
        IN_ARENA(npz_bytes_are_reproducible),
        IN_ARENA(numpy_reads_ours),
        IN_ARENA(we_read_numpys),
        IN_ARENA(altered_bytes),
        IN_ARENA(hostile_archives),
        IN_ARENA(two_arrays_of_one_name),
        IN_ARENA(idx_types),
        IN_ARENA(idx_refused),
        IN_ARENA(mnist),
        IN_ARENA(published_archives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
