"""A Redis server as it should be run for others: it asks for a password and speaks TLS."""

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from authgate.pretend.certificate import certificate_in
from authgate_testing.processes import (
    LOOPBACK,
    free_port,
    running,
    service_folder,
    takes_connections,
)
from authgate_testing.programs import find
from authgate_testing.secrets_watch.places import PLACES


@dataclass(frozen=True, slots=True)
class GuardedRedis:
    """A running server, in the clear and encrypted."""

    port: int
    tls_port: int
    password: str
    authority: Path
    """What vouches for the server's certificate, which is for 127.0.0.1 and 0.0.0.0."""

    def url(self, host: str = LOOPBACK) -> str:
        """By a line that is encrypted and verified."""
        at = f"{host}:{self.tls_port}/0?ssl_ca_certs={self.authority}"
        return f"rediss://:{self.password}@{at}"

    def plain_url(self, host: str = LOOPBACK) -> str:
        """By a line that is not encrypted."""
        return f"redis://:{self.password}@{host}:{self.port}/0"

    def tell(self, *commands: str) -> None:
        """Have the server do these. Raises ``AssertionError`` where it does not."""
        with socket.create_connection((LOOPBACK, self.port), timeout=5) as connection:
            for command in (f"AUTH {self.password}", *commands):
                connection.sendall(command.encode() + b"\r\n")
                answer = connection.recv(64)
                assert answer.startswith(b"+OK"), answer


@contextmanager
def guarded_redis_running() -> Iterator[GuardedRedis]:
    """Run a server that keeps nothing on disk."""
    password, tls_port = secrets.token_hex(16), free_port()
    program = find("redis-server", package="redis-server")
    with service_folder("guarded-redis") as folder:
        certificate, key = certificate_in(folder)

        def command(port: int) -> list[str | Path]:
            files = ("--tls-cert-file", certificate, "--tls-key-file", key)
            return [
                program,
                *("--bind", LOOPBACK, "--port", str(port), "--tls-port", str(tls_port)),
                *(*files, "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no"),
                *("--requirepass", password, "--dir", str(folder)),
                *("--save", "", "--appendonly", "no", "--daemonize", "no"),
            ]

        with (
            running(command, answers=takes_connections, log=folder / "redis.log") as port,
            PLACES.hearing(port, password=password),
        ):
            yield GuardedRedis(port, tls_port, password, certificate)
