/* plan_text.c - a study read from the command line; its plan in words. */
#include "cli/command.h"

#include <math.h>
#include <string.h>

rg_study *rg_study_of_arguments(const rg_given *given, bool exploratory, bool as_json)
{
    rg_diags diags = {.arena = rg_arena_new(), .file = given->argument[0]};
    rg_study *study =
        rg_study_read(given->argument[0], given->argument + 1, given->n_arguments - 1,
                      exploratory, rg_catalog_native(), &diags);
    if (!study) {
        rg_diags_print(&diags);
        if (as_json)
            rg_print_json(json_pack("{s:{s:i, s:s, s:o}}", "error", "code", RG_INPUT, "what",
                                    "the study file has mistakes", "mistakes",
                                    rg_diags_json(&diags)));
    }
    rg_vec_free(&diags);
    rg_arena_free(diags.arena);
    return study;
}

static void print_space(const rg_arm *arm, FILE *out)
{
    for (size_t d = 0; d < arm->space.count; d++)
        fprintf(out, "%s%s", d ? ", " : "", arm->space.dim[d].name);
    if (arm->space.count == 0)
        fprintf(out, "nothing");
}

static void print_changes(const rg_arm *arm, FILE *out)
{
    const char *path;
    json_t *value;
    bool first = true;
    json_object_foreach (arm->changes, path, value) {
        char *text = rg_json_canonical(value);
        fprintf(out, "%s%s=%s", first ? "  " : ", ", path, text);
        rg_free(text);
        first = false;
    }
}

static void print_arms(const rg_study *study, FILE *out)
{
    int width = 0;
    for (size_t a = 0; a < study->n_arms; a++)
        if ((int)strlen(study->arms[a].name) > width)
            width = (int)strlen(study->arms[a].name);
    for (size_t a = 0; a < study->n_arms; a++) {
        const rg_arm *arm = &study->arms[a];
        fprintf(out, "  %-*s  tunes ", width, arm->name);
        print_space(arm, out);
        print_changes(arm, out);
        fprintf(out, "%s%s\n", arm->ablation_of ? "  ablates " : "",
                arm->ablation_of ? arm->ablation_of : "");
    }
}

static void print_sentences(const json_t *plan, const char *key, const char *label, FILE *out)
{
    size_t i;
    json_t *sentence;
    json_array_foreach (json_object_get(plan, key), i, sentence)
        fprintf(out, "%s: %s\n", label, json_string_value(sentence));
}

void rg_plan_print(const rg_study *study, const json_t *plan, FILE *out)
{
    fprintf(out, "%s: %s\n", study->name, study->question);
    print_arms(study, out);
    fprintf(out, "%lld trials, then %zu seeds x %zu arms = %lld runs; %zu claim%s\n",
            (long long)json_integer_value(json_object_get(plan, "trials")), study->n_seeds,
            study->n_arms, (long long)json_integer_value(json_object_get(plan, "runs")),
            study->n_claims, study->n_claims == 1 ? "" : "s");
    double mde = rg_json_number(json_object_get(plan, "mde_sd"), NAN);
    if (isfinite(mde))
        fprintf(out,
                "the seeds can show a difference of %.2f standard deviations (80 %% power)\n",
                mde);
    print_sentences(plan, "warnings", "warning", out);
    print_sentences(plan, "unanswerable", "cannot be answered", out);
}
