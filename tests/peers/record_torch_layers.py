#!/usr/bin/python3
"""Records values and gradients of layers and losses, and paths of optimisers, from PyTorch.

Writes torch_layers.json (layers and losses, computed in float64 from inputs that float32 holds)
and torch_rules.json (ten steps of each optimiser) to the folder given, or to tests/engine/nn.
What PyTorch 1.13 has is called; what it has not (RMS norm, rotary positions, selective scan,
mamba, mixtures, graph layers, the focal loss; Lion, LAMB, Adafactor, Muon, Shampoo, SAM) is
written here from its paper: for these a record says that two implementations agree, not that
PyTorch does.  Each case draws from a seed of its own name, so that adding one changes no other.
Run it again only to add a case:  /usr/bin/python3 tests/peers/record_torch_layers.py
"""
import json
import math
import os
import sys
import zlib
import torch
import torch.nn.functional as F
from torch.nn.utils.stateless import functional_call

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def flat(tensor):
    return [float(f"{v:.17g}") for v in tensor.detach().flatten().tolist()]


def seed(name):
    torch.manual_seed(zlib.crc32(name.encode()))


def randn(*shape, scale=1.0):
    return (scale * torch.randn(*shape)).float().double()


# ---- Layers and losses: name -> (inputs, function of them)

CASES = {}


def case(make):
    name = make.__name__
    seed(name)
    CASES[name] = make()
    return make


def gains(prefix, *names, width):
    """Gain and bias of normalisations, away from 1 and 0."""
    found = {}
    for name in names:
        base = 1.0 if name == "gain" else 0.0
        found[f"{prefix}.{name}"] = (base + 0.3 * torch.randn(width)).float().double()
    return found


@case
def layer_norm():
    inputs = {"x": randn(2, 3, 5), **gains("layer_norm0", "gain", "bias", width=5)}
    return inputs, lambda i: F.layer_norm(i["x"], (5,), i["layer_norm0.gain"],
                                          i["layer_norm0.bias"])


@case
def rms_norm():
    inputs = {"x": randn(2, 3, 5), **gains("rms_norm0", "gain", width=5)}
    return inputs, lambda i: (i["x"] / torch.sqrt((i["x"] ** 2).mean(-1, True) + 1e-6)
                              * i["rms_norm0.gain"])


@case
def group_norm():
    inputs = {"x": randn(2, 6, 2, 3), **gains("group_norm0", "gain", "bias", width=6)}
    return inputs, lambda i: F.group_norm(i["x"], 3, i["group_norm0.gain"],
                                          i["group_norm0.bias"])


def batch_norm_of(x):
    inputs = {"x": x, **gains("batch_norm0", "gain", "bias", width=3)}
    return inputs, lambda i: F.batch_norm(i["x"], None, None, i["batch_norm0.gain"],
                                          i["batch_norm0.bias"], training=True)


@case
def batch_norm():
    return batch_norm_of(randn(5, 3))


@case
def batch_norm_places():
    return batch_norm_of(randn(3, 3, 2, 2))


@case
def batch_norm_evaluation():
    """By the running statistics, which are buffers: no gradient is recorded."""
    inputs = {"x": randn(2, 3, 4), **gains("batch_norm0", "gain", "bias", width=3),
              "batch_norm0.running_mean": randn(3),
              "batch_norm0.running_variance": randn(3).abs() + 0.5}
    return inputs, lambda i: F.batch_norm(
        i["x"], i["batch_norm0.running_mean"], i["batch_norm0.running_variance"],
        i["batch_norm0.gain"], i["batch_norm0.bias"], training=False)


def filters(kind, *shape, width):
    """A bias of no width is none."""
    found = {f"{kind}0.filters": randn(*shape, scale=0.5)}
    return {**found, f"{kind}0.bias": randn(width)} if width else found


@case
def conv1d():
    inputs = {"x": randn(2, 4, 7), **filters("conv", 6, 2, 3, width=6)}
    return inputs, lambda i: F.conv1d(i["x"], i["conv0.filters"], i["conv0.bias"], stride=2,
                                      padding=2, dilation=2, groups=2)


@case
def conv1d_causal():
    inputs = {"x": randn(2, 3, 5), **filters("conv", 4, 3, 2, width=0)}
    return inputs, lambda i: F.conv1d(F.pad(i["x"], (2, 0)), i["conv0.filters"], dilation=2)


