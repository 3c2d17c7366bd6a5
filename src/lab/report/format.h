/* format.h - how the renderings write numbers and small values: one way everywhere.
 *
 * A number that does not exist (NaN, null, absent) is written as a dash. */
#ifndef RIGOR_LAB_REPORT_FORMAT_H
#define RIGOR_LAB_REPORT_FORMAT_H

#include "rigor/base.h"

typedef struct format { /* a short text, returned by value: format_p(p).text */
    char text[80];
} format;

/* With as many digits as `half`, the half-width of the interval, justifies; four significant
 * digits when there is none. */
format format_number(double value, double half);
format format_count(double value);              /* whole */
format format_p(double p);                      /* "0.034", "< 0.001" */
format format_mean(const json_t *summary);      /* of docs/json.md: "0.9717 ± 0.0016" */
format format_interval(const json_t *interval); /* "0.9701 to 0.9733" */
format format_percent(double fraction);         /* "95 %" */
format format_seconds(double seconds);          /* "41.4 s", "12 min 3 s", "5 h 7 min" */
format format_bytes(double bytes);              /* "179 MiB" */

/* Half the width of an interval; NaN when there is none. */
double format_half(const json_t *interval);
/* Any JSON value on one line: text as it is, numbers short, objects as "a = 1, b = 2". */
void format_json(rg_str *ret, const json_t *value);

#endif
