"""The order in which a night asks its sources: one errand per host, the longest first, doubtful ones again at the end.

A worker that waits for the turn of a host is lost to all others, so the sources of one host are one errand. A host
that does not answer at all is believed for all its sources of this round; one that asks for silence, for those of the
same owner (hosts that carry many publishers limit each by itself).
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from flows.engine import Engine, can_retry
from trendwarte.errors import FetchError, TrendwarteError
from trendwarte.settings import Fetching, Source
from trendwarte.types import NotModified, Payload

Answer = Payload | NotModified | TrendwarteError


def ask_all(
    sources: Sequence[Source],
    attempt: Callable[[Source], Payload | NotModified],
    fetching: Fetching,
    engine: Engine,
) -> list[Answer]:
    """An answer, or the error that remained after ``fetching.retries`` more rounds, for each source in its order."""

    def ask_host(neighbours: Sequence[Source]) -> dict[str, Answer]:
        return _asked(neighbours, attempt)

    answers: dict[str, Answer] = {}
    pending = list(sources)
    for round_number in range(fetching.retries + 1):
        if round_number:
            time.sleep(fetching.retry_wait_s)
        errands = by_host(pending)
        for errand, found in zip(errands, engine.map("fetch", ask_host, errands, retries=0, wait_s=0), strict=True):
            answers |= found if isinstance(found, dict) else {source.id: found for source in errand}
        pending = [source for source in pending if _may_yet_answer(answers[source.id])]
        if not pending:
            break
    return [answers[source.id] for source in sources]


def by_host(sources: Sequence[Source]) -> list[list[Source]]:
    """Sources of one host together, the longest errand first."""
    errands: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        errands[urlsplit(source.url).netloc.lower()].append(source)
    # The night is as long as its longest errand: that one must not be the last to begin.
    return sorted(errands.values(), key=lambda errand: -sum(source.min_interval_s + 1 for source in errand))


def _asked(neighbours: Sequence[Source], attempt: Callable[[Source], Payload | NotModified]) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    down: FetchError | None = None
    silent: dict[str, FetchError] = {}
    for source in neighbours:
        known = down or silent.get(source.owner)
        if known is not None and not source.fallback_urls:
            answers[source.id] = known
            continue
        try:
            answers[source.id] = attempt(source)
        except FetchError as error:
            answers[source.id] = error
            if error.is_host and error.status is None:
                down = error
            elif error.is_host:
                silent[source.owner] = error
    return answers


def _may_yet_answer(answer: Answer) -> bool:
    return isinstance(answer, TrendwarteError) and can_retry(answer)
