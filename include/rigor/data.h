/* data.h - tables, arrays, the registry of data sets, splits, scaling, scoring.
 *
 * Readers say file:line of what they cannot read.  A data set is read once by the lab, cut into
 * parts, and handed to trainers as files; trainers never see test labels. */
#ifndef RIGOR_DATA_H
#define RIGOR_DATA_H

#include "rigor/base.h"

/* ---- CSV: a table of typed columns.  Types are inferred: a column is numeric when every
 * non-missing cell is a number.  Missing: empty, NA, NaN, nan, ?, null (quoted or not).  RFC
 * 4180 quoting; commas, semicolons or tabs; LF, CRLF or CR; a byte-order mark is skipped; gzip
 * is unpacked.  Spaces around an unquoted cell do not count; blank lines are skipped.  Refused
 * with their line: ragged rows, unclosed quotes, NUL bytes, bytes that are not UTF-8, two
 * columns of one name, more than 100,000 columns, a file without rows. */
typedef enum rg_column_kind { RG_COLUMN_NUMBER, RG_COLUMN_TEXT } rg_column_kind;
typedef struct rg_column {
    const char *name; /* from the header, or "c1", "c2", ... without one */
    rg_column_kind kind;
    double *number;    /* rows; NaN where missing, may be infinite; NULL for text columns */
    const char **text; /* rows; the cell without its quotes; NULL where missing */
    size_t missing;
} rg_column;
typedef struct rg_table {
    size_t rows, columns;
    rg_column *column;
    size_t *line; /* line on which each row begins in the file, from 1 */
} rg_table;
typedef enum rg_header { RG_HEADER_GUESS, RG_HEADER_YES, RG_HEADER_NO } rg_header;
/* NULL on failure.  `where` names the file in errors; data is copied. */
rg_table *rg_csv_parse(const char *data, size_t len, const char *where, rg_header header,
                       rg_arena *arena, rg_err *err);
rg_table *rg_csv_read(const char *path, rg_header header, rg_arena *arena, rg_err *err);
rg_column *rg_table_column(const rg_table *table, const char *name); /* NULL when absent */

/* ---- Arrays: NumPy's .npy and .npz (stored or deflated), IDX (gzip or not).  Little-endian
 * numbers; booleans become u8, smaller integers are widened (i1 i2 u2 to i32, u4 to i64);
 * Fortran order is turned into C order.  Equal arrays are written as equal bytes. */
typedef enum rg_array_type {
    RG_ARRAY_F32,
    RG_ARRAY_F64,
    RG_ARRAY_I32,
    RG_ARRAY_I64,
    RG_ARRAY_U8,
} rg_array_type;
typedef struct rg_array {
    const char *name; /* inside an .npz, without ".npy"; NULL otherwise */
    rg_array_type type;
    int rank; /* 0 to 8; 0: one number */
    int64_t dim[8];
    void *data; /* in C order */
} rg_array;
typedef struct rg_arrays {
    size_t count;
    rg_array *at;
} rg_arrays;
bool rg_npy_parse(const char *data, size_t len, const char *where, rg_arena *arena,
                  rg_array *ret, rg_err *err);
bool rg_npz_read(const char *path, rg_arena *arena, rg_arrays *ret, rg_err *err);
bool rg_npz_write(const char *path, const rg_array *arrays, size_t n, int mode, rg_err *err);
bool rg_idx_read(const char *path, rg_arena *arena, rg_array *ret, rg_err *err);
const rg_array *rg_arrays_find(const rg_arrays *arrays,
                               const char *name); /* NULL when absent */

/* ---- Data sets: features and one target, ready to be cut. */
typedef enum rg_task { RG_CLASSIFY, RG_REGRESS } rg_task;
typedef struct rg_key { /* a column that says which rows belong together, or when they are of */
    const char *name;   /* NULL: no such column */
    const rg_column *column;
    uint32_t *code; /* rows: the place of the row's value among the `count` different ones */
    size_t count;
} rg_key;
typedef struct rg_dataset {
    const char *name, *title, *licence, *origin, *path; /* licence, origin: "" when unknown */
    rg_task task;
    size_t rows;
    const rg_table *table; /* feature columns for tables ... */
    const float *x;        /* ... or (rows, features) for arrays; exactly one is set */
    size_t features;       /* columns of the table, or of x */
    int32_t *label;        /* rows; classification */
    float *target;         /* rows; regression */
    size_t classes;
    const char **class_name;
    char hash[RG_HEX];         /* of the file's bytes */
    const rg_arrays *arrays;   /* all that an .npz file holds; NULL for tables */
    rg_key group, time, query; /* see rg_dataset_roles */
    const uint8_t *part; /* rows: of which file they came, 0 train, 1 val, 2 test; else NULL */
} rg_dataset;

