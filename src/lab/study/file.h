/* file.h - what the readers of a study file share (private to src/lab/study).
 *
 * The road of a file: text -> nodes with positions (file_yaml.c) -> overrides laid over them
 * (file_override.c) -> sections (file.c, file_data.c, file_analysis.c) -> arms (file_arms.c,
 * file_space.c) -> the resolved record (file_record.c).  Every reader reports what it cannot
 * use and goes on, so that one pass finds all mistakes of a file. */
#ifndef RIGOR_LAB_STUDY_FILE_H
#define RIGOR_LAB_STUDY_FILE_H

#include "rigor/study.h"

#define STUDY_FILE_MAX ((size_t)1 << 20) /* bytes of a study file */
#define STUDY_DEPTH_MAX 32               /* nesting of lists and maps */
#define STUDY_HUGE 1e300                 /* a bound for numbers that have none */
#define STUDY_OWN_MAX 16                 /* models of the user's own */
#define STUDY_NODES_MAX 20000            /* values of a file, aliases written out */

/* ---- Nodes: a YAML document as a tree.  An aliased node is shared, so it is never written to;
 * file_override.c copies what it changes. */
typedef enum study_kind {
    STUDY_NULL,
    STUDY_BOOL,
    STUDY_WHOLE, /* an integer that fits 64 bits */
    STUDY_REAL,
    STUDY_TEXT,
    STUDY_LIST,
    STUDY_MAP,
} study_kind;

typedef struct study_mark { /* where something was written */
    int line, column;       /* from 1, in the file */
    int override;           /* from 1: number of the override; 0: in the file */
} study_mark;

typedef struct study_node study_node;
struct study_node {
    study_kind kind;
    study_mark mark;
    const char *text; /* scalars: as written, escapes resolved */
    bool truth;       /* STUDY_BOOL */
    int64_t whole;    /* STUDY_WHOLE */
    double number;    /* STUDY_WHOLE and STUDY_REAL */
    size_t count;     /* lists and maps */
    study_node **item;
    study_node **key; /* maps only: scalars, all different */
    size_t size;      /* nodes below and with this one, aliases written out */
};

/* One setting of a configuration: a dotted path with the value that a file gives it. */
typedef struct study_setting {
    const char *path; /* "model.dropout" */
    const study_node *key, *value;
} study_setting;
typedef struct study_settings {
    study_setting *at; /* in the arena */
    size_t len;
} study_settings;

/* ---- The reader: one for each file read. */
typedef struct study_reader {
    rg_study *study; /* filled section by section */
    rg_arena *arena; /* the study's */
    const rg_catalog *catalog;
    rg_diags *diags;
    const char *const *overrides; /* texts, for messages */
    bool files;                   /* whether to look if named files exist */
    const study_node *root;
    const rg_metric *metric; /* NULL: unknown */
    /* Sections that are resolved together, once all of them are read. */
    const study_node *base, *arms, *ablate, *space, *claims, *explore;
    rg_trainer *trainer; /* NULL: our own */
    study_mark trainer_mark;
    const study_node *command; /* of the trainer; NULL: none, or a broken one */
    rg_catalog open;           /* what such a trainer can be told */
    struct {                   /* models of the user's own, each opened once */
        const char *file;
        const rg_catalog_model *model; /* NULL: it has mistakes (reported) */
    } own[STUDY_OWN_MAX];
    size_t n_own;
    const struct study_layer *layers; /* arms and ablations, once they are read */
    size_t n_layers;
    bool arms_unsure; /* an arm could not be read: claims may name it */
} study_reader;

/* ---- file_yaml.c: text to nodes.  NULL after mistakes (reported). */
study_node *study_yaml(study_reader *reader, const char *text, size_t len, int override);

/* ---- file_scalar.c: sets the kind and the value of a plain scalar from its text. */
void study_scalar_type(study_node *node);

/* ---- file_override.c: lays one override over the tree. */
void study_override(study_reader *reader, study_node **root, int number, const char *text);

/* ---- file_node.c: reading nodes, with mistakes reported. */
void study_mistake(study_reader *reader, study_mark mark, const char *remedy, const char *fmt,
                   ...) RG_PRINTF(4, 5);
/* "did you mean 'lr'?", or "known here: a, b, c" when no name is near. */
const char *study_suggest(study_reader *reader, const char *given, const char *const *names,
                          size_t n);
/* "known here: a, b, c", a long list ending with "...", never within a name. */
const char *study_known_here(study_reader *reader, const char *const *names, size_t n);
const char *study_clip(study_reader *reader, const char *text); /* short enough for a message */
const char *study_describe(study_reader *reader, const study_node *node); /* "the text 'x'" */
const study_node *study_get(const study_node *map, const char *key);      /* NULL when absent */
json_t *study_node_json(const study_node *node); /* numbers that are not finite become null */

/* A field of a map.  Fields are read in the order of their table, whatever the file's order is;
 * `value` is NULL when the key is absent. */
typedef struct study_field {
    const char *name;
    void (*read)(study_reader *reader, const study_node *value); /* NULL: read elsewhere */
} study_field;
/* where: "the study", "'tune'"; map NULL reads every field as absent. */
void study_fields(study_reader *reader, const study_node *map, const char *where,
                  const study_field *fields, size_t n);
bool study_is_map(study_reader *reader, const study_node *node, const char *what);

/* Each reports a value that does not fit and leaves *ret alone; node == NULL leaves *ret alone.
 */
bool study_whole(study_reader *reader, const study_node *node, const char *what, int64_t lo,
                 int64_t hi, int64_t *ret);
