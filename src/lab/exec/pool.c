/* pool.c - worker processes: started when there is work, fed one job at a time, replaced when
 * they die.
 *
 * A worker is finished with only when its process has ended AND its output has been read to the
 * end: no message that it managed to write is lost.  Workers lead process groups of their own,
 * so that a Ctrl-C in the terminal reaches the runner alone, and ending one ends its children.
 */
#include "lab/exec/place.h"
#include "lab/exec/strays.h"
#include "rigor/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

#define PREFIX "@rigor "
#define LINE_MAX_BYTES ((size_t)16 << 20)
#define TICK_MS 100
#define GRACE_TICKS 20
#define BARREN_MAX 5 /* workers in a row that ended without a single message */

typedef struct pool pool;

typedef struct worker {
    pool *pool;
    uv_process_t process;
    uv_pipe_t in, out;
    bool alive;      /* started and not yet finished with */
    int pending;     /* of: process end, output end */
    int open;        /* handles that still have to be closed */
    bool ended;      /* the process: its number may be another's by now */
    int ticks_ended; /* since then, without output */
    bool spoke;      /* has sent a message */
    int64_t status;
    int signal;
    rg_str line;
    bool busy;
    RG_VEC(size_t) unfinished; /* ids of the job in flight */
} worker;

struct pool {
    const rg_pool_options *options;
    const rg_pool_events *events;
    uv_loop_t loop;
    uv_timer_t tick;
    uv_signal_t interrupts[2];
    char input[1 << 16]; /* of whichever worker is read */
    worker *workers;
    int log_fd;
    size_t jobs;
    int barren;
    bool stopping;
    int ticks_stopping;
    int caught;
    rg_err *err;
};

static void feed(pool *p);

/* ---- Stopping */

/* The whole process group.  A worker that never started has no process: kill(0) would be ours.
 */
static void end_worker(const worker *w, int number)
{
    if (w->process.pid > 0 && !w->ended)
        kill(-w->process.pid, number);
}

static void end_workers(pool *p)
{
    for (int i = 0; i < p->options->workers; i++)
        if (p->workers[i].alive)
            end_worker(&p->workers[i], SIGKILL);
}

static void stop(pool *p)
{
    p->stopping = true;
    end_workers(p);
}

static void on_closed(uv_handle_t *handle);

/* The work is done: workers end by themselves when their input ends (on_tick ends those that do
 * not within GRACE_TICKS). */
static void finish(pool *p)
{
    p->stopping = true;
    for (int i = 0; i < p->options->workers; i++) {
        worker *w = &p->workers[i];
        if (w->alive && !uv_is_closing((uv_handle_t *)&w->in))
            uv_close((uv_handle_t *)&w->in, on_closed);
    }
}

static void on_interrupt(uv_signal_t *handle, int number)
{
    pool *p = handle->data;
    p->caught = number;
    stop(p);
}

static bool any_alive(const pool *p)
{
    for (int i = 0; i < p->options->workers; i++)
        if (p->workers[i].alive)
            return true;
    return false;
}

static bool any_busy(const pool *p)
{
    for (int i = 0; i < p->options->workers; i++)
        if (p->workers[i].busy)
            return true;
    return false;
}

/* With neither work nor workers left, the loop ends by itself once these are closed. */
static void close_when_done(pool *p)
{
    if (any_alive(p) || uv_is_closing((uv_handle_t *)&p->tick))
        return;
    uv_close((uv_handle_t *)&p->tick, NULL);
    for (size_t i = 0; i < RG_COUNT(p->interrupts); i++)
        uv_close((uv_handle_t *)&p->interrupts[i], NULL);
}

/* ---- The end of a worker */

static bool from_outside(int number)
{
    return number == SIGKILL || number == SIGTERM || number == SIGHUP || number == SIGINT;
}

static void report_loss(pool *p, worker *w)
{
    char reason[160];
    if (w->signal)
        snprintf(reason, sizeof(reason), "the worker was ended by signal %d (%s)", w->signal,
                 strsignal(w->signal));
    else
        snprintf(reason, sizeof(reason), "the worker ended with exit status %lld",
                 (long long)w->status);
    rg_loss loss = from_outside(w->signal) ? RG_LOSS_OUTSIDE : RG_LOSS_CRASH;
    if (!p->events->lost(p->events->ctx, w->unfinished.at, w->unfinished.len, loss, reason,
                         p->err))
        stop(p);
}

