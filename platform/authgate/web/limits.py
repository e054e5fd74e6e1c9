"""How much anybody may ask, by the names that the settings give the limits.

Every key begins with the tenant, so an attack on one tenant never slows another down.
"""

from functools import lru_cache
from math import ceil
from typing import NamedTuple

from authgate import audit
from authgate.audit import Event
from authgate.settings import LimitSettings
from authgate.storage.redis.connection import tenant_key
from authgate.storage.redis.rate_limits import Decision, Limit, RateLimiter
from authgate.telemetry import metrics
from authgate_tenants import current_tenant

_ONE_EVENT = Limit.parse("1/min burst 1")


class Allowance(NamedTuple):
    """A limit, and what is left of it."""

    burst: int
    """How many there may be at once."""
    window: int
    """Seconds in which all of them come back."""
    remaining: int
    reset_after: int
    """Seconds until nothing is left of those so far."""


class TooMany(Exception):
    """A limit is reached; come back after some seconds."""

    def __init__(self, rule: str, decision: Decision) -> None:
        super().__init__(rule)
        self.rule = rule
        self.decision = decision
        self.retry_after = max(1, ceil(decision.retry_after))


class Limits:
    """The installation's limits, with a tenant's own where it has some."""

    def __init__(self, limiter: RateLimiter, settings: LimitSettings) -> None:
        self._limiter = limiter
        self._enabled = settings.enabled
        names = set(type(settings).model_fields) - {"enabled"}
        for name in names:
            metrics.rate_limited.expect(name)
        self._key = lru_cache(maxsize=4096)(tenant_key)  # the same few, again and again
        self._limits = {name: Limit.parse(getattr(settings, name)) for name in names}

    async def count(self, rule: str, *subject: str) -> Decision | None:
        """Count one more for this subject; ``None`` where no limits hold. Raises ``TooMany``."""
        if not self._enabled:
            return None
        tenant = current_tenant()
        own = tenant.settings.login_limits.get(rule)
        limit = Limit.parse(own) if own else self._limits[rule]
        key = self._key(tenant.id, "limit", rule, *subject)
        decision = await self._limiter.hit(key, limit)
        if not decision.allowed:
            metrics.rate_limited.add(rule)
            await self._record(rule, subject)
            raise TooMany(rule, decision)
        return decision

    def allowance(self, rule: str, decision: Decision) -> Allowance:
        """What is left of a limit after this decision."""
        own = current_tenant().settings.login_limits.get(rule)
        limit = Limit.parse(own) if own else self._limits[rule]
        window = ceil(limit.per * limit.burst / limit.rate)
        return Allowance(limit.burst, window, decision.remaining, ceil(decision.reset_after))

    async def _record(self, rule: str, subject: tuple[str, ...]) -> None:
        # One event a minute tells as much as ten thousand, which a flood would write.
        key = tenant_key(current_tenant().id, "limit-event", rule, *subject)
        if (await self._limiter.hit(key, _ONE_EVENT)).allowed:
            await audit.record(
                Event.RATE_LIMIT_EXCEEDED,
                actor=audit.ANONYMOUS,
                success=False,
                resource=("limit", rule),
            )
