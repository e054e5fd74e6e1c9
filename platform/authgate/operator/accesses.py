"""``/tenants/{tenant_id}/accesses``: operators who want to come into a tenant, or were there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import Conflict, NotFound
from authgate.operator import acts, tenants
from authgate.permissions import UserRole
from authgate.provisioning.operator_accesses import UnfitAccess, UnknownAccess, Wanted
from authgate.storage.people.operator_accesses import LONGEST_REASON
from authgate.tokens.operator_scopes import Scope
from authgate.vocabulary import AccessState


class AccessRequest(Document):
    """What an operator asks a tenant for."""

    model_config = exemplified(
        role="auditor", reason="Ticket 4711: sign-ins by GitHub fail since noon", hours=2
    )

    role: Literal["auditor", "client_manager", "admin"]
    """As what they would be there: never as an owner."""

    reason: Annotated[str, Field(min_length=1, max_length=LONGEST_REASON)]
    """Those in charge of the tenant read it."""

    hours: Annotated[float, Field(gt=0, le=8)] = 1
    """How long it lasts."""

    emergency: bool = False
    """It begins at once, for an hour at most, and is CRITICAL in both logs."""


class AccessDocument(Document):
    """That an operator wants to come into a tenant, and what became of it."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc",
        operator_id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90abcd",
        operator_name="mira",
        role="auditor",
        reason="Ticket 4711: sign-ins by GitHub fail since noon",
        emergency=False,
        state="asked",
        asked_at="2026-03-02T09:12:44Z",
        begins_at=None,
        ends_at="2026-03-02T11:12:44Z",
        decided_at=None,
        decided_by="",
    )

    id: UUID
    operator_id: UUID
    operator_name: str
    role: UserRole
    reason: str
    emergency: bool
    state: AccessState
    asked_at: datetime
    begins_at: datetime | None
    ends_at: datetime
    decided_at: datetime | None
    decided_by: str
    """Who of the tenant approved or refused, or who ended it."""


class AccessList(Document):
    """The newest first."""

    items: Sequence[AccessDocument]


class EntryDocument(Document):
    """The way into a tenant."""

    model_config = exemplified(url="https://auth.example.com/t/acme/operator-entry?key=…")

    url: str
    """To be opened in a browser, once, within a minute."""


async def list_accesses(call: Call[Nothing, Nothing]) -> Answer[AccessList]:
    """List operators who want to come into a tenant, or were there."""
    found = await acts.accesses(await tenants.found(call))
    return Answer(AccessList(items=[told(each, AccessDocument) for each in found]))


async def ask_for_access(call: Call[Nothing, AccessRequest]) -> Answer[AccessDocument]:
    """Ask a tenant to let the operator in who asks.

    What the tenant has chosen says whether somebody in charge has to approve, or it begins a
    quarter of an hour after it can be seen there.
    """
    said, operator_id = call.body, _operator(call)
    wanted = Wanted(
        operator_id=operator_id,
        operator_name=call.caller.actor.name,
        role=UserRole(said.role),
        reason=said.reason,
        lasts=timedelta(hours=said.hours),
        emergency=said.emergency,
    )
    with _worded():
        access = await acts.ask(call.parts, await tenants.found(call), wanted)
    return Answer(told(access, AccessDocument))


async def end_access(call: Call[Nothing, Nothing]) -> Answer[AccessDocument]:
    """End an access before its time, or take back that it was asked for."""
    tenant, access_id = await tenants.found(call), call.uuid("access_id")
    with _worded():
        ended = await acts.end_access(call.parts, tenant, access_id, by=call.caller.actor)
    return Answer(told(ended, AccessDocument))


async def enter_tenant(call: Call[Nothing, Nothing]) -> Answer[EntryDocument]:
    """Tell where the operator who asks comes in, as a guest, once and within a minute."""
    tenant, access_id = await tenants.found(call), call.uuid("access_id")
    with _worded():
        url = await acts.open_door(
            call.parts, tenant, access_id, operator_id=_operator(call), by=call.caller.actor
        )
    return Answer(EntryDocument(url=url))


def _operator(call: Call[Nothing, object]) -> UUID:
    """Who asks: a person, since a program is nobody's guest. Raises ``Conflict``."""
    if call.caller.actor.type != "user":
        raise Conflict("Only an operator in person comes into a tenant.")
    return UUID(call.caller.actor.id)


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except UnknownAccess as error:
        raise NotFound from error
    except UnfitAccess as error:
        raise Conflict(str(error)) from error


_READ, _WRITE = Scope.ACCESS_READ, Scope.ACCESS_WRITE
_ALL = "/tenants/{tenant_id}/accesses"
_ONE = f"{_ALL}/{{access_id}}"

OPERATIONS = [
    operation(HTTPMethod.GET, _ALL, list_accesses, scope=_READ),
    operation(
        HTTPMethod.POST,
        _ALL,
        ask_for_access,
        scope=_WRITE,
        status=HTTPStatus.ACCEPTED,
        problems=[Conflict],
    ),
    operation(HTTPMethod.POST, f"{_ONE}/end", end_access, scope=_WRITE, problems=[Conflict]),
    operation(HTTPMethod.POST, f"{_ONE}/entry", enter_tenant, scope=_WRITE, problems=[Conflict]),
]
