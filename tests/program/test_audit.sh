#!/usr/bin/env bash
# rigor audit: clean data, planted faults, files for parts, folds, studies; splits by group and time,
# balanced training and the recorded audit in whole studies.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1

# Tables: visits of patients; the same with the outcome told by a column.
python3 - <<'PY'
import random
random.seed(5)
def table(name, leak=False, rows=300):
    with open(name, "w") as out:
        out.write("patient,visit,a,b,%soutcome\n" % ("leak," if leak else ""))
        for i in range(rows):
            y = random.random() < .3
            cells = ["p%d" % (i // 4), "2024-%02d-%02d" % (1 + i // 28 % 12, 1 + i % 28)]
            cells += ["%.5f" % random.gauss(y, 1), "%.5f" % random.gauss(0, 1)]
            if leak: cells.append("%.3f" % (y + random.random() / 3))
            out.write(",".join(cells + ["ill" if y else "well"]) + "\n")
table("clean.csv"); table("leaky.csv", True); table("other.csv", rows=80)
with open("numbers.csv", "w") as out:
    out.write("a,b,y\n")
    for i in range(120): out.write("%.4f,%.4f,%.4f\n" % tuple(random.random() for _ in range(3)))
for name, rows in (("train.txt", range(0, 202)), ("test.txt", range(202, 300))):
    with open(name, "w") as out: out.write("".join("%d\n" % r for r in rows))
PY

expect 0 '0 dangers, 0 warnings' "$rigor" audit digits --quick
expect 1 "'leak' alone tells the target" "$rigor" audit leaky.csv --group patient
expect 1 'DANGER +leakage' "$rigor" audit leaky.csv
expect 0 "groups: [0-9]+ values of 'patient'" "$rigor" audit clean.csv
expect 0 '^0 dangers' "$rigor" audit clean.csv --group patient
expect 0 '0 dangers' "$rigor" audit clean.csv --time visit
expect 0 '^0 dangers' "$rigor" audit clean.csv --time visit --group patient
expect 0 'fold 4 of 4' "$rigor" audit clean.csv --group patient --folds 4
# Two thirds are one patient: in fold 2 nobody is left to validate on, and that is said before fold 1.
{ echo patient,when,a,y; for i in $(seq 0 59); do echo "$((i < 20 ? i : -1)),$i,$((i * 7 % 11)),$((i % 2))"; done; } >few.csv
"$rigor" audit few.csv --group patient --time when --folds 3 >few.txt 2>&1
[ $? = 2 ] && grep -q 'part val of the 60 rows would be empty in fold 2 of 3 (.*in no part' few.txt && ! grep -q '^fold' few.txt ||
    fail "a fold that is empty: $(cat few.txt)"
expect 1 "1 value of 'patient' is in train and in test" "$rigor" audit clean.csv --group patient \
    --train train.txt --test test.txt
expect 0 '162 to train, 40 to validate, 98 to test' "$rigor" audit clean.csv --train train.txt \
    --test test.txt --split .8,.2,0
expect 0 'clean.csv and other.csv: 380 rows' "$rigor" audit --train clean.csv --test other.csv
sed 's/ill$/ILL/' other.csv >spelled.csv
expect 1 'no row in train' "$rigor" audit --train clean.csv --test spelled.csv

# The same bytes twice, and what the JSON holds.
"$rigor" audit leaky.csv --json >one.json 2>/dev/null
"$rigor" audit leaky.csv --json >two.json 2>/dev/null
cmp one.json two.json || fail "two audits of one table differ"
python3 - <<'PY' || fail "the findings as JSON"
import json
a = json.load(open("one.json"))
assert a["format"] == "rigor-audit/1" and a["data"]["rows"] == 300, a
order = ["danger", "warning", "note"]
assert [f["severity"] for f in a["findings"]] == sorted((f["severity"] for f in a["findings"]), key=order.index)
leak = [f for f in a["findings"] if f["check"] == "leakage"]
assert len(leak) == 1 and leak[0]["where"] == "leak" and leak[0]["evidence"]["value"] > .99, leak
assert all(f["what"] and f["remedy"] for f in a["findings"])
PY
"$rigor" audit clean.csv --folds 3 --group patient --json | python3 -c '
import json, sys
folds = json.load(sys.stdin)
assert len(folds) == 3 and sum(f["split"]["test"] for f in folds) == 300, folds' || fail "folds as JSON"

expect 2 'nothing to audit' "$rigor" audit
expect 2 "did you mean 'patient'" "$rigor" audit clean.csv --group patien
expect 2 'no such file' "$rigor" audit absent.csv
expect 2 'three numbers' "$rigor" audit clean.csv --split .5,.5
expect 2 'sum to 1.1' "$rigor" audit clean.csv --split .6,.3,.2
expect 2 'is missing' "$rigor" audit clean.csv --train train.txt
expect 2 'cannot be 1' "$rigor" audit clean.csv --folds 1
expect 2 'columns where clean.csv has' "$rigor" audit --train clean.csv --test leaky.csv
expect 2 'one data set too many' "$rigor" audit clean.csv leaky.csv

# A study is audited as it cuts; its mistakes are placed.
study() { # FILE NAME DATA [METRIC]
    cat >"$1" <<YAML
study: $2
data: $3
metric: ${4:-accuracy}
base: {model: {name: linear}, train: {epochs: 2}}
arms: {full: {}, slow: {train.lr: 1e-4}}
seeds: 5
claims: [full > slow]
YAML
}
study leaky.yaml leaky '{name: leaky.csv, split: {train: .6, val: .2, test: .2, group: patient}}'
expect 1 "'leak' alone" "$rigor" audit leaky.yaml --quick
expect 2 'says so itself' "$rigor" audit leaky.yaml --group patient
expect 2 "unknown key 'grup'" "$rigor" audit leaky.yaml +data.split.grup=patient
expect 0 "warning: data: 'leak' alone" "$rigor" check leaky.yaml +data.split.keep=false \
    data.split.group=patient data.name=leaky.csv +data.scale=none 2>/dev/null
study group.yaml group '{name: clean.csv, split: {train: .6, val: .2, test: .2, group: patient}, balance: smote}'
sed -i 's/name: clean.csv/name: clean2.csv/' group.yaml
cut -d, -f1,3- clean.csv >clean2.csv
expect 0 '' "$rigor" run group.yaml -q -j 2
expect 0 'pass' "$rigor" verify group
python3 - "$RIGOR_STUDIES/group" <<'PY' || fail "the parts of a grouped and balanced study"
import io, re, struct, sys, zipfile
def arrays(name): # {array: (shape, values)} of an .npz file
    result = {}
    with zipfile.ZipFile(f"{sys.argv[1]}/data/{name}.npz") as z:
        for entry in z.namelist():
            raw = z.read(entry)
            head = raw[10:10 + struct.unpack("<H", raw[8:10])[0]].decode()
            shape = [int(n) for n in re.findall(r"\d+", re.search(r"shape.*\((.*?)\)", head)[1])]
            kind = {"f4": "f", "i4": "i", "i8": "q"}[re.search(r"<(\w\w)", head)[1]]
            body = raw[10 + len(head):]
            result[entry[:-4]] = shape, struct.unpack(f"<{len(body) // struct.calcsize(kind)}{kind}", body)
    return result
part = {n: arrays(n) for n in ("train", "val", "test_inputs")}
ids = {n: set(i // 4 for i in p["id"][1] if i >= 0) for n, p in part.items()}
assert not (ids["train"] & ids["val"] or ids["train"] & ids["test_inputs"] or ids["val"] & ids["test_inputs"])
y = part["train"]["y"][1]
assert y.count(0) == y.count(1) and part["train"]["id"][1].count(-1) > 20, y
assert part["train"]["x"][0][1] == 2 and min(part["val"]["id"][1]) >= 0, part["train"]["x"][0]
PY
"$rigor" report group --format json | python3 -c '
import json, sys
check = [c for c in json.load(sys.stdin)["checks"] if c["name"] == "data audit"]
assert len(check) == 1 and check[0]["status"] == "pass", check' || fail "the report's check"
expect 0 'audit' "$rigor" query group "select kind from event where kind = 'audit'"

study weighed.yaml weighed '{name: clean2.csv, split: {train: .6, val: .2, test: .2, group: patient}, balance: weights}'
expect 0 '' "$rigor" run weighed.yaml -q -j 1
expect 0 'pass' "$rigor" verify weighed
a=$(figures weighed | python3 -c 'import json, sys; print(json.load(sys.stdin)["arms"][0]["metrics"])')
study plain.yaml plain '{name: clean2.csv, split: {train: .6, val: .2, test: .2, group: patient}}'
expect 0 '' "$rigor" run plain.yaml -q -j 1
b=$(figures plain | python3 -c 'import json, sys; print(json.load(sys.stdin)["arms"][0]["metrics"])')
[ "$a" != "$b" ] || fail "weights change nothing: $a"

study time.yaml time '{name: clean.csv, split: {train: .6, val: .2, test: .2, time: visit, group: patient}}'
expect 0 '' "$rigor" run time.yaml -q
study leaked.yaml leaked '{name: leaky.csv, split: {train: .6, val: .2, test: .2, group: patient}, target: outcome}'
cut -d, -f1,3- leaky.csv >leaky2.csv
sed -i 's/leaky.csv/leaky2.csv/' leaked.yaml
expect 0 '' "$rigor" run leaked.yaml -q
"$rigor" report leaked --format json | python3 -c '
import json, sys
check = [c for c in json.load(sys.stdin)["checks"] if c["name"] == "data audit"][0]
assert check["status"] == "fail" and "leak" in check["detail"], check' || fail "a danger on the report"
study regress.yaml regress '{name: numbers.csv, balance: smote}' rmse
expect 2 'no classes to balance' "$rigor" check regress.yaml
finish
