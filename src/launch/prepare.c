/* prepare.c - what a trial finds when it starts: its folder, its configuration as a file, its
 * command with the names filled in, its environment. */
#include "launch/launch.h"
#include "rigor/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Variables */

static const char *device_of(const launch_trial *t)
{
    return t->setup->devices > 0 ? "cuda:0" : "cpu";
}

static const char *text_of(launch_trial *t, const char *name)
{
    const launch_setup *s = t->setup;
    const launch_member *m = &t->member;
    const struct {
        const char *name, *value;
    } known[] = {
        {"study", s->study},
        {"arm", m->arm},
        {"trial", rg_arena_printf(t->arena, "%lld", (long long)m->number)},
        {"stage", m->stage},
        {"seed", rg_arena_printf(t->arena, "%lld", (long long)json_integer_value(m->seed))},
        {"budget", "1"},
        {"config", t->config},
        {"out", t->out},
        {"report", t->report},
        {"data", s->data},
        {"train", s->train},
        {"val", s->val},
        {"test_inputs", s->test_inputs},
        {"predictions", t->predictions},
        {"resume", t->resume},
        {"threads", rg_arena_printf(t->arena, "%d", s->threads)},
        {"device", device_of(t)},
    };
    for (size_t i = 0; i < RG_COUNT(known); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].value ? known[i].value : "";
    RG_BUG("the variable %s has no value", name);
}

static bool slot_value(void *ctx, const char *name, rg_str *out)
{
    launch_trial *t = ctx;
    const json_t *value = rg_json_path(t->member.config, name);
    if (rg_trial_variable_find(name))
        rg_str_add(out, text_of(t, name));
    else if (value)
        rg_template_word(value, out);
    else
        return rg_fail(&t->lost, RG_INPUT, "trainer.command", "give it a value in the base",
                       "{%s} has no value", name);
    return true;
}

static bool fill_command(launch_trial *t, rg_err *err)
{
    size_t n = json_array_size(t->setup->command);
    t->argv = RG_ARENA_ARRAY(t->arena, char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        rg_str word = {0};
        const char *text = json_string_value(json_array_get(t->setup->command, i));
        bool ok = rg_template_fill(text ? text : "", slot_value, t, &word);
        t->argv[i] = rg_arena_strdup(t->arena, rg_str_text(&word));
        rg_str_free(&word);
        if (!ok) {
            *err = t->lost;
            return false;
        }
    }
    return true;
}

/* ---- Environment: ours, with what the protocol, the study and good habits add. */

typedef struct environment {
    rg_arena *arena;
    RG_VEC(char *) at;
} environment;

static size_t find_entry(const environment *e, const char *name)
{
    size_t len = strlen(name), i = 0;
    while (i < e->at.len && !(strncmp(e->at.at[i], name, len) == 0 && e->at.at[i][len] == '='))
        i++;
    return i;
}

static void set_entry(environment *e, const char *name, const char *value)
{
    char *entry = rg_arena_printf(e->arena, "%s=%s", name, value);
    size_t at = find_entry(e, name);
    if (at < e->at.len)
        e->at.at[at] = entry;
    else
        rg_vec_push(&e->at, entry);
}

static void set_unless(environment *e, const char *name, const char *value)
{
    if (find_entry(e, name) == e->at.len)
        set_entry(e, name, value);
}

/* The GPUs of this launcher's place, of those that we may use: whole ones next to each other, or
 * a share of one. */
static void set_devices(environment *e, double devices)
{
    const char *slot_text = getenv("RIGOR_SLOT");
    int64_t slot = 0;
    if (devices <= 0)
        return;
    if (slot_text)
        rg_text_int(slot_text, &slot);
    size_t count = devices < 1 ? 1 : (size_t)devices;
    size_t first =
        devices < 1 ? (size_t)slot / (size_t)rg_gpu_sharing(devices) : (size_t)slot * count;
    rg_str list = {0};
    for (size_t i = 0; i < count; i++) {
        rg_str_add(&list, i ? "," : "");
        rg_gpu_name(getenv(RG_GPU_LIST), first + i, &list);
    }
    set_entry(e, RG_GPU_LIST, rg_str_text(&list));
    rg_str_free(&list);
}

