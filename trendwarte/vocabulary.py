"""The words a datum may carry: one list per kind of word, and what topic feeds which risk.

Order within a list has no meaning; ``docs/method.md`` says what each state, verb and measure weighs.
"""

from typing import Literal, get_args

SourceKind = Literal["official", "quality_press", "trade_press", "aggregator", "blog", "social", "satire", "unknown"]
Topic = Literal[
    "legal_ban",
    "regulation_compliance",
    "data_protection",
    "security",
    "youth_protection",
    "disinformation_moderation",
    "brand_safety",
    "ownership_geopolitics",
    "leadership_conduct",
    "audience_growth",
    "audience_decline",
    "service_viability",
    "ad_product",
    "none",
]
Dimension = Literal["legal", "data", "brand_safety", "governance", "youth", "viability"]
LegalStage = Literal[
    "none",
    "discussed",
    "proposed",
    "passed_chamber",
    "enacted",
    "in_force",
    "delayed",
    "blocked_by_court",
    "upheld",
    "repealed",
    "device_ban_government",
    "investigation",
    "fine",
    "settled",
]
Factuality = Literal["asserted", "speculated", "denied", "retracted"]
Polarity = Literal["negative", "positive", "neutral"]
Role = Literal["subject", "object", "venue", "comparison", "boilerplate", "background"]
Measure = Literal[
    "full_ban",
    "self_withdraw",
    "forced_sale",
    "appstore_removal",
    "throttle",
    "data_order",
    "age_limit",
    "dsa",
    "conduct_rule",
    "fine",
    "feature_ban",
    "public_device_ban",
    "entity_windup",
]
#: The legal ledger's verbs. Those of the second block never move a state (heat and evidence only).
Verb = Literal[
    "announce",
    "consult",
    "introduce",
    "open_proceedings",
    "prelim_finding",
    "close",
    "sanction",
    "pass_chamber",
    "adopt",
    "enact",
    "block",
    "stay",
    "lift_stay",
    "uphold",
    "delay",
    "nonenforce",
    "annul",
    "repeal",
    "lift",
    "expire",
    "agree",
    "comply",
    "commit",
    "reject",
    "withdraw_bill",
    "clock",
    "confirm",
    "deny",
    "rumour",
    "defer",
    "resolution",
    "hearing",
    "appeal",
]
LegalState = Literal[
    "none",
    "rejected",
    "lifted",
    "annulled",
    "proposed",
    "resolved",
    "consultation",
    "proceedings",
    "introduced",
    "preliminary_finding",
    "stayed",
    "settlement_agreed",
    "passed_chamber",
    "delayed",
    "sanctioned",
    "non_enforced",
    "adopted",
    "scheduled",
    "in_force",
    "enforced",
]
Purpose = Literal["earned_pr", "advertising", "employer_branding", "community", "crisis_comms", "exec_positioning"]
Band = Literal["exit", "avoid", "watch", "test", "recommend", "unknown"]
Severity = Literal["act", "decide", "note"]
Presence = Literal["none", "parked", "active"]
HealthState = Literal[
    "ok",
    "not_modified",
    "empty",
    "stale",
    "undated",
    "blocked",
    "rate_limited",
    "dead",
    "parse_error",
    "unreachable",
    "never_ran",
]

SOURCE_KINDS: tuple[str, ...] = get_args(SourceKind)
TOPICS: tuple[str, ...] = get_args(Topic)
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
LEGAL_STAGES: tuple[str, ...] = get_args(LegalStage)
VERBS: tuple[str, ...] = get_args(Verb)
#: Verbs that open a case or a measure, or take it further.
OPENING_VERBS: frozenset[str] = frozenset(
    {"announce", "consult", "introduce", "open_proceedings", "prelim_finding", "sanction", "pass_chamber", "adopt",
     "enact", "block"}
)  # fmt: skip
LEGAL_STATES: tuple[str, ...] = get_args(LegalState)
MEASURES: tuple[str, ...] = get_args(Measure)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)

#: Which risk dimension a topic feeds; topics that are missing here carry no risk.
DIMENSION_OF: dict[str, Dimension] = {
    "legal_ban": "legal",
    "regulation_compliance": "legal",
    "data_protection": "data",
    "security": "data",
    "youth_protection": "youth",
    "disinformation_moderation": "brand_safety",
    "brand_safety": "brand_safety",
    "ownership_geopolitics": "governance",
    "leadership_conduct": "governance",
    "service_viability": "viability",
    "audience_decline": "viability",
}
