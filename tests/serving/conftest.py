"""Services that are real processes on loopback ports, and those who talk to them."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import pytest

from authgate_testing.nursery.program import MAY_BE_BORN
from authgate_testing.secrets_watch.watch import WATCH

LOOPBACK = "127.0.0.1"
PATIENCE_SECONDS = 25.0
"""A busy machine may take so long for what otherwise happens at once. Less than what takes its time
in a test, and than the time that a server gives to those who take no answer."""

_KEPT = ("01", "08")  # established, and ended by the other side alone (Linux, tcp_states.h)
KINDS = ("hypercorn", "uvicorn", "uvicorn-door")
"""The last one's application has a door beside ASGI that takes every whole request."""

APP = """
import asyncio, os, pathlib
from contextvars import ContextVar
from authgate.web.exchange import Answered

HERE = pathlib.Path(__file__).parent
MARK = ContextVar("mark", default="unmarked")

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await live(receive, send)
    assert scope["type"] == "http"
    with (HERE / "asked").open("a") as asked:
        asked.write(scope["method"] + " " + scope["path"] + "\\n")
    if scope["path"] == "/early":
        return await answer(send, b"too large", 413)
    if scope["path"] == "/headers":
        await body_of(receive)
        names = [name.decode() for name, value in scope["headers"]]
        return await answer(send, " ".join(names).encode())
    if scope["path"] == "/slow":
        (HERE / "in-flight").touch()
        await asyncio.sleep(0.4)
    if scope["path"] == "/held":
        while not (HERE / "released").exists():
            await asyncio.sleep(0.02)
    if scope["path"] == "/echo":
        return await answer(send, await body_of(receive))
    if scope["path"] == "/large":
        return await answer(send, bytes(8 * 1024 * 1024))
    if scope["path"] == "/broken":
        raise RuntimeError("broken")
    if scope["path"] == "/broken-later":
        await asyncio.sleep(0.2)
        raise RuntimeError("broken later")
    if scope["path"] == "/mark":
        before = MARK.get()
        MARK.set("marked")
        return await answer(send, before.encode())
    if scope["path"] == "/two-lines":
        return await answer(send, b"", fields=[(b"x-one", b"1\\r\\nx-two: 2")])
    await answer(send, str(os.getpid()).encode())

async def live(receive, send):
    await receive()
    broken = (HERE / "broken").exists()
    if (HERE / "takes-long").exists():
        (HERE / "starting").touch()
        await asyncio.sleep(60)
    await send({"type": "lifespan.startup." + ("failed" if broken else "complete"),
                "message": "the app is broken"})
    await receive()
    (HERE / "stopped").touch()
    await send({"type": "lifespan.shutdown.complete"})

async def body_of(receive):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body

async def answer(send, body, status=200, fields=()):
    headers = [(b"content-length", str(len(body)).encode()), *fields]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

class Door:
    body_limit = 64 * 1024

    def takes(self, *, host, path):
        return True

    async def answer(self, head, body):
        with (HERE / "at-the-door").open("a") as taken:
            taken.write(head.path + "\\n")
        async def receive():
            return {"type": "http.request", "body": body}
        sent = []
        async def send(message):
            sent.append(message)
        await app({"type": "http", "method": head.method, "path": head.path,
                   "headers": head.headers}, receive, send)
        own = tuple(field for field in sent[0]["headers"] if field[0] != b"content-length")
        return Answered(sent[0]["status"], own, "0" * 32, sent[1]["body"])

class WithDoor:
    machine_door = Door()

    async def __call__(self, scope, receive, send):
        await app(scope, receive, send)

with_door = WithDoor()

async def raises_at_once(scope, receive, send):
    raise RuntimeError("no lifespan here")
"""

PRODUCT = """
from authgate.asgi import app

async def without_door(scope, receive, send):
    await app(scope, receive, send)
"""

