/* seal.c - a worker shuts itself off from what it must not read, before it trains anything. */
#include "worker/worker.h"

#include "rigor/sandbox.h"

#include <stdio.h>
#include <string.h>

static const char **paths_of(const json_t *list)
{
    size_t n = json_array_size(list);
    const char **paths = RG_NEW_ARRAY(const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        paths[i] = json_string_value(json_array_get(list, i));
    return paths;
}

/* {"sealed", "landlock", "network"}: what came of it.  A kernel that cannot keep the seal is told,
 * and trains all the same. */
static json_t *enter(const json_t *reach)
{
    rg_err err = {0};
    rg_sandbox *sandbox = NULL;
    json_t *granted = NULL;
    const char **hidden = paths_of(json_object_get(reach, "hidden"));
    const char **writable = paths_of(json_object_get(reach, "writable"));
    const char **readable = paths_of(json_object_get(reach, "readable"));
    rg_grant_spec spec = {.hidden = hidden, .writable = writable, .readable = readable};
    int refused = 0; /* errno */
    bool in = rg_sandbox_prepare(&spec, &sandbox, &granted, &err) &&
              (refused = rg_sandbox_enter(sandbox, -1)) == 0;
    json_t *seal = json_pack("{s:b, s:I, s:b}", "sealed",
                             in && json_is_true(json_object_get(granted, "sealed")), "landlock",
                             in ? json_integer_value(json_object_get(granted, "landlock")) : 0,
                             "network", !in);
    if (!in)
        fprintf(stderr, "rigor: the worker trains without a seal: %s %s\n",
                refused ? "it cannot be entered:" : err.where,
                refused ? strerror(refused) : err.what);
    rg_sandbox_free(sandbox);
    json_decref(granted);
    rg_free(hidden);
    rg_free(writable);
    rg_free(readable);
    return seal;
}

const json_t *worker_seal(const json_t *job)
{
    static json_t *seal; /* of this process, for as long as it lives */
    const json_t *reach = json_object_get(job, "reach");
    if (!seal && json_is_object(reach))
        seal = enter(reach);
    return seal;
}
