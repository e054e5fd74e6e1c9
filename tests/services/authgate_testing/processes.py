"""Starting a service as a child process, knowing when it answers, and ending it for certain."""

import ctypes
import fcntl
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from authgate_testing.secrets_watch.places import PLACES

LOOPBACK = "127.0.0.1"
_UNASSIGNED_PORTS = range(15_000, 32_768)  # Linux hands out 32,768 and above, others 49,152
_START_SECONDS = 90.0
_STOP_SECONDS = 10.0
_START_ATTEMPTS = 3
_FOLDER_PREFIX = "authgate-test-"
_IN_USE = "in-use"
_SET_PARENT_DEATH_SIGNAL = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class ServiceDidNotStart(Exception):
    """A service ended, or stayed silent, while it was being started."""


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment.

    It lies where the kernel picks none of itself: whoever connects, or listens on a port of the
    kernel's choice, would otherwise take it before the service does.
    """
    while True:
        port = random.choice(_UNASSIGNED_PORTS)  # noqa: S311 - a number, no secret
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port


def takes_connections(port: int) -> bool:
    """Whether somebody listens there on loopback."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=5):
            return True
    except OSError:
        return False


def service_account() -> str | None:
    """Name the account for services that refuse to run as root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def service_folder(name: str, *, owner: str | None = None) -> Iterator[Path]:
    """Give a service a folder of its own, readable by its account, removed at the end."""
    _remove_abandoned_folders()
    # Not pytest's tmp_path: that one lies below a folder which only the caller may enter.
    folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{name}-"))
    unlocked = folder / "unlocked"
    with unlocked.open("w") as in_use:
        fcntl.flock(in_use, fcntl.LOCK_EX)
        # Locked before it has the name by which another run would take it for abandoned.
        unlocked.rename(folder / _IN_USE)
        try:
            if owner is not None:
                shutil.chown(folder, user=owner)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned_folders() -> None:
    """Remove what runs left behind that were killed: their locks ended with them."""
    for in_use in Path(tempfile.gettempdir()).glob(f"{_FOLDER_PREFIX}*/{_IN_USE}"):
        with suppress(OSError), in_use.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(in_use.parent, ignore_errors=True)


class Service:
    """A program that answers on a loopback port; a test may end it and start it there again."""

    def __init__(
        self,
        command_for: Callable[[int], Sequence[str | Path]],
        *,
        answers: Callable[[int], bool],
        log: Path,
        account: str | None = None,
        port: int | None = None,
    ) -> None:
        self.port = port or free_port()
        self.log = log
        self._command_for = command_for
        self._answers = answers
        self._account = account
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process that was started last."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; it does not answer yet. Not from a thread that may end before it does."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command_for(self.port),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.log.parent,
                user=self._account,
                extra_groups=None if self._account is None else [],
                # Ctrl-C is for pytest alone, which then ends its services in order.
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, safe among threads
            )

    def wait_until_up(self) -> None:
        """Wait until it answers. Raises ``ServiceDidNotStart``."""
        assert self._process is not None
        give_up_at = time.monotonic() + _START_SECONDS
        while self._process.poll() is None and time.monotonic() < give_up_at:
            if self._answers(self.port):
                return
            time.sleep(0.02)
        program = self._command_for(self.port)[0]
        raise ServiceDidNotStart(f"{program} did not start; it said:\n{_tail(self.log)}")

    def start_somewhere(self) -> None:
        """Start it on a free port and wait until it answers. Raises ``ServiceDidNotStart``.

        Another process may take a free port before the service does, so it is tried on a few.
        """
        for attempt in range(_START_ATTEMPTS):
            self.start()
            try:
                self.wait_until_up()
            except ServiceDidNotStart:
                self.end(signal.SIGKILL)
                if attempt == _START_ATTEMPTS - 1:
                    raise
                self.port = free_port()
            else:
                return

    def end(self, order: signal.Signals) -> None:
        """Send it this signal and wait until it is gone, by force if that takes too long."""
        if self._process is None:
            return
        self._process.send_signal(order)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        PLACES.catch_up()  # its folder may be gone by the end of the test


@contextmanager
def running(
    command_for: Callable[[int], Sequence[str | Path]],
    *,
    answers: Callable[[int], bool],
    log: Path,
    account: str | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Iterator[int]:
    """Run a service and yield the port it answers on; it ends with the block, or with us."""
    service = Service(command_for, answers=answers, log=log, account=account)
    with kept_up(service, stop_signal=stop_signal):
        yield service.port


@contextmanager
def kept_up(service: Service, *, stop_signal: signal.Signals) -> Iterator[None]:
    """Have the service answer when the block begins, and be gone when it has ended."""
    service.start_somewhere()
    try:
        yield
    finally:
        service.end(stop_signal)


def _die_with_parent() -> None:
    """Have the kernel end the service when pytest is killed and can't do so itself."""
    if _LIBC is not None:
        _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGINT))


_die_with_parent.parent_death_signal = int(signal.SIGINT)  # type: ignore[attr-defined]  # what it does, for those who cannot call it


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
