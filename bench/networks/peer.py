#!/usr/bin/python3
"""Time of a training step in PyTorch: the networks of ours.c, eager mode, AdamW.

usage: peer.py [THREADS [PATTERN]].  bf16: by autocast.  AdamW with or without foreach, whichever is faster.  Prints
{"workload", "who", "us"}, one line a workload.  Exit code 3: PyTorch is not installed.
"""
import json
import statistics
import sys
import time

try:
    import torch
    from torch.nn import functional
except ImportError:
    print("PyTorch is not installed (Debian: python3-torch)", file=sys.stderr)
    sys.exit(3)


class Block(torch.nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = torch.nn.LayerNorm(width)
        self.norm2 = torch.nn.LayerNorm(width)
        self.qkv = torch.nn.Linear(width, 3 * width)
        self.out = torch.nn.Linear(width, width)
        self.up = torch.nn.Linear(width, 4 * width)
        self.down = torch.nn.Linear(4 * width, width)

    def attention(self, x, mask):
        batch, length, width = x.shape
        q, k, v = (part.view(batch, length, self.heads, -1).transpose(1, 2)
                   for part in self.qkv(x).split(width, dim=2))
        scores = q @ k.transpose(2, 3) * (width / self.heads) ** -0.5
        weights = functional.softmax(scores.masked_fill(mask, float("-inf")), dim=-1)
        return self.out((weights @ v).transpose(1, 2).reshape(batch, length, width))

    def forward(self, x, mask):
        x = x + self.attention(self.norm1(x), mask)
        return x + self.down(functional.gelu(self.up(self.norm2(x))))


class Transformer(torch.nn.Module):
    def __init__(self, layers, width, heads, length, words):
        super().__init__()
        self.words = torch.nn.Embedding(words, width)
        self.places = torch.nn.Parameter(torch.randn(length, width) * 0.02)
        self.blocks = torch.nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = torch.nn.LayerNorm(width)
        self.mask = torch.ones(length, length, dtype=torch.bool).triu(1)

    def forward(self, tokens):
        x = self.words(tokens) + self.places
        for block in self.blocks:
            x = block(x, self.mask)
        return self.norm(x) @ self.words.weight.T


def gpt(layers, width, heads, length, batch, words):
    tokens = torch.randint(0, words, (batch, length))
    targets = torch.randint(0, words, (batch * length,))
    return Transformer(layers, width, heads, length, words), tokens, targets


def conv_net(width, length, batch, classes):
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, width, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(width, 2 * width, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
        torch.nn.Flatten(), torch.nn.Linear(2 * width * (length // 4) ** 2, classes))
    return model, torch.randn(batch, 1, length, length), torch.randint(0, classes, (batch,))


SMALL, GPT2 = (4, 128, 4, 64, 12, 65), (12, 768, 12, 64, 4, 50257)
WORKLOADS = [("conv net 16-32 channels 28x28, batch 64", conv_net, (16, 28, 64, 10), 30, False),
             ("GPT 4 layers, 128 wide, T 64, batch 12", gpt, SMALL, 20, False),
             ("GPT 4 layers, bf16 products", gpt, SMALL, 20, True),
             ("GPT-2 124M, B 4 x T 64", gpt, GPT2, 1, False),
             ("GPT-2 124M, bf16 products", gpt, GPT2, 1, True)]


def time_of(build, sizes, steps, half, foreach):
    torch.manual_seed(1)
    model, inputs, targets = build(*sizes)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-4, betas=(0.9, 0.95),
                                  weight_decay=0.1, foreach=foreach)
    times = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            outputs = model(inputs)
            loss = functional.cross_entropy(outputs.view(-1, outputs.shape[-1]), targets)
        loss.backward()
        optimiser.step()
        times.append((time.perf_counter() - start) * 1e6)
    return statistics.median(times[1:])


def main():
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    torch.set_num_threads(threads)
    for name, build, sizes, steps, half in WORKLOADS:
        if len(sys.argv) > 2 and sys.argv[2] not in name:
            continue
        ways = (False, True) if steps > 1 else (False,)  # minutes a step with a slow BLAS
        us, foreach = min((time_of(build, sizes, steps, half, f), f) for f in ways)
        who = f"PyTorch {torch.__version__} eager, {threads} thread(s), foreach={foreach}"
        print(json.dumps({"workload": name, "who": who, "us": round(us, 2)}), flush=True)


main()
