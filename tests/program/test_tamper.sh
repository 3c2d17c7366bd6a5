#!/usr/bin/env bash
# verify proves an untouched study and fails when a row, an event, a file or the report is altered.
. "$(dirname "$0")/support.sh"
write_study "$work/tamper.yaml" tamper
"$rigor" run "$work/tamper.yaml" --quiet >/dev/null || fail "run"
study=$RIGOR_STUDIES/tamper
cp -r "$study" "$work/kept"
expect 0 'pass' "$rigor" verify tamper

altered() { # what it is called, then a command that alters it
    local name=$1
    shift
    "$@" || fail "$name: could not be altered"
    "$rigor" verify tamper >"$work/out.txt" 2>&1
    local code=$?
    [ $code = 1 ] || [ $code = 2 ] || fail "$name was altered and verify ended with $code: $(cat "$work/out.txt")"
    say "$name: $(grep -m1 -E 'FAIL|rigor:' "$work/out.txt" | cut -c 1-150)"
    cp -r "$work/kept/." "$study"
}

# One byte of one cell, for every column of every table; then whole rows.
alter() { python3 "$here/alter.py" "$study/ledger.db" "$@"; }
count=0
mkdir "$work/each"
python3 "$here/alter.py" "$work/kept/ledger.db" each "$work/each" >"$work/each.txt" || fail "each column"
while read -r table column ledger; do
    altered "$table.$column" mv "$ledger" "$study/ledger.db"
    count=$((count + 1))
done <"$work/each.txt"
[ $count -gt 30 ] || fail "only $count columns were altered"
altered "a deleted run" alter delete run
altered "a deleted event" alter delete event
altered "a deleted metric row" alter delete metric
flip() { python3 - "$1" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[1], "wb").write(data)
PY
}
unguard() { python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("drop trigger event_append")' "$1"; }
altered "a trigger that is gone" unguard "$study/ledger.db"
altered "the training part" flip "$study/data/train.npz"
altered "the sealed labels" flip "$study/sealed/labels.npz"
altered "predictions" flip "$(ls "$study"/predictions/* | head -n 1)"
number() { sed -i '0,/"mean": 0\.9/s//"mean": 0.8/' "$study/report.json"; }
altered "a figure of report.json" number
expect 0 'pass' "$rigor" verify tamper
finish
