"""Evidence of a year re-scored, in full and for one night, beside pandas, polars and the plain SQL join.

    PYTHONPATH=. python benchmarks/rescore.py [--signals 10000000] [--repeat 3] [--without naive,pandas] [--json]

What is computed for 51 platforms x 21 places x 6 dimensions on 365 days is the additive part of the model: the faded
evidence mass sum of q m(age), with plateau and half-life, that was known on each day (docs/method.md, n and
confidence), with the product's own tables, macros and writing of a night (decision 0027). Each row is an event of its
own, the worst case. Ours is measured three times: from the sums that a warehouse keeps per night, series and day, as
after a change of plateau or half-life, once as a matrix (`evidence_days`) and once as a table (the macro
`mart.evidence_between`); and from every event, with these sums thrown away and made anew as the migration made them.
One night is what it appends and what reads its sums.

Every method must give the same total (1e-9 of it). The plain join pairs every event with every later day. Times are
minima over repeats; CPU seconds of all threads stand beside the clock, for the machine may be shared. ``--whole``
measures `score_risk` itself instead, whose damped heat works on ranks, which no sum carries from day to day.
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
from warehouse import Warehouse, evidence_days, load_configuration, score_risk
from warehouse.connection import query_text
from warehouse.evidence import move_evidence

ROOT = Path(__file__).parents[1]
DAYS, PLATFORMS, PLACES = 365, 51, 21
FIRST, LAST = "2025-01-01", "2025-12-31"
#: Plateau and half-life in days, as config/scoring.yaml has them.
DIMENSIONS = {
    "legal": (7, 30), "data": (14, 180), "brand_safety": (14, 60), "governance": (7, 45), "youth": (14, 90),
    "viability": (14, 120),
}  # fmt: skip
_KEYS = "platform, jurisdiction, dimension"
_COLUMNS = f"{_KEYS}, event_date, first_seen_at, mass"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signals", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--without", default="", help="comma-separated: naive, pandas, polars")
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
        found = {"rows": options.signals} | measure(con, options.repeat, left_out, Path(folder))
    print(json.dumps(found, indent=1) if options.json else "\n".join(f"{k:28} {v}" for k, v in found.items()))


def make_events(con: duckdb.DuckDBPyConnection, count: int) -> None:
    """Events in order of arrival: skewed series (some are told of far more), one in ten known a day late or more."""
    names = ", ".join(f"'{name}'" for name in DIMENSIONS)
    series = PLATFORMS * PLACES * len(DIMENSIONS)
    con.execute("CREATE TABLE decay_rules (dimension VARCHAR, plateau_days DOUBLE, half_life_days DOUBLE)")
    con.executemany("INSERT INTO decay_rules VALUES (?, ?, ?)", [[d, *rule] for d, rule in DIMENSIONS.items()])
    con.execute("SELECT setseed(0.42)")
    con.execute(
        f"CREATE TABLE events AS SELECT 'platform' || s % {PLATFORMS} AS platform,"
        f" 'J' || (s // {PLATFORMS}) % {PLACES} AS jurisdiction, [{names}][1 + s // {PLATFORMS * PLACES}] AS dimension,"
        " event_date, (event_date + (10 * pow(random(), 20))::INTEGER + INTERVAL 20 HOUR)::TIMESTAMPTZ AS first_seen_at,"
        f" random() AS mass FROM (SELECT least({series - 1}, (pow(random(), 2) * {series})::INTEGER) AS s,"
        f" DATE '{FIRST}' + (i * {DAYS}::BIGINT // {count})::INTEGER AS event_date FROM range({count}) r(i))"
    )
    con.execute("CHECKPOINT")


def _sum_all(con: duckdb.DuckDBPyConnection) -> None:
    """The product's tables with the sums of every event, and its macros, word for word."""
    con.execute("DROP SCHEMA IF EXISTS mart CASCADE; CREATE SCHEMA mart")
    for table in ("evidence_marks", "evidence_moves", "evidence_series"):
        con.execute(f"DROP TABLE IF EXISTS {table}")
    con.execute((ROOT / "warehouse" / "migrations" / "0010_evidence.sql").read_text("utf-8"))
    text = (ROOT / "warehouse" / "marts" / "views.sql").read_text("utf-8")
    macros = re.findall(r"CREATE MACRO mart\.evidence_\w+\(.*?;\n", text, re.DOTALL)
    if len(macros) != 3:
        raise SystemExit("warehouse/marts/views.sql has other macros of evidence now")
    con.execute("".join(macros))


