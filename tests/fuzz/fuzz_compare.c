/* fuzz_compare.c - any bytes as somebody's table of results, from the text to the facts; where
 * a byte 1 divides them into three, as labels and the predictions of two models.
 *
 * Beyond memory errors: a failure must say what is wrong and what to do, facts must have a
 * verdict for each claim and survive being rendered, and no text of theirs may break UTF-8.
 * The first byte chooses options; few rows keep the exact tests short. */
#include "lab/report/compare.h"
#include "lab/report/compare_predictions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

enum { BYTES_MAX = 4096, ROWS_MAX = 20 };

static size_t count_rows(const char *text, size_t len)
{
    size_t rows = 0;
    for (size_t i = 0; i < len; i++)
        rows += text[i] == '\n' || text[i] == '\r' || text[i] == '{';
    return rows;
}

static rg_compare_options options_of(uint8_t choice)
{
    static const char *const forms[] = {NULL,   NULL,       NULL,    "wide",
                                        "arms", "datasets", "seeds", "folds"};
    rg_compare_options o = {.analysis = {.05, choice & 8 ? .01 : NAN, RG_HOLM},
                            .resamples = 20};
    o.form = forms[choice & 7];
    o.goal_given = !(choice & 16);
    o.minimize = choice & 32;
    o.metric = choice & 64 ? "accuracy" : NULL;
    o.column[RG_ROLE_ARM] = choice & 128 ? "a" : NULL;
    return o;
}

/* All renderings would take most of the time: the choice takes one of them. */
static void render_one(const json_t *facts, uint8_t choice)
{
    size_t n = 0;
    while (rg_renderings[n])
        n++;
    rg_str text = {0};
    rg_err err = {0};
    REQUIRE(rg_renderings[choice % n]->render(facts, false, &text, &err));
    REQUIRE(text.len > 0 && rg_utf8_valid(text.data, text.len));
    rg_str_free(&text);
}

static void check_facts(const json_t *facts)
{
    size_t i;
    json_t *claim;
    const json_t *claims = json_object_get(facts, "claims");
    REQUIRE(json_array_size(json_object_get(facts, "arms")) >= 2);
    REQUIRE(json_array_size(claims) >= 1);
    json_array_foreach (claims, i, claim) {
        REQUIRE(*rg_json_text(claim, "verdict", ""));
        REQUIRE(*rg_json_text(claim, "sentence", ""));
    }
    REQUIRE(*rg_json_text(json_object_get(facts, "columns"), "sentence", ""));
}

/* Labels, then the predictions of two models; false when there are not three parts. */
static bool divide(const char *text, size_t len, rg_result_source ret[3])
{
    for (int i = 0; i < 3; i++) {
        const char *end = i < 2 ? memchr(text, 1, len) : text + len;
        if (!end)
            return false;
        ret[i] = (rg_result_source){"input", text, (size_t)(end - text)};
        len -= ret[i].len + (i < 2);
        text = end + (i < 2);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > BYTES_MAX || count_rows((const char *)data, size) > ROWS_MAX)
        return 0;
    rg_result_source source = {"input", (const char *)data + 1, size - 1}, parts[3];
    rg_compare_options options = options_of(data[0]);
    rg_err err = {0};
    json_t *facts = divide(source.text, source.len, parts)
                        ? rg_compare_model_sources(parts + 1, 2, parts, &options, &err)
                        : rg_compare_sources(&source, 1, &options, &err);
    if (facts) {
        check_facts(facts);
        render_one(facts, (uint8_t)(data[0] + data[size - 1]));
    } else {
        REQUIRE(err.code == RG_INPUT && *err.what && *err.remedy);
        REQUIRE(rg_utf8_valid(err.what, strlen(err.what)));
    }
    json_decref(facts);
    return 0;
}
