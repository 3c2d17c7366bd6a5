/* plan_text.c - a study read from the command line; its plan in words. */
#include "cli/command.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

/* The nearest study file in the folder where `path` should be, else an example. */
static const char *nearest_file(const char *path, rg_arena *arena)
{
    const char *base = rg_path_base(path), *names[512], *folder = ".";
    size_t n = 0;
    if (base > path)
        folder = rg_arena_printf(arena, "%.*s", (int)(base - path - 1), path);
    DIR *dir = opendir(*folder ? folder : "/");
    for (struct dirent *entry; dir && n < RG_COUNT(names) && (entry = readdir(dir)) != NULL;)
        if (rg_text_ends(entry->d_name, ".yaml") || rg_text_ends(entry->d_name, ".yml"))
            names[n++] = rg_arena_strdup(arena, entry->d_name);
    if (dir)
        closedir(dir);
    const char *near = rg_text_nearest(base, names, n);
    if (!near)
        return rg_example_path(base, arena);
    return base > path ? rg_path_join(arena, folder, near) : near;
}

static bool check_file(const char *path, rg_arena *arena, rg_err *err)
{
    struct stat info;
    if (stat(path, &info) == 0)
        return !S_ISDIR(info.st_mode) ||
               rg_fail(err, RG_INPUT, path, "name a study file: a .yaml file",
                       "this is a folder");
    const char *reason = strerror(errno), *near = nearest_file(path, arena);
    return rg_fail(err, RG_INPUT, path,
                   rg_file_exists(near)
                       ? rg_arena_printf(arena, "did you mean %s?", near)
                       : rg_arena_printf(arena, "check the path; an example is %s",
                                         rg_example_path("digits.yaml", arena)),
                   "cannot open the study file: %s", reason);
}

