/* fuzz_safetensors.c - any bytes as a checkpoint: an error or tensors that lie inside the data.
 */
#include "rigor/train.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rg_arena *arena = rg_arena_new();
    rg_tensors tensors;
    rg_err err = {0};
    rg_safetensors_parse((const char *)data, size, "fuzz", arena, &tensors, &err);
    rg_arena_free(arena);
    return 0;
}
