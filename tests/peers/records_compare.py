#!/usr/bin/python3
"""Compares two folders of records, number by number: RECORDED AGAIN FILE=TOLERANCE ...

Numbers of a list agree within the tolerance times the largest of them (or 1).  PyTorch's version
is not compared.  Prints how many numbers a file has and the largest difference."""
import json
import os
import sys


def difference(where, ours, theirs):
    """How many numbers, and the largest difference in units of the largest number."""
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), f"{where}: {ours.keys() ^ theirs.keys()}"
        found = [difference(f"{where}.{k}", v, theirs[k]) for k, v in ours.items() if k != "torch"]
    elif isinstance(ours, list) and ours and isinstance(ours[0], float):
        assert len(ours) == len(theirs), f"{where}: {len(ours)} and {len(theirs)} numbers"
        scale = max(1.0, max(abs(v) for v in ours))
        worst = max(abs(a - b) for a, b in zip(ours, theirs)) / scale
        return len(ours), worst, where
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), f"{where}: {len(ours)} and {len(theirs)} entries"
        found = [difference(f"{where}[{i}]", *pair) for i, pair in enumerate(zip(ours, theirs))]
    else:
        assert ours == theirs, f"{where}: {ours} and {theirs}"
        found = []
    worst = max(found, key=lambda f: f[1], default=(0, 0.0, where))
    return sum(f[0] for f in found), worst[1], worst[2]


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)


def main():
    recorded, again, *files = sys.argv[1:]
    failed = False
    for name, tolerance in (f.split("=") for f in files):
        count, worst, where = difference(name, read(recorded, name), read(again, name))
        print(f"{name}: {count} numbers, largest difference {worst:.2g} ({where})")
        failed |= not worst <= float(tolerance) or count == 0
    sys.exit(failed)


main()
