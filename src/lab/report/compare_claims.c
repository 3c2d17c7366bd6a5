/* compare_claims.c - reads claims, or takes each arm against the reference. */
#include "lab/report/compare_claims.h"

#include <string.h>
#include <strings.h>

enum { ARMS_MOST = 1000 }; /* more are another column, mistaken for the arm */

static size_t find_reference(const char *const *arms, size_t n)
{
    static const char *const words[] = {"baseline", "base",     "control",  "reference",
                                        "default",  "standard", "vanilla",  "plain",
                                        "old",      "previous", "original", "before",
                                        "classic",  "without",  "none"};
    for (size_t w = 0; w < RG_COUNT(words); w++)
        for (size_t i = 0; i < n; i++)
            if (strcasecmp(arms[i], words[w]) == 0)
                return i;
    return n;
}

static void claim_each(const char *const *arms, size_t n, rg_arena *arena, rg_claim *ret)
{
    size_t named = find_reference(arms, n), reference = named < n ? named : 0, k = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == reference)
            continue;
        const char *text = rg_arena_printf(arena, "%s > %s", arms[i], arms[reference]);
        ret[k++] = (rg_claim){text, i, reference, RG_BETTER};
    }
}

bool rg_compare_claims(const rg_compare_options *options, const char *const *arms,
                       size_t n_arms, rg_arena *arena, rg_claim **ret, size_t *ret_n,
                       rg_err *err)
{
    if (!options->n_claims && n_arms > ARMS_MOST)
        return rg_fail(
            err, RG_INPUT, NULL,
            "say which column the arm is (--arm COLUMN), or what is claimed (--claims)",
            "there are %zu arms ('%.40s', '%.40s', ...): more than anybody compares", n_arms,
            arms[0], arms[1]);
    size_t n = options->n_claims ? options->n_claims : n_arms - 1;
    rg_claim *claims = RG_ARENA_ARRAY(arena, rg_claim, n);
    if (!options->n_claims)
        claim_each(arms, n_arms, arena, claims);
    for (size_t i = 0; i < options->n_claims; i++) {
        if (!rg_claim_parse(options->claims[i], arms, n_arms, arena, &claims[i], err))
            return false;
        if (claims[i].relation != RG_BETTER && !(options->analysis.margin > 0))
            return rg_fail(err, RG_INPUT, NULL,
                           "give one in the metric's units, for instance --margin 0.005",
                           "the claim \"%s\" needs a margin, the largest difference that does "
                           "not matter",
                           claims[i].text);
    }
    *ret = claims;
    *ret_n = n;
    return true;
}

const char *rg_compare_claims_reading(const rg_compare_options *options,
                                      const char *const *arms, size_t n_arms, rg_arena *arena)
{
    size_t named = find_reference(arms, n_arms);
    if (options->n_claims)
        return "";
    char *text =
        rg_arena_printf(arena,
                        " No claims were given: each arm is compared with '%.60s'%s; --claims "
                        "says otherwise.",
                        arms[named < n_arms ? named : 0], named < n_arms ? "" : ", the first");
    rg_utf8_repair(text);
    return text;
}

json_t *rg_compare_analysis_json(const rg_analysis *analysis)
{
    static const char *const correction[] = {
        [RG_HOLM] = "holm", [RG_BONFERRONI] = "bonferroni", [RG_NO_CORRECTION] = "none"};
    return json_pack("{s:o, s:s, s:o}", "alpha", rg_json_real(analysis->alpha), "correction",
                     correction[analysis->correction], "margin",
                     rg_json_real(analysis->margin));
}
