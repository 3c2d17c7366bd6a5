/* sandbox.c - what a trial may do, made ready before it begins, and the record of it.
 *
 * Three locks, each for what the one before cannot hold:
 *
 *   Landlock       files by path, TCP, and other processes (their memory, descriptors, /proc
 *                  entries; from ABI 6 signals and abstract sockets): rules.c
 *   seccomp        calls that reach files without a path (open_by_handle_at), that put them under
 *                  another (mount), that no filter sees (io_uring), sockets: calls.c
 *   capabilities   what root could do to devices, kernel and file systems: enter.c
 *
 * A fourth part only looks: the calls that go by a path are told to the parent, which works out
 * where they lead and lets them go on (attend.c).  The program of the filter is our own, not
 * libseccomp's: it must be loaded between fork and exec, where nothing may be allocated, and names
 * calls that are newer than that library. */
#include "sandbox/inside.h"
#include "sandbox/rights.h"

#include <unistd.h>

int rg_sandbox_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, RULESET_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

static int abi_within(int limit)
{
    int abi = limit < 0 ? 0 : rg_sandbox_abi();
    return limit > 0 && limit < abi ? limit : abi;
}

/* ---- Doors: programs outside that do what they are told over a socket.  Landlock closes them from
 * ABI 9 on; attend.c does while it watches. */

static const char *const doors[] = {
    "/run/docker.sock",        "/run/containerd/containerd.sock",
    "/run/podman/podman.sock", "/run/systemd/private",
    "/run/user/%d/bus",        "/run/user/%d/systemd/private",
    "/tmp/tmux-%d/default",
};

static void warn_of_doors(const rg_sandbox *s, json_t *warnings)
{
    for (size_t i = 0; i < RG_COUNT(doors); i++) {
        rg_str path = {0};
        for (const char *c = doors[i]; *c; c++)
            if (c[0] == '%')
                rg_str_printf(&path, "%d", (int)geteuid()), c++;
            else
                rg_str_add_n(&path, c, 1);
        if (access(path.data, W_OK) == 0)
            rg_json_say(warnings, "a program that listens at %s could read what is hidden%s",
                        path.data, s->watch ? "; connections to it are refused" : "");
        rg_str_free(&path);
    }
}

/* ---- The record */

static json_t *network_json(const rg_sandbox *s)
{
    json_t *keepers = json_array();
    if (!s->network && s->abi >= 4)
        rg_json_say(keepers, "landlock");
    if (!s->network && s->plain.len > 0)
        rg_json_say(keepers, "seccomp");
    return json_pack("{s:b, s:o}", "allowed", s->network, "kept_by", keepers);
}

static void say_all(json_t *record, const char *key, const spots *list)
{
    json_t *names = json_array();
    spots_say(list, names);
    json_object_set_new(record, key, names);
}

static bool prepare(rg_sandbox *s, const rg_grant_spec *spec, json_t *record, rg_err *err)
{
    json_t *warnings = json_array();
    json_object_set_new(record, "landlock", json_integer(s->abi));
    json_object_set_new(record, "warnings", warnings);
    if (!sandbox_places(s, spec, warnings, err))
        return false;
    bool sealed = s->abi > 0 && json_array_size(warnings) == 0; /* no other names */
    if (!sandbox_rules(s, record, warnings, err))
        return false;
    sandbox_filters(s);
    if (s->abi < 9)
        warn_of_doors(s, warnings);
    say_all(record, "write", &s->writable);
    say_all(record, "read_of_hidden", &s->readable);
    say_all(record, "hidden", &s->hidden);
    json_object_set_new(record, "network", network_json(s));
    json_object_set_new(record, "sealed", json_boolean(sealed));
    json_object_set_new(record, "seccomp", json_boolean(s->plain.len > 0));
    json_object_set_new(record, "watch", json_boolean(s->watch));
    return true;
}

bool rg_sandbox_prepare(const rg_grant_spec *spec, rg_sandbox **ret, json_t **ret_record,
                        rg_err *err)
{
    rg_sandbox *s = RG_NEW(rg_sandbox);
    s->arena = rg_arena_new();
    s->abi = abi_within(spec->abi_limit);
    s->ruleset = -1;
    s->network = spec->network;
    s->watch = spec->watch && sandbox_can_watch();
    json_t *record = json_object();
    if (!prepare(s, spec, record, err)) {
        json_decref(record);
        rg_sandbox_free(s);
        return false;
    }
    *ret = s;
    *ret_record = record;
    return true;
}

void rg_sandbox_free(rg_sandbox *s)
{
    if (!s)
        return;
    if (s->ruleset >= 0)
        close(s->ruleset);
    rg_vec_free(&s->hidden);
    rg_vec_free(&s->writable);
    rg_vec_free(&s->readable);
    rg_vec_free(&s->ways);
    rg_free(s->plain.filter);
    rg_free(s->watching.filter);
    rg_arena_free(s->arena);
    rg_free(s);
}
