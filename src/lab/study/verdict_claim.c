/* verdict_claim.c - reads "A > B" over names of arms that are known.
 *
 * A name may hold spaces and the relation's own signs ("lr=0.1"), so every place where a
 * relation could stand is tried, and the one with a known name on either side is meant. */
#include "rigor/study.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *sign;
    rg_relation relation;
} relations[] = {
    {">=", RG_NOT_WORSE}, /* before '>', which it starts with */
    {">", RG_BETTER},
    {"=", RG_EQUAL},
};

static char *trimmed(rg_arena *arena, const char *text, size_t len)
{
    for (; len > 0 && isspace((unsigned char)*text); len--)
        text++;
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    return rg_arena_strndup(arena, text, len);
}

static size_t find_arm(const char *name, const char *const *arms, size_t n)
{
    size_t i = 0;
    while (i < n && strcmp(arms[i], name) != 0)
        i++;
    return i;
}

typedef struct reading {
    const char *left, *right;
    size_t a, b; /* n_arms: unknown */
    rg_relation relation;
} reading;

/* The relation that starts at `at`, if one does. */
static bool read_at(const char *text, const char *at, const char *const *arms, size_t n_arms,
                    rg_arena *arena, reading *ret)
{
    for (size_t k = 0; k < RG_COUNT(relations); k++) {
        if (!rg_text_starts(at, relations[k].sign))
            continue;
        const char *behind = at + strlen(relations[k].sign);
        ret->relation = relations[k].relation;
        ret->left = trimmed(arena, text, (size_t)(at - text));
        ret->right = trimmed(arena, behind, strlen(behind));
        ret->a = find_arm(ret->left, arms, n_arms);
        ret->b = find_arm(ret->right, arms, n_arms);
        return true;
    }
    return false;
}

static bool fail_no_relation(const char *text, rg_err *err)
{
    if (strchr(text, '<'))
        return rg_fail(err, RG_INPUT, NULL, "write \"B > A\" for \"A < B\"",
                       "the claim \"%s\" has the relation '<', which does not exist", text);
    return rg_fail(err, RG_INPUT, NULL, "write \"A > B\", \"A = B\" or \"A >= B\"",
                   "the claim \"%s\" has no relation", text);
}

static bool fail_unknown_arm(const char *text, const char *name, const char *const *arms,
                             size_t n_arms, rg_err *err)
{
    const char *near = rg_text_nearest(name, arms, n_arms);
    rg_str remedy = {0};
    if (near) {
        rg_str_printf(&remedy, "did you mean \"%s\"?", near);
    } else {
        rg_str_add(&remedy, "arms are:");
        for (size_t i = 0; i < n_arms && i < 10; i++)
            rg_str_printf(&remedy, "%s %s", i ? "," : "", arms[i]);
        rg_str_add(&remedy, n_arms > 10 ? ", ..." : "");
    }
    rg_fail(err, RG_INPUT, NULL, rg_str_text(&remedy),
            *name ? "the claim \"%s\" names an arm that does not exist: \"%s\""
                  : "the claim \"%s\" lacks an arm on one side%s",
            text, name);
    rg_str_free(&remedy);
    return false;
}

bool rg_claim_parse(const char *text, const char *const *arms, size_t n_arms, rg_arena *arena,
                    rg_claim *ret, rg_err *err)
{
    reading first = {0}, here;
    bool any = false;
    for (const char *at = text; *at; at++) {
        if (!read_at(text, at, arms, n_arms, arena, &here))
            continue;
        bool complete = here.a < n_arms && here.b < n_arms;
        if (!any || complete)
            first = here;
        any = true;
        if (complete)
            break;
        at += here.relation == RG_NOT_WORSE;
    }
    if (!any)
        return fail_no_relation(text, err);
    if (first.a == n_arms || first.b == n_arms)
        return fail_unknown_arm(text, first.a == n_arms ? first.left : first.right, arms,
                                n_arms, err);
    if (first.a == first.b)
        return rg_fail(err, RG_INPUT, NULL, "name two different arms",
                       "the claim \"%s\" compares an arm with itself", text);
    *ret = (rg_claim){trimmed(arena, text, strlen(text)), first.a, first.b, first.relation};
    return true;
}
