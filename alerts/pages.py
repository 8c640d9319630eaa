"""The pages people read: briefs, index, operator's page; every fetched text is escaped, nothing is loaded."""

import base64
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from alerts.charts import HEIGHT, SPARK_HEIGHT, SPARK_WIDTH, WIDTH, chart_of, spark_of
from alerts.horizon import ground_text
from alerts.naming import Names, names_in
from alerts.phrases import Lang, Phrases, opened
from alerts.wording import reason_lines, score_change
from trendwarte.brief_facts import BriefFacts, ChangeLine, MatrixRow, OperatorFacts
from trendwarte.explaining import standing_reason
from trendwarte.polling import ANSWERED
from trendwarte.settings import Settings
from trendwarte.types import Reason
from trendwarte.vocabulary import Band

#: Word, sign and colour say the same: no verdict is told by colour alone.
SIGNS: dict[Band, str] = {"recommend": "▲", "test": "●", "watch": "◆", "avoid": "▼", "exit": "✖", "unknown": "○"}
_CRITICAL = ("avoid", "exit")
_OPEN_CHANGES = 6
_REASONS_MAX = 6


@cache
def environment() -> Environment:
    """Templates with autoescaping for HTML; an undefined name is an error."""
    found = Environment(
        loader=PackageLoader("alerts"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["opened"] = opened
    return found


@cache
def _style() -> tuple[str, str]:
    """The style sheet, and a policy that allows this very sheet and nothing else: no script, no image, no request."""
    css = (files("alerts") / "templates" / "page.css").read_text("utf-8").strip()
    digest = base64.b64encode(sha256(css.encode()).digest()).decode()
    return css, f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _page(template: str, lang: Lang, phrases: Phrases, **facts: Any) -> str:
    css, policy = _style()
    found = environment().get_template(template)
    return found.render(lang=lang, p=phrases, css=css, policy=policy, signs=SIGNS, **facts)


def render_brief(
    facts: BriefFacts, lang: Lang, *, sources: Mapping[str, str] | None = None, has_neighbours: bool = False
) -> str:
    """One client's brief as a self-contained HTML page; no script, no network.

    ``sources`` are their names by id. ``has_neighbours``: feed, calendar and the other language lie beside it and are
    linked.
    """
    phrases = Phrases(lang, facts.time_zone)
    names = names_in(facts, phrases)
    changes = [(c, _reasons(c, names, phrases), _score(c, phrases)) for c in facts.changes]
    charts = [chart_of(t, names.place(t.jurisdiction), facts.risk_zones, phrases) for t in facts.timelines]
    present = [row for row in facts.rows if row.presence != "none"]
    return _page(
        "brief.html.j2", lang, phrases, facts=facts, names=names, sources=sources or {},
        today=phrases.local_day(facts.as_of), lead=_lead(facts, names, phrases),
        charts=[chart for chart in charts if chart], width=WIDTH, height=HEIGHT,
        present=present, others=[row for row in facts.rows if row.presence == "none" and not _is_obscure(row)],
        obscure=[row for row in facts.rows if row.presence == "none" and _is_obscure(row)],
        changes=changes, open_changes=_OPEN_CHANGES, has_neighbours=has_neighbours,
        ground_text=ground_text, spark_of=spark_of, spark_size=(SPARK_WIDTH, SPARK_HEIGHT),
        ok_sources=sum(line.state in ANSWERED for line in facts.health),
    )  # fmt: skip


def _reasons(change: ChangeLine, names: Names, phrases: Phrases) -> list[str]:
    """Why it changed: the alert's reasons, else what weighs most on the score, else the limit that binds."""
    told = change.reasons or [standing_reason(term) for term in change.terms]
    if not told and change.floor:
        told = [Reason("floor_set", floor=change.floor)]
    return reason_lines(told, names, phrases, change.from_band, change.to_band)[:_REASONS_MAX]


def _score(change: ChangeLine, phrases: Phrases) -> str:
    """What became of the score, and of whose where several purposes moved alike."""
    score = score_change(change.from_score, change.to_score, phrases)
    if score and change.lead_purpose and len(change.purposes) > 1:
        score = f"{phrases.word('purpose', change.lead_purpose)}: {score}"
    return opened(score)


def _lead(facts: BriefFacts, names: Names, phrases: Phrases) -> list[str]:
    """What a hurried reader needs: what changed last, what is critical, what comes next."""
    sentences = []
    if facts.changes:
        first = facts.changes[0]
        what = phrases.text(
            "change_of", platform=first.platform_name, before=phrases.word("band", first.from_band),
            after=phrases.word("band", first.to_band),
        )  # fmt: skip
        what += f" ({phrases.day(phrases.local_day(first.as_of))})"
        sentences.append(phrases.text("lead_changes", count=len(facts.changes), days=30, what=what))
    else:
        sentences.append(phrases.text("lead_calm", days=30))
    red = _critical(facts)
    sentences.append(phrases.text("lead_red", platforms=phrases.listed(red)) if red else phrases.text("lead_green"))
    today = phrases.local_day(facts.as_of)
    coming = next((d for d in facts.deadlines if d.due_date >= today), None)
    if coming:
        what = phrases.text("all_platforms") if coming.platform == "all_social" else coming.platform_name
        what += f", {names.law(coming.instrument)}"
        sentences.append(phrases.text("lead_due", date=phrases.day(coming.due_date), what=what))
    return sentences


def _critical(facts: BriefFacts) -> list[str]:
    """Names of platforms the client is active on that stand at avoid or exit for some purpose."""
    active = (row for row in facts.rows if row.presence == "active")
    return [row.name for row in active if any(cell.band in _CRITICAL for cell in row.cells)]


def _is_obscure(row: MatrixRow) -> bool:
    """A platform of which too little is known to say more than *watch*."""
    return all(cell.floor == "F8" or cell.band == "unknown" for cell in row.cells)


def render_index(briefs: Sequence[BriefFacts], settings: Settings, lang: Lang) -> str:
    """The door: every client with its brief, feed and calendar, and the operator's page."""
    phrases = Phrases(lang, settings.runtime.time_zone)
    lines = [
        (facts, settings.clients[facts.client].language, phrases.listed(_critical(facts)), len(facts.changes))
        for facts in briefs
    ]
    as_of = max((facts.as_of for facts in briefs), default=None)
    return _page("index.html.j2", lang, phrases, lines=lines, as_of=as_of, languages=settings.runtime.languages)


def render_operator(facts: OperatorFacts, lang: Lang, time_zone: str) -> str:
    """Nights, messages that have not arrived, silences and sources."""
    return _page("operator.html.j2", lang, Phrases(lang, time_zone), facts=facts)


def write_pages(folder: Path, briefs: Sequence[BriefFacts], operator: OperatorFacts, settings: Settings) -> None:
    """Every page, feed and calendar into ``folder``; each file is replaced whole, a reader never sees half of one."""
    # Imported here: the calendar library costs a tenth of a second that a letter does not need.
    from alerts.feeds import atom_feed, calendar

    folder.mkdir(parents=True, exist_ok=True)
    languages, sources = settings.runtime.languages, {one.id: one.name for one in settings.sources.values()}
    for facts in briefs:
        for lang in languages:
            page = render_brief(facts, lang, sources=sources, has_neighbours=True)
            _replace(folder / f"{facts.client}.{lang}.html", page.encode())
        _replace(folder / f"{facts.client}.atom.xml", atom_feed(facts, settings))
        _replace(folder / f"{facts.client}.ics", calendar(facts, settings))
    lang = languages[0]
    _replace(folder / "operator.html", render_operator(operator, lang, settings.runtime.time_zone).encode())
    _replace(folder / "index.html", render_index(briefs, settings, lang).encode())


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(content)
    draft.replace(path)
