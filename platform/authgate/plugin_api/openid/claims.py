"""What a provider's claims mean (OpenID Connect Core section 5.1)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from authgate.plugin_api.login import ExternalIdentity

_MOST_GROUPS = 1000
_LONGEST_GROUP = 255
_MOST_SAID = 40
_LONGEST_SAID = 300
_YEAR_3000 = 32_503_680_000
_OF_NO_MEANING = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "sid", "jti"})


def value_at(claims: Mapping[str, Any], path: str) -> object:
    """What is at a path: a claim's own name, or names with dots between them."""
    if path in claims:
        return claims[path]
    found: object = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def text_in(claims: Mapping[str, Any], path: str) -> str:
    """A text; nothing where there is none. A number is told as its digits."""
    value = value_at(claims, path) if path else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.isprintable() and len(value) < 1024 else ""


def groups_in(claims: Mapping[str, Any], path: str) -> tuple[str, ...] | None:
    """A list of texts; ``None`` where the provider did not say."""
    value = value_at(claims, path) if path else None
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or len(value) > _MOST_GROUPS:
        return None
    named = [each for each in value if isinstance(each, str) and each.isprintable()]
    return tuple(each for each in named if 0 < len(each) <= _LONGEST_GROUP)


def said_in(claims: Mapping[str, Any]) -> dict[str, str]:
    """The claims as an administrator reads them."""
    shown = [name for name in claims if name not in _OF_NO_MEANING and name.isprintable()]
    return {name[:100]: _shown(claims[name]) for name in shown[:_MOST_SAID]}


def identity_of(
    claims: Mapping[str, Any],
    *,
    issuer: str,
    subject: str,
    username: str = "preferred_username",
    email: str = "email",
    email_verified: bool | None = None,
    name: str = "name",
    groups: str = "",
) -> ExternalIdentity:
    """Who the claims at these paths mean.

    An address is verified where ``email_verified`` says so. Where that is not said, the claim of
    this name decides, which is about the claim ``email`` (OpenID Connect Core section 5.1) and says
    nothing of an address that is anywhere else.
    """
    if email_verified is None:
        email_verified = email == "email" and claims.get("email_verified") is True
    address = text_in(claims, email)
    return ExternalIdentity(
        issuer=issuer,
        subject=subject,
        username=text_in(claims, username),
        email=address,
        email_verified=email_verified and bool(address),
        name=text_in(claims, name),
        picture=text_in(claims, "picture"),
        groups=groups_in(claims, groups),
        authenticated_at=_moment(claims.get("auth_time")),
        said=said_in(claims),
    )


def _moment(value: object) -> datetime | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return datetime.fromtimestamp(value, UTC) if 0 <= value < _YEAR_3000 else None


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    plain = "".join(each if each.isprintable() else "·" for each in text)
    return plain if len(plain) <= _LONGEST_SAID else f"{plain[:_LONGEST_SAID]}…"