rg_study *rg_study_of_arguments(const rg_given *given, bool exploratory, bool as_json,
                                rg_err *err)
{
    if (!check_file(given->argument[0], given->arena, err))
        return NULL;
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

/* "model.name = linear, train.lr = 0.1" */
static void add_changes(const rg_arm *arm, rg_str *ret)
{
    const char *path;
    json_t *value;
    bool first = true;
    json_object_foreach (arm->changes, path, value) {
        rg_str_printf(ret, "%s%s = ", first ? "" : ", ", path);
        rg_add_value(ret, value);
        first = false;
    }
}

/* "full with model.dropout = 0; tunes train.lr, train.weight_decay" */
static void add_arm(const rg_arm *arm, rg_str *ret)
{
    bool changed = json_object_size(arm->changes) > 0;
    if (arm->ablation_of)
        rg_str_printf(ret, "%s%s", arm->ablation_of, changed ? " with " : "");
    else if (!changed)
        rg_str_add(ret, "the base");
    add_changes(arm, ret);
    for (size_t d = 0; d < arm->space.count; d++)
        rg_str_printf(ret, "%s%s", d ? ", " : "; tunes ", arm->space.dim[d].name);
}

static void print_arms(const rg_study *study, FILE *out)
{
    int width = 0;
    for (size_t a = 0; a < study->n_arms; a++)
        if ((int)strlen(study->arms[a].name) > width)
            width = (int)strlen(study->arms[a].name);
    for (size_t a = 0; a < study->n_arms; a++) {
        rg_str name = {0}, text = {0};
        rg_str_printf(&name, "  %-*s  ", width, study->arms[a].name);
        add_arm(&study->arms[a], &text);
        rg_print_wrapped(out, rg_str_text(&name), rg_str_text(&text));
        rg_str_free(&name);
        rg_str_free(&text);
    }
}

static void print_sentences(const json_t *plan, const char *key, const char *label, FILE *out)
{
    size_t i;
    json_t *sentence;
    json_array_foreach (json_object_get(plan, key), i, sentence)
        rg_print_wrapped(out, label, json_string_value(sentence));
}

static long long count(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void print_work(const rg_study *study, const json_t *plan, FILE *out)
{
    if (count(plan, "trials"))
        fprintf(out, "%lld trials, then ", count(plan, "trials"));
    else
        fprintf(out, "no trials (nothing is tuned); ");
    fprintf(out, "%zu arm%s x ", study->n_arms, study->n_arms == 1 ? "" : "s");
    if (rg_study_is_sequential(study))
        fprintf(out, "%zu to %zu seeds = %lld to %lld runs", study->seeds_min, study->n_seeds,
                count(plan, "runs_min"), count(plan, "runs"));
    else
        fprintf(out, "%zu seed%s", study->n_seeds, study->n_seeds == 1 ? "" : "s");
    if (rg_study_has_folds(study))
        fprintf(out, " x %zu folds", study->split.folds);
    if (!rg_study_is_sequential(study))
        fprintf(out, " = %lld run%s", count(plan, "runs"), count(plan, "runs") == 1 ? "" : "s");
    fprintf(out, "; %zu claim%s\n", study->n_claims, study->n_claims == 1 ? "" : "s");
}

static double real(const json_t *object, const char *key)
{
    return rg_json_number(json_object_get(object, key), NAN);
}

/* By the noncentral t distribution at one look; of several looks each has its chance. */
static void print_detectable(const rg_study *study, const json_t *plan, FILE *out)
{
    double mde = real(plan, "mde_sd_corrected");
    rg_str text = {0};
    if (!rg_study_is_sequential(study)) {
        if (isfinite(mde) && rg_study_has_folds(study))
            rg_str_printf(
                &text,
                "%zu folds show a difference of %.2f standard deviations (between folds) "
                "in 80 %% of studies",
                study->split.folds, mde);
        else if (isfinite(mde))
            rg_str_printf(&text,
                          "%zu seeds show a difference of %.2f standard deviations in 80 %% of "
                          "studies",
                          study->n_seeds, mde);
        if (isfinite(mde) && mde > real(plan, "mde_sd"))
            rg_str_printf(&text, " (of %.2f, were it the only claim)", real(plan, "mde_sd"));
        if (text.len)
            rg_print_wrapped(out, "", rg_str_text(&text));
        rg_str_free(&text);
        return;
    }
    double first = real(plan, "mde_sd_corrected_min"), last = real(plan, "mde_sd_corrected");
    if (isfinite(first))
        rg_str_printf(
            &text,
            "%zu seeds, the first look, show a difference of %.2f standard deviations "
            "in 80 %% of studies; ",
            study->seeds_min, first);
    else
        rg_str_printf(&text, "%zu seeds, the first look, are too few for a decision; ",
                      study->seeds_min);
    if (isfinite(last))
        rg_str_printf(&text, "%zu, the last, one of %.2f, and the looks between add to it",
                      study->n_seeds, last);
    else
        rg_str_printf(&text, "so are %zu, the last", study->n_seeds);
    rg_print_wrapped(out, "", rg_str_text(&text));
    rg_str_free(&text);
}

/* ---- What the A/A check found */

static void print_placebo_runs(const rg_study *study, const json_t *placebo, FILE *out)
{
    const json_t *runs = json_object_get(placebo, "validation");
    rg_str text = {0};
    rg_str_printf(&text, "%s against itself: %lld runs", rg_json_text(placebo, "arm", ""),
                  count(placebo, "runs"));
    if (count(placebo, "epochs"))
        rg_str_printf(&text, " of %lld epochs", count(placebo, "epochs"));
    rg_str_printf(&text, " with other seeds, %s on validation %.4g with sd %.3g", study->metric,
                  real(runs, "mean"), real(runs, "sd"));
    if (count(placebo, "failed"))
        rg_str_printf(&text, "; %lld failed", count(placebo, "failed"));
    if (real(runs, "mde") > 0)
        rg_str_printf(&text, ". If two arms scatter alike, %zu seeds show a difference of %.2g",
                      study->n_seeds, real(runs, "mde"));
    rg_print_wrapped(out, "placebo: ", rg_str_text(&text));
    rg_str_free(&text);
}

static bool asks_for_more_than_better(const rg_study *study)
{
    for (size_t i = 0; i < study->n_claims; i++)
        if (study->claims[i].relation != RG_BETTER)
            return true;
    return false;
}

static void print_placebo_rate(const rg_study *study, const json_t *placebo, FILE *out)
{
    const json_t *interval = json_object_get(placebo, "interval");
    double lo = rg_json_number(json_array_get(interval, 0), NAN);
    double hi = rg_json_number(json_array_get(interval, 1), NAN);
    rg_str text = {0};
    rg_str_printf(
        &text,
        "of %lld studies drawn from these runs, each with %zu claim%s over %zu seeds, "
        "%.1f %% found a difference that is not there (95 %% interval %.1f to %.1f %%, "
        "for these runs); alpha allows %g %%. ",
        count(placebo, "draws"), study->n_claims, study->n_claims == 1 ? "" : "s",
        study->n_seeds, 100 * real(placebo, "rate"), 100 * lo, 100 * hi,
        100 * real(placebo, "alpha"));
    if (count(placebo, "fragile"))
        rg_str_printf(&text, "%.1f %% more were called fragile. ",
                      100 * (double)count(placebo, "fragile") / real(placebo, "draws"));
    if (asks_for_more_than_better(study))
        rg_str_add(&text, "Of '=' and '>=' claims, those count that were refuted. ");
    bool alarming = json_is_true(json_object_get(placebo, "alarming"));
    rg_str_add(&text, alarming
                          ? "That is clearly too often: a verdict of this study would "
                            "often be luck."
                          : "The procedure holds its level on this trainer and this data.");
    rg_print_wrapped(out, "placebo: ", rg_str_text(&text));
    rg_str_free(&text);
}

static void print_placebo(const rg_study *study, const json_t *placebo, FILE *out)
{
    if (!json_is_object(placebo))
        return;
    print_placebo_runs(study, placebo, out);
    if (json_is_number(json_object_get(placebo, "rate")))
        print_placebo_rate(study, placebo, out);
    else
        rg_print_wrapped(out, "placebo: ", "no claims are declared, so nothing can cry wolf");
}

static void print_earlier(const json_t *claim, FILE *out)
{
    rg_str text = {0};
    rg_str_printf(&text, "the differences of '%s' scattered by %.3g (sd): %.3g is seen",
                  rg_json_text(claim, "claim", ""), real(claim, "sd"), real(claim, "mde"));
    rg_print_wrapped(out, "earlier: ", rg_str_text(&text));
    rg_str_free(&text);
}

static void print_outlook(const json_t *plan, FILE *out)
{
    size_t i;
    json_t *claim;
    json_array_foreach (json_object_get(plan, "outlook"), i, claim)
        if (!strcmp(rg_json_text(claim, "from", ""), "claim"))
            print_earlier(claim, out);
}

static void print_data(const rg_study *study, const json_t *data, FILE *out)
{
    if (!data)
        return;
    rg_str text = {0};
    rg_str_printf(&text, "%s, %lld rows%s: %lld to train, %lld to validate, %lld to test",
                  rg_json_text(data, "name", ""), count(data, "rows"),
                  rg_study_has_folds(study) ? ", in the first fold" : "", count(data, "train"),
                  count(data, "val"), count(data, "test"));
    rg_print_wrapped(out, "data: ", rg_str_text(&text));
    rg_str_free(&text);
}

void rg_plan_print(const rg_study *study, const json_t *plan, FILE *out)
{
    rg_str head = {0};
    rg_str_printf(&head, "%s: ", study->name);
    rg_print_wrapped(out, rg_str_text(&head), study->question);
    rg_str_free(&head);
    print_data(study, json_object_get(plan, "data"), out);
    print_arms(study, out);
    print_work(study, plan, out);
    print_detectable(study, plan, out);
    print_outlook(plan, out);
    print_placebo(study, json_object_get(plan, "placebo"), out);
    rg_trainer_print(json_object_get(plan, "trainer"), out);
    print_sentences(plan, "warnings", "warning: ", out);
    print_sentences(plan, "unanswerable", "cannot be answered: ", out);
}
