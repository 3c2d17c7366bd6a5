/* compare_table.c - from the bytes of a file of results to a table (see compare_table.h). */
#include "lab/report/compare_table.h"

#include "data/csv.h"
#include "data/memory.h"

#include <string.h>
#include <sys/stat.h>

/* Files that people hand in for the text that they meant. */
static const struct {
    const char *magic;
    size_t len;
    const char *what, *remedy;
} strangers[] = {
    {"\xff\xfe", 2, "the file is UTF-16 text",
     "save it as UTF-8 (iconv -f UTF-16 -t UTF-8 FILE > NEW)"},
    {"\xfe\xff", 2, "the file is UTF-16 text",
     "save it as UTF-8 (iconv -f UTF-16 -t UTF-8 FILE > NEW)"},
    {"PK\x03\x04", 4, "the file is a spreadsheet or a zip archive, no text",
     "export the sheet as CSV, or unpack the archive"},
    {"PAR1", 4, "the file is a Parquet table, no text", "write it as CSV (DataFrame.to_csv)"},
    {"\x93NUMPY", 6, "the file is a NumPy array, no table of results",
     "write it as CSV with a line of names (or give predictions with --predictions)"},
    {"\x89HDF", 4, "the file is HDF5, no text", "write the table as CSV (DataFrame.to_csv)"},
    {"SQLite format 3", 15, "the file is an SQLite database, no text",
     "export the table as CSV (sqlite3 -header -csv FILE 'select ...')"},
    {"\x80\x04", 2, "the file is a Python pickle, no text",
     "write the table as CSV (DataFrame.to_csv)"},
    {"%PDF", 4, "the file is a PDF document", "give the table as CSV"},
};

static bool is_text(const rg_data_bytes *bytes, const char *where, rg_err *err)
{
    for (size_t i = 0; i < RG_COUNT(strangers); i++)
        if (bytes->len >= strangers[i].len &&
            !memcmp(bytes->at, strangers[i].magic, strangers[i].len))
            return rg_fail(err, RG_INPUT, where, strangers[i].remedy, "%s", strangers[i].what);
    return rg_csv_check_bytes(bytes->at, bytes->len, where, err);
}

bool rg_result_bytes(const rg_result_source *source, rg_arena *arena, rg_data_bytes *ret,
                     rg_err *err)
{
    bool standard_input = strcmp(source->path, "-") == 0;
    if (!source->text)
        return rg_data_file(standard_input ? "/dev/stdin" : source->path, RG_CSV_BYTES_MAX,
                            arena, ret, NULL, err);
    ret->at = rg_data_room(arena, source->len + 1, 1, source->path, err);
    ret->len = source->len;
    if (ret->at)
        memcpy(ret->at, source->text, source->len);
    return ret->at != NULL;
}

const char *rg_result_source_name(const rg_result_source *source)
{
    return strcmp(source->path, "-") == 0 ? "standard input" : source->path;
}

rg_table *rg_result_text_table(const rg_data_bytes *bytes, const char *where, rg_header header,
                               rg_arena *arena, rg_err *err)
{
    if (!is_text(bytes, where, err))
        return NULL;
    size_t mark = bytes->len >= 3 && !memcmp(bytes->at, "\xef\xbb\xbf", 3) ? 3 : 0;
    size_t first = mark + strspn(bytes->at + mark, " \t\r\n");
    if (bytes->at[first] == '{' || bytes->at[first] == '[')
        return rg_json_table(bytes->at + mark, bytes->len - mark, where, arena, err);
    return rg_csv_take(bytes->at, bytes->len, where, header, arena, err);
}

rg_table *rg_result_table(const rg_result_source *source, rg_arena *arena, rg_err *err)
{
    const char *where = rg_result_source_name(source);
    rg_data_bytes bytes;
    if (!rg_result_bytes(source, arena, &bytes, err))
        return NULL;
    return rg_result_text_table(&bytes, where, RG_HEADER_YES, arena, err);
}

/* Device and file say what a path is, however it is spelled. */
static bool is_same_file(const rg_result_source *a, const rg_result_source *b)
{
    struct stat x, y;
    if (a->text || b->text)
        return false;
    if (strcmp(a->path, b->path) == 0)
        return true;
    return stat(a->path, &x) == 0 && stat(b->path, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

bool rg_result_sources_differ(const rg_result_source *sources, size_t n, rg_err *err)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (is_same_file(&sources[i], &sources[k]))
                return rg_fail(err, RG_INPUT, rg_result_source_name(&sources[i]),
                               "give each file once", "the same file is given twice");
    return true;
}

const char **rg_result_file_names(const rg_result_source *sources, size_t n, rg_arena *arena)
{
    const char **names = RG_ARENA_ARRAY(arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *path = rg_result_source_name(&sources[i]), *start = rg_path_base(path);
        size_t same = 0;
        for (size_t k = 0; k < n; k++)
            same += strcmp(start, rg_path_base(sources[k].path)) == 0;
        if (same > 1)
            start = path;
        const char *base = rg_path_base(start), *dot = strchr(base + (*base == '.'), '.');
        names[i] = rg_arena_strndup(arena, start, dot ? (size_t)(dot - start) : strlen(start));
    }
    return names;
}
