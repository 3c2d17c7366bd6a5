/* program_text.c - the costs of a program and the findings of the model check, for people. */
#include "cli/program_text.h"

#include "cli/command.h"
#include "lab/report/terminal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS 80
#define COLUMNS_MOST 200 /* longer lines are hard to read */
#define COLUMNS_LEAST 40
#define CELL 48
#define SHAPE 160 /* of any rank */

size_t program_text_columns(void)
{
    struct winsize size;
    const char *wanted = getenv("COLUMNS");
    int64_t given;
    size_t columns = COLUMNS;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
        columns = size.ws_col;
    else if (wanted && rg_text_int(wanted, &given) && given > 0)
        columns = (size_t)given;
    return columns < COLUMNS_LEAST  ? COLUMNS_LEAST
           : columns > COLUMNS_MOST ? COLUMNS_MOST
                                    : columns;
}

/* ---- Numbers of any size in five letters: "524 k", "1.2 M". */

static const char *scaled(char out[CELL], double value, double base, const char *const *units)
{
    size_t i = 0;
    while (value >= 999.5 && units[i + 1]) {
        value /= base;
        i++;
    }
    snprintf(out, CELL, "%.*f %s", i && value < 9.95 ? 1 : 0, value, units[i]);
    return out;
}

static const char *flops_text(char out[CELL], double flops)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P", NULL};
    return scaled(out, flops, 1000, units);
}

static const char *bytes_text(char out[CELL], double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", NULL};
    return scaled(out, bytes, 1024, units);
}

static const char *time_text(char out[CELL], double seconds)
{
    if (!isfinite(seconds))
        snprintf(out, CELL, "-");
    else if (seconds < 0.9995e-6)
        snprintf(out, CELL, "%.0f ns", seconds * 1e9);
    else if (seconds < 0.9995e-3)
        snprintf(out, CELL, "%.*f µs", seconds < 99.95e-6, seconds * 1e6);
    else if (seconds < 0.9995)
        snprintf(out, CELL, "%.*f ms", seconds < 99.95e-3, seconds * 1e3);
    else
        snprintf(out, CELL, "%.2f s", seconds);
    return out;
}

/* "f32 (64, 10)" */
static const char *type_text(char out[SHAPE], const json_t *step)
{
    size_t i;
    json_t *dim;
    rg_str text = {.max = SHAPE - 1};
    rg_str_printf(&text, "%s (", rg_json_text(step, "type", ""));
    json_array_foreach (json_object_get(step, "shape"), i, dim)
        rg_str_printf(&text, "%s%lld", i ? ", " : "", (long long)json_integer_value(dim));
    rg_str_add(&text, ")");
    snprintf(out, SHAPE, "%s", rg_str_text(&text));
    rg_str_free(&text);
    return out;
}

/* "mlp.c:36"; wide: with its folders. */
static const char *place_text(char *out, size_t room, const json_t *at, bool wide)
{
    const char *file = rg_json_text(at, "file", "");
    long long line = (long long)json_integer_value(json_object_get(at, "line"));
    out[0] = '\0';
    if (*file)
        snprintf(out, room, "%s:%lld", wide ? file : rg_path_base(file), line);
    return out;
}

/* A name or a place: when it is too long its end stays, which tells it from its neighbours. */
static void add_end_of(rg_str *line, const char *text, size_t width)
{
    bool cut = terminal_width(text) > width;
    while (cut && *text && terminal_width(text) >= width)
        do
            text++;
        while (((unsigned char)*text & 0xc0) == 0x80); /* not in the midst of a letter */
    if (cut)
        rg_str_add(line, "…");
    terminal_add_cell(line, text, width - cut, false);
}

/* What the line has left. */
static void add_place(rg_str *line, const json_t *at, size_t columns)
{
    char place[256];
    size_t used = terminal_width(rg_str_text(line));
    place_text(place, sizeof(place), at, false);
    add_end_of(line, place, columns > used ? columns - used : 1);
}

static double number(const json_t *object, const char *key)
{
    return rg_json_number(json_object_get(object, key), NAN);
}

