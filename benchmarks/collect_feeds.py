"""Two thousand feeds on loopback, a first pass and a second one of 304s: processor seconds beside other ways to do it.

    python benchmarks/collect_feeds.py [--feeds 2000] [--json]

Each contender runs in a process of its own against one server process: ours (fetch, parse, store in DuckDB), plain
feedparser on requests and threads, lemon24/reader where it is installed (SQLite), and requests alone for the second
pass. Feeds hold 55 to 100 entries in 60 to 110 KB; every contender must find the same entries.
"""

import argparse
import asyncio
import compileall
import hashlib
import json
import multiprocessing
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HOSTS = 16
WORKERS = 8
_WORDS = ["der", "Dienst", "die", "Behörde", "prüft", "eine", "Frist", "Nutzer", "Daten", "Gericht", "Verfahren", "Anbieter", "Werbung", "Kinder", "Schutz", "neue", "Regeln", "court", "platform", "regulator", "fines", "users", "company", "says", "new", "rules", "data", "children", "privacy", "market", "growth", "decline", "launch"]


def feed(number: int) -> bytes:
    """A feed of 55 to 100 entries, the same for the same number."""
    chance = random.Random(number)
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    entries = []
    for place in range(chance.randint(55, 100)):
        words = chance.choices(_WORDS, k=120)
        at = (moment - timedelta(minutes=37 * place)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        entries.append(
            f"<item><title>{' '.join(words[:9]).capitalize()} {place}</title>"
            f"<link>https://site{number}.example/news/{place}</link><guid>https://site{number}.example/news/{place}</guid>"
            f"<pubDate>{at}</pubDate><description>&lt;p&gt;{' '.join(words[9:])}&lt;/p&gt;</description></item>"
        )
    body = "".join(entries)
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>Site {number}</title>"
        f"<link>https://site{number}.example/</link><language>de</language>{body}</channel></rss>"
    ).encode()


def serve(feeds: int, ready: Any) -> None:
    """Serve ``/<number>`` with validators on ``HOSTS`` loopback addresses until killed."""
    bodies = [feed(number) for number in range(feeds)]
    tags = [hashlib.sha256(body).hexdigest()[:16] for body in bodies]

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode().strip("/")
                if not path.isdigit():
                    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                elif f'"{tags[int(path)]}"'.encode() in head:
                    writer.write(f'HTTP/1.1 304 Not Modified\r\nETag: "{tags[int(path)]}"\r\n\r\n'.encode())
                else:
                    body = bodies[int(path)]
                    writer.write(
                        f"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml; charset=utf-8\r\n"
                        f'ETag: "{tags[int(path)]}"\r\nContent-Length: {len(body)}\r\n\r\n'.encode() + body
                    )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def main() -> None:
        first = await asyncio.start_server(speak, "127.0.0.1", 0)
        port = first.sockets[0].getsockname()[1]
        for host in range(2, HOSTS + 1):
            await asyncio.start_server(speak, f"127.0.0.{host}", port)
        ready.put(port)
        await asyncio.Event().wait()

    asyncio.run(main())


def url_of(number: int, port: int) -> str:
    """The feed's address."""
    return f"http://127.0.0.{1 + number % HOSTS}:{port}/{number}"


# --- contenders: each gives the entries of a first pass, then does a second one --------------


def ours(feeds: int, port: int, lap: Callable[[int], None]) -> None:
    """``flows.collect`` with a warehouse: politeness, robots, guards, parsing, storing."""
    from flows.collect import collect, keep
    from flows.engine import PlainEngine
    from flows.house import opened
    from trendwarte.config_files import load_settings
    from trendwarte.settings import Source
    from trendwarte.types import RunReport

    settings = load_settings(Path(__file__).parents[1] / "config", {})
    fetching = settings.runtime.fetching.model_copy(update={
        "allow_hosts": [f"127.0.0.{host}:{port}" for host in range(1, HOSTS + 1)], "pages_from": ["nobody.example"],
        "workers": WORKERS,
    })  # fmt: skip
    sources = {
        f"s{n}": Source(id=f"s{n}", name=f"S{n}", kind="feed", url=url_of(n, port), source_kind="blog", min_interval_s=0)
        for n in range(feeds)
    }
    runtime = settings.runtime.model_copy(update={"fetching": fetching})
    settings = settings.model_copy(update={"sources": sources, "runtime": runtime})
    night = datetime(2026, 11, 2, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder, opened(settings, Path(folder)) as house:
        for night_number in range(2):
            as_of = night + timedelta(days=night_number)
            report = RunReport(run_id=f"n{night_number}", as_of=as_of)
            keep(house, collect(house, as_of, PlainEngine(WORKERS)), as_of, report)
            states = house.warehouse.sources.states_in(report.run_id)
            assert states == ["ok" if night_number == 0 else "not_modified"] * feeds, set(states)
            lap(house.warehouse.documents.count())


def plain_script(feeds: int, port: int, lap: Callable[[int], None]) -> None:
    """feedparser, requests, threads and a dictionary of validators."""
    import feedparser
    import requests

    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=HOSTS, pool_maxsize=WORKERS))
    tags: dict[int, str] = {}
    seen: set[str] = set()

    def visit(number: int) -> None:
        headers = {"If-None-Match": tags[number]} if number in tags else {}
        answer = session.get(url_of(number, port), headers=headers, timeout=20)
        if answer.status_code == 200:
            tags[number] = answer.headers["ETag"]
            seen.update(entry.id for entry in feedparser.parse(answer.content).entries)

    for _ in range(2):
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(visit, range(feeds)))
        lap(len(seen))


