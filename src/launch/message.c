/* message.c - what a trial says: lines "@rigor {...}" of its output or its report file, and what
 * patterns find in its usual output.
 *
 * Numbers are metrics of a step and go on to the runner at once; the last value of each name is
 * what the trial came to.  A line that is no message is no mistake: it is counted, shown, and
 * passed over. */
#include "launch/launch.h"
#include "rigor/trial.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define VALUES_MAX ((size_t)1000000) /* of one trial */
#define NAMES_MAX 200
#define MATCHED_MAX_BYTES 4096 /* of a line that patterns are tried on */
#define NAME_MAX_BYTES 63
#define NOTES_MAX 20
#define FACT_MAX_BYTES 200 /* of a text of the environment */
#define HISTORY_MAX_BYTES ((size_t)64 << 20)

static bool is_noted(const launch_trial *t, const char *text)
{
    size_t i;
    json_t *note;
    json_array_foreach (t->notes, i, note)
        if (strcmp(json_string_value(note), text) == 0)
            return true;
    return false;
}

void launch_note(launch_trial *t, const char *fmt, ...)
{
    rg_str text = {.max = 500};
    va_list args;
    if (json_array_size(t->notes) >= NOTES_MAX)
        return;
    va_start(args, fmt);
    rg_str_vprintf(&text, fmt, args);
    va_end(args);
    rg_utf8_repair(text.data);
    if (!is_noted(t, text.data))
        json_array_append_new(t->notes, json_string(text.data));
    rg_str_free(&text);
}

/* ---- Metrics */

static bool is_score(const char *name, const char *metric)
{
    static const char *const prefixes[] = {"", "val_", "test_"};
    for (size_t i = 0; i < RG_COUNT(prefixes); i++)
        if (rg_text_starts(name, prefixes[i]) &&
            strcmp(name + strlen(prefixes[i]), metric) == 0)
            return true;
    return false;
}

/* The study's metrics have room however many other names there are. */
static bool has_room(const launch_trial *t, const char *name)
{
    size_t i;
    json_t *metric;
    if (json_object_size(t->last) < NAMES_MAX || json_object_get(t->last, name))
        return true;
    json_array_foreach (t->setup->metrics, i, metric)
        if (is_score(name, json_string_value(metric)))
            return true;
    return is_score(name, t->setup->metric);
}

/* Adds one value to the message of this step; a name of the protocol's own is none. */
static void add_value(launch_trial *t, json_t *message, const char *name, double value)
{
    static const char *const own[] = {"id", "step", "epoch", "time"};
    for (size_t i = 0; i < RG_COUNT(own); i++)
        if (strcmp(name, own[i]) == 0)
            return;
    if (strlen(name) > NAME_MAX_BYTES || !has_room(t, name))
        return;
    if (++t->values == VALUES_MAX + 1)
        launch_note(t, "more than %zu values were reported: the later ones are not kept",
                    VALUES_MAX);
    json_object_set_new(t->last, name, rg_json_real(value));
    if (t->values <= VALUES_MAX)
        json_object_set_new(message, name, rg_json_real(value));
}

static void keep_history(launch_trial *t, const json_t *message)
{
    char *text = rg_json_canonical(message);
    t->history.max = HISTORY_MAX_BYTES;
    rg_str_add(&t->history, text);
    rg_str_add(&t->history, "\n");
    rg_free(text);
}

static void send_values(launch_trial *t, json_t *message)
{
    if (json_object_size(message) > 0) {
        json_object_set_new(message, "step", json_integer(t->step));
        t->messages++;
        keep_history(t, message);
        json_object_set_new(message, "id", json_integer(t->member.id));
        rg_message_send(json_incref(message));
    }
    json_decref(message);
}

/* Without a step of its own a message is one further. */
static void find_step(launch_trial *t, const json_t *said)
{
    const json_t *step = json_object_get(said, "step");
    step = step ? step : json_object_get(said, "epoch");
    bool told = json_is_number(step) && fabs(json_number_value(step)) < 0x1p53;
    t->step = told ? (json_int_t)json_number_value(step) : t->step + 1;
}

/* Every line of the history is an object that we wrote ourselves, and stands there already. */
void launch_retell(launch_trial *t, const char *history)
{
    json_t *value;
    const char *name;
    for (const char *end; (end = strchr(history, '\n')) != NULL; history = end + 1) {
        json_t *said = json_loadb(history, (size_t)(end - history), 0, NULL);
        json_t *message = json_object();
        find_step(t, said);
        json_object_foreach (said, name, value)
            add_value(t, message, name, rg_json_number(value, NAN));
        send_values(t, message);
        rg_str_clear(&t->history);
        json_decref(said);
    }
}

/* ---- Words */

static void take_text(launch_trial *t, const char *name, const char *text)
{
    if (strcmp(name, "predictions") == 0)
        t->told_predictions = rg_arena_strdup(t->arena, text);
    else if (strcmp(name, "note") == 0)
        launch_note(t, "%s", text);
    else if (is_score(name, t->setup->metric))
        launch_note(t, "%s was reported as the text \"%.60s\": it must be a number", name,
                    text);
}

