"""Rows of AuthGate (Go) as rows of ours, told as a tenant's file tells them.

Whoever cannot come is left out with a reason, in words for the operator.
"""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils import uuid7

from authgate.permissions import UserRole
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.people.usernames import BadUsername, canonical
from authgate.storage.people.users import LONGEST_EXTERNAL_ID
from authgate.storage.portable.former_database import Row, moment, words
from authgate.tokens.authentication import Authentication
from authgate.vocabulary import ApplicationType, ClientStatus, UserStatus
from authgate.web import redirect_uris

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_BCRYPT = ("$2a$", "$2b$", "$2y$")
_STATUSES = {
    "active": ClientStatus.ACTIVE,
    "pending": ClientStatus.PENDING,
    "inactive": ClientStatus.INACTIVE,
}


class LeftOut(ValueError):
    """A row that cannot come. The text says why."""


Told = dict[str, Any]


def user(row: Row, *, owner: str | None) -> Told:
    """A person, by the id that is the subject of their tokens. Raises ``LeftOut``."""
    try:
        name = canonical(row["username"])
        email = canonical(row["email"]) if row["email"] else None
    except BadUsername as error:
        raise LeftOut("a name or address with invisible characters") from error
    hashed = row["password_hash"] or ""
    return {
        "id": str(_uuid(row["id"])),
        "username": row["username"].strip(),
        "canonical_username": name,
        "email": row["email"] or None,
        "canonical_email": email,
        "email_verified": bool(row["email_verified"]) and email is not None,
        "name": (row["full_name"] or "")[:100],
        "picture": _picture(row["avatar_url"] or ""),
        "password_hash": hashed if hashed.startswith(_BCRYPT) else None,
        "status": UserStatus.ACTIVE if row["is_active"] else UserStatus.DISABLED,
        "role": _role(row, owner),
        "external_id": _elsewhere(row),
        **_times(row),
    }


def client(row: Row, *, owners: set[str]) -> Told:
    """An application, whose secret stays good. Raises ``LeftOut``."""
    is_public = row["client_type"] != "confidential"
    uris = _redirect_uris(row)
    grants = [
        *(["authorization_code"] if row["enable_auth_code_flow"] and uris else []),
        *([DEVICE] if row["enable_device_flow"] else []),
        *(["client_credentials"] if row["enable_client_credentials_flow"] else []),
    ]
    if is_public and "client_credentials" in grants:
        grants.remove("client_credentials")
    if grants != ["client_credentials"] and grants:
        grants.append("refresh_token")
    methods = ["none"] if is_public else ["client_secret_basic", "client_secret_post"]
    hashed = None if is_public else _secret(row["client_secret"])
    return {
        "id": str(uuid7()),
        "client_id": row["client_id"],
        "name": row["client_name"].strip()[:80],
        "description": (row["description"] or "")[:500],
        "secret_hash": b64encode(hashed).decode() if hashed else None,
        "authentication_methods": methods,
        "grant_types": grants,
        "scopes": list(dict.fromkeys(row["scopes"].split())),
        "status": _STATUSES.get(row["status"], ClientStatus.INACTIVE),
        "redirect_uris": uris,
        "application_type": _application_type(uris),
        # There a confidential client needs no PKCE, and a device sends no secret.
        "pkce_optional": not is_public,
        "unauthenticated_device_grant": not is_public and DEVICE in grants,
        "project": (row["project"] or "")[:64],
        "service_account": (row["service_account"] or "")[:255],
        "metadata": ClientMetadata(token_profile=_profile(row)).to_json(),
        "owner_id": row["user_id"] if row["user_id"] in owners else None,
        **_times(row),
    }


def consent(row: Row) -> Told:
    """What a person has allowed. Raises ``LeftOut``."""
    if not row["is_active"]:
        raise LeftOut("taken back")
    granted = _moment(row["granted_at"])
    return {
        "id": str(_uuid(row["uuid"])),
        "user_id": str(_uuid(row["user_id"])),
        "client_id": row["client_id"],
        "scopes": row["scopes"].split(),
        "granted_at": _told(granted),
        "updated_at": _told(moment(row["updated_at"]) or granted),
    }


