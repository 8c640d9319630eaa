"""Fetching from servers as they are: slow, moved, full, angry, lying."""

import gzip
import pickle
import socket
import threading
import time
import zlib
from itertools import pairwise

import pytest

from sources.guard import refusal
from trendwarte.errors import FetchError
from trendwarte.types import NotModified, Payload, Validators

FEED = b"<rss version='2.0'><channel><item><title>t</title></item></channel></rss>"


def failure(ask, *args, **named):
    with pytest.raises(FetchError) as caught:
        ask(*args, **named)
    return caught.value


def test_validators_go_back_as_they_came_quotes_and_all(site, ask):
    stamps = {"ETag": 'W/"a b"', "Last-Modified": "Tue, 02 Jun 2026 07:00:00 GMT"}
    site.paths["/feed"] = (200, stamps, FEED)
    first = ask()
    assert (first.validators.etag, first.validators.last_modified) == tuple(stamps.values())
    site.paths["/feed"] = (304, {"ETag": '"new"'}, b"")
    second = ask(validators=first.validators)
    sent = site.asked("/feed")[1]
    assert (sent["if-none-match"], sent["if-modified-since"]) == tuple(stamps.values())
    assert isinstance(second, NotModified)
    assert second.validators == Validators('"new"', stamps["Last-Modified"], first.validators.body_hash)


def test_the_same_bytes_are_no_news_even_from_a_server_without_validators(site, ask):
    site.paths["/feed"] = (200, {}, FEED)
    assert isinstance(ask(validators=ask().validators), NotModified)


def test_304_to_a_question_nobody_asked_is_a_failure(site, ask):
    site.paths["/feed"] = (304, {}, b"")
    assert not failure(ask).permanent


@pytest.mark.parametrize(
    ("status", "state", "is_permanent"),
    [
        (404, "dead", True),
        (410, "dead", True),
        (401, "blocked", True),
        (403, "blocked", True),
        (451, "blocked", True),
        (202, "blocked", True),
        (408, "unreachable", False),
        (500, "unreachable", False),
        (503, "unreachable", False),
        (429, "rate_limited", True),
    ],
)
def test_each_status_says_what_it_is_and_whether_a_retry_helps(site, ask, status, state, is_permanent):
    site.paths["/feed"] = (status, {}, b"x" * (10 if status < 300 else 200_000))
    error = failure(ask)
    assert (error.state, error.permanent, error.status) == (state, is_permanent, status)
    assert pickle.loads(pickle.dumps(error)).state == state


@pytest.mark.parametrize(
    ("status", "value", "wait_s"),
    [
        (429, "600", 600),
        (503, "120", 120),
        (429, "Wed, 10 Jun 2026 12:05:00 GMT", 300),
        (503, "Wed, 10 Jun 2026 12:05:00 GMT", 300),
        (429, "Wed, 10 Jun 2026 11:00:00 GMT", 0),
        (429, "99999999999999999999", 7 * 86_400),
        (429, "soon", 3_600),
        (429, "²", 3_600),
        (429, "-5", 3_600),
    ],
)
def test_the_wait_a_server_asks_for_is_passed_on(site, ask, status, value, wait_s):
    site.paths["/feed"] = (status, {"Retry-After": value}, b"")
    error = failure(ask)
    assert (error.state, error.permanent, error.retry_after_s) == ("rate_limited", True, wait_s)


def test_a_bot_check_under_status_200_is_a_block(site, ask):
    site.paths["/feed"] = (200, {"cf-mitigated": "challenge"}, b"<html>")
    assert failure(ask).state == "blocked"


@pytest.mark.parametrize("name", ["gzip", "x-gzip", "deflate", "raw-deflate", "two members", "padding"])
def test_compressed_answers_arrive_whole(site, ask, name):
    raw = zlib.compressobj(wbits=-15)
    bodies = {
        "deflate": zlib.compress(FEED),
        "raw-deflate": raw.compress(FEED) + raw.flush(),
        "two members": gzip.compress(FEED[:20]) + gzip.compress(FEED[20:]),
        "padding": gzip.compress(FEED) + b"\0" * 50,
    }
    encoding = "deflate" if "deflate" in name else "gzip"
    site.paths["/feed"] = (200, {"Content-Encoding": encoding}, bodies.get(name) or gzip.compress(FEED))
    assert ask().body == FEED


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"0" * 100_001),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"0" * 30_000_000)),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"") * 6_000),
        ({"Content-Encoding": "br"}, b"abc"),
    ],
    ids=["long", "bomb", "endless members", "unknown encoding"],
)
def test_too_many_bytes_are_refused_before_or_after_unpacking(site, ask, headers, body):
    site.paths["/feed"] = (200, headers, body)
    assert failure(ask).state == "parse_error"


