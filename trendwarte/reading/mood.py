"""In which mood a sentence tells a step: done, asked, denied, announced, under a condition, by hearsay, or in jest.

Grammar, not vocabulary of events: these forms turn any step into something that has not happened (yet), whoever takes
it against whatever platform.
"""

import re
from dataclasses import dataclass

_CLAUSE = re.compile(r"[:;–—|!]\s+|\s-\s+|\.{3}\s+|…\s*")
# Where a clause ends; a comma ends one too, but a question goes on behind it: "X banned in Utah, will others follow?"
_BREAK = re.compile(r"[,;:–—|!?]\s+|\s-\s+")
#: A negation stands next to its verb: "does not, after all, block".
_NEAR = 24
# A question that takes for granted what it is about: how, why, who, when ...
_OPEN_QUESTION = re.compile(
    r"\W*(?:(?:and|but|so|und|aber|also|in|from|since|seit|bis|ab|auf|mit|zu|für|by|at|for|to)\W+)?"
    r"(?:how|why|what|who|whom|whose|when|where|which|wie|warum|weshalb|wieso|was|wer|wem|wen|wann|wo|woher|wohin|womit"
    r"|worum|welche\w*)\b"
)
# "does not block", "won't lift"; not "not only blocks".
_NEGATED = re.compile(
    r"\b(?:(?:does|do|did|will|would|has|have|had|is|are|was|were|can|could|should)(?:n['’]t| not)|won['’]t|can['’]t|cannot"
    r"|never|fail(?:s|ed)? to|refus(?:es|ed) to|declin(?:es|ed) to|stop(?:s|ped) short of)\b(?!\W+(?:only|just|yet clear))"
    r"|\b(?:kein\w*|nicht)\b(?!\W+(?:nur|bloß|allein|mehr als|länger als))"
)
# "blockiert §p vorerst nicht", "hebt Verbot nicht auf": the last word of the clause or before its prefix.
_NICHT = re.compile(
    r"(?:[^\w,;:–—|]+(?:(?!und\b|aber\b|doch\b)\w+[^\w,;:–—|]+){0,4}?)nicht(?:\W+(?:auf|aus|ab|an|ein|frei|zurück|zu|mehr|weiter|in kraft))?\s*(?:$|[,;:–—|.!?]|\s-\s)"
)
_MONTH = (
    r"(?:jan(?:uar|uary)?|feb(?:ruar|ruary)?|märz|march|april|mai|may|jun[ei]|jul[iy]|august|sept?(?:ember)?|o[ck]tober"
    r"|november|de[cz]ember|monday|tuesday|wednesday|thursday|friday|saturday|sunday|(?:mon|diens|donners|frei|sams|sonn)tag"
    r"|mittwoch|spring|summer|autumn|winter|frühjahr|frühling|sommer|herbst|20\d\d)"
)
_COMING = rf"(?:(?:early |mid |late |anfang |mitte |ende |the end of )?{_MONTH}|\d{{1,2}}\.? {_MONTH}|(?:the )?\d{{1,2}}(?:st|nd|rd|th))"
# "to lift" before the verb is English headlines' future; "wird ... gesperrt" and "sperrt ab März" are German.
_TO = re.compile(
    r"(?<!agree )(?<!agrees )(?<!agreed )(?<!decides )(?<!decided )(?<!votes )(?<!voted )\b(?:to|zu)\W+(?:\w+ly\W+)?$"
)
_TO_BE = re.compile(r"\b(?:to be|will(?: soon)? be|is set to|are set to|due to be|about to be|will)\b")
_FUTURE = re.compile(
    rf"\b(?:from|starting(?: in| on)?|beginning(?: in| on)?|effective|as of|ab|by|zum)\W+(?:dem |den |the )?{_COMING}\b"
    r"|\b(?:next|coming|nächste[mnrs]?|kommende[mnrs]?|übernächste[mnrs]?) (?:day|week|month|year|spring|summer|autumn|winter"
    r"|tag\w*|woche|monat\w*|jahr\w*|herbst|sommer)\b|\b(?:soon|shortly|bald|demnächst|künftig|in kürze|tomorrow|ab morgen)\b"
)
_IF = re.compile(
    r"(?<!even )(?<!auch )(?<!selbst )\b(?:if|unless|falls|sofern|wenn(?! auch)|es sei denn|in case|provided that|vorausgesetzt)\b"
)
# Who tells it does not vouch for it: reports of reports, and the German subjunctive of reported speech.
_HEARSAY = re.compile(
    r"\blaut (?:\w+ ){0,2}?(?:\w*bericht\w*|medien\w*|insider\w*|kreisen|gerüchte\w*|social[- ]media|nutzer\w*)\b"
    r"|\b\w*(?:bericht|medien|information|angabe|gerücht)\w* zufolge\b|\bheißt es\b|\bangeblich\b|\brumou?red\b"
    r"|\breportedly\b|\baccording to (?:\w+ ){0,2}?(?:reports?|rumou?rs?|media|posts)\b|\b(?:report|rumou?r) (?:says|claims)\b"
    r"|\b(?:habe|hätten?|seien?|werde|wolle)\b.{3,90}\b(?:ge\w+(?:t|en)|ver\w+(?:t|en)|blockiert|untersagt|suspendiert)\b"
)
# The same behind what is told: "..., heißt es", "... - report".
_TOLD_BY = re.compile(
    r"\W+(?:so )?(?:heißt es|reports? says?|media says?|reports?|sources say|laut (?:\w+ )?(?:medien|bericht)\w*)\W*$"
)
# Where another matter begins: why, until when, before what.
_ELSE = re.compile(
    r"[,;:–—|!?]\s|\s-\s|\b(?:ahead of|before|until|till|bis|vor|during|während|pending|amid|as|after|nach|because|weil|over|for"
    r"|wegen|für|und|and|while)\b"
)
_JEST = re.compile(r"\W*(?:satire|glosse|der postillon|fake(?:[- ]\w+)?|falschmeldung|hoax|parody)\W*[:–—|]")
_CHECK = re.compile(r"\W*(?:fact[- ]?check|faktencheck|factcheck|verified|correctiv|claim|behauptung)\W*[:–—|]")


