"""Clients: the applications that ask for tokens (RFC 6749 section 2)."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from tortoise import Tortoise
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F
from tortoise.functions import Count
from tortoise.models import Model
from uuid_utils.compat import uuid4

from authgate.clock import utc_now
from authgate.languages import text
from authgate.storage import connection, database, paging
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.batches.lookups import Lookup
from authgate.storage.clients import ids
from authgate.storage.clients.drafts import ClientChange, ClientDraft, ClientFilter
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.clients.rows import COLUMNS, Client, ClientRow
from authgate.storage.issued import mass_ending
from authgate.storage.issued.mass_ending import in_full, is_cut_short
from authgate.storage.issued.refresh_tokens import RefreshToken
from authgate.storage.issued.tokens import Token
from authgate.storage.metering.usage_days import UsageDay
from authgate.storage.paging import Order, Page
from authgate.storage.random_secrets import hashed
from authgate.storage.tenants import quotas
from authgate.storage.tenants.quotas import Quota
from authgate.vocabulary import ApplicationType, ClientStatus
from authgate_tenants import current_tenant

_ID = re.compile(rf"[!-~]{{1,{ids.LONGEST}}}")
_BY_ID = Lookup(table="clients", key="client_id", columns=COLUMNS)


class BadClientId(ValueError):
    """A ``client_id`` of other characters than RFC 6749 appendix A.1 has, or too many of them."""

    def __init__(self, client_id: str) -> None:
        most = ids.LONGEST
        super().__init__(
            text(
                "%(client_id)r is not 1 to %(most)s visible ASCII characters.",
                client_id=client_id,
                most=most,
            )
        )


class ClientIdTaken(ValueError):
    """Another client of the tenant has this ``client_id``."""


async def find(client_id: str) -> Client | None:
    """The client with this id, whatever its status, read together with what other requests ask.

    Not for one that the open unit of work has changed.
    """
    record = await connection.find(_BY_ID, client_id)
    return None if record is None else Client.from_record(client_id, record)


async def held(client_id: str) -> Client | None:
    """The client as it is in the open unit of work, and which is held until its end."""
    row = await ClientRow.filter(client_id=client_id).select_for_update().get_or_none()
    return None if row is None else Client.from_row(row)


async def held_many(client_ids: Collection[str]) -> list[Client]:
    """Those of these clients that exist, each until the end of the open unit of work."""
    # In one order, so that nobody who does the same waits for each other.
    rows = ClientRow.filter(client_id__in=list(client_ids)).order_by("client_id")
    return [Client.from_row(row) for row in await rows.select_for_update()]


async def find_many(client_ids: Collection[str]) -> dict[str, Client]:
    """Those of these clients that exist, whatever their status, by id and in one query."""
    if not client_ids:
        return {}
    rows = await ClientRow.filter(client_id__in=list(client_ids))
    return {row.client_id: Client.from_row(row) for row in rows}


async def find_by_row(row_id: UUID) -> Client | None:
    """The client whose row this is: pages name clients so, whatever their ``client_id`` holds."""
    row = await ClientRow.get_or_none(id=row_id)
    return None if row is None else Client.from_row(row)


async def find_by_rows(row_ids: Collection[UUID]) -> list[Client]:
    """Those of the clients with these rows that exist, by name."""
    rows = ClientRow.filter(id__in=list(row_ids)).order_by("name", "client_id")
    return [Client.from_row(row) for row in await rows]


async def create(
    draft: ClientDraft, *, secret: str | None = None, secret_expires_at: datetime | None = None
) -> Client:
    """Store a client, and of its secret a hash.

    Raises ``BadClientId``, ``ClientIdTaken`` and ``QuotaReached``.
    """
    client_id = str(uuid4()) if draft.client_id is None else draft.client_id
    if not _ID.fullmatch(client_id):
        raise BadClientId(client_id)
    await quotas.make_room(Quota.CLIENTS, ClientRow.all())
    try:
        row = await ClientRow.create(
            client_id=client_id,
            secret_hash=hashed(secret) if secret else None,
            secret_expires_at=secret_expires_at,
            authentication_methods=list(draft.methods()),
            not_before=await _give_up_id(client_id) if draft.client_id else None,
            **draft.values(),
        )
    except IntegrityError as error:
        raise ClientIdTaken(client_id) from error
    return Client.from_row(row)


async def all_clients() -> list[Client]:
    """The tenant's clients in the order of their names."""
    return [Client.from_row(row) for row in await ClientRow.all().order_by("name", "client_id")]


