/* worker.c - the native trainer's process: reads jobs, one JSON object a line, until its input
 * ends.  It speaks docs/protocol.md and knows the engine and the data, never the lab. */
#include "rigor/worker.h"
#include "worker/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)256 << 20)

/* One line of input; false when nobody reads the answers. */
static bool take_line(cache *c, const char *line, size_t len)
{
    if (strspn(line, " \t\r") == len)
        return true;
    rg_err err = {0};
    json_t *root = rg_json_parse(line, len, "job", &err);
    if (!root)
        return rg_message_fail(NULL, 0, "error", &err, NULL);
    bool heard = worker_run(c, root);
    json_decref(root);
    return heard;
}

/* Takes the complete lines out of `pending`. */
static bool take_lines(cache *c, rg_str *pending)
{
    size_t from = 0;
    char *end;
    while (!c->over &&
           (end = memchr(pending->data + from, '\n', pending->len - from)) != NULL) {
        *end = '\0';
        if (!take_line(c, pending->data + from, (size_t)(end - pending->data) - from))
            return false;
        from = (size_t)(end - pending->data) + 1;
    }
    memmove(pending->data, pending->data + from, pending->len - from + 1);
    pending->len -= from;
    return true;
}

/* Reads until the input ends, a job was the last, or nobody reads the answers. */
static int serve(cache *c, rg_str *pending)
{
    char block[65536];
    for (;;) {
        ssize_t n = read(STDIN_FILENO, block, sizeof(block));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? RG_INTERNAL : RG_OK;
        rg_str_add_n(pending, block, (size_t)n);
        if (pending->cut || !take_lines(c, pending))
            return RG_INTERNAL;
        if (c->over)
            return RG_OK;
    }
}

/* None is loaded here: its code would run outside of the seal. */
static void offer_libraries(int n, const char *const *library)
{
    for (int i = 0; i < n; i++) {
        char sha256[RG_HEX];
        snprintf(sha256, sizeof(sha256), "%s", rg_path_base(library[i]));
        sha256[strcspn(sha256, ".")] = '\0';
        rg_model_offer(sha256, library[i]);
    }
}

int rg_worker_main(int n, const char *const *library)
{
    offer_libraries(n, library);
    signal(SIGINT, SIG_IGN);          /* Ctrl-C reaches the whole group; the runner decides */
    signal(SIGPIPE, SIG_IGN);         /* a runner that is gone shows as a failed write */
    signal(SIGXFSZ, SIG_IGN);         /* a file that may not grow, too */
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a killed runner must not meet us in its next life */
    worker_messages_open();
    cache c = {0};
    rg_str pending = {.max = LINE_MAX_BYTES};
    bool heard = rg_message_send(json_pack("{s:s}", "worker", RG_VERSION));
    int code = heard ? serve(&c, &pending) : RG_INTERNAL;
    rg_str_free(&pending);
    worker_cache_free(&c);
    return code;
}