RUN = """
import fcntl, json, logging, os, socket, sys, termios
if os.isatty(0):
    fcntl.ioctl(0, termios.TIOCSCTTY)
from pathlib import Path
from authgate.serving import ServeOptions, run
logging.basicConfig(level=logging.INFO)
told = json.loads(sys.argv[1])
if told.pop("kernel_is_patient", False):
    del socket.TCP_USER_TIMEOUT  # as where there is none
files = {name: Path(told.pop(name)) for name in ("certfile", "keyfile") if name in told}
sys.exit(run(ServeOptions(**told, **files)))
"""


def comes_to(holds: Callable[[], bool]) -> bool:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.02)
    return True


class Service:
    """A running supervisor with its workers."""

    def __init__(
        self,
        folder: Path,
        options: dict[str, object],
        *,
        terminal: int | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                MAY_BE_BORN + RUN,
                json.dumps({"app": "tiny:app", "port": 0} | options),
            ],
            env={**os.environ, **environment, "PYTHONPATH": str(folder)},
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            start_new_session=terminal is not None,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: list[str] = []
        self._said = threading.Condition()
        self._ear = threading.Thread(target=self._hear, daemon=True)
        self._ear.start()
        try:
            self.port = int(self.said(r"listening on https?://127\.0\.0\.1:(\d+)")[1])
        except AssertionError:
            self.stop()  # or another test would be blamed for what it leaves open
            raise

    @staticmethod
    def comes_to(holds: Callable[[], bool]) -> bool:
        """Whether it comes to hold."""
        return comes_to(holds)

    def said(self, pattern: str) -> re.Match[str]:
        """Wait until the log holds the pattern."""

        def heard() -> re.Match[str] | None:
            return re.search(pattern, self.log)

        with self._said:
            self._said.wait_for(heard, timeout=PATIENCE_SECONDS)
            match = heard()
        assert match, f"never said {pattern!r}:\n{self.log}"
        return match

    @property
    def log(self) -> str:
        return "".join(self._lines)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def exit_status(self) -> int:
        return self._process.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                raise
        self._ear.join(5)
        WATCH.read("log: of a service", self.log)
        if self._process.stderr is not None:
            self._process.stderr.close()

    def ask(self, path: str = "/", *, method: str = "GET", body: bytes | None = None) -> "Answer":
        """Ask on a connection of its own."""
        with closing(
            http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE_SECONDS)
        ) as connection:
            return ask(connection, path, method=method, body=body)

    def keep_alive(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE_SECONDS)

    def say(self, *pieces: bytes, then_end: bool = False) -> bytes:
        """Send these bytes as they are, and return all that comes until the server ends."""
        with self.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
            if then_end:
                connection.shutdown(socket.SHUT_WR)
            return read_all(connection)

    def connect(self) -> socket.socket:
        return socket.create_connection((LOOPBACK, self.port), timeout=PATIENCE_SECONDS)

    def asked(self) -> list[str]:
        """What has reached the application."""
        record = self.folder / "asked"
        return record.read_text().splitlines() if record.exists() else []

    def at_the_door(self) -> list[str]:
        """Paths that have been asked at the application's door."""
        record = self.folder / "at-the-door"
        return record.read_text().splitlines() if record.exists() else []

    def worker(self) -> int:
        """The process id of whichever worker answers."""
        return int(self.ask().body)

    def descriptors(self) -> int:
        """How many files and connections the one worker has open."""
        worker = self.said(r"worker (\d+) is ready")[1]
        return len(os.listdir(f"/proc/{worker}/fd"))

    def connections(self) -> int:
        """How many connections to its port the service has not let go of."""
        here = f":{self.port:04X}"
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(row[1].endswith(here) and row[3] in _KEPT for row in rows)

    def resident_bytes(self) -> int:
        """How much memory the one worker has."""
        worker = self.said(r"worker (\d+) is ready")[1]
        pages = int(Path(f"/proc/{worker}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def in_flight(self) -> None:
        """Wait until the application works on ``/slow``."""
        assert comes_to((self.folder / "in-flight").exists)

    def workers(self, count: int) -> set[int]:
        """The process ids of the workers, of which there are so many."""
        return {int(pid) for pid in re.findall(r"worker (\d+) is ready", self.log)[-count:]}

    def _hear(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._said:
                self._lines.append(line)
                self._said.notify_all()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def says_close(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"


def ask(
    connection: http.client.HTTPConnection,
    path: str = "/",
    *,
    method: str = "GET",
    body: bytes | None = None,
) -> Answer:
    connection.request(method, path, body=body)
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, response.read(), headers)


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


class Serve(Protocol):
    """Starts a service that ends with the test."""

    def __call__(self, kind: str, **options: object) -> Service: ...


@contextmanager
def _services(folder: Path) -> Iterator[Serve]:
    (folder / "tiny.py").write_text(APP)
    (folder / "product.py").write_text(PRODUCT)
    running: list[Service] = []

    def start(kind: str, **options: object) -> Service:
        terminal, environment = options.pop("terminal", None), options.pop("environment", {})
        if kind == "uvicorn-door":
            kind, options = "uvicorn", {"app": "tiny:with_door"} | options
        assert terminal is None or isinstance(terminal, int)
        assert isinstance(environment, dict)
        told = {"kind": kind} | options
        running.append(Service(folder, told, terminal=terminal, environment=environment))
        return running[-1]

    try:
        yield start
    finally:
        for service in running:
            service.stop()


@pytest.fixture(scope="session")
def with_tls(certificate: tuple[Path, Path]) -> dict[str, str]:
    """Options of a service that ends TLS itself."""
    return dict(zip(("certfile", "keyfile"), map(str, certificate), strict=True))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a service: ``serve("uvicorn", workers=2)``."""
    with _services(tmp_path) as start:
        yield start


@pytest.fixture(scope="package")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start a service for several tests, which leave it as it was."""
    with ExitStack() as stack:

        def start(kind: str, **options: object) -> Service:
            start_here = stack.enter_context(_services(tmp_path_factory.mktemp(kind)))
            return start_here(kind, **options)

        yield start


@pytest.fixture(scope="package")
def services(lasting: Serve) -> list[Service]:
    """A service of each kind, with one worker."""
    return [lasting(kind) for kind in KINDS]


@pytest.fixture(params=KINDS)
def service(request: pytest.FixtureRequest, services: list[Service]) -> Service:
    """Each of ``services`` in turn."""
    return services[KINDS.index(request.param)]


@dataclass
class Load:
    """People who ask without pause, on fresh connections and on kept-alive ones."""

    service: Service
    answered: dict[str, int] = field(default_factory=lambda: {"fresh": 0, "kept": 0})
    failures: list[str] = field(default_factory=list)
    _enough: threading.Event = field(default_factory=threading.Event)

    def fresh(self) -> None:
        self._go_on("fresh", self.service.ask)

    def kept(self) -> None:
        with closing(self.service.keep_alive()) as connection:
            self._go_on("kept", lambda: ask(connection))

    def _go_on(self, way: str, once: Callable[[], Answer]) -> None:
        while not self._enough.is_set():
            try:
                answer = once()
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{way}: {error!r}")
            else:
                self.answered[way] += answer.status == 200

    def until_answered(self, count: int) -> None:
        """Wait until each way has been answered so often."""
        assert comes_to(lambda: min(self.answered.values()) >= count)

    @contextmanager
    def going_on(self, *, each: int = 2) -> Iterator[None]:
        people = [
            threading.Thread(target=way) for way in (self.fresh, self.kept) for _ in range(each)
        ]
        for person in people:
            person.start()
        try:
            yield
        finally:
            self._enough.set()
            for person in people:
                person.join(PATIENCE_SECONDS)


@pytest.fixture
def load() -> Callable[[Service], Load]:
    """Put load on a service: ``with load(service).going_on(): …``."""
    return Load
