/* latex.h - pieces of the LaTeX rendering: text and numbers as LaTeX takes them.
 *
 * Everything that comes from facts goes through latex_text or latex_number.  Letters beyond
 * ASCII stay as they are: UTF-8 is LaTeX's own encoding since 2018, and what a font lacks is
 * set by XeLaTeX or LuaLaTeX. */
#ifndef RIGOR_LAB_REPORT_LATEX_H
#define RIGOR_LAB_REPORT_LATEX_H

#include "rigor/base.h"

#define LATEX_NAME_LONG 24

/* Escapes every character that LaTeX would obey; a line stays a line. */
void latex_text(rg_str *ret, const char *text);
/* A number as format.h writes it, in math: "-0.5", "1.2e-05", "< 0.001", "–". */
/* Text in a table; longer than LATEX_NAME_LONG bytes it breaks into lines, behind underscores,
 * too. width: in line widths. */
void latex_name(rg_str *ret, const char *name, double width);
void latex_number(rg_str *ret, const char *text);
/* "0.9717 +- 0.0016" of a summary (docs/json.md). */
void latex_mean(rg_str *ret, const json_t *summary, bool bold);
/* "[0.0081, 0.0183]"; a dash for an interval that does not exist. */
void latex_interval(rg_str *ret, const json_t *interval);
/* "\label{kind:name}" with a name of letters, digits and hyphens. */
void latex_label(rg_str *ret, const char *kind, const char *name, const char *what);

/* The opening and the end of a table float; what stands between are rows. */
void latex_table_open(rg_str *ret, const char *align);
void latex_table_close(rg_str *ret);

/* Of several data sets (latex_sets.c); each writes nothing without its facts. */
void latex_ranks(rg_str *ret, const json_t *facts); /* a figure; needs the package tikz */
void latex_tasks(rg_str *ret, const json_t *facts);

#endif
