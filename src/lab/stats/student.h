/* student.h - what all tests share that compare an estimate with Student's distribution. */
#ifndef RIGOR_LAB_STATS_STUDENT_H
#define RIGOR_LAB_STATS_STUDENT_H

#include "rigor/stats.h"

/* A standard error and the degrees of freedom with which it is known. */
typedef struct rg_error {
    double se, df;
} rg_error;

/* Of the sum of independent estimates: se = sqrt(sum se_i^2), df = (sum se_i^2)^2 / sum (se_i^4
 * / df_i) (Satterthwaite 1946).  A part without spread adds nothing; without any spread, or
 * where a part has no df, df is NaN. */
rg_error rg_satterthwaite(const rg_error *parts, size_t n);

/* The end of every t test: t, its p-values and the interval from r.mean and the error.  Without
 * spread (se not above 0) they stay NaN. */
rg_t_result rg_t_of(size_t n, double mean, double sd, rg_error error, double null,
                    double alpha);

#endif
