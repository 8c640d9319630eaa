"""A night under observation: its end is written down whatever happens, logged as JSON lines, told to the heartbeat."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from pydantic import BaseModel, SecretStr

from alerts import ping
from flows.house import House, now
from trendwarte.errors import DeliveryError, TrendwarteError
from trendwarte.types import RunReport

log = logging.getLogger("trendwarte")
_PING_S = 10
_LOG_BYTES = 5_000_000
_LOGS_KEPT = 5


class Watch:
    """What the observer is told: ``ended`` takes the report of a night that came to its end."""

    def __init__(self) -> None:
        self.report: RunReport | None = None

    def ended(self, report: RunReport) -> None:
        """Note the report of the night."""
        self.report = report


@contextmanager
def watched(house: House, as_of: datetime) -> Iterator[Watch]:
    """Observe one night: start and end go to the log and to the heartbeat, an error into its row of ``runs``."""
    run_id, watch = f"night-{as_of:%Y%m%dT%H%M%SZ}", Watch()
    log.info("night begins", extra={"facts": {"run_id": run_id}})
    _ping(house, "/start", run_id)
    try:
        yield watch
    except BaseException as error:
        log.error("night failed", extra={"facts": {"run_id": run_id, "error": str(error)[:500]}})
        # The warehouse itself may be what broke.
        with suppress(TrendwarteError), house.warehouse.transaction():
            house.warehouse.runs.fail(run_id, as_of, str(error)[:500] or type(error).__name__, now())
        _ping(house, "/fail", f"{run_id}: {error}")
        raise
    if watch.report:
        told = watch.report
        log.info("night ended", extra={"facts": {
            "run_id": run_id, "outcome": told.outcome, "counts": told.counts, "durations_s": told.durations_s,
            "problems": told.problems,
        }})  # fmt: skip
        _ping(house, "/fail" if told.is_held else "", f"{run_id}: {told.outcome}")
    else:
        log.info("night made up for", extra={"facts": {"run_id": run_id}})


def keep_log(state: Path, secrets: Mapping[str, str]) -> logging.Handler:
    """Write the log of this process as JSON lines to ``STATE/logs``; every secret is replaced by its name.

    Args:
        state: the state folder.
        secrets: name -> value, from ``secrets_of``.
    """
    folder = state / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            folder / "trendwarte.jsonl", maxBytes=_LOG_BYTES, backupCount=_LOGS_KEPT
        )
    except OSError:  # no place for a log: the night says so itself when it opens its state
        handler = logging.NullHandler()
    handler.setFormatter(_JsonLines(secrets))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    return handler


def secrets_of(settings: BaseModel, env: Mapping[str, str]) -> dict[str, str]:
    """Every secret of the configuration and every key of a source, by name."""
    found = dict(_secrets("", settings))
    for source in getattr(settings, "sources", {}).values():
        if source.key_env and env.get(source.key_env):
            found[source.key_env] = env[source.key_env]
    return {name: value for name, value in found.items() if len(value) > 3}


class _JsonLines(logging.Formatter):
    def __init__(self, secrets: Mapping[str, str]) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(), "said": record.getMessage(), **getattr(record, "facts", {}),
        }  # fmt: skip
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        text = json.dumps(line, ensure_ascii=False, default=str)
        for name, value in self._secrets.items():
            text = text.replace(value, f"[{name}]").replace(json.dumps(value)[1:-1], f"[{name}]")
        return text


def _secrets(path: str, node: object) -> Iterator[tuple[str, str]]:
    if isinstance(node, SecretStr):
        yield path, node.get_secret_value()
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _secrets(f"{path}.{name}".strip("."), getattr(node, name))
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _secrets(f"{path}.{key}", value)
    elif isinstance(node, list | tuple):
        for number, value in enumerate(node):
            yield from _secrets(f"{path}.{number}", value)


def _ping(house: House, what: str, said: str) -> None:
    """Tell the heartbeat; a heartbeat that is down must not stop the night."""
    url = house.settings.runtime.heartbeat_url
    if url is None:
        return
    address, words = url.get_secret_value().rstrip("/") + what, said.encode()[:10_000]
    try:
        ping(
            address, words, {"Content-Type": "text/plain"}, now(),
            allow_private=house.settings.runtime.allow_private_webhooks, timeout_s=_PING_S,
        )  # fmt: skip
    except DeliveryError as error:
        log.warning("heartbeat did not answer", extra={"facts": {"error": str(error)[:200]}})
