"""The key that has to be shown together with a token (RFC 7800): stolen alone, it is worthless."""

import hmac
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

_X5T = "x5t#S256"


class Confirmation(NamedTuple):
    """A key by its thumbprint; no key where that is empty."""

    jkt: str = ""
    """Of a key that makes proofs (RFC 9449 section 6.1)."""
    x5t_s256: str = ""
    """Of a certificate (RFC 8705 section 3.1)."""

    @classmethod
    def stored(cls, values: Mapping[str, Any] | None) -> Self:
        """What ``to_json`` has made."""
        return cls(**{name: (values or {}).get(name, "") for name in cls._fields})

    def to_json(self) -> dict[str, str] | None:
        """To be stored with a code or a refresh token; nothing where there is no key."""
        return {name: value for name, value in self._asdict().items() if value} or None

    @classmethod
    def claimed(cls, claims: Mapping[str, object]) -> Self:
        """What a token of ours says of it."""
        cnf = claims.get("cnf")
        said = cnf if isinstance(cnf, dict) else {}
        return cls(said.get("jkt", ""), said.get(_X5T, ""))

    def claim(self) -> dict[str, str]:
        """``cnf``, for a token that is bound to a key."""
        named = {"jkt": self.jkt, _X5T: self.x5t_s256}
        return {name: value for name, value in named.items() if value}

    def is_met_by(self, shown: Self) -> bool:
        """Whether these are the keys asked for, compared in constant time; all are if none is."""
        return all(
            not wanted or hmac.compare_digest(wanted.encode(), given.encode())
            for wanted, given in zip(self, shown, strict=True)
        )


NO_KEY = Confirmation()
"""Whoever has the token may use it (RFC 6750)."""
