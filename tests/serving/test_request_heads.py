"""Heads that two parsers could read in two ways never reach the application (RFC 9112, HT rows).

Each is said byte by byte over a connection of its own, followed by a request that a parser which
was led astray would serve.
"""

import re
import select
import socket
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from tests.serving.conftest import Service

HOST = b"Host: auth.example\r\n"


@pytest.fixture(scope="module", autouse=True)
def others_have_been_heard(services: "list[Service]") -> None:
    """What other files have asked of these servers, and did not wait for, has arrived."""
    for service in services:
        heard: list[str] | None = None
        while heard != (heard := service.asked()):
            time.sleep(0.5)


def statuses(said: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def smuggled() -> tuple[bytes, str]:
    """A second request, and what the application would note of it."""
    path = f"/smuggled/{uuid4().hex}"
    return b"GET %s HTTP/1.1\r\n%s\r\n" % (path.encode(), HOST), f"GET {path}"


def refused(service: "Service", request: bytes) -> int:
    """Say the request and a second one: neither reaches the application; the status."""
    before = service.asked()
    second, _ = smuggled()
    answers = statuses(service.say(request + second))
    assert len(answers) == 1
    assert service.asked() == before
    return answers[0]


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"content-length: 0\r\ntransfer-encoding: CHUNKED\r\n",
        b"Transfer-Encoding: chunked\r\nX: y\r\nContent-Length: 40\r\n",
    ],
)
def test_ht_03_a_length_given_in_two_ways_is_refused(service: "Service", fields: bytes) -> None:
    request = b"POST / HTTP/1.1\r\n" + HOST + fields + b"\r\n0\r\n\r\n"
    assert refused(service, request) == 400


def test_ht_03_nor_is_it_accepted_as_the_second_request(service: "Service") -> None:
    good, note = smuggled()
    bad = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    second, second_note = smuggled()
    assert statuses(service.say(good + bad + b"0\r\n\r\n" + second))[0] == 200
    assert note in service.asked()
    assert second_note not in service.asked()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (b"Content-Length: 5\r\nContent-Length: 6\r\n", 400),
        (b"Content-Length: +5\r\n", 400),
        (b"Content-Length: 5, 6\r\n", 400),
        (b"Transfer-Encoding: xchunked\r\n", 501),
        (b"Transfer-Encoding: gzip, chunked\r\n", 501),
        (b"Content-Length : 5\r\n", 400),
    ],
)
def test_ht_04_a_length_that_is_not_plain_is_refused(
    service: "Service", fields: bytes, status: int
) -> None:
    assert refused(service, b"POST / HTTP/1.1\r\n" + HOST + fields + b"\r\nabcde") == status


def test_ht_04_chunks_are_not_for_http_1_0(service: "Service") -> None:
    chunked = b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert refused(service, b"POST / HTTP/1.0\r\n" + HOST + chunked) == 400


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: auth.example\r\nX: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: auth.example\r\nX: a\r\n\tb\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: auth.example\r\n\r\n",
        b"GET / HTTP/1.1\nHost: auth.example\n\n",
        b"GET / HTTP/1.1\r\nHost: auth.example\nX: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: auth.example\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: auth.example\r\nX: a\rb\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: auth.example\r\n\r\n",
    ],
)
def test_ht_05_folded_fields_bare_lf_and_nul_are_refused(service: "Service", head: bytes) -> None:
    assert refused(service, head) == 400


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET http://evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"CONNECT / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"get / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /#fragment HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505),
        (b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", 400),
        (b"GET / HTTP/0.9\r\n" + HOST + b"\r\n", 400),
        (b"GET /\r\n" + HOST + b"\r\n", 400),
    ],
)
def test_ht_01_a_request_is_for_one_host_and_one_resource(
    service: "Service", head: bytes, status: int
) -> None:
    assert refused(service, head) == status


