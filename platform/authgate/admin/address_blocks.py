"""``/address-blocks``: addresses and networks from which nobody is let in.

A block is added and removed; only the reason for it can become another one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import Field

from authgate import storage
from authgate.admin.places import BASE
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, MergePatch, operation
from authgate.api.problems import Conflict, Fault, Invalid, NotFound
from authgate.provisioning import address_blocks
from authgate.provisioning.address_blocks import LONGEST_REASON, OwnAddress
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import blocks, current_tenant, lifecycle
from authgate_tenants.blocked import BadNetwork
from authgate_tenants.blocks import Block, UnknownBlock

_EXAMPLE = "203.0.113.0/24"


class AddressBlockReason(Document):
    """Why an address or a network is kept out."""

    model_config = exemplified(reason="Guesses passwords.")

    reason: Annotated[str, Field(max_length=LONGEST_REASON, pattern=r"^[^\x00]*$")] = ""
    """For other administrators."""


class AddressBlockCreation(AddressBlockReason):
    """An address or a network to be kept out."""

    model_config = exemplified(network=_EXAMPLE, reason="Guesses passwords.")

    network: Annotated[str, Field(min_length=1, max_length=64)]
    """An address, or a network by its prefix (CIDR): `/8` or longer, for IPv6 `/16`."""


class AddressBlockDocument(Document):
    """A network from which nobody is let in."""

    model_config = exemplified(
        id=str(uuid5(NAMESPACE_URL, _EXAMPLE)),
        network=_EXAMPLE,
        reason="Guesses passwords.",
        blocked_by="mira",
        blocked_at="2026-03-02T09:12:44Z",
    )

    id: UUID
    """The same whenever the network is blocked."""

    network: str
    """An address, or a network with its prefix."""

    reason: str
    blocked_by: str
    blocked_at: datetime


class AddressBlockList(Document):
    """Every network that is kept out, the latest first; there are at most five hundred."""

    items: Sequence[AddressBlockDocument]


async def list_address_blocks(call: Call[Nothing, Nothing]) -> Answer[AddressBlockList]:
    """List the addresses that are kept out."""
    del call
    return Answer(AddressBlockList(items=[_document(each) for each in await blocks.every()]))


async def create_address_block(
    call: Call[Nothing, AddressBlockCreation],
) -> Answer[AddressBlockDocument]:
    """Let nobody in from an address or a network.

    Every process refuses it within a second. Your own address cannot be blocked. What is
    blocked already stays as it was, its reason too.
    """
    with _refused():
        block = await address_blocks.block_address(
            call.parts,
            call.body.network,
            reason=call.body.reason,
            own=call.request.client_ip,
            actor=call.caller.actor,
        )
    made = _document(block)
    place = f"{current_tenant().issuer}{BASE}/address-blocks/{made.id}"
    return Answer(made, ((b"location", place.encode("ascii")),))


async def read_address_block(call: Call[Nothing, Nothing]) -> Answer[AddressBlockDocument]:
    """Read an address that is kept out."""
    return Answer(await _named(call))


async def change_address_block(
    call: Call[Nothing, MergePatch[AddressBlockReason]],
) -> Answer[AddressBlockDocument]:
    """Give another reason for a block, which stays in force meanwhile."""
    async with storage.transaction():
        await lifecycle.locked(current_tenant().id)
        block = await _named(call)
        call.refuse_if_changed(block)
        after = call.body.applied(AddressBlockReason(reason=block.reason))
        with _refused():
            await address_blocks.explain_block(
                call.parts, block.network, reason=after.reason, actor=call.caller.actor
            )
        return Answer(await _named(call))


async def delete_address_block(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Let an address in again."""
    block = await _named(call)
    call.refuse_if_changed(block, required=False)
    with _refused():
        await address_blocks.unblock_address(call.parts, block.network, actor=call.caller.actor)
    return Answer(None)


async def _named(call: Call[Any, Any]) -> AddressBlockDocument:
    wanted = call.uuid("address_block_id")
    for block in await blocks.every():
        if (found := _document(block)).id == wanted:
            return found
    raise NotFound


def _document(block: Block) -> AddressBlockDocument:
    return AddressBlockDocument(
        id=uuid5(NAMESPACE_URL, block.network),
        network=block.network,
        reason=block.reason,
        blocked_by=block.blocked_by,
        blocked_at=block.blocked_at,
    )


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except OwnAddress as error:
        raise Conflict(str(error)) from error
    except BadNetwork as error:
        raise Invalid(faults=[Fault(str(error), pointer="/network")]) from error
    except UnknownBlock as error:
        raise NotFound from error


_ONE = "/address-blocks/{address_block_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/address-blocks", list_address_blocks, scope=Scope.LIMITS_READ),
    operation(
        HTTPMethod.POST,
        "/address-blocks",
        create_address_block,
        scope=Scope.LIMITS_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict],
    ),
    operation(HTTPMethod.GET, _ONE, read_address_block, scope=Scope.LIMITS_READ),
    operation(HTTPMethod.PATCH, _ONE, change_address_block, scope=Scope.LIMITS_WRITE),
    operation(
        HTTPMethod.DELETE,
        _ONE,
        delete_address_block,
        scope=Scope.LIMITS_WRITE,
        status=HTTPStatus.NO_CONTENT,
    ),
]
