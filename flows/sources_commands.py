"""``trendwarte sources``: the catalogue at work."""

from pathlib import Path
from typing import Annotated

import typer

from flows.checking import published_of
from flows.options import AsJson, Config, State, note, only_these, print_rows, say, settings_of

sources_app = typer.Typer(help="The sources: list them, try them, see how they do, add a list.", no_args_is_help=True)


@sources_app.command("list")
def sources_list(config: Config = Path("config"), as_json: AsJson = False) -> None:
    """Every source: how it is read, and whether a night asks it (if not, why not)."""
    from flows.catalogue import listed

    print_rows(listed(settings_of(config)), as_json)


@sources_app.command("check")
def sources_check(
    only: Annotated[list[str] | None, typer.Argument(help="Source ids; default: every enabled source.")] = None,
    config: Config = Path("config"),
    is_everything: Annotated[bool, typer.Option("--all", help="Also those that are switched off.")] = False,
    record: Annotated[Path | None, typer.Option(help="Keep each answer here, as fixtures for the tests.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask sources now and store nothing: final address, status, root element, encoding, entries, newest date.

    Each row ends in a proposal: switch on what answers, mend or switch off what is dead, follow what has moved.
    Run it once on a new machine, and whenever 'sources health' shows many bad states. Exit code 1 when one failed.
    """
    from flows.catalogue import checked

    settings = only_these(settings_of(config), only) if only else settings_of(config)
    rows = checked(settings, record, note, is_everything=is_everything or bool(only))
    print_rows(rows, as_json)
    if any(not row["is_ok"] for row in rows):
        raise SystemExit(1)


@sources_app.command("health")
def sources_health(state: State = Path("state"), config: Config = Path("config"), as_json: AsJson = False) -> None:
    """How each source did last, for how long it has brought nothing new, and when it is asked again."""
    from flows.catalogue import health

    published_of(state)
    print_rows(health(state, settings_of(config)), as_json)


@sources_app.command("import")
def sources_import(
    opml: Annotated[Path, typer.Argument(help="Feed list in OPML, well-formed or not.")],
    config: Config = Path("config"),
    kind: Annotated[str, typer.Option(help="official, quality_press, trade_press, aggregator, blog.")] = "blog",
    as_json: AsJson = False,
) -> None:
    """Add the feeds of an OPML file that are not in the catalogue yet, as sources that are switched off."""
    from flows.catalogue import imported

    added, path = imported(settings_of(config), opml, config, kind)
    told = f"{added} sources added to {path}; check them with 'trendwarte sources check ID', then set is_enabled: true"
    say({"added": added, "path": path}, told, as_json)
