/* schedule.c - learning-rate schedules, as a table of factors; computed on the host in double.
 */
#include "rigor/nn.h"

#include <math.h>
#include <string.h>

static double constant(const rg_schedule_at *at)
{
    (void)at;
    return 1;
}

static double cosine(const rg_schedule_at *at)
{
    return 0.5 * (1 + cos(acos(-1) * at->step / at->steps));
}

static double linear(const rg_schedule_at *at)
{
    return 1 - at->step / at->steps;
}

static double step(const rg_schedule_at *at)
{
    return pow(at->gamma, floor(at->epoch / at->step_size));
}

#define SCHEDULES(X) \
    X(constant, "the same rate throughout") \
    X(cosine, "half a cosine down to 0; Loshchilov & Hutter 2017") \
    X(linear, "straight down to 0") \
    X(step, "times gamma after every step_size epochs")

#define ENTRY(name, title) {#name, title, name},
#define NAME(name, title) #name,
const rg_schedule rg_schedules[] = {SCHEDULES(ENTRY){0}};
const char *const rg_schedule_names[] = {SCHEDULES(NAME) NULL};

const rg_schedule *rg_schedule_find(const char *name)
{
    for (const rg_schedule *s = rg_schedules; s->name; s++)
        if (!strcmp(s->name, name))
            return s;
    return NULL;
}

double rg_schedule_factor(const rg_schedule *schedule, const rg_schedule_at *at, double warmup)
{
    if (at->step < warmup)
        return (at->step + 1) / warmup;
    rg_schedule_at rest = *at;
    rest.step -= warmup;
    rest.steps -= warmup;
    return schedule->factor(&rest);
}
