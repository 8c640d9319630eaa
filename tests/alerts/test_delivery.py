"""Messages on real servers: a webhook's signature, its refusals, words in both languages."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from alerts import catalogue, compose, send
from demo import HookReceiver
from trendwarte.config_files import load_settings
from trendwarte.errors import DeliveryError
from trendwarte.settings import Channel
from trendwarte.telling import next_attempt
from trendwarte.types import Alert, Evidence, Reason

CONFIG = Path(__file__).parents[2] / "config"
NOW = datetime.now(UTC)
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def alert(**more):
    quote = Evidence(
        "d1", "Titel", "Zitat <b>fett</b>", "https://aldermoor.example/1", "The Ledger", "quality_press", NOW, "en"
    )
    values = {
        "alert_id": "a-1", "run_id": "r", "as_of": NOW, "client": "snack-us", "platform": "tiktok",
        "purpose": "advertising", "severity": "act", "rule": "floor_set", "from_band": "recommend", "to_band": "exit",
        "title": "t", "presence": "active", "evidence": (quote,),
        "reasons": (Reason("floor_set", floor="F3", instrument="us-pafaca", jurisdiction="US"),),
    }  # fmt: skip
    return Alert(**values | more)


def settings_with(channel):
    settings = load_settings(CONFIG, {})
    client = settings.clients["snack-us"].model_copy(update={"channels": [channel]})
    runtime = settings.runtime.model_copy(update={"allow_private_webhooks": True})
    return settings.model_copy(update={"clients": settings.clients | {"snack-us": client}, "runtime": runtime})


def test_the_webhook_is_signed_so_that_another_implementation_accepts_it():
    with HookReceiver() as receiver:
        settings = settings_with(Channel(kind="webhook", url=receiver.url, secret=SECRET, severities=["act"]))
        (message,) = compose([alert()], settings)
        assert send(message, settings, datetime.now(UTC)) == "200"
        (request,) = receiver.requests
        payload = Webhook(SECRET).verify(request.body, request.headers)
        assert payload["type"] == "suitability.changed"
        assert request.headers["webhook-id"] == message.message_id
        assert json.loads(request.body)["data"]["alerts"][0]["to_band"] == "exit"


def test_a_private_address_is_refused_unless_the_operator_allows_it():
    settings = settings_with(Channel(kind="webhook", url="https://127.0.0.1:9/", secret=SECRET, severities=["act"]))
    settings = settings.model_copy(
        update={"runtime": settings.runtime.model_copy(update={"allow_private_webhooks": False})}
    )
    (message,) = compose([alert()], settings)
    with pytest.raises(DeliveryError, match="private") as caught:
        send(message, settings, datetime.now(UTC))
    assert caught.value.permanent


def test_fetched_text_is_escaped_in_mail_and_the_same_bytes_come_out_twice():
    settings = settings_with(Channel(kind="email", to=["team@snack-us.example"]))
    (one,), (two,) = compose([alert()], settings), compose([alert()], settings)
    assert one == two
    assert b"<b>fett</b>" not in one.body.split(b"text/html")[1]


def test_a_digest_note_is_not_sent():
    settings = settings_with(Channel(kind="email", to=["team@snack-us.example"]))
    assert compose([alert(status="digest")], settings) == []


def test_both_languages_say_the_same_things():
    german, english = catalogue("de"), catalogue("en")
    assert {g: set(words) for g, words in german.items()} == {g: set(words) for g, words in english.items()}


def test_retries_end_after_three_days():
    rules = load_settings(CONFIG, {}).alerts
    assert next_attempt(1, NOW, NOW, rules) == NOW, "the second try follows at once"
    assert next_attempt(2, NOW, NOW, rules) == NOW + timedelta(minutes=5)
    assert next_attempt(2, NOW, NOW, rules, 3600) == NOW + timedelta(hours=1)
    assert next_attempt(9, NOW - timedelta(hours=71), NOW, rules) is None
