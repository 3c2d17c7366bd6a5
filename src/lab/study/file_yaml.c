/* file_yaml.c - YAML 1.2 text to a tree of nodes with positions, through libfyaml's events.
 *
 * Events rather than libfyaml's documents, because a study file is written by strangers: here
 * the depth is bounded, an alias shares its node instead of being copied (what it would expand
 * to is counted and bounded), cycles cannot arise, and duplicate keys are reported with both
 * places. libfyaml's own complaints are collected; it never prints. */
#include "lab/study/file.h"

#include <libfyaml.h>
#include <string.h>

#define ANCHORS_MAX 1000

typedef struct anchor {
    const char *name;
    study_node *node; /* NULL while the node is still being read */
    study_mark mark;
} anchor;

typedef struct builder {
    study_reader *reader;
    struct fy_parser *parser;
    const char *text; /* what is parsed */
    size_t len;
    int override;
    study_mark here; /* of the latest event that has a position */
    RG_VEC(anchor) anchors;
    bool failed; /* reported; the rest is not read */
} builder;

static study_node *fail_at(builder *b, study_mark mark, const char *remedy, const char *what)
{
    if (!b->failed)
        study_mistake(b->reader, mark, remedy, "%s", what);
    b->failed = true;
    return NULL;
}

/* ---- Before parsing: what no text may hold, with better words than a YAML parser has. */

typedef struct scan {
    const char *text;
    size_t len, at;
    study_mark mark;
    bool indent; /* still in the white space that begins a line */
} scan;

static const char *const use_utf8 = "save the file as UTF-8 text";

/* What is wrong with the byte at s->at; NULL: nothing. */
static const char *forbidden(const scan *s, const char **remedy)
{
    unsigned char c = (unsigned char)s->text[s->at];
    *remedy = use_utf8;
    if (c == 0)
        return "a NUL byte: this is not a text file";
    if (c == '\t' && s->indent) {
        *remedy = "indent with spaces";
        return "a tab indents this line: expected spaces";
    }
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
        *remedy = "remove it";
        return "a control character: expected text";
    }
    return NULL;
}

static size_t utf8_length(const char *text, size_t len)
{
    for (size_t n = 1; n <= 4 && n <= len; n++)
        if (rg_utf8_valid(text, n))
            return n;
    return 0;
}

static bool step(scan *s)
{
    size_t n =
        (unsigned char)s->text[s->at] < 0x80 ? 1 : utf8_length(s->text + s->at, s->len - s->at);
    char c = s->text[s->at];
    s->at += n;
    s->mark.column++;
    if (c == '\n') {
        s->mark.line++;
        s->mark.column = 1;
    }
    s->indent = c == '\n' || (s->indent && c == ' ');
    return n > 0;
}

static bool text_is_sane(builder *b, const char *text, size_t len)
{
    scan s = {text, len, 0, {1, 1, b->override}, true};
    while (s.at < len) {
        const char *remedy, *what = forbidden(&s, &remedy);
        study_mark mark = s.mark;
        if (!what && !step(&s))
            what = "this byte is not UTF-8";
        if (what) {
            fail_at(b, mark, remedy, what);
            return false;
        }
    }
    return true;
}

/* ---- Events to nodes. */

static study_mark token_mark(builder *b, struct fy_token *token)
{
    const struct fy_mark *mark = fy_token_start_mark(token);
    if (!mark || b->override)
        return b->here;
    return (study_mark){mark->line + 1, mark->column + 1, 0};
}

static study_mark mark_of(builder *b, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark && !b->override)
        b->here = (study_mark){mark->line + 1, mark->column + 1, 0};
    return b->here;
}

static study_node *node_new(builder *b, study_kind kind, study_mark mark)
{
    study_node *node = RG_ARENA_NEW(b->reader->arena, study_node);
    node->kind = kind;
    node->mark = mark;
    node->size = 1;
    return node;
}

static const char *token_text(builder *b, struct fy_token *token, size_t *ret_len)
{
    *ret_len = 0;
    const char *text = token ? fy_token_get_text(token, ret_len) : NULL;
    return rg_arena_strndup(b->reader->arena, text ? text : "", text ? *ret_len : 0);
}

/* libfyaml 0.7.12 reads two quotes in a row, written '''''', as three and loses memory
 * meanwhile. */
static bool is_misread(builder *b, struct fy_event *event)
{
    const struct fy_mark *from = fy_event_start_mark(event), *to = fy_event_end_mark(event);
    bool known = from && to && from->input_pos < to->input_pos && to->input_pos <= b->len;
    return known &&
           memmem(b->text + from->input_pos, to->input_pos - from->input_pos, "''''", 4);
}

static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

