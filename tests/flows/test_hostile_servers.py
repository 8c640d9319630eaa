"""Two nights against servers that behave as badly as servers do, each on a host of its own, and three honest ones.

Every misbehaviour has a name, the health state each night must record, and where it matters how many documents must be
known after the second night. The run goes on, the honest sources are read, and nothing known is lost.
"""

import gzip
import itertools
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from flows.engine import PlainEngine
from flows.house import now, opened
from flows.monitor import night
from trendwarte.config_files import load_settings
from trendwarte.settings import Source

CONFIG = Path(__file__).parents[2] / "config"
NIGHT = now().replace(microsecond=0)
DEADLINE_S = 1.5
WORKERS = 6
HONEST = ("honest-1", "honest-2", "honest-3")


# --- what the servers say --------------------------------------------------------------------


def _item(n: object, title: str = "", guid: str = "", date: str = "", link: str = "") -> str:
    return (
        f"<item><title>{title or f'Meldung {n}'}</title><link>{link or f'https://a.example/{n}'}</link>"
        f"<guid isPermaLink='false'>{guid or f'g-{n}'}</guid><pubDate>{date or format_datetime(NIGHT)}</pubDate></item>"
    )


def _feed(*items: str, head: str = "") -> bytes:
    return f"{head}<rss version='2.0'><channel><title>F</title>{''.join(items)}</channel></rss>".encode()


def _http(body: bytes, status: str = "200 OK", headers: str = "", length: int | None = -1) -> bytes:
    size = "" if length is None else f"Content-Length: {len(body) if length == -1 else length}\r\n"
    return f"HTTP/1.1 {status}\r\nContent-Type: text/xml\r\n{size}{headers}Connection: close\r\n\r\n".encode() + body


GOOD = _feed(_item(1), _item(2))
BOMB = gzip.compress(b"<rss>" + b" " * 40_000_000)
ENTITIES = """<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>"""
XXE = """<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>"""


@dataclass
class Behaviour:
    """``says`` is the answer to the n-th visit (bytes, or a function of the connection); ``states`` night by night."""

    states: tuple[str, str]
    says: object
    documents: int | None = None
    robots: object = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    scheme: str = "http"
    visits: int = field(default=0)


def _drip(first: bytes, piece: bytes, pause_s: float = 0.1, limit: int = 10_000):
    def say(conn: socket.socket) -> None:
        conn.sendall(first)
        for _ in range(limit):
            conn.sendall(piece)
            time.sleep(pause_s)

    return say


def _flood(first: bytes, piece: bytes):
    return _drip(first, piece, 0, 100_000)


def _then(*answers: object):
    """One answer per visit; the last one for all later visits."""
    return list(answers)


def _reset(conn: socket.socket) -> None:
    conn.sendall(_http(GOOD[:40], length=len(GOOD)))
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def _random_guids(conn: socket.socket) -> None:
    conn.sendall(_http(_feed(*(_item(n, guid=f"{time.monotonic_ns()}-{n}") for n in range(3)))))


_TAG = itertools.count()


def _new_tag_each_time(conn: socket.socket) -> None:
    conn.sendall(_http(GOOD, headers=f'ETag: "{next(_TAG)}"\r\n'))


