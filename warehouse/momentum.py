"""Momentum of watched platforms: daily inputs with their bursts, and the stage they amount to. All of it in SQL."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from trendwarte.radar.momentum import Standing
from trendwarte.rules import Momentum
from warehouse.connection import Connection, insert, query_text, rows_of

# Documents and page views arrive some days late: the last days are counted again.
_LATE_DAYS = 4
# A gap between two nights longer than this is not filled in: the burst starts anew.
_CATCH_UP_DAYS = 240


def measure_momentum(con: Connection, as_of: datetime, run_id: str, names: Mapping[str, str], rules: Momentum) -> None:
    """Bring ``momentum`` up to the night: share of the news, page views and charts per platform, market and day.

    Args:
        names: platform id by key of its names (``trendwarte.radar.candidates.key_of``).
    """
    day = as_of.date()
    shared = {
        "as_of": as_of, "day": day, "start": _start(con, as_of), "baseline_days": rules.baseline_days,
        "source_days": rules.source_days, "gap_days": rules.gap_days,
    }  # fmt: skip
    mentions = shared | {
        "markets": _markets(rules, is_press=True),
        "prior": rules.prior_documents, "least_share": rules.least_share, "factor": rules.burst_factor,
    }  # fmt: skip
    listed = [{"name_key": key, "platform": platform} for key, platform in names.items()]
    measured = shared | {"names": listed, "z_level": rules.z_level, "markets": _markets(rules)}
    con.execute("DELETE FROM momentum WHERE measured_on >= ?", [shared["start"]])
    queries = [("momentum_mentions", mentions)]
    if con.execute("FROM measurements WHERE measured_on >= ? LIMIT 1", [shared["start"]]).fetchall():
        queries.append(("momentum_measured", measured))
    for name, parameters in queries:
        con.execute(
            f"INSERT INTO momentum SELECT platform, market, input, measured_on, value, level, z, burst,"  # noqa: S608
            f" burst >= $level AND step > 0 AS is_burst, $run_id FROM ({query_text(name)})",
            parameters | {"level": rules.burst_level, "run_id": run_id},
        )


def judge_momentum(
    con: Connection, as_of: datetime, run_id: str, established: Sequence[str], rules: Momentum
) -> list[Standing]:
    """The stage of every platform and market with inputs, kept in ``momentum_stages``.

    Args:
        established: platforms known to have kept their audience: without an earlier judgement they are sustained.
    """
    con.execute("DELETE FROM momentum_stages WHERE as_of = ?", [as_of])
    day = as_of.date()
    last = con.execute("SELECT max(as_of)::DATE FROM momentum_stages WHERE as_of < ?", [as_of]).fetchone()
    since = max(last[0] if last and last[0] else day, day - timedelta(days=_CATCH_UP_DAYS))
    rows = rows_of(
        con,
        query_text("momentum_stages"),
        {
            "as_of": as_of, "day": day, "since": since, "established": list(established),
            "markets": _markets(rules, is_press=True),
            "baseline_days": rules.baseline_days, "hold_days": rules.hold_days, "least_inputs": rules.least_inputs,
            "q_from": rules.durability_days[0], "q_to": rules.durability_days[1],
            "q_days": rules.durability_minimum_days, "sustained_days": rules.sustained_days,
            "sustained_q": rules.sustained_q, "fading_q": rules.fading_q, "dormant_days": rules.dormant_days,
        },
    )  # fmt: skip
    insert(con, "momentum_stages", [row | {"as_of": as_of, "run_id": run_id} for row in rows])
    return [Standing(**row) for row in rows]


def _start(con: Connection, as_of: datetime) -> date:
    """First day to count: a few days before the last judged night, since late arrivals belong to their own day."""
    day = as_of.date()
    last = con.execute("SELECT max(measured_on) FROM momentum WHERE measured_on <= ?", [day]).fetchone()
    newest: date = last[0] if last and last[0] else day - timedelta(days=_CATCH_UP_DAYS)
    return max(newest - timedelta(days=_LATE_DAYS), day - timedelta(days=_CATCH_UP_DAYS))


def _markets(rules: Momentum, *, is_press: bool = False) -> list[dict[str, Any]]:
    """Labels and the markets they stand for; all the press together is what the world talks about."""
    pairs = [*rules.markets.items(), *((label, "GLOBAL") for label in rules.markets if is_press)]
    return [{"label": label, "market": market} for label, market in dict.fromkeys(pairs)]
