/* plot_text.h - a small picture of curves for a terminal. */
#ifndef RIGOR_LAB_REPORT_PLOT_TEXT_H
#define RIGOR_LAB_REPORT_PLOT_TEXT_H

#include "rigor/base.h"

typedef struct plot_curve {
    const char *mark; /* one column wide */
    const char *name;
    const json_t *x, *y; /* arrays of numbers; null is passed over */
} plot_curve;

typedef struct plot_frame {
    double x_lo, x_hi, y_lo, y_hi; /* points outside are left out */
    double level;                  /* a dashed line across; NaN: none */
    const char *x_title, *y_title;
    bool y_percent; /* 0.8 is written 80 % */
} plot_frame;

/* At most 78 columns wide.  Where curves meet, the first one's mark stands. */
void plot_text(rg_str *ret, const plot_frame *frame, const plot_curve *curves, size_t n);

#endif
