"""SCIM's door: who may come in, and how everybody is told no (RFC 7644 sections 2, 3.12 and 4)."""

from collections import Counter
from datetime import timedelta

import pytest

from authgate import provisioning
from authgate.permissions import RECENTLY, UserRole
from authgate.provisioning import scim_tokens as provisioning_tokens
from authgate.settings import Settings
from authgate.storage.database import StorageUnavailable
from authgate.storage.metering import usage_entries
from authgate.storage.metering.usage_entries import UsageEntry
from authgate.storage.people import scim_tokens, users
from authgate.storage.people.users import User, UserRow
from authgate.storage.redis.rate_limits import Limit
from authgate_tenants import Plan, Tenant, TenantSettings, TenantStatus, use_tenant
from authgate_testing.api import ApiClient, administering, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.scim import USER, Directory, given_token, is_refused, person
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change


@on_sqlite
async def test_what_there_is_is_told_to_anybody(contoso: Directory, acme: Tenant) -> None:
    anybody = Directory(contoso.http, acme, "")
    config = (await anybody.get("/ServiceProviderConfig")).json()
    here = f"{acme.issuer}/scim/v2"
    assert config["meta"]["location"] == f"{here}/ServiceProviderConfig"
    assert config["patch"]["supported"] is config["etag"]["supported"] is True
    assert config["filter"] == {"supported": True, "maxResults": 100}
    assert config["pagination"]["cursor"] is True
    schemas = (await anybody.get("/Schemas")).json()
    assert USER in [each["id"] for each in schemas["Resources"]]
    user = (await anybody.get(f"/Schemas/{USER}")).json()
    assert [each["name"] for each in user["attributes"]][:2] == ["userName", "name"]
    kind = (await anybody.get("/ResourceTypes/User")).json()
    assert (kind["endpoint"], kind["schema"]) == ("/Users", USER)
    assert is_refused(await anybody.get("/Schemas/urn:nothing"), 404)
    assert is_refused(await anybody.get("/Users"), 401)


@on_sqlite
async def test_programs_come_in_with_the_scopes_of_scim(
    server: RunningServer, acme: Tenant
) -> None:
    reading = await api_client(server, acme, "authgate:scim:read")
    reader = Directory(server.http, acme, reading.token)
    assert (await reader.get("/Users")).status_code == 200
    refused = await reader.call("POST", "/Users", person("x"))
    assert is_refused(refused, 403)
    assert "insufficient_scope" in refused.headers["www-authenticate"]
    both = await api_client(server, acme, "authgate:scim:read", "authgate:scim:write")
    made = await Directory(server.http, acme, both.token).user("x")
    assert made["userName"] == "x"
    other = await api_client(server, acme, "authgate:users:write")
    assert is_refused(await Directory(server.http, acme, other.token).get("/Users"), 403)
    with use_tenant(acme):
        counted = Counter([each.client_id for each in await UsageEntry.filter(detail="scim")])
    done = [each.client.client.client_id for each in (reading, both) if each.client]
    assert counted == Counter(done), "what was refused is not counted"


