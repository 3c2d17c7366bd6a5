/* reading.h - study files in tests: a text with overrides in, a study or mistakes out. */
#ifndef RIGOR_TESTS_LAB_STUDY_READING_H
#define RIGOR_TESTS_LAB_STUDY_READING_H

#include "support.h"

#include "lab/study/catalog.h"

typedef struct reading {
    rg_study *study; /* NULL after mistakes */
    rg_diags diags;
} reading;

static inline reading read_with(const char *text, const char *const *overrides, size_t n)
{
    reading r = {.diags = {.arena = rg_arena_new()}};
    r.study = rg_study_parse(text, strlen(text), "test.yaml", overrides, n, false, &catalog,
                             &r.diags);
    return r;
}

static inline reading read_text(const char *text)
{
    return read_with(text, NULL, 0);
}

static inline void reading_free(reading *r)
{
    rg_study_free(r->study);
    rg_arena_free(r->diags.arena);
    rg_free(r->diags.at);
}

/* Fails with the mistakes on the screen. */
static inline rg_study *good(const reading *r)
{
    for (size_t i = 0; i < r->diags.len; i++)
        print_error("%d:%d: %s\n", r->diags.at[i].line, r->diags.at[i].column,
                    r->diags.at[i].what);
    assert_non_null(r->study);
    return r->study;
}

/* Exactly one mistake, which holds the text. */
static inline void assert_mistake(const reading *r, int line, int column, const char *text)
{
    assert_null(r->study);
    if (r->diags.len != 1 || !strstr(r->diags.at[0].what, text))
        for (size_t i = 0; i < r->diags.len; i++)
            print_error("instead of '%s': %s\n", text, r->diags.at[i].what);
    assert_int_equal(r->diags.len, 1);
    assert_non_null(strstr(r->diags.at[0].what, text));
    assert_int_equal(r->diags.at[0].line, line);
    assert_int_equal(r->diags.at[0].column, column);
}

static inline const rg_arm *arm_of(const rg_study *study, const char *name)
{
    for (size_t i = 0; i < study->n_arms; i++)
        if (strcmp(study->arms[i].name, name) == 0)
            return &study->arms[i];
    fail_msg("no arm %s", name);
    return NULL;
}

/* The value at a dotted path as canonical JSON equals the text. */
static inline void assert_json(const json_t *root, const char *path, const char *text)
{
    const json_t *value = path ? rg_json_path(root, path) : root;
    if (!value)
        fail_msg("nothing at %s", path ? path : "the root");
    char *is = rg_json_canonical(value);
    assert_string_equal(is, text);
    rg_free(is);
}

#define HEAD "study: s\ndata: digits\nmetric: accuracy\nbase: {model: {name: mlp}}\n"

#endif
