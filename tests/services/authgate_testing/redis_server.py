"""A Redis server for the run."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from authgate_testing.processes import LOOPBACK, Service, kept_up, service_folder
from authgate_testing.programs import find
from authgate_testing.secrets_watch.places import PLACES


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A running Redis server with 16 databases, none of them written to disk."""

    port: int

    def url(self, database: int = 0) -> str:
        """Address one of the server's databases."""
        return f"redis://{LOOPBACK}:{self.port}/{database}"

    def flush(self, database: int = 0) -> None:
        """Forget every key of one database."""
        _ask(self.port, f"SELECT {database}", "FLUSHDB")


@contextmanager
def redis_running() -> Iterator[RedisServer]:
    """Run a server that keeps nothing on disk."""
    with redis_service() as service:
        yield RedisServer(port=service.port)


@contextmanager
def redis_service() -> Iterator[Service]:
    """The same, for tests that end the server and start it again."""
    program = find("redis-server", package="redis-server")
    with service_folder("redis") as folder:
        service = Service(
            lambda port: [
                program,
                *("--bind", LOOPBACK, "--port", str(port), "--dir", str(folder)),
                *("--save", "", "--appendonly", "no", "--daemonize", "no"),
            ],
            answers=_answers,
            log=folder / "redis.log",
        )
        with kept_up(service, stop_signal=signal.SIGTERM), PLACES.hearing(service.port):
            yield service


def _answers(port: int) -> bool:
    try:
        return _ask(port, "PING") == b"+PONG\r\n"
    except OSError:
        return False


def _ask(port: int, *commands: str) -> bytes:
    """Return the answer to the last of the commands."""
    answer = b""
    with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
        for command in commands:
            connection.sendall(command.encode() + b"\r\n")
            answer = connection.recv(64)
    return answer
