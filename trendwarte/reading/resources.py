"""Lexicons, thresholds and weights that ship with the reader."""

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from ruamel.yaml import YAML


@cache
def resource(name: str) -> dict[str, Any]:
    """The content of a YAML file beside this module."""
    text = (files("trendwarte.reading") / name).read_text("utf-8")
    content: dict[str, Any] = YAML(typ="safe").load(text)
    return content


def limit(name: str) -> float:
    """One threshold of ``thresholds.yaml``, 0-1."""
    return float(resource("thresholds.yaml")[name])


def weights(name: str) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of an NPZ file beside this module."""
    with (files("trendwarte.reading") / name).open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}
