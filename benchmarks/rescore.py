"""Evidence of a year re-scored, in full and for one night, beside pandas, polars and the plain SQL join.

    python benchmarks/rescore.py [--signals 10000000] [--repeat 3] [--without naive,pandas] [--json]

What is computed for 51 platforms x 21 places x 6 dimensions on 365 days is the additive part of the model: the faded
evidence mass sum of q m(age), with plateau and half-life, that was known on each day (docs/method.md, n and
confidence), by the macro ``mart.evidence_between`` of the published warehouse as it stands in warehouse/marts. It is
the part that touches every row; here each row is an event of its own, the worst case. The damped heat works on ranks,
which no sum carries from day to day: it is measured by the nights of a replay.

Every method must give the same total (1e-9 of it). The plain join pairs every event with every later day. Times are
minima over repeats; CPU seconds of all threads stand beside the clock, for the machine may be shared.
"""

import argparse
import json
import re
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

DAYS, PLATFORMS, PLACES = 365, 51, 21
FIRST, LAST = "2025-01-01", "2025-12-31"
#: Plateau and half-life in days, as config/scoring.yaml has them.
DIMENSIONS = {
    "legal": (7, 30), "data": (14, 180), "brand_safety": (14, 60), "governance": (7, 45), "youth": (14, 90),
    "viability": (14, 120),
}  # fmt: skip
_COLUMNS = "platform, jurisdiction, dimension, event_date, first_seen_at, mass"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signals", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--without", default="", help="comma-separated: naive, pandas, polars")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    left_out = set(options.without.split(","))
    with tempfile.TemporaryDirectory(prefix="rescore-") as folder, duckdb.connect(f"{folder}/events.duckdb") as con:
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
    # The macro of the product, word for word; only the tables it reads are made here.
    text = (Path(__file__).parents[1] / "warehouse" / "marts" / "views.sql").read_text("utf-8")
    macro = re.search(r"CREATE MACRO mart\.evidence_between.*?;\n", text, re.DOTALL)
    if macro is None:
        raise SystemExit("warehouse/marts/views.sql has no mart.evidence_between any more")
    con.execute(f"CREATE SCHEMA mart; {macro[0]}")
    con.execute("CHECKPOINT")


def measure(con: duckdb.DuckDBPyConnection, repeat: int, left_out: set[str], folder: Path) -> dict[str, Any]:
    """Seconds per method, by the clock and of CPU, and whether all agree."""
    methods: dict[str, Callable[[], float]] = {"ours, year": lambda: _total(con, ours(FIRST, LAST))}
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
    _, found["ours, one night"] = _timed(lambda: _total(con, ours(LAST, LAST)), max(3, repeat))
    return found


def _timed(method: Callable[[], float], repeat: int) -> tuple[float, str]:
    clocks, cpus, total = [], [], 0.0
    for _ in range(repeat):
        clock, cpu = time.perf_counter(), time.process_time()
        total = method()
        clocks.append(time.perf_counter() - clock)
        cpus.append(time.process_time() - cpu)
    return total, f"{min(clocks):8.3f} s   CPU {min(cpus):8.3f} s"


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
