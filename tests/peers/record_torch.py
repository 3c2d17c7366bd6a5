#!/usr/bin/python3
"""Records values and gradients of layers, losses, optimisers and schedules from PyTorch.

Writes torch.json, which the tests of the engine compare with, to the folder given, or to
tests/engine/nn.  Run it again only to add a case:  /usr/bin/python3 tests/peers/record_torch.py
"""
import json
import math
import os
import sys
import torch
import torch.nn.functional as F

torch.manual_seed(20240229)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float32)


def flat(tensor):
    return [float(v) for v in tensor.detach().flatten()]


def activations():
    x = torch.cat([torch.linspace(-6, 6, 17), torch.tensor([-30.0, 30.0, 0.3])])
    weight = torch.randn(20)
    functions = {
        "relu": F.relu, "gelu": F.gelu, "silu": F.silu, "tanh": torch.tanh,
        "sigmoid": torch.sigmoid, "leaky_relu": F.leaky_relu, "elu": F.elu,
        "softplus": lambda v: F.softplus(v, threshold=1e9), "identity": lambda v: v,
    }
    cases = []
    for name, function in functions.items():
        v = x.clone().requires_grad_()
        y = function(v)
        (y * weight).sum().backward()
        cases.append({"name": name, "y": flat(y), "dx": flat(v.grad)})
    return {"x": flat(x), "weight": flat(weight), "cases": cases}


def linear():
    x = torch.randn(3, 4, requires_grad=True)
    w = torch.randn(4, 5, requires_grad=True)
    b = torch.randn(5, requires_grad=True)
    upstream = torch.randn(3, 5)
    y = F.linear(x, w.t(), b)
    (y * upstream).sum().backward()
    return {"x": flat(x), "w": flat(w), "b": flat(b), "upstream": flat(upstream), "y": flat(y),
            "dx": flat(x.grad), "dw": flat(w.grad), "db": flat(b.grad)}


def losses():
    cases = []
    labels = torch.tensor([3, 0, 4, 4])
    for scale in (1.0, 100.0):
        for smoothing in (0.0, 0.1):
            logits = (scale * torch.randn(4, 5)).requires_grad_()
            loss = F.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)
            loss.mean().backward()
            cases.append({"logits": flat(logits), "smoothing": smoothing, "loss": flat(loss),
                          "dlogits": flat(logits.grad), "softmax": flat(logits.softmax(1))})
    p = torch.randn(6, requires_grad=True)
    t = torch.randn(6)
    F.mse_loss(p, t).backward()
    mse = {"p": flat(p), "t": flat(t), "loss": flat(F.mse_loss(p, t, reduction="none")),
           "dp": flat(p.grad)}
    return {"labels": labels.tolist(), "cross_entropy": cases, "squared_error": mse}


def optimisers():
    start = torch.randn(6)
    gradients = [torch.randn(6) * 10.0 ** -k for k in range(5)]
    settings = [
        ("sgd", dict(lr=0.1, momentum=0.0, weight_decay=0.0, nesterov=False)),
        ("sgd", dict(lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=False)),
        ("sgd", dict(lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)),
        ("adam", dict(lr=0.05, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0)),
        ("adam", dict(lr=0.05, beta1=0.8, beta2=0.99, epsilon=1e-3, weight_decay=0.1)),
        ("adamw", dict(lr=0.05, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.1)),
        ("adamw", dict(lr=0.05, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0)),
    ]
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    cases = []
    for clip in (0.0, 1.0):
        for name, values in settings:
            keywords = {k: v for k, v in values.items() if k not in ("beta1", "beta2", "epsilon")}
            if "beta1" in values:
                keywords["betas"] = (values["beta1"], values["beta2"])
                keywords["eps"] = values["epsilon"]
            p = start.clone().requires_grad_()
            optimiser = kinds[name]([p], **keywords)
            path = []
            for gradient in gradients:
                p.grad = gradient.clone()
                if clip:
                    torch.nn.utils.clip_grad_norm_([p], clip)
                optimiser.step()
                path.append(flat(p))
            cases.append({"optimizer": name, "clip": clip, **values, "path": path})
    return {"start": flat(start), "gradients": [flat(g) for g in gradients], "cases": cases}


def schedules():
    steps, epoch = 20, 5
    def factors(make):
        optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        schedule = make(optimiser)
        found = []
        for _ in range(steps):
            found.append(optimiser.param_groups[0]["lr"])
            optimiser.step()
            schedule.step()
        return found
    sched = torch.optim.lr_scheduler
    scores = [5, 4, 4, 4.5, 3, 3.5, 3.2, 3, 3.1, 2, 1, 1.5, 1.2, 1.1, 1.3, 0.5, 0.6, 0.7, 0.8, 1]
    def plateau():
        """Each step as an epoch with its score."""
        optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        schedule = sched.ReduceLROnPlateau(optimiser, factor=0.3, patience=1, threshold=0, eps=0)
        found = []
        for score in scores:
            found.append(optimiser.param_groups[0]["lr"])
            schedule.step(score)
        return found
    return {
        "steps": steps, "steps_per_epoch": epoch, "step_size": 2, "gamma": 0.3,
        "constant": [1.0] * steps,
        "cosine": factors(lambda o: sched.CosineAnnealingLR(o, steps)),
        "linear": factors(lambda o: sched.LinearLR(o, 1.0, 0.0, steps)),
        "step": factors(lambda o: sched.StepLR(o, 2 * epoch, 0.3)),
        "one_cycle": factors(lambda o: sched.OneCycleLR(o, 1.0, steps)),
        "inverse_sqrt": factors(lambda o: sched.LambdaLR(o, lambda t: (t + 1) ** -0.5)),
        "plateau_scores": scores, "plateau": plateau(),
    }


def network():
    """Ten AdamW steps of a 4-8-3 perceptron on one batch."""
    x, labels = torch.randn(6, 4), torch.tensor([0, 1, 2, 2, 1, 0])
    bound = lambda n: 1 / math.sqrt(n)
    shapes = [(4, 8), (8,), (8, 3), (3,)]
    fans = [4, 4, 8, 8]
    values = [torch.empty(s).uniform_(-bound(n), bound(n)).requires_grad_()
              for s, n in zip(shapes, fans)]
    start = [flat(v) for v in values]
    optimiser = torch.optim.AdamW(values, lr=0.01, weight_decay=0.1)
    losses = []
    for _ in range(10):
        hidden = F.relu(x @ values[0] + values[1])
        loss = F.cross_entropy(hidden @ values[2] + values[3], labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss))
    return {"x": flat(x), "labels": labels.tolist(), "start": start,
            "end": [flat(v) for v in values], "losses": losses}


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    record = {"torch": torch.__version__, "activations": activations(), "linear": linear(),
              "losses": losses(), "optimisers": optimisers(), "schedules": schedules(),
              "network": network()}
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "engine", "nn")
    with open(os.path.join(folder, "torch.json"), "w", encoding="utf-8") as file:
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items()]
        file.write("{" + ",\n ".join(lines) + "}\n")


main()