static void check_barren(pool *p, const worker *w)
{
    p->barren = w->spoke || from_outside(w->signal) ? 0 : p->barren + 1;
    if (p->barren < BARREN_MAX)
        return;
    rg_fail(p->err, RG_INTERNAL, p->options->argv[0],
            "look at the end of worker.log in the study's folder",
            "workers end before they say a word (%d in a row)", p->barren);
    stop(p);
}

static void on_closed(uv_handle_t *handle)
{
    worker *w = handle->data;
    if (--w->open > 0)
        return;
    pool *p = w->pool;
    bool had_job = w->busy;
    w->alive = w->busy = false;
    if (!p->stopping) {
        check_barren(p, w);
        if (had_job && w->unfinished.len > 0 && !p->stopping)
            report_loss(p, w);
    }
    w->unfinished.len = 0;
    rg_str_free(&w->line);
    if (!p->stopping)
        feed(p);
    else
        close_when_done(p);
}

/* Called twice: for the end of the process and for the end of its output, in either order. */
static void half_over(worker *w)
{
    if (--w->pending > 0)
        return;
    uv_close((uv_handle_t *)&w->process, on_closed);
    if (!uv_is_closing((uv_handle_t *)&w->in))
        uv_close((uv_handle_t *)&w->in, on_closed);
    uv_close((uv_handle_t *)&w->out, on_closed);
}

/* What it had started is ended before its member is trained again: two must not be at one folder. */
static void end_strays(const pool *p)
{
    RG_VEC(pid_t) workers = {0};
    for (int i = 0; i < p->options->workers; i++)
        if (p->workers[i].alive && !p->workers[i].ended)
            rg_vec_push(&workers, p->workers[i].process.pid);
    strays_end(workers.at, workers.len);
    rg_vec_free(&workers);
}

static void on_process_end(uv_process_t *process, int64_t status, int number)
{
    worker *w = process->data;
    w->status = status;
    w->signal = number;
    end_worker(w, SIGKILL); /* children that it may have left hold the pipe open */
    w->ended = true;
    if (number)
        end_strays(w->pool);
    half_over(w);
}

/* A child in a session of its own was not reached, and may hold the pipe open for ever. */
static void give_up_output(worker *w)
{
    if (!w->alive || !w->ended || w->pending == 0 || ++w->ticks_ended <= GRACE_TICKS)
        return;
    uv_read_stop((uv_stream_t *)&w->out);
    half_over(w);
}

/* ---- Messages */

static void forget_id(worker *w, size_t id)
{
    for (size_t i = 0; i < w->unfinished.len; i++)
        if (w->unfinished.at[i] == id) {
            w->unfinished.at[i] = w->unfinished.at[--w->unfinished.len];
            return;
        }
}

static bool in_flight(const worker *w, size_t id)
{
    for (size_t i = 0; i < w->unfinished.len; i++)
        if (w->unfinished.at[i] == id)
            return true;
    return false;
}

static void job_finished(pool *p, worker *w)
{
    w->busy = false;
    if (w->unfinished.len > 0 &&
        !p->events->lost(p->events->ctx, w->unfinished.at, w->unfinished.len, RG_LOSS_CRASH,
                         "the worker finished its job without a result", p->err))
        stop(p);
    w->unfinished.len = 0;
}

static bool is_last(const json_t *message)
{
    static const char *const last[] = {"done", "failed", "lost", "again"};
    for (size_t i = 0; i < RG_COUNT(last); i++)
        if (json_object_get(message, last[i]))
            return true;
    return false;
}

static void send_line(worker *w, json_t *value);

static void answer_member(pool *p, worker *w, size_t id)
{
    json_t *answer = p->events->answer(p->events->ctx, id);
    if (answer)
        send_line(w, answer);
}

