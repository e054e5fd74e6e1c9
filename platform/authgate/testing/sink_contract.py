"""The contract of ``audit_events``."""

import re
import time
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from authgate.plugin_api import AuditEvent, Lifecycle, hookspecs
from authgate.plugin_api.hookspecs import rules_of
from authgate.plugin_manager import Isolation, PluginFailed
from authgate.pretend.host import Answer, Asked
from authgate.testing.hook_subject import HookSubject, answers, observed, tenant_id, unhurried
from authgate.testing.secrecy import leaked, listening, told

if TYPE_CHECKING:
    from authgate.testing.server import RealServer

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BEGUN = datetime(2026, 3, 2, 23, 59, 59, 250_000, tzinfo=UTC)
_FIRST = AuditEvent(
    id="",
    tenant="acme",
    type="USER_CREATED",
    lifecycle=Lifecycle.USER_CREATED,
    severity="INFO",
    occurred_at=_BEGUN,
    success=True,
    actor_type="user",
    actor_id="0198c2f4-7d3a-7c11-9f0e-5b1d2c3e4f50",
    actor_name="ada",
    client_id="",
    resource_type="user",
    resource_id="0198c2f4-7d3a-7c11-9f0e-5b1d2c3e4f51",
    address="192.0.2.7",
    user_agent="Mozilla/5.0",
    request_id="9f0e5b1d2c3e",
    details={"username": "bea"},
)
_KINDS = (
    _FIRST,
    replace(_FIRST, type="AUTHENTICATION_FAILURE", lifecycle=None, success=False, details={}),
    replace(_FIRST, actor_type="system", actor_id="", actor_name="", address="", user_agent=""),
    replace(_FIRST, type="A_TYPE_THAT_IS_NEW", lifecycle=None, severity="CRITICAL"),
    replace(_FIRST, actor_name="Zoë 字\u2028\n\t\"'\\", user_agent="x" * 512, address="::1"),
    replace(_FIRST, details={"changes": [{"was": None, "is": ["a", {"b": 1.5}]}], "n": 2**53}),
    replace(_FIRST, type="USER_DELETED", lifecycle=Lifecycle.USER_DELETED, client_id="c" * 255),
)


def events(tenant: str, number: int) -> list[AuditEvent]:
    """So many events of a tenant, of all kinds, one after the other."""
    base = tenant_id(tenant).int & ~0xFFFF
    return [
        replace(
            _KINDS[each % len(_KINDS)],
            id=str(UUID(int=base + each)),
            tenant=tenant,
            occurred_at=_BEGUN + each * timedelta(milliseconds=500),
        )
        for each in range(number)
    ]


EVENTS = tuple(events("acme", len(_KINDS)))
"""One of each kind, across a midnight."""


