/* test_calibration.c - calibration curves against their errors, and temperatures: known ones
 * are found again, the minimum is one, and the limits are what they are said to be.  The golden
 * numbers of the errors stand in test_scores.c. */
#include "rigor/calibration.h"
#include "support.h"

static void the_curve_is_the_error(void **state)
{
    (void)state;
    enum { N = 500, BINS = 10 };
    double p[N], ece = 0, squares = 0, most = 0;
    bool y[N];
    print_message("seed %llu\n", (unsigned long long)support_seed());
    rg_rng rng = rg_rng_open(support_seed(), "curve");
    for (size_t i = 0; i < N; i++) {
        p[i] = .35 + .65 * rg_rng_unit(&rng);
        y[i] = rg_rng_unit(&rng) < p[i] * p[i];
    }
    rg_calibration_bin bin[BINS];
    rg_calibration_curve(p, y, N, BINS, bin);
    size_t counted = 0;
    for (size_t k = 0; k < BINS; k++) {
        assert_close(bin[k].lo, (double)k / BINS, 1e-15);
        counted += bin[k].count;
        assert_true((bin[k].count == 0) == isnan(bin[k].rate));
        if (bin[k].count == 0)
            continue;
        assert_true(bin[k].confidence > bin[k].lo && bin[k].confidence <= bin[k].hi);
        double gap = fabs(bin[k].rate - bin[k].confidence);
        ece += gap * (double)bin[k].count / N;
        squares += gap * gap * (double)bin[k].count / N;
        most = fmax(most, gap);
    }
    assert_int_equal(counted, N);
    assert_int_equal(bin[0].count + bin[1].count, 0);
    rg_calibration c = rg_calibrate(p, y, N, BINS);
    assert_close(c.ece, ece, 1e-13);
    assert_close(c.rms, sqrt(squares), 1e-13);
    assert_close(c.max, most, 1e-13);
    assert_true(c.ece <= c.rms && c.rms <= c.max);
}

static void nothing_to_calibrate(void **state)
{
    (void)state;
    const double p[] = {.5, NAN};
    const bool y[] = {true, false};
    assert_true(isnan(rg_calibrate(p, y, 0, 15).ece));
    assert_true(isnan(rg_calibrate(p, y, 1, 0).max));
    assert_true(isnan(rg_calibrate(p, y, 2, 15).rms));
    assert_close(rg_calibrate(p, y, 1, 15).ece, .5, 0);
}

enum { ROWS = 4000, CLASSES = 5 };

typedef struct sample {
    float value[ROWS * CLASSES];
    int32_t label[ROWS];
} sample;

/* Labels drawn from softmax(z), probabilities stated as softmax(z * sharpness). */
static void draw(sample *s, rg_rng *rng, double sharpness)
{
    for (size_t i = 0; i < ROWS; i++) {
        double z[CLASSES], total = 0, honest = 0;
        for (size_t k = 0; k < CLASSES; k++) {
            z[k] = 1.5 * rg_rng_normal(rng);
            total += exp(z[k] * sharpness);
            honest += exp(z[k]);
        }
        double left = rg_rng_unit(rng) * honest;
        s->label[i] = CLASSES - 1;
        for (size_t k = CLASSES; k-- > 0;) {
            s->value[i * CLASSES + k] = (float)(exp(z[k] * sharpness) / total);
            s->label[i] = left > 0 ? (int32_t)k : s->label[i];
            left -= exp(z[k]);
        }
    }
}

static rg_temperature fit(const sample *s)
{
    rg_predictions p = {ROWS, CLASSES, s->value, NULL, false, NULL};
    rg_part truth = {.task = RG_CLASSIFY, .rows = ROWS, .classes = CLASSES, .label = s->label};
    return rg_temperature_fit(&p, &truth);
}

static double nll(const sample *s)
{
    rg_predictions p = {ROWS, CLASSES, s->value, NULL, false, NULL};
    rg_part truth = {.task = RG_CLASSIFY, .rows = ROWS, .classes = CLASSES, .label = s->label};
    return rg_metric_find("nll")->score(&p, &truth);
}

