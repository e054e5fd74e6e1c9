"""Whom a tenant keeps out by their address, at once and everywhere."""

import re

import httpx2
import pytest

from authgate.audit import Event
from authgate.provisioning.address_blocks import block_address, unblock_address
from authgate_tenants import Tenant, blocked, use_tenant
from authgate_tenants.blocked import BadNetwork, BlockedNetworks
from authgate_testing.api import EVERYTHING, api_client
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer

KEYS = "/.well-known/jwks.json"


async def _status(http: httpx2.AsyncClient, tenant: Tenant, path: str = KEYS) -> int:
    return (await http.get(f"{tenant.prefix}{path}")).status_code


async def test_nobody_is_let_in_from_a_blocked_network_and_by_every_door_it_says_so(
    server: RunningServer, acme: Tenant, globex: Tenant, ledger: Ledger
) -> None:
    api = await api_client(server, acme, *EVERYTHING)
    made = await api.post("/address-blocks", {"network": "203.0.113.9/24", "reason": "guesses"})
    assert made.status_code == 201, made.text
    assert made.json()["network"] == "203.0.113.0/24"
    again = await api.post("/address-blocks", {"network": "203.0.113.0/24", "reason": "other"})
    assert again.json() == made.json(), "it is as it was, and so it is told"
    assert await _status(server.http, acme) == 200
    async with server.from_address("203.0.113.200") as http:
        refused = await http.get(f"{acme.prefix}{KEYS}")
        assert (refused.status_code, refused.json()["error"]) == (403, "access_denied")
        page = await http.get(f"{acme.prefix}/login", headers={"accept": "text/html"})
        assert (page.status_code, "You are not let in from here" in page.text) == (403, True)
        problem = await http.get(f"{acme.prefix}/api/v1/clients")
        assert problem.headers["content-type"] == "application/problem+json"
        assert await _status(http, globex) == 200, "it is no other tenant's block"
        for own in ("127.0.0.1", "127.0.0.0/8", "::ffff:127.0.0.1"):
            assert (await api.post("/address-blocks", {"network": own})).status_code == 409, own
        here = f"/address-blocks/{made.json()['id']}"
        assert (await api.patch(here, {"reason": "x"})).status_code == 428
        seen = (await api.get(here)).headers["etag"]
        other = await api.patch(here, {"reason": "guesses passwords"}, if_match=seen)
        assert other.json() == made.json() | {"reason": "guesses passwords"}
        late = await api.patch(here, {"reason": "late"}, if_match=seen)
        assert late.status_code == 412
        assert (await http.get(f"{acme.prefix}{KEYS}")).status_code == 403, "all the while"
        gone = await api.delete(f"/address-blocks/{made.json()['id']}")
        assert gone.status_code == 204
        assert await _status(http, acme) == 200
    [event] = await ledger.events(acme, Event.ADDRESS_BLOCKED)
    assert (event.resource_id, event.details) == ("203.0.113.0/24", {"reason": "guesses"})
    [event] = await ledger.events(acme, Event.ADDRESS_BLOCK_EXPLAINED)
    assert event.details == {"was": "guesses", "is": "guesses passwords"}
    assert len(await ledger.events(acme, Event.ADDRESS_UNBLOCKED)) == 1
    measured = (await server.http.get("/metrics")).text
    assert re.search(r"^authgate_blocked_requests_total [1-9]", measured, re.MULTILINE)


@on_sqlite
async def test_lg_05_a_header_that_nobody_trusts_leads_around_no_block(
    server: RunningServer, acme: Tenant
) -> None:
    with use_tenant(acme):
        await block_address(server.parts, "2001:db8::/48", reason="")
    async with server.from_address("2001:db8::7") as http:
        for name in ("x-forwarded-for", "forwarded", "x-real-ip"):
            answer = await http.get(f"{acme.prefix}{KEYS}", headers={name: "192.0.2.7"})
            assert answer.status_code == 403, name
    with use_tenant(acme):
        await unblock_address(server.parts, "2001:db8::/48")


@pytest.mark.parametrize("text", ["", "here", "0.0.0.0/0", "10.0.0.0/7", "::/0", "1.2.3.4/33"])
def test_what_is_no_network_or_nearly_everybody_cannot_be_blocked(text: str) -> None:
    with pytest.raises(BadNetwork):
        blocked.network(text)


def test_an_address_is_found_in_networks_of_every_length() -> None:
    them = BlockedNetworks.of("10.0.0.0/8 192.0.2.7 2001:db8::/32 ::ffff:198.51.100.0/120".split())
    assert them is not None
    for inside in ("10.255.0.1", "192.0.2.7", "2001:db8:1::1", "198.51.100.200"):
        assert them.holds(inside), inside
    for outside in ("11.0.0.1", "192.0.2.8", "2001:db9::1", "198.51.101.1", "", "unix"):
        assert not them.holds(outside), outside
    assert BlockedNetworks.of(["nonsense"]) is None
