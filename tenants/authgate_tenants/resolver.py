"""From an address to its tenant, and from a tenant to its one issuer."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from authgate_tenants import plan
from authgate_tenants.blocked import BlockedNetworks
from authgate_tenants.models import TenantRow
from authgate_tenants.plan import BUILT_IN, DEFAULT, Plan
from authgate_tenants.scope import Tenant, TenantStatus
from authgate_tenants.setting_caps import within
from authgate_tenants.settings import TenantSettings
from authgate_tenants.unfit import Unfit

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
RESERVED = frozenset(
    "admin api app assets auth authgate docs health help login mail oauth operator platform"
    " root static status support system t tenant tenants well-known www".split()
)
"""Slugs that no tenant has: people would take them for the installation's own."""
_HOST = re.compile(r"[a-z0-9._-]{1,253}\Z")
_LONGEST_HOST = 253 + len(":65535")  # whose it is is remembered: a thousand of 16 KiB is too much
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_WELL_KNOWN = re.compile(r"(/\.well-known/[a-z-]+)/t/([^/]+)/*\Z")
_DOUBLED = re.compile("//+")


class BadSlug(Unfit):
    """A slug that cannot be a tenant's: its form is wrong or its name is reserved."""


def check_slug(slug: str) -> str:
    """The slug, if a new tenant may have it: a DNS label in lower case. Raises ``BadSlug``."""
    if not _SLUG.match(slug) or slug.startswith("xn--"):
        raise BadSlug("%(slug)r is not 1 to 63 of a-z, 0-9 and inner dashes.", slug=slug)
    if slug in RESERVED:
        raise BadSlug("%(slug)r is reserved.", slug=slug)
    return slug


class Resolved(NamedTuple):
    """A tenant and the path that is left once its own prefix is taken off."""

    tenant: Tenant
    path: str


class UnknownHost(LookupError):
    """Nobody here answers to this host name."""


class AnotherHost(LookupError):
    """The host is the tenant's own, but not its issuer's."""

    def __init__(self, tenant: Tenant, path: str) -> None:
        super().__init__(path)
        self.tenant = tenant
        """At its canonical address."""
        self.path = path


@dataclass(frozen=True, slots=True)
class StoredTenant:
    """A tenant as it is stored, before it has an address."""

    id: UUID
    slug: str
    name: str
    status: TenantStatus
    settings: Mapping[str, Any]
    custom_domain: str
    """The host of its own that is its issuer; empty where there is none."""
    former_domain: str = ""
    """The same of its former issuer, which is good until ``former_until``."""
    former_until: datetime | None = None
    plan: Plan = BUILT_IN[DEFAULT]
    blocked: Any = None
    """As its row has them (``blocks``)."""


class TenantRows(Protocol):
    """Where tenants are stored."""

    async def by_slug(self, slug: str) -> StoredTenant | None: ...

    async def by_id(self, tenant_id: UUID) -> StoredTenant | None: ...

    async def by_host(self, host: str) -> StoredTenant | None:
        """The tenant that has proven to own this host."""


class TenantCache(Protocol):
    """Remembers what the resolver found, for a while and until told otherwise."""

    def kept(self, key: tuple[None, str, str]) -> tuple[Tenant | None, float] | None: ...

    async def get(
        self, key: tuple[None, str, str], load: Callable[[], Awaitable[Tenant | None]]
    ) -> Tenant | None: ...