@case
def conv2d():
    inputs = {"x": randn(2, 3, 5, 6), **filters("conv", 4, 3, 3, 2, width=4)}
    return inputs, lambda i: F.conv2d(i["x"], i["conv0.filters"], i["conv0.bias"],
                                      stride=(1, 2), padding=(1, 0), dilation=(1, 2))


@case
def conv2d_causal():
    inputs = {"x": randn(1, 2, 3, 4), **filters("conv", 2, 2, 2, 3, width=2)}
    return inputs, lambda i: F.conv2d(F.pad(i["x"], (2, 0, 1, 0)), i["conv0.filters"],
                                      i["conv0.bias"])


@case
def conv2d_depthwise():
    inputs = {"x": randn(1, 3, 4, 4), **filters("conv", 6, 1, 2, 2, width=6)}
    return inputs, lambda i: F.conv2d(i["x"], i["conv0.filters"], i["conv0.bias"], groups=3)


@case
def conv1d_transposed():
    inputs = {"x": randn(2, 4, 5), **filters("conv_transposed", 4, 3, 3, width=6)}
    return inputs, lambda i: F.conv_transpose1d(
        i["x"], i["conv_transposed0.filters"], i["conv_transposed0.bias"], stride=3, padding=1,
        output_padding=2, dilation=2, groups=2)


@case
def conv2d_transposed():
    inputs = {"x": randn(1, 3, 3, 4), **filters("conv_transposed", 3, 4, 3, 2, width=4)}
    return inputs, lambda i: F.conv_transpose2d(
        i["x"], i["conv_transposed0.filters"], i["conv_transposed0.bias"], stride=(2, 1),
        padding=(1, 0), output_padding=(1, 0))


@case
def conv2d_transposed_cropped():
    """Padding beyond the reach of the filters cuts into the output."""
    inputs = {"x": randn(1, 2, 4, 3), **filters("conv_transposed", 2, 3, 1, 2, width=0)}
    return inputs, lambda i: F.conv_transpose2d(
        i["x"], i["conv_transposed0.filters"], stride=2, padding=(1, 2))


@case
def max_pool():
    return ({"x": randn(2, 3, 7, 6)},
            lambda i: F.max_pool2d(i["x"], (3, 2), stride=(2, 2), padding=(1, 0)))


@case
def max_pool_tiles():
    return {"x": randn(2, 3, 7)}, lambda i: F.max_pool1d(i["x"], 2)


@case
def mean_pool():
    return ({"x": randn(2, 3, 7, 6)},
            lambda i: F.avg_pool2d(i["x"], (3, 2), stride=(2, 1), padding=(1, 1)))


@case
def mean_pool_tiles():
    return {"x": randn(2, 2, 4, 5)}, lambda i: F.avg_pool2d(i["x"], 2)


@case
def max_pool_volume():
    return ({"x": randn(2, 2, 5, 4, 3)},
            lambda i: F.max_pool3d(i["x"], (3, 2, 2), stride=(2, 1, 2), padding=(1, 0, 1)))


@case
def mean_pool_volume():
    return ({"x": randn(2, 2, 5, 4, 3)},
            lambda i: F.avg_pool3d(i["x"], (3, 2, 2), stride=(2, 1, 2), padding=(1, 0, 1)))


# ---- Recurrent layers: PyTorch's own functions, with its modules' parameters

def recurrence(kind, function, gates):
    batch, inner, width = 2, 3, 4
    shapes = {"weight_ih": (gates * width, inner), "weight_hh": (gates * width, width),
              "bias_ih": (gates * width,), "bias_hh": (gates * width,)}
    inputs = {"x": randn(batch, 4, inner),
              **{f"{kind}0.{k}": randn(*v) for k, v in shapes.items()}}
    def run(i):
        zero = torch.zeros(1, batch, width)
        states, *last = function(i["x"], (zero, zero) if kind == "lstm" else zero,
                                 [i[f"{kind}0.{k}"] for k in shapes], has_biases=True,
                                 num_layers=1, dropout=0.0, train=True, bidirectional=False,
                                 batch_first=True)
        return torch.cat([v.flatten() for v in (states, *last[1:])])
    return inputs, run


@case
def rnn():
    return recurrence("rnn", torch.rnn_tanh, 1)


@case
def lstm():
    """The states, then the last cell."""
    return recurrence("lstm", torch.lstm, 4)


@case
def gru():
    return recurrence("gru", torch.gru, 3)


@case
def activations():
    """Of one x, in the order of the table."""
    kinds = [F.relu, F.gelu, F.silu, torch.tanh, torch.sigmoid, F.leaky_relu, F.elu, F.softplus,
             lambda x: x]
    return {"x": randn(7, scale=2)}, lambda i: torch.stack([f(i["x"]) for f in kinds])


