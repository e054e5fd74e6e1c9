"""Requests that do not wait for the answers to those before them (RFC 9112 section 9.3.2)."""

import re
import select
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.serving.conftest import Service

HOST = b"Host: auth.example\r\n"
SLOW = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"
QUICK = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
UPGRADE = b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"


def statuses(said: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def test_who_asks_for_another_protocol_waits_for_the_turn(services: "list[Service]") -> None:
    for service in services[1:]:  # with Hypercorn such a request is like any other
        assert statuses(service.say(SLOW + QUICK + UPGRADE)) == [200, 200, 200]


def test_a_request_knows_nothing_of_the_one_before_it(service: "Service") -> None:
    marks = b"".join(b"GET /mark HTTP/1.1\r\n" + HOST + more for more in (b"\r\n", LAST))
    assert service.say(marks).count(b"unmarked") == 2


LAST = b"Connection: close\r\n\r\n"


def test_ht_14_requests_ahead_of_their_answers_do_not_pile_up(service: "Service") -> None:
    """As many are sent as the server takes, and every answer is read."""
    service.ask()
    before = most = service.resident_bytes()
    enough = time.monotonic() + 1.5
    with service.connect() as connection, suppress(ConnectionError):
        connection.setblocking(False)
        while time.monotonic() < enough:
            readable, writable, _ = select.select([connection], [connection], [], 0.1)
            if readable and not connection.recv(1 << 20):
                break
            if writable:
                connection.send(QUICK * 1000)
            most = max(most, service.resident_bytes())
    assert most - before < 16 * 1024 * 1024


def test_who_pipelines_too_far_is_told_where_to_go_on(services: "list[Service]") -> None:
    for service in services[1:]:  # Hypercorn leaves them unread
        said = service.say(SLOW + QUICK * 100)
        answered = statuses(said)
        assert answered == [200] * (len(answered) - 1) + [503]
        assert 30 < len(answered) < 40
