/* dataset_join.c - two or three tables of one kind as one data set that knows which row is whose. */
#include "data/dataset.h"
#include "data/memory.h"

#include <string.h>

enum { FILES = 3 };

typedef struct joining {
    const char *const *paths;
    const rg_table *table[FILES]; /* NULL: not given */
    const rg_table *first;
    rg_table *all;
    rg_arena *arena;
    rg_err *err;
} joining;

static bool read_tables(joining *j)
{
    for (size_t f = 0; f < FILES; f++) {
        if (!j->paths[f])
            continue;
        j->table[f] = rg_csv_read(j->paths[f], RG_HEADER_GUESS, j->arena, j->err);
        if (!j->table[f])
            return false;
        j->first = j->first ? j->first : j->table[f];
        j->all->rows += j->table[f]->rows;
    }
    if (!j->first)
        RG_BUG("no table is given");
    return true;
}

static bool agree(const joining *j, size_t f)
{
    static const char remedy[] = "give tables with the same columns in the same order";
    const rg_table *table = j->table[f], *first = j->first;
    if (table->columns != first->columns)
        return rg_fail(j->err, RG_INPUT, j->paths[f], remedy, "%zu columns where %s has %zu",
                       table->columns, j->paths[0], first->columns);
    for (size_t c = 0; c < first->columns; c++) {
        const rg_column *a = &first->column[c], *b = &table->column[c];
        if (strcmp(a->name, b->name) != 0)
            return rg_fail(j->err, RG_INPUT, j->paths[f], remedy,
                           "column %zu is '%s', in %s it is '%s'", c + 1, b->name, j->paths[0],
                           a->name);
        if (a->kind != b->kind && a->missing < first->rows && b->missing < table->rows)
            return rg_fail(j->err, RG_INPUT, j->paths[f], remedy,
                           "the column '%s' holds %s, in %s it holds %s", a->name,
                           b->kind == RG_COLUMN_TEXT ? "texts" : "numbers", j->paths[0],
                           a->kind == RG_COLUMN_TEXT ? "texts" : "numbers");
    }
    return true;
}

/* A column without a value is of any kind. */
static bool join_column(const joining *j, size_t c)
{
    rg_column *to = &j->all->column[c];
    size_t row = 0, rows = j->all->rows;
    *to = (rg_column){.name = j->first->column[c].name};
    for (size_t f = 0; f < FILES; f++)
        if (j->table[f] && j->table[f]->column[c].missing < j->table[f]->rows)
            to->kind = j->table[f]->column[c].kind;
    if (to->kind == RG_COLUMN_TEXT)
        to->text = RG_DATA_ROOM(j->arena, const char *, rows, j->paths[0], j->err);
    else
        to->number = RG_DATA_ROOM(j->arena, double, rows, j->paths[0], j->err);
    for (size_t f = 0; f < FILES && (to->text || to->number); f++) {
        const rg_column *from = j->table[f] ? &j->table[f]->column[c] : NULL;
        for (size_t i = 0; from && i < j->table[f]->rows; i++, row++) {
            if (to->text)
                to->text[row] = from->text ? from->text[i] : NULL;
            else
                to->number[row] = from->number ? from->number[i] : (double)__builtin_nan("");
        }
        to->missing += from ? from->missing : 0;
    }
    return to->text || to->number;
}

static bool join_all(const joining *j, uint8_t *part)
{
    size_t row = 0;
    for (size_t f = 0; f < FILES; f++) {
        if (j->table[f] && !agree(j, f))
            return false;
        for (size_t i = 0; j->table[f] && i < j->table[f]->rows; i++, row++) {
            j->all->line[row] = j->table[f]->line[i];
            part[row] = (uint8_t)f;
        }
    }
    for (size_t c = 0; c < j->first->columns; c++)
        if (!join_column(j, c))
            return false;
    return true;
}

rg_dataset *rg_dataset_join(const char *const paths[3], const char *target, rg_arena *arena,
                            rg_err *err)
{
    joining j = {
        .paths = paths, .all = RG_ARENA_NEW(arena, rg_table), .arena = arena, .err = err};
    if (!read_tables(&j))
        return NULL;
    rg_dataset *data = RG_ARENA_NEW(arena, rg_dataset);
    j.all->columns = j.first->columns;
    j.all->column = RG_DATA_ROOM(arena, rg_column, j.all->columns, paths[0], err);
    j.all->line = RG_DATA_ROOM(arena, size_t, j.all->rows, paths[0], err);
    uint8_t *part = RG_DATA_ROOM(arena, uint8_t, j.all->rows, paths[0], err);
    if (!j.all->column || !j.all->line || !part || !join_all(&j, part))
        return NULL;
    data->name =
        rg_arena_printf(arena, "%s and %s", rg_path_base(paths[0]), rg_path_base(paths[2]));
    data->title = data->name;
    data->licence = data->origin = "";
    data->path = paths[0];
    data->part = part;
    return rg_dataset_take_table(data, j.all, target, arena, err) ? data : NULL;
}
