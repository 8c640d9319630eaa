"""One night of the recorded world in a process of its own that may kill itself at a named point.

The points are functions of the product, reached in the course of a real night: a profile hook sees the n-th call of
(or return from) one and sends SIGKILL, so the product holds no line for the sake of its tests.
"""

import importlib
import json
import os
import signal
import sys
import threading
from collections import Counter
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

from demo import load_world
from flows.demo import end_of
from flows.engine import PlainEngine
from flows.house import opened
from flows.monitor import night
from sources import read_archive
from trendwarte.config_files import load_settings
from trendwarte.settings import Channel, Settings

CONFIG = Path(__file__).parents[2] / "config"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
TO = ["ann@snack-us.example", "bob@snack-us.example"]
CALM, EVENTFUL = date(2024, 8, 29), date(2024, 8, 30)

#: (function, call or return, which time), in the order a night reaches them.
POINTS: tuple[tuple[str, str, int], ...] = (
    ("flows.judge:judge_all", "call", 1),
    ("warehouse.scoring:score_risk", "return", 1),
    ("warehouse.verdicts:Verdicts.store", "return", 1),
    ("flows.judge:_alerts", "return", 1),
    ("warehouse.verdicts:Verdicts.store_changes", "return", 1),
    ("warehouse.verdicts:Verdicts.store_alerts", "return", 1),
    ("warehouse.outbox:Outbox.memory", "return", 1),
    ("alerts.compose:compose", "call", 1),
    ("alerts.letters:mail", "return", 1),
    ("alerts.compose:compose", "return", 1),
    ("warehouse.outbox:Outbox.queue", "call", 1),
    ("warehouse.outbox:Outbox.queue", "return", 1),
    ("warehouse.runs:Runs.finish", "return", 1),
    ("flows.judge:judge_all", "return", 1),
    ("warehouse.publish:publish", "call", 1),
    ("warehouse.publish:publish", "return", 1),
    ("alerts.pages:render_brief", "return", 1),
    ("alerts.pages:write_pages", "return", 1),
    ("flows.tell:deliver", "call", 1),
    ("warehouse.outbox:Outbox.due", "return", 1),
    ("warehouse.outbox:Outbox.claim", "call", 1),
    ("warehouse.outbox:Outbox.claim", "return", 1),
    ("warehouse.outbox:Outbox.claim", "return", 2),
    ("alerts.sending:send", "call", 1),
    ("alerts.sending:send", "call", 3),
    ("smtplib:SMTP.connect", "return", 1),
    ("smtplib:SMTP.mail", "return", 1),
    ("smtplib:SMTP.rcpt", "return", 2),
    ("smtplib:SMTP.data", "call", 1),
    ("smtplib:SMTP.data", "return", 1),
    ("smtplib:SMTP.data", "return", 2),
    ("smtplib:SMTP.quit", "call", 1),
    ("alerts.mail_line:post_letter", "return", 1),
    ("alerts.http_line:post", "call", 1),
    ("http.client:HTTPConnection.connect", "return", 1),
    ("http.client:HTTPConnection.request", "return", 1),
    ("http.client:HTTPConnection.getresponse", "return", 1),
    ("alerts.http_line:post", "return", 1),
    ("alerts.sending:send", "return", 1),
    ("alerts.sending:send", "return", 2),
    ("flows.tell:_Desk._judged", "return", 1),
    ("warehouse.outbox:Outbox.record", "call", 1),
    ("warehouse.outbox:Outbox.record", "return", 1),
    ("warehouse.outbox:Outbox.record", "return", 2),
    ("flows.tell:_Desk._attempt", "return", 1),
    ("flows.tell:_Desk._attempt", "return", 2),
    ("flows.tell:_Desk.serve", "return", 1),
    ("flows.tell:deliver", "return", 1),
)


# Loaded once in the server the children are forked from, with what DuckDB imports when it first sees a parameter.
_BASE = load_settings(CONFIG, {})
importlib.import_module("pandas")


def settings_for(smtp_port: int, hook_url: str) -> Settings:
    """One client, two platforms, two mailboxes and a webhook."""
    settings = _BASE
    hook = Channel(kind="webhook", name="hook", url=hook_url, secret=SECRET)
    client = settings.clients["snack-us"].model_copy(
        update={
            "channels": [Channel(kind="email", to=TO), hook],
            "platforms": ["tiktok", "x"],
            "purposes": ["advertising"],
        }
    )
    smtp = settings.runtime.smtp.model_copy(
        update={"host": "127.0.0.1", "port": smtp_port, "security": "none", "sender": "tw@agency.example"}
    )
    runtime = settings.runtime.model_copy(update={"smtp": smtp, "allow_private_webhooks": True})
    return settings.model_copy(update={"clients": {"snack-us": client}, "runtime": runtime})


def write_archive(path: Path) -> Path:
    """What the recorded world published in the weeks around the eventful night."""
    with path.open("w", encoding="utf-8") as stream:
        for one in load_world().documents:
            if date(2024, 8, 20) <= one.published_at.date() <= EVENTFUL:
                row = {"id": one.id, "published_at": one.published_at.isoformat(), "title": one.title, "lead": one.summary,
                       "source": one.outlet, "lang": one.lang, "source_kind": "quality_press"}  # fmt: skip
                stream.write(json.dumps(row) + "\n")
    return path


def live(
    state: Path, day: date, archive: Path, smtp_port: int, hook_url: str, point: tuple[str, str, int] | None,
    begun: Connection | None = None,
) -> None:  # fmt: skip
    """Run one night on ``state``; die at ``point``, or say through ``begun`` when judging begins."""
    settings = settings_for(smtp_port, hook_url)
    documents: list[Any] = [d for d in read_archive([archive], settings.outlets) if d.published_at.date() <= day]
    with opened(settings, state) as house:
        if point is not None:
            _kill_at(point)
        elif begun is not None:
            _tell_when_judging(begun)
        night(house, end_of(day), PlainEngine(3), documents)


def _kill_at(point: tuple[str, str, int]) -> None:
    wanted, event_wanted, which = point
    seen: Counter[str] = Counter()
    module, _, qualname = wanted.partition(":")
    lock = threading.Lock()

    def watch(frame: FrameType, event: str, _: object) -> None:
        if event != event_wanted or frame.f_code.co_qualname != qualname or frame.f_globals["__name__"] != module:
            return
        with lock:
            seen[event] += 1
        if seen[event] == which:
            os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(watch)
    sys.setprofile(watch)


def _tell_when_judging(begun: Connection) -> None:
    def watch(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_qualname == "judge_all":
            sys.setprofile(None)
            begun.send("judging")

    sys.setprofile(watch)
