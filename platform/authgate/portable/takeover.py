"""A tenant made of the database of AuthGate (Go): people, clients, consents and refresh tokens.

All of it is one transaction. A second run adds what has come to be there since, and changes nothing
that is here: what was deleted here stays gone.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from authgate import audit, storage
from authgate.audit import ANONYMOUS, Actor, Event
from authgate.installation import Installation
from authgate.portable import former_rows
from authgate.portable.former_rows import LeftOut, Told
from authgate.portable.high_water import DETAIL, HighWater
from authgate.portable.taken import Taken
from authgate.provisioning.tenants import add_tenant, refuse_likeness
from authgate.storage.audit import audit_events
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.clients.rows import ClientRow
from authgate.storage.grants.consents import Consent
from authgate.storage.invalidation import EVERY_TOPIC
from authgate.storage.issued.refresh_tokens import RefreshToken
from authgate.storage.people import users
from authgate.storage.people.users import UserRow
from authgate.storage.portable import former_database as former
from authgate.storage.portable import intake
from authgate.storage.portable.columns import UnfitValue, taken_row
from authgate.storage.portable.former_database import FormerDatabase, Row, Table
from authgate.storage.portable.parts import EXPORTED, Part
from authgate.storage.sign_in import connections
from authgate.storage.sign_in.external_identities import ExternalIdentityRow
from authgate_tenants import Tenant, TenantSettings, current_tenant, use_tenant
from authgate_tenants.lifecycle import SlugTaken

SOURCE = "AuthGate"

_DELETED = "was there at an earlier run and is not here: deleted here, or left out then"

_PARTS = {part.model: part for part in EXPORTED}


async def take_over(
    parts: Installation,
    database: FormerDatabase,
    *,
    slug: str,
    name: str,
    actor: Actor,
    dry_run: bool = False,
) -> Taken:
    """Make the tenant, or add to the one that was made so. With ``dry_run`` only tell.

    Raises ``SlugTaken`` where the slug is another tenant's, ``BadSlug``, and what the former
    database raises.
    """
    # Whoever was an administrator there does not operate this installation by it.
    refuse_likeness(parts, slug, ANONYMOUS)
    found = await parts.resolver.find(slug)
    taken = Taken(slug, "")

    async def take() -> None:
        water = HighWater(await _imports())
        await _take(parts, database, taken, water)
        await _note(taken, water, actor)
        if dry_run:
            raise _OnlyTried

    with suppress(_OnlyTried):
        if found is None:
            settings = TenantSettings(bcrypt_passwords=True)
            await add_tenant(
                parts, slug=slug, name=name, settings=settings, first=take, actor=actor
            )
        else:
            with use_tenant(found):
                async with storage.transaction():
                    await _check_origin(found)
                    await take()
                    await parts.invalidations.publish(EVERY_TOPIC, found.id)
    return taken


class _OnlyTried(Exception):
    """Nothing of it is to stay."""


async def _check_origin(tenant: Tenant) -> None:
    if not await _imports():
        raise SlugTaken(tenant.slug)


async def _imports() -> list[AuditEvent]:
    imports = await audit_events.of_type(Event.TENANT_IMPORTED)
    return [each for each in imports if each.details.get("from") == SOURCE]


async def _take(
    parts: Installation, database: FormerDatabase, taken: Taken, water: HighWater
) -> None:
    now, tenant = parts.clock(), current_tenant()
    taken.issuer = tenant.issuer
    absolute = timedelta(seconds=tenant.settings.refresh_token_absolute_lifetime)
    await _Users(taken, water, await _owner(database)).take(database)
    await _Clients(taken, water).take(database)
    await _Consents(taken, water).take(database)
    await _RefreshTokens(
        taken, water, partial(former_rows.refresh_token, now=now, absolute=absolute)
    ).take(database)
    await _identities(database, taken, water)
    for table, count in (await database.counts()).items():
        if count:
            taken.left_out[table] = Counter({_WHY[table]: count})


_WHY = {
    "audit_logs": "keep an export of the former log",
    "authorization_codes": "live for minutes",
    "device_codes": "live for minutes",
}


async def _owner(database: FormerDatabase) -> str | None:
    """The administrator who was there first, where the tenant has no owner yet."""
    if await users.has_owner():
        return None
    first: tuple[Any, str] | None = None
    async for page in database.pages(former.USERS):
        for row in page:
            if row["role"] == "admin" and row["is_active"]:
                made = (former.moment(row["created_at"]), row["id"])
                if made[0] is not None and (first is None or made < first):
                    first = made
    return first[1] if first else None


async def _note(taken: Taken, water: HighWater, actor: Actor) -> None:
    await audit.record(
        Event.TENANT_IMPORTED,
        actor=actor,
        resource=("tenant", str(current_tenant().id)),
        details={
            "from": SOURCE,
            "rows": [f"{table}: {count}" for table, count in sorted(taken.added.items())],
            DETAIL: water.told(),
        },
    )


class _Taking(ABC):
    """Takes the rows of one table."""

    table: Table
    model: type[Any]
    key = "id"
    """The column by which a row is known to be here."""
    since = "created_at"
    """The column that says when it came to be there."""
    alike: tuple[str, ...] = ()
    """Columns by which no two rows are alike, the one that tells most apart last."""

    def __init__(self, taken: Taken, water: HighWater) -> None:
        self._taken = taken
        self._water = water
        self._part: Part = _PARTS[self.model]

    async def take(self, database: FormerDatabase) -> None:
        """Add what can come."""
        async for page in database.pages(self.table):
            await self._add(await self.fit(page))

    @abstractmethod
    async def fit(self, page: Sequence[Row]) -> list[Told]:
        """Those of a page that can come."""

    async def told(self, page: Sequence[Row], tell: Callable[[Row], Told], name: str) -> list[Told]:
        """Each row as ours, but for those that cannot be."""
        found = []
        for row in page:
            try:
                told = tell(row)
                taken_row(told, self._part.columns)
            except (LeftOut, UnfitValue) as error:
                self._taken.leave_out(self.table.name, str(error), str(row[name]) if name else "")
            else:
                found.append(told)
        return await self._without_deleted(found)

    async def _without_deleted(self, rows: list[Told]) -> list[Told]:
        """Those that are here, or have come to be there since an earlier run."""
        here = await self._here(rows)
        found = []
        for each in rows:
            moment = datetime.fromisoformat(each[self.since])
            self._water.note(self.table.name, moment)
            if self._key_of(each) in here or not self._water.covers(self.table.name, moment):
                found.append(each)
            else:
                name = each.get("username") or each.get("name", "")
                self._taken.leave_out(self.table.name, _DELETED, name)
        return found

    async def _here(self, rows: list[Told]) -> set[Any]:
        values = {self._key_of(each) for each in rows}
        return await intake.present(self.model, self.key, values)

    async def without_strangers(self, rows: list[Told]) -> list[Told]:
        """Those whose person and client are here."""
        people = {UUID(each["user_id"]) for each in rows}
        here = {str(each) for each in await intake.present(UserRow, "id", people)}
        clients = await intake.present(
            ClientRow, "client_id", {each["client_id"] for each in rows if "client_id" in each}
        )
        found = []
        for each in rows:
            if each["user_id"] not in here or each.get("client_id", None) not in {*clients, None}:
                self._taken.leave_out(self.table.name, "its person or client is not here")
            else:
                found.append(each)
        return await self._without_alike(found)

    async def _without_alike(self, rows: list[Told]) -> list[Told]:
        """Those of which no other one is here: people allow and link things here meanwhile."""
        if not self.alike:
            return rows
        last = self.alike[-1]
        held = self.model.filter(**{f"{last}__in": [each[last] for each in rows]})
        ids = {
            tuple(map(str, names)): str(row_id)
            for row_id, *names in await held.values_list("id", *self.alike)
        }
        found = []
        for each in rows:
            names = tuple(each[column] for column in self.alike)
            if ids.setdefault(names, each["id"]) == each["id"]:
                found.append(each)
            else:
                self._taken.leave_out(self.table.name, "the same is here already")
        return found

    async def _add(self, rows: list[Told]) -> None:
        here = await self._here(rows)
        fresh = [each for each in rows if self._key_of(each) not in here]
        self._taken.kept[self._part.table] += len(rows) - len(fresh)
        self._taken.added[self._part.table] += len(fresh)
        if fresh:
            columns = self._part.columns
            taken = [taken_row(each, columns) for each in fresh]
            await intake.Adding(self._part).add(
                [[row[column.name] for column in columns] for row in taken]
            )

    def _key_of(self, told: Told) -> Any:
        return UUID(told["id"]) if self.key == "id" else told[self.key]


class _Users(_Taking):
    table, model = former.USERS, UserRow

    def __init__(self, taken: Taken, water: HighWater, owner: str | None) -> None:
        super().__init__(taken, water)
        self._owner = owner

    async def fit(self, page: Sequence[Row]) -> list[Told]:
        rows = await self.told(page, partial(former_rows.user, owner=self._owner), "username")
        for row in page:
            if row["auth_source"] not in (None, "", "local"):
                note = (
                    "signs in by an HTTP service there: connect it here, with provisioned=subject"
                )
                self._taken.notes.append(f"users {row['username']}: {note}")
        rows = await self._named_once(rows)
        return await self._addressed_once(rows)

    async def _named_once(self, rows: list[Told]) -> list[Told]:
        names = {each["canonical_username"] for each in rows}
        taken = await self._others("canonical_username", names)
        found = []
        for each in rows:
            name, user_id = each["canonical_username"], each["id"]
            if taken.setdefault(name, user_id) != user_id:
                self._taken.leave_out(
                    self.table.name, "another person has this name", each["username"]
                )
            else:
                found.append(each)
        return found

    async def _addressed_once(self, rows: list[Told]) -> list[Told]:
        addresses = {each["canonical_email"] for each in rows} - {None}
        taken = await self._others("canonical_email", addresses)
        for each in rows:
            address = each["canonical_email"]
            if address and taken.setdefault(address, each["id"]) != each["id"]:
                each |= {"email": None, "canonical_email": None, "email_verified": False}
                self._taken.notes.append(
                    f"users {each['username']}: came without the address, which is another's"
                )
        return rows

    async def _others(self, column: str, values: set[Any]) -> dict[str, str]:
        if not values:
            return {}
        found = UserRow.filter(**{f"{column}__in": list(values)})
        return {value: str(each) for value, each in await found.values_list(column, "id")}


class _Clients(_Taking):
    table, model, key = former.CLIENTS, ClientRow, "client_id"

    async def fit(self, page: Sequence[Row]) -> list[Told]:
        people = {UUID(row["user_id"]) for row in page if _is_uuid(row["user_id"])}
        owners = {str(each) for each in await intake.present(UserRow, "id", people)}
        rows = await self.told(page, partial(former_rows.client, owners=owners), "client_name")
        for each in rows:
            for uri in former_rows.dangerous_uris(each):
                self._taken.notes.append(
                    f"clients {each['name']}: {uri} works on, and could not be registered here"
                )
        return rows


class _Consents(_Taking):
    table, model = former.CONSENTS, Consent
    since = "granted_at"
    alike = ("client_id", "user_id")

    async def fit(self, page: Sequence[Row]) -> list[Told]:
        return await self.without_strangers(await self.told(page, former_rows.consent, ""))


class _RefreshTokens(_Taking):
    table, model = former.TOKENS, RefreshToken

    def __init__(self, taken: Taken, water: HighWater, tell: Callable[[Row], Told]) -> None:
        super().__init__(taken, water)
        self._tell = tell

    async def fit(self, page: Sequence[Row]) -> list[Told]:
        return await self.without_strangers(await self.told(page, self._tell, ""))


class _Identities(_Taking):
    table, model = former.IDENTITIES, ExternalIdentityRow
    alike = ("connection_id", "issuer", "subject")

    def __init__(self, taken: Taken, water: HighWater, known: dict[str, tuple[UUID, str]]) -> None:
        super().__init__(taken, water)
        self._known = known

    async def fit(self, page: Sequence[Row]) -> list[Told]:
        return await self.without_strangers(await self.told(page, self._identity, ""))

    def _identity(self, row: Row) -> Told:
        if row["provider"] not in self._known:
            raise LeftOut(
                f"set up the connection {row['provider']}, and run this once more"
                if row["provider"] == "github"
                else f"there is no connector for {row['provider']}"
            )
        connection_id, issuer = self._known[row["provider"]]
        return former_rows.identity(row, connection_id=connection_id, issuer=issuer)


async def _identities(database: FormerDatabase, taken: Taken, water: HighWater) -> None:
    github = await connections.find("github")
    known = {}
    if github is not None and github.connector == "github":
        known["github"] = (github.id, f"https://{github.config.get('host', 'github.com')}")
    await _Identities(taken, water, known).take(database)


def _is_uuid(text: Any) -> bool:
    try:
        UUID(text)
    except (ValueError, AttributeError, TypeError):
        return False
    return True
