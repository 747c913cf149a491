"""Beginnings: the error of an autoencoder after a few steps on networks of all shapes, in the zoo and in PyTorch.

    python beginnings.py --zoo path/to/zoo --steps 30

trains every network for so many steps by the command line of the zoo and by its twin, on the same made-up examples,
with Adam at 0.001 and all examples in every step. It prints a Markdown table of the squared error on these examples, as
a share of that of the mean example. Twins begin as PyTorch lets them begin; with `--mean` what they give is added to the
mean example.

`--output FILE` takes the column of the zoo from what the test `first_step` prints in place of a binary:

    cargo test --release -p zoo --test all networks_begin_well -- --nocapture > FILE
"""

import argparse
import json
import math
import re
import statistics
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import numpy as np
import torch

import networks

# Three examples of fifteen are kept for testing by the command line, and play no part.
COUNT, KEPT = 15, 0.2


def pictures(count, side):
    """A light spot somewhere, before a ground that differs from picture to picture."""
    picture = np.arange(count, dtype=np.float32)[:, None]
    place = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / np.float32(side)

    def along(phase):
        return (place - (0.5 + 0.3 * np.sin(picture * np.float32(phase)))) ** 2

    distance = along(1.7)[:, :, None] + along(2.9)[:, None, :]
    ground = (0.3 + 0.2 * np.cos(picture * np.float32(0.9)))[:, :, None]
    return (ground + (0.95 - ground) * np.exp(-20 * distance)).astype(np.float32)


def series(count, steps, channels):
    """Waves, each with a frequency, a phase and a height of its own."""
    example, step, channel = np.meshgrid(
        *[np.arange(n, dtype=np.float32) for n in (count, steps, channels)], indexing="ij"
    )
    frequency = 0.2 + 0.3 * (0.5 + 0.5 * np.sin(1.3 * example))
    wave = np.sin(frequency * step + 0.7 * example + channel) * (0.6 + 0.4 * np.cos(0.9 * example))
    return wave.astype(np.float32)


def table(count, width):
    """Columns of mean 0 and variance 1: a few causes, and noise."""
    row, column = np.meshgrid(*[np.arange(n, dtype=np.float32) for n in (count, width)], indexing="ij")
    causes = np.sin(row * np.float32(1.3) + column) + np.cos(row * np.float32(0.7) * (1 + column % 3))
    x = causes + 0.5 * np.sin(row * np.float32(17.3) * (column + 1))
    return ((x - x.mean(0)) / x.std(0)).astype(np.float32)


def data(kind, sizes, count):
    return {"pictures": pictures, "series": series, "table": table}[kind](count, *sizes)


def patch_of(kind, sizes):
    """Pixels or steps of a patch: at most 64 patches of a picture, or 32 of a series."""
    return max(math.ceil(sizes[0] / 8), 2) if kind == "pictures" else math.ceil(sizes[0] / 32)


def twin(name, settings, kind, sizes, code):
    """The network of a case."""
    settings, features = dict(settings), {"pictures": lambda n: n * n, "series": math.prod, "table": lambda n: n}
    width = features[kind](sizes[0]) if kind != "series" else math.prod(sizes)
    shape = [1, sizes[0], sizes[0]] if kind == "pictures" else list(sizes)
    match name:
        case "mlp":
            parts = networks.mlp(width, code, code, settings["hidden"], settings["activation"])
        case "residual":
            parts = networks.residual(width, code, code, settings["width"], settings["blocks"])
        case "conv":
            parts = networks.conv(shape, code, code, settings["channels"], settings["hidden"], settings["activation"])
        case "resnet":
            parts = networks.resnet(shape, code, code, settings["channels"])
        case "conv1d":
            parts = networks.conv1d(shape, code, code, settings["channels"], activation=settings["activation"])
        case "gru" | "lstm":
            parts = networks.recurrent(name, shape, code, code, settings["state"], settings["layers"])
        case "transformer":
            patch = patch_of(kind, sizes)
            parts = networks.transformer(shape, code, code, patch, settings["width"], settings["blocks"])
    return networks.Autoencoder(*parts)


def by_torch(case, x, steps, seed, centred):
    """The share of the error that is left."""
    name, settings, kind, sizes, code = case
    torch.manual_seed(seed)
    net = twin(name, settings, kind, sizes, code)
    if centred:
        net.mean = x.mean(0)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)

    def error():
        return (net.output(net.encoder(x)) - x).square().sum() / len(x)

    for _ in range(steps):
        adam.zero_grad()
        error().backward()
        adam.step()
    with torch.no_grad():
        return (error() / ((x - x.mean(0)).square().sum() / len(x))).item()


def tensor_of(file, wanted):
    """A tensor of 32-bit numbers in a file of safetensors."""
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    about = json.loads(content[8 : 8 + length])[wanted]
    start, end = about["data_offsets"]
    return np.frombuffer(content[8 + length + start : 8 + length + end], dtype="<f4").reshape(about["shape"])