def refresh_token(row: Row, *, now: datetime, absolute: timedelta) -> Told:
    """A refresh token that is good: of it a hash is kept there as here. Raises ``LeftOut``."""
    if row["token_category"] != "refresh":
        raise LeftOut("access tokens are signed by the former key: clients refresh them")
    created, expires = _moment(row["created_at"]), _moment(row["expires_at"])
    if row["status"] != "active" or expires <= now:
        raise LeftOut("ended, or paused")
    try:
        digest = bytes.fromhex(row["token_hash"])
    except ValueError as error:
        raise LeftOut("its hash is none") from error
    was_device = row["authorization_id"] is None
    return {
        "id": str(_uuid(row["id"])),
        "family_id": str(_uuid(row["token_family_id"] or row["id"])),
        "token_hash": b64encode(digest).decode(),
        "client_id": row["client_id"],
        "user_id": str(_uuid(row["user_id"])),
        "scope": row["scopes"],
        "grant_type": DEVICE if was_device else "authorization_code",
        "authentication": Authentication(created, ("pwd",)).to_json(),
        "created_at": _told(created),
        "expires_at": _told(expires),
        "ends_at": _told(max(expires, created + absolute)),
        "used_at": _told(used) if (used := moment(row["last_used_at"])) else None,
    }


def identity(row: Row, *, connection_id: UUID, issuer: str) -> Told:
    """Who somebody is at another provider. Raises ``LeftOut``."""
    created = _moment(row["created_at"])
    return {
        "id": str(_uuid(row["id"])),
        "connection_id": str(connection_id),
        "issuer": issuer,
        "subject": row["provider_user_id"],
        "user_id": str(_uuid(row["user_id"])),
        "username": (row["provider_username"] or "")[:100],
        "created_at": _told(created),
        "last_used_at": _told(moment(row["last_used_at"]) or created),
    }


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except (ValueError, AttributeError, TypeError) as error:
        raise LeftOut("an id that is no UUID") from error


def _moment(value: Any) -> datetime:
    found = moment(value)
    if found is None:
        raise LeftOut("without a time")
    return found


def _told(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


def _times(row: Row) -> Told:
    created = _moment(row["created_at"])
    return {
        "created_at": _told(created),
        "updated_at": _told(moment(row["updated_at"]) or created),
    }


def _role(row: Row, owner: str | None) -> UserRole:
    if row["role"] != "admin":
        return UserRole.USER
    return UserRole.OWNER if row["id"] == owner else UserRole.ADMIN


def _elsewhere(row: Row) -> str | None:
    """What an HTTP service knows somebody by who signs in there."""
    if row["auth_source"] != "http_api":
        return None
    return (row["external_id"] or "")[:LONGEST_EXTERNAL_ID] or None


def _picture(address: str) -> str:
    return address if len(address) <= 500 and address.startswith("https://") else ""


def _secret(stored: str) -> bytes:
    if not stored.startswith(_BCRYPT):
        raise LeftOut("a secret that is no bcrypt hash")
    return stored.encode("ascii", "replace")


def _profile(row: Row) -> str:
    wanted = (row["token_profile"] or "").strip()
    return wanted if wanted in ("short", "long") else ""


def _redirect_uris(row: Row) -> list[str]:
    try:
        return words(row["redirect_uris"])
    except ValueError as error:
        raise LeftOut("redirect URIs that are no list") from error


def _application_type(uris: list[str]) -> ApplicationType:
    is_native = any(redirect_uris.is_loopback(uri) for uri in uris)
    return ApplicationType.NATIVE if is_native else ApplicationType.WEB


def dangerous_uris(told: Told) -> list[str]:
    """Redirect URIs that nobody could register here: they work on, and should be replaced."""
    found = []
    for uri in told["redirect_uris"]:
        try:
            redirect_uris.check(uri, told["application_type"])
        except redirect_uris.BadRedirectUri:
            found.append(uri)
    return found
