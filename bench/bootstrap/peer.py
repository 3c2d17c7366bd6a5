#!/usr/bin/python3
"""The workloads of ours.c with SciPy and NumPy, on one core.

scipy.stats.bootstrap resamples each of several samples by itself, which is the stratified
bootstrap when a sample is a task; its statistic is SciPy's own trimmed mean, vectorised.  The
probability of improvement is left out: in Python it takes minutes.  Prints {"workload", "who",
"us"}, one line a workload; exit code 3: SciPy is not installed.
"""
import json
import sys
import time

try:
    import numpy as np
    import scipy
    from scipy import stats
except ImportError:
    print("SciPy is not installed (Debian: python3-scipy)", file=sys.stderr)
    sys.exit(3)

TASKS, RUNS, RESAMPLES, EXAMPLES, LONG_RESAMPLES = 30, 10, 50000, 100000, 100


def interquartile_mean(*tasks, axis=-1):
    return stats.trim_mean(np.concatenate(tasks, axis=-1), .25, axis=axis)


def mean(values, axis=-1):
    return np.mean(values, axis=axis)


def microseconds(samples, statistic, resamples, batch):
    start = time.perf_counter()
    stats.bootstrap(samples, statistic, n_resamples=resamples, batch=batch, vectorized=True,
                    method="percentile", random_state=1)
    return 1e6 * (time.perf_counter() - start)


def say(workload, us):
    print(json.dumps({"workload": workload, "who": f"SciPy {scipy.__version__}",
                      "us": round(us, 2)}))


rng = np.random.default_rng(1)
scores = rng.normal(size=(TASKS, RUNS))
say("IQM, 30 tasks x 10 runs, 50,000 resamples",
    microseconds(tuple(scores), interquartile_mean, RESAMPLES, 1000))
examples = rng.normal(size=EXAMPLES)
say("mean of 100,000 examples, one resample",
    microseconds((examples,), mean, LONG_RESAMPLES, 10) / LONG_RESAMPLES)
