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

/* Up along half a cosine over the first 0.3 of the steps from 1/25 of the rate, down along
 * another to 1e-4 of where it began: PyTorch's numbers. */
static double one_cycle(const rg_schedule_at *at)
{
    double last = at->steps - 1, top = 0.3 * at->steps - 1, low = 1.0 / 25, from = low, to = 1;
    double share = top > 0 ? at->step / top : 1;
    if (at->step > top) {
        from = 1;
        to = low * 1e-4;
        share = last > top ? (at->step - top) / (last - top) : 1;
    }
    return to + (from - to) / 2 * (1 + cos(acos(-1) * share));
}

/* sqrt(w / t) in the t-th step, w the warm-up's steps; without one w is 1. */
static double inverse_sqrt(const rg_schedule_at *at)
{
    double warmup = at->warmup > 1 ? at->warmup : 1;
    return sqrt(warmup / (warmup + at->step));
}

static double plateau(const rg_schedule_at *at)
{
    return at->plateau;
}

#define SCHEDULES(X) \
    X(constant, "the same rate throughout") \
    X(cosine, "half a cosine down to 0; Loshchilov & Hutter 2017") \
    X(linear, "straight down to 0") \
    X(step, "times gamma after every step_size epochs") \
    X(one_cycle, "up to the rate, then down to almost nothing; Smith & Topin 2019") \
    X(inverse_sqrt, "as 1 / sqrt(step) after the warm-up; Vaswani et al. 2017") \
    X(plateau, "times gamma after step_size epochs without a better validation score")

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
    rest.warmup = warmup;
    return schedule->factor(&rest);
}

void rg_plateau_epoch(rg_plateau *plateau, bool better, double step_size, double gamma)
{
    plateau->stale = better ? 0 : plateau->stale + 1;
    if (plateau->stale < step_size)
        return;
    plateau->factor *= gamma;
    plateau->stale = 0;
}
