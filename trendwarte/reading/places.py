"""Where a step applies: countries by name, adjective and capital in two languages, US states, institutions."""

import re
from functools import cache
from typing import Any

import ahocorasick
from babel import Locale

# "Bundesrichter" and "Bundesgericht" may sit in Washington or Lausanne: only bodies Germany alone has are German.
# Stems: English adjectives and German ones with their endings; a stem must begin a word.
_ADJECTIVES = {
    "US": r"u\.s\.|us|usa|american\w*|amerikanisch\w*|us-\w+|white house|weiße haus|weißen haus|weißes haus|washington|trump|biden|congress|supreme court|d\.c\. circuit|house of representatives|repräsentantenhaus|us-kongress|federal trade commission|ftc|commerce department|cfius|bytedance must|pentagon",
    "EU": r"eu|europe|european|europa|europäisch\w*|eu-\w+|brussels|brüssel\w*|digital services act|dsa|von der leyen",
    "DE": r"german\w*|deutsch\w*|berlin|bundestag\w*|bundesregierung|bundesminist\w*|bundesinnenminist\w*|bundesjustizminist\w*|bundesfamilienminist\w*|bundeskanzl\w*|bundesdatenschutz\w*|bundesnetzagentur|bundeskartellamt\w*|bundesgerichtshof\w*|bundesverfassungsgericht\w*|bundesamt\w*|bundesländer\w*|bfdi|bsi|vzbv",
    "GB": r"british|britisch\w*|uk|u\.k\.|britain|großbritannien|london|ofcom",
    "FR": r"french|französisch\w*|paris|macron|frankreichs?",
    "IN": r"indian|indisch\w*|indiens?|new delhi|neu-?delhi|delhi",
    "BR": r"brazilian|brasilianisch\w*|brasiliens?|brasília|moraes|stf",
    "AU": r"australian\w*|australisch\w*|australiens?|canberra|esafety",
    "CA": r"canadian|kanadisch\w*|kanadas?|ottawa",
    "RU": r"russian|russisch\w*|russlands?|moscow|moskau|kremls?|roskomnadzor",
    "CN": r"chinese|chinesisch\w*|beijing|peking",
    "NP": r"nepal\w*|kathmandu",
    "AL": r"albani\w+|alban\w+|tirana",
    "IE": r"irish|irisch\w*|irlands?|dublin|data protection commission|dpc",
    "IT": r"italian|italienisch\w*|italiens?|rome|rom|garante",
    "ES": r"spanish|spanisch\w*|spaniens?|madrid",
    "DK": r"danish|dänisch\w*|dänemarks?|copenhagen|kopenhagen",
    "NL": r"dutch|niederländisch\w*",
    "TW": r"taiwan\w*|taipei|taipeh",
    "PK": r"pakistani\w*|pakistanisch\w*",
    "ID": r"indonesi\w+|jakarta",
    "MY": r"malaysia\w*",
    "VN": r"vietnam\w*",
    "TR": r"turkish|türkisch\w*|turkey|ankara",
    "UA": r"ukrain\w+|kyiv|kiew",
    "IR": r"iran\w*|tehran|teheran",
    "JP": r"japan\w*|tokyo|tokio",
    "KR": r"south korea\w*|südkorea\w*|seoul",
    "NZ": r"new zealand\w*|neuseel\w+",
    "KE": r"kenya\w*|kenia\w*",
    "NG": r"nigeria\w*",
    "AT": r"austria\w*|österreich\w*",
    "CH": r"swiss|schweiz\w*",
    "BE": r"belgi\w+",
    "NO": r"norw\w+",
    "SE": r"swedish|schwed\w+",
    "GR": r"greek|griech\w+",
    "MM": r"myanmar\w*",
    "UG": r"uganda\w*",
}  # fmt: skip
_STATES = {
    "US-AL": "alabama", "US-AK": "alaska", "US-AZ": "arizona", "US-AR": "arkansas", "US-CA": "california|kalifornien",
    "US-CO": "colorado", "US-CT": "connecticut", "US-FL": "florida", "US-HI": "hawaii", "US-ID": "idaho",
    "US-IL": "illinois", "US-IN": "indiana", "US-IA": "iowa", "US-KS": "kansas", "US-KY": "kentucky",
    "US-LA": "louisiana", "US-ME": "maine", "US-MD": "maryland", "US-MA": "massachusetts", "US-MI": "michigan",
    "US-MN": "minnesota", "US-MS": "mississippi", "US-MO": "missouri", "US-MT": "montanas?", "US-NE": "nebraska",
    "US-NV": "nevada", "US-NH": "new hampshire", "US-NJ": "new jersey", "US-NM": "new mexico", "US-NC": "north carolina",
    "US-ND": "north dakota", "US-OH": "ohio", "US-OK": "oklahoma", "US-OR": "oregon", "US-PA": "pennsylvania",
    "US-SC": "south carolina", "US-SD": "south dakota", "US-TN": "tennessee", "US-TX": "texas", "US-UT": "utah",
    "US-VT": "vermont", "US-VA": "virginia", "US-WI": "wisconsin", "US-WY": "wyoming",
}  # fmt: skip
# Names that are common words in one of the languages.
_SKIPPED_NAMES = frozenset({"chad", "mali", "jersey", "guernsey", "island", "georgia", "jordan", "oman", "niger"})
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"})
_US = "US"