@on_sqlite
async def test_what_cannot_be_counted_is_not_done_and_who_reads_is_answered(
    contoso: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def out_of_reach(*_: object, **__: object) -> None:
        raise StorageUnavailable("gone")

    one = {"method": "POST", "path": "/Users", "bulkId": "1", "data": person("y")}
    monkeypatch.setattr(usage_entries, "note", out_of_reach)
    assert is_refused(await contoso.call("POST", "/Users", person("x")), 503)
    assert is_refused(await contoso.bulk(one), 503)
    found = await contoso.get("/Users")
    assert (found.status_code, found.json()["totalResults"]) == (200, 0)


@on_sqlite
async def test_people_come_in_as_far_as_their_role_reaches(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    app = await administering(server, acme, "authgate:scim:read", "authgate:scim:write")
    issued = await app.signed_in(person, scope="authgate:scim:read authgate:scim:write")
    by_alice = Directory(server.http, acme, issued["access_token"])
    found = f"/Users/{alice.id}"
    off = {"op": "replace", "path": "active", "value": False}
    for role, reads, writes in (
        (UserRole.USER, 403, 403),
        (UserRole.CLIENT_MANAGER, 403, 403),
        (UserRole.AUDITOR, 200, 403),
        (UserRole.ADMIN, 200, 201),
    ):
        with use_tenant(acme):
            await users.set_role(alice.id, role)
        assert (await by_alice.get("/Users")).status_code == reads, role
        said = {"schemas": [USER], "userName": f"by-{role}"}
        assert (await by_alice.call("POST", "/Users", said)).status_code == writes, role
    assert is_refused(await by_alice.patch(found, off), 403), "nobody shuts out themselves"
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(guest_until=server.clock() + timedelta(hours=1))
    assert is_refused(await by_alice.call("POST", "/Users", {"userName": "x"}), 403)
    assert (await by_alice.get("/Users")).status_code == 200
    with use_tenant(acme):
        counted = [each.client_id for each in await UsageEntry.filter(detail="scim")]
    assert counted == [app.client.client.client_id] * 3, "what a guest does is not counted"


@on_sqlite
async def test_ad_04_people_alone_make_tokens_soon_after_they_have_signed_in(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    scopes, said = ("authgate:scim:read", "authgate:scim:write"), {"description": "Okta"}
    program = await api_client(server, acme, *scopes)
    refused = await program.post("/scim-tokens", said)
    assert is_problem(refused, 403, "beyond-own-role")
    app = await administering(server, acme, *scopes)
    issued = await app.signed_in(person, scope=" ".join(scopes))
    by_alice = ApiClient(server.http, acme, issued["access_token"])
    with use_tenant(acme):
        here = UserRow.filter(id=alice.id)
        await here.update(role=UserRole.ADMIN, guest_until=server.clock() + timedelta(hours=1))
        refused = await by_alice.post("/scim-tokens", said)
        await here.update(guest_until=None)
    assert is_problem(refused, 403, "beyond-own-role")
    made = await by_alice.post("/scim-tokens", said)
    assert made.status_code == 201, made.text
    assert (await Directory(server.http, acme, made.json()["token"]).get("/Users")).is_success
    server.clock.advance(RECENTLY.total_seconds() + 60)
    late = await by_alice.post("/scim-tokens", said)
    assert is_problem(late, 401, "recent-sign-in-required")
    [kept] = (await program.get("/scim-tokens")).json()["items"]
    assert kept["created_by"] == "alice"
    assert (await program.delete(f"/scim-tokens/{kept['id']}")).status_code == 204


@on_sqlite
async def test_a_tenant_has_twenty_tokens_and_no_more(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    scopes, said = ("authgate:scim:read", "authgate:scim:write"), {"description": "Okta"}
    app = await administering(server, acme, *scopes)
    issued = await app.signed_in(person, scope=" ".join(scopes))
    by_alice = ApiClient(server.http, acme, issued["access_token"])
    with use_tenant(acme):
        await users.set_role(alice.id, UserRole.ADMIN)
    for _ in range(19):
        await given_token(acme)
    made = await by_alice.post("/scim-tokens", said)
    assert made.status_code == 201, made.text
    assert is_problem(await by_alice.post("/scim-tokens", said), 409, "conflict")
    assert (await by_alice.delete(f"/scim-tokens/{made.json()['id']}")).status_code == 204
    assert (await by_alice.post("/scim-tokens", said)).status_code == 201


@on_sqlite
@pytest.mark.usefixtures("limits_stand_still")
async def test_who_guesses_tokens_has_to_wait_and_whose_token_is_good_has_not(
    server: RunningServer, contoso: Directory, acme: Tenant
) -> None:
    guesser = Directory(server.http, acme, f"{scim_tokens.PREFIX}{'a' * 43}")
    for _ in range(Limit.parse(server.parts.settings.limits.bearer_failures).burst):
        assert is_refused(await guesser.get("/Users"), 401)
    refused = await guesser.get("/Users")
    assert is_refused(refused, 429)
    assert int(refused.headers["retry-after"]) > 0
    assert (await contoso.get("/Users")).status_code == 200


@on_sqlite
async def test_a_token_is_good_until_its_end_or_until_it_is_taken_back(
    server: RunningServer, contoso: Directory, acme: Tenant
) -> None:
    assert (await contoso.get("/Users")).status_code == 200
    with use_tenant(acme):
        (kept,) = await scim_tokens.all_tokens(now=server.clock())
    assert kept.last_used_at is not None
    server.clock.advance(31 * 24 * 3600)
    assert is_refused(await contoso.get("/Users"), 401)
    server.clock.advance(-31 * 24 * 3600)
    assert (await contoso.get("/Users")).status_code == 200
    with use_tenant(acme):
        await provisioning_tokens.withdraw_provisioning(kept.id)
    assert is_refused(await contoso.get("/Users"), 401)


@on_sqlite
async def test_everybody_is_told_no_in_scims_own_words(
    server: RunningServer, contoso: Directory, acme: Tenant, settings: Settings
) -> None:
    assert is_refused(await contoso.get("/Nothing"), 404)
    assert is_refused(await contoso.get("/Users/7"), 404)
    assert is_refused(await contoso.get("/Me"), 404)
    answer = await contoso.call("DELETE", "/Users")
    assert is_refused(answer, 405)
    assert answer.headers["allow"] == "GET, POST"
    answer = await contoso.call("POST", "/Users", person("x"), media_type="text/plain")
    assert is_refused(answer, 415, "invalidSyntax")
    answer = await contoso.call("POST", "/Users", ["x"])
    assert is_refused(answer, 400, "invalidSyntax")
    large = person("x", title="x" * settings.server.body_limit)
    assert is_refused(await contoso.call("POST", "/Users", large), 413)
    assert is_refused(await contoso.call("GET", "/Users?count=1&count=2"), 400, "invalidValue")
    assert is_refused(await contoso.call("GET", "/Users?filter=%ff"), 400, "invalidSyntax")
    elsewhere = await contoso.http.get("/t/nobody/scim/v2/Users", headers={"Accept": "text/html"})
    assert is_refused(elsewhere, 404)
    limits = TenantSettings(login_limits={"api_per_caller": "1/min burst 1"})
    await change(server, acme, settings=limits.to_json())
    answers = [await contoso.get("/Users") for _ in range(2)]
    assert is_refused(answers[1], 429)
    assert int(answers[1].headers["retry-after"]) > 0
    await change(server, acme, status=TenantStatus.SUSPENDED)
    assert is_refused(await contoso.get("/Users"), 403)


@on_sqlite
async def test_the_plan_says_how_many_people_there_may_be(
    server: RunningServer, contoso: Directory, acme: Tenant
) -> None:
    await provisioning.put_plan(server.parts, Plan("tried", users=1))
    await provisioning.give_plan(server.parts, acme, "tried")
    await contoso.user("first")
    refused = await contoso.call("POST", "/Users", person("second"))
    assert is_refused(refused, 403)
    assert "plan" in refused.json()["detail"]
