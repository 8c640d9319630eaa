"""Receivers as they are: slow, overloaded, gone, moved, picky. Each gets what is right for it, the others are unaffected."""

import json
import socket
import ssl
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from standardwebhooks import Webhook

from demo import HookAnswer, HookReceiver, PostOffice
from tests.alerts.conftest import NIGHT, SECRET, alert, quote, settings_with, verdict
from trendwarte.settings import Channel
from trendwarte.telling import Silence

TO = [f"{name}@snack-us.example" for name in ("ann", "bob", "cid")]
DAY = timedelta(days=1)


def hook(receiver, **more):
    return Channel(kind="webhook", url=receiver.url, secret=SECRET, **{"timeout_s": 20} | more)


@pytest.fixture
def office():
    with PostOffice() as server:
        yield server


@pytest.fixture
def receiver():
    with HookReceiver() as server:
        yield server


def recipients(office):
    return sorted(letter.recipients[0] for letter in office.letters)


def test_one_night_reaches_every_recipient_once_and_signed(agency, office, receiver):
    desk = agency(settings_with(Channel(kind="email", to=TO), hook(receiver), smtp=office))
    assert desk.night(alert(), alert(alert_id="a-2", purpose="community")) == 4
    report = desk.deliver()
    assert report.counts["messages_sent"] == 4 and report.problems == []
    assert recipients(office) == TO
    assert all(len(letter.recipients) == 1 for letter in office.letters), "nobody sees who else is told"
    (request,) = receiver.requests
    payload = Webhook(SECRET).verify(request.body, request.headers)
    assert [change["purpose"] for change in payload["data"]["alerts"]] == ["advertising", "community"]
    assert desk.deliver(NIGHT + DAY).counts["messages_sent"] == 0


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        (HookAnswer(500), ("pending", "")),
        (HookAnswer(503), ("pending", "")),
        (HookAnswer(404), ("pending", "")),
        (HookAnswer(429, retry_after="7200"), ("pending", "")),
        (HookAnswer(302, location="http://127.0.0.1:9/elsewhere"), ("pending", "")),
        (HookAnswer(307, location="http://127.0.0.1:9/elsewhere"), ("pending", "")),
        (HookAnswer(200, delay_s=2), ("pending", "")),
        (HookAnswer(400), ("dead", "refused")),
        (HookAnswer(410), ("dead", "gone")),
    ],
    ids=lambda value: str(value.status) + ("-slow" if value.delay_s else "") if isinstance(value, HookAnswer) else value[0],
)  # fmt: skip
def test_an_answer_decides_the_fate_of_its_message_and_of_no_other(agency, office, receiver, answer, fate):
    receiver.answer_with(*[answer] * 5)
    with HookReceiver() as sound:
        patience = 0.6 if answer.delay_s else 20
        channels = (Channel(kind="email", to=TO[:1]), hook(receiver, timeout_s=patience), hook(sound))
        desk = agency(settings_with(*channels, smtp=office))
        desk.night(alert())
        report = desk.deliver()
    assert report.counts["messages_sent"] == 2 and report.problems
    assert recipients(office) == TO[:1] and len(sound.requests) == 1
    assert [one[2:] for one in desk.fates() if one[2] != "sent"] == [fate]
    assert receiver.url.rpartition("/")[2] not in " ".join(report.problems).replace("webhook", ""), (
        "the address is a secret"
    )


