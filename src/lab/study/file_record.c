/* file_record.c - the resolved study as JSON: what the ledger records, and what is hashed.
 *
 * It holds everything that decides a result and nothing else: no comments, no defaults left
 * open, no folder.  Arms, claims and seeds keep their order (reports show them so, and
 * ablations start from the first arm); the space is in an order of its own (file.h). */
#include "lab/study/file.h"

#include <math.h>
#include <string.h>

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

/* Files of the split: as written, without the folder of the study. */
static json_t *file_json(const rg_study *study, const char *path)
{
    size_t len = strlen(study->dir);
    bool inside = path && rg_text_starts(path, study->dir) && path[len] == '/';
    return text_or_null(inside ? path + len + 1 : path);
}

/* Only where it is given: studies without it keep the hashes that they have always had. */
static void add_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, json_string(text));
}

static json_t *split_json(const rg_study *study)
{
    const rg_split_spec *split = &study->split;
    json_t *json = json_pack(
        "{s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:I}", "train", rg_json_real(split->train), "val",
        rg_json_real(split->val), "test", rg_json_real(split->test), "stratify",
        split->stratify, "train_file", file_json(study, split->train_file), "val_file",
        file_json(study, split->val_file), "test_file", file_json(study, split->test_file),
        "seed", (json_int_t)split->seed);
    add_text(json, "group", split->group);
    add_text(json, "time", split->time);
    if (split->folds)
        json_object_set_new(json, "folds", json_integer((json_int_t)split->folds));
    if (split->keep)
        json_object_set_new(json, "keep", json_true());
    return json;
}

/* What decides a result: not the limits, not where it starts. */
static json_t *trainer_json(const rg_trainer *trainer)
{
    static const char *const forms[] = {[RG_FORM_NPZ] = "npz", [RG_FORM_CSV] = "csv"};
    json_t *command = json_array(), *reads = json_array();
    for (size_t i = 0; i < trainer->n_command; i++)
        json_array_append_new(command, json_string(trainer->command[i]));
    for (size_t i = 0; i < trainer->n_reads; i++)
        json_array_append_new(reads, json_string(trainer->reads[i]));
    return json_pack("{s:o, s:o, s:s, s:O, s:i, s:b, s:b}", "command", command, "reads", reads,
                     "data", forms[trainer->form], "env", trainer->env, "cores",
                     trainer->threads, "network", trainer->network, "seal", trainer->seal);
}

static json_t *data_json(const rg_study *study)
{
    if (!study->data)
        return json_null();
    static const char *const scales[] = {
        [RG_SCALE_NONE] = "none",
        [RG_SCALE_STANDARD] = "standard",
        [RG_SCALE_MINMAX] = "minmax",
    };
    json_t *json = json_pack("{s:s, s:o, s:o, s:s}", "name", study->data, "target",
                             text_or_null(study->data_target), "split", split_json(study),
                             "scale", scales[study->scale]);
    add_text(json, "group", study->data_group);
    if (study->balance != RG_BALANCE_NONE)
        add_text(json, "balance", rg_balance_names[study->balance]);
    return json;
}

static json_t *also_json(const rg_study *study)
{
    json_t *list = json_array();
    for (size_t i = 0; i < study->n_also; i++)
        json_array_append_new(list, json_string(study->also[i]));
    return list;
}

/* ---- The space. */

static json_t *coordinate_json(const rg_dim *dim, double x)
{
    return dim->n_choices ? json_incref(dim->choices[(size_t)x]) : rg_json_real(x);
}

static json_t *when_json(const rg_space *space, const rg_dim *dim)
{
    if (dim->when < 0)
        return json_null();
    const rg_dim *parent = &space->dim[dim->when];
    json_t *values = json_array();
    for (size_t i = 0; i < dim->n_when; i++)
        json_array_append_new(values, coordinate_json(parent, dim->when_values[i]));
    json_t *when = json_object();
    json_object_set_new(when, parent->name, values);
    return when;
}

static json_t *choices_json(const rg_dim *dim)
{
    json_t *list = json_array();
    for (size_t i = 0; i < dim->n_choices; i++)
        json_array_append(list, dim->choices[i]);
    return list;
}

