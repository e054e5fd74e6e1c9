"""How a tenant begins, changes and is suspended."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.clock import utc_now
from authgate.feeds.telling import keep_feeds
from authgate.installation import Installation
from authgate.languages import text
from authgate.provisioning import tenant_settings
from authgate.provisioning.roles import is_guest
from authgate.provisioning.tenant_settings import UnfitSetting, UnfitTenant
from authgate.storage.audit import audit_feeds
from authgate.storage.metering import usage_days
from authgate.storage.people import groups
from authgate.storage.sign_in import connections
from authgate.storage.tenants import logos, settings_versions
from authgate.tokens.id_token import algorithm_of
from authgate_tenants import (
    Plan,
    Tenant,
    TenantSettings,
    TenantStatus,
    domains,
    lifecycle,
    likeness,
    plans,
    use_tenant,
)
from authgate_tenants.lifecycle import new_tenant, set_status, store
from authgate_tenants.models import TenantRow
from authgate_tenants.resolver import BadSlug

_NOT_FOR_GUESTS = {
    # Or a guest would open the door to the next one, whom nobody has approved.
    "operator_access": text("Operators who are here as guests decide about no access."),
    # Or what a guest holds would speak for the tenant's people when the guest is gone.
    "trusted_issuers": text("Operators who are here as guests trust no issuer for the tenant."),
    # Or a guest would let in whom the tenant's policy does not.
    "paused_plugins": text("Operators who are here as guests pause no plugin."),
}
"""By the setting, why a guest can't change it."""

_SERVED_OR_SUSPENDED = (TenantStatus.ACTIVE, TenantStatus.SUSPENDED)


async def add_tenant(
    parts: Installation,
    *,
    slug: str,
    name: str,
    settings: TenantSettings | None = None,
    tenant_id: UUID | None = None,
    first: Callable[[], Awaitable[None]] | None = None,
    actor: Actor = SYSTEM,
) -> Tenant:
    """A new tenant with its keys and what ``first`` puts there, all of it or nothing. It has the id
    given, or a new one.

    Raises ``BadSlug``, ``SlugTaken``, ``BadLimit``, ``UnfitTenant`` and what ``first`` raises.
    """
    refuse_likeness(parts, slug, actor)
    row = new_tenant(slug=slug, name=name, settings=settings, tenant_id=tenant_id)
    tenant = parts.resolver.addressed(row)
    check_settings(tenant.plan, TenantSettings(), tenant.settings, actor=actor)
    with use_tenant(tenant):
        async with storage.transaction():
            await store(row)
            await ensure_keys(parts, tenant.settings)
            await usage_days.begin(utc_now())
            await keep_feeds(parts, tenant.settings.enabled_plugins, now=utc_now())
            await _add_version(1, row, comment="", actor=actor)
            if first is not None:
                await first()
            await audit.record(
                Event.TENANT_CREATED, actor=actor, resource=("tenant", str(tenant.id))
            )
            await parts.tenants.invalidate((None, "slug", slug))
    return tenant


def refuse_likeness(parts: Installation, slug: str, actor: Actor) -> None:
    """Nobody's tenant is to be taken for the operators', or to become it: that one begins at the
    machine. Raises ``BadSlug``."""
    operators = parts.settings.operator_tenant
    if not operators or (slug == operators and actor.type == SYSTEM.type):
        return
    theirs = (operators, f"{operators}s")
    if likeness.read_as(slug) in map(likeness.read_as, theirs):
        raise BadSlug("%(slug)r could be taken for %(operators)r.", slug=slug, operators=operators)


async def set_tenant_status(
    parts: Installation, tenant: Tenant, status: TenantStatus, *, actor: Actor = SYSTEM
) -> None:
    """Suspend a tenant or serve it again; every process knows within a second.

    Raises ``UnfitTenant`` where it waits to be deleted.
    """
    event = Event.TENANT_SUSPENDED if status is TenantStatus.SUSPENDED else Event.TENANT_RESUMED
    with use_tenant(tenant):
        async with storage.transaction():
            if not await set_status(tenant.id, status, former=_SERVED_OR_SUSPENDED):
                raise UnfitTenant(
                    text("%(slug)s waits to be deleted: it can be restored only.", slug=tenant.slug)
                )
            await audit.record(event, actor=actor, resource=("tenant", str(tenant.id)))
            await tenant_changed(parts, tenant)