@dataclass(frozen=True, slots=True)
class Addressing:
    """Where tenants live."""

    base_url: str
    """Scheme, host and port of the installation, without a trailing slash."""
    base_domain: str = ""
    """Tenants are at ``<slug>.<base_domain>`` instead of ``/t/<slug>`` where this is set."""
    default_tenant: str = ""
    """Slug of the tenant that is served at the root of ``base_url``."""
    operator_tenant: str = ""
    """Slug of the tenant whose people are operators; nobody is where it is empty."""

    def issuer(self, slug: str, custom_domain: str = "") -> str:
        """The one issuer of a tenant (RFC 8414 section 2): own domain, root, subdomain or path."""
        if custom_domain:
            return self.origin_at(custom_domain)
        if slug == self.default_tenant:
            return self.base_url
        if self.base_domain:
            return self.origin_at(f"{slug}.{self.base_domain}")
        return f"{self.base_url}/t/{slug}"

    def serves(self, host: str) -> bool:
        """Whether the installation itself answers to this host, port included."""
        own = urlsplit(self.base_url)
        if host == own.netloc:
            return True
        return own.hostname in _LOOPBACK and _without_port(host) in _LOOPBACK

    def is_ours(self, host: str) -> bool:
        """Whether a host is the installation's own, or one that it gives to tenants itself."""
        return host == urlsplit(self.base_url).hostname or bool(
            self.base_domain and f".{host}".endswith(f".{self.base_domain}")
        )

    def origin_at(self, host: str) -> str:
        """Scheme and host of a tenant that has this host to itself."""
        return f"{urlsplit(self.base_url).scheme}://{host}"


