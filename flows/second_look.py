"""Asking the second reader, if one is configured: a few unsure texts a night, within a budget, and never in its way."""

import logging
from collections.abc import Sequence
from time import monotonic

from sources import completion
from trendwarte.errors import FetchError
from trendwarte.reading.second import is_unsure, labels_of, question, reread
from trendwarte.settings import SecondReader
from trendwarte.types import Document, Reading, RunReport

log = logging.getLogger("trendwarte")

#: An endpoint that failed this often in a row is left alone for the rest of the night.
_GIVE_UP_AFTER = 3


class SecondLook:
    """One night's use of the second reader; without one it gives every reading back as it came."""

    def __init__(self, settings: SecondReader | None, report: RunReport) -> None:
        self._settings = settings
        self._report = report
        self._failures = 0
        self._asked = 0
        self._began = monotonic()

    def at(self, documents: Sequence[Document], readings: Sequence[Reading]) -> list[Reading]:
        """The readings, with second labels where the first reader was unsure and an answer came."""
        return [self._seen(document, reading) for document, reading in zip(documents, readings, strict=True)]

    def _seen(self, document: Document, reading: Reading) -> Reading:
        settings = self._settings
        if settings is None or not is_unsure(reading, settings.below) or self._is_spent(settings):
            return reading
        self._asked += 1
        self._report.counts["second_reader_asked"] = self._asked
        key = settings.api_key.get_secret_value() if settings.api_key else ""
        try:
            answer = completion(settings.url, question(document, reading, settings.model), key, settings.timeout_s)
            labels = labels_of(answer)
        except (FetchError, ValueError) as error:
            self._failed(settings, error)
            return reading
        self._failures = 0
        return reread(reading, labels, settings.model)

    def _is_spent(self, settings: SecondReader) -> bool:
        is_over = monotonic() - self._began > settings.seconds
        return self._failures >= _GIVE_UP_AFTER or self._asked >= settings.documents or is_over

    def _failed(self, settings: SecondReader, error: Exception) -> None:
        self._failures += 1
        log.warning("the second reader gave no labels: %s", error)
        if self._failures == _GIVE_UP_AFTER:
            self._report.problems.append(
                f"second reader {settings.model}: {_GIVE_UP_AFTER} answers in a row were none ({error});"
                " the first reading stands; check runtime second_reader.url and key"
            )
