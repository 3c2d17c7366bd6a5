/* text.c - growing buffers, numbers as text, suggestions. */
#include "rigor/base.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Growing buffers */

void rg_str_add_n(rg_str *s, const char *text, size_t len)
{
    size_t max = s->max ? s->max : RG_STR_MAX;
    if (s->len + len > max) {
        len = max - s->len;
        s->cut = true;
    }
    s->data = rg_vec_grow_(s->data, &s->cap, s->len + len + 1, 1);
    memcpy(s->data + s->len, text, len);
    s->len += len;
    s->data[s->len] = '\0';
}

void rg_str_add(rg_str *s, const char *text)
{
    rg_str_add_n(s, text, strlen(text));
}

void rg_str_vprintf(rg_str *s, const char *fmt, va_list args)
{
    char small[256];
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(small, sizeof(small), fmt, args);
    if ((size_t)len < sizeof(small)) {
        rg_str_add_n(s, small, (size_t)len);
    } else {
        char *large = rg_alloc((size_t)len + 1);
        vsnprintf(large, (size_t)len + 1, fmt, again);
        rg_str_add_n(s, large, (size_t)len);
        rg_free(large);
    }
    va_end(again);
}

void rg_str_printf(rg_str *s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    rg_str_vprintf(s, fmt, args);
    va_end(args);
}

void rg_str_add_html(rg_str *s, const char *text)
{
    static const char *const entity[128] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};
    for (const char *c = text; *c; c++) {
        const char *escape = (unsigned char)*c < 128 ? entity[(unsigned char)*c] : NULL;
        if (escape)
            rg_str_add(s, escape);
        else
            rg_str_add_n(s, c, 1);
    }
}

const char *rg_str_text(const rg_str *s)
{
    return s->data ? s->data : "";
}

void rg_str_clear(rg_str *s)
{
    s->len = 0;
    s->cut = false;
    if (s->data)
        s->data[0] = '\0';
}

void rg_str_free(rg_str *s)
{
    rg_free(s->data);
    *s = (rg_str){.max = s->max};
}

/* ---- Small questions */

bool rg_text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool rg_text_ends(const char *text, const char *suffix)
{
    size_t n = strlen(text), k = strlen(suffix);
    return n >= k && memcmp(text + n - k, suffix, k) == 0;
}

/* Length of the UTF-8 sequence at s (at most n bytes), 0 when it is not valid: RFC 3629, so no
 * surrogates, no overlong forms, nothing above U+10FFFF. */
static size_t utf8_sequence(const unsigned char *s, size_t n)
{
    static const struct {
        unsigned char first_lo, first_hi, second_lo, second_hi, length;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t f = 0; f < RG_COUNT(forms); f++) {
        if (s[0] < forms[f].first_lo || s[0] > forms[f].first_hi)
            continue;
        size_t length = forms[f].length;
        if (length > n)
            return 0;
        if (length > 1 && (s[1] < forms[f].second_lo || s[1] > forms[f].second_hi))
            return 0;
        for (size_t i = 2; i < length; i++)
            if (s[i] < 0x80 || s[i] > 0xbf)
                return 0;
        return length;
    }
    return 0;
}

/* Most text is ASCII: eight bytes at a time. */
static size_t ascii_run(const char *text, size_t len)
{
    size_t i = 0;
    for (uint64_t word; i + sizeof word <= len; i += sizeof word) {
        memcpy(&word, text + i, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    return i;
}

bool rg_utf8_valid(const char *text, size_t len)
{
    for (size_t i = ascii_run(text, len), step; i < len; i += ascii_run(text + i, len - i)) {
        if ((step = utf8_sequence((const unsigned char *)text + i, len - i)) == 0)
            return false;
        i += step;
    }
    return true;
}

void rg_utf8_repair(char *text)
{
    size_t len = strlen(text), step;
    for (size_t i = 0; i < len; i += step) {
        step = utf8_sequence((const unsigned char *)text + i, len - i);
        if (step == 0) {
            text[i] = '?';
            step = 1;
        }
    }
}

/* ---- Numbers */

static locale_t c_locale;

static void c_locale_open(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

bool rg_text_double(const char *text, double *ret)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, c_locale_open);
    if (*text == '\0' || isspace((unsigned char)*text) || strpbrk(text, "xXpP("))
        return false;
    char *end;
    double value = strtod_l(text, &end, c_locale);
    if (*end != '\0' || end == text)
        return false;
    *ret = value;
    return true;
}

bool rg_text_int(const char *text, int64_t *ret)
{
    if (*text == '\0' || isspace((unsigned char)*text))
        return false;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (*end != '\0' || end == text || errno == ERANGE)
        return false;
    *ret = value;
    return true;
}

void rg_text_rounded(char out[32], double value, double uncertainty)
{
    if (!isfinite(value)) {
        snprintf(out, 32, "%s", isnan(value) ? "n/a" : value > 0 ? "inf" : "-inf");
        return;
    }
    if (!isfinite(uncertainty) || uncertainty <= 0) {
        snprintf(out, 32, "%.4g", value);
        return;
    }
    int digits = 1 - (int)floor(log10(uncertainty));
    if (digits < 0)
        digits = 0;
    if (digits > 12)
        digits = 12;
    if (fabs(value) >= 1e15)
        snprintf(out, 32, "%.6g", value);
    else
        snprintf(out, 32, "%.*f", digits, value);
    if (out[0] == '-' && strspn(out, "-0.") == strlen(out)) /* no "-0.00" */
        memmove(out, out + 1, strlen(out));
}

void rg_text_size(char out[32], double size, double uncertainty)
{
    char digits[32];
    rg_text_rounded(digits, size, uncertainty);
    size_t len = strlen(digits);
    bool vanished = size > 0 && strspn(digits, "0.") == len;
    if (vanished)
        digits[len - 1] = '1';
    snprintf(out, 32, "%s%.20s", vanished ? "less than " : "", digits);
}

/* ---- Suggestions */

#define NAME_MAX_LENGTH 63

/* Damerau-Levenshtein distance (optimal string alignment), case ignored. */
static int edit_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    if (n > NAME_MAX_LENGTH || m > NAME_MAX_LENGTH)
        return NAME_MAX_LENGTH;
    int d[3][NAME_MAX_LENGTH + 1];
    for (size_t j = 0; j <= m; j++)
        d[0][j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int *row = d[i % 3], *up = d[(i + 2) % 3], *upup = d[(i + 1) % 3];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int differ = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
            int best = up[j - 1] + differ;
            if (up[j] + 1 < best)
                best = up[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                upup[j - 2] + 1 < best)
                best = upup[j - 2] + 1;
            row[j] = best;
        }
    }
    return d[n % 3][m];
}

const char *rg_text_nearest(const char *text, const char *const *names, size_t n)
{
    size_t len = strlen(text);
    int best = len < 2 ? 1 : (int)(len + 2) / 3 + 1; /* any letter is one step from any other */
    const char *nearest = NULL;
    for (size_t i = 0; i < n; i++) {
        int distance = edit_distance(text, names[i]);
        if (len >= 3 && rg_text_starts(names[i], text))
            distance = 1;
        if (distance < best) {
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
