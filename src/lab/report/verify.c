/* verify.c - proves a study's report.  Each check recomputes something from what lies below it:
 * the chain from the events, the tables from the events, the files from their hashes, the
 * scores from predictions and labels, the frozen choice from the trials, the figures from the
 * rows. */
#include "lab/report/proof.h"
#include "lab/report/signature.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void proof_complain(proof *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    rg_str_add(&p->wrong, p->wrong.len ? "; " : "");
    rg_str_vprintf(&p->wrong, fmt, args);
    va_end(args);
}

static bool check_ledger(proof *p, rg_err *err)
{
    json_t *problems = json_array(), *problem;
    size_t i;
    bool ok = rg_ledger_verify(p->ledger, problems, err);
    json_array_foreach (problems, i, problem)
        proof_complain(p, "%s: %s", rg_json_text(problem, "where", ""),
                       rg_json_text(problem, "what", ""));
    json_decref(problems);
    rg_str_printf(&p->right, "the hash chain holds and every table row follows from an event");
    return ok;
}

static const rg_record *run_of(const proof *p, const rg_score *score)
{
    for (size_t i = 0; i < p->n_records; i++)
        if (p->records[i].stage == RG_EVALUATE && p->records[i].number == score->number &&
            strcmp(p->records[i].arm, score->arm) == 0)
            return &p->records[i];
    return NULL;
}

/* The runs that have to have scores.  A study that adds seeds may have been stopped behind a
 * look, with runs that none has seen. */
static const rg_record *runs_seen(proof *p, size_t *ret_n, rg_err *err)
{
    json_t *look = rg_ledger_newest(p->ledger, "looked", err);
    size_t seeds = look ? rg_look_seeds(look) : p->study->seeds_min;
    rg_record *seen = RG_ARENA_ARRAY(p->arena, rg_record, p->n_records + 1);
    json_decref(look);
    *ret_n = 0;
    for (size_t i = 0; i < p->n_records; i++)
        if (!rg_study_is_sequential(p->study) || p->records[i].number < seeds)
            seen[(*ret_n)++] = p->records[i];
    return seen;
}

/* Scores from the predictions and the labels, against those in the ledger. */
static bool check_scores(proof *p, rg_err *err)
{
    rg_scored scored;
    json_t *opened = rg_ledger_newest(p->ledger, "seal-opened", err);
    bool open = opened != NULL;
    json_decref(opened);
    if (rg_study_is_self_reported(p->study)) {
        rg_str_add(&p->right,
                   "the program reports its own scores: there is nothing to compute");
        return err->code == RG_OK;
    }
    rg_str_add(&p->right, "the seal is closed");
    if (!open || err->code != RG_OK)
        return err->code == RG_OK;
    const char *labels = rg_labels_path(p->arena, rg_study_fold_of(p->study, 0));
    if (p->options.bundled && !rg_file_exists(rg_path_join(p->arena, p->dir, labels))) {
        rg_str_clear(&p->right);
        rg_str_add(&p->right, "not computed again: the bundle was made without the labels");
        return true;
    }
    rg_err cannot = {0};
    size_t n;
    const rg_record *records = runs_seen(p, &n, err);
    json_t *split = rg_ledger_newest(p->ledger, "split", err);
    if (err->code != RG_OK)
        return false;
    bool computed = rg_scores_compute(p->study, split, p->dir, records, n, &scored, &cannot);
    json_decref(split);
    if (!computed) {
        proof_complain(p, "%s: %s", cannot.where, cannot.what);
        return true;
    }
    for (size_t i = 0; i < scored.count; i++)
        if (!json_equal(run_of(p, &scored.score[i])->test, scored.score[i].test))
            proof_complain(p,
                           "the test scores of %s, run %zu, do not follow from its predictions",
                           scored.score[i].arm, scored.score[i].number);
    rg_str_clear(&p->right);
    rg_str_printf(&p->right, "%zu runs scored again from predictions and labels", scored.count);
    rg_scored_free(&scored);
    return true;
}

/* ---- Looks */

