/* strays.c - processes that a worker had started and that have outlived it (see strays.h). */
#include "lab/exec/strays.h"

#include "rigor/process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_NS 2000000000u

void strays_come(bool come)
{
    prctl(PR_SET_CHILD_SUBREAPER, come ? 1 : 0);
}

static bool is_among(const pid_t *list, size_t n, pid_t pid)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == pid)
            return true;
    return false;
}

/* How many there were; what they had started themselves comes to us next. */
static size_t end_some(const pid_t *workers, size_t n)
{
    rg_processes found = {.count = 0};
    size_t strays = 0;
    rg_processes_children(&found, getpid());
    for (size_t i = 0; i < found.count; i++) {
        if (is_among(workers, n, found.at[i]))
            continue;
        kill(found.at[i], SIGKILL);
        waitpid(found.at[i], NULL, WNOHANG);
        strays++;
    }
    return strays;
}

void strays_end(const pid_t *workers, size_t n)
{
    uint64_t end = rg_clock_ns() + WAIT_NS;
    while (end_some(workers, n) > 0 && rg_clock_ns() < end)
        usleep(1000);
}
