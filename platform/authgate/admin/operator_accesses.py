"""``/operator-accesses``: operators of the installation who want to come in, or were here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPMethod
from uuid import UUID

from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import BeyondOwnRole, Conflict, NotFound
from authgate.permissions import UserRole
from authgate.provisioning import operator_accesses, roles
from authgate.provisioning.operator_accesses import UnfitAccess, UnknownAccess
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import AccessState


class OperatorAccessDocument(Document):
    """That an operator of the installation wants to come in, and what became of it."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc",
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
        guest_id=None,
    )

    id: UUID
    operator_name: str
    role: UserRole
    """As what they are here, until the end."""

    reason: str
    emergency: bool
    """It began at once, without being asked for."""

    state: AccessState
    asked_at: datetime
    begins_at: datetime | None
    """`null` until somebody has approved."""

    ends_at: datetime
    decided_at: datetime | None
    decided_by: str
    """Who approved, refused or ended it."""

    guest_id: UUID | None
    """The person that they are here, once they have come."""


class OperatorAccessList(Document):
    """The newest first."""

    items: Sequence[OperatorAccessDocument]


async def list_operator_accesses(call: Call[Nothing, Nothing]) -> Answer[OperatorAccessList]:
    """List operators of the installation who want to come in, or were here."""
    del call
    found = await operator_accesses.newest()
    return Answer(OperatorAccessList(items=[told(each, OperatorAccessDocument) for each in found]))


async def approve_operator_access(call: Call[Nothing, Nothing]) -> Answer[OperatorAccessDocument]:
    """Let an operator in, from now until the end that they have asked for."""
    access_id, by = call.uuid("access_id"), call.caller.actor
    with _worded():
        access = await operator_accesses.approve(access_id, by=by, now=call.parts.clock())
    return Answer(told(access, OperatorAccessDocument))


async def refuse_operator_access(call: Call[Nothing, Nothing]) -> Answer[OperatorAccessDocument]:
    """Don't let an operator in."""
    access_id, by = call.uuid("access_id"), call.caller.actor
    with _worded():
        access = await operator_accesses.refuse(access_id, by=by, now=call.parts.clock())
    return Answer(told(access, OperatorAccessDocument))


async def end_operator_access(call: Call[Nothing, Nothing]) -> Answer[OperatorAccessDocument]:
    """Let an operator be here no longer: their sessions and tokens end in every process."""
    access_id, by = call.uuid("access_id"), call.caller.actor
    with _worded():
        access = await operator_accesses.end(access_id, by=by, now=call.parts.clock())
    return Answer(told(access, OperatorAccessDocument))


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except UnknownAccess as error:
        raise NotFound from error
    except UnfitAccess as error:
        raise Conflict(str(error)) from error
    except roles.BeyondOwnRole as error:
        raise BeyondOwnRole(str(error)) from error


_READ, _WRITE = Scope.ROLES_READ, Scope.ROLES_WRITE
_ALL = "/operator-accesses"
_ONE = f"{_ALL}/{{access_id}}"

OPERATIONS = [
    operation(HTTPMethod.GET, _ALL, list_operator_accesses, scope=_READ),
    *(
        operation(HTTPMethod.POST, f"{_ONE}/{verb}", perform, scope=_WRITE, problems=[Conflict])
        for verb, perform in (
            ("approve", approve_operator_access),
            ("refuse", refuse_operator_access),
            ("end", end_operator_access),
        )
    ),
]
