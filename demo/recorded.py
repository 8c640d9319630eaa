"""The recorded world: real, dated events told by invented outlets, as YAML in ``demo/world``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from trendwarte.errors import ConfigError
from trendwarte.settings import Outlet, Source

WORLD_DIR = Path(__file__).parent / "world"

Shape = Literal["rss", "rss_latin1", "rdf", "atom", "gdelt", "federal_register", "html_listing"]
Conduct = Literal["plain", "gzip", "redirect", "rate_limited", "down", "no_validators"]
Kind = Literal["event", "story", "speculation", "noise"]

_CATALOGUES = frozenset({"outlets.yaml", "series.yaml", "sources.yaml"})
_REQUIRED = ("id", "published_at", "outlet", "source", "lang", "title", "summary")
_OPTIONAL = ("body", "path", "event", "origin", "kind")


@dataclass(frozen=True, slots=True)
class WorldDocument:
    """One article or notice of the recorded world.

    ``source`` is the id of the served source that carries it, ``event`` an id of the gold event list or None,
    ``origin`` the agency whose text it copies (else the outlet speaks itself). ``kind`` says what a reader should
    find: an ``event`` of the list, a ``story`` (a true step that is not in the list), ``speculation``, or ``noise``.
    """

    id: str
    published_at: datetime
    outlet: str
    source: str
    lang: str
    title: str
    summary: str
    body: str = ""
    path: str = ""
    event: str | None = None
    origin: str = ""
    kind: Kind = "event"

    @property
    def voice(self) -> str:
        """Who tells it independently: the credited agency, else the outlet."""
        return self.origin or self.outlet


@dataclass(frozen=True, slots=True)
class Declaration:
    """A served source: its declaration (``url`` is a path), its format, and the manners of its server."""

    source: Source
    shape: Shape
    conduct: Conduct


@dataclass(frozen=True, slots=True)
class World:
    """Everything recorded: documents (oldest first), who publishes them, and what is served."""

    documents: tuple[WorldDocument, ...]
    outlets: tuple[Outlet, ...]
    declarations: tuple[Declaration, ...]
    countries: Mapping[str, str] = field(default_factory=dict)

    def of_source(self, source_id: str, until: datetime) -> list[WorldDocument]:
        """Documents a source carries up to ``until``, newest first."""
        found = [one for one in self.documents if one.source == source_id and one.published_at <= until]
        return found[::-1]


@lru_cache(maxsize=4)
def load_world(folder: Path = WORLD_DIR) -> World:
    """Read the recorded world.

    Raises:
        ConfigError: a file is not readable, or a document names an unknown outlet, source or key.
    """
    catalogue = read_yaml(folder / "outlets.yaml")
    outlets = tuple(Outlet(**one) for one in catalogue["outlets"])
    declarations = tuple(
        Declaration(Source(**{"min_interval_s": 0, **one["source"]}), one["shape"], one["conduct"])
        for one in read_yaml(folder / "sources.yaml")
    )
    known = {outlet.id for outlet in outlets}, {one.source.id for one in declarations}
    problems: list[str] = []
    documents = sorted(_documents(folder, known, problems), key=lambda one: (one.published_at, one.id))
    seen: set[str] = set()
    for one in documents:
        if one.id in seen:
            problems.append(f"{folder}: document id '{one.id}' is used twice; give one of them another id")
        seen.add(one.id)
    if problems:
        raise ConfigError(problems)
    return World(tuple(documents), outlets, declarations, dict(catalogue["countries"]))


def read_yaml(path: Path) -> Any:
    """The content of a YAML 1.2 file.

    Raises:
        ConfigError: the file is missing or is not YAML.
    """
    try:
        return YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, YAMLError) as error:
        raise ConfigError([f"{path}: {error}; correct the file or restore it from the repository"]) from error


def _documents(folder: Path, known: tuple[set[str], set[str]], problems: list[str]) -> Iterator[WorldDocument]:
    for path in sorted(folder.glob("*.yaml")):
        if path.name in _CATALOGUES:
            continue
        for number, entry in enumerate(read_yaml(path) or [], start=1):
            where = f"{path}: document {number} ({entry.get('id', 'no id')})"
            wrong = list(_mistakes(entry, known))
            problems += [f"{where}: {one}" for one in wrong]
            if not wrong:
                yield _document(entry)


def _mistakes(entry: Mapping[str, Any], known: tuple[set[str], set[str]]) -> Iterator[str]:
    outlets, sources = known
    yield from (f"key '{key}' is missing; add it" for key in _REQUIRED if not entry.get(key))
    yield from (f"key '{key}' is unknown; remove it" for key in entry if key not in (*_REQUIRED, *_OPTIONAL))
    for key, names in (("outlet", outlets), ("origin", outlets), ("source", sources)):
        name = entry.get(key)
        if name and name not in names:
            yield f"{key} '{name}' is not declared; declare it in outlets.yaml or sources.yaml"
    if entry.get("kind", "event") not in get_args(Kind):
        yield f"kind '{entry['kind']}' is unknown; use one of {', '.join(get_args(Kind))}"
    if not isinstance(entry.get("published_at"), datetime):
        yield "published_at is no time; write 2025-01-19T06:30:00Z"


def _document(entry: Mapping[str, Any]) -> WorldDocument:
    texts = {key: " ".join(entry[key].split()) for key in ("title", "summary")}
    rest = {key: value for key, value in entry.items() if key not in ("title", "summary", "published_at")}
    kind = rest.pop("kind", "event" if rest.get("event") else "noise")
    return WorldDocument(**rest, **texts, kind=kind, published_at=_utc(entry["published_at"]))


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
