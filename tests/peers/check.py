"""check.py - evaluates what tool.stats prints (see tool_stats.c) and compares."""
import math
import sys
import warnings

import numpy as np
import scipy
from scipy import integrate, special, stats

warnings.simplefilter("ignore")
np.seterr(all="ignore")
KNOWN = {"np": np, "integrate": integrate, "special": special, "stats": stats, "math": math}


def numbers(field):
    return np.array([float.fromhex(word) for word in field.split()])


def relative_error(theirs, ours):
    if theirs == ours or math.isnan(theirs) and math.isnan(ours):
        return 0
    error = abs(theirs - ours) / max(abs(theirs), 1e-250)
    return math.inf if math.isnan(error) else error


class Function:
    def __init__(self, name, tolerance, why, results, expression):
        self.name, self.tolerance, self.why = name, float(tolerance), why
        self.results = results
        self.expression = compile(expression, name, "eval")
        self.cases = self.compared = self.wrong = self.worst = 0

    def theirs(self, inputs, count):
        try:
            return [float(v) for v in np.ravel(eval(self.expression, {**KNOWN, **inputs}))]
        except Exception:  # the peer refuses: the number does not exist
            return [math.nan] * count

    def case(self, number, *fields):
        x, y, *scalars, ours = map(numbers, fields)
        names = dict(zip("abcd", (float(s[0]) for s in scalars)), x=x, y=y)
        theirs = self.theirs(names, len(ours))
        errors = [relative_error(t, o) for t, o in zip(theirs, ours)]
        if len(theirs) != len(ours):
            errors = [math.inf]
        self.cases += 1
        self.compared += len(errors)
        self.worst = max(self.worst, *errors)
        if max(errors) > self.tolerance:
            self.wrong += 1
            if self.wrong <= 3:
                print(f"{self.name}, case {number} ({self.results}):\n"
                      f"  SciPy {theirs}\n  ours  {list(ours)}")

    def say(self):
        print(f"{self.name:28} {self.cases:5} cases, worst relative error {self.worst:8.2g} of "
              f"{self.tolerance:g}" + (f": {self.why}" if self.why else "")
              + (f"  {self.wrong} DIFFER" if self.wrong else ""))


done = []
for line in sys.stdin:
    kind, *fields = line.rstrip("\n").split("\t")
    if kind == "function":
        done.append(Function(*fields))
    else:
        done[-1].case(*fields)
for f in done:
    f.say()
wrong = sum(f.wrong for f in done)
print(f"{len(done)} functions, {sum(f.compared for f in done)} comparisons with SciPy "
      f"{scipy.__version__}, {wrong} cases differ")
sys.exit(wrong > 0)
