/* test_init.c - initial values that are a whole matrix, or drawn from a cut distribution; the
 * others are in test_layers.c. */
#include "support.h"

#include "rigor/nn.h"

enum { N = 40000 };

static void moments(const float *x, double *ret_mean, double *ret_sd, double *ret_largest)
{
    double sum = 0, square = 0, largest = 0;
    for (int i = 0; i < N; i++) {
        sum += x[i];
        square += (double)x[i] * x[i];
        largest = fmax(largest, fabs((double)x[i]));
    }
    *ret_mean = sum / N;
    *ret_sd = sqrt(square / N);
    *ret_largest = largest;
}

/* A standard normal cut at 2 has the standard deviation 0.87962566. */
static void test_widths(void **state)
{
    (void)state;
    static float x[N];
    static const struct {
        rg_init init;
        double sd, low, high; /* the largest size lies between these */
    } cases[] = {
        {{RG_INIT_LECUN_NORMAL, 0, 25, 5}, 0.2, 0.6, 2},
        {{RG_INIT_UNIFORM, 0.3, 1, 1}, 0.3 / 1.7320508, 0.299, 0.3000001},
        {{RG_INIT_NORMAL, 0.02, 1, 1}, 0.02, 0.06, 0.2},
        {{RG_INIT_TRUNCATED, 0.5, 1, 1}, 0.5 * 0.87962566, 0.99, 1},
    };
    for (size_t k = 0; k < RG_COUNT(cases); k++) {
        double mean, sd, largest;
        rg_init_fill(&cases[k].init, support_seed(), "w", x, N);
        moments(x, &mean, &sd, &largest);
        assert_close(mean, 0, 5 * cases[k].sd / sqrt(N));
        assert_close(sd, cases[k].sd, 0.02 * cases[k].sd);
        assert_true(largest >= cases[k].low && largest <= cases[k].high);
    }
}

/* Rows or columns, whichever are fewer, have length gain and are at right angles. */
static void check_orthogonal(int rows, int columns)
{
    float x[160];
    rg_init init = {RG_INIT_ORTHOGONAL, 2, rows, columns};
    rg_init_fill(&init, support_seed(), "w", x, (size_t)(rows * columns));
    bool wide = rows < columns;
    int few = wide ? rows : columns, many = wide ? columns : rows;
    for (int a = 0; a < few; a++)
        for (int b = 0; b < few; b++) {
            double sum = 0;
            for (int i = 0; i < many; i++)
                sum += wide ? (double)x[a * columns + i] * x[b * columns + i]
                            : (double)x[i * columns + a] * x[i * columns + b];
            assert_close(sum, a == b ? 4 : 0, 1e-6);
        }
}

static void test_orthogonal(void **state)
{
    (void)state;
    check_orthogonal(1, 1);
    check_orthogonal(5, 5);
    check_orthogonal(16, 10);
    check_orthogonal(10, 16);
    check_orthogonal(1, 7);
    check_orthogonal(0, 7);
}

static void test_identity(void **state)
{
    (void)state;
    float x[6];
    rg_init init = {RG_INIT_IDENTITY, 0.5, 2, 3};
    rg_init_fill(&init, 1, "w", x, 6);
    const float expected[6] = {0.5f, 0, 0, 0, 0.5f, 0};
    assert_memory_equal(x, expected, sizeof(x));
}

/* ---- What does not fit sticks to the graph, with the weight's name and the model's line */

static void test_fans(void **state)
{
    (void)state;
    static const struct {
        rg_init init;
        rg_shape shape;
        bool fits;
    } cases[] = {
        {{RG_INIT_ZEROS, 0, 0, 0}, {2, {3, 4}}, true},
        {{RG_INIT_NORMAL, 0, 0, 0}, {2, {3, 4}}, true},
        {{RG_INIT_TIME_STEPS, 0, 0, 0}, {1, {3}}, true},
        {{RG_INIT_KAIMING_NORMAL, 0, 0, 0}, {2, {3, 4}}, false},
        {{RG_INIT_KAIMING_NORMAL, 0, 3, 0}, {2, {3, 4}}, true},
        {{RG_INIT_KAIMING_UNIFORM, 0, -3, 0}, {2, {3, 4}}, false},
        {{RG_INIT_LECUN_NORMAL, 0, 0, 4}, {2, {3, 4}}, false},
        {{RG_INIT_LECUN_NORMAL, 0, 0, 4}, {2, {0, 4}}, true}, /* nothing to fill */
        {{RG_INIT_XAVIER_UNIFORM, 0, 3, 0}, {2, {3, 4}}, false},
        {{RG_INIT_XAVIER_NORMAL, 0, 3, 4}, {2, {3, 4}}, true},
        {{RG_INIT_ORTHOGONAL, 0, 3, 4}, {2, {3, 4}}, true},
        {{RG_INIT_ORTHOGONAL, 0, 3, 4}, {3, {3, 2, 2}}, true},
        {{RG_INIT_ORTHOGONAL, 0, 0, 0}, {2, {3, 4}}, false},
        {{RG_INIT_ORTHOGONAL, 0, 3, 5}, {2, {3, 4}}, false},
        {{RG_INIT_ORTHOGONAL, 0, 1, 4}, {2, {3, 4}}, false},
        {{RG_INIT_IDENTITY, 0, INT64_C(1) << 62, 8}, {2, {3, 4}}, false},
        {{RG_INIT_STATE_RATES, 0, 4, 4}, {2, {3, 4}}, false},
        {{(rg_init_kind)99, 0, 3, 4}, {2, {3, 4}}, false},
        {{(rg_init_kind)-1, 0, 3, 4}, {2, {3, 4}}, false},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++) {
        rg_graph *graph = rg_graph_new();
        rg_scope *scope = rg_scope_new(graph, false, 1, NULL);
        rg_scope_enter(scope, "mine");
        rg_scope_weight(scope, "w", cases[i].shape, cases[i].init);
        const rg_err *err = rg_graph_error(graph);
        assert_int_equal(err->code, cases[i].fits ? RG_OK : RG_INPUT);
        if (!cases[i].fits) {
            assert_non_null(strstr(err->what, "mine0.w"));
            assert_non_null(strstr(err->where, "test_init.c:"));
            assert_true(err->remedy[0] != '\0');
        }
        rg_scope_free(scope);
        rg_graph_free(graph);
    }
}

/* A linear layer of no inputs gives its bias, which is zero as PyTorch's. */
static void test_linear_of_no_inputs(void **state)
{
    (void)state;
    rg_graph *graph = rg_graph_new();
    rg_scope *scope = rg_scope_new(graph, false, 1, NULL);
    rg_linear(scope, rg_input(graph, "x", RG_F32, rg_shape_of(2, 0)), 3);
    assert_int_equal(rg_graph_error(graph)->code, RG_OK);
    const rg_weight *w;
    assert_int_equal(rg_scope_weights(scope, &w), 2);
    float bias[3] = {1, 1, 1};
    rg_init_fill(&w[1].init, 1, w[1].name, bias, 3);
    for (int i = 0; i < 3; i++)
        assert_true(bias[i] == 0);
    rg_scope_free(scope);
    rg_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_orthogonal),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_fans),
        cmocka_unit_test(test_linear_of_no_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
