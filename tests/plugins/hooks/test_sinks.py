"""A bundled sink at the server: a tenant's own, by its own settings, which holds up nobody else."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from authgate import audit
from authgate.audit import SYSTEM, Event
from authgate.feeds import telling
from authgate.pretend.listener import Line, listening
from authgate.settings import EgressSettings, Settings
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import EVERYTHING, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.server import RunningServer
from authgate_testing.syslog_frames import messages

_feed_everywhere = telling.feed_everywhere


@pytest.fixture
def settings(settings: Settings, certificate: tuple[Path, Path]) -> Settings:
    """The server may reach this machine; it is told there who vouches by each tenant."""
    egress = EgressSettings(allowed_networks=("127.0.0.0/8", "::1/128"))
    return settings.model_copy(update={"egress": egress})


class Receiver:
    """A syslog server of one tenant."""

    def __init__(self) -> None:
        self.is_down = False
        self.host = ""
        self._heard: list[bytes] = []

    async def talk(self, line: Line) -> None:
        received = b""
        while came := await line.receive():
            if self.is_down:
                raise ConnectionAbortedError
            received += came
        self._heard += messages(received)

    def told(self) -> list[str]:
        """Who came, and of which tenant that is, once for each event."""
        said = [json.loads(each[each.index(b"{") :]) for each in self._heard]
        by_id = {each["id"]: f"{each['tenant']} {each['resource_id']}" for each in said}
        ids = [each["id"] for each in said if each["type"] == "USER_CREATED"]
        return [by_id[each] for each in dict.fromkeys(ids)]


@pytest.fixture
async def receivers(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Receiver, Receiver]]:
    """One for each of two tenants; the server's own job tells them of nothing meanwhile."""

    async def nothing(*_: object, **__: object) -> None:
        pass

    monkeypatch.setattr(telling, "feed_everywhere", nothing)
    ours, theirs = Receiver(), Receiver()
    async with listening(certificate, ours.talk) as a, listening(certificate, theirs.talk) as b:
        ours.host, theirs.host = a, b
        yield ours, theirs


async def happen(tenant: Tenant, *names: str) -> None:
    with use_tenant(tenant):
        for name in names:
            await audit.record(Event.USER_CREATED, actor=SYSTEM, resource=("user", name))


@on_sqlite
async def test_a_dead_syslog_server_delays_its_own_tenant_and_is_seen_by_that_alone(
    server: RunningServer, acme: Tenant, globex: Tenant, run: Any,
    receivers: tuple[Receiver, Receiver], certificate: tuple[Path, Path],
) -> None:  # fmt: skip
    ours, theirs = receivers
    vouching = certificate[0].read_text()
    for tenant, receiver in ((acme, ours), (globex, theirs)):
        await run(tenant, "syslog", host=receiver.host, authorities=vouching)
    api = await api_client(server, acme, *EVERYTHING)
    foreign = await api_client(server, globex, *EVERYTHING)
    ours.is_down = True
    await happen(acme, "ada", "bea")
    await happen(globex, "cid")
    for _ in range(2):
        server.clock.advance(10)
        await _feed_everywhere(server.parts)
    assert (ours.told(), theirs.told()) == ([], ["globex cid"])
    seen = (await api.get("/plugins/syslog")).json()
    assert seen["feed"]["failures"] == 2
    assert seen["feed"]["waiting"] >= 2
    assert seen["feed"]["waiting_since"] is not None
    assert seen["last_failure"]["call"] == "audit_events"
    assert seen["last_failure"]["fault"].startswith("StreamFailure")
    tested = (await api.post("/plugins/syslog/test")).json()
    assert [each["passed"] for each in tested["steps"]] == [True, False]
    unharmed = (await foreign.get("/plugins/syslog")).json()
    assert (unharmed["feed"]["failures"], unharmed["last_failure"]) == (0, None)
    await run(globex)
    for answer in (
        await foreign.get("/plugins/syslog"),
        await foreign.post("/plugins/syslog/test"),
    ):
        assert is_problem(answer, 404, "not-found")
    ours.is_down = False
    server.clock.advance(60)
    await _feed_everywhere(server.parts)
    assert ours.told() == ["acme ada", "acme bea"]
    assert (await api.get("/plugins/syslog")).json()["feed"]["failures"] == 0
    assert theirs.told() == ["globex cid"]
