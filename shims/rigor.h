/* rigor.h - what a training program hears from Rigor, and what it says to it.  C99, one file.
 *
 * Copy it beside your program and include it; there is nothing to link.  By hand, without Rigor,
 * the same program prints its metrics as plain lines and takes its defaults.  In the study say
 * trainer: {command: ./train, data: csv}.
 *
 *     rigor_table train;
 *     if (!rigor_load("train", &train))
 *         return 1;                             (it has said why)
 *     double lr = rigor_number("lr", 0.1);
 *     srand((unsigned)rigor_seed());
 *     rigor_report(epoch, "val_accuracy", accuracy);
 *     if (rigor_evaluating())
 *         rigor_predict(test.id, test.rows, 10, probability);
 *
 * Memory: rigor_load allocates one table, which rigor_table_free frees; nothing else allocates but
 * for the time of a call.  Texts that are returned belong to the environment. */
#ifndef RIGOR_SHIM_H
#define RIGOR_SHIM_H

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __GNUC__
#define RIGOR_SHIM __attribute__((unused)) static inline
#else
#define RIGOR_SHIM static inline
#endif

/* ---- What we are told */

RIGOR_SHIM const char *rigor_variable(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

RIGOR_SHIM int rigor_inside(void) /* whether Rigor started us */
{
    return getenv("RIGOR_STAGE") != NULL;
}

RIGOR_SHIM int rigor_evaluating(void) /* predictions of the test part are wanted */
{
    return strcmp(rigor_variable("RIGOR_STAGE", "tune"), "evaluate") == 0;
}

RIGOR_SHIM unsigned long long rigor_seed(void)
{
    return strtoull(rigor_variable("RIGOR_SEED", "0"), NULL, 10);
}

RIGOR_SHIM int rigor_threads(void)
{
    return atoi(rigor_variable("RIGOR_THREADS", "1"));
}

RIGOR_SHIM const char *rigor_resume(void) /* path of a checkpoint to go on from, or NULL */
{
    return rigor_variable("RIGOR_RESUME", NULL);
}

/* A path in the folder that may be written; 0 when it does not fit. */
RIGOR_SHIM int rigor_path(const char *name, char *ret, size_t size)
{
    int n = snprintf(ret, size, "%s/%s", rigor_variable("RIGOR_OUT", "."), name);
    return n >= 0 && (size_t)n < size;
}

/* ---- The configuration: values are looked up in the text of the file */

/* A whole file with a NUL behind it, or NULL; the caller frees it. */
RIGOR_SHIM char *rigor_read_file(const char *path)
{
    FILE *file = path ? fopen(path, "rb") : NULL;
    char *text = NULL;
    size_t len = 0, room = 0, n = 1;
    while (file && n > 0) {
        if (len + 1 >= room) {
            char *more = (char *)realloc(text, room = room ? 2 * room : 65536);
            if (!more)
                break;
            text = more;
        }
        n = fread(text + len, 1, room - len - 1, file);
        text[len += n] = '\0';
    }
    if (file)
        fclose(file);
    return text;
}

/* Behind the JSON text, object, list or word that begins at `c`. */
RIGOR_SHIM const char *rigor_json_skip(const char *c)
{
    int depth = 0;
    do {
        if (*c == '"')
            for (c++; *c && *c != '"'; c++)
                c += *c == '\\' && c[1];
        else if (*c == '{' || *c == '[')
            depth++;
        else if (*c == '}' || *c == ']')
            depth--;
        else if (depth == 0) {
            return c + strcspn(c, ",}] \t\r\n");
        }
        c += *c != '\0';
    } while (*c && depth > 0);
    return c;
}

/* Where the value of a dotted name begins; NULL: there is none. */
RIGOR_SHIM const char *rigor_json_find(const char *c, const char *name)
{
    static const char space[] = " \t\r\n,:";
    c += strspn(c, space);
    if (*c++ != '{')
        return NULL;
    for (c += strspn(c, space); *c == '"'; c += strspn(c, space)) {
        const char *key = c + 1, *end = rigor_json_skip(c);
        size_t len = (size_t)(end - 1 - key);
        const char *value = end + strspn(end, space);
        if (strncmp(name, key, len) == 0 && name[len] == '\0')
            return value;
        if (strncmp(name, key, len) == 0 && name[len] == '.') {
            const char *deep = rigor_json_find(value, name + len + 1);
            if (deep)
                return deep;
        }
        c = rigor_json_skip(value);
    }
    return NULL;
}

/* Copies the value of a parameter as it is written, a text without its quotation marks; 0: the
 * study does not give it, and `ret` is what it was. */
RIGOR_SHIM int rigor_config(const char *name, char *ret, size_t size)
{
    char *text = rigor_read_file(rigor_variable("RIGOR_CONFIG", NULL));
    const char *value = text ? rigor_json_find(text, name) : NULL;
    int found = value != NULL;
    if (found) {
        int quoted = *value == '"';
        size_t len = (size_t)(rigor_json_skip(value) - value) - (quoted ? 2 : 0);
        len = len < size ? len : size - 1;
        memcpy(ret, value + quoted, len);
        ret[len] = '\0';
    }
    free(text);
    return found;
}

RIGOR_SHIM double rigor_number(const char *name, double otherwise)
{
    char text[64];
    return rigor_config(name, text, sizeof(text)) ? strtod(text, NULL) : otherwise;
}

RIGOR_SHIM int rigor_flag(const char *name, int otherwise) /* of true and false */
{
    char text[64];
    return rigor_config(name, text, sizeof(text)) ? strcmp(text, "true") == 0 : otherwise;
}

/* ---- Data: tables of the columns id, x1 to xN and, but for the test part, y */

typedef struct rigor_table {
    size_t rows, columns;
    long long *id;
    double *x; /* (rows, columns) */
    double *y; /* NULL where the part has none; a class is its number from 0 */
} rigor_table;

RIGOR_SHIM void rigor_table_free(rigor_table *table)
{
    free(table->id);
    free(table->x);
    free(table->y);
    memset(table, 0, sizeof(*table));
}

RIGOR_SHIM int rigor_table_parse(const char *text, rigor_table *ret)
{
    const char *line = text + strcspn(text, "\n");
    size_t commas = 0, rows = 0;
    int labelled = line - text >= 2 && strncmp(line - (line[-1] == '\r') - 2, ",y", 2) == 0;
    for (const char *c = text; c < line; c++)
        commas += *c == ',';
    for (const char *c = line; *c; c++)
        rows += *c == '\n' && c[1] && c[1] != '\n';
    ret->rows = rows;
    ret->columns = commas - (labelled ? 1 : 0);
    ret->id = (long long *)calloc(rows + 1, sizeof(*ret->id));
    ret->x = (double *)calloc(rows * ret->columns + 1, sizeof(*ret->x));
    ret->y = labelled ? (double *)calloc(rows + 1, sizeof(*ret->y)) : NULL;
    if (!ret->id || !ret->x || (labelled && !ret->y))
        return 0;
    for (size_t i = 0; i < rows; i++) {
        char *at;
        ret->id[i] = strtoll(line, &at, 10); /* passes over the end of the line before */
        for (size_t k = 0; k < commas; k++) {
            if (*at != ',')
                return 0;
            double *cell = k < ret->columns ? &ret->x[i * ret->columns + k] : &ret->y[i];
            *cell = strtod(at + 1, &at);
        }
        line = at + strcspn(at, "\n");
    }
    return 1;
}

/* A part: "train", "val" or "test_inputs".  0: it cannot be had, which is said on standard error. */
RIGOR_SHIM int rigor_load(const char *name, rigor_table *ret)
{
    char path[4096];
    const char *given = rigor_variable(strcmp(name, "train") == 0 ? "RIGOR_TRAIN"
                                       : strcmp(name, "val") == 0 ? "RIGOR_VAL"
                                                                  : "RIGOR_TEST_INPUTS",
                                       NULL);
    snprintf(path, sizeof(path), "%s/%s.csv", rigor_variable("RIGOR_PARTS", "data"), name);
    char *text = rigor_read_file(given ? given : path);
    memset(ret, 0, sizeof(*ret));
    int good = text && strncmp(text, "id", 2) == 0 && rigor_table_parse(text, ret);
    if (!good) {
        fprintf(
            stderr,
            "rigor.h: %s cannot be read as a table: in the study say trainer: {data: csv}; by "
            "hand, set RIGOR_PARTS to the folder studies/NAME/data of a study that has begun\n",
            given ? given : path);
        rigor_table_free(ret);
    }
    free(text);
    return good;
}

/* ---- Messages */

/* A text as JSON; what JSON would have to escape and nobody needs becomes a space. */
RIGOR_SHIM void rigor_say_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar((unsigned char)*text < ' ' ? ' ' : *text);
    }
    putchar('"');
}

