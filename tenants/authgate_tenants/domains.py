"""The hosts that a tenant has to itself: claimed by anybody, served for who has proven it."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tortoise.exceptions import IntegrityError

from authgate_tenants.models import DomainClaim, TenantDomain
from authgate_tenants.scope import current_tenant
from authgate_tenants.unfit import Unfit

_HOST = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])\Z"
)


_SPECIAL = frozenset({"alt", "arpa", "invalid", "localhost", "onion"})
"""Top-level names that are nobody's (RFC 6761, RFC 7686, RFC 9476)."""

MOST = 50
"""Hosts that one tenant may have claimed."""


class DomainProven(StrEnum):
    """By what a host was proven to be a tenant's."""

    DNS = "dns"
    """A TXT record."""
    HTTP = "http"
    """A file that its server shows."""
    STATED = "stated"
    """The word of an operator."""


class BadHost(Unfit):
    """What cannot be a tenant's own host."""


class TooManyHosts(Unfit):
    """The tenant has claimed as many hosts as one may. The text says so."""


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
    proof: str = ""
    checked_at: datetime | None = None
    missing_since: datetime | None = None
    """As ``DomainClaim`` has them."""
    created_at: datetime | None = None


def check_host(host: str) -> str:
    """The host as it is kept and as browsers send it: in small ASCII letters, other ones in their
    ``xn--`` form (RFC 5891), without the dot at the end. Raises ``BadHost``."""
    name = _ascii(host.removesuffix("."))
    if not _HOST.match(name):
        raise BadHost("%(host)r is no full host name.", host=host)
    if name.rpartition(".")[2] in _SPECIAL:
        raise BadHost("%(host)r is below a name that can be nobody's.", host=host)
    return name


def _ascii(name: str) -> str:
    if name.isascii() and "xn--" not in name.lower():
        return name.lower()
    # Hardly any host is written so.
    from dns.exception import DNSException
    from dns.name import IDNA_2008_UTS_46, from_unicode

    try:
        read = from_unicode(name, idna_codec=IDNA_2008_UTS_46).to_text(omit_final_dot=True)
        # What looks encoded has to be: people are shown what it stands for.
        from_unicode(read, idna_codec=IDNA_2008_UTS_46).to_unicode(idna_codec=IDNA_2008_UTS_46)
    except (DNSException, UnicodeError) as error:
        raise BadHost("%(host)r is no full host name.", host=name) from error
    return read.lower()


async def claim(host: str) -> Domain:
    """Note that the current tenant says this host is its own; a claim that is there stays.

    In a transaction that has locked the tenant: two together are not one too many. Raises
    ``BadHost`` and ``TooManyHosts``.
    """
    name = check_host(host)
    if not await DomainClaim.exists(host=name) and await DomainClaim.all().count() >= MOST:
        raise TooManyHosts(
            "A tenant may claim %(most)s hosts: remove one of them before.", most=MOST
        )
    row, _ = await DomainClaim.get_or_create(
        host=name,
        tenant_id=current_tenant().id,
        defaults={"token": secrets.token_urlsafe(24)},
    )
    return _domain(row, (await _proven()).get(name))


async def find(host: str) -> Domain:
    """A host that the current tenant has claimed. Raises ``UnknownDomain``."""
    try:
        name = check_host(host)
    except BadHost as error:
        raise UnknownDomain(host) from error
    for domain in await every():
        if domain.host == name:
            return domain
    raise UnknownDomain(host)


async def every() -> list[Domain]:
    """The hosts of the current tenant: the proven ones in the order of their proof, then others."""
    proven = await _proven()
    claims = {claim.host: claim for claim in await DomainClaim.all().order_by("host")}
    return [
        _domain(claims[host], proven.get(host))
        if host in claims
        else Domain(host, "", proven.get(host))
        for host in {**proven, **claims}
    ]


async def found(host: str, proof: str, *, now: datetime, due_at: datetime | None) -> None:
    """Note that the proof of a host was seen, by what, and when to look again."""
    await DomainClaim.filter(host=host).update(
        proof=proof, checked_at=now, missing_since=None, due_at=due_at
    )


async def not_found(
    host: str, *, now: datetime, missing_since: datetime | None, due_at: datetime | None
) -> None:
    """Note that it was not, since when, and when to look again."""
    await DomainClaim.filter(host=host).update(
        checked_at=now, missing_since=missing_since, due_at=due_at
    )


async def due(*, now: datetime) -> Sequence[Domain]:
    """The proven hosts of the current tenant whose proof is to be looked for again."""
    proven = await _proven()
    rows = await DomainClaim.filter(due_at__lte=now).order_by("due_at")
    return [_domain(row, proven[row.host]) for row in rows if row.host in proven]


async def verify(host: str, *, now: datetime) -> None:
    """Have this host answer for the current tenant from now on. Raises ``HostTaken``."""
    try:
        await TenantDomain.create(tenant_id=current_tenant().id, host=host, verified_at=now)
    except IntegrityError as error:
        raise HostTaken(host) from error


async def remove(host: str) -> None:
    """Serve the current tenant there no longer, and forget its claim."""
    await TenantDomain.filter(tenant_id=current_tenant().id, host=host).delete()
    await DomainClaim.filter(host=host).delete()


async def lapse(host: str) -> None:
    """Have this host answer for the current tenant no longer; the claim waits for a new proof."""
    await TenantDomain.filter(tenant_id=current_tenant().id, host=host).delete()
    await DomainClaim.filter(host=host).update(proof="", missing_since=None, due_at=None)


async def hosts(tenant_id: UUID) -> list[str]:
    """The hosts that a tenant has proven to own, the one that is its issuer first."""
    return (
        await TenantDomain.filter(  # type: ignore[return-value]  # of a flat list
            tenant_id=tenant_id, verified_at__not_isnull=True
        )
        .order_by("verified_at")
        .values_list("host", flat=True)
    )


def _domain(row: DomainClaim, verified_at: datetime | None) -> Domain:
    return Domain(
        host=row.host,
        token=row.token,
        verified_at=verified_at,
        proof=row.proof,
        checked_at=row.checked_at,
        missing_since=row.missing_since,
        created_at=row.created_at,
    )


async def _proven() -> dict[str, datetime | None]:
    rows = TenantDomain.filter(tenant_id=current_tenant().id, verified_at__not_isnull=True)
    return {row.host: row.verified_at for row in await rows.order_by("verified_at")}