def by_zoo(zoo, case, steps, seed, folder):
    """The share of the error that is left, and the examples that the zoo has learned from."""
    name, settings, kind, sizes, code = case
    x = data(kind, sizes, 75 if kind == "table" else COUNT)
    np.save(folder / "x.npy", x)
    train = len(x) - round(KEPT * len(x))
    reading = ["--scale", "none", *(["--series", str(sizes[1])] if kind == "series" else [])]
    words = [f"{key}={json.dumps(value)}" for key, value in settings.items()]
    words += ["train.schedule=constant"]
    run = folder / "run"
    subprocess.run(["rm", "-rf", run], check=True)
    command = [zoo, "train", "ae", "--net", name, "--code", code, "--data", folder / "x.npy", *reading]
    command += ["--epochs", steps, "--batch", train, "--lr", "0.001", "--seed", seed, "--threads", "1", "--out", run]
    command += [word for setting in words for word in ("--set", setting)]
    subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    learned = tensor_of(run / "examples.safetensors", "train").reshape(train, *x.shape[1:])
    np.save(folder / "train.npy", learned)
    command = [zoo, "eval", run, "--data", folder / "train.npy", "--json"]
    found = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    error = json.loads(found.stdout)["sse"]
    learned = torch.from_numpy(learned.reshape(train, -1).copy())
    variance = ((learned - learned.mean(0)).square().sum() / train).item()
    return error / variance, learned


def settings_of(name, depth):
    match name:
        case "mlp":
            return {"hidden": [64] * depth, "activation": "relu"}
        case "residual":
            return {"width": 64, "blocks": depth}
        case "conv":
            return {"channels": [16] * depth, "hidden": [64], "activation": "relu"}
        case "resnet":
            return {"channels": [16] * depth}
        case "conv1d":
            return {"channels": [16] * depth, "activation": "relu"}
        case "gru" | "lstm":
            return {"state": 32, "layers": depth}
        case "transformer":
            return {"width": 32, "blocks": depth}


def cases():
    """Network, settings, kind and sizes of the examples, and code."""
    of_series = ["mlp", "residual", "conv1d", "gru", "lstm", "transformer"]
    of_pictures = ["mlp", "residual", "conv", "resnet", "transformer"]
    all_cases = []

    def add(names, depth, kind, sizes, code):
        all_cases.extend((name, settings_of(name, depth), kind, sizes, code) for name in names)

    for steps in [8, 64, 256]:
        for code in [2, 32, 512]:
            add(of_series, 1, "series", (steps, 2), code)
    for side, depth, codes in [(8, 1, [2, 32, 512]), (28, 1, [2, 32, 512]), (64, 3, [2, 32]), (256, 5, [32])]:
        for code in codes:
            # So many stages that a few pixels are left.
            add(["conv", "resnet"], depth, "pictures", (side,), code)
            add(["mlp", "residual", "transformer"], 1, "pictures", (side,), code)
    for depth in [3, 6]:
        add(of_series, depth, "series", (32, 2), 16)
        add(of_pictures, depth, "pictures", (16,), 16)
    for width in [5, 30, 256]:
        for code in [2, 32]:
            add(["mlp", "residual"], 1, "table", (width,), code)
    return all_cases


def depth_of(settings):
    for key in ["blocks", "layers"]:
        if key in settings:
            return settings[key]
    return len(settings.get("channels") or settings["hidden"])


def cases_of_test(text):
    """The cases that the test prints, with what it measured."""
    line = re.compile(r"(name = .*), code (\d+), (.*): ([\d.]+), after 30 steps ([\d.]+)$")
    for found in filter(None, map(line.search, text.splitlines())):
        network, code, schema, _, later = found.groups()
        settings = tomllib.loads("\n".join(re.split(r", (?=[a-z]+ = )", network)))
        name = settings.pop("name")
        sizes = tuple(int(number) for number in re.findall(r"\d+", schema))
        kind = "pictures" if "pictures" in schema else "series"
        yield (name, settings, kind, sizes[:1] if kind == "pictures" else sizes, int(code)), float(later)


def sizes_in_words(kind, sizes):
    match kind:
        case "pictures":
            return f"picture {sizes[0]} × {sizes[0]}"
        case "series":
            return f"series {sizes[0]} × {sizes[1]}"
        case "table":
            return f"table of {sizes[0]} columns"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--zoo", help="the binary")
    options.add_argument("--output", type=Path, help="what the test printed")
    options.add_argument("--steps", type=int, default=30)
    options.add_argument("--seeds", type=int, default=3, help="the median of so many beginnings")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--mean", action="store_true", help="twins add to the mean example")
    options.add_argument("--only", help="networks, as in mlp,conv")
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    print("| network | depth | examples | code | zoo | PyTorch | zoo / PyTorch |\n|---|---|---|---|---|---|---|")
    ratios = {}

    def row(case, ours, theirs):
        name, settings, kind, sizes, code = case
        ratios.setdefault(name, []).append(ours / theirs)
        what = f"| `{name}` | {depth_of(settings)} | {sizes_in_words(kind, sizes)} | {code}"
        print(f"{what} | {ours:.4f} | {theirs:.4f} | {ours / theirs:.2f} |", flush=True)

    def median(f):
        return statistics.median(f(seed) for seed in range(given.seeds))

    if given.output:
        for case, ours in cases_of_test(given.output.read_text()):
            x = torch.from_numpy(data(*case[2:4], 12).reshape(12, -1))
            row(case, ours, median(lambda seed: by_torch(case, x, 30, seed, given.mean)))
    elif given.zoo:
        with tempfile.TemporaryDirectory() as folder:
            for case in cases():
                if given.only and case[0] not in given.only.split(","):
                    continue
                x = None

                def ours(seed):
                    nonlocal x
                    share, x = by_zoo(given.zoo, case, given.steps, seed, Path(folder))
                    return share

                share = median(ours)
                row(case, share, median(lambda seed: by_torch(case, x, given.steps, seed, given.mean)))
    else:
        sys.exit("say --zoo BINARY or --output FILE")
    print("\n| network | cases | median of zoo / PyTorch | largest |\n|---|---|---|---|")
    for name, of_name in ratios.items():
        print(f"| `{name}` | {len(of_name)} | {statistics.median(of_name):.2f} | {max(of_name):.2f} |")


main()
