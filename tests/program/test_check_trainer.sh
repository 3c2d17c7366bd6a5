#!/usr/bin/env bash
# rigor check --trainer: a good program passes every line; for each line there is a program that
# fails it, and it alone where that can be.  Nothing is left behind, nothing of the study is touched.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
export TMPDIR=$work/scratch PATH=/usr/bin:$PATH
mkdir "$TMPDIR"

# A program that does everything: a line of Python each, so that one of them can be spoilt.
cat >good.py <<'PY'
import csv, json, os, random, signal, subprocess, sys, time
E = os.environ
seed, out, resume = int(E["RIGOR_SEED"]), E["RIGOR_OUT"], E["RIGOR_RESUME"]
evaluating = E["RIGOR_STAGE"] == "evaluate"
state = {"step": 0, "noise": random.Random(seed).random()}
if resume: state = json.load(open(resume))  # RESUME
# BEGIN
while state["step"] < 6:
    state["step"] += 1
    state["noise"] = (state["noise"] * 7.3) % 1  # WORK
    print("@rigor " + json.dumps({"step": state["step"], "val_accuracy": 0.9 + state["noise"] / 100}), flush=True)
    with open(out + "/half", "w") as file: json.dump(state, file)
    os.replace(out + "/half", out + "/state.json")
    print("@rigor " + json.dumps({"checkpoint": "state.json"}), flush=True)  # CHECKPOINT
    time.sleep(0.06)
if evaluating:
    with open(out + "/predictions.csv", "w") as file:
        print("id,class_index", file=file)
        for row in csv.DictReader(open(E["RIGOR_TEST_INPUTS"])):
            print(row["id"], int(state["noise"] * 10), sep=",", file=file)
# END
PY
study() { # NAME: its study
    cat >"$1.yaml" <<YAML
study: $1
data: digits
metric: accuracy
trainer:
  command: python3 $1.py
  data: csv
  limits: {time: 20s, grace: 1s}
base: {x: 1}
arms: {one: {}, two: {x: 2}}
seeds: 5
claims: [one > two]
YAML
}
check() { "$rigor" check "$1.yaml" --trainer -q --json "${@:2}" >"$1.json" 2>"$1.txt"; }
status() { # FILE CHECK: its status
    python3 -c '
import json, sys
trainer = json.load(open(sys.argv[1]))["trainer"]
print(*(c["status"] for c in trainer["checks"] if c["name"] == sys.argv[2]))' "$1" "$2"
}
lines() { # FILE: the list, a line each, and what was said on standard error
    python3 -c '
import json, sys
for c in json.load(open(sys.argv[1]))["trainer"]["checks"]: print(c["name"], c["status"], c["detail"])' "$1"
    cat "${1%.json}.txt"
}
others() { # FILE STATUS: the names that have it
    python3 -c '
import json, sys
trainer = json.load(open(sys.argv[1]))["trainer"]
print(*(c["name"] for c in trainer["checks"] if c["status"] == sys.argv[2]))' "$1" "$2"
}

study good
check good || fail "the good program: exit code $?: $(lines good.json)"
[ -z "$(others good.json fail)$(others good.json note | sed 's/^seal$//')" ] || fail "the good program: $(lines good.json)"
[ "$(status good.json resumes)$(status good.json stops)" = passpass ] || fail "it was not stopped and resumed: $(lines good.json)"
check good --arm two || fail "its second arm: $(cat good.txt)"
grep -q '"arm": *"two"' good.json || fail "another arm: $(lines good.json)"
[ ! -e "$RIGOR_STUDIES" ] || fail "the check wrote into the studies"
sealed=$(status good.json seal)