/* Several metrics of one step. */
RIGOR_SHIM void rigor_report_all(long step, size_t n, const char *const *name,
                                 const double *value)
{
    int inside = rigor_inside();
    printf(inside ? "@rigor {\"step\": %ld" : "step %ld", step);
    for (size_t i = 0; i < n; i++) {
        if (inside) {
            printf(", ");
            rigor_say_text(name[i]);
            printf(isfinite(value[i]) ? ": %.17g" : ": null", value[i]);
        } else {
            printf("  %s %.6g", name[i], value[i]);
        }
    }
    printf(inside ? "}\n" : "\n");
    fflush(stdout);
}

RIGOR_SHIM void rigor_report(long step, const char *name, double value)
{
    rigor_report_all(step, 1, &name, &value);
}

RIGOR_SHIM void rigor_say(const char *key, const char *text)
{
    if (!rigor_inside()) {
        printf("%s: %s\n", key, text);
        return;
    }
    printf("@rigor {\"%s\": ", key);
    rigor_say_text(text);
    printf("}\n");
    fflush(stdout);
}

RIGOR_SHIM void rigor_note(const char *text) /* a sentence that is kept with the run */
{
    rigor_say("note", text);
}

/* The file `name` in the folder that may be written is complete: a start that was cut off may go on
 * from it (rigor_resume).  Write it under another name and rename it first. */
