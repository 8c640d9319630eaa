"""How long the briefs take: 25 platforms x 6 clients x 2 languages from a published warehouse of 120 nights.

    python benchmarks/brief.py

Prints the seconds for reading the facts and for writing every page, feed and calendar, and the largest file. The
warehouse is invented (bands, scores and risks by a formula), published by the product and read by the product. The
target is below 2 s and below 400 KB a file on two quiet cores; the figures stand in docs/decisions/0020-brief.md.
"""

import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from alerts import write_pages
from trendwarte.config_files import load_settings
from warehouse import Warehouse, brief_facts, load_configuration, operator_facts, publish

CONFIG = Path(__file__).parents[1] / "config"
NIGHTS, PLATFORMS = 120, 25
LAST = datetime(2026, 3, 4, 4, tzinfo=UTC)
REASONS = json.dumps([{"code": "risk_change", "points": -9.5, "dimension": "legal", "jurisdiction": "US", "instrument": "",
                       "from_state": "", "to_state": "", "floor": "", "due_date": None, "days": None, "event_id": "", "title": ""}] * 4)  # fmt: skip
QUOTE = {"document_id": "d", "title": "T", "quote": "Ein Zitat mit einer Länge, wie sie vorkommt. " * 4, "url": "https://a.example/1",
         "outlet": "Zeitung", "source_kind": "quality_press", "published_at": LAST.isoformat(), "lang": "de"}  # fmt: skip

FILL = """
INSERT INTO runs SELECT 'n' || n, $last - to_days(n::INTEGER), $last, $last, 'ok', 'plain', FALSE, '', 'abc', '1', '{}', '{}', '[]'
FROM range($nights) t(n);
INSERT INTO verdicts
SELECT $last - to_days(n::INTEGER), 'n' || n, c.client, p.platform, u.purpose,
       ['exit', 'avoid', 'watch', 'test', 'recommend', 'unknown'][1 + (hash(c.client || p.platform || u.purpose || (n // 9)) % 6)::INTEGER],
       'test', (hash(p.platform || u.purpose || n) % 100)::DOUBLE, 50, .8, 40, .7, NULL, '[]', '[]', 0, 0, NULL, 'stable', FALSE,
       $last - to_days(n::INTEGER), ''
FROM range($nights) t(n), clients c, (FROM platforms ORDER BY platform LIMIT $platforms) p,
     (SELECT client, unnest(json_extract_string(purposes, '$[*]')) AS purpose FROM clients) u WHERE u.client = c.client;
INSERT INTO verdict_changes
SELECT as_of, run_id, client, platform, purpose, old, band, NULL, NULL, 50, score, FALSE, 'score'
FROM (SELECT *, lag(band) OVER (PARTITION BY client, platform, purpose ORDER BY as_of) AS old FROM verdicts) WHERE old <> band;
INSERT INTO score_terms
SELECT as_of, client, platform, purpose, 'risk', d || ':DE', -5.5, '', '[]', '[]'
FROM verdict_changes, (SELECT unnest(['legal', 'data', 'youth']) AS d);
INSERT INTO alerts
SELECT 'a' || row_number() OVER (), run_id, as_of, client, platform, purpose, 'decide', 'band_change', from_band, to_band, 50, to_score,
       .7, 't', NULL, '[]', $reasons, $evidence, 'queued', '', 'active', '[]' FROM verdict_changes;
INSERT INTO risk_daily
SELECT $last - to_days(n::INTEGER), p.platform, j.jurisdiction, d, (hash(p.platform || d || n) % 100)::DOUBLE, 10, 90, .7, 'n' || n
FROM range($nights) t(n), (FROM platforms ORDER BY platform LIMIT $platforms) p,
     (SELECT jurisdiction FROM jurisdictions WHERE jurisdiction IN ('DE', 'US', 'BR', 'GLOBAL')) j,
     (SELECT unnest(['legal', 'data', 'youth', 'brand_safety', 'governance', 'viability']) AS d);
INSERT INTO events (event_id, platform, jurisdiction, dimension, topic, legal_stage, verb, measure, instrument, factuality, polarity,
                    severity, reach, novelty, credibility, origins, documents, mass, denial, has_official, is_recap, event_date,
                    first_seen_at, last_seen_at, due_date, age_limit, title)
SELECT 'e' || row_number() OVER (), p.platform, 'GLOBAL', 'legal', 'legal_ban', 'enacted', NULL, NULL, NULL, 'asserted', 'negative', 4,
       .7, 1, .9, 3, 9, 2, 0, TRUE, FALSE, ($last - to_days(n::INTEGER))::DATE, $last, $last, NULL, NULL, 'Ein Ereignis mit einer Überschrift'
FROM range(0, 90, 10) t(n), (FROM platforms ORDER BY platform LIMIT $platforms) p;
INSERT INTO ledger (platform, jurisdiction, instrument, measure, from_state, state, due_date, valid_from, known_from, rule, credibility, run_id)
SELECT p.platform, 'DE', 'i' || n, 'full_ban', 'none', 'scheduled', ($last + to_days(30 + n::INTEGER))::DATE, $last::DATE, $last, 'r', 1, 'n0'
FROM range(2) t(n), (FROM platforms ORDER BY platform LIMIT $platforms) p;
"""


def main() -> None:
    settings = load_settings(CONFIG, {})
    settings = settings.model_copy(update={"platforms": dict(sorted(settings.platforms.items())[:PLATFORMS])})
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        values = {"last": LAST, "nights": NIGHTS, "platforms": PLATFORMS, "reasons": REASONS, "evidence": json.dumps([QUOTE] * 3)}
        with Warehouse(state / "warehouse.duckdb") as warehouse:
            load_configuration(warehouse.con, settings)
            for statement in filter(str.strip, FILL.split(";\n")):
                warehouse.con.execute(statement, {k: v for k, v in values.items() if f"${k}" in statement})
            rows = warehouse.con.execute("SELECT count(*) FROM verdicts").fetchone()
            publish(warehouse.con, state)
        print(f"{len(settings.clients)} clients, {PLATFORMS} platforms, {NIGHTS} nights, {rows[0] if rows else 0} verdicts")
        for attempt in range(4):
            measure(state, settings, "cold " if attempt == 0 else "")


def measure(state: Path, settings, word: str) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    facts = brief_facts(state / "trendwarte.duckdb", list(settings.clients), "Europe/Berlin", version("trendwarte"), settings.alerts)
    read = time.perf_counter() - began
    write_pages(state / "briefs", facts, operator_facts(state / "trendwarte.duckdb", LAST + timedelta(hours=1)), settings)
    total = time.perf_counter() - began
    largest = max((state / "briefs").iterdir(), key=lambda path: path.stat().st_size)
    print(
        f"{word}facts {read:.2f} s, pages {total - read:.2f} s, together {total:.2f} s (CPU {time.process_time() - cpu:.2f} s);"
        f" {len(list((state / 'briefs').glob('*.html')))} pages, largest {largest.name} {largest.stat().st_size / 1000:.0f} kB"
    )


if __name__ == "__main__":
    main()
