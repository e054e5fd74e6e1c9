"""What tenants have set for plugins: what may be shown again in clear, secrets sealed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from tortoise import fields
from uuid_utils.compat import uuid7

from authgate_tenants import TenantOwned


class PluginSettingsRow(TenantOwned):
    """The settings of one plugin."""

    plugin = fields.CharField(40)
    config: dict[str, object] = fields.JSONField()
    sealed_secrets = fields.BinaryField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "plugin_settings"
        unique_together = (("tenant_id", "plugin"), ("tenant_id", "id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSettings:
    """What a tenant has set for a plugin, its secrets sealed for the id."""

    id: UUID = field(default_factory=uuid7)
    plugin: str
    config: Mapping[str, object]
    sealed_secrets: bytes = field(repr=False)
    updated_at: datetime

    @classmethod
    def from_row(cls, row: PluginSettingsRow) -> Self:
        """The value of a stored row."""
        return cls(
            id=row.id,
            plugin=row.plugin,
            config=row.config,
            sealed_secrets=bytes(row.sealed_secrets),
            updated_at=row.updated_at,
        )


async def every() -> dict[str, PluginSettings]:
    """All of the tenant's, by the plugin."""
    return {row.plugin: PluginSettings.from_row(row) for row in await PluginSettingsRow.all()}


async def find(plugin: str) -> PluginSettings | None:
    """Those of one plugin."""
    row = await PluginSettingsRow.get_or_none(plugin=plugin)
    return PluginSettings.from_row(row) if row else None


async def store(settings: PluginSettings) -> None:
    """Have them be these from now on."""
    await PluginSettingsRow.update_or_create(
        id=settings.id,
        defaults={
            "plugin": settings.plugin,
            "config": dict(settings.config),
            "sealed_secrets": settings.sealed_secrets,
            "updated_at": settings.updated_at,
        },
    )


async def remove(plugin: str) -> None:
    """Have the plugin be as if nobody had ever set anything."""
    await PluginSettingsRow.filter(plugin=plugin).delete()