@dataclass(frozen=True, slots=True)
class Mood:
    """How far a sentence vouches for what it tells; nothing set means: it has happened."""

    #: "India to lift ban?"
    is_asked: bool = False
    #: "Russia won't block §p"
    is_negated: bool = False
    #: "Fake: Poland bans §p"
    is_jest: bool = False
    #: "§p to be banned next year".
    is_future: bool = False
    #: "blocks §p if it fails to pay", "Fact check: has §p been blocked?"
    is_conditional: bool = False
    #: "soll laut Medien gesperrt sein": others say so, who may be right.
    is_hearsay: bool = False

    @property
    def says_no(self) -> bool:
        """Whether the sentence itself says that it is not so."""
        return self.is_negated or self.is_jest


def mood_of(sentence: str, start: int, end: int) -> Mood:
    """The mood of what is read between two places of a lower-case sentence."""
    clause = max((m.end() for m in _BREAK.finditer(sentence, 0, start)), default=0)
    other = _ELSE.search(sentence, end)
    before, told = sentence[clause:start], sentence[clause:end]
    whole = sentence[clause : other.start() if other else len(sentence)]
    return Mood(
        is_asked=asks_whether(sentence) and end > _clause_start(sentence),
        is_negated=_NEGATED.search(sentence, max(clause, start - _NEAR), end) is not None
        or _NICHT.match(sentence, end) is not None,
        is_jest=_JEST.match(sentence) is not None,
        is_future=bool(
            (_TO.search(before) and not sentence.startswith("§p", start))
            or _TO_BE.search(told)
            or _FUTURE.search(whole)
        ),
        is_conditional=_IF.search(sentence) is not None or checks_facts(sentence),
        is_hearsay=_HEARSAY.search(told) is not None or _TOLD_BY.search(sentence, end) is not None,
    )


def asks_whether(sentence: str) -> bool:
    """Whether a sentence asks if something is so ("India to lift ban?"); who, why and how take it for granted."""
    asked = sentence.rstrip(" \n\"'»“”")
    return asked.endswith("?") and _OPEN_QUESTION.match(asked, _clause_start(asked)) is None


def checks_facts(sentence: str) -> bool:
    """Whether a headline announces that it checks a claim of others."""
    return _CHECK.match(sentence) is not None


def _clause_start(sentence: str) -> int:
    """Where the last clause of a sentence begins: "X banned in Utah - will others follow?" asks only the second."""
    return max((match.end() for match in _CLAUSE.finditer(sentence)), default=0)
