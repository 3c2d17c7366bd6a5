/* fuzz_csv.c - any bytes as a CSV file.
 *
 * Beyond memory errors: a failure must say what is wrong, and a table that was read, written
 * again with every cell quoted, must read as the same table. */
#include "rigor/data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

static void add_quoted(rg_str *out, const char *text)
{
    rg_str_add(out, "\"");
    for (; *text; text++)
        rg_str_add_n(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    rg_str_add(out, "\"");
}

static void add_cell(rg_str *out, const rg_column *column, size_t row)
{
    char number[32];
    if (column->kind == RG_COLUMN_TEXT) {
        add_quoted(out, column->text[row] ? column->text[row] : "");
    } else {
        snprintf(number, sizeof(number), "%.17g", column->number[row]);
        add_quoted(out, isnan(column->number[row]) ? "" : number);
    }
}

static void write_table(const rg_table *table, rg_str *out)
{
    for (size_t c = 0; c < table->columns; c++) {
        rg_str_add(out, c ? "," : "");
        add_quoted(out, table->column[c].name);
    }
    for (size_t r = 0; r < table->rows; r++) {
        rg_str_add(out, "\n");
        for (size_t c = 0; c < table->columns; c++) {
            rg_str_add(out, c ? "," : "");
            add_cell(out, &table->column[c], r);
        }
    }
}

static void same_column(const rg_column *a, const rg_column *b, size_t rows)
{
    REQUIRE(!strcmp(a->name, b->name));
    REQUIRE(a->kind == b->kind && a->missing == b->missing);
    for (size_t r = 0; r < rows; r++) {
        if (a->kind == RG_COLUMN_NUMBER)
            REQUIRE(a->number[r] == b->number[r] ||
                    (isnan(a->number[r]) && isnan(b->number[r])));
        else
            REQUIRE(a->text[r] && b->text[r] ? !strcmp(a->text[r], b->text[r])
                                             : a->text[r] == b->text[r]);
    }
}

static void round_trip(const rg_table *table, rg_arena *arena)
{
    rg_str text = {0};
    write_table(table, &text);
    rg_err err = {0};
    rg_table *again =
        rg_csv_parse(rg_str_text(&text), text.len, "again", RG_HEADER_YES, arena, &err);
    if (!again)
        fprintf(stderr, "%s: %s\n", err.where, err.what);
    REQUIRE(again && again->rows == table->rows && again->columns == table->columns);
    for (size_t c = 0; c < table->columns; c++)
        same_column(&table->column[c], &again->column[c], table->rows);
    rg_str_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const rg_header headers[] = {RG_HEADER_GUESS, RG_HEADER_YES, RG_HEADER_NO};
    for (size_t i = 0; i < RG_COUNT(headers); i++) {
        rg_arena *arena = rg_arena_new();
        rg_err err = {0};
        rg_table *table =
            rg_csv_parse((const char *)data, size, "input.csv", headers[i], arena, &err);
        if (table) {
            REQUIRE(err.code == RG_OK && table->rows > 0 && table->columns > 0);
            for (size_t r = 1; r < table->rows; r++)
                REQUIRE(table->line[r] > table->line[r - 1]);
            round_trip(table, arena);
        } else {
            REQUIRE(err.code == RG_INPUT && *err.what && *err.where);
        }
        rg_arena_free(arena);
    }
    return 0;
}
