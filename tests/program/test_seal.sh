#!/usr/bin/env bash
# A program that goes after the test labels, in every way of docs/seal.md that a shell knows, in a
# real study: it gets nothing, the report names what was tried, and the study is sealed all the same.
# Without the sandbox it gets everything, and the report says `scored`.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
S=$RIGOR_STUDIES/attacked

python3 -c '
import random
random.seed(1)
print("a,b,y")
for i in range(300): print("%f,%f,%d" % (random.random() + i % 2, random.random(), i % 2))' >own.csv

# What a run of the arm `bold` tries, by the number of its seed.  Whatever it gets goes to leak/.
attacks=(
    'cat $S/sealed/labels.npz'
    'cd $S/sealed && cat labels.npz'
    'ln -s $S/sealed/labels.npz $RIGOR_OUT/link; cat $RIGOR_OUT/link'
    'ln $S/sealed/labels.npz $RIGOR_OUT/hard; cat $RIGOR_OUT/hard'
    'cat /proc/self/root$S/sealed/labels.npz'
    'cat /proc/$PPID/root$S/sealed/labels.npz /proc/$PPID/cwd/own.csv'
    'for fd in /proc/$PPID/fd/*; do timeout 1 head -c 9 $fd; done; head -c 9 /proc/$PPID/mem'
    '(setsid sh -c "sleep 0.05; cat $S/sealed/labels.npz" & wait)'
    'for fd in 3 4 5 6 7 8 9; do eval "cat <&$fd"; done; ls -l /proc/self/fd >$RIGOR_OUT/fds'
    'cat $S/runs/evaluate/bold-0/out/predictions.csv $S/predictions/bold-1001.npz'
    'cat $W/own.csv'
    'cat $S/ledger.db'
    'mv $S/sealed $S/open && cat $S/open/labels.npz; chmod -R 777 $S/sealed; rm -f $S/sealed/labels.npz'
    'cat $W/studies/neighbour/sealed/labels.npz'
    'cat $S/data/../sealed/labels.npz $S//sealed/./labels.npz'
)
{ echo '#!/bin/sh'
  echo "S=$S W=$work"
  echo 'mkdir $RIGOR_OUT/leak'
  echo 'case $RIGOR_ARM-$RIGOR_TRIAL in'
  for i in "${!attacks[@]}"; do echo "bold-$i) ( ${attacks[i]} ) >\$RIGOR_OUT/leak/got 2>\$RIGOR_OUT/leak/said ;;"; done
  echo 'esac'
  echo 'awk -F, "NR == 1 { print \"id,label\" } NR > 1 { print \$1 \",\" (\$2 > 1 ? 1 : 0) }" "$RIGOR_TEST_INPUTS" >$RIGOR_OUT/predictions.csv'
  echo 'echo "@rigor {\"val_accuracy\": 0.5}"'
} >train.sh
chmod +x train.sh

