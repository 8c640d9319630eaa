"""Momentum of watched platforms: daily inputs with their bursts, and the stage they amount to."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from trendwarte.radar.bursts import CHANCE, Attention, Before, Measured, News, measured_attention, news_attention
from trendwarte.radar.candidates import key_of
from trendwarte.radar.momentum import Inputs, Standing, unmoved
from trendwarte.rules import Momentum
from warehouse.connection import Connection, insert, query_text, rows_of

# Documents and page views arrive some days late: the last days are counted again.
_LATE_DAYS = 4
# A gap between two nights longer than this is not filled in: the burst starts anew.
_CATCH_UP_DAYS = 240
_LEVEL_DAYS = 7
_NEAR_DAYS = 20
_KEPT_OF_A_DAY = ("value", "level", "z", "burst", "is_burst", "run_id")
_MEASURED = "(series = 'page_views' OR series LIKE 'chart_rank%')"
_DAY = "least(coalesce(d.published_at, d.first_seen_at), d.first_seen_at)::DATE"


def measure_momentum(con: Connection, as_of: datetime, run_id: str, names: Mapping[str, str], rules: Momentum) -> None:
    """Bring ``momentum`` up to the night: share of the news, page views and charts per platform, market and day.

    Args:
        names: platform id by key of its names (``trendwarte.radar.candidates.key_of``).
    """
    day = as_of.date()
    start, carried = _carried(con, day)
    reach = start - timedelta(days=rules.baseline_days + rules.gap_days)
    found = news_attention(_news(con, as_of, reach), _markets(rules, is_press=True), carried, start, day, rules)
    if con.execute(f"FROM measurements WHERE measured_on >= ? AND {_MEASURED} LIMIT 1", [start]).fetchall():
        measured, answered = _measured(con, as_of, reach, names)
        found += measured_attention(measured, answered, _markets(rules), carried, start, day, rules)
    _replace_days(con, start, [_row(one, run_id, rules) for one in found])


def _replace_days(con: Connection, start: date, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep ``rows`` and nothing else from ``start`` on.

    A key is never deleted and inserted in one transaction: when the disk is full at the commit, DuckDB 1.5 takes both
    back in the wrong order and ends the process ("Failed to append to PRIMARY_momentum").
    """
    named = ", ".join(f"{name} = excluded.{name}" for name in _KEPT_OF_A_DAY)
    insert(con, "momentum", rows, f"ON CONFLICT (platform, market, input, measured_on) DO UPDATE SET {named}")
    con.execute(
        "DELETE FROM momentum WHERE measured_on >= ? AND concat_ws(' ', platform, market, input, measured_on)"
        " NOT IN (SELECT unnest(?::VARCHAR[]))",
        [start, [f"{row['platform']} {row['market']} {row['input']} {row['measured_on']}" for row in rows]],
    )


def _carried(con: Connection, day: date) -> tuple[date, dict[tuple[str, str, str], Before]]:
    """First day to count, a few days before the last one counted since late arrivals belong to their own day, and where
    every series stood before it."""
    # On most nights the last night was yesterday's: one look finds it and what is carried from it.
    newest, rows = None, _kept(con, day - timedelta(days=_NEAR_DAYS), day)
    if rows:
        newest = rows[-1][0]
    elif last := con.execute("SELECT max(measured_on) FROM momentum WHERE measured_on <= ?", [day]).fetchone():
        newest = last[0]
    longest = day - timedelta(days=_CATCH_UP_DAYS)
    start = max(newest - timedelta(days=_LATE_DAYS), longest) if newest else longest
    reach = start - timedelta(days=_LEVEL_DAYS - 1)
    if reach < day - timedelta(days=_NEAR_DAYS):
        rows = _kept(con, reach, start)
    found: dict[tuple[str, str, str], Before] = {}
    for on, platform, market, name, value, burst in rows:
        if reach <= on < start:
            key = platform, market, name
            found[key] = Before((*found.get(key, Before()).values, value), burst)
    return start, found


