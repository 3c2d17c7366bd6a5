/* check_classes.c - classes that are missing, rare or too many of one. */
#include "lab/audit/audit.h"

#define MUCH_OF_ONE .9
#define MORE_OF_ONE .75
enum { FEW_TO_TEST = 10, NAMED = 10 };

/* (classes, parts) rows. */
static size_t *count_classes(const audit *a)
{
    size_t *count = RG_NEW_ARRAY(size_t, a->data->classes * AUDIT_PARTS);
    for (int p = 0; p < AUDIT_PARTS; p++)
        for (size_t i = 0; i < a->part[p].n; i++)
            count[(size_t)a->data->label[a->part[p].at[i]] * AUDIT_PARTS + (size_t)p]++;
    return count;
}

static void find_unlearnable(audit *a, const size_t *count)
{
    json_t *names = json_array();
    size_t n = 0, rows = 0;
    for (size_t k = 0; k < a->data->classes; k++) {
        const size_t *c = count + k * AUDIT_PARTS;
        if (c[0] || !(c[1] + c[2]))
            continue;
        rows += c[1] + c[2];
        if (n++ < NAMED)
            json_array_append_new(names, json_string(a->data->class_name[k]));
    }
    if (n)
        audit_find(a, RG_FINDING_DANGER, "train",
                   json_pack("{s:I, s:I, s:O}", "count", (json_int_t)n, "rows_elsewhere",
                             (json_int_t)rows, "classes", names),
                   "spell a class alike everywhere, or cut with stratify: true",
                   "%zu class%s of val or test %s no row in train: nothing can learn %s", n,
                   n == 1 ? "" : "es", n == 1 ? "has" : "have", n == 1 ? "it" : "them");
    json_decref(names);
}

static void find_imbalance(audit *a, const size_t *count)
{
    size_t most = 0, least = a->part[0].n, rare = 0, common = 0;
    for (size_t k = 0; k < a->data->classes; k++) {
        size_t n = count[k * AUDIT_PARTS];
        if (n > most) {
            most = n;
            common = k;
        }
        if (n > 0 && n < least) {
            least = n;
            rare = k;
        }
    }
    double share = (double)most / (double)a->part[0].n;
    if (share < MORE_OF_ONE)
        return;
    audit_find(a, share >= MUCH_OF_ONE ? RG_FINDING_WARNING : RG_FINDING_NOTE, "train",
               json_pack("{s:f, s:s, s:s, s:I}", "share", share, "class",
                         a->data->class_name[common], "rarest", a->data->class_name[rare],
                         "rows_of_rarest", (json_int_t)least),
               "judge by balanced_accuracy, macro_f1 or nll; data: {balance: weights} or smote "
               "changes what training sees",
               "%.3g %% of train are '%s': who always says so has an accuracy of %.3g",
               100 * share, a->data->class_name[common], share);
}

static void find_few_to_test(audit *a, const size_t *count)
{
    json_t *classes = json_array();
    size_t n = 0;
    for (size_t k = 0; k < a->data->classes; k++) {
        size_t rows = count[k * AUDIT_PARTS + 2];
        if (count[k * AUDIT_PARTS] && rows < FEW_TO_TEST && n++ < NAMED)
            json_array_append_new(classes, json_string(a->data->class_name[k]));
    }
    if (n)
        audit_find(a, RG_FINDING_NOTE, "test",
                   json_pack("{s:I, s:O}", "count", (json_int_t)n, "classes", classes),
                   "say nothing about such a class alone; a larger test part, or folds, would",
                   "%zu class%s fewer than %d rows in test", n, n == 1 ? " has" : "es have",
                   FEW_TO_TEST);
    json_decref(classes);
}

static bool run(audit *a)
{
    if (a->data->task != RG_CLASSIFY)
        return true;
    size_t *count = count_classes(a);
    find_unlearnable(a, count);
    find_imbalance(a, count);
    find_few_to_test(a, count);
    rg_free(count);
    return true;
}

const audit_check audit_check_classes = {.name = "classes", .run = run};
