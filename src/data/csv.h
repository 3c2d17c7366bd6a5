/* csv.h - CSV text that the caller already holds. */
#ifndef RIGOR_DATA_CSV_H
#define RIGOR_DATA_CSV_H

#include "rigor/data.h"

#include "data/csv_cells.h"

#define RG_CSV_BYTES_MAX ((size_t)4 << 30)

/* As rg_csv_parse without a copy: the text belongs to the arena and is written to; text[len] is
 * 0. The table points into it. */
rg_table *rg_csv_take(char *text, size_t len, const char *where, rg_header header,
                      rg_arena *arena, rg_err *err);

/* Names and types the columns of cells that are cut already; the table points to their texts.
 */
rg_table *rg_csv_build(const rg_csv_cells *cells, rg_header header, const char *where,
                       rg_arena *arena, rg_err *err);

#endif