static json_t *dim_json(const rg_space *space, const rg_dim *dim)
{
    static const char *const kinds[] = {
        [RG_DIM_UNIFORM] = "uniform", [RG_DIM_LOG] = "log",     [RG_DIM_INT] = "int",
        [RG_DIM_CHOICE] = "choice",   [RG_DIM_ORDER] = "order",
    };
    json_t *json = json_pack("{s:s, s:s, s:o}", "name", dim->name, "kind", kinds[dim->kind],
                             "when", when_json(space, dim));
    if (dim->n_choices) {
        json_object_set_new(json, "choices", choices_json(dim));
        return json;
    }
    json_object_set_new(json, "lo", rg_json_real(dim->lo));
    json_object_set_new(json, "hi", rg_json_real(dim->hi));
    json_object_set_new(json, "step", rg_json_real(dim->step));
    json_object_set_new(json, "log", json_boolean(dim->log || dim->kind == RG_DIM_LOG));
    return json;
}

static json_t *space_json(const rg_space *space)
{
    json_t *list = json_array();
    for (size_t i = 0; i < space->count; i++)
        json_array_append_new(list, dim_json(space, &space->dim[i]));
    return list;
}

/* ---- Arms, seeds, claims. */

static json_t *arms_json(const rg_study *study)
{
    json_t *list = json_array();
    for (size_t i = 0; i < study->n_arms; i++) {
        const rg_arm *arm = &study->arms[i];
        json_array_append_new(list, json_pack("{s:s, s:o, s:O, s:O, s:o}", "name", arm->name,
                                              "of", text_or_null(arm->ablation_of), "changes",
                                              arm->changes, "config", arm->config, "space",
                                              space_json(&arm->space)));
    }
    return list;
}

static json_t *seeds_json(const rg_study *study)
{
    json_t *list = json_array();
    for (size_t i = 0; i < study->n_seeds; i++)
        json_array_append_new(list, json_integer((json_int_t)study->seeds[i]));
    return list;
}

/* Only of a study that adds seeds: the others keep the hashes that they have always had. */
static json_t *sequential_json(const rg_study *study)
{
    return json_pack("{s:I, s:I, s:s}", "min", (json_int_t)study->seeds_min, "step",
                     (json_int_t)study->seeds_step, "until", "decided");
}

static json_t *claims_json(const rg_study *study)
{
    json_t *list = json_array();
    for (size_t i = 0; i < study->n_claims; i++)
        json_array_append_new(list, json_string(study->claims[i].text));
    return list;
}

static json_t *analysis_json(const rg_analysis *analysis)
{
    static const char *const corrections[] = {
        [RG_HOLM] = "holm",
        [RG_BONFERRONI] = "bonferroni",
        [RG_NO_CORRECTION] = "none",
    };
    return json_pack("{s:o, s:o, s:s}", "alpha", rg_json_real(analysis->alpha), "margin",
                     rg_json_real(analysis->margin), "correction",
                     corrections[analysis->correction]);
}

static json_t *metric_json(const rg_study *study)
{
    return json_pack("{s:s, s:s}", "name", study->metric, "goal",
                     study->maximize ? "maximize" : "minimize");
}

static json_t *tune_json(const rg_study *study)
{
    return json_pack("{s:I, s:s, s:I}", "trials", (json_int_t)study->trials, "sampler",
                     study->sampler, "parallel", (json_int_t)study->parallel);
}

void study_record(rg_study *study)
{
    study->resolved = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:b}", "study", study->name,
        "question", study->question, "data", data_json(study), "metric", metric_json(study),
        "also", also_json(study), "arms", arms_json(study), "tune", tune_json(study), "seed",
        (json_int_t)study->seed, "seeds", seeds_json(study), "claims", claims_json(study),
        "analysis", analysis_json(&study->analysis), "exploratory", study->exploratory);
    if (rg_study_is_sequential(study))
        json_object_set_new(study->resolved, "sequential", sequential_json(study));
    if (study->prune)
        json_object_set_new(json_object_get(study->resolved, "tune"), "prune_after",
                            json_integer((json_int_t)study->prune_after));
    if (study->trainer)
        json_object_set_new(study->resolved, "trainer", trainer_json(study->trainer));
    if (!study->resolved)
        RG_BUG("a resolved study does not fit JSON");
    char *canonical = rg_json_canonical(study->resolved);
    rg_sha_of(canonical, strlen(canonical), study->hash);
    rg_free(canonical);
}
