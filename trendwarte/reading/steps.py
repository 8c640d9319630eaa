"""Legal steps by explicit frames: who does what to a platform, in one sentence, under which reserve.

Only what is read here may move the ledger: every step names its rule and its sentence. Rules are ordered, the first
that fits a sentence reads it (``rules.yaml``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from trendwarte.reading.places import place_of
from trendwarte.reading.resources import resource
from trendwarte.reading.sieve import Sieve
from trendwarte.reading.text import Sentence

_TITLE_ONLY_STAGES = frozenset({"discussed", "none"})
#: Stages that say something has been done to a measure, not merely about it.
STRONG = frozenset({"enacted", "in_force", "passed_chamber", "blocked_by_court", "upheld", "repealed", "delayed"})
_FIRM_SENTENCES = 4
#: Lists of words that a text about such a step cannot do without.
_WORDS_OF = {
    "repealed": "relieving", "delayed": "delaying", "blocked_by_court": "judging", "device_ban_government": "service",
}  # fmt: skip
# A law about platforms is a ban only where somebody says so: an order about liability takes nothing away.
_BAN = re.compile(
    r"\bban|\bblock|verb[oi]t|sperr|divest|\bsuspen|\bprohibit|\boutlaw|blockier|untersag|takes? effect|goes dark"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that fired in one sentence; without a verb it is evidence for the learned reader and moves nothing."""

    rule: str
    stage: str
    verb: str | None
    polarity: str
    measure: str | None
    takes_away: bool
    sentence: Sentence
    match_end: int

    @property
    def names_a_ban(self) -> bool:
        """Whether the service itself is what the sentence takes away."""
        return self.takes_away or _BAN.search(self.sentence.marked) is not None

    @property
    def speaks_of_bans(self) -> bool:
        """Whether the sentence has a word for a ban."""
        return _BAN.search(self.sentence.marked) is not None

    @property
    def is_about_devices(self) -> bool:
        """Whether only devices of the state are meant."""
        return _rules().words["devices"].search(self.sentence.marked) is not None


@dataclass(frozen=True, slots=True)
class _Rules:
    """Rules with their patterns and their bits in the sieve, and the patterns of word lists by name."""

    steps: tuple[tuple[dict[str, Any], re.Pattern[str], int], ...]
    words: dict[str, re.Pattern[str]]
    sieve: Sieve


@cache
def _rules() -> _Rules:
    raw = resource("rules.yaml")

    def compiled(pattern: str) -> re.Pattern[str]:
        for name, words in raw["words"].items():
            pattern = pattern.replace("{" + name + "}", words)
        return re.compile(pattern)

    plain = (
        "authority",
        "devices",
        "hedges",
        "future",
        "denials",
        "denying",
        "relieving",
        "delaying",
        "judging",
        "service",
        "retractions",
        "recaps",
        "moderation",
        "policy",
        "wrongful",
        "regulatory",
        "politics",
    )
    words = {name: compiled(raw[name]) for name in plain}
    finds = [compiled(step["find"]) for step in raw["steps"]]
    sieve = Sieve(words | {f"step {number}": find for number, find in enumerate(finds)})
    steps = [
        (step, find, sieve.bits[f"step {number}"])
        for number, (step, find) in enumerate(zip(raw["steps"], finds, strict=True))
    ]
    return _Rules(tuple(steps), words, sieve)


def _finds(name: str, text: str, possible: int | None = None) -> bool:
    """Whether a text has one of the words of a list; ``possible`` is what the sieve lets through, if known."""
    rules = _rules()
    if possible is None:
        possible = rules.sieve.possible(text)
    return bool(possible & rules.sieve.bits[name]) and rules.words[name].search(text) is not None


def decisive(sentences: list[Sentence]) -> tuple[Step | None, Step | None]:
    """The step that decides and the one of the title: the title's, unless a later sentence says something firmer."""
    opening = step_in(sentences[0]) if sentences else None
    best = opening
    for number, sentence in enumerate(sentences[1:], start=1):
        if best is not None and best.stage not in _TITLE_ONLY_STAGES:
            break
        step = step_in(sentence)
        if step is not None and (best is None or (step.stage in STRONG and number < _FIRM_SENTENCES)):
            best = step
    return best, opening


