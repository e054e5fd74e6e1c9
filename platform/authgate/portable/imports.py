"""Reading a tenant in: all of it in one transaction, so that there is a whole tenant or none.

The file is read twice. First everything is checked and nothing stored; what follows is what was
checked, or nothing is committed. Its secrets are sealed anew by a data key of this installation.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import orjson

from authgate import audit, storage
from authgate.audit import ANONYMOUS, Actor, Event
from authgate.clock import utc_now
from authgate.feeds.telling import keep_feeds
from authgate.installation import Installation, addressing
from authgate.portable import statements
from authgate.portable.document import Reader, Rows, Summary, UnfitFile
from authgate.portable.passphrase import FileKeys
from authgate.portable.taking import Taking
from authgate.provisioning.tenants import ensure_keys, refuse_likeness, tenant_changed
from authgate.storage.audit import audit_events
from authgate.storage.metering import usage_days
from authgate.storage.portable import intake
from authgate.storage.portable.columns import UnfitValue, columns_of, taken_row
from authgate.storage.portable.parts import STAYS, TENANT
from authgate_tenants import Tenant, TenantSettings, TenantStatus, domains, use_tenant
from authgate_tenants.domains import BadHost
from authgate_tenants.encryption import TenantCipher
from authgate_tenants.lifecycle import SlugTaken
from authgate_tenants.resolver import StoredTenant, check_slug

_COMES_AS = (TenantStatus.ACTIVE, TenantStatus.SUSPENDED)
_LONGEST_TOLD = 20
SEALS = "audit_seals"
"""What the next installation makes by its own keys."""
_AT_OUR_ADDRESS: dict[str, Any] = {"issuer_host": "", "former_host": "", "former_until": None}
"""Of a tenant whose hosts have to be proven again."""

Progress = Callable[[int], None]
"""Is told how many rows have been added so far."""

Opening = Callable[[], AbstractContextManager[BinaryIO]]
"""Opens a file at its beginning, as often as it is read. Threads read it, and the loop goes on."""


async def _nothing() -> None: ...


class TenantIsHere(ValueError):
    """The tenant lives at this installation already. The text says under which slug."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to come of a file."""

    passphrase: str
    slug: str | None = None
    """Another slug than the file's."""
    hosts: bool = False
    """Whether hosts that were proven there count as proven here."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of a file, or would come."""

    tenant_id: UUID
    slug: str
    name: str
    status: TenantStatus
    issuer: str
    rows: dict[str, int]
    """By table."""
    signing_keys: bool
    """Whether they came along; else the tenant has new ones."""
    unproven: list[str] = field(default_factory=list)
    """Hosts that have to be proven again."""
    sha256: str = ""


async def examine(parts: Installation, file: Path | Opening, wanted: Wanted) -> Brought:
    """What would come of a file; nothing is stored.

    Raises ``UnfitFile``, ``WrongPassphrase``, ``WeakPassphrase``, ``TenantIsHere``, ``SlugTaken``
    and ``BadSlug``.
    """
    async with _reading(file) as reader:
        keys = await _keys(reader, wanted.passphrase)
        tenant = _tenant(parts, reader, wanted)
        # Whoever is an owner in a file does not operate this installation by it.
        refuse_likeness(parts, tenant.slug, ANONYMOUS)
        await _find_room(tenant)
        rows, unproven = await _seen(parts, reader, keys, wanted)
        return _brought(tenant, reader, rows, unproven)


async def bring_in(
    parts: Installation,
    file: Path | Opening,
    wanted: Wanted,
    *,
    actor: Actor,
    progress: Progress = lambda _: None,
    asked: UUID | None = None,
    confirm: Callable[[], Awaitable[None]] = _nothing,
) -> Brought:
    """Add the tenant of a file, whole or not at all; ``asked`` is how ``came_of`` knows it again.

    ``confirm`` is asked last of all, before the commit. Raises what ``examine`` and it raise.
    """
    expected = await examine(parts, file, wanted)
    async with _reading(file) as reader:
        keys = await _keys(reader, wanted.passphrase)
        tenant = _tenant(parts, reader, wanted)
        with use_tenant(tenant):
            try:
                async with storage.transaction():
                    await _add(parts, tenant, reader, keys, wanted, progress)
                    if reader.digest != expected.sha256:
                        raise UnfitFile("The file was changed while it was read.")
                    await _begin(parts, tenant, reader, actor, asked)
                    await confirm()
            finally:
                # Opened inside of what may have been rolled back.
                parts.encryption.forget(tenant.id)
    return expected


