"""How a tenant gets hosts of its own, proves that they are, is called by one, and gives them up."""

from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation, addressing
from authgate.languages import text
from authgate.provisioning.domain_proof import (
    DomainProof,
    Findings,
    NotProven,
    Outcome,
    ProofUnreachable,
    record,
    value,
)
from authgate.provisioning.tenants import tenant_changed
from authgate.telemetry import metrics
from authgate_tenants import current_tenant, domains, lifecycle
from authgate_tenants.domains import BadHost, Domain, DomainProven, UnknownDomain
from authgate_tenants.models import TenantRow

OVERLAP = timedelta(days=30)
"""For how long a former issuer is taken where nobody says: longer than most tokens last."""

LONGEST_OVERLAP = timedelta(days=365)

LAPSE = timedelta(days=30)
"""After this long without its proof a host answers no longer, if no client knows the tenant by it:
whoever has the domain by then can prove it."""

_AGAIN = timedelta(days=1)
_SOON_AGAIN = timedelta(hours=1)
"""Where nobody could be asked."""


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


class IssuerState(NamedTuple):
    """What a tenant is called."""

    issuer: str
    host: str | None
    """Of its own; none where the installation gives it its address."""
    former_issuer: str | None
    former_host: str | None
    """Likewise, of the former one."""
    former_until: datetime | None


class UnfitIssuer(ValueError):
    """A change of a tenant's issuer that is none, or not now. The text says why."""


class DomainInUse(ValueError):
    """A host that clients know the tenant by: it is not removed before they know another one."""


async def add_domain(parts: Installation, host: str, *, actor: Actor = SYSTEM) -> Domain:
    """Note that the current tenant claims a host, which serves nobody before it is proven.

    Raises ``BadHost``, also for the installation's own, and ``TooManyHosts``.
    """
    if addressing(parts.settings).is_ours(domains.check_host(host)):
        raise BadHost("%(host)r is the installation's own.", host=host)
    async with storage.transaction():
        await lifecycle.locked(current_tenant().id)
        domain = await domains.claim(host)
        await _record(Event.TENANT_DOMAIN_ADDED, domain.host, actor)
    return domain


async def verify_domain(
    parts: Installation, host: str, *, stated: bool = False, actor: Actor = SYSTEM
) -> Domain:
    """Have a host answer for the current tenant that is proven, or that the actor vouches for.

    Its issuer stays what it is. A host that answers already is looked up again, and stays whatever
    comes of it. Raises ``UnknownDomain``, ``NotProven``, ``ProofUnreachable`` and ``HostTaken``.
    """
    if stated:
        return await _state(parts, host, actor)
    domain, findings = await check_domain(parts, host, actor=actor)
    if findings.outcome is Outcome.UNREACHABLE:
        raise ProofUnreachable(" ".join(each.said for each in findings.steps))
    if findings.outcome is Outcome.MISSING:
        raise NotProven(
            text(
                "No TXT record %(record)s says %(value)r.",
                record=record(domain.host),
                value=value(domain),
            )
        )
    return domain


async def check_domain(
    parts: Installation, host: str, *, actor: Actor = SYSTEM
) -> tuple[Domain, Findings]:
    """Look for the proof of a host, and have it answer for the current tenant if it is there.

    What was found is noted, unless it was removed meanwhile. Raises ``UnknownDomain``, also then,
    and ``HostTaken``.
    """
    domain = await domains.find(host)
    proof = DomainProof(parts.outside, parts.settings.egress.nameservers)
    async with storage.set_aside():
        findings = await proof.look(domain)
    async with storage.transaction():
        row = await lifecycle.locked(current_tenant().id)
        as_is = await domains.find(host)
        if as_is.token != domain.token:  # claimed anew: another proof is asked for
            raise UnknownDomain(host)
        await _noted(parts, row, as_is, findings, actor)
    return await domains.find(host), findings


async def check_due_domains(parts: Installation) -> None:
    """Look again for the proofs of the current tenant's hosts that are due."""
    for domain in await domains.due(now=parts.clock()):
        with suppress(UnknownDomain):  # it was removed while others were looked for
            _, findings = await check_domain(parts, domain.host)
            metrics.domain_checks.add(findings.outcome)


async def _state(parts: Installation, host: str, actor: Actor) -> Domain:
    async with storage.transaction():
        await lifecycle.locked(current_tenant().id)
        domain = await domains.find(host)
        if domain.verified_at is None:
            await _prove(parts, domain, DomainProven.STATED, actor)
    return domain


