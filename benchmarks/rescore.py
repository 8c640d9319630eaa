"""Evidence of a year re-scored, in full and for one night, beside pandas, polars and the plain SQL join.

    PYTHONPATH=. python benchmarks/rescore.py [--signals 10000000] [--repeat 3] [--without naive,pandas] [--json]

What is computed for 51 platforms x 21 places x 6 dimensions on 365 days is the additive part of the model: the faded
evidence mass sum of q m(age), with plateau and half-life, that was known on each day (docs/method.md, n and
confidence), with the product's own tables, macros and functions (decision 0027). Each row is an event of its own, the
worst case, and carries the number of its series, as a night writes it; every method may use that number. Ours is
measured three times: from every event (`evidence_days_of_events`), and from the sums that a warehouse keeps per night,
series and day, once as a matrix (`evidence_days`) and once as a table (`mart.evidence_between`). One night numbers its
series, sums and appends what it learned, from the rows it has written, and then its sums are read.

Every method must give the same total (1e-9 of it). The plain join pairs every event with every later day, month by
month; once ``--patience`` seconds are over it begins no further month, and it is said how many of its pairs it had made.
Times are minima over repeats; CPU seconds of all threads stand beside the clock, for the machine may be shared.
``--whole`` measures `score_risk` itself instead, whose damped heat works on ranks, which no sum carries from day to day.
"""

import argparse
import json
import re
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from trendwarte.config_files import load_settings
from warehouse import Warehouse, evidence_days, evidence_days_of_events, load_configuration, score_risk
from warehouse.connection import query_text
from warehouse.evidence import counted, move_evidence, number_series

ROOT = Path(__file__).parents[1]
DAYS, PLATFORMS, PLACES = 365, 51, 21
FIRST, LAST = "2025-01-01", "2025-12-31"
#: Plateau and half-life in days, as config/scoring.yaml has them.
DIMENSIONS = {
    "legal": (7, 30), "data": (14, 180), "brand_safety": (14, 60), "governance": (7, 45), "youth": (14, 90),
    "viability": (14, 120),
}  # fmt: skip
_COLUMNS = "series, event_date, first_seen_at, mass"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signals", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--without", default="", help="comma-separated: naive, pandas, polars")
    parser.add_argument("--patience", type=float, default=600, help="Seconds after which the plain join may stop.")
    parser.add_argument("--folder", default="", help="Where to put the files; some GB for 100 million rows.")
    parser.add_argument("--whole", action="store_true", help="Measure score_risk on so many events instead.")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.whole:
        print("\n".join(whole(options.signals, options.threads, options.repeat)))
        return
    left_out = set(options.without.split(","))
    where = options.folder or None
    with (
        tempfile.TemporaryDirectory(prefix="rescore-", dir=where) as folder,
        duckdb.connect(f"{folder}/events.duckdb") as con,
    ):
        con.execute(f"SET threads = {options.threads}; SET memory_limit = '{options.memory}'; SET TimeZone = 'UTC'")
        make_events(con, options.signals)
        found = {"rows": options.signals} | measure(con, options.repeat, left_out, Path(folder), options.patience)
    print(json.dumps(found, indent=1) if options.json else "\n".join(f"{k:28} {v}" for k, v in found.items()))


def make_events(con: duckdb.DuckDBPyConnection, count: int) -> None:
    """Events in order of arrival: skewed series (some are told of far more), one in ten known a day late or more."""
    names = ", ".join(f"'{name}'" for name in DIMENSIONS)
    series = PLATFORMS * PLACES * len(DIMENSIONS)
    keys = (
        f"'platform' || s % {PLATFORMS} AS platform, 'J' || (s // {PLATFORMS}) % {PLACES} AS jurisdiction,"
        f" [{names}][1 + s // {PLATFORMS * PLACES}] AS dimension"
    )
    con.execute("CREATE TABLE decay_rules (dimension VARCHAR, plateau_days DOUBLE, half_life_days DOUBLE)")
    con.executemany("INSERT INTO decay_rules VALUES (?, ?, ?)", [[d, *rule] for d, rule in DIMENSIONS.items()])
    _product_tables(con)
    con.execute(
        f"INSERT INTO evidence_series BY NAME SELECT (s + 1)::INTEGER AS series, {keys} FROM range({series}) r(s)"
    )
    con.execute("SELECT setseed(0.42)")
    con.execute(
        f"CREATE TABLE events AS SELECT {keys}, s + 1 AS series, event_date,"
        " (event_date + (10 * pow(random(), 20))::INTEGER + INTERVAL 20 HOUR)::TIMESTAMPTZ AS first_seen_at,"
        f" random() AS mass FROM (SELECT least({series - 1}, (pow(random(), 2) * {series})::INTEGER) AS s,"
        f" DATE '{FIRST}' + (i * {DAYS}::BIGINT // {count})::INTEGER AS event_date FROM range({count}) r(i))"
    )
    # What the nights of the year have appended: as in the migration, for no event here was ever changed.
    con.execute(
        "INSERT INTO evidence_moves BY NAME SELECT DATE '1970-01-01' + (epoch_us(first_seen_at) // 86400000000)::INTEGER"
        " AS known_on, series, event_date, sum(floor(mass * 1e12))::BIGINT AS mass FROM events GROUP BY ALL"
        " ORDER BY known_on, series"
    )
    con.execute("CHECKPOINT")


