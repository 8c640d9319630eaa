"""One look that leaves most texts alone: whether a text speaks of services, and which watched platforms it names.

Texts are searched once for all words; what is found must stand as a word. Without that, "online" names LINE, "happen"
an app, and every fourth text would go on to the patterns.
"""

from collections.abc import Iterable

from trendwarte.needles import Needles, is_whole

#: Nouns for a service, also within German compounds, and words for rivals and for people who move.
_WITHIN = (
    "network", "netzwerk", "platform", "plattform", "messenger", "dienst", "social", "sozial", "service", "alternativ",
    "competitor", "konkurren", "copycat", "knockoff", "exodus", "wechsel", "start-up", "startup", "migrat",
    "challenger",
)  # fmt: skip
_WHOLE = (
    "app", "apps", "site", "sites", "website", "websites", "rival", "rivals", "clone", "clones", "klon", "klone",
    "flock", "flocks", "flocking", "flocked", "fled", "flee", "flees", "fleeing", "portal",
)  # fmt: skip
#: What can be the noun beside a name; without one no text is searched for it.
HEADS = frozenset(
    {"app", "apps", "site", "sites", "website", "websites", "network", "netzwerk", "platform", "plattform", "messenger",
     "dienst", "social", "service", "start-up", "startup", "portal"}
)  # fmt: skip


class Anchors:
    """Finds the words that make a text worth a closer look.

    Args:
        names: names of watched platforms and their companies; they count as written, with their capitals.
    """

    def __init__(self, names: Iterable[str]) -> None:
        spelled: dict[str, set[str]] = {}
        for name in names:
            spelled.setdefault(name.lower(), set()).add(name)
        # "YouTube" and "Youtube" share an entry: whichever came last must not be the only one that counts.
        self._spelled = spelled
        kinds = dict.fromkeys(_WITHIN, "within") | dict.fromkeys(_WHOLE, "whole") | dict.fromkeys(spelled, "name")
        self._needles = Needles(kinds)

    def look(self, text: str) -> tuple[set[str], list[str]]:
        """Words for services that a text holds, in lower case, and watched names as they are written."""
        words: set[str] = set()
        names: list[str] = []
        low = text.lower()
        for start, end, kind in self._needles.hits(low):
            word = low[start:end]
            if kind == "within":
                if word != "dienst" or not low.startswith("ag", end):  # Dienstag is a day
                    words.add(word)
                continue
            if word in words:
                continue
            if not is_whole(low, start, end):
                continue
            if kind == "whole":
                words.add(word)
            elif len(low) != len(text):
                names += sorted(self._spelled[word] - set(names))
            elif (name := text[start:end]) in self._spelled[word] and name not in names:
                names.append(name)
        return words, names
