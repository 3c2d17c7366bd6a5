/* file_override.c - overrides of the command line, after Hydra's habit: "a.b=v" sets, "+a.b=v"
 * adds, "~a.b" removes.  They change the tree of nodes before any section is read, so that a
 * value from the command line passes the same checks as one from the file.
 *
 * "model.x" and "train.x" are short for "base.model.x" and "base.train.x", and so is "lr" for
 * "base.lr" where the file has no section of that name but its base has one.  A plain "a.b=v" may
 * also set a key that the file leaves at its default; a name that does not exist is then
 * reported by the section that it stands in, with the nearest name. */
#include "lab/study/file.h"

#include <string.h>

#define PARTS_MAX 8

typedef enum action { ACTION_SET, ACTION_ADD, ACTION_REMOVE } action;

typedef struct edit {
    study_reader *reader;
    action action;
    const char *path; /* in full: "base.model.x" */
    study_mark mark;
    study_node *value; /* NULL when removing */
} edit;

/* Maps whose keys are the user's own: a new one is added on purpose only. */
static const char *const open_maps[] = {"arms", "ablate", "tune.space"};

static bool is_open_map(const edit *e, const char *rest)
{
    for (size_t i = 0; i < RG_COUNT(open_maps); i++) {
        size_t len = strlen(open_maps[i]);
        if (e->path + len + 1 == rest && strncmp(e->path, open_maps[i], len) == 0)
            return true;
    }
    return false;
}

/* The key that `rest` begins with; keys may hold dots themselves ("train.lr"), the longest
 * wins. map->count when there is none. */
static size_t find(const study_node *map, const char *rest)
{
    size_t best = map->count, best_len = 0;
    for (size_t i = 0; i < map->count; i++) {
        size_t len = strlen(map->key[i]->text);
        bool fits = strncmp(rest, map->key[i]->text, len) == 0 &&
                    (rest[len] == '\0' || rest[len] == '.');
        if (fits && len > best_len) {
            best = i;
            best_len = len;
        }
    }
    return best;
}

static study_node *scalar_new(edit *e, const char *text)
{
    study_node *node = RG_ARENA_NEW(e->reader->arena, study_node);
    *node = (study_node){.kind = STUDY_TEXT, .mark = e->mark, .text = text, .size = 1};
    return node;
}

/* A copy of the map with room for one more key: the original may be shared by aliases. */
static study_node *copy_map(edit *e, const study_node *from)
{
    rg_arena *arena = e->reader->arena;
    study_node *map = RG_ARENA_NEW(arena, study_node);
    *map = *from;
    map->kind = STUDY_MAP; /* from nothing, too: "full:" is an empty map */
    map->key = RG_ARENA_ARRAY(arena, study_node *, from->count + 1);
    map->item = RG_ARENA_ARRAY(arena, study_node *, from->count + 1);
    for (size_t i = 0; i < from->count; i++) {
        map->key[i] = from->key[i];
        map->item[i] = from->item[i];
    }
    return map;
}

static void measure(study_node *map)
{
    map->size = 1;
    for (size_t i = 0; i < map->count; i++)
        map->size += map->key[i]->size + map->item[i]->size;
}

static void remove_at(study_node *map, size_t at)
{
    map->count--;
    for (size_t i = at; i < map->count; i++) {
        map->key[i] = map->key[i + 1];
        map->item[i] = map->item[i + 1];
    }
}

static bool report_absent(edit *e, const study_node *map, const char *rest)
{
    rg_arena *arena = e->reader->arena;
    const char **names = RG_ARENA_ARRAY(arena, const char *, map->count + 1);
    for (size_t i = 0; i < map->count; i++)
        names[i] = map->key[i]->text;
    const char *first = rg_arena_strndup(arena, rest, strcspn(rest, "."));
    const char *near = rg_text_nearest(rest, names, map->count);
    near = near ? near : rg_text_nearest(first, names, map->count);
    const char *remedy = study_suggest(e->reader, near ? near : rest, names, map->count);
    if (e->action == ACTION_SET)
        remedy = rg_arena_printf(arena, "%s%sadd it with +%s=...", near ? remedy : "",
                                 near ? " or " : "", e->path);
    study_mistake(e->reader, e->mark, remedy, "the file has no '%s'", e->path);
    return false;
}

/* Changes a copy of *slot and puts it there; after a mistake *slot is as it was. */
static bool apply(edit *e, study_node **slot, const char *rest);

static bool apply_found(edit *e, study_node *map, size_t at, const char *rest)
{
    const char *tail = rest + strlen(map->key[at]->text);
    if (*tail == '.')
        return apply(e, &map->item[at], tail + 1);
    if (e->action == ACTION_ADD) {
        study_mistake(e->reader, e->mark, "leave out the +", "the file has '%s' already",
                      e->path);
        return false;
    }
    if (e->action == ACTION_REMOVE)
        remove_at(map, at);
    else
        map->item[at] = e->value;
    return true;
}

