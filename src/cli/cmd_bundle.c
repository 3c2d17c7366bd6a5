/* cmd_bundle.c - a study as one archive that verifies on any machine. */
#include "cli/command.h"

#include "lab/report/bundle.h"

#include <sys/stat.h>

enum { OUTPUT, WITHOUT_LABELS, JSON };
static const rg_option options[] = {
    [OUTPUT] = {"output", 'o', RG_OPTION_TEXT, "FILE", "the archive (default: STUDY.tar.gz)"},
    [WITHOUT_LABELS] = {"without-labels", 0, RG_OPTION_FLAG, NULL,
                        "leave the test labels out: scores cannot be computed again then"},
    [JSON] = RG_OPTION_JSON,
    {0},
};

static int run(const rg_given *given, rg_err *err)
{
    rg_opened opened;
    json_t *manifest;
    if (!rg_study_open(given->argument[0], RG_LEDGER_READ, &opened, err))
        return rg_exit(err);
    const char *path = given->flag[OUTPUT]
                           ? given->text[OUTPUT]
                           : rg_arena_printf(given->arena, "%s.tar.gz", opened.study->name);
    bool ok = bundle_write(opened.ledger, opened.dir, path, given->flag[WITHOUT_LABELS],
                           &manifest, err);
    rg_study_close(&opened);
    if (!ok)
        return rg_exit(err);
    if (given->flag[JSON]) {
        rg_print_json(manifest);
        return RG_OK;
    }
    struct stat info = {0};
    stat(path, &info);
    bool labels = json_is_true(json_object_get(manifest, "labels"));
    printf("%s: %zu files, %lld bytes, %s the test labels\n"
           "Its proof, anywhere: rigor verify %s\n",
           path, json_array_size(json_object_get(manifest, "members")) + 1,
           (long long)info.st_size, labels ? "with" : "without", path);
    json_decref(manifest);
    return RG_OK;
}

const rg_command rg_command_bundle = {
    .name = "bundle",
    .arguments = "STUDY",
    .summary = "one archive of a study that verifies on any machine",
    .text =
        "Study file, ledger, predictions, labels, report, environment and signature, with a "
        "manifest of their hashes; the data is left out. Labels are in it once the seal was "
        "opened. Equal studies give equal bytes. rigor verify FILE checks all of it.\n\n"
        "  rigor bundle digits-dropout -o digits.tar.gz\n"
        "  rigor verify digits.tar.gz",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
