/* html_page.c - a page that opens anywhere, with nothing fetched.
 *
 * web/report.html is the template; this file fills its slots, those that all pages share by
 * itself.  The policy lets only the page's own two scripts run, by their hashes, and lets
 * nothing be loaded: if a text ever slipped through the escaping, it could neither run nor call
 * home.  Vega compiles its expressions with the Function constructor, hence 'unsafe-eval'. */
#include "lab/report/html.h"

#include "lab/report/web.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* The two scripts are part of the program: their hashes are computed once. */
static char library_hash[64], script_hash[64];

static void hash_into(char ret[64], const char *from, const char *end)
{
    rg_str hash = {0};
    html_script_hash(&hash, from, (size_t)(end - from));
    snprintf(ret, 64, "%s", rg_str_text(&hash));
    rg_str_free(&hash);
}

static void hash_scripts(void)
{
    hash_into(library_hash, rg_web_library, rg_web_library_end);
    hash_into(script_hash, rg_web_script, rg_web_script_end);
}

static void slot_policy(rg_str *ret, const json_t *facts)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)facts;
    pthread_once(&once, hash_scripts);
    rg_str_printf(ret,
                  "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; "
                  "base-uri 'none'; form-action 'none'; script-src 'unsafe-eval' '%s' '%s'",
                  library_hash, script_hash);
}

static void slot_style(rg_str *ret, const json_t *facts)
{
    (void)facts;
    rg_str_add_n(ret, rg_web_style, (size_t)(rg_web_style_end - rg_web_style));
}

static void slot_library(rg_str *ret, const json_t *facts)
{
    (void)facts;
    rg_str_add_n(ret, rg_web_library, (size_t)(rg_web_library_end - rg_web_library));
}

static void slot_script(rg_str *ret, const json_t *facts)
{
    (void)facts;
    rg_str_add_n(ret, rg_web_script, (size_t)(rg_web_script_end - rg_web_script));
}

static const html_slot shared[] = {
    {"policy", slot_policy},
    {"style", slot_style},
    {"library", slot_library},
    {"script", slot_script},
    {0},
};

static const html_slot *slot_named(const html_slot *slots, const char *name, size_t len)
{
    while (slots->name && (strlen(slots->name) != len || strncmp(slots->name, name, len) != 0))
        slots++;
    return slots->name ? slots : NULL;
}

static void fill_slot(rg_str *ret, const html_slot *own, const char *name, size_t len,
                      const json_t *facts)
{
    const html_slot *found = slot_named(own, name, len);
    if (!found)
        found = slot_named(shared, name, len);
    if (!found)
        RG_BUG("the page has a slot {{%.*s}} that nothing fills", (int)len, name);
    found->write(ret, facts);
}

bool html_page(rg_str *ret, const html_slot *slots, const json_t *facts, rg_err *err)
{
    const char *rest = rg_web_page;
    for (const char *slot; (slot = strstr(rest, "{{"));) {
        const char *name = slot + 2, *end = strstr(name, "}}");
        if (!end)
            RG_BUG("the page has a slot without an end");
        rg_str_add_n(ret, rest, (size_t)(slot - rest));
        fill_slot(ret, slots, name, (size_t)(end - name), facts);
        rest = end + 2;
    }
    rg_str_add(ret, rest);
    if (ret->cut)
        return rg_fail(err, RG_INTERNAL, NULL, "use --format json", "the page is too large");
    return true;
}
