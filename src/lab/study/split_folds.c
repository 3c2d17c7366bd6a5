/* split_folds.c - what the ledger is told of cuts (see split_folds.h). */
#include "lab/study/split_folds.h"

#include <stdio.h>
#include <string.h>

json_t *split_sizes(const rg_split *split)
{
    return json_pack("{s:I, s:I, s:I}", "train", (json_int_t)split->n_train, "val",
                     (json_int_t)split->n_val, "test", (json_int_t)split->n_test);
}

json_t *split_folds_sizes(const rg_split *at, size_t n)
{
    json_t *parts = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *one = split_sizes(&at[i]);
        json_object_set_new(one, "left_out", json_integer((json_int_t)at[i].left_out));
        json_object_set_new(one, "hash", json_string(at[i].hash));
        json_array_append_new(parts, one);
    }
    return json_pack("{s:I, s:o}", "folds", (json_int_t)n, "parts", parts);
}

void split_folds_hash(const rg_split *at, size_t n, char ret[RG_HEX])
{
    rg_str all = {0};
    for (size_t i = 0; i < n; i++)
        rg_str_printf(&all, "%s\n", at[i].hash);
    rg_sha_of(rg_str_text(&all), all.len, ret);
    rg_str_free(&all);
}

/* ---- Files and what was encoded */

static void add_files(json_t *files, const json_t *own, size_t fold)
{
    const char *name;
    json_t *hash;
    json_object_foreach ((json_t *)(uintptr_t)own, name, hash) {
        char path[128];
        snprintf(path, sizeof(path), "fold-%zu/%s", fold, name);
        json_object_set(files, path, hash);
    }
}

json_t *split_folds_info(json_t *const *info, size_t n)
{
    static const char *const shared[] = {"features", "classes"};
    json_t *ret = json_object(), *files = json_object(), *folds = json_array();
    for (size_t i = 0; i < RG_COUNT(shared); i++)
        json_object_set(ret, shared[i], json_object_get(info[0], shared[i]));
    for (size_t i = 0; i < n; i++) {
        json_t *own = json_copy(info[i]);
        add_files(files, json_object_get(own, "files"), i + 1);
        json_object_del(own, "files");
        for (size_t k = 0; k < RG_COUNT(shared); k++)
            json_object_del(own, shared[k]);
        json_array_append_new(folds, own);
    }
    json_object_set_new(ret, "files", files);
    json_object_set_new(ret, "folds", folds);
    return ret;
}

/* ---- The audit */

static bool is_said(const json_t *findings, const json_t *finding)
{
    size_t i;
    json_t *other;
    json_array_foreach (findings, i, other)
        if (strcmp(rg_json_text(other, "check", ""), rg_json_text(finding, "check", "")) == 0 &&
            strcmp(rg_json_text(other, "what", ""), rg_json_text(finding, "what", "")) == 0)
            return true;
    return false;
}

static void count_one(json_t *counts, const char *severity)
{
    json_int_t before = json_integer_value(json_object_get(counts, severity));
    json_object_set_new(counts, severity, json_integer(before + 1));
}

static void add_findings(json_t *audit, const json_t *own, size_t fold)
{
    json_t *findings = json_object_get(audit, "findings"), *finding;
    size_t i;
    json_array_foreach (json_object_get(own, "findings"), i, finding) {
        if (is_said(findings, finding))
            continue;
        json_t *told = json_copy(finding);
        json_object_set_new(told, "fold", json_integer((json_int_t)fold));
        json_array_append_new(findings, told);
        count_one(json_object_get(audit, "counts"), rg_json_text(finding, "severity", ""));
    }
}

json_t *split_folds_audit(const rg_dataset *data, const rg_split *at, size_t n,
                          const rg_audit_options *options, rg_err *err)
{
    json_t *audit = rg_audit(data, &at[0], options, err);
    for (size_t i = 1; audit && i < n; i++) {
        json_t *own = rg_audit(data, &at[i], options, err);
        if (own)
            add_findings(audit, own, i + 1);
        if (!own)
            json_decref(audit);
        audit = own ? audit : NULL;
        json_decref(own);
    }
    return audit;
}
