"""Runs a plugin's code so that it can neither hold up nor take down what called it.

``async def`` runs on the event loop and must not block it; ``def`` runs in a thread of its own.
Neither sees the tenant, the request or the transaction around the call: they start in an empty
context. Code that outlives its budget is left behind and keeps its slot until it really ends, so
that what hangs is bounded by the number of slots.
"""

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID
from weakref import WeakValueDictionary

from authgate.plugin_manager.shares import plugin_works_for

Work = Callable[[], object]


class Outcome(StrEnum):
    """How a call into a plugin ended."""

    DONE = "done"
    ANSWERED_NO = "answered_no"
    """It raised an error that is an answer: nothing is wrong with the plugin."""
    RAISED = "raised"
    TOO_SLOW = "too_slow"
    WRONG_RESULT = "wrong_result"
    SUSPENDED = "suspended"
    """It was not called: it has failed too often of late."""


class Fault(Exception):
    """A plugin did not do its part; what it raised, if anything, is the cause."""

    outcome: Outcome


class Raised(Fault):
    """It raised, whatever it raised: ``SystemExit`` ends no server."""

    outcome = Outcome.RAISED


class TooSlow(Fault):
    """It was not done within its budget."""

    outcome = Outcome.TOO_SLOW


class WrongResult(Fault):
    """What it returned is not what the hook asks for."""

    outcome = Outcome.WRONG_RESULT


class Suspended(Fault):
    """It has failed too often of late to be called."""

    outcome = Outcome.SUSPENDED


@dataclass(frozen=True, slots=True)
class _Ended:
    # A value, not an exception: asyncio treats some exceptions that cross a task as its own.
    result: object = None
    error: BaseException | None = None

    def outcome(self) -> object:
        if self.error is not None:
            raise Raised(type(self.error).__name__) from self.error
        return self.result


class Containment:
    """Where plugins' code runs. One for the process."""

    def __init__(
        self,
        *,
        at_once_per_tenant: int = 8,
        at_once: int = 64,
        context: Callable[[], Context] = Context,
    ) -> None:
        self._context = context
        self._slots = _Slots(per_tenant=at_once_per_tenant, per_plugin=at_once)
        self._running: set[asyncio.Task[_Ended]] = set()

    async def attempt(self, work: Work, *, tenant_id: UUID, plugin: str, budget: float) -> object:
        """What the work returns. Raises ``TooSlow`` after ``budget`` seconds, or ``Raised``."""
        context = self._context()
        context.run(plugin_works_for.set, tenant_id)
        task = asyncio.create_task(self._in_slot(work, tenant_id, plugin), context=context)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            await asyncio.wait({task}, timeout=budget)
        finally:
            in_time = task.done()
            task.cancel()
        if not in_time:
            raise TooSlow(f"not done in {budget} s")
        if task.cancelled():
            raise Raised("CancelledError")
        return task.result().outcome()

    async def _in_slot(self, work: Work, tenant_id: UUID, plugin: str) -> _Ended:
        give_back = await self._slots.take(tenant_id, plugin)
        if not inspect.iscoroutinefunction(work):
            return await _in_thread(work, name=f"plugin-{plugin}", ended=give_back)
        try:
            return await _on_loop(work)
        finally:
            give_back()


def at_start(work: Work, *, budget: float) -> object:
    """What the work returns, for the time before there is a loop. Raises ``Fault``."""
    ended: list[_Ended] = []
    thread = threading.Thread(target=lambda: ended.append(_here(work)), daemon=True)
    thread.start()
    thread.join(budget)
    if not ended:
        raise TooSlow(f"not done in {budget} s")
    return ended[0].outcome()


async def _on_loop(work: Callable[[], Awaitable[object]]) -> _Ended:
    try:
        return _Ended(result=await work())
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001  # whatever it is, it stays the plugin's
        return _Ended(error=error)


async def _in_thread(work: Work, *, name: str, ended: Callable[[], None]) -> _Ended:
    # Not an executor: its few threads would be shared by all and joined at exit, so that one
    # plugin that hangs would hold up the others, and the end of the process.
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_Ended] = loop.create_future()

    def deliver(end: _Ended) -> None:
        ended()
        if not answer.done():
            answer.set_result(end)

    def run() -> None:
        end = _here(work)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(deliver, end)

    try:
        threading.Thread(target=run, name=name, daemon=True).start()
    except RuntimeError as error:
        deliver(_Ended(error=error))
    return await answer


def _here(work: Work) -> _Ended:
    try:
        return _Ended(result=work())
    except BaseException as error:  # noqa: BLE001  # whatever it is, it stays the plugin's
        return _Ended(error=error)


class _Slots:
    """How many calls run at once: of one plugin for one tenant, and of one plugin for all."""

    def __init__(self, *, per_tenant: int, per_plugin: int) -> None:
        self._per_tenant = per_tenant
        self._per_plugin = per_plugin
        # A gate is kept by those who are in it or wait at it, and forgotten with the last.
        self._gates: WeakValueDictionary[Hashable, asyncio.Semaphore] = WeakValueDictionary()

    async def take(self, tenant_id: UUID, plugin: str) -> Callable[[], None]:
        own = self._gate((tenant_id, plugin), self._per_tenant)
        shared = self._gate(plugin, self._per_plugin)
        await own.acquire()
        try:
            await shared.acquire()
        except BaseException:
            own.release()
            raise

        def give_back() -> None:
            shared.release()
            own.release()

        return give_back

    def _gate(self, key: Hashable, size: int) -> asyncio.Semaphore:
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = asyncio.Semaphore(size)
        return gate
