"""What can be wrong with an installation, and what to do about it."""

import platform
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from trendwarte.errors import ConfigError

_PACKAGES = ("prefect", "fastapi", "duckdb", "pandas", "requests", "beautifulsoup4", "pydantic")


class Check(NamedTuple):
    """One finding; ``finding`` names the remedy when it is not ok."""

    name: str
    is_ok: bool
    finding: str


def examine(config: Path, state: Path, env: Mapping[str, str]) -> list[Check]:
    """All checks, none of which changes anything."""
    return [
        Check("python", sys.version_info >= (3, 11), f"{platform.python_version()} (3.11 or newer is needed)"),
        *(Check(name, True, version(name)) for name in _PACKAGES),
        _server(),
        _configuration(config, env),
        _state(state),
        _warehouse(state),
    ]


def _server() -> Check:
    try:
        import_module("prefect.server.api.server")
    except Exception as error:
        return Check(
            "prefect server", False, f"cannot start ({error}); install with constraints.txt, or use --engine plain"
        )
    return Check("prefect server", True, "importable")


def _configuration(config: Path, env: Mapping[str, str]) -> Check:
    from trendwarte.config_files import load_settings

    try:
        settings = load_settings(config, env)
    except ConfigError as error:
        return Check("configuration", False, str(error))
    mail = settings.runtime.smtp.host or "no SMTP server: messages wait in the outbox"
    return Check("configuration", True, f"{len(settings.clients)} clients; mail: {mail}")


def _state(state: Path) -> Check:
    folder = next(p for p in (state, *state.resolve().parents) if p.exists())
    try:
        probe = folder / ".trendwarte-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Check("state folder", False, f"{folder} is not writable ({error}); choose another with --state")
    return Check("state folder", True, f"{folder} is writable")


def _warehouse(state: Path) -> Check:
    from warehouse import QueryError, query

    try:
        _, rows = query(state / "published" / "trendwarte.duckdb", "SELECT max(as_of) FROM mart.runs")
    except QueryError as error:
        return Check("warehouse", True, f"nothing published yet ({error})")
    return Check("warehouse", True, f"last night {rows[0][0]}")