def bare_requests(feeds: int, port: int, lap: Callable[[int], None]) -> None:
    """requests with one tuned pool, conditional from the start: the floor of a second pass."""
    import requests

    session = requests.Session()
    session.trust_env = False
    session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=HOSTS, pool_maxsize=WORKERS))
    tags: dict[int, str] = {}

    def visit(number: int) -> None:
        headers = {"If-None-Match": tags[number]} if number in tags else {}
        answer = session.get(url_of(number, port), headers=headers, timeout=20)
        tags[number] = answer.headers["ETag"]

    for _ in range(2):
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(visit, range(feeds)))
        lap(0)


def lemon24_reader(feeds: int, port: int, lap: Callable[[int], None]) -> None:
    """reader with its own storage."""
    from reader import make_reader

    with tempfile.TemporaryDirectory() as folder, make_reader(f"{folder}/db.sqlite") as keeper:
        for number in range(feeds):
            keeper.add_feed(url_of(number, port))
        for _ in range(2):
            keeper.update_feeds(workers=WORKERS)
            lap(keeper.get_entry_counts().total or 0)


CONTENDERS = {"ours": ours, "plain": plain_script, "reader": lemon24_reader, "requests": bare_requests}


def run_one(name: str, feeds: int, port: int) -> None:
    """Run a contender here and print a line of JSON per pass."""
    last = [_used(), time.monotonic()]

    def lap(entries: int) -> None:
        cpu, wall = _used() - last[0], time.monotonic() - last[1]
        print(json.dumps({"cpu_s": round(cpu, 2), "wall_s": round(wall, 2), "entries": entries}), flush=True)
        last[:] = [_used(), time.monotonic()]

    CONTENDERS[name](feeds, port, lap)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Start the server, run the contenders one after the other, print their figures and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one, options.feeds, options.port)
        return
    root = Path(__file__).parents[1]
    for room in ("trendwarte", "sources", "warehouse", "flows"):
        # As whatever pip installed is, the other contenders too.
        compileall.compile_dir(root / room, quiet=1)
    ready: Any = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(options.feeds, ready), daemon=True)
    server.start()
    port = ready.get(timeout=120)
    figures: dict[str, list[dict[str, float]]] = {}
    for name in CONTENDERS:
        if name == "reader" and not find_spec("reader"):
            continue
        command = [sys.executable, __file__, "--one", name, "--port", str(port), "--feeds", str(options.feeds)]
        env = os.environ | {"PYTHONPATH": str(root)}
        found = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        if found.returncode:
            print(found.stderr[-2_000:], file=sys.stderr)
            continue
        figures[name] = [json.loads(line) for line in found.stdout.splitlines() if line.startswith("{")]
    server.terminate()
    print(json.dumps(figures) if options.json else _told(figures))


def _told(figures: dict[str, list[dict[str, float]]]) -> str:
    lines = [f"{'':9} {'first: cpu s':>13} {'wall s':>8} {'entries':>8} {'second: cpu s':>14} {'wall s':>8}"]
    for name, (first, second) in figures.items():
        lines.append(
            f"{name:9} {first['cpu_s']:13.1f} {first['wall_s']:8.1f} {first['entries']:8.0f} {second['cpu_s']:14.2f}"
            f" {second['wall_s']:8.2f}"
        )
    mine = figures["ours"]
    for name, row in figures.items():
        if name != "ours":
            passes = ("first", row[0]["cpu_s"] / mine[0]["cpu_s"]), ("second", row[1]["cpu_s"] / mine[1]["cpu_s"])
            lines.append(f"{name} / ours: " + ", ".join(f"{label} pass {ratio:.2f}" for label, ratio in passes))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
