"""The risk timeline as inline SVG: zones, an uncertainty ribbon, a step line, numbered events.

Drawn at 360 px, the width of a telephone, so that its letters are readable there and as a small multiple on a desk.
Colours come from the page's style sheet, so that print and dark mode may choose their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from alerts.phrases import Phrases
from trendwarte.brief_facts import Timeline, TimelineMark, TimelinePoint
from trendwarte.radar.facts import Point

WIDTH, HEIGHT = 360, 196
_LEFT, _RIGHT, _TOP, _BOTTOM = 28, 316, 22, 170
_MARK = 15


@dataclass(frozen=True, slots=True)
class Zone:
    """A horizontal stretch of the scale with its name."""

    name: str
    css: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Mark:
    """An event on the line, numbered as in the list below the chart."""

    number: int
    x: float
    y: float
    mark: TimelineMark


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the template draws for one timeline."""

    timeline: Timeline
    label: str
    summary: str
    zones: tuple[Zone, ...]
    months: tuple[tuple[float, str], ...]
    ticks: tuple[tuple[float, str], ...]
    ribbon: str
    line: str
    marks: tuple[Mark, ...]
    last: tuple[float, float, str]
    table: tuple[TimelinePoint, ...]


SPARK_WIDTH, SPARK_HEIGHT = 120, 28


def spark_of(points: Sequence[Point]) -> str:
    """A small multiple as the points of an SVG polyline; empty for fewer than two days."""
    if len(points) < 2:
        return ""
    first, days = points[0].day, max((points[-1].day - points[0].day).days, 1)
    return " ".join(
        f"{(point.day - first).days / days * SPARK_WIDTH:.1f},{2 + (1 - point.level) * (SPARK_HEIGHT - 4):.1f}"
        for point in points
    )


def chart_of(timeline: Timeline, place: str, zones: tuple[float, float], phrases: Phrases) -> Chart | None:
    """The chart of one timeline; None when there are fewer than two days to draw."""
    points = timeline.points
    if len(points) < 2:
        return None
    first, last = points[0], points[-1]
    scale = _Scale(first.day, last.day)
    values = {point.day: point.value for point in points}
    before, after = phrases.number(first.value), phrases.number(last.value)
    label = phrases.text(
        "chart_label", platform=timeline.platform_name, place=place, first=phrases.day(first.day), before=before,
        last=phrases.day(last.day), after=after, peak=phrases.number(max(point.value for point in points)),
    )  # fmt: skip
    key = "timeline_same" if before == after else "timeline_change"
    return Chart(
        timeline=timeline,
        label=label,
        summary=phrases.text(key, before=before, after=after),
        zones=_zones(zones, phrases),
        months=tuple((scale.x(day), phrases.month(day)) for day in _months(first.day, last.day)),
        ticks=tuple((_y(value), phrases.number(value)) for value in (0.0, *zones, 100.0)),
        ribbon=_ribbon(points, scale),
        line=_steps(points, scale, bound=0),
        marks=_marks(timeline, values, scale),
        last=(scale.x(last.day), _y(last.value), after),
        table=tuple(point for index, point in enumerate(points) if _is_turn(points, index)),
    )


class _Scale:
    def __init__(self, first: date, last: date) -> None:
        self._first, self._days = first, max(1, (last - first).days)

    def x(self, day: date) -> float:
        return round(_LEFT + (day - self._first).days / self._days * (_RIGHT - _LEFT), 1)


def _y(value: float) -> float:
    return round(_BOTTOM - value / 100 * (_BOTTOM - _TOP), 1)


def _zones(bounds: tuple[float, float], phrases: Phrases) -> tuple[Zone, ...]:
    low, high = bounds
    spans = (("zone_high", "z3", high, 100.0), ("zone_middle", "z2", low, high), ("zone_low", "z1", 0.0, low))
    return tuple(Zone(phrases.text(k), css, _y(top), round(_y(bottom) - _y(top), 1)) for k, css, bottom, top in spans)


def _months(first: date, last: date) -> list[date]:
    found, year, month = [], first.year, first.month
    while (year, month) <= (last.year, last.month):
        day = date(year, month, 1)
        if first <= day <= last:
            found.append(day)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found


def _steps(points: tuple[TimelinePoint, ...], scale: _Scale, bound: int) -> str:
    """Value (0), lower (1) or upper (2) bound as a step line; days on which nothing moves cost nothing."""
    path, held = "", -1.0
    for point in points:
        y = _y((point.value, point.low, point.high)[bound])
        if y != held:
            path += f"M{scale.x(point.day)},{y}" if held < 0 else f"H{scale.x(point.day)}V{y}"
            held = y
    return f"{path}H{scale.x(points[-1].day)}"


def _ribbon(points: tuple[TimelinePoint, ...], scale: _Scale) -> str:
    """The area between the bounds: along the upper ones, back along the lower ones."""
    upper = _steps(points, scale, bound=2)
    corners: list[tuple[float, float]] = []
    held: float | None = None
    for point in points:
        y = _y(point.low)
        if held is not None and y != held:
            corners.append((scale.x(point.day), held))
        if y != held:
            corners.append((scale.x(point.day), y))
            held = y
    corners.append((scale.x(points[-1].day), held or 0.0))
    return upper + "".join(f"L{x},{y}" for x, y in reversed(corners)) + "Z"


def _marks(timeline: Timeline, values: dict[date, float], scale: _Scale) -> tuple[Mark, ...]:
    """Events on the line; those of nearly the same day are drawn one above the other."""
    found: list[Mark] = []
    for number, mark in enumerate((m for m in timeline.marks if m.day in values), start=1):
        x = scale.x(mark.day)
        taken = [other.y for other in found if abs(x - other.x) < _MARK]
        found.append(Mark(number, x, _free(_y(values[mark.day]), taken), mark))
    return tuple(found)


def _free(y: float, taken: Sequence[float]) -> float:
    """The height nearest to ``y`` that no other mark takes: first away from the nearer edge, then towards it."""
    away = _MARK if y < (_TOP + _BOTTOM) / 2 else -_MARK
    steps = range((_BOTTOM - _TOP) // _MARK + 1)
    heights = (y + way * step for way in (away, -away) for step in steps)
    free = (h for h in heights if _TOP <= h <= _BOTTOM and all(abs(h - other) >= _MARK for other in taken))
    return next(free, y)  # where there is no room, one covers another


def _is_turn(points: tuple[TimelinePoint, ...], index: int) -> bool:
    """First, last, and every day on which the shown number changed: what the table of the chart lists."""
    if index in (0, len(points) - 1):
        return True
    return abs(points[index].value - points[index - 1].value) >= 1