static void print_line(const rg_str *line)
{
    size_t len = line->len;
    while (len && line->data[len - 1] == ' ')
        len--;
    printf("%.*s\n", (int)len, rg_str_text(line));
}

/* ---- Kernels. */

#define BAR 8
#define WIDE 110 /* from here on with shares and operations, when no result needs the room */

/* An eighth of a letter is the least that a bar shows. */
static void add_bar(rg_str *line, double share)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int n = (int)lround(share * BAR * 8), letters = n / 8 + (n % 8 > 0);
    for (int i = 0; i < n / 8; i++)
        rg_str_add(line, "█");
    rg_str_add(line, eighths[n % 8]);
    for (int i = letters; i < BAR; i++)
        rg_str_add(line, " ");
}

/* Widths of the columns that every terminal shows; the line of the model takes the rest. */
enum { STEP = 3, KERNEL = 9, RESULT = 15, FLOP = 6, MEMORY = 7, TIME = 7, PLACE = 24 };

typedef struct layout {
    size_t columns, result; /* of the line; of the column "result" */
    bool wide;
} layout;

/* What a line has beyond COLUMNS goes to the longest result first. */
static layout layout_of(const json_t *steps, size_t columns)
{
    layout ret = {columns, RESULT, false};
    size_t i, most = RESULT + (columns > COLUMNS ? columns - COLUMNS : 0);
    json_t *step;
    json_array_foreach (steps, i, step) {
        char cell[SHAPE];
        size_t own = terminal_width(type_text(cell, step));
        ret.result = own > ret.result ? own : ret.result;
    }
    ret.result = ret.result > most ? most : ret.result;
    ret.wide = columns >= WIDE + ret.result - RESULT;
    return ret;
}

static void add_kernel_head(rg_str *line, const layout *l)
{
    rg_str_printf(line, "%*s %-*s %-*s %*s %*s %*s %*s  ", STEP, "#", KERNEL, "kernel",
                  (int)l->result, "result", FLOP, "FLOP", MEMORY, "memory", TIME, "model", TIME,
                  "clock");
    if (l->wide)
        rg_str_printf(line, "%-*s   share  %-*s  operations", BAR, "", PLACE, "line");
    else
        rg_str_add(line, "line");
}

static void add_operations(rg_str *line, const json_t *step, size_t columns)
{
    size_t used = terminal_width(rg_str_text(line));
    if (used + 2 >= columns)
        return;
    rg_str_add(line, "  ");
    terminal_add_cell(line, rg_json_text(step, "operations", ""), columns - used - 2, false);
}

static void add_cell(rg_str *line, const char *text, size_t width, bool right)
{
    rg_str_add(line, " ");
    terminal_add_cell(line, text, width, right);
}

static void add_kernel(rg_str *line, const json_t *step, const layout *l)
{
    char cell[CELL], type[SHAPE], place[256];
    rg_str_printf(line, "%*lld", STEP,
                  (long long)json_integer_value(json_object_get(step, "step")));
    add_cell(line, rg_json_text(step, "kernel", ""), KERNEL, false);
    add_cell(line, type_text(type, step), l->result, false);
    add_cell(line, flops_text(cell, number(step, "flops")), FLOP, true);
    add_cell(line, bytes_text(cell, number(step, "bytes")), MEMORY, true);
    add_cell(line, time_text(cell, number(step, "predicted_s")), TIME, true);
    add_cell(line, time_text(cell, number(step, "measured_s")), TIME, true);
    rg_str_add(line, "  ");
    if (!l->wide) {
        add_place(line, step, l->columns);
        return;
    }
    place_text(place, sizeof(place), step, false);
    add_bar(line, number(step, "share"));
    rg_str_printf(line, " %5.1f %%  ", 100 * number(step, "share"));
    terminal_add_cell(line, place, PLACE, false);
    add_operations(line, step, l->columns);
}

static int longer(const void *a, const void *b)
{
    double x = number(*(json_t *const *)a, "measured_s");
    double y = number(*(json_t *const *)b, "measured_s");
    return x < y ? 1 : x > y ? -1 : 0;
}

