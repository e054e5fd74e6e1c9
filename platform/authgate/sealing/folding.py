"""Folds the seals of a tenant's log whose events are gone, and removes what is folded."""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final

from authgate import storage
from authgate.installation import Installation
from authgate.sealing import sayings
from authgate.sealing.folds import Fold, is_chain, is_good, signature_of
from authgate.sealing.sealer import keys_of
from authgate.storage.audit import audit_seals
from authgate.storage.audit.audit_seals import Seal
from authgate.storage.sweep import log_keeping
from authgate.tokens.audit_seal import SealKeys, named, public_key
from authgate_tenants import current_tenant

STEP: Final = 2000
"""Seals that are folded at once."""

LEFT: Final = 1000
"""Seals that stay though their events are gone: what is still there may name one of them."""

MOST_KEPT: Final = 1000
"""Digests that one holds; the next ones are held by another one."""


async def fold(parts: Installation, *, seconds: float) -> bool:
    """Fold what the current tenant's log has no use for, or as much of it as goes in this time;
    whether there is more. A chain that is not as it was sealed is left as it is, to be found."""
    end, tenant_id, keys = time.monotonic() + seconds, current_tenant().id, keys_of(parts)
    believed: Mapping[str, int] = dict.fromkeys(keys.thumbprints, sys.maxsize)
    async with log_keeping.removing_folded(parts.settings.database, tenant_id) as remove:
        while True:
            began = time.monotonic()
            async with storage.transaction():
                going = await _going()
                if going and named(going[-1].signer) not in believed:
                    believed = await sayings.vouched_for(tenant_id, trusted=keys.thumbprints)
                folded = await _folded(keys, going, believed)
            if folded is None:
                return False
            # Whoever is killed before this has two records of the same, and the next one removes
            # these.
            await remove(folded.first_seq, going[-1].first_seq)
            if time.monotonic() > end:
                return True
            # As long again for whoever is served beside it.
            await asyncio.sleep(time.monotonic() - began)


async def _going() -> Sequence[Seal]:
    """Seals of which the last one is to stand for the others."""
    going = (await audit_seals.gone(limit=STEP + LEFT))[:-LEFT]
    begun = Fold.of(going[0]) if going else None
    return going[1:] if begun and len(begun.kept) >= MOST_KEPT else going


async def _folded(
    keys: SealKeys, going: Sequence[Seal], believed: Mapping[str, int]
) -> Fold | None:
    if len(going) < 2 or believed.get(named(going[-1].signer), 0) < going[-1].last_seq:
        return None
    tenant_id, last = current_tenant().id, going[-1]
    if not is_chain(tenant_id, going, trusted=keys.thumbprints):
        return None
    folded = Fold.over(going)
    said = folded.packed()
    signature, signer = signature_of(keys, tenant_id, last, said)
    await audit_seals.fold(last, said, signature=signature, signer=signer)
    return folded


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
