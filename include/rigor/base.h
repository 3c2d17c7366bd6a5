/* base.h - the ground floor: memory, errors, text, containers, parameters, JSON, hashes,
 * random numbers, files, clocks and threads.  Everything else stands on this header.
 *
 * Ownership in one sentence: what a function returns from an arena lives as long as the arena;
 * everything else that must be freed has a function named *_free beside the one that made it.
 */
#ifndef RIGOR_BASE_H
#define RIGOR_BASE_H

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define RG_NORETURN __attribute__((noreturn))
#define RG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- Memory ------------------------------------------------------------------------------
 * Small allocations never return NULL: when the machine has no memory left, the process says so
 * and ends with exit code 3 (whatever counts is in the ledger, which survives that).  Sizes
 * that a user's input decides (tensors, files, tables) go through rg_try_alloc and become an
 * error. */
typedef struct rg_allocator {
    void *(*allocate)(void *ctx, void *old, size_t bytes); /* realloc; bytes == 0 frees */
    void *ctx;
} rg_allocator;

void rg_allocator_set(rg_allocator allocator); /* the one hook: tests inject failures here */
void *rg_alloc(size_t bytes);                  /* zeroed */
void *rg_realloc(void *old, size_t bytes);     /* grown bytes are not zeroed */
void *rg_try_alloc(size_t bytes);              /* zeroed, or NULL */
void rg_free(void *memory);                    /* NULL is fine */

#define RG_NEW(type) ((type *)rg_alloc(sizeof(type)))
#define RG_NEW_ARRAY(type, n) ((type *)rg_alloc_array((n), sizeof(type)))
void *rg_alloc_array(size_t n, size_t bytes); /* as rg_alloc; the product is checked */

/* An arena frees everything at once; every phase has one. */
typedef struct rg_arena rg_arena;
rg_arena *rg_arena_new(void);
void rg_arena_free(rg_arena *arena);
void *rg_arena_alloc(rg_arena *arena, size_t bytes); /* zeroed, aligned to 16 */
char *rg_arena_strdup(rg_arena *arena, const char *text);
char *rg_arena_strndup(rg_arena *arena, const char *text, size_t len);
char *rg_arena_printf(rg_arena *arena, const char *fmt, ...) RG_PRINTF(2, 3);
void rg_arena_defer(rg_arena *arena, void (*release)(void *), void *what); /* run on free */
#define RG_ARENA_NEW(arena, type) ((type *)rg_arena_alloc((arena), sizeof(type)))
#define RG_ARENA_ARRAY(arena, type, n) \
    ((type *)rg_arena_alloc((arena), rg_bytes_checked((n), sizeof(type))))
size_t rg_bytes_checked(size_t n, size_t bytes); /* n * bytes, or the end of the process */

/* ---- Errors ------------------------------------------------------------------------------
 * A function that can fail returns false (or NULL) and fills the rg_err that it was given.
 * The first error sticks; outputs are untouched on failure.  Codes are the exit codes. */
typedef enum rg_code {
    RG_OK = 0,
    RG_NO = 1,       /* the answer is no: check, verify, rerun, reproduce */
    RG_INPUT = 2,    /* the user's input or usage is wrong */
    RG_INTERNAL = 3, /* our fault, or the machine's (disk full, out of memory) */
} rg_code;

typedef struct rg_err {
    rg_code code;
    char where[160];  /* "digits.yaml:12:7", "results.csv:104", "" when it has no place */
    char what[1280];  /* one sentence: what is wrong; or a report of a few lines */
    char remedy[320]; /* one sentence: what to do next; may be empty */
} rg_err;

/* Sets the error unless one is set already; returns false so that `return rg_fail(...)` works.
 * where and remedy may be NULL.  Texts that are too long are cut; what is kept is UTF-8. */
bool rg_fail(rg_err *err, rg_code code, const char *where, const char *remedy, const char *fmt,
             ...) RG_PRINTF(5, 6);
void rg_err_print(const rg_err *err); /* "rigor: where: what" and "  -> remedy", on stderr */

/* RG_BUG is for our faults only: prints file:line and aborts. */
#define RG_BUG(...) rg_bug(__FILE__, __LINE__, __VA_ARGS__)
void rg_bug(const char *file, int line, const char *fmt, ...) RG_PRINTF(3, 4) RG_NORETURN;

