/* plot_text.c - curves as marks on a grid of letters (see plot_text.h). */
#include "lab/report/plot_text.h"

#include "lab/report/terminal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 60, HEIGHT = 13, GUTTER = 8 };

typedef struct grid {
    const char *at[HEIGHT][WIDTH]; /* NULL: nothing stands here */
} grid;

/* The cell of a value in [lo, hi]; false outside. */
static bool place(double value, double lo, double hi, int cells, int *ret)
{
    double at = (value - lo) / (hi - lo) * (cells - 1);
    *ret = (int)lround(at);
    return isfinite(at) && *ret >= 0 && *ret < cells;
}

static void put(grid *g, int row, int column, const char *mark)
{
    if (!g->at[row][column])
        g->at[row][column] = mark;
}

static void draw_curve(grid *g, const plot_frame *frame, const plot_curve *curve)
{
    for (size_t i = 0; i < json_array_size(curve->x); i++) {
        int row, column;
        if (place(rg_json_number(json_array_get(curve->x, i), NAN), frame->x_lo, frame->x_hi,
                  WIDTH, &column) &&
            place(rg_json_number(json_array_get(curve->y, i), NAN), frame->y_lo, frame->y_hi,
                  HEIGHT, &row))
            put(g, HEIGHT - 1 - row, column, curve->mark);
    }
}

static void draw_level(grid *g, const plot_frame *frame)
{
    int row;
    if (!place(frame->level, frame->y_lo, frame->y_hi, HEIGHT, &row))
        return;
    for (int column = 0; column < WIDTH; column += 2)
        put(g, HEIGHT - 1 - row, column, "-");
}

/* The label of a row: the ends, the middle, the level. */
static void add_label(rg_str *ret, const plot_frame *frame, int row)
{
    int level_row = -1;
    double value =
        frame->y_lo + (frame->y_hi - frame->y_lo) * (HEIGHT - 1 - row) / (HEIGHT - 1);
    if (place(frame->level, frame->y_lo, frame->y_hi, HEIGHT, &level_row))
        level_row = HEIGHT - 1 - level_row;
    bool told = row == 0 || row == HEIGHT - 1 || row == HEIGHT / 2 || row == level_row;
    value = row == level_row ? frame->level : value;
    char text[32] = "";
    if (told)
        snprintf(text, sizeof(text), frame->y_percent ? "%.0f %%" : "%.3g",
                 frame->y_percent ? 100 * value : value);
    rg_str_printf(ret, "%*s ", GUTTER - 2, text);
}

static void add_axis(rg_str *ret, const plot_frame *frame)
{
    char lo[32], middle[32], hi[32];
    rg_str_printf(ret, "%*s+", GUTTER - 1, "");
    for (int column = 0; column < WIDTH; column++)
        rg_str_add(ret, "-");
    snprintf(lo, sizeof(lo), "%.7g", frame->x_lo);
    snprintf(middle, sizeof(middle), "%.7g", (frame->x_lo + frame->x_hi) / 2);
    snprintf(hi, sizeof(hi), "%.7g", frame->x_hi);
    rg_str_printf(ret, "\n%*s%-*s%-*s%*s\n", GUTTER, "", WIDTH / 2, lo, WIDTH / 2 - 8, middle,
                  8, hi);
    rg_str_printf(ret, "%*s%s\n", GUTTER, "", frame->x_title);
}

/* On one line where it fits, else a line for each curve. */
static void add_legend(rg_str *ret, const plot_curve *curves, size_t n)
{
    size_t width = GUTTER;
    for (size_t i = 0; i < n; i++)
        width += 5 + terminal_width(curves[i].name);
    bool fits = width <= GUTTER + WIDTH + 10;
    for (size_t i = 0; i < n; i++) {
        rg_str_printf(ret, "%*s%s ", i == 0 || !fits ? GUTTER : 3, "", curves[i].mark);
        terminal_add_cell(ret, curves[i].name,
                          fits ? terminal_width(curves[i].name) : (size_t)WIDTH, false);
        rg_str_add(ret, fits && i + 1 < n ? "" : "\n");
    }
}

void plot_text(rg_str *ret, const plot_frame *frame, const plot_curve *curves, size_t n)
{
    grid g = {0};
    for (size_t i = 0; i < n; i++)
        draw_curve(&g, frame, &curves[i]);
    draw_level(&g, frame);
    rg_str_printf(ret, "%s\n", frame->y_title);
    for (int row = 0; row < HEIGHT; row++) {
        int last = WIDTH - 1;
        while (last >= 0 && !g.at[row][last])
            last--;
        add_label(ret, frame, row);
        rg_str_add(ret, "|");
        for (int column = 0; column <= last; column++)
            rg_str_add(ret, g.at[row][column] ? g.at[row][column] : " ");
        rg_str_add(ret, "\n");
    }
    add_axis(ret, frame);
    add_legend(ret, curves, n);
}
