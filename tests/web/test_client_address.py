"""Whose address counts: the peer's, or what a proxy that the operator trusts says of it."""

from pathlib import Path

import pytest

from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, KeySettings, ServerSettings, Settings
from authgate_tenants import Tenant
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer


@pytest.fixture
def settings(database_settings: DatabaseSettings, tmp_path: Path) -> Settings:
    """A server behind two proxies."""
    return Settings(
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        server=ServerSettings(trusted_proxies=("10.0.0.0/8", "fd00::/8")),
        log_level="info",
    )


async def seen(
    server: RunningServer,
    acme: Tenant,
    machine: NewClient,
    ledger: Ledger,
    peer: str,
    *forwarded: str,
) -> str:
    """The address that is written down for a request."""
    caller = Caller(server.from_address(peer), acme)
    answer = await caller.post(
        "/oauth/token",
        {"grant_type": "client_credentials"},
        basic=(machine.client.client_id, machine.secret or ""),
        headers=[("X-Forwarded-For", each) for each in forwarded],
    )
    assert answer.status_code == 200
    return (await ledger.events(acme, Event.CLIENT_CREDENTIALS_TOKEN_ISSUED))[-1].ip


@on_sqlite
async def test_ht_02_only_the_last_hop_that_no_trusted_proxy_added_counts(
    server: RunningServer, acme: Tenant, machine: NewClient, ledger: Ledger
) -> None:
    who = (server, acme, machine, ledger)
    proxy, client, liar = "10.0.0.1", "198.51.100.7", "203.0.113.9"
    assert await seen(*who, proxy, client) == client
    assert await seen(*who, proxy, f"{liar}, {client}") == client
    assert await seen(*who, proxy, liar, client) == client
    assert await seen(*who, proxy, f"{client}, 10.0.0.2") == client
    assert await seen(*who, "fd00::1", f"{liar},2001:db8::7") == "2001:db8::7"
    assert await seen(*who, client, liar) == client, "nobody trusts that peer"
    assert await seen(*who, proxy) == proxy


@on_sqlite
async def test_ht_02_a_proxy_that_forwards_rubbish_vouches_for_nothing(
    server: RunningServer, acme: Tenant, machine: NewClient, ledger: Ledger
) -> None:
    for rubbish in ("unknown", "_hidden", "", ",", "1.2.3", "1.2.3.4:x", "[::1", "x" * 9_000):
        found = await seen(server, acme, machine, ledger, "10.0.0.1", f"203.0.113.9, {rubbish}")
        assert found == "10.0.0.1"


async def test_one_address_has_one_spelling(
    server: RunningServer, acme: Tenant, machine: NewClient, ledger: Ledger
) -> None:
    for spelling, address in (
        ("2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
        ("[2001:db8::0007]:4711", "2001:db8::7"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("fe80::1%" + "a" * 200, "fe80::1"),  # longer than any column for addresses
    ):
        assert await seen(server, acme, machine, ledger, "10.0.0.1", spelling) == address