def test_ht_15_http_2_is_not_spoken_in_the_clear(service: "Service") -> None:
    assert refused(service, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") in (400, 505)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"a" * 30_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 300_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 500 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 100 + b"\r\n", 431),
    ],
    ids=["30 kB target", "8 kB target", "20 kB field", "300 kB field", "501 fields", "101 fields"],
)
def test_ht_06_a_head_over_its_limits_is_refused(
    service: "Service", head: bytes, status: int
) -> None:
    assert refused(service, head) == status


def test_ht_06_a_head_that_never_ends_is_refused_while_it_comes(service: "Service") -> None:
    with service.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"X: ")
        for _ in range(40):
            connection.sendall(b"a" * 1024)
            time.sleep(0.001)
        assert statuses(connection.recv(65536)) == [431]


def test_ht_06_cookies_of_a_former_request_are_not_why_a_head_is_refused(
    service: "Service",
) -> None:
    cookies = b"GET / HTTP/1.1\r\n" + HOST + b"Cookie: " + b"a" * 13_000
    with service.connect() as connection:
        connection.sendall(cookies)
        time.sleep(0.05)  # it is read in two pieces
        connection.sendall(b"a\r\n\r\n")
        answered = b""
        while not answered.partition(b"\r\n\r\n")[2]:
            answered += connection.recv(65536)
        connection.sendall(b"GET /")
        while not select.select([connection], [], [], 0.001)[0]:
            connection.sendall(b"a" * 1024)
        said = connection.recv(65536)
    assert statuses(said)[0] in (414, 431)
    assert b"clear-site-data" not in said.lower()


def test_ht_06_a_trailer_that_never_ends_is_refused_while_it_comes(service: "Service") -> None:
    head = b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    with service.connect() as connection:
        connection.sendall(head + b"1\r\na\r\n0\r\nX: ")
        for _ in range(40):
            connection.sendall(b"a" * 1024)
            time.sleep(0.001)
        assert statuses(connection.recv(65536)) == [431]


def test_ht_06_a_head_within_its_limits_is_served(service: "Service") -> None:
    head = b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\n" + HOST
    fields = b"X: " + b"a" * 7000 + b"\r\n" + b"X: a\r\n" * 90 + b"Connection: close\r\n\r\n"
    assert statuses(service.say(head + fields)) == [200]


def test_ht_12_slow_heads_and_silent_connections_are_closed(services: "list[Service]") -> None:
    """One byte a second, on new connections and on kept-alive ones, of both servers at once."""
    slow = [connection for each in services for connection in (each.connect(), used(each))]
    silent = [each.connect() for each in services]
    began = time.monotonic()
    open_ = [*slow, *silent]
    while open_ and time.monotonic() < began + 25:
        for connection in slow:
            trickle(connection)
        open_ = [connection for connection in open_ if not has_ended(connection)]
        time.sleep(0.5)
    for connection in (*slow, *silent):
        connection.close()
    assert not open_
    assert time.monotonic() - began > 4


def used(service: "Service") -> socket.socket:
    connection = service.connect()
    connection.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert statuses(connection.recv(65536)) == [200]
    return connection


def trickle(connection: socket.socket) -> None:
    with suppress(OSError):  # closed, as it should be
        connection.sendall(b"G")


def has_ended(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(65536) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_requests_in_one_piece_are_answered_in_order(service: "Service") -> None:
    request = b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\n"
    last = b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    said = service.say(request + b"first" + request + b"other" + last)
    assert statuses(said) == [200, 200, 200]
    assert said.index(b"first") < said.index(b"other")


SLOW = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"
LARGE = b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n"
BROKEN_LINE = b"GET\r\n/ HTTP/1.1\r\n" + HOST + b"\r\n"
BROKEN_BODY = b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n"


@pytest.mark.parametrize("broken", [BROKEN_LINE, BROKEN_BODY], ids=["line", "body"])
@pytest.mark.parametrize("before", [1, 2, 3])
def test_what_breaks_is_refused_once_all_that_came_before_is_answered(
    service: "Service", broken: bytes, before: int
) -> None:
    good = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
    said = service.say(SLOW + good * (before - 1) + broken)
    assert statuses(said) == [200] * before + [400]


def test_what_follows_the_last_request_is_not_read(service: "Service") -> None:
    """RFC 9112 section 9.6. Some clients send a line too many."""
    last = b"POST /echo HTTP/1.1\r\n" + HOST + b"Connection: close\r\nContent-Length: 4\r\n\r\nlast"
    second, note = smuggled()
    for rest in (b"\r\n", second, b"nonsense\r\n\r\n"):
        assert statuses(service.say(last + rest)) == [200]
    assert note not in service.asked()


@pytest.mark.parametrize("is_reset", [False, True])
def test_nobody_is_told_of_answers_whose_client_has_left(
    service: "Service", is_reset: bool
) -> None:
    before = len(service.log)
    with service.connect() as connection:
        connection.sendall(LARGE * 4)
        time.sleep(0.1)
        if is_reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.1)
    assert service.ask().status == 200
    assert "Traceback" not in service.log[before:]


