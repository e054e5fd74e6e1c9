"""What tenants have set for plugins, opened, and remembered until somebody changes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import orjson

from authgate.storage.shared_cache import SharedCache
from authgate.storage.tenants import plugin_settings
from authgate.storage.tenants.plugin_settings import PluginSettings
from authgate.storage.unit_of_work import transaction
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantEncryption

_SEAL = "plugin-settings"


@dataclass(frozen=True, slots=True)
class OpenedConfig:
    """All that a tenant has set for a plugin."""

    tenant_id: UUID
    values: Mapping[str, object] | None = field(repr=False)
    """``None`` where it is nothing."""
    made: list[object] = field(default_factory=list, repr=False, compare=False)
    """What the plugin is given of them, once it was made: forgotten together with them."""


class PluginConfigs:
    """Those of whichever tenant is in scope."""

    def __init__(self, encryption: TenantEncryption, *, cache: SharedCache[OpenedConfig]) -> None:
        self._encryption = encryption
        self._cache = cache

    async def of(self, plugin: str, *, tenant_id: UUID) -> OpenedConfig:
        """All that the tenant has set, secrets opened."""
        return await self._cache.get((tenant_id, plugin), partial(self._load, plugin))

    async def opened(self, settings: PluginSettings) -> dict[str, object]:
        """The secret ones of these. Raises ``SealBroken``."""
        cipher = await self._encryption.cipher(current_tenant().id)
        opened: dict[str, object] = orjson.loads(
            cipher.open(kind=_SEAL, object_id=str(settings.id), sealed=settings.sealed_secrets)
        )
        return opened

    async def sealed(self, settings_id: UUID, secrets: Mapping[str, object]) -> bytes:
        """Secret ones as they are stored."""
        cipher = await self._encryption.cipher(current_tenant().id)
        return cipher.seal(
            kind=_SEAL, object_id=str(settings_id), plaintext=orjson.dumps(dict(secrets))
        )

    async def changed(self, plugin: str) -> None:
        """Have every process read them anew, once the unit of work that is open is committed."""
        await self._cache.invalidate((current_tenant().id, plugin))

    async def _load(self, plugin: str) -> OpenedConfig:
        async with transaction():
            kept = await plugin_settings.find(plugin)
        values = {**kept.config, **await self.opened(kept)} if kept else None
        return OpenedConfig(current_tenant().id, values)
