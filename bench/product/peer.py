#!/usr/bin/python3
"""Time of one matrix product in PyTorch (Debian: OpenBLAS), one thread: the products of ours.c.

Prints {"workload", "who", "us"}, one line a workload.  Exit code 3: PyTorch is not installed.
"""
import json
import statistics
import sys
import time

try:
    import torch
except ImportError:
    print("PyTorch is not installed (Debian: python3-torch)", file=sys.stderr)
    sys.exit(3)

CUBES = [(f"product {n} x {n} x {n}", n, n, n, False, False) for n in (16, 64, 128, 256, 512)]
OTHERS = [("product 64 x 64 x 32, y turned (scores)", 64, 64, 32, False, True),
          ("product 64 x 32 x 64 (values)", 64, 32, 64, False, False),
          ("product 768 x 128 x 128", 768, 128, 128, False, False),
          ("product 768 x 512 x 128", 768, 512, 128, False, False),
          ("product 768 x 128 x 512", 768, 128, 512, False, False),
          ("product 768 x 512 x 128, y turned", 768, 512, 128, False, True),
          ("product 768 x 128 x 512, y turned", 768, 128, 512, False, True),
          ("product 128 x 128 x 768, x turned", 128, 128, 768, True, False),
          ("product 128 x 512 x 768, x turned", 128, 512, 768, True, False),
          ("product 512 x 128 x 768, x turned", 512, 128, 768, True, False),
          ("product 32 x 10 x 64", 32, 10, 64, False, False)]


def time_of(m, n, k, x_turned, y_turned):
    x = torch.randn(k, m).T if x_turned else torch.randn(m, k)
    y = torch.randn(n, k).T if y_turned else torch.randn(k, n)
    z = torch.empty(m, n)
    runs, times = 1 + int(2e-3 * 1e11 / (2 * m * n * k)), []
    for _ in range(25):
        start = time.perf_counter()
        for _ in range(runs):
            torch.mm(x, y, out=z)
        times.append((time.perf_counter() - start) * 1e6 / runs)
    return statistics.median(times)


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    for name, *shape in CUBES + OTHERS:
        print(json.dumps({"workload": name, "who": f"PyTorch {torch.__version__}, 1 thread",
                          "us": round(time_of(*shape), 3)}), flush=True)


main()
