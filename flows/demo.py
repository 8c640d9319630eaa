"""The demo: the nightly path over a recorded world on loopback, told night by night."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path

from demo import STORY_NIGHTS, PostOffice, WorldServer
from flows.engine import PlainEngine, PrefectEngine
from flows.house import House, opened
from flows.monitor import in_flow, night
from trendwarte.config_files import load_settings
from trendwarte.settings import Settings
from trendwarte.types import RunReport


def run_demo(config: Path, state: Path, engine_name: str, nights: tuple[date, ...] = STORY_NIGHTS) -> list[RunReport]:
    """Run the story nights and give their reports; alerts arrive on a real mail server on loopback."""
    with world(config, state) as (house, server, _):
        engine = PlainEngine() if engine_name == "plain" else PrefectEngine(is_tagged=False)

        def story() -> list[RunReport]:
            reports = []
            for day in nights:
                as_of = end_of(day)
                server.set_night(as_of)
                reports.append(night(house, as_of, engine, is_last=day == nights[-1]))
            return reports

        return story() if engine_name == "plain" else list(in_flow(story))


@contextmanager
def world(config: Path, state: Path) -> Iterator[tuple[House, WorldServer, PostOffice]]:
    """The recorded world served on loopback, with a mailbox, and a house whose sources point there."""
    state.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        server = stack.enter_context(WorldServer())
        office = stack.enter_context(PostOffice(state / "mailbox"))
        settings = settings_for(load_settings(config, {}), server, office)
        house = stack.enter_context(opened(settings, state))
        yield house, server, office


def settings_for(settings: Settings, server: WorldServer, office: PostOffice) -> Settings:
    """``settings`` with the world's sources and outlets, and its mail server."""
    fetching = settings.runtime.fetching.model_copy(
        update={
            "allow_hosts": [server.host],
            "pages_from": ["127.0.0.1"],
            "page_interval_s": 0,
            "retries": 1,
            "retry_wait_s": 0.01,
        }
    )
    smtp = settings.runtime.smtp.model_copy(
        update={"host": office.host, "port": office.port, "security": "none", "sender": "trendwarte@demo.example"}
    )
    return settings.model_copy(
        update={
            "runtime": settings.runtime.model_copy(update={"fetching": fetching, "smtp": smtp}),
            "sources": {source.id: source for source in server.sources()},
            "outlets": {outlet.id: outlet for outlet in server.outlets()},
        }
    )


def end_of(day: date) -> datetime:
    """The last second of a day, UTC: what a night of that day may know."""
    return datetime.combine(day, time(23, 59, 59), UTC)
