/* html.h - pieces of the report's page.  All text that comes from facts goes through html_put's
 * escaping; nothing else of this folder writes markup around it. */
#ifndef RIGOR_LAB_REPORT_HTML_H
#define RIGOR_LAB_REPORT_HTML_H

#include "rigor/base.h"

/* Writes `markup` with each '$' replaced by the next text (const char *), escaped. */
void html_put(rg_str *ret, const char *markup, ...);
/* JSON inside <script>: '<' is written \u003c, so that no text can close the element. */
void html_json(rg_str *ret, const json_t *value);
/* "sha256-..." of a script, as a content security policy names it. */
void html_script_hash(rg_str *ret, const char *script, size_t len);

/* A table of table.h, whose reference is taken; NULL writes nothing.  `kind` is a class of
 * report.css: "" or "pairs" (two columns without heads). */
void html_table(rg_str *ret, json_t *table, const char *kind);
void html_chart(rg_str *ret, const json_t *chart);

/* The page of web/report.html with its slots {{title}}, {{study}}, {{question}}, {{chips}},
 * {{sections}} and {{footer}} filled; the rest fills itself (html_page.c). `slots` ends with
 * name == NULL. */
typedef struct html_slot {
    const char *name;
    void (*write)(rg_str *ret, const json_t *facts);
} html_slot;
bool html_page(rg_str *ret, const html_slot *slots, const json_t *facts, rg_err *err);

/* The sections of a study's page, top to bottom (html_sections.c, html_record.c).  Each writes
 * nothing when the facts hold nothing for it. */
void html_verdicts(rg_str *ret, const json_t *facts);
void html_results(rg_str *ret, const json_t *facts);
void html_differences(rg_str *ret, const json_t *facts);
void html_ranking(rg_str *ret, const json_t *facts);
void html_tasks(rg_str *ret, const json_t *facts);
void html_models(rg_str *ret, const json_t *facts);
void html_curves(rg_str *ret, const json_t *facts);
void html_tuning(rg_str *ret, const json_t *facts);
void html_checks(rg_str *ret, const json_t *facts);
void html_configurations(rg_str *ret, const json_t *facts);
void html_data(rg_str *ret, const json_t *facts);
void html_methods(rg_str *ret, const json_t *facts);
void html_repeat(rg_str *ret, const json_t *facts);

#endif
