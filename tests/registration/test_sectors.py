"""Several hosts that say that they belong together (OpenID Connect Core section 8.1)."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from authgate import provisioning
from authgate.provisioning import UnfitClient
from authgate.settings import EgressSettings, Settings
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientChange
from authgate.storage.clients.rows import Client
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.pretend_host import Host
from authgate_testing.registering import answers, manage, register
from authgate_testing.server import RunningServer

pytestmark = on_sqlite

URIS = ["https://ledger.example/callback", "https://ledger.example.org/callback"]
PAIRWISE: dict[str, Any] = {"subject_type": "pairwise", "redirect_uris": URIS}


@pytest.fixture
def settings(
    settings: Settings, certificate: tuple[Path, Path], request: pytest.FixtureRequest
) -> Settings:
    """Applications may have their servers on this machine."""
    allowed: tuple[str, ...] = getattr(request, "param", ("127.0.0.0/8",))
    egress = EgressSettings(ca_file=certificate[0], allowed_networks=allowed)
    return settings.model_copy(update={"egress": egress})


async def stored(tenant: Tenant, client_id: str) -> Client:
    with use_tenant(tenant):
        found = await clients.find(client_id)
    assert found is not None
    return found


async def test_hosts_that_list_each_other_are_one_sector(
    server: RunningServer, at_open: Caller, acme: Tenant, host: Host, alice: User
) -> None:
    assert answers(await register(at_open, **PAIRWISE), 400, "invalid_client_metadata")
    host.says(body=orjson.dumps([*URIS, "https://third.example/callback"]))
    address = f"https://{host.name}/all.json"
    made = [
        (
            await register(
                at_open, **PAIRWISE | {"redirect_uris": uris}, sector_identifier_uri=address
            )
        )
        for uris in (URIS, ["https://third.example/callback"])
    ]
    assert [each.status_code for each in made] == [201, 201], made[0].text
    assert made[0].json()["subject_type"] == "pairwise"
    assert made[0].json()["sector_identifier_uri"] == address
    with use_tenant(acme):
        named = {
            await server.parts.subjects.of(alice, await stored(acme, each.json()["client_id"]))
            for each in made
        }
    assert len(named) == 1
    assert [each.path for each in host.asked] == ["/all.json"] * 2


@pytest.mark.parametrize(
    "said",
    [
        {"body": orjson.dumps(URIS[:1])},
        {"body": orjson.dumps({"redirect_uris": URIS})},
        {"body": b"not json"},
        {"body": orjson.dumps([*URIS, 5])},
        {"body": orjson.dumps(URIS), "status": 404},
        {"status": 302, "headers": {"location": "https://ledger.example/all.json"}},
    ],
    ids=["one", "object", "text", "number", "404", "ss_03_redirect"],
)
async def test_what_does_not_list_them_vouches_for_nobody(
    at_open: Caller, acme: Tenant, host: Host, allow: Any, choose: Any, said: dict[str, Any]
) -> None:
    await choose(client_registration="token")
    token = await allow(acme)
    host.says(**said)
    address = f"https://{host.name}/all.json"
    refused = await register(at_open, token=token, **PAIRWISE, sector_identifier_uri=address)
    assert answers(refused, 400, "invalid_client_metadata"), refused.text
    assert len(host.asked) == 1
    # And the token is as good as it was.
    host.says(body=orjson.dumps(URIS))
    taken = await register(at_open, token=token, **PAIRWISE, sector_identifier_uri=address)
    assert taken.status_code == 201, taken.text


@pytest.mark.parametrize("settings", [()], indirect=True)
async def test_dc_03_a_sector_is_looked_for_through_the_guard_alone(
    at_open: Caller, host: Host
) -> None:
    host.says(body=orjson.dumps(URIS))
    for address in (f"https://{host.name}/all", f"https://127.0.0.1:{host.port}/all"):
        refused = await register(at_open, **PAIRWISE, sector_identifier_uri=address)
        assert answers(refused, 400, "invalid_client_metadata")
    assert host.asked == []


async def test_another_address_is_vouched_for_before_it_counts(
    server: RunningServer, at_open: Caller, acme: Tenant, host: Host
) -> None:
    host.says(body=orjson.dumps(URIS))
    address = f"https://{host.name}/all.json"
    made = (await register(at_open, **PAIRWISE, sector_identifier_uri=address)).json()
    more = [*URIS, "https://evil.example/callback"]
    refused = await manage("PUT", made, at_open, redirect_uris=more)
    assert answers(refused, 400, "invalid_client_metadata")
    # With the token that it came with: a change that was refused is none.
    named = await manage("PUT", made, at_open, client_name="Ledger 2")
    assert named.status_code == 200, named.text
    assert len(host.asked) == 2  # nothing was asked for a name
    with use_tenant(acme), pytest.raises(UnfitClient, match=r"evil\.example"):
        await provisioning.change_client(
            server.parts, made["client_id"], ClientChange(redirect_uris=more)
        )
    assert (await stored(acme, made["client_id"])).redirect_uris == tuple(URIS)


async def test_what_somebody_changes_while_a_host_is_asked_is_not_written_over(
    server: RunningServer,
    at_open: Caller,
    acme: Tenant,
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host.says(body=orjson.dumps(URIS))
    made = (await register(at_open, redirect_uris=URIS)).json()
    ask = server.parts.outside.get

    async def slowly(url: str, **more: Any) -> Any:
        mine = ClientChange(name="Mine")
        await provisioning.change_client(server.parts, made["client_id"], mine)
        return await ask(url, **more)

    monkeypatch.setattr(server.parts.outside, "get", slowly)
    said = {"subject_type": "pairwise", "sector_identifier_uri": f"https://{host.name}/all.json"}
    refused = await manage("PUT", made, at_open, **said)
    assert answers(refused, 400, "invalid_client_metadata")
    found = await stored(acme, made["client_id"])
    assert (found.name, found.metadata.subject_type) == ("Mine", "public")