static void set_habits(environment *e, launch_trial *t)
{
    static const char *const threads[] = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
                                          "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
                                          "RAYON_NUM_THREADS"};
    for (size_t i = 0; i < RG_COUNT(threads); i++)
        set_entry(e, threads[i], text_of(t, "threads"));
    set_entry(e, "TMPDIR", t->scratch);
    set_entry(e, "XDG_CACHE_HOME", t->scratch);
    set_entry(e, "MPLCONFIGDIR", t->scratch);
    set_unless(e, "PYTHONUNBUFFERED", "1");
    set_unless(e, "PYTHONHASHSEED", "0");
}

static void fill_environment(launch_trial *t)
{
    extern char **environ;
    environment e = {.arena = t->arena};
    const char *name;
    json_t *value;
    for (size_t i = 0; environ[i]; i++)
        if (!rg_text_starts(environ[i], "RIGOR_"))
            rg_vec_push(&e.at, environ[i]);
    set_habits(&e, t);
    set_devices(&e, t->setup->devices);
    json_object_foreach ((json_t *)(uintptr_t)t->setup->env, name, value)
        set_entry(&e, name, json_string_value(value));
    for (const rg_trial_variable *v = rg_trial_variables; v->name; v++)
        set_entry(&e, v->env, text_of(t, v->name));
    t->envp = RG_ARENA_ARRAY(t->arena, char *, e.at.len + 1);
    memcpy(t->envp, e.at.at, e.at.len * sizeof(*t->envp));
    rg_vec_free(&e.at);
}

/* ---- The folder */

static bool write_config(launch_trial *t, rg_err *err)
{
    rg_str text = {0};
    rg_json_pretty(t->member.config, &text);
    /* Made anew for each start: it need not survive a power cut. */
    FILE *file = fopen(t->config, "we");
    bool ok = file && fwrite(rg_str_text(&text), 1, text.len, file) == text.len;
    ok = (!file || fclose(file) == 0) && ok;
    rg_str_free(&text);
    return ok ||
           rg_fail(err, RG_INTERNAL, t->config, "free some disk space", "cannot be written");
}

static void find_key(launch_trial *t)
{
    json_t *both = json_pack("[O, O]", t->member.config, t->member.seed);
    char *text = rg_json_canonical(both);
    rg_sha_of(text, strlen(text), t->key);
    rg_free(text);
    json_decref(both);
}

/* A folder that an earlier start left is emptied, unless it holds a checkpoint to go on from. */
static bool make_folder(launch_trial *t, rg_err *err)
{
    char *history;
    bool goes_on = launch_recall(t, &history);
    bool ok = (goes_on || rg_dir_remove(t->member.place, err)) &&
              rg_dir_make(t->out, 0755, err) && rg_dir_make(t->scratch, 0755, err);
    if (ok && history)
        launch_retell(t, history);
    rg_free(history);
    return ok;
}

bool launch_prepare(launch_trial *t, rg_err *err)
{
    const char *place = t->member.place;
    t->out = rg_path_join(t->arena, place, "out");
    t->scratch = rg_path_join(t->arena, place, "tmp");
    t->config = rg_path_join(t->arena, place, "config.json");
    t->report = rg_path_join(t->arena, t->out, "report.jsonl");
    t->predictions = rg_path_join(t->arena, t->out, "predictions.npz");
    t->stream[0].path = rg_path_join(t->arena, place, "stdout.log");
    t->stream[1].path = rg_path_join(t->arena, place, "stderr.log");
    t->last = json_object();
    t->notes = json_array();
    find_key(t);
    if (!make_folder(t, err) || !write_config(t, err) || !fill_command(t, err))
        return false;
    fill_environment(t);
    return true;
}
