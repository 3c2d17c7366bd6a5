/* parts.c - the files that trainers get, and the labels that they do not.
 *
 * Everything is encoded before the first file is written.  Files hold no time and no path:
 * equal data, split and scaling are equal bytes. */
#include "rigor/data.h"

#include "data/balance.h"
#include "data/duplicates.h"
#include "data/encode.h"
#include "data/memory.h"

#include <string.h>

enum { PUBLIC = 0644, PRIVATE = 0600 };

typedef struct part {
    const char *name;
    const uint32_t *rows;
    size_t n;
    float *x;
    int64_t *id;
    void *y;        /* int32 classes or float32 numbers */
    int64_t *group; /* NULL: none */
    float *weight;  /* NULL: none */
    rg_encoded counts;
} part;

typedef struct writing {
    const rg_dataset *data;
    const rg_parts_plan *plan;
    rg_encoder encoder;
    part part[3];
    int32_t classes;
    rg_arena *arena;
    json_t *hashes; /* {file: sha256} */
    rg_err *err;
} writing;

/* ---- content
 * ---------------------------------------------------------------------------------- */

static bool part_fill(writing *w, part *p)
{
    const rg_dataset *data = w->data;
    if (w->encoder.width == 0)
        return rg_fail(w->err, RG_INPUT, data->path, "fill in the columns or choose other rows",
                       "the training part has no value in any feature column");
    size_t cells;
    if (__builtin_mul_overflow(p->n, w->encoder.width, &cells))
        return rg_fail(w->err, RG_INPUT, data->path, "use fewer rows", "the part is too large");
    p->x = RG_DATA_ROOM(w->arena, float, cells, data->path, w->err);
    p->id = RG_DATA_ROOM(w->arena, int64_t, p->n, data->path, w->err);
    p->y = RG_DATA_ROOM(w->arena, int32_t, p->n, data->path, w->err);
    if (!p->x || !p->id || !p->y)
        return false;
    for (size_t i = 0; i < p->n; i++) {
        p->id[i] = p->rows[i];
        if (data->task == RG_CLASSIFY)
            ((int32_t *)p->y)[i] = data->label[p->rows[i]];
        else
            ((float *)p->y)[i] = data->target[p->rows[i]];
    }
    if (data->query.name) {
        p->group = RG_DATA_ROOM(w->arena, int64_t, p->n, data->path, w->err);
        if (!p->group)
            return false;
        for (size_t i = 0; i < p->n; i++)
            p->group[i] = data->query.code[p->rows[i]];
    }
    return rg_encoder_apply(&w->encoder, p->rows, p->n, p->x, &p->counts, w->err);
}

/* What a file holds, as bits: x, y, id and classes, group, weight. */
enum { X = 1, Y = 2, ARRAYS_MAX = 6 };

/* Fills `ret` with the arrays of a part; returns how many there are. */
static size_t arrays_of(writing *w, const part *p, int what, rg_array ret[ARRAYS_MAX])
{
    int64_t n = (int64_t)p->n;
    rg_array_type type = w->data->task == RG_CLASSIFY ? RG_ARRAY_I32 : RG_ARRAY_F32;
    size_t count = 0;
    if (what & X)
        ret[count++] = (rg_array){"x", RG_ARRAY_F32, 2, {n, (int64_t)w->encoder.width}, p->x};
    if (what & Y)
        ret[count++] = (rg_array){"y", type, 1, {n}, p->y};
    ret[count++] = (rg_array){"id", RG_ARRAY_I64, 1, {n}, p->id};
    ret[count++] = (rg_array){"classes", RG_ARRAY_I32, 1, {1}, &w->classes};
    if (p->group)
        ret[count++] = (rg_array){"group", RG_ARRAY_I64, 1, {n}, p->group};
    if (p->weight)
        ret[count++] = (rg_array){"weight", RG_ARRAY_F32, 1, {n}, p->weight};
    return count;
}

/* The training part as the plan wants its classes. */
static bool balance(writing *w)
{
    part *p = &w->part[0];
    if (w->plan->balance == RG_BALANCE_NONE)
        return true;
    if (w->data->task != RG_CLASSIFY)
        return rg_fail(w->err, RG_INPUT, "data.balance", "leave it out",
                       "the target of '%s' is a number: it has no classes to balance",
                       w->data->name);
    rg_rows rows = {p->n, w->encoder.width, p->x, p->y, p->id, p->group, NULL};
    if (!rg_balance_apply(w->plan->balance, &w->encoder, w->data->classes, w->plan->seed,
                          w->arena, &rows, w->err))
        return false;
    p->n = rows.n;
    p->x = rows.x;
    p->y = rows.label;
    p->id = rows.id;
    p->group = rows.group;
    p->weight = rows.weight;
    return true;
}

/* ---- files
 * ------------------------------------------------------------------------------------ */

static bool file_write(writing *w, const char *path, const part *p, int what, int mode)
{
    char hash[RG_HEX];
    rg_array arrays[ARRAYS_MAX];
    size_t n = arrays_of(w, p, what, arrays);
    if (!rg_npz_write(path, arrays, n, mode, w->err) || !rg_sha_file(path, hash, w->err))
        return false;
    json_object_set_new(w->hashes, rg_path_base(path), json_string(hash));
    return true;
}

