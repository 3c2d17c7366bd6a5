/* strays.h - processes that a worker had started and that have outlived it. */
#ifndef RIGOR_LAB_EXEC_STRAYS_H
#define RIGOR_LAB_EXEC_STRAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whether what a dying worker leaves behind comes to us, as children, or goes to the machine. */
void strays_come(bool come);

/* Ends all of our children but the workers, and what they leave in turn, until there is none or two
 * seconds are over.  Returns when they are gone: no zombie is left of them. */
void strays_end(const pid_t *workers, size_t n);

#endif
