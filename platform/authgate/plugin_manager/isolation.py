"""Every call into a plugin: contained, checked, counted, and left out while it keeps failing."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from traceback import extract_tb
from typing import TypeVar
from uuid import UUID

import structlog

from authgate.plugin_manager.breaker import Breakers
from authgate.plugin_manager.containment import Containment, Fault, Outcome, Suspended, Work

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class PluginFailed(Exception):
    """A plugin did not do its part."""

    def __init__(self, target: "Target", outcome: Outcome) -> None:
        super().__init__(f"{target.call} of the plugin {target.plugin!r}: {outcome}")
        self.plugin = target.plugin
        self.outcome = outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which code of whom is called, for which tenant."""

    tenant_id: UUID
    plugin: str
    call: str
    """The hook, or the connector's method."""

    connection: str = ""
    """The tenant's connection, where one of several may fail alone."""

    part: str = ""
    """What of the call, where that goes well or fails by itself: it forgives nothing else."""


@dataclass(frozen=True, slots=True)
class PluginCall:
    """One call, for counting and timing. The tenant is not for metric labels."""

    target: Target
    outcome: Outcome
    seconds: float
    fault: str = ""
    """What went wrong and where, without any text of the plugin's."""
    suspended_for: float = 0.0
    """Seconds for which the plugin is left alone, if it was one failure too many."""


Observer = Callable[[PluginCall], None]


def observe_nothing(call: PluginCall) -> None:
    """For who does not count."""


class Isolation:
    """The one way into plugins' code. One for the process."""

    def __init__(
        self,
        *,
        observe: Observer = observe_nothing,
        breakers: Breakers | None = None,
        containment: Containment | None = None,
    ) -> None:
        self._observe = observe
        self._breakers = breakers or Breakers()
        self._containment = containment or Containment()

    async def run(
        self,
        work: Work,
        target: Target,
        *,
        budget: float,
        accept: Callable[[object], T],
        answers: tuple[type[Exception], ...] = (),
    ) -> T:
        """Do the work and return what ``accept`` makes of its result.

        Raises ``PluginFailed``, or an error of ``answers`` as the plugin raised it. ``accept``
        raises ``WrongResult``, and may run no method of what it is given.
        """
        started = time.monotonic()
        try:
            accepted = accept(await self._attempt(work, target, budget))
        except Fault as fault:
            if isinstance(fault.__cause__, answers):
                self._ended_well(target, Outcome.ANSWERED_NO, started)
                raise fault.__cause__ from None
            self._failed(target, fault, started)
            raise PluginFailed(target, fault.outcome) from fault
        self._ended_well(target, Outcome.DONE, started)
        return accepted

    async def _attempt(self, work: Work, target: Target, budget: float) -> object:
        if not self._breakers.admits(_breaker_of(target)):
            raise Suspended
        return await self._containment.attempt(
            work, tenant_id=target.tenant_id, plugin=target.plugin, budget=budget
        )

    def _ended_well(self, target: Target, outcome: Outcome, started: float) -> None:
        self._breakers.succeeded(_breaker_of(target))
        self._observe(PluginCall(target, outcome, time.monotonic() - started))

    def _failed(self, target: Target, fault: Fault, started: float) -> None:
        seconds, place = time.monotonic() - started, place_of(fault)
        if isinstance(fault, Suspended):
            self._observe(PluginCall(target, fault.outcome, seconds))
            return
        suspended = self._breakers.failed(_breaker_of(target))
        pause = self._breakers.pause if suspended else 0.0
        self._observe(PluginCall(target, fault.outcome, seconds, place, pause))
        _log.warning(
            "plugin failed",
            plugin=target.plugin,
            call=target.call,
            tenant_id=str(target.tenant_id),
            connection=target.connection,
            outcome=fault.outcome,
            fault=place,
            suspended=suspended,
        )


def place_of(fault: Fault) -> str:
    """What went wrong and where, without the text of a foreign error: that may hold a secret."""
    error = fault.__cause__
    if error is None:
        return str(fault)
    frames = extract_tb(error.__traceback__)
    where = f" at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


def _breaker_of(target: Target) -> tuple[UUID, str, str, str, str]:
    # A hook that fails closes no other: one that may be skipped would shut people out by one that
    # may not. What a connection's methods ask is one provider.
    call = "" if target.connection else target.call
    return (target.tenant_id, target.plugin, target.connection, call, target.part)
