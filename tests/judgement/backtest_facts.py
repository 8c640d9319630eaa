"""A month that never was, for the tests of the back-test: invented headlines, a list of events, a timeline."""

import json
from datetime import UTC, date, datetime, time
from pathlib import Path

from trendwarte.backtest_rules import load_rules
from trendwarte.config_files import load_settings
from trendwarte.gold import Contained, GoldEvent, Wording
from trendwarte.measuring import AlertSeen, Observed, Scored
from trendwarte.types import Document, LegalStatus

CONFIG = Path(__file__).parents[2] / "config"
SETTINGS = load_settings(CONFIG, {})
RULES = load_rules(CONFIG)
WORDING = Wording.of(RULES, SETTINGS)

HEAD = "id,date,platform,jurisdiction,instrument,verb,measure,dir,basis,what\n"
HOSTILE = "<script>alert(1)</script>"

#: Day of March 2023, who, headline, first words.
TOLD = (
    (1, "The Verge", "Ten recipes that TikTok made famous", "Butter beans are back."),
    (2, "BBC News", "Bakery in Leeds sells out of cinnamon buns", "Queues round the corner since six."),
    (3, "BBC News", "US president signs order banning TikTok from 21 April", "An executive order bans TikTok in the US."),
    (3, "Reuters", "President signs order that bans TikTok in the US from April 21", "The White House named the day."),
    (6, "BBC News", "India blocks TikTok across the country", "Providers were ordered to block TikTok at once."),
    (6, "Reuters", "India bans TikTok with immediate effect", "The government in Delhi blocked the app on Monday."),
    (8, "Guardian", "TikTok dance fills the town square", "A thousand pupils danced."),
    (9, "BBC News", "Germany blocks TikTok", "The government in Berlin blocked TikTok with immediate effect."),
    (9, "Reuters", "Germany bans TikTok with immediate effect", "Berlin ordered providers to block the app."),
    (10, "Reuters", "Rain delays the harvest in Kent", "Farmers wait for a dry week."),
    (12, "Guardian", "Brazil could ban TikTok, minister says", "A ban on TikTok in Brazil is conceivable, he said."),
    (13, "The Verge", "How a library in Oslo won readers on TikTok", "Short films about long books."),
    (15, "BBC News", "Choir of nurses sings on TikTok", "They rehearse on night shifts."),
    (18, "Reuters", "Copper price little changed", "Traders wait."),
    (20, "Guardian", "Why TikTok loves old radios", "Valves glow well on film."),
    (24, "BBC News", "Ferry to Skye back in service", "Two weeks in dock."),
    (26, "BBC News", "US judge blocks TikTok ban", "A federal judge issued a preliminary injunction against the ban."),
    (26, "Reuters", "Federal judge halts US ban on TikTok", "The court granted TikTok an injunction."),
    (28, "The Verge", "TikTok makes captions larger", "Readers asked for it."),
)  # fmt: skip
#: What befell whom: four steps, a control, a copy with a hostile id, and one that no archive tells of. The order of the
#: third goes by the name of the one order that is declared for the USA.
LISTED = (
    "L1,2023-03-03,tiktok,US,CFIUS-2019,schedule,full_ban,U,V,order bans TikTok from 21 April\n"
    "L2,2023-03-06,tiktok,IN,IN-69A,block,full_ban,U,V,India blocks TikTok\n"
    "L3,2023-03-09,tiktok,DE,TIKTOK-DE,block,full_ban,U,V,Germany blocks TikTok\n"
    "L4,2023-03-26,tiktok,US,CFIUS-2019,stay,full_ban,D,V,a court stops the ban\n"
    "L5,2023-03-12,tiktok,BR,,announce,full_ban,N,V,a minister thinks aloud about a ban in Brazil\n"
    f'L6{HOSTILE},2023-03-06,tiktok,IN,IN-69A,block,full_ban,U,K,"the same, told ""{HOSTILE}"" again"\n'
    "L7,2023-03-20,telegram,FR,TG-1,block,full_ban,U,K,nobody tells of it\n"
)
TIMELINE = (
    ("2023-03-06", "India bans TikTok, WeChat and other apps. The ministry gives no reason."),
    ("2023-03-17", "Pakistan blocks TikTok for the fifth time."),
    ("2023-03-24", "Records of a million users of TikTok are leaked."),
    ("2023-03-22", "A storm hits the coast."),
)


