/* audit_text.h - the findings of an audit as a person reads them. */
#ifndef RIGOR_CLI_AUDIT_TEXT_H
#define RIGOR_CLI_AUDIT_TEXT_H

#include "rigor/base.h"

#include <stdio.h>

void rg_audit_print(const json_t *audit, bool colour, FILE *out);

#endif
