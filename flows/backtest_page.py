"""The report of a back-test as one page: tables and plots inline, no script, no text of the archive."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1d2430}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.2rem}table{border-collapse:collapse;margin:.6rem 0;width:100%}
td,th{border-bottom:1px solid #d8dde6;padding:.25rem .5rem;text-align:left;vertical-align:top}
th{font-weight:600;background:#f4f6f9}.no{color:#a11}.ok{color:#176b3a}svg{max-width:100%}small{color:#5a6474}"""
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 640, 260, 56, 40


def page(figures: Mapping[str, Any]) -> str:
    """The whole page."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Back-test</title>",
        f"<style>{_STYLE}</style><h1>Back-test on archived news</h1>",
        f"<p>{figures['documents']:,} documents, {figures['documents_naming_a_platform']:,} of them name a platform."
        f" Reader {escape(str(figures['reader']))}, configuration {escape(str(figures['configuration'])[:12])}.</p>",
        _summary(figures["periods"]),
    ]
    for name, period in figures["periods"].items():
        parts += _period(name, period)
    return "".join(parts) + "</html>\n"


def _summary(periods: Mapping[str, Any]) -> str:
    rows: list[tuple[str, str, Callable[[Any], Any]]] = [
        ("ledger right within 7 days", ">= .85", lambda p: p["ledger"]["right_within_7_days"]),
        ("ledger right after 1 day", "", lambda p: p["ledger"]["right_after_1_day"]),
        ("steps contained", "", lambda p: p["ledger"]["steps"]),
        ("forbidden transitions", "0", lambda p: p["ledger"]["forbidden_transitions"]),
        ("controls moved", "0", lambda p: f"{p['ledger']['controls_moved']} of {p['ledger']['controls']}"),
        ("median delay of the ledger, nights", "0", lambda p: p["ledger"]["median_delay_nights"]),
        ("act/decide precision (list or timeline)", ">= .80", lambda p: p["alerts"]["precision"]),
        ("act/decide precision (anything the timeline tells)", "", lambda p: p["alerts"]["precision_any_event"]),
        ("act/decide precision (list only)", "", lambda p: p["alerts"]["precision_listed"]),
        ("act/decide precision (list or timeline, or a date a listed step set)", "",
         lambda p: p["alerts"]["precision_with_dates"]),
        ("act/decide precision (anything the timeline tells, or such a date)", "",
         lambda p: p["alerts"]["precision_any_event_with_dates"]),
        ("act/decide recall", ">= .85", lambda p: p["alerts"]["recall"]),
        ("median delay of alerts, nights", "0", lambda p: p["alerts"]["median_delay_nights"]),
        ("false act/decide per client-month", "<= 1", lambda p: p["alerts"]["false_per_client_month"]),
        ("band changes per pair-year, no ledger cause", "<= 3", lambda p: p["stability"]["unprompted_per_pair_year"]),
        ("worst pair", "<= 3", lambda p: p["stability"]["worst_pair_unprompted_per_year"]),
        ("reversals within 30 days", "<= .02", lambda p: p["stability"]["reversal_share"]),
        ("timeline bans known within 7 days", "", lambda p: f"{p['timeline']['known']} of {p['timeline']['steps']}"),
    ]  # fmt: skip
    body = [[name, aim, *(_text(find(p)) for p in periods.values())] for name, aim, find in rows]
    return _table(["measure", "target", *periods], body)


def _period(name: str, period: Mapping[str, Any]) -> list[str]:
    return [
        f"<h2>{escape(name)}: {period['start']} to {period['end']}</h2>",
        f"<p>{period['contained']} of {period['listed']} listed events are told of in the archive.</p>",
        _ledger(period["ledger"]["events"]),
        "<h3>Against simpler methods</h3>",
        *_methods(period),
        "<h3>One idea left out at a time</h3>",
        _ablations(period["ablations"]),
        "<h3>Timeliness against stability</h3>",
        "<p>The scores of this replay under other boundaries (half the gap in points) and other numbers of nights"
        " (up/down). A lasting fall waits longer where bands move less.</p>",
        _curve(period["curve"]),
        "<h3>Bans in the independent timeline</h3>",
        _table(
            ["date", "platform", "place", "state in the ledger within a week"],
            [[r["date"], escape(r["platform"]), escape(r["jurisdiction"]), _mark(r["state"], r["known"])]
             for r in period["timeline"]["rows"]],
        ),
        "<h3>Missed and without cause</h3>",
        f"<p>Missed: {escape(', '.join(period['alerts']['missed']) or 'none')}.</p>",
        f"<p>Without cause in list or timeline: {escape('; '.join(period['alerts']['without_cause']) or 'none')}.</p>",
        "<p>Of these, on a day that a listed step itself had set (the date as our ledger read it):"
        f" {escape('; '.join(period['alerts']['called_by_dates']) or 'none')}.</p>",
    ]  # fmt: skip


def _ledger(events: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [escape(e["id"]), e["date"], escape(e["verb"]), str(e["documents"]), e["first_document"],
         " / ".join(e["expected"]),
         _mark(e["state_after_1"], e["after_1"]), _mark(e["state_within_7"], e["within_7"])]
        for e in events
    ]  # fmt: skip
    return _table(["event", "date", "step", "documents", "first", "right", "after 1 day", "within 7 days"], rows)


def _methods(period: Mapping[str, Any]) -> list[str]:
    others = period["baselines"]
    return [
        _bars([("ours", period["alerts"]), *((b, f["alerts"]) for b, f in others.items())], ("precision", "recall")),
        _table(
            ["method", "precision", "recall", "sent", "false per client-month", "direction U / D / N"],
            [_alert_row("ours", period), *(_alert_row(b, f) for b, f in others.items())],
        ),
    ]


_ABLATED = {
    "ledger_right_within_7_days": "ledger", "controls_moved": "controls moved", "transitions": "transitions",
    "precision": "precision", "recall": "recall", "sent": "sent", "changes_per_pair_year": "changes per pair-year",
}  # fmt: skip


def _ablations(figures: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [[escape(name), *(_text(found[key]) for key in _ABLATED)] for name, found in figures.items()]
    return _table(["without", *_ABLATED.values()], rows)


def _alert_row(name: str, figures: Mapping[str, Any]) -> list[str]:
    alerts, signs = figures["alerts"], figures["direction"]
    values = [_text(alerts[k]) for k in ("precision", "recall", "sent", "false_per_client_month")]
    return [escape(name), *values, " / ".join(_text(signs[k]["right"]) for k in ("U", "D", "N"))]


def _text(value: Any) -> str:
    return "-" if value is None else escape(str(value))


def _mark(text: str, is_right: bool) -> str:
    return f"<span class={'ok' if is_right else 'no'}>{escape(text)}</span>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}" for cell in row) for row in rows)
    return f"<table><tr>{top}{body}</table>"


def _bars(methods: Sequence[tuple[str, Mapping[str, Any]]], keys: Sequence[str]) -> str:
    """Grouped bars 0 to 1, one group per method."""
    colours = ("#2f6f9f", "#d9822b")
    step = (_WIDTH - _LEFT) / len(methods)
    parts = [_axes("share", [(0.0, "0"), (0.5, ".5"), (0.8, ".8"), (1.0, "1")])]
    for n, (name, figures) in enumerate(methods):
        for k, key in enumerate(keys):
            value = figures[key]  # None: nothing was sent or expected, which is no share of nothing
            height = (value or 0.0) * (_HEIGHT - _BOTTOM - 10)
            x = _LEFT + n * step + 8 + k * (step - 16) / len(keys)
            parts.append(
                f"<rect x={x:.0f} y={_HEIGHT - _BOTTOM - height:.0f} width={(step - 18) / len(keys):.0f}"
                f" height={height:.0f} fill='{colours[k]}'><title>{escape(name)} {key} {_text(value)}</title></rect>"
            )
        parts.append(f"<text x={_LEFT + n * step + 8:.0f} y={_HEIGHT - 22} font-size=11>{escape(name)}</text>")
    legend = " ".join(
        f"<tspan fill='{colour}'>&#9632; {key}</tspan>" for colour, key in zip(colours, keys, strict=True)
    )
    parts.append(f"<text x={_LEFT} y={_HEIGHT - 5} font-size=11>{legend}</text>")
    return _svg(parts)


def _curve(points: Sequence[Mapping[str, Any]]) -> str:
    """Changes per pair-year (across) against nights a lasting fall waits (up), a line per gap."""
    most_changes = max((p["changes_per_pair_year"] for p in points), default=1.0) or 1.0
    longest = max((p["mean_wait_nights"] for p in points), default=1.0) or 1.0
    colours = {0.0: "#a34", 1.5: "#d9822b", 3.0: "#2f6f9f", 5.0: "#176b3a"}
    ticks = [(i / 4, f"{longest * i / 4:.1f}") for i in range(5)]
    parts = [_axes("mean wait, nights", ticks)]
    for gap, colour in colours.items():
        line = sorted((p for p in points if p["half_gap"] == gap), key=lambda p: p["changes_per_pair_year"])
        places = [
            (_LEFT + p["changes_per_pair_year"] / most_changes * (_WIDTH - _LEFT - 40),
             _HEIGHT - _BOTTOM - p["mean_wait_nights"] / longest * (_HEIGHT - _BOTTOM - 10))
            for p in line
        ]  # fmt: skip
        parts.append(
            f"<polyline fill=none stroke='{colour}' points='{' '.join(f'{x:.0f},{y:.0f}' for x, y in places)}'/>"
        )
        for (x, y), p in zip(places, line, strict=True):
            parts.append(f"<circle cx={x:.0f} cy={y:.0f} r=4 fill='{colour}'/>")
            parts.append(f"<text x={x + 5:.0f} y={y - 5:.0f} font-size=10>{p['up']}/{p['down']}</text>")
    parts.append(
        f"<text x={_LEFT} y={_HEIGHT - 5} font-size=11>0 to {most_changes:.2f} band changes per pair-year; half gap "
        + " ".join(f"<tspan fill='{colour}'>&#9632; {gap}</tspan>" for gap, colour in colours.items())
        + "</text>"
    )
    return _svg(parts)


def _axes(label: str, ticks: Sequence[tuple[float, str]]) -> str:
    lines = []
    for share, text in ticks:
        y = _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - 10)
        lines.append(f"<line x1={_LEFT} x2={_WIDTH} y1={y:.0f} y2={y:.0f} stroke='#d8dde6'/>")
        lines.append(f"<text x={_LEFT - 6} y={y + 4:.0f} font-size=11 text-anchor=end>{text}</text>")
    lines.append(f"<text x=4 y=12 font-size=11>{escape(label)}</text>")
    return "".join(lines)


def _svg(parts: Sequence[str]) -> str:
    return f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' role=img xmlns='http://www.w3.org/2000/svg'>{''.join(parts)}</svg>"
