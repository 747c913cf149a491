"""Autoencoders with the conventions of scikit-learn.

>>> import numpy as np
>>> from autoencoder_zoo import Autoencoder
>>> X = np.sin(np.arange(600).reshape(200, 3) / 40)
>>> model = Autoencoder("ae", code=2, epochs=20).fit(X)
>>> model.transform(X).shape
(200, 2)

`Autoencoder` takes the name of a model; for every name there is also a class with the settings of that model: `Vae`, `BetaVae`,
`Topk`. `models()` lists them, and `help(autoencoder_zoo.Vae)` explains one. `load(folder)` opens what `zoo train` trained.
"""

from ._autoencoder import Autoencoder, load
from ._models import class_of, classes, models

__all__ = ["Autoencoder", "load", "models"]


def __getattr__(name):
    # Made when they are asked for: texts and defaults of all would make the import slow.
    if name in classes():
        made = globals()[name] = class_of(name)
        return made
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*__all__, *classes()])