/* Every look again, from the scores: no seed was added that the evidence did not ask for, and
 * none was left away. */
static bool check_looks(proof *p, rg_err *err)
{
    json_t *looks = rg_ledger_events(p->ledger, "looked", err);
    json_t *openings = rg_ledger_events(p->ledger, "seal-opened", err);
    const json_t *last = rg_looks_check(p->study, p->records, p->n_records, looks, &p->wrong);
    if (!rg_study_is_sequential(p->study))
        rg_str_add(&p->right, "the seeds were fixed before: there was nothing to look for");
    else
        rg_str_printf(&p->right, "%zu looks taken again, %zu seeds of at most %zu, %s",
                      json_array_size(looks), rg_look_seeds(last), p->study->n_seeds,
                      rg_json_text(last, "end", "not at the end"));
    if (rg_study_is_sequential(p->study) && json_array_size(openings) > 1)
        proof_complain(p, "the seal was opened %zu times", json_array_size(openings));
    json_decref(looks);
    json_decref(openings);
    return err->code == RG_OK;
}

/* ---- The frozen choice, the figures */

static const rg_record *best_trial(const proof *p, const char *arm)
{
    const rg_record *best = NULL;
    double best_score = NAN;
    for (size_t i = 0; i < p->n_records; i++) {
        const rg_record *r = &p->records[i];
        if (r->stage != RG_TUNE || r->failed || strcmp(r->arm, arm) != 0)
            continue;
        double score = rg_json_number(json_object_get(r->validation, p->study->metric), NAN);
        if (isnan(score))
            continue;
        if (!best || (p->study->maximize ? score > best_score : score < best_score)) {
            best = r;
            best_score = score;
        }
    }
    return best;
}

/* What an arm has to be frozen at: its best trial; its defaults where nothing was tuned or
 * every trial failed; NULL when the study has no such arm. */
static const json_t *expected_config(const proof *p, const char *arm)
{
    const rg_record *best = best_trial(p, arm);
    for (size_t a = 0; !best && a < p->study->n_arms; a++)
        if (strcmp(p->study->arms[a].name, arm) == 0)
            return p->study->arms[a].config;
    return best ? best->config : NULL;
}

/* Every arm's frozen configuration is that of its best trial; every run used it. */
static bool check_choice(proof *p, rg_err *err)
{
    json_t *freeze = rg_ledger_newest(p->ledger, "freeze", err), *frozen;
    size_t i;
    json_array_foreach (json_object_get(freeze, "arms"), i, frozen) {
        const char *arm = rg_json_text(frozen, "arm", "");
        if (!json_equal(expected_config(p, arm), json_object_get(frozen, "config")))
            proof_complain(p, "the frozen configuration of %s is not that of its best trial",
                           arm);
        for (size_t k = 0; k < p->n_records; k++)
            if (p->records[k].stage == RG_EVALUATE && strcmp(p->records[k].arm, arm) == 0 &&
                !json_equal(p->records[k].config, json_object_get(frozen, "config")))
                proof_complain(p, "run %zu of %s did not use the frozen configuration",
                               p->records[k].number, arm);
    }
    json_decref(freeze);
    rg_str_add(&p->right, "every arm was frozen at its best trial on validation, and run so");
    return err->code == RG_OK;
}

/* The report's figures, all of them at once, through the fingerprint of the facts. */
static bool check_figures(proof *p, rg_err *err)
{
    json_t *analysed = rg_ledger_newest(p->ledger, "analysed", err);
    json_t *facts = rg_facts_build(p->study, p->ledger, err);
    char fingerprint[RG_HEX] = "";
    if (facts)
        rg_facts_fingerprint(facts, fingerprint);
    if (analysed && strcmp(fingerprint, rg_json_text(analysed, "fingerprint", "")) != 0)
        proof_complain(p, "the figures do not come out as they were recorded");
    rg_str_printf(&p->right,
                  analysed ? "all figures recomputed, fingerprint %.16s"
                           : "the study is not complete: no figures were recorded%.0s",
                  fingerprint);
    json_decref(analysed);
    json_decref(facts);
    return err->code == RG_OK;
}

