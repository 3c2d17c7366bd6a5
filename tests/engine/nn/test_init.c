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

/* ---- What a scope wants of its layers */

typedef struct drawn { /* weight and bias of one layer */
    const rg_weight *w;
    float weight[8 * 4 * 3 * 3], bias[16];
    size_t n;
} drawn;

static void draw(const rg_scope *scope, drawn *ret)
{
    assert_int_equal(rg_graph_error(scope->graph)->code, RG_OK);
    assert_int_equal(rg_scope_weights(scope, &ret->w), 2);
    ret->n = (size_t)rg_val_count(ret->w[0].input);
    assert_true(ret->n <= RG_COUNT(ret->weight));
    rg_init_fill(&ret->w[0].init, support_seed(), ret->w[0].name, ret->weight, ret->n);
    rg_init_fill(&ret->w[1].init, support_seed(), ret->w[1].name, ret->bias,
                 (size_t)rg_val_count(ret->w[1].input));
}

static double largest_of(const float *x, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)x[i]));
    return largest;
}

typedef struct wanted {
    rg_init init;
    double bound; /* no weight is larger, and of so many one is larger than 0.7 of it */
} wanted;

/* Linear: fan in 8, fan out 4.  Filters of (8, 4, 3, 3): 36 and 72. */
static void check_wanted(const wanted *linear, const wanted *filters)
{
    for (int i = 0; i < 2; i++) {
        const wanted *want = i ? filters : linear;
        rg_graph *graph = rg_graph_new();
        rg_scope *scope = rg_scope_new(graph, false, 1, NULL);
        scope->init = &want->init;
        rg_convolution spec = {.width = 8, .kernel = {3, 3}};
        if (i)
            rg_conv2d(scope, rg_input(graph, "x", RG_F32, rg_shape_of(1, 4, 5, 5)), &spec);
        else
            rg_linear(scope, rg_input(graph, "x", RG_F32, rg_shape_of(2, 8)), 4);
        drawn d;
        draw(scope, &d);
        double largest = largest_of(d.weight, d.n);
        assert_true(largest <= want->bound * (1 + 1e-6) && largest >= 0.7 * want->bound);
        assert_true(largest_of(d.bias, 4) == 0);
        rg_scope_free(scope);
        rg_graph_free(graph);
    }
}

static void test_scope_chooses(void **state)
{
    (void)state;
    static const struct {
        wanted linear, filters;
    } cases[] = {
        {{{RG_INIT_ONES, 0, 0, 0}, 1}, {{RG_INIT_ONES, 0, 0, 0}, 1}},
        {{{RG_INIT_UNIFORM, 0.02, 0, 0}, 0.02}, {{RG_INIT_UNIFORM, 0.02, 0, 0}, 0.02}},
        {{{RG_INIT_TRUNCATED, 0.5, 0, 0}, 1}, {{RG_INIT_TRUNCATED, 0.5, 0, 0}, 1}},
        /* fans given are not read: they are the layer's */
        {{{RG_INIT_KAIMING_UNIFORM, 2, 1, 1}, 2 * 0.61237244},  /* sqrt(3 / 8) */
         {{RG_INIT_KAIMING_UNIFORM, 2, 1, 1}, 2 * 0.28867513}}, /* sqrt(3 / 36) */
        {{{RG_INIT_XAVIER_UNIFORM, 0, 0, 0}, 0.70710678},       /* sqrt(6 / 12) */
         {{RG_INIT_XAVIER_UNIFORM, 0, 0, 0}, 0.23570226}},      /* sqrt(6 / 108) */
        {{{RG_INIT_IDENTITY, 3, 0, 0}, 3}, {{RG_INIT_IDENTITY, 3, 0, 0}, 3}},
    };
    for (size_t i = 0; i < RG_COUNT(cases); i++)
        check_wanted(&cases[i].linear, &cases[i].filters);
}

/* PyTorch's: each of the filters is a row, (O, C / G times places); transposed ones have C. */
static void check_orthogonal_filters(bool transposed, int rows)
{
    static const rg_init orthogonal = {.kind = RG_INIT_ORTHOGONAL};
    rg_graph *graph = rg_graph_new();
    rg_scope *scope = rg_scope_new(graph, false, 1, NULL);
    scope->init = &orthogonal;
    rg_val x = rg_input(graph, "x", RG_F32, rg_shape_of(1, 4, 5, 5));
    rg_convolution spec = {.width = 8, .kernel = {3, 3}};
    if (transposed)
        rg_conv2d_transposed(scope, x, &spec);
    else
        rg_conv2d(scope, x, &spec);
    drawn d;
    draw(scope, &d);
    int columns = (int)d.n / rows;
    for (int a = 0; a < rows; a++)
        for (int b = 0; b < rows; b++) {
            double sum = 0;
            for (int i = 0; i < columns; i++)
                sum += (double)d.weight[a * columns + i] * d.weight[b * columns + i];
            assert_close(sum, a == b, 1e-6);
        }
    rg_scope_free(scope);
    rg_graph_free(graph);
}

static void test_orthogonal_filters(void **state)
{
    (void)state;
    check_orthogonal_filters(false, 8);
    check_orthogonal_filters(true, 4);
}

/* The transpose makes 12 channels from 4, in 2 groups: fan in 12 / 2 * 9, fan out 4 * 9. */
static void test_fans_of_transposed_filters(void **state)
{
    (void)state;
    static const rg_init xavier = {.kind = RG_INIT_XAVIER_UNIFORM};
    rg_graph *graph = rg_graph_new();
    rg_scope *scope = rg_scope_new(graph, false, 1, NULL);
    scope->init = &xavier;
    rg_convolution spec = {.width = 12, .kernel = {3, 3}, .groups = 2};
    rg_conv2d_transposed(scope, rg_input(graph, "x", RG_F32, rg_shape_of(1, 4, 5, 5)), &spec);
    drawn d;
    draw(scope, &d);
    assert_int_equal(d.w[0].init.fan_in, 54);
    assert_int_equal(d.w[0].init.fan_out, 36);
    rg_scope_free(scope);
    rg_graph_free(graph);
}

/* One that cannot be of a scope's layers is the mistake of the model that asked for it. */
static void test_scope_chooses_nonsense(void **state)
{
    (void)state;
    static const rg_init nonsense = {.kind = (rg_init_kind)99};
    rg_graph *graph = rg_graph_new();
    rg_scope *scope = rg_scope_new(graph, false, 1, NULL);
    scope->init = &nonsense;
    rg_linear(scope, rg_input(graph, "x", RG_F32, rg_shape_of(2, 8)), 4);
    assert_non_null(strstr(rg_graph_error(graph)->what, "linear0.weight"));
    assert_non_null(strstr(rg_graph_error(graph)->where, "test_init.c:"));
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
        cmocka_unit_test(test_scope_chooses),
        cmocka_unit_test(test_orthogonal_filters),
        cmocka_unit_test(test_fans_of_transposed_filters),
        cmocka_unit_test(test_scope_chooses_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