static study_node *read_scalar(builder *b, struct fy_event *event, study_mark mark)
{
    struct fy_token *token = fy_event_get_token(event);
    study_node *node = node_new(b, STUDY_TEXT, mark);
    enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
    if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
        node->mark.column -= node->mark.column > 1; /* libfyaml points behind the quote */
    if (style == FYSS_SINGLE_QUOTED && is_misread(b, event))
        return fail_at(
            b, node->mark, "write it in double quotes",
            "two quotes in a row, in single quotes, are more than YAML readers agree "
            "on");
    size_t len;
    node->text = token_text(b, token, &len);
    if (has_control(node->text, len) || !rg_utf8_valid(node->text, len))
        return fail_at(b, node->mark, "write it as plain text",
                       "this text holds a control character");
    if (style == FYSS_PLAIN)
        study_scalar_type(node);
    return node;
}

static study_node *read_alias(builder *b, struct fy_event *event, study_mark mark)
{
    size_t len;
    const char *name = token_text(b, fy_event_get_token(event), &len);
    mark.column -= mark.column > 1; /* libfyaml points behind the asterisk */
    for (size_t i = b->anchors.len; i-- > 0;) {
        if (strcmp(b->anchors.at[i].name, name) != 0)
            continue;
        if (!b->anchors.at[i].node)
            return fail_at(b, mark, "write the value out",
                           "this alias stands inside the value that it names: a cycle");
        return b->anchors.at[i].node;
    }
    return fail_at(b, mark, "name the value with & before it is used",
                   "this alias names no anchor");
}

static study_node *read_node(builder *b, struct fy_event *event, int depth);

static struct fy_event *next_event(builder *b)
{
    return b->failed ? NULL : fy_parser_parse(b->parser);
}

/* The next node, or NULL at the event that ends the collection or after a failure. */
static study_node *read_next(builder *b, int depth)
{
    struct fy_event *event = next_event(b);
    study_node *node = event ? read_node(b, event, depth) : NULL;
    if (event)
        fy_parser_event_free(b->parser, event);
    else
        b->failed = true; /* the parser's own complaint is reported at the end */
    return node;
}

typedef struct child { /* of a list (no key) or of a map */
    study_node *key, *value;
} child;
typedef RG_VEC(child) children;

/* Moves what was gathered into the node. */
static void adopt(builder *b, study_node *parent, children *from)
{
    rg_arena *arena = b->reader->arena;
    parent->count = from->len;
    parent->key = RG_ARENA_ARRAY(arena, study_node *, from->len + 1);
    parent->item = RG_ARENA_ARRAY(arena, study_node *, from->len + 1);
    for (size_t i = 0; i < from->len; i++) {
        parent->key[i] = from->at[i].key;
        parent->item[i] = from->at[i].value;
    }
    rg_vec_free(from);
}

static bool grow(builder *b, study_node *parent, const study_node *added)
{
    parent->size += added->size;
    if (parent->size <= STUDY_NODES_MAX)
        return true;
    fail_at(b, added->mark, "write a shorter study",
            "the file holds more than 20000 values (aliases written out)");
    return false;
}

static study_node *read_list(builder *b, study_mark mark, int depth)
{
    study_node *list = node_new(b, STUDY_LIST, mark), *item;
    children items = {0};
    while ((item = read_next(b, depth + 1)) && grow(b, list, item))
        rg_vec_push(&items, ((child){NULL, item}));
    adopt(b, list, &items);
    return b->failed ? NULL : list;
}

static bool key_is_plain(builder *b, const study_node *key)
{
    if (key->kind != STUDY_LIST && key->kind != STUDY_MAP && *key->text)
        return true;
    fail_at(b, key->mark, "write a name in front of the colon",
            "a key must be a word, not empty, a list or a map");
    return false;
}

/* Keeps the first of two equal keys and says where it stands. */
static bool key_is_new(builder *b, rg_map *seen, study_node *key)
{
    const study_node *first = rg_map_get(seen, key->text);
    if (!first) {
        rg_map_set(seen, key->text, key);
        return true;
    }
    study_mistake(b->reader, key->mark, "keep one of the two",
                  "'%s' is given twice; the first is on line %d",
                  study_clip(b->reader, key->text), first->mark.line);
    return false;
}

static study_node *read_map(builder *b, study_mark mark, int depth)
{
    study_node *map = node_new(b, STUDY_MAP, mark), *key, *value;
    children pairs = {0};
    rg_map *seen = rg_map_new();
    while ((key = read_next(b, depth + 1)) && key_is_plain(b, key) &&
           (value = read_next(b, depth + 1)) && grow(b, map, key) && grow(b, map, value))
        if (key_is_new(b, seen, key))
            rg_vec_push(&pairs, ((child){key, value}));
    rg_map_free(seen);
    adopt(b, map, &pairs);
    return b->failed ? NULL : map;
}

