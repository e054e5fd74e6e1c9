"""How and when a person has proven who they are, as tokens tell it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple, Self
from uuid import UUID

ACR = "1"
"""``acr`` of one factor, a password or another provider's word: level 1 of ISO/IEC 29115."""
TWO_FACTORS = "2"
"""``acr`` of two factors of different kinds."""
ACR_VALUES = (ACR, TWO_FACTORS)
"""Every ``acr``; each is worth more than those before it."""
PASSWORD = "pwd"
"""Among the methods: a password was typed here, if it is a directory that knows it."""
OTP = "otp"
"""Among the methods: a code was shown."""
HWK = "hwk"
"""Among the methods: a passkey was shown."""
MULTI_FACTOR = "mfa"
"""Said besides the methods where they were of different kinds (RFC 8176)."""
FEDERATED = "federated"
"""Among the methods of a session: another provider vouched. The next says which connection that
was (``vouched_by``); it is no method, whatever it reads."""

_FEDERATED = "fed"
_CONNECTION = "connection:"
OWN_METHODS = frozenset({PASSWORD, OTP, HWK, "user", MULTI_FACTOR})
"""Of the methods of a session those that the tenant has seen itself, by their names in RFC 8176."""


def vouched_by(label: str) -> list[str]:
    """The methods of a session that another provider has vouched for, by its connection's label."""
    return [FEDERATED, f"{_CONNECTION}{label}"]


def connection_of(methods: Sequence[str]) -> str | None:
    """The label of the connection that vouched; ``None`` where none did."""
    if FEDERATED not in methods:
        return None
    return methods[methods.index(FEDERATED) + 1].removeprefix(_CONNECTION)


def seen(methods: Iterable[str]) -> list[str]:
    """The methods alone: labels are whatever somebody has typed."""
    return [each for before, each in pairwise(("", *methods)) if before != FEDERATED]


def acr_of(methods: Collection[str]) -> str:
    """What these methods are worth together (OpenID Connect Core section 2, ``acr``)."""
    return TWO_FACTORS if MULTI_FACTOR in seen(methods) else ACR


def is_worth(methods: Collection[str], acr: str) -> bool:
    """Whether these methods are worth at least this ``acr``; any are where it is empty."""
    if not acr:
        return True
    return acr in ACR_VALUES and ACR_VALUES.index(acr) <= ACR_VALUES.index(acr_of(methods))


class Authentication(NamedTuple):
    """A sign-in."""

    at: datetime
    amr: tuple[str, ...]
    """Methods (RFC 8176); ``fed`` where another provider vouched."""
    session_id: UUID | None = None
    """The browser session that it began."""
    actor: str = ""
    """Who acts for the person: the ``sub`` of ``act`` (RFC 8693 section 4.1); empty where nobody
    does."""
    ends_at: datetime | None = None
    """When nobody does so any more."""

    @classmethod
    def of_session(
        cls,
        at: datetime,
        methods: Sequence[str],
        session_id: UUID,
        *,
        actor: UUID | None = None,
        ends_at: datetime | None = None,
    ) -> Self:
        """What a browser session stands for."""
        own = tuple(method for method in seen(methods) if method in OWN_METHODS)
        vouched = () if own and FEDERATED not in methods else (_FEDERATED,)
        acts = str(actor) if actor else ""
        return cls(at, vouched + own, session_id, acts, ends_at if actor else None)

    @classmethod
    def stored(cls, values: Mapping[str, Any]) -> Self:
        """What ``to_json`` has made."""
        session_id = values["sid"]
        return cls(
            datetime.fromtimestamp(values["at"], UTC),
            tuple(values["amr"]),
            UUID(session_id) if session_id else None,
            values.get("act", ""),
            datetime.fromtimestamp(values["act_ends"], UTC) if "act_ends" in values else None,
        )

    @property
    def act(self) -> Mapping[str, object] | None:
        """``act`` of tokens; ``None`` where the person acts themselves."""
        return {"sub": self.actor} if self.actor else None

    def to_json(self) -> dict[str, Any]:
        """All of it, to be stored with a code or a refresh token."""
        session_id = str(self.session_id) if self.session_id else ""
        told = {"at": int(self.at.timestamp()), "amr": list(self.amr), "sid": session_id}
        if self.ends_at is not None:
            told |= {"act": self.actor, "act_ends": int(self.ends_at.timestamp())}
        return told

    def claims(self) -> dict[str, object]:
        """What an ID token says of it (OpenID Connect Core section 2)."""
        claims: dict[str, object] = {"auth_time": int(self.at.timestamp())}
        if self.amr:
            claims |= {"amr": list(self.amr), "acr": acr_of(self.amr)}
        if self.act is not None:
            claims["act"] = self.act
        return claims