def test_a_server_error_is_tried_again_at_once_and_then_patiently_under_one_id(agency, receiver):
    receiver.answer_with(HookAnswer(500), HookAnswer(502), HookAnswer(500))
    desk = agency(settings_with(hook(receiver)))
    desk.night(alert())
    desk.deliver()
    assert len(receiver.requests) == 2, "the second try follows at once, the third after minutes"
    desk.deliver(NIGHT + timedelta(minutes=4))
    assert len(receiver.requests) == 2
    desk.deliver(NIGHT + timedelta(minutes=7))
    assert desk.deliver(NIGHT + timedelta(hours=2)).counts["messages_sent"] == 1
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len({request.body for request in receiver.requests}) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_too_many_requests_waits_as_long_as_asked_with_all_that_waits_there(agency, receiver, form):
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    receiver.answer_with(HookAnswer(429, retry_after="3600" if form == "seconds" else in_an_hour))
    desk = agency(settings_with(hook(receiver)))
    desk.night(alert())
    desk.night(alert(alert_id="a-2", platform="x", as_of=NIGHT + DAY / 24 / 60), at=NIGHT + DAY / 24 / 60)
    desk.deliver(NIGHT + DAY / 24 / 30)
    desk.deliver(NIGHT + timedelta(minutes=50))
    assert len(receiver.requests) == 1
    assert desk.deliver(NIGHT + timedelta(minutes=70)).counts["messages_sent"] == 2


def test_a_receiver_that_is_gone_gets_nothing_more_until_it_is_opened_again(agency, office, receiver):
    receiver.answer_with(HookAnswer(410))
    operator = Channel(kind="email", name="operator", to=["ops@agency.example"])
    desk = agency(settings_with(hook(receiver), smtp=office, rules={"operator": [operator]}))
    desk.night(alert())
    desk.deliver()
    assert recipients(office) == ["ops@agency.example"], "the operator hears of it through another channel"
    assert "alerts retry" in office.messages[0].get_body(("plain",)).get_content()
    desk.night(alert(alert_id="a-2", platform="x", as_of=NIGHT + DAY), at=NIGHT + DAY)
    desk.deliver(NIGHT + DAY)
    assert len(receiver.requests) == 1
    assert ("suppressed", "closed") in [fate[2:] for fate in desk.fates()]
    with desk.house.warehouse.transaction():
        assert desk.outbox.retry(NIGHT + DAY, []) == 2
    desk.deliver(NIGHT + DAY)
    assert len(receiver.requests) == 3 and {fate[2] for fate in desk.fates()} == {"sent"}


