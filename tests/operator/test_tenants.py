"""What operators do with tenants, by the API."""

from collections import Counter

import httpx2
import pytest

from authgate import audit, provisioning, storage
from authgate.audit import Event
from authgate.operator.crossing import across
from authgate.permissions import UserRole
from authgate.storage import StorageUnavailable, idempotent_requests
from authgate.storage.people.users import UserRow
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_tenants.lifecycle import SlugTaken
from authgate_testing.api import ApiClient, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

NORTHWIND = {"slug": "northwind", "name": "Northwind", "owner": {"username": "nora"}}


async def test_a_tenant_begins_with_its_owner_who_signs_in_and_is_written_down_twice(
    server: RunningServer, operator: ApiClient, ops: Tenant, ledger: Ledger
) -> None:
    made = await operator.post("/tenants", NORTHWIND)
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["slug"], told["status"], told["owner"]) == ("northwind", "active", "nora")
    assert made.headers["location"].endswith(f"/operator/v1/tenants/{told['id']}")
    northwind = await server.parts.resolver.find("northwind")
    assert northwind is not None
    page = await Person(server.browser()).sign_in(northwind.issuer, "nora", told["password"])
    assert page.url.path.endswith("/account/sessions"), page.text
    with use_tenant(northwind):
        [owner] = await UserRow.all()
        assert owner.role is UserRole.OWNER
    [theirs] = await ledger.events(northwind, Event.TENANT_CREATED)
    [_, ours] = await ledger.events(ops, Event.TENANT_CREATED)  # the first is its own
    assert theirs.actor_type == "operator", "nobody of its own people"
    assert ours.actor_type == "client"
    assert theirs.resource_id == ours.resource_id == told["id"]


async def test_a_request_that_comes_again_makes_no_second_tenant_and_tells_the_same_password(
    operator: ApiClient,
) -> None:
    first = await operator.post("/tenants", NORTHWIND, idempotency_key="one")
    again = await operator.post("/tenants", NORTHWIND, idempotency_key="one")
    assert first.status_code == 201, first.text
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    listed = (await operator.get("/tenants")).json()["items"]
    assert [each["slug"] for each in listed] == ["northwind", "ops"]


