"""What the demo tells at its end: who was told what, night by night, and where to look."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from trendwarte.types import RunReport
from warehouse import query


def tell_story(state: Path, reports: Sequence[RunReport]) -> str:
    """The alerts, the ledger of TikTok in the USA, and the paths, as text."""
    published = state / "published" / "trendwarte.duckdb"
    sent = sum(report.counts.get("messages_sent", 0) for report in reports)
    return "\n".join([
        "Who was told what:", *_told(published),
        "\nIn the digest (nothing to decide), TikTok since 2024:", *_noted(published),
        "\nTikTok in the USA, law by law:", *_law_by_law(published),
        f"\n{len(reports)} nights, {sent} e-mails delivered to {state / 'mailbox'}",
        f"Briefs:    {state / 'briefs' / 'index.html'}",
        f"Warehouse: {published}",
    ])  # fmt: skip


def _told(published: Path) -> Iterator[str]:
    _, alerts = query(
        published,
        "SELECT as_of::DATE, severity, client, platform, from_band, to_band,"
        " string_agg(purpose, ', ' ORDER BY purpose),"
        " any_value(rule), any_value(evidence->0->>'quote') FROM mart.alerts WHERE status = 'queued'"
        " GROUP BY ALL ORDER BY 1, 2, 3",
    )
    for day, severity, client, platform, before, after, purposes, rule, quote in alerts:
        yield f"  {day} {severity:6} {client:20} {platform:10} {before} -> {after} ({rule}; {purposes})"
        yield f"             »{quote}«"


def _noted(published: Path) -> Iterator[str]:
    _, notes = query(
        published,
        "SELECT as_of::DATE, to_band, string_agg(DISTINCT client, ', ' ORDER BY client),"
        " any_value(evidence->0->>'quote') FROM mart.alerts"
        " WHERE status = 'digest' AND rule = 'ledger_transition' AND platform = 'tiktok'"
        " AND as_of > '2024-01-01' GROUP BY ALL ORDER BY 1, 2",
    )
    for day, band, clients, quote in notes:
        yield f"  {day} note   {clients}: stays {band}; »{quote}«"


def _law_by_law(published: Path) -> Iterator[str]:
    _, ledger = query(
        published,
        "SELECT valid_from, instrument, from_state, state, due_date, rule FROM mart.ledger"
        " WHERE platform = 'tiktok' AND jurisdiction = 'US' ORDER BY row_id",
    )
    for day, instrument, before, after, due, rule in ledger:
        yield f"  {day} {instrument:20} {before} -> {after}{f', due {due}' if due else ''}  [{rule}]"
