#!/usr/bin/env bash
# rigor plan: kernels with their lines, the program after each pass, the model check; as text that
# fits the terminal and as JSON that agrees with itself.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
export TMPDIR=$work/scratch
mkdir "$TMPDIR"
write_study "$work/small.yaml" small

# ---- Costs.
expect 0 'mlp\.c:[0-9]+' "$rigor" plan mlp --runs 2
expect 0 'training step: 32 examples' "$rigor" plan small.yaml --runs 2
expect 0 'linear: 650 parameters, 64 features' "$rigor" plan small.yaml --arm linear --runs 2
expect 0 'one value an example' "$rigor" plan mlp --classes 0 --runs 2
[ -z "$(ls -A "$TMPDIR")" ] || fail "left behind: $(ls -A "$TMPDIR")"
[ ! -e "$RIGOR_STUDIES" ] || fail "a plan wrote into the studies"
"$rigor" plan mlp model.hidden=[32] train.batch=16 --features 20 --classes 4 --rows 100 --runs 3 --json >plan.json ||
    fail "plan --json"
python3 - <<'PY' || fail "the facts of a plan"
import json, math
p = json.load(open("plan.json"))
assert (p["features"], p["classes"], p["rows"], p["parameters"]) == (20, 4, 100, 20 * 32 + 32 + 32 * 4 + 4), p
train, evaluate = p["plans"]
assert (train["part"], train["examples"], evaluate["part"], evaluate["examples"]) == ("train", 16, "evaluate", 100)
# Three products of each layer, two of the first: B D H, twice for a product and a sum.
dots = sum(s["flops"] for s in train["steps"] if s["kernel"] == "dot")
assert dots == 2 * 16 * (2 * 20 * 32 + 3 * 32 * 4), dots
for plan in p["plans"]:
    steps = plan["steps"]
    assert [s["step"] for s in steps] == list(range(1, len(steps) + 1))
    assert math.isclose(sum(s["share"] for s in steps), 1)
    for key in ("flops", "bytes", "predicted_s"):
        assert math.isclose(sum(s[key] for s in steps), plan[key]), key
    assert all(s["measured_s"] >= 0 and s["predicted_s"] > 0 and s["file"] and s["line"] for s in steps)
    assert all(s["kernel"] == ("loop" if " " in s["operations"] else s["operations"]) for s in steps)
assert all(v > 0 for v in p["machine"].values())
PY

expect 0 'training step: 1 example, ' "$rigor" plan mlp --rows 1 --runs 1

# --threads: the same kernels, their times with so many threads.
expect 0 "^threads: 2 for the clock.s times" "$rigor" plan mlp --threads 2 --runs 2
"$rigor" plan mlp --threads 1 --runs 2 | grep -q '^threads' && fail "one thread is no news"
for wrong in "threads 0" "threads 1000" "runs 0" "features 0" "features -3" "rows 0" "classes 1" "classes -1"; do
    # shellcheck disable=SC2086
    expect 2 "--${wrong% *} cannot be '?${wrong#* }'?$" "$rigor" plan mlp --$wrong
    # shellcheck disable=SC2086
    expect 2 '-> give .*[0-9]+ to [0-9]+' "$rigor" plan mlp --$wrong
done
for answer in --lint --after=fuse; do
    for option in threads runs; do
        expect 2 "--$option belongs to the times of kernels" "$rigor" plan mlp --$option 2 $answer
    done
    expect 2 '--sort belongs to the times of kernels' "$rigor" plan mlp --sort time $answer
done
"$rigor" plan transformer --threads 3 --runs 2 --json >three.json
"$rigor" plan transformer --runs 2 --json >alone.json
python3 - <<'PY' || fail "the facts of a plan with threads"
import json
three, alone = json.load(open("three.json")), json.load(open("alone.json"))
assert (three["threads"], alone["threads"]) == (3, 1)
for a, b in zip(three["plans"], alone["plans"]):
    assert [s["operations"] for s in a["steps"]] == [s["operations"] for s in b["steps"]]
    assert a["memory_bytes"] >= b["memory_bytes"] and a["flops"] == b["flops"]
PY

# --sort=time: the longest first, the same kernels.
"$rigor" plan mlp --sort=time --runs 3 >sorted.txt
[ "$(grep -cE '^ *[0-9]+ [a-z]' sorted.txt)" = "$("$rigor" plan mlp --runs 1 | grep -cE '^ *[0-9]+ [a-z]')" ] ||
    fail "--sort loses kernels"

# ---- Text after each pass.
for pass in build grad live fuse schedule memory; do
    expect 0 '^return' "$rigor" plan mlp --after=$pass
    expect 0 '^return' "$rigor" plan mlp --after=$pass --part=evaluate
