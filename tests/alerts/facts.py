"""A full brief without a warehouse: as many platforms and words as the greatest client has, hostile ones on demand."""

from datetime import date, timedelta

from tests.alerts.conftest import NIGHT, quote
from trendwarte.brief_facts import (
    BriefFacts,
    ChangeLine,
    Deadline,
    HealthLine,
    LegalLine,
    MatrixCell,
    MatrixRow,
    OperatorFacts,
    RunLine,
    SilenceLine,
    StuckMessage,
    Timeline,
    TimelineMark,
    TimelinePoint,
)
from trendwarte.radar.candidates import Ground
from trendwarte.radar.facts import Point, RadarLine
from trendwarte.types import Reason, Term

TODAY = NIGHT.date()
BANDS = ("recommend", "test", "watch", "avoid", "exit", "unknown")
PURPOSES = ("advertising", "employer_branding", "crisis_comms", "exec_positioning")


def cell(purpose, number):
    band = BANDS[number % len(BANDS)]
    score = None if band == "unknown" else 90.0 - 13 * (number % 7)
    return MatrixCell(purpose, band, BANDS[(number + 1) % 5], score, None if score is None else score + number % 9 - 4,
                      "F3" if band in ("avoid", "exit") else None, TODAY - timedelta(days=number), 0.8, 0.7)  # fmt: skip


def timeline(name, word):
    start = TODAY - timedelta(days=90)
    points = tuple(
        TimelinePoint(
            start + timedelta(days=n), 20.0 + 60 * (n > 50) - 25 * (n > 80), 12.0 + 40 * (n > 50), 45.0 + 50 * (n > 50)
        )
        for n in range(91)
    )
    marks = tuple(TimelineMark(start + timedelta(days=n), f"{word} {n}", "negative", "en") for n in (51, 52, 53, 81))
    return Timeline(name.lower(), name, "US", points, marks)


def brief_of(word="The court upheld the law", platforms=25, **more):
    names = [f"Plattform {n}" if n > 3 else ("TikTok", "X", "Instagram", "LinkedIn")[n] for n in range(platforms)]
    rows = tuple(
        MatrixRow(name.lower(), name, ("active", "parked", "none")[0 if n < 4 else 1 if n == 4 else 2],
                  tuple(cell(purpose, n + k) for k, purpose in enumerate(PURPOSES)))
        for n, name in enumerate(names)
    )  # fmt: skip
    changes = tuple(
        ChangeLine(NIGHT - timedelta(days=3 * n), names[n].lower(), names[n], PURPOSES[: 1 + n % 3], "recommend", "exit", 71.0,
                   12.5, "F3", (Term("risk", "legal:US", -31.5),), (quote(word), quote(word, lang="de")), (quote(word),),
                   (Reason("ledger_transition", jurisdiction="US", instrument="us-pafaca", from_state="passed_chamber",
                           to_state="scheduled", due_date=date(2026, 4, 5)),
                    Reason("risk_change", dimension="legal", jurisdiction="US", points=-31.5)))
        for n in range(8)
    )  # fmt: skip
    legal = tuple(
        LegalLine(name.lower(), name, "US", f"i-{n}", "forced_sale", "scheduled", date(2025, 4, 24), date(2026, 4, 5) if n % 2 else None, 0.9, n == 3)
        for n, name in enumerate(names[:8])
    )  # fmt: skip
    deadlines = (
        Deadline("tiktok", "TikTok", "US", "us-sale", "forced_sale", "scheduled", TODAY + timedelta(days=32), False),
        Deadline("all_social", "all_social", "EU", "eu-x", "age_limit", "adopted", TODAY + timedelta(days=90), False),
    )  # fmt: skip
    health = tuple(HealthLine(f"source-{n}", ("ok", "stale", "blocked")[n % 3], NIGHT, word) for n in range(12))
    values = {
        "client": "snack-us", "client_name": "Schwäbische Werkzeugmaschinen", "as_of": NIGHT, "time_zone": "Europe/Berlin",
        "run_id": "night-1", "version": "0.1.0", "scoring_version": "abc", "is_degraded": True, "markets": (("US", 1.0),),
        "purposes": PURPOSES, "rows": rows, "changes": changes, "legal": legal,
        "timelines": tuple(timeline(name, word) for name in names[:4]), "health": health, "deadlines": deadlines,
        "emerging": (
            RadarLine("UpScrolled", "", "GLOBAL", "spark", TODAY, {"mentions": tuple(
                Point(TODAY - timedelta(days=7 * (10 - n)), n / 10) for n in range(11))},
                (Ground("social", count=3),), (Ground("unwatched"), Ground("unproven")), (quote(word),)),
            RadarLine("Threads", "threads", "US", "hype", TODAY, {}, (Ground("burst", detail="page_views"),),
                      (Ground("young", count=12, on=TODAY),), ()),
        ),
        "place_names": (("US", "USA", "USA"), ("EU", "Europäische Union", "European Union")),
        "instrument_names": (
            ("us-pafaca", "PAFACA", "PAFACA"), ("us-sale", word, word), ("eu-x", "Verordnung", "Regulation"),
            *((f"i-{n}", word if n == 1 else "Gesetz gegen Anwendungen unter fremder Kontrolle",
               word if n == 1 else "Protecting Americans from Foreign Adversary Controlled Applications Act") for n in range(8)),
        ),
    }  # fmt: skip
    return BriefFacts(**values | more)


def operator_of(word="fetch failed"):
    runs = tuple(
        RunLine(NIGHT - timedelta(days=n), "degraded" if n else "ok", "", 40, 2, 12.5, (word,) * n) for n in range(8)
    )
    stuck = (StuckMessage("tw-1", "snack-us", "email", word, "dead", 8, NIGHT, word),)
    silences = (SilenceLine("s-1", "platform tiktok", NIGHT + timedelta(days=3), "Eva", word),)
    return OperatorFacts(NIGHT, runs, (("sent", 12), ("dead", 1)), stuck, silences, brief_of(word).health)
