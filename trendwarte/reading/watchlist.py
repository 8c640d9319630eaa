"""What the reader looks for: names of platforms and parents, instruments with their cues."""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from trendwarte.needles import Needles
from trendwarte.reading.resources import resource
from trendwarte.settings import Instrument, Settings

_GENERAL = ("social media", "social-media", "soziale medien", "sozialen medien", "sozialer medien", "social networks",
            "soziale netzwerke", "sozialen netzwerken",
            "sozialer netzwerke")  # fmt: skip
#: Stands for all platforms at once.
ALL = "all_social"


@dataclass(frozen=True, slots=True)
class Name:
    """One way to write a platform; ``is_ambiguous`` names need an anchor, parents stand for their children."""

    text: str
    platform: str
    is_ambiguous: bool = False
    is_parent: bool = False
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(slots=True)
class Watchlist:
    """All names and instruments, with a prefilter that tells in microseconds whether a text names any."""

    names: tuple[Name, ...]
    instruments: tuple[Instrument, ...] = ()
    homes: dict[str, str] = field(default_factory=dict)
    _cues: Needles[None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._cues = Needles(dict.fromkeys(cue.lower() for one in self.instruments for cue in one.cues))

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The configured platforms, parents and instruments."""
        ambiguous = {
            n.casefold() for p in resource("lexicon.yaml")["platforms"].values() for n in p.get("ambiguous", [])
        }
        names = [
            Name(a.text, p.id, a.is_ambiguous or a.text.casefold() in ambiguous, False, a.valid_from, a.valid_until)
            for p in settings.platforms.values()
            for a in p.aliases
        ]
        names += [Name(parent, p.id, is_parent=True) for p in settings.platforms.values() for parent in p.parents]
        homes = {p.id: p.home for p in settings.platforms.values()}
        return cls(tuple(names), tuple(settings.instruments.values()), homes)

    @classmethod
    def builtin(cls) -> Self:
        """Every platform of the vocabulary, without instruments."""
        names: list[Name] = []
        for platform, entry in resource("lexicon.yaml")["platforms"].items():
            names += [Name(text, platform) for text in entry.get("names", [])]
            names += [Name(text, platform, is_ambiguous=True) for text in entry.get("ambiguous", [])]
            names += [Name(text, platform, is_parent=True) for text in entry.get("parents", [])]
        return cls(tuple(names), homes={"tiktok": "CN", "rednote": "CN", "wechat": "CN", "weibo": "CN"})

    def spelled(self) -> dict[str, list[Name]]:
        """All names by what they look like in lower case."""
        by_text: dict[str, list[Name]] = {}
        for name in self.names:
            by_text.setdefault(name.text.lower(), []).append(name)
        for text in _GENERAL:
            by_text.setdefault(text, []).append(Name(text, ALL))
        return by_text

    def named_instrument(self, text: str, platform: str, place: str | None, on: date) -> Instrument | None:
        """The instrument whose cue stands in ``text`` (lower case), open on that day, for platform and place."""
        if not self._cues.hits(text):
            return None
        for one in self.instruments:
            is_open = (one.opened_on is None or one.opened_on <= on) and (one.closed_on is None or on <= one.closed_on)
            fits = platform in one.platforms and (place is None or place in (one.jurisdiction, "GLOBAL"))
            if is_open and fits and any(_has_phrase(text, cue.lower()) for cue in one.cues):
                return one
        return None


def _has_phrase(text: str, cue: str) -> bool:
    return cue in text and re.search(rf"(?<!\w){re.escape(cue)}(?!\w)", text) is not None
