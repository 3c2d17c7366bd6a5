#!/usr/bin/env bash
# A model of the user's own: the tutorial's code word for word; what is recorded of it is enough for
# rerun, verify and bundle; its code stays behind the seal; every mistake is named.
. "$(dirname "$0")/support.sh"
command -v cc >/dev/null || { echo "no C compiler"; exit 77; }
cd "$work" || exit 1
export XDG_CACHE_HOME=$work/cache
unset CC

# The blocks of docs/own-model.md: its kind, and which of them.
block() { awk -v kind="$1" -v n="$2" '$0 == "```" kind { on = ++seen == n; next } $0 == "```" { on = 0 } on' "$root/docs/own-model.md"; }
block c 1 >gated.c
block c 2 >cell.c
block yaml 1 >gated.yaml
[ -s gated.c ] && [ -s cell.c ] && [ -s gated.yaml ] || fail "the tutorial has no code"
expect 0 'nothing to say against it' "$rigor" plan gated.c --lint --strict
expect 0 'gated\.c:2[0-9]' "$rigor" plan gated.c model.width=64 train.batch=128 --runs 2
expect 0 'gated +model.file = gated.c, model.width = 32' "$rigor" check gated.yaml
expect 0 'gated > plain' "$rigor" run gated.yaml -j 2 --quiet
expect 0 'scores' "$rigor" verify gated
sha=$(sha256sum gated.c | cut -d' ' -f1)
"$rigor" report gated --format json >facts.json
grep -q "\"sha256\": \"$sha\"" facts.json || fail "the configuration does not have the source's hash"

# Compiled once.  A copy of the program elsewhere finds its headers, and makes the same numbers with
# one worker.
[ "$(find cache -name '*.so' | wc -l)" = 1 ] || fail "compiled more than once: $(find cache -name '*.so')"
mkdir elsewhere && cp "$rigor" elsewhere/rigor
XDG_CACHE_HOME=$work/other RIGOR_STUDIES=$work/again expect 0 '' elsewhere/rigor run gated.yaml -j 1 --quiet
figures gated >one.json
(export RIGOR_STUDIES=$work/again; figures gated) >two.json
cmp one.json two.json || fail "another number of workers, or another cache, changed the figures"

# Without the file, without a cache: the ledger holds the source.  Only training needs a compiler.
mv gated.c away.c
rm -rf cache
expect 0 'bit for bit' "$rigor" rerun gated gated@1001 -q
CC=nowhere expect 0 'pass' "$rigor" verify gated
CC=nowhere expect 0 'gated' "$rigor" report gated
rm -rf cache
CC=nowhere expect 2 "no 'nowhere'" "$rigor" rerun gated gated@1001 -q
expect 0 '' "$rigor" bundle gated -o gated.tar.gz
(cd elsewhere && RIGOR_STUDIES=$work/none CC=nowhere XDG_CACHE_HOME=$work/none expect 0 'pass' "$rigor" verify ../gated.tar.gz)
mv away.c gated.c

# Another source is another study.
sed 's/"sigmoid"/"tanh"/' gated.c >tanh.c && cp gated.c kept.c && cp tanh.c gated.c
expect 2 'differ in: arms' "$rigor" run gated.yaml --quiet
expect 0 '' "$rigor" run gated.yaml study=tanh --quiet
cp kept.c gated.c
expect 0 'gated > plain' "$rigor" run gated.yaml --quiet

# Two files that call their models by one name are two models.
sed 's/plain: .*/plain: {model: {file: tanh.c, width: 32}}/; s/study: gated/study: two/' gated.yaml >two.yaml
expect 0 '' "$rigor" run two.yaml --quiet
"$rigor" report two --format json | python3 -ISc '
import json, sys
arms = {a["name"]: a for a in json.load(sys.stdin)["arms"]}
a, b = arms["gated"], arms["plain"]
assert a["config"]["model"]["name"] == b["config"]["model"]["name"] == "gated"
assert a["config"]["model"]["sha256"] != b["config"]["model"]["sha256"]
assert a["validation"]["accuracy"]["values"] != b["validation"]["accuracy"]["values"]' || fail "two models of one name"

