/* file_trainer.c - the section `trainer`: a program of any language in place of our own, and
 * the names that such a program is told.
 *
 * A program has no table of parameters that we could read.  Its parameters are what the base
 * sets, and what the command names: an arm, an ablation or the space that names anything else
 * has misspelt it. */
#include "lab/study/file.h"
#include "rigor/trial.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define WORDS_MAX 1000
#define GRACE_DEFAULT_S 10
#define LOG_DEFAULT_BYTES ((int64_t)16 << 20)
#define DAYS 86400.0

/* ---- Lists of texts. */

typedef RG_VEC(const char *) word_vec;

static size_t keep_words(study_reader *reader, word_vec *words, const char *const **ret)
{
    const char **kept = RG_ARENA_ARRAY(reader->arena, const char *, words->len + 1);
    for (size_t i = 0; i < words->len; i++)
        kept[i] = words->at[i];
    *ret = kept;
    size_t count = words->len;
    rg_vec_free(words);
    return count;
}

/* A text, or a list of texts. */
static word_vec read_texts(study_reader *reader, const study_node *node, const char *what)
{
    word_vec words = {0};
    bool list = node && node->kind == STUDY_LIST;
    size_t count = list ? node->count : node != NULL;
    for (size_t i = 0; i < count && i < WORDS_MAX; i++) {
        const char *text = NULL;
        if (study_text(reader, list ? node->item[i] : node, what, &text))
            rg_vec_push(&words, text);
    }
    return words;
}

/* ---- The command: words as a shell would split them, without its expansions. */

static const char *take_word(const char *c, rg_str *word, char *ret_open)
{
    char quote = '\0';
    for (; *c && (quote || !isspace((unsigned char)*c)); c++) {
        if (quote ? *c == quote : *c == '\'' || *c == '"')
            quote = quote ? '\0' : *c;
        else if (*c == '\\' && c[1] && quote != '\'')
            rg_str_add_n(word, ++c, 1);
        else
            rg_str_add_n(word, c, 1);
    }
    *ret_open = quote;
    return c;
}

static void split_command(study_reader *reader, const study_node *node, word_vec *words)
{
    const char *c = node->text;
    while (words->len < WORDS_MAX) {
        rg_str word = {0};
        char open = '\0';
        c += strspn(c, " \t\n");
        if (!*c)
            return;
        rg_str_add(&word, "");
        c = take_word(c, &word, &open);
        rg_vec_push(words, rg_arena_strdup(reader->arena, rg_str_text(&word)));
        rg_str_free(&word);
        if (open)
            study_mistake(reader, node->mark,
                          "close it, or give the command as a list of words",
                          "the command has a quotation mark %c that is not closed", open);
    }
}

static void read_command(study_reader *reader, const study_node *node)
{
    word_vec words = {0};
    if (!node) {
        study_mistake(reader, reader->trainer_mark,
                      "add command: python3 train.py --lr {lr} --seed {seed}",
                      "the trainer has no command");
        return;
    }
    const char *text = NULL;
    if (node->kind == STUDY_LIST)
        words = read_texts(reader, node, "a word of the command");
    else if (study_text(reader, node, "the command", &text))
        split_command(reader, node, &words);
    reader->trainer->n_command = keep_words(reader, &words, &reader->trainer->command);
    reader->command = node;
}

/* ---- Settings. */

static const char *beside_study(study_reader *reader, const char *path)
{
    return *path == '/' ? path : rg_path_join(reader->arena, reader->study->dir, path);
}

static void read_folder(study_reader *reader, const study_node *node)
{
    const char *folder = ".";
    study_text(reader, node, "trainer.folder", &folder);
    reader->trainer->folder =
        strcmp(folder, ".") == 0 ? reader->study->dir : beside_study(reader, folder);
    if (reader->files && !rg_file_exists(reader->trainer->folder))
        study_mistake(reader, node ? node->mark : reader->trainer_mark,
                      "paths are relative to the folder of the study file",
                      "there is no folder '%s'", study_clip(reader, reader->trainer->folder));
}

