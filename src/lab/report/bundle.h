/* bundle.h - a study as one archive that verifies anywhere: study file, ledger, predictions,
 * labels, report, environment, signature, and a manifest of their hashes.
 *
 * The data is left out: its parts' hashes stand in the ledger.  MANIFEST.json is
 *   {"format": "rigor-bundle/1", "study", "head", "events", "labels",
 *    "members": [{"name", "bytes", "sha256"}]}
 * and is a function of the other members, as are study.yaml and environment.json of the ledger.
 * Equal studies give equal bytes. */
#ifndef RIGOR_LAB_REPORT_BUNDLE_H
#define RIGOR_LAB_REPORT_BUNDLE_H

#include "rigor/publish.h"

/* Writes the archive.  Labels whose seal is closed are never in it.  *ret_manifest: new
 * reference. */
bool bundle_write(rg_ledger *ledger, const char *dir, const char *path, bool without_labels,
                  json_t **ret_manifest, rg_err *err);

/* An archive unpacked into a folder of its own, which bundle_close removes. */
typedef struct bundle {
    rg_arena *arena;
    const char *dir;
    json_t *manifest;
    const char **names; /* of the members, in order */
    size_t n_names;
} bundle;
bool bundle_open(const char *path, bundle *ret, rg_err *err);
void bundle_close(bundle *b);

/* Adds to `wrong` every member that is missing, surplus or not what the manifest says. */
void bundle_check_members(const bundle *b, rg_str *wrong);
/* And what of manifest, study.yaml and environment.json does not follow from the ledger. */
bool bundle_check_texts(const bundle *b, rg_ledger *ledger, rg_str *wrong, rg_err *err);

/* ---- bundle.c and bundle_check.c share */
#define BUNDLE_MANIFEST "MANIFEST.json"
#define BUNDLE_STUDY "study.yaml"
#define BUNDLE_ENVIRONMENT "environment.json"
/* The manifest of members that lie below `dir`; new reference. */
json_t *bundle_manifest(rg_ledger *ledger, const char *const *names, const char *const *paths,
                        size_t n, rg_err *err);
/* study.yaml and environment.json as the ledger gives them. */
bool bundle_texts(rg_ledger *ledger, rg_str *ret_study, rg_str *ret_environment, rg_err *err);

#endif
