/* cmd_power.c - how many seeds an effect takes, and what effect so many seeds can show. */
#include "cli/command.h"

#include "lab/report/power.h"
#include "rigor/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    EFFECT,
    SEEDS,
    SD,
    FROM,
    CLAIMS,
    ALPHA,
    POWER,
    ONE_SIDED,
    UNPAIRED,
    EQUIVALENCE,
    SEQUENTIAL,
    SUPERIORITY,
    METRIC,
    HTML,
    JSON
};
static const rg_option options[] = {
    [EFFECT] = {"effect", 'e', RG_OPTION_TEXT, "E",
                "a difference to be seen: in the metric's units beside --sd or --from, else in "
                "standard deviations; 1.2sd says so in any case"},
    [SEEDS] = {"seeds", 'n', RG_OPTION_INT, "N", "pairs of runs; in each arm if --unpaired"},
    [SD] = {"sd", 0, RG_OPTION_NUMBER, "S",
            "standard deviation of the paired differences (--unpaired: of one arm's scores)"},
    [FROM] = {"from", 'f', RG_OPTION_TEXT, "STUDY",
              "take the sd of each claim from a study (name, folder or file) or from a table "
              "of results (.csv, .tsv, .jsonl)"},
    [CLAIMS] = {"claims", 'm', RG_OPTION_INT, "M",
                "claims that share alpha (default: 1, or as many as --from has)"},
    [ALPHA] = {"alpha", 0, RG_OPTION_NUMBER, "A", "error rate of the family (default: 0.05)"},
    [POWER] = {"power", 0, RG_OPTION_NUMBER, "P", "wanted power (default: 0.8)"},
    [ONE_SIDED] = {"one-sided", 0, RG_OPTION_FLAG, NULL, "only one direction counts"},
    [UNPAIRED] = {"unpaired", 0, RG_OPTION_FLAG, NULL, "two samples that share no seeds"},
    [EQUIVALENCE] = {"equivalence", 0, RG_OPTION_TEXT, "MARGIN",
                     "show equality within a margin, in units as --effect"},
    [SEQUENTIAL] = {"sequential", 0, RG_OPTION_FLAG, NULL,
                    "the test that may be looked at after every seed"},
    [SUPERIORITY] = {"superiority", 0, RG_OPTION_NUMBER, "P",
                     "also: seeds to find that A beats B in a share P of comparisons"},
    [METRIC] = {"metric", 0, RG_OPTION_TEXT, "NAME", "of a table with several"},
    [HTML] = {"html", 0, RG_OPTION_TEXT, "FILE", "write a page with the curves as charts"},
    [JSON] = RG_OPTION_JSON,
    {0},
};

/* ---- Numbers */

/* "0.005" or "1.2sd" */
static bool read_size(const char *option, const char *text, rg_arena *arena, double *ret,
                      bool *ret_in_sd, rg_err *err)
{
    size_t len = strlen(text);
    bool in_sd = len > 2 && rg_text_ends(text, "sd");
    const char *digits = in_sd ? rg_arena_strndup(arena, text, len - 2) : text;
    double value;
    if (!rg_text_double(digits, &value) || !(value > 0) || !isfinite(value))
        return rg_fail(err, RG_INPUT, NULL, "give a number above 0, such as 0.005 or 1.2sd",
                       "--%s cannot be '%s'", option, text);
    *ret = value;
    *ret_in_sd = in_sd;
    return true;
}

static bool within(const rg_given *given, int option, double lo, double hi, rg_err *err)
{
    double value = given->number[option];
    return !given->flag[option] || (value > lo && value < hi) ||
           rg_fail(err, RG_INPUT, NULL, NULL, "--%s must lie between %g and %g, not at %g",
                   options[option].name, lo, hi, value);
}

static bool excludes(const rg_given *given, int one, int other, const char *why, rg_err *err)
{
    return !given->flag[one] || !given->flag[other] ||
           rg_fail(err, RG_INPUT, NULL, "leave out one of the two", "--%s and --%s: %s",
                   options[one].name, options[other].name, why);
}

static bool fits_together(const rg_given *given, rg_err *err)
{
    return excludes(given, EFFECT, EQUIVALENCE, "a difference, or none, is to be shown", err) &&
           excludes(given, SEQUENTIAL, UNPAIRED, "the sequential test needs pairs", err) &&
           excludes(given, SEQUENTIAL, ONE_SIDED, "the sequential test is two-sided", err) &&
           excludes(given, SEQUENTIAL, EQUIVALENCE, "equivalence is tested at the end", err) &&
           excludes(given, SD, FROM, "one standard deviation is enough", err);
}

static bool in_range(const rg_given *given, rg_err *err)
{
    return within(given, ALPHA, 0, .5, err) && within(given, POWER, 0, 1, err) &&
           within(given, SUPERIORITY, .5, 1, err) && within(given, SD, 0, 1e300, err) &&
           (!given->flag[SEEDS] ||
            (given->integer[SEEDS] >= 2 && given->integer[SEEDS] <= 10000000) ||
            rg_fail(err, RG_INPUT, NULL, "give 2 to 10000000", "--seeds cannot be %lld",
                    (long long)given->integer[SEEDS])) &&
           (!given->flag[CLAIMS] ||
            (given->integer[CLAIMS] >= 1 && given->integer[CLAIMS] <= 1000000) ||
            rg_fail(err, RG_INPUT, NULL, "give 1 or more", "--claims cannot be %lld",
                    (long long)given->integer[CLAIMS]));
}

