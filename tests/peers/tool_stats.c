/* tool_stats.c - prints what R or SciPy is to check: expressions, inputs and our results.
 *
 *     tool.stats r|scipy SEED CASES | Rscript check.R | python3 check.py
 *
 * A line for each function, and one for each of its cases, fields separated by tabs, numbers
 * within a field by spaces:
 *     function  name  tolerance  why it is so wide  names of the results  expression
 *     case  number  x  y  a  b  c  d  our results */
#include "peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const peer_family *const families[] = {
    &peers_special,  &peers_pairs,       &peers_power, &peers_groups,
    &peers_resample, &peers_predictions, &peers_bayes,
};

/* R and Python both read these words, and hexadecimal. */
static void print_number(double value)
{
    if (isfinite(value))
        printf("%a", value);
    else
        printf("%s", isnan(value) ? "NaN" : value > 0 ? "Inf" : "-Inf");
}

static void print_list(const double *list, size_t n)
{
    putchar('\t');
    for (size_t i = 0; i < n; i++) {
        if (i)
            putchar(' ');
        print_number(list[i]);
    }
}

static void print_case(const peer_function *f, peer_inputs *in)
{
    double results[PEER_LIST];
    f->inputs(in);
    size_t n = f->ours(in, results);
    printf("case\t%ld", in->number);
    print_list(in->x, in->n_x);
    print_list(in->y, in->n_y);
    const double *const numbers[] = {&in->a, &in->b, &in->c, &in->d};
    for (size_t i = 0; i < RG_COUNT(numbers); i++)
        print_list(numbers[i], 1);
    print_list(results, n);
    putchar('\n');
}

static void print_function(const peer_function *f, const peer_expression *theirs, uint64_t seed,
                           long cases)
{
    printf("function\t%s\t%g\t%s\t%s\t%s\n", f->name, theirs->tolerance,
           theirs->why ? theirs->why : "", f->results, theirs->text);
    peer_inputs in = {.rng = rg_rng_open(seed, f->name)};
    for (; in.number < cases; in.number++)
        print_case(f, &in);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: tool.stats r|scipy SEED CASES\n");
        return 2;
    }
    bool scipy = strcmp(argv[1], "scipy") == 0;
    uint64_t seed = strtoull(argv[2], NULL, 10);
    long cases = strtol(argv[3], NULL, 10);
    for (size_t k = 0; k < RG_COUNT(families); k++) {
        for (size_t i = 0; i < families[k]->count; i++) {
            const peer_function *f = &families[k]->functions[i];
            const peer_expression *theirs = scipy ? &f->scipy : &f->r;
            if (theirs->text)
                print_function(f, theirs, seed, cases);
        }
    }
    return 0;
}
