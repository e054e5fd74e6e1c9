"""``/tenants/{tenant_id}/deletion`` and ``/deletions``: how tenants end, and what stays of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated
from uuid import UUID

from pydantic import Field

from authgate.api import lists
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, operation
from authgate.api.problems import Conflict, Fault, Invalid, NotFound
from authgate.operator import acts, tenants
from authgate.operator.tenants import TenantDocument
from authgate.provisioning.deletions import NotConfirmed, TooLate, UnfitDeletion
from authgate.storage.tenants import deleted
from authgate.tokens.operator_scopes import Scope
from authgate_tenants.deletions import UnknownDeletion
from authgate_tenants.models import DeletionState, TenantDeletion


class DeletionRequest(Document):
    """That a tenant is to end."""

    model_config = exemplified(confirmation="northwind")

    confirmation: Annotated[str, Field(max_length=63)]
    """The tenant's slug once more: nothing is deleted by a slip of the hand."""


class DeletionDocument(Document):
    """The end of a tenant."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90bbbb",
        tenant_id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90aaaa",
        slug="northwind",
        state="waiting",
        requested_by="operator:0199f3a1-c2d4-7b3e-9a5c-6d7e8f90abcd",
        requested_at="2026-03-02T09:12:44Z",
        due_at="2026-04-01T09:12:44Z",
        ended_at=None,
        certificate=None,
    )

    id: UUID
    tenant_id: UUID
    slug: str
    state: DeletionState
    requested_by: str
    requested_at: datetime
    due_at: datetime
    """Until then it can be restored."""

    ended_at: datetime | None
    """When it was restored, or gone."""

    certificate: str | None
    """What states that it is gone, signed (RFC 7515); `null` before."""


class DeletionList(ListDocument):
    """Tenants that wait to be deleted, are being erased, were restored or are gone."""

    items: Sequence[DeletionDocument]


async def list_deletions(call: Call[ListQuery, Nothing]) -> Answer[DeletionList]:
    """List deletions, the newest first."""
    page = await deleted.page(cursor=await lists.opened(call), limit=call.query.limit)
    return await lists.answer(call, page, DeletionList, _document)


async def request_tenant_deletion(
    call: Call[Nothing, DeletionRequest],
) -> Answer[DeletionDocument]:
    """Serve a tenant no longer, and erase it once the time is over in which it can be restored."""
    tenant = await tenants.found(call)
    with _worded():
        deletion = await acts.request_deletion(
            call.parts, tenant, confirmation=call.body.confirmation, by=call.caller.actor
        )
    return Answer(_document(deletion))


async def read_tenant_deletion(call: Call[Nothing, Nothing]) -> Answer[DeletionDocument]:
    """Read how far the newest deletion of a tenant is, with its certificate once it is gone."""
    deletion = await deleted.of_tenant(call.uuid("tenant_id"))
    if deletion is None:
        raise NotFound
    return Answer(_document(deletion))


async def restore_tenant(call: Call[Nothing, Nothing]) -> Answer[TenantDocument]:
    """Make a tenant that waits to be deleted what it was before."""
    tenant = await tenants.found(call)
    with _worded():
        await acts.restore(call.parts, tenant, by=call.caller.actor)
    return Answer(await tenants.document(call.parts, tenant.id))


def _document(deletion: TenantDeletion) -> DeletionDocument:
    said = {name: getattr(deletion, name) for name in DeletionDocument.model_fields}
    return DeletionDocument(**said | {"certificate": deletion.certificate or None})


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except NotConfirmed as error:
        raise Invalid(faults=[Fault(str(error), pointer="/confirmation")]) from error
    except UnfitDeletion as error:
        raise Conflict(str(error)) from error
    except UnknownDeletion as error:
        raise Conflict("It does not wait to be deleted.") from error
    except TooLate as error:
        raise Conflict("Its keys are gone, and with them whatever they had sealed.") from error


_READ, _WRITE = Scope.TENANTS_READ, Scope.TENANTS_WRITE
_ONE = "/tenants/{tenant_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/deletions", list_deletions, scope=_READ),
    operation(
        HTTPMethod.POST,
        f"{_ONE}/deletion",
        request_tenant_deletion,
        scope=_WRITE,
        status=HTTPStatus.ACCEPTED,
        problems=[Conflict],
    ),
    operation(HTTPMethod.GET, f"{_ONE}/deletion", read_tenant_deletion, scope=_READ),
    operation(
        HTTPMethod.POST, f"{_ONE}/restore", restore_tenant, scope=_WRITE, problems=[Conflict]
    ),
]