# ---- Selective state spaces, as the loop of the paper's algorithm 2

def scan_of(x, delta, a, b, c, skip):
    h, out = torch.zeros(x.shape[0], *a.shape), []
    for t in range(x.shape[1]):
        step = delta[:, t, :, None]
        h = torch.exp(step * a) * h + step * b[:, t, None, :] * x[:, t, :, None]
        out.append((h * c[:, t, None, :]).sum(-1) + skip * x[:, t])
    return torch.stack(out, 1)


@case
def selective_scan():
    inputs = {"x": randn(2, 5, 3), "delta": randn(2, 5, 3).abs(), "a": -randn(3, 4).abs(),
              "b": randn(2, 5, 4), "c": randn(2, 5, 4), "skip": randn(3)}
    return inputs, lambda i: scan_of(*(i[k] for k in ("x", "delta", "a", "b", "c", "skip")))


def mamba_of(expand):
    width, inner, states, rank, kernel = 3, 3 * expand, 3, 2, 3
    shapes = {"linear0.weight": (width, 2 * inner), "conv0.filters": (inner, 1, kernel),
              "conv0.bias": (inner,), "linear1.weight": (inner, rank + 2 * states),
              "linear2.weight": (rank, inner), "step_bias": (inner,),
              "log_rate": (inner, states), "skip": (inner,), "linear3.weight": (inner, width)}
    inputs = {"x": randn(2, 5, width),
              **{"mamba0." + k: randn(*v, scale=0.7) for k, v in shapes.items()}}
    def run(i):
        w = {k: i["mamba0." + k] for k in shapes}
        u, z = (i["x"] @ w["linear0.weight"]).split(inner, -1)
        u = F.pad(u.transpose(1, 2), (kernel - 1, 0))
        u = F.silu(F.conv1d(u, w["conv0.filters"], w["conv0.bias"], groups=inner))
        u = u.transpose(1, 2)
        d, b, c = (u @ w["linear1.weight"]).split([rank, states, states], -1)
        delta = F.softplus(d @ w["linear2.weight"] + w["step_bias"])
        y = scan_of(u, delta, -w["log_rate"].exp(), b, c, w["skip"])
        return (y * F.silu(z)) @ w["linear3.weight"]
    return inputs, run


@case
def mamba():
    return mamba_of(2)


@case
def mamba_wide():
    return mamba_of(3)


@case
def embedding():
    inputs = {"ids": torch.tensor([[3, 0, 3], [1, 4, 3]]), "embedding0.weight": randn(5, 4)}
    return inputs, lambda i: F.embedding(i["ids"], i["embedding0.weight"])


@case
def sinusoidal():
    def wave(i):
        length, width = 4, 6
        angle = torch.arange(length)[:, None] * 10000.0 ** (-torch.arange(0, width, 2) / width)
        table = torch.stack([angle.sin(), angle.cos()], -1).reshape(length, width)
        return i["x"] + table
    return {"x": randn(2, 4, 6)}, wave


@case
def learned_positions():
    inputs = {"x": randn(2, 3, 4), "positions0.weight": randn(5, 4)}
    return inputs, lambda i: i["x"] + i["positions0.weight"][:3]


