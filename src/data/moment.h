/* moment.h - dates and times as ISO 8601 writes them. */
#ifndef RIGOR_DATA_MOMENT_H
#define RIGOR_DATA_MOMENT_H

#include <stdbool.h>

/* Seconds since 1970-01-01T00:00:00Z of the whole of `text`: YYYY-MM, YYYY-MM-DD, or that with T
 * or a space, hh:mm, :ss, a fraction of a second, and Z or +hh:mm or -hh:mm (without one it counts
 * as UTC).  False for anything else, and for days and hours that do not exist. */
bool rg_moment_parse(const char *text, double *ret);

#endif
