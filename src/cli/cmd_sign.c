/* cmd_sign.c - vouches for a study's ledger with a key. */
#include "cli/command.h"

#include "lab/report/signature.h"

#include <string.h>

enum { KEY, NEW_KEY, COMMENT, JSON };
static const rg_option options[] = {
    [KEY] = {"key", 'k', RG_OPTION_TEXT, "FILE", "the key pair to sign with"},
    [NEW_KEY] = {"new-key", 0, RG_OPTION_TEXT, "FILE",
                 "make a key pair first (mode 0600; never over a file)"},
    [COMMENT] = {"comment", 'c', RG_OPTION_TEXT, "TEXT", "is signed with it: who, for what"},
    [JSON] = RG_OPTION_JSON,
    {0},
};

enum { COMMENT_MAX = 1000 };

static bool check_options(const rg_given *given, rg_err *err)
{
    const char *comment = given->text[COMMENT];
    if (!given->flag[KEY] == !given->flag[NEW_KEY])
        return rg_fail(err, RG_INPUT, NULL, "rigor help sign has examples",
                       "give --key FILE or --new-key FILE");
    if (given->n_arguments == 0 && !given->flag[NEW_KEY])
        return rg_fail(err, RG_INPUT, NULL, "rigor ls lists them", "name the study to sign");
    return !comment ||
           (rg_utf8_valid(comment, strlen(comment)) && strlen(comment) <= COMMENT_MAX) ||
           rg_fail(err, RG_INPUT, NULL, NULL, "--comment takes UTF-8 text of at most %d bytes",
                   COMMENT_MAX);
}

static json_t *sign(const rg_given *given, const char *key_file, rg_err *err)
{
    rg_opened opened;
    json_t *about = NULL;
    if (!rg_study_open(given->argument[0], RG_LEDGER_READ, &opened, err))
        return NULL;
    signature_write(opened.ledger, opened.study->name, opened.dir, key_file,
                    given->text[COMMENT], &about, err);
    rg_study_close(&opened);
    return about;
}

static int run(const rg_given *given, rg_err *err)
{
    char key[RG_KEY_HEX];
    const char *file = given->flag[KEY] ? given->text[KEY] : given->text[NEW_KEY];
    json_t *about = NULL;
    if (!check_options(given, err) ||
        (given->flag[NEW_KEY] && !signature_new_key(file, key, err)))
        return rg_exit(err);
    if (given->n_arguments > 0)
        about = sign(given, file, err);
    else
        about = json_pack("{s:s}", "key", key);
    if (!about)
        return rg_exit(err);
    if (given->flag[JSON]) {
        rg_print_json(json_incref(about));
    } else {
        if (given->flag[NEW_KEY])
            printf("%s holds the key pair: keep it to yourself\npublic key: %s\n", file, key);
        if (given->n_arguments > 0)
            printf("signed up to event %lld by %s\n",
                   (long long)json_integer_value(json_object_get(about, "seq")),
                   rg_json_text(about, "key", ""));
    }
    json_decref(about);
    return RG_OK;
}

const rg_command rg_command_sign = {
    .name = "sign",
    .arguments = "[STUDY]",
    .summary = "vouch for a study's ledger with an Ed25519 key",
    .text =
        "Writes ledger.sig beside the ledger: the head of its hash chain, signed. rigor verify "
        "checks it, and with --key that it is yours. Sign again after the study went on.\n\n"
        "  rigor sign --new-key ~/rigor.key\n"
        "  rigor sign digits-dropout --key ~/rigor.key --comment 'as submitted'",
    .options = options,
    .min_arguments = 0,
    .max_arguments = 1,
    .run = run,
};
