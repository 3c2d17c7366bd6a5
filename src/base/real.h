/* real.h - a double as text. */
#ifndef RIGOR_BASE_REAL_H
#define RIGOR_BASE_REAL_H

#include "rigor/base.h"

/* Appends it as JSON: the first of %.15g, %.16g and %.17g that reads back to the same bits,
 * with ".0" where that is a whole number; "null" when it is not finite. */
void rg_real_add(rg_str *out, double value);

#endif