/* A text of at most FACT_MAX_BYTES, without a torn character at its end. */
static json_t *short_text(const char *text)
{
    size_t len = strnlen(text, FACT_MAX_BYTES);
    while (text[len] && len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    return json_stringn(text, len);
}

/* False when it is not kept, or not whole. */
static bool add_fact(json_t *facts, const char *name, json_t *value)
{
    const char *text = json_string_value(value);
    if (json_is_object(value) || json_is_array(value) || strlen(name) > NAME_MAX_BYTES ||
        (json_object_size(facts) >= NAMES_MAX && !json_object_get(facts, name)))
        return false;
    json_object_set_new(facts, name, text ? short_text(text) : json_incref(value));
    return !text || strlen(text) <= FACT_MAX_BYTES;
}

/* What the program runs on: {"python": "3.11", "numpy": "1.24"}. */
static void take_environment(launch_trial *t, json_t *said)
{
    const char *name;
    json_t *value;
    bool whole = true;
    if (!t->environment)
        t->environment = json_object();
    json_object_foreach (said, name, value)
        whole &= add_fact(t->environment, name, value);
    if (!whole)
        launch_note(t,
                    "of its environment %d names of %d bytes are kept, with texts of %d bytes "
                    "and nothing nested",
                    NAMES_MAX, NAME_MAX_BYTES, FACT_MAX_BYTES);
}

static void take_message(launch_trial *t, json_t *said)
{
    const char *name;
    json_t *value, *message = json_object();
    find_step(t, said);
    json_object_foreach (said, name, value) {
        if (json_is_number(value) || json_is_null(value))
            add_value(t, message, name, rg_json_number(value, NAN));
        else if (json_is_string(value))
            take_text(t, name, json_string_value(value));
        else if (json_is_object(value) && strcmp(name, "environment") == 0)
            take_environment(t, value);
    }
    send_values(t, message);
    /* After the values beside it, which belong to what the checkpoint has seen. */
    const char *checkpoint = rg_json_text(said, "checkpoint", NULL);
    if (checkpoint)
        launch_remember(t, checkpoint);
}

/* ---- Lines */

static void note_malformed(launch_trial *t, const char *line, size_t len)
{
    if (t->malformed++ > 0)
        return;
    snprintf(t->first_malformed, sizeof(t->first_malformed), "%.*s",
             (int)(len < 160 ? len : 160), line);
    rg_utf8_repair(t->first_malformed);
}

/* "@rigor{...}": meant as a message. */
static bool lacks_blank(const char *line, size_t len)
{
    size_t word = strlen(LAUNCH_WORD);
    return len > word && memcmp(line, LAUNCH_WORD, word) == 0 &&
           (line[word] == '{' || line[word] == '\t');
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* NaN and Infinity, as Python's json writes them, become null: outside of texts. */
static char *without_nan(const char *line, size_t len, size_t *ret_len)
{
    static const char *const words[] = {"NaN", "-Infinity", "Infinity", "nan", "-inf", "inf"};
    rg_str out = {0};
    bool quoted = false;
    for (size_t i = 0; i < len;) {
        size_t skip = 0;
        for (size_t k = 0; !quoted && k < RG_COUNT(words) && !skip; k++) {
            size_t n = strlen(words[k]);
            if (i + n <= len && strncmp(line + i, words[k], n) == 0 &&
                (i == 0 || !is_word_char(line[i - 1])) &&
                (i + n == len || !is_word_char(line[i + n])))
                skip = n;
        }
        if (skip) {
            rg_str_add(&out, "null");
            i += skip;
            continue;
        }
        quoted ^= line[i] == '"' && (i == 0 || line[i - 1] != '\\');
        rg_str_add_n(&out, line + i++, 1);
    }
    *ret_len = out.len;
    return out.data;
}

static void take_json(launch_trial *t, const char *line, size_t len)
{
    json_t *said = json_loadb(line, len, 0, NULL);
    if (!said && len > 0) {
        size_t plain_len;
        char *plain = without_nan(line, len, &plain_len);
        said = plain ? json_loadb(plain, plain_len, 0, NULL) : NULL;
        rg_free(plain);
    }
    if (json_is_object(said))
        take_message(t, said);
    else
        note_malformed(t, line, len);
    json_decref(said);
}

static void found_value(void *ctx, const char *name, double value)
{
    json_object_set_new(ctx, name, isfinite(value) ? json_real(value) : json_null());
}

/* What all patterns find in one line is one message. */
static void take_patterns(launch_trial *t, const char *line)
{
    size_t i;
    json_t *pattern, *said = json_object();
    bool any = false;
    json_array_foreach (t->setup->reads, i, pattern)
        any = launch_match(json_string_value(pattern), line, found_value, said) || any;
    if (any)
        take_message(t, said);
    json_decref(said);
}

void launch_take_line(launch_trial *t, const char *line, size_t len)
{
    size_t prefix = strlen(LAUNCH_PREFIX);
    if (t->pruned)
        return;
    if (len >= prefix && memcmp(line, LAUNCH_PREFIX, prefix) == 0)
        take_json(t, line + prefix, len - prefix);
    else if (lacks_blank(line, len))
        note_malformed(t, line, len);
    else if (json_array_size(t->setup->reads) && len <= MATCHED_MAX_BYTES)
        take_patterns(t, line);
}

void launch_take_report_line(launch_trial *t, const char *line, size_t len)
{
    size_t prefix = strlen(LAUNCH_PREFIX);
    bool prefixed = len >= prefix && memcmp(line, LAUNCH_PREFIX, prefix) == 0;
    if (!t->pruned && strspn(line, " \t\r") < len)
        take_json(t, line + (prefixed ? prefix : 0), len - (prefixed ? prefix : 0));
}