/* A list of mistakes, for readers that report all mistakes of a file in one go.
 * At most 100 are kept; the rest are counted. */
typedef struct rg_diag {
    int line, column; /* from 1; 0: unknown */
    char *what, *remedy;
} rg_diag;
typedef struct rg_diags {
    rg_arena *arena; /* owner of the texts */
    const char *file;
    rg_diag *at;
    size_t len, cap, total;
} rg_diags;
void rg_diags_add(rg_diags *diags, int line, int column, const char *remedy, const char *fmt,
                  ...) RG_PRINTF(5, 6);
void rg_diags_sort(rg_diags *diags);          /* by position */
void rg_diags_print(const rg_diags *diags);   /* "file:line:column: what" and "  -> remedy" */
json_t *rg_diags_json(const rg_diags *diags); /* [{file, line, column, what, remedy}] new ref */

/* ---- Text --------------------------------------------------------------------------------
 * A growing buffer with a maximum: past it the text is cut and `cut` is set. */
typedef struct rg_str {
    char *data;           /* NUL-terminated once anything was appended; NULL before */
    size_t len, cap, max; /* max == 0: RG_STR_MAX */
    bool cut;
} rg_str;
#define RG_STR_MAX ((size_t)1 << 30)
void rg_str_add(rg_str *s, const char *text);
void rg_str_add_n(rg_str *s, const char *text, size_t len);
void rg_str_printf(rg_str *s, const char *fmt, ...) RG_PRINTF(2, 3);
void rg_str_vprintf(rg_str *s, const char *fmt, va_list args);
void rg_str_add_html(rg_str *s, const char *text); /* escapes & < > " ' */
const char *rg_str_text(const rg_str *s);          /* "" when empty, never NULL */
void rg_str_clear(rg_str *s);
void rg_str_free(rg_str *s);

bool rg_text_starts(const char *text, const char *prefix);
bool rg_text_ends(const char *text, const char *suffix);
bool rg_utf8_valid(const char *text, size_t len);
void rg_utf8_repair(char *text); /* in place: each byte that is not UTF-8 becomes '?' */
/* Whole-text numbers: no surrounding spaces, no trailing characters, "C" locale. */
bool rg_text_double(const char *text, double *ret); /* also inf, nan */
bool rg_text_int(const char *text, int64_t *ret);
/* The nearest of `names` to `text` by Damerau-Levenshtein distance, at most a third of its
 * length away; NULL when none is near. */
const char *rg_text_nearest(const char *text, const char *const *names, size_t n);
/* value rounded to as many digits as its uncertainty (half-width of an interval) justifies: two
 * significant digits of the uncertainty.  "0.9713" for (0.971322, 0.0042). */
void rg_text_rounded(char out[32], double value, double uncertainty);
/* A size (0 or more) the same way, but never "0.000" for what is not 0: "less than 0.001". */
void rg_text_size(char out[32], double size, double uncertainty);

/* ---- Containers -------------------------------------------------------------------------- */
/* A vector of any type: `RG_VEC(int) v = {0}; rg_vec_push(&v, 3); ... rg_vec_free(&v);` */
#define RG_VEC(type) \
    struct { \
        type *at; \
        size_t len, cap; \
    }
#define rg_vec_reserve(v, n) ((v)->at = rg_vec_grow_((v)->at, &(v)->cap, (n), sizeof(*(v)->at)))
#define rg_vec_push(v, item) \
    (rg_vec_reserve((v), (v)->len + 1), (void)((v)->at[(v)->len++] = (item)))
#define rg_vec_free(v) \
    (rg_free((v)->at), (void)((v)->at = NULL), (void)((v)->len = (v)->cap = 0))
void *rg_vec_grow_(void *at, size_t *cap, size_t need, size_t bytes);

/* A map from text to a pointer, which keeps the order of insertion.  Keys are copied. */
typedef struct rg_map rg_map;
rg_map *rg_map_new(void);
void rg_map_free(rg_map *map); /* not the values */
void rg_map_set(rg_map *map, const char *key, void *value);
void *rg_map_get(const rg_map *map, const char *key); /* NULL when absent */
size_t rg_map_count(const rg_map *map);
const char *rg_map_key(const rg_map *map, size_t i); /* in order of insertion */
void *rg_map_value(const rg_map *map, size_t i);

/* ---- Parameter tables --------------------------------------------------------------------
 * What a trainer can be told, as data: the models and the training loop publish such tables,
 * the lab checks studies against them without knowing who trains.  A table ends with name ==
 * NULL. */
