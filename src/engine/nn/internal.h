/* internal.h - what the files of this folder share. */
#ifndef RIGOR_ENGINE_NN_INTERNAL_H
#define RIGOR_ENGINE_NN_INTERNAL_H

#include "rigor/nn.h"

/* Whether `value` is the constant that rg_conf_val gives for a number that is switched off. */
bool rg_conf_is_zero(const rg_conf *conf, rg_val value);

/* The next site: it tells the random draws of one step apart. */
uint32_t rg_scope_site(rg_scope *scope);

#endif
