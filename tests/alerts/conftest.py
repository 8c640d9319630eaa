"""Alerts, settings and open houses to send from; every receiver is a real server on loopback."""

import base64
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from flows.engine import PlainEngine
from flows.house import opened
from flows.tell import deliver, queue_messages
from trendwarte.config_files import load_settings
from trendwarte.types import Alert, Evidence, Reason, RunReport, Verdict

load_once = cache(lambda: load_settings(CONFIG, {}))
CONFIG = Path(__file__).parents[2] / "config"
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
NIGHT = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)  # a Wednesday
HOSTILE = "Ban </p><script>document.title='owned'</script> \r\nBcc: all@evil.example <img src=x onerror=alert(1)> @everyone <!channel> [x](javascript:alert(1)) `*_~"


def quote(text="TikTok muss bis 19. Januar verkauft werden", **more):
    values = {
        "document_id": "d1", "title": "Titel", "quote": text, "url": "https://aldermoor.example/1", "outlet": "The Ledger",
        "source_kind": "quality_press", "published_at": NIGHT - timedelta(days=1), "lang": "en",
    }  # fmt: skip
    return Evidence(**values | more)


def alert(**more):
    values = {
        "alert_id": "a-1", "run_id": "night-1", "as_of": NIGHT, "client": "snack-us", "platform": "tiktok",
        "purpose": "advertising", "severity": "act", "rule": "floor_set", "from_band": "recommend", "to_band": "exit",
        "title": "t", "presence": "active", "evidence": (quote(),), "from_score": 71.4, "to_score": 12.0,
        "confidence": 0.8, "due_date": NIGHT.date() + timedelta(days=30),
        "reasons": (Reason("floor_set", floor="F3", instrument="us-pafaca", jurisdiction="US"),),
    }  # fmt: skip
    return Alert(**values | more)


def many(count, text="Wort " * 60):
    """Alerts on as many platforms, each with three long quotes."""
    platforms = sorted(load_once().platforms)
    return [
        alert(alert_id=f"a-{n}", platform=platforms[n], evidence=tuple(quote(text, document_id=f"d{n}{i}") for i in range(3)),
              counter_evidence=(quote(text),))
        for n in range(count)
    ]  # fmt: skip


def settings_with(*channels, client="snack-us", smtp=None, rules=None, language="en"):
    """The example configuration with one client's channels; private receivers are allowed."""
    settings = load_once()
    one = settings.clients[client].model_copy(update={"channels": list(channels), "language": language})
    runtime = settings.runtime.model_copy(update={"allow_private_webhooks": True})
    if smtp is not None:
        server = {"host": smtp.host, "port": smtp.port, "security": "none", "sender": "Trendwarte <tw@agency.example>"}
        runtime = runtime.model_copy(update={"smtp": runtime.smtp.model_copy(update=server | {"timeout_s": 20})})
    alerts = settings.alerts.model_copy(update=rules or {})
    return settings.model_copy(update={"clients": {client: one}, "runtime": runtime, "alerts": alerts})


def verdict(one, band=None):
    """Tonight's verdict that belongs to an alert."""
    return Verdict(one.as_of, one.client, one.platform, one.purpose, band or one.to_band, 50.0, one.to_band)


class Agency:
    """An open house whose nights are a list of alerts: queue them as a night does, and deliver."""

    def __init__(self, house):
        self.house = house
        self.outbox = house.warehouse.outbox

    def change(self, settings):
        """Go on with other settings in the same house."""
        house = self.house
        self.house = type(house)(settings, house.state, house.warehouse, house.reader, house.origins)

    def night(self, *alerts, at=NIGHT, standing=()):
        with self.house.warehouse.transaction():
            self.house.warehouse.verdicts.store_alerts(alerts)
            verdicts = [verdict(one) for one in alerts] + list(standing)
            return queue_messages(self.house, at, alerts, verdicts)

    def deliver(self, at=NIGHT):
        report = RunReport("night", at, outcome="unchanged")
        deliver(self.house, at, PlainEngine(), report)
        return report

    def fates(self):
        rows = self.house.warehouse.con.execute(
            "SELECT channel, target, status, outcome FROM messages ORDER BY queued_at, channel, target"
        ).fetchall()
        return [tuple(row) for row in rows]


@pytest.fixture
def agency(tmp_path):
    """Open an ``Agency`` for some settings; closed at the end of the test."""
    opened_houses = []

    def open_agency(settings):
        context = opened(settings, tmp_path / "state")
        opened_houses.append(context)
        return Agency(context.__enter__())

    yield open_agency
    for context in opened_houses:
        context.__exit__(None, None, None)
