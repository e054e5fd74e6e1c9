"""What a tenant chose, each time that it was changed: rows that are added and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from tortoise import fields

from authgate.storage.paging import Order, Page, page
from authgate_tenants import TenantOwned, TenantSettings, current_tenant
from authgate_tenants.models import TenantRow

LONGEST_COMMENT = 200
MOST_KEPT = 1000
"""Versions of a tenant; the oldest goes when there is one more."""

_NEWEST_FIRST = Order("created_at", descending=True)


class SettingsVersionRow(TenantOwned):
    """A version as it is stored."""

    number = fields.IntField()
    name = fields.CharField(100)
    settings: dict[str, Any] = fields.JSONField(default=dict)
    comment = fields.CharField(LONGEST_COMMENT, default="")
    actor_type = fields.CharField(16)
    actor_id = fields.CharField(128, default="")
    actor_name = fields.CharField(128, default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "tenant_settings_versions"
        unique_together = (("tenant_id", "number"),)


@dataclass(frozen=True, slots=True)
class SettingsVersion:
    """All that a tenant chose, who chose it, when and why."""

    id: UUID
    number: int
    """One more than that of the version before."""
    name: str
    """The tenant's own, for people."""
    settings: TenantSettings
    comment: str
    actor: tuple[str, str, str]
    """Type, id and name, as in the audit log."""
    created_at: datetime

    @classmethod
    def from_row(cls, row: SettingsVersionRow) -> Self:
        """The value of a stored row."""
        return cls(
            id=row.id,
            number=row.number,
            name=row.name,
            settings=TenantSettings.from_json(row.settings),
            comment=row.comment,
            actor=(row.actor_type, row.actor_id, row.actor_name),
            created_at=row.created_at,
        )


async def latest() -> SettingsVersion | None:
    """The version that is in force; ``None`` for a tenant that has none."""
    row = await SettingsVersionRow.all().order_by("-number").first()
    return None if row is None else SettingsVersion.from_row(row)


async def find(row_id: UUID) -> SettingsVersion | None:
    """The version whose row this is."""
    row = await SettingsVersionRow.get_or_none(id=row_id)
    return None if row is None else SettingsVersion.from_row(row)


async def numbered(number: int) -> SettingsVersion | None:
    """The version of this number."""
    row = await SettingsVersionRow.get_or_none(number=number)
    return None if row is None else SettingsVersion.from_row(row)


async def listed(*, cursor: str | None = None, limit: int = 25) -> Page[SettingsVersion]:
    """All versions, the newest first. Raises ``BadCursor``."""
    found = await page(SettingsVersionRow.all(), _NEWEST_FIRST, cursor=cursor, limit=limit)
    return found.of(SettingsVersion.from_row)


async def forget_recipient(username: str) -> int:
    """Have somebody be written to of no alert, now or in any version, in a unit of work; in how
    many tenants: this one, or none."""
    for row in await SettingsVersionRow.all():
        if without := _without(row.settings, username):
            await SettingsVersionRow.filter(id=row.id).update(settings=without)
    here = TenantRow.filter(id=current_tenant().id)
    without = _without((await here.get()).settings, username)
    if not without:
        return 0
    locked = await here.select_for_update().get()
    locked.settings = _without(locked.settings, username) or locked.settings
    await locked.save(update_fields=["settings", "updated_at"])
    return 1


def _without(settings: Mapping[str, Any], username: str) -> dict[str, Any] | None:
    """Settings that don't name them; ``None`` where they did not."""
    named = settings.get("alert_recipients") or []
    if username not in named:
        return None
    return {**settings, "alert_recipients": [each for each in named if each != username]}


async def add(
    number: int,
    *,
    name: str,
    settings: Mapping[str, Any],
    comment: str,
    actor: tuple[str, str, str],
    now: datetime,
) -> None:
    """Store another version, in the unit of work that changes the tenant."""
    kind, actor_id, actor_name = actor
    await SettingsVersionRow.create(
        number=number,
        name=name,
        settings=dict(settings),
        comment=comment,
        actor_type=kind,
        actor_id=actor_id[:128],
        actor_name=actor_name[:128],
        created_at=now,
    )
    if number > MOST_KEPT:
        await SettingsVersionRow.filter(number__lte=number - MOST_KEPT).delete()