static void print_kernels(const json_t *steps, bool by_time, size_t columns, bool colour)
{
    const layout l = layout_of(steps, columns);
    size_t n = json_array_size(steps), i;
    json_t **order = RG_NEW_ARRAY(json_t *, n), *step;
    json_array_foreach (steps, i, step)
        order[i] = step;
    if (by_time)
        qsort(order, n, sizeof(*order), longer);
    rg_str line = {0};
    add_kernel_head(&line, &l);
    printf("%s%s%s\n", colour ? "\033[2m" : "", rg_str_text(&line), colour ? "\033[0m" : "");
    for (i = 0; i < n; i++) {
        bool heavy = colour && number(order[i], "share") >= 0.2;
        rg_str_clear(&line);
        add_kernel(&line, order[i], &l);
        fputs(heavy ? "\033[1m" : "", stdout);
        print_line(&line);
        fputs(heavy ? "\033[0m" : "", stdout);
    }
    rg_str_free(&line);
    rg_free(order);
}

/* "1 example", "64 examples" */
static const char *count_text(char out[CELL], size_t count, const char *what)
{
    snprintf(out, CELL, "%zu %s%s", count, what, count == 1 ? "" : "s");
    return out;
}

static size_t count(const json_t *object, const char *key)
{
    return (size_t)json_integer_value(json_object_get(object, key));
}

static void print_total(const json_t *plan)
{
    char flops[CELL], bytes[CELL], memory[CELL], model[CELL], clock[CELL];
    char examples[CELL], kernels[CELL];
    bool train = strcmp(rg_json_text(plan, "part", ""), "train") == 0;
    double seconds = number(plan, "measured_s");
    printf("\n%s: %s, %s, %s at most\n", train ? "training step" : "evaluation",
           count_text(examples, count(plan, "examples"), "example"),
           count_text(kernels, json_array_size(json_object_get(plan, "steps")), "kernel"),
           bytes_text(memory, number(plan, "memory_bytes")));
    printf("%s: %sFLOP, %s moved; model %s, clock %s: %.1f GFLOP/s\n",
           train ? "one step" : "one block", flops_text(flops, number(plan, "flops")),
           bytes_text(bytes, number(plan, "bytes")),
           time_text(model, number(plan, "predicted_s")), time_text(clock, seconds),
           number(plan, "flops") / seconds * 1e-9);
}

static void print_machine(const json_t *m)
{
    rg_str text = {0};
    rg_str_printf(&text,
                  "products %.1f GFLOP/s (bf16: %.1f), loops %.1f GFLOP/s, cache %.1f GB/s, "
                  "memory %.1f GB/s, "
                  "%.0f ns a kernel",
                  number(m, "dot_flops_per_s") * 1e-9, number(m, "half_flops_per_s") * 1e-9,
                  number(m, "loop_flops_per_s") * 1e-9, number(m, "near_bytes_per_s") * 1e-9,
                  number(m, "far_bytes_per_s") * 1e-9, number(m, "step_s") * 1e9);
    rg_print_wrapped(stdout, "machine: ", rg_str_text(&text));
    rg_str_free(&text);
}

void program_costs_print(const json_t *costs, bool by_time, size_t columns, bool colour)
{
    size_t i;
    json_t *plan;
    char parameters[CELL], features[CELL];
    printf("%s: %s, %s, ", rg_json_text(costs, "model", ""),
           count_text(parameters, count(costs, "parameters"), "parameter"),
           count_text(features, count(costs, "features"), "feature"));
    if (strcmp(rg_json_text(costs, "task", ""), "classify") == 0)
        printf("%zu classes\n", count(costs, "classes"));
    else
        printf("one value an example\n");
    print_machine(json_object_get(costs, "machine"));
    if (number(costs, "threads") > 1)
        printf("threads: %.0f for the clock's times; the model's are of one\n",
               number(costs, "threads"));
    json_array_foreach (json_object_get(costs, "plans"), i, plan) {
        print_total(plan);
        print_kernels(json_object_get(plan, "steps"), by_time, columns, colour);
    }
}

/* ---- The model check. */

