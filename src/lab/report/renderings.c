/* renderings.c - finding a rendering by the word that a user gave. */
#include "rigor/report.h"

#include <string.h>

const rg_rendering *rg_rendering_find(const char *name)
{
    for (size_t i = 0; rg_renderings[i]; i++)
        if (!strcmp(rg_renderings[i]->name, name) || !strcmp(rg_renderings[i]->extension, name))
            return rg_renderings[i];
    return NULL;
}
