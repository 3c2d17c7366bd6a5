/* confound.c - what stands between two arms beside the one factor that a claim is about (see
 * confound.h). */
#include "lab/study/confound.h"

#include "lab/study/walk.h"

#include <stdio.h>
#include <string.h>

/* ---- Factors */

static bool is_tuned(const rg_arm *arm, const char *path)
{
    for (size_t i = 0; i < arm->space.count; i++)
        if (strcmp(arm->space.dim[i].name, path) == 0)
            return true;
    return false;
}

static bool values_differ(const rg_arm *a, const rg_arm *b, const char *path)
{
    return !json_equal(rg_json_path(a->config, path), rg_json_path(b->config, path));
}

/* Neither arm's training takes notice of it. */
static bool is_unread(const rg_arm *a, const rg_arm *b, const char *path)
{
    return json_object_get(a->unread, path) && json_object_get(b->unread, path);
}

/* What one arm alone tunes differs, and what neither does where the values do. */
static bool differs(const rg_arm *a, const rg_arm *b, const char *path)
{
    if (is_unread(a, b, path))
        return false;
    bool tuned_a = is_tuned(a, path), tuned_b = is_tuned(b, path);
    return tuned_a || tuned_b ? tuned_a != tuned_b : values_differ(a, b, path);
}

/* The same, but for what one arm alone tunes from the value that both start with: the momentum
 * that only one of two optimizers has belongs to that optimizer. */
static bool is_set_apart(const rg_arm *a, const rg_arm *b, const char *path)
{
    return differs(a, b, path) && values_differ(a, b, path);
}

typedef bool comparison(const rg_arm *a, const rg_arm *b, const char *path);

static void compare_part(const rg_arm *a, const rg_arm *b, const char *part, comparison *differ,
                         rg_factors *ret, size_t *count)
{
    const char *key;
    json_t *value;
    json_object_foreach (json_object_get(a->config, part), key, value) {
        char path[256];
        snprintf(path, sizeof(path), "%s.%s", part, key);
        if (!differ(a, b, path))
            continue;
        rg_str_printf(&ret->names, "%s%s", ret->names.len ? ", " : "", path);
        (*count)++;
    }
}

/* The parameters of a program with names of its own, whatever they are about. */
static void compare_open(const rg_arm *a, const rg_arm *b, const json_t *part,
                         const char *prefix, comparison *differ, rg_factors *ret)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)part, key, value) {
        char path[256];
        snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", key);
        if (json_is_object(value)) {
            compare_open(a, b, value, path, differ, ret);
        } else if (differ(a, b, path)) {
            rg_str_printf(&ret->names, "%s%s", ret->names.len ? ", " : "", path);
            ret->train++;
        }
    }
}

static rg_factors compare(const rg_arm *a, const rg_arm *b, comparison *differ)
{
    rg_factors found = {0};
    if (!json_is_object(json_object_get(a->config, "train"))) {
        compare_open(a, b, a->config, "", differ, &found);
        return found;
    }
    if (differ(a, b, "model.name")) {
        rg_str_add(&found.names, "model.name");
        found.model = 1;
    } else {
        compare_part(a, b, "model", differ, &found, &found.model);
    }
    compare_part(a, b, "train", differ, &found, &found.train);
    return found;
}

rg_factors rg_arm_factors(const rg_arm *a, const rg_arm *b)
{
    rg_factors apart = compare(a, b, is_set_apart);
    return apart.model + apart.train ? apart : compare(a, b, differs);
}

void rg_factors_free(rg_factors *factors)
{
    rg_str_free(&factors->names);
}

/* ---- Claims */

static void say_factors(json_t *ret, const rg_arm *a, const rg_arm *b)
{
    rg_factors found = rg_arm_factors(a, b);
    if (found.model && found.train)
        rg_json_say(ret,
                    "The arms differ in the model and in its training (%s): the verdict cannot "
                    "say which of them is the cause.",
                    rg_str_text(&found.names));
    else if (found.model + found.train > 1)
        rg_json_say(ret,
                    "The arms differ in %zu factors (%s): the verdict is about all of them "
                    "together.",
                    found.model + found.train, rg_str_text(&found.names));
    rg_factors_free(&found);
}

static void say_trials(json_t *ret, const rg_study *study, const rg_arm *a, const rg_arm *b)
{
    size_t own = rg_trials_of(study, a), other = rg_trials_of(study, b);
    if ((own == 0) == (other == 0))
        return;
    rg_json_say(ret,
                "%s was tuned over %zu trial%s and %s not at all: the search alone may be "
                "the difference.",
                own ? a->name : b->name, own + other, own + other == 1 ? "" : "s",
                own ? b->name : a->name);
}

json_t *rg_claim_confounds(const rg_study *study, const rg_claim *claim)
{
    const rg_arm *a = &study->arms[claim->a], *b = &study->arms[claim->b];
    json_t *ret = json_array();
    say_factors(ret, a, b);
    say_trials(ret, study, a, b);
    return ret;
}
