/* comparing.h - what the tests of comparisons share: the usual options, and looks into facts. */
#ifndef RIGOR_TESTS_COMPARING_H
#define RIGOR_TESTS_COMPARING_H

#include "rigor/report.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline rg_compare_options usual(const char *metric)
{
    return (rg_compare_options){.metric = metric, .analysis = {.05, NAN, RG_HOLM}};
}

/* The value at a path of keys: "claims.0.verdict". */
static inline const json_t *at(const json_t *value, const char *keys)
{
    char part[64];
    while (*keys && value) {
        size_t len = strcspn(keys, ".");
        snprintf(part, sizeof(part), "%.*s", (int)len, keys);
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(part))
                                     : json_object_get(value, part);
        keys += len + (keys[len] == '.');
    }
    return value;
}

static inline double real(const json_t *facts, const char *keys)
{
    const json_t *value = at(facts, keys);
    if (!value)
        fail_msg("no %s", keys);
    return rg_json_number(value, NAN);
}

static inline void assert_warned(const json_t *facts, const char *part)
{
    const json_t *warnings = json_object_get(facts, "warnings");
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        if (strstr(json_string_value(json_array_get(warnings, i)), part))
            return;
    }
    char *all = json_dumps(warnings, JSON_INDENT(1));
    fail_msg("no warning says \"%s\": %s", part, all);
}

#endif
