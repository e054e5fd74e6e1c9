"""The clients of a tenant, as every endpoint finds them: remembered until one of them changes."""

from datetime import datetime, timedelta
from functools import partial

from authgate import storage
from authgate.storage.clients import clients, ids, registrations
from authgate.storage.clients.rows import Client
from authgate.storage.shared_cache import SharedCache
from authgate_tenants import current_tenant


class RegisteredClients:
    """Finds clients of the current tenant, and remembers that there is none as well."""

    def __init__(self, cache: SharedCache[Client | None]) -> None:
        self._cache = cache

    async def find(self, client_id: str) -> Client | None:
        """The client with this id, whatever its status."""
        if len(client_id) > ids.LONGEST or "\0" in client_id:
            return None
        key = clients.cache_key(client_id)
        kept = self._cache.kept(key)
        if kept is not None:
            return kept[0]
        return await self._cache.get(key, partial(clients.find, client_id))

    async def renewed(self, client: Client, secret: str) -> Client | None:
        """The client, whose secret is from now on stored as everybody's."""
        if client.secrets.bcrypt is None:
            return client
        key = clients.cache_key(client.client_id)
        async with storage.transaction():
            await clients.renew_secret_hash(
                client.client_id, former=client.secrets.bcrypt, secret=secret
            )
            await self._cache.invalidate(key)
        return await clients.find(client.client_id)

    async def used(self, client: Client, *, now: datetime) -> None:
        """Note that somebody uses a client that would go otherwise."""
        lifetime = timedelta(seconds=current_tenant().settings.unused_client_lifetime)
        # Half of the time is told from all of it, and few requests have to write.
        if client.expires_at is None or client.expires_at - now > lifetime / 2:
            return
        await registrations.keep(client.client_id, until=now + lifetime)
        key = clients.cache_key(client.client_id)
        await self._cache.invalidate(key)