async def change_tenant(
    parts: Installation,
    tenant: Tenant,
    *,
    change: Callable[[TenantSettings], TenantSettings] = lambda settings: settings,
    name: str | None = None,
    comment: str = "",
    actor: Actor = SYSTEM,
) -> None:
    """Another name, or other settings, in force at once; with a key of an algorithm newly chosen.

    ``change`` sees the settings that nobody else changes meanwhile. What is so then is another
    version. Raises what ``change`` raises, ``BadLimit`` and ``UnfitTenant``.
    """
    with use_tenant(tenant):
        async with storage.transaction():
            row = await lifecycle.locked(tenant.id)
            before = TenantSettings.from_json(row.settings)
            after = change(before)
            await check_change(parts, await plans.held(row.plan), before, after, actor=actor)
            changes = _changes(row, name or row.name, before, after)
            if not changes:
                return
            number = await _next_number(row)
            await lifecycle.change(row, name=name or row.name, settings=after)
            # Told of before the settings: who signs by them must find the key.
            await ensure_keys(parts, after)
            await parts.keys.settings_changed(before, after)
            await keep_feeds(parts, after.enabled_plugins, now=utc_now())
            resumed = {*before.paused_plugins} - {*after.paused_plugins}
            await audit_feeds.hurry(resumed, now=utc_now())
            await _add_version(number, row, comment=comment, actor=actor)
            await audit.record(
                Event.TENANT_UPDATED,
                actor=actor,
                resource=("tenant", str(tenant.id)),
                details={"changes": changes, "version": number},
            )
            await tenant_changed(parts, tenant)


async def check_change(
    parts: Installation,
    plan: Plan,
    before: TenantSettings,
    after: TenantSettings,
    *,
    actor: Actor,
) -> None:
    """Whether this actor may have the tenant in scope choose those settings instead of these.
    Raises ``BadLimit`` and ``UnfitTenant``."""
    check_settings(plan, before, after, actor=actor)
    await _refuse_lockout(parts, before, after)
    await _refuse_guest(before, after, actor)
    await _refuse_unknown_groups(before, after)
    if after.logo not in ("", before.logo) and not await logos.has(after.logo):
        raise UnfitSetting("logo", text("The tenant has no such logo: bring it first."))


async def _refuse_lockout(
    parts: Installation, before: TenantSettings, after: TenantSettings
) -> None:
    is_same = before.running_plugins == after.running_plugins and not before.password_sign_in
    if after.password_sign_in or is_same or await _has_connection(parts, after):
        return
    if before.password_sign_in:
        raise UnfitSetting(
            "password_sign_in",
            text("There is no connection by which people could sign in instead."),
        )
    if await _has_connection(parts, before):
        is_paused = before.enabled_plugins == after.enabled_plugins
        raise UnfitSetting(
            "paused_plugins" if is_paused else "enabled_plugins",
            text(
                "Nobody could sign in: passwords are off, and no other plugin brings a connection."
            ),
        )


async def _has_connection(parts: Installation, settings: TenantSettings) -> bool:
    """Whether people could sign in by a connection whose plugin runs by these settings."""
    types, running = parts.plugins.connectors.types, settings.running_plugins
    found = [types.get(each.connector) for each in await connections.offered()]
    return any(each is not None and each.plugin in running for each in found)


async def _refuse_unknown_groups(before: TenantSettings, after: TenantSettings) -> None:
    """A name that no group has asks nothing of anybody, and nobody would learn of it."""
    for name in after.second_factor_groups:
        if name not in before.second_factor_groups and not await groups.find_named(name):
            said = text("There is no group %(group)s here.", group=name[:60])
            raise UnfitSetting("second_factor_groups", said)


async def _refuse_guest(before: TenantSettings, after: TenantSettings, actor: Actor) -> None:
    for name, _, _ in tenant_settings.differences(before, after):
        if name in _NOT_FOR_GUESTS and await is_guest(actor):
            raise UnfitSetting(name, _NOT_FOR_GUESTS[name])


def check_settings(
    plan: Plan, before: TenantSettings, after: TenantSettings, *, actor: Actor
) -> None:
    """Whether the tenant may have these settings instead of those. Raises ``BadLimit`` and
    ``UnfitTenant``."""
    tenant_settings.check(before, after, plan=plan, actor=actor)


async def tenant_changed(parts: Installation, tenant: Tenant) -> None:
    """Have every process read the tenant again after COMMIT, by whatever name it knows it."""
    names = [("slug", tenant.slug), *[("host", host) for host in await domains.hosts(tenant.id)]]
    for kind, name in names:
        await parts.tenants.invalidate((None, kind, name))
    await parts.newsroom.publish_all(tenant.id)  # whoever waits where nobody is served any more


async def ensure_keys(parts: Installation, settings: TenantSettings) -> None:
    """Have the tenant in scope sign by what it has chosen, and sign ID tokens."""
    for algorithm in sorted({settings.signing_algorithm, algorithm_of(settings.signing_algorithm)}):
        await parts.keys.ensure(algorithm)


def _changes(
    row: TenantRow, name: str, before: TenantSettings, after: TenantSettings
) -> list[dict[str, object]]:
    differ = list(tenant_settings.differences(before, after))
    if name != row.name:
        differ.append(("name", row.name, name))
    return [{"setting": each, "was": was, "is": now} for each, was, now in differ]


async def _next_number(row: TenantRow) -> int:
    """Of the version that comes; what a tenant has chosen that has none yet becomes its first."""
    latest = await settings_versions.latest()
    if latest is None:
        await _add_version(1, row, comment="", actor=SYSTEM)
    return 2 if latest is None else latest.number + 1


async def _add_version(number: int, row: TenantRow, *, comment: str, actor: Actor) -> None:
    await settings_versions.add(
        number,
        name=row.name,
        settings=row.settings,
        comment=comment,
        actor=actor,
        now=utc_now(),
    )
