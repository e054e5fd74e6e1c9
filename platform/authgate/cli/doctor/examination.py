"""The order of the examination: what needs something that is broken is left out."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace

from authgate import installation, storage
from authgate.cli import installed
from authgate.cli.doctor import (
    breached_passwords,
    certificate,
    connections,
    database,
    issuer,
    jobs,
    keys,
    mail,
    names,
    places,
    plugin_settings,
    plugins,
    postgres,
    redis,
    tenants,
)
from authgate.diagnosis import (
    address,
    files,
    key_encryption,
    limits,
    passwords,
    profile,
    verification,
)
from authgate.diagnosis.misconfiguration import Area, Finding, well
from authgate.installation import Installation
from authgate.plugin_manager import ConnectorTypes
from authgate.settings import Settings
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_tenants.lifecycle import all_tenants

_TENANTS_LOOKED_AT = 100


async def findings() -> list[Finding]:
    """All that was looked at, and what was found."""
    settings, found = names.read()
    if settings is None:
        return found
    found += _in_settings(settings)
    connectors, installed_plugins, verdict = plugins.loaded()
    found.append(verdict)
    found += [each async for each in redis.findings(settings)]
    found += [each async for each in jobs.findings(settings)]
    found += [each async for each in mail.findings(settings)]
    by_any_line = _by_any_line(settings)
    found += [each async for each in database.findings(by_any_line)]
    if {each.code for each in found} & _DATABASE_CLOSED:
        return found
    if not settings.database.is_sqlite:
        found += [each async for each in postgres.findings(settings)]
    if {each.code for each in found} & _KEK_UNUSABLE:
        return found
    if key_encryption.is_to_be_made(settings):
        return [*found, await _unmade_key(by_any_line)]
    # Redis has been looked at, and is not needed to read.
    async with installation.opened(by_any_line.model_copy(update={"redis_url": None})) as parts:
        opened = _Tenants(parts, connectors, installed_plugins)
        if postgres.ROLE_REFUSED.code not in {each.code for each in found}:
            found += [each async for each in jobs.leftovers(by_any_line)]
            found += [each async for each in mail.leftovers(by_any_line)]
        found += [each async for each in opened.findings()]
    return found


_DATABASE_CLOSED = {each.code for each in database.CLOSED}
_KEK_UNUSABLE = {each.code for each in key_encryption.UNUSABLE}


def _by_any_line(settings: Settings) -> Settings:
    """The same, with no statement prepared by name: a pooler may be between that nobody told of,
    which is to be found and must not end the examination."""
    database = settings.database.model_copy(update={"pgbouncer": True})
    return settings.model_copy(update={"database": database})


def _in_settings(settings: Settings) -> Iterator[Finding]:
    for module in (profile, passwords, address, limits, verification, key_encryption):
        yield from module.findings(settings)
    yield from files.findings(settings, os.environ)
    yield from certificate.findings(settings)
    yield from places.findings(settings)


async def _unmade_key(settings: Settings) -> Finding:
    file = settings.keys.kek_file
    async with storage.opened(settings.database):
        async for row in all_tenants():
            return key_encryption.KEK_MISSING.found(f"{file} is not there, and {row.slug} is")
    return tenants.NO_TENANTS.found("there are none")


@dataclass(frozen=True, slots=True)
class _Tenants:
    """The tenants of an open installation, or the first of many."""

    parts: Installation
    connectors: ConnectorTypes | None
    plugins: frozenset[str]

    async def findings(self) -> AsyncIterator[Finding]:
        """What is wrong with any of them, and at the address of one."""
        found = [tenant async for tenant in self._some()]
        for finding in await self._choice(found):
            yield finding
        told = [each for tenant in found for each in await self._inside(tenant)]
        for finding in _one_of_each(told):
            yield finding
        if found and not told:
            yield well(Area.TENANTS, f"{_counted(found)}: keys, clients and connections in order")
        async for finding in breached_passwords.findings(self.parts, found):
            yield finding
        slug = self.parts.settings.default_tenant
        active = [each for each in found if each.status is TenantStatus.ACTIVE]
        for tenant in sorted(active, key=lambda each: each.slug != slug)[:1]:
            async for finding in issuer.findings(self.parts.settings, tenant):
                yield finding

    async def _some(self) -> AsyncIterator[Tenant]:
        count = 0
        async for row in all_tenants():
            yield await installed.tenant(self.parts, row.slug)
            count += 1
            if count == _TENANTS_LOOKED_AT:
                break

    async def _choice(self, found: Sequence[Tenant]) -> list[Finding]:
        if not found:
            return [tenants.NO_TENANTS.found("there are none")]
        slug = self.parts.settings.default_tenant
        if slug and await self.parts.resolver.find(slug) is None:
            return [tenants.UNKNOWN_DEFAULT_TENANT.found(f"{slug} does not exist", tenant=slug)]
        return []

    async def _inside(self, tenant: Tenant) -> list[Finding]:
        with use_tenant(tenant):
            found = await keys.findings(self.parts, tenant)
            found += [each async for each in tenants.findings(self.parts.settings, tenant)]
            if self.connectors is not None:
                looked = connections.findings(tenant, self.parts, self.connectors, self.plugins)
                found += [each async for each in looked]
                looked = plugin_settings.findings(self.parts, tenant)
                found += [each async for each in looked]
            return found


def _one_of_each(found: Sequence[Finding]) -> Iterator[Finding]:
    alike = Counter(each.code for each in found)
    for finding in {each.code: each for each in reversed(found)}.values():
        others = alike[finding.code] - 1
        more = f", and {others} more like it" if others else ""
        yield replace(finding, found=f"{finding.found}{more}")


def _counted(found: Sequence[Tenant]) -> str:
    if len(found) == _TENANTS_LOOKED_AT:
        return f"the first {_TENANTS_LOOKED_AT} tenants"
    return f"{len(found)} tenant{'s' if len(found) > 1 else ''}"
