#!/usr/bin/env bash
# scripts/bench_table.py: README's rows are made from what a benchmark left, and only from that; its
# workloads are those of bench/, its titles those of README.
. "$(dirname "$0")/support.sh"
cd "$work" || exit 1
table() { PYTHONDONTWRITEBYTECODE=1 python3 "$root/scripts/bench_table.py" "$@"; }
python3 - "$root" <<'PY' || fail "a workload that no benchmark has"
import importlib.util, json, pathlib, sys
sys.dont_write_bytecode = True
root = pathlib.Path(sys.argv[1])
spec = importlib.util.spec_from_file_location("table", root / "scripts/bench_table.py")
table = importlib.util.module_from_spec(spec)
spec.loader.exec_module(table)
sources = "".join(p.read_text() for p in root.glob("bench/*/ours.c"))
parts = lambda name: (name.removeprefix("ledger: ").replace("10000 trials", "%zu trials")
                      .removesuffix(" of a transformer of 12 layers"))
absent = [w for _, w, *_ in table.ROWS if parts(w) not in sources]
assert not absent, absent
peers = {0: "PyTorch 1.13.1 eager, 1 thread, foreach=True", 1: "PyTorch 1.13.1 eager, 1 thread, foreach=False",
         9: "Optuna 3.1.0"}
bench = [{"workload": w, "ours_us": 1234.5, "peer": peers.get(i), "peer_us": 98765.4 if i in peers else None,
          "ratio": 98765.4 / 1234.5 if i in peers else None} for i, (_, w, *_) in enumerate(table.ROWS)]
json.dump(bench, open("bench.json", "w"))
json.dump(bench[1:], open("less.json", "w"))
numbers = {0.5678: "0.57", 0.0703: "0.070", 8.04: "8.0", 9.96: "10", 62.4: "62", 99.7: "100", 1634: "1,630", 257123: "257,000"}
for value, text in numbers.items():
    assert table.number(value) == text, (value, table.number(value))
PY
table bench.json >rows.md || fail "the rows of a whole benchmark: exit code $?"
expect 0 '^. training step, MLP 64-64-64-10, batch 32, AdamW . 1,230 µs . PyTorch 1\.13: 98,800 µs . 80 . `make bench` .$' cat rows.md
expect 0 '^. training step, MLP 64-128-128-10, batch 64 . 1,230 µs . 98,800 µs . 80 .' cat rows.md
expect 0 '^. TPE, .* . 1\.2 ms . Optuna 3\.1: 99 ms . 80 .' cat rows.md
expect 0 '^. ledger, .* . 810 . . . `make bench` .$' cat rows.md
expect 0 '^. a trial of .* . 1\.2 ms \(810 a second\) . . . `make bench` .$' cat rows.md
# Into README: the same rows, all else untouched.
cp "$root/README.md" README.md
table bench.json README.md --write || fail "README lacks a row of the table"
grep -Fxf rows.md README.md | cmp - rows.md || fail "other rows than were printed"
diff "$root/README.md" README.md | grep '^[<>]' | grep -vF '`make bench`' && fail "more than the rows changed"
# What was not measured keeps its row, and is told.
cp "$root/README.md" README.md
expect 1 'not measured: training step, MLP 64-64-64-10' table less.json README.md --write
head -n 200 README.md | grep -F '| training step, MLP 64-64-64-10, batch 32, AdamW |' | cmp - \
    <(grep -F '| training step, MLP 64-64-64-10, batch 32, AdamW |' "$root/README.md") || fail "a row of nothing"
grep -v 'TPE, a suggestion' "$root/README.md" >README.md
expect 1 'not in README\.md: TPE, a suggestion' table bench.json README.md --write
finish
