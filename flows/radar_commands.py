"""``trendwarte radar``: what is new, where it stands, and taking a name into the configuration."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.checking import published_of
from flows.options import AsJson, AsOf, Config, State, fail, known_at, note, say, settings_of

radar_app = typer.Typer(
    help="What is new: names nobody watches yet, and where watched platforms stand in their hype.",
    invoke_without_command=True,
)


@radar_app.callback()
def radar(
    context: typer.Context,
    as_of: AsOf = "",
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
    found = radar_of(published_of(state), known_at(as_of), is_all=is_all)
    print(json.dumps(found, default=str, ensure_ascii=False) if as_json else _told(found, lang))
    if found["candidates"] and not as_json:
        note("To watch one of them: trendwarte radar promote NAME")


@radar_app.command()
def promote(
    name: Annotated[str, typer.Argument(help="A name as 'trendwarte radar' shows it.")],
    platform_id: Annotated[str, typer.Option("--id", help="Id of the platform; default: from the name.")] = "",
    config: Config = Path("config"),
    state: State = Path("state"),
    as_json: AsJson = False,
) -> None:
    """Watch a platform from now on: writes config/platforms/ID.yaml; the next night reads the kept documents for it.

    The same happens when the entry is written by hand. To be rid of a name, add it to 'dismissed' in
    config/radar.yaml.
    """
    from flows.radar import promoted

    path, written, waiting = promoted(settings_of(config), config, state, name, platform_id)
    settings_of(config)
    say({"path": path, "name": written, "documents_waiting": waiting}, str(path), as_json)
    if waiting:
        note(f"{waiting} kept documents name {written}; the next night reads them again.")
    else:
        note(f"no kept document names {written}: is that how it is written? If not, remove the file and try again.")
    note("Fill in what the file asks for; until then its owner and its audience count as unknown.")


def _told(found: dict[str, list[dict[str, Any]]], lang: str) -> str:
    from alerts import Phrases, ground_text
    from trendwarte.radar.candidates import Ground

    words, phrases = _WORDS[lang], Phrases(lang, "UTC")  # type: ignore[arg-type]
    lines = [words["new"]]
    for one in found["candidates"]:
        status = "" if one["status"] == "candidate" else f"{words[one['status']]}, "
        lines.append(f"  {one['name']} ({status}{one['score']:.0f}/100)")
        lines += [f"      {ground_text(Ground(**ground), phrases)}" for ground in one["reasons"]]
        lines += [f"      »{e['quote']}« {e['outlet']} {e['published_at'][:10]} {e['url']}" for e in one["evidence"]]
    if not found["candidates"]:
        lines.append("  -")
    lines.append(words["watched"])
    for one in found["momentum"]:
        kept = "" if one["durability"] is None else f", Q {one['durability']:.2f}"
        loud = f" [{one['bursting']}]" if one["bursting"] else ""
        word = phrases.word("stage", one["stage"])
        where = f"  {one['platform']:14} {one['market']:7}"
        lines.append(f"{where} {word} {words['since']} {one['stage_since']}{kept}{loud}")
    if not found["momentum"]:
        lines.append("  -")
    return "\n".join(lines)


_WORDS = {
    "de": {
        "new": "Noch nicht beobachtet:", "watched": "Beobachtet:", "since": "seit",
        "noticed": "bemerkt, nicht gezeigt", "rejected": "verworfen",
    },
    "en": {
        "new": "Not watched yet:", "watched": "Watched:", "since": "since",
        "noticed": "noticed, not shown", "rejected": "rejected",
    },
}  # fmt: skip