RIGOR_SHIM void rigor_checkpoint(const char *name)
{
    if (rigor_inside())
        rigor_say("checkpoint", name);
}

RIGOR_SHIM void rigor_environment(const char *name, const char *version)
{
    if (!rigor_inside())
        return;
    printf("@rigor {\"environment\": {");
    rigor_say_text(name);
    printf(": ");
    rigor_say_text(version);
    printf("}}\n");
    fflush(stdout);
}

/* ---- SIGTERM: ask rigor_stopping() between two steps; once it is 1, save and call rigor_stop(). */

static volatile sig_atomic_t rigor_stop_asked;

RIGOR_SHIM void rigor_stop_handler(int number)
{
    (void)number;
    rigor_stop_asked = 1;
}

RIGOR_SHIM void rigor_on_stop(void)
{
    signal(SIGTERM, rigor_stop_handler);
}

RIGOR_SHIM int rigor_stopping(void)
{
    return rigor_stop_asked;
}

RIGOR_SHIM void rigor_stop(void) /* ends as SIGTERM ends a program */
{
    fflush(stdout);
    signal(SIGTERM, SIG_DFL);
    raise(SIGTERM);
}

/* ---- Predictions of the test part: `values` is (rows, classes) probabilities, or (rows) numbers
 * of a regression where classes is 0.  0: they cannot be written. */
RIGOR_SHIM int rigor_predict(const long long *id, size_t rows, size_t classes,
                             const double *values)
{
    char path[4096];
    FILE *file = rigor_path("predictions.csv", path, sizeof(path)) ? fopen(path, "w") : NULL;
    size_t width = classes ? classes : 1;
    if (!file) {
        fprintf(stderr, "rigor.h: %s cannot be written\n", path);
        return 0;
    }
    fputs("id", file);
    for (size_t k = 0; k < classes; k++)
        fprintf(file, ",%lu", (unsigned long)k);
    fputs(classes ? "\n" : ",value\n", file);
    for (size_t i = 0; i < rows; i++) {
        fprintf(file, "%lld", id[i]);
        for (size_t k = 0; k < width; k++)
            fprintf(file, ",%.9g", values[i * width + k]);
        fputc('\n', file);
    }
    int bad = ferror(file);
    return fclose(file) == 0 && !bad;
}

#endif