def measure(con: duckdb.DuckDBPyConnection, repeat: int, left_out: set[str], folder: Path) -> dict[str, Any]:
    """Seconds per method, by the clock and of CPU, and whether all agree."""

    def from_every_event() -> float:
        _sum_all(con)
        return as_matrix(con)

    methods: dict[str, Callable[[], float]] = {
        "ours, year from every event": from_every_event, "ours, year from kept sums": lambda: as_matrix(con),
        "ours, that year as a table": lambda: _total(con, ours(FIRST, LAST)),
    }  # fmt: skip
    if "naive" not in left_out:
        methods["plain SQL join, year"] = lambda: _total(con, naive())
    if "pandas" not in left_out and find_spec("pandas"):
        methods["pandas, year"] = lambda: with_pandas(con)
    if "polars" not in left_out and find_spec("polars"):
        con.execute(f"COPY events TO '{folder / 'events.parquet'}' (FORMAT parquet)")
        methods["polars, year"] = lambda: with_polars(folder / "events.parquet")
    found: dict[str, Any] = {}
    expected = 0.0
    for name, method in methods.items():
        total, found[name] = _timed(method, 1 if name.startswith("plain") else repeat)
        expected = expected or total
        if abs(total - expected) > 1e-9 * abs(expected):
            raise SystemExit(f"{name}: {total} is not {expected}")
    found |= _night(con, max(5, repeat))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found | {"peak memory": f"{peak:8.0f} MB"}


def _night(con: duckdb.DuckDBPyConnection, repeat: int) -> dict[str, str]:
    """The last night of the year again and again: what it learned is appended, then its sums are read."""
    night = date.fromisoformat(LAST)
    expected = _total(con, f"SELECT sum(mass) FROM mart.evidence_on('{LAST}')")
    con.execute(query_text("mark_evidence"), {"sunday": night - timedelta(days=night.weekday() + 1), "last": date.min})
    learned = con.execute(
        f"SELECT {_KEYS}, event_date, sum(mass) FROM events WHERE first_seen_at >= $night AND first_seen_at < $next"
        " GROUP BY ALL", {"night": night, "next": night + timedelta(days=1)}
    ).fetchall()  # fmt: skip
    times: dict[str, list[tuple[float, float]]] = {"append": [], "read": []}
    for _ in range(repeat):
        con.execute("DELETE FROM evidence_moves WHERE known_on >= ?", [night])
        _, found = _clocked(lambda: move_evidence(con, (), learned, night))
        times["append"].append(found)
        total, found = _clocked(lambda: _total(con, f"SELECT sum(mass) FROM mart.evidence_on('{LAST}')"))
        times["read"].append(found)
        if abs(total - expected) > 1e-9 * expected:
            raise SystemExit(f"the night appended: {total} is not {expected}")
    return {f"ours, one night: {name}": _said(found) for name, found in times.items()} | {
        "sums appended by the night": f"{len(learned):8d}"
    }


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


def as_matrix(con: duckdb.DuckDBPyConnection) -> float:
    """Every series on every day."""
    return float(evidence_days(con, date.fromisoformat(FIRST), date.fromisoformat(LAST)).mass.sum())


def ours(first: str, last: str) -> str:
    """The macro, every row of its answer computed."""
    return f"SELECT sum(mass) FROM mart.evidence_between('{first}', '{last}')"


def naive() -> str:
    """Every event with every later day."""
    return f"""
        SELECT sum(mass) FROM (
            SELECT platform, jurisdiction, dimension, d.on_day, sum(mass * CASE WHEN d.on_day - event_date <= plateau_days
                   THEN 1 ELSE pow(2, -(d.on_day - event_date - plateau_days) / half_life_days) END) AS mass
            FROM events JOIN decay_rules USING (dimension)
            JOIN (SELECT unnest(generate_series(DATE '{FIRST}', DATE '{LAST}', INTERVAL 1 DAY))::DATE AS on_day) d
              ON event_date <= d.on_day AND first_seen_at::DATE <= d.on_day
            GROUP BY ALL)"""


