"""One worker of the product, as its supervisor would start it, counted from around or inside."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from io import FileIO

from authgate.serving.options import Assignment, ServeOptions
from bench.authgate_server import Installation
from bench.servers import DidNotStart, stop, tail

APP = "authgate.asgi:app"
_STOP_SECONDS = 30


@contextmanager
def worker(
    installation: Installation,
    *,
    app: str = APP,
    around: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[int]:
    """The process id of a worker that serves *installation* while the block lasts."""
    log = installation.directory / "server.log"
    options = ServeOptions(port=installation.port, kind=installation.kind, app=app)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", installation.port)))
        listener.setblocking(False)
        is_ready, says_ready = _pipe(stack)
        lifeline, _held = _pipe(stack)
        assignment = Assignment(
            options=options,
            listener=listener.fileno(),
            ready=says_ready.fileno(),
            lifeline=lifeline.fileno(),
        )
        output = stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            [*around, sys.executable, "-P", "-m", "authgate.serving.worker", assignment.to_json()],
            env={**os.environ, **installation.environment, **(environment or {})},
            cwd=installation.directory,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=(assignment.listener, assignment.ready, assignment.lifeline),
        )
        stack.callback(stop, process, within=_STOP_SECONDS)
        says_ready.close()
        if is_ready.read(1) != b"1":
            raise DidNotStart(tail(log))
        yield process.pid


def _pipe(stack: ExitStack) -> tuple[FileIO, FileIO]:
    """The end that is read, and the end that is written."""
    reading, writing = os.pipe()
    return stack.enter_context(FileIO(reading)), stack.enter_context(FileIO(writing, "w"))
