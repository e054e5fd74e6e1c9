"""Every request to the servers under fire, and its answer."""

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a request asks for."""

    MACHINE = "client credentials"
    TOKENINFO = "tokeninfo"
    USERINFO = "userinfo"
    KEYS = "key set"
    DEVICE = "device authorization"
    SIGN_IN = "sign-in"
    CODE = "typed user code"
    APPROVAL = "approval"
    REDEMPTION = "redemption"
    ABROAD = "with another tenant's credentials"
    LETTING_IN = "letting in"
    CODE_TOKEN = "tokens for a code"
    SIGN_OUT = "sign-out"
    INVITATION = "invitation"
    EXPORT = "export of the log"
    FILE = "file of the log"


@dataclass(slots=True, kw_only=True)
class Call:
    """A request and, once it is there, its answer."""

    kind: Kind
    tenant: str
    host: str
    kept: bool = False
    """Whether its client keeps connections open between its calls."""

    about: str = ""
    """The token, the device code, the address or the session that it is about."""

    began: float = field(default_factory=time.monotonic)
    ended: float = float("inf")
    status: int = 0
    """``0`` where no whole answer came."""

    broke: str = ""
    """How the connection ended without one."""

    error: str = ""
    """The code by which it was refused."""

    retry_after: str = ""
    request_id: str = ""
    gave: str = ""
    """The token, the device code or the id that it was answered."""

    replayed: bool = False
    """Whether that is the answer of an earlier one with the same key."""

    wrong: str = ""
    """What in the answer does not belong to the question."""

    @property
    def succeeded(self) -> bool:
        """Whether it was done, and said so."""
        return self.status == 200 and not self.wrong

    @property
    def may_have_been_done(self) -> bool:
        """Whether it was done is not known: no answer, or one that says to try again."""
        return self.status in (0, 503)

    def __str__(self) -> str:
        answer = self.broke if self.status == 0 else f"{self.status} {self.error}".strip()
        seconds = f"{self.ended - self.began:.2f} s"
        told = f"{self.kind} of {self.tenant} at {self.host}: {answer} after {seconds}"
        return told + (f" (request {self.request_id})" if self.request_id else "")


@dataclass(slots=True)
class LogFile:
    """A file of the log, from its being asked for to its being taken."""

    tenant: str
    id: str
    asked: Call
    """The request that was answered; those before it may have been done as well."""

    began: float
    """When it was asked for the first time."""

    created_at: str
    """What happened from then on is not in it."""

    said: dict[str, Any] = field(default_factory=dict)
    """What the server says of it once it is whole."""

    parts: list[str] | None = None
    """Once it is taken."""


class History:
    """Calls in the order in which they began."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.files: list[LogFile] = []

    def begin(self, call: Call) -> None:
        """Write down that this is being asked now."""
        self.calls.append(call)

    def of(self, *kinds: Kind) -> list[Call]:
        """The calls of these kinds."""
        return [call for call in self.calls if call.kind in kinds]
