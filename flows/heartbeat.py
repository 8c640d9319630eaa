"""The dead man's switch: a monitor that hears nothing from the night rings its own bell (Healthchecks style).

``URL/start`` when the night begins, ``URL/0`` or ``URL/1`` with the counts when it ended whole or with problems,
``URL/fail`` when it broke. A monitor that cannot be reached never stops a night.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

from alerts import ping
from flows.house import now
from flows.options import note
from trendwarte.errors import DeliveryError
from trendwarte.settings import Settings
from trendwarte.types import RunReport

_BODY_BYTES = 10_000


class Heartbeat:
    """One run's pings under one run id."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.alerts.heartbeat_url
        self._allow_private = settings.runtime.allow_private_webhooks
        self._run = uuid4()

    def ping(self, word: str, text: str = "") -> None:
        """Send ``word`` (start, fail or an exit code); says on stderr when nobody heard it."""
        if self._url is None:
            return
        url = f"{self._url.get_secret_value().rstrip('/')}/{word}?rid={self._run}"
        try:
            ping(
                url,
                text.encode()[:_BODY_BYTES],
                {"Content-Type": "text/plain"},
                now(),
                allow_private=self._allow_private,
            )
        except DeliveryError as error:
            note(f"heartbeat: {error}")

    def finish(self, reports: Sequence[RunReport]) -> None:
        """Say how the nights ended."""
        problems = [problem for report in reports for problem in report.problems]
        counts = [f"{report.run_id} {report.outcome} {report.counts}" for report in reports]
        self.ping("1" if problems else "0", "\n".join([*counts, *problems]))


@contextmanager
def heartbeat(settings: Settings) -> Iterator[Heartbeat]:
    """Ping at the start, and ``fail`` when the body raises."""
    beat = Heartbeat(settings)
    beat.ping("start")
    try:
        yield beat
    except BaseException as error:
        beat.ping("fail", type(error).__name__)
        raise
