"""Many strings looked for in one pass over a text (Aho and Corasick, 1975)."""

from collections.abc import Mapping
from typing import Generic, TypeVar

from ahocorasick_rs import AhoCorasick, Implementation

Meaning = TypeVar("Meaning")
#: The fast form of the automaton takes 3 KB a needle (1,351 places: 3.9 MB); the small one a fifth and takes longer.
_FEW = 5_000


class Needles(Generic[Meaning]):
    """Strings with what each of them means, ready to be found; capitals count."""

    def __init__(self, meanings: Mapping[str, Meaning]) -> None:
        """``meanings``: by needle; an empty needle raises ``ValueError``."""
        self._meanings = list(meanings.values())
        form = Implementation.DFA if len(meanings) < _FEW else Implementation.ContiguousNFA
        self._automaton = AhoCorasick(list(meanings), implementation=form)

    def hits(self, text: str) -> list[tuple[int, int, Meaning]]:
        """``(start, end, meaning)`` of all needles in ``text``, also within each other: by end, the longest first."""
        try:
            found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        except UnicodeEncodeError:  # half a surrogate pair, which UTF-8 cannot spell; "?" is as long
            found = self._automaton.find_matches_as_indexes(text.encode("utf-8", "replace").decode(), overlapping=True)
        meanings = self._meanings
        return [(start, end, meanings[number]) for number, start, end in found] if found else []


def is_whole(text: str, start: int, end: int) -> bool:
    """Whether what stands there is no part of a longer word."""
    return not (start and text[start - 1].isalnum()) and not (end < len(text) and text[end].isalnum())
