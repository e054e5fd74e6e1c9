"""Writes down how plugins fail, beside the requests that they fail, and not for each of them."""

import asyncio
from contextvars import Context
from datetime import timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

import structlog

from authgate.clock import Clock
from authgate.plugin_manager import Outcome, PluginCall
from authgate.storage.tenants import plugin_failures
from authgate.storage.tenants.plugin_failures import PluginFailure
from authgate.storage.unit_of_work import transaction
from authgate_tenants import use_tenant
from authgate_tenants.resolver import TenantResolver

_EACH_SECONDS = 1.0
"""Between two notes on one plugin of one tenant."""
_AT_ONCE = 2
"""Notes that are written at the same time: the pool is for requests."""
_MOST = 10_000

_WELL = (Outcome.DONE, Outcome.ANSWERED_NO, Outcome.SUSPENDED)

_Key = tuple[UUID, str]
_log = structlog.get_logger(__name__)


class FailureNotes:
    """The notes of one process, for as long as it is open (``async with``)."""

    def __init__(self, resolver: TenantResolver, *, clock: Clock) -> None:
        self._resolver = resolver
        self._clock = clock
        self._is_open = False
        self._waiting: dict[_Key, PluginFailure] = {}
        self._tasks: dict[_Key, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)

    def note(self, call: PluginCall) -> None:
        """Have a failure written down; a call that went well is none."""
        if call.outcome in _WELL or not self._is_open or len(self._waiting) >= _MOST:
            return
        key = (call.target.tenant_id, call.target.plugin)
        former = self._waiting.get(key)
        self._waiting[key] = self._failure(call, former)
        if key not in self._tasks:
            # An empty context: it is no part of the request.
            self._tasks[key] = asyncio.create_task(self._write(key), context=Context())

    async def __aenter__(self) -> Self:
        self._is_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._is_open = False
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _failure(self, call: PluginCall, former: PluginFailure | None) -> PluginFailure:
        now = self._clock()
        paused = now + timedelta(seconds=call.suspended_for) if call.suspended_for else None
        return PluginFailure(
            plugin=call.target.plugin,
            call=call.target.call,
            outcome=call.outcome,
            fault=call.fault,
            failures=1 + (former.failures if former else 0),
            failed_at=now,
            paused_until=paused or (former.paused_until if former else None),
        )

    async def _write(self, key: _Key) -> None:
        try:
            while (failure := self._waiting.pop(key, None)) is not None:
                async with self._places:
                    await self._store(key[0], failure)
                await asyncio.sleep(_EACH_SECONDS)
        except Exception:  # noqa: BLE001  # what is only told stops nothing
            _log.exception("failure of a plugin not noted", plugin=key[1])
        finally:
            del self._tasks[key]

    async def _store(self, tenant_id: UUID, failure: PluginFailure) -> None:
        tenant = await self._resolver.find_by_id(tenant_id)
        if tenant is None:
            return
        with use_tenant(tenant):
            async with transaction():
                await plugin_failures.note(failure)