async def came_of(
    parts: Installation, file: Path | Opening, wanted: Wanted, asked: UUID
) -> Brought | None:
    """What was brought of a file when this was asked, if it was. Raises ``UnfitFile``."""
    async with _reading(file) as reader:
        keys = await _keys(reader, wanted.passphrase)
        here = await parts.resolver.find_by_id(reader.tenant_id)
        if here is None:
            return None
        rows, unproven = await _seen(parts, reader, keys, wanted)
        brought = _brought(here, reader, rows, unproven)
    with use_tenant(here):
        events = await audit_events.of_type(Event.TENANT_IMPORTED)
    return brought if str(asked) in [each.details.get("import") for each in events] else None


@asynccontextmanager
async def _reading(file: Path | Opening) -> AsyncIterator[Reader]:
    with _opened(file) as stream:
        yield await asyncio.to_thread(Reader, stream)


def _opened(file: Path | Opening) -> AbstractContextManager[BinaryIO]:
    return file.open("rb", buffering=1024 * 1024) if isinstance(file, Path) else file()


async def _pages(reader: Reader, keys: FileKeys) -> AsyncIterator[Rows]:
    pages = reader.pages(keys)
    while (page := await asyncio.to_thread(lambda: next(pages, None))) is not None:
        yield page


async def _keys(reader: Reader, passphrase: str) -> FileKeys:
    secrets = reader.head.get("secrets")
    if secrets is None:
        raise UnfitFile("It was made without its secrets, for reading only: nobody could sign in.")
    keys = await asyncio.to_thread(FileKeys.of, passphrase, reader.tenant_id)
    keys.check(secrets)
    return keys


def _tenant(parts: Installation, reader: Reader, wanted: Wanted) -> Tenant:
    values = _tenant_values(reader, wanted)
    return parts.resolver.addressed(
        StoredTenant(
            id=values["id"],
            slug=values["slug"],
            name=values["name"],
            status=TenantStatus(values["status"]),
            settings=orjson.loads(values["settings"]),
            custom_domain=values["issuer_host"],
        )
    )


def _tenant_values(reader: Reader, wanted: Wanted) -> dict[str, Any]:
    head = dict(reader.head["tenant"])
    if wanted.slug is not None:
        head["slug"] = wanted.slug
    if head.keys() & STAYS:
        raise UnfitFile("Its head says what only this installation may: what plan it has.")
    columns = columns_of(TENANT)
    try:
        taken = taken_row(head, columns)
        # Settings that this version cannot read would refuse every request.
        TenantSettings.from_json(orjson.loads(taken["settings"]))
    except (UnfitValue, ValueError, TypeError) as error:
        raise UnfitFile(f"Its head says of the tenant what cannot be: {error}.") from error
    check_slug(taken["slug"])
    if not wanted.hosts:
        taken |= _AT_OUR_ADDRESS
    if taken["status"] not in _COMES_AS:
        raise UnfitFile("Its head gives the tenant a status that it cannot come with.")
    return taken


async def _find_room(tenant: Tenant) -> None:
    found = await intake.holders(tenant_id=tenant.id, slug=tenant.slug)
    if found.here_as is not None:
        raise TenantIsHere(f"This tenant is here already, as {found.here_as}.")
    if found.slug_of is not None:
        raise SlugTaken(tenant.slug)


async def _seen(
    parts: Installation, reader: Reader, keys: FileKeys, wanted: Wanted
) -> tuple[dict[str, int], list[str]]:
    ours, now = addressing(parts.settings).is_ours, parts.clock()
    return await asyncio.to_thread(_look_through, reader, keys, wanted, ours, now)


