/* err.c - errors and lists of mistakes: what is wrong, where, and what to do. */
#include "rigor/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIAGS_MAX 100

static void copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
    rg_utf8_repair(to);
}

bool rg_fail(rg_err *err, rg_code code, const char *where, const char *remedy, const char *fmt,
             ...)
{
    if (!err || err->code != RG_OK)
        return false;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->what, sizeof(err->what), fmt, args);
    va_end(args);
    rg_utf8_repair(err->what);
    copy_text(err->where, sizeof(err->where), where);
    copy_text(err->remedy, sizeof(err->remedy), remedy);
    err->code = code;
    return false;
}

static void print_mistake(const char *where, const char *what, const char *remedy)
{
    fprintf(stderr, "rigor: %s%s%s\n", where, *where ? ": " : "", what);
    if (*remedy)
        fprintf(stderr, "  -> %s\n", remedy);
}

void rg_err_print(const rg_err *err)
{
    print_mistake(err->where, err->what, err->remedy);
}

void rg_bug(const char *file, int line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "rigor: internal fault at %s:%d: ", file, line);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}

void rg_diags_add(rg_diags *diags, int line, int column, const char *remedy, const char *fmt,
                  ...)
{
    diags->total++;
    if (diags->len == DIAGS_MAX)
        return;
    va_list args;
    rg_str what = {0};
    va_start(args, fmt);
    rg_str_vprintf(&what, fmt, args);
    va_end(args);
    if (what.data)
        rg_utf8_repair(what.data);
    diags->at = rg_vec_grow_(diags->at, &diags->cap, diags->len + 1, sizeof(rg_diag));
    diags->at[diags->len++] =
        (rg_diag){line, column, rg_arena_strdup(diags->arena, rg_str_text(&what)),
                  rg_arena_strdup(diags->arena, remedy ? remedy : "")};
    rg_str_free(&what);
}

/* Stable, so that mistakes of one place keep the order in which they were found. */
void rg_diags_sort(rg_diags *diags)
{
    for (size_t i = 1; i < diags->len; i++) {
        rg_diag d = diags->at[i];
        size_t k = i;
        for (; k > 0; k--) {
            const rg_diag *before = &diags->at[k - 1];
            if (before->line < d.line || (before->line == d.line && before->column <= d.column))
                break;
            diags->at[k] = *before;
        }
        diags->at[k] = d;
    }
}

void rg_diags_print(const rg_diags *diags)
{
    for (size_t i = 0; i < diags->len; i++) {
        const rg_diag *d = &diags->at[i];
        char where[512];
        if (d->line)
            snprintf(where, sizeof(where), "%s:%d:%d", diags->file, d->line, d->column);
        else
            copy_text(where, sizeof(where), diags->file);
        print_mistake(where, d->what, d->remedy);
    }
    if (diags->total > diags->len)
        fprintf(stderr, "rigor: %zu more mistakes in %s\n", diags->total - diags->len,
                diags->file);
}

json_t *rg_diags_json(const rg_diags *diags)
{
    json_t *list = json_array();
    for (size_t i = 0; i < diags->len; i++) {
        const rg_diag *d = &diags->at[i];
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:s, s:s}", "file", diags->file,
                                              "line", d->line, "column", d->column, "what",
                                              d->what, "remedy", d->remedy));
    }
    return list;
}
