"""Re-scoring a year of evidence, in full and one night more, beside pandas, polars and the plain SQL join.

    python benchmarks/rescore.py [--signals 10000000] [--repeat 3] [--without naive,pandas] [--json]

What is computed for 51 platforms x 21 places x 8 topics on 365 days is the additive part of the model: the faded
evidence mass sum of q 2^(-age/H) that was known on each day (docs/method.md, n and confidence). It is the part that
touches every signal; the damped heat works on events, thousands of times fewer, and is measured by the nights of a
replay. Every method must give the same numbers (1e-9 of the largest).

The plain join pairs every signal with every later day. Ours sums q 2^(t/H) per series and day, runs the sum over
the days and multiplies by 2^(-day/H). One night more is yesterday's sum times 2^(-1/H) plus the day's signals.
Times are minima over repeats: the machine is shared.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

SERIES, DAYS, HALF_LIFE = 51 * 21 * 8, 365, 30.0
RATE = float(np.log(2) / HALF_LIFE)


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
    with tempfile.TemporaryDirectory(prefix="rescore-") as folder, duckdb.connect(f"{folder}/signals.duckdb") as con:
        con.execute(f"SET threads = {options.threads}; SET memory_limit = '{options.memory}'")
        make_signals(con, options.signals)
        found = measure(con, options.repeat, left_out, Path(folder))
    found["signals"] = options.signals
    print(json.dumps(found, indent=1) if options.json else "\n".join(f"{k:24} {v}" for k, v in found.items()))


def make_signals(con: duckdb.DuckDBPyConnection, count: int) -> None:
    """Signals in order of arrival: series (skewed: some are told of far more), day, q."""
    con.execute("SELECT setseed(0.42)")
    con.execute(
        f"CREATE TABLE signals AS SELECT (pow(random(), 2) * {SERIES})::INTEGER AS series,"
        f" (i * {DAYS}::BIGINT // {count})::SMALLINT AS day, random()::FLOAT AS q FROM range({count}) r(i)"
    )
    con.execute(f"DELETE FROM signals WHERE series >= {SERIES}")
    con.execute("CHECKPOINT")


def measure(con: duckdb.DuckDBPyConnection, repeat: int, left_out: set[str], folder: Path) -> dict[str, Any]:
    """Seconds per method and whether all agree."""
    methods: dict[str, Callable[[], Any]] = {"ours full": lambda: ours(con)}
    if "naive" not in left_out:
        methods["naive SQL join"] = lambda: naive(con)
    if "pandas" not in left_out and find_spec("pandas"):
        methods["pandas"] = lambda: with_pandas(con)
    if "polars" not in left_out and find_spec("polars"):
        con.execute(f"COPY signals TO '{folder / 'signals.parquet'}' (FORMAT parquet)")
        methods["polars"] = lambda: with_polars(folder / "signals.parquet")
    found: dict[str, Any] = {}
    expected = 0.0
    for name, method in methods.items():
        times = []
        total = 0.0
        for _ in range(1 if name == "naive SQL join" else repeat):
            start = time.perf_counter()
            total = float(method())
            times.append(time.perf_counter() - start)
        found[f"{name}, s"] = round(min(times), 3)
        expected = expected or total
        found[f"{name} agrees"] = bool(abs(total - expected) <= 1e-9 * abs(expected))
    found["ours one night more, ms"] = round(1000 * min(one_more_night(con) for _ in range(max(3, repeat))), 1)
    return found


_PER_DAY = f"SELECT series, day, sum(q * exp({RATE} * day)) AS added FROM signals GROUP BY series, day"


def ours(con: duckdb.DuckDBPyConnection) -> float:
    """Prefix sums: linear in signals and in series x days."""
    con.execute(
        f"CREATE OR REPLACE TABLE mass AS SELECT series, day, exp(-{RATE} * day) *"
        f" sum(added) OVER (PARTITION BY series ORDER BY day) AS mass FROM ({_PER_DAY})"
    )
    # Days without a signal follow from the last one with one: a row when something came, valid until the next.
    return _total(
        con,
        f"""
        SELECT sum(mass * (1 - exp(-{RATE} * span)) / (1 - exp(-{RATE}))) FROM (
            SELECT mass, lead(day, 1, {DAYS}) OVER (PARTITION BY series ORDER BY day) - day AS span FROM mass)""",
    )


def naive(con: duckdb.DuckDBPyConnection) -> float:
    """Every signal with every later day."""
    return _total(
        con,
        f"""
        SELECT sum(mass) FROM (
            SELECT series, d.day, sum(q * exp(-{RATE} * (d.day - s.day))) AS mass
            FROM signals s JOIN (SELECT range::SMALLINT AS day FROM range({DAYS})) d ON s.day <= d.day
            GROUP BY series, d.day)""",
    )


def with_pandas(con: duckdb.DuckDBPyConnection) -> float:
    """The same prefix sums in pandas, on a dense grid."""
    frame = con.execute("SELECT * FROM signals").df()
    frame["added"] = frame["q"].astype("float64") * np.exp(RATE * frame["day"])
    grid = (
        frame.groupby(["series", "day"])["added"]
        .sum()
        .unstack(fill_value=0.0)
        .reindex(columns=range(DAYS), fill_value=0.0)
    )
    mass = grid.cumsum(axis=1) * np.exp(-RATE * np.arange(DAYS))
    return float(mass.to_numpy().sum())


def with_polars(path: Path) -> float:
    """The same in polars, streamed from Parquet; sparse like ours."""
    import polars as pl

    day = pl.col("day").cast(pl.Float64)
    per_day = (
        pl.scan_parquet(path).group_by("series", "day")
        .agg((pl.col("q").cast(pl.Float64) * (RATE * pl.col("day").cast(pl.Float64)).exp()).sum().alias("added"))
        .sort("series", "day")
    )  # fmt: skip
    mass = per_day.with_columns(
        (pl.col("added").cum_sum().over("series") * (-RATE * day).exp()).alias("mass"),
        (pl.col("day").shift(-1).over("series").fill_null(DAYS) - pl.col("day")).alias("span"),
    )
    total = (pl.col("mass") * (1 - (-RATE * pl.col("span").cast(pl.Float64)).exp()) / (1 - np.exp(-RATE))).sum()
    return float(mass.select(total).collect(engine="streaming").item())


def one_more_night(con: duckdb.DuckDBPyConnection) -> float:
    """Seconds for the last day: yesterday's sums, faded by a day, and what came in."""
    con.execute(
        f"CREATE OR REPLACE TABLE yesterday AS SELECT series, arg_max(mass, day) * exp(-{RATE} * ({DAYS - 2} - max(day)))"
        f" AS mass FROM mass WHERE day <= {DAYS - 2} GROUP BY series"
    )
    start = time.perf_counter()
    con.execute(
        f"CREATE OR REPLACE TABLE today AS SELECT series, sum(mass) AS mass FROM ("
        f"SELECT series, mass * exp(-{RATE}) AS mass FROM yesterday"
        f" UNION ALL SELECT series, q FROM signals WHERE day = {DAYS - 1}) GROUP BY series"
    )
    return time.perf_counter() - start


def _total(con: duckdb.DuckDBPyConnection, sql: str) -> float:
    row = con.execute(sql).fetchone()
    return float(row[0]) if row else 0.0


if __name__ == "__main__":
    main()
