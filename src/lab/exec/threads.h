/* threads.h - how a worker is told its share of the cores. */
#ifndef RIGOR_LAB_EXEC_THREADS_H
#define RIGOR_LAB_EXEC_THREADS_H

/* A copy of our environment in which OMP_NUM_THREADS and RIGOR_THREADS say `threads`. */
char **rg_environment_with_threads(int threads);
void rg_environment_with_threads_free(char **environment);

#endif