class TenantResolver:
    """Finds tenants by address or slug."""

    def __init__(
        self,
        addressing: Addressing,
        rows: TenantRows,
        cache: TenantCache,
        *,
        strangers: TenantCache,
        clock: Callable[[], datetime],
    ) -> None:
        self._addressing = addressing
        self._rows = rows
        self._cache = cache
        self._strangers = strangers
        self._clock = clock
        self._serves = lru_cache(maxsize=4096)(addressing.serves)

    @property
    def base_url(self) -> str:
        """Where the installation itself answers."""
        return self._addressing.base_url

    def issuer_of(self, slug: str) -> str:
        """The issuer that a tenant of this slug begins with."""
        return self._addressing.issuer(slug)

    def is_own_host(self, host: str) -> bool:
        """Whether the installation itself answers to this host, and its path tenants below it."""
        return len(host) <= _LONGEST_HOST and self._serves(host.lower())

    async def is_known(self, host: str) -> bool:
        """Whether this host is ours or a tenant's, whatever of it is served there."""
        if self.is_own_host(host):
            return True
        try:
            return await self.resolve(host=host, path="/") is not None
        except AnotherHost:
            return True
        except UnknownHost:
            return False

    async def find(self, slug: str) -> Tenant | None:
        """The tenant with this slug, addressed by its issuer; ``None`` where there is none."""
        key = (None, "slug", slug)
        kept = self._cache.kept(key)
        if kept is not None:
            return kept[0]
        if not _SLUG.match(slug):
            return None
        return await self._found(key, partial(self._load_by_slug, slug))

    async def find_by_id(self, tenant_id: UUID) -> Tenant | None:
        """The tenant with this id, read afresh: for jobs, which are rare and know no address."""
        return self._tenant(await self._rows.by_id(tenant_id))

    async def serves(self, tenant: Tenant) -> bool:
        """Whether a tenant that was found a while ago is still there and served."""
        found = await self.find(tenant.slug)
        return found is not None and found.id == tenant.id and found.is_served

    async def resolve(self, *, host: str, path: str) -> Resolved | None:
        """Whose request this is. ``None``: nobody's. Raises ``UnknownHost`` and ``AnotherHost``.

        A tenant is served at the origin of its issuer and at no other: what keeps it apart from
        path tenants there would not hold here. While its issuer is being changed it is served at
        that of the former one as well, and called by it there.
        """
        host = host.lower()
        if len(host) > _LONGEST_HOST or not self._serves(host):
            return await self._by_host(host, path)
        slug, inner = _split(path)
        if slug is None:
            slug, prefix = self._addressing.default_tenant, ""
        else:
            prefix = f"/t/{slug}"
        tenant = _at(await self.find(slug), self._addressing.base_url)
        if tenant is None:
            return None
        if tenant.prefix != prefix:
            tenant = replace(tenant, prefix=prefix)
        return Resolved(tenant, inner)

    async def _by_host(self, host: str, path: str) -> Resolved | None:
        suffix = f".{self._addressing.base_domain}"
        if self._addressing.base_domain and host.endswith(suffix):
            found = await self.find(host.removesuffix(suffix))
            tenant = _at(found, self._addressing.origin_at(host))
            return Resolved(tenant, _collapsed(path)) if tenant else None
        name = _without_port(host).rstrip(".")
        if not _HOST.match(name):
            raise UnknownHost(name)
        owner = await self._found((None, "host", name), partial(self._load_by_host, name))
        if owner is None:
            raise UnknownHost(name)
        tenant = _at(owner, self._addressing.origin_at(name))
        if tenant is None:
            raise AnotherHost(owner, _collapsed(path))
        return Resolved(tenant, _collapsed(path))

    async def _found(
        self, key: tuple[None, str, str], load: Callable[[], Awaitable[Tenant | None]]
    ) -> Tenant | None:
        # Names that are nobody's are remembered apart: there are as many as somebody makes up.
        return await self._strangers.get(key, partial(self._cache.get, key, load))

    async def _load_by_slug(self, slug: str) -> Tenant | None:
        return self._tenant(await self._rows.by_slug(slug))

    async def _load_by_host(self, host: str) -> Tenant | None:
        return self._tenant(await self._rows.by_host(host))

    def _tenant(self, stored: StoredTenant | None) -> Tenant | None:
        # Of one that is being erased nothing half done is to be seen.
        if stored is None or stored.status is TenantStatus.ERASING:
            return None
        former = ""
        if stored.former_until is not None and stored.former_until > self._clock():
            former = self._addressing.issuer(stored.slug, stored.former_domain)
        return self.addressed(stored, stored.custom_domain, former)

    def issuer_at(self, slug: str, host: str) -> str:
        """What a tenant is called at a host of its own, or by the installation where that is
        empty."""
        return self._addressing.issuer(slug, host)

    def addressed(
        self, row: TenantRow | StoredTenant, custom_domain: str = "", former_issuer: str = ""
    ) -> Tenant:
        """A row as the tenant it is, at its canonical address."""
        issuer = self._addressing.issuer(row.slug, custom_domain)
        own = row.plan if isinstance(row, StoredTenant) else plan.stored(row.plan, None)
        return Tenant(
            id=row.id,
            slug=row.slug,
            name=row.name,
            status=row.status,
            issuer=issuer,
            prefix=urlsplit(issuer).path,
            settings=within(TenantSettings.from_json(row.settings), own),
            operates=row.slug == self._addressing.operator_tenant,
            plan=own,
            blocked=BlockedNetworks.from_json(row.blocked),
            other_issuer=former_issuer if former_issuer != issuer else "",
        )


def _at(tenant: Tenant | None, origin: str) -> Tenant | None:
    """The tenant as it is called at this origin, if it is served there."""
    if tenant is None or tenant.issuer.removesuffix(tenant.prefix) == origin:
        return tenant
    former = tenant.other_issuer
    prefix = urlsplit(former).path
    if not former or former.removesuffix(prefix) != origin:
        return None
    return replace(tenant, issuer=former, prefix=prefix, other_issuer=tenant.issuer, is_former=True)


def _split(path: str) -> tuple[str | None, str]:
    """``/t/acme/login`` is ``acme`` and ``/login``; metadata may have it the other way round."""
    if path.startswith("/t/"):
        slug, _, rest = path[3:].partition("/")
        return slug, _collapsed(f"/{rest}")
    # RFC 8414 section 3.1 puts the well-known part between the host and the issuer's path.
    inserted = _WELL_KNOWN.match(path) if path.startswith("/.well-known/") else None
    if inserted:
        return inserted[2], inserted[1]
    return None, _collapsed(path)


def _collapsed(path: str) -> str:
    # Clients that join an issuer ending in "/" with "/oauth/token" send a doubled slash.
    return _DOUBLED.sub("/", path) if "//" in path else path


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() else host
