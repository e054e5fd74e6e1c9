"""Folds the seals of a tenant's log whose events are gone, and removes what is folded."""

import time
from typing import Final

from authgate import storage
from authgate.installation import Installation
from authgate.sealing.folds import Fold, is_chain, is_good, signature_of
from authgate.sealing.sealer import keys_of
from authgate.storage.audit import audit_seals
from authgate.storage.sweep import log_keeping
from authgate.tokens.audit_seal import public_key
from authgate_tenants import current_tenant

STEP: Final = 2000
"""Seals that are folded at once."""

LEFT: Final = 1000
"""Seals that stay though their events are gone: what is still there may name one of them."""

MOST_KEPT: Final = 1000
"""Digests that one holds; the next ones are held by another one."""


async def fold(parts: Installation, *, seconds: float) -> int:
    """Fold what the current tenant's log has no use for, or as much of it as goes in this time; how
    many seals went. A chain that is not as it was sealed is left as it is, to be found."""
    removed, end = 0, time.monotonic() + seconds
    while folded := await _step(parts):
        removed += folded
        if time.monotonic() > end:
            break
    return removed


async def _step(parts: Installation) -> int:
    tenant_id, keys = current_tenant().id, keys_of(parts)
    async with storage.transaction():
        gone = await audit_seals.gone(limit=STEP + LEFT)
        going = gone[:-LEFT]
        begun = Fold.of(going[0]) if going else None
        if begun and len(begun.kept) >= MOST_KEPT:
            going = going[1:]
        if len(going) < 2 or not is_chain(tenant_id, going, trusted=keys.thumbprints):
            return 0
        last, folded = going[-1], Fold.over(going)
        said = folded.packed()
        signature, signer = signature_of(keys, tenant_id, last, said)
        await audit_seals.fold(last, said, signature=signature, signer=signer)
    # Whoever is killed before this has two records of the same, and the next one removes these.
    return await log_keeping.remove_folded(
        parts.settings.database, tenant_id, first=folded.first_seq, before=last.first_seq
    )


async def sign_anew(parts: Installation) -> None:
    """Have what was folded be signed by the present key: nobody knows a former one any more once it
    is taken away."""
    tenant_id, keys = current_tenant().id, keys_of(parts)
    async with storage.transaction():
        for seal in await audit_seals.folded():
            is_ours = is_good(tenant_id, seal, trusted=keys.thumbprints)
            if seal.folded and is_ours and seal.fold_signer != public_key(keys.present):
                signature, signer = signature_of(keys, tenant_id, seal, seal.folded)
                await audit_seals.fold(seal, seal.folded, signature=signature, signer=signer)
