/* compare_json.c - JSON lines as a table: a record is a row, its keys are columns.
 *
 * What is read is a sequence of objects, each on a line of its own, over several lines, or in
 * one array.  Objects inside a record are flattened with dots ({"a": {"b": 1}} has the column
 * a.b); a list is kept as its text.  Beyond RFC 8259, NaN and Infinity are numbers: most logs
 * are written by Python, which writes them.  Texts are checked to be UTF-8 before they get
 * here. */
#include "lab/report/compare_table.h"

#include "data/csv.h"
#include "data/memory.h"
#include "data/number.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 64, LIST_SHOWN = 40 };
#define CELLS_MAX ((size_t)50 * 1000 * 1000)

typedef struct cell {
    uint32_t row, column;
    char *text;
} cell;

typedef struct scanner {
    const char *at, *end;
    size_t line, row;
    int depth;
    rg_str path;     /* "a.b" while the value of b is read */
    rg_map *columns; /* name -> index + 1, as a pointer */
    RG_VEC(cell) cells;
    RG_VEC(size_t) lines;
    const char *where;
    rg_arena *arena;
    rg_err *err;
} scanner;

static bool fail_here(scanner *s, const char *remedy, const char *what)
{
    char place[160];
    return rg_fail(s->err, RG_INPUT, rg_data_where(place, s->where, s->line), remedy, "%s",
                   what);
}

static bool broken(scanner *s, const char *what)
{
    return fail_here(s, "write one JSON object a line, {\"arm\": ..., \"seed\": ...}", what);
}

static void skip_space(scanner *s)
{
    for (; s->at < s->end && strchr(" \t\r\n", *s->at) && *s->at; s->at++)
        s->line += *s->at == '\n';
}

/* The next byte that is no space; 0 at the end. */
static char look(scanner *s)
{
    skip_space(s);
    return s->at < s->end ? *s->at : '\0';
}

static bool take(scanner *s, char c)
{
    if (look(s) != c)
        return false;
    s->at++;
    return true;
}

/* ---- Texts */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Four hexadecimal digits; -1 when there are none. */
static long hex4(scanner *s)
{
    long value = 0;
    if (s->end - s->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*s->at++);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static char *put_utf8(char *to, long c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xC0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *to++ = (char)(0xE0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
        *to++ = (char)(0x80 | (c & 0x3F));
    } else {
        *to++ = (char)(0xF0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3F));
        *to++ = (char)(0x80 | (c >> 6 & 0x3F));
        *to++ = (char)(0x80 | (c & 0x3F));
    }
    return to;
}

/* Behind "\u"; a pair of surrogates is one letter, a lone one and NUL are refused. */
static char *unescape_letter(scanner *s, char *to)
{
    long c = hex4(s);
    if (c >= 0xD800 && c < 0xDC00 && s->end - s->at >= 6 && s->at[0] == '\\' &&
        s->at[1] == 'u') {
        s->at += 2;
        long low = hex4(s);
        c = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00)
                                          : -1;
    }
    return c <= 0 || (c >= 0xD800 && c < 0xE000) ? NULL : put_utf8(to, c);
}

