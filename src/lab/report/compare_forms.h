/* compare_forms.h - how the rows of a table of results are laid out, and where its scores are:
 * what the two files that guess columns share. */
#ifndef RIGOR_LAB_REPORT_COMPARE_FORMS_H
#define RIGOR_LAB_REPORT_COMPARE_FORMS_H

#include "lab/report/compare_columns.h"

/* The form, once the roles are found that names tell; finds the value columns of the forms that
 * have several.  May drop roles that the form has no use for. */
bool rg_result_form_guess(const rg_result_table_info *info, const rg_compare_options *options,
                          rg_arena *arena, rg_result_columns *c, rg_err *err);
/* The metric, and the value column of the wide form. */
bool rg_result_metric_guess(const rg_result_table_info *info, const rg_compare_options *options,
                            rg_arena *arena, rg_result_columns *c, rg_err *err);
const char *rg_result_form_name(rg_result_form form);

/* ---- Shared (compare_columns.c) */
/* "a, b, c": at most ten names. */
const char *rg_result_list(const char *const *names, size_t n, rg_arena *arena);
const char **rg_result_names(const rg_table *table, rg_arena *arena);
/* The column of that name, in other capitals if need be; NULL when absent. */
const rg_column *rg_result_column_named(const rg_table *table, const char *name);
bool rg_result_is_taken(const rg_result_columns *c, const rg_column *column);
/* How many different values there are; unless ret is NULL, which, in order of appearance. */
size_t rg_result_distinct(const rg_table *table, const rg_column *column, const char ***ret,
                          rg_arena *arena);

#endif
