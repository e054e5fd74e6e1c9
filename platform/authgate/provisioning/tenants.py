"""How a tenant begins, changes and is suspended."""

from collections.abc import Awaitable, Callable
from dataclasses import fields
from functools import partial
from typing import Any

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.clock import utc_now
from authgate.installation import Installation
from authgate.provisioning.limits import check_limits
from authgate.storage.metering import usage_days
from authgate.tokens.id_token import algorithm_of
from authgate.tokens.security_profile import SIGNING_ALGORITHMS, signs_well
from authgate_tenants import (
    Tenant,
    TenantSettings,
    TenantStatus,
    domains,
    lifecycle,
    use_tenant,
)
from authgate_tenants.lifecycle import new_tenant, set_status, store
from authgate_tenants.resolver import BadSlug

_SERVED_OR_SUSPENDED = (TenantStatus.ACTIVE, TenantStatus.SUSPENDED)


class UnfitTenant(ValueError):
    """Settings that do not go together, or a status that it cannot have. The text says which."""


async def add_tenant(
    parts: Installation,
    *,
    slug: str,
    name: str,
    settings: TenantSettings | None = None,
    first: Callable[[], Awaitable[None]] | None = None,
    actor: Actor = SYSTEM,
) -> Tenant:
    """A new tenant with its keys and what ``first`` puts there, all of it or nothing.

    Raises ``BadSlug``, ``SlugTaken``, ``BadLimit`` and what ``first`` raises.
    """
    _refuse_likeness(parts, slug, actor)
    row = new_tenant(slug=slug, name=name, settings=settings)
    tenant = parts.resolver.addressed(row)
    check_limits(tenant.settings.login_limits)
    with use_tenant(tenant):
        async with storage.transaction():
            await store(row)
            await ensure_keys(parts, tenant.settings)
            await usage_days.begin(utc_now())
            if first is not None:
                await first()
            await audit.record(
                Event.TENANT_CREATED, actor=actor, resource=("tenant", str(tenant.id))
            )
            await storage.after_commit(partial(parts.tenants.invalidate, (None, "slug", slug)))
    return tenant


def _refuse_likeness(parts: Installation, slug: str, actor: Actor) -> None:
    """Nobody's tenant is to be taken for the operators', or to become it: that one begins at the
    machine. Raises ``BadSlug``."""
    operators = parts.settings.operator_tenant
    if not operators or (slug == operators and actor.type == SYSTEM.type):
        return
    if _read_as(slug) in (_read_as(operators), _read_as(f"{operators}s")):
        raise BadSlug(f"{slug!r} could be taken for {operators!r}.")


def _read_as(slug: str) -> str:
    return slug.translate(_LIKENESSES).replace("rn", "m").replace("vv", "w")


_LIKENESSES = str.maketrans("01358", "olesb", "-")


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
                raise UnfitTenant(f"{tenant.slug} waits to be deleted: it can be restored only.")
            await audit.record(event, actor=actor, resource=("tenant", str(tenant.id)))
            await tenant_changed(parts, tenant)


async def change_tenant(
    parts: Installation,
    tenant: Tenant,
    *,
    change: Callable[[TenantSettings], TenantSettings] = lambda settings: settings,
    name: str | None = None,
    actor: Actor = SYSTEM,
) -> None:
    """Another name, or other settings, in force at once; with a key of an algorithm newly chosen.

    ``change`` sees the settings that nobody else changes meanwhile. Raises what it raises,
    ``BadLimit`` and ``UnfitTenant``.
    """
    with use_tenant(tenant):
        async with storage.transaction():
            row = await lifecycle.locked(tenant.id)
            before = TenantSettings.from_json(row.settings)
            after = change(before)
            check_limits(after.login_limits)
            _check_profile(after)
            changes = _differences(before, after)
            if name not in (None, row.name):
                changes.append({"setting": "name", "was": row.name, "is": name})
            if not changes:
                return
            await lifecycle.change(row, name=name or row.name, settings=after)
            # Told of before the settings: who signs by them must find the key.
            await ensure_keys(parts, after)
            await parts.keys.settings_changed(before, after)
            await audit.record(
                Event.TENANT_UPDATED,
                actor=actor,
                resource=("tenant", str(tenant.id)),
                details={"changes": changes},
            )
            await tenant_changed(parts, tenant)


async def tenant_changed(parts: Installation, tenant: Tenant) -> None:
    """Have every process read the tenant again after COMMIT, by whatever name it knows it."""
    names = [("slug", tenant.slug), *[("host", host) for host in await domains.hosts(tenant.id)]]
    for kind, name in names:
        await storage.after_commit(partial(parts.tenants.invalidate, (None, kind, name)))


async def ensure_keys(parts: Installation, settings: TenantSettings) -> None:
    """Have the tenant in scope sign by what it has chosen, and sign ID tokens."""
    for algorithm in sorted({settings.signing_algorithm, algorithm_of(settings.signing_algorithm)}):
        await parts.keys.ensure(algorithm)


def _differences(before: TenantSettings, after: TenantSettings) -> list[dict[str, Any]]:
    # A list, since the log blots out values by their names, and many a lifetime is a token's.
    return [
        {"setting": each.name, "was": was, "is": now}
        for each in fields(TenantSettings)
        if (was := getattr(before, each.name)) != (now := getattr(after, each.name))
    ]


def _check_profile(settings: TenantSettings) -> None:
    if settings.security_profile and not signs_well(settings):
        named = ", ".join(SIGNING_ALGORITHMS)
        raise UnfitTenant(f"With a security profile signing_algorithm is one of {named}.")
