/* csv.c - CSV files as tables of typed columns: bytes, delimiter, cells, header, types.
 *
 * What a file does not say is inferred, and always by these rules:
 *   delimiter  the one of tab, semicolon, comma on which the first 32 records agree best
 *   decimals   0,81 is 0.81 where semicolons part the cells and all of a column is so
 *   header     the first record, when it holds texts and no number, and either a column below
 *              is numeric or none of its texts occurs again in its own column
 *   type       number, when every cell that is not missing is one; text otherwise
 *   missing    an empty cell, NA, NaN, nan, ? and null, quoted or not */
#include "rigor/data.h"

#include "data/csv.h"
#include "data/csv_cells.h"
#include "data/memory.h"
#include "data/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_ROWS = 256
}; /* rows whose cells are still in the cache when the next column comes */

static bool is_missing(const char *cell)
{
    static const char *const words[] = {"NA", "NaN", "nan", "?", "null"};
    if (!*cell)
        return true;
    if (!strchr("Nn?", *cell))
        return false;
    for (size_t i = 0; i < RG_COUNT(words); i++)
        if (!strcmp(cell, words[i]))
            return true;
    return false;
}

/* ---- The header */

static bool numeric_below(const rg_csv_cells *cells, size_t column)
{
    bool any = false;
    for (size_t r = 1; r < cells->records; r++) {
        const char *cell = cells->at[r * cells->columns + column];
        double unused;
        if (is_missing(cell))
            continue;
        if (!rg_number_parse(cell, &unused))
            return false;
        any = true;
    }
    return any;
}

static bool occurs_below(const rg_csv_cells *cells, size_t column)
{
    const char *name = cells->at[column];
    for (size_t r = 1; r < cells->records; r++)
        if (!strcmp(cells->at[r * cells->columns + column], name))
            return true;
    return false;
}