typedef enum rg_param_kind {
    RG_PARAM_NUMBER, /* lo <= value <= hi */
    RG_PARAM_INT,    /* the same, whole */
    RG_PARAM_BOOL,
    RG_PARAM_CHOICE, /* one of choices[] */
    RG_PARAM_INTS,   /* a list of whole numbers, each within lo..hi; may be empty */
    RG_PARAM_ANY,    /* whatever a program makes of it: a scalar or a list of scalars */
} rg_param_kind;
typedef struct rg_param {
    const char *name; /* "dropout" */
    rg_param_kind kind;
    bool structural; /* changes the program; otherwise a number that members of a cohort may
                        differ in */
    double lo, hi;
    const char *const *choices; /* NULL-terminated; RG_PARAM_CHOICE only */
    const char *fallback;       /* the default as JSON text: "0.1", "[64, 64]", "\"relu\"" */
    const char *help;           /* one line */
} rg_param;
const rg_param *rg_param_find(const rg_param *table, const char *name); /* NULL when absent */
/* Checks one value; on failure `err` says what was expected (where is left empty). */
bool rg_param_check(const rg_param *param, const json_t *value, rg_err *err);
void rg_param_describe(const rg_param *param, rg_str *ret); /* "a number from 0 to 0.9" */
json_t *rg_param_json(const rg_param *table); /* the table for `rigor models --json` */
/* The table that rg_param_json wrote; NULL when it is none. */
const rg_param *rg_param_table(const json_t *list, rg_arena *arena, rg_err *err);
json_t *rg_param_defaults(const rg_param *table); /* {name: fallback, ...}; new reference */

/* ---- JSON (jansson) ---------------------------------------------------------------------- */
char *rg_json_canonical(const json_t *value);          /* sorted keys, no spaces; rg_free */
void rg_json_pretty(const json_t *value, rg_str *ret); /* indented, keys as they stand */
json_t *rg_json_parse(const char *text, size_t len, const char *where, rg_err *err);
/* Dotted paths: "train.lr". get: borrowed or NULL.  set: makes objects on the way; steals
 * value; false when a part on the way is no object.  del: false when absent. */
json_t *rg_json_path(const json_t *root, const char *path);
bool rg_json_path_set(json_t *root, const char *path, json_t *value);
bool rg_json_path_del(json_t *root, const char *path);
/* Appends a sentence to an array. */
void rg_json_say(json_t *array, const char *fmt, ...) RG_PRINTF(2, 3);
/* Deep merge: objects merge, anything else replaces.  `over` wins. */
void rg_json_merge(json_t *base, const json_t *over);
json_t *
rg_json_real(double value); /* null when not finite, an integer-valued real stays real */
double rg_json_number(const json_t *value, double otherwise); /* any number; null -> NaN */
const char *rg_json_text(const json_t *object, const char *key, const char *otherwise);
double rg_json_sum(const json_t *rows, const char *key); /* of [{key: number}, ...] */

/* ---- Hashes and random numbers ----------------------------------------------------------- */
#define RG_HEX 65 /* a SHA-256 as lower-case hexadecimal text with its NUL */
typedef struct rg_sha {
    _Alignas(16) unsigned char state[128];
} rg_sha;
void rg_sha_start(rg_sha *sha);
void rg_sha_add(rg_sha *sha, const void *data, size_t len);
void rg_sha_end(rg_sha *sha, char hex[RG_HEX]);
void rg_sha_of(const void *data, size_t len, char hex[RG_HEX]);
/* Of a regular file, maybe behind a link; a pipe or a device is refused. */
bool rg_sha_file(const char *path, char hex[RG_HEX], rg_err *err);

/* Threefry-2x32-20 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). */
void rg_threefry(const uint32_t key[2], const uint32_t counter[2], uint32_t ret[2]);

/* A stream of random numbers is named, not shared: (seed, site) is the key, the draws are
 * numbered.  Two sites of one seed are independent; nothing depends on who draws first. */
