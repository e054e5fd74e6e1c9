"""``/api/v1/clients``: the applications of a tenant, for programs."""

import asyncio
from typing import Any

import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.rows import ClientRow
from authgate.storage.people.users import User
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import EVERYTHING, ApiClient, api_client, client_token, is_problem
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.meanwhile import meanwhile
from authgate_testing.postgres import PostgresServer
from authgate_testing.server import RunningServer

READ, WRITE = Scope.CLIENTS_READ.value, Scope.CLIENTS_WRITE.value
PUBLIC = {"grant_types": ["device_code"], "public": True}
"""By the short name, which the answer has in full."""
ORDERS = {"name": "Orders", "grant_types": ["client_credentials"], "scopes": ["orders:read"]}


async def created(api: ApiClient, **said: Any) -> dict[str, Any]:
    """A client that was just made."""
    answer = await api.post("/clients", ORDERS | said)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_client_is_made_read_changed_and_removed(
    api: ApiClient, acme: Tenant, ledger: Ledger
) -> None:
    answer = await api.post("/clients", ORDERS | {"client_id": "https://orders.example/a b"})
    assert is_problem(answer, 422, "invalid")
    answer = await api.post("/clients", ORDERS | {"client_id": "orders/1"})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{acme.issuer}/api/v1/clients/orders%2F1"
    assert answer.json()["client_secret"].startswith("agsec_")
    read = await api.get("/clients/orders%2F1")
    assert read.json() == {
        name: value for name, value in answer.json().items() if name != "client_secret"
    }
    changed = await api.patch(
        "/clients/orders%2F1",
        {"name": "Orders 2", "metadata": {"client_uri": "https://orders.example"}},
        if_match=read.headers["etag"],
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["name"] == "Orders 2"
    assert changed.json()["scopes"] == ["orders:read"]
    assert changed.json()["metadata"]["client_uri"] == "https://orders.example"
    again = await api.get("/clients/orders%2F1")
    assert again.headers["etag"] == changed.headers["etag"]
    assert again.json() == changed.json()
    cleared = await api.patch("/clients/orders%2F1", {"metadata": None}, if_match="*")
    assert cleared.json()["metadata"]["client_uri"] == ""
    assert (await api.delete("/clients/orders%2F1")).status_code == 204
    assert is_problem(await api.get("/clients/orders%2F1"), 404, "not-found")
    assert api.client is not None
    kinds = (Event.CLIENT_CREATED, Event.CLIENT_UPDATED, Event.CLIENT_DELETED)
    for kind in kinds:
        event = (await ledger.events(acme, kind))[-1]
        assert (event.client_id, event.actor_type) == ("orders/1", "client")
        assert event.actor_id == api.client.client.client_id


async def test_ad_07_of_two_changes_of_the_same_state_one_is_made(api: ApiClient) -> None:
    path = f"/clients/{(await created(api))['client_id']}"
    tag = (await api.get(path)).headers["etag"]
    answers = await asyncio.gather(
        *(api.patch(path, {"name": f"Orders {each}"}, if_match=tag) for each in range(8))
    )
    assert sorted(each.status_code for each in answers) == [200] + [412] * 7
    winner = next(each for each in answers if each.status_code == 200)
    assert (await api.get(path)).json()["name"] == winner.json()["name"]
    stale = next(each for each in answers if each.status_code == 412)
    assert is_problem(stale, 412, "changed")
    assert is_problem(await api.patch(path, {"name": "x"}), 428, "precondition-required")
    assert is_problem(await api.delete(path, if_match=tag), 412, "changed")
    assert (await api.get(path)).status_code == 200


@on_postgres
async def test_ad_07_to_enable_a_client_approves_nothing_that_its_owner_changes_meanwhile(
    postgres: PostgresServer, api: ApiClient, acme: Tenant
) -> None:
    client_id, answers = (await created(api))["client_id"], []

    async def enable() -> None:
        answers.append(await api.post(f"/clients/{client_id}/enable"))

    with use_tenant(acme):
        async with meanwhile(postgres, enable()):
            await clients.change(client_id, ClientChange(status=ClientStatus.PENDING))
    assert is_problem(answers[0], 409, "conflict")
    assert (await api.get(f"/clients/{client_id}")).json()["status"] == "pending"
    assert is_problem(await api.post(f"/clients/{client_id}/disable"), 409, "conflict")


async def test_ad_06_of_clients_with_one_id_one_is_made(api: ApiClient) -> None:
    answers = await asyncio.gather(
        *(api.post("/clients", ORDERS | {"client_id": "orders"}) for _ in range(10))
    )
    assert sorted(each.status_code for each in answers) == [201] + [409] * 9


async def test_ti_08_another_tenants_client_ids_are_free(
    api: ApiClient, foreign_api: ApiClient
) -> None:
    await created(api, client_id="orders")
    await created(foreign_api, client_id="orders")


@on_sqlite
async def test_ad_05_only_what_is_listed_can_be_said(api: ApiClient) -> None:
    path = f"/clients/{(await created(api))['client_id']}"
    columns = set(ClientRow._meta.fields_map) | {"tenant", "client_secret", "public"}
    before = await api.get(path)
    listed = set(before.json()) - {
        "client_id", "public", "authentication_methods", "status", "owner_id",
        "secret_expires_at", "former_secret_expires_at", "created_at", "updated_at",
    }  # fmt: skip
    for name in sorted(columns - listed):
        answer = await api.patch(path, {name: "x"}, if_match="*")
        assert is_problem(answer, 422, "invalid"), name
    for name in sorted(columns - listed - {"client_id", "public", "secret_expires_at"}):
        if name != "authentication_methods":
            answer = await api.post("/clients", ORDERS | {name: "x"})
            assert is_problem(answer, 422, "invalid"), name
    assert (await api.get(path)).json() == before.json()


@on_sqlite
async def test_faults_of_a_client_are_told_where_they_are(
    server: RunningServer, api: ApiClient, acme: Tenant, alice: User
) -> None:
    said = ORDERS | {"public": True, "metadata": {"client_uri": "javascript:alert(1)"}}
    answer = await api.post("/clients", said)
    assert is_problem(answer, 422, "invalid")
    pointers = {each["pointer"] for each in answer.json()["errors"]}
    assert pointers == {"/grant_types", "/metadata/client_uri"}
    with use_tenant(acme):
        own = await provisioning.add_client(
            server.parts,
            ClientDraft(name="Mine", grant_types=["client_credentials"], owner_id=alice.id),
        )
    path = f"/clients/{own.client.client_id}"
    answer = await api.patch(path, {"scopes": [READ]}, if_match="*")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/scopes"]
    # What is known only once another host was asked, which is no public one here.
    sector = {"subject_type": "pairwise", "sector_identifier_uri": "https://127.0.0.1/all"}
    paired = {"metadata": sector, "redirect_uris": ["https://orders.example/cb"]}
    for answer in (
        await api.post("/clients", ORDERS | paired),
        await api.patch(path, paired, if_match="*"),
    ):
        assert is_problem(answer, 422, "invalid")
        pointers = {each["pointer"] for each in answer.json()["errors"]}
        assert pointers == {"/metadata/sector_identifier_uri"}


@on_sqlite
async def test_ad_04_nobody_gets_further_by_a_client_than_they_are(
    server: RunningServer, acme: Tenant
) -> None:
    api = await api_client(server, acme, READ, WRITE)
    beyond = Scope.USERS_WRITE.value
    for scopes in ([beyond], [READ, beyond], ["authgate:made-up"]):
        answer = await api.post("/clients", ORDERS | {"scopes": scopes})
        assert is_problem(answer, 403, "beyond-own-scopes")
    own = await created(api, scopes=[READ])
    path = f"/clients/{own['client_id']}"
    answer = await api.patch(path, {"scopes": [READ, beyond]}, if_match="*")
    assert is_problem(answer, 403, "beyond-own-scopes")
    mighty = await api_client(server, acme, *EVERYTHING)
    assert mighty.client is not None
    path = f"/clients/{mighty.client.client.client_id}"
    for answer in (
        await api.patch(path, {"redirect_uris": ["https://evil.test/"]}, if_match="*"),
        await api.patch(path, {"scopes": []}, if_match="*"),
        await api.post(f"{path}/secret", {}),
        await api.post(f"{path}/enable"),
        await api.post(f"{path}/approve"),
    ):
        assert is_problem(answer, 403, "beyond-own-scopes")
    with use_tenant(acme):
        row = await ClientRow.get(client_id=mighty.client.client.client_id)
        assert (row.scopes, row.redirect_uris) == (list(EVERYTHING), [])


async def test_a_secret_is_replaced_without_a_gap(
    server: RunningServer, api: ApiClient, acme: Tenant, machine: NewClient
) -> None:
    path = f"/clients/{machine.client.client_id}"
    rotated = (await api.post(f"{path}/secret", {"overlap_seconds": 3600})).json()
    fresh = NewClient(machine.client, rotated["client_secret"])
    for client in (machine, fresh):
        assert "access_token" in await client_token(server, acme, client, "read")
    assert (await api.get(path)).json()["former_secret_expires_at"] is not None
    assert (await api.delete(f"{path}/former-secret")).status_code == 204
    assert "error" in await client_token(server, acme, machine, "read")
    assert "access_token" in await client_token(server, acme, fresh, "read")
    assert is_problem(await api.delete(f"{path}/former-secret"), 404, "not-found")
    # To sign with a secret it needs one that is kept: both are chosen in one step.
    signs = {"authentication_methods": ["client_secret_jwt"]}
    answer = await api.patch(path, signs, if_match="*")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/authentication_methods"]
    assert "client_secret" in (await api.post(f"{path}/secret", signs)).json()
    assert (await api.get(path)).json()["authentication_methods"] == ["client_secret_jwt"]
    answer = await api.post(f"{path}/secret", {"authentication_methods": ["none"]})
    assert is_problem(answer, 422, "invalid")


@on_sqlite
async def test_a_public_client_has_no_secret_to_replace(
    api: ApiClient, device_client: NewClient
) -> None:
    answer = await api.post(f"/clients/{device_client.client.client_id}/secret", {})
    assert is_problem(answer, 409, "conflict")


@pytest.fixture
async def waiting(server: RunningServer, acme: Tenant) -> str:
    """A client that waits for an administrator."""
    with use_tenant(acme):
        new = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Mine", grant_types=["client_credentials"], status=ClientStatus.PENDING
            ),
        )
    return new.client.client_id


