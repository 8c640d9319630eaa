"""Prefect, offline and quiet: imported before Prefect, because it reads its settings from the environment.

Every value can be overridden from outside. Without them a run contacts a telemetry host and prints some
200 lines of tracebacks when its temporary server shuts down, though nothing failed.
"""

import os
from pathlib import Path


def prepare_prefect(home: Path) -> None:
    """Set Prefect's defaults for a nightly process whose server lives as long as the night."""
    home.mkdir(parents=True, exist_ok=True)
    defaults = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        # Two cores under load need more than the 20 s Prefect allows its own server.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
