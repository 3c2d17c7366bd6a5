/* messages.c - what a worker says, and when.  Each write wakes the runner up: 10 us, half of a
 * small model's training step.  So epochs wait for each other in the buffer of standard output,
 * for a time that nobody notices.  All else is written at once, and so is what waits when the
 * process crashes: the curve of a failed member goes as far as its training did. */
#include "worker/worker.h"

#include "base/real.h"

#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <unistd.h>

#define WAIT_NS 50000000u

static char waiting[1 << 16]; /* the buffer of standard output */
static uint64_t written_ns;   /* when it was written last */

static void on_crash(int number)
{
    ssize_t ignored = write(STDOUT_FILENO, waiting, __fpending(stdout));
    (void)ignored;
    raise(number); /* the handler is gone: the process ends as it would have */
}

/* Where somebody else looks at crashes (a sanitizer), it stays his. */
static void watch_for_crashes(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    static char stack[1 << 16]; /* the process's own may be what ran over */
    stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)};
    sigaltstack(&other, NULL);
    for (size_t i = 0; i < RG_COUNT(numbers); i++) {
        struct sigaction old,
            crash = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK | (int)SA_RESETHAND};
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(numbers[i], &crash, NULL);
    }
}

void worker_messages_open(void)
{
    setvbuf(stdout, waiting, _IOFBF, sizeof(waiting));
    watch_for_crashes();
}

/* "@rigor {"id": 12, "step": 3, "train_loss": 0.41, "val_accuracy": 0.93}": as there is one for
 * each epoch, it is written without an object of JSON. */
static void write_epoch(rg_str *line, const train_job *job, json_int_t id,
                        const rg_epoch *epoch)
{
    rg_str_printf(line, "@rigor {\"id\":%lld,\"step\":%zu,\"train_loss\":", (long long)id,
                  epoch->epoch);
    rg_real_add(line, epoch->train_loss);
    for (size_t i = 0; i < job->n_metrics; i++) {
        rg_str_add(line, ",\"val_");
        rg_str_add(line, job->metrics[i]->name);
        rg_str_add(line, "\":");
        rg_real_add(line, epoch->score[i]);
    }
    rg_str_add(line, "}\n");
}

bool worker_message_epoch(const train_job *job, json_int_t id, const rg_epoch *epoch)
{
    rg_str line = {0};
    write_epoch(&line, job, id, epoch);
    fputs(rg_str_text(&line), stdout);
    rg_str_free(&line);
    uint64_t now = rg_clock_ns();
    if (now - written_ns >= WAIT_NS) {
        written_ns = now;
        fflush(stdout);
    }
    return !ferror(stdout);
}
