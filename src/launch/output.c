/* output.c - what a trial prints: all of it is kept up to a limit, the newest longest; each line
 * is looked at for messages.
 *
 * A stream's log holds at most half of its limit; then it becomes NAME.1 and a new one begins. */
#include "launch/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)1 << 20)
#define REPORT_MAX_BYTES ((int64_t)256 << 20)
#define READS_AT_ONCE 16 /* blocks of one stream before the others get their turn */
#define DRAIN_MAX_BYTES ((int64_t)16 << 20) /* far more than a pipe holds */

/* ---- The log */

static void lose(launch_trial *t, const char *path)
{
    rg_fail(&t->lost, RG_INTERNAL, path, "free some disk space", "cannot be written: %s",
            strerror(errno));
    launch_stop(t, LAUNCH_LOST);
}

static bool begin_log(launch_stream *s)
{
    s->log = open(s->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    s->log_len = 0;
    return s->log >= 0;
}

static bool turn_log(launch_stream *s)
{
    char older[4096];
    close(s->log);
    s->log = -1;
    snprintf(older, sizeof(older), "%s.1", s->path);
    return rename(s->path, older) == 0 && begin_log(s);
}

static bool append_log(launch_stream *s, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(s->log, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        s->log_len += n;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static bool keep(launch_stream *s, const char *data, size_t len)
{
    size_t half = (size_t)(s->log_max / 2);
    s->total += (int64_t)len;
    if (s->log < 0 && !begin_log(s))
        return false;
    while (len > 0) {
        size_t room = half > (size_t)s->log_len ? half - (size_t)s->log_len : 0;
        size_t part = len < room ? len : room;
        if (part == 0 && !turn_log(s))
            return false;
        if (part && !append_log(s, data, part))
            return false;
        data += part;
        len -= part;
    }
    return true;
}

/* ---- Lines */

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r'; /* progress bars write lines that end with a return */
}

static void note_last(launch_stream *s, const char *line, size_t len)
{
    while (len > 0 && strchr(" \t\r", line[len - 1]))
        len--;
    if (len == 0)
        return;
    snprintf(s->last, sizeof(s->last), "%.*s", (int)(len < sizeof(s->last) ? len : 399), line);
    for (char *c = s->last; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    rg_utf8_repair(s->last);
}

static void end_line(launch_trial *t, int which)
{
    launch_stream *s = &t->stream[which];
    if (!s->skipping) {
        note_last(s, rg_str_text(&s->line), s->line.len);
        launch_take_line(t, rg_str_text(&s->line), s->line.len);
    }
    s->skipping = false;
    rg_str_clear(&s->line);
}

static const char *line_end(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (is_line_end(data[i]))
            return data + i;
    return NULL;
}

static size_t last_line_end(const char *data, size_t len)
{
    while (len > 0 && !is_line_end(data[len - 1]))
        len--;
    return len;
}

static bool is_blank(const char *data, size_t len)
{
    size_t i = 0;
    while (i < len && (unsigned char)data[i] <= ' ')
        i++;
    return i == len;
}

/* Length of the whole lines that `data` begins with and that are no messages.  A program that
 * floods its output is read as fast as it writes: its lines are not looked at one by one. */
static size_t chatter(launch_stream *s, const char *data, size_t len)
{
    const char *at = data, *end = data + len;
    while ((at = memmem(at, (size_t)(end - at), LAUNCH_WORD, strlen(LAUNCH_WORD))) &&
           at > data && !is_line_end(at[-1]))
        at++;
    size_t whole = at ? (size_t)(at - data) : last_line_end(data, len);
    for (size_t to = whole, from; to > 0; to = from) { /* the last one that is not empty */
        from = last_line_end(data, to - 1);
        if (!is_blank(data + from, to - from)) {
            note_last(s, data + from, to - from - 1);
            break;
        }
    }
    return whole;
}

static size_t take_part(launch_trial *t, int which, const char *data, size_t len)
{
    launch_stream *s = &t->stream[which];
    const char *end = line_end(data, len);
    size_t part = end ? (size_t)(end - data) : len;
    if (!s->skipping)
        rg_str_add_n(&s->line, data, part);
    if (s->line.len > LINE_MAX_BYTES) {
        s->skipping = true;
        rg_str_free(&s->line);
    }
    if (!end)
        return part;
    end_line(t, which);
    return part + 1;
}

static void take(launch_trial *t, int which, const char *data, size_t len)
{
    const launch_stream *s = &t->stream[which];
    bool patterns = json_array_size(t->setup->reads) > 0;
    while (len > 0) {
        bool begins = s->line.len == 0 && !s->skipping && !patterns;
        size_t part = begins ? chatter(&t->stream[which], data, len) : 0;
        if (part == 0)
            part = take_part(t, which, data, len);
        data += part;
        len -= part;
    }
}

bool launch_read_stream(launch_trial *t, int which)
{
    launch_stream *s = &t->stream[which];
    char block[65536];
    for (int i = 0; i < READS_AT_ONCE && s->fd >= 0; i++) {
        ssize_t n = read(s->fd, block, sizeof(block));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0) {
            launch_close_stream(t, which);
            return false;
        }
        if (t->end != LAUNCH_LOST && !keep(s, block, (size_t)n))
            lose(t, s->path);
        take(t, which, block, (size_t)n);
        launch_write_checkpoint(t);
        launch_watch_if_due(t);
    }
    return s->fd >= 0;
}

void launch_drain(launch_trial *t, int which)
{
    launch_stream *s = &t->stream[which];
    int64_t begun = s->total, before;
    do
        before = s->total;
    while (launch_read_stream(t, which) && s->total > before &&
           s->total - begun < DRAIN_MAX_BYTES);
    if (s->total - begun >= DRAIN_MAX_BYTES)
        launch_note(t,
                    "its output is not read to the end: what could not be ended still writes");
    launch_close_stream(t, which);
    launch_write_checkpoint(t);
}

void launch_close_stream(launch_trial *t, int which)
{
    launch_stream *s = &t->stream[which];
    if (s->fd >= 0 && s->line.len > 0)
        end_line(t, which); /* a last line without its end */
    if (s->fd >= 0)
        close(s->fd);
    if (s->log >= 0)
        close(s->log);
    s->fd = s->log = -1;
    rg_str_free(&s->line);
}

/* ---- The report file: the same messages, for programs whose output is not theirs. */

static bool open_report(launch_trial *t)
{
    struct stat info;
    if (t->report_fd >= 0)
        return true;
    int fd = open(t->report, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        t->report_fd = fd;
    else if (fd >= 0)
        close(fd);
    return t->report_fd >= 0;
}

static void take_report(launch_trial *t, const char *data, size_t len)
{
    rg_str *rest = &t->report_rest;
    rest->max = LINE_MAX_BYTES;
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t part = end ? (size_t)(end - data) : len;
        rg_str_add_n(rest, data, part);
        if (end) {
            launch_take_report_line(t, rg_str_text(rest), rest->len);
            rg_str_clear(rest);
            part++;
        }
        data += part;
        len -= part;
    }
}

void launch_read_report(launch_trial *t)
{
    char block[65536];
    if (!open_report(t))
        return;
    for (int i = 0; i < READS_AT_ONCE || t->exited; i++) {
        ssize_t n = t->report_at < REPORT_MAX_BYTES
                        ? pread(t->report_fd, block, sizeof(block), t->report_at)
                        : 0;
        if (n <= 0)
            break;
        t->report_at += n;
        take_report(t, block, (size_t)n);
        launch_write_checkpoint(t);
    }
    if (t->exited && t->report_rest.len > 0)
        launch_take_report_line(t, rg_str_text(&t->report_rest), t->report_rest.len);
    launch_write_checkpoint(t);
    if (t->exited && t->report_at >= REPORT_MAX_BYTES)
        launch_note(t, "its report file is larger than %lld bytes: the rest is not read",
                    (long long)REPORT_MAX_BYTES);
}
