/* Each check finds the fault that was planted for it and is silent on clean data. */
#include "auditing.h"

#include "lab/audit/minhash.h"

#define FIRST "a,b,c,kind,y\n"

static const char *const kinds[] = {"red", "green", "blue"};

/* Four honest columns; the class depends on two of them and on chance.  No newline. */
static void add_row(rg_str *text, rg_rng *rng)
{
    double a = rg_rng_normal(rng), b = rg_rng_normal(rng), c = rg_rng_unit(rng);
    rg_str_printf(text, "%.6f,%.6f,%.6f,%s", a, b, c, kinds[rg_rng_below(rng, 3)]);
}

static const char *class_of(rg_rng *rng)
{
    return rg_rng_below(rng, 2) ? "yes" : "no";
}

static void add_rows(rg_str *text, rg_rng *rng, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add_row(text, rng);
        rg_str_printf(text, ",%s\n", class_of(rng));
    }
}

static rg_rng stream(const char *site)
{
    return rg_rng_open(support_seed(), "%s", site);
}

/* Whatever the seed; drift, which has a level, is counted below. */
static void clean_data_is_silent(void **state)
{
    (void)state;
    for (int trial = 0; trial < 12; trial++) {
        rg_rng rng = rg_rng_open(support_seed(), "clean/%d", trial);
        rg_str text = {0};
        rg_str_add(&text, FIRST);
        add_rows(&text, &rng, 400);
        audited a =
            audit_table(rg_str_text(&text), NULL,
                        (rg_split_spec){.stratify = true, .seed = (uint64_t)trial}, false);
        size_t drifts = finding_of(&a, "drift", "val") != NULL;
        drifts += finding_of(&a, "drift", "test") != NULL;
        if (json_array_size(json_object_get(a.audit, "findings")) != drifts) {
            print_findings(&a);
            fail_msg("seed %llu trial %d", (unsigned long long)support_seed(), trial);
        }
        assert_int_equal(json_array_size(json_object_get(a.audit, "checks")), 11);
        audited_free(&a);
        rg_str_free(&text);
    }
}

/* Splits at random drift in 1 % of audits at most, of every kind of column. */
static void false_alarms_of_drift(void **state)
{
    (void)state;
    enum { AUDITS = 400 };
    size_t alarms = 0;
    for (int i = 0; i < AUDITS; i++) {
        rg_rng rng = rg_rng_open(support_seed(), "alarms/%d", i);
        rg_str text = {0};
        rg_str_add(&text, FIRST);
        add_rows(&text, &rng, 120);
        audited a =
            audit_table(rg_str_text(&text), NULL, (rg_split_spec){.seed = (uint64_t)i}, true);
        alarms += finding_of(&a, "drift", NULL) != NULL;
        audited_free(&a);
        rg_str_free(&text);
    }
    print_message("false alarms of drift: %zu of %d\n", alarms, AUDITS);
    if (alarms > 12) /* 4, and four standard deviations more */
        fail_msg("seed %llu: %zu of %d", (unsigned long long)support_seed(), alarms, AUDITS);
}

/* ---- Rows */

static void twins_across_parts(void **state)
{
    (void)state;
    rg_rng rng = stream("twins");
    rg_str text = {0};
    rg_str_add(&text, FIRST);
    add_rows(&text, &rng, 200);
    char *half = strdup(rg_str_text(&text) + strlen(FIRST));
    *(strchr(half + strlen(half) / 5, '\n') + 1) = 0;
    rg_str_add(&text, half); /* a fifth of the rows again */
    free(half);
    audited a = audit_table(rg_str_text(&text), NULL, (rg_split_spec){.seed = 1}, true);
    const json_t *f = assert_found(&a, "duplicates", "test", "danger");
    assert_true(evidence_of(f, "count") >= 3);
    const json_t *pair =
        json_array_get(json_object_get(json_object_get(f, "evidence"), "pairs"), 0);
    long long row = (long long)json_integer_value(json_object_get(pair, "row"));
    long long of = (long long)json_integer_value(json_object_get(pair, "equals"));
    assert_true(llabs(row - of) == 200); /* the copies stand 200 rows behind */
    audited_free(&a);
    rg_str_free(&text);
}

