"""How many may wait at once: in this process, of one tenant, and of one who waits."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Self, TypeVar
from uuid import UUID

from authgate.telemetry import metrics

_PART = 4
_Key = TypeVar("_Key", bound=Hashable)


class NoRoom(Exception):
    """As many wait already as may; ``limit`` says of what: the process, the tenant, or one."""

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


class Room:
    """Places of those who wait for one thing or another, each with a connection of its own."""

    def __init__(self, name: str, *, most: int, of_tenant: int, of_one: int) -> None:
        self._name = name
        self._most = most
        self._of_tenant = of_tenant
        self._of_one = of_one
        self._tenants: Counter[UUID] = Counter()
        self._ones: Counter[tuple[UUID, str]] = Counter()
        self._taken = 0

    @classmethod
    def beside(cls, name: str, connections: int, *, of_one: int) -> Self:
        """Of the connections that a process has a quarter, and of that a quarter for a tenant."""
        most = max(1, connections // _PART)
        return cls(name, most=most, of_tenant=max(1, most // _PART), of_one=of_one)

    @contextmanager
    def taken(self, tenant_id: UUID, who: str) -> Iterator[None]:
        """Have a place until the block ends. Raises ``NoRoom``."""
        self.refuse(tenant_id, who)
        self._count(tenant_id, who, 1)
        try:
            yield
        finally:
            self._count(tenant_id, who, -1)

    def refuse(self, tenant_id: UUID, who: str) -> None:
        """For those who only come now. Raises ``NoRoom``."""
        full = ""
        if self._taken >= self._most:
            full = "process"
        elif self._tenants[tenant_id] >= self._of_tenant:
            full = "tenant"
        elif self._ones[tenant_id, who] >= self._of_one:
            full = "one"
        if full:
            metrics.waiting_refused.add(self._name, full)
            raise NoRoom(full)

    def _count(self, tenant_id: UUID, who: str, by: int) -> None:
        self._taken += by
        _count(self._tenants, tenant_id, by)
        _count(self._ones, (tenant_id, who), by)
        metrics.waiting.set(self._taken, self._name)


def _count(counter: Counter[_Key], key: _Key, by: int) -> None:
    counter[key] += by
    if not counter[key]:
        del counter[key]
