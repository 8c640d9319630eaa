"""What rules and learned reader say together about one text.

The learned reader knows how a matter is usually told, the rules know what is said in so many words. It may call a
step weaker than the rules read it, never stronger without them where the ledger would move: for a ban that it alone
takes for one in force there is no verb.
"""

from dataclasses import dataclass

from trendwarte.reading.learned import Opinion
from trendwarte.reading.measures import due_date
from trendwarte.reading.mood import asks_whether, checks_facts
from trendwarte.reading.resources import limit
from trendwarte.reading.steps import (
    STRONG,
    Step,
    bans_something_else,
    can_deny,
    can_tell,
    debunks,
    leaves_open,
    says_it_retells,
)
from trendwarte.reading.text import HEAD_CHARS, Text
from trendwarte.vocabulary import OPENING_VERBS

#: The answer that stands for whatever place a text names.
NAMED = "named"
_EXPLICIT = 0.9
_DENYING = frozenset({"denied", "retracted"})
#: How far a measure has got, and the ledger's verb for getting there.
_ONWARD = {"proposed": "announce", "passed_chamber": "pass_chamber", "enacted": "enact", "in_force": "block"}
#: Steps that say by themselves whether they are good or bad for the platform (171 of 175 on the development part).
_SIDE_OF_STAGE = {
    "blocked_by_court": "positive", "repealed": "positive",
    "upheld": "negative", "fine": "negative", "device_ban_government": "negative",
}  # fmt: skip
#: What can be called a rumour, and the topics whose news are full of false claims of others.
_UNSETTLED = frozenset({"none", "discussed", "proposed"})
_AGAINST_FALSEHOOD = frozenset({"disinformation_moderation", "brand_safety"})
#: A company's denial of a leak leaves the suspicion; any other denial leaves things as they were.
_SUSPICIOUS = frozenset({"data_protection", "security"})
_TOPICS_OF_LAW = frozenset({"legal_ban", "regulation_compliance", "youth_protection", "data_protection"})
Ranked = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What holds for every platform a text is about. ``step`` and ``verb`` are kept only where they agree with ``stage``."""

    topic: str
    stage: str
    factuality: str
    polarity: str
    is_recap: bool
    step: Step | None
    verb: str | None
    rules: tuple[str, ...]
    confidence: float


def find(relevance: float, opinion: Opinion, step: Step | None, told: str, text: Text) -> Finding:
    """The finding of one text; ``told`` is the factuality that cue words show, ``relevance`` how likely it matters."""
    topic = opinion.best("topic")
    factuality = _factuality(opinion, step, told, text)
    impossible = _impossible(opinion, relevance, step, told)
    if step is None and bans_something_else(text.opening):
        impossible |= STRONG | _UNSETTLED - {"none"}
    read = step.stage if step is not None else ""
    stage = _stage(opinion, factuality, read, impossible=impossible, low=text.low[:HEAD_CHARS])
    verb = _verb(step, stage, factuality, text)
    kept = step if verb is not None else None
    stated = (f"step:{kept.rule}",) if kept is not None else ()
    likely = (
        f"learned:{topic}={opinion.share('topic', topic):.2f}",
        f"learned:{stage}={opinion.share('legal_stage', stage):.2f}",
    )
    return Finding(
        topic, stage, factuality, _polarity(opinion, topic, stage, factuality),
        opinion.share("recap", "True") >= limit("recap") or says_it_retells(text.low[: text.title_end]),
        kept, verb, (*stated, *likely), _confidence(opinion, kept),
    )  # fmt: skip


def _factuality(opinion: Opinion, step: Step | None, told: str, text: Text) -> str:
    """What the words themselves settle, else the learned reader.

    A denial is worth a lower bar where a word denies, and next to none where a report is called wrong in so many words:
    to miss one raises an alarm that has just been called off. The look of a line alone denies nothing.
    """
    if step is not None and step.mood.says_no:
        return "denied"
    low = text.low[:HEAD_CHARS]
    denied, retracted = (opinion.share("factuality", name) for name in ("denied", "retracted"))
    share, denial = denied + retracted, "denied" if denied >= retracted else "retracted"
    topic = opinion.best("topic")
    # Of a case, a fine or a ban that is there its object denies the grounds; and against false claims platforms fight.
    is_told = step is not None and step.stage not in _UNSETTLED and not step.mood.is_asked
    # A title that asks, or checks, and a text that calls it wrong: no look of the line is needed.
    is_likely = share >= limit("denied_debunked") or asks_whether(text.opening) or checks_facts(text.opening)
    if is_likely and not is_told and topic not in _AGAINST_FALSEHOOD and debunks(low):
        return denial
    # "Is X banned in Spain?" Questions about anything but a ban are mostly asked about what is there.
    is_open = leaves_open(step, text.opening) or (step is None and topic == "legal_ban" and asks_whether(text.opening))
    if is_open and told not in _DENYING:
        return "speculated"
    is_free = step is None or not step.negates
    # "sperrt §p, Musk reagiert nicht": beside a step that is told as done the "nicht" may be anybody's.
    is_done = step is not None and step.stage in STRONG and told == "asserted"
    bar = limit("denied_beside_step" if is_done else "denied" if told in _DENYING else "denied_unsaid")
    # Words are looked for only where they decide.
    if is_free and share >= bar and (told in _DENYING or can_deny(low)):
        return denial
    bar = limit("speculated_said" if told == "speculated" else "speculated")
    return "speculated" if opinion.share("factuality", "speculated") >= bar else "asserted"


def _polarity(opinion: Opinion, topic: str, stage: str, factuality: str) -> str:
    """Whom it harms: what the step or its denial says by itself, else the likeliest answer."""
    if factuality in _DENYING:
        return "negative" if topic in _SUSPICIOUS else "neutral"
    return _SIDE_OF_STAGE.get(stage, opinion.best("polarity"))


def _stage(opinion: Opinion, factuality: str, read: str, *, impossible: frozenset[str], low: str) -> str:
    """The likeliest stage that a text can tell at all (``read``: by a rule); the others get the share of the rest."""
    if factuality in _DENYING:
        return "none"
    if factuality == "speculated":
        impossible |= STRONG
    ranked = opinion.shares["legal_stage"]
    # The likeliest one is mostly possible: the words of the others are looked for only where their shares are asked.
    for stage, share in ranked:
        if stage in impossible or (stage != read and not can_tell(stage, low)):
            continue
        if stage != "in_force":
            return stage
        whole = sum(other for name, other in ranked if name not in impossible and can_tell(name, low)) or 1.0
        if share / whole >= limit("in_force"):
            return stage
    return "none"


def _impossible(opinion: Opinion, relevance: float, step: Step | None, told: str) -> frozenset[str]:
    """Stages that do not go with what is known: a ban in force needs a topic of law and no reserve.

    Where no rule read it ("Facebook goes dark in Port Moresby") the learned reader must be surer; the ledger does not move.
    """
    is_read = step is not None and step.stage == "in_force"
    is_likely = is_read or opinion.share("legal_stage", "in_force") >= limit("in_force_unread")
    is_of_law = opinion.best("topic") in _TOPICS_OF_LAW and relevance >= limit("in_force_relevant")
    # "X to block Y", "X könnte Y sperren": where the frame itself stands under a reserve, nothing is blocked yet.
    is_possible = is_likely and is_of_law and told == "asserted"
    stages: frozenset[str] = frozenset() if is_possible else frozenset({"in_force"})
    # The rules tell who blocks what: a court that blocks a platform blocks no ban, and the other way round.
    return stages | step.excludes if step is not None else stages


def _verb(step: Step | None, stage: str, factuality: str, text: Text) -> str | None:
    """What the ledger may do: a denial, or what the step allows where its teller vouches for it.

    Nothing opens in a place that nobody names: "Parliament passes ban" is in no country by habit of its language.
    """
    if step is None or step.verb is None:
        return None
    if factuality in _DENYING:
        return "deny"
    verb = None if step.mood.is_hearsay else _move(step, stage, factuality, text)
    return None if verb in OPENING_VERBS and not text.places else verb


def _move(step: Step, stage: str, factuality: str, text: Text) -> str | None:
    """Only what a rule read, or less of it (passed where the rule read enacted)."""
    is_to_come = step.mood.is_future and step.stage == "in_force" and factuality == "asserted"
    if is_to_come and due_date(step, text.low[: 4 * HEAD_CHARS], text.on) is None:
        return "announce"  # somebody has said it; when it comes nobody knows
    if step.stage == stage or (step.stage in STRONG and factuality == "speculated"):
        return step.verb
    if stage == "device_ban_government" and step.stage in _ONWARD:
        return "enact"
    if stage in _ONWARD and step.stage in _ONWARD and list(_ONWARD).index(stage) < list(_ONWARD).index(step.stage):
        return _ONWARD[stage]
    return None


def place_of_step(opinion: Opinion, places: Ranked, verb: str | None) -> str:
    """The place: the one named most, world-wide, or one that goes without saying for such a text.

    Where a service is cut off does not go without saying: a block in a place that nobody names is none in the USA.
    """
    if verb == "block" and not places:
        return "GLOBAL"
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
