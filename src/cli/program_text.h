/* program_text.h - what `rigor plan` prints for people. */
#ifndef RIGOR_CLI_PROGRAM_TEXT_H
#define RIGOR_CLI_PROGRAM_TEXT_H

#include "rigor/base.h"

/* Columns of the terminal on standard output; elsewhere those of COLUMNS, or 80. */
size_t program_text_columns(void);
/* rg_program_costs: a table of kernels for each plan; by_time: the longest first. */
void program_costs_print(const json_t *costs, bool by_time, size_t columns, bool colour);
/* rg_model_check: findings, then a table of layers. */
void program_check_print(const json_t *facts, size_t columns, bool colour);

#endif