study() { # NAME OPTIONS
    cat >"$1.yaml" <<YAML
study: $1
data: {name: own.csv, target: y}
metric: accuracy
trainer: {command: ./train.sh, data: csv$2}
base: {noise: 0.1}
arms: {bold: {}, shy: {noise: 3}}
seeds: ${#attacks[@]}
claims: [bold = shy]
analysis: {margin: 0.1}
YAML
}
fact() { python3 -c "import json, sys; facts = json.load(open(sys.argv[1])); print($2)" "$RIGOR_STUDIES/$1/report.json"; }
attempts() { "$rigor" query "$1" "select number, a.value->>'\$.call', a.value->>'\$.path' from run, json_each(resources, '\$.seal.attempts.first') a where arm = '${2:-bold}' order by number" | tail -n +2; }
trust() { local got; got=$(fact "$1" 'facts["trust"]'); [ "$got" = "$2" ] || fail "$1: the level is $got, not $2"; }

study neighbour ''
sed -i "s/bold-/nobody-/" train.sh # calm: nothing is tried
"$rigor" run neighbour.yaml --quiet -j 2 >out.txt 2>&1 || fail "neighbour: $(tail -n 5 out.txt)"
sed -i "s/nobody-/bold-/" train.sh
abi=$("$rigor" query neighbour "select body->>'\$.landlock' from event where kind = 'granted'" | tail -n 1)
if [ "$abi" = 0 ]; then
    trust neighbour scored
    say "skipped: this kernel has no Landlock"
    exit 77
fi
trust neighbour sealed
[ "$(fact neighbour '"tried" in facts["seal"]')" = False ] || fail "ordinary work counts as an attempt: $(attempts neighbour)"
grep -q 'sandbox of the trials | Landlock ABI' "$RIGOR_STUDIES/neighbour/report.md" || fail "the report does not say what was granted"
[ "$("$rigor" query neighbour "select count(*) from event where kind = 'granted'" | tail -n 1)" = 1 ] || fail "granted is told more than once"

study attacked ''
before=$(sha256sum own.csv "$RIGOR_STUDIES/neighbour/sealed/labels.npz")
"$rigor" run attacked.yaml --quiet -j 2 >out.txt 2>&1 || fail "attacked: $(tail -n 5 out.txt)"
[ "$before" = "$(sha256sum own.csv "$RIGOR_STUDIES/neighbour/sealed/labels.npz")" ] || fail "something was changed"
trust attacked sealed
for i in "${!attacks[@]}"; do
    out=$S/runs/evaluate/bold-$i/out
    [ -s "$out/leak/got" ] && fail "attack $i got something: ${attacks[i]}: $(head -c 100 "$out/leak/got" | tr -d '\0')"
    [ -s "$out/leak/said" ] || fail "attack $i was not refused: ${attacks[i]}"
done
[ "$(grep -c -- '->' "$S/runs/evaluate/bold-8/out/fds")" = 4 ] || fail "descriptors: $(cat "$S/runs/evaluate/bold-8/out/fds")"

attempts attacked >tried.txt
seen() { grep -qE "^$1	$2	$3\$" tried.txt || fail "attack $1 is not listed as $2 of $3: $(grep "^$1	" tried.txt)"; }
seen 0 openat "$S/sealed/labels.npz"
seen 1 'chdir|openat' "$S/sealed(/labels.npz)?"
seen 2 openat "$S/sealed/labels.npz"
seen 3 'link(at)?' "$S/sealed/labels.npz"
seen 4 openat "$S/sealed/labels.npz"
seen 5 openat ".*(sealed/labels.npz|own.csv)"
seen 7 openat "$S/sealed/labels.npz"
seen 9 openat "$S/(runs|predictions)/.*"
seen 10 openat "$work/own.csv"
seen 11 openat "$S/ledger.db"
seen 12 'rename.*' "$S/sealed"
seen 12 'unlink(at)?' "$S/sealed/labels.npz"
seen 13 openat "$RIGOR_STUDIES/neighbour/sealed/labels.npz"
seen 14 openat "$S/sealed/labels.npz"
[ -z "$(attempts attacked shy)" ] || fail "the shy one is accused: $(attempts attacked shy)"
[ "$(fact attacked 'len(facts["seal"]["tried"]) >= 10 and all(t["arm"] == "bold" for t in facts["seal"]["tried"])')" = True ] ||
    fail "the facts do not name the attempts"
[ "$(fact attacked '[c["status"] for c in facts["checks"] if c["name"] == "attempts on the seal"]')" = "['warn']" ] ||
    [ "$(fact attacked '[c["status"] for c in facts["checks"] if c["name"] == "attempts on the seal"]')" = "['fail']" ] || fail "no check of attempts"
grep -q 'sealed/labels.npz' "$S/report.html" || fail "the page does not name what was tried"
"$rigor" verify attacked >out.txt 2>&1 || fail "verify: $(cat out.txt)"

# What was tried does not depend on the number of workers, nor do the figures.
figures attacked >two.json
mv "$S" attacked-by-two # a study beside it would be one more thing to go after
"$rigor" run attacked.yaml --quiet -j 1 >out.txt 2>&1 || fail "attacked, one worker: $(tail -n 5 out.txt)"
cmp -s two.json <(figures attacked) || fail "the figures depend on the workers: $(diff <(tr ',' '\n' <two.json) <(figures attacked | tr ',' '\n') | head -n 6)"

# A hard link from before is a way that the kernel cannot know: the level says so.
ln own.csv copy.csv
study linked ''
"$rigor" run linked.yaml --quiet -j 2 >out.txt 2>&1 || fail "linked: $(tail -n 5 out.txt)"
trust linked scored
grep -q 'own.csv has 2 names' "$RIGOR_STUDIES/linked/report.md" || fail "linked: the report does not say why"
rm copy.csv

# A study inside of a trial: the kernel allows one who watches.  The inner trials run sealed, and
# each of them says that it was not watched.
cat >inner.yaml <<'YAML'
study: inner
metric: {name: score, goal: maximize}
trainer: {command: [/bin/echo, '@rigor {"val_score": 1, "test_score": 1}']}
base: {x: 1}
seeds: 1
YAML
cat >outer.sh <<SH
#!/bin/sh
RIGOR_STUDIES=\$RIGOR_OUT/studies "$rigor" run inner.yaml --exploratory --quiet -j 1 >\$RIGOR_OUT/log 2>&1 &&
    echo '@rigor {"val_score": 1, "test_score": 1}'
SH
chmod +x outer.sh
sed 's/study: inner/study: outer/; s#command: .*#command: ./outer.sh}#' inner.yaml >outer.yaml
expect 0 '' "$rigor" run outer.yaml --exploratory --quiet -j 1
noted=$(RIGOR_STUDIES=$RIGOR_STUDIES/outer/runs/evaluate/full-0/out/studies "$rigor" query inner \
    "select resources->>'\$.seal.sealed', resources->>'\$.notes' from run" 2>&1 | tail -n 1)
grep -q '1	.*could not be watched' <<<"$noted" || fail "inner: $noted: $(cat "$RIGOR_STUDIES/outer/runs/evaluate/full-0/out/log")"

# Without the sandbox the labels are there for the taking, and the level says that.
sed "s#$S#$RIGOR_STUDIES/open#" train.sh >open.sh
chmod +x open.sh
study open ', seal: false'
sed -i 's#/train.sh#/open.sh#' open.yaml
sed -i '/bold-12)/d' open.sh # it would take the labels away
"$rigor" run open.yaml --quiet -j 2 >out.txt 2>&1 || fail "open: $(tail -n 5 out.txt)"
trust open scored
[ -s "$RIGOR_STUDIES/open/runs/evaluate/bold-0/out/leak/got" ] || fail "without the seal the labels cannot be read: is this test worth anything?"
grep -q 'without a sandbox' "$RIGOR_STUDIES/open/report.md" || fail "open: the report does not say that there was no sandbox"
finish
