/* registry.c - the data sets that are known by name, and where their files lie. */
#include "data/registry.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const rg_data_source rg_data_sources[] = {
    {
        .name = "digits",
        .title = "Optical recognition of handwritten digits: 8x8 images, values 0 to 16",
        .file = "digits.csv.gz",
        .licence = "CC BY 4.0",
        .origin = "E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, 1998, "
                  "https://doi.org/10.24432/C50P49",
        .sha256 = "46abec6b12486ad9e51943373abcf22bbea1b5a51a1619b361570d8893f1464a",
        .target = NULL,
        .task = RG_CLASSIFY,
        .header = RG_HEADER_NO,
        .rows = 1797,
    },
    {0},
};

const rg_data_source *rg_data_source_find(const char *name)
{
    for (const rg_data_source *source = rg_data_sources; source->name; source++)
        if (!strcmp(source->name, name))
            return source;
    return NULL;
}

/* PREFIX/share/rigor/data of a program that runs as PREFIX/bin/rigor: an installation may be
 * moved, or be made with another prefix than it was built for. */
static const char *beside_program(rg_arena *arena)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[n > 0 ? n : 0] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(path, '/');
        if (!slash)
            return NULL;
        *slash = '\0';
    }
    return rg_path_join(arena, path, "share/rigor/data");
}

const char *rg_data_source_path(const rg_data_source *source, rg_arena *arena, rg_err *err)
{
    const char *const folders[] = {
        getenv("RIGOR_DATA"),
        beside_program(arena),
#ifdef RIGOR_SOURCE_DIR
        RIGOR_SOURCE_DIR "/data",
#endif
#ifdef RIGOR_DATA_DIR
        RIGOR_DATA_DIR,
#endif
    };
    rg_str looked = {0};
    for (size_t i = 0; i < RG_COUNT(folders); i++) {
        if (!folders[i] || !*folders[i])
            continue;
        const char *path = rg_path_join(arena, folders[i], source->file);
        if (rg_file_exists(path)) {
            rg_str_free(&looked);
            return path;
        }
        rg_str_printf(&looked, "%s%s", looked.len ? ", " : "", folders[i]);
    }
    rg_fail(err, RG_INPUT, source->name,
            "set RIGOR_DATA to the folder that holds the data sets which ship with the program",
            "the file %s of this data set was not found (looked in: %s)", source->file,
            rg_str_text(&looked));
    rg_str_free(&looked);
    return NULL;
}

const char *rg_data_source_nearest(const char *name)
{
    const char *names[RG_COUNT(rg_data_sources)];
    size_t n = 0;
    for (const rg_data_source *source = rg_data_sources; source->name; source++)
        names[n++] = source->name;
    return rg_text_nearest(name, names, n);
}