bool study_number(study_reader *reader, const study_node *node, const char *what, double lo,
                  double hi, double *ret);
bool study_bool(study_reader *reader, const study_node *node, const char *what, bool *ret);
bool study_text(study_reader *reader, const study_node *node, const char *what,
                const char **ret);
/* A word that may name a folder: letters, digits and . _ + - (not first). */
bool study_name(study_reader *reader, const study_node *node, const char *what,
                const char **ret);
/* Index of the node's text among the names, or -1 (reported). */
int study_choice(study_reader *reader, const study_node *node, const char *what,
                 const char *const *names, size_t n);

/* ---- file_data.c: data and metrics; file_seeds.c: seeds; file_analysis.c: the search's
 * budget, analysis, claims. */
void study_read_data(study_reader *reader, const study_node *node);
void study_read_metric(study_reader *reader, const study_node *node);
void study_read_also(study_reader *reader, const study_node *node);
void study_read_seed(study_reader *reader, const study_node *node);
void study_read_seeds(study_reader *reader, const study_node *node);
void study_read_tune(study_reader *reader, const study_node *node);
void study_read_analysis(study_reader *reader, const study_node *node);
void study_read_claims(study_reader *reader); /* after the arms */
void study_check_folds(study_reader *reader); /* after all sections */
/* Reports seeds that are to be added until no claim is undecided, of which there is none. */
void study_check_undecidable(study_reader *reader);

/* ---- file_trainer.c: a program of any language in place of our own trainer. */
void study_read_trainer(study_reader *reader, const study_node *node);
/* Puts the names that the base sets and the command names in place of the catalog. */
void study_open_catalog(study_reader *reader);
void study_check_slots(study_reader *reader); /* after the arms */

/* ---- file_settings.c: configurations as lists of settings. */
/* Flattens nested maps and dotted keys; reports what is neither model.X nor train.X (of a
 * program with names of its own: nothing).  ranges: maps are values, as in tune.space. */
study_settings study_settings_read(study_reader *reader, const study_node *map,
                                   const char *what, bool ranges);
const study_setting *study_setting_find(const study_settings *settings, const char *path);
/* The parameter that a dotted path names; model == NULL: of the training loop only. */
const rg_param *study_param(const rg_catalog *catalog, const rg_catalog_model *model,
                            const char *path);
/* Reports a path that is no parameter of the model (NULL: of any arm's model). */
void study_param_unknown(study_reader *reader, study_mark mark, const rg_catalog_model *model,
                         const char *path);
/* The value in the parameter's own type: 1 is 1.0 for a number, 64.0 is 64 for a whole number.
 * New references; _value reports what does not fit and then returns NULL. */
json_t *study_param_typed(const rg_param *param, const json_t *value);
json_t *study_param_value(study_reader *reader, const rg_param *param, const char *path,
                          const study_node *value);

/* ---- file_arms.c: base, arms and ablations, resolved.
 * A layer is a list of settings that lies over another one: arms over the base, ablations over
 * the arm that they ablate. */
typedef struct study_layer study_layer;
struct study_layer {
    const char *name;
    study_mark mark;
    const study_layer *below; /* NULL: the base */
    study_settings own;
    const rg_catalog_model *model; /* NULL: none named, or an unknown one */
    bool model_unknown;            /* named, but not in the catalog (reported) */
};
void study_read_arms(study_reader *reader);

/* ---- file_space.c: the space that is tuned, cut to each arm. */
typedef struct study_dim {
    rg_dim dim; /* without `when` */
    const study_node *key, *range;
    const rg_param *param; /* of the first arm that has it; NULL: of none */
    const char *when;      /* path of the condition; NULL: none */
    const study_node *when_key, *when_value;
    json_t *when_values; /* in the type of the parameter; NULL: none */
    const rg_param *when_param;
    bool broken, tuned; /* tuned: by at least one arm */
} study_dim;
typedef struct study_dims {
    study_dim *at; /* a condition stands before what depends on it, otherwise by name, so that
                      the order of the file does not matter */
    size_t len;
} study_dims;
study_dims study_space_read(study_reader *reader, const study_node *space,
                            const study_layer *layers, size_t n_layers);
/* Cuts the space to the arm: fills arm->space and arm->first from arm->config. */
void study_space_cut(study_reader *reader, study_dims *dims, const study_layer *layer,
                     rg_arm *arm);
/* The dimension that tunes the path; -1: none. */
int study_space_index(const rg_space *space, const char *path);
/* file_task.c: reports what the arm sets or tunes that does not fit the metric's task. */
void study_check_task(study_reader *reader, const study_dims *dims, const study_layer *layer,
                      const rg_arm *arm);
/* file_unread.c: fills arm->unread, from its configuration and space. */
void study_find_unread(study_reader *reader, const study_layer *layer, rg_arm *arm);
/* Reports dimensions that no arm tunes. */
void study_space_unused(study_reader *reader, const study_dims *dims);
/* file_dim.c: one dimension as written: {log: [1e-4, 1e-1], when: {...}}. */
void study_dim_read(study_reader *reader, const study_node *form, study_dim *ret);
/* Checks that the range or the choices fit the parameter. */
void study_dim_fit(study_reader *reader, study_dim *dim, const rg_param *param);
/* Gives json to the study's arena. */
json_t *study_keep_json(study_reader *reader, json_t *json);

/* ---- file_record.c: the resolved study as JSON, and its hash. */
void study_record(rg_study *study);

#endif
