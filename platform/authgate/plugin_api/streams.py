"""How a plugin speaks another protocol than HTTP: by a stream that the server opens, which guards
where it may lead.

Names are judged as for HTTP: by the address that is connected to. Certificates are verified always,
by the installation's authorities or those that are named.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class StreamFailure(Exception):
    """No stream, or none any more: the address is not allowed, nobody is there, or the certificate
    does not hold. The text may be shown to administrators."""


class Stream(Protocol):
    """Bytes there and back. All raise ``StreamFailure``."""

    async def send(self, content: bytes) -> None:
        """Send all of it."""
        ...

    async def receive(self) -> bytes:
        """What came, some of it; nothing where the other side has ended."""
        ...

    async def start_tls(self) -> None:
        """Go on in TLS, where the protocol has agreed on it. Read all that came before."""
        ...

    async def end(self) -> None:
        """Say that no more comes (``close_notify`` of TLS), and wait until the other side has ended
        as well, once it has read all of it: for a protocol that has no answers of its own. One that
        had ended by itself is a failure: that says nothing of what it has read. 1.3."""
        ...


class Network(Protocol):
    """Streams to other machines."""

    def open(
        self, host: str, port: int, *, tls: bool = True, authorities: str = ""
    ) -> AbstractAsyncContextManager[Stream]:
        """A stream that ends with the block, in TLS from the beginning unless the protocol begins
        it later. Where ``authorities`` are given (certificates, PEM; 1.3) they are believed, and no
        others. Raises ``StreamFailure``."""
        ...


class NoNetwork:
    """What there is where nobody has given a network."""

    def open(
        self, host: str, port: int, *, tls: bool = True, authorities: str = ""
    ) -> AbstractAsyncContextManager[Stream]:
        """Raises ``StreamFailure``."""
        raise StreamFailure("There is no network here.")