static void take_message(pool *p, worker *w, const json_t *message)
{
    w->spoke = true;
    p->barren = 0;
    if (json_is_true(json_object_get(message, "finished"))) {
        job_finished(p, w);
        return;
    }
    const json_t *id_json = json_object_get(message, "id");
    size_t id = (size_t)json_integer_value(id_json);
    if (!json_is_integer(id_json) || !in_flight(w, id))
        return;
    if (!p->events->message(p->events->ctx, id, message, p->err))
        stop(p);
    if (is_last(message))
        forget_id(w, id);
    else if (p->events->answer)
        answer_member(p, w, id);
}

static void write_log(const pool *p, const char *text, size_t len)
{
    const struct iovec parts[2] = {{(void *)(uintptr_t)text, len},
                                   {(void *)(uintptr_t) "\n", 1}};
    if (p->log_fd >= 0 && writev(p->log_fd, parts, 2) < 0)
        rg_log_line(RG_LOG_WARN, "cannot write to %s: %s", p->options->log_path,
                    strerror(errno));
}

static void take_line(pool *p, worker *w, const char *line, size_t len)
{
    if (len < strlen(PREFIX) || memcmp(line, PREFIX, strlen(PREFIX)) != 0) {
        write_log(p, line, len);
        return;
    }
    json_t *message = json_loadb(line + strlen(PREFIX), len - strlen(PREFIX), 0, NULL);
    if (json_is_object(message))
        take_message(p, w, message);
    else
        write_log(p, line, len);
    json_decref(message);
}

static void take_output(pool *p, worker *w, const char *data, size_t len)
{
    while (len > 0 && !p->stopping) {
        const char *end = memchr(data, '\n', len);
        size_t part = end ? (size_t)(end - data) : len;
        rg_str_add_n(&w->line, data, part);
        if (end) {
            take_line(p, w, rg_str_text(&w->line), w->line.len);
            rg_str_clear(&w->line);
            part++;
        }
        data += part;
        len -= part;
    }
    if (w->line.len > LINE_MAX_BYTES)
        end_worker(w, SIGABRT); /* a line without end: its own fault */
    if (!p->stopping && !w->busy)
        feed(p);
}

/* What is read is taken before anything else is read. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    worker *w = handle->data;
    (void)suggested;
    *ret = uv_buf_init(w->pool->input, sizeof(w->pool->input));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    worker *w = stream->data;
    w->ticks_ended = 0;
    if (n > 0)
        take_output(w->pool, w, buffer->base, (size_t)n);
    if (n < 0) {
        uv_read_stop(stream);
        half_over(w);
    }
}

/* ---- Jobs */

typedef struct writing {
    uv_write_t request;
    char *text;
} writing;

/* A failed write needs no answer: the worker's end will be noticed. */
static void on_written(uv_write_t *request, int status)
{
    (void)status;
    writing *out = (writing *)request;
    rg_free(out->text);
    rg_free(out);
}

/* Steals the value. */
static void send_line(worker *w, json_t *value)
{
    rg_str text = {0};
    char *line = rg_json_canonical(value);
    rg_str_add(&text, line);
    rg_str_add(&text, "\n");
    rg_free(line);
    json_decref(value);
    writing *out = RG_NEW(writing);
    out->text = text.data;
    uv_buf_t buffer = uv_buf_init(text.data, (unsigned)text.len);
    if (uv_write(&out->request, (uv_stream_t *)&w->in, &buffer, 1, on_written) != 0)
        on_written(&out->request, 0);
}

static void send_job(pool *p, worker *w, json_t *job)
{
    json_object_set_new(job, "job", json_integer((json_int_t)p->jobs++));
    size_t i;
    json_t *member;
    w->unfinished.len = 0;
    json_array_foreach (json_object_get(job, "members"), i, member)
        rg_vec_push(&w->unfinished, (size_t)json_integer_value(json_object_get(member, "id")));
    w->busy = true;
    send_line(w, job);
}

static int spawn(pool *p, worker *w)
{
    uv_stdio_container_t stdio[4] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&w->in},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&w->out},
        {.flags = p->log_fd >= 0 ? UV_INHERIT_FD : UV_IGNORE, .data.fd = p->log_fd},
        {.flags = UV_INHERIT_FD, .data.fd = p->options->inherited}};
    char **environment = rg_environment_of_place(p->options->threads, (int)(w - p->workers));
    uv_process_options_t o = {.file = p->options->argv[0],
                              .args = (char **)(uintptr_t)p->options->argv,
                              .env = environment,
                              .exit_cb = on_process_end,
                              .flags = UV_PROCESS_DETACHED,
                              .stdio_count = p->options->inherited > 0 ? 4 : 3,
                              .stdio = stdio};
    int state = uv_spawn(&p->loop, &w->process, &o);
    rg_environment_of_place_free(environment);
    return state;
}

