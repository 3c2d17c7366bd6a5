/* compare_prediction_table.c - any file of predictions as a table: arrays become columns. */
#include "lab/report/compare_predictions.h"

#include "data/csv.h"
#include "data/memory.h"
#include "data/npy.h"

#include <stdio.h>
#include <string.h>

static double element(const rg_array *array, size_t i)
{
    switch (array->type) {
    case RG_ARRAY_F32: return (double)((const float *)array->data)[i];
    case RG_ARRAY_F64: return ((const double *)array->data)[i];
    case RG_ARRAY_I32: return ((const int32_t *)array->data)[i];
    case RG_ARRAY_I64: return (double)((const int64_t *)array->data)[i];
    case RG_ARRAY_U8: return ((const uint8_t *)array->data)[i];
    }
    return 0;
}

static size_t rows_of(const rg_arrays *arrays)
{
    size_t rows = 0;
    for (size_t i = 0; i < arrays->count; i++)
        if (arrays->at[i].rank > 0 && (size_t)arrays->at[i].dim[0] > rows)
            rows = (size_t)arrays->at[i].dim[0];
    return rows;
}

/* Lists are columns of their name, the columns of a matrix have only places. */
static bool add_array(rg_table *table, const rg_array *array, const char *where,
                      rg_arena *arena, rg_err *err)
{
    size_t width = array->rank == 2 ? (size_t)array->dim[1] : 1;
    if (width > RG_CSV_COLUMNS_MAX - table->columns)
        return rg_fail(err, RG_INPUT, where, "give one column for each class",
                       "the array has %zu columns", width);
    for (size_t c = 0; c < width; c++) {
        rg_column *column = &table->column[table->columns++];
        bool named = array->rank == 1 && array->name;
        column->name = named ? array->name : rg_arena_printf(arena, "c%zu", table->columns);
        column->kind = RG_COLUMN_NUMBER;
        column->number = RG_DATA_ROOM(arena, double, table->rows, where, err);
        if (!column->number)
            return false;
        for (size_t row = 0; row < table->rows; row++)
            column->number[row] = element(array, row * width + c);
    }
    return true;
}

static rg_table *table_of(const rg_arrays *arrays, const char *where, rg_arena *arena,
                          rg_err *err)
{
    rg_table *table = RG_ARENA_NEW(arena, rg_table);
    table->rows = rows_of(arrays);
    table->line = RG_DATA_ROOM(arena, size_t, table->rows, where, err);
    table->column = RG_DATA_ROOM(arena, rg_column, RG_CSV_COLUMNS_MAX, where, err);
    if (!table->line || !table->column)
        return NULL;
    for (size_t row = 0; row < table->rows; row++)
        table->line[row] = row; /* arrays have rows from 0, not lines */
    for (size_t i = 0; i < arrays->count; i++) {
        const rg_array *a = &arrays->at[i];
        bool fits = (a->rank == 1 || a->rank == 2) && (size_t)a->dim[0] == table->rows;
        if (fits && !add_array(table, a, where, arena, err))
            return NULL;
    }
    if (table->columns > 0 && table->rows > 0)
        return table;
    rg_fail(err, RG_INPUT, where, "give an array with a row for each example",
            "there is no list and no matrix in this file");
    return NULL;
}

static rg_table *read_npy(const rg_data_bytes *bytes, const char *where, rg_arena *arena,
                          rg_err *err)
{
    rg_array array;
    rg_arrays arrays = {1, &array};
    if (!rg_npy_parse(bytes->at, bytes->len, where, arena, &array, err))
        return NULL;
    array.name = "value";
    return table_of(&arrays, where, arena, err);
}

rg_table *rg_prediction_table(const rg_result_source *source, rg_arena *arena, rg_err *err)
{
    const char *where = rg_result_source_name(source);
    rg_data_bytes bytes;
    rg_arrays arrays;
    if (!rg_result_bytes(source, arena, &bytes, err))
        return NULL;
    if (bytes.len >= 6 && !memcmp(bytes.at, "\x93NUMPY", 6))
        return read_npy(&bytes, where, arena, err);
    if (bytes.len >= 4 && !memcmp(bytes.at, "PK\x03\x04", 4))
        return rg_npz_parse(bytes.at, bytes.len, where, arena, &arrays, err)
                   ? table_of(&arrays, where, arena, err)
                   : NULL;
    return rg_result_text_table(&bytes, where, RG_HEADER_GUESS, arena, err);
}
