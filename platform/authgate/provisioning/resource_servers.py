"""Which resource servers a tenant's clients may ask tokens for (RFC 8707 section 2)."""

from dataclasses import replace

from authgate.audit import SYSTEM, Actor
from authgate.installation import Installation
from authgate.languages import text
from authgate.provisioning.resource_uris import LONGEST, UnfitResourceServer, check
from authgate.provisioning.tenants import change_tenant
from authgate_tenants import TenantSettings, current_tenant

__all__ = [
    "LONGEST",
    "ResourceServerTaken",
    "TooManyResourceServers",
    "UnfitResourceServer",
    "UnknownResourceServer",
    "add_resource_server",
    "remove_resource_server",
]

_MOST = 100


class ResourceServerTaken(UnfitResourceServer):
    """The tenant has it already."""


class TooManyResourceServers(UnfitResourceServer):
    """The tenant has as many as it may."""


class UnknownResourceServer(LookupError):
    """The tenant has none of this URI."""


async def add_resource_server(parts: Installation, uri: str, *, actor: Actor = SYSTEM) -> None:
    """Let clients of the current tenant ask tokens for it. Raises ``UnfitResourceServer``."""
    check(uri)

    def added(settings: TenantSettings) -> TenantSettings:
        if uri in settings.resources:
            raise ResourceServerTaken(text("It is there already."))
        if len(settings.resources) >= _MOST:
            raise TooManyResourceServers(text("A tenant has at most %(most)s.", most=_MOST))
        return replace(settings, resources=(*settings.resources, uri))

    await change_tenant(parts, current_tenant(), change=added, actor=actor)


async def remove_resource_server(parts: Installation, uri: str, *, actor: Actor = SYSTEM) -> None:
    """Let nobody ask tokens for it any more. Raises ``UnknownResourceServer``."""

    def without(settings: TenantSettings) -> TenantSettings:
        if uri not in settings.resources:
            raise UnknownResourceServer(uri)
        return replace(
            settings, resources=tuple(each for each in settings.resources if each != uri)
        )

    await change_tenant(parts, current_tenant(), change=without, actor=actor)
