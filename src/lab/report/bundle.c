/* bundle.c - gathers a study into one archive (see bundle.h). */
#include "lab/report/bundle.h"

#include "lab/report/archive.h"
#include "lab/report/proof.h"
#include "lab/report/signature.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Texts that follow from the ledger */

static json_t *environment_json(const json_t *row, rg_ledger *ledger, rg_err *err)
{
    json_t *events = rg_ledger_events(ledger, "session", err), *event;
    json_t *sessions = json_array();
    size_t i;
    json_array_foreach (events, i, event)
        json_array_append(sessions, json_object_get(event, "body"));
    json_decref(events);
    return json_pack("{s:O?, s:o}", "environment", json_object_get(row, "environment"),
                     "sessions", sessions);
}

bool bundle_texts(rg_ledger *ledger, rg_str *ret_study, rg_str *ret_environment, rg_err *err)
{
    json_t *row = rg_ledger_study_json(ledger, err);
    json_t *environment = json_is_object(row) ? environment_json(row, ledger, err) : NULL;
    if (environment) {
        rg_str_add(ret_study, rg_json_text(row, "text", ""));
        rg_json_pretty(environment, ret_environment);
    } else {
        rg_fail(err, RG_INPUT, NULL, "rigor run begins it", "the study has not begun");
    }
    json_decref(environment);
    json_decref(row);
    return err->code == RG_OK;
}

/* ---- The manifest */

static json_t *member_json(const char *name, const char *path, rg_err *err)
{
    char hex[RG_HEX];
    struct stat info = {0};
    if (!rg_sha_file(path, hex, err) || stat(path, &info) != 0)
        return NULL;
    return json_pack("{s:s, s:I, s:s}", "name", name, "bytes", (json_int_t)info.st_size,
                     "sha256", hex);
}

json_t *bundle_manifest(rg_ledger *ledger, const char *const *names, const char *const *paths,
                        size_t n, rg_err *err)
{
    json_t *row = rg_ledger_study_json(ledger, err), *members = json_array();
    json_t *events = rg_ledger_events(ledger, NULL, err);
    char head[RG_HEX];
    bool labels = false;
    rg_ledger_head(ledger, head);
    for (size_t i = 0; i < n && err->code == RG_OK; i++) {
        labels |= rg_text_starts(names[i], "sealed/");
        json_array_append_new(members, member_json(names[i], paths[i], err));
    }
    json_t *manifest =
        json_pack("{s:s, s:s, s:s, s:I, s:b, s:o}", "format", "rigor-bundle/1", "study",
                  rg_json_text(row, "name", ""), "head", head, "events",
                  (json_int_t)json_array_size(events), "labels", labels, "members", members);
    json_decref(row);
    json_decref(events);
    if (err->code == RG_OK)
        return manifest;
    json_decref(manifest);
    return NULL;
}

/* ---- What goes in */

typedef struct entry {
    const char *name, *path; /* in the archive, on the disk */
} entry;
typedef struct gathering {
    rg_ledger *ledger;
    const char *dir, *scratch;
    rg_arena *arena;
    RG_VEC(entry) entries;
} gathering;

static void add_from(gathering *g, const char *folder, const char *name)
{
    entry e = {rg_arena_strdup(g->arena, name), rg_path_join(g->arena, folder, name)};
    rg_vec_push(&g->entries, e);
}

static bool add_text(gathering *g, const char *name, const rg_str *text, rg_err *err)
{
    add_from(g, g->scratch, name);
    return rg_file_write(rg_path_join(g->arena, g->scratch, name), rg_str_text(text), text->len,
                         0600, err);
}

static bool add_texts(gathering *g, rg_err *err)
{
    rg_str study = {0}, environment = {0};
    bool ok = bundle_texts(g->ledger, &study, &environment, err) &&
              add_text(g, BUNDLE_STUDY, &study, err) &&
              add_text(g, BUNDLE_ENVIRONMENT, &environment, err);
    rg_str_free(&study);
    rg_str_free(&environment);
    return ok;
}