def _product_tables(con: duckdb.DuckDBPyConnection) -> None:
    """The tables of the kept sums, and their macros, word for word."""
    text = (ROOT / "warehouse" / "migrations" / "0010_evidence.sql").read_text("utf-8")
    tables = re.findall(r"CREATE TABLE evidence_\w+ \(.*?;\n", text, re.DOTALL)
    text = (ROOT / "warehouse" / "marts" / "views.sql").read_text("utf-8")
    macros = re.findall(r"CREATE MACRO mart\.evidence_\w+\(.*?;\n", text, re.DOTALL)
    if (len(tables), len(macros)) != (3, 3):
        raise SystemExit("the warehouse has other tables or macros of evidence now")
    con.execute("".join([*tables, "CREATE SCHEMA mart;", *macros]))


def measure(
    con: duckdb.DuckDBPyConnection, repeat: int, left_out: set[str], folder: Path, patience: float
) -> dict[str, Any]:
    """Seconds per method, by the clock and of CPU, and whether all agree."""
    first, last = date.fromisoformat(FIRST), date.fromisoformat(LAST)
    ours: dict[str, Callable[[], float]] = {
        "ours, year from every event": lambda: float(evidence_days_of_events(con, first, last).mass.sum()),
        "ours, year from kept sums": lambda: float(evidence_days(con, first, last).mass.sum()),
        "ours, that year as a table": lambda: _total(
            con, f"SELECT sum(mass) FROM mart.evidence_between('{FIRST}', '{LAST}')"
        ),
    }  # fmt: skip
    others: dict[str, Callable[[], float]] = {}
    if "pandas" not in left_out and find_spec("pandas"):
        others["pandas, year"] = lambda: with_pandas(con)
    if "polars" not in left_out and find_spec("polars"):
        for table in ("events", "evidence_series"):
            con.execute(f"COPY {table} TO '{folder / table}.parquet' (FORMAT parquet)")
        others["polars, year"] = lambda: with_polars(folder)
    found: dict[str, Any] = {}
    totals: dict[str, float] = {}
    for name, method in ours.items():
        totals[name], found[name] = _timed(method, repeat)
    found |= _night(con, max(5, repeat))
    found["peak memory of ours"] = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB"
    for name, method in others.items():
        totals[name], found[name] = _timed(method, repeat)
    if "naive" not in left_out:
        total, found["plain SQL join, year"] = naive(con, patience)
        totals |= {} if total is None else {"plain SQL join, year": total}
    expected = totals["ours, year from every event"]
    for name, total in totals.items():
        if abs(total - expected) > 1e-9 * abs(expected):
            raise SystemExit(f"{name}: {total} is not {expected}")
    return found | {"of the same total": f"{len(totals):8d}"}


def _night(con: duckdb.DuckDBPyConnection, repeat: int) -> dict[str, str]:
    """The last night of the year again and again: what it learned is appended, then its sums are read."""
    night = date.fromisoformat(LAST)
    expected = _total(con, f"SELECT sum(mass) FROM mart.evidence_on('{LAST}')")
    sunday = {"sunday": night - timedelta(days=night.weekday() + 1), "last": date.min}
    _, mark = _clocked(lambda: con.execute(query_text("mark_evidence"), sunday))
    con.execute("CHECKPOINT")
    rows = con.execute("SELECT platform, jurisdiction, dimension FROM evidence_series").fetchall()

    # A night has what it puts in hand, here every event by itself.
    learned = con.execute(
        "SELECT series, event_date, mass FROM events WHERE first_seen_at >= $night AND first_seen_at < $next",
        {"night": night, "next": night + timedelta(days=1)},
    ).fetchnumpy()

    def append() -> None:
        number_series(con, rows, night)
        move_evidence(con, counted(()), learned, night)

    times: dict[str, list[tuple[float, float]]] = {"append": [], "read": []}
    for _ in range(repeat):
        con.execute("DELETE FROM evidence_moves WHERE known_on = ?", [night])
        con.execute("CHECKPOINT")
        times["append"].append(_clocked(append)[1])
        total, found = _clocked(lambda: _total(con, f"SELECT sum(mass) FROM mart.evidence_on('{LAST}')"))
        times["read"].append(found)
        if abs(total - expected) > 1e-9 * expected:
            raise SystemExit(f"the night appended: {total} is not {expected}")
    events, sums = con.execute(
        "SELECT (SELECT count(*) FROM events WHERE first_seen_at >= $night AND first_seen_at < $night + 1),"
        " (SELECT count(*) FROM evidence_moves WHERE known_on = $night)", {"night": night}
    ).fetchall()[0]  # fmt: skip
    return {f"ours, one night: {name}": _said(found) for name, found in times.items()} | {
        "ours, mark of the whole year": _said([mark]), "of the night": f"{events:8d} events, {sums} sums",
    }  # fmt: skip