static void print_finding(const json_t *finding, size_t columns, bool colour)
{
    bool warning = strcmp(rg_json_text(finding, "severity", ""), "warning") == 0;
    char place[512];
    rg_str text = {0};
    place_text(place, sizeof(place), finding, true);
    rg_str_printf(&text, "%s%s%s", place, *place ? ": " : "",
                  rg_json_text(finding, "what", ""));
    rg_str lines = {0};
    terminal_add_wrapped(&lines, rg_str_text(&text), 9, columns);
    printf("%s%-7s%s  %s",
           !colour   ? ""
           : warning ? "\033[33m"
                     : "\033[2m",
           warning ? "warning" : "note", colour ? "\033[0m" : "", rg_str_text(&lines));
    rg_str_clear(&lines);
    terminal_add_wrapped(&lines, rg_json_text(finding, "remedy", ""), 12, columns);
    printf("         -> %s", rg_str_text(&lines));
    rg_str_free(&text);
    rg_str_free(&lines);
}

static void add_signal(rg_str *line, const json_t *layer, const char *key, int digits,
                       size_t width)
{
    char cell[CELL];
    double value = number(layer, key);
    if (isfinite(value))
        snprintf(cell, sizeof(cell), "%.*g", digits, value);
    add_cell(line, isfinite(value) ? cell : "-", width, true);
}

/* Columns of a row without the layer's name, mark and place; of two digits' share of zeros. */
enum { LAYER = 47, LAYER_MARK = 11, LAYER_PLACE = 12, LAYER_NAME = 8, ZEROS = 7 };

static void print_layer(const json_t *layer, size_t name_width, bool marks, size_t columns,
                        bool colour)
{
    char cell[CELL];
    const char *mark = rg_json_text(layer, "mark", NULL);
    rg_str line = {0};
    add_end_of(&line, rg_json_text(layer, "layer", ""), name_width);
    rg_str_printf(&line, " %8lld ",
                  (long long)json_integer_value(json_object_get(layer, "parameters")));
    terminal_add_cell(&line, flops_text(cell, number(layer, "flops")), 7, true);
    add_signal(&line, layer, "activation_sd", 3, 9);
    add_signal(&line, layer, "activation_zeros", 2, ZEROS);
    add_signal(&line, layer, "gradient_norm", 3, 9);
    rg_str_printf(&line, "  %-*s", marks ? LAYER_MARK : 0, mark ? mark : "");
    add_place(&line, layer, columns);
    fputs(mark && colour ? "\033[33m" : "", stdout);
    print_line(&line);
    fputs(mark && colour ? "\033[0m" : "", stdout);
    rg_str_free(&line);
}

static void print_layers(const json_t *facts, size_t columns, bool colour)
{
    size_t i, width = LAYER_NAME;
    bool marks = false;
    char flops[CELL];
    json_t *layer;
    const json_t *layers = json_object_get(facts, "layers");
    json_array_foreach (layers, i, layer) {
        size_t own = terminal_width(rg_json_text(layer, "layer", ""));
        width = own > width ? own : width;
        marks |= rg_json_text(layer, "mark", NULL) != NULL;
    }
    size_t others = LAYER + LAYER_PLACE + (marks ? LAYER_MARK : 0);
    size_t room = columns > others + LAYER_NAME ? columns - others : LAYER_NAME;
    width = width > room ? room : width;
    printf("%s%-*s %8s %7s %9s %*s %9s%s\n", colour ? "\033[2m" : "", (int)width, "layer",
           "weights", "FLOP", "signal sd", ZEROS, "zeros", "gradient", colour ? "\033[0m" : "");
    json_array_foreach (layers, i, layer)
        print_layer(layer, width, marks, columns, colour);
    printf("%-*s %8lld %7s   forward pass of one batch\n", (int)width, "in all",
           (long long)json_integer_value(json_object_get(facts, "parameters")),
           flops_text(flops, number(facts, "flops")));
}

void program_check_print(const json_t *facts, size_t columns, bool colour)
{
    size_t i;
    json_t *finding;
    const json_t *findings = json_object_get(facts, "findings");
    print_layers(facts, columns, colour);
    printf("\n%s: %s\n", rg_json_text(facts, "model", ""),
           json_array_size(findings) ? "findings" : "nothing to say against it");
    json_array_foreach (findings, i, finding)
        print_finding(finding, columns, colour);
}
