/* models.c - finding a model by name; the table itself is generated from zoo/ at build time. */
#include "rigor/model.h"

#include <string.h>

const rg_model *rg_model_find(const char *name)
{
    for (size_t i = 0; rg_models[i]; i++)
        if (!strcmp(rg_models[i]->name, name))
            return rg_models[i];
    return NULL;
}
