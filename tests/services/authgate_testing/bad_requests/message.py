"""A request as HTTP/1.1 writes it, in parts that can be spoiled one by one (RFC 9112)."""

from dataclasses import dataclass, replace
from typing import Self

Field = tuple[bytes, bytes]


@dataclass(slots=True)
class Message:
    """A request. Nothing in it needs to be right."""

    method: bytes
    target: bytes
    fields: list[Field]
    body: bytes | None = None
    version: bytes = b"HTTP/1.1"
    gap: bytes = b" "
    """Between the parts of the request line."""

    colon: bytes = b": "
    line_end: bytes = b"\r\n"
    framing: list[bytes] | None = None
    """Lines that say how long the body is; the right one where there are none."""

    sent_body: bytes | None = None
    """What is sent for a body, where that is not the body itself."""

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]

    def copy(self) -> Self:
        """Another one like it."""
        return replace(self, fields=[*self.fields])

    def add(self, name: bytes, value: bytes) -> None:
        """Send one more field."""
        self.fields.append((name, value))

    def replace(self, name: bytes, value: bytes) -> None:
        """Send this field, and no other of its name."""
        self.remove(name)
        self.add(name, value)

    def remove(self, name: bytes) -> None:
        """Send no such field."""
        self.fields = [each for each in self.fields if each[0].lower() != name.lower()]

    def to_bytes(self) -> bytes:
        """What goes over the line."""
        lines = [self.gap.join((self.method, self.target, self.version))]
        lines += [name + self.colon + value for name, value in self.fields]
        lines += self._framing()
        body = self.body if self.sent_body is None else self.sent_body
        return self.line_end.join([*lines, b"", b""]) + (body or b"")

    def _framing(self) -> list[bytes]:
        if self.framing is not None:
            return self.framing
        return [] if self.body is None else [b"Content-Length: %d" % len(self.body)]