def whole(count: int, threads: int, repeat: int) -> list[str]:
    """`score_risk` of one night on so many events of a year, all platforms and places of the configuration."""
    settings, night = load_settings(ROOT / "config", {}), datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
    with Warehouse(Path(":memory:")) as warehouse:
        con = warehouse.con
        load_configuration(con, settings)
        con.execute(f"SET threads = {threads}; SELECT setseed(0.42)")
        con.execute(
            "INSERT INTO events BY NAME WITH p AS (SELECT list(platform ORDER BY platform) AS l FROM platforms),"
            " j AS (SELECT list(jurisdiction ORDER BY jurisdiction) AS l FROM jurisdictions),"
            f" d AS (SELECT i, DATE '{FIRST}' + (i * {DAYS}::BIGINT // {count})::INTEGER AS event_date FROM range({count}) r(i))"
            " SELECT 'e-' || i AS event_id, p.l[1 + (pow(random(), 2) * (len(p.l) - 1))::INTEGER] AS platform,"
            " j.l[1 + (pow(random(), 2) * (len(j.l) - 1))::INTEGER] AS jurisdiction, dimension, 'security' AS topic,"
            " 'none' AS legal_stage, 'asserted' AS factuality, random() AS mass, random() AS credibility, 0 AS denial,"
            " CASE WHEN random() < .15 THEN 'positive' ELSE 'negative' END AS polarity, 1 + (random() * 4)::INTEGER AS severity,"
            " .7 AS reach, .75 AS novelty, 1 AS origins, 1 AS documents, false AS has_official, false AS is_recap,"
            " event_date, event_date AS first_seen_at, event_date AS last_seen_at, 't' AS title"
            " FROM d, p, j, (SELECT list(dimension ORDER BY dimension) AS names FROM decay_rules),"
            " LATERAL (SELECT names[1 + i % len(names)] AS dimension)"
        )
        places = sorted(settings.jurisdictions)
        _, said = _timed(
            lambda: float(len(score_risk(con, night, "r", places, is_degraded=False, wanted=["DE"]))), repeat
        )
    return [f"{count} events, {len(places)} places, {threads} threads: {said}"]


def _timed(method: Callable[[], float], repeat: int) -> tuple[float, str]:
    found = [_clocked(method) for _ in range(repeat)]
    return found[-1][0], _said([times for _, times in found])


