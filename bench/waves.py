"""Requests in waves: all of them on their way before the first answer is read.

What concurrent requests share (a commit, a lookup) is part of what they cost.
"""

import http.client
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from bench.exchange import Reply, Request
from bench.scenarios import Scenario, WrongAnswer

CONNECTIONS = 16
"""Requests of a wave, each on a connection of its own."""

_SECONDS = 60


@contextmanager
def waves(scenario: Scenario, requests: Sequence[Request]) -> Iterator[Callable[[], None]]:
    """Sends one wave of *requests* and waits for its answers."""
    place = urlsplit(requests[0].url).netloc
    connections = [http.client.HTTPConnection(place, timeout=_SECONDS) for _ in range(CONNECTIONS)]

    def wave() -> None:
        for number, connection in enumerate(connections):
            request = requests[number % len(requests)]
            path = urlsplit(request.url).path
            connection.request(request.method, path, request.body or None, request.headers)
        for connection in connections:
            answer = connection.getresponse()
            _judge(scenario, Reply(answer.status, answer.read()))

    try:
        yield wave
    finally:
        for connection in connections:
            connection.close()


def _judge(scenario: Scenario, reply: Reply) -> None:
    expected = scenario.expectation
    text = reply.body.decode()
    if reply.status != expected.status or not any(each in text for each in expected.texts):
        raise WrongAnswer(f"{scenario.name}: {reply.status} {text[:200]}")


def repeat(wave: Callable[[], None], times: int) -> None:
    """One wave after the other."""
    for _ in range(times):
        wave()
