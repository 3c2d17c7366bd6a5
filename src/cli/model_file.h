/* model_file.h - a model of the user's own: its C file compiled, described, and offered to
 * trainers (docs/own-model.md). */
#ifndef RIGOR_CLI_MODEL_FILE_H
#define RIGOR_CLI_MODEL_FILE_H

#include "rigor/study.h"
#include "rigor/train.h"

#define MODEL_FILE_MAX ((size_t)4 << 20) /* bytes of a source */

/* Compiles the source, unless the cache holds its shared object, and returns that one's path;
 * NULL on failure, after the compiler has printed its own messages on stderr.  name: the file
 * as the user wrote it, for those messages and for the places that errors name. */
const char *model_compile(const char *source, size_t len, const char *name, rg_arena *arena,
                          rg_err *err);

/* {"name", "title", "paper", "tasks", "parameters"} of a shared object, asked of a process of
 * its own that may write nothing; new reference, NULL on failure.  name: as for model_compile.
 */
json_t *model_describe(const char *library, const char *name, rg_err *err);

/* Builds the training step and the evaluation of a configuration, resolved or not, for data of
 * these sizes (config and model of *sizes are not read): mistakes of the forward pass come as
 * errors.  own_models: as of rg_study; those are built in such a process, and that they crash is
 * an error, too. */
bool model_try(const json_t *own_models, const json_t *config, const rg_program_spec *sizes,
               rg_arena *arena, rg_err *err);

/* Task, classes, features and rows of the study's training part into *ret, the rest zero. */
bool study_measure(const rg_study *study, rg_arena *arena, rg_program_spec *ret, rg_err *err);

/* Whether the programs of all arms can be built for the study's data, each choice and both ends of
 * each range of whole numbers that are tuned included.  True for a study of a program. */
bool study_try(const rg_study *study, rg_arena *arena, rg_err *err);

/* For rg_catalog.open_file: compiles a file of the folder `dir` and describes it. */
bool model_file_open(void *ctx, const char *dir, const char *file, rg_arena *arena,
                     rg_catalog_file *ret, rg_err *err);
/* The same from what a ledger has recorded of it ({file: {"sha256", "source", "model"}}, which
 * is ctx): nothing is compiled. */
bool model_file_recorded(void *ctx, const char *dir, const char *file, rg_arena *arena,
                         rg_catalog_file *ret, rg_err *err);

#endif