# spoil CHECK STATUS CODE NAME WHAT SED...: NAME is good.py altered by sed; CHECK comes out as STATUS,
# the exit code is CODE, and WHAT stands in the line.
spoil() {
    local item=$1 want=$2 code=$3 name=$4 what=$5 got
    sed "${@:6}" good.py >"$name.py"
    cmp -s good.py "$name.py" && fail "$name is not altered"
    # There must be time to be told to end where that is what is looked at.
    [ "$item" = stops ] || [ "$item" = resumes ] || sed -i 's/sleep(0.06)/sleep(0.01)/' "$name.py"
    study "$name"
    check "$name"
    got=$?
    [ $got = "$code" ] || fail "$name: exit code $got, expected $code: $(lines "$name.json")"
    [ "$(status "$name.json" "$item")" = "$want" ] || fail "$name: $item is not $want: $(lines "$name.json")"
    grep -qE -- "$what" "$name.json" || fail "$name: no '$what' in $(lines "$name.json")"
    [ "$want" = skip ] || [ "$(others "$name.json" "$want" | sed "s/\bseal\b//;s/ *$//;s/^ *//")" = "${only-$item}" ] ||
        [ "$item" = seal ] || fail "$name: also $want: $(others "$name.json" "$want")"
}

only='ends reports'
spoil ends fail 1 broken 'exit status 3: no such luck' 's/# BEGIN/sys.exit("no such luck") if 0 else (print("no such luck"), sys.exit(3))/'
unset only
spoil ends fail 1 late 'exit status 5' 's/# END/if evaluating: sys.exit(5)/' # fails later than it must
spoil reports fail 1 silent 'no val_accuracy was reported' 's/val_accuracy/accurate/'
spoil finite fail 1 nan 'not a finite number at step 6' 's/0.9 + state.*100/0.9 if state["step"] < 6 else float("nan")/'
spoil messages fail 0 malformed 'no JSON, the first: .step: 1' "s/# BEGIN/print('@rigor {step: 1}')/"
spoil predictions fail 1 missing 'missing|no prediction' 's/print(row\["id"\]/if int(row["id"]) % 2: print(row["id"]/'
spoil predictions fail 1 none 'wrote no predictions' 's/^if evaluating:/if False:/'
spoil repeats note 0 clock 'the same seed came to something else: accuracy' -e 's/random.Random(seed)/random.Random()/' -e '/CHECKPOINT/d'
spoil seed note 0 constant 'does it use .seed' 's/random.Random(seed)/random.Random(1)/'
spoil stops fail 0 deaf 'had to be killed, 1 s after' 's/# BEGIN/signal.signal(signal.SIGTERM, signal.SIG_IGN)/;s/sleep(0.06)/sleep(0.3)/'
spoil resumes fail 1 forgetful 'from its checkpoint it came to something else' 's/"noise": r/"step": 0, "noise": r/;s/^if resume: .*/if resume: state["step"] = json.load(open(resume))["step"]/'
spoil resumes note 0 anew 'but began anew' '/RESUME$/d'
spoil resumes skip 0 plain 'says no checkpoint' '/CHECKPOINT/d'
spoil processes fail 0 daemon 'left behind, one of them: sleep' 's/# END/subprocess.Popen(["sleep", "100"], start_new_session=True)/'
if [ "$sealed" = pass ]; then
    spoil writes fail 0 elsewhere 'refused something:.*Permission denied' \
        's/# BEGIN/try: open("model.pt", "w")\nexcept OSError as e: print(e, file=sys.stderr)/'
    spoil seal fail 1 thief 'tried to reach what is sealed' \
        's|# BEGIN|try: open(os.path.dirname(E["RIGOR_PARTS"]) + "/sealed/labels.npz", "rb")\nexcept OSError: pass|'
fi
sed 's/python3 good.py/nosuchprogram/' good.yaml >absent.yaml
check absent
[ $? = 1 ] && [ "$(others absent.json fail)" = starts ] || fail "a program that is not there: $(lines absent.json)"
expect 1 'FAIL +starts .*cannot start|-> is it installed' "$rigor" check absent.yaml --trainer -q
pgrep -f 'sleep 100' >/dev/null && [ -n "$(pgrep -P 1 -f '^sleep 100$')" ] && fail "a process is left"

# A program that scores itself; mistakes; Ctrl-C.
sed '/^data:/d; s/^metric: .*/metric: {name: skill, goal: maximize}/; /data: csv/d; s/good/self/' good.yaml >self.yaml
sed 's/val_accuracy/val_skill/; s/^if evaluating:/if evaluating: print("@rigor {\\"test_skill\\": 1}")\nif False:/' good.py >self.py
check self
[ $? = 0 ] && grep -q 'the study is self-reported' self.json || fail "a program that scores itself: $(lines self.json)"
expect 2 "no arm 'tow'.*|did you mean two" "$rigor" check good.yaml --trainer --arm tow
expect 2 'two checks' "$rigor" check good.yaml --trainer --placebo
expect 2 'belongs to --placebo and --trainer' "$rigor" check good.yaml --arm two
write_study own.yaml own
expect 2 'no program as its trainer' "$rigor" check own.yaml --trainer
sed 's/sleep(0.06)/sleep(3)/' good.py >slow.py
study slow
setsid "$rigor" check slow.yaml --trainer >slow.txt 2>&1 </dev/null &
child=$!
for _ in $(seq 100); do [ -n "$(find "$TMPDIR" -name state.json)" ] && break; sleep 0.1; done
kill -INT $child
wait $child
code=$?
[ $code = 130 ] || fail "interrupted: exit code $code: $(cat slow.txt)"
[ -z "$(ls -A "$TMPDIR")" ] || fail "left behind: $(find "$TMPDIR" | head -5)"
[ ! -e "$RIGOR_STUDIES" ] || fail "the checks wrote into the studies"
finish
