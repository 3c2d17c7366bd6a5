/* compare_table.h - any file of results as a table: CSV or JSON lines, packed or not. */
#ifndef RIGOR_LAB_REPORT_COMPARE_TABLE_H
#define RIGOR_LAB_REPORT_COMPARE_TABLE_H

#include "rigor/data.h"

#include "data/memory.h"

/* Where results come from: a file ("-": standard input), or text that is here already. */
typedef struct rg_result_source {
    const char *path; /* also the name in messages */
    const char *text; /* NULL: the file is read */
    size_t len;
} rg_result_source;

/* CSV (rigor/data.h), or JSON: one object a line, or an array of them (compare_json.c); told by
 * the first byte that is no space.  gzip is unpacked.  What is neither is refused by name, as
 * far as its first bytes say what it is.  NULL on failure. */
rg_table *rg_result_table(const rg_result_source *source, rg_arena *arena, rg_err *err);

/* The two halves of it: the bytes, unpacked and owned by the arena; the text as a table, which
 * points into them. */
bool rg_result_bytes(const rg_result_source *source, rg_arena *arena, rg_data_bytes *ret,
                     rg_err *err);
rg_table *rg_result_text_table(const rg_data_bytes *bytes, const char *where, rg_header header,
                               rg_arena *arena, rg_err *err);

/* `text` is UTF-8 without NUL. */
rg_table *rg_json_table(const char *text, size_t len, const char *where, rg_arena *arena,
                        rg_err *err);

/* The names of files without their endings, with their folders where names alone are the same;
 * owned by the arena. */
const char **rg_result_file_names(const rg_result_source *sources, size_t n, rg_arena *arena);

/* What messages call a source: its path, or "standard input". */
const char *rg_result_source_name(const rg_result_source *source);

/* False, with an error, when two paths are one file: an arm is not compared with itself. */
bool rg_result_sources_differ(const rg_result_source *sources, size_t n, rg_err *err);

#endif
