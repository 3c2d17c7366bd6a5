/* inspect.h - a model looked at before it trains: what a step costs, and what can go wrong in
 * it.  Facts are JSON (docs/json.md); `rigor plan` prints them. */
#ifndef RIGOR_INSPECT_H
#define RIGOR_INSPECT_H

#include "rigor/train.h"

/* What of a program is looked at. */
typedef enum rg_program_part {
    RG_PART_TRAIN,
    RG_PART_EVALUATE,
    RG_PROGRAM_PARTS
} rg_program_part;

/* {"model", "task", "features", "classes", "rows", "parameters", "machine": {...}, "plans": [
 *   {"part", "examples", "memory_bytes", "flops", "bytes", "predicted_s", "measured_s",
 *    "steps": [{"step", "kernel", "operations", "type", "shape", "file", "line", "flops",
 *               "bytes", "predicted_s", "measured_s", "share"}]}]}
 * of the training step and of the evaluation of a block of rows.  Weights are initial, the data
 * are random; a plan runs `runs` times (0: as often as half a second allows) and the least time
 * counts.  predicted_s and measured_s of a plan are those of one run; share is a step's part of
 * the sum over its plan's steps.
 * New reference; NULL on failure. */
json_t *rg_program_costs(const rg_program_spec *spec, size_t runs, rg_err *err);

/* The part's program as text after a pass (rg_pass_names, docs/ir.md).  That of the evaluation
 * needs the training step, whose weights it reads: a mistake in either is an error. */
bool rg_program_text(const rg_program_spec *spec, rg_program_part part, rg_pass pass,
                     rg_str *ret, rg_err *err);

/* {"model", "parameters", "flops",
 *  "findings": [{"check", "severity", "file", "line", "what", "remedy"}],
 *  "layers": [{"layer", "file", "line", "parameters", "flops", "activation_sd",
 *              "activation_zeros", "gradient_norm", "mark"}]}
 * of one configuration: dead parameters, values that can overflow or vanish
 * (src/engine/ir/range.h), signals and gradients at initialisation, layer by layer.  severity
 * is "warning" or "note"; mark is "vanishing", "exploding", "dead", "not finite" or null.
 * New reference; NULL on failure. */
json_t *rg_model_check(const rg_program_spec *spec, rg_err *err);

#endif
