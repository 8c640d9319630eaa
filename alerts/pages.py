"""The pages people read: alert texts and the brief; every fetched text is escaped, nothing is loaded."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from alerts.phrases import Lang, Phrases
from trendwarte.brief_facts import BriefFacts, MatrixRow, Timeline

_WIDTH, _HEIGHT = 640, 120


@cache
def environment() -> Environment:
    """Templates with autoescaping for HTML; an undefined name is an error."""
    return Environment(
        loader=PackageLoader("alerts"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_brief(facts: BriefFacts, lang: Lang) -> str:
    """One client's brief as a self-contained HTML page; no script, no network."""
    phrases = Phrases(lang, facts.time_zone)
    places = {place: (de if lang == "de" else en) for place, de, en in facts.place_names}
    return (
        environment()
        .get_template("brief.html.j2")
        .render(
            facts=facts,
            p=phrases,
            places=places,
            known_rows=[row for row in facts.rows if not _is_obscure(row)],
            obscure_rows=[row for row in facts.rows if _is_obscure(row)],
            charts=[(timeline, _steps(timeline)) for timeline in facts.timelines],
            width=_WIDTH,
            height=_HEIGHT,
            lang=lang,
        )
    )


def _is_obscure(row: MatrixRow) -> bool:
    """A platform the client does not use and of which too little is known to say more than *watch*."""
    return row.presence == "none" and all(cell.floor == "F8" or cell.band == "unknown" for cell in row.cells)


def render_index(clients: list[tuple[str, str]], lang: Lang, date: str) -> str:
    """A page that links the briefs: ``(file name, client name)``."""
    page: Any = environment().get_template("index.html.j2")
    return str(page.render(clients=clients, lang=lang, date=date))


def _steps(timeline: Timeline) -> str:
    """The score as an SVG step line: x is time, y falls with risk 0-100."""
    points = timeline.points
    if len(points) < 2:
        return ""
    step = _WIDTH / (len(points) - 1)
    path = [f"M0,{_y(points[0].value):.1f}"]
    for index, point in enumerate(points[1:], start=1):
        path.append(f"H{index * step:.1f}V{_y(point.value):.1f}")
    return "".join(path)


def _y(value: float) -> float:
    return _HEIGHT - value / 100 * _HEIGHT