class Addresses(NamedTuple):
    """Where the pages of a client may be."""

    application_type: ApplicationType
    redirect_uris: Sequence[str]
    metadata: Mapping[str, Any]

    @property
    def allowed_origins(self) -> Sequence[str]:
        """Those that are registered as origins."""
        return ClientMetadata.from_json(self.metadata).allowed_origins


async def active_addresses() -> list[Addresses]:
    """Those of the tenant that are served, which may be very many: of each no more than that."""
    active = ClientRow.filter(status=ClientStatus.ACTIVE)
    return [Addresses(*each) for each in await active.values_list(*Addresses._fields)]


async def page(
    which: ClientFilter, order: Order, *, cursor: str | None = None, limit: int = 50
) -> Page[Client]:
    """Some of the tenant's clients, by ``name`` or ``created_at``. Raises ``BadCursor``."""
    found = await paging.page(which.of(ClientRow.all()), order, cursor=cursor, limit=limit)
    return found.of(Client.from_row)


async def counts() -> dict[ClientStatus, int]:
    """How many clients of each status the tenant has."""
    rows = (
        await ClientRow.all()
        .annotate(clients=Count("id"))
        .group_by("status")
        .values("status", "clients")
    )
    return {ClientStatus(row["status"]): row["clients"] for row in rows}


async def set_unseen(client_id: str, *, unseen: bool) -> bool:
    """Whether nobody who administers the tenant has looked at it; ``False`` where it is so."""
    other = ClientRow.filter(client_id=client_id, unseen=not unseen)
    return await other.update(unseen=unseen) == 1


async def unseen_among(client_ids: Collection[str]) -> set[str]:
    """Those of these clients that nobody who administers the tenant has looked at."""
    found = ClientRow.filter(client_id__in=list(client_ids), unseen=True)
    return {row.client_id for row in await found.only("client_id")}


async def count_unseen() -> int:
    """How many clients the tenant has that are served, and at which nobody has looked."""
    return await ClientRow.filter(unseen=True, status=ClientStatus.ACTIVE).count()


async def count_of_owner(owner_id: UUID) -> int:
    """How many clients a person has registered for themselves, whatever their status."""
    return await ClientRow.filter(owner_id=owner_id).count()


async def with_ending_secrets(*, before: datetime, limit: int) -> list[Client]:
    """Clients that are served and whose secret ends before then, the first to end first."""
    ending = ClientRow.filter(status=ClientStatus.ACTIVE, secret_expires_at__lt=before)
    return [Client.from_row(row) for row in await ending.order_by("secret_expires_at").limit(limit)]


async def change(client_id: str, change: ClientChange) -> bool:
    """Store what is different; ``False`` where there is no such client."""
    values = change.values() | {"updated_at": utc_now()}
    return await ClientRow.filter(client_id=client_id).update(**values) == 1


async def set_status(client_id: str, status: ClientStatus) -> bool:
    """Change whether an approved client is served; ``False`` where there is none, or it waits for
    an administrator or was turned down by one at this moment."""
    approved = ClientRow.filter(
        client_id=client_id, status__in=(ClientStatus.ACTIVE, ClientStatus.INACTIVE)
    )
    return await approved.update(status=status, updated_at=utc_now()) == 1


async def replace_secret(
    client_id: str,
    secret: str,
    *,
    expires_at: datetime | None = None,
    former_until: datetime | None = None,
    sealed: bytes | None = None,
) -> bool:
    """Give a client another secret; ``False`` where it has none or does not exist.

    Its former one is good until then, or ends at once; one that was good before it ends anyway.
    """
    held = ClientRow.filter(client_id=client_id, secret_hash__not_isnull=True)
    kept = {
        "former_secret_hash": F("secret_hash") if former_until else None,
        "former_sealed_secret": F("sealed_secret") if former_until else None,
    }
    changed = await held.update(
        **kept,
        former_secret_expires_at=former_until,
        secret_hash=hashed(secret),
        secret_expires_at=expires_at,
        sealed_secret=sealed,
        updated_at=utc_now(),
    )
    return changed == 1


