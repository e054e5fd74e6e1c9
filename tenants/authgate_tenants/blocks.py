"""Which networks the current tenant keeps out, why, and since when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from authgate_tenants import blocked
from authgate_tenants.blocked import BadNetwork
from authgate_tenants.models import TenantRow
from authgate_tenants.scope import current_tenant

MOST = 500
"""Networks that one tenant may block."""


class UnknownBlock(LookupError):
    """The tenant does not block this network."""


@dataclass(frozen=True, slots=True)
class Block:
    """A network from which nobody is let in."""

    network: str
    reason: str
    blocked_by: str
    blocked_at: datetime
    actor: tuple[str, str] = ("", "")
    """Type and id of who it was; nothing where that was not written down."""


async def every() -> Sequence[Block]:
    """Those of the current tenant, the latest first."""
    row = await TenantRow.get(id=current_tenant().id)
    found = [_read(network, said) for network, said in (row.blocked or {}).items()]
    return sorted(found, key=lambda each: each.blocked_at, reverse=True)


async def add(block: Block) -> Block:
    """Keep the network out, with the transaction; the block that was there, if it was already.

    Raises ``BadNetwork``.
    """
    network = blocked.written(blocked.network(block.network))
    row = await _locked()
    known = dict(row.blocked or {})
    if network in known:
        return _read(network, known[network])
    if len(known) >= MOST:
        raise BadNetwork("A tenant blocks %(most)s networks at the most.", most=MOST)
    known[network] = {
        "reason": block.reason,
        "by": block.blocked_by,
        "at": block.blocked_at.isoformat(),
        "by_type": block.actor[0],
        "by_id": block.actor[1],
    }
    await _store(row, known)
    return block


async def explain(network: str, reason: str) -> Block:
    """Say for another reason that it is kept out, with the transaction; the block as it was.

    Raises ``UnknownBlock``.
    """
    row = await _locked()
    known = dict(row.blocked or {})
    if network not in known:
        raise UnknownBlock(network)
    former = _read(network, known[network])
    known[network] = {**known[network], "reason": reason}
    await _store(row, known)
    return former


async def remove(network: str) -> None:
    """Let it in again, with the transaction. Raises ``UnknownBlock``."""
    row = await _locked()
    known = dict(row.blocked or {})
    if known.pop(network, None) is None:
        raise UnknownBlock(network)
    await _store(row, known)


async def unname(user_id: str, *, username: str, since: datetime) -> int:
    """Have the id of a person stand where they keep networks out, with the transaction; at how many
    networks. Where no id was written down, what has their name since then is theirs."""
    before = await TenantRow.get(id=current_tenant().id)
    if not _blocked_by(before, user_id, username, since):
        return 0
    row = await _locked()
    theirs = _blocked_by(row, user_id, username, since)
    await _store(row, dict(row.blocked or {}) | {
        network: {**said, "by": user_id} for network, said in theirs.items()
    })  # fmt: skip
    return len(theirs)


def _blocked_by(
    row: TenantRow, user_id: str, username: str, since: datetime
) -> Mapping[str, dict[str, str]]:
    def is_theirs(said: Mapping[str, str]) -> bool:
        if kind := said.get("by_type"):
            return (kind, said.get("by_id")) == ("user", user_id) and said["by"] != user_id
        return said["by"] == username and datetime.fromisoformat(said["at"]) >= since

    return {network: said for network, said in (row.blocked or {}).items() if is_theirs(said)}


def _read(network: str, said: Mapping[str, str]) -> Block:
    at = datetime.fromisoformat(said["at"])
    actor = (said.get("by_type", ""), said.get("by_id", ""))
    return Block(network, said["reason"], said["by"], at, actor)


async def _locked() -> TenantRow:
    return await TenantRow.filter(id=current_tenant().id).select_for_update().get()


async def _store(row: TenantRow, known: dict[str, dict[str, str]]) -> None:
    row.blocked = known
    await row.save(update_fields=["blocked", "updated_at"])
