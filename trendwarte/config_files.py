"""Reading ``config/``: YAML to ``Settings``, validated whole; every mistake with file, line, key and remedy.

YAML 1.2 is read (the country code NO stays text), duplicate keys are mistakes, and secrets are written
``${env:NAME}`` or ``${file:/path}``, never in clear.
"""

import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from trendwarte.catalogue import expanded, needs_key, unfilled
from trendwarte.channels import channel_problems
from trendwarte.errors import ConfigError
from trendwarte.rules import Model, Radar, Scoring
from trendwarte.settings import (
    AlertRules,
    Client,
    Instrument,
    Jurisdiction,
    Outlet,
    Platform,
    Recommendation,
    Runtime,
    Settings,
    Source,
)

M = TypeVar("M", bound=Model)
_REFERENCE = re.compile(r"^\$\{(env|file):([^}]+)\}$")
_ENV_PREFIX = "TRENDWARTE__"
#: Kinds whose file may be absent: the defaults of the model hold.
_OPTIONAL = frozenset({"radar"})
#: kind -> (model, where it lives, whether a file holds a list and under which key)
KINDS: dict[str, tuple[type[Model], str, str]] = {
    "settings": (Runtime, "settings.yaml", ""),
    "scoring": (Scoring, "scoring.yaml", ""),
    "alerts": (AlertRules, "alerts.yaml", ""),
    "radar": (Radar, "radar.yaml", ""),
    "playbook": (Recommendation, "playbook.yaml", "playbook"),
    "jurisdictions": (Jurisdiction, "jurisdictions.yaml", "jurisdictions"),
    "outlets": (Outlet, "outlets.yaml", "outlets"),
    "platform": (Platform, "platforms/*.yaml", ""),
    "client": (Client, "clients/*.yaml", ""),
    "instruments": (Instrument, "instruments/*.yaml", "instruments"),
    "sources": (Source, "sources/*.yaml", "sources"),
}


