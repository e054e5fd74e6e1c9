"""How much of its plan the current tenant uses."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from authgate.storage.clients.rows import ClientRow
from authgate.storage.metering import active_users
from authgate.storage.people import users
from authgate.storage.people.groups import GroupRow
from authgate.storage.tenants import quotas
from authgate.storage.tenants.quotas import Quota
from authgate_tenants import current_tenant


class Use(NamedTuple):
    """How many there are of something that a plan counts."""

    quota: Quota
    used: int
    allowed: int | None
    """As many as the tenant wants, where it is nothing."""


async def of_everything(now: datetime) -> Sequence[Use]:
    """Of each thing that a plan counts, at this moment."""
    plan = current_tenant().plan
    used = {
        Quota.CLIENTS: await ClientRow.all().count(),
        Quota.USERS: await users.own().count(),
        Quota.GROUPS: await GroupRow.all().count(),
        Quota.MONTHLY_ACTIVE_USERS: await active_users.count(now),
    }
    return [Use(quota, count, quotas.most(plan, quota)) for quota, count in used.items()]
