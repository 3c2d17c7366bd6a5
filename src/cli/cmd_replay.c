/* cmd_replay.c - takes every decision of a study again from its recorded results. */
#include "cli/command.h"

#include "lab/study/replay.h"

enum { JOBS, ORDERS, SEED, JSON };
static const rg_option options[] = {
    [JOBS] = {"jobs", 'j', RG_OPTION_LIST, "N,N",
              "sizes of the pools of workers to invent "
              "(default: 1,2,5,16)"},
    [ORDERS] = {"orders", 0, RG_OPTION_INT, "K",
                "random orders of results for each (default: 3)"},
    [SEED] = {"seed", 0, RG_OPTION_INT, "S", "of the first random order (default: 1)"},
    [JSON] = RG_OPTION_JSON,
    {0},
};

enum { POOLS_MAX = 32, ORDERS_DEFAULT = 3, ORDERS_MAX = 10000 };

static bool read_pools(const rg_given *given, int ret[POOLS_MAX], size_t *ret_n, rg_err *err)
{
    static const int usual[] = {1, 2, 5, 16};
    for (*ret_n = 0; !given->flag[JOBS] && *ret_n < RG_COUNT(usual); ++*ret_n)
        ret[*ret_n] = usual[*ret_n];
    for (size_t i = 0; i < given->n_list[JOBS]; i++) {
        int64_t workers;
        if (!rg_text_int(given->list[JOBS][i], &workers) || workers < 1 ||
            workers > RG_JOBS_MAX)
            return rg_fail(err, RG_INPUT, NULL, "such as -j 1,2,8",
                           "--jobs takes numbers from 1 to %d, not '%s'", RG_JOBS_MAX,
                           given->list[JOBS][i]);
        ret[(*ret_n)++] = (int)workers;
    }
    return true;
}

static bool read_options(const rg_given *given, int pools[POOLS_MAX], replay_options *ret,
                         rg_err *err)
{
    size_t n;
    int64_t orders = given->flag[ORDERS] ? given->integer[ORDERS] : ORDERS_DEFAULT;
    int64_t seed = given->flag[SEED] ? given->integer[SEED] : 1;
    if (!read_pools(given, pools, &n, err))
        return false;
    if (orders < 0 || orders > ORDERS_MAX || seed < 0)
        return rg_fail(err, RG_INPUT, NULL, "leave it out for the default",
                       "--orders takes 0 to %d, --seed a number from 0", ORDERS_MAX);
    *ret = (replay_options){pools, n, (size_t)orders, (uint64_t)seed};
    return true;
}

static int run(const rg_given *given, rg_err *err)
{
    rg_opened opened;
    replay_options how;
    int pools[POOLS_MAX];
    if (!read_options(given, pools, &how, err) ||
        !rg_study_open(given->argument[0], RG_LEDGER_READ, &opened, err))
        return rg_exit(err);
    json_t *facts = replay_facts(opened.study, opened.ledger, &how, err);
    rg_study_close(&opened);
    if (!facts)
        return rg_exit(err);
    if (!json_is_true(json_object_get(facts, "ok")))
        rg_fail(err, RG_NO, NULL,
                "another version may search otherwise; rigor verify tells whether the ledger "
                "was altered",
                "the decisions of %s do not come out as recorded", given->argument[0]);
    if (given->flag[JSON]) {
        rg_print_json(facts);
    } else {
        rg_print_checks(facts);
        json_decref(facts);
    }
    return rg_exit(err);
}

const rg_command rg_command_replay = {
    .name = "replay",
    .arguments = "STUDY",
    .summary = "every decision again, from the recorded results",
    .text =
        "Nothing is trained: the search is driven again, each trial finishing with its "
        "recorded result, in the recorded order and in random orders with pools of several "
        "sizes. Each point that it suggests, the frozen choice, seeds and looks must be the "
        "recorded ones. Exit 1 when one is not.\n\n"
        "  rigor replay digits-dropout\n"
        "  rigor replay digits-dropout -j 1,3,64 --orders 20 --seed 7",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};
