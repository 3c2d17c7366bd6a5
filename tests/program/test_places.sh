#!/usr/bin/env bash
# Nothing is written outside of the study's folder, whatever the study's names and paths are and
# whatever a program plants in its own folder: a listing of all that lies around (name, kind, size,
# time, hash) is the same before and after.
. "$(dirname "$0")/support.sh"
mkdir -p "$work/around/deep/home" "$work/around/deep/tmp" "$work/around/deep/study"
cd "$work/around/deep/study" || exit 1
export HOME=$work/around/deep/home TMPDIR=$work/around/deep/tmp XDG_CACHE_HOME=$work/around/deep/home/.cache
export RIGOR_STUDIES=$work/studies
mkdir -p "$work/studies"
victim=$work/around/victim
echo precious >"$victim"
echo precious >"$work/studies/beside"
awk 'BEGIN { srand(1); print "a,y"; for (i = 0; i < 200; i++) print rand() + i % 2 "," i % 2 }' >own.csv
cp own.csv "$work/around/up.csv"
cat >train.sh <<'SH'
#!/bin/sh
awk -F, 'NR == 1 { print "id,label" } NR > 1 { print $1 "," ($2 > 1 ? 1 : 0) }' "$RIGOR_TEST_INPUTS" >"$RIGOR_OUT/predictions.csv"
echo '@rigor {"val_accuracy": 0.5}'
SH
chmod +x train.sh
study() { # NAME ARM DATA
    cat <<YAML
study: $1
data: {name: $3, target: y}
metric: accuracy
trainer: {command: ./train.sh, data: csv}
base: {noise: 0.1}
arms: {full: {}, $2: {noise: 3}}
seeds: 6
YAML
}
# The folder for temporary files may have been used, but is to be as empty as before.
list() { find "$work/around" "$work/studies" -path "$work/studies/[a-z]*/*" -prune -o -path "$TMPDIR" -printf '%p %y\n' -o -printf '%p %y %s %T@ %l\n' | sort; find "$work/around" -type f -exec sha256sum {} + | sort; }
unchanged() { # WHAT: nothing but studies (and our own study files, made before) has come or changed
    list >"$work/after"
    local difference
    difference=$(diff <(grep -v "^$work/studies" "$work/before") <(grep -v "^$work/studies" "$work/after")) || fail "$1: outside of the studies: $difference"
    [ "$(cat "$work/studies/beside")" = precious ] || fail "$1: a file beside the study was changed"
}
begin() { list >"$work/before"; }

# Names that are no names are refused, and leave nothing.
for name in ../../x /tmp/x .. . a/b .hidden 'x\ny' '' -x 'a b'; do
    study "\"$name\"" other own.csv >s.yaml
    study named "\"$name\"" own.csv >t.yaml
    study fine other own.csv >u.yaml
    begin
    expect 2 'rigor: ' "$rigor" run s.yaml --quiet
    expect 2 'rigor: ' "$rigor" run t.yaml --quiet
    expect 2 'rigor: ' "$rigor" run u.yaml "study=$name" --quiet
    expect 2 'rigor: ' "$rigor" run u.yaml "+arms.$name={}" --quiet
    unchanged "the name '$name'"
    for command in show status verify report; do
        "$rigor" $command "$name" >/dev/null 2>&1 && fail "$command '$name' works"
    done
    unchanged "asking for '$name'"
    [ "$(ls -A "$work/studies")" = beside ] || fail "the name '$name' made: $(ls -A "$work/studies")"
done

# Data from elsewhere is read, and nothing is written beside it.
for data in own.csv ../../up.csv "$work/around/up.csv" ./../study/own.csv; do
    study data other "$data" >s.yaml
    begin
    expect 0 '' "$rigor" run s.yaml --fresh --quiet
    unchanged "the data $data"
done

# What a program plants in its folder leads nowhere; a program that is started again finds it empty.
plants=(
    'ln -sf $V $RIGOR_OUT/predictions.npz'
    'ln -sf $V $RIGOR_REPORT'
    'rm $RIGOR_OUT/predictions.csv; ln -s $S/ledger.db $RIGOR_OUT/predictions.csv'
    'rm $RIGOR_OUT/predictions.csv; ln -s ../stderr.log $RIGOR_OUT/predictions.csv'
    'echo "@rigor {\"predictions\": \"../../../../../../around/victim\"}"'
    'echo "@rigor {\"predictions\": \"$V\"}"'
    'echo "@rigor {\"checkpoint\": \"../../../../../around/victim\"}"; kill -9 $$'
    'ln -s $V $RIGOR_OUT/stdout.log; ln -s $S $RIGOR_OUT/up; echo x >$RIGOR_OUT/up/x; kill -9 $$'
    'ln -sf $V $RIGOR_OUT/../stdout.log.1; ln -sf $V ../stderr.log; mv $RIGOR_OUT $RIGOR_OUT.x; rm -rf $TMPDIR; ln -s $V $TMPDIR'
    'ln -s $V $RIGOR_CONFIG; rm -f $RIGOR_CONFIG; ln -s $V $RIGOR_CONFIG; mkfifo $RIGOR_OUT/x; kill -9 $$'
    'echo x >$V; echo x >>$S/ledger.db; echo x >$S/../beside; echo x >/tmp/rigor-planted; cd $RIGOR_OUT; : >"../../../../../x"'
    'yes x | head -c 300000; ln -s $V ../stdout.log.1; yes x | head -c 300000'
)
{ cat train.sh
  echo "S=$work/studies/planted V=$victim"
  echo 'case $RIGOR_ARM-$RIGOR_TRIAL in'
  for i in "${!plants[@]}"; do
      # Twice at most is a program killed from outside here.
      echo "full-$i) [ ! -e \$TMPDIR/../resume.json ] && [ -n \"\$RIGOR_RESUME\" ] || { ${plants[i]} ; } 2>/dev/null ;;"
  done
  echo 'esac; exit 0'; } >plant.sh
chmod +x plant.sh
study planted other own.csv | sed "s/train.sh/plant.sh/; s/data: csv/data: csv, limits: {log: 200KB}/; s/seeds: 6/seeds: ${#plants[@]}/" >p.yaml
begin
"$rigor" run p.yaml --quiet -j 2 >"$work/out.txt" 2>&1 || fail "planted: $(tail -n 5 "$work/out.txt")"
unchanged "planted links"
[ ! -e /tmp/rigor-planted ] || fail "/tmp can be written"
expect 0 'pass' "$rigor" verify planted
ask() { "$rigor" query planted "$1" | tail -n +2; }
[ "$(ask "select count(*) from run where arm = 'other' and failed")" = 0 ] || fail "others failed"
[ "$(ask "select group_concat(number) from (select number from run where arm = 'full' and failed and reason like '%not in its own folder%' order by number)")" = "0,2,4,5" ] ||
    fail "which predictions lie elsewhere: $(ask "select number, reason from run where failed")"
for kind in db-journal tmp; do
    [ -z "$(find "$work/studies" -name "*.$kind")" ] || fail "left: $(find "$work/studies" -name "*.$kind")"
done
[ -z "$(ls -A "$TMPDIR")" ] || fail "left in TMPDIR: $(ls -A "$TMPDIR")"
finish
