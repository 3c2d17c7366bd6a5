/* part_csv.c - a part of the data as a table, for programs that read no .npz. */
#include "rigor/data.h"

#include <stdio.h>
#include <stdlib.h>

/* The fewest digits that read back to the same bits. */
static void add_float(rg_str *out, float value)
{
    char text[32];
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            break;
    }
    rg_str_add(out, text);
}

static void add_header(rg_str *out, const rg_part *part)
{
    rg_str_add(out, "id");
    for (size_t k = 0; part->x && k < part->features; k++)
        rg_str_printf(out, ",x%zu", k + 1);
    rg_str_printf(out, "%s%s%s\n", part->label || part->target ? ",y" : "",
                  part->group ? ",group" : "", part->weight ? ",weight" : "");
}

static void add_row(rg_str *out, const rg_part *part, size_t i)
{
    rg_str_printf(out, "%lld", (long long)part->id[i]);
    for (size_t k = 0; part->x && k < part->features; k++) {
        rg_str_add(out, ",");
        add_float(out, part->x[i * part->features + k]);
    }
    if (part->label) {
        rg_str_printf(out, ",%d", (int)part->label[i]);
    } else if (part->target) {
        rg_str_add(out, ",");
        add_float(out, part->target[i]);
    }
    if (part->group)
        rg_str_printf(out, ",%lld", (long long)part->group[i]);
    if (part->weight) {
        rg_str_add(out, ",");
        add_float(out, part->weight[i]);
    }
    rg_str_add(out, "\n");
}

bool rg_part_write_csv(const char *path, const rg_part *part, rg_err *err)
{
    rg_str text = {0};
    add_header(&text, part);
    for (size_t i = 0; i < part->rows; i++)
        add_row(&text, part, i);
    bool ok = text.cut ? rg_fail(err, RG_INPUT, path, "use trainer: {data: npz}",
                                 "the table would be larger than 1 GiB")
                       : rg_file_write(path, rg_str_text(&text), text.len, 0644, err);
    rg_str_free(&text);
    return ok;
}
