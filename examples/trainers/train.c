/* train.c - a network with one hidden layer by stochastic gradient descent, in plain C.
 * c.yaml is its study.  Compile it beside the study (rigor.h lies in shims/):
 *
 *     cc -O2 -std=c99 -I ../../shims -o train train.c -lm
 */
#include "rigor.h"

enum { CLASSES = 10, WIDTH_MAX = 256 };

typedef struct network {
    size_t inputs, width; /* width 0: no hidden layer */
    double *w1, *b1;      /* (width, inputs), (width) */
    double *w2, *b2;      /* (CLASSES, width or inputs), (CLASSES) */
} network;

static unsigned long long state; /* of xorshift64*, seeded by the trial */

static double uniform(void) /* [0, 1) */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (double)((state * 2685821657736338717ULL) >> 11) * 0x1p-53;
}

static double *random_array(size_t n, double scale)
{
    double *at = malloc((n + 1) * sizeof(*at));
    for (size_t i = 0; at && i < n; i++)
        at[i] = scale * (2 * uniform() - 1);
    return at;
}

/* Fills hidden and the probabilities of the classes. */
static void forward(const network *net, const double *x, double *hidden, double *p)
{
    const double *below = net->width ? hidden : x;
    size_t n = net->width ? net->width : net->inputs;
    double most = -1e300, sum = 0;
    for (size_t j = 0; j < net->width; j++) {
        double z = net->b1[j];
        for (size_t k = 0; k < net->inputs; k++)
            z += net->w1[j * net->inputs + k] * x[k];
        hidden[j] = z > 0 ? z : 0;
    }
    for (size_t c = 0; c < CLASSES; c++) {
        p[c] = net->b2[c];
        for (size_t j = 0; j < n; j++)
            p[c] += net->w2[c * n + j] * below[j];
        most = p[c] > most ? p[c] : most;
    }
    for (size_t c = 0; c < CLASSES; c++)
        sum += p[c] = exp(p[c] - most);
    for (size_t c = 0; c < CLASSES; c++)
        p[c] /= sum;
}

/* One step on one example; returns its loss. */
static double learn(network *net, const double *x, size_t y, double lr)
{
    double hidden[WIDTH_MAX], p[CLASSES];
    forward(net, x, hidden, p);
    double loss = -log(p[y] > 1e-300 ? p[y] : 1e-300);
    size_t n = net->width ? net->width : net->inputs;
    const double *below = net->width ? hidden : x;
    p[y] -= 1; /* the derivative by the logits */
    for (size_t j = 0; j < net->width; j++) {
        double back = 0;
        for (size_t c = 0; c < CLASSES; c++)
            back += p[c] * net->w2[c * n + j];
        for (size_t k = 0; hidden[j] > 0 && k < net->inputs; k++)
            net->w1[j * net->inputs + k] -= lr * back * x[k];
        net->b1[j] -= hidden[j] > 0 ? lr * back : 0;
    }
    for (size_t c = 0; c < CLASSES; c++) {
        for (size_t j = 0; j < n; j++)
            net->w2[c * n + j] -= lr * p[c] * below[j];
        net->b2[c] -= lr * p[c];
    }
    return loss;
}

static double accuracy(const network *net, const rigor_table *part)
{
    size_t right = 0;
    for (size_t i = 0; i < part->rows; i++) {
        double hidden[WIDTH_MAX], p[CLASSES];
        size_t best = 0;
        forward(net, part->x + i * part->columns, hidden, p);
        for (size_t c = 1; c < CLASSES; c++)
            best = p[c] > p[best] ? c : best;
        right += best == (size_t)part->y[i];
    }
    return (double)right / (double)part->rows;
}

static int predict(const network *net)
{
    rigor_table test;
    if (!rigor_load("test_inputs", &test))
        return 0;
    double *p = malloc((test.rows * CLASSES + 1) * sizeof(*p)), hidden[WIDTH_MAX];
    for (size_t i = 0; p && i < test.rows; i++)
        forward(net, test.x + i * test.columns, hidden, p + i * CLASSES);
    int good = p && rigor_predict(test.id, test.rows, CLASSES, p);
    free(p);
    rigor_table_free(&test);
    return good;
}

/* One pass over the rows in a random order; returns the mean loss. */
static double pass(network *net, const rigor_table *train, size_t *order, double lr)
{
    double loss = 0;
    for (size_t i = train->rows; i > 1; i--) {
        size_t j = (size_t)(uniform() * (double)i), swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
    for (size_t i = 0; i < train->rows; i++)
        loss +=
            learn(net, train->x + order[i] * train->columns, (size_t)train->y[order[i]], lr);
    return loss / (double)train->rows;
}

int main(void)
{
    static const char *const names[] = {"train_loss", "val_accuracy"};
    rigor_table train, val;
    if (!rigor_load("train", &train) || !rigor_load("val", &val))
        return 1;
    state = rigor_seed() * 2 + 1;
    for (int i = 0; i < 20; i++) /* seeds that are alike part */
        uniform();
    double width = rigor_number("width", 48), lr = rigor_number("lr", 0.01);
    if (width < 0 || width > WIDTH_MAX) {
        fprintf(stderr, "the width must lie between 0 and %d\n", WIDTH_MAX);
        return 1;
    }
    network net = {.inputs = train.columns, .width = (size_t)width};
    size_t n = net.width ? net.width : net.inputs;
    size_t *order = malloc((train.rows + 1) * sizeof(*order));
    net.w1 = random_array(net.width * net.inputs, 1 / sqrt((double)net.inputs));
    net.b1 = random_array(net.width, 0);
    net.w2 = random_array(CLASSES * n, 1 / sqrt((double)n));
    net.b2 = random_array(CLASSES, 0);
    if (!order || !net.w1 || !net.b1 || !net.w2 || !net.b2)
        return 1;
    for (size_t i = 0; i < train.rows; i++)
        order[i] = i;
    int good = 1, epochs = (int)rigor_number("epochs", 15);
    for (int epoch = 1; epoch <= epochs; epoch++) {
        double loss = pass(&net, &train, order, lr);
        rigor_report_all(epoch, 2, names, (double[]){loss, accuracy(&net, &val)});
    }
    if (rigor_evaluating())
        good = predict(&net);
    free(order);
    free(net.w1);
    free(net.b1);
    free(net.w2);
    free(net.b2);
    rigor_table_free(&train);
    rigor_table_free(&val);
    return !good;
}
