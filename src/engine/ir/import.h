/* import.h - copies of nodes, with other values in place of some. */
#ifndef RIGOR_ENGINE_IR_IMPORT_H
#define RIGOR_ENGINE_IR_IMPORT_H

#include "engine/ir/node.h"

/* Copies into `to` what x[0 .. n_x) of the graph `from` are computed from, and gives the copies
 * in ret.  Wherever old[i] of `from` is used, new[i] of `to` stands in its place; shapes and
 * types of the two are equal.  Inputs that are not replaced become inputs of the same name;
 * `to` may be `from` itself, and they are then the same.  Otherwise `from` must outlive `to`,
 * which shares its places and the bodies of its loops.  Copies keep the source lines of what
 * they copy. */
void rg_import(rg_graph *to, const rg_graph *from, const rg_val *old, const rg_val *new,
               size_t n_old, const rg_val *x, size_t n_x, rg_val *ret);

#endif