def load_settings(directory: Path, env: Mapping[str, str]) -> Settings:
    """Read and cross-check the whole configuration below ``directory``.

    ``env`` resolves secrets and overrides runtime values: ``TRENDWARTE__SMTP__HOST`` sets ``smtp.host``.

    Raises:
        ConfigError: with every problem found, one line each.
    """
    loader = _Loader(directory, env)
    loaded = {kind: list(loader.entries(kind)) for kind in KINDS}
    if loader.problems:
        raise ConfigError(loader.problems)
    settings = Settings(
        runtime=loaded["settings"][0],
        scoring=loaded["scoring"][0],
        alerts=loaded["alerts"][0],
        playbook=loaded["playbook"],
        radar=next(iter(loaded["radar"]), Radar()),
        platforms={one.id: one for one in loaded["platform"]},
        clients={one.id: one for one in loaded["client"]},
        sources={one.id: one for entry in loaded["sources"] for one in expanded(entry)},
        instruments={one.id: one for one in loaded["instruments"]},
        jurisdictions={one.id: one for one in loaded["jurisdictions"]},
        outlets={one.id: one for one in loaded["outlets"]},
    )
    problems = [loader.located(key, text) for key, text in _contradictions(settings)]
    if problems:
        raise ConfigError(sorted(problems))
    return settings.model_copy(update={"fingerprint": fingerprint(settings)})


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema of each kind of file, as committed in ``config/schema/``."""
    found = {}
    for kind, (model, _, key) in KINDS.items():
        adapter: TypeAdapter[Any] = TypeAdapter(dict[str, list[model]] if key else model)  # type: ignore[valid-type]
        found[kind] = adapter.json_schema()
    return found


def fingerprint(settings: Settings) -> str:
    """Hash of everything that judges; sources, channels, secrets and runtime do not count."""
    judged = {
        "platforms": {k: v.model_dump(mode="json") for k, v in sorted(settings.platforms.items())},
        "clients": {
            k: v.model_dump(mode="json", exclude={"channels", "name", "language"})
            for k, v in sorted(settings.clients.items())
        },
        "instruments": {k: v.model_dump(mode="json") for k, v in sorted(settings.instruments.items())},
        "jurisdictions": {k: v.model_dump(mode="json") for k, v in sorted(settings.jurisdictions.items())},
        "outlets": {k: v.model_dump(mode="json") for k, v in sorted(settings.outlets.items())},
        "scoring": settings.scoring.model_dump(mode="json"),
        "alerts": settings.alerts.model_dump(mode="json", exclude=set(AlertRules.TELLING)),
        "momentum": settings.radar.momentum.model_dump(mode="json"),
    }
    return sha256(json.dumps(judged, sort_keys=True).encode()).hexdigest()[:16]


class _Loader:
    def __init__(self, directory: Path, env: Mapping[str, str]) -> None:
        self._directory = directory
        self._env = env
        self._places: dict[str, tuple[Path, tuple[str | int, ...]]] = {}
        self.problems: list[str] = []

    def entries(self, kind: str) -> Iterator[Any]:
        """Every valid entry of a kind; problems are collected."""
        model, pattern, list_key = KINDS[kind]
        paths = sorted(self._directory.glob(pattern))
        if not paths and kind not in _OPTIONAL:
            self.problems.append(f"{self._directory / pattern}:1: no such file; copy it from the example configuration")
        for path in paths:
            content = self._read(path)
            if content is None:
                continue
            if kind == "settings":
                content = _overridden(content, self._env)
            if not list_key:
                yield from self._one(path, content, model, (), kind in ("platform", "client"))
            elif not isinstance(content.get(list_key), list):
                self.problems.append(f"{path}:1: {list_key}: a list is expected under this key")
            else:
                for index, entry in enumerate(content[list_key]):
                    yield from self._one(path, entry, model, (list_key, index), is_named_by_file=False)

    def located(self, key: str, text: str) -> str:
        """A problem of the cross-check, with the place where ``key`` (``kind/id``) was declared."""
        return f"{self._place(key)}: {text}"

    def _place(self, key: str) -> str:
        if key not in self._places:
            return f"{self._directory}:1"
        path, at = self._places[key]
        return f"{path}:{_line(path, at)}"

    def _one(
        self, path: Path, content: Any, model: type[M], at: tuple[str | int, ...], is_named_by_file: bool
    ) -> Iterator[M]:
        try:
            entry = model.model_validate(self._resolved(path, content, at))
        except ValidationError as error:
            for problem in error.errors():
                where = (*at, *problem["loc"])
                text = _remedy(problem, model)
                self.problems.append(f"{path}:{_line(path, where)}: {'.'.join(map(str, problem['loc']))}: {text}")
            return
        entry_id = getattr(entry, "id", None)
        if entry_id is not None:
            key = f"{model.__name__}/{entry_id}"
            if key in self._places:
                self.problems.append(
                    f"{path}:{_line(path, at)}: id: '{entry_id}' is also declared at {self._place(key)}; rename one"
                )
            self._places[key] = (path, at)
            if is_named_by_file and path.stem != entry_id:
                self.problems.append(f"{path}:{_line(path, ('id',))}: id: '{entry_id}' must equal the file's name")
        yield entry

    def _read(self, path: Path) -> dict[str, Any] | None:
        try:
            content = YAML(typ="safe").load(path)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            self.problems.append(f"{path}:{line}: {error.problem}; mend the YAML")
            return None
        except (YAMLError, UnicodeDecodeError, OSError) as error:
            self.problems.append(f"{path}:1: cannot be read: {error}")
            return None
        if not isinstance(content, dict):
            self.problems.append(f"{path}:1: a mapping (key: value) is expected at the top")
            return None
        return content

    def _resolved(self, path: Path, content: Any, at: tuple[str | int, ...]) -> Any:
        """``content`` with secret references replaced by what they name."""
        if isinstance(content, dict):
            return {key: self._resolved(path, value, (*at, key)) for key, value in content.items()}
        if isinstance(content, list):
            return [self._resolved(path, value, (*at, index)) for index, value in enumerate(content)]
        match = _REFERENCE.match(content) if isinstance(content, str) else None
        if not match:
            return content
        kind, name = match.groups()
        if kind == "env" and name in self._env:
            return self._env[name]
        if kind == "file" and Path(name).is_file():
            return Path(name).read_text("utf-8").strip()
        what = f"set the environment variable {name}" if kind == "env" else f"create the file {name}"
        self.problems.append(f"{path}:{_line(path, at)}: {'.'.join(map(str, at))}: the secret is missing; {what}")
        return content


def _overridden(content: dict[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    for name, value in env.items():
        if name.startswith(_ENV_PREFIX):
            *parents, last = name.removeprefix(_ENV_PREFIX).lower().split("__")
            branch = content
            for parent in parents:
                branch = branch.setdefault(parent, {})
            branch[last] = value
    return content


def _remedy(problem: Mapping[str, Any], model: type[Model]) -> str:
    if problem["type"] == "extra_forbidden":
        name = str(problem["loc"][-1])
        close = get_close_matches(name, _field_names(model), n=1)
        return f"unknown key; {f'did you mean {close[0]}?' if close else 'remove it'}"
    if problem["type"] == "missing":
        return "this key is missing; add it"
    given = json.dumps(problem.get("input"), default=str)[:60]
    return f"{problem['msg']} (given {given}); correct the value"


def _field_names(model: type[Model]) -> list[str]:
    names = list(model.model_fields)
    for field in model.model_fields.values():
        inner = [t for t in getattr(field.annotation, "__args__", ()) if isinstance(t, type) and issubclass(t, Model)]
        names += [name for one in inner for name in one.model_fields]
    return names


def _line(path: Path, where: tuple[str | int, ...]) -> int:
    """Line of the entry ``where``; as deep as it exists. Only read again when something is wrong."""
    try:
        node: Node | None = YAML().compose(path)
    except YAMLError:
        return 1
    line = 1
    for step in where:
        found = None
        if isinstance(node, MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = (node.value[step], node.value[step])
        if found is None:
            return line
        line, node = found[0].start_mark.line + 1, found[1]
    return line


# --- cross-checks ----------------------------------------------------------------------------


def _contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """What no single file can know: ids that must exist elsewhere, sums, order."""
    for client in settings.clients.values():
        yield from ((f"Client/{client.id}", text) for text in _client_problems(client, settings))
    for instrument in settings.instruments.values():
        key = f"Instrument/{instrument.id}"
        yield from _unknown(key, "jurisdiction", [instrument.jurisdiction], settings.jurisdictions)
        yield from _unknown(key, "platforms", instrument.platforms, {**settings.platforms, "all_social": None})
    for place in settings.jurisdictions.values():
        if place.parent:
            yield from _unknown(f"Jurisdiction/{place.id}", "parent", [place.parent], settings.jurisdictions)
    for platform in settings.platforms.values():
        for alias in platform.aliases:
            if alias.valid_from and alias.valid_until and alias.valid_from >= alias.valid_until:
                yield f"Platform/{platform.id}", f"aliases: '{alias.text}' ends before it begins; swap the dates"
    for source in settings.sources.values():
        if source.is_enabled and source.kind != "other" and (left := unfilled(source)):
            yield f"Source/{source.id.partition(':')[0]}", f"url: nothing fills {', '.join(left)}; add it under 'each'"
        if needs_key(source) and not source.key_env:
            yield f"Source/{source.id.partition(':')[0]}", "key_env: it needs a key; name the variable that holds it"
    for text in channel_problems(settings.alerts.operator):
        yield "AlertRules", f"alerts.yaml: operator: {text}"
    bounds = settings.scoring.boundaries
    if [b.band for b in bounds] != ["watch", "test", "recommend"] or any(b.leave >= b.enter for b in bounds):
        yield "Scoring", "scoring.yaml: boundaries: watch, test, recommend in this order, each with leave < enter"


def _client_problems(client: Client, settings: Settings) -> Iterator[str]:
    sums: dict[str, float] = {
        "markets": sum(m.weight for m in client.markets),
        "targets": sum(t.share for t in client.targets),
    }
    for name, total in sums.items():
        if abs(total - 1) > 0.001:
            yield f"{name}: the weights sum to {total:.3f}; they must sum to 1"
    named: list[tuple[str, list[str], Mapping[str, Any]]] = [
        ("markets", [m.jurisdiction for m in client.markets], settings.jurisdictions),
        ("presence", list(client.presence), settings.platforms),
        ("peers_active", list(client.peers_active), settings.platforms),
        ("exclusions", client.exclusions, settings.platforms),
        ("platforms", client.platforms, settings.platforms),
        ("executives", [e.platform for e in client.executives], settings.platforms),
        ("purposes", list(client.purposes), dict.fromkeys(map(str, settings.scoring.fit_weights))),
    ]
    for key, ids, known in named:
        for _, text in _unknown("", key, ids, known):
            yield text
    yield from channel_problems(client.channels)


def _unknown(key: str, field: str, ids: list[str], known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in ids:
        if one not in known:
            close = get_close_matches(one, list(known), n=1)
            yield key, f"{field}: '{one}' is unknown; {f'did you mean {close[0]}?' if close else 'declare it first'}"
