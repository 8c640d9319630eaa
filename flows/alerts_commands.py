"""``trendwarte alerts``: what waits, what went, who wants silence; send now, try again, try a channel out."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from flows.checking import must_be_known, published_of, unknown, used
from flows.options import AsJson, Config, State, fail, moment_of, note, print_rows, settings_of
from trendwarte.errors import ConfigError, DeliveryError, LockedError
from trendwarte.vocabulary import Severity

if TYPE_CHECKING:
    from flows.house import House
    from trendwarte.settings import Settings
    from trendwarte.types import RunReport

alerts_app = typer.Typer(
    help="The alerts: what waits and what went, send now, try again, silence, try a channel out.", no_args_is_help=True
)
Client = Annotated[str, typer.Option("--client", help="Client id; * stands for any.")]
ChannelKey = Annotated[str, typer.Option("--channel", help="Channel as 'alerts list' names it; * stands for any.")]

_FATES = ("pending", "sending", "sent", "dead", "suppressed")


@contextmanager
def _house(config: Path, state: Path) -> "Iterator[House]":
    from flows.house import opened

    with opened(settings_of(config), used(state)) as house:
        yield house


@alerts_app.command("list")
def alerts_list(
    status: Annotated[str, typer.Option(help=f"{', '.join(_FATES)}; default: all.")] = "",
    config: Config = Path("config"),
    state: State = Path("state"),
    as_json: AsJson = False,
) -> None:
    """Messages with their fate, newest first; while a night runs, as of the last published night."""
    must_be_known(unknown("--status", status, _FATES))
    try:
        with _house(config, state) as house:
            rows = house.warehouse.outbox.listing(status)
    except LockedError as error:
        note(f"{error}; showing the published copy")
        rows = _published(state, status)
    print_rows(rows, as_json)


def _published(state: Path, status: str) -> list[dict[str, Any]]:
    from warehouse import query

    columns, rows = query(
        published_of(state),
        "SELECT message_id, client, channel, subject, status, queued_at, sent_at, max(attempt) AS attempts,"
        " arg_max(detail, attempt) AS last_detail FROM mart.deliveries WHERE ? IN ('', status)"
        " GROUP BY ALL ORDER BY queued_at DESC",
        [status],
    )
    return [dict(zip(columns, row, strict=True)) for row in rows]


@alerts_app.command("deliver")
def alerts_deliver(
    at: Annotated[str, typer.Option(help="Deliver as of this time; default: now.")] = "",
    config: Config = Path("config"),
    state: State = Path("state"),
    as_json: AsJson = False,
) -> None:
    """Send what is due, without running a night; meant for cron every quarter of an hour."""
    with _house(config, state) as house:
        report = _delivered(house, at)
    for problem in report.problems:
        note(f"  ! {problem}")
    print_rows([{"sent": report.counts["messages_sent"], "problems": len(report.problems)}], as_json)
    if report.problems:
        raise SystemExit(1)


def _delivered(house: "House", at: str = "") -> "RunReport":
    from flows.engine import PlainEngine
    from flows.house import now
    from flows.tell import deliver
    from trendwarte.types import RunReport

    moment = moment_of(at, "--at") if at else now()
    report = RunReport(run_id="", as_of=moment, outcome="unchanged")
    deliver(house, moment, PlainEngine(house.settings.runtime.fetching.workers), report)
    return report


@alerts_app.command("retry")
def alerts_retry(
    message: Annotated[list[str] | None, typer.Argument(help="Message ids; default: all that were given up.")] = None,
    client: Client = "*",
    channel: ChannelKey = "*",
    config: Config = Path("config"),
    state: State = Path("state"),
    as_json: AsJson = False,
) -> None:
    """Put dead messages back into the outbox, open closed channels again, and send at once."""
    from flows.house import now

    with _house(config, state) as house:
        with house.warehouse.transaction():
            count = house.warehouse.outbox.retry(now(), message or [], client, channel)
        if count == 0:  # a client that has left the configuration may still have letters; a typing error has none
            _check_names(house.settings, client=client, channel=channel)
        report = _delivered(house)
    for problem in report.problems:
        note(f"  ! {problem}")
    print_rows([{"put_back": count, "sent": report.counts["messages_sent"]}], as_json)
    if report.problems or (message and count < len(message)):
        raise SystemExit(1)


@alerts_app.command("silence")
def alerts_silence(
    reason: Annotated[str, typer.Option(help="Why; stands in every message held back.")] = "",
    client: Client = "*",
    platform: Annotated[str, typer.Option(help="Platform id; * stands for any.")] = "*",
    purpose: Annotated[str, typer.Option(help="Purpose; * stands for any.")] = "*",
    severity: Annotated[str, typer.Option(help="act, decide or note; * stands for any.")] = "*",
    channel: ChannelKey = "*",
    days: Annotated[float, typer.Option(help="For how long.")] = 14,
    until: Annotated[str, typer.Option(help="Until when, ISO date or time; overrides --days.")] = "",
    author: Annotated[str, typer.Option(help="Who asks for it; default: the user of this machine.")] = "",
    end: Annotated[str, typer.Option(help="End this silence now.")] = "",
    config: Config = Path("config"),
    state: State = Path("state"),
    as_json: AsJson = False,
) -> None:
    """Hold alerts back for a while, end a silence, or (without a reason) list those that hold.

    When a silence ends, what changed meanwhile and still holds is told.
    """
    from dataclasses import asdict

    from flows.house import now
    from trendwarte.telling import Silence

    settings = settings_of(config)
    _check_names(settings, client, platform, purpose, severity, channel)
    with _house(config, state) as house:
        outbox, moment = house.warehouse.outbox, now()
        if end and not outbox.end_silence(end, moment):
            fail(f"no silence '{end}' holds; see 'trendwarte alerts silence'", 2)
        if reason:
            last = _end_of_silence(moment, days, until)
            name = f"s-{moment:%Y%m%d%H%M%S%f}"[:20]
            outbox.silence(
                Silence(name, moment, last, author or _user(), reason, client, platform, purpose, severity, channel)
            )
        found = outbox.silences(moment)
    print_rows([asdict(silence) for silence in found], as_json)


def _end_of_silence(moment: datetime, days: float, until: str) -> datetime:
    try:
        last = moment_of(until, "--until") if until else moment + timedelta(days=days)
    except (ValueError, OverflowError):
        raise ConfigError([f"--days: {days} is no number of days; write 14"]) from None
    if last <= moment:
        raise ConfigError([f"--until: {last:%Y-%m-%d %H:%M} UTC is over already; name a time to come"])
    return last


def _check_names(
    settings: "Settings", client: str, platform: str = "*", purpose: str = "*", severity: str = "*", channel: str = "*"
) -> None:
    """A matcher that matches nobody by a typing error would be noticed too late."""
    meant = [one for one in settings.clients.values() if fnmatchcase(one.id, client)]
    purposes = dict.fromkeys(one for each in meant or settings.clients.values() for one in each.purposes)
    channels = dict.fromkeys(one.key for each in meant or settings.clients.values() for one in each.channels)
    matchers: tuple[tuple[str, str, Collection[str], str], ...] = (
        ("--client", client, settings.clients, "see config/clients"),
        ("--platform", platform, settings.platforms, "see config/platforms"),
        ("--purpose", purpose, purposes, ""),
        ("--severity", severity, get_args(Severity), ""),
        ("--channel", channel, channels, "see the channels in config/clients"),
    )
    must_be_known(*(unknown(*matcher, may_be_pattern=True) for matcher in matchers))


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


@alerts_app.command("test")
def alerts_test(
    client: Client = "*",
    channel: ChannelKey = "*",
    config: Config = Path("config"),
    as_json: AsJson = False,
) -> None:
    """Send a probe through the channels now, past the outbox; exit code 1 when one does not take it."""
    settings = settings_of(config)
    rows = [
        row
        for one in settings.clients.values()
        if fnmatchcase(one.id, client)
        for row in _probes(settings, one.id, channel)
    ]
    if not rows:
        raise ConfigError(["no channel matches; see the channels in config/clients"])
    print_rows(rows, as_json)
    if any(not row["is_ok"] for row in rows):
        raise SystemExit(1)


def _probes(settings: "Settings", client_id: str, channel_pattern: str) -> "Iterator[dict[str, Any]]":
    from alerts import Phrases, notice_message, plain_notice, recipients, send
    from flows.house import now

    client = settings.clients[client_id]
    for channel, recipient in recipients(client):
        if not fnmatchcase(channel.key, channel_pattern):
            continue
        phrases = Phrases(channel.language or client.language, settings.runtime.time_zone)
        text = phrases.text("test_body", client=client.name)
        notice = plain_notice("alert.test", phrases.text("test_subject"), text, phrases)
        message = notice_message(notice, client, channel, recipient, settings, now())
        row = {"client": client.id, "channel": channel.key, "to": recipient.target if channel.kind == "email" else ""}
        try:
            yield row | {"is_ok": True, "detail": send(message, settings, now())}
        except DeliveryError as error:
            yield row | {"is_ok": False, "detail": str(error)}
