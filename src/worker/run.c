/* run.c - one job from its line to "finished": each member is resolved, given its program,
 * trained, and reported; a member that fails does not disturb the others. */
#include "worker/worker.h"

#include <string.h>

typedef struct running {
    cache *cache;
    const train_job *job;
    member member;
    usage usage;
    bool heard;   /* somebody reads the messages */
    bool outside; /* what fails now is the disk's fault or the data's, not the training's */
} running;

/* ---- Messages of a member */

static bool send_epoch(void *ctx, const rg_epoch *epoch)
{
    running *r = ctx;
    r->heard = worker_message_epoch(r->job, r->member.id, epoch);
    return r->heard;
}

static json_t *resources(const running *r, const rg_program *program, const rg_fit_result *fit)
{
    json_t *ret = worker_usage_json(&r->usage);
    json_t *done = json_pack("{s:I, s:I, s:I, s:I}", "steps", (json_int_t)fit->steps, "epochs",
                             (json_int_t)fit->epochs, "parameters",
                             (json_int_t)rg_program_parameters(program), "plan_bytes",
                             (json_int_t)rg_program_bytes(program));
    json_object_update(ret, done);
    json_decref(done);
    json_t *seal = (json_t *)(uintptr_t)worker_seal(r->job->root);
    if (seal)
        json_object_set(ret, "seal", seal);
    return ret;
}

static void send_done(running *r, const rg_program *program, const rg_fit_result *fit)
{
    json_t *validation = json_object();
    for (size_t i = 0; i < r->job->n_metrics; i++)
        json_object_set_new(validation, r->job->metrics[i]->name, rg_json_real(fit->score[i]));
    json_t *message = json_pack("{s:I, s:b, s:I, s:o, s:o}", "id", r->member.id, "done", 1,
                                "epoch", (json_int_t)fit->epoch, "validation", validation,
                                "resources", resources(r, program, fit));
    if (r->member.predictions)
        json_object_set_new(message, "predictions", json_string(r->member.predictions));
    if (r->member.checkpoint)
        json_object_set_new(message, "checkpoint", json_string(r->member.checkpoint));
    r->heard = rg_message_send(message);
}

/* ---- A member */

static bool write_predictions(running *r, rg_program *program, rg_err *err)
{
    const train_job *job = r->job;
    if (!job->test_inputs)
        return rg_fail(err, RG_INPUT, "data.test_inputs", "give its path",
                       "there is nothing to predict");
    r->outside = true;
    const rg_part *test = worker_cache_part(r->cache, job->test_inputs, err);
    const rg_part *train = test ? worker_cache_part(r->cache, job->train, err) : NULL;
    if (!train)
        return false;
    r->outside = false;
    if (test->features != train->features)
        return rg_fail(err, RG_INPUT, job->test_inputs, "write the parts of one data set again",
                       "%zu features where the training part has %zu", test->features,
                       train->features);
    size_t classes = job->task == RG_CLASSIFY ? job->classes : 0;
    float *value = RG_NEW_ARRAY(float, test->rows *(classes ? classes : 1));
    rg_predictions predictions = {
        .rows = test->rows, .classes = classes, .value = value, .id = test->id};
    bool written = rg_predict(program, test->x, test->rows, value, err) &&
                   (r->outside = true) &&
                   rg_predictions_write(r->member.predictions, &predictions, err);
    rg_free(value);
    return written;
}

/* Trains with a resolved configuration and reports; false when that failed. */
static bool train_member(running *r, const rg_model *model, const json_t *config, rg_err *err)
{
    const train_job *job = r->job;
    r->outside = true;
    const rg_part *train = worker_cache_part(r->cache, job->train, err);
    const rg_part *val = train ? worker_cache_part(r->cache, job->val, err) : NULL;
    if (!val)
        return false;
    r->outside = false;
    rg_program_spec spec = {.model = model,
                            .config = config,
                            .task = job->task,
                            .classes = job->classes,
                            .features = train->features,
                            .rows = train->rows,
                            .plan = {.threads = job->threads}};
    rg_program *program = worker_cache_program(r->cache, &spec, err);
    if (!program)
        return false;
    rg_fit_spec fit = {.config = config,
                       .seed = r->member.seed,
                       .train = train,
                       .val = val,
                       .metrics = job->metrics,
                       .n_metrics = job->n_metrics,
                       .on_epoch = send_epoch,
                       .ctx = r};
    rg_fit_result result;
    if (!rg_fit(program, &fit, &result, err) ||
        (r->member.predictions && !write_predictions(r, program, err)) ||
        (r->member.checkpoint && !rg_checkpoint_write(program, r->member.checkpoint, err)))
        return false;
    send_done(r, program, &result);
    return true;
}

static bool run_member(cache *c, const train_job *job, const json_t *entry)
{
    rg_err err = {0};
    running r = {.cache = c, .job = job, .heard = true};
    worker_usage_start(&r.usage);
    const rg_model *model;
    json_t *config = NULL;
    bool done = worker_member_read(entry, &r.member, &err) &&
                (config = rg_config_resolve(r.member.config, &model, &err)) != NULL &&
                train_member(&r, model, config, &err);
    json_decref(config);
    if (!done && r.heard)
        r.heard = rg_message_fail("id", r.member.id, r.outside ? "lost" : "failed", &err,
                                  worker_usage_json(&r.usage));
    return r.heard;
}

/* A job that cannot be read fails every member that it names. */
static bool fail_job(const json_t *root, json_int_t number, const rg_err *err)
{
    size_t i;
    json_t *entry;
    if (!rg_message_fail("job", number, "error", err, NULL))
        return false;
    json_array_foreach (json_object_get(root, "members"), i, entry) {
        const json_t *id = json_object_get(entry, "id");
        if (json_is_integer(id) &&
            !rg_message_fail("id", json_integer_value(id), "failed", err, NULL))
            return false;
    }
    return true;
}

static bool run_members(cache *c, const train_job *job)
{
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(job->root, "members"), i, entry)
        if (!run_member(c, job, entry))
            return false;
    return true;
}

bool worker_run(cache *c, const json_t *root)
{
    train_job job;
    rg_err err = {0};
    json_int_t number = json_integer_value(json_object_get(root, "job"));
    worker_seal(root);
    bool heard =
        worker_job_read(root, &job, &err) ? run_members(c, &job) : fail_job(root, number, &err);
    c->over = json_is_true(json_object_get(root, "last"));
    if (c->over) /* our end says that it is finished */
        return heard;
    return heard && rg_message_send(json_pack("{s:I, s:b}", "job", number, "finished", 1));
}