def _look_through(
    reader: Reader, keys: FileKeys, wanted: Wanted, is_ours: Callable[[str], bool], now: datetime
) -> tuple[dict[str, int], list[str]]:
    unproven: list[str] = []
    named = {reader.head["tenant"].get(each, "") for each in ("issuer_host", "former_host")}
    for page in reader.pages(keys):
        taking = Taking(page.part, page.columns, keys, None)
        taking.page(page)
        if page.part.table == statements.TABLE:
            statements.refuse_unfit(page, reader.tenant_id, now=now)
        if page.part.is_of_hosts:
            named -= {row["host"] for row in page.rows if row.get("verified_at")}
            unproven += _hosts(page, wanted, is_ours)
    if wanted.hosts and named - {""}:
        raise UnfitFile("Its head names a host as the issuer that the tenant has not proven.")
    return _counts(reader.parts, wanted), unproven[:_LONGEST_TOLD]


def _hosts(page: Rows, wanted: Wanted, is_ours: Callable[[str], bool]) -> list[str]:
    """Those that have to be proven again. Raises ``UnfitFile`` where one can be no tenant's."""
    hosts = [str(row["host"]) for row in page.rows]
    if not wanted.hosts:
        return hosts
    for host in hosts:
        try:
            if is_ours(domains.check_host(host)):
                raise UnfitFile(f"Its host {host!r} is the installation's own.")
        except BadHost as error:
            raise UnfitFile(f"Its host cannot be a tenant's: {error}") from error
    return []


def _counts(found: dict[str, Summary], wanted: Wanted) -> dict[str, int]:
    return {
        table: summary.rows
        for table, summary in found.items()
        if (wanted.hosts or table != "tenant_domains") and table != SEALS
    }


def _brought(tenant: Tenant, reader: Reader, rows: dict[str, int], unproven: list[str]) -> Brought:
    return Brought(
        tenant_id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        status=tenant.status,
        issuer=tenant.issuer,
        rows=rows,
        signing_keys="signing_keys" in rows,
        unproven=unproven,
        sha256=reader.digest,
    )


async def _add(
    parts: Installation,
    tenant: Tenant,
    reader: Reader,
    keys: FileKeys,
    wanted: Wanted,
    progress: Progress,
) -> None:
    values = _tenant_values(reader, wanted)
    try:
        await intake.add_tenant([values[column.name] for column in columns_of(TENANT)])
        cipher, added = await parts.encryption.cipher(tenant.id), 0
        async for page in _pages(reader, keys):
            if page.part.is_for_readers or (page.part.is_of_hosts and not wanted.hosts):
                continue
            await _add_page(page, keys, cipher, wanted)
            added += len(page.rows)
            progress(added)
    except intake.InTheWay as error:
        if str(error) == "tenants":
            raise SlugTaken(tenant.slug) from error
        raise UnfitFile(
            f"A row of {error} is here already, at another tenant, or refers to what is missing."
        ) from error


async def _add_page(page: Rows, keys: FileKeys, cipher: TenantCipher, wanted: Wanted) -> None:
    taking = Taking(page.part, page.columns, keys, cipher)
    held = {**page.part.anew, **({} if wanted.hosts else page.part.unproven)}
    await intake.Adding(page.part).add(taking.page(page, held))


async def _begin(
    parts: Installation, tenant: Tenant, reader: Reader, actor: Actor, asked: UUID | None
) -> None:
    await ensure_keys(parts, tenant.settings)
    await intake.turn_guests_away()
    await usage_days.begin(parts.clock())
    await keep_feeds(parts, tenant.settings.enabled_plugins, now=utc_now())
    await audit.record(
        Event.TENANT_IMPORTED,
        actor=actor,
        resource=("tenant", str(tenant.id)),
        details={
            "sha256": reader.digest,
            **({"import": str(asked)} if asked else {}),
            "rows": [f"{table}: {found.rows}" for table, found in reader.parts.items()],
        },
    )
    await tenant_changed(parts, tenant)  # by its hosts too: they were nobody's
