"""Names that texts introduced, who mentions them, and the candidates they became."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from trendwarte.radar.candidates import Candidate, Ground, Standing, key_of
from trendwarte.radar.standings import Introduction, Mention, Volume, standings_of
from trendwarte.rules import Discovery
from trendwarte.types import Evidence
from warehouse.connection import Connection, insert, rows_of

_EVIDENCE_MAX = 4
# Below that a name is a slip of the pen; counting who mentions it would cost more than it tells.
_TRACKED_WEIGHT = 0.29
_SPELLING_SHARE = 0.2
_SOCIAL = frozenset({"social", "rival", "move"})
_DAY = "least(coalesce(published_at, first_seen_at), first_seen_at)::DATE"


class RadarRows:
    """The rows of ``radar_contexts``, ``radar_mentions`` and ``candidates``."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def tracked(self, since: date) -> dict[str, str]:
        """Names that some text called a social service since a day, with their key: their mentions are counted.

        Every spelling that a fifth of the texts use counts: "N." beside "N. Social".
        """
        rows = self._con.execute(
            "SELECT name_key, name, kind, weight FROM radar_contexts WHERE kind <> 'other' AND seen_on > ?", [since]
        ).fetchall()
        told = Counter(key for key, *_ in rows)
        spelled = Counter((key, name) for key, name, *_ in rows)
        said: dict[str, float] = defaultdict(float)
        for key, _, kind, weight in rows:
            said[key] += weight if kind in _SOCIAL else 0.0
        return {
            name: key for (key, name), count in spelled.items()
            if said[key] >= _TRACKED_WEIGHT and count >= _SPELLING_SHARE * told[key]
        }  # fmt: skip

    def add_contexts(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep introductions; the same document read again changes nothing."""
        insert(self._con, "radar_contexts", rows, "ON CONFLICT DO NOTHING")

    def add_mentions(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep which document names what."""
        insert(self._con, "radar_mentions", rows, "ON CONFLICT DO NOTHING")

    def count_days(self, days: Iterable[date]) -> None:
        """Count anew what each source brought on some days; counting twice changes nothing."""
        chosen = sorted(days)
        if not chosen:
            return
        # A sub-query for the days costs as much to plan as all the rest.
        self._con.execute("DELETE FROM source_days WHERE list_contains(?::DATE[], seen_on)", [chosen])
        # Nothing is seen before its day: the bound on first_seen_at spares the read of years that are kept.
        self._con.execute(
            f"INSERT INTO source_days SELECT source_id, outlet, lang, {_DAY} AS seen_on, count(*) FROM documents"  # noqa: S608
            " WHERE first_seen_at >= ?::DATE AND list_contains(?::DATE[], seen_on) GROUP BY ALL",
            [chosen[0], chosen],
        )

    def naming(self, name: str, since: date, until: datetime) -> list[dict[str, Any]]:
        """Kept documents whose title or summary contains ``name``: to count what was said before it was tracked."""
        return rows_of(
            self._con,
            f"SELECT document_id, title, summary, text, outlet, source_id, source_kind, published_at, first_seen_at"  # noqa: S608
            f" FROM documents WHERE (contains(title, $name) OR contains(summary, $name)) AND {_DAY} > $since"
            " AND first_seen_at <= $until",
            {"name": name, "since": since, "until": until},
        )

    def standings(self, as_of: datetime, rules: Discovery) -> list[Standing]:
        """What is known of every name within the window, with places in charts and trends that bear it."""
        said = self._introductions(as_of, rules)
        if not said:
            return []
        found = standings_of(
            said,
            self._mentions(as_of, {one.name_key for one in said}),
            self._volumes(as_of.date(), rules),
            as_of.date(),
            rules,
        )
        charts, trends = self._measured(as_of)
        return [
            replace(one, charts=charts.get(one.name_key, {}), trends=tuple(trends.get(one.name_key, ())))
            for one in found
        ]

    def _introductions(self, as_of: datetime, rules: Discovery) -> list[Introduction]:
        """Introductions, within the history, of names that some text called a social service within the window."""
        day = as_of.date()
        rows = self._con.execute(
            "SELECT name_key, document_id, kind, name, weight, origin, seen_on FROM radar_contexts"
            " WHERE known_from <= ? AND seen_on <= ? AND seen_on > ?",
            [as_of, day, day - timedelta(days=rules.history_days)],
        ).fetchall()
        found, since = [Introduction(*row) for row in rows], day - timedelta(days=rules.window_days)
        called = {one.name_key for one in found if one.seen_on > since and one.kind in _SOCIAL}
        return [one for one in found if one.name_key in called]

    def _mentions(self, as_of: datetime, keys: Iterable[str]) -> list[Mention]:
        """All mentions of some names."""
        rows = self._con.execute(
            "SELECT name_key, outlet, origin, seen_on FROM radar_mentions"
            " WHERE known_from <= ? AND seen_on <= ? AND list_contains(?::VARCHAR[], name_key)",
            [as_of, as_of.date(), list(keys)],
        ).fetchall()
        return [Mention(*row) for row in rows]

    def _volumes(self, day: date, rules: Discovery) -> dict[str, Volume]:
        """What every outlet brought within the history, lately and before."""
        rows = self._con.execute(
            "SELECT outlet, min(seen_on), coalesce(sum(documents) FILTER (seen_on > $lately), 0)::BIGINT,"
            " coalesce(sum(documents) FILTER (seen_on <= $lately), 0)::BIGINT"
            " FROM source_days WHERE seen_on <= $day AND seen_on > $history GROUP BY outlet",
            {"day": day, "history": day - timedelta(days=rules.history_days),
             "lately": day - timedelta(days=rules.established_days)},
        ).fetchall()  # fmt: skip
        return {outlet: Volume(*row) for outlet, *row in rows}

    def _measured(self, as_of: datetime) -> tuple[dict[str, dict[str, float]], dict[str, list[str]]]:
        """Places of names in social charts, and trends and most-read articles that bear them, of the last week."""
        rows = self._con.execute(
            "SELECT series, market, subject, arg_max(value, measured_on) FROM measurements"
            " WHERE series IN ('chart_rank_social', 'tag_accounts', 'trend_posts', 'page_views_rank')"
            " AND measured_on > ? AND known_from <= ? GROUP BY ALL",
            [as_of.date() - timedelta(days=7), as_of],
        ).fetchall()
        charts: dict[str, dict[str, float]] = {}
        trends: dict[str, list[str]] = {}
        for series, market, subject, value in rows:
            # "Clubhouse: The Social Audio App", "Clubhouse_(app)": the name ends where its description begins.
            name = subject.partition(":")[0].partition(" - ")[0].partition("_(")[0]
            label = f"{series} {market}".strip()
            if series == "chart_rank_social":
                charts.setdefault(key_of(name), {})[label] = value
            else:
                trends.setdefault(key_of(name), []).append(label)
        return charts, trends

    def surfaced(self, before: datetime) -> dict[str, datetime]:
        """When each name was first shown."""
        rows = self._con.execute(
            "SELECT name_key, min(surfaced_at) FROM candidates WHERE as_of < ? AND status = 'candidate' GROUP BY 1",
            [before],
        ).fetchall()
        return dict(rows)

    def evidence(self, keys: Iterable[str], as_of: datetime, window_days: int) -> dict[str, tuple[Evidence, ...]]:
        """The best quotes per name, strongest kind first and one per origin."""
        rows = rows_of(
            self._con,
            """
            SELECT c.name_key, c.document_id, d.title, c.quote, d.url, c.outlet, d.source_kind, d.lang,
                   least(coalesce(d.published_at, d.first_seen_at), d.first_seen_at) AS published_at
            FROM radar_contexts c JOIN documents d USING (document_id)
            WHERE c.name_key IN (SELECT unnest($keys::VARCHAR[])) AND c.known_from <= $as_of AND c.seen_on > $since
            QUALIFY row_number() OVER (PARTITION BY c.name_key, c.origin ORDER BY c.weight DESC, c.seen_on) = 1
            ORDER BY c.name_key, c.weight DESC, published_at""",
            {"keys": list(keys), "as_of": as_of, "since": as_of.date() - timedelta(days=window_days)},
        )
        found: dict[str, tuple[Evidence, ...]] = {}
        for row in rows:
            quotes = found.get(key := row.pop("name_key"), ())
            if len(quotes) < _EVIDENCE_MAX:
                found[key] = (*quotes, Evidence(**row))
        return found

    def store(self, candidates: Sequence[Candidate]) -> None:
        """Keep a night's candidates; the same night judged again replaces its rows."""
        if not candidates:
            return
        self._con.execute("DELETE FROM candidates WHERE as_of = ?", [candidates[0].as_of])
        insert(self._con, "candidates", [_candidate_row(one) for one in candidates])

    def forget_reading(self, names: Sequence[str]) -> int:
        """Mark kept documents that contain one of ``names`` as unread: the next night reads them again. How many."""
        row = self._con.execute(
            "UPDATE documents SET reader_version = NULL WHERE len(list_filter($names::VARCHAR[],"
            " n -> contains(title, n) OR contains(summary, n) OR contains(text, n))) > 0",
            {"names": list(names)},
        ).fetchone()
        return int(row[0]) if row else 0

    def platforms_read(self) -> frozenset[str]:
        """Platforms with whose names the kept documents were read."""
        return frozenset(name for (name,) in self._con.execute("SELECT platform FROM platforms_read").fetchall())

    def note_platforms(self, platforms: Iterable[str], as_of: datetime) -> None:
        """Note that kept documents are read with these platforms known."""
        insert(
            self._con, "platforms_read", [{"platform": one, "known_from": as_of} for one in platforms],
            "ON CONFLICT DO NOTHING",
        )  # fmt: skip


def _candidate_row(one: Candidate) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in one.__slots__ if name not in ("reasons", "evidence")}
    return row | {
        "reasons": json.dumps([_ground_row(g) for g in one.reasons], default=str, ensure_ascii=False),
        "evidence": json.dumps([_fields(e) for e in one.evidence], default=str, ensure_ascii=False),
    }


def _ground_row(ground: Ground) -> dict[str, Any]:
    return {k: v for k, v in _fields(ground).items() if v not in (None, "", 0, 0.0)} | {"code": ground.code}


def _fields(one: Ground | Evidence) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}
