/* session.c - the part of an environment that can change results (see session.h). */
#include "lab/study/session.h"

#include "lab/study/trainer_job.h"

#include <stdio.h>
#include <string.h>

enum { ID = 12, SHOWN = 8 };

const rg_session_aspect rg_session_aspects[] = {
    {"machine", {"host", "cpu", "machine"}},
    {"program", {"rigor", "build", "compiler"}},
    {"libraries", {"libraries"}},
    {"code", {"git"}},
    {"trainer", {"files"}},
    {0},
};

json_t *rg_session_of(const rg_study *study, const json_t *environment)
{
    if (!json_is_object(environment))
        return NULL;
    json_t *session = json_object();
    for (size_t i = 0; rg_session_aspects[i].what; i++)
        for (const char *const *key = rg_session_aspects[i].keys; *key; key++) {
            json_t *value = json_object_get(environment, *key);
            json_object_set(session, *key, value ? value : json_null());
        }
    json_object_del(session, "files"); /* of our own trainer: "program" */
    if (study->trainer)
        json_object_set_new(session, "files", trainer_files(study->trainer));
    char hex[RG_HEX], *text = rg_json_canonical(session);
    rg_sha_of(text, strlen(text), hex);
    rg_free(text);
    json_object_set_new(session, "id", json_stringn(hex, ID));
    return session;
}

json_t *rg_session_recorded(rg_ledger *ledger, const json_t *resources, rg_err *err)
{
    json_t *events = rg_ledger_events(ledger, "session", err), *event, *found = NULL;
    const char *id = rg_json_text(resources, "session", "");
    size_t i;
    json_array_foreach (events, i, event) {
        json_t *body = json_object_get(event, "body");
        if (!strcmp(rg_json_text(body, "id", ""), id)) {
            json_decref(found);
            found = json_incref(body);
        }
    }
    json_decref(events);
    return found;
}

static bool same_aspect(size_t aspect, const json_t *a, const json_t *b)
{
    for (const char *const *key = rg_session_aspects[aspect].keys; *key; key++) {
        const json_t *own = json_object_get(a, *key), *other = json_object_get(b, *key);
        if (own != other && !json_equal(own, other))
            return false;
    }
    return true;
}

/* The first letters of a hash, or "-". */
static void add_hash(rg_str *ret, const json_t *object, const char *key)
{
    rg_str_printf(ret, "%.*s", SHOWN, rg_json_text(object, key, "-"));
}

static void add_program(rg_str *ret, const json_t *session)
{
    rg_str_printf(ret, "rigor %s, build ", rg_json_text(session, "rigor", "?"));
    add_hash(ret, session, "build");
}

static void add_code(rg_str *ret, const json_t *session)
{
    const json_t *git = json_object_get(session, "git");
    if (!json_is_object(git)) {
        rg_str_add(ret, "no repository");
        return;
    }
    rg_str_add(ret, "commit ");
    add_hash(ret, git, "commit");
    if (json_is_true(json_object_get(git, "changed"))) {
        rg_str_add(ret, " with changes ");
        add_hash(ret, git, "diff_sha256");
    }
}

static void add_machine(rg_str *ret, const json_t *session)
{
    rg_str_printf(ret, "%s, host ", rg_json_text(session, "cpu", "?"));
    add_hash(ret, session, "host");
}

/* Only the libraries whose versions differ. */
static void add_libraries(rg_str *ret, const json_t *session, const json_t *other)
{
    const char *name;
    json_t *version;
    bool first = true;
    json_object_foreach (json_object_get(session, "libraries"), name, version) {
        const json_t *theirs = json_object_get(json_object_get(other, "libraries"), name);
        if (json_equal(version, theirs))
            continue;
        rg_str_printf(ret, "%s%s %s", first ? "" : ", ", name, json_string_value(version));
        first = false;
    }
}

/* Only the files that differ. */
static void add_files(rg_str *ret, const json_t *session, const json_t *other)
{
    const char *name;
    json_t *hash;
    bool first = true;
    json_object_foreach (json_object_get(session, "files"), name, hash) {
        if (json_equal(hash, json_object_get(json_object_get(other, "files"), name)))
            continue;
        rg_str_printf(ret, "%s%.60s %.*s", first ? "" : ", ", name, SHOWN,
                      json_string_value(hash));
        first = false;
    }
    rg_str_add(ret, first ? "-" : "");
}

static void add_aspect(rg_str *ret, size_t aspect, const json_t *session, const json_t *other)
{
    static void (*const say[])(rg_str *, const json_t *) = {add_machine, add_program, NULL,
                                                            add_code};
    if (aspect == RG_COUNT(say))
        add_files(ret, session, other);
    else if (say[aspect])
        say[aspect](ret, session);
    else
        add_libraries(ret, session, other);
}

json_t *rg_session_differences(const json_t *a, const json_t *b)
{
    json_t *ret = json_array();
    for (size_t i = 0; rg_session_aspects[i].what; i++) {
        if (same_aspect(i, a, b))
            continue;
        rg_str text = {0};
        rg_str_printf(&text, "%s (", rg_session_aspects[i].what);
        add_aspect(&text, i, a, b);
        rg_str_add(&text, "; ");
        add_aspect(&text, i, b, a);
        rg_str_add(&text, ")");
        json_array_append_new(ret, json_string(rg_str_text(&text)));
        rg_str_free(&text);
    }
    return ret;
}
