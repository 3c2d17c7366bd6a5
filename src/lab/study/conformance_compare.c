/* conformance_compare.c - in what two starts of the program under test differ (see
 * conformance_probe.h). */
#include "lab/study/conformance_probe.h"

#include "rigor/data.h"

#include <math.h>
#include <string.h>

/* {"validation", "test"}: what the launcher made of the reports. */
static void add_difference(const json_t *a, const json_t *b, const char *part, rg_str *ret)
{
    const char *name;
    json_t *value;
    const json_t *other = json_object_get(b, part);
    json_object_foreach (json_object_get(a, part), name, value) {
        double x = rg_json_number(value, NAN);
        double y = rg_json_number(json_object_get(other, name), NAN);
        if (x != y && !(isnan(x) && isnan(y)))
            rg_str_printf(ret, "%s%s (%s) %.10g and %.10g", ret->len ? ", " : "", name, part, x,
                          y);
    }
}

static void add_largest(const rg_predictions *a, const rg_predictions *b, rg_str *ret)
{
    size_t width = a->classes ? a->classes : 1, rows = 0;
    double most = 0;
    for (size_t i = 0; i < a->rows; i++) {
        bool differs = false;
        for (size_t k = 0; k < width; k++) {
            double d = fabs((double)a->value[i * width + k] - (double)b->value[i * width + k]);
            differs |= d > 0;
            most = d > most ? d : most;
        }
        rows += differs;
    }
    rg_str_printf(ret, "%s%zu of %zu predictions, by at most %.3g", ret->len ? ", " : "", rows,
                  a->rows, most);
}

static void add_predictions(const conformance *c, const conformance_probe *a,
                            const conformance_probe *b, rg_str *ret)
{
    char hex[2][RG_HEX];
    rg_err err = {0};
    rg_part part;
    rg_predictions read[2];
    if (!a->predictions ||
        (rg_sha_file(a->predictions, hex[0], &err) &&
         rg_sha_file(b->predictions, hex[1], &err) && strcmp(hex[0], hex[1]) == 0))
        return;
    rg_arena *arena = rg_arena_new();
    const char *ids = rg_json_text(json_object_get(c->job, "data"), "ids", "");
    if (rg_part_read(ids, arena, &part, &err) &&
        rg_predictions_read(a->predictions, &part, arena, &read[0], &err) &&
        rg_predictions_read(b->predictions, &part, arena, &read[1], &err))
        add_largest(&read[0], &read[1], ret);
    else
        rg_str_printf(ret, "%spredictions", ret->len ? ", " : "");
    rg_arena_free(arena);
}

rg_str conformance_differences(const conformance *c, conformance_start a, conformance_start b)
{
    rg_str ret = {.max = 600};
    const conformance_probe *p = &c->probe[a], *q = &c->probe[b];
    add_difference(p->last, q->last, "validation", &ret);
    add_difference(p->last, q->last, "test", &ret);
    add_predictions(c, p, q, &ret);
    return ret;
}