class Dripper(threading.Thread):
    """Accepts, and answers one byte every tenth of a second: no socket timeout ever fires."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.over = threading.Event()
        self.start()

    def run(self):
        try:
            peer, _ = self.socket.accept()
        except OSError:
            return
        with peer:
            for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: " + b"a" * 1000:
                if self.over.wait(0.1):
                    return
                try:
                    peer.send(bytes([byte]))
                except OSError:
                    return

    def close(self):
        self.over.set()
        self.socket.close()
        self.join()


def test_a_receiver_that_drips_is_cut_off_and_holds_up_nobody(agency, office):
    dripper = Dripper()
    url = f"http://127.0.0.1:{dripper.socket.getsockname()[1]}/hook"
    slow = Channel(kind="webhook", url=url, secret=SECRET, timeout_s=0.6)
    desk = agency(settings_with(slow, Channel(kind="email", to=TO), smtp=office))
    desk.night(alert())
    began = time.monotonic()
    report = desk.deliver()
    dripper.close()
    assert time.monotonic() - began < 60, "the whole answer would take 100 s"
    assert recipients(office) == TO
    assert any("no answer within 0.6 s" in problem or "refused" in problem.lower() for problem in report.problems)


def test_one_refused_of_three_mailboxes_is_given_up_and_the_two_others_read(agency, office):
    office.refuse(TO[1])
    desk = agency(settings_with(Channel(kind="email", to=TO), smtp=office))
    desk.night(alert())
    report = desk.deliver()
    assert recipients(office) == [TO[0], TO[2]]
    assert [fate[1:] for fate in desk.fates() if fate[2] == "dead"] == [(TO[1], "dead", "refused")]
    assert any("550" in problem for problem in report.problems)


def test_a_mail_server_that_dawdles_past_the_timeout_gets_the_letter_again_under_its_id(agency, office):
    patient = settings_with(Channel(kind="email", to=TO[:1]), smtp=office)
    smtp = patient.runtime.smtp.model_copy(update={"timeout_s": 0.5})
    hasty = patient.model_copy(update={"runtime": patient.runtime.model_copy(update={"smtp": smtp})})
    desk = agency(hasty)
    desk.night(alert())
    office.dawdle(1.2)
    desk.deliver()
    office.dawdle(0)
    desk.change(patient)
    assert desk.deliver(NIGHT + timedelta(hours=1)).counts["messages_sent"] == 1
    assert len({letter.message["Message-ID"] for letter in office.letters}) == 1


def test_a_silenced_alert_is_told_when_the_silence_ends_if_it_is_still_true(agency, office):
    desk = agency(settings_with(Channel(kind="email", to=TO[:1]), smtp=office))
    with desk.house.warehouse.transaction():
        desk.outbox.silence(Silence("s-1", NIGHT - DAY, NIGHT + 2 * DAY, "Eva", "the client knows", platform="tiktok"))
    desk.night(alert())
    desk.deliver()
    assert office.letters == [] and desk.fates()[0][2:] == ("suppressed", "silenced")
    later = NIGHT + DAY
    desk.night(at=later, standing=[verdict(alert(as_of=later))])
    assert desk.deliver(later).counts["messages_sent"] == 0
    later = NIGHT + 3 * DAY
    desk.night(at=later, standing=[verdict(alert(as_of=later))])
    desk.deliver(later)
    (letter,) = office.messages
    assert "had not reached you" in letter.get_body(("plain",)).get_content()
    later = NIGHT + 4 * DAY
    desk.night(at=later, standing=[verdict(alert(as_of=later))])
    assert desk.deliver(later).counts["messages_sent"] == 0, "told once"


def test_after_three_deaf_days_the_message_is_dead_and_the_truth_of_the_day_is_told_instead(agency, receiver):
    receiver.answer_with(*[HookAnswer(500)] * 40)
    desk = agency(settings_with(hook(receiver)))
    desk.night(alert())
    for hour in range(0, 80, 4):
        desk.deliver(NIGHT + timedelta(hours=hour))
    assert desk.fates() == [(desk.fates()[0][0], desk.fates()[0][0], "dead", "expired")]
    tries = len(receiver.requests)
    assert 6 <= tries <= 10
    receiver.forget_script()
    later = NIGHT + 4 * DAY
    desk.night(at=later, standing=[verdict(alert(as_of=later))])
    assert desk.deliver(later).counts["messages_sent"] == 1
    assert json.loads(receiver.requests[-1].body)["data"]["sections"][0]["reasons"][0].startswith("Told late")


def test_what_nobody_could_send_for_three_days_is_not_poured_out_at_once(agency, office):
    desk = agency(settings_with(Channel(kind="email", to=TO[:1])))
    for day in range(6):
        at = NIGHT + day * DAY
        bands = ("test", "exit") if day % 2 else ("exit", "test")
        desk.night(alert(alert_id=f"a-{day}", as_of=at, from_band=bands[0], to_band=bands[1]), at=at)
    assert any("no SMTP server" in problem for problem in desk.deliver(NIGHT + 5 * DAY).problems)
    waiting = [fate[2:] for fate in desk.fates()]
    assert waiting.count(("dead", "expired")) == 2 and waiting.count(("pending", "")) == 4


def test_quiet_hours_hold_a_decision_until_morning_and_let_an_urgent_one_pass(agency, office):
    quiet = {"start": "20:00", "end": "07:30"}
    desk = agency(settings_with(Channel(kind="email", to=TO[:1], quiet=quiet, time_zone="Europe/Berlin"), smtp=office))
    desk.night(alert(severity="decide"))
    desk.night(alert(alert_id="a-2", platform="x", as_of=NIGHT + timedelta(minutes=1)), at=NIGHT + timedelta(minutes=1))
    desk.deliver(NIGHT + timedelta(minutes=2))
    assert ["X" in letter["Subject"] for letter in office.messages] == [True]
    assert desk.deliver(datetime(2026, 3, 4, 6, 29, tzinfo=UTC)).counts["messages_sent"] == 0
    assert desk.deliver(datetime(2026, 3, 4, 6, 31, tzinfo=UTC)).counts["messages_sent"] == 1


def test_a_claim_of_a_dead_process_is_taken_over_and_a_fresh_one_is_not(agency, receiver):
    desk = agency(settings_with(hook(receiver)))
    desk.night(alert())
    ((_, (message_id,)),) = desk.outbox.due(NIGHT, ["webhook"], "first").items()
    assert desk.outbox.claim(message_id, NIGHT, "first") is not None
    assert desk.outbox.claim(message_id, NIGHT, "first") is None, "compare-and-set: one holder takes it once"
    assert desk.outbox.due(NIGHT, ["webhook"], "first") == {}
    assert desk.deliver().counts["messages_sent"] == 1
    assert desk.outbox.claim(message_id, NIGHT, "third") is None


def test_moving_a_channel_in_the_list_does_not_move_its_messages(agency, receiver):
    with HookReceiver() as other:
        settings = settings_with(hook(receiver))
        desk = agency(settings)
        desk.night(alert())
        client = settings.clients["snack-us"].model_copy(update={"channels": [hook(other), hook(receiver)]})
        moved = settings.model_copy(update={"clients": {"snack-us": client}})
        desk.change(moved)
        desk.deliver()
        assert len(receiver.requests) == 1 and other.requests == []


@pytest.mark.parametrize("url", ["https://127.0.0.1:9/", "https://[::1]:9/", "https://[::ffff:10.0.0.1]/", "https://100.64.1.1/",
                                 "https://169.254.169.254/latest", "http://example.org/"])  # fmt: skip
def test_private_and_plain_addresses_are_refused_unless_allowed(agency, url):
    settings = settings_with(Channel(kind="webhook", url=url, secret=SECRET))
    closed = settings.runtime.model_copy(update={"allow_private_webhooks": False})
    desk = agency(settings.model_copy(update={"runtime": closed}))
    desk.night(alert())
    report = desk.deliver()
    assert report.counts["messages_sent"] == 0
    assert any("private address" in p or "needs an https" in p for p in report.problems)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost that only this test trusts: (server context, file to trust)."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, folder / "cert.pem"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_letters_go_encrypted_to_a_server_that_proves_who_it_is(agency, certificate, monkeypatch, security):
    context, trusted = certificate
    with PostOffice(certificate=context, is_implicit=security == "tls") as office:
        settings = settings_with(Channel(kind="email", to=TO[:1]), smtp=office)
        smtp = settings.runtime.smtp.model_copy(update={"host": "localhost", "security": security})
        desk = agency(settings.model_copy(update={"runtime": settings.runtime.model_copy(update={"smtp": smtp})}))
        desk.night(alert())
        report = desk.deliver()
        assert office.letters == [] and any("certificate not accepted" in problem for problem in report.problems)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert desk.deliver(NIGHT + timedelta(hours=1)).counts["messages_sent"] == 1
        assert recipients(office) == TO[:1]


def test_a_maildir_holds_one_file_however_often_the_same_message_is_put_there(agency, tmp_path):
    desk = agency(settings_with(Channel(kind="maildir", folder=str(tmp_path / "box"))))
    desk.night(alert(evidence=(quote("Grüße"),)))
    desk.deliver()
    desk.house.warehouse.con.execute("UPDATE messages SET status = 'pending', next_try_at = ?", [NIGHT])
    desk.deliver(NIGHT + DAY)
    assert len(list((tmp_path / "box" / "new").iterdir())) == 1


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # apprise loads all its plugins
def test_apprise_carries_alerts_to_services_we_do_not_know(agency, receiver):
    url = receiver.url.replace("http://", "json://")
    desk = agency(settings_with(Channel(kind="apprise", url=url)))
    desk.night(alert())
    assert desk.deliver().counts["messages_sent"] == 1
    body = json.loads(receiver.requests[0].body)
    assert body["title"].startswith("Act: TikTok") and "exit" in body["message"]
    receiver.answer_with(HookAnswer(500), HookAnswer(500))
    desk.night(alert(alert_id="a-2", platform="x", as_of=NIGHT + DAY), at=NIGHT + DAY)
    assert desk.deliver(NIGHT + DAY).counts["messages_sent"] == 0