class AuditSinkContract(HookSubject):
    """What every plugin has to keep that hands on what has happened, by itself and at the server.

    Inherit it in a class whose name begins with ``Test``, and give it ``plugin``. One that posts to
    a collector by https is tested against one in memory and then one on this machine: ``settings``
    have it send to ``{host}``. One that speaks by ``network`` says in ``talk`` what the collector
    does: it adds to ``arrived`` what it takes, and returns at once while it ``is_down``. For any
    other way say ``handed_on`` and ``broken``. One that hands on some events only says by
    ``wanted`` which.
    """

    @pytest.fixture(autouse=True)
    def _collector(self) -> None:
        self.arrived: list[bytes] = []
        self.is_down = False

    def site(self, asked: Asked) -> Answer:
        """The collector: it takes what it is sent, but while it is broken."""
        if self.is_down:
            return Answer(status=503)
        self.arrived.append(asked.body)
        return Answer(body=b"{}")

    def handed_on(self) -> str:
        """All that has arrived so far, in its order, with the ids of the events in it."""
        return "\n".join(each.decode() for each in self.arrived)

    @contextmanager
    def broken(self) -> Iterator[None]:
        """Have nothing be taken where it hands on to, for as long as the block lasts."""
        self.is_down = True
        yield
        self.is_down = False

    def wanted(self, event: AuditEvent) -> bool:
        """Whether it hands on such an event."""
        del event
        return True

    def test_it_hands_on_all_of_them_in_order(self) -> None:
        """Odd ones too: who fails at one is told of none behind it."""
        first, more = events("acme", 100), events("acme", 130)[100:]
        with observed() as isolation:
            self._tell(first, more, isolation=isolation)
        assert self._arrived("acme") == self._ids([*first, *more])

    def test_what_is_told_again_is_known_by_its_id(self) -> None:
        """After a crash the same is told again, and more behind it."""
        batch = events("acme", 20)
        self._tell(batch[:10], batch)
        assert list(dict.fromkeys(self._arrived("acme"))) == self._ids(batch)

    def test_it_says_so_where_it_could_not_hand_them_on(self) -> None:
        """Who returns nothing has taken them, and is never told of them again."""
        batch = events("acme", 10)
        with self.broken(), pytest.raises(PluginFailed):
            self._tell(batch)
        self._tell(batch)
        assert list(dict.fromkeys(self._arrived("acme"))) == self._ids(batch)

    def test_tenants_do_not_mix(self) -> None:
        acme, globex = events("acme", 10), events("globex", 10)
        self._tell(acme[:5], globex[:5], acme[5:], globex[5:])
        assert self._arrived("acme") == self._ids(acme)
        assert self._arrived("globex") == self._ids(globex)

    def test_it_takes_little_of_the_time_that_it_has(self) -> None:
        batch = events("acme", 100)
        self._tell(batch)  # whatever is read once
        started = time.process_time()
        self._tell(batch)
        assert time.process_time() - started < rules_of(hookspecs.audit_events).budget

    def test_what_it_logs_and_raises_holds_no_secret(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with listening() as lines:
            self._tell(EVENTS)
            with self.broken(), pytest.raises(PluginFailed) as failed:
                self._tell(EVENTS)
        printed = capsys.readouterr()
        heard = "\n".join([told(failed.value), *lines, printed.out, printed.err])
        assert not leaked(self.secrets(), heard)

    def test_at_the_server_it_is_told_where_it_is_enabled_and_nowhere_else(
        self, authgate_server: "RealServer"
    ) -> None:
        async def happened(*plugins: str) -> Sequence[AuditEvent]:
            tenant = await authgate_server.tenant("acme", *plugins)
            if plugins:
                await self.set_up(authgate_server, tenant)
            await authgate_server.person(tenant)
            return await authgate_server.feed(tenant)

        self.installed()
        with unhurried(hookspecs.audit_events):
            ours = authgate_server.run(happened(self.plugin))
            theirs = authgate_server.run(happened())
        assert "USER_CREATED" in {each.type for each in theirs}
        arrived = _ids_in(self.handed_on(), {each.id for each in (*ours, *theirs)})
        assert list(dict.fromkeys(arrived)) == [each.id for each in ours if self.wanted(each)]

    def _tell(self, *batches: Sequence[AuditEvent], isolation: Isolation | None = None) -> None:
        plugins = self.bench(isolation=isolation)

        async def one_after_the_other(told: Sequence[Sequence[AuditEvent]]) -> None:
            for each in told:
                await plugins.tell(self.plugin, each, tenant_id=tenant_id(each[0].tenant))

        answers(hookspecs.audit_events, one_after_the_other, [batches])

    def _ids(self, told: Sequence[AuditEvent]) -> list[str]:
        found = [each.id for each in told if self.wanted(each)]
        assert found, "it wants none of the events: let the contract have some that it does"
        return found

    def _arrived(self, tenant: str) -> list[str]:
        """The ids of the tenant's events, each as often as it arrived."""
        return _ids_in(self.handed_on(), {each.id for each in events(tenant, 130)})


def _ids_in(text: str, ids: Set[str]) -> list[str]:
    return [each for each in _ID.findall(text) if each in ids]
