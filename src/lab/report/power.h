/* power.h - the facts of a power question, and their renderings.
 *
 * The facts ("rigor-power/1", docs/json.md) are built from numbers, or from the facts of an
 * earlier study or table of results, whose claims tell how much the differences scatter. */
#ifndef RIGOR_LAB_REPORT_POWER_H
#define RIGOR_LAB_REPORT_POWER_H

#include "rigor/base.h"
#include "rigor/stats.h"

typedef enum power_test { POWER_T, POWER_EQUIVALENCE, POWER_ANYTIME } power_test;

typedef struct power_question {
    rg_design design;
    power_test test;
    int sides;
    double alpha, power;
    size_t claims;        /* the family: the strictest level is alpha / claims; 0: not told */
    double effect;        /* or the margin of equivalence; NaN: not told */
    bool effect_in_sd;    /* whatever the unit of `sd` is */
    size_t seeds;         /* pairs, or observations in each sample; 0: not told */
    double sd;            /* of the differences, of one sample without pairs; NaN: not told */
    double superiority;   /* P(A > B) that Wilcoxon's test is to find; NaN: not asked */
    const json_t *source; /* facts of docs/json.md, whose claims tell the sd; NULL */
    const char *source_name;
} power_question;

/* New reference; NULL when the source holds no difference to learn from. */
json_t *power_facts(const power_question *question, rg_err *err);

/* Plain text for a terminal of 80 columns. */
void power_text(const json_t *facts, rg_str *ret);
/* One page with the curves as charts, as render_html.c's. */
bool power_page(const json_t *facts, rg_str *ret, rg_err *err);

/* The chart of the curves, appended to `ret` (chart.h). */
void chart_power(const json_t *facts, json_t *ret);

/* Tables of table.h, shared by text and page; NULL when the question has none. */
json_t *power_table_answers(const json_t *facts);
json_t *power_table_detectable(const json_t *facts);
json_t *power_table_needed(const json_t *facts);
/* Sentences: what is asked, what is answered, how to read it. */
json_t *power_sentences(const json_t *facts);

#endif
