/* check_leakage.c - a single column that tells the target.
 *
 * Every column is asked alone, on the training part, how well it tells the target:
 *   two classes, numbers   the area under the ROC curve of the number, or of its being missing
 *   two classes, texts     the same of the share of the second class among rows with the text
 *   more classes           balanced accuracy of the class that is most over-represented in a bin
 *   numbers                R2 of the mean of a bin; of numbers also the squared rank correlation
 * Bins are a column's texts, or 64 bins of equally many rows; a missing value is one more.  What a
 * bin says comes from every other row and is scored on those between, and the other way round, so
 * that a column of different texts tells nothing.  From .99 on it is a danger when the next best
 * column is at least four times as far from 1, else a warning: then the task is easy. */
#include "lab/audit/audit.h"

#include "rigor/groups.h"

#include <math.h>
#include <string.h>

enum { BINS = 64, ROWS_MIN = 40 };
#define TELLING .99
#define FAR 4

typedef struct asking {
    const audit *a;
    const uint32_t *rows;
    size_t n;
    int32_t class[2]; /* of two classes */
    size_t present;   /* classes in training */
    uint32_t *bin;    /* n */
    size_t bins;
    double *said; /* n: what is said of each row */
} asking;

typedef struct answer {
    size_t column;
    double score;
} answer;

/* ---- Bins */

static void put_in_bins(asking *q, const audit_codes *codes, bool text)
{
    size_t before = 0, present = codes->n - codes->missing;
    uint32_t *of_code = RG_NEW_ARRAY(uint32_t, codes->count + 1);
    for (size_t k = 0; k < codes->count; k++) {
        of_code[k] = (uint32_t)(text ? k : (before + codes->times[k] / 2) * BINS / present);
        before += codes->times[k];
    }
    q->bins = (text ? codes->count : BINS) + 1;
    of_code[codes->count] = (uint32_t)(q->bins - 1);
    for (size_t i = 0; i < q->n; i++)
        q->bin[i] = of_code[codes->code[i]];
    rg_free(of_code);
}

/* ---- What a bin says, learned from the rows of one parity and said of those of the other */

static double target_of(const asking *q, size_t i)
{
    const rg_dataset *data = q->a->data;
    if (data->task == RG_REGRESS)
        return data->target[q->rows[i]];
    return data->label[q->rows[i]] == q->class[1];
}

/* The mean of the bin, drawn to that of all rows by one row's weight. */
static void say_means(asking *q, size_t parity)
{
    double *sum = RG_NEW_ARRAY(double, q->bins), all = 0;
    size_t *n = RG_NEW_ARRAY(size_t, q->bins), half = 0;
    for (size_t i = parity; i < q->n; i += 2, half++) {
        sum[q->bin[i]] += target_of(q, i);
        all += target_of(q, i);
        n[q->bin[i]]++;
    }
    all /= (double)half;
    bool means = q->a->data->task == RG_REGRESS;
    for (size_t i = 1 - parity; i < q->n; i += 2) {
        double k = (double)n[q->bin[i]], weight = means && k > 0 ? 0 : 1;
        q->said[i] = (sum[q->bin[i]] + weight * all) / (k + weight);
    }
    rg_free(sum);
    rg_free(n);
}

/* The class whose share of the bin is largest beside its share of all rows. */
static void say_classes(asking *q, size_t parity)
{
    size_t classes = q->a->data->classes;
    const int32_t *label = q->a->data->label;
    double *count = RG_NEW_ARRAY(double, q->bins *classes);
    double *all = RG_NEW_ARRAY(double, classes);
    for (size_t i = parity; i < q->n; i += 2) {
        count[q->bin[i] * classes + (size_t)label[q->rows[i]]]++;
        all[label[q->rows[i]]]++;
    }
    for (size_t i = 1 - parity; i < q->n; i += 2) {
        const double *here = count + q->bin[i] * classes;
        size_t best = 0;
        double most = -1;
        for (size_t k = 0; k < classes; k++) {
            double share = all[k] > 0 ? here[k] / all[k] : -1;
            if (share > most) {
                most = share;
                best = k;
            }
        }
        q->said[i] = (double)best;
    }
    rg_free(count);
    rg_free(all);
}

