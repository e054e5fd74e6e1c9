"""What a provider's claims mean (OpenID Connect Core section 5.1)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from authgate.plugin_api.answers import groups_in, said_in, text_in
from authgate.plugin_api.login import ExternalIdentity

_YEAR_3000 = 32_503_680_000


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
