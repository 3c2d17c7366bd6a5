/* number.h - decimal numbers as data files write them. */
#ifndef RIGOR_DATA_NUMBER_H
#define RIGOR_DATA_NUMBER_H

#include <stdbool.h>

/* The whole of `text` as a decimal number: [+-] digits [. digits] [e [+-] digits], or [+-] inf
 * or infinity in any case; correctly rounded, whatever the locale.  No hexadecimal, no nan. */
bool rg_number_parse(const char *text, double *ret);

#endif
