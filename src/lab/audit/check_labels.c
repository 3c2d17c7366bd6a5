/* check_labels.c - hints at wrong labels: rows of train whose neighbours are all of another class.
 *
 * Of up to 1,000 rows of train the 10 nearest others are found.  A row is named when at least 9
 * of them have the same other class, and when its class is one that neighbours
 * tell: at least 8 of 10 of its rows have it as the most frequent class around them. In a class
 * that overlaps others such rows are no news. */
#include "lab/audit/audit.h"

#include <math.h>
#include <stdlib.h>

enum { NEIGHBOURS = 10, AGREEING = 9, QUERIES = 1000, CLASS_MIN = 10 };
#define STEPS_MAX 4e8 /* coordinates that are looked at */
#define TOLD .8
#define SHARE_OF_WARNING .02

typedef struct neighbours {
    double far[NEIGHBOURS]; /* ascending */
    uint32_t point[NEIGHBOURS];
    size_t n;
} neighbours;

static void keep(neighbours *of, uint32_t point, double far)
{
    size_t at = of->n < NEIGHBOURS ? of->n++ : NEIGHBOURS - 1;
    for (; at > 0 && of->far[at - 1] > far; at--) {
        of->far[at] = of->far[at - 1];
        of->point[at] = of->point[at - 1];
    }
    of->far[at] = far;
    of->point[at] = point;
}

static neighbours find(const audit_points *p, uint32_t to, const uint32_t *others, size_t n)
{
    neighbours of = {.n = 0};
    for (size_t i = 0; i < n; i++) {
        double limit = of.n < NEIGHBOURS ? INFINITY : of.far[NEIGHBOURS - 1];
        double far = others[i] == to ? INFINITY : audit_distance(p, to, others[i], limit);
        if (far < limit)
            keep(&of, others[i], far);
    }
    return of;
}

typedef struct verdict { /* on one row */
    int32_t own, around; /* its class, the most frequent one around it */
    size_t votes;        /* for that */
} verdict;

static verdict judge(const audit *a, const audit_points *p, uint32_t to, const neighbours *of)
{
    verdict v = {.own = a->data->label[p->row[to]], .around = -1};
    for (size_t i = 0; i < of->n; i++) {
        int32_t class = a->data->label[p->row[of->point[i]]];
        size_t votes = 0;
        for (size_t j = 0; j < of->n; j++)
            votes += a->data->label[p->row[of->point[j]]] == class;
        if (votes > v.votes) {
            v.votes = votes;
            v.around = class;
        }
    }
    return v;
}

static void report(audit *a, size_t count, size_t looked_at, bool sampled, json_t *rows,
                   const uint32_t *some)
{
    double share = (double)count / (double)looked_at;
    json_t *evidence =
        json_pack("{s:I, s:I, s:f, s:b, s:o}", "count", (json_int_t)count, "of",
                  (json_int_t)looked_at, "share", share, "sampled", sampled, "labels", rows);
    audit_add_rows(a, evidence, some, count < AUDIT_EXAMPLES ? count : AUDIT_EXAMPLES);
    audit_find(
        a, share >= SHARE_OF_WARNING ? RG_FINDING_WARNING : RG_FINDING_NOTE, "train", evidence,
        "look at these rows first when you check labels",
        "%zu of %zu training rows that were looked at lie%s among rows of another class: "
        "perhaps wrong labels",
        count, looked_at, count == 1 ? "s" : "");
}

/* The rows of each class that neighbours tell right. */
static bool *told_classes(const audit *a, const verdict *v, size_t n)
{
    bool *told = RG_NEW_ARRAY(bool, a->data->classes + 1);
    for (size_t k = 0; k < a->data->classes; k++) {
        size_t rows = 0, right = 0;
        for (size_t i = 0; i < n; i++) {
            rows += v[i].own == (int32_t)k;
            right += v[i].own == (int32_t)k && v[i].around == (int32_t)k;
        }
        told[k] = rows >= CLASS_MIN && (double)right >= TOLD * (double)rows;
    }
    return told;
}

static void report_odd(audit *a, const audit_points *p, const uint32_t *points,
                       const verdict *v, size_t n, bool sampled)
{
    bool *told = told_classes(a, v, n);
    json_t *rows = json_array();
    uint32_t some[AUDIT_EXAMPLES];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (v[i].around == v[i].own || v[i].votes < AGREEING || !told[v[i].own])
            continue;
        if (count < AUDIT_EXAMPLES) {
            some[count] = p->row[points[i]];
            json_array_append_new(rows, json_pack("{s:I, s:s, s:s}", "row",
                                                  (json_int_t)p->row[points[i]], "label",
                                                  a->data->class_name[v[i].own], "around",
                                                  a->data->class_name[v[i].around]));
        }
        count++;
    }
    if (count)
        report(a, count, n, sampled, rows, some);
    else
        json_decref(rows);
    rg_free(told);
}

static bool run(audit *a)
{
    audit_points p = {0};
    if (a->data->task != RG_CLASSIFY)
        return true;
    if (!audit_points_open(a, &p))
        return false;
    if (p.width) {
        size_t n, m;
        size_t most = (size_t)(STEPS_MAX / QUERIES / (double)p.width);
        uint32_t *points = audit_draw(a, &p, 0, QUERIES, "labels", &n);
        uint32_t *others = audit_draw(a, &p, 0, most, "labels/others", &m);
        verdict *v = RG_NEW_ARRAY(verdict, n + 1);
        for (size_t i = 0; i < n; i++) {
            neighbours of = find(&p, points[i], others, m);
            v[i] = judge(a, &p, points[i], &of);
        }
        report_odd(a, &p, points, v, n, n < a->part[0].n);
        rg_free(v);
        rg_free(others);
        rg_free(points);
    }
    audit_points_close(&p);
    return true;
}

const audit_check audit_check_labels = {.name = "labels", .slow = true, .run = run};
