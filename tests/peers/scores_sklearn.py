#!/usr/bin/python3
"""The scores of what tool.scores prints, by scikit-learn and SciPy.

    tool.scores SEED CASES | scores_sklearn.py check     compares, exit code 1 when they differ
    tool.scores 1 30 | scores_sklearn.py record          writes tests/data/sklearn.json

Where scikit-learn refuses or answers otherwise, docs/data.md says what ours is; the functions
below do the same with its parts: classes and queries that say nothing are left out of means.
"""
import json
import math
import os
import sys
import warnings

import numpy as np
import scipy.stats
import sklearn
from sklearn import metrics

warnings.simplefilter("ignore")
TOLERANCE = 1e-9


def mean(values):
    return sum(values) / len(values) if values else math.nan


def probabilities(case):
    return np.array(case["value"]).reshape(-1, case["classes"])


def labels(case):
    return np.array(case["truth"], dtype=int)


def by_class(case, area, valid):
    """Of the second of two classes, the mean over those where it exists of more."""
    y, p = labels(case), probabilities(case)
    classes = [1] if case["classes"] == 2 else range(case["classes"])
    return mean([area(y == c, p[:, c]) for c in classes if valid(y == c)])


def roc_auc(case):
    y, p = labels(case), probabilities(case)
    ours = by_class(case, metrics.roc_auc_score, lambda of: 0 < sum(of) < len(of))
    if case["classes"] > 2 and len(set(y)) == case["classes"]:  # what it has a name for
        theirs = metrics.roc_auc_score(y, p, multi_class="ovr", average="macro")
        assert abs(theirs - ours) < 1e-12
    return ours


def brier(case):
    y, p = labels(case), probabilities(case)
    if case["classes"] == 2:
        return metrics.brier_score_loss(y, p[:, 1], pos_label=1)
    return ((p - np.eye(case["classes"])[y]) ** 2).sum(1).mean()


def log_loss(case):
    return metrics.log_loss(labels(case), probabilities(case), eps=1e-15,
                            labels=range(case["classes"]))


def predicted(function, **keywords):
    return lambda case: function(labels(case), probabilities(case).argmax(1), **keywords)


def numbers(function):
    return lambda case: function(np.array(case["truth"]), np.array(case["value"]))


def constant(values):
    return len(set(values)) < 2


def r2(case):
    return math.nan if constant(case["truth"]) else numbers(metrics.r2_score)(case)


def spearman(case):
    if constant(case["truth"]):
        return math.nan
    if constant(case["value"]):
        return 0  # SciPy has none
    return scipy.stats.spearmanr(case["truth"], case["value"]).correlation


def queries(case):
    """(relevances, scores) of each group with a relevant row."""
    value = np.array(case["value"])
    if case["classes"]:
        value = probabilities(case) @ np.arange(case["classes"])
    relevance, group = np.array(case["truth"], dtype=float), np.array(case["group"])
    for name in sorted(set(group)):
        own = relevance[group == name]
        if own.max() > 0:
            yield own, value[group == name]


def ndcg(case, k):
    return mean([metrics.ndcg_score([r], [s], k=k) if len(r) > 1 else 1.0
                 for r, s in queries(case)])


def hit(relevance, score, k):
    """The share of the choices of k best rows, ties in any order, that hold a relevant row."""
    cut = np.sort(score)[::-1][min(k, len(score)) - 1]
    above, tied = score > cut, score == cut
    if (relevance[above] > 0).any():
        return 1.0
    places = min(k, len(score)) - above.sum()
    misses = math.comb(int((tied & (relevance <= 0)).sum()), int(places))
    return 1 - misses / math.comb(int(tied.sum()), int(places))


def hit_rate(case, k):
    return mean([hit(r, s, k) for r, s in queries(case)])


def mean_average_precision(case):
    return mean([metrics.average_precision_score(r > 0, s) for r, s in queries(case)])


FUNCTIONS = {
    "accuracy": predicted(metrics.accuracy_score),
    "balanced_accuracy": predicted(metrics.balanced_accuracy_score),
    "f1": predicted(metrics.f1_score, pos_label=1),
    "macro_f1": predicted(metrics.f1_score, average="macro"),
    "roc_auc": roc_auc,
    "pr_auc": lambda case: by_class(case, metrics.average_precision_score, any),
    "nll": log_loss,
    "perplexity": lambda case: math.exp(log_loss(case)),
    "brier": brier,
    "rmse": numbers(lambda y, p: math.sqrt(metrics.mean_squared_error(y, p))),
    "mae": numbers(metrics.mean_absolute_error),
    "r2": r2,
    "spearman": spearman,
    "ndcg": ndcg,
    "hit_rate": hit_rate,
    "map": mean_average_precision,
}


def theirs(case, name):
    stem, _, k = name.partition("@")
    return float(FUNCTIONS[stem](case, int(k)) if k else FUNCTIONS[stem](case))


def record(cases):
    here = os.path.dirname(os.path.abspath(__file__))
    lines = []
    for case in cases:
        found = {name: theirs(case, name) for name in case["scores"] if name != "ece"}
        case["scores"] = {n: None if math.isnan(v) else v for n, v in found.items()}
        lines.append(json.dumps(case))
    with open(os.path.join(here, "..", "data", "sklearn.json"), "w", encoding="utf-8") as file:
        file.write('{"sklearn": "' + sklearn.__version__ + '", "cases": [\n'
                   + ",\n".join(lines) + "]}\n")


def check(cases):
    count, missing, worst, wrong = {}, {}, {}, 0
    for number, case in enumerate(cases):
        for name, ours in case["scores"].items():
            stem = name.partition("@")[0]
            if stem == "ece":  # scikit-learn has none
                continue
            their = theirs(case, name)
            ours = math.nan if ours is None else ours
            both_missing = math.isnan(their) and math.isnan(ours)
            error = 0 if both_missing else abs(their - ours) / max(1, abs(their))
            count[stem] = count.get(stem, 0) + 1
            missing[stem] = missing.get(stem, 0) + both_missing
            worst[stem] = max(worst.get(stem, 0), error)
            if not error <= TOLERANCE:
                wrong += 1
                print(f"case {number}, {name}: scikit-learn {their!r}, ours {ours!r}")
    for stem, n in count.items():
        print(f"{stem:18} {n:5} cases, {missing[stem]:4} without a score, "
              f"worst error {worst[stem]:8.2g}")
    silent = set(FUNCTIONS) - set(count)
    print(f"{sum(count.values())} comparisons with scikit-learn {sklearn.__version__}, "
          f"{wrong} differ" + (f"; never seen: {silent}" if silent else ""))
    sys.exit(wrong > 0 or bool(silent))


{"check": check, "record": record}[sys.argv[1]](map(json.loads, sys.stdin))
