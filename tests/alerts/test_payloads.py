"""What goes over the wire: each receiver's limits kept, with a count of what was left out; hostile texts stay texts."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from alerts import compose, signature
from tests.alerts.conftest import HOSTILE, NIGHT, SECRET, alert, many, quote, settings_with
from trendwarte.settings import Channel

URL = "https://hooks.example/services/T0/B0/secret"
KINDS = ("slack", "teams", "discord", "webhook")


def payload(kind, alerts, **more):
    channel = Channel(kind=kind, url=URL, secret=SECRET if kind == "webhook" else None)
    (message,) = compose(alerts, settings_with(channel, **more))
    return message, json.loads(message.body)


def check_slack(message, body):
    assert len(message.body) <= 12_000 and body["text"]
    assert 1 <= len(body["blocks"]) <= 50
    for block in body["blocks"]:
        if block["type"] == "header":
            assert 0 < len(block["text"]["text"]) <= 150
        elif block["type"] == "section":
            assert 0 < len(block["text"]["text"]) <= 3000
        else:
            assert 1 <= len(block["elements"]) <= 10 and all(0 < len(one["text"]) <= 3000 for one in block["elements"])


def check_teams(message, body):
    assert len(message.body) <= 20_000, "Teams counts 28 kB after its own expansion"
    (attachment,) = body["attachments"]
    assert body["type"] == "message" and attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert card["type"] == "AdaptiveCard" and card["version"] == "1.4" and card["fallbackText"]
    assert all(block["type"] == "TextBlock" and block["wrap"] and block["text"] for block in card["body"])


def check_discord(message, body):
    assert len(body["content"]) <= 2000 and 1 <= len(body["embeds"]) <= 10
    total = 0
    for embed in body["embeds"]:
        assert 0 < len(embed["title"]) <= 256 and 0 < len(embed["description"]) <= 4096
        total += len(embed["title"]) + len(embed["description"]) + len(embed.get("footer", {}).get("text", ""))
    assert total <= 6000 and body["allowed_mentions"] == {"parse": []}


def check_webhook(message, body):
    assert len(message.body) < 20_000
    assert set(body) == {"type", "timestamp", "data"} and body["type"] == "suitability.changed"
    assert "." not in message.message_id


CHECKS = {"slack": check_slack, "teams": check_teams, "discord": check_discord, "webhook": check_webhook}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 4, 12, 36])
def test_every_size_of_night_keeps_the_limits_of_its_receiver(kind, count):
    message, body = payload(kind, many(count))
    CHECKS[kind](message, body)
    if count == 36:
        assert "more platforms have changed" in message.body.decode() or body["data"]["truncated"] > 0


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(min_size=1, max_size=600))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_fetched_text_keeps_the_limits(kind, text):
    hostile = quote(text, outlet=text[:100], url=f"https://a.example/{text[:50]}")
    message, body = payload(kind, [alert(evidence=(hostile,) * 3, counter_evidence=(hostile,))])
    CHECKS[kind](message, body)


def test_a_headline_cannot_shout_mention_or_link_in_any_chat():
    hostile = quote(HOSTILE, outlet=HOSTILE, url="javascript:alert(1)")
    _, slack = payload("slack", [alert(evidence=(hostile,))])
    texts = " ".join(b["text"]["text"] for b in slack["blocks"] if b["type"] == "section")
    assert "<!channel>" not in texts and "<script" not in texts and "javascript:alert(1)|" not in texts
    _, teams = payload("teams", [alert(evidence=(hostile,))])
    cards = json.dumps(teams)
    assert "[x](javascript" not in cards
    _, discord = payload("discord", [alert(evidence=(hostile,))])
    assert "@everyone" not in json.dumps(discord) and "](<javascript" not in json.dumps(discord)


def test_a_link_breaks_out_of_no_chat_markup():
    url = "https://a.example/x)|y>z&q=(1)"
    _, slack = payload("slack", [alert(evidence=(quote(url=url),))])
    text = next(b["text"]["text"] for b in slack["blocks"] if b["type"] == "section")
    assert "<https://a.example/x)%7Cy%3Ez&amp;q=(1)|" in text
    _, teams = payload("teams", [alert(evidence=(quote(url=url),))])
    assert "(https://a.example/x%29|y>z&q=%281%29)" in json.dumps(teams)


@given(body=st.binary(max_size=2000), moment=st.integers(1_700_000_000, 1_900_000_000))
@settings(deadline=None)
def test_our_signature_is_that_of_the_standard_s_own_library(body, moment):
    from datetime import UTC, datetime

    theirs = Webhook(SECRET).sign("msg_1", datetime.fromtimestamp(moment, UTC), body.decode("latin-1"))
    assert signature(SECRET, "msg_1", moment, body.decode("latin-1").encode()) == theirs


def test_while_a_secret_is_exchanged_both_sign(agency):
    from demo import HookReceiver

    old = "whsec_" + "b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk"
    with HookReceiver() as receiver:
        desk = agency(settings_with(Channel(kind="webhook", url=receiver.url, secret=SECRET, old_secret=old)))
        desk.night(alert())
        desk.deliver()
        (request,) = receiver.requests
    for secret in (SECRET, old):
        assert Webhook(secret).verify(request.body, request.headers)["type"] == "suitability.changed"


def test_no_secret_and_no_address_of_a_webhook_is_in_message_log_or_listing(agency, capfd):
    secret_url = "http://127.0.0.1:9/services/T0/B0/very-secret"
    desk = agency(settings_with(Channel(kind="slack", url=secret_url)))
    desk.night(alert())
    report = desk.deliver()
    stored = str(desk.house.warehouse.con.execute("SELECT * FROM messages").fetchall())
    seen = stored + str(report) + str(desk.outbox.listing()) + "".join(capfd.readouterr())
    assert report.problems and "very-secret" not in seen


def test_the_same_night_composed_twice_gives_the_same_bytes_and_ids():
    for kind in KINDS:
        assert payload(kind, many(5)) == payload(kind, many(5))
    assert NIGHT.isoformat() in payload("webhook", many(1))[1]["timestamp"]
