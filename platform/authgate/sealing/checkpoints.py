"""What states how far a log has come, signed: kept elsewhere, it shows that the end of the log was
cut off, or all of it written anew.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Final

from authgate import audit
from authgate.audit import SYSTEM, Event
from authgate.installation import Installation
from authgate.storage.audit import audit_seals
from authgate.storage.audit.audit_seals import Seal
from authgate.tokens.audit_seal import SealKeys
from authgate_tenants import current_tenant

EACH: Final = timedelta(hours=1)
"""Between two checkpoints in the log itself, which take it to wherever its events are told."""


def is_due(seal: Seal, before: Seal | None, events: Collection[str]) -> bool:
    """Whether the log is to have a checkpoint of this seal: after an hour, and where another key
    has taken over, for which it vouches. One that holds nothing but checkpoints fast needs none, or
    they would go on for ever."""
    since = seal.sealed_at - seal.checkpoint_at
    # Whoever owns the database could have put off the next one for ever.
    is_time = since >= EACH or since < timedelta(0)
    is_other = before is not None and before.signer != seal.signer
    return (is_time or is_other) and set(events) != {Event.AUDIT_CHECKPOINT}


async def record(parts: Installation, keys: SealKeys, seal: Seal) -> None:
    """Put a checkpoint into the log, with the open unit of work."""
    await audit.record(
        Event.AUDIT_CHECKPOINT,
        actor=SYSTEM,
        resource=("audit_log", str(current_tenant().id)),
        details={"seq": seal.last_seq, "checkpoint": keys.present.sign(_stated(parts, keys, seal))},
    )


async def newest(parts: Installation, keys: SealKeys) -> str | None:
    """A checkpoint of the current tenant's log as it is, if anything in it is sealed."""
    seal = await audit_seals.newest()
    return keys.present.sign(_stated(parts, keys, seal)) if seal else None


def _stated(parts: Installation, keys: SealKeys, seal: Seal) -> Mapping[str, Any]:
    tenant = current_tenant()
    return {
        "iss": parts.settings.base_url,
        "iat": int(parts.clock().timestamp()),
        "tenant": {"id": str(tenant.id), "slug": tenant.slug},
        "seq": seal.last_seq,
        "digest": seal.digest.hex(),
        "sealed_at": int(seal.sealed_at.timestamp()),
        "keys": sorted(keys.thumbprints),
    }
