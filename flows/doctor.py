"""What can be wrong with an installation, and what to do about it."""

import json
import platform
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.requirements import Requirement

from trendwarte.errors import ConfigError, WarehouseError
from trendwarte.settings import Settings, Smtp

_DISK_MINIMUM_MB = 500
_SMTP_S = 10


class Check(NamedTuple):
    """One finding; ``finding`` names the remedy when it is not ok."""

    name: str
    is_ok: bool
    finding: str


def examine(config: Path, state: Path, env: Mapping[str, str]) -> list[Check]:
    """All checks, none of which changes anything or sends a message."""
    from trendwarte.config_files import load_settings

    checks = [
        Check("python", sys.version_info >= (3, 11), f"{platform.python_version()} (3.11 or newer is needed)"),
        *_versions(),
        _server(),
        *_folders(state),
        _lock(state),
    ]
    try:
        settings = load_settings(config, env)
    except ConfigError as error:
        return [*checks, Check("configuration", False, str(error))]
    return [
        *checks,
        Check("configuration", True, f"{len(settings.clients)} clients, {len(settings.sources)} sources"),
        _time_zone(settings),
        _mail(settings.runtime.smtp),
        *_webhooks(settings),
        *_warehouse(settings, state),
    ]


def last_night(state: Path) -> dict[str, Any] | None:
    """The newest judged night of the published copy, with the checks that failed; None when nothing is published."""
    from warehouse import QueryError, query

    try:
        columns, rows = query(
            state / "published" / "trendwarte.duckdb",
            "SELECT run_id, as_of, config_fingerprint, (SELECT list(check_name) FROM mart.checks c"
            " WHERE c.run_id = r.run_id AND severity = 'fail' AND offending > 0) AS failed_checks"
            " FROM mart.runs r WHERE outcome IN ('ok', 'degraded') ORDER BY as_of DESC LIMIT 1",
        )
    except QueryError:
        return None
    return dict(zip(columns, rows[0], strict=True)) | {"failed_checks": rows[0][3] or []} if rows else None


def _versions() -> Iterator[Check]:
    """Our own requirements against what is installed; an installer that ignored them is the usual cause of a crash."""
    for text in requires("trendwarte") or ():
        wanted = Requirement(text)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(wanted.name)
        except ImportError:
            yield Check(wanted.name, False, f"not installed; pip install -c constraints.txt '{wanted}'")
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            yield Check(
                wanted.name, False, f"{found}, but {wanted.specifier} is needed: pip install -c constraints.txt -e ."
            )
    yield Check("packages", True, ", ".join(f"{name} {version(name)}" for name in ("prefect", "fastapi", "duckdb")))


def _server() -> Check:
    try:
        import_module("prefect.server.api.server")
    except Exception as error:
        return Check(
            "prefect server", False, f"cannot start ({error}); install with constraints.txt, or use --engine plain"
        )
    return Check("prefect server", True, "importable")


