/* csv_cells.h - from the bytes of a CSV file to its cells. */
#ifndef RIGOR_DATA_CSV_CELLS_H
#define RIGOR_DATA_CSV_CELLS_H

#include "rigor/base.h"

#define RG_CSV_COLUMNS_MAX 100000

typedef struct rg_csv_cells {
    char **at;    /* (records, columns); each ends with NUL; they point into the text */
    size_t *line; /* records: where each begins in the file, from 1 */
    size_t records, columns;
} rg_csv_cells;

/* Refuses NUL bytes and what is not UTF-8, with line and column. */
bool rg_csv_check_bytes(const char *text, size_t len, const char *where, rg_err *err);

/* The delimiter of the first lines: ',', ';' or tab. */
char rg_csv_delimiter(const char *text, size_t len);

/* Cuts in place: text[len] is 0 and the text is written to (quotes are resolved, cells are
 * terminated).  Blank lines are skipped.  ret->at and ret->line belong to the caller: rg_free.
 */
bool rg_csv_split(char *text, size_t len, char delimiter, const char *where, rg_csv_cells *ret,
                  rg_err *err);

#endif
