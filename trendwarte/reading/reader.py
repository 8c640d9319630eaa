"""From a document to its signals: mentions, then the sentence that decides, then place, doubt and slots."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from trendwarte.reading.learned import Judgement, learned, mask
from trendwarte.reading.places import place_of
from trendwarte.reading.slots import age_limit, amount, date_after, dates_in
from trendwarte.reading.names import NameFinder
from trendwarte.reading.resources import resource
from trendwarte.reading.watchlist import ALL, Name, Watchlist
from trendwarte.types import Document, Reading, Signal

READER_VERSION = "rules-2+learned-1"

# A full stop after an initial or an abbreviation ends no sentence: "blocks U.S. ban", "Gov. Noem".
_ABBREVIATIONS = [
    "gov",
    "sen",
    "rep",
    "inc",
    "corp",
    "ltd",
    "mr",
    "mrs",
    "ms",
    "dr",
    "st",
    "no",
    "nr",
    "vs",
    "bzw",
    "ca",
]
_BOUNDARY = re.compile(
    r"(?<!\b\w)" + "".join(rf"(?<!\b{word})" for word in _ABBREVIATIONS) + r"\.+(?=\s)|[!?]+(?=\s)|\n"
)
# A careful reader decides from title and lead; descriptions of videos run on for pages.
_SENTENCES_READ = 5
_SENTENCE_CHARS = 320
_HEAD_CHARS = 700
_GERMAN = re.compile(r"\b(?:der|die|das|und|nicht|ein|eine|mit|für|von|auf|im|in den|wird|ist|bei|gegen|will|nach)\b")
_GERMAN_FORMS = re.compile(r"\w(?:ung|ungen|keit|heit|isch\w*|iert|icht\w*|etzt|oppt)\b|\w-?verbot|\bverb[io]")
_ENGLISH = re.compile(r"\b(?:the|and|of|to|for|with|is|are|on|in|by|as|after|from|its|says|over)\b")
_TITLE_ONLY_STAGES = frozenset({"discussed", "none"})
_STRONG = frozenset({"enacted", "in_force", "passed_chamber", "blocked_by_court", "upheld", "repealed", "delayed"})
_SEVERITY = {
    "in_force": 5, "enacted": 5, "passed_chamber": 4, "upheld": 4, "blocked_by_court": 4, "repealed": 4, "fine": 4,
    "delayed": 3, "settled": 4, "investigation": 3, "proposed": 3, "device_ban_government": 3, "discussed": 2, "none": 2,
}  # fmt: skip
_REGULATORY = re.compile(
    r"\b(?:bans?|banned|law|bill|verbot\w*|verbiet\w+|gesetz\w*|sperr\w+|regulat\w+|court|judge|gericht\w*|richter\w*|commission|"
    r"kommission|government|regierung|ministe\w+|parliament\w*|parlament\w*|senat\w*|house|bundestag|act|dsa|authorit\w+|behörde\w*|"
    r"watchdog|aufsicht\w*|president|präsident\w*|congress|kongress|order|dekret|fine[sd]?|bußgeld\w*|datenschützer|prosecutor\w*|"
    r"staatsanwalt\w*|eu|divest\w*|sale|verkauf|under[- ]1\d|unter[- ]1\d|jury|attorney|police|polizei|vzbv|verbraucherschützer)\b"
)
_SALE = re.compile(
    r"\bdivest\w*|\bforced? sale|\bsell(?:s|ing)? (?:its|§p|the app)|\bverkauf\w*|\bsell-or-ban|joint venture|gemeinschaftsunternehmen"
)
# A law about platforms is a ban only where somebody says so: an order about liability takes nothing away.
_BAN = re.compile(
    r"\bban|\bblock|verb[oi]t|sperr|divest|\bsuspen|\bprohibit|\boutlaw|blockier|untersag|takes? effect|goes dark"
)
# Youth laws, data orders and house rules ban things too, and leave the service where it is.
_TOPICS_WITH_BANS = frozenset(
    {"youth_protection", "data_protection", "regulation_compliance", "disinformation_moderation"}
)


@dataclass(frozen=True, slots=True)
class _Step:
    """One rule that fired in one sentence."""

    rule: str
    stage: str
    verb: str | None
    polarity: str
    measure: str | None
    takes_away: bool
    char_from: int
    char_to: int
    sentence: str
    match_end: int


@dataclass(frozen=True, slots=True)
class _Rules:
    steps: tuple[tuple[dict[str, Any], re.Pattern[str]], ...]
    thresholds: dict[str, float]
    words: dict[str, re.Pattern[str]]
    anchors: dict[str, re.Pattern[str]]


@cache
def _rules() -> _Rules:
    raw, lexicon = resource("rules.yaml"), resource("lexicon.yaml")

    def compiled(pattern: str) -> re.Pattern[str]:
        for name, words in raw["words"].items():
            pattern = pattern.replace("{" + name + "}", words)
        return re.compile(pattern)

    plain = ("authority", "devices", "hedges", "future", "denials", "retractions", "recaps", "moderation")
    return _Rules(
        tuple((step, compiled(step["find"])) for step in raw["steps"]),
        raw["thresholds"],
        {name: compiled(raw[name]) for name in plain},
        {platform: re.compile(pattern) for platform, pattern in lexicon["anchors"].items()},
    )


@dataclass(frozen=True, slots=True)
class _Finding:
    """What holds for every platform a text is about."""

    step: _Step | None
    topic: str
    topic_rule: str
    factuality: str
    opinion: Judgement


class Reader:
    """Reads documents against a watchlist; holds no state between them."""

    def __init__(self, watchlist: Watchlist) -> None:
        self._watchlist = watchlist
        self._names = NameFinder(watchlist)

    def read(self, document: Document) -> Reading:
        """What a document says about platforms; never raises on any text."""
        text, low = _text_of(document)
        lang = document.lang if document.lang in ("de", "en") else language(low)
        on = _day_of(document)
        spans = self._mentions(text, low, on)
        if not spans or document.source_kind == "satire":
            return Reading(document.document_id, lang, relevant=False)
        named = platforms_of(n for _, _, n in spans if not n.is_parent and n.platform != ALL)
        signals = self._signals(document, text, low, spans, on)
        if not signals:
            return Reading(document.document_id, lang, relevant=False, platforms=named, confidence=0.8)
        main = signals[0]
        recap = _rules().words["recaps"].search(low[:300]) is not None
        return Reading(
            document.document_id, lang, True, named, tuple(dict.fromkeys(s.platform for s in signals)), main.topic,
            main.jurisdiction, main.legal_stage, main.factuality, main.polarity, recap, main.confidence, signals,
        )  # fmt: skip

    def names_platform(self, document: Document) -> bool:
        """Whether title, summary or text name a watched platform; a quarter of the work of ``read``."""
        text, low = _text_of(document)
        return bool(self._mentions(text, low, _day_of(document)))

    def explain(self, document: Document) -> str:
        """One document's reading, with quotes and the rules that fired."""
        reading = self.read(document)
        lines = [
            f"{document.title}",
            f"  {reading.lang}, relevant: {reading.relevant}, named: {', '.join(reading.platforms) or '-'}",
        ]
        lines += [
            f"  {s.platform}: {s.topic} / {s.legal_stage} / {s.factuality} / {s.polarity} in {s.jurisdiction}"
            f" [{', '.join(s.rules)}]\n    »{s.evidence}«"
            for s in reading.signals
        ]
        return "\n".join(lines)

    def masked(self, document: Document) -> str:
        """The head of a document as the learned reader sees it; empty when no platform is named."""
        text, low = _text_of(document)
        spans = self._mentions(text, low, _day_of(document))
        return _masked(low, spans) if spans else ""

    def _mentions(self, text: str, low: str, on: date) -> list[tuple[int, int, Name]]:
        """Names in the text as (from, to, name): whole words, valid on the day, common words only with an anchor."""
        return [(one.char_from, one.char_to, one.name) for one in self._names.find(text, low, on)]

    def _signals(
        self, document: Document, text: str, low: str, spans: list[tuple[int, int, Name]], on: date
    ) -> tuple[Signal, ...]:
        marked = _marked(low, spans)
        step = self._decisive(marked)
        whole = "".join(part for _, _, part in marked)
        opinion = learned().judge(_masked(low, spans))
        if opinion.relevance < _rules().thresholds["relevant" if step is None else "relevant_with_step"]:
            return ()
        topic, topic_rule = _topic(whole, step, opinion)
        only_general = all(n.platform == ALL for _, _, n in spans)
        if only_general and topic not in ("legal_ban", "youth_protection", "regulation_compliance"):
            return ()
        found = _Finding(step, topic, topic_rule, _factuality(step, whole), opinion)
        return tuple(
            self._signal(document, text, low, on, platform, found) for platform in self._affected(spans, step, low)
        )

    def _decisive(self, marked: list[tuple[int, int, str]]) -> _Step | None:
        """The step of the title, unless a later sentence says something firmer."""
        best: _Step | None = None
        for number, (start, end, sentence) in enumerate(marked):
            step = _step_in(sentence, start, end)
            if step is None:
                continue
            if best is None or (best.stage in _TITLE_ONLY_STAGES and step.stage in _STRONG and number < 4):
                best = step
            if best.stage not in _TITLE_ONLY_STAGES:
                break
        return best

    def _affected(self, spans: list[tuple[int, int, Name]], step: _Step | None, low: str) -> tuple[str, ...]:
        """Platforms whose standing it is: those of the deciding sentence, else of the title, else all."""
        specific = [s for s in spans if s[2].platform != ALL] or spans
        named = [s for s in specific if not s[2].is_parent] or specific
        if step is not None:
            here = [s for s in named if step.char_from <= s[0] < step.char_to]
            if here:
                return platforms_of(n for _, _, n in here)
        title_end = low.find("\n")
        in_title = [s for s in named if s[0] < title_end]
        return platforms_of(n for _, _, n in (in_title or named))

    def _signal(self, document: Document, text: str, low: str, on: date, platform: str, found: _Finding) -> Signal:
        step, topic, factuality = found.step, found.topic, found.factuality
        start, end = (step.char_from, step.char_to) if step else (0, max(1, text.find("\n")))
        quote = text[start:end].strip() or document.title or text.strip()[:200]
        start = max(0, text.find(quote))
        home = frozenset({self._watchlist.homes.get(platform, "")} - {"US", "DE", ""})
        head = low[: len(document.title)]
        place = place_of((low[start : start + len(quote)], head, low[:_HEAD_CHARS]), home) or None
        instrument = self._watchlist.named_instrument(low, platform, place, on)
        if instrument is not None:
            place = place or instrument.jurisdiction
        is_denied = factuality in ("denied", "retracted")
        stage = "none" if step is None or is_denied else _stage(step, factuality)
        measure = _measure(step, topic, whole=low, place=place, instrument=instrument.measure if instrument else None)
        money = amount(low)
        return Signal(
            platform=platform,
            topic=topic,  # type: ignore[arg-type]
            jurisdiction=place or "GLOBAL",
            legal_stage=stage,  # type: ignore[arg-type]
            factuality=factuality,  # type: ignore[arg-type]
            polarity=_polarity(step, found.opinion, is_denied=is_denied),  # type: ignore[arg-type]
            severity=_severity(stage, topic, factuality),
            confidence=0.9 if step is not None else round(found.opinion.relevance, 2),
            evidence=quote,
            char_from=start,
            char_to=start + len(quote),
            rules=tuple(r for r in ((f"step:{step.rule}" if step else ""), found.topic_rule) if r),
            verb=("deny" if is_denied else step.verb) if step else None,  # type: ignore[arg-type]
            measure=measure,  # type: ignore[arg-type]
            instrument=instrument.id if instrument else None,
            due_date=_due_date(step, low, on) if step is not None else None,
            amount=money[0] if money else None,
            currency=money[1] if money else None,
            age_limit=age_limit(low) if measure == "age_limit" else None,
        )


