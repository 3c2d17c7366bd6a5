#!/usr/bin/python3
"""Time of a training step in PyTorch: the perceptrons of ours.c, eager mode, AdamW.

Its best setting on one core is sought first: one thread, gradients set to None, and AdamW with or
without foreach, whichever is faster.  Prints {"workload", "who", "us"}, one line a workload.
Exit code 3: PyTorch is not installed.
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

WORKLOADS = [("MLP 64-64-64-10, batch 32", 64, 64, 32, 12),
             ("MLP 64-128-128-10, batch 64", 64, 128, 64, 10),
             ("MLP 784-256-256-10, batch 128", 784, 256, 128, 5)]
STEPS = 100


def trainer(inputs, hidden, batch, foreach):
    torch.manual_seed(1)
    x = torch.randn(STEPS * batch, inputs)
    y = torch.randint(0, 10, (STEPS * batch,))
    model = torch.nn.Sequential(
        torch.nn.Linear(inputs, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, hidden),
        torch.nn.ReLU(), torch.nn.Linear(hidden, 10))
    loss_of = torch.nn.CrossEntropyLoss()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2, foreach=foreach)

    def epoch():
        start = time.perf_counter()
        for rows in torch.randperm(len(x)).split(batch):
            optimiser.zero_grad(set_to_none=True)
            loss_of(model(x[rows]), y[rows]).backward()
            optimiser.step()
        return (time.perf_counter() - start) * 1e6 / STEPS

    epoch()
    return epoch


def main():
    torch.set_num_threads(1)
    for name, inputs, hidden, batch, epochs in WORKLOADS:
        best = None
        for foreach in (False, True):
            epoch = trainer(inputs, hidden, batch, foreach)
            us = statistics.median(epoch() for _ in range(epochs))
            if best is None or us < best[0]:
                best = (us, foreach)
        who = f"PyTorch {torch.__version__} eager, 1 thread, foreach={best[1]}"
        print(json.dumps({"workload": name, "who": who, "us": round(best[0], 2)}), flush=True)


main()
