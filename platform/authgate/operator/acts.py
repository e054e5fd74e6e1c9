"""What operators do to tenants: each in the tenant's own scope, and told by both audit logs."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from authgate import audit, provisioning, storage
from authgate.accounts.passwords import Passwords
from authgate.audit import Actor, Event
from authgate.installation import Installation
from authgate.operator.crossing import across, as_operator, away
from authgate.permissions import UserRole
from authgate.provisioning import UnfitTenant, access_notices, operator_accesses, random_password
from authgate.provisioning import usage_statements as provisioned
from authgate.provisioning.operator_accesses import ENTRY, Wanted
from authgate.storage.metering import roll_up
from authgate.storage.metering.periods import Period
from authgate.storage.metering.roll_up import UsageOfAll
from authgate.storage.metering.usage_days import USED, Measure
from authgate.storage.metering.usage_statements import UsageStatement
from authgate.storage.people.operator_accesses import Access
from authgate.storage.tenants import health as tenant_health
from authgate.storage.tenants.health import Health
from authgate.telemetry import metrics
from authgate_tenants import Tenant, TenantStatus, announcements, current_tenant, use_tenant
from authgate_tenants.announcements import Announcement
from authgate_tenants.models import TenantDeletion


class Owner(NamedTuple):
    """Who owns a tenant first."""

    username: str
    email: str | None = None


class Made(NamedTuple):
    """A tenant that was made just now."""

    tenant: Tenant
    password: str
    """Of its owner; only a hash is kept."""


async def create(parts: Installation, *, slug: str, name: str, owner: Owner, by: Actor) -> Made:
    """A tenant with its keys and its owner, all of it or nothing.

    Raises ``BadSlug``, ``SlugTaken``, ``BadUsername`` and ``BadAddress``.
    """
    password, actor = random_password(), as_operator(by)

    async def owned() -> None:
        await provisioning.store_user(
            username=owner.username,
            password_hash=hashed,
            email=owner.email,
            role=UserRole.OWNER,
            actor=actor,
        )

    async with storage.set_aside():
        hashed = await _hashed(password)
    async with storage.transaction():
        async with across():
            tenant = await provisioning.add_tenant(
                parts, slug=slug, name=name, first=owned, actor=actor
            )
        await _note(Event.TENANT_CREATED, tenant, by)
    return Made(tenant, password)


async def rename(
    parts: Installation, tenant: Tenant, name: Callable[[], Awaitable[str]], *, by: Actor
) -> None:
    """Give a tenant the name that is found while nobody else changes it."""
    async with _noted(Event.TENANT_UPDATED, tenant, by):
        with use_tenant(tenant):
            await provisioning.change_tenant(
                parts, tenant, name=await name(), actor=as_operator(by)
            )


async def become(parts: Installation, tenant: Tenant, status: TenantStatus, *, by: Actor) -> None:
    """Suspend a tenant, or serve it again. Raises ``UnfitTenant``."""
    if tenant.id == current_tenant().id:
        raise UnfitTenant("It is the operators' own tenant: the command at the machine does it.")
    if tenant.status is status:
        return
    is_end = status is TenantStatus.SUSPENDED
    async with _noted(Event.TENANT_SUSPENDED if is_end else Event.TENANT_RESUMED, tenant, by):
        await provisioning.set_tenant_status(parts, tenant, status, actor=as_operator(by))


async def give_plan(parts: Installation, tenant: Tenant, name: str, *, by: Actor) -> None:
    """Give a tenant another plan. Raises ``UnknownPlan``."""
    async with storage.transaction():
        async with across():
            former = await provisioning.give_plan(parts, tenant, name, actor=as_operator(by))
        if name != former:
            await _note(Event.TENANT_PLAN_CHANGED, tenant, by, {"was": former, "is": name})


class Use(NamedTuple):
    """What a tenant has used."""

    counts: UsageOfAll

    @classmethod
    def nothing(cls, now: datetime) -> "Use":
        """Of a tenant that is not there."""
        return cls(UsageOfAll(now, {}))

    @property
    def until(self) -> datetime:
        """What was before is counted."""
        return self.counts.until

    @property
    def by_day(self) -> Mapping[date, Mapping[Measure, int]]:
        """The sum of each kind, on each day of which there is something to tell."""
        sums: dict[date, Counter[Measure]] = {}
        for measure, each in self.counts.each():
            sums.setdefault(each.day, Counter())[measure] += each.total
        return dict(sorted(sums.items()))

    def total(self, measure: Measure) -> int:
        """Of one kind, on all of these days."""
        return sum(each.total for each in self.counts.of(measure).counts)


async def usage(tenant: Tenant, period: Period, *, now: datetime) -> Use:
    """What a tenant has used on these days."""
    async with away():
        with use_tenant(tenant):
            found = await roll_up.by_day(USED, since=period.first, to=period.last, now=now)
    return Use(found)


async def added_up(tenant: Tenant, period: Period) -> Use:
    """The same, as far as it is added up already."""
    async with away():
        with use_tenant(tenant):
            found = await roll_up.added_up(USED, since=period.first, to=period.last)
    return Use(found)


async def health(tenant: Tenant, *, now: datetime) -> Health:
    """How a tenant is."""
    async with away():
        with use_tenant(tenant):
            return await tenant_health.read(now)


async def statements(parts: Installation, tenant: Tenant) -> Sequence[UsageStatement]:
    """What a tenant has used month by month, as it is stated, the newest first."""
    async with away():
        with use_tenant(tenant):
            return await provisioned.up_to_date(parts)


async def statement(
    parts: Installation, tenant: Tenant, month: str, *, make: bool
) -> UsageStatement | None:
    """The statement of a month: one that is due is made now, where somebody waits."""
    async with away():
        with use_tenant(tenant):
            first = date.fromisoformat(f"{month}-01")
            return await provisioned.of_month(parts, first, make=make)


async def request_deletion(
    parts: Installation, tenant: Tenant, *, confirmation: str, by: Actor
) -> TenantDeletion:
    """Let a tenant end, once the time is over in which it can be restored.

    Raises ``NotConfirmed`` and ``UnfitDeletion``.
    """
    async with _noted(Event.TENANT_DELETION_REQUESTED, tenant, by):
        return await provisioning.request_deletion(
            parts, tenant, confirmation=confirmation, actor=as_operator(by)
        )


async def restore(parts: Installation, tenant: Tenant, *, by: Actor) -> None:
    """Make a tenant that waits to be deleted what it was. Raises ``UnknownDeletion`` and
    ``TooLate``."""
    async with _noted(Event.TENANT_RESTORED, tenant, by):
        await provisioning.restore_tenant(parts, tenant, actor=as_operator(by))


async def announce(
    parts: Installation,
    text: str,
    *,
    urgent: bool = False,
    begins_at: datetime | None = None,
    lasts: timedelta,
    by: Actor,
) -> Announcement:
    """Tell the administrators of all tenants something. Raises ``TooManyAnnouncements``."""
    now = parts.clock()
    begins = max(begins_at or now, now)
    async with storage.transaction():
        async with across():
            made = await announcements.make(
                text, urgent=urgent, begins_at=begins, ends_at=begins + lasts, now=now
            )
        await audit.record(
            Event.ANNOUNCEMENT_MADE,
            actor=by,
            resource=("announcement", str(made.id)),
            details={"text": text, "ends": made.ends_at.isoformat()},
        )
    metrics.announcements.add("made")
    return made


async def end_announcement(announcement_id: UUID, *, by: Actor) -> None:
    """Tell it no longer. Raises ``UnknownAnnouncement``."""
    resource = ("announcement", str(announcement_id))
    async with storage.transaction():
        async with across():
            await announcements.end(announcement_id)
        await audit.record(Event.ANNOUNCEMENT_ENDED, actor=by, resource=resource)
    metrics.announcements.add("ended")


async def ask(parts: Installation, tenant: Tenant, wanted: Wanted) -> Access:
    """Ask a tenant to let an operator in. Raises ``UnfitAccess``."""
    is_urgent = wanted.emergency
    async with storage.transaction():
        async with across():
            with use_tenant(tenant):
                access = await operator_accesses.ask(wanted, now=parts.clock())
                await access_notices.send(parts, access)
        await audit.record(
            Event.OPERATOR_ACCESS_EMERGENCY if is_urgent else Event.OPERATOR_ACCESS_ASKED,
            actor=audit.user(wanted.operator_id, wanted.operator_name),
            resource=("tenant", str(tenant.id)),
            details={"reason": wanted.reason, "role": wanted.role, "access": str(access.id)},
        )
    return access


async def accesses(tenant: Tenant) -> Sequence[Access]:
    """Those that there were lately to a tenant, the newest first."""
    async with away():
        with use_tenant(tenant):
            return await operator_accesses.newest()


async def end_access(parts: Installation, tenant: Tenant, access_id: UUID, *, by: Actor) -> Access:
    """Let an operator be at a tenant no longer. Raises ``UnknownAccess`` and ``UnfitAccess``."""
    async with _noted(Event.OPERATOR_ACCESS_ENDED, tenant, by):
        with use_tenant(tenant):
            return await operator_accesses.end(access_id, by=as_operator(by), now=parts.clock())


async def open_door(
    parts: Installation, tenant: Tenant, access_id: UUID, *, operator_id: UUID, by: Actor
) -> str:
    """Where an operator comes into a tenant, once and within a minute.

    Raises ``UnknownAccess`` and ``UnfitAccess``.
    """
    details = {"access": str(access_id)}
    # Whether somebody goes through is in the tenant's log: its requests can't write to this one.
    async with _noted(Event.OPERATOR_ACCESS_DOOR_OPENED, tenant, by, details):
        with use_tenant(tenant):
            key = await operator_accesses.open_door(access_id, operator_id, now=parts.clock())
    return f"{tenant.issuer}{ENTRY}?{urlencode({'key': key})}"


@asynccontextmanager
async def _noted(
    event: Event, tenant: Tenant, by: Actor, details: Mapping[str, str] | None = None
) -> AsyncIterator[None]:
    """Do something to a tenant and note it in the operators' own log: both or neither."""
    async with storage.transaction():
        async with across():
            yield
        await _note(event, tenant, by, details)


async def _note(
    event: Event, tenant: Tenant, by: Actor, details: Mapping[str, str] | None = None
) -> None:
    """In the operators' own log, by who it was."""
    resource = ("tenant", str(tenant.id))
    await audit.record(event, actor=by, resource=resource, details=details)


async def _hashed(password: str) -> str:
    passwords = Passwords(threads=1)
    try:
        return await passwords.hash(password)
    finally:
        passwords.close()
