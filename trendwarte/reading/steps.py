"""Legal steps by explicit frames: who does what to a platform, in one sentence, under which reserve.

Only what is read here may move the ledger: every step names its rule and its sentence. Rules are ordered, the first
that fits a sentence reads it (``rules.yaml``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from trendwarte.reading.mood import Mood, mood_of
from trendwarte.reading.names import RIVAL
from trendwarte.reading.places import place_of
from trendwarte.reading.resources import resource
from trendwarte.reading.sieve import Sieve
from trendwarte.reading.text import Sentence

_TITLE_ONLY_STAGES = frozenset({"discussed", "none"})
#: Stages that say something has been done to a measure, not merely about it.
STRONG = frozenset({"enacted", "in_force", "passed_chamber", "blocked_by_court", "upheld", "repealed", "delayed"})
_FIRM_SENTENCES = 4
# Between a verb and the platform it takes away: where something else is, or the platform only the venue.
_OTHER_OBJECT = re.compile(
    r"[;:–—|]|\b(?:while|but|whereas|as(?! well as)(?<!such as)|after|when|amid|over|because|aber|während|nachdem|weil|da|obwohl|unlike"
    r"|tells?|told|says?|sagt|warns?|warnt)\b|\b(?:on|onto|in|auf|via|über|nach|using|against|gegen)\W+§p|,(?:\W+\w+){3,}\W+§p$"
)
# "blocks §p accounts": what belongs to a platform is not the platform.
_ITS = re.compile(
    r"(?:['’]s?)?[\s-]*(?:users?|accounts?|posts?|videos?|channels?|groups?|ads?|adverts?|pages?|bots?|links?|clips?|stars?"
    r"|influencers?|creators?|trends?|challenges?|calls?|anrufe?|shop|licen[cs]es?|lizenz\w*|telefonie|livestreams?"
    r"|parod\w+|fans?|mods?|nutzer\w*|konten|konto"
    rf"|kan[aä]le?|gruppen?|beitr\w+|werbung|inhalte?n?|seiten?|fälschung\w*|{RIVAL})\b"
)
_AFTER_COMMA = re.compile(r",\W*§p$")
# Behind the last of a list stands nothing, another one, or where, when and why; else it begins a sentence of its own.
_BEHIND_A_LIST = re.compile(
    r"\s*(?:$|[,.;:–—|!?]|(?:and|und|in|on|for|after|over|amid|im|wegen|nach|bis|until|seit|across|from|ab|again|erneut|wieder"
    r"|too|now|today|heute|nun|nationwide|landesweit)\b)"
)
_NEAR = 40
_OCCASION = re.compile(r"\b(?:amid|after|nach|wegen|following|trotz|despite|over)\b")
#: What can be said not to have been done. What officials may *not* use is a ban.
_DONE = STRONG | {"fine", "settled"}
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
    mood: Mood
    #: Its own words say no ("refuses to block"), so that they deny nothing.
    negates: bool
    #: Stages that do not go with what it reads.
    excludes: frozenset[str]

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
        """Whether only devices of the state are meant, or of its schools; not where these are but the occasion."""
        marked = self.sentence.marked
        found = _rules().words["devices"].search(marked)
        return found is not None and _OCCASION.search(marked, max(0, found.start() - _NEAR), found.start()) is None


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
        "left_open",
        "debunks",
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
        (step | {"unless": compiled(step["unless"])} if "unless" in step else step, find, sieve.bits[f"step {number}"])
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
    """The step that decides and the one of the title: the title's, unless a later sentence says something firmer.

    A title that only asks is answered by the sentences behind it.
    """
    opening = step_in(sentences[0]) if sentences else None
    best = opening
    for number, sentence in enumerate(sentences[1:], start=1):
        if best is not None and best.stage not in _TITLE_ONLY_STAGES and not best.mood.is_asked:
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
        match = _object_taken(pattern, marked) if raw.get("by_object", False) else pattern.search(marked)
        if match is None or not _may_act(raw, marked, possible):
            continue
        mood = mood_of(marked, match.start(), match.end())
        if raw.get("negates", False) or raw["stage"] not in _DONE:
            mood = replace(mood, is_negated=False)
        return Step(
            raw["id"], raw["stage"], raw["verb"], raw["polarity"], raw.get("measure"), raw.get("takes_away", False),
            sentence, match.end(), mood, raw.get("negates", False), frozenset(raw.get("excludes", ())),
        )  # fmt: skip
    return None


def _object_taken(pattern: re.Pattern[str], marked: str) -> re.Match[str] | None:
    """The first match whose platform is what is meant; where one is not, the verb may still mean the next."""
    match = pattern.search(marked)
    while match is not None and not _is_object(match):
        cut = match.end() - len("§p")
        marked = f"{marked[:cut]}__{marked[match.end() :]}"
        match = pattern.search(marked)
    return match


def _is_object(match: re.Match[str]) -> bool:
    """Whether a match that ends with a platform takes it for the object: not "bans vapes, §p users furious"."""
    if not match[0].endswith("§p"):
        return True
    if _OTHER_OBJECT.search(match[0]) or _ITS.match(match.string, match.end()):
        return False
    return _AFTER_COMMA.search(match[0]) is None or _BEHIND_A_LIST.match(match.string, match.end()) is not None


def _may_act(raw: dict[str, Any], marked: str, possible: int) -> bool:
    """Whether a sentence that a rule fits tells a matter of law, and somebody acts who can."""
    if "unless" in raw and raw["unless"].search(marked):
        return False
    if raw["verb"] is None:  # what moves nothing may be read from more speakers
        return not raw.get("by_state") or _finds("politics", marked, possible) or _has_authority(marked, possible)
    if raw["stage"] in ("discussed", "proposed") and not _finds("regulatory", marked, possible):
        return False
    if raw.get("by_platform_too") and _finds("moderation", marked, possible):
        return False
    return not raw.get("by_state") or _has_authority(marked, possible)


def leaves_open(step: Step | None, opening: str) -> bool:
    """Whether the words themselves leave the step open: a question, or a double negation ("does not rule out")."""
    if step is not None:
        mood = step.mood
        # A law may well ban a service *if* it is not sold, and a ban be set for May; what is cut off or given back
        # only then has not been.
        hangs_on = mood.is_conditional or (mood.is_future and step.stage == "repealed")
        if (mood.is_asked and step.verb is not None) or (hangs_on and step.stage in ("in_force", "repealed")):
            return True
    scope = step.sentence.marked if step is not None and step.verb else opening
    return _finds("left_open", scope)


def bans_something_else(opening: str) -> bool:
    """Whether a sentence takes something away that is no platform, with a platform beside it."""
    possible = _rules().sieve.possible(opening)
    return any(
        possible & bit and pattern.search(opening) is not None and _object_taken(pattern, opening) is None
        for raw, pattern, bit in _rules().steps
        if raw.get("by_object", False)
    )


def factuality_of(step: Step | None, title: str) -> str:
    """Whether the step (or a title without one) is asserted, speculated, denied or retracted; by cue words alone."""
    words = _rules().words
    possible = _rules().sieve.possible(title)
    if _finds("retractions", title, possible):
        return "retracted"
    scope = step.sentence.marked if step and step.verb else title
    if _finds("left_open", scope, possible if scope is title else None):
        return "speculated"
    if step is not None and step.mood.says_no:
        return "denied"
    if not (step is not None and step.negates) and _finds("denials", scope, possible if scope is title else None):
        return "denied"
    if step is None or step.verb is None:
        is_reserved = _finds("hedges", title, possible) or title.rstrip().endswith("?")
        return "speculated" if is_reserved else "asserted"
    if step.rule == "demand":  # an infinitive needs a modal: somebody wants to, nobody has
        return "speculated"
    before = scope[: step.match_end]
    if step.rule in ("hearing", "defer", "resolution", "probe", "prelim", "consult", "bill"):
        return "speculated" if step.rule == "hearing" and words["hedges"].search(scope) else "asserted"
    if words["hedges"].search(before) or step.mood.is_asked:
        return "speculated"
    # "will ban", "plant Verbot": announced, not done; a signed law with a date is no announcement.
    if step.stage == "in_force" and (step.mood.is_future or step.mood.is_hearsay or words["future"].search(before)):
        return "speculated"
    return "asserted"


def can_deny(low: str) -> bool:
    """Whether a text has any word that denies, negates or calls off."""
    return _rules().words["denying"].search(low) is not None


def debunks(low: str) -> bool:
    """Whether a text says in so many words that a report, a rumour or a claim is wrong."""
    return _finds("debunks", low)


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