def test_a_request_that_asks_for_another_protocol_is_answered_in_http_1_1(
    service: "Service",
) -> None:
    upgrade = (
        b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"
    )
    assert statuses(service.say(b"GET / HTTP/1.1\r\n" + HOST + upgrade + b"\r\n")) == [200]
    websocket = b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\n"
    assert statuses(service.say(b"GET / HTTP/1.1\r\n" + HOST + websocket + b"\r\n")) == [200]


def test_the_body_of_such_a_request_is_not_taken_for_a_request(service: "Service") -> None:
    inner, note = smuggled()
    upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n" % len(inner)
    head = b"POST /echo HTTP/1.1\r\n" + HOST + upgrade
    with service.connect() as connection:
        connection.sendall(head)
        connection.sendall(inner)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(65536)
    assert note not in service.asked()


def test_a_trailer_does_not_pass_for_a_header(service: "Service") -> None:
    head = b"POST /headers HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n"
    body = b"Connection: close\r\n\r\n1\r\na\r\n0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n"
    said = service.say(head + body)
    assert statuses(said) == [200]
    assert b"x-forwarded-for" not in said


def test_a_body_that_breaks_off_into_nonsense_is_refused(service: "Service") -> None:
    head = b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    second, note = smuggled()
    assert 200 not in statuses(service.say(head, b"nonsense\r\n", second))
    assert note not in service.asked()


def test_an_early_answer_is_seen_though_the_body_is_still_on_its_way(service: "Service") -> None:
    """The 413 to a large body must not drown in a reset connection."""
    answer = service.ask("/early", method="POST", body=bytes(4 * 1024 * 1024))
    assert (answer.status, answer.body) == (413, b"too large")


def test_the_last_answer_arrives_whole_however_slowly_it_is_read(service: "Service") -> None:
    with service.connect() as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        time.sleep(0.2)
        received = b""
        while piece := connection.recv(256 * 1024):
            received += piece
    assert len(received.partition(b"\r\n\r\n")[2]) == 8 * 1024 * 1024


def test_no_answer_names_the_server(service: "Service") -> None:
    said = service.say(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert b"date:" in said.lower()
    for answer in (said, service.say(b"nonsense\r\n\r\n"), service.say(b"GET / HTTP/3\r\n\r\n")):
        assert not re.search(rb"(?i)^server:|hypercorn|uvicorn", answer, re.MULTILINE)


def test_an_application_that_raises_is_answered_with_500_and_no_word_of_why(
    service: "Service",
) -> None:
    answer = service.ask("/broken")
    assert answer.status == 500
    assert b"broken" not in answer.body
    service.said("RuntimeError: broken")


def test_no_header_of_an_answer_is_two(service: "Service") -> None:
    said = service.say(b"GET /two-lines HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert 200 not in statuses(said)
    assert b"x-two" not in said


def test_blanks_around_a_value_are_no_part_of_it(service: "Service") -> None:
    fields = b"Transfer-Encoding: \tchunked  \r\nConnection: close\r\n\r\n"
    said = service.say(b"POST /echo HTTP/1.1\r\n" + HOST + fields + b"1\r\na\r\n0\r\n\r\n")
    assert statuses(said) == [200]
