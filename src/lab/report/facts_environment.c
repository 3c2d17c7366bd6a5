/* facts_environment.c - times, machine, versions, costs: all that may differ between equal
 * studies. */
#include "lab/report/facts.h"

#include <math.h>
#include <string.h>

/* Sums a number over the bodies of events: a study that was resumed has finished in parts. */
static double total_of(const json_t *events, const char *key)
{
    double total = NAN;
    size_t i;
    json_t *event;
    json_array_foreach (events, i, event) {
        double own = rg_json_number(json_object_get(json_object_get(event, "body"), key), NAN);
        total = isnan(total) ? own : isnan(own) ? total : total + own;
    }
    return total;
}

static double peak_bytes(const facts_source *from)
{
    double peak = NAN;
    for (size_t i = 0; i < from->n_records; i++)
        peak = fmax(peak, rg_json_number(
                              json_object_get(from->records[i].resources, "peak_bytes"), NAN));
    return peak;
}

static double mean_resource(const facts_source *from, const char *arm, const char *key)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < from->n_records; i++) {
        const rg_record *run = &from->records[i];
        double own = rg_json_number(json_object_get(run->resources, key), NAN);
        if (run->stage != RG_EVALUATE || run->failed || strcmp(run->arm, arm) != 0 ||
            isnan(own))
            continue;
        sum += own;
        count++;
    }
    return count ? sum / (double)count : NAN;
}

/* What one final run of an arm costs, in the mean. */
static json_t *costs_json(const facts_source *from)
{
    json_t *costs = json_array();
    for (size_t a = 0; a < from->study->n_arms; a++) {
        const char *arm = from->study->arms[a].name;
        json_array_append_new(
            costs, json_pack("{s:s, s:o, s:o, s:o, s:o}", "arm", arm, "parameters",
                             rg_json_real(mean_resource(from, arm, "parameters")), "steps",
                             rg_json_real(mean_resource(from, arm, "steps")), "wall_s",
                             rg_json_real(mean_resource(from, arm, "wall_s")), "cpu_s",
                             rg_json_real(mean_resource(from, arm, "cpu_s"))));
    }
    return costs;
}

json_t *facts_environment(const facts_source *from)
{
    const json_t *known = json_object_get(from->row, "environment");
    json_t *ret = json_is_object(known) ? json_deep_copy(known) : json_object();
    const char *created = rg_json_text(from->row, "created", NULL);
    size_t count = json_array_size(from->finished);
    const json_t *last = json_array_get(from->finished, count ? count - 1 : 0);
    double wall = total_of(from->finished, "wall_s");
    if (!json_object_get(ret, "created"))
        json_object_set_new(ret, "created", created ? json_string(created) : json_null());
    const char *ended = rg_json_text(last, "time", NULL);
    json_object_set_new(ret, "finished", ended ? json_string(ended) : json_null());
    json_object_set_new(ret, "wall_s", rg_json_real(wall));
    json_object_set_new(ret, "cpu_s", rg_json_real(total_of(from->finished, "cpu_s")));
    json_object_set_new(ret, "energy_j", rg_json_real(total_of(from->finished, "energy_j")));
    json_object_set_new(ret, "peak_bytes", rg_json_real(peak_bytes(from)));
    json_object_set_new(ret, "trials_per_s",
                        rg_json_real(wall > 0 ? (double)from->n_records / wall : NAN));
    json_object_set_new(ret, "sandbox", facts_sandbox(from));
    json_object_set_new(ret, "costs", costs_json(from));
    json_object_set_new(ret, "restarts", facts_restarts(from));
    json_object_set_new(ret, "confounds", facts_environment_confounds(from));
    return ret;
}
