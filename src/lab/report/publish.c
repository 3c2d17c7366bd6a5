/* publish.c - facts into files; the one event that the report itself leaves in the ledger. */
#include "rigor/publish.h"

#include <string.h>

static bool already_analysed(rg_ledger *ledger, const char *fingerprint, bool *ret, rg_err *err)
{
    json_t *events = rg_ledger_events(ledger, "analysed", err), *event;
    size_t i;
    *ret = false;
    json_array_foreach (events, i, event)
        if (strcmp(rg_json_text(json_object_get(event, "body"), "fingerprint", ""),
                   fingerprint) == 0)
            *ret = true;
    json_decref(events);
    return err->code == RG_OK;
}

static bool record_analysis(rg_ledger *ledger, const char *fingerprint, rg_err *err)
{
    bool done;
    if (!already_analysed(ledger, fingerprint, &done, err) || done)
        return err->code == RG_OK;
    json_t *body = json_pack("{s:s}", "fingerprint", fingerprint);
    bool ok = rg_ledger_event(ledger, "analysed", body, err);
    json_decref(body);
    return ok;
}

json_t *rg_study_facts(const rg_study *study, rg_ledger *ledger, rg_err *err)
{
    char fingerprint[RG_HEX];
    json_t *facts = rg_facts_build(study, ledger, err);
    if (!facts || strcmp(rg_json_text(facts, "status", ""), "complete") != 0)
        return facts;
    rg_facts_fingerprint(facts, fingerprint);
    json_decref(facts);
    return record_analysis(ledger, fingerprint, err) ? rg_facts_build(study, ledger, err)
                                                     : NULL;
}

bool rg_report_write(const json_t *facts, const char *dir, const char *const *formats,
                     rg_err *err)
{
    bool ok = true;
    for (size_t i = 0; ok && formats[i]; i++) {
        const rg_rendering *rendering = rg_rendering_find(formats[i]);
        rg_str text = {0}, path = {0};
        rg_str_printf(&path, "%s/report.%s", dir, rendering->extension);
        ok = rendering->render(facts, false, &text, err) &&
             rg_file_write(rg_str_text(&path), rg_str_text(&text), text.len, 0644, err);
        rg_str_free(&text);
        rg_str_free(&path);
    }
    return ok;
}