# The second model, with a loop: clean, trains, and what its body must not do is said with its line.
expect 0 'nothing to say against it' "$rigor" plan cell.c --lint --strict
cat >cell.yaml <<'YAML'
study: cell
question: Does a recurrent cell with attention learn?
data: digits
metric: accuracy
base: {train: {lr: 3e-3, epochs: 4, batch: 64}}
arms: {cell: {model: {file: cell.c}}, none: {model: {name: linear}, train.lr: 1e-5}}
seeds: 5
claims: [cell > none]
YAML
expect 0 'cell > none' "$rigor" run cell.yaml -j 2 --quiet
"$rigor" report cell --format json | python3 -ISc '
import json, sys
arms = {a["name"]: a for a in json.load(sys.stdin)["arms"]}
assert min(arms["cell"]["validation"]["accuracy"]["values"]) > 0.8, arms["cell"]["validation"]' || fail "the second model does not learn"
sed 's/static void cell.*/struct in { rg_scope *s; rg_val rate; };\n&/; s/(void)context;/struct in *in = context;/; s/rg_matmul(b->carry\[0\], b->shared\[0\])/LAYER/; s/\.body = cell/.body = cell, .context = \&(struct in){s, rg_const(s->graph, 0.5, RG_F32)}/' cell.c >body.c
line=$(grep -n LAYER body.c | cut -d: -f1)
sed 's/LAYER/rg_linear(in->s, b->carry[0], 32)/' body.c >inner.c
expect 2 "inner\.c:$line: the weight linear1\.weight is made in a loop's body" "$rigor" plan inner.c
expect 2 '-> layers make their weights outside' "$rigor" plan inner.c
sed 's/LAYER/rg_dropout(in->s, b->carry[0], in->rate)/' body.c >drops.c
expect 2 "drops\.c:$line: dropout in a loop's body" "$rigor" plan drops.c

# ---- The seal.  The model looks for the labels and for a place to leave a note, when it is loaded
# and when it is built; the study fails if it finds either.
cat >spy.c <<C
#include "rigor/model.h"
#include <stdio.h>
#include <stdlib.h>

static void look(void)
{
    FILE *labels = fopen("$work/studies/spy/sealed/labels.npz", "rb");
    FILE *note = fopen("$work/note", "w");
    if (labels)
        abort();
    if (note)
        fclose(note);
}
__attribute__((constructor)) static void at_loading(void) { look(); }

static const rg_param params[] = {{0}};
static rg_val forward(rg_scope *s, rg_val x, const rg_conf *conf)
{
    (void)conf;
    look();
    return rg_linear(s, x, s->classes);
}
const rg_model model = {"spy", "a spy", "none", params, RG_ANY_TASK, forward};
C
cat >spy.yaml <<'YAML'
study: spy
question: Can a model read the labels?
data: digits
metric: accuracy
base: {model: {file: spy.c}, train: {epochs: 2}}
arms: {one: {}, two: {train.lr: 1e-2}}
seeds: 5
claims: [two > one]
YAML
expect 0 '' "$rigor" check spy.yaml
expect 0 'Labels: sealed' "$rigor" run spy.yaml --quiet
expect 0 'Labels: sealed' "$rigor" run spy.yaml --quiet # the labels were opened; it is asked again
[ -s studies/spy/sealed/labels.npz ] || fail "the labels do not lie where the spy looked"
[ ! -e note ] || fail "the model's code wrote a file"
"$rigor" status spy --json >status.json || fail "status spy"
grep -q '"failed": [1-9]' status.json && fail "the spy read the labels"
# The spy itself works: unsealed, it leaves its note, and dies of the labels.
"$rigor" plan spy.c --runs 1 >/dev/null 2>&1
[ -e note ] || fail "the spy does not look"

