/* ours.c - time of a trial whose program ends at once, all records kept, and of a metric row that a
 * program prints, durable: `rigor run` with two workers on studies of other programs.
 * Prints {"workload", "who", "us"}, one line a workload: microseconds per trial, and per row. */
#include "rigor/base.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct workload {
    const char *name, *command;
    int trials, units; /* per trial */
} workload;

static const workload workloads[] = {
    {"launch: a trial of a program that ends at once",
     "[/bin/echo, '@rigor {\"val_score\": 1, \"test_score\": 1}']", 1000, 1},
    {"launch: a row of a program that prints 20000",
     "[/bin/sh, -c, 'seq -f \"@rigor {\\\"loss\\\": %g}\" 20000; echo \"@rigor "
     "{\\\"val_score\\\": 1, \\\"test_score\\\": 1}\"']",
     10, 20000},
};

static void die(const char *what)
{
    fprintf(stderr, "bench/launch: %s\n", what);
    exit(3);
}

static void write_study(const workload *w, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        die(path);
    fprintf(file,
            "study: bench\nmetric: {name: score, goal: maximize}\n"
            "trainer:\n  command: %s\n  limits: {log: 4MB}\n"
            "base: {x: 0.1}\ntune: {trials: %d, parallel: 64, sampler: random, space: {x: "
            "{uniform: [0, 1]}}}\nseeds: 1\n",
            w->command, w->trials);
    fclose(file);
}

/* The study's wall time in seconds: what the ledger says, so that the report is left out. */
static double run(void)
{
    static const char command[] =
        "\"$RIGOR\" run study.yaml -j 2 --quiet --exploratory >/dev/null && \"$RIGOR\" query "
        "bench "
        "\"select body->>'$.wall_s', (select count(*) from trial where failed) from event "
        "where kind = 'finished'\" | tail -n 1";
    double wall = 0, failed = 0;
    FILE *pipe = popen(command, "r");
    if (!pipe || fscanf(pipe, "%lf %lf", &wall, &failed) != 2 || pclose(pipe) != 0 ||
        failed > 0)
        die("the study did not run well");
    return wall;
}

int main(void)
{
    char self[PATH_MAX] = "";
    rg_err err = {0};
    rg_arena *arena = rg_arena_new();
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        die("/proc/self/exe");
    setenv("RIGOR", rg_path_join(arena, dirname(dirname(self)), "rigor"), 1);
    const char *folder = rg_dir_scratch(arena, "bench", &err);
    if (!folder || chdir(folder) != 0)
        die(err.what);
    setenv("RIGOR_STUDIES", folder, 1);
    for (size_t i = 0; i < RG_COUNT(workloads); i++) {
        const workload *w = &workloads[i];
        write_study(w, "study.yaml");
        double wall = run();
        printf("{\"workload\": \"%s\", \"who\": \"rigor\", \"us\": %.3f}\n", w->name,
               wall * 1e6 / ((double)w->trials * w->units));
        rg_dir_remove("bench", &err);
    }
    if (chdir("/") != 0 || !rg_dir_remove(folder, &err))
        die(err.what);
    rg_arena_free(arena);
    return 0;
}