/* Three columns of two values each: every row has twins, and that means nothing. */
static void twins_by_chance(void **state)
{
    (void)state;
    rg_rng rng = stream("chance");
    rg_str text = {0};
    rg_str_add(&text, "a,b,c,y\n");
    for (int i = 0; i < 200; i++)
        rg_str_printf(&text, "%d,%d,%s,%s\n", (int)rg_rng_below(&rng, 2),
                      (int)rg_rng_below(&rng, 2), class_of(&rng), class_of(&rng));
    audited a = audit_table(rg_str_text(&text), NULL, (rg_split_spec){.seed = 1}, true);
    assert_found(&a, "duplicates", "test", "note");
    assert_int_equal(found(&a, "danger"), 0);
    audited_free(&a);
    rg_str_free(&text);
}

static void one_row_two_labels(void **state)
{
    (void)state;
    rg_rng rng = stream("labels");
    rg_str text = {0}, row = {0};
    rg_str_add(&text, FIRST);
    for (int i = 0; i < 150; i++) {
        rg_str_clear(&row);
        add_row(&row, &rng);
        rg_str_printf(&text, "%s,no\n%s,%s\n", rg_str_text(&row), rg_str_text(&row),
                      i % 2 ? "yes" : "no");
    }
    audited a = audit_table(rg_str_text(&text), NULL, (rg_split_spec){.seed = 1}, true);
    const json_t *f = finding_of(&a, "duplicates", "train");
    bool said = false;
    for (size_t i = 0; i < json_array_size(json_object_get(a.audit, "findings")); i++) {
        f = json_array_get(json_object_get(a.audit, "findings"), i);
        said = said || strstr(rg_json_text(f, "what", ""), "have another class");
    }
    assert_true(said);
    audited_free(&a);
    rg_str_free(&row);
    rg_str_free(&text);
}

/* Copies of numbers with a little noise, and a number of the row that tells them apart. */
static void near_twins(void **state)
{
    (void)state;
    for (int copies = 0; copies < 2; copies++) {
        rg_rng rng = stream("near");
        rg_str text = {0};
        rg_str_add(&text, "row,a,b,c,d,e,kind,y\n");
        double x[300][5];
        for (int i = 0; i < 300; i++) {
            int of = copies && i >= 260 ? i - 260 : -1;
            rg_str_printf(&text, "%d", i * 7 % 300);
            for (int k = 0; k < 5; k++) {
                x[i][k] = of >= 0 ? x[of][k] + 1e-3 * rg_rng_normal(&rng) : rg_rng_normal(&rng);
                rg_str_printf(&text, ",%.6f", x[i][k]);
            }
            rg_str_printf(&text, ",%s,%s\n", kinds[of >= 0 ? of % 3 : i % 3], class_of(&rng));
        }
        audited a = audit_table(rg_str_text(&text), NULL, (rg_split_spec){.seed = 2}, false);
        if (copies) {
            const json_t *f = assert_found(&a, "near duplicates", "test", "danger");
            const json_t *pair =
                json_array_get(json_object_get(json_object_get(f, "evidence"), "pairs"), 0);
            long long row = (long long)json_integer_value(json_object_get(pair, "row"));
            long long of = (long long)json_integer_value(json_object_get(pair, "near"));
            assert_true(llabs(row - of) == 260);
        } else {
            assert_silent(&a, "near duplicates");
        }
        assert_silent(&a, "duplicates");
        assert_found(&a, "identifiers", "row", "warning");
        audited_free(&a);
        rg_str_free(&text);
    }
}

static void add_sentence(rg_str *text, rg_rng *rng, int changed)
{
    static const char *const words[] = {
        "the",  "patient", "reported", "pain", "in", "left",  "knee", "after", "running",
        "with", "some",    "swelling", "and",  "no", "fever", "last", "week",  "again"};
    for (int i = 0; i < 16; i++)
        rg_str_printf(text, "%s%s", i ? " " : "",
                      i == changed ? "evening" : words[rg_rng_below(rng, RG_COUNT(words))]);
}

