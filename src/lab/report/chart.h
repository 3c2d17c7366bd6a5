/* chart.h - the charts of a report: Vega-Lite specifications filled with data.
 *
 * The specifications are files (web/charts/NAME.json), complete but for strings of the form
 * "$name", which chart_new replaces by the variables that it is given.  A chart is
 * {"id", "title", "description", "spec", "columns", "rows"}: the description says in words what
 * the picture shows, columns and rows hold its numbers as text. */
#ifndef RIGOR_LAB_REPORT_CHART_H
#define RIGOR_LAB_REPORT_CHART_H

#include "rigor/base.h"

/* Each appends its charts to the array `ret`; none when the facts hold nothing to draw. */
/* Every run, mean and interval of each arm; a chart for each data set. */
void chart_points(const json_t *facts, json_t *ret);
void chart_forest(const json_t *facts, json_t *ret); /* differences with intervals */
void chart_curves(const json_t *facts, json_t *ret); /* a chart for each metric and six arms */
void chart_critical(const json_t *facts, json_t *ret); /* mean ranks (Demsar 2006, figure 1) */
void chart_tasks(const json_t *facts, json_t *ret);    /* aggregates over tasks */
void chart_profile(const json_t *facts, json_t *ret);  /* a chart for each six arms */
void chart_search(const json_t *facts, json_t *ret);   /* a chart for each arm */

/* The fields of a chart; texts are copied, JSON is stolen. */
typedef struct chart_parts {
    const char *id, *title, *description;
    const char *spec, *spec_end; /* of the file */
    json_t *variables;           /* {name: value} */
    const char *const *columns;  /* NULL-terminated */
    json_t *rows;                /* [[text]] */
} chart_parts;
void chart_add(json_t *ret, const chart_parts *from);

/* The texts under `key` of an array of objects, each once, in order.  New reference.  An axis
 * is told its names, as a layer drops rows without a place and their names with them. */
json_t *chart_names(const json_t *objects, const char *key);

/* The range that an axis shows: grown by what it is shown, then widened by 4 % on each side. */
typedef struct chart_range {
    double lo, hi; /* lo > hi: nothing was seen */
} chart_range;
#define CHART_RANGE_EMPTY ((chart_range){1, -1})
void chart_see(chart_range *range, double value); /* NaN and infinite values are passed over */
json_t *chart_domain(chart_range range);          /* [lo, hi]; [0, 1] when nothing was seen */

#endif
