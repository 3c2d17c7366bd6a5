/* bundle_check.c - opens an archive and holds it against its manifest (see bundle.h). */
#include "lab/report/archive.h"
#include "lab/report/bundle.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MANIFEST_MAX ((size_t)256 << 20)

static json_t *read_manifest(const bundle *b, const char *path, rg_err *err)
{
    const char *file = rg_path_join(b->arena, b->dir, BUNDLE_MANIFEST);
    char *text;
    size_t len;
    if (!rg_file_exists(file)) {
        rg_fail(err, RG_INPUT, path, "rigor bundle makes one",
                "this archive is no bundle: it has no " BUNDLE_MANIFEST);
        return NULL;
    }
    if (!rg_file_read(file, MANIFEST_MAX, &text, &len, err))
        return NULL;
    json_t *manifest = rg_json_parse(text, len, BUNDLE_MANIFEST, err);
    rg_free(text);
    return manifest;
}

bool bundle_open(const char *path, bundle *ret, rg_err *err)
{
    bundle b = {.arena = rg_arena_new()};
    b.dir = rg_dir_scratch(b.arena, "verify", err);
    bool ok = b.dir && archive_unpack(path, b.dir, b.arena, &b.names, &b.n_names, err) &&
              (b.manifest = read_manifest(&b, path, err)) != NULL;
    if (ok)
        *ret = b;
    else
        bundle_close(&b);
    return ok;
}

void bundle_close(bundle *b)
{
    if (b->dir)
        rg_dir_scratch_end(b->dir);
    json_decref(b->manifest);
    rg_arena_free(b->arena);
}

/* ---- Members */

static void complain(rg_str *wrong, const char *name, const char *what)
{
    rg_str_printf(wrong, "%s%s %s", wrong->len ? "; " : "", name, what);
}

static void check_member(const bundle *b, const json_t *member, rg_map *known, rg_str *wrong)
{
    const char *name = rg_json_text(member, "name", "");
    char hex[RG_HEX];
    struct stat info;
    rg_err unread = {0};
    if (!rg_path_is_inside(name) || strcmp(name, BUNDLE_MANIFEST) == 0) {
        complain(wrong, name, "cannot be a member");
        return;
    }
    rg_map_set(known, name, known);
    const char *path = rg_path_join(b->arena, b->dir, name);
    if (stat(path, &info) != 0 || !rg_sha_file(path, hex, &unread))
        complain(wrong, name, "is missing");
    else if (strcmp(hex, rg_json_text(member, "sha256", "")) != 0 ||
             info.st_size != json_integer_value(json_object_get(member, "bytes")))
        complain(wrong, name, "is not what the manifest says");
}

void bundle_check_members(const bundle *b, rg_str *wrong)
{
    rg_map *known = rg_map_new();
    size_t i;
    json_t *member;
    json_array_foreach (json_object_get(b->manifest, "members"), i, member)
        check_member(b, member, known, wrong);
    for (i = 0; i < b->n_names; i++)
        if (strcmp(b->names[i], BUNDLE_MANIFEST) != 0 && !rg_map_get(known, b->names[i]))
            complain(wrong, b->names[i], "is not in the manifest");
    rg_map_free(known);
}

/* ---- What follows from the ledger */

static bool check_manifest(const bundle *b, rg_ledger *ledger, rg_str *wrong, rg_err *err)
{
    const char **names = RG_ARENA_ARRAY(b->arena, const char *, b->n_names + 1);
    const char **paths = RG_ARENA_ARRAY(b->arena, const char *, b->n_names + 1);
    size_t n = 0;
    for (size_t i = 0; i < b->n_names; i++)
        if (strcmp(b->names[i], BUNDLE_MANIFEST) != 0) {
            names[n] = b->names[i];
            paths[n++] = rg_path_join(b->arena, b->dir, b->names[i]);
        }
    json_t *again = bundle_manifest(ledger, names, paths, n, err);
    if (again && !json_equal(again, b->manifest))
        complain(wrong, BUNDLE_MANIFEST, "is not that of these members and this ledger");
    json_decref(again);
    return err->code == RG_OK;
}

static void check_text(const bundle *b, const char *name, const rg_str *expected, rg_str *wrong)
{
    rg_err unread = {0};
    char *text = NULL;
    size_t len = 0;
    const char *path = rg_path_join(b->arena, b->dir, name);
    if (!rg_file_read(path, MANIFEST_MAX, &text, &len, &unread))
        complain(wrong, name, "is missing");
    else if (len != expected->len || memcmp(text, rg_str_text(expected), len) != 0)
        complain(wrong, name, "does not follow from the ledger");
    rg_free(text);
}

bool bundle_check_texts(const bundle *b, rg_ledger *ledger, rg_str *wrong, rg_err *err)
{
    rg_str study = {0}, environment = {0};
    bool ok = check_manifest(b, ledger, wrong, err) &&
              bundle_texts(ledger, &study, &environment, err);
    if (ok) {
        check_text(b, BUNDLE_STUDY, &study, wrong);
        check_text(b, BUNDLE_ENVIRONMENT, &environment, wrong);
    }
    rg_str_free(&study);
    rg_str_free(&environment);
    return ok;
}
