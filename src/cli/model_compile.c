/* model_compile.c - the system's compiler makes a shared object of a model's source.
 *
 * The cache is $XDG_CACHE_HOME/rigor/models or ~/.cache/rigor/models:
 *
 *   HEADERS/rigor/base.h ...   the headers embedded in this program; HEADERS is their hash
 *   HEADERS/without/jansson.h  where jansson's own is missing: a model needs its type alone
 *   KEY/SHA256.c, SHA256.so    source and object; KEY hashes source, headers and compiler
 *
 * What lies there was compiled from the very bytes whose hash the study records. */
#include "cli/model_file.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define WORDS_MAX 64

extern const char rg_header_base[], rg_header_data[], rg_header_graph[], rg_header_nn[],
    rg_header_model[];
static const struct {
    const char *name, *text;
} headers[] = {{"base.h", rg_header_base},
               {"data.h", rg_header_data},
               {"graph.h", rg_header_graph},
               {"nn.h", rg_header_nn},
               {"model.h", rg_header_model}};
static const char jansson[] = "#pragma once\ntypedef struct json_t json_t;\n";

/* As this program is compiled: a product and a sum are fused only where the code says fma().  A
 * model need not read its configuration. */
static const char *const flags[] = {
    "-std=c17",         "-O2",   "-g",      "-fPIC",
    "-shared",          "-Wall", "-Wextra", "-Wno-unused-parameter",
    "-ffp-contract=off"};

/* ---- The compiler. */

typedef struct compiler {
    const char *word[WORDS_MAX]; /* of $CC, or cc */
    size_t words;
    char id[RG_HEX]; /* of its words and its program file */
} compiler;

static const char *on_path(const char *name, rg_arena *arena)
{
    char *rest = NULL,
         *path = rg_arena_strdup(arena, getenv("PATH") ? getenv("PATH") : "/usr/bin");
    if (strchr(name, '/'))
        return access(name, X_OK) == 0 ? name : NULL;
    for (char *dir = strtok_r(path, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest)) {
        const char *whole = rg_path_join(arena, dir, name);
        if (access(whole, X_OK) == 0)
            return whole;
    }
    return NULL;
}

static bool find_compiler(compiler *ret, rg_arena *arena, rg_err *err)
{
    const char *named = getenv("CC");
    char *rest = NULL, *words = rg_arena_strdup(arena, named && *named ? named : "cc");
    compiler c = {0};
    for (char *w = strtok_r(words, " ", &rest); w && c.words + 1 < WORDS_MAX;
         w = strtok_r(NULL, " ", &rest))
        c.word[c.words++] = w;
    const char *program = c.words ? on_path(c.word[0], arena) : NULL;
    struct stat info;
    if (!program || stat(program, &info) != 0)
        return rg_fail(err, RG_INPUT, NULL,
                       "install one (apt-get install gcc), or name it: CC=clang rigor ...",
                       "a model of your own needs a C compiler, and there is no '%s' here",
                       c.words ? c.word[0] : "cc");
    char *text = rg_arena_printf(arena, "%s %s %lld %lld", named ? named : "cc", program,
                                 (long long)info.st_size, (long long)info.st_mtime);
    rg_sha_of(text, strlen(text), c.id);
    *ret = c;
    return true;
}

static bool run_compiler(const char *const *argv, rg_err *err)
{
    pid_t pid;
    int status = 0;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    int state = posix_spawnp(&pid, argv[0], &actions, NULL, (char **)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (state != 0)
        return rg_fail(err, RG_INPUT, NULL, "name another: CC=clang rigor ...",
                       "the compiler %s cannot be started: %s", argv[0], strerror(state));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- The cache. */

static const char *cache_folder(rg_arena *arena, rg_err *err)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache == '/')
        return rg_path_join(arena, cache, "rigor/models");
    if (home && *home)
        return rg_path_join(arena, home, ".cache/rigor/models");
    rg_fail(err, RG_INPUT, NULL, "set XDG_CACHE_HOME to a folder that may be written",
            "there is no folder for compiled models: neither XDG_CACHE_HOME nor HOME is set");
    return NULL;
}

