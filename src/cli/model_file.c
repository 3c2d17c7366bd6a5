/* model_file.c - where a study finds a model of the user's own. */
#include "cli/model_file.h"

#include <string.h>

static bool take(const json_t *record, const char *file, rg_arena *arena, rg_catalog_file *ret,
                 rg_err *err)
{
    const json_t *model = json_object_get(record, "model");
    const rg_param *params = rg_param_table(json_object_get(model, "parameters"), arena, err);
    if (!params)
        return false;
    *ret = (rg_catalog_file){
        .model = {.name = rg_arena_strdup(arena, rg_json_text(model, "name", "")),
                  .help = rg_arena_strdup(arena, rg_json_text(model, "title", "")),
                  .params = params,
                  .file = rg_arena_strdup(arena, file),
                  .sha256 = rg_arena_strdup(arena, rg_json_text(record, "sha256", ""))},
        .record = json_incref((json_t *)(uintptr_t)record)};
    return true;
}

static bool read_source(const char *path, char **ret, size_t *ret_len, rg_err *err)
{
    if (!rg_file_read(path, MODEL_FILE_MAX, ret, ret_len, err))
        return false;
    if (!memchr(*ret, '\0', *ret_len) && rg_utf8_valid(*ret, *ret_len))
        return true;
    rg_free(*ret);
    return rg_fail(err, RG_INPUT, path, "save it as UTF-8", "this is no text");
}

bool model_file_open(void *ctx, const char *dir, const char *file, rg_arena *arena,
                     rg_catalog_file *ret, rg_err *err)
{
    char *source, sha[RG_HEX];
    size_t len;
    (void)ctx;
    const char *path = *file == '/' ? file : rg_path_join(arena, dir, file);
    if (!read_source(path, &source, &len, err))
        return false;
    rg_sha_of(source, len, sha);
    const char *library = model_compile(source, len, file, arena, err);
    json_t *model = library ? model_describe(library, file, err) : NULL;
    json_t *record =
        model ? json_pack("{s:s, s:s, s:o}", "sha256", sha, "source", source, "model", model)
              : NULL;
    bool ok = record && take(record, file, arena, ret, err);
    json_decref(record);
    rg_free(source);
    return ok;
}

bool model_file_recorded(void *ctx, const char *dir, const char *file, rg_arena *arena,
                         rg_catalog_file *ret, rg_err *err)
{
    (void)dir;
    const json_t *record = json_object_get(ctx, file);
    if (!record)
        return rg_fail(err, RG_INPUT, file, "use the version of rigor that wrote it",
                       "the ledger does not hold the model's source");
    return take(record, file, arena, ret, err);
}
