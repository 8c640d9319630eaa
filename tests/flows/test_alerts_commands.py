"""``trendwarte alerts`` and the heartbeat, as an operator uses them."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from demo import HookAnswer, HookReceiver
from flows.cli import app
from flows.house import now, opened
from flows.tell import queue_messages
from flows.watching import watched
from tests.alerts.conftest import SECRET, alert, verdict
from trendwarte.config_files import load_settings
from trendwarte.errors import ConfigError
from trendwarte.types import RunReport

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def receiver():
    with HookReceiver() as server:
        yield server


@pytest.fixture
def place(tmp_path, receiver, monkeypatch):
    """A configuration whose American client has one webhook, and a state with one alert queued for it."""
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    path = config / "clients" / "snack-us.yaml"
    mail = "- {kind: email, to: [team@snack-us.example]}"
    hook = '- {kind: webhook, name: hook, url: "${env:HOOK_URL}", secret: "${env:HOOK_SECRET}"}'
    text = path.read_text("utf-8")
    assert mail in text
    path.write_text(text.replace(mail, hook), "utf-8")
    with (config / "settings.yaml").open("a", encoding="utf-8") as stream:
        stream.write("allow_private_webhooks: true\n")
    monkeypatch.setenv("HOOK_URL", receiver.url)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    state = tmp_path / "state"
    one = alert(as_of=now() - timedelta(hours=1))
    settings = load_settings(config, {"HOOK_URL": receiver.url, "HOOK_SECRET": SECRET})
    with opened(settings, state) as house, house.warehouse.transaction():
        house.warehouse.verdicts.store_alerts([one])
        assert queue_messages(house, one.as_of, [one], [verdict(one)]) == 1
    return ["--config", str(config), "--state", str(state)]


def call(*words, code=0):
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == code, done.output + str(done.exception)
    return json.loads(done.stdout)


def test_a_waiting_message_is_listed_delivered_and_listed_again(place, receiver):
    (row,) = call("alerts", "list", *place)
    assert (row["status"], row["channel"], row["severity"]) == ("pending", "hook", "act")
    assert call("alerts", "deliver", *place) == [{"sent": 1, "problems": 0}]
    (row,) = call("alerts", "list", "--status", "sent", *place)
    assert row["attempts"] == 1 and len(receiver.requests) == 1
    assert call("alerts", "deliver", *place) == [{"sent": 0, "problems": 0}]


def test_a_refused_message_is_put_back_by_hand(place, receiver):
    receiver.answer_with(HookAnswer(400))
    call("alerts", "deliver", *place, code=1)
    (row,) = call("alerts", "list", "--status", "dead", *place)
    assert row["outcome"] == "refused"
    assert call("alerts", "retry", row["message_id"], *place) == [{"put_back": 1, "sent": 1}]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


def test_a_silence_has_matchers_an_end_a_reason_and_an_author_and_can_be_ended(place):
    (silence,) = call(
        "alerts", "silence", "--platform", "tiktok", "--days", "7", "--reason", "announced", "--author", "Eva", *place
    )
    assert (silence["platform"], silence["client"], silence["author"], silence["reason"]) == (
        "tiktok",
        "*",
        "Eva",
        "announced",
    )
    until = datetime.fromisoformat(silence["until_at"])
    assert timedelta(days=6.9) < until - datetime.now(UTC) <= timedelta(days=7)
    assert call("alerts", "silence", *place) == [silence]
    assert call("alerts", "silence", "--end", silence["silence_id"], *place) == []
    assert CliRunner().invoke(app, ["alerts", "silence", "--end", "s-nobody", *place]).exit_code == 2


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["--client", "snack-uss"], "use bank-frankfurt"), (["--platform", "tictoc"], "see config/platforms"),
        (["--until", "2020-01-01"], "name a time to come"), (["--days", "nan"], "write 14"),
        (["--severity", "urgent"], "use act, decide, note"), (["--channel", "pager"], "use email, hook"),
        (["--purpose", "adverts"], "use earned_pr"), (["--platform", "tik?"], "see config/platforms"),
        (["--client", "snack-us", "--channel", "email"], "use hook"),
        (["--client", "snack-us", "--purpose", "crisis_comms"], "use advertising, community, earned_pr"),
    ],
)  # fmt: skip
def test_a_silence_that_would_match_nothing_is_refused_with_a_remedy(place, words, remedy):
    done = CliRunner().invoke(app, ["alerts", "silence", "--reason", "x", *words, *place])
    assert isinstance(done.exception, ConfigError) and remedy in str(done.exception)
    assert call("alerts", "silence", *place) == []


def test_patterns_of_a_silence_match_what_is_configured(place):
    (kept,) = call(
        "alerts", "silence", "--reason", "x", "--client", "snack*", "--platform", "tik*", "--channel", "h*", *place
    )
    assert (kept["client"], kept["platform"], kept["channel"]) == ("snack*", "tik*", "h*")


def test_a_probe_reaches_the_channel_and_reports_one_that_does_not_answer(place, receiver):
    config = place[:2]
    (row,) = call("alerts", "test", "--client", "snack-us", *config)
    assert row == {"client": "snack-us", "channel": "hook", "to": "", "is_ok": True, "detail": "200"}
    assert json.loads(receiver.requests[0].body)["type"] == "alert.test"
    receiver.answer_with(HookAnswer(500))
    (row,) = call("alerts", "test", "--client", "snack-us", *config, code=1)
    assert row["detail"] == "the receiver answered 500"


def heard(receiver):
    return [request.path.rpartition("/hook")[2].partition("?")[0] for request in receiver.requests]


@pytest.fixture
def house(receiver, tmp_path):
    """A house whose heartbeat is heard by ``receiver``."""
    settings = load_settings(CONFIG, {})
    heart = {"heartbeat_url": SecretStr(receiver.url), "allow_private_webhooks": True}
    settings = settings.model_copy(update={"runtime": settings.runtime.model_copy(update=heart)})
    with opened(settings, tmp_path / "state") as open_house:
        yield open_house


def test_the_heartbeat_hears_the_start_the_problems_and_the_failure(house, receiver):
    with watched(house, now()) as watch:
        watch.ended(RunReport("night-1", now(), problems=["one message failed"]))
    assert heard(receiver) == ["/start", ""]
    assert b"one message failed" in receiver.requests[1].body
    with pytest.raises(ValueError, match="broken"), watched(house, now()):
        raise ValueError("broken")
    assert heard(receiver)[2:] == ["/start", "/fail"]


def test_a_deaf_monitor_never_stops_a_night(house, receiver):
    receiver.answer_with(HookAnswer(500), HookAnswer(500))
    with watched(house, now()) as watch:
        watch.ended(RunReport("night-1", now()))
    assert heard(receiver) == ["/start", ""]
