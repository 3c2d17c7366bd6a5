/* file_seeds.c - the seed of the study and the seeds of its final runs: a number of them, a
 * list, or as many as it takes. */
#include "lab/study/file.h"

#define SEEDS_DEFAULT 8
#define SEEDS_WITH_FOLDS 1 /* each is trained on every fold */
#define SEEDS_FLOOR 5
#define SEEDS_MAX 999 /* so that the seeds of study seed s stay below those of s + 1 */
#define SEED_MAX INT64_C(4294967295)

void study_read_seed(study_reader *reader, const study_node *node)
{
    int64_t seed = 1;
    study_whole(reader, node, "'seed'", 0, SEED_MAX, &seed);
    reader->study->seed = reader->study->split.seed = (uint64_t)seed;
}

static bool is_given(const rg_study *study, uint64_t seed)
{
    for (size_t i = 0; i < study->n_seeds; i++)
        if (study->seeds[i] == seed)
            return true;
    return false;
}

static void read_seed_list(study_reader *reader, const study_node *node)
{
    rg_study *study = reader->study;
    if (node->count > SEEDS_MAX) {
        study_mistake(reader, node->mark, "", "'seeds' lists more than %d seeds", SEEDS_MAX);
        return;
    }
    study->seeds = RG_ARENA_ARRAY(reader->arena, uint64_t, node->count + 1);
    for (size_t i = 0; i < node->count; i++) {
        int64_t seed;
        if (!study_whole(reader, node->item[i], "a seed", 0, INT64_C(1) << 53, &seed))
            continue;
        if (is_given(study, (uint64_t)seed))
            study_mistake(reader, node->item[i]->mark, "two runs of one seed are one run",
                          "seed %lld is listed twice", (long long)seed);
        study->seeds[study->n_seeds++] = (uint64_t)seed;
    }
}

static void make_seeds(study_reader *reader, size_t count)
{
    rg_study *study = reader->study;
    study->n_seeds = count;
    study->seeds = RG_ARENA_ARRAY(reader->arena, uint64_t, count);
    for (size_t i = 0; i < count; i++)
        study->seeds[i] = study->seed * 1000 + 1 + i;
}

static void read_seed_count(study_reader *reader, const study_node *node)
{
    int64_t count = rg_study_has_folds(reader->study) ? SEEDS_WITH_FOLDS : SEEDS_DEFAULT;
    study_whole(reader, node, "'seeds', when it is no list,", 1, SEEDS_MAX, &count);
    make_seeds(reader, (size_t)count);
}

/* With folds these carry the verdict (study_check_folds). */
static void check_floor(study_reader *reader, study_mark mark, size_t count)
{
    if (count < SEEDS_FLOOR && !reader->study->exploratory &&
        !rg_study_has_folds(reader->study))
        study_mistake(reader, mark,
                      "use 5 or more, or run with --exploratory: every line of the report then "
                      "says so",
                      "%zu seeds cannot carry a verdict: expected at least %d", count,
                      SEEDS_FLOOR);
}

/* ---- {min, max, step, until}: seeds are added while it is looked */

#define SEEDS_MIN_DEFAULT 5
#define SEEDS_MAX_DEFAULT 30

/* One of them that is missing has its default; if the other one was given beyond that, there is
 * no range, and the message says so. */
static void read_min(study_reader *reader, const study_node *node)
{
    int64_t min = SEEDS_MIN_DEFAULT;
    study_whole(reader, node, "seeds.min", 1, SEEDS_MAX, &min);
    reader->study->seeds_min = (size_t)min;
    if (node)
        check_floor(reader, node->mark, (size_t)min);
}

static void read_max(study_reader *reader, const study_node *node)
{
    rg_study *study = reader->study;
    int64_t max = SEEDS_MAX_DEFAULT;
    bool whole = study_whole(reader, node, "seeds.max", 1, SEEDS_MAX, &max) || !node;
    size_t min = study->seeds_min;
    const study_node *seeds = study_get(reader->root, "seeds");
    study_mark mark = node ? node->mark : seeds->mark;
    if (whole && !node && (size_t)max < min)
        study_mistake(reader, mark,
                      rg_arena_printf(reader->arena, "add how far to go: {min: %zu, max: %zu}",
                                      min, 2 * min),
                      "seeds.max is %lld when it is left out, below seeds.min (%zu)",
                      (long long)max, min);
    else if (whole && (size_t)max < min)
        study_mistake(reader, mark,
                      rg_arena_printf(reader->arena, "did you mean {min: %lld, max: %zu}?",
                                      (long long)max, min),
                      "seeds.max (%lld) is below seeds.min (%zu)", (long long)max, min);
    else if (whole && (size_t)max == min)
        study_mistake(reader, mark, rg_arena_printf(reader->arena, "write seeds: %zu", min),
                      "from seeds.min to seeds.max there is nothing to add: both are %zu", min);
    make_seeds(reader, (size_t)max);
}

static void read_step(study_reader *reader, const study_node *node)
{
    int64_t step = 1;
    study_whole(reader, node, "seeds.step", 1, SEEDS_MAX, &step);
    reader->study->seeds_step = (size_t)step;
}

static void read_until(study_reader *reader, const study_node *node)
{
    static const char *const names[] = {"decided"};
    if (node)
        study_choice(reader, node, "seeds.until", names, RG_COUNT(names));
}

static void read_seed_range(study_reader *reader, const study_node *node)
{
    static const study_field fields[] = {
        {"min", read_min},
        {"max", read_max},
        {"step", read_step},
        {"until", read_until},
    };
    study_fields(reader, node, "'seeds'", fields, RG_COUNT(fields));
}

void study_check_undecidable(study_reader *reader)
{
    const rg_study *study = reader->study;
    const study_node *seeds = study_get(reader->root, "seeds");
    if (seeds && rg_study_is_sequential(study))
        study_mistake(reader, seeds->mark, "declare claims: [A > B], or give a number of seeds",
                      "seeds are added until every claim is decided, but no claim is declared");
}

/* ---- All forms */

void study_read_seeds(study_reader *reader, const study_node *node)
{
    rg_study *study = reader->study;
    study->seeds_step = 1;
    if (node && node->kind == STUDY_MAP) {
        read_seed_range(reader, node);
        return;
    }
    bool list = node && node->kind == STUDY_LIST;
    if (list)
        read_seed_list(reader, node);
    else
        read_seed_count(reader, node);
    study_mark mark = node ? node->mark : reader->root->mark;
    size_t count = list ? node->count : study->n_seeds; /* a wrong seed is not a missing one */
    if (count == 0)
        study_mistake(reader, mark, "leave it out for the usual number",
                      "'seeds' lists no seed");
    else
        check_floor(reader, mark, count);
    study->seeds_min = study->n_seeds;
}