static bool read_question(const rg_given *given, power_question *ret, rg_err *err)
{
    const char *effect = given->text[EFFECT], *margin = given->text[EQUIVALENCE];
    *ret = (power_question){
        .design = given->flag[UNPAIRED] ? RG_TWO_SAMPLES : RG_PAIRS,
        .test = margin                    ? POWER_EQUIVALENCE
                : given->flag[SEQUENTIAL] ? POWER_ANYTIME
                                          : POWER_T,
        .sides = given->flag[ONE_SIDED] ? 1 : 2,
        .alpha = given->flag[ALPHA] ? given->number[ALPHA] : NAN,
        .power = given->flag[POWER] ? given->number[POWER] : .8,
        .claims = (size_t)given->integer[CLAIMS],
        .effect = NAN,
        .seeds = (size_t)given->integer[SEEDS],
        .sd = given->flag[SD] ? given->number[SD] : NAN,
        .superiority = given->flag[SUPERIORITY] ? given->number[SUPERIORITY] : NAN,
    };
    if (!fits_together(given, err) || !in_range(given, err))
        return false;
    const char *size = effect ? effect : margin;
    return !size || read_size(effect ? "effect" : "equivalence", size, given->arena,
                              &ret->effect, &ret->effect_in_sd, err);
}

/* ---- Earlier results */

static bool is_table(const char *path)
{
    static const char *const endings[] = {".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt"};
    for (size_t i = 0; i < RG_COUNT(endings); i++)
        if (rg_text_ends(path, endings[i]))
            return true;
    return false;
}

/* The direction in which the metric is better does not matter to its spread. */
static json_t *facts_of_table(const rg_given *given, rg_err *err)
{
    rg_compare_options how = {.metric = given->text[METRIC],
                              .goal_given = true,
                              .analysis = {.alpha = .05, .margin = NAN}};
    return rg_compare(&given->text[FROM], 1, &how, err);
}

static json_t *facts_of_study(const char *name, rg_err *err)
{
    rg_opened opened;
    if (!rg_study_open(name, RG_LEDGER_READ, &opened, err))
        return NULL;
    json_t *facts = rg_facts_build(opened.study, opened.ledger, err);
    rg_study_close(&opened);
    return facts;
}

static bool read_source(const rg_given *given, power_question *q, json_t **ret, rg_err *err)
{
    const char *from = given->text[FROM];
    if (!from)
        return true;
    *ret = is_table(from) ? facts_of_table(given, err) : facts_of_study(from, err);
    q->source = *ret;
    q->source_name = from;
    if (rg_json_path(*ret, "data.split.folds"))
        return rg_fail(
            err, RG_INPUT, from, "take it from a study with one cut, or give --sd",
            "its differences are between folds: how far these scatter says nothing of "
            "seeds");
    return *ret != NULL;
}

/* ---- Answers */

static bool write_page(const json_t *facts, const char *path, rg_err *err)
{
    rg_str page = {0};
    bool ok = power_page(facts, &page, err) &&
              rg_file_write(path, rg_str_text(&page), page.len, 0644, err);
    rg_str_free(&page);
    return ok;
}

static bool deliver(const rg_given *given, const json_t *facts, rg_err *err)
{
    if (given->flag[HTML] && !write_page(facts, given->text[HTML], err))
        return false;
    if (given->flag[JSON]) {
        rg_print_json(json_incref((json_t *)(uintptr_t)facts));
        return true;
    }
    rg_str text = {0};
    power_text(facts, &text);
    fputs(rg_str_text(&text), stdout);
    rg_str_free(&text);
    if (given->flag[HTML])
        printf("\n%s\n", given->text[HTML]);
    else if (!given->flag[EFFECT] && !given->flag[SEEDS] && !given->flag[FROM])
        printf("\nTry: rigor power --effect 1     rigor power --seeds 8 --effect 1\n"
               "     rigor power --from STUDY --effect 0.005     rigor help power\n");
    return true;
}

static int run(const rg_given *given, rg_err *err)
{
    power_question question;
    json_t *source = NULL, *facts = NULL;
    bool ok = read_question(given, &question, err) &&
              read_source(given, &question, &source, err) &&
              (facts = power_facts(&question, err)) != NULL && deliver(given, facts, err);
    json_decref(facts);
    json_decref(source);
    return ok ? RG_OK : rg_exit(err);
}

const rg_command rg_command_power = {
    .name = "power",
    .arguments = "",
    .summary = "seeds for an effect, and the effect that so many seeds can show",
    .text = "Without options: the smallest effect that 3 to 30 seeds show. With --effect: the "
            "seeds "
            "that it takes; with --seeds: what they can see; with both: the power. An effect "
            "counts in standard deviations (sd) of the paired differences; --sd or --from, an "
            "earlier study, gives the metric's units back and says how unsure its sd is.\n\n"
            "  rigor power\n"
            "  rigor power --effect 1 --claims 3\n"
            "  rigor power --seeds 8 --sd 0.004\n"
            "  rigor power --from digits-dropout --effect 0.005\n"
            "  rigor power --from results.csv --equivalence 0.01 --html power.html",
    .options = options,
    .min_arguments = 0,
    .max_arguments = 0,
    .run = run,
};
