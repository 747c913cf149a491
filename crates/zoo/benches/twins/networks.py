"""The networks of the zoo in PyTorch: layer by layer the same, with the same activations and normalizations.

Each function gives an encoder and a decoder for examples as rows of numbers. Every layer begins as PyTorch lets it
begin. What the zoo would have done is noted beside the layer by `begins`, and `begin_as_the_zoo` does it.
"""

import math

import torch
from torch import nn

SMALL = 1 / 32
ACTIVATIONS = {"relu": nn.ReLU, "silu": nn.SiLU, "tanh": nn.Tanh, "gelu": nn.GELU}


def usual(activation):
    """The initial weights of a layer before this activation."""
    return "glorot" if activation == "tanh" else "he"


def begins(layer, init, scale=1.0, copies=1.0):
    """Notes how the zoo draws the weights of a layer. Pixels that are copied are read by `copies` units more."""
    layer.begins = (init, scale, copies)
    return layer


def normalized(norm, channels):
    """Normalization over `[batch, channels, …]`, in groups of at least four channels, eight groups at most."""
    if norm == "none":
        return []
    groups = 1
    if norm == "group":
        groups = next((g for g in range(8, 1, -1) if channels % g == 0 and channels // g >= 4), 1)
    return [nn.GroupNorm(groups, channels)]


class Added(nn.Module):
    """`x + f(x)`."""

    def __init__(self, *layers):
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.body(x)


class Of(nn.Module):
    """A function without parameters."""

    def __init__(self, f):
        super().__init__()
        self.f = f

    def forward(self, x):
        return self.f(x)


def reshaped(*shape):
    return Of(lambda x: x.reshape(len(x), *shape))


turned = Of(lambda x: x.transpose(1, 2))


def linears(widths, activation, last):
    """Linear layers with an activation between them."""
    layers = []
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        if i > 0:
            layers.append(ACTIVATIONS[activation]())
        init = last if i + 2 == len(widths) else usual(activation)
        layers.append(begins(nn.Linear(inputs, outputs), init))
    return layers


def mlp(features, code, outputs, hidden, activation):
    """Linear layers; the decoder mirrors the encoder."""
    encoder = linears([features, *hidden, outputs], activation, "glorot")
    decoder = linears([code, *hidden[::-1], features], activation, "glorot")
    encoder[0].begins_centred = True
    begins(decoder[-1], "glorot", SMALL).begins_at_mean = True
    return nn.Sequential(*encoder), nn.Sequential(*decoder)


def residual(features, code, outputs, width, blocks, activation="silu"):
    """Residual blocks of linear layers with layer normalization."""

    def stack(inputs, last):
        layers = [begins(nn.Linear(inputs, width), "glorot")]
        for _ in range(blocks):
            body = []
            for scale in [1.0, blocks**-0.5]:
                linear = begins(nn.Linear(width, width), usual(activation), scale)
                body += [nn.GroupNorm(1, width), ACTIVATIONS[activation](), linear]
            layers.append(Added(*body))
        return nn.Sequential(*layers, nn.GroupNorm(1, width), ACTIVATIONS[activation](), last)

    encoder = stack(features, begins(nn.Linear(width, outputs), "glorot"))
    decoder = stack(code, begins(nn.Linear(width, features), "glorot", SMALL))
    encoder[0].begins_centred = True
    decoder[-1].begins_at_mean = True
    return encoder, decoder


def stages(picture, code, outputs, channels, hidden, activation, norm, kernel=(3, 3), blocks=0, dilated=False):
    """Convolutions that halve a picture stage by stage, and enlarge it again by copied pixels."""
    sizes = [tuple(picture)]
    for count in channels:
        _, height, width = sizes[-1]
        sizes.append((count, math.ceil(height / 2), math.ceil(width / 2)))
    padding = [side // 2 for side in kernel]
    init = usual(activation)

    def activated(count):
        return [*normalized(norm, count), ACTIVATIONS[activation]()]

    def residual_blocks(count):
        found = []
        for number in range(blocks):
            apart = 2**number if dilated else 1
            body = []
            for scale in [1.0, (blocks * len(channels)) ** -0.5]:
                conv = nn.Conv2d(count, count, kernel, padding=[p * apart for p in padding], dilation=apart)
                body += [*activated(count), begins(conv, init, scale)]
            found.append(Added(*body))
        return found

    encoder = [reshaped(*picture)]
    for (inputs, _, _), (count, _, _) in zip(sizes, sizes[1:]):
        encoder.append(begins(nn.Conv2d(inputs, count, kernel, stride=2, padding=padding), init))
        encoder += residual_blocks(count) if blocks else activated(count)
    if blocks:
        encoder += activated(channels[-1])
    smallest = math.prod(sizes[-1])
    encoder += [nn.Flatten(), *linears([smallest, *hidden, outputs], activation, "glorot")]

    decoder = linears([code, *hidden[::-1], smallest], activation, init)
    if not blocks:
        decoder.append(ACTIVATIONS[activation]())
    decoder.append(reshaped(*sizes[-1]))
    for stage in reversed(range(len(channels))):
        (outer, height, width), (inner, low, narrow) = sizes[stage], sizes[stage + 1]
        decoder += residual_blocks(inner)
        if blocks and stage == 0:
            decoder += activated(inner)
        copies = math.ceil(height / low) * math.ceil(width / narrow)
        conv = nn.Conv2d(inner, outer, kernel, padding=padding)
        begins(conv, "glorot" if stage == 0 else init, SMALL if stage == 0 else 1.0, copies)
        decoder += [nn.Upsample(size=(height, width), mode="nearest"), conv]
        if not blocks and stage > 0:
            decoder += activated(outer)
    return nn.Sequential(*encoder), nn.Sequential(*decoder, nn.Flatten())


def conv(picture, code, outputs, channels, hidden, activation, norm="none"):
    encoder, decoder = stages(picture, code, outputs, channels, hidden, activation, norm)
    encoder[-1].begins_with_centred_outputs = True
    return encoder, decoder


def resnet(picture, code, outputs, channels, blocks=1, norm="group", activation="silu"):
    return stages(picture, code, outputs, channels, [], activation, norm, blocks=blocks)


def conv1d(series, code, outputs, channels, kernel=5, activation="relu", norm="none"):
    """The same along a series, which is a picture one pixel high."""
    steps, planes = series
    picture = [planes, 1, steps]
    encoder, decoder = stages(picture, code, outputs, channels, [], activation, norm, kernel=(1, kernel))
    to_channels = [reshaped(steps, planes), turned]
    from_channels = [reshaped(planes, steps), turned, nn.Flatten()]
    return nn.Sequential(*to_channels, *encoder), nn.Sequential(*decoder, *from_channels)


class Recurrent(nn.Module):
    """Recurrent layers, `[batch, steps, inputs]` to `[batch, steps, state]`."""

    def __init__(self, kind, inputs, state, layers):
        super().__init__()
        self.cells = (nn.GRU if kind == "gru" else nn.LSTM)(inputs, state, layers, batch_first=True)

    def forward(self, x):
        return self.cells(x)[0]


def recurrent(kind, series, code, outputs, state, layers):
    """A recurrent network reads a series step by step, and another one writes it."""
    steps, step = series
    encoder = [reshaped(steps, step), Recurrent(kind, step, state, layers), Of(lambda x: x[:, -1])]
    decoder = [Of(lambda z: z[:, None].expand(-1, steps, -1)), Recurrent(kind, code, state, layers)]
    encoder.append(begins(nn.Linear(state, outputs), "he"))
    decoder += [begins(nn.Linear(state, step), "glorot", SMALL), nn.Flatten()]
    return nn.Sequential(*encoder), nn.Sequential(*decoder)


class Positions(nn.Module):
    """A learned vector for every place. PyTorch has no layer for it; 0.02 is the usual deviation."""

    def __init__(self, places, width):
        super().__init__()
        self.table = nn.Parameter(0.02 * torch.randn(places, width))

    def forward(self, x):
        return x + self.table


def transformer(picture, code, outputs, patch, width, blocks, heads=4):
    """Attention over patches. A series, as `[steps, channels]`, is a picture one pixel high."""
    ends = [], []
    if len(picture) == 2:
        steps, planes = picture
        picture = [planes, 1, steps]
        ends = [reshaped(steps, planes), turned], [reshaped(planes, steps), turned, nn.Flatten()]
    sides = [min(patch, side) for side in picture[1:]]
    counts = [math.ceil(side / small) for side, small in zip(picture[1:], sides)]
    padding = [math.ceil((small * n - side) / 2) for small, n, side in zip(sides, counts, picture[1:])]
    more = [side + 2 * p - small * n for side, p, small, n in zip(picture[1:], padding, sides, counts)]
    tokens = math.prod(counts)

    def attention():
        layers = []
        for _ in range(blocks):
            block = nn.TransformerEncoderLayer(
                width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            layers.append(block)
        return [*layers, nn.LayerNorm(width)]

    patches = begins(nn.Conv2d(picture[0], width, sides, stride=sides, padding=padding), "lecun")
    encoder = [*ends[0], reshaped(*picture), patches, reshaped(width, tokens), turned, Positions(tokens, width)]
    encoder += [*attention(), nn.Flatten(), begins(nn.Linear(tokens * width, outputs), "glorot")]
    pixels = nn.ConvTranspose2d(width, picture[0], sides, sides, padding, more)
    decoder = [begins(nn.Linear(code, tokens * width), "lecun"), reshaped(tokens, width), *attention()]
    decoder += [turned, reshaped(width, *counts), begins(pixels, "glorot", SMALL / 2), nn.Flatten(), *ends[1]]
    return nn.Sequential(*encoder), nn.Sequential(*decoder)


class Autoencoder(nn.Module):
    """An encoder and a decoder. `mean`, if there is one, is added to what the decoder gives, and is not learned."""

    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.mean = None

    def output(self, z):
        output = self.decoder(z)
        return output if self.mean is None else output + self.mean


def begin_as_the_zoo(net, x, output_for_mean):
    """Draws the parameters as the zoo does: so that the codes say something, and the first output is the mean example."""
    mean = x.mean(0)
    with torch.no_grad():
        for layer in net.modules():
            if not hasattr(layer, "begins"):
                continue
            init, scale, copies = layer.begins
            weight = layer.weight
            reach = math.prod(weight.shape[2:])
            stride = math.prod(getattr(layer, "stride", (1,)))
            inputs, outputs = weight.shape[1] * reach, weight.shape[0] * math.ceil(reach / stride) * copies
            if init == "he":
                weight.normal_(0, scale * math.sqrt(2 / inputs))
            elif init == "lecun":
                weight.normal_(0, scale * math.sqrt(1 / inputs))
            else:
                bound = scale * math.sqrt(6 / (inputs + outputs))
                weight.uniform_(-bound, bound)
            layer.bias.zero_()
            if hasattr(layer, "begins_centred"):
                layer.bias.copy_(-weight @ mean)
        at_mean = [layer for layer in net.modules() if hasattr(layer, "begins_at_mean")]
        for layer in at_mean:
            layer.bias.copy_(output_for_mean)
        if not at_mean:
            net.mean = output_for_mean
        for layer in net.modules():
            if hasattr(layer, "begins_with_centred_outputs"):
                layer.bias.sub_(net.encoder(mean[None])[0])
