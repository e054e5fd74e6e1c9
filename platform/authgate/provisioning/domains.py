"""How a tenant gets a host of its own, proves that it is, and gives it up."""

from datetime import datetime

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation, addressing
from authgate.provisioning.domain_proof import DomainProof
from authgate.provisioning.tenants import tenant_changed
from authgate_tenants import current_tenant, domains
from authgate_tenants.domains import BadHost, Domain


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
    """Serve the current tenant at a host that is proven, or that the actor vouches for.

    A host that is served already is looked up again, and stays whatever comes of it. Raises
    ``UnknownDomain``, ``NotProven``, ``ProofUnreachable`` and ``HostTaken``.
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
    """Serve the current tenant at a host no longer. Raises ``UnknownDomain``."""
    domain = await domains.find(host)
    async with storage.transaction():
        await tenant_changed(parts, current_tenant())  # as long as the host is known
        await domains.remove(domain.host)
        await _record(Event.TENANT_DOMAIN_REMOVED, domain.host, actor)


async def _record(event: Event, host: str, actor: Actor, **details: str) -> None:
    await audit.record(event, actor=actor, resource=("domain", host), details=details)
