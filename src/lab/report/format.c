/* format.c - numbers, intervals and small values as text (see format.h). */
#include "lab/report/format.h"

#include <math.h>
#include <stdio.h>

#define DASH "–"

static RG_PRINTF(1, 2) format format_make(const char *fmt, ...)
{
    format ret;
    va_list args;
    va_start(args, fmt);
    vsnprintf(ret.text, sizeof(ret.text), fmt, args);
    va_end(args);
    return ret;
}

format format_number(double value, double half)
{
    if (isnan(value))
        return format_make(DASH);
    if (isinf(value))
        return format_make(value > 0 ? "∞" : "-∞");
    if (!isfinite(half) || half <= 0)
        return format_make("%.4g", value);
    format ret;
    rg_text_rounded(ret.text, value, half);
    return ret;
}

format format_count(double value)
{
    return isfinite(value) ? format_make("%.0f", value) : format_make(DASH);
}

format format_p(double p)
{
    if (isnan(p))
        return format_make(DASH);
    if (p < 0.001)
        return format_make("< 0.001");
    return format_make(p < 0.1 ? "%.3f" : "%.2f", p);
}

static double bound(const json_t *interval, size_t i)
{
    return rg_json_number(json_array_get(interval, i), NAN);
}

double format_half(const json_t *interval)
{
    return (bound(interval, 1) - bound(interval, 0)) / 2;
}

format format_mean(const json_t *summary)
{
    double half = format_half(json_object_get(summary, "interval"));
    double mean = rg_json_number(json_object_get(summary, "mean"), NAN);
    format centre = format_number(mean, half);
    if (!isfinite(half) || !isfinite(mean))
        return centre;
    return format_make("%.36s ± %.36s", centre.text, format_number(half, half).text);
}

format format_interval(const json_t *interval)
{
    double half = format_half(interval);
    if (isnan(half))
        return format_make(DASH);
    return format_make("%.36s to %.36s", format_number(bound(interval, 0), half).text,
                       format_number(bound(interval, 1), half).text);
}

format format_percent(double fraction)
{
    return isfinite(fraction) ? format_make("%.4g %%", 100 * fraction) : format_make(DASH);
}

format format_seconds(double seconds)
{
    if (!isfinite(seconds))
        return format_make(DASH);
    if (seconds < 100)
        return format_make("%.3g s", seconds);
    long whole = lround(seconds);
    if (whole < 3600)
        return format_make("%ld min %ld s", whole / 60, whole % 60);
    return format_make("%ld h %ld min", whole / 3600, whole % 3600 / 60);
}

format format_bytes(double bytes)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    if (!isfinite(bytes))
        return format_make(DASH);
    size_t i = 0;
    for (; fabs(bytes) >= 1024 && i + 1 < RG_COUNT(unit); i++)
        bytes /= 1024;
    return format_make("%.3g %s", bytes, unit[i]);
}

static void format_object(rg_str *ret, const json_t *object)
{
    const char *key, *separator = "";
    json_t *value;
    json_object_foreach ((json_t *)object, key, value) {
        rg_str_printf(ret, "%s%s = ", separator, key);
        format_json(ret, value);
        separator = ", ";
    }
}

static void format_array(rg_str *ret, const json_t *array)
{
    size_t i;
    json_t *value;
    rg_str_add(ret, "[");
    json_array_foreach (array, i, value) {
        rg_str_add(ret, i ? ", " : "");
        format_json(ret, value);
    }
    rg_str_add(ret, "]");
}

void format_json(rg_str *ret, const json_t *value)
{
    if (json_is_object(value))
        format_object(ret, value);
    else if (json_is_array(value))
        format_array(ret, value);
    else if (json_is_string(value))
        rg_str_add(ret, json_string_value(value));
    else if (json_is_integer(value))
        rg_str_printf(ret, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        rg_str_printf(ret, "%.6g", json_real_value(value));
    else if (json_is_boolean(value))
        rg_str_add(ret, json_is_true(value) ? "true" : "false");
    else
        rg_str_add(ret, DASH);
}
