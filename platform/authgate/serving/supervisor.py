"""The parent of the server processes: owns the socket, replaces the dead, lets the living finish.

SIGTERM and SIGINT end the service (SIGINT does not wait for idle connections); SIGHUP replaces
every worker by a new one, with no request lost.
"""

import asyncio
import importlib.util
import logging
import os
import signal
import socket
from collections.abc import Coroutine

from authgate.serving.crash_loop import LONGEST_DELAY_SECONDS, CrashLoop
from authgate.serving.errors import ServerNotInstalled
from authgate.serving.lifespan import STOP_SECONDS
from authgate.serving.listening_socket import listen, origin
from authgate.serving.options import ServeOptions
from authgate.serving.worker_process import WorkerProcess, describe

logger = logging.getLogger(__name__)

_STDIN = 0
_KILL_AFTER_SECONDS = STOP_SECONDS + 2.0  # past the drain


def run(options: ServeOptions) -> int:
    """Serve until told to stop; returns the exit status.

    ``0`` after an orderly stop, ``1`` if the service could not start or a worker had to be killed.
    Raises ``PortTaken``, ``CannotListen`` or ``ServerNotInstalled`` before anything is started.
    """
    _require_server(options)
    listener = listen(host=options.host, port=options.port, stalled_seconds=options.stalled_seconds)
    logger.info("listening on %s", origin(listener, secure=options.certfile is not None))
    return asyncio.run(Supervisor(options=options, listener=listener).serve())


def _require_server(options: ServeOptions) -> None:
    if options.kind == "uvicorn" and not all(
        map(importlib.util.find_spec, ("uvicorn", "httptools"))
    ):
        raise ServerNotInstalled("the server 'uvicorn' needs: pip install 'authgate[fast]'")


class Supervisor:
    """Keeps the wanted number of workers serving one socket."""

    def __init__(self, *, options: ServeOptions, listener: socket.socket) -> None:
        self._options = options
        self._listener = listener
        self._lifeline, self._lifeline_end = os.pipe()
        self._workers: set[WorkerProcess] = set()
        self._starting = 0
        self._crashes = CrashLoop()
        self._stopping = False
        self._failed = False
        self._roll_wanted = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> int:
        """Start, serve, stop; returns the exit status."""
        self._listen_to_signals()
        upkeep = asyncio.ensure_future(self._keep_up())
        done, _ = await asyncio.wait(
            {self._ordered_to_stop, upkeep}, return_when=asyncio.FIRST_COMPLETED
        )
        upkeep.cancel()
        await self._stop(done.pop().result())
        return 1 if self._failed else 0

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        self._ordered_to_stop: asyncio.Future[signal.Signals] = loop.create_future()
        self._had_terminal = os.isatty(_STDIN)
        for order in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(order, self._end, order)
        loop.add_signal_handler(signal.SIGHUP, self._renew)

    def _end(self, order: signal.Signals) -> None:
        if not self._ordered_to_stop.done():
            self._ordered_to_stop.set_result(order)
        elif order is signal.SIGINT:  # asked a second time: no more patience
            self._kill_all()

    def _renew(self) -> None:
        # Said on purpose, or by the kernel because the terminal we were started from is gone.
        if self._had_terminal and not os.isatty(_STDIN):
            self._end(signal.SIGTERM)
        else:
            self._roll_wanted.set()

    async def _keep_up(self) -> signal.Signals:
        """Start the workers, then replace them whenever asked; returns if the start fails."""
        workers = await asyncio.gather(*(self._start() for _ in range(self._options.workers)))
        if not all(worker.was_ready for worker in workers):
            logger.error("the service could not start")
            self._failed = True
            return signal.SIGTERM
        logger.info("ready: %d worker(s) of %s", len(workers), self._options.kind)
        while True:
            await self._roll_wanted.wait()
            self._roll_wanted.clear()
            await self._roll()

    async def _roll(self) -> None:
        for old in [worker for worker in self._workers if not worker.dismissed]:
            try:
                ready = (await self._start()).was_ready
            except OSError:
                logger.exception("cannot start a process")
                ready = False
            if not ready:
                logger.error("rolling restart given up: worker %d goes on serving", old.pid)
                return
            old.dismiss(signal.SIGTERM)
        logger.info("rolling restart done")

    async def _start(self) -> WorkerProcess:
        """Start a worker and wait until it is ready or has ended."""
        self._starting += 1
        try:
            worker = await WorkerProcess.start(
                options=self._options, listener=self._listener, lifeline=self._lifeline
            )
        finally:
            self._starting -= 1
        self._workers.add(worker)
        self._spawn(self._see_off(worker))
        if await worker.ready():
            logger.info("worker %d is ready", worker.pid)
        return worker

    async def _see_off(self, worker: WorkerProcess) -> None:
        """Wait for the worker's end, and fill its place unless its end was wanted."""
        status = await worker.ended()
        self._workers.discard(worker)
        as_wanted = worker.dismissed and status in (0, -signal.SIGTERM)
        level = logging.INFO if as_wanted else logging.ERROR
        logger.log(level, "worker %d ended: %s", worker.pid, describe(status))
        if worker.dismissed:
            return
        delay = self._crashes.delay(was_ready=worker.was_ready, lived_seconds=worker.lived_seconds)
        await asyncio.sleep(delay)
        await self._fill_place()

    async def _fill_place(self) -> None:
        while self._is_short_handed:
            try:
                await self._start()
                return  # ready or ended: then it is seen off like any other
            except OSError:
                logger.exception("cannot start a process")
                await asyncio.sleep(LONGEST_DELAY_SECONDS)

    @property
    def _is_short_handed(self) -> bool:
        present = sum(not worker.dismissed for worker in self._workers) + self._starting
        return not self._stopping and present < self._options.workers

    async def _stop(self, order: signal.Signals) -> None:
        logger.info("stopping (%s)", order.name)
        self._stopping = True
        # The workers hold the socket too, and close it after a last look: whoever has connected
        # is served, and a new supervisor may listen at once.
        self._listener.close()
        for worker in self._workers:
            worker.dismiss(order)
        ends = [asyncio.ensure_future(worker.ended()) for worker in self._workers]
        if ends:
            await asyncio.wait(ends, timeout=self._options.drain_seconds + _KILL_AFTER_SECONDS)
            self._kill_all()
            await asyncio.gather(*ends)
        logger.info("stopped")

    def _kill_all(self) -> None:
        for worker in [worker for worker in self._workers if worker.is_running]:
            logger.error("worker %d did not leave and is killed", worker.pid)
            self._failed = True
            worker.kill()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