static void near_texts(void **state)
{
    (void)state;
    for (int copies = 0; copies < 2; copies++) {
        rg_rng rng = stream("texts");
        rg_str text = {0};
        rg_str_add(&text, "note,y\n");
        for (uint64_t i = 0; i < 200; i++) {
            rg_rng own = rg_rng_open(support_seed(), "sentence/%llu",
                                     (unsigned long long)(copies && i >= 170 ? i - 170 : i));
            add_sentence(&text, &own, copies && i >= 170 ? 15 : -1); /* another last word */
            rg_str_printf(&text, ",%s\n", class_of(&rng));
        }
        audited a = audit_table(rg_str_text(&text), NULL, (rg_split_spec){.seed = 3}, false);
        if (copies)
            assert_found(&a, "near texts", "note", "danger");
        else
            assert_silent(&a, "near texts");
        audited_free(&a);
        rg_str_free(&text);
    }
}

static void likeness(void **state)
{
    (void)state;
    shingles a = shingles_of("The cat, sat."), b = shingles_of("the  CAT sat"),
             c = shingles_of("abcdefgh"), d = shingles_of("abcdefgx"), e = shingles_of("");
    assert_close(shingles_alike(&a, &b), 1, 0);
    assert_close(shingles_alike(&c, &d), 3. / 5, 1e-15); /* abcde bcdef cdefg + defgh, defgx */
    assert_close(shingles_alike(&a, &e), 0, 0);
    assert_int_equal(c.n, 4);
    /* The share of equal first shingles is the likeness: 400 draws of 64 orders. */
    size_t equal = 0, bands = 0;
    for (uint64_t seed = 0; seed < 400; seed++) {
        minhash hash = minhash_open(seed);
        uint64_t x[MINHASH_BANDS], y[MINHASH_BANDS];
        minhash_bands(&hash, &c, x);
        minhash_bands(&hash, &d, y);
        for (int k = 0; k < MINHASH_BANDS; k++, bands++)
            equal += x[k] == y[k];
    }
    double p = pow(.6, 4), sd = sqrt(p * (1 - p) / (double)bands);
    assert_true(fabs((double)equal / (double)bands - p) < 5 * sd);
    rg_free(a.at);
    rg_free(b.at);
    rg_free(c.at);
    rg_free(d.at);
    rg_free(e.at);
}

/* Three clouds far apart; some rows of one have the name of another. */
static void odd_labels(void **state)
{
    (void)state;
    for (int wrong = 0; wrong < 2; wrong++) {
        rg_rng rng = stream("odd");
        rg_str text = {0};
        rg_str_add(&text, "a,b,y\n");
        for (int i = 0; i < 300; i++) {
            int cloud = i % 3, named = wrong && i % 20 == 0 ? (cloud + 1) % 3 : cloud;
            rg_str_printf(&text, "%.5f,%.5f,%s\n", 8 * cloud + rg_rng_normal(&rng),
                          rg_rng_normal(&rng), kinds[named]);
        }
        audited a = audit_table(rg_str_text(&text), NULL,
                                (rg_split_spec){.seed = 1, .stratify = true}, false);
        if (wrong) {
            const json_t *f = assert_found(&a, "labels", "train", "warning");
            const json_t *rows = json_object_get(json_object_get(f, "evidence"), "rows");
            for (size_t i = 0; i < json_array_size(rows); i++)
                assert_int_equal(json_integer_value(json_array_get(rows, i)) % 20, 0);
            assert_true(evidence_of(f, "count") >= 5);
        } else {
            assert_silent(&a, "labels");
        }
        audited_free(&a);
        rg_str_free(&text);
    }
}

/* ---- Columns */

/* 200 rows of three honest columns, one more, and a target. */
static audited with_column(const char *name, void (*cell)(rg_str *, rg_rng *, int, int *),
                           const rg_roles *roles, rg_split_spec spec)
{
    rg_rng rng = rg_rng_open(support_seed(), "column/%s", name);
    rg_str text = {0};
    rg_str_printf(&text, "a,b,%s,y\n", name);
    for (int i = 0; i < 200; i++) {
        int y = (int)rg_rng_below(&rng, 3);
        rg_str_printf(&text, "%.5f,%.5f,", rg_rng_normal(&rng), rg_rng_normal(&rng));
        cell(&text, &rng, i, &y);
        rg_str_printf(&text, ",class%d\n", y);
    }
    audited a = audit_table(rg_str_text(&text), roles, spec, true);
    rg_str_free(&text);
    return a;
}