def _kept(con: Connection, since: date, day: date) -> list[tuple[date, str, str, str, float, float]]:
    rows = con.execute(
        "SELECT measured_on, platform, market, input, value, burst FROM momentum"
        " WHERE measured_on >= ? AND measured_on <= ?",
        [since, day],
    ).fetchall()
    return sorted(rows)


def _news(con: Connection, as_of: datetime, since: date) -> News:
    volumes: Counter[tuple[str, str, date]] = Counter()
    for source, label, on, count in con.execute(
        "SELECT source_id, lang, seen_on, documents FROM source_days WHERE seen_on >= ? AND seen_on <= ?",
        [since, as_of.date()],
    ).fetchall():
        volumes[source, label, on] += count
    firsts = dict(con.execute("SELECT source_id, min(seen_on) FROM source_days GROUP BY source_id").fetchall())
    told = con.execute(
        f"SELECT s.platform, d.source_id, d.lang, {_DAY}, d.document_id"  # noqa: S608
        " FROM signals s JOIN documents d USING (document_id) WHERE s.known_from <= ? AND NOT s.is_recap"
        " AND s.published_at >= ? AND s.role NOT IN ('venue', 'boilerplate') AND s.platform <> 'all_social'",
        [as_of, since - timedelta(days=1)],
    ).fetchall()
    named = Counter((platform, source, label, on) for platform, source, label, on, _ in set(told))
    return News(volumes, named, firsts)


def _measured(
    con: Connection, as_of: datetime, since: date, names: Mapping[str, str]
) -> tuple[list[Measured], dict[tuple[str, str, str], list[date]]]:
    """Values of watched platforms, and the days on which the charts that ranked one of them answered."""
    bounds = {"as_of": as_of, "since": since, "day": as_of.date()}
    within = f"known_from <= $as_of AND measured_on >= $since AND measured_on <= $day AND {_MEASURED}"
    subjects = con.execute(f"SELECT DISTINCT subject FROM measurements WHERE {within}", bounds).fetchall()  # noqa: S608
    watched = {subject: names[key] for (subject,) in subjects if (key := _subject_key(subject)) in names}
    rows = con.execute(
        "SELECT subject, source_id, series, market, measured_on,"  # noqa: S608
        " CASE WHEN series = 'page_views' THEN value / coalesce(nullif(norm, 0), 1) ELSE value END"
        f" FROM measurements WHERE {within} AND subject IN (SELECT unnest($subjects::VARCHAR[]))",
        bounds | {"subjects": list(watched)},
    ).fetchall()
    found = [Measured(watched[subject], *rest) for subject, *rest in rows]
    answered: dict[tuple[str, str, str], list[date]] = defaultdict(list)
    if any(one.series.startswith("chart_rank") for one in found):
        for source, series, label, on in con.execute(
            f"SELECT DISTINCT source_id, series, market, measured_on FROM measurements WHERE {within}"  # noqa: S608
            " AND series LIKE 'chart_rank%'",
            bounds,
        ).fetchall():
            answered[source, series, label].append(on)
    return found, answered


def _subject_key(subject: str) -> str:
    """Key of the name in "Clubhouse: The Social Audio App"; it ends where its description begins."""
    return key_of(subject.partition(":")[0].partition(" - ")[0])


def _row(one: Attention, run_id: str, rules: Momentum) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in one.__slots__ if name != "step"}
    return row | {"is_burst": one.burst >= rules.burst_level and one.step > 0, "run_id": run_id}


