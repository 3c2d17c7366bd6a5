/* contingency.c - Pearson's chi-squared test of a table of counts. */
#include "rigor/groups.h"

#include <math.h>

typedef struct margins {
    double *row, *column, total;
    size_t rows, columns; /* that have anything in them */
} margins;

static margins find_margins(const double *count, size_t rows, size_t columns)
{
    margins m = {RG_NEW_ARRAY(double, rows + 1), RG_NEW_ARRAY(double, columns + 1), 0, 0, 0};
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            m.row[i] += count[i * columns + j];
            m.column[j] += count[i * columns + j];
        }
    for (size_t i = 0; i < rows; i++) {
        m.total += m.row[i];
        m.rows += m.row[i] > 0;
    }
    for (size_t j = 0; j < columns; j++)
        m.columns += m.column[j] > 0;
    return m;
}

rg_contingency_result rg_contingency(const double *count, size_t rows, size_t columns)
{
    rg_contingency_result r = {NAN, NAN, NAN, NAN, NAN};
    margins m = find_margins(count, rows, columns);
    if (m.rows > 1 && m.columns > 1) {
        r.chi2 = 0;
        r.least_expected = INFINITY;
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++) {
                double expected = m.row[i] * m.column[j] / m.total;
                if (expected == 0)
                    continue;
                double off = count[i * columns + j] - expected;
                r.chi2 += off * off / expected;
                r.least_expected = fmin(r.least_expected, expected);
            }
        r.df = (double)((m.rows - 1) * (m.columns - 1));
        r.p = rg_chi2_upper(r.chi2, r.df);
        double smaller = (double)(m.rows < m.columns ? m.rows : m.columns);
        r.v = sqrt(r.chi2 / (m.total * (smaller - 1)));
    }
    rg_free(m.row);
    rg_free(m.column);
    return r;
}
