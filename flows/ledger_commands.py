"""``trendwarte ledger``: the steps that wait for a person, and the rows a person answers for."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.options import AsJson, Config, State, fail, moment_of, print_rows, settings_of

if TYPE_CHECKING:
    from flows.house import House

ledger_app = typer.Typer(
    help="The legal ledger: look through refused steps, confirm or reject them, enter one by hand.",
    no_args_is_help=True,
)
Author = Annotated[str, typer.Option(help="Who answers for it; kept with the row.")]
Why = Annotated[str, typer.Option("--reason", help="Why, with a source if there is one; kept with the row.")]
_PENDING = "decision IS NULL"


@ledger_app.command("list")
def list_states(
    platform: Annotated[str, typer.Option(help="Only this platform.")] = "",
    jurisdiction: Annotated[str, typer.Option(help="Only this place.")] = "",
    as_of: Annotated[str, typer.Option(help="As known at; default: now.")] = "9999-01-01",
    state: State = Path("state"),
    as_json: AsJson = False,
) -> None:
    """Where every instrument stands, with the reported access beside it."""
    from warehouse import query

    moment = moment_of(as_of)
    columns, rows = query(
        state / "published" / "trendwarte.duckdb",
        "SELECT l.platform, l.jurisdiction, l.instrument, l.measure, l.state, l.due_date, l.valid_from, l.known_from,"
        " l.credibility, l.is_challenged, l.is_due_unverified, l.rule, l.author, l.reason, a.access_state"
        " FROM mart.legal_at(?, ?) l LEFT JOIN mart.access_status a USING (platform, jurisdiction)"
        " WHERE ? IN ('', l.platform) AND ? IN ('', l.jurisdiction) ORDER BY 1, 2, 3",
        [moment, moment, platform, jurisdiction],
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
        state / "published" / "trendwarte.duckdb",
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
) -> None:
    """Admit a refused step: the ledger moves now, the next night judges and tells it."""
    from flows.house import now
    from trendwarte.ledger import confirmed, new_id

    with _writing(config, state) as house:
        ledger = house.warehouse.ledger
        found = ledger.refused(event_id)
        if found is None:
            fail(f"no step of event '{event_id}' waits; see 'trendwarte ledger review'", 2)
        event, refused_for = found
        chosen = instrument or refused_for or new_id(event)
        key = {(event.platform, chosen), ("all_social", chosen)}
        current = next((s for s in ledger.current() if (s.platform, s.instrument) in key), None)
        row = confirmed(event, current, chosen, to_state, now())
        with house.warehouse.transaction():
            ledger.enter(row, author, reason)
            ledger.decide(event_id, "confirmed", author, reason, now())
        print(f"{row.platform} {row.jurisdiction} {row.instrument}: {row.from_state} -> {row.state}")


@ledger_app.command()
def reject(
    event_id: Annotated[str, typer.Argument(help="Event of the refused step, from 'ledger review'.")],
    author: Author,
    reason: Why,
    state: State = Path("state"),
    config: Config = Path("config"),
) -> None:
    """Set a refused step aside; it is kept with your reason and asked no more."""
    from flows.house import now

    with _writing(config, state) as house:
        if house.warehouse.ledger.refused(event_id) is None:
            fail(f"no step of event '{event_id}' waits; see 'trendwarte ledger review'", 2)
        house.warehouse.ledger.decide(event_id, "rejected", author, reason, now())
    print(f"{event_id} rejected")


@ledger_app.command()
def add(
    platform: Annotated[str, typer.Option(help="Platform id, or all_social.")],
    jurisdiction: Annotated[str, typer.Option(help="Place: DE, EU, US-MT, ...")],
    instrument: Annotated[str, typer.Option(help="Law, order or case: us-pafaca.")],
    measure: Annotated[str, typer.Option(help="What it takes away: full_ban, forced_sale, age_limit, ...")],
    to_state: Annotated[str, typer.Option("--to", help="State from now on: scheduled, in_force, stayed, ...")],
    valid_from: Annotated[str, typer.Option(help="Since when in the world, ISO date.")],
    author: Author,
    reason: Why,
    due: Annotated[str, typer.Option(help="Date it takes effect or ends, ISO date.")] = "",
    age_limit: Annotated[int | None, typer.Option(help="For age limits: the age.")] = None,
    state: State = Path("state"),
    config: Config = Path("config"),
) -> None:
    """Enter a step by hand, with author and reason; nothing is overwritten."""
    from flows.house import now
    from trendwarte.types import LegalStatus
    from trendwarte.vocabulary import LEGAL_STATES, MEASURES

    settings = settings_of(config)
    _one_of("--platform", platform, [*settings.platforms, "all_social"])
    _one_of("--jurisdiction", jurisdiction, settings.jurisdictions)
    _one_of("--measure", measure, MEASURES)
    _one_of("--to", to_state, LEGAL_STATES)
    since = moment_of(valid_from, "--valid-from").date()
    with _writing(config, state) as house:
        ledger = house.warehouse.ledger
        current = next(
            (s for s in ledger.current() if (s.platform, s.jurisdiction, s.instrument)
             == (platform, jurisdiction, instrument)), None
        )  # fmt: skip
        before = current.state if current else "none"
        row = LegalStatus(
            platform=platform, jurisdiction=jurisdiction, instrument=instrument, measure=measure,  # type: ignore[arg-type]
            state=to_state, valid_from=since, known_from=now(), due_date=_date(due),  # type: ignore[arg-type]
            rule=f"manual:{before}->{to_state}", age_limit=age_limit, from_state=before,
        )  # fmt: skip
        ledger.enter(row, author, reason)
    print(json.dumps({"platform": platform, "jurisdiction": jurisdiction, "instrument": instrument,
                      "from_state": before, "state": to_state}))  # fmt: skip


@contextmanager
def _writing(config: Path, state: Path) -> "Iterator[House]":
    """The house under its lock; what was entered is published before the lock goes, so that a review shows it."""
    from flows.house import opened
    from warehouse import publish

    with opened(settings_of(config), state) as house:
        yield house
        publish(house.warehouse.con, house.published)


def _one_of(option: str, given: str, known: Collection[str]) -> None:
    from difflib import get_close_matches

    from trendwarte.errors import ConfigError

    if given not in known:
        near = get_close_matches(given, list(known), 1)
        raise ConfigError([f"{option}: '{given}' is unknown" + (f"; did you mean {near[0]}?" if near else "")])


def _date(text: str) -> date | None:
    return moment_of(text, "--due").date() if text else None
