"""Every request to the servers under fire, and its answer."""

import time
from dataclasses import dataclass, field
from enum import StrEnum


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


@dataclass(slots=True, kw_only=True)
class Call:
    """A request and, once it is there, its answer."""

    kind: Kind
    tenant: str
    host: str
    kept: bool = False
    """Whether its client keeps connections open between its calls."""

    about: str = ""
    """The token or the device code that it is about."""

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
    """The token or the device code that it was answered."""

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


class History:
    """Calls in the order in which they began."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def begin(self, call: Call) -> None:
        """Write down that this is being asked now."""
        self.calls.append(call)

    def of(self, *kinds: Kind) -> list[Call]:
        """The calls of these kinds."""
        return [call for call in self.calls if call.kind in kinds]