async def test_where_an_answer_cannot_be_kept_nothing_was_done_and_it_can_be_asked_for_again(
    server: RunningServer,
    operator: ApiClient,
    ops: Tenant,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def asked(path: str, said: object = None) -> httpx2.Response:
        with monkeypatch.context() as failing:
            failing.setattr(idempotent_requests, "finish", database_away)
            refused = await operator.post(path, said, idempotency_key=path)
        assert refused.status_code == 503, refused.text
        assert len(await ledger.events(ops)) == before
        return await operator.post(path, said, idempotency_key=path)

    before = len(await ledger.events(ops))
    made = await asked("/tenants", NORTHWIND)
    assert made.status_code == 201, made.text
    before += 1
    where = f"/tenants/{made.json()['id']}"
    suspended = await asked(f"{where}/suspend")
    assert suspended.json()["status"] == "suspended", suspended.text
    northwind = await server.parts.resolver.find("northwind")
    assert northwind is not None
    kinds = Counter(each.event_type for each in await ledger.events(northwind))
    assert (kinds[Event.TENANT_CREATED], kinds[Event.TENANT_SUSPENDED]) == (1, 1)


async def test_an_act_that_fails_is_undone_alone_and_what_follows_is_inside_of_the_operators(
    server: RunningServer, ops: Tenant, acme: Tenant, ledger: Ledger
) -> None:
    operators = await server.parts.resolver.find(ops.slug)
    assert operators is not None
    before = len(await ledger.events(acme))
    with use_tenant(operators):
        async with storage.transaction():
            with pytest.raises(SlugTaken):
                await suspended_and_made_once_more(server, acme)
            await audit.record(Event.ANNOUNCEMENT_ENDED, actor=audit.SYSTEM)
    assert len(await ledger.events(ops, Event.ANNOUNCEMENT_ENDED)) == 1
    assert len(await ledger.events(acme)) == before


async def suspended_and_made_once_more(server: RunningServer, tenant: Tenant) -> None:
    async with across():
        await provisioning.set_tenant_status(server.parts, tenant, TenantStatus.SUSPENDED)
        await provisioning.add_tenant(server.parts, slug=tenant.slug, name="Once more")


async def database_away(*_: object) -> bool:
    raise StorageUnavailable("The database went away.")


@on_sqlite
async def test_of_a_tenant_that_cannot_begin_nothing_is_left(
    server: RunningServer, operator: ApiClient, ops: Tenant
) -> None:
    for slug, pointer in (("Northwind", "/slug"), ("login", "/slug"), ("0ps", "/slug")):
        answer = await operator.post("/tenants", {**NORTHWIND, "slug": slug})
        assert is_problem(answer, 422, "invalid"), slug
        assert answer.json()["errors"][0]["pointer"] == pointer
    for said, pointer in (
        ({"username": "no ra"}, "/owner/username"),
        ({"username": "nora", "email": "nora@localhost"}, "/owner/email"),
    ):
        answer = await operator.post("/tenants", {**NORTHWIND, "owner": said})
        assert is_problem(answer, 422, "invalid")
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert await server.parts.resolver.find("northwind") is None
    assert (await operator.post("/tenants", NORTHWIND)).status_code == 201
    assert is_problem(await operator.post("/tenants", NORTHWIND), 409, "conflict")
    assert is_problem(await operator.post("/tenants", {**NORTHWIND, "slug": "ops"}), 422, "invalid")


@on_sqlite
async def test_nobodys_tenant_can_be_taken_for_the_operators(
    server: RunningServer, operator: ApiClient
) -> None:
    object.__setattr__(server.parts.settings, "operator_tenant", "pilots")
    for slug in ("pllots", "pi1ots", "piiots", "p-1l0t5", "pilotss"):
        answer = await operator.post("/tenants", {**NORTHWIND, "slug": slug})
        assert is_problem(answer, 422, "invalid"), slug
        assert "could be taken for" in answer.text
    assert (await operator.post("/tenants", {**NORTHWIND, "slug": "pilot"})).status_code == 201


async def test_a_suspended_tenant_is_refused_at_once_and_served_again_when_it_is_resumed(
    server: RunningServer, operator: ApiClient, ops: Tenant, acme: Tenant, ledger: Ledger
) -> None:
    where = f"/tenants/{acme.id}"
    metadata = f"{acme.issuer}/.well-known/openid-configuration"
    told = await operator.post(f"{where}/suspend")
    assert (told.status_code, told.json()["status"]) == (200, "suspended"), told.text
    assert (await server.http.get(metadata)).status_code == 403
    told = await operator.post(f"{where}/resume", idempotency_key="resume")
    assert (told.status_code, told.json()["status"]) == (200, "active"), told.text
    assert (await server.http.get(metadata)).status_code == 200
    for tenant in (acme, ops):
        assert len(await ledger.events(tenant, Event.TENANT_SUSPENDED)) == 1
        assert len(await ledger.events(tenant, Event.TENANT_RESUMED)) == 1
    refused = await operator.post(f"/tenants/{ops.id}/suspend")
    assert is_problem(refused, 409, "conflict"), "nobody could take it back"


@on_sqlite
async def test_a_tenant_is_renamed_as_it_was_read_and_not_otherwise(
    operator: ApiClient, acme: Tenant, ledger: Ledger
) -> None:
    where = f"/tenants/{acme.id}"
    read = await operator.get(where)
    tag = read.headers["etag"]
    assert is_problem(await operator.patch(where, {"name": "A"}), 428, "precondition-required")
    named = await operator.patch(where, {"name": "Acme & Sons"}, if_match=tag)
    assert (named.status_code, named.json()["name"]) == (200, "Acme & Sons"), named.text
    assert is_problem(await operator.patch(where, {"name": "B"}, if_match=tag), 412, "changed")
    assert is_problem(await operator.patch(where, {"slug": "b"}, if_match="*"), 422, "invalid")
    assert is_problem(await operator.patch(where, {"name": None}, if_match="*"), 422, "invalid")
    [event] = await ledger.events(acme, Event.TENANT_UPDATED)
    assert event.details["changes"] == [{"setting": "name", "was": "Acme", "is": "Acme & Sons"}]


async def test_tenants_are_found_by_how_their_names_begin_and_by_their_hosts(
    operator: ApiClient, acme: Tenant, globex: Tenant
) -> None:
    async def found(query: str) -> list[str]:
        answer = await operator.get(f"/tenants?{query}")
        assert answer.status_code == 200, answer.text
        return [each["slug"] for each in answer.json()["items"]]

    for slug, name in (("acne", "Ärzte"), ("ac-me", "acme again"), ("b", "100% _off")):
        made = await operator.post("/tenants", {**NORTHWIND, "slug": slug, "name": name})
        assert made.status_code == 201, made.text
    assert (await operator.post(f"/tenants/{globex.id}/suspend")).status_code == 200
    assert await found("") == ["ac-me", "acme", "acne", "b", "globex", "ops"]
    assert await found("search=ac") == ["ac-me", "acme", "acne"]
    assert await found("search=acm") == ["acme"]
    assert await found("search=%25") == []
    assert await found("search=ACME&sort=name") == ["acme", "ac-me"]
    assert await found("search=100%25+_&sort=name") == ["b"]
    assert await found("search=%C3%84&sort=name") == ["acne"]
    assert await found("status=suspended") == ["globex"]
    assert await found("status=active&search=gl") == []
    assert await found("status=suspended&search=Gl&sort=name") == ["globex"]
    assert await found("host=nobody.example") == []


@on_sqlite
async def test_pages_go_on_and_back_and_a_cursor_is_good_for_its_own_list_alone(
    operator: ApiClient, acme: Tenant, globex: Tenant
) -> None:
    for number in range(4):
        made = await operator.post("/tenants", {**NORTHWIND, "slug": f"n{number}"})
        assert made.status_code == 201
    first = (await operator.get("/tenants?limit=3&sort=name")).json()
    for sort in ("slug", "name"):
        seen, query = [], f"/tenants?limit=3&sort={sort}"
        page = (await operator.get(query)).json()
        assert page["previous"] is None
        while True:
            seen += [each["slug"] for each in page["items"]]
            if page["next"] is None:
                break
            before = page
            page = (await operator.get(f"{query}&cursor={page['next']}")).json()
        assert len(seen) == len(set(seen)) == 7, seen
        back = (await operator.get(f"{query}&cursor={page['previous']}")).json()
        assert back["items"] == before["items"]
    other = f"/tenants?limit=3&sort=slug&cursor={first['next']}"
    assert is_problem(await operator.get(other), 400, "bad-cursor")


@on_sqlite
async def test_what_there_is_not_is_not_found(operator: ApiClient, ops: Tenant) -> None:
    nowhere = "01930000-0000-7000-8000-000000000009"
    for path in (f"/tenants/{nowhere}", "/tenants/ops", "/tenants/*", "/tenant", "/users", "/"):
        assert is_problem(await operator.get(path), 404, "not-found"), path
    for act in ("suspend", "resume"):
        assert is_problem(await operator.post(f"/tenants/{nowhere}/{act}"), 404, "not-found")
    assert is_problem(
        await operator.patch(f"/tenants/{nowhere}", {}, if_match="*"), 404, "not-found"
    )


@on_sqlite
async def test_a_person_who_operates_is_named_in_both_logs(
    by_mira: ApiClient, ops: Tenant, acme: Tenant, ledger: Ledger
) -> None:
    assert (await by_mira.post(f"/tenants/{acme.id}/suspend")).status_code == 200
    [theirs] = await ledger.events(acme, Event.TENANT_SUSPENDED)
    [ours] = await ledger.events(ops, Event.TENANT_SUSPENDED)
    assert (theirs.actor_type, theirs.actor_name) == ("operator", "mira")
    assert (ours.actor_type, ours.actor_name) == ("user", "mira")
    assert PASSWORD not in str(theirs.details)


@on_sqlite
async def test_what_a_tenant_uses_is_told_day_by_day(
    server: RunningServer, operator: ApiClient, acme: Tenant
) -> None:
    await api_client(server, acme, "authgate:clients:read")
    used = (await operator.get(f"/tenants/{acme.id}/usage?days=7")).json()
    assert used["tokens"] == 1
    assert [each["tokens"] for each in used["days"]] == [1]
