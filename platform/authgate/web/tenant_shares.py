"""How much of a process one tenant may have, so that its flood is not its neighbours'.

Each process counts for itself, in memory: it is the process that is protected, and what is refused
here has cost it next to nothing. A tenant gets all that its limit allows, whoever asks. Once more
than half of the burst is used up, the rest is shared by address: who has had less than a sixteenth
of it still gets through, so a flood from one address does not lock out the tenant's other clients.
"""

from time import perf_counter

from authgate.storage.redis.rate_limits import Decision, Limit, MemoryRateLimiter, decide
from authgate.telemetry import metrics
from authgate.web.client_ip import bucket
from authgate.web.limits import ONE_EVENT, Limits, TooMany, write_down
from authgate_tenants import Plan, Tenant, TenantSettings

RULE = "requests_per_tenant"

_PARTS = 8
"""A member's own slice is this part of what is kept for members."""
_MOST = 20_000
"""Tenants whose use is remembered."""
_MICROSECONDS = 1_000_000


class _Share:
    """What one tenant has used."""

    __slots__ = ("full_at", "half", "interval", "limit", "plan", "settings", "slice")

    def __init__(self, limit: Limit, plan: Plan, settings: TenantSettings, full_at: float) -> None:
        self.full_at = full_at
        """When all of it will be back, by the clock of the requests."""
        self.plan = plan
        self.settings = settings
        self.limit = limit
        self.interval = limit.interval / _MICROSECONDS
        self.half = limit.capacity / _MICROSECONDS / 2
        self.slice = Limit(limit.rate, limit.per * _PARTS, max(1, limit.burst // (2 * _PARTS)))


class TenantShares:
    """Counts each tenant's requests in this process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._shares: dict[str, _Share] = {}
        self._members = MemoryRateLimiter(clock=perf_counter)

    def count(self, tenant: Tenant, address: str, now: float) -> TooMany | None:
        """Count a request that came at this moment (seconds, as ``perf_counter`` has them); the
        refusal, where it is one too many."""
        share = self._shares.get(tenant.slug)
        if share is None or share.plan is not tenant.plan or share.settings is not tenant.settings:
            share = self._share(tenant, share)
        full_at = share.full_at
        if full_at < now:
            full_at = now
        elif full_at - now > share.half:
            return self._contended(share, tenant, address, now)
        share.full_at = full_at + share.interval
        return None

    async def note(self, tenant: Tenant) -> None:
        """Write down that the tenant asks too much, once a minute."""
        if self._members.take(f"t:{{{tenant.id}}}:share-event", ONE_EVENT).allowed:
            await write_down(RULE)

    def _share(self, tenant: Tenant, former: _Share | None) -> _Share:
        """What a tenant may have by its plan and its settings, as they are now."""
        limit = self._limits.limit(RULE, tenant)
        full_at = former.full_at if former else 0.0
        share = _Share(limit, tenant.plan, tenant.settings, full_at)
        self._shares[tenant.slug] = share
        if len(self._shares) > _MOST:
            del self._shares[next(iter(self._shares))]
        return share

    def _contended(self, share: _Share, tenant: Tenant, address: str, now: float) -> TooMany | None:
        backlog = round((share.full_at - now) * _MICROSECONDS)
        decision = decide(share.limit, min(backlog, share.limit.capacity))
        if decision.allowed:
            decision = self._members.take(f"t:{{{tenant.id}}}:share:{bucket(address)}", share.slice)
        if decision.allowed:
            share.full_at += share.interval
            return None
        metrics.rate_limited.add(RULE)
        # Whoever comes back then finds less than half of it used up.
        wait = share.full_at - now - share.half
        return TooMany(RULE, share.limit, Decision(False, 0, wait, backlog / _MICROSECONDS))