/* ---- Scores */

/* The area under the ROC curve of value[i] where keep[i], whichever way it points. */
static double area(const asking *q, const double *value)
{
    double *of[2] = {RG_NEW_ARRAY(double, q->n + 1), RG_NEW_ARRAY(double, q->n + 1)};
    size_t n[2] = {0};
    for (size_t i = 0; i < q->n; i++) {
        int second = target_of(q, i) > 0;
        if (!isnan(value[i]))
            of[second][n[second]++] = value[i];
    }
    double at =
        n[0] && n[1] && n[0] + n[1] >= ROWS_MIN
            ? rg_mann_whitney_by(of[1], n[1], of[0], n[0], RG_MANN_WHITNEY_NORMAL).superiority
            : .5;
    rg_free(of[0]);
    rg_free(of[1]);
    return fmax(at, 1 - at);
}

static double explained(const asking *q)
{
    double *target = RG_NEW_ARRAY(double, q->n), wrong = 0, spread = 0;
    for (size_t i = 0; i < q->n; i++)
        target[i] = target_of(q, i);
    double mean = rg_mean(target, q->n);
    for (size_t i = 0; i < q->n; i++) {
        wrong += (target[i] - q->said[i]) * (target[i] - q->said[i]);
        spread += (target[i] - mean) * (target[i] - mean);
    }
    rg_free(target);
    return spread > 0 ? fmax(0, 1 - wrong / spread) : 0;
}

static double balanced(const asking *q)
{
    size_t classes = q->a->data->classes, used = 0;
    const int32_t *label = q->a->data->label;
    double *hit = RG_NEW_ARRAY(double, classes), *n = RG_NEW_ARRAY(double, classes), sum = 0;
    for (size_t i = 0; i < q->n; i++) {
        size_t k = (size_t)label[q->rows[i]];
        hit[k] += q->said[i] == (double)k;
        n[k]++;
    }
    for (size_t k = 0; k < classes; k++) {
        sum += n[k] > 0 ? hit[k] / n[k] : 0;
        used += n[k] > 0;
    }
    rg_free(hit);
    rg_free(n);
    return sum / (double)used;
}

/* The mean place of each value among all; codes ascend with the values. */
static void ranks_of(const audit_codes *codes, double *ret)
{
    double before = 0;
    double *of_code = RG_NEW_ARRAY(double, codes->count + 1);
    for (size_t k = 0; k < codes->count; k++) {
        of_code[k] = before + ((double)codes->times[k] + 1) / 2;
        before += (double)codes->times[k];
    }
    of_code[codes->count] = NAN;
    for (size_t i = 0; i < codes->n; i++)
        ret[i] = of_code[codes->code[i]];
    rg_free(of_code);
}

/* Squared correlation of two lists of ranks; 0 where one is missing. */
static double rank_agreement(const double *x, const double *y, size_t n)
{
    double mean_x = rg_mean(x, n), mean_y = rg_mean(y, n), xy = 0, xx = 0, yy = 0;
    for (size_t i = 0; i < n; i++) {
        xy += (x[i] - mean_x) * (y[i] - mean_y);
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
    }
    return xx > 0 && yy > 0 ? xy * xy / (xx * yy) : 0;
}

static void ranks_of_target(const asking *q, double *ret)
{
    double *target = RG_NEW_ARRAY(double, q->n);
    for (size_t i = 0; i < q->n; i++)
        target[i] = target_of(q, i);
    audit_codes codes = audit_encode_numbers(target, q->n);
    ranks_of(&codes, ret);
    audit_codes_free(&codes);
    rg_free(target);
}

static void say(asking *q, bool classes)
{
    for (size_t parity = 0; parity < 2; parity++)
        (classes ? say_classes : say_means)(q, parity);
}

