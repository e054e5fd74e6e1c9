"""Where no secret may be: logs, standard error, measurements, and whatever is told to Redis."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from authgate.telemetry.exposition import exposition
from authgate.telemetry.logs import LineHandler
from authgate_testing.secrets_watch.redis_monitor import RedisMonitor
from authgate_testing.secrets_watch.watch import WATCH, Watch


class Places:
    """Reads them all."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._files: dict[Path, BinaryIO] = {}
        self._monitors: list[RedisMonitor] = []

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Read from now on."""
        self._read_own_lines(patch)
        self._read_captured(patch)
        self._follow_processes(patch)

    def catch_up(self) -> None:
        """Read what has been written since the last time."""
        for path, file in list(self._files.items()):
            self._watch.read(f"log: {path.name}", file.read())
            if not path.exists():  # it was removed with its test's folder
                self._files.pop(path).close()
        for monitor in self._monitors:
            self._hear(monitor)

    @contextmanager
    def hearing(self, port: int, *, password: str = "") -> Iterator[None]:
        """Hear whatever the Redis at this port is told until the block ends."""
        monitor = RedisMonitor(port, password=password)
        self._monitors.append(monitor)
        monitor.start()
        try:
            yield
        finally:
            self._hear(monitor)
            self._monitors.remove(monitor)
            monitor.stop()

    def close(self) -> None:
        """Follow no file any more."""
        while self._files:
            self._files.popitem()[1].close()

    def read_own_measurements(self) -> None:
        """All that this process has measured."""
        self._watch.read("metrics: of this process", exposition()[1])

    def _hear(self, monitor: RedisMonitor) -> None:
        self._watch.read(f"Redis: port {monitor.port}", monitor.heard())

    def _read_own_lines(self, patch: pytest.MonkeyPatch) -> None:
        write, watch = LineHandler.write, self._watch

        def written(self: LineHandler, line: str) -> None:
            watch.read("log: of this process", line)
            write(self, line)

        patch.setattr(LineHandler, "write", written)

    def _read_captured(self, patch: pytest.MonkeyPatch) -> None:
        take, watch = pytest.CaptureFixture.readouterr, self._watch

        def taken(self: pytest.CaptureFixture[Any]) -> Any:
            captured = take(self)
            watch.read("log: standard error", captured.err)
            return captured

        patch.setattr(pytest.CaptureFixture, "readouterr", taken)

    def _follow_processes(self, patch: pytest.MonkeyPatch) -> None:
        start, hear = subprocess.Popen.__init__, subprocess.Popen.communicate
        hear_async, watch, places = asyncio.subprocess.Process.communicate, self._watch, self

        def started(self: Any, *given: Any, **options: Any) -> None:
            start(self, *given, **options)
            places.follow(options.get("stdout"), options.get("stderr"))

        def heard(self: Any, *given: Any, **options: Any) -> Any:
            out, err = hear(self, *given, **options)
            watch.read("log: standard error of a process", err or "")
            return out, err

        async def heard_async(self: Any, input: Any = None) -> Any:
            out, err = await hear_async(self, input)
            watch.read("log: standard error of a process", err or "")
            return out, err

        patch.setattr(subprocess.Popen, "__init__", started)
        patch.setattr(subprocess.Popen, "communicate", heard)
        patch.setattr(asyncio.subprocess.Process, "communicate", heard_async)

    def follow(self, out: object, err: object) -> None:
        """Read the file that a process writes its errors to."""
        target = out if err == subprocess.STDOUT else err
        name = getattr(target, "name", None)
        if isinstance(name, str) and Path(name) not in self._files:
            with suppress(OSError):  # a terminal is no file
                self._files[Path(name)] = Path(name).open("rb")  # noqa: SIM115


PLACES = Places(WATCH)
"""Of this process."""