def test_the_body_of_a_redirect_is_never_unpacked(site, ask, monkeypatch):
    bomb = gzip.compress(b"0" * 50_000_000)
    site.paths["/feed"] = (302, {"Location": "/there", "Content-Encoding": "gzip"}, bomb)
    site.paths["/there"] = (200, {}, FEED)
    read = []
    monkeypatch.setattr("requests.models.Response.content", property(lambda response: read.append(response)))
    assert ask().body == FEED
    assert not read


def test_a_truncated_body_is_a_failure_that_may_pass(site, ask):
    def cut(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<rss>")

    site.paths["/feed"] = cut
    assert not failure(ask).permanent
    site.paths["/feed"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(FEED)[:-12])
    assert not failure(ask).permanent


@pytest.mark.parametrize("has_headers", [True, False])
def test_a_server_that_drips_is_cut_at_the_deadline(site, ask, has_headers):
    is_over = threading.Event()

    def drip(handler):
        if has_headers:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not is_over.wait(0.02):
            handler.wfile.write(b"<")

    site.paths["/feed"] = drip
    started = time.monotonic()
    try:
        error = failure(ask, limits={"deadline_s": 0.4})
    finally:
        is_over.set()
    assert time.monotonic() - started < 2
    assert (error.state, error.permanent) == ("unreachable", False)


def test_the_deadline_counts_for_all_hops_together(site, ask):
    def late(handler):
        time.sleep(0.3)
        handler.answer(302, {"Location": "/feed"}, b"")

    site.paths["/feed"] = late
    started = time.monotonic()
    failure(ask, limits={"deadline_s": 0.5, "max_redirects": 50})
    assert time.monotonic() - started < 2


def test_redirects_are_followed_to_the_address_the_bytes_came_from(site, ask):
    site.paths |= {
        "/feed": (301, {"Location": "/neu/über uns".encode().decode("latin-1")}, b""),
        "/neu/%C3%BCber%20uns": (308, {"Location": "?a=1"}, b""),
    }
    error = failure(ask)
    assert error.state == "dead"
    assert site.seen[-1][0] == "/neu/%C3%BCber%20uns?a=1"


@pytest.mark.parametrize(
    ("location", "state"),
    [
        ("/feed", "dead"),
        ("", "dead"),
        ("http://[", "dead"),
        ("http://169.254.169.254/latest/meta-data", "blocked"),
        ("http://[::1]:1/", "blocked"),
        ("http://0x7f.1/", "blocked"),
        ("http://2130706433/", "blocked"),
        ("http://localhost:1/", "blocked"),
        ("http://[::ffff:10.0.0.1]/", "blocked"),
        ("http://user:pw@a.example/", "blocked"),
        ("file:///etc/passwd", "blocked"),
        ("gopher://a.example/", "blocked"),
        ("http://127.0.0.1\\@a.example/", "blocked"),
    ],
)
def test_a_redirect_leads_nowhere_it_must_not(site, ask, location, state):
    site.paths["/feed"] = (302, {"Location": location}, b"")
    error = failure(ask)
    assert (error.state, error.permanent) == (state, True)


def test_loopback_is_refused_without_leave_and_the_remedy_named(site, ask):
    error = failure(ask, allow=[])
    assert error.state == "blocked" and "allow_hosts" in str(error)
    assert not site.seen


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.255.255.254",
     "169.254.169.254", "172.16.0.1", "172.31.255.254", "192.0.0.1", "192.0.2.7", "192.88.99.1", "192.168.1.1", "198.18.0.1",
     "198.51.100.1", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1",
     "fe80::1%eth0", "febf::1", "fec0::1", "fc00::1", "fd00::1", "ff02::1", "2002:a00:1::", "2002:7f00:1::", "64:ff9b::a00:1",
     "64:ff9b::7f00:1", "64:ff9b:1::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:6440:1", "100::1", "2001:0:1::",
     "2001:db8::1", "not an address"],
)  # fmt: skip
def test_special_addresses_are_refused(address):
    assert refusal(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1",
     "192.167.1.1", "192.169.0.1", "223.255.255.254", "2a00:1450:4001::200e", "2606:4700::1111", "64:ff9b::808:808"],
)  # fmt: skip
def test_public_addresses_are_not(address):
    assert refusal(address) is None


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001",
     "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "0", "0.0.0.0", "①②⑦.⓪.⓪.①", "127。0。0。1",
     "a@127.0.0.1", "8.8.8.8\\@127.0.0.1"],
)  # fmt: skip
def test_loopback_is_refused_however_it_is_spelled(site, ask, host):
    port = site.host.rpartition(":")[2]
    error = failure(ask, url=f"http://{host}:{port}/feed", allow=[])
    assert error.state in ("blocked", "dead", "unreachable")
    assert not site.seen


