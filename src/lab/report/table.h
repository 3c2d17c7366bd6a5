/* table.h - the tables of a report as data, shared by the renderings.
 *
 * A table is {"title", "columns": [text], "align": "lrr", "rows": [[text]]}: cells are plain
 * text, each rendering escapes them in its own way.  Columns stand in order of importance, so
 * that a narrow rendering may leave out the last ones.  Every function returns a new reference,
 * or NULL when the facts hold nothing to show. */
#ifndef RIGOR_LAB_REPORT_TABLE_H
#define RIGOR_LAB_REPORT_TABLE_H

#include "rigor/base.h"

typedef json_t *(*table_builder)(const json_t *facts);

json_t *table_arms(const json_t *facts); /* the primary metric on the test set */
json_t *table_also(const json_t *facts); /* the secondary metrics */
json_t *table_claims(const json_t *facts);
/* The level of the claims' intervals: of sequential ones, what each claim has of alpha. */
double table_claims_alpha(const json_t *facts);
json_t *table_looks(const json_t *facts);  /* of a study that adds seeds: the evidence */
json_t *table_tuning(const json_t *facts); /* the winner's score, under fresh seeds, on test */
json_t *table_space(const json_t *facts);
json_t *table_stages(const json_t *facts);
json_t *table_checks(const json_t *facts);
json_t *table_failures(const json_t *facts); /* failed runs, then failed trials */
json_t *table_tried(const json_t *facts);    /* what trials tried to open against the seal */
/* What curves go by: "epoch", of a program "step". */
const char *table_step(const json_t *facts);
json_t *table_data(const json_t *facts);
json_t *table_environment(const json_t *facts);
json_t *table_costs(const json_t *facts); /* mean resources of a final run, by arm */

/* Of several data sets (table_sets.c); all but the first are NULL or false with only one. */
bool table_has_sets(const json_t *facts);
json_t *table_standings(const json_t *facts); /* data sets x arms: mean ± half interval */
json_t *table_standings_compact(const json_t *facts); /* the means alone */
json_t *table_ranking(const json_t *facts);           /* mean ranks, with Nemenyi's groups */
bool table_ranking_words(rg_str *ret, const json_t *facts); /* groups, Friedman's test */
json_t *table_tasks(const json_t *facts);                   /* aggregates over tasks */
bool table_tasks_normalized(const json_t *facts);
json_t *table_improvement(const json_t *facts);
/* Of fixed models on one test set (table_models.c). */
json_t *table_model_pairs(const json_t *facts);
/* Of one claim: each data set; the evidence of seeds that were added while looking, in words.
 */
json_t *table_by_set(const json_t *claim);
bool table_evidence(rg_str *ret, const json_t *claim);

/* NULL-terminated cells, of a row or of the head. */
#define CELLS(...) ((const char *const[]){__VA_ARGS__, NULL})
/* align: a letter for each column, l or r; more are ignored. */
json_t *table_new(const char *title, const char *align, const char *const *columns);
void table_row(json_t *table, const char *const *cells); /* as many as there are columns */
json_t *table_or_null(json_t *table);                    /* frees a table without rows */
/* A column that no row fills takes room from those that say something. */
void table_drop_empty(json_t *table);

/* Which column of somebody's table was taken for what; "" for a study. */
const char *table_reading(const json_t *facts);
/* The words that stand on every line of the report: " (exploratory, unsealed)", or "". */
void table_marks(rg_str *ret, const json_t *facts);
/* All confounds of a claim, in claims[] and in the environment: an array of sentences. */
json_t *table_confounds(const json_t *facts, const json_t *claim);
/* "supported", "supported (exploratory)" where the claim alone is exploratory. */
void table_verdict(rg_str *ret, const json_t *facts, const json_t *claim);
/* A claim's sentence with the marks, unless it says them itself. */
void table_sentence(rg_str *ret, const json_t *facts, const json_t *claim);
/* Whether the facts are a study's; otherwise they come from a table of results, and nothing is
 * known of how they came about. */
bool table_of_study(const json_t *facts);
/* Whether the lab scored its runs on a test set itself: not the trainer, nor another tool. */
bool table_is_scored(const json_t *facts);
/* "accuracy on the test set", or "accuracy, as reported". */
void table_score_title(rg_str *ret, const json_t *facts);
const char *table_metric(const json_t *facts); /* the primary metric's name */
/* The summary of the arm's primary metric; part is "metrics" (test) or "validation". */
const json_t *table_primary(const json_t *facts, const json_t *arm, const char *part);

#endif
