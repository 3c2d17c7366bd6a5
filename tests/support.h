/* support.h - what every test program shares. */
#ifndef RIGOR_TESTS_SUPPORT_H
#define RIGOR_TESTS_SUPPORT_H

/* cmocka wants these four first, in this order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rigor/base.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* |x - y| <= tolerance * max(1, |y|), or both NaN; prints both values on failure. */
#define assert_close(x, y, tolerance) \
    support_close_((x), (y), (tolerance), #x, __FILE__, __LINE__)
static inline void support_close_(double x, double y, double tolerance, const char *what,
                                  const char *file, int line)
{
    double scale = fabs(y) > 1 ? fabs(y) : 1;
    if ((isnan(x) && isnan(y)) || x == y || fabs(x - y) <= tolerance * scale)
        return;
    print_error("%s: got %.17g, expected %.17g (difference %.3g)\n", what, x, y, x - y);
    _fail(file, line);
}

/* The seed of property tests: RIGOR_TEST_SEED or 1.  The first call prints it, so that a
 * failure can be repeated; a test that derives seeds of its own from it prints those as
 * well. */
static inline uint64_t support_seed(void)
{
    static bool told;
    const char *text = getenv("RIGOR_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
    if (!told)
        print_message("RIGOR_TEST_SEED=%llu\n", (unsigned long long)seed);
    told = true;
    return seed;
}

/* How many random cases: a quarter under a sanitizer, where each takes many times as long. */
static inline uint64_t support_cases(uint64_t n)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return n / 4;
#else
    return n;
#endif
}

/* A file of the folder with larger test data beside the checkout, or NULL when it is not there.
 */
static inline const char *support_shared(const char *name)
{
    static char path[4096];
    const char *root = getenv("RIGOR_SHARED");
    snprintf(path, sizeof(path), "%s/%s", root ? root : RIGOR_SOURCE_DIR "/../shared", name);
    return rg_file_exists(path) ? path : NULL;
}

#endif
