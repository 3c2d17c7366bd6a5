/* registry.h - looking up data sets by name. */
#ifndef RIGOR_DATA_REGISTRY_H
#define RIGOR_DATA_REGISTRY_H

#include "rigor/data.h"

const rg_data_source *rg_data_source_find(const char *name); /* NULL when absent */
const char *rg_data_source_nearest(const char *name);        /* NULL when none is near */

/* The path of the file: in $RIGOR_DATA, in the source tree, or where `install` put it. */
const char *rg_data_source_path(const rg_data_source *source, rg_arena *arena, rg_err *err);

#endif