static void leak(rg_str *text, rg_rng *rng, int i, int *y)
{
    (void)i;
    static const int code[] = {4, 2, 3}; /* not in the order of the classes */
    rg_str_printf(text, "%.4f", code[*y] + .1 * rg_rng_unit(rng));
}

static void two_classes(rg_str *text, rg_rng *rng, int i, int *y)
{
    (void)i;
    *y = *y > 0;
    rg_str_printf(text, "%s", *y || rg_rng_below(rng, 2000) == 0 ? "" : "3");
}

static void word(rg_str *text, rg_rng *rng, int i, int *y)
{
    (void)i;
    *y = *y > 0;
    rg_str_printf(text, "%s", kinds[*y ? rg_rng_below(rng, 2) : 2]);
}

static void constant(rg_str *text, rg_rng *rng, int i, int *y)
{
    (void)rng, (void)i, (void)y;
    rg_str_add(text, "7");
}

static void scarce(rg_str *text, rg_rng *rng, int i, int *y)
{
    (void)y;
    rg_str_printf(text, "%s", i % 5 ? "" : kinds[rg_rng_below(rng, 3)]);
}

static void number_of_row(rg_str *text, rg_rng *rng, int i, int *y)
{
    (void)rng, (void)y;
    rg_str_printf(text, "%d", 5000 + i);
}

static void code_of_row(rg_str *text, rg_rng *rng, int i, int *y)
{
    (void)rng, (void)y;
    rg_str_printf(text, "A-%d", i * 37 % 1009);
}

static void patient(rg_str *text, rg_rng *rng, int i, int *y)
{
    (void)rng, (void)y;
    rg_str_printf(text, "p%d", i / 5);
}

static void day(rg_str *text, rg_rng *rng, int i, int *y)
{
    (void)rng, (void)y;
    rg_str_printf(text, "2024-%02d-%02d", 1 + i / 28, 1 + i % 28);
}

static void rare_class(rg_str *text, rg_rng *rng, int i, int *y)
{
    *y = i % 20 == 0;
    rg_str_printf(text, "%.4f", rg_rng_unit(rng));
}

static void drifting(rg_str *text, rg_rng *rng, int i, int *y)
{
    (void)y;
    rg_str_printf(text, "%.4f", rg_rng_normal(rng) + (i >= 160 ? 3 : 0));
}

static void drifting_word(rg_str *text, rg_rng *rng, int i, int *y)
{
    (void)y;
    rg_str_printf(text, "%s", kinds[i >= 160 ? 2 : rg_rng_below(rng, 2)]);
}

static void planted_columns(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*cell)(rg_str *, rg_rng *, int, int *);
        const char *check, *where, *severity;
    } cases[] = {
        {"leak", leak, "leakage", "leak", "danger"},
        {"gone", two_classes, "leakage", "gone", "danger"},
        {"word", word, "leakage", "word", "danger"},
        {"same", constant, "constants", "same", "note"},
        {"scarce", scarce, "constants", "scarce", "note"},
        {"n", number_of_row, "identifiers", "n", "warning"},
        {"code", code_of_row, "identifiers", "code", "warning"},
        {"patientId", patient, "groups", "patientId", "warning"},
        {"visit_date", day, "times", "visit_date", "warning"},
        {"x", rare_class, "classes", "train", "warning"},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        audited a = with_column(cases[i].name, cases[i].cell, NULL, (rg_split_spec){.seed = 4});
        assert_found(&a, cases[i].check, cases[i].where, cases[i].severity);
        audited_free(&a);
    }
}

static void parts_that_differ(void **state)
{
    (void)state;
    uint8_t part[200];
    for (int i = 0; i < 200; i++)
        part[i] = i >= 160 ? 2 : i % 4 == 0;
    audited a = with_column("x", drifting, NULL, (rg_split_spec){.part = part});
    const json_t *f = assert_found(&a, "drift", "test", "warning");
    const json_t *first =
        json_array_get(json_object_get(json_object_get(f, "evidence"), "columns"), 0);
    assert_string_equal(rg_json_text(first, "column", ""), "x");
    assert_true(evidence_of(f, "count") == 1);
    assert_null(finding_of(&a, "drift", "val"));
    audited_free(&a);
    a = with_column("w", drifting_word, NULL, (rg_split_spec){.part = part});
    assert_found(&a, "drift", "test", "warning");
    audited_free(&a);
}

