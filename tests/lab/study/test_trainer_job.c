/* How many trials run at once: cores, GPUs, shares of one. */
#include "lab/study/trainer_job.h"

#include "lab/study/reading.h"

#include <stdlib.h>

static void set_or_unset(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void slots_follow_from_the_gpus(void **state)
{
    (void)state;
    static const struct {
        const char *told, *list;
        double devices;
        int slots; /* of 64 jobs; 0: an error */
    } cases[] = {
        {"2", NULL, 1, 2},       {"2", NULL, 0.3333333, 6},
        {"3", NULL, 1.0 / 3, 9}, {"5", NULL, 2, 2},
        {NULL, "4,5", 1, 2},     {NULL, "4,5", 0.25, 8},
        {NULL, "-1", 1, 0},      {NULL, "4", 2, 0},
        {"8", "4,5", 1, 8}, /* told: it wins */
        {"0", "4,5", 0.5, 0},    {NULL, "GPU-1,GPU-2,GPU-3", 1, 3},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_err err = {0};
        rg_trainer trainer = {.threads = 1, .devices = cases[i].devices};
        set_or_unset("RIGOR_GPUS", cases[i].told);
        set_or_unset("CUDA_VISIBLE_DEVICES", cases[i].list);
        assert_int_equal(trainer_slots(&trainer, 64, &err), cases[i].slots);
        assert_int_equal(err.code != RG_OK, cases[i].slots == 0);
    }
    unsetenv("RIGOR_GPUS");
    unsetenv("CUDA_VISIBLE_DEVICES");
}

/* A third, rounded either way. */
static void shares_need_not_be_exact(void **state)
{
    (void)state;
    static const char *const shares[] = {"0.3333333", "0.33333334", "0.5", "3"};
    for (size_t i = 0; i < RG_COUNT(shares); i++) {
        rg_str text = {0};
        rg_str_printf(&text,
                      "study: s\ndata: digits\nmetric: accuracy\n"
                      "trainer: {command: ./t, gpus: %s}\nbase: {lr: 1}\n"
                      "arms: {a: {}, b: {lr: 2}}\nseeds: 5\nclaims: [a > b]\n",
                      shares[i]);
        reading r = read_text(text.data);
        assert_close(good(&r)->trainer->devices, strtod(shares[i], NULL), 0);
        reading_free(&r);
        rg_str_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_follow_from_the_gpus),
        cmocka_unit_test(shares_need_not_be_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
