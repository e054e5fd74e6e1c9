"""Whole requests go in by the application's door; what takes time, or was not whole, by ASGI."""

import socket
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.serving.conftest import Service

HOST = b"Host: auth.example\r\n"
POST = b"POST /echo HTTP/1.1\r\n" + HOST


@pytest.fixture
def door(services: "list[Service]") -> "Service":
    """A service whose application has a door."""
    return services[-1]


def taken(service: "Service", *pieces: bytes) -> tuple[bytes, int]:
    """What is answered to these bytes, and how many requests the door took of them."""
    before = len(service.at_the_door())
    said = service.say(*pieces)
    return said, len(service.at_the_door()) - before


def test_a_whole_request_goes_in_by_the_door(door: "Service") -> None:
    request = POST + b"Content-Length: 5\r\nConnection: close\r\n\r\nwhole"
    said, at_the_door = taken(door, request)
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert said.endswith(b"\r\n\r\nwhole")
    assert at_the_door == 1


def test_chunks_that_came_together_are_a_whole_request(door: "Service") -> None:
    chunked = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    said, at_the_door = taken(door, POST + chunked + b"3\r\nwho\r\n2\r\nle\r\n0\r\n\r\n")
    assert said.endswith(b"\r\n\r\nwhole")
    assert at_the_door == 1


def test_a_body_in_pieces_is_read_by_asgi(door: "Service") -> None:
    with door.connect() as connection:
        connection.sendall(POST + b"Content-Length: 5\r\nConnection: close\r\n\r\npi")
        time.sleep(0.2)
        before = len(door.at_the_door())
        connection.sendall(b"ece")
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    assert said.endswith(b"piece")
    assert len(door.at_the_door()) == before


def test_a_body_over_the_door_s_limit_is_read_by_asgi(door: "Service") -> None:
    before = len(door.at_the_door())
    answer = door.ask("/echo", method="POST", body=bytes(65 * 1024))
    assert (answer.status, len(answer.body)) == (200, 65 * 1024)
    assert len(door.at_the_door()) == before


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.0\r\n" + HOST + b"\r\n",
        b"GET /%2e HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n",
    ],
    ids=["HTTP/1.0", "an escaped path", "an upgrade"],
)
def test_an_uncommon_request_is_answered_by_asgi(door: "Service", head: bytes) -> None:
    said, at_the_door = taken(door, head)
    assert said.startswith(b"HTTP/1.1 200 OK\r\n")
    assert at_the_door == 0


def test_the_answer_to_head_has_a_length_and_no_body(door: "Service") -> None:
    said, at_the_door = taken(
        door, b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\n", b"GET / HTTP/1.0\r\n" + HOST + b"\r\n"
    )
    head, _, rest = said.partition(b"\r\n\r\n")
    assert b"content-length: " in head
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")
    assert at_the_door == 1


def test_what_is_asked_behind_a_slow_answer_waits_for_its_turn(door: "Service") -> None:
    slow = b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n"
    last = POST + b"Content-Length: 4\r\nConnection: close\r\n\r\nlast"
    said, _ = taken(door, slow + last)
    assert said.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert said.endswith(b"\r\n\r\nlast")


def test_who_does_not_read_answers_gets_no_more_of_them(door: "Service") -> None:
    """Ten answers of 8 MiB each are asked for and none is read: they must not pile up."""
    request = b"GET /large HTTP/1.1\r\n" + HOST + b"\r\n"
    before = len(door.at_the_door())
    with door.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(10):
            connection.sendall(request)
            time.sleep(0.05)
        assert len(door.at_the_door()) - before <= 2


def test_a_client_that_leaves_early_harms_nobody(door: "Service") -> None:
    for _ in range(5):
        with door.connect() as connection:
            connection.sendall(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
    time.sleep(0.6)
    assert door.ask().status == 200
    assert "Traceback" not in door.log.rpartition("RuntimeError: broken")[2]


def test_an_application_that_raises_for_who_has_left_leaves_nothing_behind(
    door: "Service",
) -> None:
    with door.connect() as connection:
        connection.sendall(b"GET /broken-later HTTP/1.1\r\n" + HOST + b"\r\n")
    door.said("RuntimeError: broken later")
    assert door.ask().status == 200
    assert "never retrieved" not in door.log
