/* render_html.c - the report of a study: what stands in the slots of the page (html_page.c). */
#include "rigor/report.h"

#include "lab/report/html.h"
#include "lab/report/table.h"

#include <string.h>

static void slot_title(rg_str *ret, const json_t *facts)
{
    html_put(ret, "$ · Rigor", rg_json_text(facts, "study", "study"));
}

static void slot_study(rg_str *ret, const json_t *facts)
{
    html_put(ret, "$", rg_json_text(facts, "study", "study"));
}

static void slot_question(rg_str *ret, const json_t *facts)
{
    const char *question = rg_json_text(facts, "question", "");
    html_put(ret, "$", *question ? question : rg_json_text(facts, "study", "study"));
}

static void add_count(rg_str *ret, size_t n, const char *what)
{
    rg_str_printf(ret, "%s%zu %s%s", ret->len ? " · " : "", n, what, n == 1 ? "" : "s");
}

/* Arms of a study share their seeds; runs of a table are counted over all arms. */
static void add_counts(rg_str *ret, const json_t *facts)
{
    const json_t *arms = json_object_get(facts, "arms");
    double examples = rg_json_number(rg_json_path(facts, "models.examples"), 0);
    bool study = table_of_study(facts), models = examples >= 1;
    size_t runs = 0, i;
    json_t *arm;
    json_array_foreach (arms, i, arm)
        if (!study || i == 0)
            runs += json_array_size(json_object_get(arm, "seeds"));
    add_count(ret, json_array_size(arms), models ? "model" : "arm");
    double folds = rg_json_number(rg_json_path(facts, "data.split.folds"), 0);
    if (folds > 0)
        add_count(ret, (size_t)folds, "fold");
    add_count(ret,
              models      ? (size_t)examples
              : folds > 0 ? runs / (size_t)folds
                          : runs,
              models  ? "example"
              : study ? "seed"
                      : "run");
}

static void slot_chips(rg_str *ret, const json_t *facts)
{
    const json_t *marks = json_object_get(facts, "marks");
    const char *trust = json_is_object(json_object_get(facts, "models"))
                            ? "measured from predictions"
                            : rg_json_text(facts, "trust", "?");
    rg_str counts = {0};
    add_counts(&counts, facts);
    rg_str_add(ret, "<ul class=\"chips\">");
    html_put(
        ret,
        table_is_scored(facts) ? "<li>$</li><li>test set: $</li><li>metric: $</li><li>$</li>"
                               : "<li>$</li><li>scores: $</li><li>metric: $</li><li>$</li>",
        rg_json_text(facts, "status", "?"), trust, table_metric(facts), rg_str_text(&counts));
    for (size_t i = 0; i < json_array_size(marks); i++) {
        const char *mark = json_string_value(json_array_get(marks, i));
        html_put(ret, "<li class=\"mark\">$</li>", mark ? mark : "");
    }
    rg_str_add(ret, "</ul>\n");
    if (*table_reading(facts))
        html_put(ret, "<p class=\"lead\">$</p>\n", table_reading(facts));
    rg_str_free(&counts);
}

/* The contents list what was written, so that no link leads nowhere. */
static void slot_sections(rg_str *ret, const json_t *facts)
{
    static const struct {
        void (*write)(rg_str *, const json_t *);
        const char *link;
    } sections[] = {
        {html_verdicts, ""},
        {html_results, "<li><a href=\"#results\">Results</a></li>"},
        {html_differences, "<li><a href=\"#differences\">Differences</a></li>"},
        {html_ranking, "<li><a href=\"#ranking\">Ranks</a></li>"},
        {html_tasks, "<li><a href=\"#tasks\">Tasks</a></li>"},
        {html_models, "<li><a href=\"#models\">Models</a></li>"},
        {html_curves, "<li><a href=\"#curves\">Learning curves</a></li>"},
        {html_tuning, "<li><a href=\"#tuning\">Tuning</a></li>"},
        {html_checks, "<li><a href=\"#checks\">Checks</a></li>"},
        {html_configurations, "<li><a href=\"#configurations\">Configurations</a></li>"},
        {html_data, "<li><a href=\"#data\">Data</a></li>"},
        {html_methods, "<li><a href=\"#methods\">Methods</a></li>"},
        {html_repeat, "<li><a href=\"#repeat\">Repeat it</a></li>"},
    };
    rg_str rest = {0}, links = {0};
    sections[0].write(ret, facts);
    for (size_t i = 1; i < RG_COUNT(sections); i++) {
        size_t before = rest.len;
        sections[i].write(&rest, facts);
        rg_str_add(&links, rest.len > before ? sections[i].link : "");
    }
    rg_str_add(ret, "<nav aria-label=\"Contents\"><ul>");
    rg_str_add(ret, rg_str_text(&links));
    rg_str_add(ret, "</ul></nav>\n");
    rg_str_add(ret, rg_str_text(&rest));
    rg_str_free(&rest);
    rg_str_free(&links);
}

static void slot_footer(rg_str *ret, const json_t *facts)
{
    const char *fingerprint = rg_json_text(facts, "fingerprint", NULL);
    if (fingerprint)
        html_put(ret, "<p>Fingerprint <code>$</code></p><p>Ledger head <code>$</code></p>",
                 fingerprint, rg_json_text(facts, "ledger_head", "–"));
    html_put(ret, "<p>Written by rigor $.$</p>",
             rg_json_text(json_object_get(facts, "environment"), "rigor", RG_VERSION),
             fingerprint ? " Every number stands in the ledger." : "");
}

static bool render(const json_t *facts, bool colour, rg_str *ret, rg_err *err)
{
    static const html_slot slots[] = {
        {"title", slot_title},
        {"study", slot_study},
        {"question", slot_question},
        {"chips", slot_chips},
        {"sections", slot_sections},
        {"footer", slot_footer},
        {0},
    };
    (void)colour;
    return html_page(ret, slots, facts, err);
}

const rg_rendering rg_rendering_html = {
    .name = "html",
    .extension = "html",
    .help = "one page with charts, for a browser; opens without a network",
    .render = render,
};