def archive_lines(told=TOLD):
    """The month as lines of an archive."""
    return [
        json.dumps({"date": f"2023-03-{day:02}", "source": source, "title": title, "lead": lead})
        for day, source, title, lead in told
    ]


def timeline_lines():
    """The independent timeline as lines."""
    return [json.dumps({"date": day, "text": text}) for day, text in TIMELINE]


def written(folder, archive=None):
    """The month on disk; gives the words of a command that measures it."""
    (folder / "news.jsonl").write_text("\n".join(archive or archive_lines()) + "\n", "utf-8")
    (folder / "events.csv").write_text(HEAD + LISTED, "utf-8")
    (folder / "timeline.jsonl").write_text("\n".join(timeline_lines()) + "\n", "utf-8")
    named = {"archive": "news.jsonl", "events": "events.csv", "timeline": "timeline.jsonl", "cache": "kept"}
    words = [word for option, name in named.items() for word in (f"--{option}", str(folder / name))]
    return ["backtest", *words, "--report", str(folder / "report"), "--platform", "tiktok"]


def day(text):
    """A day of March 2023, or of the month given: ``"4"``, ``"05-04"``."""
    return date.fromisoformat(f"2023-{text}" if "-" in text else f"2023-03-{int(text):02}")


def listed(name="L", on="10", **more):
    """A listed event: TikTok is blocked in the USA."""
    values = {"id": name, "on": day(on), "platform": "tiktok", "jurisdiction": "US", "instrument": "T-1",
              "verb": "block", "measure": "full_ban", "direction": "U", "basis": "V", "what": "a ban"}  # fmt: skip
    return GoldEvent(**values | more)


def told(*events, documents=2, first=None):
    """Events as an archive tells of them, on their own day if no other is given."""
    return {e.id: Contained(e, documents, day(first) if first else e.on) for e in events}


def document(title, on="10", lead="", kind="quality_press", name=""):
    """A document as an archive gives it."""
    at = datetime.combine(day(on), time(12), UTC)
    return Document(
        document_id=name or f"{title}|{on}|{lead}", source_id="archive", url="", title=title, summary=lead, outlet="o",
        source_kind=kind, published_at=at, first_seen_at=at, content_hash="",
    )  # fmt: skip


def row(state, known, *, before="none", rule="", instrument="us-t-1", **more):
    """A row of the ledger: the state an instrument reached, and the night we knew."""
    values = {"platform": "tiktok", "jurisdiction": "US", "measure": "full_ban", "from_state": before}
    at = datetime.combine(day(known), time(23, 59, 59), UTC)
    return LegalStatus(
        instrument=instrument, state=state, valid_from=day(known), known_from=at, rule=rule or f"block:{before}->{state}",
        **values | more,
    )  # fmt: skip


def seen(*ledger, alerts=(), moves=(), scored=None, risks=None):
    """What a replay left."""
    return Observed(tuple(ledger), tuple(alerts), tuple(moves), scored or {}, risks or {}, ())


def alert(on, to="avoid", **more):
    """An alert to the snack brand about TikTok, from *recommend*."""
    values = {"client": "snack-us", "platform": "tiktok", "purpose": "advertising", "severity": "act",
              "rule": "band_change", "from_band": "recommend"}  # fmt: skip
    return AlertSeen(on=day(on), to_band=to, **values | more)


def night(on, band="recommend", score=80.0):
    """One verdict of one night."""
    return Scored(on if isinstance(on, date) else day(on), score, band, band, 1.0, ())
