"""What a step would take away, when, and how grave that is."""

import re
from datetime import date, timedelta

from trendwarte.reading.slots import date_after, dates_in
from trendwarte.reading.steps import Step

_SEVERITY = {
    "in_force": 5, "enacted": 5, "passed_chamber": 4, "upheld": 4, "blocked_by_court": 4, "repealed": 4, "fine": 4,
    "delayed": 3, "settled": 4, "investigation": 3, "proposed": 3, "device_ban_government": 3, "discussed": 2, "none": 2,
}  # fmt: skip
_SOON = timedelta(days=120)
_GRAVE_TOPICS = frozenset({"service_viability", "brand_safety", "data_protection", "security"})
_SALE = re.compile(
    r"\bdivest\w*|\bforced? sale|\bsell(?:s|ing)? (?:its|§p|the app)|\bverkauf\w*|\bsell-or-ban|joint venture|gemeinschaftsunternehmen"
)


def measure_of(
    step: Step | None, stage: str, topic: str, *, low: str, place: str | None, instrument: str | None
) -> str | None:
    """The measure a step is about; None without one. ``instrument`` is the measure of a named law or case."""
    if step is None:
        return None
    if step.is_about_devices or stage == "device_ban_government":
        return "public_device_ban"
    if step.measure or instrument:
        return step.measure or instrument
    if topic == "youth_protection" and step.stage != "fine":
        return "age_limit"
    # "India bans TikTok ... its owner may sell the app": what is done stands in the sentence of the step.
    if is_sale(step.sentence.marked) or (not step.speaks_of_bans and is_sale(low)):
        return "forced_sale"
    if place == "EU" and topic != "legal_ban":
        return "dsa"
    if step.stage == "fine":
        return "fine"
    if topic == "data_protection":
        return "data_order"
    return "full_ban" if topic == "legal_ban" and step.names_a_ban else "conduct_rule"


def is_sale(low: str) -> bool:
    """Whether a text speaks of a sale that somebody must make."""
    return _SALE.search(low) is not None


def severity_of(stage: str, topic: str, factuality: str) -> int:
    """1-5: how much a signal would weigh if it is true."""
    if factuality == "speculated":
        return 2
    if stage == "none":
        return 3 if topic in _GRAVE_TOPICS else 2
    return _SEVERITY[stage]


def due_date(step: Step, low: str, on: date) -> date | None:
    """The day a step takes effect: named or counted in its own sentence, else anywhere in the text."""
    for part in (low[step.sentence.char_from : step.sentence.char_to], low):
        named = next((day for day in dates_in(part, on.year) if day > on), None)
        if named is None:  # "from January 1", told in November
            soon = on + _SOON
            named = next((day for day in dates_in(part, on.year + 1) if on < day <= soon), None)
        if found := named or date_after(part, on):
            return found
    return None
