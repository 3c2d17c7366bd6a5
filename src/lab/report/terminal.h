/* terminal.h - text on a screen of fixed-width letters: widths, wrapping, tables.
 *
 * Widths are in columns of the screen, not in bytes: "é" is one, "模" two, a combining accent
 * none.  Control characters are never let through: a name from a study cannot move the cursor.
 */
#ifndef RIGOR_LAB_REPORT_TERMINAL_H
#define RIGOR_LAB_REPORT_TERMINAL_H

#include "rigor/base.h"

size_t terminal_width(const char *text);
/* Cut to `width` columns with an ellipsis, or filled up with spaces (before the text if right).
 */
void terminal_add_cell(rg_str *ret, const char *text, size_t width, bool right);
/* Wraps at spaces to lines of `width` columns; all but the first line begin with `indent`
 * spaces, and the first one is taken to stand there already. */
void terminal_add_wrapped(rg_str *ret, const char *text, size_t indent, size_t width);
/* A table of table.h.  The first column is cut, and columns are left out from the end, until
 * the lines fit into `width`. */
void terminal_add_table(rg_str *ret, const json_t *table, size_t width);

#endif
