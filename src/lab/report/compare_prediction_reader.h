/* compare_prediction_reader.h - what the files that read predictions share. */
#ifndef RIGOR_LAB_REPORT_COMPARE_PREDICTION_READER_H
#define RIGOR_LAB_REPORT_COMPARE_PREDICTION_READER_H

#include "lab/report/compare_predictions.h"

typedef struct rg_prediction_reader {
    rg_fixed_models *models;
    const char *labels_path, *label_name;
    rg_map *classes;        /* text -> index + 1, as a pointer */
    rg_map *ids;            /* text -> row of the labels + 1; NULL: matched by place */
    size_t by_id, by_place; /* files matched so */
    const char *said_positive;
    rg_str taken;           /* which columns hold the predictions, and of which files */
    const char *taken_last; /* the last of these phrases, without its files */
    rg_err *err;
} rg_prediction_reader;

/* One file of predictions: row[i] is the row of example i in its table. */
typedef struct rg_matched {
    const rg_table *table;
    const char *path;
    size_t *row;
} rg_matched;

/* The number of the class that a cell names; -1: none. */
int32_t rg_prediction_class(rg_prediction_reader *reader, const rg_column *column, size_t row);
/* A number for each example, in the order of the labels; NULL: one is missing, which is said. */
double *rg_prediction_numbers(rg_prediction_reader *reader, const rg_matched *matched,
                              const rg_column *column);
/* Fills label, and score and probability where the file has them. */
bool rg_prediction_read_classes(rg_prediction_reader *reader, const rg_matched *matched,
                                rg_fixed_model *ret);
/* Notes what was taken from which column of a file, for the sentence on what was read. */
void rg_prediction_say(rg_prediction_reader *reader, const rg_matched *matched,
                       const char *what, const rg_column *column);
bool rg_prediction_fail_none(rg_prediction_reader *reader, const rg_matched *matched);

#endif
