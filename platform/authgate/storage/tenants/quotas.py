"""How many there may be of what a plan counts, exact whoever comes at once."""

from enum import StrEnum
from typing import Any

from tortoise.queryset import QuerySet

from authgate.languages import Text, text
from authgate.storage.unit_of_work import transaction
from authgate.telemetry import metrics
from authgate_tenants import Plan, current_tenant, lifecycle


class Quota(StrEnum):
    """What a plan counts; each is the name of the plan's choice."""

    CLIENTS = "clients"
    USERS = "users"
    GROUPS = "groups"
    MONTHLY_ACTIVE_USERS = "monthly_active_users"


for _quota in Quota:
    metrics.quota_refusals.expect(_quota)


def _words(quota: Quota, most: int) -> Text:
    match quota:
        case Quota.CLIENTS:
            return text("The plan allows %(most)s clients.", most=most)
        case Quota.USERS:
            return text("The plan allows %(most)s people.", most=most)
        case Quota.GROUPS:
            return text("The plan allows %(most)s groups.", most=most)
        case Quota.MONTHLY_ACTIVE_USERS:
            return text("The plan lets %(most)s people sign in within a month.", most=most)


class QuotaReached(RuntimeError):
    """The tenant has as many as its plan allows. The text may be told."""

    def __init__(self, quota: Quota, most: int) -> None:
        super().__init__(_words(quota, most))
        self.quota = quota


def most(plan: Plan, quota: Quota) -> int | None:
    """How many a plan allows; ``None`` is as many as the tenant wants."""
    allowed: int | None = getattr(plan, quota)
    return allowed


async def make_room(quota: Quota, rows: QuerySet[Any]) -> None:
    """Let one more of these rows be stored by the open transaction; who comes meanwhile waits.

    Raises ``QuotaReached``.
    """
    tenant = current_tenant()
    allowed = most(tenant.plan, quota)
    if allowed is None:
        return
    async with transaction():
        await lifecycle.locked(tenant.id)
        # No more are counted than there may be.
        if allowed == 0 or await rows.offset(allowed - 1).limit(1).only("id"):
            refuse(quota, allowed)


def refuse(quota: Quota, allowed: int) -> None:
    """Count that the plan refuses something. Raises ``QuotaReached``."""
    metrics.quota_refusals.add(quota)
    raise QuotaReached(quota, allowed)