def step_in(sentence: Sentence) -> Step | None:
    """The first rule that fits a sentence."""
    marked = sentence.marked
    rules = _rules()
    possible = rules.sieve.possible(marked)
    if "§p" not in marked and not _finds("regulatory", marked, possible):
        return None
    for raw, pattern, bit in rules.steps:
        if not possible & bit:
            continue
        match = pattern.search(marked)
        if match is None or not _may_act(raw, marked, possible):
            continue
        return Step(
            raw["id"], raw["stage"], raw["verb"], raw["polarity"], raw.get("measure"), raw.get("takes_away", False),
            sentence, match.end(),
        )  # fmt: skip
    return None


def _may_act(raw: dict[str, Any], marked: str, possible: int) -> bool:
    """Whether a sentence that a rule fits tells a matter of law, and somebody acts who can."""
    if raw["verb"] is None:  # what moves nothing may be read from more speakers
        return not raw.get("by_state") or _finds("politics", marked, possible) or _has_authority(marked, possible)
    if raw["stage"] in ("discussed", "proposed") and not _finds("regulatory", marked, possible):
        return False
    if raw.get("by_platform_too") and _finds("moderation", marked, possible):
        return False
    return not raw.get("by_state") or _has_authority(marked, possible)


def factuality_of(step: Step | None, title: str) -> str:
    """Whether the step (or a title without one) is asserted, speculated, denied or retracted; by cue words alone."""
    words = _rules().words
    possible = _rules().sieve.possible(title)
    if _finds("retractions", title, possible):
        return "retracted"
    scope = step.sentence.marked if step and step.verb else title
    if _finds("denials", scope, possible if scope is title else None) and (
        step is None or step.rule not in ("uphold", "annul", "court_blocks")
    ):
        return "denied"
    if step is None or step.verb is None:
        is_reserved = _finds("hedges", title, possible) or title.rstrip().endswith("?")
        return "speculated" if is_reserved else "asserted"
    if step.rule == "demand":  # an infinitive needs a modal: somebody wants to, nobody has
        return "speculated"
    before = scope[: step.match_end]
    if step.rule in ("hearing", "defer", "resolution", "probe", "prelim", "consult", "bill"):
        return "speculated" if step.rule == "hearing" and words["hedges"].search(scope) else "asserted"
    if words["hedges"].search(before) or scope.rstrip().endswith("?"):
        return "speculated"
    # "will ban", "plant Verbot": announced, not done; a signed law with a date is no announcement.
    if step.rule == "block" and words["future"].search(before):
        return "speculated"
    return "asserted"


def can_deny(low: str) -> bool:
    """Whether a text has any word that denies, negates or calls off."""
    return _rules().words["denying"].search(low) is not None


def can_tell(stage: str, low: str) -> bool:
    """Whether a text has one of the words a stage takes, if it takes any: relief, or devices of the state."""
    name = _WORDS_OF.get(stage)
    return name is None or _rules().words[name].search(low) is not None


def says_it_retells(title: str) -> bool:
    """Whether a headline says itself that it explains, comments or looks back."""
    return _finds("recaps", title)


def signs_of(step: Step | None, opening: Step | None, says: str, title: str, marked: str) -> Iterator[str]:
    """What the rules say, as features for the learned reader: the deciding step and the one of the title.

    ``says`` is the factuality of the deciding step, ``marked`` the title with §p for every platform: whether one acts on
    an account, sets rules for all, or errs.
    """
    possible = _rules().sieve.possible(marked)
    acts = [name for name in ("moderation", "policy", "wrongful") if _finds(name, marked, possible)]
    yield "+".join(("acts", *acts))
    yield from acts
    yield f"title step:{opening.rule if opening else ''}"
    yield f"title stage:{opening.stage if opening else ''}"
    yield f"title says:{says if step is None else factuality_of(None, title)}"
    if step is None:
        yield "no step"
        return
    yield f"step:{step.rule}"
    yield f"stage:{step.stage}"
    yield f"says:{says}"
    yield f"stage:{step.stage} says:{says}"
    yield f"in title:{step is opening}"


def _has_authority(sentence: str, possible: int) -> bool:
    """Whether a state acts here: a company that blocks is moderation, whatever the verb."""
    return _finds("authority", sentence, possible) or place_of((sentence,), frozenset()) is not None
