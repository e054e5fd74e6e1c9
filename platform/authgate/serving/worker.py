"""One server process: ``python -m authgate.serving.worker``, started by the supervisor.

It serves the inherited socket until it is told to leave (SIGTERM), told to be quick about it
(SIGINT), or until the supervisor is no more; then it answers what is on its way and goes.
"""

import asyncio
import gc
import importlib
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, cast

from authgate.serving.asgi_types import ASGIApp, LifespanState
from authgate.serving.crowd import Crowd
from authgate.serving.errors import AppNotFound, ServingError
from authgate.serving.lifeline import Lifeline
from authgate.serving.lifespan import lifespan
from authgate.serving.listener import Listener
from authgate.serving.options import Assignment, ServeOptions
from authgate.web import draining

logger = logging.getLogger("authgate.serving.worker")  # our __name__ is __main__

CANNOT_START = 3
"""Exit status of a worker whose application could not be loaded, started or stopped."""

MOST_DESCRIPTORS = 65536

RESERVED_DESCRIPTORS = 128
"""Kept for what is no client's connection: the database's, Redis's, files and pipes."""


class Server(Protocol):
    """One kind of server: what it does with an accepted connection, and how it comes to an end."""

    async def serve(self, accepted: socket.socket) -> None: ...

    def drain(self) -> None: ...

    def close_idle(self) -> None: ...


def main() -> int:
    """Do what the assignment in the first argument says; returns the exit status."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal that hangs up is no reason to end
    _raise_descriptor_limit()
    gc.disable()  # what is made at the start stays: looking for garbage is a tenth of the start
    assignment = Assignment.from_json(sys.argv[1])
    lifeline = Lifeline(assignment.lifeline)
    try:
        app = _load(assignment.options.app)
        _log_plainly()
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_work(app, assignment, lifeline))
    except ServingError as error:
        _log_plainly()
        logger.error("%s", error, exc_info=error.__cause__)
        return CANNOT_START
    return 0


def _log_plainly() -> None:
    """Write to the terminal, if the application has not set up its own log."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s [%(process)d] %(message)s"
    )


def _raise_descriptor_limit() -> None:
    # The usual soft limit of 1024 is for programs that call select(); ours takes connections.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _descriptors() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft


def _load(dotted: str) -> ASGIApp:
    module, _, attribute = dotted.partition(":")
    try:
        return cast("ASGIApp", getattr(importlib.import_module(module), attribute or "app"))
    except (ImportError, AttributeError) as error:
        raise AppNotFound(f"no application at {dotted!r}") from error


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _work(app: ASGIApp, assignment: Assignment, lifeline: Lifeline) -> None:
    async with lifespan(app) as state:
        options = assignment.options
        crowd = Crowd(most_of_one=options.connections_per_address, proxies=options.trusted_proxies)
        server = _server(app, state, options, crowd)
        listener = Listener(
            socket.socket(fileno=assignment.listener),
            serve=server.serve,
            make_room=server.close_idle,
            most=min(options.connections, _descriptors() - RESERVED_DESCRIPTORS),
            crowd=crowd,
        )
        leaving = _watch_for_the_end(server, lifeline)
        gc.collect()
        # Requests leave few cycles: looking for them every 700 objects costs more than it frees.
        gc.set_threshold(20_000, 20, 50)
        gc.freeze()  # what the start made lives as long as the process: never look at it again
        gc.enable()
        listener.watch()
        with suppress(BrokenPipeError):  # a supervisor that is leaving no longer waits for us
            os.write(assignment.ready, b"1")
        os.close(assignment.ready)
        await leaving.wait()
        await _leave(listener, server, options.drain_seconds)


async def _leave(listener: Listener, server: Server, drain_seconds: float) -> None:
    listener.stop()
    cut = await listener.served(within=drain_seconds)
    if cut:
        logger.warning("left with %d connections still open after %g s", cut, drain_seconds)


def _server(app: ASGIApp, state: LifespanState, options: ServeOptions, crowd: Crowd) -> Server:
    if options.kind == "uvicorn":
        from authgate.serving.uvicorn_server import UvicornServer

        return UvicornServer(app=app, state=state, options=options)
    from authgate.serving.hypercorn_server import HypercornServer

    return HypercornServer(app=app, state=state, options=options, crowd=crowd)


def _watch_for_the_end(server: Server, lifeline: Lifeline) -> asyncio.Event:
    loop = asyncio.get_running_loop()
    leaving = asyncio.Event()

    def supervisor_died() -> None:
        loop.remove_reader(lifeline.descriptor)
        logger.error("the supervisor is gone: leaving too")
        leave()

    def leave() -> None:
        leaving.set()
        draining.begin()
        server.drain()

    def hurry() -> None:
        leave()
        server.close_idle()

    loop.add_signal_handler(signal.SIGTERM, leave)
    loop.add_signal_handler(signal.SIGINT, hurry)
    loop.add_reader(lifeline.descriptor, supervisor_died)
    lifeline.hand_over()
    return leaving


if __name__ == "__main__":
    sys.exit(main())
