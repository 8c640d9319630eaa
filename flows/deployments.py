"""The Prefect deployments: what runs when, under one roof, one writer at a time.

``trendwarte serve`` serves them from one process; ``prefect.yaml`` deploys the same flows to a work pool. This module
imports Prefect at its top: only these two need it.
"""

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy, State
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Interval
from prefect.states import Completed, Failed
from prefect.types.entrypoint import EntrypointType

from flows.calendar import interval_of
from flows.engine import PrefectEngine
from flows.house import now, opened
from flows.monitor import due_nights
from flows.operations import backfilled, maintained, official_only, weekly
from flows.watching import keep_log, secrets_of
from trendwarte.config_files import load_settings
from trendwarte.settings import Settings
from trendwarte.types import RunReport


@flow(name="nightly", persist_result=False)
def nightly(config: str = "config", state: str = "state") -> State[Any]:
    """Collect, read, score, judge, publish, tell; missed nights first."""
    settings = _settings(config, state)
    with opened(settings, Path(state)) as house:
        return _state_of(due_nights(house, now().replace(microsecond=0), PrefectEngine()))


@flow(name="official", persist_result=False)
def official(config: str = "config", state: str = "state") -> State[Any]:
    """The same path for authorities only, several times a day: a ban does not wait for the night."""
    settings = official_only(_settings(config, state))
    with opened(settings, Path(state)) as house:
        return _state_of(due_nights(house, now().replace(microsecond=0), PrefectEngine()))


@flow(name="digest", persist_result=False)
def digest(config: str = "config", state: str = "state") -> State[Any]:
    """Weekly: the briefs anew, and whatever still waits in the outbox."""
    with opened(_settings(config, state), Path(state)) as house:
        return _state_of([weekly(house, now().replace(microsecond=0), PrefectEngine())])


@flow(name="maintenance", persist_result=False)
def maintenance(config: str = "config", state: str = "state") -> State[Any]:
    """Monthly: retention, compaction with a backup, old snapshots."""
    done = maintained(_settings(config, state), Path(state), now())
    return Completed(message=", ".join(f"{name} {count}" for name, count in done.items()))


@flow(name="backfill", persist_result=False)
def backfill(archives: list[str], start: date, end: date, config: str = "config", state: str = "state") -> State[Any]:
    """Run nights over archived documents, with progress; goes on where an interrupted one stopped."""
    said = get_run_logger()
    reports = backfilled(
        _settings(config, state), [Path(one) for one in archives], start, end, Path(state),
        on_line=lambda line: said.warning("%s", line),
        on_problem=lambda one: said.warning("%s:%d: %s; skipped", one.path, one.line, one.reason),
    )  # fmt: skip
    return Completed(message=f"{len(reports)} nights")


def deployments(settings: Settings, config: Path, state: Path) -> list[RunnerDeployment]:
    """Every flow with its schedule, in the configured time zone; each runs once at a time."""
    zone, times = settings.runtime.time_zone, settings.runtime.schedule
    places = {"config": str(config.resolve()), "state": str(state.resolve())}
    return [
        _deployment(one, cron, zone, places, said)
        for one, cron, said in (
            (nightly, times.nightly, "The night: news, law and trends into verdicts and alerts."),
            (official, times.official, "Authorities only, several times a day."),
            (digest, times.digest, "Briefs anew, and the outbox once more."),
            (maintenance, times.maintenance, "Retention, compaction, backup."),
            (backfill, "", "Nights over an archive; started by hand with archives, start and end."),
        )
    ]


def serve_all(settings: Settings, config: Path, state: Path) -> None:
    """Serve every deployment until the process is stopped; one flow run at a time, for one process may write."""
    serve(*deployments(settings, config, state), limit=1, pause_on_shutdown=False, print_starting_message=False)


def _deployment(one: Any, when: str, zone: str, places: dict[str, str], said: str) -> RunnerDeployment:
    interval = interval_of(when) if when else None
    schedule = Interval(interval) if interval else Cron(when, timezone=zone) if when else None
    return one.to_deployment(  # type: ignore[no-any-return]
        name="trendwarte", parameters=places, tags=["trendwarte", one.name], description=said,
        # A run that is late meets the one that made up for it: two in a row would only repeat it.
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        # By module: a flow loaded from its file would be a second copy of this program.
        entrypoint_type=EntrypointType.MODULE_PATH, schedule=schedule,
    )  # fmt: skip


def _settings(config: str, state: str) -> Settings:
    settings = load_settings(Path(config), os.environ)
    keep_log(Path(state), secrets_of(settings, os.environ))
    return settings


def _state_of(reports: Sequence[RunReport]) -> State[Any]:
    last = reports[-1]
    said = f"{last.run_id}: {last.outcome}, alerts {last.counts.get('alerts', 0)}, problems {len(last.problems)}"
    return Failed(message=said) if last.is_held else Completed(message=said)
