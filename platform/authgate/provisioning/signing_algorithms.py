"""Another algorithm to sign by, without a client that meets a key which it does not know."""

from datetime import datetime
from typing import NamedTuple

from authgate.audit import Actor
from authgate.installation import Installation
from authgate.provisioning.tenants import change_tenant
from authgate.tokens.id_token import algorithm_of
from authgate_tenants import current_tenant
from authgate_tenants.settings import SigningAlgorithm


class AlgorithmChange(NamedTuple):
    """What signs the tenant's tokens, and what is still to come."""

    algorithm: SigningAlgorithm
    known_at: datetime | None
    """When clients know the keys of the one that is wanted; ``None`` once it signs."""


async def change_algorithm(
    parts: Installation, wanted: SigningAlgorithm, *, at_once: bool = False, actor: Actor
) -> AlgorithmChange:
    """Have the tenant in scope sign by another algorithm, if clients know its keys by now.

    If they do not, its keys are made and published: ask again at that time. Raises
    ``UnfitTenant``.
    """
    tenant = current_tenant()
    used = {wanted, algorithm_of(wanted)}
    known_at = max([await parts.keys.known_at(each) for each in sorted(used)])
    if known_at > parts.clock() and not at_once:
        return AlgorithmChange(tenant.settings.signing_algorithm, known_at)
    await change_tenant(
        parts,
        tenant,
        change=lambda before: before.changed({"signing_algorithm": wanted}),
        actor=actor,
    )
    return AlgorithmChange(wanted, None)
