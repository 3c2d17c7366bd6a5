/* terminal.c - text on a screen of fixed-width letters (see terminal.h). */
#include "lab/report/terminal.h"

#include <string.h>

#define ELLIPSIS "…"
#define GAP 2 /* spaces between columns */
#define FIRST_MIN \
    16 /* the first column is not cut below this for the sake of another column \
        */

/* Unicode 15: blocks that take no column (combining marks, joiners, bidi controls, variation
 * selectors) or two (East Asian wide and fullwidth, emoji).  Sorted. */
typedef struct range {
    uint32_t first, last;
    int columns;
} range;
static const range ranges[] = {
    {0x0300, 0x036F, 0},   {0x0483, 0x0489, 0},   {0x0591, 0x05BD, 0},   {0x0610, 0x061A, 0},
    {0x064B, 0x065F, 0},   {0x1100, 0x115F, 2},   {0x1AB0, 0x1AFF, 0},   {0x1DC0, 0x1DFF, 0},
    {0x200B, 0x200F, 0},   {0x202A, 0x202E, 0},   {0x2060, 0x2064, 0},   {0x2066, 0x2069, 0},
    {0x20D0, 0x20FF, 0},   {0x2E80, 0x303E, 2},   {0x3041, 0x33FF, 2},   {0x3400, 0x4DBF, 2},
    {0x4E00, 0x9FFF, 2},   {0xA000, 0xA4CF, 2},   {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},
    {0xFE00, 0xFE0F, 0},   {0xFE20, 0xFE2F, 0},   {0xFE30, 0xFE6F, 2},   {0xFEFF, 0xFEFF, 0},
    {0xFF00, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2},   {0x1F300, 0x1F64F, 2}, {0x1F680, 0x1F6FF, 2},
    {0x1F900, 0x1F9FF, 2}, {0x1FA70, 0x1FAFF, 2}, {0x20000, 0x3FFFD, 2},
};

static int columns_of(uint32_t letter)
{
    for (size_t i = 0; i < RG_COUNT(ranges) && letter >= ranges[i].first; i++)
        if (letter <= ranges[i].last)
            return ranges[i].columns;
    return 1;
}

/* Steps over one letter of valid UTF-8 and tells its columns; *ret_len is its bytes. */
static int step(const char *text, size_t *ret_len)
{
    const unsigned char *c = (const unsigned char *)text;
    size_t len = *c < 0x80 ? 1 : *c < 0xE0 ? 2 : *c < 0xF0 ? 3 : 4;
    uint32_t letter = len == 1 ? *c : *c & (0x7Fu >> len);
    size_t i = 1;
    for (; i < len && (c[i] & 0xC0) == 0x80; i++)
        letter = letter << 6 | (c[i] & 0x3F);
    *ret_len = i;
    return columns_of(letter);
}

/* Control characters: C0, DEL, and C1, which terminals obey in their UTF-8 form, too.  The bidi
 * controls reorder what stands around them. */
static bool is_control(const char *text, size_t len)
{
    unsigned char c = (unsigned char)text[0], next = (unsigned char)text[len > 1];
    bool bidi =
        len == 3 && c == 0xE2 &&
        ((next == 0x80 && (unsigned char)text[2] >= 0xAA && (unsigned char)text[2] <= 0xAE) ||
         (next == 0x81 && (unsigned char)text[2] >= 0xA6 && (unsigned char)text[2] <= 0xA9));
    return c < ' ' || c == 0x7F || (len == 2 && c == 0xC2 && next < 0xA0) || bidi;
}

static void add_letter(rg_str *ret, const char *text, size_t len)
{
    if (is_control(text, len))
        rg_str_add(ret, " ");
    else
        rg_str_add_n(ret, text, len);
}

size_t terminal_width(const char *text)
{
    size_t width = 0, len;
    for (; *text; text += len)
        width += (size_t)step(text, &len);
    return width;
}

static void add_spaces(rg_str *ret, size_t n)
{
    while (n--)
        rg_str_add(ret, " ");
}

