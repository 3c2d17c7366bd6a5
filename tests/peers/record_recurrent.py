#!/usr/bin/python3
"""Records values and gradients of recurrent layers from PyTorch.

Writes recurrent.json, which the tests of the engine compare with, to the folder given, or to
tests/engine/nn.  Run it again only to add a case:
/usr/bin/python3 tests/peers/record_recurrent.py
"""
import json
import os
import sys
import torch

torch.manual_seed(20240301)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float32)

B, T, D, H = 3, 5, 4, 6


def flat(tensor):
    return [float(v) for v in tensor.detach().flatten()]


def case(name, kind):
    """The loss weighs every result; gradients of x and of all weights."""
    layer = kind(D, H, batch_first=True)
    x = torch.randn(B, T, D, requires_grad=True)
    weigh_states, weigh_last = torch.randn(B, T, H), torch.randn(B, H)
    states, last = layer(x)
    h, c = last if isinstance(last, tuple) else (last, None)
    loss = (states * weigh_states).sum() + (h[0] * weigh_last).sum()
    if c is not None:
        loss = loss + (c[0] * weigh_last).sum()
    loss.backward()
    parameters = dict(layer.named_parameters())
    record = {"name": name, "x": flat(x), "weigh_states": flat(weigh_states),
              "weigh_last": flat(weigh_last), "states": flat(states), "last": flat(h),
              "dx": flat(x.grad)}
    if c is not None:
        record["cell"] = flat(c)
    for key in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        record[key] = flat(parameters[key + "_l0"])
        record["d" + key] = flat(parameters[key + "_l0"].grad)
    return record


def main():
    kinds = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
    record = {"torch": torch.__version__, "B": B, "T": T, "D": D, "H": H,
              "cases": [case(name, kind) for name, kind in kinds.items()]}
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "engine", "nn")
    with open(os.path.join(folder, "recurrent.json"), "w", encoding="utf-8") as file:
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items()]
        file.write("{" + ",\n ".join(lines) + "}\n")


main()