def _clocked(method: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
    clock, cpu = time.perf_counter(), time.process_time()
    found = method()
    return found, (time.perf_counter() - clock, time.process_time() - cpu)


def _said(times: list[tuple[float, float]]) -> str:
    return f"{min(clock for clock, _ in times):8.3f} s   CPU {min(cpu for _, cpu in times):8.3f} s"


def naive(con: duckdb.DuckDBPyConnection, patience: float) -> tuple[float | None, str]:
    """Every event with every later day; by months, so that it can be stopped."""
    total, times, done = 0.0, (0.0, 0.0), DAYS
    for month in range(1, 13):
        begin = date(2025, month, 1)
        end = date(2025 + month // 12, month % 12 + 1, 1)
        part, (clock, cpu) = _clocked(
            lambda begin=begin, end=end: _total(
                con,
                f"""
            SELECT sum(mass) FROM (
                SELECT series, d.on_day, sum(mass * CASE WHEN d.on_day - event_date <= plateau_days
                       THEN 1 ELSE pow(2, -(d.on_day - event_date - plateau_days) / half_life_days) END) AS mass
                FROM events JOIN (evidence_series s JOIN decay_rules r ON r.dimension = s.dimension) USING (series)
                JOIN (SELECT unnest(range(DATE '{begin}', DATE '{end}', INTERVAL 1 DAY))::DATE AS on_day) d
                  ON event_date <= d.on_day AND epoch_us(first_seen_at) // 86400000000 <= d.on_day - DATE '1970-01-01'
                GROUP BY ALL)""",
            )
        )
        total, times = total + part, (times[0] + clock, times[1] + cpu)
        done = (end - date.fromisoformat(FIRST)).days
        if times[0] > patience and done < DAYS:
            # As many events a day: of all pairs with a later day this share was made.
            return None, f"{_said([times])}   not finished, {(done / DAYS) ** 2:.0%} of its pairs"
    return total, _said([times])


def with_pandas(con: duckdb.DuckDBPyConnection) -> float:
    """The same two steps per event on a dense grid of series and days."""
    frame = con.execute(f"SELECT {_COLUMNS} FROM events").df()
    rules = con.execute(
        "SELECT series, plateau_days, half_life_days FROM evidence_series JOIN decay_rules USING (dimension)"
    ).df().set_index("series")  # fmt: skip
    rules = rules.reindex(range(int(rules.index.max()) + 1), fill_value=1.0)
    series, mass = frame["series"].to_numpy(), frame["mass"].to_numpy()
    begin = np.datetime64(FIRST)
    told = (frame["event_date"].to_numpy().astype("datetime64[D]") - begin).astype(int)
    seen = frame["first_seen_at"].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    known = np.maximum((seen - begin).astype(int), told)
    plateau, half_life = (
        rules["plateau_days"].to_numpy(dtype=int)[series],
        rules["half_life_days"].to_numpy(dtype=float),
    )
    fades = np.maximum(known, told + plateau)
    width, rows = DAYS + 40, len(rules)

    def grid(days: Any, weights: Any) -> Any:
        kept = days < width
        flat = series[kept] * width + days[kept]
        return np.bincount(flat, weights[kept], rows * width).reshape(rows, width)[:, :DAYS]

    whole = (grid(known, mass) - grid(fades, mass)).cumsum(axis=1)
    fading = grid(fades, mass * 2.0 ** ((told + plateau) / half_life[series])).cumsum(axis=1)
    return float((whole + fading * 2.0 ** (-np.arange(DAYS)[None, :] / half_life[:, None])).sum())


def with_polars(folder: Path) -> float:
    """The same in polars, streamed from Parquet, sparse like ours."""
    import polars as pl

    rules = pl.DataFrame(
        {"dimension": list(DIMENSIONS), "plateau": [r[0] for r in DIMENSIONS.values()],
         "h": [float(r[1]) for r in DIMENSIONS.values()]}
    ).lazy()  # fmt: skip
    rules = (
        pl.scan_parquet(folder / "evidence_series.parquet").join(rules, on="dimension").drop("platform", "jurisdiction")
    )
    begin = pl.lit(FIRST).str.to_date()
    told = (pl.col("event_date") - begin).dt.total_days()
    dated = (
        pl.scan_parquet(folder / "events.parquet")
        .with_columns(told=told, seen=(pl.col("first_seen_at").dt.date() - begin).dt.total_days())
        .group_by("series", "told", "seen").agg(pl.col("mass").sum())
        .join(rules, on="series")
        .with_columns(known=pl.max_horizontal("told", "seen"), end=pl.col("told") + pl.col("plateau"))
        .with_columns(fades=pl.max_horizontal("known", "end"))
    )  # fmt: skip
    enter = dated.select("series", "h", day="known", whole="mass", fading=pl.lit(0.0))
    leave = dated.select(
        "series", "h", day="fades", whole=-pl.col("mass"),
        fading=pl.col("mass") * (pl.col("end") / pl.col("h") * float(np.log(2))).exp(),
    )  # fmt: skip
    daily = (
        pl.concat([enter, leave]).filter(pl.col("day") < DAYS).group_by("series", "h", "day")
        .agg(pl.col("whole").sum(), pl.col("fading").sum()).sort("series", "day")
    )  # fmt: skip
    rate = float(np.log(2)) / pl.col("h")
    summed = daily.with_columns(
        pl.col("whole").cum_sum().over("series"), pl.col("fading").cum_sum().over("series"),
        until=pl.col("day").shift(-1).over("series").fill_null(DAYS),
    )  # fmt: skip
    faded = ((-rate * pl.col("day")).exp() - (-rate * pl.col("until")).exp()) / (1 - (-rate).exp())
    total = (pl.col("whole") * (pl.col("until") - pl.col("day")) + pl.col("fading") * faded).sum()
    return float(summed.select(total).collect(engine="streaming").item())


def _total(con: duckdb.DuckDBPyConnection, sql: str) -> float:
    row = con.execute(sql).fetchone()
    return float(row[0]) if row else 0.0


if __name__ == "__main__":
    main()
