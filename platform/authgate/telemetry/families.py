"""Families of measurements whose members are bound at first use.

Finding a member by its labels costs more than counting does, so each is looked up once and kept.
Labels hold words from short lists: never a tenant, a client, a person, nor what a stranger sent.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

MOST_MEMBERS = 1000
"""Members of one family; further ones are counted together, as ``other``. Requests have most: 130
routes, each by methods and classes of answers."""

OTHER = "other"

# Else each gets a second series, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]  # it is not annotated

REGISTRY = CollectorRegistry(auto_describe=True)
"""Everything that is measured here."""


class Count:
    """How often something happened, by its labels."""

    def __init__(self, name: str, meaning: str, *labels: str) -> None:
        self._family = Counter(name, meaning, labels, registry=REGISTRY)
        self._members: dict[tuple[str, ...], Callable[[float], None]] = {}
        self._labels = labels

    def expect(self, *values: str) -> None:
        """Begin a member with nothing: one that begins with its first count is not seen to grow."""
        self.add(*values, by=0)

    def add(self, *values: str, by: float = 1) -> None:
        """Count one more, or several, with these values of the labels."""
        member = self._members.get(values)
        if member is None:
            values = _bounded(values, self._members)
            child = self._family.labels(*values) if self._labels else self._family
            member = self._members[values] = child.inc
        member(by)


class Distribution:
    """How large something was, by its labels."""

    def __init__(self, name: str, meaning: str, *labels: str, buckets: Sequence[float]) -> None:
        self._family = Histogram(name, meaning, labels, buckets=buckets, registry=REGISTRY)
        self._members: dict[tuple[str, ...], Callable[[float], None]] = {}
        self._labels = labels

    def observe(self, value: float, *values: str) -> None:
        """Note a size with these values of the labels."""
        member = self._members.get(values)
        if member is None:
            values = _bounded(values, self._members)
            child = self._family.labels(*values) if self._labels else self._family
            member = self._members[values] = child.observe
        member(value)


Together = Literal["livesum", "livemin", "livemax", "livemostrecent", "max"]
"""What several processes' levels are together: of those that live, or (``max``) of all."""


class Level:
    """How much of something there is, by its labels."""

    def __init__(self, name: str, meaning: str, *labels: str, together: Together) -> None:
        self._family = Gauge(name, meaning, labels, registry=REGISTRY, multiprocess_mode=together)
        self._members: dict[tuple[str, ...], Callable[[float], None]] = {}
        self._labels = labels

    def set(self, value: float, *values: str) -> None:
        """State how much there is now, with these values of the labels."""
        member = self._members.get(values)
        if member is None:
            values = _bounded(values, self._members)
            child = self._family.labels(*values) if self._labels else self._family
            member = self._members[values] = child.set
        member(value)


def constant(name: str, meaning: str, **labels: str) -> Gauge:
    """State something that stays as it is while the process lives."""
    # Several processes state the same: one of them is enough.
    family = Gauge(name, meaning, tuple(labels), registry=REGISTRY, multiprocess_mode="max")
    family.labels(**labels).set(1)
    return family


def _bounded(
    values: tuple[str, ...], members: dict[tuple[str, ...], Callable[[float], None]]
) -> tuple[str, ...]:
    return values if len(members) < MOST_MEMBERS else (OTHER,) * len(values)
