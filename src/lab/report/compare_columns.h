/* compare_columns.h - which column of a table of results is what. */
#ifndef RIGOR_LAB_REPORT_COMPARE_COLUMNS_H
#define RIGOR_LAB_REPORT_COMPARE_COLUMNS_H

#include "rigor/data.h"
#include "rigor/report.h"

typedef enum rg_result_form {
    RG_FORM_WIDE, /* a row for each run, a column for each metric */
    RG_FORM_LONG, /* a row for each run and metric: columns `metric` and `value` */
    RG_FORM_ARMS, /* a column of scores for each arm */
    RG_FORM_SETS, /* a column of scores for each data set */
    RG_FORM_SEEDS,
    RG_FORM_FOLDS,
    RG_FORMS
} rg_result_form;

typedef struct rg_result_columns {
    rg_result_form form;
    const rg_column *role[RG_ROLES]; /* NULL: no column */
    const rg_column **value;         /* one, or one for each arm, data set, seed or fold ... */
    const char **label;              /* ... whose names these are; NULL in wide and long form */
    size_t n_values;
    const char *metric_name;
    const char *guessed; /* a sentence on what was taken for an arm by its content, or NULL */
} rg_result_columns;

/* What a column of one value may be in several files at once: path names the file in errors,
 * arm_from_file makes a column for the arm unnecessary. */
typedef struct rg_result_table_info {
    const rg_table *table;
    const char *path;
    bool arm_from_file;
} rg_result_table_info;

/* Errors say what was looked for, what is there, and which option says it. */
bool rg_result_columns_guess(const rg_result_table_info *info,
                             const rg_compare_options *options, rg_arena *arena,
                             rg_result_columns *ret, rg_err *err);
/* {"form", "arm", ..., "values", "ignored", "sentence"} of docs/json.md; new reference. */
json_t *rg_result_columns_json(const rg_table *table, const rg_result_columns *columns);

/* The role that the labels of the value columns have; RG_ROLES in wide and long form. */
rg_result_role rg_result_spread(rg_result_form form);

/* A cell as text: as written, or the number in full; NULL where missing. */
const char *rg_result_cell(const rg_column *column, size_t row, rg_arena *arena);

/* The row that begins at a line, or the one before. */
size_t rg_result_row_at(const rg_table *table, size_t line);
bool rg_result_same_cell(const rg_column *column, size_t row,
                         size_t other); /* both missing: yes */

/* The column that makes the difference between two rows of one run: an epoch, a second factor.
 * Of several the one with the fewest values; NULL: none but the score. */
const rg_column *rg_result_difference(const rg_table *table, const rg_column *score,
                                      size_t line_a, size_t line_b, rg_arena *arena);

/* ---- Names (compare_names.c) */
/* Lower case, '_' for what is no letter or digit: "Data Set" is data_set. */
void rg_result_plain(const char *name, char ret[64]);
/* How well a column's name fits a role: 0 not at all, higher is better. */
int rg_result_name_fits(const char *name, rg_result_role role);
/* "split0_test_accuracy": fold 0 of test_accuracy. ret_rest: "" when the name is that alone. */
bool rg_result_name_spreads(const char *name, rg_arena *arena, rg_result_form *ret_form,
                            const char **ret_label, const char **ret_rest);
/* A column of "seeds" that numbers the examples of a test set. */
bool rg_result_name_is_example(const char *name);
/* A parameter of training, such as "lr" or "config.batch_size": no score unless asked for. */
bool rg_result_name_is_setting(const char *name);
/* How good a guess of the metric a name is, the best last: settings and unknown names 0, known
 * metrics of training 1, of no part that is named 2, of validation 3, of a test set 4. */
int rg_result_metric_rank(const char *name);
/* Columns of numbers that are never scores unless asked for: "epoch", "_runtime". */
bool rg_result_name_is_aside(const char *name);

#endif
