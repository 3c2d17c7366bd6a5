#!/usr/bin/env bash
# Training that diverges: the report says which operation of the model came first, on which line, in
# which step of a loop, and what went into it.
. "$(dirname "$0")/support.sh"
command -v cc >/dev/null || { echo "no C compiler"; exit 77; }
cd "$work" || exit 1
export XDG_CACHE_HOME=$work/cache

cat >grows.c <<'C'
#include "rigor/model.h"

static const rg_param params[] = {{0}};
static void body(rg_loop_body *b, void *context)
{
    (void)context;
    b->next[0] = rg_mul(b->carry[0], b->shared[0]);
}
static rg_val forward(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    rg_val h = rg_broadcast(rg_const(s->graph, 1, RG_F32), rg_shape_of(1)), ret;
    rg_val factor = rg_scope_weight(s, "factor", rg_shape_of(1), (rg_init){RG_INIT_ONES, 1e15, 0, 0});
    factor = rg_mul(factor, rg_broadcast(rg_const(s->graph, 1e15, RG_F32), rg_shape_of(1)));
    rg_loop(s->graph,
            &(rg_loop_spec){.steps = 5, .carry = &h, .carries = 1, .shared = &factor, .shareds = 1, .body = body},
            &ret);
    return rg_add(rg_linear(s, x, s->classes), ret);
}
const rg_model model = {"grows", "a loop that grows", "none", params, RG_ANY_TASK, forward};
C
cat >grows.yaml <<'YAML'
study: grows
question: What does the report say of a loss that is not finite?
data: digits
metric: accuracy
arms: {grows: {model: {file: grows.c}}, linear: {model: {name: linear}, train.epochs: 1}}
seeds: 5
claims: [grows > linear]
YAML
expect 0 'in the loop, entry 2: mul' "$rigor" run grows.yaml --quiet
expect 0 'in the loop, entry 2: mul .grows\.c:7.' "$rigor" report grows --format md
"$rigor" report grows --format json >facts.json || fail "no report"
python3 -ISc '
import json, re
arms = {a["name"]: a for a in json.load(open("facts.json"))["arms"]}
runs = [r["reason"] for r in arms["grows"]["failed"]]
assert len(runs) == 5, runs
form = (r"the loss is not finite at epoch 1: the first value that is not finite: "
        r"loop \(grows\.c:15\): f32 \(1\), 1 of 1 not finite \(element 0 is inf\)\n"
        r"in the loop, entry 2: mul \(grows\.c:7\): f32 \(1\), 1 of 1 not finite \(element 0 is inf\)\n"
        r"  operand 1: [^\n]*: f32 \(1\), from 1e\+30 to 1e\+30, mean 1e\+30\n"
        r"  operand 2: [^\n]*: f32 \(1\), from 1e\+15 to 1e\+15, mean 1e\+15")
for reason in runs:
    assert re.fullmatch(form, reason), reason' || fail "the report does not say what came first"
finish
