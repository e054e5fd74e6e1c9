"""The hosts that a tenant has to itself: claimed by anybody, served for who has proven it."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from authgate_tenants.models import DomainClaim, TenantDomain
from authgate_tenants.scope import current_tenant

_HOST = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])\Z"
)


class BadHost(ValueError):
    """What cannot be a tenant's own host."""


class HostTaken(ValueError):
    """Another tenant has proven that this host is its own."""


class UnknownDomain(LookupError):
    """The tenant has claimed no such host."""


@dataclass(frozen=True, slots=True)
class Domain:
    """A host of a tenant."""

    host: str
    token: str
    """What a proof has to show; nothing where the host was never claimed by a command."""
    verified_at: datetime | None
    """Since when it is proven and may be served."""


def check_host(host: str) -> str:
    """The host as it is kept: in small letters, without the dot at the end. Raises ``BadHost``."""
    name = host.lower().removesuffix(".")
    if not _HOST.match(name):
        raise BadHost(
            f"{host!r} is no full host name; write one with other letters in its xn-- form."
        )
    return name


async def claim(host: str) -> Domain:
    """Note that the current tenant says this host is its own; a claim that is there stays.

    Raises ``BadHost``.
    """
    name = check_host(host)
    row, _ = await DomainClaim.get_or_create(
        host=name,
        tenant_id=current_tenant().id,
        defaults={"token": secrets.token_urlsafe(24)},
    )
    return Domain(name, row.token, (await _proven()).get(name))


async def find(host: str) -> Domain:
    """A host that the current tenant has claimed. Raises ``UnknownDomain``."""
    name = host.lower().removesuffix(".")
    for domain in await every():
        if domain.host == name:
            return domain
    raise UnknownDomain(host)


async def every() -> list[Domain]:
    """The hosts of the current tenant: the proven ones in the order of their proof, then others."""
    proven = await _proven()
    tokens = {claim.host: claim.token for claim in await DomainClaim.all().order_by("host")}
    return [Domain(host, tokens.get(host, ""), proven.get(host)) for host in {**proven, **tokens}]


async def verify(host: str, *, now: datetime) -> None:
    """Serve the current tenant at this host from now on. Raises ``HostTaken``."""
    try:
        await TenantDomain.create(tenant_id=current_tenant().id, host=host, verified_at=now)
    except IntegrityError as error:
        raise HostTaken(host) from error


async def remove(host: str) -> None:
    """Serve the current tenant there no longer, and forget its claim."""
    await TenantDomain.filter(tenant_id=current_tenant().id, host=host).delete()
    await DomainClaim.filter(host=host).delete()


async def hosts(tenant_id: UUID) -> list[str]:
    """The hosts that a tenant has proven to own, the one that is its issuer first."""
    return (
        await TenantDomain.filter(  # type: ignore[return-value]  # of a flat list
            tenant_id=tenant_id, verified_at__not_isnull=True
        )
        .order_by("verified_at")
        .values_list("host", flat=True)
    )


async def _proven() -> dict[str, datetime | None]:
    rows = TenantDomain.filter(tenant_id=current_tenant().id, verified_at__not_isnull=True)
    return {row.host: row.verified_at for row in await rows.order_by("verified_at")}
