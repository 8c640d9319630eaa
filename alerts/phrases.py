"""Words and formats of the two languages; every key exists in both (a test holds them together)."""

from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
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


class Phrases:
    """Says things in one language and time zone."""

    def __init__(self, lang: Lang, time_zone: str) -> None:
        self.lang = lang
        self._words = catalogue(lang)
        self._zone = ZoneInfo(time_zone)

    def word(self, group: str, key: str) -> str:
        """A term, or the key itself for a term that came from outside the vocabulary."""
        return self._words[group].get(key, key)

    def text(self, key: str, **values: Any) -> str:
        """A sentence with its values filled in."""
        return self._words["text"][key].format(**values)

    def day(self, day: date) -> str:
        """A date as people write it."""
        return format_date(day, "long", locale=self.lang)

    def moment(self, moment: datetime) -> str:
        """A time with its zone."""
        here = moment.astimezone(self._zone)
        if self.lang == "de":
            return format_datetime(here, "d. MMMM y, HH:mm z", locale="de")
        # Outside its own region English has no short names for European zones; tzdata has.
        return f"{format_datetime(here, 'MMMM d, y, HH:mm', locale='en')} {here.tzname()}"

    def number(self, value: float | None, pattern: str = "0") -> str:
        """A number in the format of the language; a dash when unknown."""
        return "–" if value is None else format_decimal(value, pattern, locale=self.lang)
