"""How to serve: what the command line decides, and what a worker is told of it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Self

ServerKind = Literal["hypercorn", "uvicorn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How to serve one application."""

    host: str = "127.0.0.1"
    port: int = 8080
    """``0`` lets the system choose; the log tells which."""

    workers: int = 1
    kind: ServerKind = "hypercorn"
    """``hypercorn`` speaks HTTP/2 where it ends TLS; ``uvicorn`` is the throughput server."""

    app: str = "authgate.asgi:app"
    """``module:attribute`` of the ASGI application, imported by the workers only."""

    certfile: Path | None = None
    keyfile: Path | None = None
    drain_seconds: float = 8.0
    """How long a leaving worker waits for its connections."""

    connections: int = 4096
    """How many a worker has open at a time."""

    connections_per_address: int = 1024
    """How many of them may come from one address that is no trusted proxy."""

    stalled_seconds: float = 30.0
    """How long a peer may leave its answer lying."""

    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks that ``connections_per_address`` is not for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What the supervisor tells a worker: how to serve, and the descriptors it inherits."""

    options: ServeOptions
    listener: int
    """The listening socket."""

    ready: int
    """A pipe the worker writes to once it serves."""

    lifeline: int
    """A pipe that ends when the supervisor does, however it ends."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        told = json.loads(text)
        options = told.pop("options")
        for name in ("certfile", "keyfile"):
            options[name] = Path(options[name]) if options[name] else None
        options["trusted_proxies"] = tuple(options["trusted_proxies"])
        return cls(options=ServeOptions(**options), **told)