/* Texts and nothing else; the first may be empty: so are tables written that have row names. */
static bool looks_like_names(const rg_csv_cells *cells)
{
    for (size_t c = 0; c < cells->columns; c++) {
        const char *cell = cells->at[c];
        double unused;
        bool unnamed = c == 0 && cells->columns > 1 && !*cell;
        if (!unnamed && (is_missing(cell) || rg_number_parse(cell, &unused)))
            return false;
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    const char *const *x = *(const char *const *const *)a, *const *y =
                                                               *(const char *const *const *)b;
    int order = strcmp(*x, *y);
    return order ? order : (x > y) - (x < y);
}

/* The first name that stands a second time: the indices of both. */
static bool find_twins(const char *const *names, size_t n, size_t *ret_first, size_t *ret_twin)
{
    const char *const **sorted = RG_NEW_ARRAY(const char *const *, n);
    const char *const *twin = NULL;
    for (size_t c = 0; c < n; c++)
        sorted[c] = &names[c];
    qsort(sorted, n, sizeof(*sorted), by_name);
    for (size_t c = 1; c < n; c++) {
        bool same = !strcmp(*sorted[c], *sorted[c - 1]);
        if (same && (!twin || sorted[c] < twin)) {
            twin = sorted[c];
            *ret_twin = (size_t)(sorted[c] - names);
            *ret_first = (size_t)(sorted[c - 1] - names);
        }
    }
    rg_free(sorted);
    return twin != NULL;
}

static bool has_header(const rg_csv_cells *cells)
{
    size_t first, twin;
    if (!looks_like_names(cells))
        return false;
    for (size_t c = 0; c < cells->columns; c++)
        if (numeric_below(cells, c))
            return true;
    for (size_t c = 0; c < cells->columns; c++)
        if (occurs_below(cells, c))
            return false;
    return !find_twins((const char *const *)cells->at, cells->columns, &first, &twin);
}

static bool name_columns(rg_table *table, const rg_csv_cells *cells, bool header,
                         const char *where, rg_arena *arena, rg_err *err)
{
    const char **names = RG_NEW_ARRAY(const char *, table->columns);
    for (size_t c = 0; c < table->columns; c++) {
        bool named = header && *cells->at[c];
        names[c] = named ? cells->at[c] : rg_arena_printf(arena, "c%zu", c + 1);
        table->column[c].name = names[c];
    }
    size_t first, twin;
    bool unique = !find_twins(names, table->columns, &first, &twin);
    char place[160];
    if (!unique)
        rg_fail(err, RG_INPUT, rg_data_where(place, where, cells->line[0]),
                "give every column its own name", "columns %zu and %zu are both called '%s'",
                first + 1, twin + 1, names[twin]);
    rg_free(names);
    return unique;
}

/* ---- The columns */

/* Rows [from, to) of a column; false at a cell that is no number. */
static bool numbers_fill(rg_column *column, char *const *cell, size_t stride, size_t from,
                         size_t to)
{
    for (size_t r = from; r < to; r++) {
        const char *text = cell[r * stride];
        if (rg_number_parse(text, &column->number[r]))
            continue;
        if (!is_missing(text))
            return false;
        column->number[r] = NAN;
        column->missing++;
    }
    return true;
}

/* "0,81" as "0.81": a number that has a comma where others have a point.  Changes the cell only
 * when told to. */
static bool is_decimal_comma(char *cell, bool change)
{
    char *comma = strchr(cell, ',');
    double unused;
    if (!comma)
        return rg_number_parse(cell, &unused);
    *comma = '.';
    bool number = rg_number_parse(cell, &unused);
    if (!number || !change)
        *comma = ',';
    return number;
}

/* Where semicolons part the cells, commas part the decimals: so do spreadsheets write in most of
 * Europe.  A column of such numbers, and of nothing else, gets points. */
static void commas_to_points(const rg_csv_cells *cells, size_t column, rg_header header)
{
    bool any = false;
    for (size_t r = header != RG_HEADER_NO; r < cells->records; r++) {
        char *cell = cells->at[r * cells->columns + column];
        if (is_missing(cell))
            continue;
        if (!is_decimal_comma(cell, false))
            return;
        any = any || strchr(cell, ',');
    }
    for (size_t r = header == RG_HEADER_YES; any && r < cells->records; r++)
        is_decimal_comma(cells->at[r * cells->columns + column], true);
}

/* Takes every column for numbers until a cell says otherwise. */
static bool columns_type(rg_table *table, char *const *cell, const char *where, rg_err *err)
{
    for (size_t c = 0; c < table->columns; c++) {
        table->column[c].number = rg_try_alloc(table->rows * sizeof(double));
        if (!table->column[c].number)
            return rg_fail(
                err, RG_INTERNAL, where, "use a smaller file or a machine with more memory",
                "there is no memory for %zu rows of %zu columns", table->rows, table->columns);
    }
    for (size_t from = 0; from < table->rows; from += BLOCK_ROWS) {
        size_t to = from + BLOCK_ROWS < table->rows ? from + BLOCK_ROWS : table->rows;
        for (size_t c = 0; c < table->columns; c++) {
            rg_column *column = &table->column[c];
            if (column->kind == RG_COLUMN_NUMBER &&
                !numbers_fill(column, cell + c, table->columns, from, to))
                column->kind = RG_COLUMN_TEXT;
        }
    }
    return true;
}

static bool texts_fill(rg_column *column, char *const *cell, size_t stride, size_t rows,
                       const char *where, rg_arena *arena, rg_err *err)
{
    column->text = RG_DATA_ROOM(arena, const char *, rows, where, err);
    if (!column->text)
        return false;
    column->missing = 0;
    for (size_t r = 0; r < rows; r++) {
        const char *text = cell[r * stride];
        column->text[r] = is_missing(text) ? NULL : text;
        column->missing += column->text[r] == NULL;
    }
    return true;
}

/* Gives the arrays of numbers to the arena, or frees those of text columns. */
static void numbers_settle(rg_table *table, rg_arena *arena)
{
    for (size_t c = 0; c < table->columns; c++) {
        rg_column *column = &table->column[c];
        if (column->kind == RG_COLUMN_NUMBER) {
            rg_arena_defer(arena, rg_free, column->number);
        } else {
            rg_free(column->number);
            column->number = NULL;
        }
    }
}

static bool columns_fill(rg_table *table, char *const *cell, const char *where, rg_arena *arena,
                         rg_err *err)
{
    bool good = columns_type(table, cell, where, err);
    numbers_settle(table, arena);
    for (size_t c = 0; good && c < table->columns; c++)
        if (table->column[c].kind == RG_COLUMN_TEXT)
            good = texts_fill(&table->column[c], cell + c, table->columns, table->rows, where,
                              arena, err);
    return good;
}

rg_table *rg_csv_build(const rg_csv_cells *cells, rg_header header, const char *where,
                       rg_arena *arena, rg_err *err)
{
    bool named = header == RG_HEADER_GUESS ? has_header(cells) : header == RG_HEADER_YES;
    rg_table *table = RG_ARENA_NEW(arena, rg_table);
    table->rows = cells->records - named;
    table->columns = cells->columns;
    if (table->rows == 0) {
        rg_fail(err, RG_INPUT, where, "add rows below the header",
                "the file has a header and no rows");
        return NULL;
    }
    table->column = RG_DATA_ROOM(arena, rg_column, table->columns, where, err);
    table->line = RG_DATA_ROOM(arena, size_t, table->rows, where, err);
    if (!table->column || !table->line || !name_columns(table, cells, named, where, arena, err))
        return NULL;
    memcpy(table->line, cells->line + named, table->rows * sizeof(size_t));
    if (!columns_fill(table, cells->at + named * cells->columns, where, arena, err))
        return NULL;
    return table;
}

/* ---- The file */

rg_table *rg_csv_take(char *text, size_t len, const char *where, rg_header header,
                      rg_arena *arena, rg_err *err)
{
    if (!rg_csv_check_bytes(text, len, where, err))
        return NULL;
    size_t skip = len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
    char delimiter = rg_csv_delimiter(text + skip, len - skip);
    rg_csv_cells cells;
    if (!rg_csv_split(text + skip, len - skip, delimiter, where, &cells, err))
        return NULL;
    for (size_t c = 0; delimiter == ';' && c < cells.columns; c++)
        commas_to_points(&cells, c, header);
    rg_table *table = rg_csv_build(&cells, header, where, arena, err);
    rg_free(cells.at);
    rg_free(cells.line);
    return table;
}

rg_table *rg_csv_parse(const char *data, size_t len, const char *where, rg_header header,
                       rg_arena *arena, rg_err *err)
{
    if (len > RG_CSV_BYTES_MAX) {
        rg_fail(err, RG_INPUT, where, "split the table or keep it in an .npz file",
                "the table has %zu bytes; the limit is %zu", len, RG_CSV_BYTES_MAX);
        return NULL;
    }
    char *text = rg_data_room(arena, len + 1, 1, where, err);
    if (!text)
        return NULL;
    memcpy(text, data, len);
    return rg_csv_take(text, len, where, header, arena, err);
}

rg_table *rg_csv_read(const char *path, rg_header header, rg_arena *arena, rg_err *err)
{
    rg_data_bytes bytes;
    if (!rg_data_file(path, RG_CSV_BYTES_MAX, arena, &bytes, NULL, err))
        return NULL;
    return rg_csv_take(bytes.at, bytes.len, path, header, arena, err);
}

rg_column *rg_table_column(const rg_table *table, const char *name)
{
    for (size_t c = 0; c < table->columns; c++)
        if (!strcmp(table->column[c].name, name))
            return &table->column[c];
    return NULL;
}