# ---- Mistakes.
sed 's/rg_mul(value, gate)/rg_mul(value, gat)/' gated.c >bad.c
sed 's/gated\.c/bad.c/; s/study: gated/study: bad/' gated.yaml >bad.yaml
expect 2 'bad\.c:26:.*gat' "$rigor" check bad.yaml
expect 2 'bad\.yaml:[0-9]+:[0-9]+: model\.file: bad\.c: the model does not compile' "$rigor" run bad.yaml
[ ! -e studies/bad ] || fail "a study that cannot be read was begun"
CC='no-such-compiler -m32' expect 2 "no 'no-such-compiler'" "$rigor" check bad.yaml
CC= expect 0 '' "$rigor" check gated.yaml
expect 2 'missing\.c' "$rigor" plan missing.c
expect 2 "did you mean 'model.width'" "$rigor" check gated.yaml +arms.gated.model.widht=3
expect 2 "there is no parameter 'model.widht'" "$rigor" check gated.yaml arms.gated.model.widht=3
expect 2 'from 1 to 4096' "$rigor" check gated.yaml arms.gated.model.width=0
expect 2 'name two models' "$rigor" check gated.yaml +arms.gated.model.name=mlp
echo 'int x;' >none.c
expect 2 'defines no model' "$rigor" plan none.c
sed 's/rg_mul(value, gate)/rg_nothing(value, gate)/; s/^static rg_val forward/rg_val rg_nothing(rg_val, rg_val);\n&/' gated.c >symbol.c
expect 2 'symbol\.c: the model cannot be loaded: .*rg_nothing' "$rigor" plan symbol.c
sed 's/"0.1"/"much"/' gated.c >default.c
expect 2 'default of the parameter dropout does not fit' "$rigor" plan default.c
expect 2 'write it as JSON' "$rigor" plan default.c
sed 's/"dropout",/"name",/' gated.c >taken.c
expect 2 "cannot be called 'name'" "$rigor" plan taken.c
# What the tables of the file lack: each is named, with what to write.
table() { # file, sed script, what is said, the remedy
    sed "$2" gated.c >"$1"
    expect 2 "$1: $3" "$rigor" plan "$1"
    expect 2 "$4" "$rigor" plan "$1"
}
table end.c '/^    {0},$/d' '("gated" is no parameter|loading the model ended with signal)' 'params must end with \{0\}'
table pair.c 's/"dropout",/"width",/' 'the parameter "width" is there twice' 'remove one of the two'
table turned.c 's/\.lo = 1,/.lo = 5000,/' 'the parameter "width" takes no value: \.lo \(5000\) is above \.hi \(4096\)' '\.lo the least value'
table outside.c 's/"32"/"9999"/' 'the default of the parameter width is outside its range: width must be a whole number from 1 to 4096, not 9999' 'move \.fallback into the range'
table half.c 's/"32"/"32.5"/' 'the default of the parameter width does not fit: .* not 32\.5' 'a value of its kind'
table kinds.c 's/RG_PARAM_NUMBER,/(rg_param_kind)77,/' '"dropout" is no parameter' 'and a \.kind'
table choices.c 's/RG_PARAM_NUMBER,/RG_PARAM_CHOICE,/' 'the parameter "dropout" has no \.choices' 'NULL at the end'
table chosen.c 's/RG_PARAM_NUMBER,/RG_PARAM_CHOICE, .choices = rg_activation_names,/; s/"0\.1"/"\\"sigmoyd\\""/' 'the default of the parameter dropout does not fit: .*, sigmoid, ' 'did you mean sigmoid'
table silent.c '/\.fallback = "32"/d' 'the parameter "width" has no \.fallback' '\.fallback = "0\.1"'
table unhelpful.c '/\.help = "units/s/"units.*"/NULL/' 'the parameter "width" has no \.help' '\.help = '
table words.c 's/\.name = "gated"/.name = "a gate"/' 'a model cannot be called "a gate"' 'use letters'
for part in name title paper params forward; do
    table part.c "/^    \\.$part = [^{]*,\$/d" "the model has no \\.$part" "write \\.$part = "
