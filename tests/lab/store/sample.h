/* sample.h - records to fill a ledger with, and ledgers to fill. */
#ifndef RIGOR_TESTS_LAB_STORE_SAMPLE_H
#define RIGOR_TESTS_LAB_STORE_SAMPLE_H

#include "support.h"

#include "rigor/store.h"

#include <sqlite3.h>
#include <unistd.h>

#define SAMPLE_HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

static inline void assert_ok(bool done, const rg_err *err)
{
    if (!done)
        print_error("%s: %s -> %s\n", err->where, err->what, err->remedy);
    assert_true(done);
}

static inline json_t *sample_json(const char *text)
{
    rg_err err = {0};
    json_t *value = rg_json_parse(text, strlen(text), "sample", &err);
    assert_ok(value != NULL, &err);
    return value;
}

/* A fresh path in the test's own folder. */
static inline void sample_path(char path[64], const char *name)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock"};
    snprintf(path, 64, "%s.sqlite", name);
    for (size_t i = 0; i < RG_COUNT(suffixes); i++) {
        char file[96];
        snprintf(file, sizeof(file), "%s%s", path, suffixes[i]);
        unlink(file);
    }
}

static inline rg_ledger *sample_open(const char *path, rg_ledger_mode mode)
{
    rg_ledger *ledger = NULL;
    rg_err err = {0};
    assert_ok(rg_ledger_open(path, mode, &ledger, &err), &err);
    return ledger;
}

static inline void sample_study(rg_ledger *ledger)
{
    rg_err err = {0};
    json_t *resolved =
        sample_json("{\"study\":\"digits\",\"arms\":[{\"name\":\"full\",\"kind\":"
                    "\"arm\"},{\"name\":\"bare\"}],\"seed\":7}");
    json_t *environment = sample_json("{\"machine\":\"one\"}");
    assert_ok(rg_ledger_study(ledger, "digits", "study: digits\n# ünïcode\n", resolved,
                              SAMPLE_HASH, environment, &err),
              &err);
    json_decref(resolved);
    json_decref(environment);
}

/* Record `number` of an arm: what it holds follows from stage, arm and number alone. */
static inline bool sample_try_append(rg_ledger *ledger, rg_stage stage, const char *arm,
                                     size_t number, size_t steps, rg_err *err)
{
    int64_t *step = RG_NEW_ARRAY(int64_t, steps + 1);
    double *loss = RG_NEW_ARRAY(double, steps + 1), *score = RG_NEW_ARRAY(double, steps + 1);
    for (size_t i = 0; i < steps; i++) {
        step[i] = (int64_t)i + 1;
        loss[i] = 1.0 / (double)(i + number + 3);
        score[i] = 1 - loss[i] / 7;
    }
    rg_curve curves[] = {{"train_loss", steps, step, loss},
                         {"val_accuracy", steps, step, score}};
    bool tune = stage == RG_TUNE;
    rg_record record = {
        .stage = stage,
        .arm = arm,
        .number = number,
        .seed = 1000 + number,
        .point = tune ? sample_json("{\"train.lr\":0.003}") : NULL,
        .config = sample_json("{\"model\":{\"name\":\"mlp\",\"hidden\":[64,64]}}"),
        .validation = json_pack("{s:f}", "accuracy", 0.9 + 0.001 * (double)number),
        .resources = sample_json("{\"wall_s\":0.25}"),
        .predictions = tune ? NULL : "runs/full-0/predictions.npz",
        .predictions_sha = tune ? NULL : SAMPLE_HASH,
        .curves = curves,
        .n_curves = RG_COUNT(curves),
    };
    bool done = rg_ledger_append(ledger, &record, 1, err);
    json_decref(record.point);
    json_decref(record.config);
    json_decref(record.validation);
    json_decref(record.resources);
    rg_free(step);
    rg_free(loss);
    rg_free(score);
    return done;
}

static inline void sample_append(rg_ledger *ledger, rg_stage stage, const char *arm,
                                 size_t number, size_t steps)
{
    rg_err err = {0};
    assert_ok(sample_try_append(ledger, stage, arm, number, steps, &err), &err);
}

/* A small study from beginning to end: every table has rows. */
static inline void sample_fill(rg_ledger *ledger)
{
    rg_err err = {0};
    sample_study(ledger);
    for (size_t i = 0; i < 3; i++) {
        sample_append(ledger, RG_TUNE, "full", i, 4);
        sample_append(ledger, RG_TUNE, "bare", i, 4);
    }
    for (size_t i = 0; i < 2; i++) {
        sample_append(ledger, RG_EVALUATE, "bare", i, 3);
        sample_append(ledger, RG_EVALUATE, "full", i, 3);
    }
    json_t *note = sample_json("{\"text\":\"half-way\"}");
    assert_ok(rg_ledger_event(ledger, "note", note, &err), &err);
    json_t *test = sample_json("{\"accuracy\":0.97}");
    rg_score scores[] = {{"full", 0, test}, {"full", 1, test}, {"bare", 0, test}};
    assert_ok(rg_ledger_scores(ledger, note, scores, RG_COUNT(scores), &err), &err);
    json_decref(test);
    json_decref(note);
}

/* A closed ledger with a small study in it. */
static inline void sample_ledger(char path[64], const char *name)
{
    sample_path(path, name);
    rg_ledger *ledger = sample_open(path, RG_LEDGER_WRITE);
    sample_fill(ledger);
    rg_ledger_close(ledger);
}

/* What verify finds; NULL when the ledger cannot even be opened or read. */
static inline json_t *sample_verify(const char *path)
{
    rg_ledger *ledger = NULL;
    rg_err err = {0};
    if (!rg_ledger_open(path, RG_LEDGER_READ, &ledger, &err))
        return NULL;
    json_t *problems = json_array();
    bool done = rg_ledger_verify(ledger, problems, &err);
    rg_ledger_close(ledger);
    if (done)
        return problems;
    json_decref(problems);
    return NULL;
}

static inline void assert_clean(const char *path)
{
    json_t *problems = sample_verify(path);
    assert_non_null(problems);
    if (json_array_size(problems) > 0) {
        char *text = rg_json_canonical(problems);
        print_error("%s: %s\n", path, text);
        rg_free(text);
    }
    assert_int_equal(json_array_size(problems), 0);
    json_decref(problems);
}

/* The first value of the first row. */
static inline int64_t sample_count(rg_ledger *ledger, const char *sql)
{
    rg_err err = {0};
    json_t *answer = rg_ledger_query(ledger, sql, &err);
    assert_ok(answer != NULL, &err);
    json_t *row = json_array_get(json_object_get(answer, "rows"), 0);
    int64_t n = json_integer_value(json_array_get(row, 0));
    json_decref(answer);
    return n;
}

#endif
