/* scratch.h - what the tests of the data folder share: small files, data sets made by hand. */
#ifndef RIGOR_TESTS_DATA_SCRATCH_H
#define RIGOR_TESTS_DATA_SCRATCH_H

#include "support.h"

#include "rigor/data.h"

/* Writes a file into the test's own folder; returns its name. */
static inline const char *scratch_file(const char *name, const void *data, size_t len)
{
    rg_err err = {0};
    if (!rg_file_write(name, data, len, 0644, &err))
        fail_msg("%s: %s", name, err.what);
    return name;
}

static inline const char *scratch_text(const char *name, const char *text)
{
    return scratch_file(name, text, strlen(text));
}

/* Fails unless an error was reported at `where` whose sentence holds `what`. */
#define assert_error(err, place, sentence) \
    do { \
        if (strcmp((err).where, (place)) || !strstr((err).what, (sentence))) \
            fail_msg("expected an error at '%s' with '%s', got '%s': '%s'", (place), \
                     (sentence), (err).where, (err).what); \
    } while (0)

#define assert_good(condition, err) \
    do { \
        if (!(condition)) \
            fail_msg("%s: %s: %s", #condition, (err).where, (err).what); \
    } while (0)

/* An arena for each test. */
static inline int scratch_arena(void **state)
{
    *state = rg_arena_new();
    return 0;
}

static inline int scratch_arena_free(void **state)
{
    rg_arena_free(*state);
    return 0;
}

#define IN_ARENA(test) cmocka_unit_test_setup_teardown(test, scratch_arena, scratch_arena_free)

#endif
