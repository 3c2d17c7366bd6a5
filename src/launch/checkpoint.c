/* checkpoint.c - trials that can go on.  Two files in their place:
 *
 *   history.jsonl  what was reported, a message a line; it is only ever added to
 *   resume.json    the last checkpoint, how much of the history it has seen, and what was said
 *                  beside numbers until then: predictions, notes, environment
 *
 * They are written once for each block of output, however many checkpoints it tells, and do not
 * wait for the disk: a kill costs neither of them, a power cut may.  A history that is not whole
 * is none, and the trial begins anew. */
#include "launch/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define RESUME_MAX_BYTES ((size_t)4 << 20)
#define HISTORY_MAX_BYTES ((size_t)256 << 20)

static const char history_name[] = "history.jsonl", resume_name[] = "resume.json";

static const char *path_of(const launch_trial *t, const char *name, char ret[PATH_BYTES])
{
    snprintf(ret, PATH_BYTES, "%s/%s", t->member.place, name);
    return ret;
}

/* ---- What an earlier start left */

static json_t *read_resume(const launch_trial *t)
{
    char path[PATH_BYTES], *text;
    size_t len;
    rg_err ignored = {0};
    if (!rg_file_read(path_of(t, resume_name, path), RESUME_MAX_BYTES, &text, &len, &ignored))
        return NULL;
    json_t *root = rg_json_parse(text, len, resume_name, &ignored);
    rg_free(text);
    return root;
}

static size_t count_lines(const char *text, size_t len)
{
    size_t lines = 0;
    for (const char *at = text, *end = text + len; (at = memchr(at, '\n', (size_t)(end - at)));
         at++)
        lines++;
    return lines;
}

/* The lines that the checkpoint has seen; later ones are cut off, to be told again. */
static bool read_history(launch_trial *t, const json_t *resume, char **ret)
{
    char path[PATH_BYTES];
    size_t len, bytes = (size_t)json_integer_value(json_object_get(resume, "bytes"));
    json_int_t messages = json_integer_value(json_object_get(resume, "messages"));
    rg_err ignored = {0};
    *ret = NULL;
    path_of(t, history_name, path);
    if (bytes && !rg_file_read(path, HISTORY_MAX_BYTES, ret, &len, &ignored))
        return false;
    bool whole = !bytes || (bytes <= len && !memchr(*ret, '\0', bytes) &&
                            count_lines(*ret, bytes) == (size_t)messages &&
                            truncate(path, (off_t)bytes) == 0);
    if (bytes && whole)
        (*ret)[bytes] = '\0';
    t->history_bytes = (int64_t)bytes;
    return whole;
}

static void recall_words(launch_trial *t, const json_t *resume)
{
    const char *predictions = rg_json_text(resume, "predictions", NULL);
    json_t *environment = json_object_get(resume, "environment");
    json_array_extend(t->notes, json_object_get(resume, "notes"));
    if (json_is_object(environment))
        t->environment = json_incref(environment);
    if (predictions)
        t->told_predictions = rg_arena_strdup(t->arena, predictions);
}

bool launch_recall(launch_trial *t, char **ret_history)
{
    json_t *resume = read_resume(t);
    const char *checkpoint = rg_json_text(resume, "checkpoint", "");
    *ret_history = NULL;
    bool good = strcmp(rg_json_text(resume, "key", ""), t->key) == 0 && *checkpoint == '/' &&
                rg_file_exists(checkpoint) && read_history(t, resume, ret_history);
    if (good) {
        t->resume = rg_arena_strdup(t->arena, checkpoint);
        recall_words(t, resume);
    } else {
        t->history_bytes = 0;
        rg_free(*ret_history);
        *ret_history = NULL;
    }
    json_decref(resume);
    return good;
}

/* ---- For a later start */

void launch_remember(launch_trial *t, const char *checkpoint)
{
    size_t bytes = (size_t)t->history_bytes + t->history.len;
    json_t *path = *checkpoint == '/' ? json_string(checkpoint)
                                      : json_sprintf("%s/%s", t->out, checkpoint);
    bool whole = !t->history.cut && bytes < HISTORY_MAX_BYTES;
    if (!whole || !rg_file_exists(json_string_value(path))) {
        launch_note(t, "the checkpoint %s cannot be used: %s", checkpoint,
                    whole ? "there is no such file" : "too much was reported before it");
        json_decref(path);
        return;
    }
    json_decref(t->noting);
    t->noting = json_pack("{s:s, s:o, s:I, s:I, s:o, s:o, s:s*}", "key", t->key, "checkpoint",
                          path, "bytes", (json_int_t)bytes, "messages", (json_int_t)t->messages,
                          "notes", json_copy(t->notes), "environment",
                          t->environment ? json_copy(t->environment) : json_null(),
                          "predictions", t->told_predictions);
}

/* Where the lines begin is known: what a full disk left half-written is written over. */
static bool add_history(launch_trial *t)
{
    char path[PATH_BYTES];
    if (t->history.len == 0)
        return true;
    int fd =
        open(path_of(t, history_name, path), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    bool ok = fd >= 0 && pwrite(fd, t->history.data, t->history.len, (off_t)t->history_bytes) ==
                             (ssize_t)t->history.len;
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    if (!ok)
        return false;
    bool cut = t->history.cut; /* it stays so: later checkpoints have a gap before them */
    t->history_bytes += (int64_t)t->history.len;
    rg_str_clear(&t->history);
    t->history.cut = cut;
    return true;
}

/* Beside the old one, which stands until the new one is whole. */
static bool write_resume(const launch_trial *t)
{
    char beside[PATH_BYTES], path[PATH_BYTES];
    char *text = rg_json_canonical(t->noting);
    size_t len = strlen(text);
    int fd = open(path_of(t, "resume.json.new", beside),
                  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len;
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    rg_free(text);
    return ok && rename(beside, path_of(t, resume_name, path)) == 0;
}

void launch_write_checkpoint(launch_trial *t)
{
    if (!t->noting)
        return;
    if (!add_history(t) || !write_resume(t))
        launch_note(t, "the checkpoint could not be noted: %s", strerror(errno));
    json_decref(t->noting);
    t->noting = NULL;
}

void launch_forget(launch_trial *t)
{
    char path[PATH_BYTES];
    remove(path_of(t, resume_name, path));
    remove(path_of(t, history_name, path));
}
