/* tool_scores.c - random predictions with their scores, one JSON object a line, for
 * scores_sklearn.py to check or to record.
 *
 *     tool.scores SEED CASES | python3 scores_sklearn.py check
 *
 * Probabilities are multiples of 1/64 and most numbers are of 1/8: there are many ties, and sums
 * are exact in any order. */
#include "rigor/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 60, CLASSES_MAX = 5, PARTS = 64 };

typedef struct input {
    rg_rng rng;
    float value[ROWS_MAX * CLASSES_MAX], target[ROWS_MAX];
    int32_t label[ROWS_MAX];
    int64_t group[ROWS_MAX];
    rg_part truth;
    rg_predictions predictions;
    size_t k;
} input;

static void draw_probabilities(input *in, size_t row)
{
    size_t classes = in->truth.classes;
    unsigned part[CLASSES_MAX] = {0};
    uint64_t step = 1 + rg_rng_below(&in->rng, 16); /* large steps: coarse rows, with zeros */
    for (unsigned left = PARTS; left > 0;) {
        unsigned n = (unsigned)(step < left ? step : left);
        part[rg_rng_below(&in->rng, classes)] += n;
        left -= n;
    }
    for (size_t c = 0; c < classes; c++)
        in->value[row * classes + c] = (float)part[c] / PARTS;
}

static float draw_number(input *in, bool coarse)
{
    double z = rg_rng_normal(&in->rng);
    return (float)(coarse ? rint(z * 8) / 8 : z);
}

static void draw(input *in)
{
    size_t rows = 1 + rg_rng_below(&in->rng, ROWS_MAX);
    size_t classes =
        rg_rng_below(&in->rng, 2) ? 2 + rg_rng_below(&in->rng, CLASSES_MAX - 1) : 0;
    size_t queries = 1 + rg_rng_below(&in->rng, 8),
           seen = classes ? 1 + rg_rng_below(&in->rng, classes) : 0;
    bool coarse = rg_rng_below(&in->rng, 4) > 0, gains = rg_rng_below(&in->rng, 2);
    in->truth = (rg_part){.task = classes ? RG_CLASSIFY : RG_REGRESS,
                          .rows = rows,
                          .classes = classes,
                          .group = in->group};
    in->predictions = (rg_predictions){.rows = rows, .classes = classes, .value = in->value};
    in->k = 1 + rg_rng_below(&in->rng, 12);
    for (size_t i = 0; i < rows; i++) {
        in->group[i] = (int64_t)rg_rng_below(&in->rng, queries);
        if (classes)
            draw_probabilities(in, i);
        else
            in->value[i] = draw_number(in, coarse);
        in->label[i] =
            (int32_t)rg_rng_below(&in->rng, seen + 1) % (int32_t)(classes ? classes : 1);
        in->target[i] = gains ? (float)rg_rng_below(&in->rng, 4) : draw_number(in, coarse);
    }
    in->truth.label = classes ? in->label : NULL;
    in->truth.target = classes ? NULL : in->target;
}

static json_t *numbers(const float *value, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_real((double)value[i]));
    return list;
}

static json_t *scores(const input *in)
{
    json_t *all = json_object();
    rg_err unready = {0};
    for (const rg_metric *row = rg_metrics; row->name; row++) {
        char name[32];
        snprintf(name, sizeof(name), row->score_at ? "%.*s%zu" : "%.*s",
                 row->score_at ? (int)strlen(row->name) - 1 : 30, row->name, in->k);
        const rg_metric *metric = rg_metric_find(name);
        if (rg_metric_ready(metric, &in->predictions, &in->truth, "", &unready))
            json_object_set_new(
                all, name, rg_json_real(rg_metric_score(metric, &in->predictions, &in->truth)));
    }
    return all;
}

static void print_case(const input *in)
{
    size_t rows = in->truth.rows, classes = in->truth.classes;
    json_t *group = json_array(), *truth = classes ? json_array() : numbers(in->target, rows);
    for (size_t i = 0; i < rows; i++) {
        json_array_append_new(group, json_integer(in->group[i]));
        if (classes)
            json_array_append_new(truth, json_integer(in->label[i]));
    }
    json_t *line = json_pack("{s:I, s:o, s:o, s:o, s:o}", "classes", (json_int_t)classes,
                             "value", numbers(in->value, rows * (classes ? classes : 1)),
                             "truth", truth, "group", group, "scores", scores(in));
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: tool.scores SEED CASES\n");
        return 2;
    }
    static input in;
    in.rng = rg_rng_open(strtoull(argv[1], NULL, 10), "scores");
    long cases = strtol(argv[2], NULL, 10);
    for (long i = 0; i < cases; i++) {
        draw(&in);
        print_case(&in);
    }
    return 0;
}
