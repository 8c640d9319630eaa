"""Whether a text can matter at all: microseconds for the nine in ten news items that name no platform.

It lets through more than the reader finds, never less (a test holds the two against each other): a hit counts when
a name stands at the start of a word, in capitals where the name is a common word.
"""

from trendwarte.needles import Needles
from trendwarte.reading.watchlist import Watchlist

# "Subreddit": the one beginning that may stand before a name.
_MAY_PRECEDE = "sub"
# "x" inside of words is no hit worth looking at.
_SHORT = 2


class Prefilter:
    """Knows all names of a watchlist; holds no state between texts."""

    def __init__(self, watchlist: Watchlist) -> None:
        self._needles = Needles(
            {
                text: all(name.is_ambiguous or name.is_parent for name in names)
                for text, names in watchlist.spelled().items()
            }
        )

    def could_matter(self, text: str) -> bool:
        """False when no watched name can stand in ``text`` (title, summary and text, as they are)."""
        low = text.lower()
        if len(low) != len(text):
            return True  # a few letters change their length; the reader knows how to count then
        for start, end, is_capital in self._needles.hits(low):
            if is_capital and not text[start].isupper():
                continue
            if start and low[start - 1].isalnum() and not low.endswith(_MAY_PRECEDE, 0, start):
                continue
            if end - start <= _SHORT and low[end : end + 1].isalnum() and low[end] != "s":
                continue
            return True
        return False
