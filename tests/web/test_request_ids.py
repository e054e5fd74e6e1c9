"""``X-Request-ID``: one for each request, told by us or by a proxy that is trusted."""

from pathlib import Path

import pytest

from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, KeySettings, ServerSettings, Settings
from authgate_tenants import Tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer

TOLD = "0193e0c2-1234-7abc-8def-1234567890ab"


@pytest.fixture
def settings(database_settings: DatabaseSettings, tmp_path: Path) -> Settings:
    return Settings(
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        server=ServerSettings(trusted_proxies=("10.0.0.0/8",)),
        log_level="info",
    )


@on_sqlite
@pytest.mark.parametrize(
    ("peer", "told", "kept"),
    [
        ("10.0.0.1", TOLD, True),
        ("::ffff:10.0.0.1", TOLD, True),
        ("10.0.0.1", "not plain", False),
        ("203.0.113.7", TOLD, False),
    ],
)
async def test_only_a_trusted_proxy_names_a_request(
    server: RunningServer,
    acme: Tenant,
    machine: NewClient,
    ledger: Ledger,
    peer: str,
    told: str,
    kept: bool,
) -> None:
    async with server.from_address(peer) as http:
        answer = await http.post(
            f"{acme.issuer}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(machine.client.client_id, "wrong"),
            headers={"X-Request-ID": told},
        )
    assert (answer.headers["x-request-id"] == told) == kept
    [event] = await ledger.events(acme, Event.CLIENT_AUTHENTICATION_FAILURE)
    assert event.request_id == answer.headers["x-request-id"]