async def _noted(
    parts: Installation, row: TenantRow, domain: Domain, findings: Findings, actor: Actor
) -> None:
    now, proof = parts.clock(), findings.proof
    if proof is not None:
        if domain.verified_at is None:
            await _prove(parts, domain, proof, actor)
        elif domain.missing_since is not None:
            await _record(Event.TENANT_DOMAIN_PROOF_FOUND, domain.host, actor, proof=proof)
        await domains.found(domain.host, proof, now=now, due_at=now + _AGAIN)
    elif domain.verified_at is None or domain.proof in ("", DomainProven.STATED):
        await domains.not_found(domain.host, now=now, missing_since=None, due_at=None)
    elif findings.outcome is Outcome.UNREACHABLE:
        since = domain.missing_since
        await domains.not_found(domain.host, now=now, missing_since=since, due_at=now + _SOON_AGAIN)
    else:
        await _missed(parts, row, domain, actor)


async def _missed(parts: Installation, row: TenantRow, domain: Domain, actor: Actor) -> None:
    """Warn at once, and take nothing away but what has long been without its proof."""
    now = parts.clock()
    since = domain.missing_since or now
    if domain.missing_since is None:
        await _record(Event.TENANT_DOMAIN_PROOF_MISSING, domain.host, actor)
    await domains.not_found(domain.host, now=now, missing_since=since, due_at=now + _AGAIN)
    is_known = domain.host == row.issuer_host or (
        _has_overlap(row, now) and domain.host == row.former_host
    )
    if now - since >= LAPSE and not is_known:
        await tenant_changed(parts, current_tenant())  # as long as the host is known
        await domains.lapse(domain.host)
        await _record(Event.TENANT_DOMAIN_LAPSED, domain.host, actor)


async def _prove(parts: Installation, domain: Domain, proof: DomainProven, actor: Actor) -> None:
    await domains.verify(domain.host, now=parts.clock())
    await domains.found(domain.host, proof, now=parts.clock(), due_at=None)
    await _record(Event.TENANT_DOMAIN_VERIFIED, domain.host, actor, proof=proof)
    await tenant_changed(parts, current_tenant())


async def remove_domain(parts: Installation, host: str, *, actor: Actor = SYSTEM) -> None:
    """Have a host answer for the current tenant no longer. Raises ``UnknownDomain`` and
    ``DomainInUse``."""
    domain = await domains.find(host)
    async with storage.transaction():
        row = await lifecycle.locked(current_tenant().id)
        if domain.host == row.issuer_host:
            raise DomainInUse(
                text(
                    "%(host)s is the tenant's issuer: make another one canonical.", host=domain.host
                )
            )
        if _has_overlap(row, parts.clock()) and domain.host == row.former_host:
            raise DomainInUse(
                text("%(host)s is the former issuer: end the overlap before.", host=domain.host)
            )
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
        raise UnfitIssuer(text("An overlap has 0 to %(most)s days.", most=LONGEST_OVERLAP.days))
    now, tenant = parts.clock(), current_tenant()
    async with storage.transaction():
        row = await lifecycle.locked(tenant.id)
        name = (await _answering(host)).host if host else ""
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
            raise UnfitIssuer(text("There is no former issuer that is still taken."))
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


async def issuer_state(parts: Installation) -> IssuerState:
    """What the current tenant is called, and was until lately."""
    row, slug = await lifecycle.find(current_tenant().id), current_tenant().slug
    own = {each.host for each in await domains.every() if each.verified_at is not None}
    host = row.issuer_host if row.issuer_host in own else ""
    has_overlap = _has_overlap(row, parts.clock())
    former = parts.resolver.issuer_at(slug, row.former_host) if has_overlap else None
    return IssuerState(
        issuer=parts.resolver.issuer_at(slug, host),
        host=host or None,
        former_issuer=former,
        former_host=row.former_host or None if has_overlap else None,
        former_until=row.former_until if has_overlap else None,
    )


def _check_change(row: TenantRow, host: str, now: datetime) -> None:
    if host == row.issuer_host:
        raise UnfitIssuer(text("That is the tenant's issuer already."))
    # A third name would leave the first one unheard while clients still use it.
    if _has_overlap(row, now) and host != row.former_host:
        until = f"{row.former_until:%Y-%m-%d %H:%M}"
        raise UnfitIssuer(
            text(
                "The issuer was changed lately, and the former one is taken until "
                "%(when)s UTC: go back to it, or end the overlap.",
                when=until,
            )
        )


def _has_overlap(row: TenantRow, now: datetime) -> bool:
    return row.former_until is not None and row.former_until > now


async def _answering(host: str) -> Domain:
    domain = await domains.find(host)
    if domain.verified_at is None:
        raise UnfitIssuer(text("%(host)s is not proven yet.", host=domain.host))
    return domain


async def _record(event: Event, host: str, actor: Actor, **details: str) -> None:
    await audit.record(event, actor=actor, resource=("domain", host), details=details)
