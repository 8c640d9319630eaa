"""Folder server, post office and hook receiver: what they take, and what they answer."""

import http.client
import mailbox
import smtplib
from contextlib import closing
from email.message import EmailMessage
from urllib.parse import urlsplit

import feedparser
import pytest

from demo import FolderServer, HookAnswer, HookReceiver, PostOffice

RSS = '<?xml version="1.0" encoding="iso-8859-1"?><rss version="2.0"><channel><title>Grüße</title></channel></rss>'
ATOM = '<!-- saved --><feed xmlns="http://www.w3.org/2005/Atom"><title>A</title></feed>'


def ask(url, method="GET", body=None, headers=None):
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=10)) as connection:
        connection.request(method, parts.path, body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def letter(to="anna@kundin.example"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "warte@demo.example", to, "Grüße"
    message.set_content("Ein Brief.")
    return message


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "gruss.xml").write_bytes(RSS.encode("iso-8859-1"))
    (tmp_path / "saved" / "neu heute.atom").write_text(ATOM)
    (tmp_path / "saved" / "list.json").write_text("[]")
    (tmp_path / "secret.txt").write_text("not yours")
    return tmp_path / "saved"


def test_saved_feeds_are_served_as_what_they_are(folder):
    with FolderServer(folder) as server:
        urls = server.feed_urls()
        assert list(urls) == ["gruss", "neu heute"]
        _, headers, body = ask(urls["gruss"])
        assert headers["content-type"] == "application/rss+xml"
        assert feedparser.parse(body).feed.title == "Grüße"
        assert ask(urls["neu heute"])[1]["content-type"] == "application/atom+xml"
        assert ask(f"{server.url}/list.json")[1]["content-type"] == "application/json"


def test_a_saved_feed_gives_304_until_it_is_written_again(folder):
    with FolderServer(folder) as server:
        url = server.feed_urls()["gruss"]
        known = ask(url)[1]
        assert ask(url, headers={"If-None-Match": known["etag"]})[0] == 304
        assert ask(url, headers={"If-Modified-Since": known["last-modified"]})[0] == 304
        (folder / "gruss.xml").write_text(ATOM)
        assert ask(url, headers={"If-None-Match": known["etag"]})[0] == 200


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "//etc/passwd", "/nowhere.xml"])
def test_no_request_leaves_the_folder(folder, path):
    with FolderServer(folder) as server:
        assert ask(server.url + path)[0] == 404


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(NotADirectoryError, match="saved feeds"):
        FolderServer(tmp_path / "nowhere")


def test_letters_arrive_in_a_maildir_byte_for_byte(tmp_path):
    with PostOffice(tmp_path / "mail") as office:
        with smtplib.SMTP(office.host, office.port, timeout=10) as relay:
            relay.send_message(letter(), to_addrs=["anna@kundin.example", "bernd@kundin.example"])
        (kept,) = office.letters
    assert kept.recipients == ("anna@kundin.example", "bernd@kundin.example")
    assert kept.message["Subject"] == "Grüße"
    (stored,) = mailbox.Maildir(tmp_path / "mail")
    assert stored.get_payload(decode=True).decode().strip() == "Ein Brief."


def test_a_refused_recipient_fails_for_good_and_a_busy_office_for_now():
    with PostOffice() as office:
        office.refuse("Weg@kundin.example")
        office.fail_temporarily(1)
        with smtplib.SMTP(office.host, office.port, timeout=10) as relay:
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                relay.send_message(letter("weg@kundin.example"))
            assert refused.value.recipients["weg@kundin.example"][0] == 550
            with pytest.raises(smtplib.SMTPDataError) as busy:
                relay.send_message(letter())
            assert busy.value.smtp_code == 451
            relay.send_message(letter())
        assert len(office.messages) == 1


def test_the_office_closes_while_a_client_is_still_connected():
    with PostOffice() as office:
        relay = smtplib.SMTP(office.host, office.port, timeout=10)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        relay.send_message(letter())
    relay.close()


def test_webhooks_are_kept_as_they_came_and_answered_as_scripted():
    script = (
        HookAnswer(429, retry_after="120"),
        HookAnswer(410),
        HookAnswer(307, location="http://elsewhere.example/"),
    )
    with HookReceiver(*script) as receiver:
        body = '{"grüße": 1}'.encode()
        first = ask(receiver.url, "POST", body, {"Webhook-Id": "m-1"})
        assert (first[0], first[1]["retry-after"]) == (429, "120")
        assert ask(receiver.url, "POST", body)[0] == 410
        moved = ask(receiver.url, "POST", body)
        assert (moved[0], moved[1]["location"]) == (307, "http://elsewhere.example/")
        assert ask(receiver.url, "POST", body)[0] == 200
        receiver.answer_with(HookAnswer(500))
        assert ask(receiver.url, "POST", body)[0] == 500
        assert len(receiver.requests) == 5
        kept = receiver.requests[0]
        assert (kept.method, kept.path, kept.body, kept.headers["webhook-id"]) == ("POST", "/hook", body, "m-1")


def test_a_slow_receiver_does_not_hold_up_its_closing():
    receiver = HookReceiver(HookAnswer(delay_s=60))
    with receiver:
        parts = urlsplit(receiver.url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        connection.request("POST", "/hook", body=b"x")
        while not receiver.requests:
            pass
    connection.close()
