/* trainer_files.c - the bytes of what a trainer's command names: its interpreter, its script, its
 * data.  Git knows what it tracks; whoever edits a script outside of it changes the results as well.
 */
#include "lab/study/trainer_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX_BYTES ((off_t)256 << 20)

static bool is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= FILE_MAX_BYTES;
}

/* A word without a slash that is no file where the program starts is looked for in PATH, if it is
 * the program's own name. */
static const char *find_in_path(rg_arena *arena, const char *word)
{
    const char *path = getenv("PATH");
    for (const char *at = path; at && *at;) {
        size_t len = strcspn(at, ":");
        const char *found = rg_arena_printf(arena, "%.*s/%s", (int)len, at, word);
        if (len > 0 && is_file(found))
            return found;
        at += len + (at[len] == ':');
    }
    return NULL;
}

static const char *file_of(rg_arena *arena, const rg_trainer *trainer, size_t i)
{
    const char *word = trainer->command[i];
    const char *beside = rg_path_join(arena, trainer->folder, word);
    if (!*word || strchr(word, '{') || strlen(word) > 4000)
        return NULL;
    if (is_file(beside) && (i > 0 || strchr(word, '/')))
        return beside;
    return i == 0 && !strchr(word, '/') ? find_in_path(arena, word) : NULL;
}

json_t *trainer_files(const rg_trainer *trainer)
{
    json_t *files = json_object();
    rg_arena *arena = rg_arena_new();
    for (size_t i = 0; i < trainer->n_command; i++) {
        char hex[RG_HEX];
        rg_err unread = {0};
        const char *path = file_of(arena, trainer, i);
        if (path && rg_sha_file(path, hex, &unread))
            json_object_set_new(files, trainer->command[i], json_string(hex));
    }
    rg_arena_free(arena);
    return files;
}
