#!/usr/bin/env bash
# verify proves an untouched study and fails when a row, an event, a file or the report is altered.
. "$(dirname "$0")/support.sh"
command -v sqlite3 >/dev/null || { say "sqlite3 is not installed"; exit 1; }
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
    rm -rf "$study"
    cp -r "$work/kept" "$study"
}

drop="select group_concat('drop trigger ' || name, ';') from sqlite_master where type = 'trigger'"
sql() { sqlite3 "$study/ledger.db" "$(sqlite3 "$study/ledger.db" "$drop"); $1"; }

# Every column of every table, in its first row that has a value there.
for table in study arm trial run metric prediction_set event; do
    for column in $(sqlite3 "$study/ledger.db" "select name from pragma_table_info('$table')"); do
        has=$(sqlite3 "$study/ledger.db" "select count(*) from $table where \"$column\" is not null")
        [ "$has" = 0 ] && continue
        altered "$table.$column" sql "update or ignore $table set \"$column\" = case typeof(\"$column\")
            when 'text' then char((unicode(\"$column\") + 1) % 127 + 1) || substr(\"$column\", 2)
            when 'integer' then \"$column\" + 77 when 'real' then \"$column\" * 1.000000001 + 1e-12
            else x'00' end
            where rowid = (select max(rowid) from $table where \"$column\" is not null)"
    done
done
altered "a deleted run" sql "delete from run where rowid = (select max(rowid) from run)"
altered "a deleted event" sql "delete from event where seq = (select max(seq) from event)"
flip() { python3 - "$1" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[1], "wb").write(data)
PY
}
altered "the training part" flip "$study/data/train.npz"
altered "the sealed labels" flip "$study/sealed/labels.npz"
altered "predictions" flip "$(ls "$study"/predictions/* | head -n 1)"
number() { sed -i '0,/"mean": 0\.9/s//"mean": 0.8/' "$study/report.json"; }
altered "a figure of report.json" number
expect 0 'pass' "$rigor" verify tamper
finish
