"""A twin in PyTorch of a run of the zoo on pictures: the same network, loss, optimizer, batches and epochs.

    zoo train vae --data FOLDER --colour --epochs 10 --out runs/vae
    python pictures.py runs/vae --data FOLDER --start torch --seed 0

reads the settings from `config.toml` and the results of the zoo from `metrics.jsonl`, trains the twin, and prints a
row of a Markdown table for each: epochs, initial parameters, seed, test loss, test SSE/img. `--pca 128` prints the error of principal component analysis on the same pictures.
"""

import argparse
import json
import math
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

import networks


def pictures(folder):
    """Colour pictures of a folder of classes as rows of numbers from 0 to 1, channel after channel."""
    files = sorted(Path(folder).glob("*/*"))
    rows = [np.asarray(Image.open(file).convert("RGB"), dtype=np.float32).transpose(2, 0, 1) for file in files]
    return torch.from_numpy(np.stack(rows) / np.float32(255))


class Twin:
    """An autoencoder or a variational one, with the settings of a run."""

    def __init__(self, config, shape):
        sections = {k: v for table in config.values() if isinstance(table, dict) for k, v in table.items()}
        network = dict(config["network"])
        name = network.pop("name")
        self.model, self.code = config["model"]["name"], sections["code"]
        self.variational = self.model == "vae"
        self.likelihood = sections["likelihood"] if "likelihood" in sections else config["likelihood"]["name"]
        plain = sections.get("beta", 1.0) == 1.0 and not sections.get("warm_up") and not sections.get("free_bits")
        if self.model not in ("ae", "vae") or not plain or sections.get("code_activation", "identity") != "identity":
            sys.exit(f"there is no twin of these settings: {config['model']}")
        if self.likelihood not in ("bernoulli", "squared_error"):
            sys.exit(f"there is no twin of the likelihood {self.likelihood}")
        outputs = 2 * self.code if self.variational else self.code
        kind = {"conv": networks.conv, "resnet": networks.resnet, "mlp": networks.mlp}[name]
        what = math.prod(shape) if name == "mlp" else shape
        self.net = networks.Autoencoder(*kind(what, self.code, outputs, **network))
        self.name = f"`{self.model}`, `{name}`, {self.code}"

    def begin(self, x):
        """The zoo's initial parameters."""
        mean = x.mean(0)
        if self.likelihood == "bernoulli":
            mean = torch.logit(mean.clamp(0.01, 0.99))
        networks.begin_as_the_zoo(self.net, x, mean)
        if self.variational:
            # The posterior begins near the prior: 0.015 nats for each feature.
            with torch.no_grad():
                squares = self.net.encoder(x[:256]).square().sum(1).mean().item()
                wanted = 0.03 * x.shape[1]
                if squares > wanted:
                    self.net.encoder[-1].weight.mul_(math.sqrt(wanted / squares))

    def posterior(self, x):
        mu, raw = self.net.encoder(x).chunk(2, 1)
        return mu, torch.tanh((raw + 2) / 10) * 10 - 2

    def loss(self, x):
        """The sum over features and latents, the mean over the batch."""
        if not self.variational:
            return self.reconstruction(self.net.encoder(x), x)
        mu, log_var = self.posterior(x)
        z = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)
        kl = 0.5 * (mu.square() + log_var.exp() - 1 - log_var).sum() / len(x)
        return self.reconstruction(z, x) + kl

    def reconstruction(self, z, x):
        output = self.net.output(z)
        if self.likelihood == "bernoulli":
            return functional.binary_cross_entropy_with_logits(output, x, reduction="sum") / len(x)
        return (output - x).square().sum() / len(x)

    def squared_error(self, x):
        """The squared error of an example, by the mean of the posterior."""
        z = self.posterior(x)[0] if self.variational else self.net.encoder(x)
        output = self.net.output(z)
        return (torch.sigmoid(output) if self.likelihood == "bernoulli" else output).sub(x).square().sum() / len(x)


def mean_of(f, x):
    with torch.no_grad():
        return sum(f(part).item() * len(part) for part in x.split(500)) / len(x)


def train(twin, plan, train, test, seed):
    if plan["schedule"] != "constant" or plan.get("drop_last"):
        sys.exit(f"there is no twin of this training: {plan}")
    order = torch.Generator().manual_seed(seed)
    adam = torch.optim.Adam(twin.net.parameters(), lr=plan["learning_rate"])
    for epoch in range(plan["epochs"]):
        start = time.time()
        for numbers in torch.randperm(len(train), generator=order).split(plan["batch"]):
            adam.zero_grad()
            twin.loss(train[numbers]).backward()
            if "clip_norm" in plan:
                torch.nn.utils.clip_grad_norm_(twin.net.parameters(), plan["clip_norm"])
            adam.step()
        seconds = time.time() - start
        loss = mean_of(twin.loss, test)
        print(f"epoch {epoch + 1}: test loss {loss:.3f}, {seconds:.1f} s", file=sys.stderr, flush=True)


def results(run):
    """The loss on the test pictures and their squared error, as the zoo wrote them."""
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])["test"]
    return last["loss"]["total"], last["sse"]


def pca(train, test, code):
    mean = train.mean(0)
    axes = torch.linalg.eigh((train - mean).T.double() @ (train - mean).double())[1][:, -code:].float()
    return ((test - mean) - (test - mean) @ axes @ axes.T).square().sum().item() / len(test)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("run", type=Path, nargs="?", help="a run folder of the zoo")
    options.add_argument("--data", type=Path, required=True, help="the pictures, in the folders train and test")
    options.add_argument("--start", choices=["torch", "zoo"], default="torch", help="whose initial weights")
    options.add_argument("--seed", type=int, help="that of the twin [default: that of the run]")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--pca", type=int, metavar="CODE", help="only the error of this many components")
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    parts = [pictures(given.data / part) for part in ("train", "test")]
    shape = list(parts[0].shape[1:])
    x, test = [part.flatten(1) for part in parts]
    if given.pca:
        return print(f"| PCA, {given.pca} | {pca(x, test, given.pca):.2f} |")
    config = tomllib.loads((given.run / "config.toml").read_text())
    plan = config["train"]
    seed = plan["seed"] if given.seed is None else given.seed
    torch.manual_seed(seed)
    twin = Twin(config, shape)
    if given.start == "zoo":
        twin.begin(x)
    train(twin, plan, x, test, seed)

    def row(whose, seed, loss, error):
        print(f"| {twin.name} | {plan['epochs']} | {whose} | {seed} | {loss:.2f} | {error:.2f} |")

    row("zoo", plan["seed"], *results(given.run))
    row(f"twin, {given.start}", seed, mean_of(twin.loss, test), mean_of(twin.squared_error, test))


main()
