/* job.c - reading a job; what is missing is named, nothing is assumed. */
#include "launch/launch.h"

#include <string.h>

static bool need(rg_err *err, const char *key, const char *what)
{
    return rg_fail(err, RG_INPUT, key, "see docs/protocol.md", "%s", what);
}

static double number(const json_t *object, const char *key, double otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

bool launch_setup_read(const json_t *root, launch_setup *ret, rg_err *err)
{
    const json_t *trainer = json_object_get(root, "trainer");
    const json_t *data = json_object_get(root, "data");
    launch_setup made = {
        .root = root,
        .command = json_object_get(trainer, "command"),
        .reads = json_object_get(trainer, "reads"),
        .env = json_object_get(trainer, "env"),
        .writes = json_object_get(trainer, "writes"),
        .hidden = json_object_get(root, "hidden"),
        .metrics = json_object_get(root, "metrics"),
        .study = rg_json_text(root, "study", ""),
        .folder = rg_json_text(trainer, "folder", "."),
        .metric = rg_json_text(root, "metric", NULL),
        .data = rg_json_text(data, "folder", NULL),
        .train = rg_json_text(data, "train", NULL),
        .val = rg_json_text(data, "val", NULL),
        .test_inputs = rg_json_text(data, "test_inputs", NULL),
        .ids = rg_json_text(data, "ids", NULL),
        .time_s = number(trainer, "time_s", 0),
        .grace_s = number(trainer, "grace_s", 10),
        .devices = number(trainer, "devices", 0),
        .memory_bytes = (int64_t)number(trainer, "memory_bytes", 0),
        .log_bytes = (int64_t)number(trainer, "log_bytes", 1 << 24),
        .threads = (int)number(trainer, "threads", 1),
        .network = json_is_true(json_object_get(trainer, "network")),
        .seal = json_is_true(json_object_get(trainer, "seal")),
    };
    if (json_array_size(made.command) == 0)
        return need(err, "trainer.command", "must be a list of words");
    if (!made.metric)
        return need(err, "metric", "must be a text");
    if (!json_is_array(json_object_get(root, "members")))
        return need(err, "members", "must be a list");
    *ret = made;
    return true;
}

bool launch_member_read(const json_t *entry, launch_member *ret, rg_err *err)
{
    const json_t *id = json_object_get(entry, "id");
    launch_member made = {
        .id = json_integer_value(id),
        .number = json_integer_value(json_object_get(entry, "number")),
        .stage = rg_json_text(entry, "stage", NULL),
        .arm = rg_json_text(entry, "arm", NULL),
        .place = rg_json_text(entry, "place", NULL),
        .predictions = rg_json_text(entry, "predictions", NULL),
        .config = json_object_get(entry, "config"),
        .seed = json_object_get(entry, "seed"),
    };
    if (!json_is_integer(id))
        return need(err, "members.id", "must be a whole number");
    ret->id = made.id;
    if (!json_is_integer(made.seed))
        return need(err, "members.seed", "must be a whole number");
    if (!made.stage || !made.arm || !made.place || *made.place != '/')
        return need(err, "members", "must have a stage, an arm and an absolute path 'place'");
    if (!json_is_object(made.config))
        return need(err, "members.config", "must be an object");
    made.evaluate = strcmp(made.stage, "evaluate") == 0;
    *ret = made;
    return true;
}
