/* place.h - how a worker is told its share of the machine. */
#ifndef RIGOR_LAB_EXEC_PLACE_H
#define RIGOR_LAB_EXEC_PLACE_H

/* A copy of our environment in which OMP_NUM_THREADS and RIGOR_THREADS say `threads`, and
 * RIGOR_SLOT which of the workers it is, from 0: a place keeps its number when its worker is
 * replaced. */
char **rg_environment_of_place(int threads, int slot);
void rg_environment_of_place_free(char **environment);

#endif
