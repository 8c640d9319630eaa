"""How early the radar shows platforms that are not configured, and how often it shows something else.

Runs the radar of the real night over archived news, day by day, with some platforms taken out of the configuration.
For every name that is held out: the day when the archive carries three documents of two outlets about it, and the day
when the radar shows it. Everything else that is shown must be looked at by a person: it is printed with its evidence.

    .venv/bin/python benchmarks/radar_eval.py --archive ../shared/corpus/news-2020.jsonl.gz --archive ... \
        --start 2020-01-01 --end 2021-12-31 --hold-out clubhouse --hold-out koo ...
"""

import argparse
import json
import re
import tempfile
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import perf_counter

from flows.house import House
from flows.radar import look_around, notice
from sources import ArchiveProblem, read_archive
from trendwarte.config_files import load_settings
from trendwarte.evidence import Origins
from trendwarte.radar.candidates import key_of
from trendwarte.reading import Reader, Watchlist
from trendwarte.settings import Settings
from trendwarte.types import Document, RunReport
from warehouse import Warehouse

CONFIG = Path(__file__).parents[1] / "config"
_LEAD_CHARS = 150
_DOCUMENTS, _OUTLETS, _GRACE = 3, 2, timedelta(days=3)


def main() -> None:
    """Run and print; ``--report`` also writes JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", action="append", type=Path, required=True)
    parser.add_argument("--start", type=date.fromisoformat, required=True)
    parser.add_argument("--end", type=date.fromisoformat, required=True)
    parser.add_argument("--hold-out", action="append", default=[], help="Platform id to take out of the configuration.")
    parser.add_argument("--name", action="append", default=[], help="A further name to look for.")
    parser.add_argument("--count-from", type=date.fromisoformat, help="Count shown names only from this day.")
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    settings = load_settings(CONFIG, {})
    names = {settings.platforms[key].name: settings.platforms[key].name for key in given.hold_out}
    names |= {name: name for name in given.name}
    settings = without(settings, set(given.hold_out))
    by_day = documents_by_day(given.archive, settings, given.end)
    shown, seconds = run(settings, by_day, given.start, given.end)
    result = scored(names, by_day, shown, given.count_from or given.start, given.end)
    result["seconds"] = seconds
    _print(result)
    if given.report:
        given.report.write_text(json.dumps(result, indent=1, default=str, ensure_ascii=False), "utf-8")


def without(settings: Settings, ids: set[str]) -> Settings:
    """The settings as they were before somebody configured these platforms."""
    return settings.model_copy(update={"platforms": {k: p for k, p in settings.platforms.items() if k not in ids}})


def documents_by_day(archives: list[Path], settings: Settings, end: date) -> dict[date, list[Document]]:
    """Documents of the archives by day of publication."""
    found: dict[date, list[Document]] = defaultdict(list)
    for entry in read_archive(archives, settings.outlets):
        if not isinstance(entry, ArchiveProblem) and entry.published_at and entry.published_at.date() <= end:
            found[entry.published_at.date()].append(entry)
    return found


def run(settings: Settings, by_day: dict[date, list[Document]], start: date, end: date) -> tuple[list[dict], dict]:
    """Every first showing with its evidence, and the seconds the radar took in all and per document."""
    shown: list[dict] = []
    clock = {"notice": 0.0, "look_around": 0.0, "documents": 0, "nights": 0}
    with tempfile.TemporaryDirectory() as folder, Warehouse(Path(folder) / "w.duckdb") as warehouse:
        reader = Reader(Watchlist.from_settings(settings))
        house = House(settings, Path(folder), warehouse, reader, Origins(settings.outlets))
        day = start
        while day <= end:
            as_of = datetime.combine(day, time(23, 59, 59), UTC)
            documents, report = by_day.get(day, []), RunReport(run_id="", as_of=as_of)
            with warehouse.transaction():
                warehouse.documents.store(documents)
            at = perf_counter()
            with warehouse.transaction():
                notice(house, documents, as_of, report)
            between = perf_counter()
            with warehouse.transaction():
                judged = look_around(house, as_of, report)
            clock["notice"] += between - at
            clock["look_around"] += perf_counter() - between
            clock["documents"] += len(documents)
            clock["nights"] += 1
            shown += [
                {"day": day, "name": one.name, "score": round(one.score), "documents": one.documents,
                 "outlets": one.outlets, "reasons": [g.code for g in one.reasons],
                 "quotes": [f"{e.outlet}: {e.quote}" for e in one.evidence]}
                for one in judged if one.is_first_shown
            ]  # fmt: skip
            day += timedelta(days=1)
    return shown, clock


def scored(
    names: dict[str, str], by_day: dict[date, list[Document]], shown: list[dict], start: date, end: date
) -> dict:
    """Per name the day it was told widely and the day it was shown; the rest of what was shown, per month."""
    keys = {key_of(name): name for name in names}
    first = {key_of(one["name"]): one["day"] for one in reversed(shown)}
    rows = []
    for key, name in keys.items():
        told = told_widely(name, by_day, start)
        on = first.get(key)
        verdict = "never told widely" if told is None else "missed"
        if on is not None:
            verdict = "in time" if told is None or on <= told + _GRACE else f"late by {(on - told).days} days"
        rows.append({"name": name, "told_widely": told, "shown": on, "verdict": verdict})
    others = [one for one in shown if key_of(one["name"]) not in keys and one["day"] >= start]
    months = max(1.0, (end - start).days / 30.44)
    return {"names": rows, "others": others, "others_per_month": round(len(others) / months, 2)}


def told_widely(name: str, by_day: dict[date, list[Document]], start: date) -> date | None:
    """First day on which three documents of two outlets within 60 days are about it.

    About it: named as a whole word in the title or at the beginning of the lead. Further down stand lists of links.
    """
    pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    told: list[tuple[date, str]] = []
    for day in sorted(by_day):
        heads = (
            [(one.outlet, f"{one.title}\n{one.summary[:_LEAD_CHARS]}") for one in by_day[day]] if day >= start else []
        )
        told += [(day, outlet) for outlet, head in heads if name in head and pattern.search(head)]
        near = [(d, outlet) for d, outlet in told if (day - d).days < 60]
        if len(near) >= _DOCUMENTS and len({outlet for _, outlet in near}) >= _OUTLETS:
            return day
    return None


def _print(result: dict) -> None:
    for row in result["names"]:
        print(f"{row['name']:14} told widely {row['told_widely']}  shown {row['shown']}  {row['verdict']}")
    print(f"others shown: {len(result['others'])}, {result['others_per_month']} a month; look at each:")
    for one in result["others"]:
        print(f"  {one['day']} {one['name']} ({one['score']}; {one['documents']} documents, {one['outlets']} outlets;"
              f" {', '.join(one['reasons'])})")  # fmt: skip
        for quote in one["quotes"][:2]:
            print(f"      {quote}")
    print("seconds:", {k: round(v, 2) for k, v in result["seconds"].items()})


if __name__ == "__main__":
    main()