async def test_dc_08_what_is_approved_is_what_was_read(
    server: RunningServer, api: ApiClient, acme: Tenant, waiting: str
) -> None:
    read = await api.get(f"/clients/{waiting}")
    with use_tenant(acme):
        change = ClientChange(redirect_uris=["https://evil.example/cb"])
        await provisioning.change_client(server.parts, waiting, change)
    answer = await api.post(f"/clients/{waiting}/approve", if_match=read.headers["etag"])
    assert is_problem(answer, 412, "changed")
    read = await api.get(f"/clients/{waiting}")
    answer = await api.post(f"/clients/{waiting}/approve", if_match=read.headers["etag"])
    assert (answer.status_code, answer.json()["status"]) == (200, "active")


async def test_a_client_that_waits_is_decided_about_once(
    api: ApiClient, waiting: str, acme: Tenant, ledger: Ledger
) -> None:
    path = f"/clients/{waiting}"
    assert is_problem(await api.post(f"{path}/enable"), 409, "conflict")
    listed = (await api.get("/clients?status=pending")).json()["items"]
    assert [each["client_id"] for each in listed] == [waiting]
    answers = await asyncio.gather(*(api.post(f"{path}/approve") for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    assert (await api.get(path)).json()["status"] == "active"
    assert is_problem(await api.post(f"{path}/reject"), 409, "conflict")
    assert len(await ledger.events(acme, Event.CLIENT_APPROVED)) == 1


async def test_a_client_is_stopped_and_its_tokens_end(
    server: RunningServer, api: ApiClient, acme: Tenant, machine: NewClient
) -> None:
    path = f"/clients/{machine.client.client_id}"
    assert "access_token" in await client_token(server, acme, machine, "read")
    assert (await api.post(f"{path}/revoke-tokens")).json() == {"revoked": 1}
    assert (await api.post(f"{path}/disable")).json()["status"] == "inactive"
    assert "error" in await client_token(server, acme, machine, "read")
    assert (await api.post(f"{path}/enable")).json()["status"] == "active"
    assert "access_token" in await client_token(server, acme, machine, "read")


async def test_clients_are_found_by_the_page(api: ApiClient) -> None:
    for name in ("b", "a", "d", "c"):
        await created(api, name=f"Orders {name}")
    seen: list[str] = []
    path = "/clients?limit=2&search=ORDERS&sort=-name"
    page = await api.get(path)
    while True:
        seen += [each["name"] for each in page.json()["items"]]
        if page.json()["next"] is None:
            break
        await created(api, name=f"Orders {'z' if len(seen) < 3 else 'y'}")
        page = await api.get(f"{path}&cursor={page.json()['next']}")
    assert seen == ["Orders d", "Orders c", "Orders b", "Orders a"]
    back = await api.get(f"{path}&cursor={page.json()['previous']}")
    assert [each["name"] for each in back.json()["items"]] == ["Orders d", "Orders c"]
    assert 'rel="prev"' in back.headers["link"]
    assert 'rel="next"' in back.headers["link"]


@on_sqlite
async def test_ti_04_a_cursor_is_good_for_its_own_list_only(
    api: ApiClient, foreign_api: ApiClient
) -> None:
    for each in (api, foreign_api):
        await created(each)
        await created(each)
    cursor = (await api.get("/clients?limit=1&status=active")).json()["next"]
    for caller, path in (
        (foreign_api, f"/clients?limit=1&status=active&cursor={cursor}"),
        (api, f"/clients?limit=1&cursor={cursor}"),
        (api, f"/clients?limit=1&status=active&sort=-name&cursor={cursor}"),
        (api, f"/users?limit=1&cursor={cursor}"),
        (api, f"/clients?limit=1&status=active&cursor={cursor[:-8]}AAAAAAA="),
        (api, "/clients?cursor=x"),
        (api, f"/clients?cursor={'A' * 2_000}"),
    ):
        assert is_problem(await caller.get(path), 400, "bad-cursor"), path
    assert (await api.get(f"/clients?limit=9&status=active&cursor={cursor}")).status_code == 200


@on_sqlite
async def test_un_13_a_wildcard_is_a_letter(api: ApiClient) -> None:
    await created(api, name="100% of it")
    await created(api, name="1000 of it")
    for text, found in (("0%25", 1), ("0_", 0), ("%5C", 0), ("of%20it", 2)):
        listed = (await api.get(f"/clients?search={text}")).json()["items"]
        assert len(listed) == found, text


@on_sqlite
async def test_how_a_client_proves_itself_is_changed_and_taken_back(api: ApiClient) -> None:
    path = f"/clients/{(await created(api))['client_id']}"
    by_form = await api.patch(
        path, {"authentication_methods": ["client_secret_post"]}, if_match="*"
    )
    assert by_form.json()["authentication_methods"] == ["client_secret_post"]
    usual = await api.patch(path, {"authentication_methods": None}, if_match="*")
    assert usual.json()["authentication_methods"] == ["client_secret_basic", "client_secret_post"]
    without_keys = await api.patch(
        path, {"authentication_methods": ["private_key_jwt"]}, if_match="*"
    )
    assert is_problem(without_keys, 422, "invalid")
    path = f"/clients/{(await created(api, **PUBLIC))['client_id']}"
    secret = {"authentication_methods": ["client_secret_post"]}
    answer = await api.patch(path, secret, if_match="*")
    assert is_problem(answer, 422, "invalid")
    assert answer.json()["errors"][0]["pointer"] == "/authentication_methods"


@on_sqlite
async def test_a_client_keeps_the_secret_that_it_has(
    api: ApiClient, server: RunningServer, acme: Tenant
) -> None:
    secret = "ago_mfrggzdfmztwq2lknnwg23tpobyxe43uov3ho6dzpiqge5dsmu7q"
    told = await created(api, client_id="backup", client_secret=secret)
    assert told["client_secret"] is None
    with use_tenant(acme):
        backup = await clients.find("backup")
    assert backup is not None
    issued = await client_token(server, acme, NewClient(backup, secret), "orders:read")
    assert issued["access_token"]
    for wrong in ({"client_secret": "hunter2"}, {"client_secret": secret, **PUBLIC}):
        answer = await api.post("/clients", ORDERS | wrong)
        assert is_problem(answer, 422, "invalid")
        assert answer.json()["errors"][0]["pointer"] == "/client_secret"
