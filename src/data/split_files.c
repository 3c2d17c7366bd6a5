/* split_files.c - index files: one row number a line, from 0; blank lines do not count. */
#include "data/memory.h"
#include "data/split.h"

#include <stdio.h>
#include <string.h>

#define INDEX_BYTES_MAX ((size_t)1 << 30)

typedef struct owner { /* where a row was listed */
    uint32_t line;     /* 0: nowhere yet */
    uint8_t part;
} owner;

typedef struct listing {
    const rg_dataset *data;
    const char *const *files;
    owner *owners; /* rows */
    rg_err *err;
} listing;

typedef RG_VEC(uint32_t) rows;

static bool add_row(const listing *l, uint8_t part, uint32_t line, char *text, rows *ret)
{
    char place[160];
    int64_t row;
    rg_data_where(place, l->files[part], line);
    if (!rg_text_int(text, &row))
        return rg_fail(l->err, RG_INPUT, place, "write one row number a line, from 0",
                       "'%.40s' is no row number", text);
    if (row < 0 || (uint64_t)row >= l->data->rows)
        return rg_fail(l->err, RG_INPUT, place, "rows are counted from 0, without the header",
                       "row %lld does not exist: '%s' has the rows 0 to %zu", (long long)row,
                       l->data->name, l->data->rows - 1);
    owner *o = &l->owners[row];
    if (o->line)
        return rg_fail(l->err, RG_INPUT, place, "list every row once, in one part",
                       "row %lld is listed here and in %s:%u", (long long)row,
                       l->files[o->part], o->line);
    *o = (owner){line, part};
    rg_vec_push(ret, (uint32_t)row);
    return true;
}

static char *trimmed(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t\r", text[len - 1]))
        text[--len] = 0;
    return text + strspn(text, " \t");
}

static bool read_lines(const listing *l, uint8_t part, char *text, rows *ret)
{
    uint32_t line = 0;
    for (char *next; text; text = next) {
        next = strchr(text, '\n');
        if (next)
            *next++ = 0;
        line++;
        char *number = trimmed(text);
        if (*number && !add_row(l, part, line, number, ret))
            return false;
    }
    return true;
}

static bool read_file(const listing *l, uint8_t part, rg_arena *arena, uint32_t **ret,
                      size_t *ret_n)
{
    char *text = NULL;
    size_t len = 0;
    if (!rg_file_read(l->files[part], INDEX_BYTES_MAX, &text, &len, l->err))
        return false;
    rows list = {0};
    bool good = read_lines(l, part, text, &list);
    rg_free(text);
    rg_arena_defer(arena, rg_free, list.at);
    *ret = list.at;
    *ret_n = list.len;
    return good;
}

bool rg_split_files(const rg_dataset *data, const char *const files[3], rg_arena *arena,
                    uint32_t *ret[3], size_t ret_n[3], rg_err *err)
{
    listing l = {data, files, rg_try_alloc(data->rows * sizeof(owner)), err};
    if (!l.owners)
        return rg_fail(err, RG_INTERNAL, data->name, NULL, "there is no memory for %zu rows",
                       data->rows);
    bool good = true;
    for (uint8_t p = 0; good && p < 3; p++)
        good = !files[p] || read_file(&l, p, arena, &ret[p], &ret_n[p]);
    rg_free(l.owners);
    return good;
}
