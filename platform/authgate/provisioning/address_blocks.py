"""How a tenant keeps a network out, and lets it in again: in force within a second everywhere."""

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.provisioning.tenants import tenant_changed
from authgate_tenants import blocked, blocks, current_tenant
from authgate_tenants.blocked import BadNetwork, BlockedNetworks
from authgate_tenants.blocks import Block

LONGEST_REASON = 200


class OwnAddress(BadNetwork):
    """Whoever blocks it would lock themselves out."""


async def block_address(
    parts: Installation, network: str, *, reason: str, own: str = "", actor: Actor = SYSTEM
) -> Block:
    """Answer nobody who comes to the current tenant from this address or network.

    ``own`` is the address of who asks for it. Where it was blocked already that block stays as it
    was, and is what is answered. Raises ``BadNetwork``.
    """
    found = blocked.network(network)
    only = BlockedNetworks.of([str(found)])
    if only is not None and own and only.holds(own):
        raise OwnAddress(text("You come from there yourself: nobody could take it back."))
    who = actor.name or actor.id or actor.type
    block = Block(blocked.written(found), reason, who, parts.clock(), (actor.type, actor.id))
    async with storage.transaction():
        kept = await blocks.add(block)
        if kept is block:
            await _recorded(parts, Event.ADDRESS_BLOCKED, block.network, actor, reason=reason)
    return kept


async def explain_block(
    parts: Installation, network: str, *, reason: str, actor: Actor = SYSTEM
) -> None:
    """Give another reason for a block, which stays in force. Raises ``UnknownBlock``."""
    async with storage.transaction():
        former = await blocks.explain(network, reason)
        if former.reason != reason:
            told = {"was": former.reason, "is": reason}
            await _recorded(parts, Event.ADDRESS_BLOCK_EXPLAINED, network, actor, **told)


async def unblock_address(parts: Installation, network: str, *, actor: Actor = SYSTEM) -> None:
    """Let a network in again. Raises ``BadNetwork`` and ``UnknownBlock``."""
    named = blocked.written(blocked.network(network))
    async with storage.transaction():
        await blocks.remove(named)
        await _recorded(parts, Event.ADDRESS_UNBLOCKED, named, actor)


async def _recorded(
    parts: Installation, event: Event, network: str, actor: Actor, **details: str
) -> None:
    await audit.record(event, actor=actor, resource=("address", network), details=details)
    await tenant_changed(parts, current_tenant())
