/* check_leakage.c - a single column that tells the target.
 *
 * Every column is asked alone, on the training part, how well it tells the target:
 *   two classes, numbers   the area under the ROC curve of the number, or of its being missing
 *   two classes, texts     the same of the share of the second class among rows with the text
 *   more classes           balanced accuracy of the class that is most over-represented around
 *   numbers                R2 of the mean around; of numbers also the squared rank correlation
 * Around: among the rows with the same text, or the 5 rows with the nearest numbers; missing values
 * are around each other. What is around comes from every other row and is scored on those between,
 * and the other way round, so that a column of different texts tells nothing.  From .99 on it is a
 * danger when the next best column is at least four times as far from 1, else a warning: then the
 * task is easy. */
#include "lab/audit/audit.h"

#include "rigor/groups.h"

#include <math.h>
#include <string.h>

enum { AROUND = 5, ROWS_MIN = 40 };
#define TELLING .99
#define FAR 4

typedef struct asking {
    const audit *a;
    const uint32_t *rows;
    size_t n;
    int32_t class[2]; /* of two classes */
    size_t present;   /* classes in training */
    double *said;     /* n: what is said of each row */
} asking;

typedef struct answer {
    size_t column;
    double score;
} answer;

static double target_of(const asking *q, size_t i)
{
    const rg_dataset *data = q->a->data;
    if (data->task == RG_REGRESS)
        return data->target[q->rows[i]];
    return data->label[q->rows[i]] == q->class[1];
}

/* ---- What is around a row of one parity, among those of the other
 * Sums are over (places, kinds): the rows of each class, or their number and the sum of targets. */

typedef struct around {
    size_t kinds;
    double *all; /* kinds: of all rows */
} around;

static bool counts_classes(const asking *q)
{
    return q->a->data->task == RG_CLASSIFY && q->present > 2;
}

static void add_row(const asking *q, double *sums, size_t i)
{
    if (counts_classes(q)) {
        sums[q->a->data->label[q->rows[i]]]++;
    } else {
        sums[0]++;
        sums[1] += target_of(q, i);
    }
}

static around around_open(const asking *q)
{
    around o = {counts_classes(q) ? q->a->data->classes : 2, NULL};
    o.all = RG_NEW_ARRAY(double, o.kinds);
    for (size_t i = 0; i < q->n; i++)
        add_row(q, o.all, i);
    return o;
}

/* The class whose share of the sums is largest beside its share of all rows; or the mean, of two
 * classes drawn to that of all rows by one row's weight. */
static double conclude(const asking *q, const around *o, const double *sums)
{
    if (!counts_classes(q)) {
        double weight = q->a->data->task == RG_REGRESS && sums[0] > 0 ? 0 : 1;
        return (sums[1] + weight * o->all[1] / o->all[0]) / (sums[0] + weight);
    }
    size_t best = 0;
    double most = -1;
    for (size_t k = 0; k < o->kinds; k++) {
        double share = o->all[k] > 0 ? sums[k] / o->all[k] : -1;
        if (share > most) {
            most = share;
            best = k;
        }
    }
    return (double)best;
}

/* Around: the rows with the same text. */
static void say_by_text(asking *q, const rg_codes *codes)
{
    around o = around_open(q);
    double *sums = RG_NEW_ARRAY(double, 2 * (codes->count + 1) * o.kinds);
    for (size_t i = 0; i < q->n; i++)
        add_row(q, sums + (2 * codes->code[i] + i % 2) * o.kinds, i);
    for (size_t i = 0; i < q->n; i++)
        q->said[i] = conclude(q, &o, sums + (2 * codes->code[i] + 1 - i % 2) * o.kinds);
    rg_free(sums);
    rg_free(o.all);
}

/* The rows in the order of their codes; rg_free. */
static size_t *order_by_code(const rg_codes *codes)
{
    size_t *start = RG_NEW_ARRAY(size_t, codes->count + 2);
    size_t *order = RG_NEW_ARRAY(size_t, codes->n + 1);
    for (size_t k = 0; k < codes->count; k++)
        start[k + 1] = start[k] + codes->times[k];
    for (size_t i = 0; i < codes->n; i++)
        order[start[codes->code[i]]++] = i;
    rg_free(start);
    return order;
}

/* Around: the rows with the nearest numbers, walking away from place `at` to both sides. */
static void add_nearest(const asking *q, const double *value, const size_t *order, size_t at,
                        double *sums)
{
    size_t left = at, right = at + 1; /* next are left - 1 and right */
    for (size_t found = 0; found < AROUND && (left > 0 || right < q->n);) {
        double here = value[order[at]];
        double to_left = left > 0 ? here - value[order[left - 1]] : INFINITY;
        double to_right = right < q->n ? value[order[right]] - here : INFINITY;
        size_t other = to_left <= to_right ? order[--left] : order[right++];
        if (other % 2 == order[at] % 2)
            continue;
        add_row(q, sums, other);
        found++;
    }
}

/* A missing value lies beyond all numbers. */
static void say_by_number(asking *q, const rg_codes *codes, size_t column)
{
    around o = around_open(q);
    size_t *order = order_by_code(codes);
    double *value = RG_NEW_ARRAY(double, q->n + 1), *sums = RG_NEW_ARRAY(double, o.kinds);
    for (size_t i = 0; i < q->n; i++) {
        double number = rg_dataset_number(q->a->data, q->rows[i], column);
        value[i] = isnan(number) ? 1e300 : number;
    }
    for (size_t at = 0; at < q->n; at++) {
        memset(sums, 0, o.kinds * sizeof(*sums));
        add_nearest(q, value, order, at, sums);
        q->said[order[at]] = conclude(q, &o, sums);
    }
    rg_free(sums);
    rg_free(value);
    rg_free(order);
    rg_free(o.all);
}

/* ---- Scores */

/* The area under the ROC curve of the values that are not NaN, whichever way it points. */
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
static void ranks_of(const rg_codes *codes, double *ret)
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
    rg_codes codes = rg_codes_of(target, NULL, q->n);
    ranks_of(&codes, ret);
    rg_codes_free(&codes);
    rg_free(target);
}

static void say(asking *q, const rg_codes *codes, size_t column)
{
    if (rg_dataset_texts(q->a->data, column))
        say_by_text(q, codes);
    else
        say_by_number(q, codes, column);
}

static double missing_area(asking *q, const rg_codes *codes)
{
    for (size_t i = 0; i < q->n; i++)
        q->said[i] = codes->code[i] == codes->count;
    return codes->missing ? area(q, q->said) : .5;
}

static double ask(asking *q, size_t column, const double *target_ranks)
{
    const rg_dataset *data = q->a->data;
    bool text = rg_dataset_texts(data, column) != NULL;
    rg_codes codes = audit_encode(q->a, column, q->rows, q->n);
    double score = 0, *ranks = RG_NEW_ARRAY(double, q->n + 1);
    ranks_of(&codes, ranks);
    if (data->task == RG_REGRESS) {
        say(q, &codes, column);
        score = explained(q);
        if (!text && !codes.missing)
            score = fmax(score, rank_agreement(ranks, target_ranks, q->n));
    } else if (q->present > 2) {
        say(q, &codes, column);
        score = balanced(q);
    } else if (text) {
        say(q, &codes, column);
        score = area(q, q->said);
    } else {
        score = fmax(area(q, ranks), missing_area(q, &codes));
    }
    rg_free(ranks);
    rg_codes_free(&codes);
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
    return true;
}

const audit_check audit_check_leakage = {.name = "leakage", .run = run};