static double missing_area(asking *q, const audit_codes *codes)
{
    for (size_t i = 0; i < q->n; i++)
        q->said[i] = codes->code[i] == codes->count;
    return codes->missing ? area(q, q->said) : .5;
}

static double ask(asking *q, size_t column, const double *target_ranks)
{
    const rg_dataset *data = q->a->data;
    bool text = rg_dataset_texts(data, column) != NULL;
    audit_codes codes = audit_encode(q->a, column, q->rows, q->n);
    double score = 0, *ranks = RG_NEW_ARRAY(double, q->n + 1);
    ranks_of(&codes, ranks);
    put_in_bins(q, &codes, text);
    if (data->task == RG_REGRESS) {
        say(q, false);
        score = explained(q);
        if (!text && !codes.missing)
            score = fmax(score, rank_agreement(ranks, target_ranks, q->n));
    } else if (q->present > 2) {
        say(q, true);
        score = balanced(q);
    } else if (text) {
        say(q, false);
        score = area(q, q->said);
    } else {
        score = fmax(area(q, ranks), missing_area(q, &codes));
    }
    rg_free(ranks);
    audit_codes_free(&codes);
    return score;
}

/* ---- The verdict */

static const char *score_name(const asking *q)
{
    if (q->a->data->task == RG_REGRESS)
        return "R2";
    return q->present > 2 ? "balanced accuracy" : "area under the ROC curve";
}

static void report(audit *a, const asking *q, const answer *it, double next, size_t telling)
{
    const char *name = audit_column(a, it->column);
    bool far = telling == 1 && FAR * (1 - it->score) <= 1 - next;
    json_t *evidence = json_pack("{s:s, s:f, s:f, s:I}", "score", score_name(q), "value",
                                 it->score, "next_best", next, "rows", (json_int_t)q->n);
    audit_find(a, far ? RG_FINDING_DANGER : RG_FINDING_WARNING, name, evidence,
               "ask whether its value is known when a prediction is wanted; if not, remove it",
               "'%s' alone tells the target: %s %.4g; the next best column has %.3g", name,
               score_name(q), it->score, next);
}

static void find_classes(asking *q)
{
    const rg_dataset *data = q->a->data;
    size_t *count = RG_NEW_ARRAY(size_t, data->classes + 1);
    for (size_t i = 0; i < q->n && data->label; i++)
        count[data->label[q->rows[i]]]++;
    for (size_t k = 0; k < data->classes; k++)
        if (count[k] && q->present++ < 2)
            q->class[q->present - 1] = (int32_t)k;
    rg_free(count);
}

static void judge(audit *a, const asking *q, const double *score)
{
    size_t telling = 0, features = a->data->features;
    double next = 0; /* the best of those that do not tell */
    for (size_t c = 0; c < features; c++) {
        telling += score[c] >= TELLING;
        next = score[c] < TELLING && score[c] > next ? score[c] : next;
    }
    for (size_t c = 0; c < features; c++)
        if (score[c] >= TELLING)
            report(a, q, &(answer){c, score[c]}, next, telling);
}

static bool run(audit *a)
{
    size_t n = a->some[0].n;
    asking q = {.a = a, .rows = a->some[0].at, .n = n};
    find_classes(&q);
    if (n < ROWS_MIN || (a->data->task == RG_CLASSIFY && q.present < 2))
        return true;
    q.bin = RG_NEW_ARRAY(uint32_t, n);
    q.said = RG_NEW_ARRAY(double, n);
    double *target_ranks = RG_NEW_ARRAY(double, n);
    double *score = RG_NEW_ARRAY(double, a->data->features);
    if (a->data->task == RG_REGRESS)
        ranks_of_target(&q, target_ranks);
    for (size_t c = 0; c < a->data->features; c++)
        score[c] = ask(&q, c, target_ranks);
    judge(a, &q, score);
    rg_free(score);
    rg_free(target_ranks);
    rg_free(q.said);
    rg_free(q.bin);
    return true;
}

const audit_check audit_check_leakage = {.name = "leakage", .run = run};