static bool add_ledger(gathering *g, rg_err *err)
{
    add_from(g, g->scratch, RG_LEDGER_FILE);
    return rg_ledger_copy(g->ledger, rg_path_join(g->arena, g->scratch, RG_LEDGER_FILE), err);
}

/* Predictions, labels, what the working tree differed by. */
static bool add_recorded(gathering *g, bool labels, rg_err *err)
{
    rg_record *records;
    proof_file *files;
    size_t n_records, n;
    if (!rg_ledger_records(g->ledger, RG_RUNS, g->arena, &records, &n_records, err) ||
        !proof_files(g->ledger, records, n_records, g->arena, &files, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!rg_path_is_inside(files[i].path))
            return rg_fail(err, RG_INPUT, files[i].path, "rigor verify lists what was altered",
                           "the ledger names a file outside of the study's folder");
        bool sealed = rg_text_starts(files[i].path, "sealed/");
        if (!rg_text_starts(files[i].path, "data/") && (labels || !sealed))
            add_from(g, g->dir, files[i].path);
    }
    return true;
}

static void add_reports(gathering *g)
{
    DIR *dir = opendir(g->dir);
    for (struct dirent *found; dir && (found = readdir(dir)) != NULL;)
        if (rg_text_starts(found->d_name, "report.") && !rg_text_ends(found->d_name, ".tmp"))
            add_from(g, g->dir, found->d_name);
    if (dir)
        closedir(dir);
    if (rg_file_exists(rg_path_join(g->arena, g->dir, RG_SIGNATURE_FILE)))
        add_from(g, g->dir, RG_SIGNATURE_FILE);
}

static bool seal_is_open(rg_ledger *ledger, rg_err *err)
{
    json_t *opened = rg_ledger_newest(ledger, "seal-opened", err);
    bool open = opened != NULL;
    json_decref(opened);
    return open;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

static bool gather(gathering *g, bool without_labels, rg_err *err)
{
    bool labels = !without_labels && seal_is_open(g->ledger, err);
    if (err->code != RG_OK || !add_texts(g, err) || !add_ledger(g, err) ||
        !add_recorded(g, labels, err))
        return false;
    add_reports(g);
    qsort(g->entries.at, g->entries.len, sizeof(*g->entries.at), by_name);
    return true;
}

/* ---- The archive */

static json_t *manifest_of(const gathering *g, rg_err *err)
{
    size_t n = g->entries.len;
    const char **names = RG_ARENA_ARRAY(g->arena, const char *, n + 1);
    const char **paths = RG_ARENA_ARRAY(g->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        names[i] = g->entries.at[i].name;
        paths[i] = g->entries.at[i].path;
    }
    return bundle_manifest(g->ledger, names, paths, n, err);
}

static bool write_archive(const gathering *g, const json_t *manifest, const char *path,
                          rg_err *err)
{
    rg_str text = {0};
    archive *a = archive_create(path, err);
    if (!a)
        return false;
    rg_json_pretty(manifest, &text);
    bool ok = archive_add_text(a, BUNDLE_MANIFEST, text.data, text.len, err);
    for (size_t i = 0; ok && i < g->entries.len; i++)
        ok = archive_add_file(a, g->entries.at[i].name, g->entries.at[i].path, err);
    rg_str_free(&text);
    return archive_close(a, ok, err) && ok;
}

bool bundle_write(rg_ledger *ledger, const char *dir, const char *path, bool without_labels,
                  json_t **ret_manifest, rg_err *err)
{
    gathering g = {.ledger = ledger, .dir = dir, .arena = rg_arena_new()};
    json_t *manifest = NULL;
    g.scratch = rg_dir_scratch(g.arena, "bundle", err);
    bool ok = g.scratch && gather(&g, without_labels, err) &&
              (manifest = manifest_of(&g, err)) != NULL &&
              write_archive(&g, manifest, path, err);
    if (g.scratch)
        rg_dir_scratch_end(g.scratch);
    rg_vec_free(&g.entries);
    rg_arena_free(g.arena);
    if (ok)
        *ret_manifest = json_incref(manifest);
    json_decref(manifest);
    return ok;
}
