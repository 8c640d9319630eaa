"""Words and formats of the two languages; every key exists in both (a test holds them together)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.numbers import format_decimal
from ruamel.yaml import YAML

Lang = Literal["de", "en"]


@cache
def catalogue(lang: Lang) -> dict[str, dict[str, str]]:
    """All words of a language."""
    content: dict[str, dict[str, str]] = YAML(typ="safe").load(
        (files("alerts") / "words" / f"{lang}.yaml").read_text("utf-8")
    )
    return content


def numbered(sentences: Mapping[str, str], key: str, values: Mapping[str, Any]) -> str:
    """A sentence in the form for the number it counts: ``count``, ``days`` or ``nights``."""
    number = next((values[name] for name in ("count", "days", "nights") if isinstance(values.get(name), int)), None)
    form = {0: "zero", 1: "one"}.get(number) if number is not None else None
    return sentences.get(f"{key}_{form}") or sentences[key]


def opened(text: str) -> str:
    """A text as a line or a sentence begins with it: a word with a large letter, a name (eBay) as it is written."""
    word = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if word.islower() else text


class Phrases:
    """Says things in one language and time zone."""

    def __init__(self, lang: Lang, time_zone: str) -> None:
        self.lang = lang
        self._words = catalogue(lang)
        self._zone = ZoneInfo(time_zone)

    def word(self, group: str, key: str) -> str:
        """A term, or the key itself for a term that came from outside the vocabulary."""
        return self._words[group].get(key, key)

    def limit(self, floor: str, detail: str = "", group: str = "floor") -> str:
        """A floor in words, as exactly as its detail allows; ``floor_was`` is the group of those that ended."""
        words = self._words[group]
        return words.get(f"{floor}_{detail}") or words.get(floor, floor)

    def text(self, key: str, **values: Any) -> str:
        """A sentence with its values filled in, in the form its number takes (``..._one``, ``..._zero``)."""
        return numbered(self._words["text"], key, values).format(**values)

    def day(self, day: date) -> str:
        """A date as people write it."""
        return _day(day, "long", self.lang)

    def short_day(self, day: date) -> str:
        """A date for a table: 5. Sept. 2024, Sep 5, 2024."""
        return _day(day, "medium" if self.lang == "en" else "d. MMM y", self.lang)

    def month(self, day: date) -> str:
        """A month on an axis: Okt., Oct."""
        return _day(day, "MMM", self.lang)

    def month_of(self, day: date) -> str:
        """A month with its year: März 2026, March 2026."""
        return _day(day, "MMMM y", self.lang)

    def local_day(self, moment: datetime) -> date:
        """The day a moment falls on here."""
        return moment.astimezone(self._zone).date()

    def moment(self, moment: datetime) -> str:
        """A time with its zone."""
        here = moment.astimezone(self._zone)
        if self.lang == "de":
            return format_datetime(here, "d. MMMM y, HH:mm 'Uhr' z", locale="de")
        # Outside its own region English has no short names for European zones; tzdata has.
        return f"{format_datetime(here, 'MMMM d, y, HH:mm', locale='en')} {here.tzname()}"

    def number(self, value: float | None, pattern: str = "0") -> str:
        """A number in the format of the language; a dash when unknown."""
        return "–" if value is None else _number(value, pattern, self.lang)

    def listed(self, parts: Sequence[str]) -> str:
        """``a, b und c``."""
        return format_list(list(parts), locale=self.lang) if parts else ""

    def language(self, code: str) -> str:
        """``auf Englisch`` for a text in another language than ours; empty for our own or an unknown one."""
        name = Locale(self.lang).languages.get(code) if code and code != self.lang else None
        return self.text("in_language", language=name) if name else ""

    def distance(self, day: date, today: date) -> str:
        """``in 3 Tagen``, ``morgen``, ``vor 2 Tagen``."""
        days = (day - today).days
        return self.text("in_days" if days >= 0 else "overdue", days=abs(days))


# Formatting a date costs 20 µs in babel; a brief names the same days again and again.
@lru_cache(maxsize=4096)
def _day(day: date, form: str, lang: Lang) -> str:
    return format_date(day, form, locale=lang)


@lru_cache(maxsize=4096)
def _number(value: float, pattern: str, lang: Lang) -> str:
    plain = pattern.partition(";")[0]
    # What is rounded to nothing has no sign.
    if round(value, len(plain.partition(".")[2])) == 0:
        return format_decimal(0, plain.lstrip("+"), locale=lang)
    return format_decimal(value, pattern, locale=lang)
