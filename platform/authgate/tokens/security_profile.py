"""How much a client has to do at least: the profiles of FAPI 2.0, demanded as a whole.

A tenant chooses one for all of its clients, or for a single one; the stricter of both holds, and is
looked at in each place that it is about, so that it holds for clients from before it as well.
"""

from enum import StrEnum
from typing import Final

from authgate.storage.clients.metadata import PRIVATE_KEY_JWT, TLS_METHODS
from authgate.storage.clients.rows import Client
from authgate.tokens.jwk import ALGORITHMS
from authgate_tenants import TenantSettings, current_tenant


class SecurityProfile(StrEnum):
    """The stricter, the later."""

    NONE = ""
    FAPI2 = "fapi2"
    """FAPI 2.0 Security Profile."""
    FAPI2_MESSAGE_SIGNING = "fapi2_message_signing"
    """That, and FAPI 2.0 Message Signing."""


METHODS: Final = frozenset((PRIVATE_KEY_JWT, *TLS_METHODS))
"""How such a client proves itself (FAPI 2.0 Security Profile section 5.3.2.1)."""
SIGNING_ALGORITHMS: Final = tuple(name for name in ALGORITHMS if name != "RS256")
"""What anything is signed with there (section 5.4.1)."""
CODE_LIFETIME: Final = 60
"""Seconds that a code lives at most (section 5.3.2.1)."""

_ORDER = tuple(SecurityProfile)


def of(client: Client) -> SecurityProfile:
    """What is demanded of a client of the current tenant."""
    own, tenants = client.metadata.security_profile, current_tenant().settings.security_profile
    return stricter(own, tenants) if own or tenants else SecurityProfile.NONE


def stricter(*profiles: str) -> SecurityProfile:
    """The one that demands the most."""
    return max(map(SecurityProfile, profiles), key=_ORDER.index)


def must_sign(client: Client) -> bool:
    """Whether a client has to sign its authorization requests (Message Signing section 5.3.1)."""
    return client.metadata.require_signed_request_object or is_answered_by_signature(client)


def is_answered_by_signature(client: Client) -> bool:
    """Whether whatever it is told has to be signed (sections 5.4 and 5.5)."""
    return of(client) is SecurityProfile.FAPI2_MESSAGE_SIGNING


def algorithms(client: Client) -> tuple[str, ...]:
    """What a client may sign with."""
    return SIGNING_ALGORITHMS if of(client) else ALGORITHMS


def signs_well(settings: TenantSettings) -> bool:
    """Whether what a tenant signs its tokens with is taken there."""
    return settings.signing_algorithm in SIGNING_ALGORITHMS
