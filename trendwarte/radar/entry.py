"""The configuration entry of a platform that was discovered: what is known is filled in, the rest is asked for."""

import json
import re
from datetime import date

from trendwarte.radar.candidates import key_of

_TEMPLATE = """# yaml-language-server: $schema=../schema/platform.schema.json
# Taken over from the radar on {on}: first noticed {first_seen}, {documents} texts of {outlets} outlets in 60 days.
# Look at every line before clients are told about it.
id: {id}
name: {name}
owner: "unknown"  # who runs it; the brief names them
home: {home}  # home of the owner, ISO code; US is a guess
aliases:
# A common word too? Then add is_ambiguous: true, and it needs an anchor to count.
- {{text: {name}}}
domains: []
# launched_on: 2026-01-01
# Nobody has kept an audience for 90 days yet: floor F9 caps it at "test". Set this only with evidence.
# sustained_from: 2026-01-01
# tone: 3.0      # 1 formal ... 5 playful
# formats: [video]
# What the platform is good for: 0 nothing, 100 made for it. Unknown lowers coverage; a guess would not.
affordances: {{}}
# Slow base risk: a young service has no record, so expect some of everything.
base_rates: {{viability: 45, data: 25}}
"""


def id_of(name: str) -> str:
    """Id and file name of a platform: "Truth Social" is truth_social.

    Raises:
        ValueError: nothing of the name can stand in a file name.
    """
    words = re.findall(r"[a-z0-9]+", name.casefold().translate(str.maketrans("äöü", "aou")))
    if not words or not key_of(name):
        raise ValueError(f"{name!r} has no letter or digit for an id; give one with --id")
    return "_".join(words)


def entry_text(name: str, platform_id: str, *, on: date, first_seen: date | str, documents: int, outlets: int) -> str:
    """The YAML of ``config/platforms/<id>.yaml``, commented; valid as it is."""
    return _TEMPLATE.format(
        on=on, first_seen=first_seen, documents=documents, outlets=outlets, id=platform_id,
        name=json.dumps(name, ensure_ascii=False), home="US",
    )  # fmt: skip
