"""How plugins have failed a tenant last: for its administrators, from whichever process."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from authgate.storage.unit_of_work import savepoint
from authgate_tenants import TenantOwned

LONGEST_FAULT = 200


class PluginFailureRow(TenantOwned):
    """The last failure of one plugin."""

    plugin = fields.CharField(40)
    call = fields.CharField(64)
    outcome = fields.CharField(16)
    fault = fields.CharField(LONGEST_FAULT, default="")
    failures = fields.IntField()
    failed_at = fields.DatetimeField()
    paused_until = fields.DatetimeField(null=True)

    class Meta:
        table = "plugin_failures"
        unique_together = (("tenant_id", "plugin"), ("tenant_id", "id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginFailure:
    """How a plugin has failed last."""

    plugin: str
    call: str
    """The hook, or the connector's method."""
    outcome: str
    fault: str
    """Its kind and its place, without any text of the plugin's."""
    failures: int
    """How many there were so far."""
    failed_at: datetime
    paused_until: datetime | None
    """Until when a process leaves it alone, that had seen too many in a row."""

    @classmethod
    def from_row(cls, row: PluginFailureRow) -> Self:
        """The value of a stored row."""
        return cls(
            plugin=row.plugin,
            call=row.call,
            outcome=row.outcome,
            fault=row.fault,
            failures=row.failures,
            failed_at=row.failed_at,
            paused_until=row.paused_until,
        )


async def every() -> dict[str, PluginFailure]:
    """The last of each plugin."""
    return {row.plugin: PluginFailure.from_row(row) for row in await PluginFailureRow.all()}


async def note(failure: PluginFailure) -> None:
    """Have this be the last one; ``failures`` are added to those before."""
    if await _renew(failure):
        return
    try:
        # Refused, it would end the transaction for whatever else is in it.
        async with savepoint():
            await PluginFailureRow.create(
                plugin=failure.plugin, failures=failure.failures, **_of_the_last(failure)
            )
    except IntegrityError:
        # Another process has noted the first one meanwhile; it is not worth a second try.
        return


async def _renew(failure: PluginFailure) -> int:
    changed = _of_the_last(failure) | {"failures": F("failures") + failure.failures}
    if failure.paused_until is None:
        del changed["paused_until"]
    return await PluginFailureRow.filter(plugin=failure.plugin).update(**changed)


def _of_the_last(failure: PluginFailure) -> dict[str, Any]:
    return {
        "call": failure.call,
        "outcome": failure.outcome,
        "fault": failure.fault[:LONGEST_FAULT],
        "failed_at": failure.failed_at,
        "paused_until": failure.paused_until,
    }
