"""Requests in waves: all of them on their way before the first answer is read.

What concurrent requests share (a commit, a lookup) is part of what they cost.
"""

import http.client
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bench.exchange import Reply, Request, answer, ask
from bench.scenario import Scenario, WrongAnswer

CONNECTIONS = 16
"""Requests of a wave, each on a connection of its own."""

_SECONDS = 60


@contextmanager
def waves(
    scenario: Scenario, requests: Sequence[Request], *, server: int
) -> Iterator[Callable[[], None]]:
    """Sends one wave of *requests* to the process *server*, and waits for its answers."""
    place = requests[0].place
    unused = iter(requests[2:]) if scenario.single_use else None  # two have been checked
    connections = [http.client.HTTPConnection(place, timeout=_SECONDS) for _ in range(CONNECTIONS)]

    def wave() -> None:
        with _stopped(server):
            for number, connection in enumerate(connections):
                again = requests[number % len(requests)]
                ask(connection, again if unused is None else next(unused))
        for connection in connections:
            _judge(scenario, answer(connection))

    try:
        yield wave
    finally:
        for connection in connections:
            connection.close()


@contextmanager
def _stopped(process: int) -> Iterator[None]:
    """Hold a process, which then finds at once what came one by one."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def _judge(scenario: Scenario, reply: Reply) -> None:
    expected = scenario.expectation
    text = reply.body.decode()
    if reply.status != expected.status or not any(each in text for each in expected.texts):
        raise WrongAnswer(f"{scenario.name}: {reply.status} {text[:200]}")


def repeat(wave: Callable[[], None], times: int) -> None:
    """One wave after the other."""
    for _ in range(times):
        wave()