async def renew_secret_hash(client_id: str, *, former: bytes, secret: str) -> bool:
    """Store the same secret in another form; ``False`` where it is another one by now."""
    theirs = ClientRow.filter(client_id=client_id, secret_hash=former)
    return await theirs.update(secret_hash=hashed(secret)) == 1


async def keep_sealed(client_id: str, sealed: bytes) -> None:
    """Keep the secret of a client that signs with it."""
    await ClientRow.filter(client_id=client_id).update(sealed_secret=sealed)


async def keep_none_sealed(client_id: str) -> None:
    """Keep no secret of a client that signs with none any more."""
    kept = ClientRow.filter(client_id=client_id)
    await kept.update(sealed_secret=None, former_sealed_secret=None)


async def end_former_secret(client_id: str) -> bool:
    """Let only the current secret count; ``False`` where that is so already."""
    held = ClientRow.filter(client_id=client_id, former_secret_hash__not_isnull=True)
    ended = await held.update(
        former_secret_hash=None,
        former_sealed_secret=None,
        former_secret_expires_at=None,
        updated_at=utc_now(),
    )
    return ended == 1


async def review(client_id: str, status: ClientStatus) -> bool:
    """Decide about a client that waits for it; ``False`` where none does."""
    waiting = ClientRow.filter(client_id=client_id, status=ClientStatus.PENDING)
    return await waiting.update(status=status, updated_at=utc_now()) == 1


async def delete(client_id: str) -> bool:
    """Remove a client and all that is its own; ``False`` where there is no such client.

    Of very many rows some are left (``leavings``), which are good for nothing.
    """
    await delete_leavings(client_id)
    return await ClientRow.filter(client_id=client_id).delete() == 1


async def leavings(client_id: str) -> bool:
    """Whether there is anything of a client with this id."""
    for model in _belongings():
        if await model.filter(client_id=client_id).exists():
            return True
    return False


async def delete_leavings(client_id: str) -> bool:
    """Remove a part of what a client has; whether more of it may be left."""
    theirs = [model.filter(client_id=client_id) for model in _belongings()]
    return is_cut_short(*[await mass_ending.delete(rows) for rows in theirs])


async def _give_up_id(client_id: str) -> datetime | None:
    """Let another client have the id of one that is gone; the mark that makes its tokens good for
    nothing, where there are any. Raises ``ClientIdTaken``."""
    if await ClientRow.exists(client_id=client_id):
        raise ClientIdTaken(client_id)
    for model in _belongings():
        if model not in _TOKENS:
            await in_full(partial(mass_ending.delete, model.filter(client_id=client_id)))
    return utc_now() if await leavings(client_id) else None


_TOKENS: Final = (RefreshToken, Token)
_OUTLIVE: Final = (AuditEvent, UsageDay)
"""What has happened stays, whoever did it."""


def _belongings() -> list[type[Model]]:
    """Tables of what clients have: first what yields tokens of theirs."""
    models: dict[str, type[Model]] = Tortoise.apps[database.APP_LABEL]
    theirs = (model for model in models.values() if "client_id" in model._meta.fields_map)  # noqa: SLF001
    others = (model for model in theirs if model not in (ClientRow, *_OUTLIVE, *_TOKENS))
    return [*others, *_TOKENS]


async def end_older(client_id: str, *, now: datetime) -> None:
    """Say that nothing is good any more that a client was given before now."""
    await ClientRow.filter(client_id=client_id).update(not_before=now)


def cache_key(client_id: str) -> tuple[UUID, str]:
    """How caches know a client of the current tenant."""
    return current_tenant().id, client_id


def origins_key() -> tuple[UUID, str]:
    """How caches know the origins of all clients of the current tenant."""
    return current_tenant().id, "origins"