static bool same_figures(const json_t *a, const json_t *b)
{
    char left[RG_HEX], right[RG_HEX];
    rg_facts_fingerprint(a, left);
    rg_facts_fingerprint(b, right);
    return strcmp(left, right) == 0;
}

static bool is_complete(const json_t *facts)
{
    return strcmp(rg_json_text(facts, "status", ""), "complete") == 0;
}

static json_t *read_report(const char *path, rg_err *err)
{
    char *text;
    size_t len;
    if (!rg_file_read(path, (size_t)1 << 30, &text, &len, err))
        return NULL;
    json_t *written = rg_json_parse(text, len, path, err);
    rg_free(text);
    return written;
}

/* report.json of a complete study says what the ledger says.  A report from before the end is
 * of another moment, and so is the ledger of a study that goes on while we look. */
static bool check_report(proof *p, rg_err *err)
{
    rg_err cannot = {0};
    const char *path = rg_path_join(p->arena, p->dir, "report.json");
    json_t *facts = rg_facts_build(p->study, p->ledger, err), *written = NULL;
    if (facts && !is_complete(facts)) {
        rg_str_add(&p->right, "the study is not complete: its report is not compared");
    } else if (facts && !rg_file_exists(path)) {
        rg_str_add(&p->right, "no report.json to compare");
    } else if (facts && (written = read_report(path, &cannot)) == NULL) {
        proof_complain(p, "%s: %s", path, cannot.what);
    } else if (facts && !is_complete(written)) {
        rg_str_add(&p->right, "report.json is from before the study was complete");
    } else if (facts) {
        rg_str_add(&p->right, "report.json says what the ledger says");
        if (!same_figures(facts, written))
            proof_complain(p, "%s does not say what the ledger says", path);
    }
    json_decref(written);
    json_decref(facts);
    return err->code == RG_OK;
}

static bool check_signature(proof *p, rg_err *err)
{
    return signature_check(p->ledger, p->study->name, p->dir, p->options.key, &p->right,
                           &p->wrong, err);
}

static const struct {
    const char *name;
    bool (*check)(proof *p, rg_err *err);
} checks[] = {
    {"ledger", check_ledger}, {"files", proof_check_files},   {"scores", check_scores},
    {"looks", check_looks},   {"choice", check_choice},       {"figures", check_figures},
    {"report", check_report}, {"signature", check_signature},
};

static bool run_checks(proof *p, json_t *results, bool *ret_holds, rg_err *err)
{
    *ret_holds = true;
    for (size_t i = 0; i < RG_COUNT(checks); i++) {
        rg_str_clear(&p->wrong);
        rg_str_clear(&p->right);
        if (!checks[i].check(p, err))
            return false;
        bool pass = p->wrong.len == 0;
        json_array_append_new(results, json_pack("{s:s, s:s, s:s}", "name", checks[i].name,
                                                 "status", pass ? "pass" : "fail", "detail",
                                                 rg_str_text(pass ? &p->right : &p->wrong)));
        *ret_holds = *ret_holds && pass;
    }
    return true;
}

bool rg_study_verify(const rg_study *study, rg_ledger *ledger, const char *dir,
                     const rg_verify_options *options, json_t **ret_report, rg_err *err)
{
    proof p = {.study = study,
               .ledger = ledger,
               .dir = dir,
               .options = options ? *options : (rg_verify_options){0},
               .arena = rg_arena_new(),
               .wrong = {.max = 4000},
               .right = {.max = 400}};
    rg_record *records;
    json_t *results = json_array();
    bool holds;
    bool ok = rg_ledger_records(ledger, RG_ALL_PARTS, p.arena, &records, &p.n_records, err);
    p.records = ok ? records : NULL;
    ok = ok && run_checks(&p, results, &holds, err);
    if (ok)
        *ret_report =
            json_pack("{s:s, s:b, s:O}", "study", study->name, "ok", holds, "checks", results);
    json_decref(results);
    rg_str_free(&p.wrong);
    rg_str_free(&p.right);
    rg_arena_free(p.arena);
    return ok;
}
