/* tool_curves.c - data for the pictures of docs/statistics.md that no command prints.
 *
 *     tool.curves search    JSON: what the best of k trials looks like, and what it is
 *     tool.curves tasks     CSV: three made-up arms on 20 tasks with 8 runs each
 */
#include "rigor/resample.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Search: configurations differ by `SPREAD`, validation scores by `NOISE` from them -----
 */
enum { TRIALS = 50, SEARCHES = 20000 };
#define CENTRE .9
#define SPREAD .01
#define NOISE .01

typedef struct search {
    double validation[TRIALS], truth[TRIALS];
} search;

static search search_draw(rg_rng *rng)
{
    search s;
    for (size_t i = 0; i < TRIALS; i++) {
        s.truth[i] = CENTRE + SPREAD * rg_rng_normal(rng);
        s.validation[i] = s.truth[i] + NOISE * rg_rng_normal(rng);
    }
    return s;
}

/* Adds what the best of the first k trials says of itself, and what it is. */
static void add_best(const search *s, double *validation, double *truth)
{
    size_t best = 0;
    for (size_t i = 0; i < TRIALS; i++) {
        best = s->validation[i] > s->validation[best] ? i : best;
        validation[i] += s->validation[best] / SEARCHES;
        truth[i] += s->truth[best] / SEARCHES;
    }
}

static int print_search(void)
{
    rg_rng rng = rg_rng_open(1, "curves/search");
    search first = search_draw(&rng);
    double with[TRIALS], without[TRIALS], validation[TRIALS] = {0}, truth[TRIALS] = {0};
    rg_expected_best(first.validation, TRIALS, true, with);
    rg_expected_best(first.validation, TRIALS, false, without);
    for (size_t i = 0; i < SEARCHES; i++) {
        search s = search_draw(&rng);
        add_best(&s, validation, truth);
    }
    json_t *list = json_array();
    for (size_t i = 0; i < TRIALS; i++)
        json_array_append_new(list, json_pack("{s:I, s:f, s:f, s:f, s:f}", "trials",
                                              (json_int_t)i + 1, "validation", validation[i],
                                              "truth", truth[i], "with_replacement", with[i],
                                              "without_replacement", without[i]));
    rg_str text = {0};
    rg_json_pretty(list, &text);
    puts(rg_str_text(&text));
    rg_str_free(&text);
    json_decref(list);
    return RG_OK;
}

/* ---- Tasks: arm b is a little better than a; c is better on half of the tasks, and fails now
 * and then --------------------------------------------------------------------------------- */
static double task_score(rg_rng *rng, size_t arm, size_t task)
{
    double score = .35 + .025 * (double)task + .12 * rg_rng_normal(rng);
    if (arm == 1)
        score += .1;
    if (arm == 2)
        score += (task % 2 ? .3 : -.05) - (rg_rng_below(rng, 8) == 0 ? .5 : 0);
    return fmax(0, score);
}

static int print_tasks(void)
{
    enum { ARMS = 3, TASKS = 20, RUNS = 8 };
    rg_rng rng = rg_rng_open(1, "curves/tasks");
    puts("arm,dataset,seed,score");
    for (size_t arm = 0; arm < ARMS; arm++) {
        for (size_t i = 0; i < TASKS * RUNS; i++)
            printf("%c,task-%02zu,%zu,%.4f\n", (char)('a' + (int)arm), i / RUNS + 1, i % RUNS,
                   task_score(&rng, arm, i / RUNS));
    }
    return RG_OK;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "search"))
        return print_search();
    if (argc == 2 && !strcmp(argv[1], "tasks"))
        return print_tasks();
    fprintf(stderr, "usage: tool.curves search|tasks\n");
    return RG_INPUT;
}
