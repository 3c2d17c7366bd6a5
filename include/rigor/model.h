/* model.h - the table of models: one file in zoo/<name>/<name>.c, one entry, no other file
 * touched.
 *
 * A model is a forward pass and the table of its hyper-parameters.  The trainer (train.h) adds
 * the loss of the task, the gradient and the optimiser. */
#ifndef RIGOR_MODEL_H
#define RIGOR_MODEL_H

#include "rigor/data.h"
#include "rigor/nn.h"

#define RG_TASK_BIT(task) (1u << (task))
#define RG_ANY_TASK (RG_TASK_BIT(RG_CLASSIFY) | RG_TASK_BIT(RG_REGRESS))

typedef struct rg_model {
    const char *name, *title;
    const char *paper;      /* where it comes from: authors, year, title */
    const rg_param *params; /* ends with name == NULL */
    unsigned tasks;         /* RG_TASK_BIT of each task it can do */
    /* x: (B, D) -> logits (B, scope->classes); regression: (B, 1) */
    rg_val (*forward)(rg_scope *scope, rg_val x, const rg_conf *conf);
} rg_model;

extern const rg_model *const rg_models[];        /* in order of the alphabet; ends with NULL */
const rg_model *rg_model_find(const char *name); /* NULL when absent */

/* ---- A model of the user's own --------------------------------------------------------------
 * is a C file that includes this header and defines `const rg_model model`; `rigor` compiles it
 * into a shared object (docs/own-model.md).  Its configuration has "file" and "sha256", of the
 * source, beside "name".
 *
 * Names the shared object of the source with this hash.  It is loaded when a configuration
 * first asks for it, which a worker does behind its seal. */
void rg_model_offer(const char *sha256, const char *library);
/* NULL when there is none, or none that can be loaded. */
const rg_model *rg_model_of_library(const char *sha256, rg_err *err);
/* Loads a shared object for good and checks the model that it defines. */
const rg_model *rg_model_load(const char *library, rg_err *err);

#endif
