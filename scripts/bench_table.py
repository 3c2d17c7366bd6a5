#!/usr/bin/env python3
"""The rows of README's table that `make bench` measures, from build/bench.json.

  scripts/bench_table.py [BENCH.json]            prints them
  scripts/bench_table.py [BENCH.json] --write    puts them into README.md, each in place of the
                                                 row that begins with the same words
Exit code 1: a workload of the table is not in the file (it was not run), or README has no such row;
2: there is no such file.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNIT_US = {"µs": 1, "ms": 1e3, "s": 1e6}

# What README calls it, the workload in bench.json, the unit of its time, or None, and whether to say
# how many there are in a second.
ROWS = [
    ("training step, MLP 64-64-64-10, batch 32, AdamW", "MLP 64-64-64-10, batch 32", "µs", False),
    ("training step, MLP 64-128-128-10, batch 64", "MLP 64-128-128-10, batch 64", "µs", False),
    ("training step, MLP 784-256-256-10, batch 128", "MLP 784-256-256-10, batch 128", "µs", False),
    ("training step, convolutions of 16 and 32 channels on 28×28, batch 64",
     "conv net 16-32 channels 28x28, batch 64", "ms", False),
    ("training step, GPT with 4 layers, 128 wide, 64 tokens, batch 12",
     "GPT 4 layers, 128 wide, T 64, batch 12", "ms", False),
    ("the same with products of bf16 (peer: autocast)", "GPT 4 layers, bf16 products", "ms", False),
    ("training step, GPT-2 with 124 M parameters, 4 × 64 tokens", "GPT-2 124M, B 4 x T 64", "s", False),
    ("from the first node to the plan: a training step of a transformer of 12 layers",
     "graph, gradients and plan of a transformer of 12 layers", "ms", False),
    ("40 epochs of the digits' MLP, loop and validation included",
     "training: 40 epochs of 17 steps, MLP 64-64-64-10", "ms", False),
    ("TPE, a suggestion after 10,000 trials, 8 dimensions",
     "TPE suggestion, 8 dimensions, 10000 trials", "ms", False),
    ("stratified bootstrap of the interquartile mean, 30 tasks × 10 runs, 50,000 resamples, one core",
     "IQM, 30 tasks x 10 runs, 50,000 resamples", "s", False),
    ("ledger, durable metric rows a second, 160 a transaction",
     "ledger: write a row, 160 a transaction", None, True),
    ("a trial of a program that ends at once, sealed, all records kept, two launchers",
     "launch: a trial of a program that ends at once", "ms", True),
    ("a metric row that a program prints, durable, end to end",
     "launch: a row of a program that prints 20000", "µs", True),
]


def number(value):
    """Two digits below 100, three above: 0.57, 8.0, 62, 1,630."""
    digits = 3 if value >= 100 else 2
    rounded = float(f"{value:.{digits}g}")
    if rounded >= 10:
        return f"{rounded:,.0f}"
    decimals = 1
    while rounded and rounded * 10 ** decimals < 10:
        decimals += 1
    return f"{rounded:.{decimals}f}"


def told(us, unit, rate):
    a_second = number(1e6 / us)
    if not unit:
        return a_second
    return f"{number(us / UNIT_US[unit])} {unit}" + (f" ({a_second} a second)" if rate else "")


def peer_name(who):
    """PyTorch 1.13.1 eager, 1 thread -> PyTorch 1.13"""
    name, version = who.split()[:2]
    return f"{name} {'.'.join(version.split('.')[:2])}"


def row(title, found, form, above):
    """form: unit and rate; above: the peer that the rows before this one named."""
    peer, ratio = "", ""
    if found["peer"]:
        name = peer_name(found["peer"])
        peer = ("" if name == above else f"{name}: ") + told(found["peer_us"], *form)
        ratio = number(found["ratio"])
        above = name
    cells = [title, told(found["ours_us"], *form), peer, ratio, "`make bench`"]
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells), above


def rows(bench):
    """[(title, row or None)]"""
    found = {entry["workload"]: entry for entry in bench}
    ret, above = [], None
    for title, workload, *form in ROWS:
        text = None
        if workload in found:
            text, above = row(title, found[workload], form, above)
        ret.append((title, text))
    return ret


def write(readme, made):
    """The titles that README has no row for."""
    lines = readme.read_text().splitlines()
    absent = []
    for title, text in made:
        at = [i for i, line in enumerate(lines) if line.startswith(f"| {title} |")]
        if len(at) != 1:
            absent.append(title)
        elif text:
            lines[at[0]] = text
    readme.write_text("\n".join(lines) + "\n")
    return absent


def main(arguments):
    paths = [a for a in arguments if a != "--write"]
    path = pathlib.Path(paths[0] if paths else ROOT / "build/bench.json")
    if not path.is_file():
        print(f"bench_table: there is no {path}: `make bench` writes build/bench.json", file=sys.stderr)
        return 2
    bench = json.loads(path.read_text())
    made = rows(bench)
    wrong = [f"not measured: {title}" for title, text in made if not text]
    if "--write" in arguments:
        readme = pathlib.Path(paths[1]) if len(paths) > 1 else ROOT / "README.md"
        wrong += [f"not in {readme.name}: {title}" for title in write(readme, made)]
    else:
        print("\n".join(text for _, text in made if text))
    for line in wrong:
        print(f"bench_table: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
