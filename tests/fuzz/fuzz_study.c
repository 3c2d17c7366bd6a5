/* fuzz_study.c - the reader of study files on any bytes.  Lines behind a line "%%" are
 * overrides, so that both ways in are reached. */
#include "../lab/study/catalog.h"

#include <string.h>

#define OVERRIDES_MAX 8

static size_t cut_overrides(char *text, const char **overrides)
{
    char *mark = strstr(text, "\n%%\n");
    size_t n = 0;
    if (!mark)
        return 0;
    mark[1] = '\0';
    char *save = NULL;
    for (char *line = strtok_r(mark + 4, "\n", &save); line && n < OVERRIDES_MAX;
         line = strtok_r(NULL, "\n", &save))
        overrides[n++] = line;
    return n;
}

static void check_study(rg_study *study)
{
    for (size_t i = 0; i < study->n_arms; i++) {
        json_t *config = rg_arm_config(&study->arms[i], study->arms[i].first);
        if (!json_object_get(config, "model"))
            __builtin_trap();
        json_decref(config);
    }
    json_decref(rg_study_plan(study));
    rg_study_free(study);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = rg_alloc(size + 1);
    memcpy(text, data, size);
    const char *overrides[OVERRIDES_MAX];
    size_t n = cut_overrides(text, overrides);
    size_t len = n ? strlen(text) : size;
    rg_diags diags = {.arena = rg_arena_new()};
    rg_study *study =
        rg_study_parse(text, len, "fuzz.yaml", overrides, n, size % 2, &catalog, &diags);
    if (!study == !diags.total)
        __builtin_trap(); /* a study, or a reason why not */
    if (study)
        check_study(study);
    json_decref(rg_diags_json(&diags));
    rg_arena_free(diags.arena);
    rg_free(diags.at);
    rg_free(text);
    return 0;
}
