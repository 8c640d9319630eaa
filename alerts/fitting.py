"""Messages within the size limits of their receivers: what does not fit is left out, with a count.

Limits as found in docs/alerts.md; each lies below the published one, since receivers count after their own expansion.
"""

from collections.abc import Callable
from typing import TypeVar

from alerts.wording import Letter, Section

Out = TypeVar("Out")

#: Bytes of a whole message. Standard Webhooks asks for less than 20 kB; Teams counts 28 kB after expanding; Slack
#: refused posts from about 13 kB on; Gmail clips a letter at 102 kB.
WEBHOOK_BYTES = 19_000
TEAMS_BYTES = 19_000
SLACK_BYTES = 12_000
LETTER_BYTES = 90_000
#: Characters of all embeds of one Discord message.
DISCORD_CHARACTERS = 5_800


def fitted(
    letter: Letter, build: Callable[[tuple[Section, ...], int], Out], size: Callable[[Out], int], limit: int
) -> Out:
    """``build(sections, hidden)`` with as many sections as fit; first whole ones, then without their quotes.

    The first section always stays: ``wording`` bounds its length.
    """
    sections = letter.sections
    if not sections:
        return build((), 0)
    for shown in range(len(sections), 0, -1):
        built = build(sections[:shown], len(sections) - shown)
        if size(built) <= limit:
            return built
    short = tuple(section.without_quotes() for section in sections)
    for shown in range(len(short), 1, -1):
        built = build(short[:shown], len(short) - shown)
        if size(built) <= limit:
            return built
    return build(short[:1], len(short) - 1)