static bool files_write(writing *w, const char *dir, const char *label_path)
{
    static const int what[] = {X | Y, X | Y, X};
    if (!rg_dir_make(dir, 0755, w->err))
        return false;
    for (size_t i = 0; i < RG_COUNT(what); i++)
        if (!file_write(w, rg_path_join(w->arena, dir, w->part[i].name), &w->part[i], what[i],
                        PUBLIC))
            return false;
    return file_write(w, label_path, &w->part[2], Y, PRIVATE);
}

/* ---- what is to be known about them
 * ------------------------------------------------------------ */

static json_t *count_json(size_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *names_where(const rg_encoder *encoder, bool empty)
{
    json_t *names = json_array();
    for (size_t c = 0; c < encoder->data->features; c++) {
        const rg_encoding *e = &encoder->column[c];
        if (empty ? e->empty : e->constant && !e->empty)
            json_array_append_new(names, json_string(e->name));
    }
    return names;
}

static json_t *class_names(const rg_dataset *data)
{
    json_t *names = json_array();
    for (size_t k = 0; k < data->classes; k++)
        json_array_append_new(names, json_string(data->class_name[k]));
    return names;
}

/* Classes without a row in the training part: nothing can learn them. */
static json_t *classes_without_training(const writing *w)
{
    json_t *names = json_array();
    bool *present = RG_NEW_ARRAY(bool, w->data->classes);
    for (size_t i = 0; i < w->part[0].n && w->data->classes; i++)
        present[((const int32_t *)w->part[0].y)[i]] = true;
    for (size_t k = 0; k < w->data->classes; k++)
        if (!present[k])
            json_array_append_new(names, json_string(w->data->class_name[k]));
    rg_free(present);
    return names;
}

static json_t *info(const writing *w, const rg_duplicates *twins)
{
    static const char *const keys[] = {"train", "val", "test"};
    json_t *rows = json_object(), *imputed = json_object(), *unseen = json_object();
    for (size_t i = 0; i < 3; i++) {
        json_object_set_new(rows, keys[i], count_json(w->part[i].n));
        json_object_set_new(imputed, keys[i], count_json(w->part[i].counts.imputed));
        json_object_set_new(unseen, keys[i], count_json(w->part[i].counts.unseen));
    }
    json_t *result = json_object();
    json_object_set_new(result, "features", count_json(w->data->features));
    json_object_set_new(result, "encoded", count_json(w->encoder.width));
    json_object_set_new(result, "rows", rows);
    json_object_set_new(result, "classes", class_names(w->data));
    json_object_set_new(result, "classes_without_training", classes_without_training(w));
    json_object_set_new(result, "imputed", imputed);
    json_object_set_new(result, "unseen", unseen);
    json_object_set_new(result, "constant", names_where(&w->encoder, false));
    json_object_set_new(result, "empty", names_where(&w->encoder, true));
    json_object_set_new(result, "duplicates_across", count_json(twins->val + twins->test));
    json_object_set_new(result, "duplicates",
                        json_pack("{s:I, s:I}", "val", (json_int_t)twins->val, "test",
                                  (json_int_t)twins->test));
    json_object_set(result, "files", w->hashes);
    return result;
}

/* Only of what is out of the usual: other studies keep the records that they have always had. */
static void info_add_changes(const writing *w, const rg_split *split, json_t *info)
{
    if (w->plan->balance != RG_BALANCE_NONE) {
        json_object_set_new(info, "balance", json_string(rg_balance_names[w->plan->balance]));
        json_object_set_new(info, "rows_balanced", count_json(w->part[0].n));
    }
    if (split->left_out)
        json_object_set_new(info, "left_out", count_json(split->left_out));
}

static bool write_all(writing *w, const rg_split *split, const char *dir,
                      const char *label_path, json_t **ret_info)
{
    rg_duplicates twins;
    if (!rg_encoder_fit(w->data, split->train, split->n_train, w->plan->scale, w->arena,
                        &w->encoder, w->err) ||
        !rg_duplicates_count(w->data, split, &twins, w->err))
        return false;
    for (size_t i = 0; i < 3; i++)
        if (!part_fill(w, &w->part[i]))
            return false;
    json_t *about = info(w, &twins);
    if (!balance(w) || !files_write(w, dir, label_path)) {
        json_decref(about);
        return false;
    }
    info_add_changes(w, split, about);
    *ret_info = about;
    return true;
}

bool rg_parts_make(const rg_dataset *data, const rg_split *split, const rg_parts_plan *plan,
                   const char *dir, const char *label_path, json_t **ret_info, rg_err *err)
{
    writing w = {
        .data = data,
        .plan = plan,
        .part = {{.name = "train.npz", .rows = split->train, .n = split->n_train},
                 {.name = "val.npz", .rows = split->val, .n = split->n_val},
                 {.name = "test_inputs.npz", .rows = split->test, .n = split->n_test}},
        .classes = (int32_t)data->classes,
        .arena = rg_arena_new(),
        .hashes = json_object(),
        .err = err,
    };
    bool good = write_all(&w, split, dir, label_path, ret_info);
    json_decref(w.hashes);
    rg_arena_free(w.arena);
    return good;
}

bool rg_parts_write(const rg_dataset *data, const rg_split *split, rg_scale scale,
                    const char *dir, const char *label_path, json_t **ret_info, rg_err *err)
{
    return rg_parts_make(data, split, &(rg_parts_plan){.scale = scale}, dir, label_path,
                         ret_info, err);
}
