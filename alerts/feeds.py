"""What programs subscribe to: an Atom feed of a client's alerts and an iCalendar file of its legal dates."""

from datetime import timedelta
from hashlib import sha256
from xml.etree import ElementTree

from icalendar import Calendar, Event

from alerts.naming import Names, names_of
from alerts.phrases import Phrases, opened
from alerts.wording import letter_of
from trendwarte.brief_facts import BriefFacts, Deadline
from trendwarte.settings import Settings
from trendwarte.types import Alert

_ATOM = "http://www.w3.org/2005/Atom"


def atom_feed(facts: BriefFacts, settings: Settings) -> bytes:
    """The alerts of the last 90 days, newest first, an entry per platform and night; ids never change."""
    client = settings.clients[facts.client]
    phrases = Phrases(client.language, facts.time_zone)
    ElementTree.register_namespace("", _ATOM)
    feed = ElementTree.Element(f"{{{_ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": client.language})
    _add(feed, "id", f"urn:trendwarte:{client.id}")
    _add(feed, "title", phrases.text("feed_title", client=client.name))
    _add(feed, "updated", facts.as_of.isoformat())
    _add(_add(feed, "author"), "name", "Trendwarte")
    for group in _by_night(facts.alerts):
        letter = letter_of(group, client, settings, phrases)
        section = letter.sections[0]
        entry = _add(feed, "entry")
        _add(entry, "id", f"urn:trendwarte:{group[0].alert_id}")
        _add(entry, "title", section.headline)
        _add(entry, "updated", group[0].as_of.isoformat())
        _add(entry, "category", term=group[0].severity)
        lines = [*section.meaning, *section.changes, *section.reasons]
        lines += [f"{quote.quoted} ({quote.source})" for quote in section.evidence]
        _add(entry, "content", "\n".join([*lines, section.confidence, section.todo]).strip())
    return bytes(ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True))


def _by_night(alerts: tuple[Alert, ...]) -> list[list[Alert]]:
    groups: dict[tuple[str, str], list[Alert]] = {}
    for alert in alerts:
        groups.setdefault((alert.as_of.isoformat(), alert.platform), []).append(alert)
    return list(groups.values())


def _add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    # XML 1.0 has no place for control characters; a fetched quote may hold them.
    child.text = "".join(c for c in text if c.isprintable() or c == "\n") or None
    return child


def calendar(facts: BriefFacts, settings: Settings) -> bytes:
    """Legal dates ahead as whole-day events with a reminder a week and a month before; ids never change."""
    client = settings.clients[facts.client]
    phrases = Phrases(client.language, facts.time_zone)
    found = Calendar()
    found.add("prodid", "-//Trendwarte//Stichtage//DE")
    found.add("version", "2.0")
    found.add("x-wr-calname", phrases.text("calendar_title", client=client.name))
    names = names_of(settings, phrases)
    for deadline in facts.deadlines:
        found.add_component(_event(deadline, facts, names, phrases))
    return bytes(found.to_ical())


def _event(deadline: Deadline, facts: BriefFacts, names: Names, phrases: Phrases) -> Event:
    platform = phrases.text("all_platforms") if deadline.platform == "all_social" else deadline.platform_name
    key = f"{facts.client}|{deadline.platform}|{deadline.jurisdiction}|{deadline.instrument}"
    event = Event()
    # One id per instrument: a date that moves moves the entry, it does not add one.
    event.add("uid", f"{sha256(key.encode()).hexdigest()[:24]}@trendwarte")
    event.add("dtstamp", facts.as_of)
    event.add("dtstart", deadline.due_date)
    event.add("dtend", deadline.due_date + timedelta(days=1))
    event.add("summary", f"{platform}: {names.law(deadline.instrument)}")
    lines = [
        opened(f"{phrases.word('measure', deadline.measure)}, {names.place(deadline.jurisdiction)}"),
        opened(phrases.word("state", deadline.state)),
    ]
    if deadline.is_due_unverified:
        lines.append(phrases.text("calendar_unverified"))
    event.add("description", "\n".join([*lines, phrases.text("no_advice")]))
    event.add("transp", "TRANSPARENT")
    return event