def _folders(state: Path) -> Iterator[Check]:
    for name, folder in (
        ("state folder", state),
        ("published folder", state / "published"),
        ("briefs", state / "briefs"),
    ):
        nearest = next(p for p in (folder, *folder.resolve().parents) if p.exists())
        try:
            probe = nearest / ".trendwarte-probe"
            probe.touch()
            probe.unlink()
        except OSError as error:
            yield Check(
                name, False, f"{nearest} is not writable ({error.strerror}); chown it, or choose another --state"
            )
        else:
            yield Check(name, True, f"{nearest} is writable")
    nearest = next(p for p in (state, *state.resolve().parents) if p.exists())
    free_mb = shutil.disk_usage(nearest).free // 1_000_000
    kept = state / "warehouse.duckdb"
    # A night writes the file, a copy of it and Parquet: three times its size is never too much.
    needed_mb = max(_DISK_MINIMUM_MB, 3 * kept.stat().st_size // 1_000_000 if kept.exists() else 0)
    yield Check("disk", free_mb >= needed_mb, f"{free_mb} MB free, {needed_mb} MB are wanted: make room, or 'maintain'")


def _lock(state: Path) -> Check:
    from flows.house import holder_of

    holder = holder_of(state)
    if holder:
        return Check("lock", False, f"held by {holder}; wait for it, or stop it (kill PID): nothing is lost by that")
    return Check("lock", True, "free")


def _time_zone(settings: Settings) -> Check:
    zone = settings.runtime.time_zone
    try:
        local = datetime.now(UTC).astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return Check("time zone", False, f"'{zone}' is unknown: correct time_zone, or pip install tzdata")
    return Check("time zone", True, f"{zone}, now {local:%Y-%m-%d %H:%M}")


def _mail(smtp: Smtp) -> Check:
    from alerts import greet

    if not smtp.host:
        return Check("mail", True, "no SMTP server: messages wait in the outbox until smtp.host is set")
    problem = greet(smtp, _SMTP_S)
    if problem:
        return Check(
            "mail", False, f"{smtp.host}:{smtp.port}: {problem}; check smtp.host, port, security, user, password"
        )
    return Check(
        "mail", True, f"{smtp.host}:{smtp.port} answers" + (f" and takes the login of {smtp.user}" if smtp.user else "")
    )


def _webhooks(settings: Settings) -> Iterator[Check]:
    for client in settings.clients.values():
        for channel in client.channels:
            if channel.url is None:
                continue
            # Only the host is told: the rest of the address is the secret of many a webhook.
            host = urlsplit(channel.url.get_secret_value()).hostname or ""
            try:
                socket.getaddrinfo(host, 443)
            except OSError as error:
                yield Check(
                    f"webhook of {client.id}",
                    False,
                    f"{host}: {error.strerror or error}; check the address and the name server",
                )
            else:
                yield Check(f"webhook of {client.id}", True, f"{host} resolves")


def _warehouse(settings: Settings, state: Path) -> Iterator[Check]:
    from flows.calendar import longest_gap
    from warehouse import newest_schema, schema_of

    path = state / "warehouse.duckdb"
    if path.exists():
        try:
            found, known = schema_of(path), newest_schema()
        except WarehouseError as error:
            yield Check("warehouse", False, f"{error}")
        else:
            yield Check("schema", found <= known, f"schema {found}, this program knows {known}" + (
                "" if found == known else "; the next run migrates it and keeps a copy" if found < known else
                ": update the program"))  # fmt: skip
    night = last_night(state)
    if night is None:
        yield Check("last night", True, "nothing is published yet; run a night (trendwarte run)")
        return
    age, allowed = datetime.now(UTC) - night["as_of"], longest_gap(settings.runtime.schedule)
    hours = age / timedelta(hours=1)
    yield Check("last night", age <= allowed, f"{night['run_id']}, {hours:.0f} h ago" + (
        "" if age <= allowed else f": more than {allowed}; is 'serve', cron or the timer running?"))  # fmt: skip
    if night["failed_checks"]:
        yield Check("data checks", False, f"{', '.join(night['failed_checks'])} failed; see 'trendwarte query checks'")
    is_same = night["config_fingerprint"] == settings.fingerprint
    yield Check("configuration drift", True, "as in the last night" if is_same else
                "changed since the last night: the next one sets a baseline and alerts nobody")  # fmt: skip
    yield _pointer(state)
    yield _silent(state)


def _pointer(state: Path) -> Check:
    try:
        told = json.loads((state / "published" / "latest.json").read_text("utf-8"))
        is_there = (state / "published" / told["file"]).is_file()
    except (OSError, ValueError, KeyError) as error:
        return Check("published", False, f"latest.json cannot be read ({error}); run 'trendwarte publish'")
    return Check(
        "published", is_there, f"{told['file']}" + ("" if is_there else " is missing; run 'trendwarte publish'")
    )


def _silent(state: Path) -> Check:
    from warehouse import query

    _, rows = query(
        state / "published" / "trendwarte.duckdb",
        "SELECT source_id FROM mart.sources WHERE last_fetch_at - coalesce(last_ok_at, TIMESTAMPTZ '1970-01-01')"
        " > INTERVAL 3 DAY OR state = 'stale' ORDER BY 1",
    )
    names = [name for (name,) in rows]
    told = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return Check("silent sources", not names, told + ": see 'trendwarte sources health'" if names else "none")
