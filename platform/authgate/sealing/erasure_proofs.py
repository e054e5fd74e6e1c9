"""The proof that somebody was erased: a signed statement of what was removed, when and by whom."""

from datetime import datetime
from typing import Any
from uuid import UUID

from authgate.installation import Installation, key_encryption_keys
from authgate.storage.people import person_erasures
from authgate.storage.people.person_erasures import ErasureState, PersonErasure
from authgate.tokens.erasure_certificate import ERASURE
from authgate.tokens.signed_statement import StatementKey, read, signer_of, thumbprints
from authgate_tenants import current_tenant, use_tenant


async def certify(parts: Installation, user_id: UUID) -> None:
    """State that all is done for somebody, with the open unit of work."""
    erasure = await person_erasures.of_user(user_id)
    if erasure is None or erasure.state is not ErasureState.REMOVED:
        return
    now = parts.clock()
    certificate = key(parts).sign(_statement(parts, erasure, now))
    await person_erasures.end(erasure, certificate, now=now)


def key(parts: Installation) -> StatementKey:
    """What signs this installation's certificates. Raises ``KeyEncryptionKeyError``."""
    return StatementKey.of(ERASURE, key_encryption_keys(parts.settings.keys, may_create=False)[0])


def signer(parts: Installation, erasure: PersonErasure) -> str:
    """The thumbprint of the key that has signed its certificate, whatever keys there are by now, or
    of the one that would."""
    if erasure.certificate:
        return signer_of(ERASURE, erasure.certificate)
    return key(parts).thumbprint


async def verified(parts: Installation, certificate: str) -> dict[str, Any]:
    """What a certificate of this installation states. Raises ``BadStatement``.

    It is believed if it was signed by a key that is there, or if it is the very one that is kept:
    the key may have been replaced since.
    """
    signer = signer_of(ERASURE, certificate)
    stated = read(ERASURE, certificate, trusted=[signer])
    keks = key_encryption_keys(parts.settings.keys, may_create=False)
    if signer in thumbprints(ERASURE, keks):
        return stated
    tenant = await parts.resolver.find_by_id(UUID(stated["tenant"]["id"]))
    if tenant is not None:
        with use_tenant(tenant):
            if await person_erasures.holds(certificate):
                return stated
    return read(ERASURE, certificate, trusted=[])


def _statement(parts: Installation, erasure: PersonErasure, now: datetime) -> dict[str, Any]:
    tenant, removed_at = current_tenant(), erasure.removed_at
    return {
        "iss": parts.settings.base_url,
        "jti": str(erasure.id),
        "iat": int(now.timestamp()),
        "tenant": {"id": str(tenant.id), "slug": tenant.slug},
        "person": str(erasure.user_id),
        "requested_by": erasure.requested_by,
        "requested_at": erasure.requested_at.isoformat(),
        "removed_at": removed_at.isoformat() if removed_at else None,
        "erased_at": now.isoformat(),
        "rows": dict(sorted(erasure.removed.items())),
        "events": erasure.events,
    }
