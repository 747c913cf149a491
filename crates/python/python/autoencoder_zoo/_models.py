"""Classes for the single models, made of what the registry of the zoo says about them."""

import inspect
import json
import keyword
import textwrap

from . import _zoo
from ._autoencoder import Autoencoder


def models():
    """Name, title and equation of every model, as a list of tuples."""
    return [line[:3] for line in _zoo.models() if not line[3]]


def classes():
    """The names of the classes, each with that of its model: `BetaVae` is `beta-vae`."""
    return {"".join(word.title() for word in name.split("-")): name for name, *_ in models()}


def class_of(name):
    """The class of this name."""
    model = classes()[name]
    about = json.loads(_zoo.describe(model))
    common = list(inspect.signature(Autoencoder.__init__).parameters.values())[2:]
    known = {parameter.name for parameter in common}
    own = {}
    for setting in about["settings"]:
        section, _, key = setting["name"].partition(".")
        key = section if key == "name" else key
        # A word of Python is no name.
        key += "_" * keyword.iskeyword(key)
        if key not in known and key not in own:
            own[key] = setting
    parameters = [
        inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY),
        *(inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=None) for key in own),
        *common,
    ]
    keys = {key: setting["name"] for key, setting in own.items()}

    def __init__(self, /, **given):
        super(made, self).__init__(model, **{key: given[key] for key in given if key in known})
        for key in given:
            if key not in known and key not in own:
                raise TypeError(f"{name}() has no parameter `{key}`; its own are {', '.join(own)}")
        for key in own:
            setattr(self, key, given.get(key))

    __init__.__signature__ = inspect.Signature(parameters)
    made = type(
        name,
        (Autoencoder,),
        {"__init__": __init__, "__doc__": _doc(about, own), "__module__": "autoencoder_zoo", "_own": keys},
    )
    return made


def _doc(about, own):
    def parameter(key, setting):
        values = f" One of {', '.join(setting['values'])}." if setting.get("values") else ""
        text = f"{setting['about']}{values} For the embedded digits it is {setting['default']}."
        return f"{key} : default None, what suits the data\n" + textwrap.indent(textwrap.fill(text, 92), "    ")

    settings = "\n".join(parameter(key, setting) for key, setting in own.items())
    title = about["title"][0].upper() + about["title"][1:]
    return (
        f"{title} ({about['source']}).\n\n    {about['equation']}\n\n{about['about']}\n\n"
        f"Parameters\n----------\n{settings}\n\nAll others are those of `Autoencoder`.\n"
    )
