"""``trendwarte sources``: what an operator sees of the catalogue, and what it proposes."""

from pathlib import Path

import pytest

from demo.loopback import LoopbackServer, Response
from flows.catalogue import checked, health, listed
from trendwarte.config_files import load_settings
from trendwarte.settings import Source

CONFIG = Path(__file__).parents[2] / "config"
FEED = """<?xml version="1.0" encoding="iso-8859-15"?><rss version="2.0"><channel><language>de</language>
<item><title>Behörde prüft Dienst für 5 €</title><link>https://a.example/1</link><pubDate>{date}</pubDate></item></channel></rss>"""


@pytest.fixture
def settings():
    """Settings whose only sources are ``paths`` of a loopback server that answers each path from a dictionary."""
    with LoopbackServer(lambda request: answers.get(request.path, Response(404))) as server:
        answers: dict[str, Response] = {}
        loaded = load_settings(CONFIG, {})
        fetching = loaded.runtime.fetching.model_copy(update={"allow_hosts": [server.url.removeprefix("http://")]})
        runtime = loaded.runtime.model_copy(update={"fetching": fetching})

        def made(paths: dict[str, tuple[Response, dict]]):
            answers.update({f"/{name}": response for name, (response, _) in paths.items()})
            sources = {
                name: Source(
                    **{"id": name, "name": name, "kind": "feed", "url": f"{server.url}/{name}", "source_kind": "blog",
                       "min_interval_s": 0} | declared
                )
                for name, (_, declared) in paths.items()
            }  # fmt: skip
            return loaded.model_copy(update={"sources": sources, "runtime": runtime})

        yield made


def _feed(date: str) -> Response:
    return Response(200, FEED.format(date=date).encode("iso-8859-15"), (("Content-Type", "text/xml"),))


def _today() -> str:
    from email.utils import format_datetime

    from flows.house import now

    return format_datetime(now())


def test_a_check_records_what_came_and_proposes_what_to_change(settings, tmp_path):
    moved = Response(301, b"", (("Location", "/fresh"),))
    found = settings(
        {
            "fresh": (_feed(_today()), {}),
            "sleeping": (_feed(_today()), {"is_enabled": False}),
            "old": (_feed("Mon, 01 Jan 2024 10:00:00 GMT"), {}),
            "thin": (_feed(_today()), {"min_items": 5}),
            "moved": (moved, {}),
            "gone": (Response(410), {}),
            "walled": (Response(403), {}),
            "page": (Response(200, b"<!doctype html><!-- x --><html><body>Hello</body></html>"), {}),
        }
    )
    told: list[str] = []
    rows = {row["source"]: row for row in checked(found, tmp_path, told.append, is_everything=True)}
    assert len(told) == len(rows) == 8 and any(line.startswith("8/8 ") for line in told)
    fresh = rows["fresh"]
    assert (fresh["state"], fresh["status"], fresh["root"], fresh["entries"]) == ("ok", 200, "rss", 1)
    assert fresh["encoding"] == "iso8859-15 (document)" and fresh["newest"] and not fresh["proposal"]
    assert b"<rss" in (tmp_path / "fresh.xml").read_bytes()
    assert rows["sleeping"]["proposal"].startswith("switch on")
    assert rows["old"]["proposal"].startswith("look: stale")
    assert rows["thin"]["proposal"].startswith("look: empty")
    assert rows["moved"]["proposal"] == f"new address: {found.sources['fresh'].url}"
    assert rows["gone"]["proposal"] == "mend or switch off: dead"
    assert rows["walled"]["proposal"].startswith("switch off, or ask its owner")
    assert rows["page"]["proposal"] == "mend or switch off: parse_error"


def test_what_is_switched_off_is_asked_only_on_request(settings, tmp_path):
    found = settings({"sleeping": (_feed(_today()), {"is_enabled": False})})
    assert not checked(found, None, lambda _: None, is_everything=False)
    assert listed(found)[0]["asked"] == "switched off"


def test_health_shows_the_worst_first_and_those_no_night_has_asked(ask):
    settings = load_settings(CONFIG, {})
    rows = health(ask.state, settings)
    never = [row for row in rows if row["state"] == "never_ran"]
    # The demo asked its own sources: all of the live catalogue are still to come.
    assert {row["source"] for row in never} == {s.id for s in settings.sources.values() if s.is_enabled}
    assert [row["failures"] for row in rows] == sorted((row["failures"] for row in rows), reverse=True)
    known = [row for row in rows if row["state"] != "never_ran"]
    assert known and all(row["asked_again"] for row in known)
    keyless = _with_a_key(settings)
    assert any(row["detail"].startswith("needs ") for row in health(ask.state, keyless))


def _with_a_key(settings):
    source = next(iter(settings.sources.values()))
    keyed = source.model_copy(update={"id": "keyed", "requires_key": True, "key_env": "TRENDWARTE_KEY_NONE"})
    return settings.model_copy(update={"sources": {"keyed": keyed}})
