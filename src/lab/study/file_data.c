/* file_data.c - what is learned from and what is measured: data, split, metrics. */
#include "lab/study/file.h"

#include <math.h>
#include <string.h>

/* ---- data */

static const rg_data_source *source_find(const char *name)
{
    for (const rg_data_source *s = rg_data_sources; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

static bool is_data_file(const char *name)
{
    return rg_text_ends(name, ".csv") || rg_text_ends(name, ".csv.gz") ||
           rg_text_ends(name, ".npz");
}

static const char *beside_study(study_reader *reader, const char *path)
{
    return *path == '/' ? path : rg_path_join(reader->arena, reader->study->dir, path);
}

static bool check_file(study_reader *reader, const study_node *node, const char *path)
{
    const char *full = beside_study(reader, path);
    if (!reader->files || rg_file_exists(full))
        return true;
    study_mistake(reader, node->mark, "paths are relative to the folder of the study file",
                  "there is no file '%s'", study_clip(reader, full));
    return false;
}

static const char *suggest_data(study_reader *reader, const char *name)
{
    size_t n = 0;
    while (rg_data_sources[n].name)
        n++;
    const char **names = RG_ARENA_ARRAY(reader->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        names[i] = rg_data_sources[i].name;
    const char *near = study_suggest(reader, name, names, n);
    return rg_arena_printf(reader->arena,
                           "%s (or give the path of a .csv, .csv.gz or .npz file)", near);
}

static void read_data_name(study_reader *reader, const study_node *node)
{
    if (!node || !study_text(reader, node, "the name of the data", &reader->study->data))
        return;
    const char *name = reader->study->data;
    if (is_data_file(name) && !source_find(name))
        check_file(reader, node, name);
    else if (!source_find(name))
        study_mistake(reader, node->mark, suggest_data(reader, name),
                      "there is no data set '%s'", study_clip(reader, name));
}

static void read_target(study_reader *reader, const study_node *node)
{
    study_text(reader, node, "data.target", &reader->study->data_target);
}

static void read_scale(study_reader *reader, const study_node *node)
{
    static const char *const names[] = {
        [RG_SCALE_NONE] = "none",
        [RG_SCALE_STANDARD] = "standard",
        [RG_SCALE_MINMAX] = "minmax",
    };
    int at = node ? study_choice(reader, node, "data.scale", names, RG_COUNT(names)) : -1;
    reader->study->scale = at >= 0 ? (rg_scale)at : RG_SCALE_STANDARD;
}

static void read_query(study_reader *reader, const study_node *node)
{
    study_text(reader, node, "data.group", &reader->study->data_group);
}

/* What can be balanced is known once the metric is. */
static void read_balance(study_reader *reader, const study_node *node)
{
    size_t n = 0;
    while (rg_balance_names[n])
        n++;
    int at = node ? study_choice(reader, node, "data.balance", rg_balance_names, n) : 0;
    reader->study->balance = at > 0 ? (rg_balance)at : RG_BALANCE_NONE;
    if (at > 0 && reader->study->data_group)
        study_mistake(reader, node->mark, "leave one of them out",
                      "rows that are ranked within a group cannot be balanced");
}

typedef struct split_part {
    const char *fraction, *file;
    size_t fraction_at, file_at; /* offsets into rg_split_spec */
} split_part;
static const split_part split_parts[] = {
    {"train", "train_file", offsetof(rg_split_spec, train),
     offsetof(rg_split_spec, train_file)},
    {"val", "val_file", offsetof(rg_split_spec, val), offsetof(rg_split_spec, val_file)},
    {"test", "test_file", offsetof(rg_split_spec, test), offsetof(rg_split_spec, test_file)},
};

/* Read together, in read_split. */
static const study_field split_fields[] = {
    {.name = "train"},      {.name = "val"},      {.name = "test"},      {.name = "stratify"},
    {.name = "train_file"}, {.name = "val_file"}, {.name = "test_file"}, {.name = "group"},
    {.name = "time"},       {.name = "keep"},     {.name = "folds"},
};

/* Number of the three keys that the map has. */
static size_t count_parts(const study_node *map, bool files)
{
    size_t n = 0;
    for (size_t i = 0; i < RG_COUNT(split_parts); i++)
        n += study_get(map, files ? split_parts[i].file : split_parts[i].fraction) != NULL;
    return n;
}

/* The first `n` parts. */
static void read_fractions(study_reader *reader, const study_node *map, size_t n)
{
    rg_split_spec *split = &reader->study->split;
    double sum = 0;
    bool good = true;
    for (size_t i = 0; i < n; i++) {
        double *at = (double *)(void *)((char *)split + split_parts[i].fraction_at);
        const study_node *node = study_get(map, split_parts[i].fraction);
        good = study_number(reader, node, split_parts[i].fraction, 0.001, 0.998, at) && good;
        sum += *at;
    }
    if (good && fabs(sum - 1) > 1e-9)
        study_mistake(reader, map->mark,
                      n == 3 ? "such as {train: 0.6, val: 0.2, test: 0.2}"
                             : "such as {folds: 5, train: 0.75, val: 0.25}",
                      "the parts of the split sum to %g: expected 1", sum);
}

/* ---- Folds: each is the test part once; train and val share the other rows. */

#define FOLDS_MAX 50
#define FOLDS_FLOOR 5

static void read_folds(study_reader *reader, const study_node *map)
{
    rg_split_spec *split = &reader->study->split;
    const study_node *folds = study_get(map, "folds"), *test = study_get(map, "test");
    bool train = study_get(map, "train"), val = study_get(map, "val");
    int64_t count = FOLDS_FLOOR; /* in place of a number that cannot be */
    study_whole(reader, folds, "data.split.folds", 2, FOLDS_MAX, &count);
    *split = (rg_split_spec){.train = 0.75, .val = 0.25, .folds = (size_t)count};
    if (test)
        study_mistake(
            reader, test->mark,
            "leave test out; train and val share the rows of the other folds, such as "
            "{folds: 5, train: 0.75, val: 0.25}",
            "each of the folds is the test part once: its size follows from `folds`");
    else if (train != val)
        study_mistake(
            reader, map->mark, "give both, or none for {train: 0.75, val: 0.25}",
            "train and val share the rows of the other folds: one of the two is given");
    else if (train)
        read_fractions(reader, map, 2);
    if (count_parts(map, true))
        study_mistake(reader, folds->mark, "keep one of the two",
                      "files say which row is where: nothing is left to cut into folds");
}

static void read_split_files(study_reader *reader, const study_node *map)
{
    rg_split_spec *split = &reader->study->split;
    for (size_t i = 0; i < RG_COUNT(split_parts); i++) {
        const char **at = (const char **)(void *)((char *)split + split_parts[i].file_at);
        const study_node *node = study_get(map, split_parts[i].file);
        const char *path = NULL;
        if (study_text(reader, node, split_parts[i].file, &path) &&
            check_file(reader, node, path))
            *at = beside_study(reader, path);
    }
    split->train = split->val = split->test = 0;
    split->stratify = false;
}

/* The columns that decide what goes together, and what comes first. */
static void read_rules(study_reader *reader, const study_node *map)
{
    rg_split_spec *split = &reader->study->split;
    const study_node *group = study_get(map, "group"), *time = study_get(map, "time");
    study_text(reader, group, "group", &split->group);
    study_text(reader, time, "time", &split->time);
    study_bool(reader, study_get(map, "keep"), "keep", &split->keep);
    if (split->group && split->time && strcmp(split->group, split->time) == 0)
        study_mistake(reader, time->mark, "name two columns", "group and time are both '%s'",
                      study_clip(reader, split->time));
    if ((group || time) && count_parts(map, true))
        study_mistake(reader, group ? group->mark : time->mark, "keep one of the two",
                      "files say which row is where: nothing is left to cut by %s",
                      group ? "group" : "time");
}

static void read_split(study_reader *reader, const study_node *node)
{
    rg_split_spec *split = &reader->study->split;
    *split = (rg_split_spec){.train = 0.6, .val = 0.2, .test = 0.2};
    if (!node || !study_is_map(reader, node, "data.split"))
        return;
    study_fields(reader, node, "'data.split'", split_fields, RG_COUNT(split_fields));
    size_t fractions = count_parts(node, false), files = count_parts(node, true);
    const study_node *stratify = study_get(node, "stratify");
    if (study_get(node, "folds"))
        read_folds(reader, node);
    else if (files && (fractions || stratify))
        study_mistake(reader, node->mark, "keep one of the two",
                      "a split is given by fractions or by files, not by both");
    else if (files && files < 3)
        study_mistake(reader, node->mark, "give train_file, val_file and test_file",
                      "%zu of the three files of the split are given", files);
    else if (files)
        read_split_files(reader, node);
    else if (fractions && fractions < 3)
        study_mistake(reader, node->mark, "give train, val and test; they sum to 1",
                      "%zu of the three parts of the split are given", fractions);
    else if (fractions)
        read_fractions(reader, node, 3);
    study_bool(reader, stratify, "stratify", &split->stratify);
    read_rules(reader, node);
}

/* What does not go with folds, once all sections are read. */
void study_check_folds(study_reader *reader)
{
    const rg_study *study = reader->study;
    const study_node *seeds = study_get(reader->root, "seeds");
    const study_node *split = study_get(study_get(reader->root, "data"), "split");
    if (!rg_study_has_folds(study))
        return;
    if (study->split.folds < FOLDS_FLOOR && !study->exploratory)
        study_mistake(reader, study_get(split, "folds")->mark,
                      "use 5 or more, or run with --exploratory: every line of the report then "
                      "says so",
                      "%zu folds cannot carry a verdict: expected at least %d",
                      study->split.folds, FOLDS_FLOOR);
    if (study->trials && reader->space)
        study_mistake(
            reader, reader->space->mark,
            "tune in a study of its own, with one cut of the data, and write the values "
            "that it finds into the base or the arms of this one",
            "nothing is tuned beside folds: a value that was tuned on one fold has seen "
            "rows that are test rows of the others");
    if (seeds && rg_study_is_sequential(study))
        study_mistake(
            reader, seeds->mark, "give a number of seeds",
            "seeds are not added while it is looked where there are folds: they share "
            "training rows, and the evidence takes the seeds to be independent");
}

static const study_field data_fields[] = {
    {"name", read_data_name}, {"target", read_target}, {"split", read_split},
    {"scale", read_scale},    {"group", read_query},   {"balance", read_balance},
};

void study_read_data(study_reader *reader, const study_node *node)
{
    bool map = node && node->kind == STUDY_MAP;
    study_fields(reader, map ? node : NULL, "'data'", data_fields, RG_COUNT(data_fields));
    if (node && !map)
        read_data_name(reader, node); /* data: digits */
    else if (!study_get(node, "name") && (node || !reader->trainer))
        study_mistake(reader, node ? node->mark : reader->root->mark,
                      "add data: {name: digits}; `rigor data` lists what is built in",
                      "the study names no data");
}

/* Only classes can be balanced. */
static void check_balance(study_reader *reader, const study_node *data)
{
    const study_node *given = study_get(data, "balance");
    if (reader->study->balance != RG_BALANCE_NONE && reader->metric &&
        reader->metric->task != RG_CLASSIFY)
        study_mistake(reader, given->mark, "leave it out",
                      "a regression has no classes to balance");
}

/* Stratification cuts classes: the default follows the metric's task. */
static void settle_stratify(study_reader *reader, const study_node *data)
{
    rg_split_spec *split = &reader->study->split;
    const study_node *given = study_get(study_get(data, "split"), "stratify");
    bool classify = reader->metric && reader->metric->task == RG_CLASSIFY;
    if (!given)
        split->stratify = classify && !split->train_file && !split->time;
    else if (split->stratify && split->time)
        study_mistake(reader, given->mark, "leave it out",
                      "a cut by time takes the classes as they come");
    else if (split->stratify && reader->metric && !rg_metric_fits(reader->metric, RG_CLASSIFY))
        study_mistake(reader, given->mark, "leave it out",
                      "a regression has no classes to stratify");
}

/* ---- metric, also */

static bool is_known_metric(const study_node *node)
{
    return node->kind == STUDY_TEXT && rg_metric_find(node->text);
}

static const rg_metric *read_metric_name(study_reader *reader, const study_node *node)
{
    bool scalar = node->kind != STUDY_NULL && node->kind < STUDY_LIST;
    const rg_metric *metric = scalar ? rg_metric_find(node->text) : NULL;
    if (!metric)
        study_mistake(reader, node->mark,
                      rg_metric_suggest(scalar ? node->text : "", reader->arena),
                      "the metric cannot be %s", study_describe(reader, node));
    return metric;
}

static void check_task(study_reader *reader, const study_node *node, const rg_metric *metric)
{
    static const char *const words[] = {
        [RG_CLASSIFY] = "classification",
        [RG_REGRESS] = "regression",
    };
    const char *data = reader->study->data;
    const rg_data_source *source = data ? source_find(data) : NULL;
    if (source && !rg_metric_fits(metric, source->task))
        study_mistake(reader, node->mark,
                      source->task == RG_CLASSIFY ? "such as accuracy or nll" : "such as rmse",
                      "'%s' is a metric of %s, but '%s' is a %s data set", metric->name,
                      words[metric->task], data, words[source->task]);
}

/* A metric of the trainer's own: the lab takes its word for it. */
static void set_own_metric(study_reader *reader, const study_node *node)
{
    const study_node *goal = study_get(study_get(reader->root, "metric"), "goal");
    rg_study *study = reader->study;
    if (!study_text(reader, node, "the metric", &study->metric))
        return;
    study->metric_worst = NAN;
    study->maximize = goal && goal->kind == STUDY_TEXT && strcmp(goal->text, "maximize") == 0;
    if (!goal)
        study_mistake(
            reader, node->mark,
            rg_arena_printf(reader->arena,
                            "of a metric that the program reports itself, give the "
                            "goal (metric: {name: %s, goal: minimize}); otherwise: %s",
                            study_clip(reader, node->text),
                            rg_metric_suggest(node->text, reader->arena)),
            "'%s' is no metric that the lab computes, and has no goal",
            study_clip(reader, node->text));
}

static void set_metric(study_reader *reader, const study_node *node)
{
    if (reader->trainer && !is_known_metric(node)) {
        set_own_metric(reader, node);
        return;
    }
    const rg_metric *metric = reader->metric = read_metric_name(reader, node);
    if (!metric)
        return;
    reader->study->metric_known = true;
    reader->study->metric = metric->name;
    reader->study->maximize = metric->maximize;
    reader->study->metric_worst = metric->worst;
    check_task(reader, node, metric);
}

static void read_metric_key(study_reader *reader, const study_node *node)
{
    if (node)
        set_metric(reader, node);
}

static void read_goal(study_reader *reader, const study_node *node)
{
    static const char *const names[] = {"minimize", "maximize"};
    int at = node ? study_choice(reader, node, "metric.goal", names, RG_COUNT(names)) : -1;
    if (at >= 0 && reader->metric && reader->metric->maximize != (at == 1))
        study_mistake(reader, node->mark, "leave the goal out: it is known",
                      "the goal of '%s' is to %s it", reader->metric->name,
                      names[reader->metric->maximize]);
}

void study_read_metric(study_reader *reader, const study_node *node)
{
    static const study_field fields[] = {{"name", read_metric_key}, {"goal", read_goal}};
    if (node && node->kind == STUDY_MAP)
        study_fields(reader, node, "'metric'", fields, RG_COUNT(fields));
    else if (node)
        set_metric(reader, node);
    if (!node || (node->kind == STUDY_MAP && !study_get(node, "name")))
        study_mistake(reader, node ? node->mark : reader->root->mark,
                      "add metric: accuracy, or another that the data allow",
                      "the study names no primary metric");
    settle_stratify(reader, study_get(reader->root, "data"));
    check_balance(reader, study_get(reader->root, "data"));
}

static bool is_reported(const rg_study *study, const char *metric)
{
    bool found = study->metric && strcmp(study->metric, metric) == 0;
    for (size_t i = 0; i < study->n_also; i++)
        found = found || strcmp(study->also[i], metric) == 0;
    return found;
}

/* NULL after a mistake.  A trainer may report what the lab does not know. */
static const char *read_also_name(study_reader *reader, const study_node *item)
{
    const char *name = NULL;
    if (reader->trainer && !is_known_metric(item)) {
        study_text(reader, item, "a metric", &name);
        return name;
    }
    const rg_metric *metric = read_metric_name(reader, item);
    if (metric)
        check_task(reader, item, metric);
    return metric ? metric->name : NULL;
}

void study_read_also(study_reader *reader, const study_node *node)
{
    rg_study *study = reader->study;
    bool list = node && node->kind == STUDY_LIST;
    size_t count = list ? node->count : node != NULL;
    study->also = RG_ARENA_ARRAY(reader->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const study_node *item = list ? node->item[i] : node;
        const char *name = read_also_name(reader, item);
        if (name && is_reported(study, name))
            study_mistake(reader, item->mark, "remove it", "'%s' is reported already", name);
        else if (name)
            study->also[study->n_also++] = name;
    }
}
