"""Text to signals: the only door to reading."""

from trendwarte.reading.reader import READER_VERSION, Reader
from trendwarte.reading.text import language
from trendwarte.reading.watchlist import Watchlist

__all__ = ["READER_VERSION", "Reader", "Watchlist", "language"]