static void read_form(study_reader *reader, const study_node *node)
{
    static const char *const names[] = {[RG_FORM_NPZ] = "npz", [RG_FORM_CSV] = "csv"};
    int at = node ? study_choice(reader, node, "trainer.data", names, RG_COUNT(names)) : 0;
    reader->trainer->form = at > 0 ? (rg_data_form)at : RG_FORM_NPZ;
}

static void read_reads(study_reader *reader, const study_node *node)
{
    word_vec words = read_texts(reader, node, "a pattern of trainer.reads");
    for (size_t i = 0; i < words.len; i++)
        if (!strchr(words.at[i], '{'))
            study_mistake(reader, node->mark, "such as \"loss: {train_loss}\"",
                          "the pattern '%s' names no value", study_clip(reader, words.at[i]));
    reader->trainer->n_reads = keep_words(reader, &words, &reader->trainer->reads);
}

static void read_env(study_reader *reader, const study_node *node)
{
    reader->trainer->env = study_keep_json(reader, json_object());
    if (!node || !study_is_map(reader, node, "trainer.env"))
        return;
    for (size_t i = 0; i < node->count; i++) {
        const char *name = node->key[i]->text, *value = NULL;
        if (rg_text_starts(name, "RIGOR_"))
            study_mistake(reader, node->key[i]->mark, "use another name",
                          "names that begin with RIGOR_ belong to the trial protocol");
        else if (study_text(reader, node->item[i], name, &value))
            json_object_set_new(reader->trainer->env, name, json_string(value));
    }
}

/* ---- Quantities: a number with a unit, below a bound. */

typedef struct unit {
    const char *name;
    double factor;
} unit;
static const unit times[] = {{"", 1},     {"s", 1},    {"sec", 1}, {"m", 60},
                             {"min", 60}, {"h", 3600}, {"d", DAYS}};
static const unit sizes[] = {{"", 1},         {"B", 1},       {"KB", 1e3},     {"MB", 1e6},
                             {"GB", 1e9},     {"TB", 1e12},   {"KiB", 0x1p10}, {"MiB", 0x1p20},
                             {"GiB", 0x1p30}, {"TiB", 0x1p40}};

typedef struct quantity {
    const char *name;
    const unit *units;
    size_t n;
    const char *example;
    double bound;
    const char *bound_text;
} quantity;
static const quantity time_limit = {"limits.time",   times,
                                    RG_COUNT(times), "such as 90s, 30m or 2h",
                                    1e6 * DAYS,      "a million days"};
static const quantity grace_limit = {"limits.grace", times,      RG_COUNT(times),
                                     "such as 10s",  1e6 * DAYS, "a million days"};
static const quantity memory_limit = {"limits.memory",         sizes,  RG_COUNT(sizes),
                                      "such as 512MB or 4GiB", 0x1p50, "1024 TiB"};
static const quantity log_limit = {"limits.log",   sizes,  RG_COUNT(sizes),
                                   "such as 16MB", 0x1p50, "1024 TiB"};

static void read_quantity(study_reader *reader, const study_node *node, const quantity *q,
                          double *ret)
{
    double number;
    if (!node)
        return;
    size_t digits = node->kind < STUDY_LIST ? strspn(node->text, "0123456789.") : 0;
    const char *name = digits ? node->text + digits + strspn(node->text + digits, " ") : "?";
    const char *figure = rg_arena_strndup(reader->arena, digits ? node->text : "", digits);
    for (size_t i = 0; i < q->n; i++)
        if (strcmp(q->units[i].name, name) == 0 && rg_text_double(figure, &number) &&
            number > 0) {
            *ret = number * q->units[i].factor;
            if (!(*ret < q->bound))
                study_mistake(reader, node->mark, "give a smaller one, or leave it out",
                              "%s must be below %s, not %s", q->name, q->bound_text,
                              study_describe(reader, node));
            return;
        }
    study_mistake(reader, node->mark, q->example,
                  "%s must be a number above 0 with a unit, not %s", q->name,
                  study_describe(reader, node));
}

