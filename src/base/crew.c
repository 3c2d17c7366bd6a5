/* crew.c - threads that share pieces of work, and wait for the next piece in between.
 *
 * A piece of work is n indices.  One number says all: the indices of this piece in its upper
 * half, those taken in its lower half; whoever raises the lower half by one has taken an index.
 * What an index means (work, ctx) cannot change before it is done, as the caller waits for all
 * of them: so a helper that comes late simply takes part in whatever is going on.
 *
 * Helpers watch for work for a while, as a training step hands out hundreds of pieces in a row,
 * and then sleep.  Which thread takes which index is chance: results must not depend on it. */
#include "rigor/base.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define CREW_MAX 64
#define WATCH_ROUNDS 20000 /* some 100 us */

struct rg_crew {
    pthread_t helper[CREW_MAX];
    int helpers;
    void (*work)(void *ctx, size_t i, int member);
    void *ctx;
    _Atomic uint64_t ticket;
    atomic_size_t done; /* indices of this piece */
    atomic_int asleep;
    atomic_bool ends;
    pthread_mutex_t lock; /* for those that sleep */
    pthread_cond_t begun;
};

typedef struct post { /* what a helper starts with */
    rg_crew *crew;
    int member;
} post;

/* Lets the other thread of the core have its turn; after some time, another process. */
static void relax(int round)
{
    if (round % 1000 == 999)
        sched_yield();
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool has_left(uint64_t ticket)
{
    return (uint32_t)ticket < (uint32_t)(ticket >> 32);
}

static bool take(rg_crew *c, size_t *ret)
{
    uint64_t ticket = atomic_load(&c->ticket);
    while (has_left(ticket))
        if (atomic_compare_exchange_weak(&c->ticket, &ticket, ticket + 1)) {
            *ret = (uint32_t)ticket;
            return true;
        }
    return false;
}

static void take_part(rg_crew *c, int member)
{
    for (size_t i; take(c, &i); atomic_fetch_add(&c->done, 1))
        c->work(c->ctx, i, member);
}

static bool is_called(rg_crew *c)
{
    return has_left(atomic_load(&c->ticket)) || atomic_load(&c->ends);
}

static void await_call(rg_crew *c)
{
    for (int round = 0; round < WATCH_ROUNDS && !is_called(c); round++)
        relax(round);
    if (is_called(c))
        return;
    pthread_mutex_lock(&c->lock);
    atomic_fetch_add(&c->asleep, 1);
    while (!is_called(c))
        pthread_cond_wait(&c->begun, &c->lock);
    atomic_fetch_sub(&c->asleep, 1);
    pthread_mutex_unlock(&c->lock);
}

static void *help(void *argument)
{
    post own = *(post *)argument;
    rg_free(argument);
    while (!atomic_load(&own.crew->ends)) {
        take_part(own.crew, own.member);
        await_call(own.crew);
    }
    return NULL;
}

/* Whoever counts itself asleep looks for work once more before it sleeps, and holds the lock.
 */
static void wake(rg_crew *c)
{
    if (atomic_load(&c->asleep) == 0)
        return;
    pthread_mutex_lock(&c->lock);
    pthread_cond_broadcast(&c->begun);
    pthread_mutex_unlock(&c->lock);
}

rg_crew *rg_crew_new(int threads)
{
    rg_crew *c = RG_NEW(rg_crew);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->begun, NULL);
    for (int i = 1; i < threads && i < CREW_MAX; i++) {
        post *own = RG_NEW(post);
        *own = (post){c, c->helpers + 1};
        if (pthread_create(&c->helper[c->helpers], NULL, help, own) == 0)
            c->helpers++;
        else
            rg_free(own);
    }
    return c;
}

void rg_crew_free(rg_crew *crew)
{
    if (!crew)
        return;
    atomic_store(&crew->ends, true);
    wake(crew);
    for (int i = 0; i < crew->helpers; i++)
        pthread_join(crew->helper[i], NULL);
    pthread_cond_destroy(&crew->begun);
    pthread_mutex_destroy(&crew->lock);
    rg_free(crew);
}

int rg_crew_size(const rg_crew *crew)
{
    return crew ? crew->helpers + 1 : 1;
}

void rg_crew_run(rg_crew *crew, size_t n, void (*work)(void *ctx, size_t i, int member),
                 void *ctx)
{
    if (!crew || crew->helpers == 0 || n < 2 || n > UINT32_MAX) {
        for (size_t i = 0; i < n; i++)
            work(ctx, i, 0);
        return;
    }
    crew->work = work;
    crew->ctx = ctx;
    atomic_store(&crew->done, 0);
    atomic_store(&crew->ticket, (uint64_t)n << 32);
    wake(crew);
    take_part(crew, 0);
    for (int round = 0; atomic_load(&crew->done) < n; round++)
        relax(round);
}

/* ---- For once */

typedef struct once {
    void (*work)(void *ctx, size_t i);
    void *ctx;
} once;

static void work_once(void *ctx, size_t i, int member)
{
    const once *o = ctx;
    (void)member;
    o->work(o->ctx, i);
}

void rg_parallel(int threads, size_t n, void (*work)(void *ctx, size_t i), void *ctx)
{
    once o = {work, ctx};
    rg_crew *crew = rg_crew_new((size_t)threads < n ? threads : (int)n);
    rg_crew_run(crew, n, work_once, &o);
    rg_crew_free(crew);
}