typedef struct rg_data_source { /* a row of the registry */
    const char *name, *title, *file, *licence, *origin, *sha256, *target;
    rg_task task;
    rg_header header;
    size_t rows;
} rg_data_source;
extern const rg_data_source rg_data_sources[]; /* ends with name == NULL */
/* name: a registry name, or the path of a .csv, .csv.gz, .tsv, .tsv.gz or .npz (arrays x, y)
 * file. target: column of a table (NULL: the registry's, else the last), array of an .npz
 * (NULL: "y"). `base_dir` resolves relative paths; NULL: the working folder.
 *
 * The task of a user's file: texts are classes; numbers are when all are whole, at most 20
 * differ and each stands for three rows or more on average (two different ones always are); all
 * else is regression.  Class names ascend: by bytes for texts, by value for numbers.  Refused:
 * rows without a target (by line), infinite values, one class only, numbers with a few texts
 * among them. Registered files must have their checksum; they are looked for in $RIGOR_DATA, in
 * the source tree and where the program was installed. */
rg_dataset *rg_dataset_load(const char *name, const char *target, const char *base_dir,
                            rg_arena *arena, rg_err *err);
/* CSV tables of train, val (NULL: none) and test as one data set: the same columns in the same
 * order. A text that only one of them has is a class of the whole.  `line` is in the row's own
 * file; there is no hash. */
rg_dataset *rg_dataset_join(const char *const paths[3], const char *target, rg_arena *arena,
                            rg_err *err);
/* Columns that are no features: `group` says which rows belong together (patients), `time` when
 * a row is of (numbers, or ISO 8601 dates and times), `query` which rows are ranked against each
 * other.  Each names a column of the table or an array of the .npz file; NULL: none.  Unless
 * `keep`, they are taken out of the features.  Codes ascend with the values: numbers and times by
 * size, texts by bytes.  Errors: no such column, a missing cell or no time (by line), no feature
 * left. */
typedef struct rg_roles {
    const char *group, *time, *query;
    bool keep;
} rg_roles;
bool rg_dataset_roles(rg_dataset *data, const rg_roles *roles, rg_arena *arena, rg_err *err);
/* Features one by one.  A number is NaN where it is missing; the texts of a column are NULL for
 * a column of numbers; the name of column c of an array is "x3" for c = 3. */
double rg_dataset_number(const rg_dataset *data, size_t row, size_t column);
const char *const *rg_dataset_texts(const rg_dataset *data, size_t column);
const char *rg_dataset_column_name(const rg_dataset *data, size_t column, rg_arena *arena);

/* ---- Splits: recorded by seed and hash.
 *
 * At random (split.c): sizes are exact: largest remainder over the parts and, when stratified,
 * over the classes.
 *
 * By group (split_group.c): all rows of a group are in one part.  Groups are dealt in random
 * order, each to the part that it brings nearest to its share of the rows (stratified: of the
 * rows of every class); of up to 64 orders the one that ends nearest to all shares is taken.
 *
 * By time (split_time.c): train before val before test, equal times in one part: each end is at
 * the change of time that is nearest to its share of the rows.  Not with stratify.
 *
 * By both: groups in order of their last time; of a later part the rows from before the end of
 * an earlier one are left out, so that both promises are kept.
 *
 * Folds (folds > 1): the test part is fold `fold` of `folds`, from 0, and the rest is shared in
 * the ratio train : val (`test` is not looked at).  Every row is in one test part; grouped and
 * stratified as asked.  By time the window grows: the rows make folds + 1 blocks, fold f has
 * block f + 1 as its test part and what is before it as train and val; later rows are in no part.
 *
 * Errors: fractions that do not sum to 1, an empty part, a class that is not in every part of a
 * stratified split at random, rows out of range or listed twice (by line). */
typedef struct rg_split_spec {
    double train, val, test; /* fractions that sum to 1 */
    bool stratify;
    /* Index files (text, one row number a line, from 0), opened as given; NULL: cut at random.
     * With train and test alone, val comes out of the train file's rows, in the ratio train :
     * val. */
    const char *train_file, *val_file, *test_file;
    uint64_t seed;
    const char *group,
        *time;           /* the columns to cut by, as told to rg_dataset_roles; NULL: none */
    bool keep;           /* as rg_roles: for whoever reads the data */
    size_t folds, fold;  /* folds: 0 for one cut */
    const uint8_t *part; /* rows: 0 train, 1 val, 2 test, as known; NULL: cut.  Without a row of
                            val it comes out of train, as with files */
} rg_split_spec;
typedef struct rg_split {
    uint32_t *train, *val, *test; /* rows of the data set, ascending */
    size_t n_train, n_val, n_test;
    size_t left_out;   /* rows in no part */
    char hash[RG_HEX]; /* of the three lists */
} rg_split;
bool rg_split_make(const rg_dataset *data, const rg_split_spec *spec, rg_arena *arena,
                   rg_split *ret, rg_err *err);