def turned(x, base=10000.0):
    """RoPE by complex numbers; pairs are (i, i + D/2)."""
    length, width = x.shape[-2:]
    angle = torch.arange(length)[:, None] * base ** (-torch.arange(0, width, 2) / width)
    pairs = torch.complex(x[..., : width // 2], x[..., width // 2:])
    pairs = pairs * torch.polar(torch.ones_like(angle), angle)
    return torch.cat([pairs.real, pairs.imag], -1)


@case
def rope():
    return {"x": randn(2, 2, 4, 6)}, lambda i: turned(i["x"])


def attended(q, k, v, may):
    """may: True where a query looks; heads of keys are repeated for their group."""
    k, v = (t.repeat_interleave(q.shape[1] // k.shape[1], 1) for t in (k, v))
    logits = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    return logits.masked_fill(~may, -math.inf).softmax(-1) @ v


def qkv(heads, groups, queries, keys):
    return {"q": randn(2, heads, queries, 4), "k": randn(2, groups, keys, 4),
            "v": randn(2, groups, keys, 3)}


@case
def attend():
    return qkv(2, 2, 3, 4), lambda i: attended(i["q"], i["k"], i["v"],
                                               torch.ones(3, 4, dtype=torch.bool))


@case
def attend_causal_grouped():
    return qkv(4, 2, 3, 5), lambda i: attended(
        i["q"], i["k"], i["v"], torch.ones(3, 5, dtype=torch.bool).tril(diagonal=2))


@case
def attend_masked():
    """Batch 0 sees 3 keys, batch 1 two of them; mask (B, 1, 1, S)."""
    inputs = {**qkv(4, 1, 2, 3), "mask": torch.tensor([[1, 1, 1], [1, 0, 1]])}
    return inputs, lambda i: attended(i["q"], i["k"], i["v"],
                                      (i["mask"] > 0).reshape(2, 1, 1, 3))


def linears(prefix, shapes, bias=True):
    found = {}
    for n, (rows, columns) in enumerate(shapes):
        found[f"{prefix}.linear{n}.weight"] = randn(rows, columns, scale=rows ** -0.5)
        if bias:
            found[f"{prefix}.linear{n}.bias"] = randn(columns, scale=0.3)
    return found


@case
def linear():
    inputs = {"x": randn(2, 3, 4), "linear0.weight": randn(4, 5), "linear0.bias": randn(5)}
    return inputs, lambda i: F.linear(i["x"], i["linear0.weight"].t(), i["linear0.bias"])


def multi_head(memory, **inputs):
    """PyTorch's own layer; of a mask (B, H, T, S) it wants (B H, T, S), true where none looks."""
    layer = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    inputs = {"x": randn(2, 3, 8), "memory": randn(2, memory, 8),
              **linears("attention0", [(8, 8)] * 4), **inputs}
    def run(i):
        weight = [i[f"attention0.linear{n}.weight"].t() for n in range(4)]
        bias = [i[f"attention0.linear{n}.bias"] for n in range(4)]
        weights = {"in_proj_weight": torch.cat(weight[:3]), "in_proj_bias": torch.cat(bias[:3]),
                   "out_proj.weight": weight[3], "out_proj.bias": bias[3]}
        hidden = {"attn_mask": i["mask"].flatten(0, 1) == 0} if "mask" in i else {}
        return functional_call(layer, weights, (i["x"], i["memory"], i["memory"]), hidden)[0]
    return inputs, run


@case
def multi_head_memory():
    """Keys and values are of another sequence, of another length."""
    return multi_head(5)


@case
def multi_head_masked():
    """Each example and each head has a mask of its own."""
    return multi_head(4, mask=torch.tensor(
        [[[[1, 0, 1, 1], [1, 1, 0, 0], [0, 1, 1, 1]], [[1, 1, 1, 1], [0, 0, 1, 0], [1, 0, 0, 1]]],
         [[[0, 1, 0, 1], [1, 1, 1, 0], [0, 0, 0, 1]], [[1, 0, 1, 0], [1, 1, 1, 1], [0, 1, 1, 0]]]]))


def grouped(x, w, heads, may, base=10000.0):
    """Self-attention with rotary positions; two heads of queries share one of keys."""
    split = lambda t, count: t.reshape(*t.shape[:2], count, -1).transpose(1, 2)
    q, k = turned(split(x @ w[0], heads), base), turned(split(x @ w[1], heads // 2), base)
    y = attended(q, k, split(x @ w[2], heads // 2), may)
    return y.transpose(1, 2).reshape(x.shape) @ w[3]


@case
def multi_head_rotary():
    """Causal and with a mask, and with a base of its own."""
    inputs = {"x": randn(2, 4, 8),
              **linears("attention0", [(8, 8), (8, 4), (8, 4), (8, 8)], bias=False),
              "mask": torch.tensor([[1, 0, 0, 1], [1, 1, 1, 1], [0, 1, 1, 0], [1, 0, 1, 1]])}
    return inputs, lambda i: grouped(i["x"], [i[f"attention0.linear{n}.weight"] for n in range(4)],
                                     2, i["mask"].tril() > 0, 100.0)


@case
def feed_forward():
    inputs = {"x": randn(2, 3, 4), **linears("feed_forward0", [(4, 6), (6, 4)])}
    def run(i):
        w = [(i[f"feed_forward0.linear{n}.weight"].t(), i[f"feed_forward0.linear{n}.bias"])
             for n in range(2)]
        return F.linear(F.silu(F.linear(i["x"], *w[0])), *w[1])
    return inputs, run


def encoder(norm_first):
    """PyTorch's own encoder layer, its parameters put together from ours."""
    layer = torch.nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, activation="gelu",
                                             batch_first=True, norm_first=norm_first)
    inputs = {"x": randn(2, 3, 8), **linears("block0.attention0", [(8, 8)] * 4),
              **linears("block0.feed_forward0", [(8, 12), (12, 8)]),
              **gains("block0.layer_norm0", "gain", "bias", width=8),
              **gains("block0.layer_norm1", "gain", "bias", width=8)}
    def run(i):
        attention = [i[f"block0.attention0.linear{n}.weight"].t() for n in range(4)]
        bias = [i[f"block0.attention0.linear{n}.bias"] for n in range(4)]
        weights = {"self_attn.in_proj_weight": torch.cat(attention[:3]),
                   "self_attn.in_proj_bias": torch.cat(bias[:3]),
                   "self_attn.out_proj.weight": attention[3],
                   "self_attn.out_proj.bias": bias[3]}
        for n in range(2):
            weights[f"linear{n + 1}.weight"] = i[f"block0.feed_forward0.linear{n}.weight"].t()
            weights[f"linear{n + 1}.bias"] = i[f"block0.feed_forward0.linear{n}.bias"]
            weights[f"norm{n + 1}.weight"] = i[f"block0.layer_norm{n}.gain"]
            weights[f"norm{n + 1}.bias"] = i[f"block0.layer_norm{n}.bias"]
        return functional_call(layer, weights, (i["x"],))
    return inputs, run


@case
def block_pre_norm():
    return encoder(True)


@case
def block_post_norm():
    return encoder(False)


@case
def block_llama():
    """RMS norm, rotary positions, grouped queries, causal, SwiGLU, no biases."""
    inputs = {"x": randn(2, 4, 8),
              **linears("block0.attention0", [(8, 8), (8, 4), (8, 4), (8, 8)], bias=False),
              **linears("block0.feed_forward0", [(8, 10), (8, 10), (10, 8)], bias=False),
              **gains("block0.rms_norm0", "gain", width=8),
              **gains("block0.rms_norm1", "gain", width=8)}
    def norm(x, gain):
        return x / torch.sqrt((x ** 2).mean(-1, True) + 1e-6) * gain
    def run(i):
        w = [i[f"block0.attention0.linear{n}.weight"] for n in range(4)]
        m = [i[f"block0.feed_forward0.linear{n}.weight"] for n in range(3)]
        x = i["x"]
        y = norm(x, i["block0.rms_norm0.gain"])
        x = x + grouped(y, w, 4, torch.ones(4, 4, dtype=torch.bool).tril())
        y = norm(x, i["block0.rms_norm1.gain"])
        return x + (F.silu(y @ m[0]) * (y @ m[1])) @ m[2]
    return inputs, run


def experts(active, activation=F.gelu, balance=0.25):
    """Token by token and expert by expert; the last entry of the result is the penalty."""
    inputs = {"x": randn(2, 3, 4), "mixture0.linear0.weight": randn(4, 5),
              "mixture0.up": randn(5, 4, 6, scale=0.5),
              "mixture0.down": randn(5, 6, 4, scale=0.5)}
    def run(i):
        tokens = i["x"].reshape(6, 4)
        probability = (tokens @ i["mixture0.linear0.weight"]).softmax(1)
        rows, counts = [], torch.zeros(5)
        for token, p in zip(tokens, probability):
            chosen = torch.topk(p, active).indices
            gate = p[chosen] / p[chosen].sum() if active > 1 else p[chosen]
            counts[chosen] += 1
            rows.append(sum(g * (activation(token @ i["mixture0.up"][e]) @ i["mixture0.down"][e])
                            for g, e in zip(gate, chosen)))
        penalty = balance * 5 * (counts / (6 * active) * probability.mean(0)).sum()
        return torch.cat([torch.stack(rows).flatten(), penalty[None]])
    return inputs, run


@case
def mixture_top1():
    return experts(1)


@case
def mixture_top2():
    return experts(2)


@case
def mixture_silu():
    return experts(2, F.silu, 0.5)


def edges():
    return {"x": randn(4, 3), "source": torch.tensor([0, 1, 1, 2, 0, 3]),
            "target": torch.tensor([1, 0, 2, 1, 2, 2])}


def adjacency(i):
    """Row: target, column: source; every node hears itself."""
    a = torch.eye(4)
    a[i["target"], i["source"]] = 1
    return a


@case
def graph_convolution():
    inputs = {**edges(), "graph_convolution0.weight": randn(3, 5),
              "graph_convolution0.bias": randn(5)}
    def run(i):
        a = adjacency(i)
        root = a.sum(1) ** -0.5
        return ((root[:, None] * a * root) @ i["x"] @ i["graph_convolution0.weight"]
                + i["graph_convolution0.bias"])
    return inputs, run


def attention_of_nodes(heads, width):
    inputs = {**edges(), "graph_attention0.weight": randn(3, heads * width),
              "graph_attention0.source": randn(heads, width),
              "graph_attention0.target": randn(heads, width),
              "graph_attention0.bias": randn(heads * width)}
    def run(i):
        a, out = adjacency(i), []
        h = (i["x"] @ i["graph_attention0.weight"]).reshape(4, heads, width)
        for head in range(heads):
            s = h[:, head] @ i["graph_attention0.source"][head]
            t = h[:, head] @ i["graph_attention0.target"][head]
            logits = F.leaky_relu(t[:, None] + s, 0.2).masked_fill(a == 0, -math.inf)
            out.append(logits.softmax(1) @ h[:, head])
        return torch.cat(out, 1) + i["graph_attention0.bias"]
    return inputs, run


@case
def graph_attention():
    return attention_of_nodes(2, 2)


@case
def graph_attention_wide():
    return attention_of_nodes(2, 3)


LABELS = torch.tensor([2, 0, 3, 3])


@case
def cross_entropy_weighted():
    inputs = {"logits": randn(4, 5, scale=2), "labels": LABELS, "const.weights": randn(5).abs()}
    return inputs, lambda i: F.cross_entropy(i["logits"], i["labels"], i["const.weights"],
                                             reduction="none")


@case
def cross_entropy_smoothed():
    inputs = {"logits": randn(4, 5, scale=2), "labels": LABELS}
    return inputs, lambda i: F.cross_entropy(i["logits"], i["labels"], reduction="none",
                                             label_smoothing=0.1)


@case
def softmax():
    return {"x": randn(2, 3, 4, scale=2)}, lambda i: i["x"].softmax(-1)


@case
def squared_error():
    return ({"p": randn(6), "t": randn(6)},
            lambda i: F.mse_loss(i["p"], i["t"], reduction="none"))


@case
def focal():
    inputs = {"logits": randn(4, 5, scale=2), "labels": LABELS}
    def run(i):
        p = i["logits"].softmax(1)[torch.arange(4), i["labels"]]
        return -((1 - p) ** 2) * p.log()
    return inputs, run


@case
def binary_cross_entropy():
    inputs = {"z": randn(2, 3, scale=3), "t": torch.rand(2, 3).float().double()}
    return inputs, lambda i: F.binary_cross_entropy_with_logits(i["z"], i["t"],
                                                                reduction="none")


@case
def absolute_error():
    return ({"p": randn(6), "t": randn(6)},
            lambda i: F.l1_loss(i["p"], i["t"], reduction="none"))


@case
def huber():
    return ({"p": randn(8, scale=2), "t": randn(8)},
            lambda i: F.huber_loss(i["p"], i["t"], reduction="none", delta=1.5))


@case
def gaussian_nll():
    return ({"m": randn(5), "s": randn(5), "t": randn(5)},
            lambda i: F.gaussian_nll_loss(i["m"], i["t"], i["s"].exp(), reduction="none"))


@case
def info_nce():
    inputs = {"q": randn(4, 3), "k": randn(4, 3)}
    return inputs, lambda i: F.cross_entropy(
        F.normalize(i["q"]) @ F.normalize(i["k"]).t() / 0.5, torch.arange(4), reduction="none")


def triplets(margin):
    inputs = {"a": randn(5, 3), "p": randn(5, 3), "n": randn(5, 3)}
    return inputs, lambda i: F.triplet_margin_loss(i["a"], i["p"], i["n"], margin=margin,
                                                   reduction="none")


@case
def triplet_margin():
    return triplets(2.5)


@case
def triplet():
    return triplets(1.0)


def varies(name, value):
    return value.is_floating_point() and not name.startswith("const.") and "running" not in name


def recorded(name, inputs, function):
    """Gradients by all floats but constants (const...) and buffers (...running...)."""
    given = {k: v.requires_grad_() if varies(k, v) else v for k, v in inputs.items()}
    y = function(given)
    seed("upstream " + name)
    upstream = randn(*y.shape)
    (y * upstream).sum().backward()
    return {"inputs": {k: {"shape": list(v.shape), "data": flat(v)} if v.is_floating_point()
                       else {"shape": list(v.shape), "whole": v.flatten().tolist()}
                       for k, v in given.items()},
            "upstream": flat(upstream), "y": flat(y),
            "gradients": {k: flat(v.grad) for k, v in given.items() if v.grad is not None}}


# ---- Optimisers: ten steps on a least-squares problem with a matrix and a vector

def problem():
    seed("problem")
    return {"x": randn(6, 4), "y": randn(6, 3), "w": randn(4, 3), "b": randn(3)}


def loss_of(p, w, b):
    return ((torch.tanh(p["x"] @ w + b) - p["y"]) ** 2).mean()


def decays(c, v):
    return c["weight_decay"] if c.get("decay_on", "all") == "all" or v.dim() > 1 else 0.0


def lion(c, v, g, s, t):
    m = s.setdefault("m", torch.zeros_like(v))
    direction = (c["beta1"] * m + (1 - c["beta1"]) * g).sign()
    s["m"] = c["beta2"] * m + (1 - c["beta2"]) * g
    return v - c["lr"] * (direction + decays(c, v) * v)


def adam_direction(c, v, g, s, t):
    s["m"] = c["beta1"] * s.get("m", 0) + (1 - c["beta1"]) * g
    s["v"] = c["beta2"] * s.get("v", 0) + (1 - c["beta2"]) * g * g
    return (s["m"] / (1 - c["beta1"] ** t)
            / ((s["v"] / (1 - c["beta2"] ** t)).sqrt() + c["epsilon"]))


def lamb(c, v, g, s, t):
    r = adam_direction(c, v, g, s, t) + decays(c, v) * v
    return v - c["lr"] * v.norm() / r.norm() * r


def adafactor(c, v, g, s, t):
    beta = 1 - t ** -0.8
    square = g * g + 1e-30
    if v.dim() > 1:
        s["r"] = beta * s.get("r", 0) + (1 - beta) * square.mean(1)
        s["c"] = beta * s.get("c", 0) + (1 - beta) * square.mean(0)
        second = torch.outer(s["r"], s["c"]) / s["r"].mean()
    else:
        second = s["v"] = beta * s.get("v", 0) + (1 - beta) * square
    u = g / second.sqrt()
    u = u / max(1.0, float((u * u).mean().sqrt()))
    scale = max(1e-3, float((v * v).mean().sqrt()))
    return v * (1 - c["lr"] * decays(c, v)) - c["lr"] * scale * u


def muon(c, v, g, s, t):
    if v.dim() < 2:
        return v * (1 - c["lr"] * decays(c, v)) - c["lr"] * adam_direction(c, v, g, s, t)
    s["b"] = c["momentum"] * s.get("b", 0) + g
    x = g + c["momentum"] * s["b"]
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        a = x @ x.t()
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return v * (1 - c["lr"] * decays(c, v)) - c["lr"] * 0.2 * math.sqrt(max(v.shape)) * x


def root(a, power):
    """By eigenvalues, with the ridge of 1e-6 of the norm."""
    values, vectors = torch.linalg.eigh(a + 1e-6 * a.norm() * torch.eye(len(a)))
    return vectors @ torch.diag(values ** power) @ vectors.t()


def shampoo(c, v, g, s, t):
    if v.dim() > 1:
        s["l"] = s.get("l", 0) + g @ g.t()
        s["r"] = s.get("r", 0) + g.t() @ g
        u = root(s["l"], -0.25) @ g @ root(s["r"], -0.25)
    else:
        s["d"] = s.get("d", 0) + g * g
        u = g / (s["d"].sqrt() + c["epsilon"])
    return v * (1 - c["lr"] * decays(c, v)) - c["lr"] * u


def by_torch(kind, c, values):
    groups = [{"params": [v], "weight_decay": decays(c, v)} for v in values]
    if kind == "sgd":
        return torch.optim.SGD(groups, lr=c["lr"], momentum=c["momentum"],
                               nesterov=c.get("nesterov", False))
    rule = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind]
    return rule(groups, lr=c["lr"], betas=(c["beta1"], c["beta2"]), eps=c["epsilon"])


OURS = {"lion": lion, "lamb": lamb, "adafactor": adafactor, "muon": muon, "shampoo": shampoo}
MOMENTS = {"beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8}
RULES = [
    {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.1,
     "decay_on": "matrices"},
    {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.0, "clip_value": 0.05},
    {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.0, "sam": 0.5},
    {"optimizer": "adam", "lr": 0.05, **MOMENTS, "weight_decay": 0.1},
    {"optimizer": "adamw", "lr": 0.05, **MOMENTS, "weight_decay": 0.1,
     "decay_on": "matrices"},
    {"optimizer": "adamw", "lr": 0.05, **MOMENTS, "weight_decay": 0.1, "sam": 0.05},
    {"optimizer": "lion", "lr": 0.01, **MOMENTS, "weight_decay": 0.1},
    {"optimizer": "lamb", "lr": 0.05, **MOMENTS, "weight_decay": 0.1},
    {"optimizer": "adafactor", "lr": 0.05, "weight_decay": 0.0},
    {"optimizer": "adafactor", "lr": 0.05, "weight_decay": 0.1},
    {"optimizer": "muon", "lr": 0.05, **MOMENTS, "momentum": 0.95, "weight_decay": 0.1},
    {"optimizer": "shampoo", "lr": 0.1, "epsilon": 1e-8, "weight_decay": 0.0},
    {"optimizer": "shampoo", "lr": 0.1, "epsilon": 1e-8, "weight_decay": 0.1},
    {"optimizer": "lion", "lr": 0.1, **MOMENTS, "weight_decay": 0.0, "clip": 0.1},
    {"optimizer": "lamb", "lr": 0.05, **MOMENTS, "weight_decay": 0.1, "clip": 0.1},
    {"optimizer": "adafactor", "lr": 0.05, "weight_decay": 0.0, "clip": 0.1},
    {"optimizer": "muon", "lr": 0.05, **MOMENTS, "momentum": 0.95, "weight_decay": 0.1,
     "clip": 0.1},
    {"optimizer": "shampoo", "lr": 0.1, "epsilon": 1e-8, "weight_decay": 0.0, "clip": 0.1},
]


def decayed():
    """Each optimiser's first rule with decay of all parameters; with other numbers, of matrices."""
    first = {}
    for c in RULES:
        if c["weight_decay"]:
            first.setdefault(c["optimizer"], c)
    other = {"beta1": 0.8, "beta2": 0.95, "epsilon": 0.01, "momentum": 0.7, "weight_decay": 0.2}
    found = []
    for c in first.values():
        found.append({**c, "decay_on": "all"})
        found.append({**c, **{k: v for k, v in other.items() if k in c}, "decay_on": "matrices"})
        if c["optimizer"] == "lion":
            found[-1]["lr"] = 0.2  # so that signs turn
    return found


def clipped(found, limit):
    """By PyTorch: their joint norm is at most the limit."""
    holders = [torch.zeros_like(g, requires_grad=True) for g in found]
    for holder, g in zip(holders, found):
        holder.grad = g
    torch.nn.utils.clip_grad_norm_(holders, limit)
    return [holder.grad for holder in holders]


def gradients(c, p, values):
    found = torch.autograd.grad(loss_of(p, *values), values)
    if c.get("sam"):
        scale = c["sam"] / torch.sqrt(sum((g * g).sum() for g in found))
        moved = [(v + scale * g).detach().requires_grad_() for v, g in zip(values, found)]
        found = torch.autograd.grad(loss_of(p, *moved), moved)
    if c.get("clip"):
        return clipped(found, c["clip"])
    limit = c.get("clip_value")
    return [g.clamp(-limit, limit) for g in found] if limit else list(found)


def path_of(c):
    p = problem()
    values = [p["w"].clone().requires_grad_(), p["b"].clone().requires_grad_()]
    kind, states, path = c["optimizer"], [{}, {}], []
    rule = None if kind in OURS else by_torch(kind, c, values)
    for t in range(1, 11):
        found = gradients(c, p, values)
        if rule:
            for v, g in zip(values, found):
                v.grad = g
            rule.step()
        else:
            values = [OURS[kind](c, v.detach(), g, s, t).requires_grad_()
                      for v, g, s in zip(values, found, states)]
        path.append({"w": flat(values[0]), "b": flat(values[1])})
    return {**c, "path": path}


def write(name, record):
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "engine", "nn")
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items()]
        file.write("{" + ",\n ".join(lines) + "}\n")


def main():
    layers = {"torch": torch.__version__}
    for name, (inputs, function) in CASES.items():
        layers[name] = recorded(name, inputs, function)
    write("torch_layers.json", layers)
    given = problem()
    write("torch_rules.json", {"torch": torch.__version__,
                               **{k: flat(v) for k, v in given.items()},
                               "decays": [path_of(c) for c in decayed()],
                               "cases": [path_of(c) for c in RULES]})


main()
