/* trial.h - what both sides of the trial protocol agree on: the variables that a training program
 * gets, and how they are written into its command (docs/protocol.md). */
#ifndef RIGOR_TRIAL_H
#define RIGOR_TRIAL_H

#include "rigor/base.h"

/* A variable stands in the environment as `env` and in the command as {name}. */
typedef struct rg_trial_variable {
    const char *name, *env, *help;
} rg_trial_variable;
extern const rg_trial_variable rg_trial_variables[];               /* ends with name == NULL */
const rg_trial_variable *rg_trial_variable_find(const char *name); /* NULL when unknown */

/* Appends `text` with each {name} replaced by what `value` appends for it; false as soon as
 * `value` says so, with *out as far as it came.  A name is a letter or _ and then letters, digits
 * and _ . - ; any other brace stands for itself, and "{{" and "}}" around a name for "{" and "}".
 */
typedef bool rg_template_value(void *ctx, const char *name, rg_str *out);
bool rg_template_fill(const char *text, rg_template_value *value, void *ctx, rg_str *out);

/* ---- Messages of a worker on standard output, a line each; false when nobody reads any more. */
bool rg_message_send(json_t *message); /* steals it */
/* {"id" or "job": number, key: "where: what", "remedy", "code", "resources"}; who NULL: no number.
 * Steals resources, which may be NULL. */
bool rg_message_fail(const char *who, json_int_t number, const char *key, const rg_err *err,
                     json_t *resources);

/* ---- GPUs.  CUDA_VISIBLE_DEVICES lists those that may be used, as numbers or as names (UUIDs),
 * and ends before the first that is negative ("-1": none).  NULL and "" list nothing: all of them.
 */
#define RG_GPU_LIST "CUDA_VISIBLE_DEVICES"
size_t rg_gpu_count(const char *list);
/* Appends the entry of GPU `at`; where the list has fewer it begins again, and of no list it is the
 * number itself. */
void rg_gpu_name(const char *list, size_t at, rg_str *out);
/* How many trials share one GPU, when each takes this part of it (1/2, 1/3, ...): 2, 3, ... */
int rg_gpu_sharing(double share);

/* A value of a configuration as a word of a command: numbers with as many digits as read back to
 * the same bits, lists with commas, true and false. */
void rg_template_word(const json_t *value, rg_str *out);

#endif