/* ---- From a data set to the files that a trainer gets.  Encoding (one-hot), imputation
 * (median, most frequent) and scaling are fitted on the training part alone. */
typedef enum rg_scale { RG_SCALE_NONE, RG_SCALE_STANDARD, RG_SCALE_MINMAX } rg_scale;
/* What the training part's classes are made to weigh, after the split and the encoding; the other
 * parts stay as they are.  Of classes alone.  OVERSAMPLE repeats rows drawn at random until every
 * class has as many as the largest; UNDERSAMPLE keeps as many as the smallest has; SMOTE adds rows
 * between a row and one of its 5 nearest neighbours of its class (balance.c), with id -1; WEIGHTS
 * adds an array "weight": n / (classes * rows of the row's class). */
typedef enum rg_balance {
    RG_BALANCE_NONE,
    RG_BALANCE_OVERSAMPLE,
    RG_BALANCE_UNDERSAMPLE,
    RG_BALANCE_SMOTE,
    RG_BALANCE_WEIGHTS,
} rg_balance;
extern const char *const rg_balance_names[]; /* by rg_balance; NULL-terminated */
typedef struct rg_parts_plan {
    rg_scale scale;
    rg_balance balance;
    uint64_t seed; /* of the balance */
} rg_parts_plan;
/* Writes train.npz, val.npz (x (n, d) float32, y (n) int32 or float32, id (n) int64, classes
 * (1) int32, 0 for regression) and test_inputs.npz (x, id, classes) into `dir`, and the labels
 * (y, id, classes) to `label_path` with mode 0600 (its folder must exist).  All four have group
 * (n) int64, the code of the row's query, where the data set has one.  id is the row in the data
 * set. Equal input makes equal bytes. *ret_info, a new reference: {"features", "encoded": numbers
 * in a row, "rows": {"train", "val", "test"}, "classes": [names], "classes_without_training":
 * [names], "imputed": cells filled, by part, "unseen": texts that training does not have, by part,
 * "constant": [columns], "empty": [columns without a value in training], "duplicates_across": rows
 * of val and test whose features an earlier part has, too, "duplicates": {"val", "test"}, "files":
 * {name: sha256}}, and where they differ from none {"balance", "rows_balanced": rows of train.npz,
 * "left_out": rows in no part}. */
bool rg_parts_make(const rg_dataset *data, const rg_split *split, const rg_parts_plan *plan,
                   const char *dir, const char *label_path, json_t **ret_info, rg_err *err);
/* The same with nothing balanced. */
bool rg_parts_write(const rg_dataset *data, const rg_split *split, rg_scale scale,
                    const char *dir, const char *label_path, json_t **ret_info, rg_err *err);
typedef struct rg_part { /* one of those files, read back */
    rg_task task;
    size_t rows, features, classes; /* classes: of the whole data set; 0 for regression */
    const float *x;                 /* (rows, features); NULL in the file of labels */
    const int32_t *label;           /* NULL when absent */
    const float *target;            /* NULL when absent */
    const int64_t *id;
    const int64_t *group; /* rows: the query that each row belongs to; NULL when absent */
    const char *const *class_name; /* classes; the files do not hold them: NULL after reading */
    const float *weight;           /* of each row, around 1; NULL when absent */
} rg_part;
bool rg_part_read(const char *path, rg_arena *arena, rg_part *ret, rg_err *err);
/* The list "classes" of rg_parts_write's info; one that does not count the classes is of other
 * data, and is not taken.  Copied into the arena. */
void rg_part_name_classes(rg_part *part, const json_t *names, rg_arena *arena);
/* The same part as a table: columns id, x1 to xN and, where it has labels, y (of a class its
 * number, from 0).  Numbers with as many digits as read back to the same float32. */
bool rg_part_write_csv(const char *path, const rg_part *part, rg_err *err);

/* ---- Scoring: the metrics that the lab knows; one table for validation and for the test set.
 */
