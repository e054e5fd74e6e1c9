"""``/api/v1/bulk``: the same done to several things, to all or to none."""

from typing import Any

from authgate import provisioning
from authgate.audit import Event
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer


async def several(server: RunningServer, tenant: Tenant, *, waiting: str = "") -> dict[str, str]:
    """Three clients, and the secrets by their ids."""
    made = {}
    with use_tenant(tenant):
        for name in ("a", "b", "c"):
            status = ClientStatus.PENDING if name in waiting else ClientStatus.ACTIVE
            draft = ClientDraft(
                name=name, client_id=name, grant_types=["client_credentials"], status=status
            )
            made[name] = str((await provisioning.add_client(server.parts, draft)).secret)
    return made


async def statuses(tenant: Tenant) -> list[str]:
    with use_tenant(tenant):
        found = await clients.find_many(["a", "b", "c"])
    return [str(found[name].status) for name in "abc"]


def selected(*names: str, **more: Any) -> dict[str, Any]:
    return {"clients": [{"client_id": name, **more} for name in names]}


async def test_several_clients_are_disabled_and_enabled_together(
    server: RunningServer, api: ApiClient, acme: Tenant, ledger: Ledger
) -> None:
    await several(server, acme)
    answer = await api.post("/bulk/clients/disable", selected("c", "a"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert await statuses(acme) == ["inactive", "active", "inactive"]
    assert (await api.post("/bulk/clients/disable", selected("a", "b"))).status_code == 204
    assert len(await ledger.events(acme, Event.CLIENT_UPDATED)) == 3, "none for what was so"
    assert (await api.post("/bulk/clients/enable", selected("a", "b", "c"))).status_code == 204
    assert await statuses(acme) == ["active"] * 3


async def test_ad_10_where_one_of_several_cannot_be_nothing_is_done_to_any(
    server: RunningServer, api: ApiClient, foreign_api: ApiClient, acme: Tenant, globex: Tenant
) -> None:
    await several(server, acme, waiting="b")
    await several(server, globex)
    before = await statuses(acme)
    answer = await api.post("/bulk/clients/disable", selected("a", "b"))
    assert is_problem(answer, 409, "conflict")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/clients/1"]
    answer = await api.post("/bulk/clients/approve", selected("b", "a", "c"))
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/clients/1", "/clients/2"]
    nothing: dict[str, Any] = {"clients": []}
    for wrong in (selected("a", "nobody"), selected("a", "a"), nothing):
        assert is_problem(await api.post("/bulk/clients/disable", wrong), 422, "invalid")
    many = selected(*(f"c{number}" for number in range(101)))
    assert is_problem(await api.post("/bulk/clients/disable", many), 422, "invalid")
    stale = selected("a", updated_at="2020-01-01T00:00:00Z")
    answer = await api.post("/bulk/clients/disable", stale)
    assert is_problem(answer, 409, "conflict")
    # What is called so elsewhere is not reached from there.
    assert (await foreign_api.post("/bulk/clients/disable", selected("a"))).status_code == 204
    assert await statuses(acme) == before
    shown = (await api.get("/clients/b")).json()["updated_at"]
    answer = await api.post("/bulk/clients/approve", selected("b", updated_at=shown))
    assert answer.status_code == 204
    assert await statuses(acme) == ["active"] * 3


@on_sqlite
async def test_nobody_lets_several_in_that_may_more_than_themselves(
    server: RunningServer, acme: Tenant
) -> None:
    scope = Scope.CLIENTS_WRITE.value
    with use_tenant(acme):
        draft = ClientDraft(
            name="a",
            client_id="a",
            grant_types=["client_credentials"],
            scopes=[Scope.USERS_WRITE.value],
            status=ClientStatus.PENDING,
        )
        await provisioning.add_client(server.parts, draft)
    api = await api_client(server, acme, scope)
    answer = await api.post("/bulk/clients/approve", selected("a"))
    assert is_problem(answer, 403, "beyond-own-scopes")


async def test_ti_32_the_tokens_of_several_clients_end_together_and_several_tokens_do(
    server: RunningServer, api: ApiClient, foreign_api: ApiClient, acme: Tenant
) -> None:
    for client_id, secret in (await several(server, acme)).items():
        for _ in range(2):
            answer = await server.http.post(
                f"{acme.issuer}/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(client_id, secret),
            )
            assert answer.status_code == 200

    async def living() -> dict[str, str]:
        asked = await api.get("/tokens?status=active&subject_type=client")
        return {each["id"]: each["client_id"] for each in asked.json()["items"]}

    answer = await api.post("/bulk/clients/revoke-tokens", selected("a", "c"))
    assert answer.status_code == 204
    left = [each for each, client_id in (await living()).items() if client_id == "b"]
    assert len(left) == 2
    assert not {"a", "c"} & set((await living()).values())
    unknown = "01930000-0000-7000-8000-000000000009"
    answer = await api.post("/bulk/tokens/revoke", {"ids": [left[0], unknown]})
    assert is_problem(answer, 422, "invalid")
    assert answer.json()["errors"][0]["pointer"] == "/ids/1"
    own = (await foreign_api.get("/tokens")).json()["items"][0]["id"]
    answer = await foreign_api.post("/bulk/tokens/revoke", {"ids": [own, *left]})
    assert is_problem(answer, 422, "invalid")
    assert (await foreign_api.get(f"/tokens/{own}")).json()["status"] == "active"
    assert set(left) <= (await living()).keys()
    answer = await api.post("/bulk/tokens/revoke", {"ids": left})
    assert answer.json() == {"revoked": 2}
    assert (await api.post("/bulk/tokens/revoke", {"ids": left})).json() == {"revoked": 0}
    assert "b" not in (await living()).values()
    assert (await api.get("/tokens?subject_type=user")).json()["items"] == []
