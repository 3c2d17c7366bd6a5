/* trial.c - the variables of the trial protocol, templates, and the messages of workers. */
#include "rigor/trial.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const rg_trial_variable rg_trial_variables[] = {
    {"study", "RIGOR_STUDY", "name of the study"},
    {"arm", "RIGOR_ARM", "name of the arm"},
    {"trial", "RIGOR_TRIAL", "number of the trial (tune) or of the run (evaluate), from 0"},
    {"stage", "RIGOR_STAGE", "tune or evaluate"},
    {"seed", "RIGOR_SEED", "the seed that everything random is to come from"},
    {"budget", "RIGOR_BUDGET", "what part of a full training is asked for, from 0 to 1"},
    {"config", "RIGOR_CONFIG", "path of a JSON file with the configuration"},
    {"out", "RIGOR_OUT", "its own folder, the only one that it may write"},
    {"report", "RIGOR_REPORT", "path of a file to which it may write messages"},
    {"data", "RIGOR_PARTS", "folder of the parts of the data"},
    {"train", "RIGOR_TRAIN", "path of the training part"},
    {"val", "RIGOR_VAL", "path of the validation part"},
    {"test_inputs", "RIGOR_TEST_INPUTS", "path of the test part without its labels"},
    {"predictions", "RIGOR_PREDICTIONS", "path for its predictions of the test part"},
    {"resume", "RIGOR_RESUME",
     "path of the checkpoint to go on from; empty: from the beginning"},
    {"threads", "RIGOR_THREADS", "cores that it may use"},
    {"device", "RIGOR_DEVICE", "cpu, or cuda:0 and the like"},
    {0},
};

const rg_trial_variable *rg_trial_variable_find(const char *name)
{
    for (const rg_trial_variable *v = rg_trial_variables; v->name; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}

/* Length of the name that `text` begins with; 0: none. */
static size_t name_length(const char *text)
{
    size_t len = 0;
    if (!isalpha((unsigned char)*text) && *text != '_')
        return 0;
    while (isalnum((unsigned char)text[len]) || (text[len] && strchr("_.-", text[len])))
        len++;
    return len;
}

/* Whether "{name}" stands at `text`; *ret_len: of the name. */
static bool is_slot(const char *text, size_t *ret_len)
{
    if (*text != '{')
        return false;
    *ret_len = name_length(text + 1);
    return *ret_len > 0 && text[1 + *ret_len] == '}';
}

static bool fill_slot(const char *name, size_t len, rg_template_value *value, void *ctx,
                      rg_str *out)
{
    char *copy = rg_alloc(len + 1);
    memcpy(copy, name, len);
    bool known = value(ctx, copy, out);
    rg_free(copy);
    return known;
}

bool rg_template_fill(const char *text, rg_template_value *value, void *ctx, rg_str *out)
{
    size_t len;
    rg_str_add(out, "");
    while (*text) {
        bool escaped = text[0] == '{' && is_slot(text + 1, &len) && text[len + 3] == '}';
        if (escaped) {
            rg_str_add_n(out, text + 1, len + 2);
            text += len + 4;
        } else if (is_slot(text, &len)) {
            if (!fill_slot(text + 1, len, value, ctx, out))
                return false;
            text += len + 2;
        } else {
            rg_str_add_n(out, text++, 1);
        }
    }
    return true;
}

void rg_template_word(const json_t *value, rg_str *out)
{
    size_t i;
    json_t *item;
    if (json_is_string(value)) {
        rg_str_add(out, json_string_value(value));
    } else if (json_is_array(value)) {
        json_array_foreach (value, i, item) {
            rg_str_add(out, i ? "," : "");
            rg_template_word(item, out);
        }
    } else {
        char *text = rg_json_canonical(value);
        rg_str_add(out, text);
        rg_free(text);
    }
}

/* ---- Messages */

bool rg_message_send(json_t *message)
{
    char *text = rg_json_canonical(message);
    json_decref(message);
    printf("@rigor %s\n", text);
    rg_free(text);
    return fflush(stdout) == 0 && !ferror(stdout);
}

bool rg_message_fail(const char *who, json_int_t number, const char *key, const rg_err *err,
                     json_t *resources)
{
    rg_str text = {0};
    rg_str_printf(&text, "%s%s%s", err->where, err->where[0] ? ": " : "", err->what);
    json_t *message = json_object();
    if (who)
        json_object_set_new(message, who, json_integer(number));
    json_object_set_new(message, key, json_string(rg_str_text(&text)));
    if (err->remedy[0])
        json_object_set_new(message, "remedy", json_string(err->remedy));
    json_object_set_new(message, "code", json_integer(err->code));
    if (resources)
        json_object_set_new(message, "resources", resources);
    rg_str_free(&text);
    return rg_message_send(message);
}

/* ---- GPUs */

/* The entry that `at` begins with, without blanks around it; its length is 0 behind the last. */
static const char *gpu_entry(const char *at, size_t *ret_len)
{
    at += strspn(at, " \t");
    *ret_len = *at == '-' ? 0 : strcspn(at, ", \t");
    return at;
}

static const char *next_gpu(const char *at)
{
    const char *comma = strchr(at, ',');
    return comma ? comma + 1 : "";
}

size_t rg_gpu_count(const char *list)
{
    size_t count = 0, len;
    for (const char *at = list ? list : ""; gpu_entry(at, &len), len > 0; at = next_gpu(at))
        count++;
    return count;
}

void rg_gpu_name(const char *list, size_t at, rg_str *out)
{
    size_t count = rg_gpu_count(list), len;
    if (count == 0) {
        rg_str_printf(out, "%zu", at);
        return;
    }
    for (at %= count; at > 0; at--)
        list = next_gpu(list);
    list = gpu_entry(list, &len);
    rg_str_add_n(out, list, len);
}

int rg_gpu_sharing(double share)
{
    return (int)lround(1 / share);
}
