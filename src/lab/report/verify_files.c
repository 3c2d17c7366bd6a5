/* verify_files.c - the files of a study against the hashes in its ledger: missing, altered,
 * surplus. */
#include "lab/report/proof.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What the ledger names */

typedef struct listing {
    rg_arena *arena;
    RG_VEC(proof_file) files;
} listing;

static void list_file(listing *l, const char *folder, const char *name, const char *sha)
{
    proof_file file = {rg_arena_printf(l->arena, "%s%s", folder, name),
                       rg_arena_strdup(l->arena, sha ? sha : "")};
    rg_vec_push(&l->files, file);
}

static void list_split(listing *l, const json_t *split)
{
    const char *name;
    json_t *hash;
    json_object_foreach (json_object_get(json_object_get(split, "info"), "files"), name, hash)
        list_file(l, "", rg_split_path(l->arena, name), json_string_value(hash));
}

/* What the working tree differed by, of each session that told it. */
static void list_trees(listing *l, const json_t *events)
{
    size_t i;
    json_t *event;
    json_array_foreach (events, i, event) {
        const json_t *body = json_object_get(event, "body");
        list_file(l, "", rg_json_text(body, "path", ""), rg_json_text(body, "sha256", ""));
    }
}

static int by_path(const void *a, const void *b)
{
    const proof_file *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : strcmp(x->sha, y->sha);
}

/* Sorted, and what is named twice (a tree that was come back to) once. */
static void settle(listing *l)
{
    size_t kept = 0;
    if (l->files.len > 0)
        qsort(l->files.at, l->files.len, sizeof(*l->files.at), by_path);
    for (size_t i = 0; i < l->files.len; i++)
        if (kept == 0 || by_path(&l->files.at[kept - 1], &l->files.at[i]) != 0)
            l->files.at[kept++] = l->files.at[i];
    l->files.len = kept;
}

bool proof_files(rg_ledger *ledger, const rg_record *records, size_t n_records, rg_arena *arena,
                 proof_file **ret, size_t *ret_n, rg_err *err)
{
    listing l = {.arena = arena};
    json_t *split = rg_ledger_newest(ledger, "split", err);
    json_t *trees = rg_ledger_events(ledger, "working-tree", err);
    list_split(&l, split);
    list_trees(&l, trees);
    for (size_t i = 0; i < n_records; i++)
        if (records[i].predictions)
            list_file(&l, "", records[i].predictions, records[i].predictions_sha);
    settle(&l);
    *ret = RG_ARENA_ARRAY(arena, proof_file, l.files.len + 1);
    if (l.files.len > 0)
        memcpy(*ret, l.files.at, l.files.len * sizeof(**ret));
    *ret_n = l.files.len;
    rg_vec_free(&l.files);
    json_decref(split);
    json_decref(trees);
    return err->code == RG_OK;
}

/* ---- Missing and altered */

/* A bundle leaves the data out, whose hashes the ledger holds, and perhaps the labels. */
static bool left_out(const proof *p, const proof_file *file, const char *path)
{
    return p->options.bundled && !rg_file_exists(path) &&
           (rg_text_starts(file->path, "data/") || rg_text_starts(file->path, "sealed/"));
}

/* Whether the file was there to look at. */
static bool check_file(proof *p, const proof_file *file)
{
    char hex[RG_HEX];
    rg_err err = {0};
    const char *path = rg_path_join(p->arena, p->dir, file->path);
    if (!rg_path_is_inside(file->path)) {
        proof_complain(p, "%s leads out of the study's folder", file->path);
        return true;
    }
    if (left_out(p, file, path))
        return false;
    if (!rg_file_exists(path))
        proof_complain(p, "%s is missing", file->path);
    else if (!rg_sha_file(path, hex, &err))
        proof_complain(p, "%s: %s", file->path, err.what);
    else if (strcmp(hex, file->sha) != 0)
        proof_complain(p, "%s is not the file that was recorded", file->path);
    return true;
}

/* ---- Surplus */

/* A program may have written predictions and failed after that. */
static bool of_failed_run(const proof *p, const char *path)
{
    for (size_t i = 0; i < p->n_records; i++) {
        const rg_record *r = &p->records[i];
        if (r->stage != RG_EVALUATE || !r->failed)
            continue;
        const char *name = rg_predictions_path(p->arena, r->arm, r->seed, r->fold);
        if (strncmp(path, name, strlen(name) - strlen("npz")) == 0)
            return true;
    }
    return false;
}

static int path_only(const void *path, const void *file)
{
    return strcmp(path, ((const proof_file *)file)->path);
}

typedef struct surplus {
    const proof_file *files;
    size_t n;
    bool complete;     /* nothing is in flight, and nothing is to come */
    bool cut;          /* the data was, and the ledger knows */
    size_t unfinished; /* files whose record was cut off, or is to come */
} surplus;

/* A file is written before the ledger hears of it. */
static bool may_come(const surplus *s, const char *path)
{
    bool of_data = rg_text_starts(path, "data/") || rg_text_starts(path, "sealed/");
    return rg_text_ends(path, ".tmp") || (!s->complete && (!of_data || !s->cut));
}

static void judge_entry(proof *p, surplus *s, const char *path)
{
    if (bsearch(path, s->files, s->n, sizeof(*s->files), path_only) || of_failed_run(p, path))
        return;
    if (may_come(s, path))
        s->unfinished++;
    else
        proof_complain(p, "%s was not recorded", path);
}

static void scan_folder(proof *p, surplus *s, const char *folder);

/* A folder of a fold is looked into. */
static void scan_entry(proof *p, surplus *s, const char *path)
{
    size_t fold = 0;
    while (++fold <= p->study->split.folds)
        if (strcmp(path, rg_parts_path(p->arena, fold)) == 0 ||
            strcmp(path, rg_vault_path(p->arena, fold)) == 0) {
            scan_folder(p, s, path);
            return;
        }
    judge_entry(p, s, path);
}

static void scan_folder(proof *p, surplus *s, const char *folder)
{
    DIR *dir = opendir(rg_path_join(p->arena, p->dir, folder));
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            scan_entry(p, s, rg_arena_printf(p->arena, "%s/%s", folder, entry->d_name));
    if (dir)
        closedir(dir);
}

bool proof_check_files(proof *p, rg_err *err)
{
    static const char *const folders[] = {"data", "sealed", "predictions", "environment"};
    proof_file *files;
    size_t n, count = 0;
    if (!proof_files(p->ledger, p->records, p->n_records, p->arena, &files, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        count += check_file(p, &files[i]);
    json_t *analysed = rg_ledger_newest(p->ledger, "analysed", err);
    surplus s = {.files = files, .n = n, .complete = analysed != NULL};
    for (size_t i = 0; i < n; i++)
        s.cut |= rg_text_starts(files[i].path, "data/");
    json_decref(analysed);
    for (size_t i = 0; i < RG_COUNT(folders); i++)
        scan_folder(p, &s, folders[i]);
    rg_str_printf(&p->right, "%zu files have the hashes that were recorded", count);
    if (count < n)
        rg_str_printf(&p->right, "; %zu more are not in the bundle", n - count);
    if (s.unfinished > 0)
        rg_str_printf(&p->right, "; %zu are of what was cut off or goes on", s.unfinished);
    return err->code == RG_OK;
}