static bool append(edit *e, study_node *map, const char *rest)
{
    rg_arena *arena = e->reader->arena;
    size_t len = strcspn(rest, "."), at = map->count++;
    map->key[at] = scalar_new(e, rg_arena_strndup(arena, rest, len));
    map->item[at] = e->value;
    if (rest[len] == '\0')
        return true;
    map->item[at] = scalar_new(e, "");
    map->item[at]->kind = STUDY_NULL;
    return apply(e, &map->item[at], rest + len + 1);
}

/* "data: digits" is short for "data: {name: digits}": both can be overridden in part. */
static const study_node *long_form(edit *e, const study_node *node, const char *rest)
{
    static const char *const sections[] = {"data.", "metric."};
    for (size_t i = 0; i < RG_COUNT(sections) && node->kind == STUDY_TEXT; i++) {
        if (e->path + strlen(sections[i]) != rest || !rg_text_starts(e->path, sections[i]))
            continue;
        study_node *map = copy_map(e, &(study_node){.kind = STUDY_MAP, .mark = node->mark});
        map->count = 1;
        map->key[0] = scalar_new(e, "name");
        map->item[0] = (study_node *)(uintptr_t)node;
        return map;
    }
    return node;
}

static bool apply(edit *e, study_node **slot, const char *rest)
{
    const study_node *here = long_form(e, *slot, rest);
    if (here->kind != STUDY_MAP && here->kind != STUDY_NULL) {
        study_mistake(e->reader, e->mark, "override the whole value",
                      "'%.*s' holds no names to set", (int)(rest - e->path - 1), e->path);
        return false;
    }
    study_node *map = copy_map(e, here);
    size_t at = find(map, rest);
    bool must_exist =
        e->action == ACTION_REMOVE || (e->action == ACTION_SET && is_open_map(e, rest));
    if (at == map->count && must_exist)
        return report_absent(e, map, rest);
    if (!(at < map->count ? apply_found(e, map, at, rest) : append(e, map, rest)))
        return false;
    measure(map);
    *slot = map;
    return true;
}

/* ---- The text of an override. */

/* "a.b.c": no empty parts, nothing that cannot be printed. */
static bool path_is_sane(const char *path)
{
    size_t parts = 1;
    for (const char *c = path; *c; c++) {
        if (*c == '.' && (c == path || c[1] == '.' || c[1] == '\0'))
            return false;
        parts += *c == '.';
    }
    bool printable = rg_utf8_valid(path, strlen(path));
    for (const char *c = path; *c; c++)
        printable = printable && (unsigned char)*c > ' ' && *c != 0x7f;
    return *path && printable && parts <= PARTS_MAX;
}

static bool is_in_base_alone(const study_node *root, const char *path)
{
    const study_node *base = study_get(root, "base");
    return base && base->kind == STUDY_MAP && find(root, path) == root->count &&
           find(base, path) < base->count;
}

/* Splits "+a.b=v" into e->action, e->path and the value's text (NULL: none). */
static bool split(edit *e, const study_node *root, const char *text, const char **ret_value)
{
    rg_arena *arena = e->reader->arena;
    const char *start = text + (*text == '+' || *text == '~');
    const char *equals = strchr(start, '=');
    const char *path = equals ? rg_arena_strndup(arena, start, (size_t)(equals - start))
                              : rg_arena_strdup(arena, start);
    e->action = *text == '+' ? ACTION_ADD : *text == '~' ? ACTION_REMOVE : ACTION_SET;
    *ret_value = equals ? equals + 1 : NULL;
    if (!path_is_sane(path) || (e->action == ACTION_REMOVE) != !equals) {
        study_mistake(e->reader, e->mark, "",
                      "expected a.b=value, +a.b=value to add or ~a.b to remove");
        return false;
    }
    bool short_form = rg_text_starts(path, "model.") || rg_text_starts(path, "train.") ||
                      is_in_base_alone(root, path);
    e->path = short_form ? rg_arena_printf(arena, "base.%s", path) : path;
    return true;
}

/* "a.b=" sets nothing (null), as an empty value does in the file. */
static study_node *parse_value(edit *e, const char *text, int number)
{
    if (*text == '\0') {
        study_node *nothing = scalar_new(e, "");
        nothing->kind = STUDY_NULL;
        return nothing;
    }
    size_t before = e->reader->diags->total;
    study_node *value = study_yaml(e->reader, text, strlen(text), number);
    if (!value && e->reader->diags->total == before)
        study_mistake(e->reader, e->mark, "", "expected a value behind the equals sign");
    return value;
}

void study_override(study_reader *reader, study_node **root, int number, const char *text)
{
    edit e = {.reader = reader, .mark = {0, 0, number}};
    const char *value_text;
    if (!split(&e, *root, text, &value_text))
        return;
    if (value_text && !(e.value = parse_value(&e, value_text, number)))
        return;
    apply(&e, root, e.path);
}
