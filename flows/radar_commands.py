"""``trendwarte radar``: what is new, where it stands, and taking a name into the configuration."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.options import AsJson, Config, State, fail, moment_of, note, settings_of

radar_app = typer.Typer(
    help="What is new: names nobody watches yet, and where watched platforms stand in their hype.",
    invoke_without_command=True,
)


@radar_app.callback()
def radar(
    context: typer.Context,
    as_of: Annotated[str, typer.Option(help="As known at; default: the newest night.")] = "9999-01-01",
    is_all: Annotated[
        bool, typer.Option("--all", help="Also what was noticed and not shown, with the reason.")
    ] = False,
    lang: Annotated[str, typer.Option(help="de or en.")] = "en",
    state: State = Path("state"),
    as_json: AsJson = False,
) -> None:
    """What is new: names nobody watches yet, and where watched platforms stand in their hype."""
    if context.invoked_subcommand:
        return
    from flows.radar import radar_of

    if lang not in ("de", "en"):
        fail(f"--lang: '{lang}' is unknown; use de or en", 2)
    found = radar_of(state / "published" / "trendwarte.duckdb", moment_of(as_of), is_all=is_all)
    print(json.dumps(found, default=str, ensure_ascii=False) if as_json else _told(found, lang))


@radar_app.command()
def promote(
    name: Annotated[str, typer.Argument(help="A name as 'trendwarte radar' shows it.")],
    platform_id: Annotated[str, typer.Option("--id", help="Id of the platform; default: from the name.")] = "",
    config: Config = Path("config"),
    state: State = Path("state"),
) -> None:
    """Watch a platform from now on: writes config/platforms/ID.yaml; the next night reads the kept documents for it.

    The same happens when the entry is written by hand. To be rid of a name, add it to 'dismissed' in radar.yaml.
    """
    from flows.radar import promoted

    path, waiting = promoted(settings_of(config), config, state, name, platform_id)
    settings_of(config)
    print(path)
    note(f"{waiting} kept documents name {name}; the next night reads them again. Fill in what the file asks for.")


def _told(found: dict[str, list[dict[str, Any]]], lang: str) -> str:
    from trendwarte.radar.candidates import Ground
    from trendwarte.radar.facts import sentence, stage_word

    lines = ["Not watched yet:" if lang == "en" else "Noch nicht beobachtet:"]
    for one in found["candidates"]:
        lines.append(f"  {one['name']} ({one['status']}, {one['score']:.0f})")
        lines += [f"      {sentence(Ground(**ground), lang)}" for ground in one["reasons"]]  # type: ignore[arg-type]
        lines += [f"      »{e['quote']}« {e['outlet']} {e['published_at'][:10]} {e['url']}" for e in one["evidence"]]
    if not found["candidates"]:
        lines.append("  -")
    lines.append("Watched:" if lang == "en" else "Beobachtet:")
    for one in found["momentum"]:
        kept = "" if one["durability"] is None else f", Q {one['durability']:.2f}"
        word = stage_word(one["stage"], lang)  # type: ignore[arg-type]
        where = f"  {one['platform']:14} {one['market']:7}"
        lines.append(f"{where} {word} since {one['stage_since']}{kept} [{one['bursting']}]")
    if not found["momentum"]:
        lines.append("  -")
    return "\n".join(lines)
