"""Values of Python as TOML, in which the zoo has its settings."""

import json

import numpy as np


def value(of):
    """One value."""
    if isinstance(of, (bool, np.bool_)):
        return "true" if of else "false"
    if isinstance(of, (int, np.integer)):
        return str(int(of))
    if isinstance(of, (float, np.floating)):
        return repr(float(of))
    if isinstance(of, str):
        return json.dumps(of, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(of, dict):
        return "{ " + ", ".join(f"{value(str(key))} = {value(one)}" for key, one in of.items()) + " }"
    if isinstance(of, (list, tuple, np.ndarray)):
        return "[" + ", ".join(value(one) for one in of) + "]"
    raise TypeError(f"a setting is a number, a text, a list or a dict, not {of!r}")


def section(name, of):
    """A section of a file, without what is None."""
    lines = [f"{value(key)} = {value(one)}" for key, one in of.items() if one is not None]
    return "\n".join([f"[{name}]", *lines, ""])
