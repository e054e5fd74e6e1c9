"""Where the pages of a tenant's clients come from, remembered until one of them changes."""

from collections.abc import Iterator

from authgate.storage.clients import clients
from authgate.storage.clients.clients import Addresses
from authgate.storage.shared_cache import SharedCache
from authgate.vocabulary import ApplicationType
from authgate.web import redirect_uris
from authgate_tenants import current_tenant


class RegisteredOrigins:
    """Knows the origins of all clients of the current tenant."""

    def __init__(self, cache: SharedCache[frozenset[str]]) -> None:
        self._cache = cache

    async def includes(self, origin: str) -> bool:
        """Whether the tenant says so, or a client that is served has pages there."""
        if origin in current_tenant().settings.allowed_origins:
            return True
        key = clients.origins_key()
        kept = self._cache.kept(key)
        known = kept[0] if kept is not None else await self._cache.get(key, _all)
        return origin in known


async def _all() -> frozenset[str]:
    active = await clients.active_addresses()
    return frozenset(origin for addresses in active for origin in _of(addresses))


def _of(client: Addresses) -> Iterator[str]:
    yield from client.allowed_origins
    # What a native application listens on is no page, and any program may listen there.
    if client.application_type is ApplicationType.WEB:
        yield from redirect_uris.origins(client.redirect_uris)