static void read_time(study_reader *reader, const study_node *node)
{
    read_quantity(reader, node, &time_limit, &reader->trainer->time_s);
}

static void read_grace(study_reader *reader, const study_node *node)
{
    reader->trainer->grace_s = GRACE_DEFAULT_S;
    read_quantity(reader, node, &grace_limit, &reader->trainer->grace_s);
}

static void read_memory(study_reader *reader, const study_node *node)
{
    double bytes = 0;
    read_quantity(reader, node, &memory_limit, &bytes);
    reader->trainer->memory_bytes = bytes < memory_limit.bound ? (int64_t)bytes : 0;
}

static void read_log(study_reader *reader, const study_node *node)
{
    double bytes = (double)LOG_DEFAULT_BYTES;
    read_quantity(reader, node, &log_limit, &bytes);
    if (bytes < log_limit.bound)
        reader->trainer->log_bytes = bytes < 4096 ? 4096 : (int64_t)bytes;
}

static void read_limits(study_reader *reader, const study_node *node)
{
    static const study_field fields[] = {
        {"time", read_time}, {"grace", read_grace}, {"memory", read_memory}, {"log", read_log}};
    bool map = !node || study_is_map(reader, node, "trainer.limits");
    study_fields(reader, map ? node : NULL, "'trainer.limits'", fields, RG_COUNT(fields));
}

static void read_cores(study_reader *reader, const study_node *node)
{
    int64_t cores = 1;
    study_whole(reader, node, "trainer.cores", 1, 1024, &cores);
    reader->trainer->threads = (int)cores;
}

/* Shares of a GPU are 1/2, 1/3, ...: so many trials share one. */
static void read_devices(study_reader *reader, const study_node *node)
{
    double devices = 0;
    study_number(reader, node, "trainer.gpus", 0, 64, &devices);
    double sharing = devices > 0 && devices < 1 ? 1 / devices : devices;
    if (fabs(sharing - round(sharing)) > 1e-6)
        study_mistake(
            reader, node->mark, "such as 1, 2, 0.5 or 0.25",
            "trainer.gpus must be a whole number, or the share of one: 1/2, 1/3, ...");
    else
        reader->trainer->devices = devices;
}

static void read_network(study_reader *reader, const study_node *node)
{
    reader->trainer->network = true;
    study_bool(reader, node, "trainer.network", &reader->trainer->network);
}

static void read_seal(study_reader *reader, const study_node *node)
{
    reader->trainer->seal = true;
    study_bool(reader, node, "trainer.seal", &reader->trainer->seal);
}

static void read_writes(study_reader *reader, const study_node *node)
{
    if (!node)
        return;
    word_vec words = read_texts(reader, node, "a path of trainer.writes");
    bool each = node->kind == STUDY_LIST && words.len == node->count;
    for (size_t i = 0; i < words.len; i++) {
        words.at[i] = beside_study(reader, words.at[i]);
        if (reader->files && !rg_file_exists(words.at[i]))
            study_mistake(
                reader, each ? node->item[i]->mark : node->mark,
                "make the folder first; paths are relative to the folder of the study "
                "file",
                "there is no '%s' that it could write", study_clip(reader, words.at[i]));
    }
    reader->trainer->n_writes = keep_words(reader, &words, &reader->trainer->writes);
}

static void read_hides(study_reader *reader, const study_node *node)
{
    word_vec words = read_texts(reader, node, "a path of trainer.hides");
    for (size_t i = 0; i < words.len; i++)
        words.at[i] = beside_study(reader, words.at[i]);
    reader->trainer->n_hides = keep_words(reader, &words, &reader->trainer->hides);
}

