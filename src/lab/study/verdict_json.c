/* verdict_json.c - one verdict as data: the keys of docs/json.md. */
#include "lab/study/verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MEANINGFUL .75

json_t *rg_interval_json(double lo, double hi)
{
    if (!isfinite(lo) || !isfinite(hi))
        return json_null();
    return json_pack("[o, o]", rg_json_real(lo), rg_json_real(hi));
}

const char *rg_set_name(const rg_verdict_options *options, uint32_t set, char out[32])
{
    if (options->sets && set < options->n_sets)
        return options->sets[set];
    snprintf(out, 32, "set %lu", (unsigned long)set + 1);
    return out;
}

const char *rg_fold_name(const rg_verdict_options *options, uint32_t fold, char out[32])
{
    if (options->folds && fold < options->n_folds)
        return options->folds[fold];
    snprintf(out, 32, "%lu", (unsigned long)fold);
    return out;
}

static json_t *difference_json(const rg_evidence *e, size_t i)
{
    char name[32];
    const rg_pairs *p = &e->scores.all.pairs;
    bool by_name = e->options->folds;
    bool one_run = e->options->seeds_each < 2; /* on each side */
    json_t *o = json_pack("{s:o*, s:o, s:o, s:o}", "seed",
                          one_run ? json_integer((json_int_t)p->run[i].seed) : NULL, "a",
                          rg_json_real(p->a[i]), "b", rg_json_real(p->b[i]), "difference",
                          rg_json_real(p->difference[i]));
    if (e->options->sets || e->scores.n_blocks > 1)
        json_object_set_new(o, "set",
                            json_string(rg_set_name(e->options, p->run[i].set, name)));
    if (e->scores.folds > 1)
        json_object_set_new(o, "fold",
                            by_name
                                ? json_string(rg_fold_name(e->options, p->run[i].fold, name))
                                : json_integer((json_int_t)p->run[i].fold));
    return o;
}

static json_t *differences_json(const rg_evidence *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->scores.all.pairs.n; i++)
        json_array_append_new(list, difference_json(e, i));
    return list;
}

static void set_real(json_t *object, const char *key, double value)
{
    json_object_set_new(object, key, rg_json_real(value));
}

static void set_estimates(json_t *o, const rg_evidence *e)
{
    set_real(o, "estimate", e->t.mean);
    json_object_set_new(o, "interval", rg_interval_json(e->t.lo, e->t.hi));
    set_real(o, "effect_size", e->effect_size);
    set_real(o, "p_superior", e->superiority.p);
    json_object_set_new(o, "p_superior_interval",
                        rg_interval_json(e->superiority.lo, e->superiority.hi));
    set_real(o, "hodges_lehmann", e->hodges_lehmann.estimate);
}

/* How a test was computed; null when it was not. */
static json_t *method(double p, bool exact, const char *yes, const char *no)
{
    return isnan(p) ? json_null() : json_string(exact ? yes : no);
}

static void set_tests(json_t *o, const rg_evidence *e)
{
    const rg_situation *s = e->situation;
    set_real(o, "p", e->by_test ? e->p[RG_CASE_FOR] : NAN);
    set_real(o, "p_corrected", e->corrected[RG_CASE_FOR]);
    set_real(o, "p_signflip", e->signflip.p);
    set_real(o, "p_wilcoxon", e->wilcoxon.p);
    set_real(o, "tost_p", e->tost_p);
    json_object_set_new(o, "methods",
                        json_pack("{s:s?, s:o, s:o}", "decides",
                                  e->by_test ? s->decides : s->ranks.decides, "signflip",
                                  method(e->signflip.p, e->signflip.exact, "exact", "random"),
                                  "wilcoxon",
                                  method(e->wilcoxon.p, e->wilcoxon.exact,
                                         "exact, zeros by Pratt", "normal, zeros by Pratt")));
}

static const char *relation_sign(rg_relation relation)
{
    static const char *const sign[] = {
        [RG_BETTER] = ">", [RG_EQUAL] = "=", [RG_NOT_WORSE] = ">="};
    return sign[relation];
}

/* What is not settled is not called meaningful, however often A wins. */
static bool is_meaningful(const rg_evidence *e)
{
    return !strcmp(e->verdict, "supported") && e->superiority.p >= MEANINGFUL;
}

static json_t *seeds_needed(const rg_evidence *e)
{
    bool open = !strcmp(e->verdict, "inconclusive") || !strcmp(e->verdict, "fragile");
    bool more = open && e->precision.counts_seeds && e->needed > e->precision.have;
    return more ? json_integer((json_int_t)e->needed) : json_null();
}

json_t *rg_verdict_json(const rg_evidence *e, rg_arena *arena)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "claim", e->claim->text, "a", e->a,
                          "b", e->b, "relation", relation_sign(e->claim->relation), "verdict",
                          e->verdict, "meaningful", is_meaningful(e));
    set_estimates(o, e);
    set_tests(o, e);
    json_object_set_new(o, "n", json_integer((json_int_t)e->n));
    set_real(o, "mde", e->detectable);
    json_object_set_new(o, "seeds_needed", seeds_needed(e));
    json_object_set_new(o, "situation", json_string(e->situation->name));
    if (e->explored)
        json_object_set_new(o, "exploratory", json_true());
    if (rg_evidence_is_few(e))
        json_object_set_new(o, "few", json_true());
    if (e->situation->set_keys)
        e->situation->set_keys(o, e);
    json_object_set_new(o, "differences", differences_json(e));
    json_object_set_new(o, "sentence", json_string(rg_verdict_sentence(e, arena)));
    json_object_set_new(o, "notes", rg_verdict_notes(e));
    return o;
}
