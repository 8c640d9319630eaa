"""``trendwarte backtest``: replay archived news and measure what it should have said."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.checking import must_be_known, must_be_there, unknown
from flows.options import Archives, AsJson, Config, Skipped, moment_of, note, say, settings_of
from trendwarte.errors import ConfigError

if TYPE_CHECKING:
    from datetime import date

    from flows.backtest import Period


def backtest(
    archive: Archives,
    events: Annotated[Path, typer.Option(help="Listed events: CSV with id, date, platform, jurisdiction, ...")],
    report: Annotated[Path, typer.Option(help="Folder for backtest.json and backtest.html.")],
    start: Annotated[str, typer.Option(help="First night; default: the archive's first day.")] = "",
    end: Annotated[str, typer.Option(help="Last night; default: the archive's last day.")] = "",
    split: Annotated[str, typer.Option(help="First night of the test period; before it is the tuning period.")] = "",
    timeline: Annotated[Path | None, typer.Option(help="Independent timeline: JSON Lines with date and text.")] = None,
    cache: Annotated[Path, typer.Option(help="Where readings are kept between runs.")] = Path("state/readings"),
    platform: Annotated[list[str] | None, typer.Option(help="Judge only this one; may be repeated.")] = None,
    ablations: Annotated[bool, typer.Option(help="Also replay with one idea left out at a time.")] = False,
    config: Config = Path("config"),
    as_json: AsJson = False,
) -> None:
    """Replay archived news night by night and measure ledger, alerts, stability and baselines.

    The report holds figures only, no text of the archive. Readings are kept in --cache, so that a second run with
    the same reader takes minutes.
    """
    import json
    from dataclasses import replace

    from flows.backtest import Period, Question, read_corpus, run_backtest
    from flows.backtest_page import page
    from flows.backtest_timeline import timeline_steps
    from trendwarte.backtest_rules import load_rules
    from trendwarte.gold import Wording, read_gold

    must_be_there("--archive", archive)
    must_be_there("--timeline", [timeline] if timeline else [])
    skipped = Skipped()
    settings = settings_of(config)
    must_be_known(*(unknown("--platform", one, settings.platforms, "see config/platforms") for one in platform or ()))
    rules = load_rules(config)
    wording = Wording.of(rules, settings)
    listed = read_gold(_text_of(events), str(events))
    steps = timeline_steps(timeline, settings, wording, rules) if timeline else []
    corpus = replace(read_corpus(archive, settings, wording, cache, note, skipped), platforms=frozenset(platform or ()))
    if not corpus.totals:
        raise ConfigError([f"--archive: no dated document in {', '.join(map(str, archive))}; check the files"])
    first = moment_of(start, "--start").date() if start else min(corpus.totals)
    last = moment_of(end, "--end").date() if end else max(corpus.totals)
    if last < first:
        raise ConfigError([f"--end: {last} lies before --start {first}; there is no night to judge"])
    middle = moment_of(split, "--split").date() if split else None
    periods = [Period("all", first, last)] if middle is None else _halves(first, middle, last)
    question = Question(settings, listed, steps, wording, rules, corpus)
    figures = run_backtest(question, periods, note, with_ablations=ablations)
    report.mkdir(parents=True, exist_ok=True)
    (report / "backtest.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (report / "backtest.html").write_text(page(figures), "utf-8")
    paths = {"html": report / "backtest.html", "json": report / "backtest.json"}
    say(paths | {"skipped": skipped.count}, ", ".join(map(str, paths.values())), as_json)
    if skipped.count:
        raise SystemExit(1)


def _halves(first: "date", middle: "date", last: "date") -> "list[Period]":
    from datetime import timedelta

    from flows.backtest import Period

    if not first < middle <= last:
        raise ConfigError([f"--split: {middle} must lie between --start {first} and --end {last}"])
    return [Period("tune", first, middle - timedelta(days=1)), Period("test", middle, last)]


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ConfigError([f"--events: {path} cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"--events: {path} is not UTF-8 at byte {error.start}; convert the file"]) from error
