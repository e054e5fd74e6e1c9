"""Rows of a tenant that comes from elsewhere, added as they are, in the open unit of work.

Nothing that is there is changed: a row that is in the way ends all of it.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from tortoise import connections
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from authgate.storage import connection
from authgate.storage.batches.append_log import Table
from authgate.storage.issued.refresh_tokens import RefreshToken
from authgate.storage.issued.tokens import Token
from authgate.storage.people.users import UserRow
from authgate.storage.portable.columns import columns_of, for_driver
from authgate.storage.portable.parts import TENANT, Part
from authgate.storage.sign_in.session_clients import SessionClient
from authgate.storage.sign_in.sessions import Session
from authgate.vocabulary import UserStatus
from authgate_tenants import current_tenant


class InTheWay(ValueError):
    """A row could not be added: there is one like it, or one that it refers to is missing."""


class Adding:
    """Adds rows of one part."""

    def __init__(self, part: Part) -> None:
        self._part = part
        names = (column.name for column in part.columns)
        self._table = Table(part.table, ("tenant_id", *names))

    async def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Store rows, whose values are in the order of the part's columns. Raises ``InTheWay``."""
        dialect, tenant_id = connection.dialect(), current_tenant().id
        values = [for_driver([tenant_id, *row], dialect) for row in rows]
        try:
            await connections.get("default").execute_many(self._table.insert(dialect), values)
        except IntegrityError as error:
            raise InTheWay(self._part.table) from error


async def add_tenant(values: Sequence[Any]) -> None:
    """Store the tenant, whose values are in the order of its columns. Raises ``InTheWay``."""
    dialect = connection.dialect()
    table = Table("tenants", tuple(column.name for column in columns_of(TENANT)))
    try:
        await connections.get("default").execute_insert(
            table.insert(dialect), for_driver(list(values), dialect)
        )
    except IntegrityError as error:
        raise InTheWay("tenants") from error


async def turn_guests_away() -> None:
    """Disable who was let in by another installation's operators, and forget what they hold."""
    guests = UserRow.filter(guest_until__isnull=False)
    ids = await guests.values_list("id", flat=True)
    if not ids:
        return
    sessions = await Session.filter(user_id__in=ids).values_list("id", flat=True)
    if sessions:
        await SessionClient.filter(session_id__in=sessions).delete()
    for held in (RefreshToken, Token, Session):
        await held.filter(user_id__in=ids).delete()
    await guests.filter(status=UserStatus.ACTIVE).update(status=UserStatus.DISABLED)


async def present(model: type[Model], column: str, values: Collection[Any]) -> set[Any]:
    """Of these values those that a row of the current tenant has in this column."""
    if not values:
        return set()
    rows = model.filter(**{f"{column}__in": list(values)})
    return set(await rows.values_list(column, flat=True))


class Holders(NamedTuple):
    """Who has what a tenant that comes would have."""

    here_as: str | None
    """The slug under which this very tenant is here already."""
    slug_of: UUID | None
    """The tenant that has the slug."""


async def holders(*, tenant_id: UUID, slug: str) -> Holders:
    """Who is in the way of a tenant, in whatever status."""
    here = await TENANT.get_or_none(id=tenant_id)
    has = await TENANT.get_or_none(slug=slug)
    return Holders(here.slug if here else None, has.id if has else None)
