"""The operations of `../operations.rs` by PyTorch, with the same shapes and numbers, printed in the same form.

    pip install torch numpy
    python torch_operations.py [THREADS] [NAME...]
"""

import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

THREADS = int(sys.argv[1]) if len(sys.argv) > 1 else 1
NAMES = sys.argv[2:]
torch.set_num_threads(THREADS)

SIZES = ["small", "cached", "large"]
MATRICES = [(64, 64), (256, 512), (2048, 2048)]
BATCHES = [8, 16, 64]
POSITIVE = ["ln", "sqrt", "pow"]

one, same = "one", "same"
OPERATIONS = {
    "exp": (one, lambda x, _: x.exp()),
    "exp_m1": (one, lambda x, _: x.expm1()),
    "ln": (one, lambda x, _: x.log()),
    "tanh": (one, lambda x, _: x.tanh()),
    "sigmoid": (one, lambda x, _: x.sigmoid()),
    "softplus": (one, lambda x, _: F.softplus(x)),
    "relu": (one, lambda x, _: x.relu()),
    "silu": (one, lambda x, _: F.silu(x)),
    "gelu": (one, lambda x, _: F.gelu(x)),
    "gelu_tanh": (one, lambda x, _: F.gelu(x, approximate="tanh")),
    "elu": (one, lambda x, _: F.elu(x)),
    "mish": (one, lambda x, _: F.mish(x)),
    "erf": (one, lambda x, _: x.erf()),
    "erfc": (one, lambda x, _: x.erfc()),
    "sin": (one, lambda x, _: x.sin()),
    "cos": (one, lambda x, _: x.cos()),
    "atan": (one, lambda x, _: x.atan()),
    "sinh": (one, lambda x, _: x.sinh()),
    "asinh": (one, lambda x, _: x.asinh()),
    "sqrt": (one, lambda x, _: x.sqrt()),
    "square": (one, lambda x, _: x.square()),
    "pow": (same, lambda x, y: x.pow(y)),
    "add": (same, lambda x, y: x + y),
    "mul": (same, lambda x, y: x * y),
    "div": (same, lambda x, y: x / y),
    "sum": (one, lambda x, _: x.sum(-1)),
    "sum_0": (one, lambda x, _: x.sum(0)),
    "softmax": (one, lambda x, _: x.softmax(-1)),
    "softmax_0": (one, lambda x, _: x.softmax(0)),
    "log_softmax": (one, lambda x, _: x.log_softmax(-1)),
    "logsumexp": (one, lambda x, _: x.logsumexp(-1)),
    "layer_norm": (one, lambda x, _: F.layer_norm(x, x.shape[-1:], eps=1e-5)),
    "cumsum": (one, lambda x, _: x.cumsum(-1)),
    "cumsum_0": (one, lambda x, _: x.cumsum(0)),
    "matmul_t": (same, lambda x, y: x @ y.t()),
    "batch_norm": ((64, 1, 1), lambda x, _: F.batch_norm(x, None, None, training=True, eps=1e-5)),
    "conv3x3": ((64, 3, 3), lambda x, w: F.conv2d(x, w, padding=1)),
    "conv1x1": ((64, 1, 1), lambda x, w: F.conv2d(x, w)),
    "depthwise": ((1, 3, 3), lambda x, w: F.conv2d(x, w, padding=1, groups=64)),
    "conv1d_k9": ((64, 9), lambda x, w: F.conv1d(x, w, padding=4)),
}


def shapes(inputs, size):
    if inputs == one:
        return MATRICES[size], (1,)
    if inputs == same:
        return MATRICES[size], MATRICES[size]
    if len(inputs) == 2:
        return (BATCHES[size], 64, 256), (64, *inputs)
    return (BATCHES[size], 64, 16, 16), (64, *inputs)


def wave(shape, positive):
    n = int(np.prod(shape))
    x = np.sin(np.arange(n, dtype=np.float32) * np.float32(0.37)) * np.float32(2)
    return torch.from_numpy((np.abs(x) + np.float32(0.1) if positive else x).reshape(shape))


def median(step):
    step()
    start = time.perf_counter()
    step()
    once = max(time.perf_counter() - start, 1e-7)
    rounds, repeats = 9, int(min(max(0.012 / once, 1), 10000))
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(repeats):
            step()
        times.append((time.perf_counter() - start) / repeats * 1e6)
    return sorted(times)[rounds // 2]


for name, (inputs, f) in OPERATIONS.items():
    if NAMES and name not in NAMES:
        continue
    for size, label in enumerate(SIZES):
        x, y = (wave(shape, name in POSITIVE) for shape in shapes(inputs, size))
        if name == "div":
            y = y + 3
        with torch.no_grad():
            forward = median(lambda: f(x, y))
            ones = wave(tuple(f(x, y).shape), False)
        x.requires_grad_()
        y.requires_grad_(inputs != one)

        def both():
            x.grad = y.grad = None
            (f(x, y) * ones).sum().backward()

        print(name, label, f"{forward:.2f} {median(both):.2f}", flush=True)