static bool start_worker(pool *p, worker *w)
{
    w->pool = p;
    w->spoke = w->busy = w->ended = false;
    w->status = w->signal = w->ticks_ended = 0;
    w->process.pid = 0;
    uv_pipe_init(&p->loop, &w->in, 0);
    uv_pipe_init(&p->loop, &w->out, 0);
    w->process.data = w->in.data = w->out.data = w;
    w->alive = true;
    w->open = 3;
    w->pending = 2;
    int state = spawn(p, w);
    if (state == 0) {
        uv_read_start((uv_stream_t *)&w->out, on_alloc, on_read);
        return true;
    }
    rg_fail(p->err, RG_INTERNAL, p->options->argv[0],
            state == UV_ENOENT ? "is the program still where it was?"
                               : "use fewer workers (-j), or raise the limits (ulimit -a)",
            "cannot start a worker: %s", uv_strerror(state));
    w->pending = 1;
    half_over(w);
    stop(p);
    return false;
}

/* Gives every idle place a job; ends the pool when there is none left and none in flight. */
static void feed(pool *p)
{
    for (int i = 0; i < p->options->workers && !p->stopping; i++) {
        worker *w = &p->workers[i];
        if (w->busy || (w->alive && w->pending < 2))
            continue;
        json_t *job = p->events->next(p->events->ctx);
        if (!job)
            break;
        if (!w->alive && !start_worker(p, w)) {
            json_decref(job);
            break;
        }
        send_job(p, w, job);
    }
    if (!p->stopping && !any_busy(p))
        finish(p);
    if (p->stopping)
        close_when_done(p);
}

static void on_tick(uv_timer_t *timer)
{
    pool *p = timer->data;
    if (p->stopping && ++p->ticks_stopping > GRACE_TICKS)
        end_workers(p);
    for (int i = 0; i < p->options->workers; i++)
        give_up_output(&p->workers[i]);
    if (p->events->tick && !p->stopping && !p->events->tick(p->events->ctx, p->err))
        stop(p);
}

static void open_handles(pool *p)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    uv_timer_init(&p->loop, &p->tick);
    p->tick.data = p;
    uv_timer_start(&p->tick, on_tick, 0, TICK_MS);
    for (size_t i = 0; i < RG_COUNT(numbers); i++) {
        uv_signal_init(&p->loop, &p->interrupts[i]);
        p->interrupts[i].data = p;
        uv_signal_start(&p->interrupts[i], on_interrupt, numbers[i]);
    }
}

bool rg_pool_run(const rg_pool_options *options, const rg_pool_events *events, int *ret_signal,
                 rg_err *err)
{
    pool p = {.options = options, .events = events, .err = err, .log_fd = -1};
    int state = uv_loop_init(&p.loop);
    if (state != 0)
        return rg_fail(err, RG_INTERNAL, NULL, "raise the limits (ulimit -a)",
                       "there is no event loop to be had: %s", uv_strerror(state));
    p.workers = RG_NEW_ARRAY(worker, (size_t)options->workers);
    if (options->log_path)
        p.log_fd = open(options->log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (options->log_path && p.log_fd < 0)
        rg_log_line(RG_LOG_WARN, "cannot write to %s: %s", options->log_path, strerror(errno));
    signal(SIGPIPE, SIG_IGN); /* a worker that is gone shows as its end */
    strays_come(true);
    open_handles(&p);
    feed(&p);
    uv_run(&p.loop, UV_RUN_DEFAULT);
    strays_come(false);
    if (uv_loop_close(&p.loop) != 0)
        RG_BUG("the event loop still has handles");
    for (int i = 0; i < options->workers; i++)
        rg_vec_free(&p.workers[i].unfinished);
    rg_free(p.workers);
    if (p.log_fd >= 0)
        close(p.log_fd);
    *ret_signal = p.caught;
    return err->code == RG_OK;
}
