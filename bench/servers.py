"""Starting a server, waiting until it answers, ending it: by its own process, never by name."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.cpu import ProcessTree
from bench.exchange import Request, send

_START_SECONDS = 30
_STOP_SECONDS = 15


class DidNotStart(Exception):
    """A server ended, or stayed silent; carries the end of its log."""


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str],
    *,
    ready_url: str,
    log: Path,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[ProcessTree]:
    """Run *command* while the block lasts; enter it once *ready_url* answers 200."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            cwd=cwd,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, ready_url, log)
        yield ProcessTree(process.pid)
    finally:
        stop(process)


def tail(log: Path, lines: int = 20) -> str:
    """The end of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if _answers(url):
            return
        time.sleep(0.1)
    raise DidNotStart(f"{url} does not answer 200\n{tail(log)}")


def _answers(url: str) -> bool:
    try:
        return send(Request.get(url)).status == 200
    except (OSError, http.client.HTTPException):
        return False


def stop(process: subprocess.Popen[bytes], *, within: float = _STOP_SECONDS) -> None:
    """End a process that leads a session of its own, and wait until it is gone."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        # The session is this server's own, so nothing else can be in the group.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
