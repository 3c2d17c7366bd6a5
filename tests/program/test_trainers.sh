#!/usr/bin/env bash
# The examples of programs in other languages, each as a user runs it: sealed where the kernel can,
# a verdict for every claim, nothing failed, verified, and trained again to the same bits.
. "$(dirname "$0")/support.sh"
# Debian's Python has Debian's packages.
export PATH=/usr/bin:$PATH TMPDIR=$work
mkdir "$work/share"
cp -r "$root/examples" "$root/shims" "$root/data" "$work/share"
cd "$work/share/examples/trainers" || exit 1
if grep -q '^RIGOR_SANITIZE:STRING=.' "$tree/CMakeCache.txt"; then
    examples="c shell"
else
    examples="c shell unchanged r sklearn torch"
fi
kernel=$("$rigor" launch </dev/null | grep -o '"landlock":[0-9]*' | grep -o '[0-9]*$')
[ "${kernel:-0}" -gt 0 ] && level=sealed || level=scored

eval "$(sed -n 's/^#  *\(cc .* train.c -lm\)$/\1 || fail "the line of c.yaml"/p' c.yaml)"
[ -x train ] || fail "c.yaml says no line that compiles its program"
# Smaller than what the examples ask for; the verdicts stand all the same.
declare -A smaller=([r]="tune.trials=1 seeds=5" [sklearn]="tune.trials=1 seeds=5" [shell]="base.rows=30 seeds=5"
    [torch]="base.epochs=5 seeds=5")
for example in $examples; do
    study=$(sed -n 's/^study: //p' $example.yaml)
    wanted=$level
    [ $example = unchanged ] && wanted=self-reported
    # shellcheck disable=SC2086
    "$rigor" run $example.yaml ${smaller[$example]:-} -q --json >"$work/$example.json" 2>"$work/$example.txt" ||
        { fail "$example: $(cat "$work/$example.txt")"; continue; }
    python3 - "$work/$example.json" $wanted <<'PY' || fail "$example: $(tail -c 300 "$work/$example.txt")"
import json, sys
facts = json.load(open(sys.argv[1]))
assert facts["status"] == "complete" and facts["trust"] == sys.argv[2], (facts["status"], facts["trust"])
for arm in facts["arms"]:
    assert arm["failures"] == 0, arm["failed"]
assert [c["verdict"] for c in facts["claims"]] == ["supported"], facts["claims"]
assert not [c for c in facts["checks"] if c["status"] == "fail"], facts["checks"]
open("run", "w").write("%s@%d" % (facts["arms"][0]["name"], facts["arms"][0]["seeds"][0]))
PY
    expect 0 'figures' "$rigor" verify "$study"
    expect 0 "^equal +$(cat run)" "$rigor" rerun "$study" "$(cat run)" -q
    [ -z "$("$rigor" query "$study" "select * from run where resources like '%\"attempts\"%'" | tail -n +2)" ] ||
        fail "$example tried something on the seal"
done

# The tutorial's files do what the tutorial says.
case $examples in *sklearn*)
    mkdir "$work/tutorial"
    python3 - "$root/docs/trainers.md" "$work/tutorial" <<'PY'
import re, sys
blocks = re.findall(r"```(?:python|yaml)\n(.*?)```", open(sys.argv[1]).read(), re.S)
for name, text in zip(("train.py", "study.yaml"), blocks):
    assert text.startswith("# " + name), text
    open(sys.argv[2] + "/" + name, "w").write(text)
PY
    expect 0 'pass +seed' "$rigor" check "$work/tutorial/study.yaml" --trainer -q
    ;;
esac

# By hand, the same programs take their defaults and print plain lines.
parts=$RIGOR_STUDIES/shell-digits/data
expect 0 'step 15  train_loss .*  val_accuracy 0\.9' env RIGOR_PARTS="$parts" ./train
expect 1 'set RIGOR_PARTS to the folder' ./train
case $examples in *torch*)
    expect 0 'step 1  train_accuracy 0\.[0-9]*  val_accuracy 0\.9|step 1' env RIGOR_PARTS="$parts" Rscript train.R
    expect 1 'set RIGOR_PARTS to the folder' Rscript train.R
    expect 0 'step 20  train_loss .*  val_accuracy 0\.9' env RIGOR_PARTS="$RIGOR_STUDIES/torch-digits/data" python3 train_torch.py
    expect 1 'set RIGOR_PARTS to the folder' python3 train_torch.py
    expect 0 'resumes  .*same bits' "$rigor" check torch.yaml base.epochs=6 --trainer -q
    ;;
esac
expect 0 'predictions  every id' "$rigor" check c.yaml --trainer -q
finish
