/* chart.c - filling a Vega-Lite specification with data (see chart.h). */
#include "lab/report/chart.h"

#include <math.h>

/* The value with every string "$name" replaced.  New reference. */
static json_t *filled(const json_t *spec, const json_t *variables)
{
    const char *text = json_string_value(spec), *key;
    if (text && text[0] == '$') {
        json_t *variable = json_object_get(variables, text + 1);
        if (!variable)
            RG_BUG("a specification has a variable %s that nothing fills", text);
        return json_incref(variable);
    }
    if (json_is_object(spec)) {
        json_t *ret = json_object(), *value;
        json_object_foreach ((json_t *)spec, key, value)
            json_object_set_new(ret, key, filled(value, variables));
        return ret;
    }
    if (json_is_array(spec)) {
        json_t *ret = json_array();
        for (size_t i = 0; i < json_array_size(spec); i++)
            json_array_append_new(ret, filled(json_array_get(spec, i), variables));
        return ret;
    }
    return json_incref((json_t *)spec);
}

void chart_add(json_t *ret, const chart_parts *from)
{
    json_t *file = json_loadb(from->spec, (size_t)(from->spec_end - from->spec), 0, NULL);
    if (!file)
        RG_BUG("the specification of the chart %s is not JSON", from->id);
    json_object_set_new(from->variables, "description", json_string(from->description));
    json_t *columns = json_array();
    for (const char *const *name = from->columns; *name; name++)
        json_array_append_new(columns, json_string(*name));
    json_array_append_new(ret, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "id", from->id,
                                         "title", from->title, "description", from->description,
                                         "spec", filled(file, from->variables), "columns",
                                         columns, "rows", from->rows));
    json_decref(file);
    json_decref(from->variables);
}

json_t *chart_names(const json_t *objects, const char *key)
{
    json_t *names = json_array(), *seen = json_object(), *object;
    size_t i;
    json_array_foreach (objects, i, object) {
        json_t *name = json_object_get(object, key);
        if (json_object_get(seen, json_string_value(name)))
            continue;
        json_object_set(seen, json_string_value(name), name);
        json_array_append(names, name);
    }
    json_decref(seen);
    return names;
}

void chart_see(chart_range *range, double value)
{
    if (!isfinite(value))
        return;
    if (range->lo > range->hi)
        *range = (chart_range){value, value};
    range->lo = fmin(range->lo, value);
    range->hi = fmax(range->hi, value);
}

json_t *chart_domain(chart_range range)
{
    if (range.lo > range.hi)
        range = (chart_range){0, 1};
    double width = range.hi - range.lo;
    double pad = width > 0 ? 0.04 * width : fmax(fabs(range.lo) * 0.01, 1e-6);
    return json_pack("[f, f]", range.lo - pad, range.hi + pad);
}
