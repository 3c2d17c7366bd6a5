/* progress.c - a progress line with stage, done/total, best so far and time left; plain lines,
 * one for each tenth of a stage, when stderr is not a terminal. */
#include "cli/progress.h"

#include "cli/command.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS 80

rg_meter rg_meter_open(const char *metric)
{
    return (rg_meter){.line = isatty(STDERR_FILENO) == 1,
                      .colour = rg_colour_wanted(STDERR_FILENO),
                      .metric = metric};
}

static void add_time(rg_str *out, const char *label, double seconds)
{
    if (isnan(seconds))
        return;
    long s = lround(seconds);
    if (s < 3600)
        rg_str_printf(out, "  %s %ld:%02ld", label, s / 60, s % 60);
    else
        rg_str_printf(out, "  %s %ld:%02ld:%02ld", label, s / 3600, s / 60 % 60, s % 60);
}

static void add_bar(const rg_meter *meter, rg_str *out, const rg_progress *p, size_t width)
{
    size_t full = p->total ? p->done * width / p->total : 0;
    rg_str_add(out, meter->colour ? "\033[36m" : "");
    for (size_t i = 0; i < width; i++) {
        if (i == full && meter->colour)
            rg_str_add(out, "\033[2m");
        rg_str_add(out, i < full ? "━" : "─");
    }
    rg_str_add(out, meter->colour ? "\033[0m " : " ");
}

/* How much is told; a narrow terminal gets less. */
typedef struct layout {
    size_t bar;
    bool elapsed, arm, best;
} layout;
static const layout layouts[] = {
    {24, true, true, true},   {24, false, true, true},   {12, false, true, true},
    {12, false, false, true}, {12, false, false, false}, {0, false, false, false},
};
static const layout plain_layout = {0, true, true, true};

/* What stands behind the bar. */
static void add_figures(const rg_meter *meter, rg_str *out, const rg_progress *p, layout l)
{
    rg_str_printf(out, "%zu/%zu", p->done, p->total);
    if (p->seeds_max)
        rg_str_printf(out, "  seeds %zu of at most %zu", p->seeds, p->seeds_max);
    if (l.best && !isnan(p->best))
        rg_str_printf(out, "  best val %s %.4f", meter->metric, p->best);
    if (l.best && l.arm && !isnan(p->best))
        rg_str_printf(out, " (%s)", p->best_arm);
    if (p->failed)
        rg_str_printf(out, "  failed %zu", p->failed);
    if (l.elapsed)
        add_time(out, "elapsed", p->elapsed_s);
    if (p->done < p->total)
        add_time(out, "left", p->left_s);
}

static void add_text(const rg_meter *meter, rg_str *out, const rg_progress *p, layout l)
{
    rg_str_printf(out, "%-9s", p->stage);
    if (l.bar)
        add_bar(meter, out, p, l.bar);
    add_figures(meter, out, p, l);
}

static size_t letters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += (*text & 0xC0) != 0x80;
    return n;
}

static size_t terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : COLUMNS;
}

/* The fullest layout that one line of the terminal holds: a longer one would wrap, and a
 * wrapped line cannot be written over. */
static layout fit(const rg_meter *meter, const rg_progress *p)
{
    rg_meter colourless = *meter;
    colourless.colour = false;
    size_t columns = terminal_columns(), i = 0;
    for (bool fits = false; !fits && i + 1 < RG_COUNT(layouts); i += !fits) {
        rg_str text = {0};
        add_text(&colourless, &text, p, layouts[i]);
        fits = letters(rg_str_text(&text)) < columns;
        rg_str_free(&text);
    }
    return layouts[i];
}

static void write_text(const rg_str *text)
{
    fputs(rg_str_text(text), stderr);
    fflush(stderr);
}

static void show_line(const rg_meter *meter, const rg_progress *p)
{
    rg_str text = {0};
    rg_str_add(&text, "\r\033[K");
    add_text(meter, &text, p, fit(meter, p));
    write_text(&text);
    rg_str_free(&text);
}

static void show_plain(rg_meter *meter, const rg_progress *p)
{
    size_t tenths = p->total ? p->done * 10 / p->total : 0;
    if (meter->stage && p->seeds != meter->seeds) /* more were added: told once they have run */
        meter->shown = 9;
    meter->seeds = p->seeds;
    if (tenths <= meter->shown && meter->stage)
        return;
    meter->shown = tenths;
    rg_str text = {0};
    add_text(meter, &text, p, plain_layout);
    rg_str_add(&text, "\n");
    write_text(&text);
    rg_str_free(&text);
}

void rg_meter_show(void *argument, const rg_progress *p)
{
    rg_meter *meter = argument;
    if (meter->stage && strcmp(meter->stage, p->stage) != 0) {
        if (meter->line)
            fputc('\n', stderr); /* the last line of a stage stays on the screen */
        meter->shown = 0;
        meter->stage = NULL;
    }
    if (meter->line)
        show_line(meter, p);
    else
        show_plain(meter, p);
    meter->stage = p->stage;
}

void rg_meter_close(rg_meter *meter)
{
    if (meter->line && meter->stage)
        fputc('\n', stderr);
    fputc('\n', stderr); /* the report follows */
}
