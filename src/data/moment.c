/* moment.c - dates and times to seconds.  The proleptic Gregorian calendar: 400 years are 146,097
 * days, and a year that begins in March ends with the day that leap years add. */
#include "data/moment.h"

#include <ctype.h>
#include <stddef.h>

/* Reads exactly n digits; NULL when they are not there. */
static const char *digits(const char *p, int n, int *ret)
{
    *ret = 0;
    for (int i = 0; p && i < n; i++, p++) {
        if (!isdigit((unsigned char)*p))
            return NULL;
        *ret = *ret * 10 + (*p - '0');
    }
    return p;
}

/* The same behind a separator. */
static const char *behind(const char *p, char separator, int n, int *ret)
{
    return p && *p == separator ? digits(p + 1, n, ret) : NULL;
}

static bool is_day(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month >= 1 && month <= 12 && day >= 1 &&
           day <= days[month - 1] + (leap && month == 2);
}

/* Days since 1970-01-01. */
static double day_number(int year, int month, int day)
{
    int y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    int of_year = (153 * m + 2) / 5 + day - 1;
    int days = 365 * y + y / 4 - y / 100 + y / 400 + of_year;
    return days - 719468; /* from 0000-03-01 to 1970-01-01 */
}

static const char *read_zone(const char *p, double *seconds)
{
    int hour, minute;
    if (*p == 'Z')
        return p + 1;
    if (*p != '+' && *p != '-')
        return p;
    const char *end = behind(digits(p + 1, 2, &hour), ':', 2, &minute);
    if (!end || hour > 23 || minute > 59)
        return NULL;
    *seconds -= (*p == '+' ? 1 : -1) * (hour * 3600.0 + minute * 60.0);
    return end;
}

static const char *read_fraction(const char *p, double *seconds)
{
    double unit = .1;
    for (p++; isdigit((unsigned char)*p); p++, unit /= 10)
        *seconds += unit * (*p - '0');
    return p[-1] == '.' ? NULL : p;
}

static const char *read_clock(const char *p, double *seconds)
{
    int hour, minute, second = 0;
    p = behind(digits(p, 2, &hour), ':', 2, &minute);
    bool exact = p && *p == ':';
    if (exact)
        p = behind(p, ':', 2, &second);
    if (!p || hour > 23 || minute > 59 || second > 60)
        return NULL;
    *seconds += hour * 3600.0 + minute * 60.0 + second;
    if (exact && *p == '.')
        p = read_fraction(p, seconds);
    return p ? read_zone(p, seconds) : NULL;
}

bool rg_moment_parse(const char *text, double *ret)
{
    int year, month, day = 1;
    const char *p = behind(digits(text, 4, &year), '-', 2, &month);
    if (p && *p == '-')
        p = behind(p, '-', 2, &day);
    if (!p || !is_day(year, month, day))
        return false;
    double seconds = 86400 * day_number(year, month, day);
    if (*p == 'T' || *p == ' ')
        p = read_clock(p + 1, &seconds);
    if (!p || *p)
        return false;
    *ret = seconds;
    return true;
}