def platforms_of(names: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.platform for name in names))


def _due_date(step: _Step, low: str, on: date) -> date | None:
    """The day a step takes effect: named or counted in its own sentence, else anywhere in the text."""
    for part in (low[step.char_from : step.char_to], low):
        named = next((day for day in dates_in(part, on.year) if day > on), None)
        if found := named or date_after(part, on):
            return found
    return None


def _stage(step: _Step, factuality: str) -> str:
    """A step that is only feared or demanded has not been taken: it is being discussed."""
    return "discussed" if factuality == "speculated" and step.stage in _STRONG else step.stage


def _text_of(document: Document) -> tuple[str, str]:
    text = f"{document.title}\n{document.summary}\n{document.text}"
    low = text.lower()
    if len(low) != len(text):  # a few letters change their length; offsets must not
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return text, low


def _day_of(document: Document) -> date:
    return (document.published_at or document.first_seen_at).date()


def _masked(low: str, spans: list[tuple[int, int, Name]]) -> str:
    marks = ((s, e, "§all" if n.platform == ALL else "§parent" if n.is_parent else "§platform") for s, e, n in spans)
    return mask(low[:_HEAD_CHARS], (one for one in marks if one[1] <= _HEAD_CHARS))


def language(low: str) -> str:
    """``de`` or ``en`` by function words; a headline without any by endings only German has."""
    head = low[:600]
    german = len(_GERMAN.findall(head)) + (2 if re.search("[äöüß]", head) else 0)
    english = len(_ENGLISH.findall(head))
    return "de" if german > english or (german == english == 0 and _GERMAN_FORMS.search(head)) else "en"