@cache
def _gazetteer() -> Any:
    """Aho-Corasick automaton over names and stems: ``(jurisdiction, length, may be continued by)``."""
    patterns: dict[str, list[str]] = {code: pattern.split("|") for code, pattern in (_STATES | _ADJECTIVES).items()}
    for locale in (Locale("en"), Locale("de")):
        for code, name in locale.territories.items():
            is_country = len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
            if is_country and name.lower() not in _SKIPPED_NAMES:
                patterns.setdefault(code, []).append(name.lower() + "s?")
    stems: dict[str, list[tuple[str, int, str]]] = {}
    for code, alternatives in patterns.items():
        for alternative in alternatives:
            stem = re.sub(r"(?:\\w[*+]|s\?)$", "", alternative)
            ending = alternative[len(stem) :]
            plain = stem.replace("\\w*", "").replace("\\", "")
            stems.setdefault(plain, []).append((code, len(plain), ending))
    machine = ahocorasick.Automaton()
    for plain, entries in stems.items():
        machine.add_word(plain, tuple(entries))
    machine.make_automaton()
    return machine


def _found(text: str) -> dict[str, list[int]]:
    """Places named in ``text`` with the positions of their names."""
    found: dict[str, list[int]] = {}
    for last, entries in _gazetteer().iter(text):
        for code, length, ending in entries:
            start, rest = last - length + 1, text[last + 1 : last + 3]
            if start and (text[start - 1].isalnum()):
                continue
            continued = rest[:1].isalnum()
            if (
                not continued
                or ending.startswith("\\w")
                or (ending == "s?" and rest[:1] == "s" and not rest[1:].isalnum())
            ) and (code not in found or found[code][-1] != start):
                found.setdefault(code, []).append(start)
    return found


def place_of(texts: tuple[str, ...], home: frozenset[str]) -> str | None:
    """Jurisdiction named first and most in ``texts`` (lower case, most decisive first); None when none is.

    ``home`` are places the platform comes from: "the Chinese app" says nothing about where a step applies,
    so they count only when no other place is named.
    """
    for text in texts:
        counts = {code: (len(positions), -positions[0]) for code, positions in _found(text).items()}
        others = {code: n for code, n in counts.items() if code not in home} or counts
        states = {code: n for code, n in others.items() if code.startswith("US-")}
        if states and set(others) <= {*states, _US}:
            others = states
        if others:
            return max(others, key=lambda code: (others[code][0], others[code][1]))
    return None
