"""``trendwarte ledger``: the steps that wait for a person, and the rows a person answers for."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.checking import must_be_known, names_in, published_of, unknown, used
from flows.options import AsJson, AsOf, Config, State, fail, known_at, moment_of, print_rows, say, settings_of
from trendwarte.errors import ConfigError

if TYPE_CHECKING:
    from flows.house import House
    from trendwarte.types import LegalStatus

ledger_app = typer.Typer(
    help="The legal ledger: look through refused steps, confirm or reject them, enter one by hand.",
    no_args_is_help=True,
)
Author = Annotated[str, typer.Option(help="Who answers for it; kept with the row.")]
Why = Annotated[str, typer.Option("--reason", help="Why, with a source if there is one; kept with the row.")]
_PENDING = "decision IS NULL"
_TOLD = ("platform", "jurisdiction", "instrument", "measure", "from_state", "state", "due_date", "age_limit")


@ledger_app.command("list")
def list_states(
    platform: Annotated[str, typer.Option(help="Only this platform.")] = "",
    jurisdiction: Annotated[str, typer.Option(help="Only this place.")] = "",
    as_of: AsOf = "",
    state: State = Path("state"),
    as_json: AsJson = False,
) -> None:
    """Where every instrument stands, with the reported access beside it."""
    from warehouse import query

    moment, published = known_at(as_of), published_of(state)
    columns, rows = query(
        published,
        "SELECT l.platform, l.jurisdiction, l.instrument, l.measure, l.state, l.due_date, l.valid_from, l.known_from,"
        " l.credibility, l.is_challenged, l.is_due_unverified, l.rule, l.author, l.reason, a.access_state"
        " FROM mart.legal_at(?, ?) l LEFT JOIN mart.access_status a USING (platform, jurisdiction)"
        " WHERE ? IN ('', l.platform) AND ? IN ('', l.jurisdiction) ORDER BY 1, 2, 3",
        [moment, moment, platform, jurisdiction],
    )
    if not rows:
        must_be_known(
            unknown("--platform", platform, [*names_in(published, "platform"), "all_social"]),
            unknown("--jurisdiction", jurisdiction, names_in(published, "jurisdiction")),
        )
    print_rows([dict(zip(columns, row, strict=True)) for row in rows], as_json)


@ledger_app.command()
def review(
    is_all: Annotated[bool, typer.Option("--all", help="Also what was decided already.")] = False,
    state: State = Path("state"),
    as_json: AsJson = False,
) -> None:
    """Reported steps that the transition table or a guard refused, newest first, with the reason and a quote."""
    from warehouse import query

    columns, rows = query(
        published_of(state),
        "SELECT r.event_id, r.event_date, r.platform, r.jurisdiction, r.verb, r.from_state, r.reason, r.title,"  # noqa: S608
        " r.credibility, arg_max(d.url, s.weight) AS url, r.decision, r.author, r.decision_reason"
        " FROM mart.ledger_review r LEFT JOIN mart.signals s USING (event_id)"
        " LEFT JOIN mart.documents d USING (document_id)"
        f" WHERE {'true' if is_all else _PENDING} GROUP BY ALL ORDER BY r.event_date DESC, r.event_id",
    )
    print_rows([dict(zip(columns, row, strict=True)) for row in rows], as_json)


@ledger_app.command()
def confirm(
    event_id: Annotated[str, typer.Argument(help="Event of the refused step, from 'ledger review'.")],
    author: Author,
    reason: Why,
    to_state: Annotated[str, typer.Option("--to", help="State that follows; default: what the verb means.")] = "",
    instrument: Annotated[str, typer.Option(help="Instrument it belongs to; default: the refused one, or new.")] = "",
    state: State = Path("state"),
    config: Config = Path("config"),
    as_json: AsJson = False,
) -> None:
    """Admit a refused step: the ledger moves now, the next night judges and tells it."""
    from flows.house import now
    from trendwarte.ledger import confirmed, new_id
    from trendwarte.vocabulary import LEGAL_STATES

    with _writing(config, state) as house:
        ledger = house.warehouse.ledger
        must_be_known(unknown("--to", to_state, LEGAL_STATES))
        found = ledger.refused(event_id)
        if found is None:
            fail(f"no step of event '{event_id}' waits; see 'trendwarte ledger review'", 2)
        event, refused_for = found
        chosen = instrument or refused_for or new_id(event)
        if declared := house.settings.instruments.get(chosen):
            # The text may call a forced sale a ban; the instrument that a person chose is what it is.
            event = replace(event, measure=declared.measure, age_limit=event.age_limit or declared.age_limit)
        key = {(event.platform, chosen), ("all_social", chosen)}
        current = next((s for s in ledger.current() if (s.platform, s.instrument) in key), None)
        row = confirmed(event, current, chosen, to_state, now())
        with house.warehouse.transaction():
            ledger.enter(row, author, reason)
            ledger.decide(event_id, "confirmed", author, reason, now())
    told = f"{row.platform} {row.jurisdiction} {row.instrument}: {row.from_state} -> {row.state}"
    say({name: getattr(row, name) for name in _TOLD}, told, as_json)


@ledger_app.command()
def reject(
    event_id: Annotated[str, typer.Argument(help="Event of the refused step, from 'ledger review'.")],
    author: Author,
    reason: Why,
    state: State = Path("state"),
    config: Config = Path("config"),
    as_json: AsJson = False,
) -> None:
    """Set a refused step aside; it is kept with your reason and asked no more."""
    from flows.house import now

    with _writing(config, state) as house:
        if house.warehouse.ledger.refused(event_id) is None:
            fail(f"no step of event '{event_id}' waits; see 'trendwarte ledger review'", 2)
        house.warehouse.ledger.decide(event_id, "rejected", author, reason, now())
    say({"event_id": event_id, "decision": "rejected"}, f"{event_id} rejected", as_json)


@ledger_app.command()
def add(
    platform: Annotated[str, typer.Option(help="Platform id, or all_social.")],
    jurisdiction: Annotated[str, typer.Option(help="Place: DE, EU, US-MT, ...")],
    instrument: Annotated[str, typer.Option(help="Law, order or case: us-pafaca.")],
    to_state: Annotated[str, typer.Option("--to", help="State from now on: scheduled, in_force, stayed, ...")],
    valid_from: Annotated[str, typer.Option(help="Since when in the world, ISO date.")],
    author: Author,
    reason: Why,
    measure: Annotated[
        str, typer.Option(help="What it takes away: full_ban, age_limit, ...; default: as the instrument is known.")
    ] = "",
    due: Annotated[str, typer.Option(help="Date it takes effect or ends; default: kept in the same state.")] = "",
    age_limit: Annotated[int | None, typer.Option(help="For age limits: the age; default: as known.", min=1)] = None,
    state: State = Path("state"),
    config: Config = Path("config"),
) -> None:
    """Enter a step by hand, with author and reason; nothing is overwritten, and what is not named stays as it was."""
    from flows.house import now
    from trendwarte.vocabulary import LEGAL_STATES, MEASURES

    settings = settings_of(config)
    must_be_known(
        unknown("--platform", platform, [*settings.platforms, "all_social"], "see config/platforms"),
        unknown("--jurisdiction", jurisdiction, settings.jurisdictions, "see config/jurisdictions.yaml"),
        unknown("--measure", measure, MEASURES), unknown("--to", to_state, LEGAL_STATES),
    )  # fmt: skip
    since, until = moment_of(valid_from, "--valid-from").date(), _date(due)
    with _writing(config, state) as house:
        before = _before(house, platform, jurisdiction, instrument, measure)
        row = replace(
            before, age_limit=_age(before, age_limit, to_state),
            due_date=until or (before.due_date if to_state == before.state else None),
            from_state=before.state, state=to_state, rule=f"manual:{before.state}->{to_state}",  # type: ignore[arg-type]
            valid_from=since, known_from=now(), event_id=None, credibility=1.0,
            is_challenged=False, is_due_unverified=False,
        )  # fmt: skip
        house.warehouse.ledger.enter(row, author, reason)
    print(json.dumps({name: getattr(row, name) for name in _TOLD}, default=str))


def _before(house: "House", platform: str, jurisdiction: str, instrument: str, measure: str) -> "LegalStatus":
    """What is known of an instrument: its newest row, else what the same law does to others, else its declaration."""
    from flows.house import now
    from trendwarte.types import LegalStatus

    rows = [s for s in house.warehouse.ledger.current() if (s.jurisdiction, s.instrument) == (jurisdiction, instrument)]
    own = next((s for s in rows if s.platform == platform), None)
    known = own or next(iter(rows), None) or house.settings.instruments.get(instrument)
    if known is not None and known.jurisdiction != jurisdiction:
        raise ConfigError([f"--jurisdiction: '{instrument}' is of {known.jurisdiction}; use that, or another id"])
    if known is None and not measure:
        raise ConfigError([f"--measure: nothing is known of '{instrument}' yet; say what it takes away"])
    if known is not None and measure not in ("", known.measure):
        remedy = "leave --measure out, or give what is new an id of its own"
        raise ConfigError([f"--measure: '{instrument}' is known as {known.measure}, not {measure}; {remedy}"])
    return own or LegalStatus(
        platform=platform, jurisdiction=jurisdiction, instrument=instrument,
        measure=known.measure if known else measure,  # type: ignore[arg-type]
        state="none", valid_from=now().date(), known_from=now(), age_limit=known.age_limit if known else None,
    )  # fmt: skip


def _age(before: "LegalStatus", given: int | None, to_state: str) -> int | None:
    """The age of an age limit; in force without one it would bind nobody."""
    from trendwarte.ledger import IN_EFFECT

    if before.measure != "age_limit" and given is not None:
        raise ConfigError([f"--age-limit: '{before.instrument}' is {before.measure}, no age limit; leave it out"])
    age = given or before.age_limit
    if before.measure == "age_limit" and to_state in IN_EFFECT and age is None:
        raise ConfigError([f"--age-limit: no age is known for '{before.instrument}'; say which one it sets"])
    return age


@contextmanager
def _writing(config: Path, state: Path) -> "Iterator[House]":
    """The house under its lock; what was entered is published before the lock goes, so that a review shows it."""
    from flows.house import opened
    from warehouse import publish

    with opened(settings_of(config), used(state)) as house:
        yield house
        publish(house.warehouse.con, house.published)


def _date(text: str) -> date | None:
    return moment_of(text, "--due").date() if text else None
