/* reads.c - values in a program's usual output: "loss: {train_loss}" finds the number behind
 * "loss: ", wherever in the line that is.
 *
 * Texts between the names must stand in the line as they are, in their order; {_} passes over any
 * word.  White space in the pattern fits any white space. */
#include "launch/launch.h"
#include "rigor/trial.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 16, NAME_MAX_BYTES = 64 };

typedef struct matcher {
    char name[VALUES_MAX][NAME_MAX_BYTES];
    double value[VALUES_MAX];
    size_t count;
} matcher;

/* Length of "{name}" at `text`; 0: something else stands there. */
static size_t slot_length(const char *text, char name[NAME_MAX_BYTES])
{
    size_t len = 0;
    while (isalnum((unsigned char)text[1 + len]) || text[1 + len] == '_')
        len++;
    if (*text != '{' || len == 0 || len >= NAME_MAX_BYTES || text[1 + len] != '}')
        return 0;
    memcpy(name, text + 1, len);
    name[len] = '\0';
    return len + 2;
}

/* A number, or what programs print for one that is not: nan, inf.  NULL: none stands there. */
static const char *number_end(const char *line, double *ret)
{
    char *end;
    if (isspace((unsigned char)*line))
        return NULL;
    *ret = strtod(line, &end);
    bool is_word = end > line && isalpha((unsigned char)end[-1]); /* "inf", not "info" */
    return end == line || (is_word && isalnum((unsigned char)*end)) ? NULL : end;
}

static const char *word_end(const char *line)
{
    const char *end = line + strcspn(line, " \t,;|");
    return end > line ? end : NULL;
}

/* Whether the pattern fits the line from its beginning. */
static bool fits(const char *pattern, const char *line, matcher *m)
{
    char name[NAME_MAX_BYTES];
    m->count = 0;
    while (*pattern) {
        size_t slot = slot_length(pattern, name);
        if (slot) {
            double value = 0;
            bool skipped = strcmp(name, "_") == 0;
            line = skipped ? word_end(line) : number_end(line, &value);
            if (!line || m->count == VALUES_MAX)
                return false;
            if (!skipped) {
                memcpy(m->name[m->count], name, sizeof(name));
                m->value[m->count++] = value;
            }
            pattern += slot;
        } else if (isspace((unsigned char)*pattern)) {
            pattern += strspn(pattern, " \t");
            line += strspn(line, " \t");
        } else if (*pattern++ != *line++) {
            return false;
        }
    }
    return true;
}

bool launch_match(const char *pattern, const char *line,
                  void (*found)(void *ctx, const char *name, double value), void *ctx)
{
    matcher m;
    bool ok = false;
    const char *from = line;
    do
        ok = (from == line || !isspace((unsigned char)from[-1]) || *pattern != ' ') &&
             fits(pattern, from, &m);
    while (!ok && *from && *++from);
    for (size_t i = 0; ok && i < m.count; i++)
        found(ctx, m.name[i], m.value[i]);
    return ok;
}
