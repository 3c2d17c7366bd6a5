/* ours.c - time of a durable metric row, of reading one back, and of verifying one.  Trials of
 * 40 epochs with four metrics: one by one (a transaction of 160 rows each), and twenty a call.
 * Prints {"workload", "who", "us"}, one line a workload: microseconds per metric row. */
#include "rigor/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TRIALS = 1000, EPOCHS = 40, METRICS = 4, MOST = 20 };

static const char path[] = "bench-ledger.sqlite";

static void must(bool done, const rg_err *err)
{
    if (done)
        return;
    rg_err_print(err);
    exit(3);
}

static void print_since(const char *workload, uint64_t start_ns)
{
    double us = (double)(rg_clock_ns() - start_ns) * 1e-3;
    printf("{\"workload\": \"ledger: %s\", \"who\": \"rigor\", \"us\": %.4f}\n", workload,
           us / (TRIALS * EPOCHS * METRICS));
}

static void write_trials(size_t each, const char *workload)
{
    static const char *const names[METRICS] = {"train_loss", "val_accuracy", "val_ece",
                                               "val_nll"};
    static int64_t step[EPOCHS];
    static double value[METRICS][EPOCHS];
    rg_rng rng = rg_rng_open(1, "bench");
    rg_curve curves[METRICS];
    for (size_t m = 0; m < METRICS; m++) {
        for (size_t i = 0; i < EPOCHS; i++) {
            step[i] = (int64_t)i + 1;
            value[m][i] = rg_rng_unit(&rng);
        }
        curves[m] = (rg_curve){names[m], EPOCHS, step, value[m]};
    }
    json_t *point = json_pack("{s:f, s:f}", "train.lr", 0.00123, "model.dropout", 0.3);
    rg_err err = {0};
    rg_ledger *ledger;
    unlink(path);
    must(rg_ledger_open(path, RG_LEDGER_WRITE, &ledger, &err), &err);
    uint64_t start = rg_clock_ns();
    for (size_t i = 0; i < TRIALS; i += each) {
        rg_record records[MOST];
        for (size_t k = 0; k < each; k++)
            records[k] = (rg_record){.stage = RG_TUNE,
                                     .arm = "full",
                                     .number = i + k,
                                     .point = point,
                                     .config = point,
                                     .curves = curves,
                                     .n_curves = METRICS};
        must(rg_ledger_append(ledger, records, each, &err), &err);
    }
    print_since(workload, start);
    rg_ledger_close(ledger);
    json_decref(point);
}

static void read_back(void)
{
    rg_err err = {0};
    rg_ledger *ledger;
    rg_record *records;
    size_t n;
    rg_arena *arena = rg_arena_new();
    json_t *problems = json_array();
    uint64_t start = rg_clock_ns();
    must(rg_ledger_open(path, RG_LEDGER_READ, &ledger, &err), &err);
    must(rg_ledger_records(ledger, RG_ALL_PARTS, arena, &records, &n, &err), &err);
    print_since("open and read a row", start);
    start = rg_clock_ns();
    must(rg_ledger_verify(ledger, problems, &err), &err);
    print_since("verify a row", start);
    rg_ledger_close(ledger);
    json_decref(problems);
    rg_arena_free(arena);
}

int main(void)
{
    write_trials(1, "write a row, 160 a transaction");
    write_trials(MOST, "write a row, 3200 a transaction");
    read_back();
    unlink(path);
    return 0;
}
