"""How a tenant gets hosts of its own, proves that they are, is called by one, and gives them up."""

from datetime import datetime, timedelta
from enum import StrEnum

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation, addressing
from authgate.provisioning.domain_proof import DomainProof
from authgate.provisioning.tenants import tenant_changed
from authgate_tenants import current_tenant, domains, lifecycle
from authgate_tenants.domains import BadHost, Domain
from authgate_tenants.models import TenantRow

OVERLAP = timedelta(days=30)
"""For how long a former issuer is taken where nobody says: longer than most tokens last."""

LONGEST_OVERLAP = timedelta(days=365)


class DomainState(StrEnum):
    """How far a host of a tenant has come."""

    WAITING = "waiting"
    """Claimed, and not proven: nobody is answered there."""
    PROVEN = "proven"
    """It leads people and programs to the issuer."""
    CANONICAL = "canonical"
    """It is the issuer."""
    FORMER = "former"
    """It was the issuer, and clients may go on using it for a while."""


class UnfitIssuer(ValueError):
    """A change of a tenant's issuer that is none, or not now. The text says why."""


class DomainInUse(ValueError):
    """A host that clients know the tenant by: it is not removed before they know another one."""


async def add_domain(parts: Installation, host: str, *, actor: Actor = SYSTEM) -> Domain:
    """Note that the current tenant claims a host, which serves nobody before it is proven.

    Raises ``BadHost``, also for the installation's own.
    """
    if addressing(parts.settings).is_ours(domains.check_host(host)):
        raise BadHost(f"{host!r} is the installation's own.")
    async with storage.transaction():
        domain = await domains.claim(host)
        await _record(Event.TENANT_DOMAIN_ADDED, domain.host, actor)
    return domain


async def verify_domain(
    parts: Installation,
    host: str,
    *,
    proof: DomainProof | None,
    now: datetime,
    actor: Actor = SYSTEM,
) -> Domain:
    """Have a host answer for the current tenant that is proven, or that the actor vouches for.

    Its issuer stays what it is. A host that answers already is looked up again, and stays whatever
    comes of it. Raises ``UnknownDomain``, ``NotProven``, ``ProofUnreachable`` and ``HostTaken``.
    """
    domain = await domains.find(host)
    if proof is not None:
        await proof.check(domain)
    if domain.verified_at is None:
        async with storage.transaction():
            await domains.verify(domain.host, now=now)
            stated = "dns" if proof is not None else "stated"
            await _record(Event.TENANT_DOMAIN_VERIFIED, domain.host, actor, proof=stated)
            await tenant_changed(parts, current_tenant())
    return domain


async def remove_domain(parts: Installation, host: str, *, actor: Actor = SYSTEM) -> None:
    """Have a host answer for the current tenant no longer. Raises ``UnknownDomain`` and
    ``DomainInUse``."""
    domain = await domains.find(host)
    async with storage.transaction():
        row = await lifecycle.locked(current_tenant().id)
        if domain.host == row.issuer_host:
            raise DomainInUse(f"{domain.host} is the tenant's issuer: make another one canonical.")
        if _has_overlap(row, parts.clock()) and domain.host == row.former_host:
            raise DomainInUse(f"{domain.host} is the former issuer: end the overlap before.")
        await tenant_changed(parts, current_tenant())  # as long as the host is known
        await domains.remove(domain.host)
        await _record(Event.TENANT_DOMAIN_REMOVED, domain.host, actor)


async def make_canonical(
    parts: Installation, host: str, *, overlap: timedelta = OVERLAP, actor: Actor = SYSTEM
) -> datetime | None:
    """Call the current tenant by a host that is proven, or, where that is empty, by the address
    that the installation gives it.

    Clients may go on using the former issuer for as long as the overlap is; until then the change
    can be taken back by making that one canonical again. The end of the overlap is returned.
    Raises ``UnknownDomain`` and ``UnfitIssuer``.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise UnfitIssuer(f"An overlap has 0 to {LONGEST_OVERLAP.days} days.")
    name = (await _answering(host)).host if host else ""
    now, tenant = parts.clock(), current_tenant()
    async with storage.transaction():
        row = await lifecycle.locked(tenant.id)
        _check_change(row, name, now)
        former, until = row.issuer_host, now + overlap if overlap else None
        await lifecycle.change_issuer(row, host=name, former=former, until=until)
        was, now_is = (parts.resolver.issuer_at(tenant.slug, each) for each in (former, name))
        ends = until.isoformat() if until else ""
        await audit.record(
            Event.TENANT_ISSUER_CHANGED,
            actor=actor,
            resource=("tenant", str(tenant.id)),
            details={"was": was, "is": now_is, "former_until": ends},
        )
        await tenant_changed(parts, tenant)
    return until


async def end_overlap(parts: Installation, *, actor: Actor = SYSTEM) -> None:
    """Take the former issuer of the current tenant no longer. Raises ``UnfitIssuer``."""
    tenant = current_tenant()
    async with storage.transaction():
        row = await lifecycle.locked(tenant.id)
        if not _has_overlap(row, parts.clock()):
            raise UnfitIssuer("There is no former issuer that is still taken.")
        await audit.record(
            Event.TENANT_ISSUER_OVERLAP_ENDED,
            actor=actor,
            resource=("tenant", str(tenant.id)),
            details={"former": parts.resolver.issuer_at(tenant.slug, row.former_host)},
        )
        await lifecycle.change_issuer(row, host=row.issuer_host, former="", until=None)
        await tenant_changed(parts, tenant)


async def domain_states(parts: Installation) -> dict[str, DomainState]:
    """How far each host of the current tenant has come."""
    row = await lifecycle.find(current_tenant().id)
    former = row.former_host if _has_overlap(row, parts.clock()) else ""

    def state(domain: Domain) -> DomainState:
        if domain.verified_at is None:
            return DomainState.WAITING
        if domain.host == row.issuer_host:
            return DomainState.CANONICAL
        return DomainState.FORMER if domain.host == former else DomainState.PROVEN

    return {each.host: state(each) for each in await domains.every()}


def _check_change(row: TenantRow, host: str, now: datetime) -> None:
    if host == row.issuer_host:
        raise UnfitIssuer("That is the tenant's issuer already.")
    # A third name would leave the first one unheard while clients still use it.
    if _has_overlap(row, now) and host != row.former_host:
        raise UnfitIssuer(
            f"The issuer was changed lately, and the former one is taken until"
            f" {row.former_until:%Y-%m-%d %H:%M} UTC: go back to it, or end the overlap."
        )


def _has_overlap(row: TenantRow, now: datetime) -> bool:
    return row.former_until is not None and row.former_until > now


async def _answering(host: str) -> Domain:
    domain = await domains.find(host)
    if domain.verified_at is None:
        raise UnfitIssuer(f"{domain.host} is not proven yet.")
    return domain


async def _record(event: Event, host: str, actor: Actor, **details: str) -> None:
    await audit.record(event, actor=actor, resource=("domain", host), details=details)
