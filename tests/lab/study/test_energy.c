/* test_energy.c - counters of energy that count on, wrap around, and cannot be read. */
#include "lab/study/energy.h"
#include "support.h"

static void put(const char *zone, const char *file, const char *text)
{
    char path[200];
    rg_err err = {0};
    snprintf(path, sizeof(path), "rapl/%s", zone);
    assert_true(rg_dir_make(path, 0755, &err));
    snprintf(path, sizeof(path), "rapl/%s/%s", zone, file);
    assert_true(rg_file_write(path, text, strlen(text), 0644, &err));
}

static void test_counters(void **state)
{
    (void)state;
    rg_err err = {0};
    energy_meter meter;
    rg_dir_remove("rapl", &err);
    energy_open(&meter, "rapl");
    assert_true(isnan(energy_joules(&meter)));
    put("intel-rapl:0", "max_energy_range_uj", "1000000\n");
    put("intel-rapl:0", "energy_uj", "900000\n");
    put("intel-rapl:0:0", "max_energy_range_uj", "1000000\n"); /* a part of the package */
    put("intel-rapl:0:0", "energy_uj", "5\n");
    put("intel-rapl:1", "max_energy_range_uj", "1000000\n");
    put("intel-rapl:1", "energy_uj", "100000\n");
    put("intel-rapl:2", "max_energy_range_uj", "1000000\n");
    put("intel-rapl:2", "energy_uj", "no number\n");
    energy_open(&meter, "rapl");
    assert_int_equal(meter.count, 2);
    put("intel-rapl:0", "energy_uj", "50000\n"); /* wrapped: .15 J */
    put("intel-rapl:1", "energy_uj", "350000\n");
    energy_poll(&meter);
    energy_poll(&meter);
    assert_close(energy_joules(&meter), .4, 1e-12);
    put("intel-rapl:1", "energy_uj", "450000\n");
    energy_poll(&meter);
    assert_close(energy_joules(&meter), .5, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
