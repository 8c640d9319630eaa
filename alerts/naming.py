"""What platforms, places and laws are called in a language; a law that is on no list gets a name made of its id."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from alerts.phrases import Phrases
from trendwarte.brief_facts import BriefFacts
from trendwarte.settings import Settings
from trendwarte.vocabulary import MEASURES

_ALL = "all_social"
#: How the ledger names an instrument that no list knows: place, platform, measure, month of the first step.
_UNLISTED = re.compile(r"(?P<whom>.+)-(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])")
_MEASURES = {f"-{measure.replace('_', '-')}": measure for measure in MEASURES}
_NOWHERE = ("none", "")


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id, in the language of ``phrases``; an id without a name is shown as it is."""

    phrases: Phrases
    places: Mapping[str, str]
    instruments: Mapping[str, str]
    platforms: Mapping[str, str]

    def place(self, jurisdiction: str) -> str:
        """A place."""
        return self.places.get(jurisdiction, jurisdiction)

    def platform(self, platform: str) -> str:
        """A platform, or all of them."""
        return self.phrases.text("all_platforms") if platform == _ALL else self.platforms.get(platform, platform)

    def law(self, instrument: str) -> str:
        """A law, order or case: by its name, else by what it does to whom, where and since when."""
        return self.instruments.get(instrument) or self._described(instrument) or instrument

    def law_in(self, jurisdiction: str, instrument: str) -> str:
        """A law with its place before it, unless its name says the place."""
        place, law = self.place(jurisdiction), self.law(instrument)
        return law if place in law else ": ".join(filter(None, (place, law)))

    def _described(self, instrument: str) -> str:
        parts = _UNLISTED.fullmatch(instrument)
        if parts is None:
            return ""
        whom = parts["whom"]
        measure = next(((tail, one) for tail, one in _MEASURES.items() if whom.endswith(tail)), None)
        if measure is None:
            return ""
        place, platform = self._place_and_platform(whom.removesuffix(measure[0]))
        if not platform:
            return ""
        group = "law_for_all" if platform == _ALL else "law"
        what = self.phrases.word(group, measure[1]).format(platform=self.platform(platform))
        month = self.phrases.month_of(date(int(parts["year"]), int(parts["month"]), 1))
        return f"{what} ({', '.join(filter(None, (place, month)))})"

    def _place_and_platform(self, whom: str) -> tuple[str, str]:
        places = {_slug(place): name for place, name in self.places.items()} | dict.fromkeys(_NOWHERE, "")
        for platform in (*self.platforms, _ALL):
            place = whom.removesuffix(f"-{_slug(platform)}")
            if place != whom and place in places:
                return places[place], platform
        return "", ""


def _slug(key: str) -> str:
    return key.lower().replace("_", "-")


def names_of(settings: Settings, phrases: Phrases) -> Names:
    """The names of the configuration."""
    lang = phrases.lang
    return Names(
        phrases,
        {j.id: j.name_in(lang) for j in settings.jurisdictions.values()},
        {i.id: i.name_in(lang) for i in settings.instruments.values()},
        {p.id: p.name for p in settings.platforms.values()},
    )


def names_in(facts: BriefFacts, phrases: Phrases) -> Names:
    """The names a brief brings along."""
    is_german = phrases.lang == "de"
    platforms = {row.platform: row.name for row in facts.rows}
    platforms |= {change.platform: change.platform_name for change in facts.changes}
    platforms |= {line.platform: line.platform_name for line in facts.legal}
    return Names(
        phrases,
        {place: de if is_german else en for place, de, en in facts.place_names},
        {one: de if is_german else en for one, de, en in facts.instrument_names},
        platforms,
    )