def test_a_name_that_points_elsewhere_the_second_time_is_checked_on_the_address_it_is_connected_to(
    ask, site, monkeypatch
):
    asked = []

    def resolve(host, port, **named):
        asked.append(host)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(2, 1, 6, "", (address, port))]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    monkeypatch.setattr("socket.socket.connect", lambda sock, endpoint: (_ for _ in ()).throw(OSError(str(endpoint))))
    error = failure(ask, url=f"http://rebound.example:{site.host.rpartition(':')[2]}/feed")
    # Resolved once per connection, and connected to what was checked; the second answer is checked anew.
    assert "93.184.216.34" in str(error) and len(asked) == 1
    assert failure(ask, url="http://rebound.example/feed").state == "blocked"


def test_one_private_address_among_public_ones_condemns_a_name(ask, monkeypatch):
    def resolve(host, port, **named):
        return [(2, 1, 6, "", (address, port)) for address in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    error = failure(ask, url="http://rebound.example/feed")
    assert error.state == "blocked" and "10.0.0.1" in str(error)


def test_a_name_that_does_not_exist_is_dead(ask):
    assert failure(ask, url="http://does-not-exist.invalid/feed").state in ("dead", "unreachable")


def test_nobody_listening_is_unreachable(ask, new_site):
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        error = failure(ask, url=f"http://{host}/feed", allow=[host])
    assert (error.state, error.permanent) == ("unreachable", False)


def test_a_kind_without_a_reader_is_said_in_words(site, ask):
    assert "no reader for kind 'other' yet" in str(failure(ask, kind="other"))
    assert not site.seen


def test_robots_are_asked_once_and_obeyed_after_redirects_too(site, ask):
    site.paths |= {
        "/robots.txt": (301, {"Location": "/r"}, b""),
        "/r": (200, {}, b"User-agent: *\nDisallow: /secret\n"),
        "/feed": (200, {}, FEED),
        "/door": (302, {"Location": "/secret"}, b""),
        "/secret": (200, {}, FEED),
    }
    assert isinstance(ask(), Payload) and isinstance(ask(), Payload)
    for path in ("/secret", "/door"):
        error = failure(ask, path)
        assert (error.state, error.permanent) == ("blocked", True) and "robots.txt" in str(error)
    assert len(site.asked("/robots.txt")) == 1
    assert not site.asked("/secret")


def test_robots_behind_a_failing_server_forbid_until_it_is_back(site, ask):
    site.paths |= {"/robots.txt": (503, {}, b""), "/feed": (200, {}, FEED)}
    error = failure(ask)
    assert (error.state, error.permanent, error.status) == ("unreachable", False, 503)
    assert not site.asked("/feed")
    site.paths["/robots.txt"] = (403, {}, b"")
    assert isinstance(ask(), Payload)


def test_robots_that_point_inside_are_refused(site, ask):
    site.paths |= {"/robots.txt": (302, {"Location": "http://10.0.0.1/robots.txt"}, b""), "/feed": (200, {}, FEED)}
    assert failure(ask).state == "blocked"


def test_one_host_is_asked_once_at_a_time_and_with_pauses(site, ask):
    running, most, starts = [], [], []

    def slowly(handler):
        running.append(1)
        most.append(len(running))
        starts.append(time.monotonic())
        time.sleep(0.05)
        running.pop()
        handler.answer(200, {}, FEED)

    site.paths["/feed"] = slowly
    threads = [threading.Thread(target=ask, kwargs={"min_interval_s": 0.2}) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1 and len(starts) == 3
    assert min(b - a for a, b in pairwise(starts)) >= 0.2


def test_the_crawl_delay_of_robots_counts_too(site, ask):
    site.paths |= {"/robots.txt": (200, {}, b"User-agent: *\nCrawl-delay: 0.3"), "/feed": (200, {}, FEED)}
    started = time.monotonic()
    ask()
    ask()
    assert time.monotonic() - started >= 0.3


def test_the_fallback_is_tried_when_the_main_address_is_dead_and_lends_no_validators(site, ask):
    site.paths |= {"/feed": (404, {}, b""), "/other": (200, {"ETag": '"o"'}, FEED)}
    known = Validators('"main"', None, None)
    got = ask(validators=known, fallback_urls=[site.url + "/gone", site.url + "/other"])
    assert got.url == site.url + "/other"
    assert got.validators.etag is None and got.validators.body_hash
    assert "if-none-match" not in site.asked("/other")[0]


@pytest.mark.parametrize("status", [403, 429])
def test_the_fallback_is_no_way_round_a_refusal(site, ask, status):
    site.paths |= {"/feed": (status, {}, b""), "/other": (200, {}, FEED)}
    assert failure(ask, fallback_urls=[site.url + "/other"]).status == status
    assert not site.asked("/other")


def test_parameters_are_added_to_the_address(site, ask):
    site.paths["/feed"] = (200, {}, FEED)
    ask("/feed?a=1", params={"query": "tiktok & co"})
    assert site.seen[-1][0] == "/feed?a=1&query=tiktok+%26+co"


def test_cookies_are_not_kept_and_the_agent_is_named(site, ask):
    site.paths["/feed"] = (200, {"Set-Cookie": "a=1"}, FEED)
    ask()
    ask()
    assert all(headers["user-agent"] == "test/1" and "cookie" not in headers for _, headers in site.seen)


def test_a_connection_is_kept_and_opened_anew_when_the_server_closed_it(ask):
    opened, answered = [], []
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(FEED) + FEED

    def serve(server):
        for asked_for in (3, 1):  # robots.txt and two times the feed, then it hangs up
            connection, _ = server.accept()
            opened.append(connection)
            for _ in range(asked_for):
                while b"\r\n\r\n" not in connection.recv(4_096):
                    pass
                connection.sendall(answer)
                answered.append(1)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        for expected in (1, 1):
            assert ask(url=f"http://{host}/feed", allow=[host]).body == FEED
            assert len(opened) == expected
        time.sleep(0.1)
        assert ask(url=f"http://{host}/feed", allow=[host]).body == FEED
        thread.join()
    assert (len(opened), len(answered)) == (2, 4)


def test_a_server_that_hangs_up_on_a_kept_connection_while_it_is_asked_is_asked_anew(ask):
    asked = []
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(FEED) + FEED

    def serve(server):
        for answers in (2, 1):  # robots.txt and the feed, then it takes a question and hangs up on it
            connection, _ = server.accept()
            with connection:
                for _ in range(answers):
                    asked.append(connection.recv(4_096).split(b"\r\n")[0])
                    connection.sendall(answer)
                if answers == 2:
                    asked.append(connection.recv(4_096).split(b"\r\n")[0])

    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        assert [ask(url=f"http://{host}/feed", allow=[host]).body for _ in range(2)] == [FEED, FEED]
        thread.join()
    assert asked == [b"GET /robots.txt HTTP/1.1", *[b"GET /feed HTTP/1.1"] * 3]


def test_leave_for_one_host_opens_no_kept_connection_to_those_without(site, ask):
    site.paths["/feed"] = (200, {}, FEED)
    assert ask().body == FEED
    assert failure(ask, allow=[]).state == "blocked"
    assert len(site.asked("/feed")) == 1