typedef struct rg_predictions { /* of a classifier: probabilities; of a regressor: values */
    size_t rows, classes;       /* classes == 0: one number a row, a value or a score */
    const float *value;         /* (rows, classes) or (rows) */
    const int64_t *id;
    bool hard;                 /* labels were handed in: the named class has probability 1 */
    const uint32_t *likeliest; /* class of each row (of equal ones the first); NULL: found */
} rg_predictions;
/* The likeliest class of each row (of equal ones the first), for metrics that would each look for it:
 * ret has a place for every row. */
void rg_find_likeliest(const rg_predictions *predictions, uint32_t *ret);

/* What a metric takes, beside predictions of its task. */
typedef enum rg_metric_traits {
    RG_METRIC_LABELS = 1, /* hard labels will do */
    RG_METRIC_SCORES =
        2,               /* one score a row will do, where the data are two classes or ranked */
    RG_METRIC_PAIR = 4,  /* two classes only */
    RG_METRIC_RANKS = 8, /* ranks rows within their groups, by a score; both tasks */
    RG_METRIC_GAINS = 16, /* relevances must not be negative */
} rg_metric_traits;
#define RG_METRIC_K_MAX 1000
typedef struct rg_metric {
    const char *name;    /* "accuracy", "ndcg@10"; in the table "ndcg@k" */
    const char *aliases; /* other spellings, each between two spaces: " log_loss " */
    const char *title;
    bool maximize;
    rg_task task; /* RG_REGRESS where both will do: see rg_metric_fits */
    unsigned traits;
    double worst; /* what a failed run counts as; NaN where there is no finite worst value */
    /* One of the two is set; rows in one order.  score_at: of metrics with @k. */
    double (*score)(const rg_predictions *predictions, const rg_part *truth);
    double (*score_at)(const rg_predictions *predictions, const rg_part *truth, size_t k);
    size_t k; /* 0 in the table */
} rg_metric;
extern const rg_metric rg_metrics[]; /* ends with name == NULL; docs/data.md has the formulas */
/* By name or alias; "ndcg@10" has k = 10.  One metric is one pointer, whatever its spelling, and
 * lives as long as the program.  NULL when unknown, and for a k outside 1 .. RG_METRIC_K_MAX. */
const rg_metric *rg_metric_find(const char *name);
/* What to do about a name that rg_metric_find does not know: "did you mean 'rmse'?"; arena. */
const char *rg_metric_suggest(const char *name, rg_arena *arena);
bool rg_metric_fits(const rg_metric *metric, rg_task task);
/* Whether the metric can be computed: two classes, groups and relevances where it needs them,
 * probabilities where labels or scores do not do.  predictions: NULL to look at the data alone.
 * `where` names the one that is looked at. */
bool rg_metric_ready(const rg_metric *metric, const rg_predictions *predictions,
                     const rg_part *truth, const char *where, rg_err *err);
/* NaN where the score does not exist (docs/data.md says when), or is not ready. */
double rg_metric_score(const rg_metric *metric, const rg_predictions *predictions,
                       const rg_part *truth);
/* The area under the ROC curve: P(a positive example scores above a negative one), ties one
 * half (Hanley and McNeil 1982).  Infinite scores are fine; NaN: no positive or no negative
 * example, or a NaN among the scores. */
double rg_auc(const double *score, const bool *positive, size_t n);

/* An .npz file of id (n) int64 and value (n, classes) or (n) float32. */
bool rg_predictions_write(const char *path, const rg_predictions *predictions, rg_err *err);
/* Reads and matches by id: *ret is in the order of the truth, whatever the file's is.  What the
 * file is tells its content: .npz, or a table (CSV as above, gzip or not) with a column id and
 *   value                    numbers; where the data are classes: scores
 *   one column a class       probabilities; called as the classes or 0 .. classes - 1
 *   label, class_name or class_index
 *                            hard labels; `label` is either, where that is no question
 * Missing, duplicate and extra ids, values that are not finite and rows that are no
 * probabilities (outside [0, 1], or a sum off by more than 1e-3) are errors that name the ids.
 * Only a regular file is opened, no link, of at most rg_predictions_bytes_max(truth) bytes
 * (packed and unpacked): it may come from anywhere. */
bool rg_predictions_read(const char *path, const rg_part *truth, rg_arena *arena,
                         rg_predictions *ret, rg_err *err);
size_t rg_predictions_bytes_max(const rg_part *truth);
/* The same from bytes that the caller holds; they are copied. */
bool rg_predictions_parse(const char *data, size_t len, const char *where, const rg_part *truth,
                          rg_arena *arena, rg_predictions *ret, rg_err *err);

#endif
