"""How much anybody may ask, by the names that the settings give the limits.

Every key begins with the tenant, so an attack on one tenant never slows another down. A tenant's
plan may say other limits than the installation, and the tenant narrower ones than its plan.
"""

from collections.abc import Collection
from functools import lru_cache
from math import ceil
from typing import Final
from uuid import UUID

from authgate import audit
from authgate.audit import Event
from authgate.settings import PLANNED_LIMITS, LimitSettings
from authgate.storage.redis.connection import RedisConnection, tenant_key
from authgate.storage.redis.rate_limits import Decision, Limit, RateLimiter
from authgate.telemetry import metrics
from authgate.web.machine import Headers
from authgate_tenants import Tenant, current_tenant

ONE_EVENT = Limit.parse("1/min burst 1")
"""So often it is written down that a limit refuses somebody."""

_MICROSECONDS: Final = 1_000_000
_read = lru_cache(maxsize=1024)(Limit.parse)


class TooMany(Exception):
    """A limit is reached; come back after some seconds."""

    def __init__(self, rule: str, limit: Limit, decision: Decision) -> None:
        super().__init__(rule)
        self.rule = rule
        self.limit = limit
        self.decision = decision
        self.retry_after = max(1, ceil(decision.retry_after))

    def told(self, name: str = "") -> Headers:
        """How much more may be asked, by the limit's name or another one."""
        return told(name or self.rule, self.limit, self.decision)


class Limits:
    """The installation's limits, with those of a tenant's plan and its own where there are any."""

    def __init__(self, limiter: RateLimiter, settings: LimitSettings) -> None:
        self._limiter = limiter
        self.enabled = settings.enabled
        names = set(type(settings).model_fields) - {"enabled"}
        for name in names | PLANNED_LIMITS:
            metrics.rate_limited.expect(name)
        self._key = lru_cache(maxsize=4096)(_limit_key)  # the same few, again and again
        self._limits = {name: Limit.parse(getattr(settings, name)) for name in names}

    async def count(self, rule: str, *subject: str) -> None:
        """Count one more for this subject. Raises ``TooMany``."""
        await self.counted(rule, *subject)

    def is_planned(self, rule: str) -> bool:
        """Whether the tenant or its plan says this limit, which holds for nobody else."""
        tenant = current_tenant()
        return rule in tenant.plan.limits or rule in tenant.settings.login_limits

    async def counted(self, rule: str, *subject: str, name: str = "") -> Headers:
        """Count one more, and say how many are left, by the rule's name or another one.

        Nothing where no limits hold. Raises ``TooMany``.
        """
        if not self.enabled:
            return ()
        tenant = current_tenant()
        limit = self.limit(rule, tenant)
        decision = await self._limiter.hit(self._key(tenant.id.int, rule, *subject), limit)
        if decision.allowed:
            return told(name or rule, limit, decision)
        metrics.rate_limited.add(rule)
        await self._record(rule, subject)
        raise TooMany(rule, limit, decision)

    def limit(self, rule: str, tenant: Tenant) -> Limit:
        """The limit of this name that holds for a tenant."""
        own = tenant.settings.login_limits.get(rule)
        planned = tenant.plan.limits.get(rule)
        if own is None and planned is None:
            return self._limits[rule]
        return _in_force(own, planned)

    async def _record(self, rule: str, subject: tuple[str, ...]) -> None:
        # One event a minute tells as much as ten thousand, which a flood would write.
        key = tenant_key(current_tenant().id, "limit-event", rule, *subject)
        if (await self._limiter.hit(key, ONE_EVENT)).allowed:
            await write_down(rule)


async def forget(redis: RedisConnection, subjects: Collection[str]) -> None:
    """Remove what is counted at the current tenant by these addresses, or of these people. Raises
    ``RedisUnavailable``.

    What is counted of an address and a client together ends by itself, within the hour.
    """
    rules = [rule for rule in LimitSettings.model_fields if rule != "enabled"]
    tenant_id = current_tenant().id
    for subject in subjects:
        named = [(kind, rule) for kind in ("limit", "limit-event") for rule in rules]
        keys = [tenant_key(tenant_id, *each, subject) for each in named]
        # A person at the API is named as what they are.
        keys += [tenant_key(tenant_id, *each, "user", subject) for each in named]
        await redis.call("UNLINK", *keys)


def limits_in_force(settings: LimitSettings, tenant: Tenant) -> dict[str, str]:
    """The limits that hold for a tenant, by their names; none where none hold."""
    if not settings.enabled:
        return {}
    chosen = settings.model_dump(exclude={"enabled"})
    own, planned = tenant.settings.login_limits, tenant.plan.limits
    chosen |= {name: "" for name in PLANNED_LIMITS if name in own or name in planned}
    return {
        name: text
        if name not in own and name not in planned
        else str(_in_force(own.get(name), planned.get(name)))
        for name, text in chosen.items()
    }


async def write_down(rule: str) -> None:
    """Have the tenant's log say that a limit has refused somebody."""
    await audit.record(
        Event.RATE_LIMIT_EXCEEDED,
        actor=audit.ANONYMOUS,
        success=False,
        resource=("limit", rule),
    )


def told(name: str, limit: Limit, decision: Decision) -> Headers:
    """How much more may be asked (RateLimit header fields for HTTP, draft 11)."""
    reset = ceil(decision.reset_after)
    return _told(name, limit.burst, limit.capacity, decision.remaining, reset)


@lru_cache(maxsize=4096)
def _told(name: str, burst: int, capacity: int, remaining: int, reset: int) -> Headers:
    window = ceil(capacity / _MICROSECONDS)
    return (
        (b"ratelimit-policy", f'"{name}";q={burst};w={window}'.encode("ascii")),
        (b"ratelimit", f'"{name}";r={remaining};t={reset}'.encode("ascii")),
    )


def _limit_key(tenant: int, rule: str, *subject: str) -> str:
    # By a number: an id of its own kind takes longer to look up than all the rest.
    return tenant_key(UUID(int=tenant), "limit", rule, *subject)


@lru_cache(maxsize=1024)
def _in_force(own: str | None, planned: str | None) -> Limit:
    """What the tenant chose, but no more than its plan allows."""
    if own is None or planned is None:
        return _read(own or planned or "")
    return _read(own).within(_read(planned))