static bool write_text(const char *path, const char *text, rg_err *err)
{
    return rg_file_exists(path) || rg_file_write(path, text, strlen(text), 0644, err);
}

static bool write_headers(const char *dir, rg_arena *arena, rg_err *err)
{
    const char *own = rg_path_join(arena, dir, "rigor");
    const char *without = rg_path_join(arena, dir, "without");
    if (!rg_dir_make(own, 0755, err) || !rg_dir_make(without, 0755, err) ||
        !write_text(rg_path_join(arena, without, "jansson.h"), jansson, err))
        return false;
    for (size_t i = 0; i < RG_COUNT(headers); i++)
        if (!write_text(rg_path_join(arena, own, headers[i].name), headers[i].text, err))
            return false;
    return true;
}

static void hash_headers(char ret[RG_HEX])
{
    rg_sha sha;
    rg_sha_start(&sha);
    for (size_t i = 0; i < RG_COUNT(headers); i++)
        rg_sha_add(&sha, headers[i].text, strlen(headers[i].text) + 1);
    for (size_t i = 0; i < RG_COUNT(flags); i++)
        rg_sha_add(&sha, flags[i], strlen(flags[i]) + 1);
    rg_sha_end(&sha, ret);
}

/* The source behind a line that makes the compiler, and __FILE__, say the user's own name. */
static bool write_source(const char *path, const char *source, size_t len, const char *name,
                         rg_err *err)
{
    rg_str text = {0};
    rg_str_add(&text, "#line 1 \"");
    for (const char *c = name; *c; c++)
        rg_str_printf(&text, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    rg_str_add(&text, "\"\n");
    rg_str_add_n(&text, source, len);
    bool ok = rg_file_write(path, rg_str_text(&text), text.len, 0644, err);
    rg_str_free(&text);
    return ok;
}

/* Beside its place, then renamed: whoever compiles the same at the same time makes the same. */
static bool compile(const compiler *c, const char *include, const char *source,
                    const char *library, rg_arena *arena, rg_err *err)
{
    const char *made = rg_arena_printf(arena, "%s.%d", library, (int)getpid());
    const char *argv[WORDS_MAX + RG_COUNT(flags) + 16];
    size_t n = 0;
    for (size_t i = 0; i < c->words; i++)
        argv[n++] = c->word[i];
    for (size_t i = 0; i < RG_COUNT(flags); i++)
        argv[n++] = flags[i];
    const char *rest[] = {"-I", include, "-idirafter", rg_path_join(arena, include, "without"),
                          "-o", made,    source,       NULL};
    for (size_t i = 0; i < RG_COUNT(rest); i++)
        argv[n++] = rest[i];
    bool ok = run_compiler(argv, err) && rename(made, library) == 0;
    if (!ok)
        unlink(made);
    return ok;
}

const char *model_compile(const char *source, size_t len, const char *name, rg_arena *arena,
                          rg_err *err)
{
    compiler c;
    char sha[RG_HEX], of_headers[RG_HEX], key[RG_HEX];
    const char *cache = cache_folder(arena, err);
    if (!cache || !find_compiler(&c, arena, err))
        return NULL;
    rg_sha_of(source, len, sha);
    hash_headers(of_headers);
    const char *all = rg_arena_printf(arena, "%s %s %s %s", sha, of_headers, c.id, name);
    rg_sha_of(all, strlen(all), key);
    const char *dir = rg_arena_printf(arena, "%s/%.16s", cache, key);
    const char *library = rg_arena_printf(arena, "%s/%s.so", dir, sha);
    const char *copy = rg_arena_printf(arena, "%s/%s.c", dir, sha);
    const char *include = rg_arena_printf(arena, "%s/%.16s", cache, of_headers);
    if (rg_file_exists(library))
        return library;
    if (!rg_dir_make(dir, 0755, err) || !write_headers(include, arena, err) ||
        !write_source(copy, source, len, name, err))
        return NULL;
    if (compile(&c, include, copy, library, arena, err))
        return library;
    rg_fail(err, RG_INPUT, name, "the compiler's messages stand above",
            "the model does not compile");
    return NULL;
}