static void a_known_temperature_is_found(void **state)
{
    (void)state;
    print_message("seed %llu\n", (unsigned long long)support_seed());
    rg_rng rng = rg_rng_open(support_seed(), "temperature");
    static const double sharpness[] = {.25, .7, 1, 2, 6};
    sample *s = RG_NEW(sample), *tempered = RG_NEW(sample);
    for (size_t i = 0; i < RG_COUNT(sharpness); i++) {
        draw(s, &rng, sharpness[i]);
        rg_temperature t = fit(s);
        assert_close(t.temperature / sharpness[i], 1, .12); /* four standard errors and more */
        assert_close(t.nll_before, nll(s), 1e-8); /* which takes rows as stated, not of sum 1 */
        assert_true(t.nll_after <= t.nll_before);
        *tempered = *s;
        rg_temperature_apply(t.temperature, ROWS, CLASSES, s->value, tempered->value);
        assert_close(nll(tempered), t.nll_after, 1e-6);
        /* what has its temperature needs no other one, and the neighbours are worse */
        assert_close(fit(tempered).temperature, 1, 1e-5);
        for (double off = .9; off < 1.2; off += .2) {
            rg_temperature_apply(t.temperature * off, ROWS, CLASSES, s->value, tempered->value);
            assert_true(nll(tempered) > t.nll_after);
        }
    }
    rg_free(tempered);
    rg_free(s);
}

/* One row of odds 1:3 against, three in favour: the best probability of the stated class is
 * 3/4, whatever was stated. */
static void by_hand(void **state)
{
    (void)state;
    const float value[] = {.9f, .1f, .9f, .1f, .9f, .1f, .9f, .1f};
    const int32_t label[] = {0, 0, 1, 0};
    rg_predictions p = {4, 2, value, NULL, false, NULL};
    rg_part truth = {.rows = 4, .classes = 2, .label = label};
    rg_temperature t = rg_temperature_fit(&p, &truth);
    assert_close(t.temperature, log((double).9f / (double).1f) / log(3), 1e-12);
    assert_close(t.nll_after, -.75 * log(.75) - .25 * log(.25), 1e-14);
    float ret[8];
    rg_temperature_apply(t.temperature, 4, 2, value, ret);
    assert_close(ret[0], .75, 1e-7);
}

static rg_temperature of_one_row(float first, float second, int32_t label)
{
    const float value[] = {first, second};
    rg_predictions p = {1, 2, value, NULL, false, NULL};
    rg_part truth = {.rows = 1, .classes = 2, .label = &label};
    return rg_temperature_fit(&p, &truth);
}

static void limits(void **state)
{
    (void)state;
    rg_temperature right = of_one_row(.6f, .4f, 0), wrong = of_one_row(.6f, .4f, 1);
    assert_true(right.temperature == 0 && right.nll_after == 0);
    assert_true(isinf(wrong.temperature));
    assert_close(wrong.nll_after, log(2), 1e-15);
    assert_true(isnan(of_one_row(.5f, .5f, 0).temperature));
    assert_true(of_one_row(1, 0, 0).temperature == 0);
    assert_true(isinf(of_one_row(1, 0, 1).temperature));
    rg_predictions none = {0, 2, NULL, NULL, false, NULL};
    rg_part truth = {0};
    assert_true(isnan(rg_temperature_fit(&none, &truth).temperature));
    const float value[] = {.4f, .4f, .2f};
    float ret[3];
    rg_temperature_apply(0, 1, 3, value, ret);
    assert_true(ret[0] == .5f && ret[1] == .5f && ret[2] == 0);
    rg_temperature_apply(INFINITY, 1, 3, value, ret);
    assert_close(ret[2], 1. / 3, 1e-7);
    rg_temperature_apply(1, 1, 3, value, ret);
    assert_close(ret[2], .2, 1e-7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_curve_is_the_error),
        cmocka_unit_test(nothing_to_calibrate),
        cmocka_unit_test(a_known_temperature_is_found),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
