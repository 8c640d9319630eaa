"""What rules and learned reader say together about one text.

The learned reader knows how a matter is usually told, the rules know what is said in so many words. It may call a
step weaker than the rules read it, never stronger without them where the ledger would move: a ban in force needs a
frame that says so, or overwhelming likeness.
"""

from dataclasses import dataclass

from trendwarte.reading.learned import Opinion
from trendwarte.reading.resources import resource
from trendwarte.reading.steps import STRONG, Step

#: The answer that stands for whatever place a text names.
NAMED = "named"
_EXPLICIT = 0.9
Ranked = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What holds for every platform a text is about. ``step`` is kept only where it agrees with ``stage``."""

    topic: str
    place: str
    stage: str
    factuality: str
    polarity: str
    is_recap: bool
    step: Step | None
    rules: tuple[str, ...]
    confidence: float


def find(opinion: Opinion, step: Step | None, told: str, places: Ranked) -> Finding:
    """The finding of one text; ``told`` is the factuality the cue words show, ``places`` are those it names."""
    factuality = _factuality(opinion, told)
    stage = _stage(opinion, step, factuality)
    topic = opinion.best("topic")
    kept = step if step is not None and _agrees(step, stage, factuality) else None
    stated = (f"step:{kept.rule}",) if kept is not None else ()
    likely = (
        f"learned:{topic}={opinion.share('topic', topic):.2f}",
        f"learned:{stage}={opinion.share('legal_stage', stage):.2f}",
    )
    return Finding(
        topic, place_in(opinion, places), stage, factuality, opinion.best("polarity"),
        opinion.share("recap", "True") >= limit("recap"), kept, (*stated, *likely), _confidence(opinion, kept),
    )  # fmt: skip


def _factuality(opinion: Opinion, told: str) -> str:
    """A denial is worth a lower bar: to miss one raises an alarm that somebody has just called off."""
    denied, retracted = (opinion.share("factuality", name) for name in ("denied", "retracted"))
    if denied + retracted >= limit("denied"):
        return "denied" if denied >= retracted else "retracted"
    bar = limit("speculated_said" if told == "speculated" else "speculated")
    return "speculated" if opinion.share("factuality", "speculated") >= bar else "asserted"


def _stage(opinion: Opinion, step: Step | None, factuality: str) -> str:
    if factuality in ("denied", "retracted"):
        return "none"
    for stage, share in opinion.shares["legal_stage"]:
        is_explicit = step is not None and step.stage == stage
        if stage in STRONG and factuality == "speculated":
            continue
        if stage == "in_force" and share < limit("in_force_explicit" if is_explicit else "in_force"):
            continue
        return stage
    return "none"


def _agrees(step: Step, stage: str, factuality: str) -> bool:
    if factuality in ("denied", "retracted"):
        return True
    return step.stage == stage or (step.stage in STRONG and factuality == "speculated")


def place_in(opinion: Opinion, places: Ranked) -> str:
    """The place: the one named most, world-wide, or one that goes without saying for such a text."""
    for answer, _ in opinion.shares["place"]:
        if answer != NAMED:
            return answer
        if places:
            return places[0][0]
    return "GLOBAL"


def _confidence(opinion: Opinion, step: Step | None) -> float:
    """How sure the finding is: a step read in so many words counts more than a likely one."""
    share = opinion.shares["legal_stage"][0][1]
    return max(share, _EXPLICIT) if step is not None else share


def limit(name: str) -> float:
    """One threshold of ``thresholds.yaml``, 0-1."""
    return float(resource("thresholds.yaml")[name])
