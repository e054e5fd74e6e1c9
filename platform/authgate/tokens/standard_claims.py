"""What is told of a person, by the scopes that were granted (OpenID Connect Core 5.1 and 5.4)."""

from collections.abc import Collection

from authgate.storage.people.users import User

BY_SCOPE = {
    "profile": frozenset({"name", "preferred_username", "updated_at", "picture"}),
    "email": frozenset({"email", "email_verified"}),
    # What these tell is in group_claims.
    "groups": frozenset({"groups"}),
    "roles": frozenset({"roles"}),
}


def of(user: User, scopes: Collection[str]) -> dict[str, object]:
    """The claims of the scopes ``profile`` and ``email``, without those that have no value."""
    claims: dict[str, object] = {}
    if "profile" in scopes:
        claims |= {
            "name": user.name or user.username,
            "preferred_username": user.username,
            "updated_at": int(user.updated_at.timestamp()),
        }
        if user.picture:
            claims["picture"] = user.picture
    if "email" in scopes and user.email:
        claims |= {"email": user.email, "email_verified": user.email_verified}
    return claims
