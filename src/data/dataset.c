/* dataset.c - a data set by its name or the path of its file: features, target, hash. */
#include "data/dataset.h"
#include "data/csv.h"
#include "data/memory.h"
#include "data/npy.h"
#include "data/registry.h"
#include "data/target.h"

#include <math.h>
#include <string.h>

typedef struct loading {
    const rg_data_source *source; /* NULL for a file of the user's */
    const char *path, *target;
    rg_arena *arena;
    rg_dataset *data;
    rg_err *err;
} loading;

/* ---- Tables */

static rg_column *target_column(const loading *l, const rg_table *table)
{
    if (!l->target)
        return &table->column[table->columns - 1];
    rg_column *column = rg_table_column(table, l->target);
    if (column)
        return column;
    const char **names = RG_NEW_ARRAY(const char *, table->columns);
    for (size_t c = 0; c < table->columns; c++)
        names[c] = table->column[c].name;
    const char *near = rg_text_nearest(l->target, names, table->columns);
    rg_fail(l->err, RG_INPUT, l->path, "set data.target to a column of the file",
            "there is no column '%s'%s%s%s", l->target, near ? "; did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    rg_free(names);
    return NULL;
}

static bool finite_column(const loading *l, const rg_table *table, const rg_column *column)
{
    for (size_t r = 0; column->kind == RG_COLUMN_NUMBER && r < table->rows; r++) {
        if (!isinf(column->number[r]))
            continue;
        char place[160];
        return rg_fail(l->err, RG_INPUT, rg_data_where(place, l->path, table->line[r]),
                       "leave the cell empty when the value is unknown",
                       "the column '%s' is infinite", column->name);
    }
    return true;
}

/* The table without its target. */
static bool features_take(const loading *l, const rg_table *table, const rg_column *target)
{
    if (table->columns < 2)
        return rg_fail(l->err, RG_INPUT, l->path, "check the delimiter",
                       "the file has one column: a target and no features");
    rg_table *features = RG_ARENA_NEW(l->arena, rg_table);
    *features = *table;
    features->columns = 0;
    features->column = RG_ARENA_ARRAY(l->arena, rg_column, table->columns - 1);
    for (size_t c = 0; c < table->columns; c++) {
        if (&table->column[c] == target)
            continue;
        if (!finite_column(l, table, &table->column[c]))
            return false;
        features->column[features->columns++] = table->column[c];
    }
    l->data->table = features;
    l->data->features = features->columns;
    l->data->rows = features->rows;
    return true;
}

static bool table_take(const loading *l, const rg_table *table)
{
    rg_column *column = target_column(l, table);
    if (!column || !features_take(l, table, column))
        return false;
    rg_target target = {
        .name = column->name,
        .where = l->path,
        .number = column->number,
        .text = column->text,
        .line = table->line,
        .rows = table->rows,
        .source = l->source,
    };
    return rg_target_settle(&target, l->arena, l->data, l->err);
}

static bool load_csv(const loading *l, const rg_data_bytes *bytes)
{
    rg_header header = l->source ? l->source->header : RG_HEADER_GUESS;
    rg_table *table = rg_csv_take(bytes->at, bytes->len, l->path, header, l->arena, l->err);
    return table && table_take(l, table);
}

bool rg_dataset_take_table(rg_dataset *data, const rg_table *table, const char *target,
                           rg_arena *arena, rg_err *err)
{
    return table_take(&(loading){NULL, data->path, target, arena, data, err}, table);
}

/* ---- Arrays */

#define CAST(name, type, to_type) \
    static void name(const void *from, to_type *to, size_t n) \
    { \
        const type *in = from; \
        for (size_t i = 0; i < n; i++) \
            to[i] = (to_type)in[i]; \
    }
CAST(float_of_f32, float, float)
CAST(float_of_f64, double, float)
CAST(float_of_i32, int32_t, float)
CAST(float_of_i64, int64_t, float)
CAST(float_of_u8, uint8_t, float)
CAST(double_of_f32, float, double)
CAST(double_of_f64, double, double)
CAST(double_of_i32, int32_t, double)
CAST(double_of_i64, int64_t, double)
CAST(double_of_u8, uint8_t, double)

/* Indexed by rg_array_type. */
static void (*const to_float[])(const void *, float *, size_t) = {
    float_of_f32, float_of_f64, float_of_i32, float_of_i64, float_of_u8};
static void (*const to_double[])(const void *, double *, size_t) = {
    double_of_f32, double_of_f64, double_of_i32, double_of_i64, double_of_u8};

void rg_array_doubles(const rg_array *array, double *ret)
{
    to_double[array->type](array->data, ret, rg_array_count(array));
}

static const rg_array *array_named(const loading *l, const rg_arrays *arrays, const char *name)
{
    const rg_array *array = rg_arrays_find(arrays, name);
    if (!array)
        rg_fail(l->err, RG_INPUT, l->path,
                "write it with numpy.savez(path, x=features, y=targets)",
                "the archive has no array '%s'", name);
    return array;
}

static bool shapes_agree(const loading *l, const rg_array *x, const rg_array *y)
{
    bool vector = y->rank == 1 || (y->rank == 2 && y->dim[1] == 1);
    if (x->rank < 1 || !vector || x->dim[0] != y->dim[0])
        return rg_fail(l->err, RG_INPUT, l->path,
                       "give x the shape (rows, features) and y the shape (rows)",
                       "the shapes of x and %s do not belong together", y->name);
    if (rg_array_count(x) == 0)
        return rg_fail(l->err, RG_INPUT, l->path, "give at least one row and one feature",
                       "the array x is empty");
    return true;
}

static bool matrix_take(const loading *l, const rg_array *x)
{
    size_t count = rg_array_count(x);
    float *values = RG_DATA_ROOM(l->arena, float, count, l->path, l->err);
    if (!values)
        return false;
    to_float[x->type](x->data, values, count);
    size_t rows = (size_t)x->dim[0], features = count / rows;
    for (size_t i = 0; i < count; i++)
        if (isinf(values[i]))
            return rg_fail(l->err, RG_INPUT, l->path, "use NaN where a value is unknown",
                           "x is infinite as a single-precision number in row %zu, column %zu",
                           i / features, i % features);
    l->data->x = values;
    l->data->rows = rows;
    l->data->features = features;
    return true;
}

static bool load_npz(const loading *l, const rg_data_bytes *bytes)
{
    rg_arrays *arrays = RG_ARENA_NEW(l->arena, rg_arrays);
    if (!rg_npz_parse(bytes->at, bytes->len, l->path, l->arena, arrays, l->err))
        return false;
    l->data->arrays = arrays;
    const rg_array *x = array_named(l, arrays, "x");
    const rg_array *y = array_named(l, arrays, l->target ? l->target : "y");
    if (!x || !y || !shapes_agree(l, x, y) || !matrix_take(l, x))
        return false;
    double *values = RG_DATA_ROOM(l->arena, double, l->data->rows, l->path, l->err);
    if (!values)
        return false;
    rg_array_doubles(y, values);
    rg_target target = {
        .name = y->name,
        .where = l->path,
        .number = values,
        .rows = l->data->rows,
        .source = l->source,
    };
    return rg_target_settle(&target, l->arena, l->data, l->err);
}

/* ---- The file */

static const struct {
    const char *ending;
    bool (*load)(const loading *l, const rg_data_bytes *bytes);
} formats[] = {
    {".csv", load_csv},    {".csv.gz", load_csv}, {".tsv", load_csv},
    {".tsv.gz", load_csv}, {".npz", load_npz},
};

static bool checksum_holds(const loading *l)
{
    const char *hash = l->data->hash;
    if (!l->source || !strcmp(hash, l->source->sha256))
        return true;
    return rg_fail(
        l->err, RG_INPUT, l->path,
        "restore the file; to use your own version, give its path instead of the name",
        "the file is not the data set '%s': its SHA-256 is %.12s..., not %.12s...",
        l->source->name, hash, l->source->sha256);
}

static bool load_file(const loading *l)
{
    for (size_t i = 0; i < RG_COUNT(formats); i++) {
        if (!rg_text_ends(l->path, formats[i].ending))
            continue;
        rg_data_bytes bytes;
        if (!rg_data_file(l->path, RG_CSV_BYTES_MAX, l->arena, &bytes, l->data->hash, l->err) ||
            !checksum_holds(l))
            return false;
        return formats[i].load(l, &bytes);
    }
    return rg_fail(l->err, RG_INPUT, l->path,
                   "give a .csv, .csv.gz, .tsv or .npz file (arrays x and y)",
                   "the format of the file is not known by its name");
}

static const char *user_path(const char *name, const char *base_dir, rg_arena *arena,
                             rg_err *err)
{
    const char *path = *name == '/' || !base_dir ? rg_arena_strdup(arena, name)
                                                 : rg_path_join(arena, base_dir, name);
    if (rg_file_exists(path))
        return path;
    const char *near = rg_data_source_nearest(name);
    rg_fail(err, RG_INPUT, name,
            "`rigor data` lists the names; a path is relative to the study",
            "no data set has this name and there is no such file%s%s%s",
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return NULL;
}

rg_dataset *rg_dataset_load(const char *name, const char *target, const char *base_dir,
                            rg_arena *arena, rg_err *err)
{
    const rg_data_source *source = rg_data_source_find(name);
    const char *path = source ? rg_data_source_path(source, arena, err)
                              : user_path(name, base_dir, arena, err);
    if (!path)
        return NULL;
    rg_dataset *data = RG_ARENA_NEW(arena, rg_dataset);
    data->name = source ? source->name : rg_arena_strdup(arena, rg_path_base(name));
    data->title = source ? source->title : data->name;
    data->licence = source ? source->licence : "";
    data->origin = source ? source->origin : "";
    data->path = path;
    if (!target && source)
        target = source->target;
    loading l = {source, path, target, arena, data, err};
    return load_file(&l) ? data : NULL;
}

/* ---- Features one by one */

double rg_dataset_number(const rg_dataset *data, size_t row, size_t column)
{
    return data->table ? data->table->column[column].number[row]
                       : data->x[row * data->features + column];
}

const char *const *rg_dataset_texts(const rg_dataset *data, size_t column)
{
    return data->table ? data->table->column[column].text : NULL;
}

const char *rg_dataset_column_name(const rg_dataset *data, size_t column, rg_arena *arena)
{
    return data->table ? data->table->column[column].name
                       : rg_arena_printf(arena, "x%zu", column);
}
