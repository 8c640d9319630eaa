"""What the radar says, in words: why a name is shown or not, why not to jump, and where a platform stands."""

from collections.abc import Mapping

from alerts.phrases import Phrases, catalogue, numbered, opened
from trendwarte.radar.candidates import Ground


def ground_text(ground: Ground, phrases: Phrases, places: Mapping[str, str] | None = None) -> str:
    """A ground as a line; a code without words of its own is shown with its detail. ``places`` are names by id."""
    words = catalogue(phrases.lang)["ground"]
    if ground.code == "burst":
        return opened(phrases.word("series", ground.detail))
    if ground.code not in words:
        return ground.detail or ground.code
    values = {
        "count": ground.count,
        "number": phrases.number(ground.value, "#,##0"),
        "times": phrases.number(ground.value, "0.0"),
        "share": phrases.number(100 * ground.value),
        "where": _where(ground.detail, phrases, places or {}),
        "day": phrases.day(ground.on) if ground.on else "",
    }
    return opened(numbered(words, ground.code, values).format(**values))


def _where(label: str, phrases: Phrases, places: Mapping[str, str]) -> str:
    """What the warehouse calls a chart or a list of trends: its series, and the market it is of."""
    series, _, market = label.partition(" ")
    place = market.upper()
    return ", ".join(filter(None, (phrases.word("list", series), places.get(place, place))))