static study_node *read_content(builder *b, struct fy_event *event, study_mark mark, int depth)
{
    struct fy_token *tag = fy_event_get_tag_token(event);
    if (tag)
        return fail_at(b, token_mark(b, tag), "remove the tag",
                       "tags such as !!str mean nothing here");
    if (depth > STUDY_DEPTH_MAX)
        return fail_at(b, mark, "a study needs no more than five levels",
                       "lists and maps are nested more than 32 deep");
    switch (event->type) {
    case FYET_SCALAR: return read_scalar(b, event, mark);
    case FYET_SEQUENCE_START: return read_list(b, mark, depth);
    case FYET_MAPPING_START: return read_map(b, mark, depth);
    default: return NULL; /* the end of the collection */
    }
}

static study_node *read_node(builder *b, struct fy_event *event, int depth)
{
    study_mark mark = mark_of(b, event);
    if (event->type == FYET_ALIAS)
        return read_alias(b, event, mark);
    struct fy_token *token = fy_event_get_anchor_token(event);
    if (!token)
        return read_content(b, event, mark, depth);
    if (b->anchors.len == ANCHORS_MAX)
        return fail_at(b, mark, "write a shorter study", "more than 1000 anchors");
    size_t len, slot = b->anchors.len;
    rg_vec_push(&b->anchors, ((anchor){token_text(b, token, &len), NULL, mark}));
    study_node *node = read_content(b, event, mark, depth);
    b->anchors.at[slot].node = node;
    return node;
}

static void handle(builder *b, struct fy_event *event, study_node **root, bool *seen)
{
    study_mark mark = mark_of(b, event);
    if (event->type == FYET_DOCUMENT_START && *seen) {
        fail_at(b, mark, "put each study into a file of its own",
                "a second document begins here: expected one");
    } else if (event->type == FYET_DOCUMENT_START) {
        *seen = true;
        *root = read_next(b, 0);
    }
}

static study_node *read_stream(builder *b)
{
    study_node *root = NULL;
    bool seen = false;
    struct fy_event *event;
    while ((event = next_event(b))) {
        handle(b, event, &root, &seen);
        fy_parser_event_free(b->parser, event);
    }
    return b->failed ? NULL : root;
}

/* ---- libfyaml's set-up and its complaints. */

static void say_nothing(struct fy_diag *diag, void *user, const char *text, size_t len)
{
    (void)diag, (void)user, (void)text, (void)len;
}

static struct fy_diag *diag_new(void)
{
    struct fy_diag_cfg cfg;
    fy_diag_cfg_default(&cfg);
    cfg.fp = NULL;
    cfg.output_fn = say_nothing;
    struct fy_diag *diag = fy_diag_create(&cfg);
    if (!diag)
        RG_BUG("libfyaml has no memory");
    fy_diag_set_collect_errors(diag, true);
    return diag;
}

/* Turns what libfyaml collected into mistakes; true when there was an error among it. */
static bool report_collected(builder *b, struct fy_diag *diag)
{
    bool any = false;
    void *iterator = NULL;
    struct fy_diag_error *error;
    while ((error = fy_diag_errors_iterate(diag, &iterator))) {
        if (error->type < FYET_ERROR)
            continue;
        study_mark mark = {error->line, error->column, b->override};
        study_mistake(b->reader, mark, "see docs/study.md for the form of a study file",
                      "not YAML: %s", error->msg ? error->msg : "the text breaks off");
        any = true;
    }
    return any;
}

static study_node *parse(builder *b, const char *text, size_t len)
{
    struct fy_diag *diag = diag_new();
    struct fy_parse_cfg cfg = {
        .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
        .diag = diag,
    };
    size_t before = b->reader->diags->total;
    b->text = text;
    b->len = len;
    b->parser = fy_parser_create(&cfg);
    if (!b->parser || fy_parser_set_string(b->parser, text, len) != 0)
        RG_BUG("libfyaml cannot start");
    study_node *root = read_stream(b);
    bool broken = fy_parser_get_stream_error(b->parser);
    if (report_collected(b, diag))
        root = NULL;
    else if ((broken || b->failed) && b->reader->diags->total == before)
        study_mistake(b->reader, b->here, "see docs/study.md for the form of a study file",
                      "not YAML: the text cannot be read from here on");
    fy_parser_destroy(b->parser);
    fy_diag_destroy(diag);
    rg_vec_free(&b->anchors);
    return broken ? NULL : root;
}

study_node *study_yaml(study_reader *reader, const char *text, size_t len, int override)
{
    builder b = {.reader = reader, .override = override, .here = {1, 1, override}};
    if (len > STUDY_FILE_MAX)
        return fail_at(&b, b.here, "a study file is a page of text; name data by its path",
                       "the file is larger than 1 MiB");
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3; /* a byte-order mark */
        len -= 3;
    }
    return text_is_sane(&b, text, len) ? parse(&b, text, len) : NULL;
}
