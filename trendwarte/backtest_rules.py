"""The rules of a back-test, from ``backtest.yaml`` beside the configuration."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from trendwarte.errors import ConfigError


def load_rules(config: Path) -> dict[str, Any]:
    """The content of ``backtest.yaml``.

    Raises:
        ConfigError: the file is missing or is no YAML.
    """
    path = config / "backtest.yaml"
    try:
        rules: dict[str, Any] = YAML(typ="safe").load(path.read_text("utf-8"))
    except (OSError, YAMLError) as error:
        raise ConfigError([f"{path}: {error}; restore it from the repository"]) from error
    return rules