void study_read_trainer(study_reader *reader, const study_node *node)
{
    static const study_field fields[] = {
        {"command", read_command}, {"folder", read_folder}, {"data", read_form},
        {"reads", read_reads},     {"env", read_env},       {"limits", read_limits},
        {"cores", read_cores},     {"gpus", read_devices},  {"network", read_network},
        {"seal", read_seal},       {"writes", read_writes}, {"hides", read_hides},
    };
    if (!node)
        return;
    reader->trainer_mark = node->mark;
    reader->trainer = RG_ARENA_NEW(reader->arena, rg_trainer);
    reader->study->trainer = reader->trainer;
    if (study_is_map(reader, node, "'trainer'"))
        study_fields(reader, node, "'trainer'", fields, RG_COUNT(fields));
}

/* ---- The names that the program is told. */

typedef struct naming {
    study_reader *reader;
    word_vec names;
} naming;

static void add_name(naming *n, const char *name)
{
    for (size_t i = 0; i < n->names.len; i++)
        if (strcmp(n->names.at[i], name) == 0)
            return;
    rg_vec_push(&n->names, name);
}

static bool note_slot(void *ctx, const char *name, rg_str *out)
{
    naming *n = ctx;
    (void)out;
    if (!rg_trial_variable_find(name))
        add_name(n, rg_arena_strdup(n->reader->arena, name));
    return true;
}

static void note_slots(naming *n)
{
    const rg_trainer *trainer = n->reader->trainer;
    for (size_t i = 0; i < trainer->n_command; i++) {
        rg_str ignored = {0};
        rg_template_fill(trainer->command[i], note_slot, n, &ignored);
        rg_str_free(&ignored);
    }
}

static const rg_param *table_of(study_reader *reader, const word_vec *names)
{
    rg_param *table = RG_ARENA_ARRAY(reader->arena, rg_param, names->len + 1);
    for (size_t i = 0; i < names->len; i++)
        table[i] = (rg_param){.name = names->at[i],
                              .kind = RG_PARAM_ANY,
                              .lo = -STUDY_HUGE,
                              .hi = STUDY_HUGE,
                              .fallback = "null",
                              .help = ""};
    return table;
}

void study_open_catalog(study_reader *reader)
{
    static const rg_catalog_model no_models[] = {{0}};
    static const rg_param no_params[] = {{0}};
    if (!reader->trainer)
        return;
    reader->open = (rg_catalog){.models = no_models, .train = no_params, .open = no_params};
    reader->catalog = &reader->open;
    naming n = {.reader = reader};
    study_settings base = study_settings_read(reader, reader->base, "'base'", false);
    for (size_t i = 0; i < base.len; i++) {
        const char *path = base.at[i].path;
        if (rg_trial_variable_find(path))
            study_mistake(reader, base.at[i].key->mark, "give it another name",
                          "'%s' is given to every program by the trial protocol", path);
        add_name(&n, path);
    }
    note_slots(&n);
    reader->open.open = table_of(reader, &n.names);
    rg_vec_free(&n.names);
}

/* Each name of the command must have a value in each arm, or nothing could be filled in. */
void study_check_slots(study_reader *reader)
{
    if (!reader->trainer || !reader->command)
        return;
    naming n = {.reader = reader};
    note_slots(&n);
    for (size_t i = 0; i < n.names.len; i++)
        for (size_t a = 0; a < reader->study->n_arms; a++) {
            const rg_arm *arm = &reader->study->arms[a];
            if (rg_json_path(arm->config, n.names.at[i]))
                continue;
            study_mistake(reader, reader->command->mark,
                          rg_arena_printf(reader->arena,
                                          "give it one in the base: base: {%s: ...}",
                                          n.names.at[i]),
                          "the command names {%s}, which has no value in arm '%s'",
                          n.names.at[i], arm->name);
            break;
        }
    rg_vec_free(&n.names);
}