done
expect 0 'slot [0-9]+: [0-9]+ bytes at' "$rigor" plan mlp --after=memory
expect 0 'name="lr"' "$rigor" plan mlp --after=grad
"$rigor" plan mlp --after=build >build.txt
grep -q 'name="lr"' build.txt && fail "the learning rate before the gradient"
"$rigor" plan mlp --after=fuse --json | python3 -ISc '
import json, sys
assert "# loop" in json.load(sys.stdin)["text"]' || fail "--after --json"

# ---- The model check.
expect 0 'nothing to say against it' "$rigor" plan mlp --lint --strict
expect 0 'attention0\.linear3 .*former\.c:[0-9]' "$rigor" plan transformer --lint # cut names keep their ends
expect 0 ' 0\.00049 ' "$rigor" plan mlp --lint model.dropout=0.00013 model.activation=gelu # not cut
deep='model.hidden=[64,64,64,64,64,64,64,64,64,64,64,64,64,64,64,64]'
expect 0 'vanishing' "$rigor" plan mlp --lint model.activation=sigmoid "$deep"
expect 1 'mlp\.c:[0-9]+: the gradient fades' "$rigor" plan mlp --lint --strict model.activation=sigmoid "$deep"
"$rigor" plan mlp --lint --json model.activation=sigmoid "$deep" | python3 -ISc '
import json, sys
facts = json.load(sys.stdin)
assert len(facts["layers"]) == 17 and facts["layers"][0]["mark"] == "vanishing" and facts["layers"][16]["mark"] is None
assert {f["check"] for f in facts["findings"]} == {"signals", "stack"}
assert sum(l["parameters"] for l in facts["layers"]) == facts["parameters"]' || fail "--lint --json"

# ---- A terminal.
for columns in 80 200; do
    for what in "--runs 2" "--lint model.activation=sigmoid $deep"; do
        # shellcheck disable=SC2086
        TERM=xterm python3 "$here/terminal.py" $columns 0 "$rigor" plan mlp $what >screen.txt
        python3 - $columns <<'PY' || fail "$columns columns, $what: a line wraps, or nothing is coloured"
import re, sys
text = open("screen.txt", encoding="utf-8", newline="").read()
lines = re.sub(r"\x1b\[[0-9;]*m", "", text).split("\r\n")
assert "\x1b[" in text
assert all(len(line) <= int(sys.argv[1]) for line in lines), max(lines, key=len)
PY
    done
done
# The longest result has room before shares and operations have; 80 columns cut it.
for columns in 100 115 150; do
    COLUMNS=$columns "$rigor" plan transformer --runs 1 >wide.txt
    TERM=xterm python3 "$here/terminal.py" $columns 0 "$rigor" plan transformer --runs 1 >>wide.txt
    [ "$(grep -cF ' f32 (64, 4, 1, 64, 64) ' wide.txt)" -ge 2 ] || fail "$columns columns: no whole result of five axes"
    grep -q '([0-9, ]*…' wide.txt && fail "$columns columns: a result is cut"
done
grep -q '█\|▏\|▎\|▍' <(TERM=xterm python3 "$here/terminal.py" 200 0 "$rigor" plan mlp --runs 2) || fail "no bars on a wide terminal"
"$rigor" plan mlp --lint model.activation=sigmoid "$deep" >plain.txt
grep -q $'\x1b' plain.txt && fail "coloured where no terminal is"

# ---- Mistakes.
expect 2 'did you mean "mlp"' "$rigor" plan mlpp
expect 2 'did you mean "hidden"' "$rigor" plan mlp model.hiden=[3]
expect 2 'width|from 1 to 65536' "$rigor" plan mlp model.hidden=[0]
expect 2 'sets nothing' "$rigor" plan mlp hidden=3
expect 2 'use one of build, grad' "$rigor" plan mlp --after=later
expect 2 'use one of train, evaluate' "$rigor" plan mlp --after=fuse --part=test
expect 2 'belongs to --after' "$rigor" plan mlp --part=train
expect 2 'belongs to --lint' "$rigor" plan mlp --strict
expect 2 'belongs to a study' "$rigor" plan mlp --arm full
expect 2 'belongs to a model' "$rigor" plan small.yaml --rows 5
expect 2 'two answers' "$rigor" plan mlp --after=fuse --lint
expect 2 "no arm 'nosuch'" "$rigor" plan small.yaml --arm nosuch
expect 2 'cannot open the study file' "$rigor" plan missing.yaml
expect 2 'is a program' "$rigor" plan "$root/examples/trainers/shell.yaml"
finish
