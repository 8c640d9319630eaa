"""A Prefect server on loopback for as long as ``trendwarte serve`` runs."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from trendwarte.errors import TrendwarteError

# A cold start migrates Prefect's database: 8 to 13 s on two idle cores, more under load.
_START_S = 180


@contextmanager
def server_running(port: int, logs: Path, note: Callable[[str], None]) -> Iterator[str]:
    """The address of a Prefect API: the one PREFECT_API_URL names, or that of a server started here.

    Raises:
        TrendwarteError: the server did not come up; its log says why.
    """
    named = os.environ.get("PREFECT_API_URL", "")
    if named:
        note(f"Prefect server: {named}")
        yield named
        return
    logs.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{port}/api"
    with (logs / "prefect-server.log").open("ab") as log:
        server = subprocess.Popen(  # noqa: S603 (our own interpreter)
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_for(url, server, logs)
        os.environ["PREFECT_API_URL"] = url
        note(f"Prefect server and UI: http://127.0.0.1:{port}")
        yield url
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def free_port() -> int:
    """A port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen[bytes], logs: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            with urlopen(f"{url}/health", timeout=2):  # noqa: S310 (loopback)
                return
        except (URLError, OSError):
            time.sleep(0.3)
    raise TrendwarteError(f"the Prefect server at {url} did not start; see {logs / 'prefect-server.log'}")
