"""What is given on the command line is looked at first: a typing error must not look like an all-clear."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

from trendwarte.errors import ConfigError

# So many names fit into a complaint; where there are more, the nearest one is named.
_FEW = 10


def published_of(state: Path) -> Path:
    """The published copy in a state folder.

    Raises:
        ConfigError: there is none; most often the folder is mistyped.
    """
    path = state / "published" / "trendwarte.duckdb"
    if not path.is_file():
        raise ConfigError([f"--state: {path} does not exist; name another folder, or run a night first"])
    return path


def used(state: Path) -> Path:
    """A state folder that a night has worked in: a mistyped one must not be made, empty, and look like a success.

    Raises:
        ConfigError: there is no warehouse.
    """
    if not (state / "warehouse.duckdb").is_file():
        raise ConfigError([f"--state: no warehouse in {state}; name another folder, or run a night first"])
    return state


def must_be_there(option: str, paths: Collection[Path]) -> None:
    """Input is looked for before anything else is done: half a run over half the files is worse than none.

    Raises:
        ConfigError: a file or folder is not there, or not to be read.
    """
    lacking = [f"{option}: {path} does not exist" for path in paths if not path.exists()]
    closed = [f"{option}: {path} cannot be read" for path in paths if path.exists() and not os.access(path, os.R_OK)]
    if lacking or closed:
        raise ConfigError([f"{problem}; check its name" for problem in (*lacking, *closed)])


def unknown(
    option: str, given: str, known: Collection[str], see: str = "", *, may_be_pattern: bool = False
) -> list[str]:
    """What is wrong with a name, or with a pattern that fits no known one; empty when nothing is, or none was given."""
    from difflib import get_close_matches
    from fnmatch import fnmatchcase

    if not given or given in known or (may_be_pattern and any(fnmatchcase(one, given) for one in known)):
        return []
    near = get_close_matches(given, list(known), 1)
    if 0 < len(known) <= _FEW:
        remedy = f"use {', '.join(known)}"
    else:
        remedy = " ".join(filter(None, [f"did you mean {near[0]}?" if near else "", see])) or "check its spelling"
    return [f"{option}: '{given}' is unknown; {remedy}"]


def must_be_known(*problems: Sequence[str]) -> None:
    """Complain about every unknown name at once; a typing error that finds nothing looks like an all-clear.

    Raises:
        ConfigError: there is one.
    """
    if found := [one for several in problems for one in several]:
        raise ConfigError(found)


def names_in(published: Path, kind: Literal["client", "platform", "jurisdiction"]) -> list[str]:
    """The ids that a published copy knows: those of its configuration, and earlier ones that it judged."""
    from warehouse import query

    judged = "ledger" if kind == "jurisdiction" else "verdicts"
    _, rows = query(
        published,
        f"SELECT {kind} FROM main.{kind}s UNION SELECT {kind} FROM mart.{judged} ORDER BY 1",  # noqa: S608
    )
    return [name for (name,) in rows]
