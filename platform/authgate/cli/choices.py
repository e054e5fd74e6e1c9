"""What can be chosen in commands, by the names that the API has.

The rooms below have these as well. Commands that ask a server somewhere else do not wait for them
to be imported; the tests hold the ones to the others.
"""

from enum import StrEnum


class ApplicationType(StrEnum):
    """Where an application runs."""

    WEB = "web"
    NATIVE = "native"


class ConsentPolicy(StrEnum):
    """When a person is asked what a client may do."""

    REMEMBERED = "remembered"
    ALWAYS = "always"
    IMPLICIT = "implicit"


class ClientStatus(StrEnum):
    """Whether a client is served."""

    PENDING = "pending"
    ACTIVE = "active"
    INACTIVE = "inactive"
    REJECTED = "rejected"


class TokenStatus(StrEnum):
    """Whether a token works."""

    ACTIVE = "active"
    DISABLED = "disabled"
    REVOKED = "revoked"


class UserStatus(StrEnum):
    """Whether a person may sign in."""

    ACTIVE = "active"
    DISABLED = "disabled"


class DeliveryStatus(StrEnum):
    """How far a client was told that a session is over."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


GRANTS = {
    "authorization_code": "authorization_code",
    "client_credentials": "client_credentials",
    "device_code": "urn:ietf:params:oauth:grant-type:device_code",
    "jwt_bearer": "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "refresh_token": "refresh_token",
    "token_exchange": "urn:ietf:params:oauth:grant-type:token-exchange",
}
"""Grants by the names that are typed."""
