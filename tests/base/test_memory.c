/* Arenas, the allocator hook, vectors and maps. */
#include "support.h"

#include <sys/wait.h>
#include <unistd.h>

static int released;

static void count_release(void *what)
{
    released += *(int *)what;
}

static void arenas_keep_texts_and_release_what_was_deferred(void **state)
{
    (void)state;
    rg_arena *arena = rg_arena_new();
    int one = 1;
    released = 0;
    rg_arena_defer(arena, count_release, &one);
    rg_arena_defer(arena, count_release, &one);
    char *first = rg_arena_printf(arena, "%s-%d", "arm", 7);
    for (size_t i = 0; i < 3000; i++) {
        size_t bytes = i % 97 ? i : i * 1000;
        unsigned char *block = rg_arena_alloc(arena, bytes);
        assert_int_equal((uintptr_t)block % 16, 0);
        for (size_t k = 0; k < bytes; k += 64)
            assert_int_equal(block[k], 0);
        memset(block, 0xff, bytes);
    }
    assert_string_equal(first, "arm-7");
    rg_arena_free(arena);
    assert_int_equal(released, 2);
}

static void *refuse_large(void *ctx, void *old, size_t bytes)
{
    (void)ctx;
    if (bytes == 0) {
        free(old);
        return NULL;
    }
    return bytes > 1000 ? NULL : realloc(old, bytes);
}

static void large_requests_can_fail_and_small_ones_end_the_process(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        rg_allocator_set((rg_allocator){refuse_large, NULL});
        if (rg_try_alloc(5000) != NULL || freopen("/dev/null", "w", stderr) == NULL)
            _exit(90);
        rg_alloc(5000);
        _exit(91);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), RG_INTERNAL);
}

static void vectors_grow(void **state)
{
    (void)state;
    RG_VEC(int) v = {0};
    for (int i = 0; i < 1000; i++)
        rg_vec_push(&v, i * i);
    assert_int_equal(v.len, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(v.at[i], i * i);
    rg_vec_free(&v);
    assert_null(v.at);
}

static void maps_find_and_keep_order(void **state)
{
    (void)state;
    rg_map *map = rg_map_new();
    static int value[500];
    char key[32];
    for (int i = 0; i < 500; i++) {
        snprintf(key, sizeof(key), "key %d", i * 7919 % 500);
        rg_map_set(map, key, &value[i]);
    }
    rg_map_set(map, "key 0", &value[499]);
    assert_int_equal(rg_map_count(map), 500);
    assert_string_equal(rg_map_key(map, 1), "key 419");
    assert_ptr_equal(rg_map_get(map, "key 419"), &value[1]);
    assert_ptr_equal(rg_map_get(map, "key 0"), &value[499]);
    assert_null(rg_map_get(map, "key 500"));
    rg_map_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arenas_keep_texts_and_release_what_was_deferred),
        cmocka_unit_test(large_requests_can_fail_and_small_ones_end_the_process),
        cmocka_unit_test(vectors_grow),
        cmocka_unit_test(maps_find_and_keep_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
