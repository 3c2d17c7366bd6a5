/* auditing.h - tables made by hand, and what an audit of them finds. */
#ifndef RIGOR_TESTS_LAB_AUDIT_AUDITING_H
#define RIGOR_TESTS_LAB_AUDIT_AUDITING_H

#include "data/scratch.h"

#include "rigor/audit.h"

typedef struct audited {
    rg_arena *arena;
    rg_dataset *data;
    rg_split split;
    json_t *audit;
} audited;

/* The table's last column is the target; roles and the way of cutting as given. */
static inline audited audit_table(const char *text, const rg_roles *roles, rg_split_spec spec,
                                  bool quick)
{
    rg_err err = {0};
    audited a = {.arena = rg_arena_new()};
    scratch_text("audited.csv", text);
    a.data = rg_dataset_load("audited.csv", NULL, NULL, a.arena, &err);
    assert_good(a.data != NULL, err);
    if (roles)
        assert_good(rg_dataset_roles(a.data, roles, a.arena, &err), err);
    if (!(spec.train > 0)) {
        spec.train = .6;
        spec.val = spec.test = .2;
    }
    assert_good(rg_split_make(a.data, &spec, a.arena, &a.split, &err), err);
    const rg_audit_options options = {quick, 1};
    a.audit = rg_audit(a.data, &a.split, &options, &err);
    assert_good(a.audit != NULL, err);
    return a;
}

static inline void audited_free(audited *a)
{
    json_decref(a->audit);
    rg_arena_free(a->arena);
}

/* The first finding of the check (at the place, unless NULL), or NULL. */
static inline const json_t *finding_of(const audited *a, const char *check, const char *where)
{
    size_t i;
    json_t *finding;
    json_array_foreach (json_object_get(a->audit, "findings"), i, finding)
        if (!strcmp(rg_json_text(finding, "check", ""), check) &&
            (!where || !strcmp(rg_json_text(finding, "where", ""), where)))
            return finding;
    return NULL;
}

static inline double evidence_of(const json_t *finding, const char *key)
{
    return rg_json_number(json_object_get(json_object_get(finding, "evidence"), key), NAN);
}

static inline long long found(const audited *a, const char *severity)
{
    const json_t *counts = json_object_get(a->audit, "counts");
    return (long long)json_integer_value(json_object_get(counts, severity));
}

static inline void print_findings(const audited *a)
{
    char *text = json_dumps(json_object_get(a->audit, "findings"), JSON_INDENT(1));
    print_error("%s\n", text);
    free(text);
}

/* There is such a finding, with this severity. */
static inline const json_t *assert_found(const audited *a, const char *check, const char *where,
                                         const char *severity)
{
    const json_t *finding = finding_of(a, check, where);
    if (!finding || strcmp(rg_json_text(finding, "severity", ""), severity) != 0) {
        print_findings(a);
        fail_msg("no %s of '%s' at '%s'", severity, check, where ? where : "any place");
    }
    assert_true(*rg_json_text(finding, "what", ""));
    assert_true(*rg_json_text(finding, "remedy", ""));
    return finding;
}

static inline void assert_silent(const audited *a, const char *check)
{
    if (finding_of(a, check, NULL)) {
        print_findings(a);
        fail_msg("'%s' is not silent", check);
    }
}

#endif
