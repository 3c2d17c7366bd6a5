/* cmd_verify.c - proves a report: recomputes every figure from the ledger's rows, of a study's
 * folder or of a bundle. */
#include "cli/command.h"

#include "lab/report/archive.h"
#include "lab/report/bundle.h"
#include "rigor/protocol.h"
#include "rigor/publish.h"

enum { KEY, JSON };
static const rg_option options[] = {
    [KEY] = {"key", 'k', RG_OPTION_TEXT, "KEY",
             "the ledger must be signed by this public key (64 digits, or a file of them)"},
    [JSON] = RG_OPTION_JSON,
    {0},
};

static json_t *verify_folder(const char *what, const rg_verify_options *how, rg_err *err)
{
    rg_opened opened;
    json_t *report = NULL;
    if (!rg_study_open(what, RG_LEDGER_READ, &opened, err))
        return NULL;
    rg_study_verify(opened.study, opened.ledger, opened.dir, how, &report, err);
    rg_study_close(&opened);
    return report;
}

/* ---- Bundles */

static json_t *check_json(const char *name, const rg_str *wrong, const char *right)
{
    bool pass = wrong->len == 0;
    return json_pack("{s:s, s:s, s:s}", "name", name, "status", pass ? "pass" : "fail",
                     "detail", pass ? right : rg_str_text(wrong));
}

/* An altered ledger may not even open; that is no mistake of the user's then. */
static json_t *unreadable(const rg_str *wrong, const rg_err *why)
{
    rg_str text = {0};
    rg_str_printf(&text, "cannot be read: %s", why->what);
    json_t *report =
        json_pack("{s:n, s:b, s:[o, o]}", "study", "ok", 0, "checks",
                  check_json("bundle", wrong, ""), check_json("ledger", &text, ""));
    rg_str_free(&text);
    return report;
}

static bool check_texts(const bundle *b, rg_str *wrong, rg_err *err)
{
    rg_ledger *ledger = NULL;
    bool ok = rg_ledger_open(rg_path_join(b->arena, b->dir, RG_LEDGER_FILE), RG_LEDGER_READ,
                             &ledger, err) &&
              bundle_check_texts(b, ledger, wrong, err);
    rg_ledger_close(ledger);
    return ok;
}

static json_t *verify_opened(const bundle *b, const rg_verify_options *how, rg_err *err)
{
    rg_str wrong = {.max = 4000};
    rg_err own = {0};
    bundle_check_members(b, &wrong);
    bool members = wrong.len == 0;
    json_t *report = check_texts(b, &wrong, &own) ? verify_folder(b->dir, how, &own) : NULL;
    if (report) {
        json_t *check = check_json("bundle", &wrong, "every member is what the manifest says");
        json_array_insert_new(json_object_get(report, "checks"), 0, check);
        if (wrong.len > 0)
            json_object_set_new(report, "ok", json_false());
    } else if (!members) {
        report = unreadable(&wrong, &own);
    } else {
        *err = own;
    }
    rg_str_free(&wrong);
    return report;
}

static json_t *verify_bundle(const char *path, rg_verify_options how, rg_err *err)
{
    bundle b;
    if (!bundle_open(path, &b, err))
        return NULL;
    how.bundled = true;
    json_t *report = verify_opened(&b, &how, err);
    bundle_close(&b);
    return report;
}

/* ---- The command */

static int run(const rg_given *given, rg_err *err)
{
    const char *what = given->argument[0];
    rg_verify_options how = {.key = given->text[KEY]};
    json_t *report =
        archive_is_one(what) ? verify_bundle(what, how, err) : verify_folder(what, &how, err);
    if (!report)
        return rg_exit(err);
    bool holds = json_is_true(json_object_get(report, "ok"));
    if (given->flag[JSON]) {
        rg_print_json(report);
    } else {
        rg_print_checks(report);
        json_decref(report);
    }
    if (!holds)
        rg_fail(err, RG_NO, NULL, "the checks above say which row or file is not what it was",
                "%s does not verify", what);
    return rg_exit(err);
}

const rg_command rg_command_verify = {
    .name = "verify",
    .arguments = "STUDY | BUNDLE",
    .summary = "recompute every number from raw rows; check the hash chain",
    .text = "Exit 1 when a row, an event or a file is not what it was when it was recorded. A "
            "BUNDLE is an archive of rigor bundle; nothing but it is needed.\n\n"
            "  rigor verify digits-dropout\n"
            "  rigor verify digits-dropout.tar.gz --key 64-DIGITS",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
