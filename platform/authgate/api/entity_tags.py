"""Which state of a thing a request is about (RFC 9110 sections 8.8.3 and 13.1)."""

import base64
import hashlib

from authgate.api.problems import Changed, Malformed, PreconditionRequired
from authgate.web.machine import MachineRequest

_LONGEST = 1024


def of(body: bytes, *, state: bytes | None = None) -> str:
    """The tag of this representation: another for each other one.

    Where only a part of it is what people decide about, its ``state``, that is told apart: whoever
    has read the same state acts on it, whatever the rest was.
    """
    parts = [body] if state is None else [state, body]
    return f'"{".".join(map(_digest, parts))}"'


def is_known(request: MachineRequest, tag: str) -> bool:
    """Whether the client has this representation already (``If-None-Match``)."""
    known = _tags(request, b"if-none-match")
    return "*" in known or any(each.removeprefix("W/") == tag for each in known)


def refuse_other(request: MachineRequest, tag: str | None, *, required: bool) -> None:
    """Act only on the state that ``If-Match`` names, and on none that ``If-None-Match`` does;
    without a ``tag`` there is nothing yet.

    Raises ``PreconditionRequired`` where ``If-Match`` has to be there and is not, and ``Changed``.
    """
    wanted = _tags(request, b"if-match")
    if required and not wanted:
        raise PreconditionRequired("Send the ETag of what you have read, or * for whatever it is.")
    if wanted and (tag is None or ("*" not in wanted and _state(tag) not in map(_state, wanted))):
        raise Changed
    if tag is not None and is_known(request, tag):
        raise Changed


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()[:15]).decode()


def _state(tag: str) -> str:
    return tag.partition(".")[0]


def _tags(request: MachineRequest, name: bytes) -> list[str]:
    text = request.header(name) or ""
    if len(text) > _LONGEST:
        raise Malformed(f"The header {name.decode()} is too long.")
    return [each.strip() for each in text.split(",") if each.strip()]
