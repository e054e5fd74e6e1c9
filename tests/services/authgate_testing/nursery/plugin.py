"""Programs of ours that tests start are born in a nursery, but where a start itself is tested."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from authgate_testing.nursery import program


class _Nurseries:
    """The nursery of this run, opened when the first program is to be started."""

    def __init__(self) -> None:
        self._as_ever = subprocess._fork_exec  # type: ignore[attr-defined]
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._nursery: program.Nursery | None = None

    def fork_exec(self, *given: Any) -> int:
        """Start a program, as ``subprocess`` asks for it."""
        if program.wanted(*given) is None:
            return int(self._as_ever(*given))
        if self._nursery is None:
            self._nursery = self._opened()
        return self._nursery.fork_exec(*given)

    def _opened(self) -> program.Nursery:
        self._line, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-P", program.__file__, str(other.fileno())],
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        return program.Nursery(self._line, self._as_ever)

    def close(self) -> None:
        """Let it go."""
        if self._line is not None and self._process is not None:
            self._line.close()
            self._process.wait()


@contextmanager
def _starting_by(start: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "_fork_exec", start)
        yield


_AS_EVER = getattr(subprocess, "_fork_exec", None)


@pytest.fixture(scope="session", autouse=True)
def _born() -> Iterator[None]:
    if sys.platform != "linux":
        yield
        return
    nurseries = _Nurseries()
    with _starting_by(nurseries.fork_exec):
        yield
    nurseries.close()


@contextmanager
def starting_as_ever() -> Iterator[None]:
    """Start programs by their interpreter, all imports included, as everybody else does."""
    with _starting_by(_AS_EVER):
        yield


@pytest.fixture
def started_as_ever() -> Iterator[None]:
    """The same for a whole test."""
    with starting_as_ever():
        yield