BAD = ("unreachable", "unreachable")
BEHAVIOURS = {
    # slow, endless, broken off
    "slow header": Behaviour(BAD, _drip(b"HTTP/1.1 200 OK\r\n", b"X")),
    "slow body": Behaviour(BAD, _drip(_http(b"", length=1_000_000), b"<")),
    "silent after connecting": Behaviour(BAD, lambda conn: time.sleep(3)),
    "endless body": Behaviour(("parse_error", "parse_error"), _flood(_http(b"", length=None), b"<item>" * 10_000)),
    "endless headers": Behaviour(BAD, _flood(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 1_000)),
    "a header of 200 KB": Behaviour(BAD, b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n"),
    "endless robots": Behaviour(BAD, _http(GOOD), robots=_drip(_http(b"", length=1_000_000), b"#")),
    "hangs up at once": Behaviour(BAD, b""),
    "resets in the middle": Behaviour(BAD, _reset),
    "length too large": Behaviour(BAD, _http(GOOD, length=len(GOOD) + 500)),
    "length too small": Behaviour(("ok", "not_modified"), _http(GOOD, length=len(GOOD) - 20), 2),
    "negative length": Behaviour(("ok", "not_modified"), _http(GOOD, length=-5), 2),
    "broken chunking": Behaviour(BAD, _http(b"ZZ\r\nabc", headers="Transfer-Encoding: chunked\r\n", length=None)),
    "chunks that never end": Behaviour(
        ("parse_error", "parse_error"),
        _flood(_http(b"", headers="Transfer-Encoding: chunked\r\n", length=None), b"2710\r\n" + b"a" * 10_000 + b"\r\n"),
    ),
    "no HTTP at all": Behaviour(BAD, b"SSH-2.0-OpenSSH_9.6\r\n"),
    "plain text behind https": Behaviour(BAD, _http(GOOD), scheme="https"),
    # packed
    "gzip bomb": Behaviour(("parse_error", "parse_error"), _http(BOMB, headers="Content-Encoding: gzip\r\n")),
    "gzip cut short": Behaviour(BAD, _http(gzip.compress(GOOD)[:-9], headers="Content-Encoding: gzip\r\n")),
    "claims gzip, sends text": Behaviour(BAD, _http(GOOD, headers="Content-Encoding: gzip\r\n")),
    "brotli nobody asked for": Behaviour(("parse_error", "parse_error"), _http(b"\x0b", headers="Content-Encoding: br\r\n")),
    # redirects
    "redirect loop": Behaviour(("dead", "dead"), _http(b"", "302 Found", "Location: /feed\r\n")),
    "redirect to a private address": Behaviour(("blocked", "blocked"), _http(b"", "302 Found", "Location: http://10.0.0.1/\r\n")),
    "redirect to cloud metadata": Behaviour(
        ("blocked", "blocked"), _http(b"", "301 Moved", "Location: http://169.254.169.254/latest/meta-data/\r\n")
    ),
    "redirect to a file": Behaviour(("blocked", "blocked"), _http(b"", "302 Found", "Location: file:///etc/passwd\r\n")),
    "redirect to nowhere": Behaviour(("dead", "dead"), _http(b"", "302 Found")),
    # statuses
    "304 without a question": Behaviour(BAD, b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"),
    "500": Behaviour(BAD, _http(b"", "500 Oops")),
    "403": Behaviour(("blocked", "blocked"), _http(b"", "403 Forbidden")),
    "404": Behaviour(("dead", "dead"), _http(b"", "404 Not Found")),
    "410": Behaviour(("dead", "dead"), _http(b"", "410 Gone")),
    "451": Behaviour(("blocked", "blocked"), _http(b"", "451 Unavailable For Legal Reasons")),
    "429 for four days": Behaviour(("rate_limited", ""), _http(b"", "429 Slow", "Retry-After: 316800\r\n")),
    "503 with a date": Behaviour(("rate_limited", "rate_limited"), _http(b"", "503 Busy", "Retry-After: 60\r\n")),
    "puzzle under 202": Behaviour(("blocked", "blocked"), _http(b"<html>", "202 Accepted")),
    "challenge page": Behaviour(("blocked", "blocked"), _http(b"<html>", headers="cf-mitigated: challenge\r\n")),
    "robots forbids": Behaviour(("blocked", "blocked"), _http(GOOD), robots=_http(b"User-agent: *\nDisallow: /\n")),
    "robots fails": Behaviour(BAD, _http(GOOD), robots=_http(b"", "503 Busy")),
    "robots points inside": Behaviour(
        ("blocked", "blocked"), _http(GOOD), robots=_http(b"", "302 Found", "Location: http://192.168.0.1/robots.txt\r\n")
    ),
    "mining reserved": Behaviour(("blocked", "blocked"), _http(GOOD, headers="tdm-reservation: 1\r\n")),
    # validators
    "flapping validators": Behaviour(("ok", "not_modified"), _new_tag_each_time, 2),
    "validators that lie": Behaviour(
        ("ok", "not_modified"), _then(_http(GOOD, headers='ETag: "1"\r\n'), b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"), 2
    ),
    # bodies
    "feed as text/html": Behaviour(("ok", "not_modified"), _http(GOOD).replace(b"text/xml", b"text/html"), 2),
    "html instead of a feed": Behaviour(("parse_error", "parse_error"), _http(b"<!doctype html><html><body>Hello</body></html>")),
    "json error under 200": Behaviour(("parse_error", "parse_error"), _http(b'{"error": "no such feed"}')),
    "empty body": Behaviour(("parse_error", "parse_error"), _http(b"")),
    "empty feed": Behaviour(("empty", "not_modified"), _http(_feed())),
    "truncated xml": Behaviour(("ok", "not_modified"), _http(GOOD[: GOOD.index(b"<item>", 60) + 40])),
    "entity bomb": Behaviour(("parse_error", "parse_error"), _http(_feed(_item(1, "&b;"), head=ENTITIES))),
    "external entity": Behaviour(("parse_error", "parse_error"), _http(_feed(_item(1, "&x;"), head=XXE))),
    "wrong charset": Behaviour(
        ("ok", "not_modified"), _http(_feed(_item(1, "Gebühr"), head="<?xml version='1.0' encoding='utf-8'?>").decode().encode("latin-1")), 1
    ),
    "unknown charset": Behaviour(("ok", "not_modified"), _http(_feed(_item(1), head="<?xml version='1.0' encoding='x-elbisch'?>")), 1),
    "utf-16": Behaviour(("ok", "not_modified"), _http(_feed(_item(1)).decode().encode("utf-16")), 1),
    "zero bytes inside": Behaviour(("ok", "not_modified"), _http(_feed(_item(1, "Mel\x00dung"))), 1),
    "nested a thousand deep": Behaviour(("ok", "not_modified"), _http(_feed(_item(1), "<a>" * 1_000 + "</a>" * 1_000)), 1),
    "10,000 entries": Behaviour(("ok", "not_modified"), _http(_feed(*(_item(n) for n in range(10_000)))), 10_000),
    "10,001 entries": Behaviour(("parse_error", "parse_error"), _http(_feed(*(_item(n) for n in range(10_001))))),
    # identity and time
    "one guid for all": Behaviour(("ok", "not_modified"), _http(_feed(*(_item(n, guid="same") for n in range(3)))), 3),
    "new guids each time": Behaviour(("ok", "ok"), _random_guids, 3),
    "dates of the future": Behaviour(("undated", "not_modified"), _http(_feed(_item(1, date="Fri, 01 Jan 2038 00:00:00 GMT"))), 1),
    "dates of the epoch": Behaviour(("undated", "not_modified"), _http(_feed(_item(1, date="Thu, 01 Jan 1970 00:00:00 GMT"))), 1),
    "script for an address": Behaviour(("ok", "not_modified"), _http(_feed(_item(1, link="javascript:alert(1)"))), 1),
    "loses entries": Behaviour(("ok", "ok"), _then(_http(GOOD), _http(_feed(_item(2)))), 2),
    "breaks after a good night": Behaviour(("ok", "parse_error"), _then(_http(GOOD), _http(b"<html>Sorry</html>")), 2),
    "edits an entry": Behaviour(("ok", "ok"), _then(_http(GOOD), _http(_feed(_item(1, "Berichtigt"), _item(2)))), 2),
    "repeats entries": Behaviour(("ok", "not_modified"), _http(_feed(_item(1), _item(1), _item(1))), 1),
}  # fmt: skip


class Hosts:
    """One loopback address per behaviour, all on one port; which one was meant is said by the address it arrived at."""

    def __init__(self, behaviours: dict[str, Behaviour]) -> None:
        self._by_address = {f"127.0.{1 + n // 250}.{1 + n % 250}": one for n, one in enumerate(behaviours.values())}
        self._addresses = dict(zip(behaviours, self._by_address, strict=True))
        self._listeners: list[socket.socket] = []
        self.port = 0

    def __enter__(self) -> "Hosts":
        for address in self._by_address:
            listener = socket.create_server((address, self.port), backlog=16)
            self.port = listener.getsockname()[1]
            self._listeners.append(listener)
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def source(self, name: str, scheme: str) -> Source:
        """The source that a behaviour plays."""
        url = f"{scheme}://{self._addresses[name]}:{self.port}/feed"
        return Source(id=name, name=name, kind="feed", url=url, source_kind="blog", min_interval_s=0, lang="de")

    @property
    def allowed(self) -> list[str]:
        """Hosts exempt from the guard."""
        return [f"{address}:{self.port}" for address in self._by_address]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                conn, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn: socket.socket) -> None:
        behaviour = self._by_address[conn.getsockname()[0]]
        with conn, suppress(OSError):
            asked = b""
            while b"\r\n\r\n" not in asked and (more := conn.recv(65_536)):
                asked += more
            if b"/robots.txt" in asked.split(b"\r\n", 1)[0]:
                says = behaviour.robots
            elif isinstance(behaviour.says, list):
                says = behaviour.says[min(behaviour.visits, len(behaviour.says) - 1)]
                behaviour.visits += 1
            else:
                says = behaviour.says
            if callable(says):
                says(conn)
            else:
                conn.sendall(says)
                with suppress(OSError):  # unread bytes would turn the end of the answer into a reset
                    conn.shutdown(socket.SHUT_WR)
                    conn.recv(65_536)


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """Two nights over all of them: reports, health by night, documents by source, seconds, and the open warehouse."""
    behaviours = BEHAVIOURS | {name: Behaviour(("ok", "not_modified"), _http(GOOD), 2) for name in HONEST}
    loaded = load_settings(CONFIG, {})
    with Hosts(behaviours) as hosts:
        sources = {name: hosts.source(name, one.scheme) for name, one in behaviours.items()}
        fetching = loaded.runtime.fetching.model_copy(update={
            "allow_hosts": hosts.allowed, "deadline_s": DEADLINE_S, "timeout_s": DEADLINE_S, "workers": WORKERS,
            "retries": 1, "retry_wait_s": 0.1, "max_bytes": 6_000_000, "pages_from": ["nobody.example"],
        })  # fmt: skip
        settings = loaded.model_copy(
            update={"sources": sources, "runtime": loaded.runtime.model_copy(update={"fetching": fetching})}
        )
        with opened(settings, tmp_path_factory.mktemp("hostile")) as house:
            reports, seconds = [], []
            for moment in (NIGHT, NIGHT + timedelta(days=1)):
                started = time.monotonic()
                reports.append(night(house, moment, PlainEngine(WORKERS)))
                seconds.append(time.monotonic() - started)
            con = house.warehouse.con
            health = {
                (run, source): (state, detail)
                for run, source, state, detail in con.execute(
                    "SELECT run_id, source_id, state, detail FROM source_health"
                ).fetchall()
            }
            documents = dict(con.execute("SELECT source_id, count(*) FROM documents GROUP BY ALL").fetchall())
            titles = con.execute("SELECT source_id, title, url FROM documents").fetchall()
            asked_again = dict(con.execute("SELECT source_id, next_fetch_at FROM source_state").fetchall())
    return reports, health, documents, titles, seconds, asked_again


def _crowding():
    """How many times longer than its work something takes here now, for others work on these processors too."""
    began, worked = time.perf_counter(), time.process_time()
    while time.process_time() - worked < 0.5:
        pass
    return max(1.0, (time.perf_counter() - began) / 0.5)


def test_there_are_at_least_forty_ways_to_misbehave():
    assert len(BEHAVIOURS) >= 40


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_each_misbehaviour_ends_in_its_state_and_loses_nothing(nights, name):
    reports, health, documents, *_ = nights
    for report, state in zip(reports, BEHAVIOURS[name].states, strict=True):
        recorded, detail = health.get((report.run_id, name), ("", ""))
        assert recorded == state, detail
        if state in ("unreachable", "blocked", "dead", "parse_error", "rate_limited"):
            assert detail, "a failure without a reason"
    if BEHAVIOURS[name].documents is not None:
        assert documents.get(name, 0) == BEHAVIOURS[name].documents


def test_the_honest_are_read_whatever_the_others_do_and_wait_no_longer_than_their_share(nights):
    reports, health, documents, _, seconds, _ = nights
    for name in HONEST:
        assert [health[report.run_id, name][0] for report in reports] == ["ok", "not_modified"]
        assert documents[name] == 2
    # Slow servers cost a deadline per round, shared by the workers; a night that queued them up would take a minute.
    slow = sum(one.states[0] == "unreachable" for one in BEHAVIOURS.values())
    assert seconds[0] < 2 * (2 * slow * DEADLINE_S / WORKERS) + 15 * _crowding()


def test_hostile_words_never_become_addresses_or_code(nights):
    _, _, _, titles, _, _ = nights
    # A link cut short is completed from the address of its feed; nothing but the web is ever linked.
    assert not [row for row in titles if row[2] and not row[2].startswith(("https://a.example/", "http://127.0."))]
    assert ("wrong charset", "Gebühr") in {(source, title) for source, title, _ in titles}
    assert ("edits an entry", "Berichtigt") in {(source, title) for source, title, _ in titles}
    assert ("zero bytes inside", "Meldung") in {(source, title) for source, title, _ in titles}
    assert not any("root:" in title for _, title, _ in titles)


def test_a_wait_that_was_asked_for_is_kept_over_the_next_night(nights):
    _, _, _, _, _, asked_again = nights
    assert asked_again["429 for four days"] >= NIGHT + timedelta(days=3, hours=15)
    assert asked_again["honest-1"] <= NIGHT + timedelta(days=2)


def test_the_operator_is_told_of_each_failure_and_the_run_is_not_failed(nights):
    reports, health, *_ = nights
    assert all(report.outcome in ("ok", "degraded") for report in reports)
    told = " ".join(reports[0].problems)
    for (run, source), (state, _) in health.items():
        if run == reports[0].run_id and state in ("blocked", "dead", "parse_error", "unreachable", "rate_limited"):
            assert f"{source}: {state}" in told