static char *unescape(scanner *s, char *to)
{
    static const char from[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    char c = s->at < s->end ? *s->at++ : '\0';
    if (c == 'u')
        return unescape_letter(s, to);
    const char *found = c ? strchr(from, c) : NULL;
    if (!found)
        return NULL;
    *to++ = meant[found - from];
    return to;
}

/* An escape is never shorter than what it stands for. */
static bool read_text(scanner *s, char **ret)
{
    const char *close = ++s->at;
    while (close < s->end && *close != '"')
        close += 1 + (*close == '\\');
    if (close >= s->end)
        return broken(s, "a text begins here and never ends");
    char *text = rg_arena_alloc(s->arena, (size_t)(close - s->at) + 1), *to = text;
    while (s->at < close) {
        char c = *s->at++;
        if ((unsigned char)c < ' ')
            return broken(s, "a line or control character stands inside a text");
        if (c != '\\')
            *to++ = c;
        else if (!(to = unescape(s, to)))
            return broken(s, "a text has an escape that does not exist");
    }
    s->at = close + 1;
    *ret = text;
    return true;
}

/* ---- Values */

static bool read_value(scanner *s);

static bool keep(scanner *s, char *text)
{
    const char *name = rg_str_text(&s->path);
    uintptr_t column = (uintptr_t)rg_map_get(s->columns, name);
    if (column == 0) {
        column = rg_map_count(s->columns) + 1;
        if (column > RG_CSV_COLUMNS_MAX)
            return fail_here(s, "keep the keys that matter", "the records have too many keys");
        rg_map_set(s->columns, name, (void *)column);
    }
    rg_vec_push(&s->cells, ((cell){(uint32_t)s->row, (uint32_t)column - 1, text}));
    return true;
}

static bool read_word(scanner *s)
{
    static const char *const words[] = {"true",     "false",     "null", "NaN",
                                        "Infinity", "-Infinity", NULL};
    const char *start = s->at;
    double unused;
    while (s->at < s->end && !strchr(",:]}\" \t\r\n", *s->at))
        s->at++;
    char *word = rg_arena_strndup(s->arena, start, (size_t)(s->at - start));
    for (size_t i = 0; words[i]; i++)
        if (!strcmp(word, words[i]))
            return keep(s, i == 2 || i == 3 ? word + strlen(word) : word);
    if (rg_number_parse(word, &unused))
        return keep(s, word);
    char what[96];
    snprintf(what, sizeof(what), *word ? "'%.40s' is no JSON value" : "a value is missing here",
             word);
    return broken(s, what);
}

static bool read_members(scanner *s)
{
    size_t outer = s->path.len;
    s->at++;
    if (take(s, '}'))
        return true;
    do {
        char *key = NULL;
        if (look(s) != '"')
            return broken(s, "a key in quotes is missing here");
        if (!read_text(s, &key))
            return false;
        rg_str_printf(&s->path, "%s%s", outer ? "." : "", key);
        if (!take(s, ':'))
            return broken(s, "a ':' is missing behind a key");
        if (!read_value(s))
            return false;
        s->path.len = outer;
        if (s->path.data)
            s->path.data[outer] = '\0';
    } while (take(s, ','));
    return take(s, '}') || broken(s, "an object is not closed with '}'");
}

/* A list cannot be a score: it is checked, and kept as text so that a message can show it. */
static bool read_list(scanner *s)
{
    const char *start = s->at++;
    size_t cells = s->cells.len;
    if (!take(s, ']')) {
        do {
            if (!read_value(s))
                return false;
        } while (take(s, ','));
        if (!take(s, ']'))
            return broken(s, "a list is not closed with ']'");
    }
    s->cells.len = cells;
    size_t len = (size_t)(s->at - start);
    char *text = rg_arena_strndup(s->arena, start, len < LIST_SHOWN ? len : LIST_SHOWN);
    rg_utf8_repair(text);
    return keep(s, text);
}

static bool read_value(scanner *s)
{
    char c = look(s), *text = NULL;
    if (++s->depth > DEPTH_MAX)
        return fail_here(s, "flatten the records", "objects and lists are nested too deeply");
    bool ok = c == '{'   ? read_members(s)
              : c == '[' ? read_list(s)
              : c == '"' ? read_text(s, &text) && keep(s, text)
                         : read_word(s);
    s->depth--;
    return ok;
}

static bool read_records(scanner *s)
{
    bool list = take(s, '[');
    while (look(s) && !(list && *s->at == ']')) {
        if (*s->at != '{')
            return broken(s, "a record is no JSON object");
        rg_vec_push(&s->lines, s->line);
        if (!read_value(s))
            return false;
        s->row++;
        if (!take(s, ',') && list && look(s) && look(s) != ']')
            return broken(s, "a ',' is missing between two records");
    }
    if (list && (!take(s, ']') || look(s)))
        return broken(s, "the list of records does not end with ']'");
    return s->row > 0 || broken(s, "there are no records");
}

/* ---- As a table */

static bool same_cell_twice(scanner *s, const cell *c)
{
    char what[200];
    snprintf(what, sizeof(what), "the key '%.100s' stands twice in one record",
             rg_map_key(s->columns, c->column));
    s->line = s->lines.at[c->row];
    return fail_here(s, "keep one of them", what);
}

static rg_table *build(scanner *s)
{
    static char nothing[1];
    rg_csv_cells cells = {.records = s->row + 1, .columns = rg_map_count(s->columns)};
    if (cells.columns == 0 || cells.records > CELLS_MAX / cells.columns) {
        rg_fail(s->err, RG_INPUT, s->where, "keep the keys that matter in every record",
                "%zu records with %zu different keys make no table", s->row, cells.columns);
        return NULL;
    }
    cells.at = RG_DATA_ROOM(s->arena, char *, cells.records *cells.columns, s->where, s->err);
    cells.line = RG_DATA_ROOM(s->arena, size_t, cells.records, s->where, s->err);
    if (!cells.at || !cells.line)
        return NULL;
    for (size_t i = 0; i < cells.records * cells.columns; i++)
        cells.at[i] = nothing;
    for (size_t c = 0; c < cells.columns; c++)
        cells.at[c] = rg_arena_strdup(s->arena, rg_map_key(s->columns, c));
    for (size_t row = 0; row < s->row; row++)
        cells.line[row + 1] = s->lines.at[row];
    for (size_t i = 0; i < s->cells.len; i++) {
        const cell *c = &s->cells.at[i];
        char **place = &cells.at[(c->row + (size_t)1) * cells.columns + c->column];
        if (**place && !same_cell_twice(s, c))
            return NULL;
        *place = c->text;
    }
    return rg_csv_build(&cells, RG_HEADER_YES, s->where, s->arena, s->err);
}

rg_table *rg_json_table(const char *text, size_t len, const char *where, rg_arena *arena,
                        rg_err *err)
{
    scanner s = {.at = text,
                 .end = text + len,
                 .line = 1,
                 .columns = rg_map_new(),
                 .where = where,
                 .arena = arena,
                 .err = err};
    rg_table *table = read_records(&s) ? build(&s) : NULL;
    rg_map_free(s.columns);
    rg_vec_free(&s.cells);
    rg_vec_free(&s.lines);
    rg_str_free(&s.path);
    return table;
}
