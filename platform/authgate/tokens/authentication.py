"""How and when a person has proven who they are, as tokens tell it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

ACR = "1"
"""``acr`` of one factor, a password or another provider's word: level 1 of ISO/IEC 29115."""

_FEDERATED = "fed"
_OWN_METHODS = frozenset({"pwd"})


class Authentication(NamedTuple):
    """A sign-in."""

    at: datetime
    amr: tuple[str, ...]
    """Methods (RFC 8176); ``fed`` where another provider vouched."""
    session_id: UUID | None = None
    """The browser session that it began."""

    @classmethod
    def of_session(cls, at: datetime, methods: Sequence[str], session_id: UUID) -> Self:
        """What a browser session stands for."""
        own = tuple(method for method in methods if method in _OWN_METHODS)
        return cls(at, own or (_FEDERATED,), session_id)

    @classmethod
    def stored(cls, values: Mapping[str, Any]) -> Self:
        """What ``to_json`` has made."""
        session_id = values["sid"]
        return cls(
            datetime.fromtimestamp(values["at"], UTC),
            tuple(values["amr"]),
            UUID(session_id) if session_id else None,
        )

    def to_json(self) -> dict[str, Any]:
        """All of it, to be stored with a code or a refresh token."""
        session_id = str(self.session_id) if self.session_id else ""
        return {"at": int(self.at.timestamp()), "amr": list(self.amr), "sid": session_id}

    def claims(self) -> dict[str, object]:
        """What an ID token says of it (OpenID Connect Core section 2)."""
        claims: dict[str, object] = {"auth_time": int(self.at.timestamp())}
        if self.amr:
            claims |= {"amr": list(self.amr), "acr": ACR}
        return claims
