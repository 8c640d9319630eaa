"""Prefect, offline and quiet: imported before Prefect, because it reads its settings from the environment.

Every value can be overridden from outside. Without them a run contacts a telemetry host and prints some
200 lines of tracebacks when its temporary server shuts down, though nothing failed.
"""

import os
from pathlib import Path

_OFFLINE = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
}


def prepare_prefect(home: Path) -> None:
    """Set Prefect's defaults for a nightly process whose server lives as long as the night."""
    _set(home, _OFFLINE | {
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        # Two cores under load need more than the 20 s Prefect allows its own server.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    })  # fmt: skip


def prepare_serving(home: Path) -> None:
    """Set Prefect's defaults for a server that stays: its logs go to the UI, its old runs are forgotten."""
    _set(home, _OFFLINE | {
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "trendwarte",
        # The history of record is mart.runs; Prefect's own may go after a quarter.
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    })  # fmt: skip


def _set(home: Path, defaults: dict[str, str]) -> None:
    home.mkdir(parents=True, exist_ok=True)
    for name, value in {"PREFECT_HOME": str(home), **defaults}.items():
        os.environ.setdefault(name, value)
