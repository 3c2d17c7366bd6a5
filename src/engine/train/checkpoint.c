/* checkpoint.c - the parameters that a program holds, as a safetensors file: one tensor a
 * weight, under the weight's name; a regression adds "target.scale" with the mean and the
 * standard deviation that its outputs are undone with. */
#include "engine/train/program.h"

#include <string.h>

#define SCALE "target.scale"

/* The tensors of a program, their data in program->held and *scale; returns their number. */
static size_t tensors_of(rg_program *program, float scale[2], rg_arena *arena, rg_tensor **ret)
{
    const rg_weight *weights;
    size_t n = rg_scope_weights(program->step.net.scope, &weights);
    rg_tensor *tensors = RG_ARENA_ARRAY(arena, rg_tensor, n + 1);
    float *memory = program->held;
    for (size_t i = 0; i < n; i++) {
        tensors[i] =
            (rg_tensor){weights[i].name, RG_F32, rg_val_shape(weights[i].input), memory};
        memory += rg_val_count(weights[i].input);
    }
    if (program->spec.task == RG_REGRESS)
        tensors[n++] = (rg_tensor){SCALE, RG_F32, rg_shape_of(2), scale};
    *ret = tensors;
    return n;
}

bool rg_checkpoint_write(rg_program *program, const char *path, rg_err *err)
{
    if (!program->holds)
        return rg_fail(err, RG_INTERNAL, path, "", "the program holds no parameters");
    float scale[2] = {program->target_mean, program->target_sd};
    rg_arena *arena = rg_arena_new();
    rg_tensor *tensors;
    size_t n = tensors_of(program, scale, arena, &tensors);
    bool written = rg_safetensors_write(path, tensors, n, err);
    rg_arena_free(arena);
    return written;
}

static const rg_tensor *find(const rg_tensors *tensors, const rg_tensor *like)
{
    for (size_t i = 0; i < tensors->count; i++) {
        const rg_tensor *t = &tensors->at[i];
        if (!strcmp(t->name, like->name))
            return t->dtype == like->dtype && rg_shape_same(t->shape, like->shape) ? t : NULL;
    }
    return NULL;
}

static size_t elements(rg_shape shape)
{
    size_t n = 1;
    for (int i = 0; i < shape.rank; i++)
        n *= (size_t)shape.dim[i];
    return n;
}

/* Nothing is copied before all tensors are found. */
static bool take(const rg_tensors *file, rg_tensor *mine, size_t n, const char *path,
                 rg_err *err)
{
    const char *remedy = "read it into the model that wrote it";
    if (file->count != n)
        return rg_fail(err, RG_INPUT, path, remedy, "%zu tensors where the model has %zu",
                       file->count, n);
    for (size_t i = 0; i < n; i++)
        if (!find(file, &mine[i]))
            return rg_fail(err, RG_INPUT, path, remedy,
                           "no tensor \"%s\" of the model's type and shape", mine[i].name);
    for (size_t i = 0; i < n; i++)
        memcpy(mine[i].data, find(file, &mine[i])->data,
               elements(mine[i].shape) * sizeof(float));
    return true;
}

bool rg_checkpoint_read(rg_program *program, const char *path, rg_err *err)
{
    rg_arena *arena = rg_arena_new();
    rg_tensors file;
    rg_tensor *mine;
    float scale[2] = {program->target_mean, program->target_sd};
    bool read = rg_safetensors_read(path, arena, &file, err);
    if (read) {
        size_t n = tensors_of(program, scale, arena, &mine);
        read = take(&file, mine, n, path, err);
    }
    if (read) {
        program->target_mean = scale[0];
        program->target_sd = scale[1];
        program->holds = true;
    }
    rg_arena_free(arena);
    return read;
}
