/* real.h - a double as text. */
#ifndef RIGOR_BASE_REAL_H
#define RIGOR_BASE_REAL_H

#define RG_REAL 32 /* bytes that any takes, its NUL among them */

/* The first of %.15g, %.16g and %.17g that reads back to the same bits. */
void rg_real_text(char out[RG_REAL], double value);

#endif
