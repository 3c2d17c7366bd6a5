#!/usr/bin/python3
"""Optuna's side of ours.c: the same workloads, the same two modes.

    peer.py                              microseconds a suggestion, as JSON lines
    peer.py regret SAMPLER SEEDS FOLDER  "WORKLOAD/TRIALS REGRET" lines

The sampler is Optuna's multivariate TPE with its defaults otherwise.  Dimensions of the tables
with an order are given to it as integers, which is better for it than categories on these tables
(--categorical shows the other).
"""
import argparse
import json
import math
import os
import statistics
import sys
import time
import warnings

import numpy as np
import optuna
from optuna.distributions import (CategoricalDistribution, FloatDistribution, IntDistribution)

BUDGETS = [30, 50, 100]
TABLES = {  # prefix: names, dimensions without an order, sign
    "hpobench": (["australian", "car", "phoneme", "vehicle"], set(), -1),
    "hpolib": (["naval_propulsion", "parkinsons_telemonitoring"], {0, 1, 6}, 1),
    "nasbench201": (["cifar10"], {0, 1, 2, 3, 4, 5}, -1),
}


def make_sampler(name, seed):
    makers = {
        "tpe": lambda: optuna.samplers.TPESampler(multivariate=True, seed=seed),
        "random": lambda: optuna.samplers.RandomSampler(seed=seed),
    }
    return makers[name]()


class Table:
    """observe() returns a loss and the regret of a study that keeps this observation."""

    def __init__(self, path, unordered, sign, categorical):
        with np.load(path) as file:
            self.values = sign * np.asarray(file["values"], dtype=float)
            self.sizes = [int(size) for size in file["sizes"]]
        self.truth = np.nanmean(self.values, axis=1)
        self.best = np.nanmin(self.truth)
        self.median = np.nanmedian(self.truth)
        self.space = {
            f"d{i}": (CategoricalDistribution(list(range(size)))
                      if categorical or i in unordered else IntDistribution(0, size - 1))
            for i, size in enumerate(self.sizes)}

    def observe(self, point, random):
        row = np.ravel_multi_index(point, self.sizes)
        seen = self.values[row][~np.isnan(self.values[row])]
        regret = (self.truth[row] - self.best) / (self.median - self.best)
        return (seen[random.integers(len(seen))] if len(seen) else math.inf), regret


class Function:
    def __init__(self, dims, value):
        self.value = value
        self.space = {f"d{i}": FloatDistribution(0, 1) for i in range(dims)}

    def observe(self, point, random):
        loss = self.value(np.asarray(point))
        return loss, loss


def branin(u):
    x, y = 15 * u[0] - 5, 15 * u[1]
    bow = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return bow * bow + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.397887357729738


def hartmann6(u):
    height = np.array([1, 1.2, 3, 3.2])
    scale = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14],
                      [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
    centre = 1e-4 * np.array([[1312, 1696, 5569, 124, 8283, 5886],
                              [2329, 4135, 8307, 3736, 1004, 9991],
                              [2348, 1451, 3522, 2883, 3047, 6650],
                              [4047, 8828, 8732, 5743, 1091, 381]])
    return 3.32236801141551 - height @ np.exp(-(scale * (u - centre) ** 2).sum(axis=1))


def ackley5(u):
    x = 30 * u - 10
    return (20 - 20 * math.exp(-0.2 * math.sqrt((x * x).mean())) + math.e
            - math.exp(np.cos(2 * math.pi * x).mean()))


def rosenbrock5(u):
    x = 4 * u - 2
    return math.log10(1 + (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def rastrigin3(u):
    x = 7 * u - 4
    return (x * x + 10 - 10 * np.cos(2 * math.pi * x)).sum()


def styblinski4(u):
    x = 10 * u - 5
    return ((x**4 - 16 * x * x + 5 * x) / 2 + 39.1661657037714).sum()


FUNCTIONS = {"branin": (2, branin), "hartmann6": (6, hartmann6), "ackley5": (5, ackley5),
             "rosenbrock5": (5, rosenbrock5), "rastrigin3": (3, rastrigin3),
             "styblinski4": (4, styblinski4)}


def search(problem, sampler_name, seed):
    random = np.random.default_rng(seed)
    study = optuna.create_study(sampler=make_sampler(sampler_name, seed))
    best, regret_of_best, curve = math.inf, math.nan, []
    for _ in range(max(BUDGETS)):
        trial = study.ask(problem.space)
        point = [trial.params[name] for name in problem.space]
        loss, regret = problem.observe(point, random)
        study.tell(trial, loss)
        if loss < best:
            best, regret_of_best = loss, regret
        curve.append(regret_of_best)
    return [curve[budget - 1] for budget in BUDGETS]


def problems(folder, categorical):
    for prefix, (names, unordered, sign) in TABLES.items():
        for name in names:
            path = os.path.join(folder, f"{prefix}_{name}.npz")
            yield f"{prefix}_{name}", Table(path, unordered, sign, categorical)
    for name, (dims, value) in FUNCTIONS.items():
        yield name, Function(dims, value)


def regret(args):
    for workload, problem in problems(args.folder, args.categorical):
        means = np.mean([search(problem, args.sampler, seed) for seed in range(args.seeds)],
                        axis=0)
        for budget, mean in zip(BUDGETS, means):
            print(f"{workload}/{budget} {mean:.6g}")
        sys.stdout.flush()


def cost():
    space = {f"d{i}": FloatDistribution(0, 1) for i in range(4)}
    space.update({f"d{i}": FloatDistribution(1e-5, 1, log=True) for i in (4, 5)})
    space.update({"d6": IntDistribution(1, 16), "d7": CategoricalDistribution([0, 1, 2, 3])})
    random = np.random.default_rng(1)
    for trials in (100, 1000, 10000):
        study = optuna.create_study(sampler=make_sampler("tpe", 1))
        study.add_trials([optuna.trial.create_trial(
            value=random.random(), distributions=space,
            params={**{f"d{i}": random.random() for i in range(4)},
                    **{f"d{i}": 10 ** random.uniform(-5, 0) for i in (4, 5)},
                    "d6": int(random.integers(1, 17)), "d7": int(random.integers(4))})
            for _ in range(trials)])
        times = []
        for _ in range(9):
            start = time.perf_counter()
            trial = study.ask(space)
            times.append(1e6 * (time.perf_counter() - start))
            study.tell(trial, random.random())
        print(json.dumps({"workload": f"TPE suggestion, 8 dimensions, {trials} trials",
                          "who": f"Optuna {optuna.__version__}",
                          "us": round(statistics.median(times), 1)}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", nargs="?", choices=["regret"])
    parser.add_argument("sampler", nargs="?", choices=["tpe", "random"])
    parser.add_argument("seeds", nargs="?", type=int)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--categorical", action="store_true")
    args = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    regret(args) if args.mode else cost()


if __name__ == "__main__":
    main()
