/* job.c - reading a job: what is missing or of the wrong kind is named, nothing is assumed. */
#include "worker/worker.h"

#include <stdlib.h>
#include <string.h>

static bool need(rg_err *err, const char *key, const char *what)
{
    return rg_fail(err, RG_INPUT, key, "see docs/protocol.md", "%s", what);
}

static bool read_task(const json_t *root, train_job *ret, rg_err *err)
{
    static const char *const names[] = {[RG_CLASSIFY] = "classify", [RG_REGRESS] = "regress"};
    const char *task = rg_json_text(root, "task", "");
    for (size_t i = 0; i < RG_COUNT(names); i++) {
        if (strcmp(names[i], task) != 0)
            continue;
        ret->task = (rg_task)i;
        double classes = rg_json_number(json_object_get(root, "classes"), 0);
        if (!(classes >= 0 && classes <= 1 << 24))
            return need(err, "classes", "must be a number of classes");
        ret->classes = (size_t)classes;
        return true;
    }
    return need(err, "task", "must be \"classify\" or \"regress\"");
}

/* Adds a metric unless it stands in the list already. */
static bool add_metric(train_job *ret, const char *name, rg_err *err)
{
    const rg_metric *metric = name ? rg_metric_find(name) : NULL;
    if (!metric || !rg_metric_fits(metric, ret->task))
        return rg_fail(err, RG_INPUT, "metric", "see rg_metrics",
                       "there is no metric \"%.60s\" for this task", name ? name : "");
    for (size_t i = 0; i < ret->n_metrics; i++)
        if (ret->metrics[i] == metric)
            return true;
    if (ret->n_metrics == RG_COUNT(ret->metrics))
        return need(err, "metrics", "too many metrics");
    ret->metrics[ret->n_metrics++] = metric;
    return true;
}

static bool read_metrics(const json_t *root, train_job *ret, rg_err *err)
{
    if (!add_metric(ret, rg_json_text(root, "metric", NULL), err))
        return false;
    size_t i;
    json_t *name;
    json_array_foreach (json_object_get(root, "metrics"), i, name)
        if (!add_metric(ret, json_string_value(name), err))
            return false;
    return true;
}

static int default_threads(void)
{
    const char *text = getenv("RIGOR_THREADS");
    int64_t threads;
    return text && rg_text_int(text, &threads) && threads > 0 && threads < 1024 ? (int)threads
                                                                                : 1;
}

bool worker_job_read(const json_t *root, train_job *ret, rg_err *err)
{
    const json_t *data = json_object_get(root, "data");
    train_job made = {.root = root,
                      .train = rg_json_text(data, "train", NULL),
                      .val = rg_json_text(data, "val", NULL),
                      .test_inputs = rg_json_text(data, "test_inputs", NULL)};
    made.number = json_integer_value(json_object_get(root, "job"));
    if (!made.train || !made.val)
        return need(err, "data", "must have the paths \"train\" and \"val\"");
    if (!json_is_array(json_object_get(root, "members")))
        return need(err, "members", "must be a list");
    if (!read_task(root, &made, err) || !read_metrics(root, &made, err))
        return false;
    double threads = rg_json_number(json_object_get(root, "threads"), default_threads());
    made.threads = threads >= 1 && threads < 1024 ? (int)threads : 1;
    *ret = made;
    return true;
}

bool worker_member_read(const json_t *entry, member *ret, rg_err *err)
{
    const json_t *id = json_object_get(entry, "id"), *seed = json_object_get(entry, "seed");
    if (json_is_integer(id))
        ret->id = json_integer_value(id);
    else
        return need(err, "members.id", "must be a whole number");
    if (!json_is_integer(seed) || json_integer_value(seed) < 0)
        return need(err, "members.seed", "must be a whole number from 0");
    if (!json_is_object(json_object_get(entry, "config")))
        return need(err, "members.config", "must be an object");
    ret->seed = (uint64_t)json_integer_value(seed);
    ret->config = json_object_get(entry, "config");
    ret->predictions = rg_json_text(entry, "predictions", NULL);
    ret->checkpoint = rg_json_text(entry, "checkpoint", NULL);
    return true;
}