static size_t add_up_to(rg_str *ret, const char *text, size_t width)
{
    size_t used = 0, len;
    for (; *text; text += len) {
        size_t columns = (size_t)step(text, &len);
        if (used + columns > width)
            break;
        add_letter(ret, text, len);
        used += columns;
    }
    return used;
}

void terminal_add_cell(rg_str *ret, const char *text, size_t width, bool right)
{
    size_t own = terminal_width(text);
    if (own > width && width) {
        size_t used = add_up_to(ret, text, width - 1);
        rg_str_add(ret, ELLIPSIS);
        add_spaces(ret, width - 1 - used);
        return;
    }
    add_spaces(ret, right ? width - own : 0);
    add_up_to(ret, text, width);
    add_spaces(ret, right ? 0 : width - own);
}

void terminal_add_wrapped(rg_str *ret, const char *text, size_t indent, size_t width)
{
    size_t column = indent;
    while (*text) {
        size_t word = strcspn(text, " \n\t"), columns = 0, len;
        for (const char *c = text; c < text + word; c += len)
            columns += (size_t)step(c, &len);
        if (column > indent && column + 1 + columns > width) {
            rg_str_add(ret, "\n");
            add_spaces(ret, indent);
            column = indent;
        } else if (column > indent) {
            rg_str_add(ret, " ");
            column++;
        }
        for (const char *c = text; c < text + word; c += len) {
            step(c, &len);
            add_letter(ret, c, len);
        }
        column += columns;
        text += word + strspn(text + word, " \n\t");
    }
    rg_str_add(ret, "\n");
}

/* ---- Tables */

#define COLUMNS_MAX 24

static const char *cell_text(const json_t *row, size_t i)
{
    const char *text = json_string_value(json_array_get(row, i));
    return text ? text : "";
}

static size_t column_width(const json_t *table, size_t i)
{
    size_t width = terminal_width(cell_text(json_object_get(table, "columns"), i)), k;
    json_t *row;
    json_array_foreach (json_object_get(table, "rows"), k, row) {
        size_t own = terminal_width(cell_text(row, i));
        width = own > width ? own : width;
    }
    return width;
}

/* How many columns fit; widths[] is filled and the first column narrowed if need be. */
static size_t fit(const json_t *table, size_t width, size_t widths[COLUMNS_MAX])
{
    size_t count = json_array_size(json_object_get(table, "columns")), total = 0, kept = 0;
    count = count < COLUMNS_MAX ? count : COLUMNS_MAX;
    if (!count)
        return 0;
    for (size_t i = 0; i < count; i++)
        widths[i] = column_width(table, i);
    size_t first = widths[0] < FIRST_MIN ? widths[0] : FIRST_MIN;
    for (total = first, kept = 1; kept < count && total + GAP + widths[kept] <= width; kept++)
        total += GAP + widths[kept];
    size_t spare = width - total;
    widths[0] = widths[0] < first + spare ? widths[0] : first + spare;
    return kept;
}

static void add_row(rg_str *ret, const json_t *row, const char *align, const size_t *widths,
                    size_t count)
{
    rg_str line = {0};
    for (size_t i = 0; i < count; i++) {
        add_spaces(&line, i ? GAP : 0);
        terminal_add_cell(&line, cell_text(row, i), widths[i], align[i] == 'r');
    }
    size_t len = line.len;
    while (len && line.data[len - 1] == ' ')
        len--;
    rg_str_add_n(ret, rg_str_text(&line), len);
    rg_str_add(ret, "\n");
    rg_str_free(&line);
}

void terminal_add_table(rg_str *ret, const json_t *table, size_t width)
{
    size_t widths[COLUMNS_MAX], count = fit(table, width, widths), i;
    const char *align = rg_json_text(table, "align", "");
    json_t *row;
    add_row(ret, json_object_get(table, "columns"), align, widths, count);
    json_array_foreach (json_object_get(table, "rows"), i, row)
        add_row(ret, row, align, widths, count);
}
