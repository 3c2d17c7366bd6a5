/* parts.c - the files that trainers get, and the labels that they do not.
 *
 * Everything is encoded before the first file is written.  Files hold no time and no path:
 * equal data, split and scaling are equal bytes. */
#include "rigor/data.h"

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
    void *y; /* int32 classes or float32 numbers */
    rg_encoded counts;
} part;

typedef struct writing {
    const rg_dataset *data;
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
    return rg_encoder_apply(&w->encoder, p->rows, p->n, p->x, &p->counts, w->err);
}

static rg_array array_x(const writing *w, const part *p)
{
    return (rg_array){"x", RG_ARRAY_F32, 2, {(int64_t)p->n, (int64_t)w->encoder.width}, p->x};
}

static rg_array array_y(const writing *w, const part *p)
{
    rg_array_type type = w->data->task == RG_CLASSIFY ? RG_ARRAY_I32 : RG_ARRAY_F32;
    return (rg_array){"y", type, 1, {(int64_t)p->n}, p->y};
}

static rg_array array_id(const part *p)
{
    return (rg_array){"id", RG_ARRAY_I64, 1, {(int64_t)p->n}, p->id};
}

static rg_array array_classes(writing *w)
{
    return (rg_array){"classes", RG_ARRAY_I32, 1, {1}, &w->classes};
}

/* ---- files
 * ------------------------------------------------------------------------------------ */

static bool file_write(writing *w, const char *path, const rg_array *arrays, size_t n, int mode)
{
    char hash[RG_HEX];
    if (!rg_npz_write(path, arrays, n, mode, w->err) || !rg_sha_file(path, hash, w->err))
        return false;
    json_object_set_new(w->hashes, rg_path_base(path), json_string(hash));
    return true;
}

static bool files_write(writing *w, const char *dir, const char *label_path)
{
    if (!rg_dir_make(dir, 0755, w->err))
        return false;
    for (size_t i = 0; i < 2; i++) {
        const part *p = &w->part[i];
        const rg_array all[] = {array_x(w, p), array_y(w, p), array_id(p), array_classes(w)};
        if (!file_write(w, rg_path_join(w->arena, dir, p->name), all, 4, PUBLIC))
            return false;
    }
    const part *test = &w->part[2];
    const rg_array inputs[] = {array_x(w, test), array_id(test), array_classes(w)};
    const rg_array labels[] = {array_y(w, test), array_id(test), array_classes(w)};
    return file_write(w, rg_path_join(w->arena, dir, test->name), inputs, 3, PUBLIC) &&
           file_write(w, label_path, labels, 3, PRIVATE);
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

static bool write_all(writing *w, const rg_split *split, rg_scale scale, const char *dir,
                      const char *label_path, json_t **ret_info)
{
    rg_duplicates twins;
    if (!rg_encoder_fit(w->data, split->train, split->n_train, scale, w->arena, &w->encoder,
                        w->err) ||
        !rg_duplicates_count(w->data, split, &twins, w->err))
        return false;
    for (size_t i = 0; i < 3; i++)
        if (!part_fill(w, &w->part[i]))
            return false;
    if (!files_write(w, dir, label_path))
        return false;
    *ret_info = info(w, &twins);
    return true;
}

bool rg_parts_write(const rg_dataset *data, const rg_split *split, rg_scale scale,
                    const char *dir, const char *label_path, json_t **ret_info, rg_err *err)
{
    writing w = {
        .data = data,
        .part = {{.name = "train.npz", .rows = split->train, .n = split->n_train},
                 {.name = "val.npz", .rows = split->val, .n = split->n_val},
                 {.name = "test_inputs.npz", .rows = split->test, .n = split->n_test}},
        .classes = (int32_t)data->classes,
        .arena = rg_arena_new(),
        .hashes = json_object(),
        .err = err,
    };
    bool good = write_all(&w, split, scale, dir, label_path, ret_info);
    json_decref(w.hashes);
    rg_arena_free(w.arena);
    return good;
}
