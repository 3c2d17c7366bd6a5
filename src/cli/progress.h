/* progress.h - how far a study is, on stderr. */
#ifndef RIGOR_CLI_PROGRESS_H
#define RIGOR_CLI_PROGRESS_H

#include "rigor/protocol.h"

typedef struct rg_meter {
    bool line; /* one line, written over and over: stderr is a terminal */
    bool colour;
    const char *metric;
    const char *stage; /* last one shown */
    size_t shown;      /* tenths of the stage that a plain line has told */
    size_t seeds;      /* of the last progress shown */
} rg_meter;

rg_meter rg_meter_open(const char *metric);
void rg_meter_show(void *meter, const rg_progress *progress); /* for rg_run_options.progress */
void rg_meter_close(rg_meter *meter);

#endif