done
# Those of the forward pass name their line: the changed one.
mistake() { # file, sed script, what is said of it
    sed "$2" gated.c >"$1"
    local line
    line=$(cmp gated.c "$1" | sed 's/.* line //')
    expect 2 "$1:$line: $3" "$rigor" plan "$1"
    expect 2 "$1:$line: $3" "$rigor" plan "$1" --lint
}
mistake shape.c 's/s->classes)/7)/' 'the forward pass of the model gated gives no value of shape \(64, 10\)'
mistake asks.c 's/rg_conf_int(conf, "width")/rg_conf_int(conf, "wide")/' 'there is no parameter "model\.wide"'
expect 2 'did you mean "width"\? Or add it' "$rigor" plan asks.c
mistake activation.c 's/"sigmoid"/"sigmoyd"/' 'there is no activation "sigmoyd"'
expect 2 'did you mean "sigmoid"\? known: relu, .*, identity$' "$rigor" plan activation.c
mistake kind.c 's/rg_conf_int(conf, "width")/rg_conf_int(conf, "dropout")/' 'the parameter "model\.dropout" is of another kind'
mistake adds.c 's/rg_mul(value, gate)/rg_add(value, x)/' 'add: shapes \(64, 32\) and \(64, 64\) do not broadcast'
mistake type.c 's/rg_mul(value, gate)/rg_mul(value, rg_cast(gate, RG_I32))/' 'mul: operands of type f32, i32'
mistake tensor.c 's/rg_mul(value, gate)/rg_broadcast(value, rg_shape_of(1 << 24, 64, 32))/' 'broadcast: a value of shape .* takes more than 64 GiB'
mistake huge.c 's/rg_linear(s, h, /rg_linear(s, rg_linear(s, h, (int64_t)1 << 40), /' 'input: a value of shape \(32, 1099511627776\) and type f32 takes more than 64 GiB'
mistake weight.c 's/rg_mul(value, gate)/rg_add(value, rg_scope_weight(s, "w", rg_shape_of(160000, 160000), (rg_init){0}))/' 'input: a value of shape \(160000, 160000\)'
mistake twice.c 's/rg_mul(value, gate)/rg_add(rg_scope_buffer(s, "w", rg_shape_of(1), (rg_init){0}), rg_scope_weight(s, "w", rg_shape_of(32), (rg_init){0}))/' "input: there is already an input named 'w'"
mistake wide.c 's/rg_linear(s, x, width); /(s->dtype = RG_F64, rg_linear(s, x, width)); /' '.*f64'
mistake leave.c 's/return /rg_scope_leave(s); &/' 'rg_scope_leave without its rg_scope_enter'
# check finds them as well, in any arm, before anything trains; and a forward pass that crashes.
sed 's/gated\.c/shape.c/' gated.yaml >shape.yaml
expect 2 'shape\.c:[0-9]+: arm .gated.: the forward pass of the model gated gives no value of shape \(32, 10\)' "$rigor" check shape.yaml
expect 2 'shape\.c:[0-9]+: arm .gated.: the forward pass of the model gated gives no value of shape \(32, 10\)' "$rigor" run -q shape.yaml study=shape
[ ! -e "$RIGOR_STUDIES/shape" ] || fail "a study that cannot be built was begun"
# Weights that evaluation asks for and training does not, and such as the number of rows decides.
sed 's/return /if (s->training) h = rg_linear(s, h, 8); &/' gated.c >unlike.c
sed 's/gated\.c/unlike.c/' gated.yaml >unlike.yaml
expect 2 'unlike\.c:27: arm .gated.: weight 5 of the model is linear2\.weight \(32, 8\) in training and linear2\.weight \(32, 10\) in evaluation' "$rigor" check unlike.yaml
sed 's/return /h = rg_mul(h, rg_scope_weight(s, "each", rg_shape_of(rg_val_shape(h).dim[0], 1), (rg_init){.kind = RG_INIT_ONES})); &/' gated.c >rows.c
sed 's/gated\.c/rows.c/' gated.yaml >rows.yaml
expect 2 'rows\.c:27: arm .gated.: weight 5 of the model is each \([0-9]+, 1\) in training and each \([0-9]+, 1\) in evaluation' "$rigor" check rows.yaml
sed 's/return /if (width == 7) __builtin_trap(); &/' gated.c >trap.c
sed 's/gated\.c/trap.c/' gated.yaml >trap.yaml
expect 0 '' "$rigor" check trap.yaml
expect 2 'trap\.c: arm .gated.: the forward pass ended with signal [0-9]+' "$rigor" check trap.yaml arms.gated.model.width=7
expect 0 '' "$rigor" plan trap.c --runs 1
expect 2 'trap\.c: the forward pass ended with signal [0-9]+' "$rigor" plan trap.c model.width=7
expect 2 'trap\.c: the forward pass ended with signal [0-9]+' "$rigor" plan trap.yaml --lint arms.gated.model.width=7
# One that ends the process, whatever it says by that; so does a file that is only loaded.
for n in 0 1 3; do
    sed "s/return /if (width == 7) exit($n); &/; s/^#include.*/&\\n#include <stdlib.h>/" gated.c >exits.c
    sed 's/gated\.c/exits.c/' gated.yaml >exits.yaml
    expect 2 "exits\\.c: arm .gated.: the forward pass ended the process \\(exit code $n\\)" "$rigor" check exits.yaml arms.gated.model.width=7
    expect 2 "exits\\.c: the forward pass ended the process \\(exit code $n\\)" "$rigor" plan exits.c model.width=7
    printf '#include <stdlib.h>\n__attribute__((constructor)) static void f(void) { exit(%d); }\n' $n >leaves.c
    expect 2 "loading the model ended the process \\(exit code $n\\)" "$rigor" plan leaves.c
done
# A forward pass of nothing at all has no line.
sed 's/static rg_val forward.*/& { (void)s, (void)x, (void)conf; return (rg_val){0}; } static rg_val unused_(rg_scope *s, rg_val x, const rg_conf *conf)/' gated.c >nothing.c
expect 2 'nothing\.c: the forward pass of the model gated gives no value' "$rigor" plan nothing.c
printf '#include <stdlib.h>\n__attribute__((constructor)) static void f(void) { abort(); }\n' >crash.c
expect 2 'ended with signal 6' "$rigor" plan crash.c
printf 'a\0b' >bytes.c
expect 2 'this is no text' "$rigor" plan bytes.c
# A place that cannot be written, and none at all.
touch file
expect 2 "$work/file" env XDG_CACHE_HOME="$work/file" "$rigor" plan gated.c
expect 2 'set XDG_CACHE_HOME' env -u XDG_CACHE_HOME -u HOME "$rigor" plan gated.c
finish
