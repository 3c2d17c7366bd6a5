/* linear.c - multinomial logistic regression, or linear regression: one affine map, the
 * baseline that everything else has to beat. */
#include "rigor/model.h"

static const rg_param params[] = {{0}};

/* x: (B, D) -> x W + b: (B, C) */
static rg_val linear_forward(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    return rg_linear(s, x, s->classes);
}

const rg_model rg_model_linear = {
    .name = "linear",
    .title = "logistic or linear regression",
    .paper = "Cox 1958, The regression analysis of binary sequences",
    .params = params,
    .tasks = RG_ANY_TASK,
    .forward = linear_forward,
};
