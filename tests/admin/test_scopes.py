"""``/api/v1/scopes``: the tenant's scopes in words for people."""

import asyncio

from authgate.audit import Event
from authgate_tenants import Tenant
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.application import Application, sent_on
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person

READ = {"name": "read", "title": "look at your orders", "sensitive": True}


async def test_a_scope_is_described_and_shown_so(
    api: ApiClient, acme: Tenant, console: Application, person: Person, ledger: Ledger
) -> None:
    made = await api.post("/scopes", READ)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"{acme.issuer}/api/v1/scopes/read"
    page = await sent_on(person, console.ask(scope="openid read").url)
    assert "look at your orders" in page.text
    german = {"translations": {"de": {"title": "Ihre Bestellungen sehen"}}}
    changed = await api.patch("/scopes/read", german, if_match=(await _tag(api)))
    assert changed.json()["translations"]["de"]["title"] == "Ihre Bestellungen sehen"
    assert changed.json()["title"] == "look at your orders"
    assert [each["name"] for each in (await api.get("/scopes")).json()["items"]] == ["read"]
    assert is_problem(await api.delete("/scopes/read"), 409, "conflict")
    assert (await api.post("/scopes", READ | {"name": "a/b"})).status_code == 201
    assert (await api.delete("/scopes/a%2Fb")).status_code == 204
    kinds = (Event.SCOPE_CREATED, Event.SCOPE_UPDATED, Event.SCOPE_DELETED)
    for kind in kinds:
        assert (await ledger.events(acme, kind))[0].actor_type == "client"


async def _tag(api: ApiClient) -> str:
    tag: str = (await api.get("/scopes/read")).headers["etag"]
    return tag


async def test_ad_06_of_descriptions_of_one_scope_one_is_stored(api: ApiClient) -> None:
    answers = await asyncio.gather(*(api.post("/scopes", READ) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [201] + [409] * 5
    tag = await _tag(api)
    answers = await asyncio.gather(
        *(api.patch("/scopes/read", {"title": f"read {n}"}, if_match=tag) for n in range(6))
    )
    assert sorted(each.status_code for each in answers) == [200] + [412] * 5


@on_sqlite
async def test_a_scope_of_this_api_is_described_by_nobody(api: ApiClient) -> None:
    answer = await api.post("/scopes", READ | {"name": "authgate:clients:read"})
    assert is_problem(answer, 422, "invalid")
    assert answer.json()["errors"][0]["pointer"] == "/name"
    assert is_problem(await api.get(f"/scopes/{'x' * 200}"), 404, "not-found")
