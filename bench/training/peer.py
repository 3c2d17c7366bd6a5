#!/usr/bin/python3
"""One whole training in PyTorch: the training of ours.c, eager mode, one thread.

Prints {"workload", "who", "us"}.  Exit code 3: PyTorch is not installed.
"""
import json
import statistics
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    print("PyTorch is not installed (Debian: python3-torch)", file=sys.stderr)
    sys.exit(3)


def clusters(rows, centres):
    y = torch.randint(0, 10, (rows,))
    return centres[y] + 2 * torch.randn(rows, 64), y


def ece(probability, y):
    confidence, guess = probability.max(1)
    place = (confidence * 15).long().clamp(max=14)
    gap = torch.zeros(15).index_add_(0, place, (guess == y).float() - confidence)
    return gap.abs().sum() / len(y)


def train(x, y, val_x, val_y, foreach):
    start = time.perf_counter()
    model = torch.nn.Sequential(
        torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(),
        torch.nn.Linear(64, 10))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2, foreach=foreach)
    for _ in range(40):
        for rows in torch.randperm(len(x)).split(64):
            optimiser.zero_grad(set_to_none=True)
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimiser.step()
        with torch.no_grad():
            logits = model(val_x)
            probability = logits.softmax(1)
            float((probability.argmax(1) == val_y).float().mean())
            float(F.cross_entropy(logits, val_y))
            float(ece(probability, val_y))
    return (time.perf_counter() - start) * 1e6


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    centres = torch.randn(10, 64)
    data = *clusters(1078, centres), *clusters(359, centres)
    train(*data, False)
    best = min((statistics.median(train(*data, foreach) for _ in range(5)), foreach)
               for foreach in (False, True))
    who = f"PyTorch {torch.__version__} eager, 1 thread, foreach={best[1]}"
    print(json.dumps({"workload": "training: 40 epochs of 17 steps, MLP 64-64-64-10", "who": who,
                      "us": round(best[0])}))


main()