static void a_number_tells_a_number(void **state)
{
    (void)state;
    rg_rng rng = stream("regression");
    rg_str text = {0};
    rg_str_add(&text, "a,b,y\n");
    for (int i = 0; i < 200; i++) {
        double y = exp(2 * rg_rng_normal(&rng));
        rg_str_printf(&text, "%.6f,%.6f,%.6f\n", rg_rng_normal(&rng), log(y) + .001 * i / 200,
                      y);
    }
    audited a = audit_table(rg_str_text(&text), NULL, (rg_split_spec){.seed = 1}, true);
    const json_t *f = assert_found(&a, "leakage", "b", "danger");
    assert_true(evidence_of(f, "next_best") < .5);
    audited_free(&a);
    rg_str_free(&text);
}

/* Two copies of the target: an easy task, or two leaks; no single culprit. */
static void two_that_tell(void **state)
{
    (void)state;
    rg_rng rng = stream("two");
    rg_str text = {0};
    rg_str_add(&text, "a,b,c,y\n");
    for (int i = 0; i < 200; i++)
        rg_str_printf(&text, "%.4f,%d,%d,%s\n", rg_rng_unit(&rng), i % 2, 5 - i % 2,
                      i % 2 ? "u" : "v");
    audited a = audit_table(rg_str_text(&text), NULL, (rg_split_spec){.seed = 1}, true);
    assert_found(&a, "leakage", "b", "warning");
    assert_found(&a, "leakage", "c", "warning");
    audited_free(&a);
    rg_str_free(&text);
}

/* ---- Splits */

/* What is named and kept by the split is no finding; what is named and cut through is a danger. */
static void given_groups_and_times(void **state)
{
    (void)state;
    const rg_roles group = {.group = "patientId"}, time = {.time = "visit_date"};
    audited a = with_column("patientId", patient, &group,
                            (rg_split_spec){.seed = 4, .group = "patientId"});
    assert_silent(&a, "groups");
    audited_free(&a);
    a = with_column("patientId", patient, &group, (rg_split_spec){.seed = 4});
    assert_found(&a, "groups", "patientId", "danger");
    audited_free(&a);
    a = with_column("visit_date", day, &time, (rg_split_spec){.seed = 4, .time = "visit_date"});
    assert_silent(&a, "times");
    audited_free(&a);
    a = with_column("visit_date", day, &time, (rg_split_spec){.seed = 4});
    assert_found(&a, "times", "visit_date", "danger");
    audited_free(&a);
}

static void a_class_that_training_lacks(void **state)
{
    (void)state;
    uint8_t part[200];
    for (int i = 0; i < 200; i++)
        part[i] = i % 20 == 0 ? 2 : i % 5 == 1;
    audited a = with_column("x", rare_class, NULL, (rg_split_spec){.part = part});
    assert_found(&a, "classes", "train", "danger");
    audited_free(&a);
}

/* Equal arguments give equal bytes; the worst stands first. */
static void order_and_bytes(void **state)
{
    (void)state;
    audited a = with_column("leak", leak, NULL, (rg_split_spec){.seed = 4});
    audited b = with_column("leak", leak, NULL, (rg_split_spec){.seed = 4});
    assert_true(json_equal(a.audit, b.audit));
    const json_t *list = json_object_get(a.audit, "findings");
    assert_string_equal(rg_json_text(json_array_get(list, 0), "severity", ""), "danger");
    assert_int_equal(found(&a, "danger") + found(&a, "warning") + found(&a, "note"),
                     json_array_size(list));
    audited_free(&a);
    audited_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_data_is_silent),
        cmocka_unit_test(false_alarms_of_drift),
        cmocka_unit_test(twins_across_parts),
        cmocka_unit_test(twins_by_chance),
        cmocka_unit_test(one_row_two_labels),
        cmocka_unit_test(near_twins),
        cmocka_unit_test(near_texts),
        cmocka_unit_test(likeness),
        cmocka_unit_test(odd_labels),
        cmocka_unit_test(planted_columns),
        cmocka_unit_test(parts_that_differ),
        cmocka_unit_test(a_number_tells_a_number),
        cmocka_unit_test(two_that_tell),
        cmocka_unit_test(given_groups_and_times),
        cmocka_unit_test(a_class_that_training_lacks),
        cmocka_unit_test(order_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