def _marked(low: str, spans: list[tuple[int, int, Name]]) -> list[tuple[int, int, str]]:
    """Sentences as (from, to, text), platform names replaced by §p so that rules can speak of the object."""
    sentences: list[tuple[int, int, str]] = []
    ends = [match.end() for match in _BOUNDARY.finditer(low)]
    for start, end in zip([0, *ends], [*ends, len(low)], strict=True):
        if len(sentences) >= _SENTENCES_READ:
            break
        parts, cursor = [], start
        for left, right, _ in spans:
            if start <= left < end and left >= cursor:
                parts.append(low[cursor:left] + "§p")
                cursor = right
        parts.append(low[cursor:end])
        sentence = "".join(parts)
        if sentence.strip() and (not sentences or "§p" in sentence or len(sentences) < 3):
            sentences.append((start, end, sentence[:_SENTENCE_CHARS]))
    return sentences


def _step_in(sentence: str, start: int, end: int) -> _Step | None:
    if not _REGULATORY.search(sentence) and "§p" not in sentence:
        return None
    rules = _rules()
    moderated = rules.words["moderation"].search(sentence)
    for raw, pattern in rules.steps:
        match = pattern.search(sentence)
        if match is None:
            continue
        if raw["stage"] in ("discussed", "proposed") and not _REGULATORY.search(sentence):
            continue
        if moderated and raw.get("by_platform_too"):
            continue
        if raw.get("by_state") and not _has_authority(sentence):
            continue
        return _Step(
            raw["id"], raw["stage"], raw["verb"], raw["polarity"], raw.get("measure"), raw.get("takes_away", False),
            start, end, sentence, match.end(),
        )  # fmt: skip
    return None