#define RG_RNG_BLOCKS 16 /* made at a time, in as long as one to three alone */
typedef struct rg_rng {
    uint32_t key[2];
    uint64_t counter;                 /* of the next block to be made; each is two draws */
    uint32_t block[2][RG_RNG_BLOCKS]; /* the first and the second draws of the last ones made */
    uint32_t left;                    /* draws of theirs that nobody has taken */
} rg_rng;
rg_rng rg_rng_open(uint64_t seed, const char *site_fmt, ...) RG_PRINTF(2, 3);
uint32_t rg_rng_u32(rg_rng *rng);
uint64_t rg_rng_u64(rg_rng *rng);
uint64_t rg_rng_below(rg_rng *rng, uint64_t n);              /* unbiased, n >= 1 */
double rg_rng_unit(rg_rng *rng);                             /* [0, 1), 53 bits */
double rg_rng_normal(rg_rng *rng);                           /* Box-Muller, one draw a call */
void rg_rng_shuffle(rg_rng *rng, uint32_t *items, size_t n); /* Fisher-Yates */
uint64_t rg_seed_derive(uint64_t seed, const char *site_fmt, ...) RG_PRINTF(2, 3); /* < 2^53 */

/* ---- Files ------------------------------------------------------------------------------- */
/* Reads a whole file of at most `max` bytes; *ret is NUL-terminated, rg_free. */
bool rg_file_read(const char *path, size_t max, char **ret, size_t *ret_len, rg_err *err);
/* The same for a file that a program left which nobody has to trust: a link, a folder, a pipe
 * or a device is refused, and what is too large before it is read. */
bool rg_file_read_foreign(const char *path, size_t max, char **ret, size_t *ret_len,
                          rg_err *err);
/* Writes beside the target, fsyncs, renames: readers see the old file or the new, never half.
 */
bool rg_file_write(const char *path, const void *data, size_t len, int mode, rg_err *err);
bool rg_file_exists(const char *path);
bool rg_dir_make(const char *path, int mode, rg_err *err); /* with parents */
/* A new folder /tmp/rigor-UID/PURPOSE-XXXXXX (or below TMPDIR), mode 0700; NULL with an error.
 */
char *rg_dir_scratch(rg_arena *arena, const char *purpose, rg_err *err);
void rg_dir_scratch_end(
    const char *dir); /* removes it, and what they lie in when it is the last */
char *rg_dir_scratches(rg_arena *arena);           /* what all of them lie in; need not exist */
bool rg_dir_remove(const char *path, rg_err *err); /* with all that is in it */
/* Whether a relative path stays below where it begins: no leading '/', no "..", no empty part.
 */
bool rg_path_is_inside(const char *path);
char *rg_path_join(rg_arena *arena, const char *dir, const char *name);
const char *rg_path_base(const char *path); /* the part behind the last '/' */
/* Gunzips when the data starts with gzip's magic, otherwise copies; *ret via rg_free. */
bool rg_gunzip(const char *data, size_t len, size_t max, const char *where, char **ret,
               size_t *ret_len, rg_err *err);

/* ---- Clock, log, threads ----------------------------------------------------------------- */
uint64_t rg_clock_ns(void);      /* monotonic */
void rg_clock_utc(char out[32]); /* "2026-01-31T12:00:00.123Z" */
typedef enum rg_log_level { RG_LOG_ERROR, RG_LOG_WARN, RG_LOG_INFO, RG_LOG_DEBUG } rg_log_level;
void rg_log_level_set(rg_log_level level); /* default: warn; RIGOR_LOG=debug sets it, too */
void rg_log_line(rg_log_level level, const char *fmt, ...) RG_PRINTF(2, 3); /* on stderr */
int rg_cpu_count(void); /* cores this process may use */
/* A crew: the caller and up to threads - 1 helpers, which wait between two pieces of work.  One
 * piece of work at a time; a thread that cannot be started makes the crew smaller, nothing
 * else. */
typedef struct rg_crew rg_crew;
rg_crew *rg_crew_new(int threads);
void rg_crew_free(rg_crew *crew);
int rg_crew_size(const rg_crew *crew); /* with the caller; 1 for NULL */
/* Calls work(ctx, i, member) for i in [0, n), in any order; member: which of the crew does it,
 * from 0 (the caller).  Returns once all is done.  NULL: the caller alone. */
void rg_crew_run(rg_crew *crew, size_t n, void (*work)(void *ctx, size_t i, int member),
                 void *ctx);
/* Calls work(ctx, i) for i in [0, n) on up to `threads` threads, in any order. */
void rg_parallel(int threads, size_t n, void (*work)(void *ctx, size_t i), void *ctx);

#define RG_VERSION "0.1.0"

#endif
