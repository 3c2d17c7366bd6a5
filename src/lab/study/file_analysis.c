/* file_analysis.c - what the verdicts rest on: the budget of the search, the level of the
 * tests, the claims. */
#include "lab/study/file.h"

#include <math.h>

/* ---- tune: the budget; its space is resolved with the arms (file_space.c) */

#define TRIALS_DEFAULT 30
#define TRIALS_MAX 100000
#define PARALLEL_DEFAULT 4
#define PARALLEL_MAX 1024

static void read_trials(study_reader *reader, const study_node *node)
{
    int64_t trials = study_get(reader->root, "tune") ? TRIALS_DEFAULT : 0;
    study_whole(reader, node, "tune.trials", 0, TRIALS_MAX, &trials);
    reader->study->trials = (size_t)trials;
}

static void read_parallel(study_reader *reader, const study_node *node)
{
    int64_t parallel = PARALLEL_DEFAULT;
    study_whole(reader, node, "tune.parallel", 1, PARALLEL_MAX, &parallel);
    reader->study->parallel = (size_t)parallel;
}

static void read_sampler(study_reader *reader, const study_node *node)
{
    reader->study->sampler = "auto";
    if (!node)
        return;
    size_t n = 0;
    while (rg_samplers[n])
        n++;
    const char **names = RG_ARENA_ARRAY(reader->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        names[i] = rg_samplers[i]->name;
    names[n] = "auto";
    int at = study_choice(reader, node, "tune.sampler", names, n + 1);
    if (at >= 0)
        reader->study->sampler = names[at];
}

static void read_prune(study_reader *reader, const study_node *node)
{
    static const char *const names[] = {"none", "median"};
    int at = node ? study_choice(reader, node, "tune.prune", names, RG_COUNT(names)) : 0;
    reader->study->prune = at == 1;
    if (at == 1 && !reader->trainer)
        study_mistake(reader, node->mark, "leave it out",
                      "the native trainer trains whole cohorts: its trials are not pruned");
}

static void read_prune_after(study_reader *reader, const study_node *node)
{
    reader->study->prune_after = 1;
    study_whole(reader, node, "tune.prune_after", 1, INT64_C(1) << 52,
                &reader->study->prune_after);
}

static void read_space(study_reader *reader, const study_node *node)
{
    reader->space = node;
}

void study_read_tune(study_reader *reader, const study_node *node)
{
    static const study_field fields[] = {
        {"trials", read_trials}, {"sampler", read_sampler},         {"parallel", read_parallel},
        {"prune", read_prune},   {"prune_after", read_prune_after}, {"space", read_space},
    };
    bool map = node && node->kind != STUDY_NULL && study_is_map(reader, node, "'tune'");
    study_fields(reader, map ? node : NULL, "'tune'", fields, RG_COUNT(fields));
    const study_node *space = reader->space;
    if (map && reader->study->trials && (!space || space->size == 1))
        study_mistake(
            reader, (space ? space : node)->mark,
            "add tune.space, such as {train.lr: {log: [1e-4, 3e-2]}}, or set trials: 0",
            "there are trials, but nothing to tune");
}

/* ---- analysis, claims */

static void read_alpha(study_reader *reader, const study_node *node)
{
    reader->study->analysis.alpha = 0.05;
    study_number(reader, node, "analysis.alpha", 1e-6, 0.5, &reader->study->analysis.alpha);
}

static void read_margin(study_reader *reader, const study_node *node)
{
    reader->study->analysis.margin = NAN;
    study_number(reader, node, "analysis.margin", 1 / STUDY_HUGE, STUDY_HUGE,
                 &reader->study->analysis.margin);
}

static void read_correction(study_reader *reader, const study_node *node)
{
    static const char *const names[] = {
        [RG_HOLM] = "holm",
        [RG_BONFERRONI] = "bonferroni",
        [RG_NO_CORRECTION] = "none",
    };
    int at =
        node ? study_choice(reader, node, "analysis.correction", names, RG_COUNT(names)) : -1;
    reader->study->analysis.correction = at >= 0 ? (rg_correction)at : RG_HOLM;
}

void study_read_analysis(study_reader *reader, const study_node *node)
{
    static const study_field fields[] = {
        {"alpha", read_alpha},
        {"correction", read_correction},
        {"margin", read_margin},
    };
    bool map = node && node->kind != STUDY_NULL && study_is_map(reader, node, "'analysis'");
    study_fields(reader, map ? node : NULL, "'analysis'", fields, RG_COUNT(fields));
}

#define CLAIMS_MAX 1000

static bool same_claim(const rg_claim *x, const rg_claim *y)
{
    bool straight = x->a == y->a && x->b == y->b, crossed = x->a == y->b && x->b == y->a;
    return x->relation == y->relation && (straight || (crossed && x->relation == RG_EQUAL));
}

static void check_claim(study_reader *reader, const study_node *node, const rg_claim *claim)
{
    const rg_study *study = reader->study;
    for (size_t i = 0; i < study->n_claims; i++)
        if (same_claim(&study->claims[i], claim))
            study_mistake(reader, node->mark, "remove it: each claim costs the others power",
                          "this claim stands already, as '%s'", study->claims[i].text);
    if (claim->relation != RG_BETTER && isnan(study->analysis.margin))
        study_mistake(reader, node->mark,
                      "add analysis: {margin: 0.005}, the largest difference that does not "
                      "matter, in units of the metric",
                      "'%s' needs a margin", claim->text);
}

static void read_claim(study_reader *reader, const study_node *node, const char *const *arms)
{
    rg_study *study = reader->study;
    const char *text = NULL;
    rg_claim claim;
    rg_err err = {0};
    if (!study_text(reader, node, "a claim", &text))
        return;
    if (!rg_claim_parse(text, arms, study->n_arms, reader->arena, &claim, &err)) {
        study_mistake(reader, node->mark, err.remedy, "%s", err.what);
        return;
    }
    check_claim(reader, node, &claim);
    study->claims[study->n_claims++] = claim;
}

static size_t count_claims(const study_node *node)
{
    return !node ? 0 : node->kind == STUDY_LIST ? node->count : node->kind != STUDY_NULL;
}

static void read_claim_list(study_reader *reader, const study_node *node,
                            const char *const *arms)
{
    for (size_t i = 0; i < count_claims(node) && !reader->arms_unsure; i++)
        read_claim(reader, node->kind == STUDY_LIST ? node->item[i] : node, arms);
}

/* Wherever such a claim is told, the word is told with it. */
static void mark_explored(study_reader *reader, size_t declared)
{
    rg_study *study = reader->study;
    study->n_explored = study->n_claims - declared;
    for (size_t i = declared; i < study->n_claims; i++)
        study->claims[i].text =
            rg_arena_printf(reader->arena, "%s (exploratory)", study->claims[i].text);
}

void study_read_claims(study_reader *reader)
{
    rg_study *study = reader->study;
    const study_node *node = reader->claims ? reader->claims : reader->explore;
    size_t count = count_claims(reader->claims) + count_claims(reader->explore);
    if (count > CLAIMS_MAX) {
        study_mistake(reader, node->mark, "declare what you would have bet on",
                      "more than %d claims", CLAIMS_MAX);
        return;
    }
    const char **arms = RG_ARENA_ARRAY(reader->arena, const char *, study->n_arms);
    for (size_t i = 0; i < study->n_arms; i++)
        arms[i] = study->arms[i].name;
    study->claims = RG_ARENA_ARRAY(reader->arena, rg_claim, count + 1);
    read_claim_list(reader, reader->claims, arms);
    size_t declared = study->n_claims;
    read_claim_list(reader, reader->explore, arms);
    mark_explored(reader, declared);
    if (count == 0)
        study_check_undecidable(reader);
}
