"""What is done to several clients at once: to all of them, or to none."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Protocol

from authgate import storage
from authgate.audit import SYSTEM, Actor
from authgate.installation import Installation
from authgate.languages import text
from authgate.provisioning.clients import (
    UnknownClient,
    mark_client_seen,
    review_client,
    revoke_client_tokens,
    set_client_status,
)
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.vocabulary import ClientStatus

MOST = 100
"""Clients of one selection."""


class ClientAct(StrEnum):
    """What can be done to several."""

    APPROVE = "approve"
    ENABLE = "enable"
    DISABLE = "disable"
    REVOKE_TOKENS = "revoke-tokens"
    MARK_SEEN = "mark-seen"


class UnfitSelection(ValueError):
    """It cannot be done to all of them, and was done to none; ``faults`` say why, by client_id."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(text("It was done to none of them."))
        self.faults = faults


Check = Callable[[Client], str]
"""Why something is not to be done to a client; empty where it may be."""


def fault(client: Client, act: ClientAct) -> str:
    """Why it cannot be done to this client; empty where it can."""
    match act:
        case ClientAct.APPROVE if client.status is not ClientStatus.PENDING:
            return text("It does not wait for approval.")
        case ClientAct.ENABLE | ClientAct.DISABLE if not client.is_approved:
            return text("It waits for approval, or was rejected.")
        case _:
            return ""


async def act_on_clients(
    parts: Installation,
    client_ids: Collection[str],
    act: ClientAct,
    *,
    check: Check = lambda _: "",
    actor: Actor = SYSTEM,
) -> Sequence[Client]:
    """Do it to all of these clients of the current tenant; the clients as they were before.

    Raises ``UnknownClient`` with the first of them that does not exist, and ``UnfitSelection``.
    """
    async with storage.transaction():
        found = await clients.held_many(client_ids)
        for client_id in client_ids:
            if client_id not in {each.client_id for each in found}:
                raise UnknownClient(client_id)
        faults = {each.client_id: fault(each, act) or check(each) for each in found}
        if any(faults.values()):
            raise UnfitSelection({name: text for name, text in faults.items() if text})
        for each in found:
            if each.status is not _OUTCOMES.get(act):
                await _done(act)(parts, each.client_id, actor=actor)
    return found


_OUTCOMES = {ClientAct.ENABLE: ClientStatus.ACTIVE, ClientAct.DISABLE: ClientStatus.INACTIVE}
"""What a client may be already."""


class _Done(Protocol):
    def __call__(
        self, parts: Installation, client_id: str, *, actor: Actor
    ) -> Awaitable[object]: ...


def _done(act: ClientAct) -> _Done:
    match act:
        case ClientAct.APPROVE:
            return partial(review_client, approved=True)
        case ClientAct.ENABLE:
            return partial(set_client_status, status=ClientStatus.ACTIVE)
        case ClientAct.DISABLE:
            return partial(set_client_status, status=ClientStatus.INACTIVE)
        case ClientAct.REVOKE_TOKENS:
            return revoke_client_tokens
        case ClientAct.MARK_SEEN:
            return mark_client_seen