def with_pandas(con: duckdb.DuckDBPyConnection) -> float:
    """The same two steps per event on a dense grid of series and days."""
    frame = con.execute(f"SELECT {_COLUMNS} FROM events").df()
    series = frame.groupby(["platform", "jurisdiction", "dimension"], sort=False).ngroup().to_numpy()
    begin = np.datetime64(FIRST)
    told = (frame["event_date"].to_numpy().astype("datetime64[D]") - begin).astype(int)
    seen = frame["first_seen_at"].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    known = np.maximum((seen - begin).astype(int), told)
    plateau = frame["dimension"].map({d: r[0] for d, r in DIMENSIONS.items()}).to_numpy()
    half_life = frame["dimension"].map({d: r[1] for d, r in DIMENSIONS.items()}).to_numpy()
    mass = frame["mass"].to_numpy()
    fades = np.maximum(known, told + plateau)
    width, rows = DAYS + 40, int(series.max()) + 1

    def grid(days: Any, weights: Any) -> Any:
        kept = days < width
        flat = series[kept] * width + days[kept]
        return np.bincount(flat, weights[kept], rows * width).reshape(rows, width)[:, :DAYS]

    whole = (grid(known, mass) - grid(fades, mass)).cumsum(axis=1)
    fading = grid(fades, mass * 2.0 ** ((told + plateau) / half_life)).cumsum(axis=1)
    halves = np.zeros(rows)
    halves[series] = half_life
    return float((whole + fading * 2.0 ** (-np.arange(DAYS)[None, :] / halves[:, None])).sum())


def with_polars(path: Path) -> float:
    """The same in polars, streamed from Parquet, sparse like ours."""
    import polars as pl

    rules = pl.DataFrame(
        {"dimension": list(DIMENSIONS), "plateau": [r[0] for r in DIMENSIONS.values()],
         "h": [float(r[1]) for r in DIMENSIONS.values()]}
    ).lazy()  # fmt: skip
    keys, begin = ["platform", "jurisdiction", "dimension"], pl.lit(FIRST).str.to_date()
    told = (pl.col("event_date") - begin).dt.total_days()
    dated = (
        pl.scan_parquet(path)
        .with_columns(told=told, seen=(pl.col("first_seen_at").dt.date() - begin).dt.total_days())
        .group_by(*keys, "told", "seen").agg(pl.col("mass").sum())
        .join(rules, on="dimension")
        .with_columns(known=pl.max_horizontal("told", "seen"), end=pl.col("told") + pl.col("plateau"))
        .with_columns(fades=pl.max_horizontal("known", "end"))
    )  # fmt: skip
    enter = dated.select(*keys, "h", day="known", whole="mass", fading=pl.lit(0.0))
    leave = dated.select(
        *keys, "h", day="fades", whole=-pl.col("mass"),
        fading=pl.col("mass") * (pl.col("end") / pl.col("h") * float(np.log(2))).exp(),
    )  # fmt: skip
    daily = (
        pl.concat([enter, leave]).filter(pl.col("day") < DAYS).group_by(*keys, "h", "day")
        .agg(pl.col("whole").sum(), pl.col("fading").sum()).sort(*keys, "day")
    )  # fmt: skip
    rate = float(np.log(2)) / pl.col("h")
    summed = daily.with_columns(
        pl.col("whole").cum_sum().over(keys), pl.col("fading").cum_sum().over(keys),
        until=pl.col("day").shift(-1).over(keys).fill_null(DAYS),
    )  # fmt: skip
    faded = ((-rate * pl.col("day")).exp() - (-rate * pl.col("until")).exp()) / (1 - (-rate).exp())
    total = (pl.col("whole") * (pl.col("until") - pl.col("day")) + pl.col("fading") * faded).sum()
    return float(summed.select(total).collect(engine="streaming").item())


def _total(con: duckdb.DuckDBPyConnection, sql: str) -> float:
    row = con.execute(sql).fetchone()
    return float(row[0]) if row else 0.0


if __name__ == "__main__":
    main()
