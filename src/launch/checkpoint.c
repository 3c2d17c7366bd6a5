/* checkpoint.c - trials that can go on: resume.json in their place names the last checkpoint and
 * holds what was said up to it, so that a curve has no gap. */
#include "launch/launch.h"

#include <string.h>

#define RESUME_MAX_BYTES ((size_t)256 << 20)

static const char *resume_path(launch_trial *t)
{
    return rg_path_join(t->arena, t->member.place, "resume.json");
}

bool launch_recall(launch_trial *t, json_t **ret_messages)
{
    rg_err ignored = {0};
    char *text;
    size_t len;
    if (!rg_file_read(resume_path(t), RESUME_MAX_BYTES, &text, &len, &ignored))
        return false;
    json_t *root = rg_json_parse(text, len, "resume.json", &ignored);
    rg_free(text);
    const char *checkpoint = rg_json_text(root, "checkpoint", "");
    bool good = strcmp(rg_json_text(root, "key", ""), t->key) == 0 && *checkpoint == '/' &&
                rg_file_exists(checkpoint);
    if (good) {
        t->resume = rg_arena_strdup(t->arena, checkpoint);
        *ret_messages = json_incref(json_object_get(root, "messages"));
    }
    json_decref(root);
    return good;
}

/* Every line of the history is an object that we wrote ourselves. */
static json_t *history_json(const launch_trial *t)
{
    json_t *messages = json_array();
    const char *line = rg_str_text(&t->history);
    for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        json_array_append_new(messages, json_loadb(line, (size_t)(end - line), 0, NULL));
    return messages;
}

void launch_remember(launch_trial *t, const char *checkpoint)
{
    rg_err err = {0};
    const char *path = rg_path_join(t->arena, t->out, checkpoint);
    if (t->history.cut || !rg_file_exists(path)) {
        launch_note(t, "the checkpoint %s cannot be used: %s", checkpoint,
                    t->history.cut ? "too much was reported before it"
                                   : "there is no such file");
        return;
    }
    json_t *root = json_pack("{s:s, s:s, s:o}", "key", t->key, "checkpoint", path, "messages",
                             history_json(t));
    char *text = rg_json_canonical(root);
    if (!rg_file_write(resume_path(t), text, strlen(text), 0644, &err))
        launch_note(t, "the checkpoint could not be noted: %s", err.what);
    rg_free(text);
    json_decref(root);
}
