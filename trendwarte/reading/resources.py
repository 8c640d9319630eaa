"""Lexicons that ship with the reader."""

from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML


@cache
def resource(name: str) -> dict[str, Any]:
    """The content of a YAML file beside this module."""
    text = (files("trendwarte.reading") / name).read_text("utf-8")
    content: dict[str, Any] = YAML(typ="safe").load(text)
    return content
