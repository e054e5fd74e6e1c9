"""``/usage/statements``: what each tenant has used within a month, signed, for bills."""

import time
from collections.abc import Collection, Sequence
from http import HTTPMethod
from typing import Final
from uuid import UUID

from authgate.api import lists
from authgate.api.bodies import Document, Nothing
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, operation
from authgate.api.usage_statements import (
    Month,
    StatementDocument,
    StatementList,
    listed,
    read_usage_statement_keys,
    told,
)
from authgate.operator import acts, listing, tenants
from authgate.provisioning import usage_statements
from authgate.tokens.operator_scopes import Scope
from authgate_tenants.directory import Listed, TenantFilter

_MAKING_SECONDS: Final = 5.0
"""How long a page of the list makes statements that nobody has made."""


class MonthQuery(ListQuery):
    """Of which month."""

    month: Month


class TenantStatement(Document):
    """The statement of one of the tenants."""

    tenant_id: UUID
    slug: str
    statement: StatementDocument | None
    """`null` where there is none: the tenant began later, the month is not settled, or so much is
    to be added up that it takes a while."""


class TenantStatementList(ListDocument):
    """Some of the tenants, by slug."""

    items: Sequence[TenantStatement]


async def list_usage_statements(call: Call[MonthQuery, Nothing]) -> Answer[TenantStatementList]:
    """List what all tenants have used within a month, tenant by tenant.

    A month is stated a day after its end: by a job, or for whoever asks first.
    """
    cursor = await lists.opened(call)
    page = await listing.page(TenantFilter(), cursor=cursor, limit=call.query.limit)
    trusted = usage_statements.signers(call.parts)
    end = time.monotonic() + _MAKING_SECONDS
    items = [await _of(call, each, trusted, make=time.monotonic() < end) for each in page.rows]
    found = TenantStatementList(items=items, **await lists.beside(call, page))
    return Answer(found, lists.links(call, found))


async def _of(
    call: Call[MonthQuery, Nothing], row: Listed, trusted: Collection[str], *, make: bool
) -> TenantStatement:
    parts, month = call.parts, call.query.month
    tenant = await parts.resolver.find_by_id(row.id)
    found = await acts.statement(parts, tenant, month, make=make) if tenant else None
    statement = told(found, trusted) if found else None
    return TenantStatement(tenant_id=row.id, slug=row.slug, statement=statement)


async def list_tenant_usage_statements(call: Call[Nothing, Nothing]) -> Answer[StatementList]:
    """List the statements of what a tenant has used, month by month."""
    found = await acts.statements(call.parts, await tenants.found(call))
    return Answer(StatementList(items=listed(call.parts, found)))


_TENANTS_STATEMENTS = "/tenants/{tenant_id}/usage/statements"
_READ = Scope.TENANTS_READ

OPERATIONS = [
    operation(HTTPMethod.GET, "/usage/statements", list_usage_statements, scope=_READ),
    operation(HTTPMethod.GET, "/usage/statement-keys", read_usage_statement_keys, scope=_READ),
    operation(HTTPMethod.GET, _TENANTS_STATEMENTS, list_tenant_usage_statements, scope=_READ),
]