def judge_momentum(
    con: Connection, as_of: datetime, run_id: str, established: Sequence[str], rules: Momentum
) -> list[Standing]:
    """The stage of every platform and market with inputs, kept in ``momentum_stages``.

    Args:
        established: platforms known to have kept their audience: without an earlier judgement they are sustained.
    """
    con.execute("DELETE FROM momentum_stages WHERE as_of = ?", [as_of])
    day, newest = as_of.date(), _newest(con, as_of)
    last = max((on for on, _ in newest), default=day)
    since = max(last, day - timedelta(days=_CATCH_UP_DAYS))
    before = [standing for _, standing in newest]
    standings = unmoved(before, _inputs(con, since, day, rules), established, day, rules)
    if standings is None:
        standings = _moved(con, as_of, since, established, rules)
    columns = Standing.__slots__
    rows = [{name: getattr(one, name) for name in columns} | {"as_of": as_of, "run_id": run_id} for one in standings]
    insert(con, "momentum_stages", rows)
    return standings


def _moved(
    con: Connection, as_of: datetime, since: date, established: Sequence[str], rules: Momentum
) -> list[Standing]:
    rows = rows_of(
        con,
        query_text("momentum_stages"),
        {
            "as_of": as_of, "day": as_of.date(), "since": since, "established": list(established),
            "markets": [{"label": label, "market": market}
                        for label, markets in _markets(rules, is_press=True).items() for market in markets],
            "baseline_days": rules.baseline_days, "hold_days": rules.hold_days, "least_inputs": rules.least_inputs,
            "q_from": rules.durability_days[0], "q_to": rules.durability_days[1],
            "steady_factor": rules.steady_factor, "chance": CHANCE,
            "q_days": rules.durability_minimum_days, "sustained_days": rules.sustained_days,
            "sustained_q": rules.sustained_q, "fading_q": rules.fading_q, "dormant_days": rules.dormant_days,
        },
    )  # fmt: skip
    return [Standing(**row) for row in rows]


def _inputs(con: Connection, since: date, day: date, rules: Momentum) -> list[Inputs]:
    """Inputs per platform and market, with those whose bursts count tonight or counted on a night since ``since``."""
    held, used = timedelta(days=rules.hold_days), day - timedelta(days=rules.baseline_days)
    rows = con.execute(
        "SELECT platform, market, input, max(measured_on), max(measured_on) FILTER (is_burst) FROM momentum"
        " WHERE measured_on >= ? AND measured_on <= ? GROUP BY platform, market, input",
        [min(used, since - held), day],
    ).fetchall()
    found: dict[tuple[str, str], list[tuple[str, date, date | None]]] = defaultdict(list)
    for platform, market, *one in sorted(rows, key=lambda row: row[:3]):
        found[platform, market].append(tuple(one))
    return [
        Inputs(
            platform, market,
            count=sum(last >= used for _, last, _ in inputs),
            loud=sum(burst is not None and burst > since - held for *_, burst in inputs),
            bursting=" ".join(name for name, _, burst in inputs if burst is not None and burst > day - held),
        )
        for (platform, market), inputs in found.items()
        if any(last >= used for _, last, _ in inputs)
    ]  # fmt: skip


def latest_standings(con: Connection, before: datetime) -> list[Standing]:
    """Where every platform stood on its newest night before ``before``."""
    return [standing for _, standing in _newest(con, before)]


def _newest(con: Connection, before: datetime) -> list[tuple[date, Standing]]:
    rows = con.execute(
        "SELECT platform, market, max(as_of)::DATE,"
        " arg_max((stage, stage_since, spark_on, peak_on, durability, inputs, bursting), as_of)"
        " FROM momentum_stages WHERE as_of < ? GROUP BY platform, market",
        [before],
    ).fetchall()
    return [(on, Standing(platform, market, *newest)) for platform, market, on, newest in rows]


def _markets(rules: Momentum, *, is_press: bool = False) -> dict[str, list[str]]:
    """Markets by label; all the press together is what the world talks about."""
    wider: Iterable[str] = ("GLOBAL",) if is_press else ()
    return {label: list(dict.fromkeys((market, *wider))) for label, market in rules.markets.items()}
