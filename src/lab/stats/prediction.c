/* prediction.c - where one more observation is expected. */
#include "rigor/stats.h"

#include <math.h>

rg_prediction_interval rg_predict_one(const double *values, size_t n, double alpha)
{
    rg_t_result t = rg_t_test(values, n, 0, alpha);
    double half = n < 2 ? (double)NAN
                        : rg_t_quantile(1 - alpha / 2, t.df) * t.sd * sqrt(1 + 1 / (double)n);
    return (rg_prediction_interval){n, t.mean, t.sd, t.mean - half, t.mean + half};
}