def _has_authority(sentence: str) -> bool:
    """Whether a state acts here: a company that blocks is moderation, whatever the verb."""
    return bool(_rules().words["authority"].search(sentence)) or place_of((sentence,), frozenset()) is not None


def _topic(whole: str, step: _Step | None, opinion: Judgement) -> tuple[str, str]:
    """The learned topic, unless a legal step names what it takes away."""
    learned_topic = opinion.topic, f"learned:{opinion.topic}={opinion.topic_share:.2f} {' '.join(opinion.words)}"
    if step is None:
        return learned_topic
    if opinion.topic in ("regulation_compliance", "legal_ban") and age_limit(whole) is not None:
        return "youth_protection", "slot:age_limit"
    if (
        (step.takes_away and opinion.topic != "youth_protection")
        or _is_device(step)
        or _SALE.search(whole)
        or (_BAN.search(step.sentence) and opinion.topic not in _TOPICS_WITH_BANS)
    ):
        return "legal_ban", "topic:legal_ban"
    return learned_topic


def _names_a_ban(step: _Step) -> bool:
    return step.takes_away or _BAN.search(step.sentence) is not None


def _is_device(step: _Step) -> bool:
    return step.stage == "device_ban_government"


def _factuality(step: _Step | None, whole: str) -> str:
    words = _rules().words
    title = whole.split("\n", 1)[0]
    if words["retractions"].search(title):
        return "retracted"
    scope = step.sentence if step else title
    if words["denials"].search(scope) and (step is None or step.rule not in ("uphold", "annul", "court_blocks")):
        return "denied"
    if step is None:
        return "speculated" if words["hedges"].search(title) or title.rstrip().endswith("?") else "asserted"
    if step.rule == "demand":  # an infinitive needs a modal: somebody wants to, nobody has
        return "speculated"
    before = step.sentence[: step.match_end]
    if step.rule in ("hearing", "defer", "resolution", "probe", "prelim", "consult", "bill"):
        return "speculated" if step.rule == "hearing" and words["hedges"].search(step.sentence) else "asserted"
    if words["hedges"].search(before) or step.sentence.rstrip().endswith("?"):
        return "speculated"
    # "will ban", "plant Verbot": announced, not done; a signed law with a date is no announcement.
    if step.rule == "block" and words["future"].search(before):
        return "speculated"
    return "asserted"


def _polarity(step: _Step | None, opinion: Judgement, *, is_denied: bool) -> str:
    if is_denied:
        return "neutral"
    return opinion.polarity if step is None else step.polarity


def _severity(stage: str, topic: str, factuality: str) -> int:
    if factuality == "speculated":
        return 2
    if stage == "none":
        return {"service_viability": 3, "brand_safety": 3, "data_protection": 3, "security": 3}.get(topic, 2)
    return _SEVERITY[stage]


def _measure(step: _Step | None, topic: str, *, whole: str, place: str | None, instrument: str | None) -> str | None:
    if step is None:
        return None
    if _rules().words["devices"].search(step.sentence):
        return "public_device_ban"
    if step.measure or instrument:
        return step.measure or instrument
    if topic == "youth_protection" and step.stage != "fine":
        return "age_limit"
    if _SALE.search(whole):
        return "forced_sale"
    if place == "EU" and topic != "legal_ban":
        return "dsa"
    if step.stage == "fine":
        return "fine"
    if topic == "data_protection":
        return "data_order"
    return "full_ban" if topic == "legal_ban" and _names_a_ban(step) else "conduct_rule"
