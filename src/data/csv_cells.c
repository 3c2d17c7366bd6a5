/* csv_cells.c - cutting the text of a CSV file into cells, in place.
 *
 * RFC 4180: a cell may stand in double quotes, and then holds delimiters, line ends and doubled
 * quotes.  Around an unquoted cell and outside of the quotes, spaces and tabs do not count (the
 * RFC would keep them; people who write "arm, seed" do not mean a column called " seed").
 *
 * The cutter makes one pass.  Where a cell ended it writes a NUL, so a cell is a pointer into
 * the text and costs eight bytes, no copy.  An upper bound of the number of cells (delimiters
 * and line ends) is counted first, so nothing grows on the way. */
#include "data/csv_cells.h"

#include "data/memory.h"

#include <stdio.h>
#include <string.h>

typedef struct cutter {
    char *at, *end;
    size_t line;
    char delimiter;
    bool stops[256]; /* bytes that end an unquoted cell */
    const char *where;
    rg_err *err;
} cutter;

typedef enum after { NEXT_CELL, NEXT_RECORD, BROKEN } after;

/* ---- Bytes */

/* The length of the UTF-8 sequence at p (Unicode 15, table 3-7), 0 when there is none. */
static size_t sequence(const unsigned char *p, size_t room)
{
    static const struct {
        unsigned char lead_lo, lead_hi, length, second_lo, second_hi;
    } forms[] = {
        {0x01, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
        {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
        {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
    };
    for (size_t f = 0; f < RG_COUNT(forms); f++) {
        if (p[0] < forms[f].lead_lo || p[0] > forms[f].lead_hi)
            continue;
        size_t length = forms[f].length;
        if (length > room)
            return 0;
        if (length > 1 && (p[1] < forms[f].second_lo || p[1] > forms[f].second_hi))
            return 0;
        for (size_t i = 2; i < length; i++)
            if ((p[i] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

/* Eight bytes at once: none is zero and none is above 0x7f. */
static bool plain_word(const unsigned char *p)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    return ((word | (word - ones)) & tops) == 0;
}

/* Index of the first byte that is NUL or not UTF-8; len when all are fine. */
static size_t first_bad_byte(const unsigned char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        if (len - i >= 8 && plain_word(text + i)) {
            i += 8;
            continue;
        }
        size_t length = sequence(text + i, len - i);
        if (length == 0)
            return i;
        i += length;
    }
    return len;
}

/* Line (from 1) and column in bytes (from 1) of a byte; LF, CRLF and CR end lines. */
static void position(const char *text, size_t index, size_t *ret_line, size_t *ret_column)
{
    size_t line = 1, start = 0;
    for (size_t i = 0; i < index; i++) {
        if (text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n')) {
            line++;
            start = i + 1;
        }
    }
    *ret_line = line;
    *ret_column = index - start + 1;
}

bool rg_csv_check_bytes(const char *text, size_t len, const char *where, rg_err *err)
{
    size_t bad = first_bad_byte((const unsigned char *)text, len);
    if (bad == len)
        return true;
    size_t line, column;
    position(text, bad, &line, &column);
    char place[160];
    snprintf(place, sizeof(place), "%.110s:%zu:%zu", where, line, column);
    if (text[bad] == 0)
        return rg_fail(
            err, RG_INPUT, place, "save the file as plain text in UTF-8",
            "there is a NUL byte (byte %zu of the file): this is no text file, or it "
            "is UTF-16",
            bad + 1);
    return rg_fail(err, RG_INPUT, place, "save the file in UTF-8",
                   "the byte 0x%02x (byte %zu of the file) is not valid UTF-8",
                   (unsigned char)text[bad], bad + 1);
}

/* ---- the delimiter
 * --------------------------------------------------------------------------- */

enum { SAMPLE_RECORDS = 32, SAMPLE_BYTES = 1 << 20 };

/* How many of the first records have as many cells as the first one, which must have two. */
static size_t agreement(const char *text, size_t len, char delimiter)
{
    size_t cells = 1, first = 0, records = 0, agreeing = 0;
    bool quoted = false, blank = true;
    for (size_t i = 0; i <= len && records < SAMPLE_RECORDS; i++) {
        char c = i < len ? text[i] : '\n';
        if (c == '"')
            quoted = !quoted;
        if ((c == '\n' || c == '\r') && (!quoted || i == len)) {
            if (!blank) {
                first = records++ ? first : cells;
                agreeing += cells == first;
            }
            cells = 1;
            blank = true;
            continue;
        }
        blank = false;
        cells += c == delimiter && !quoted;
    }
    return first > 1 ? agreeing : 0;
}

char rg_csv_delimiter(const char *text, size_t len)
{
    /* On a tie the rarer character wins: "1,5;2,5" has as many commas on each line as
     * semicolons, but is written by someone whose decimals have commas. */
    static const char candidates[] = {'\t', ';', ','};
    char best = ',';
    size_t most = 0;
    for (size_t i = 0; i < sizeof(candidates); i++) {
        size_t agreeing =
            agreement(text, len < SAMPLE_BYTES ? len : SAMPLE_BYTES, candidates[i]);
        if (agreeing > most) {
            most = agreeing;
            best = candidates[i];
        }
    }
    return best;
}

/* ---- cells
 * ----------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static after broken(const cutter *c, size_t line, const char *remedy, const char *what)
{
    char place[160];
    rg_fail(c->err, RG_INPUT, rg_data_where(place, c->where, line), remedy, "%s", what);
    return BROKEN;
}

/* p stands on what follows a cell; the cell's last byte is before `end`. */
static after cell_ends(cutter *c, char *p, char *end)
{
    after result = NEXT_RECORD;
    c->at = p + 1;
    if (p >= c->end) {
        c->at = c->end;
    } else if (*p == c->delimiter) {
        result = NEXT_CELL;
    } else {
        if (p[0] == '\r' && p[1] == '\n')
            c->at = p + 2;
        c->line++;
    }
    *end = 0;
    return result;
}

static after cell_quoted(cutter *c, char *p, char **ret)
{
    size_t start_line = c->line;
    char *to = p;
    *ret = to;
    for (p++;; p++) {
        if (p >= c->end)
            return broken(c, start_line, "close the quote, or double a quote that is meant",
                          "a quoted cell begins here and never ends");
        if (*p == '"') {
            if (p[1] != '"')
                break;
            p++;
        } else if (*p == '\n' || (*p == '\r' && p[1] != '\n')) {
            c->line++;
        }
        *to++ = *p;
    }
    for (p++; is_blank(*p) && *p != c->delimiter;)
        p++;
    if (!c->stops[(unsigned char)*p])
        return broken(c, c->line, "double the quotes inside a quoted cell",
                      "text follows the closing quote of a cell");
    return cell_ends(c, p, to);
}

static after cell_next(cutter *c, char **ret)
{
    char *p = c->at;
    while (is_blank(*p) && *p != c->delimiter)
        p++;
    if (*p == '"')
        return cell_quoted(c, p, ret);
    char *start = p;
    while (!c->stops[(unsigned char)*p])
        p++;
    char *end = p;
    while (end > start && is_blank(end[-1]))
        end--;
    *ret = start;
    return cell_ends(c, p, end);
}

/* Steps over lines that hold nothing but spaces; false at the end of the text. */
static bool record_begins(cutter *c)
{
    while (c->at < c->end) {
        char *p = c->at;
        while (is_blank(*p) && *p != c->delimiter)
            p++;
        if (p < c->end && *p != '\n' && *p != '\r')
            return true;
        char *unused;
        cell_next(c, &unused);
    }
    return false;
}

/* Reads one record of at most `room` cells; 0: an error was reported. */
static size_t record_cut(cutter *c, char **cells, size_t room)
{
    size_t n = 0;
    after state = NEXT_CELL;
    while (state == NEXT_CELL) {
        char *cell = NULL;
        state = cell_next(c, &cell);
        if (state == BROKEN)
            return 0;
        if (n < room)
            cells[n] = cell;
        n++;
    }
    return n;
}

static bool first_record(cutter *c, rg_csv_cells *cells, size_t room)
{
    cells->line[0] = c->line;
    cells->columns = record_cut(c, cells->at, room);
    if (cells->columns == 0)
        return false;
    cells->records = 1;
    if (cells->columns <= RG_CSV_COLUMNS_MAX)
        return true;
    char place[160];
    return rg_fail(c->err, RG_INPUT, rg_data_where(place, c->where, cells->line[0]),
                   "check the delimiter and the line ends, or keep wide data in an .npz file",
                   "the line has %zu cells; the limit is %d columns", cells->columns,
                   RG_CSV_COLUMNS_MAX);
}

static bool further_records(cutter *c, rg_csv_cells *cells)
{
    while (record_begins(c)) {
        size_t line = c->line;
        size_t n = record_cut(c, cells->at + cells->records * cells->columns, cells->columns);
        if (n == 0)
            return false;
        if (n != cells->columns) {
            char place[160];
            return rg_fail(
                c->err, RG_INPUT, rg_data_where(place, c->where, line),
                "give every line the same cells; quote a cell that holds the delimiter",
                "the line has %zu cell%s, line %zu has %zu", n, n == 1 ? "" : "s",
                cells->line[0], cells->columns);
        }
        cells->line[cells->records++] = line;
    }
    return true;
}

static void upper_bounds(const char *text, size_t len, char delimiter, size_t *ret_cells,
                         size_t *ret_records)
{
    size_t delimiters = 0, ends = 1;
    for (size_t i = 0; i < len; i++) {
        delimiters += text[i] == delimiter;
        ends += (text[i] == '\n') | (text[i] == '\r');
    }
    *ret_cells = delimiters + ends;
    *ret_records = ends;
}

static bool split(cutter *c, rg_csv_cells *cells, size_t room)
{
    if (!record_begins(c))
        return rg_fail(c->err, RG_INPUT, c->where, "give a file with a header and rows",
                       "the file is empty");
    return first_record(c, cells, room) && further_records(c, cells);
}

bool rg_csv_split(char *text, size_t len, char delimiter, const char *where, rg_csv_cells *ret,
                  rg_err *err)
{
    size_t room, records;
    upper_bounds(text, len, delimiter, &room, &records);
    rg_csv_cells cells = {
        .at = rg_try_alloc(room * sizeof(char *)),
        .line = rg_try_alloc(records * sizeof(size_t)),
    };
    cutter c = {text, text + len, 1, delimiter, {0}, where, err};
    c.stops[0] = c.stops['\n'] = c.stops['\r'] = c.stops[(unsigned char)delimiter] = true;
    bool good = cells.at && cells.line;
    if (!good)
        rg_fail(err, RG_INTERNAL, where, "use a smaller file or a machine with more memory",
                "there is no memory for %zu cells", room);
    if (!good || !split(&c, &cells, room)) {
        rg_free(cells.at);
        rg_free(cells.line);
        return false;
    }
    *ret = cells;
    return true;
}
