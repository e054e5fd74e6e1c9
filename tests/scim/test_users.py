"""``/scim/v2/Users``: people whom another directory provisions (RFC 7643, RFC 7644)."""

import asyncio

from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.people import users
from authgate.storage.people.users import User, UserRow
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.scim import SEARCH, USER, Directory, directory, is_refused, person
from authgate_testing.server import RunningServer

MIRA = {
    "externalId": "00u1",
    "name": {"givenName": "Mira", "familyName": "Halvorsen"},
    "emails": [{"value": "mira@contoso.example", "type": "work", "primary": True}],
    "active": True,
}


async def test_a_person_begins_is_read_changed_and_removed(
    contoso: Directory, acme: Tenant, ledger: Ledger
) -> None:
    made = await contoso.call("POST", "/Users", person("mira@contoso.example", **MIRA))
    assert made.status_code == 201, made.text
    told = made.json()
    here = f"{acme.issuer}/scim/v2/Users/{told['id']}"
    assert made.headers["location"] == told["meta"]["location"] == here
    assert made.headers["etag"] == told["meta"]["version"]
    assert told["displayName"] == told["name"]["formatted"] == "Mira Halvorsen"
    assert told["externalId"] == "00u1"
    assert told["active"] is True
    assert (await contoso.get(f"/Users/{told['id']}")).json() == told
    said = MIRA | {"displayName": "Mira H", "externalId": "00u2"}
    replaced = await contoso.call("PUT", f"/Users/{told['id']}", person("mira", **said))
    assert replaced.status_code == 200, replaced.text
    assert replaced.json()["displayName"] == "Mira H"
    assert replaced.json()["userName"] == "mira"
    gone = await contoso.call("DELETE", f"/Users/{told['id']}")
    assert (gone.status_code, gone.text) == (204, "")
    for method, body in (("GET", None), ("PUT", person("mira")), ("DELETE", None)):
        assert is_refused(await contoso.call(method, f"/Users/{told['id']}", body), 404)
    await contoso.user("mira", **MIRA)  # nobody has any of it any more
    created, *_ = await ledger.events(acme, Event.USER_CREATED)
    (updated,) = await ledger.events(acme, Event.USER_UPDATED)
    (deleted,) = await ledger.events(acme, Event.USER_DELETED)
    assert {each.actor_type for each in (created, updated, deleted)} == {"scim_token"}
    assert created.details["is"]["email"] == "mira@contoso.example"
    assert updated.details["was"]["username"] == "mira@contoso.example"
    assert updated.details["is"] == {
        "username": "mira",
        "external_id": "00u2",
        "name": "Mira H",
    }
    assert deleted.resource_id == told["id"]


@on_sqlite
async def test_what_is_not_kept_is_passed_over(contoso: Directory) -> None:
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    said = person("ada", title="Countess", nickName="Ada", roles=[{"value": "owner"}])
    said |= {"schemas": [USER, enterprise], enterprise: {"department": "Engines"}}
    said |= {"id": "7", "groups": [{"value": "8"}], "meta": {"version": "9"}}
    answer = await contoso.call("POST", "/Users", said, media_type="application/json")
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert set(told) == {"schemas", "id", "userName", "active", "meta"}
    assert told["schemas"] == [USER]
    with use_tenant(contoso.tenant):
        row = await UserRow.get(id=told["id"])
    assert row.role is UserRole.USER


NOBODY: list[tuple[dict[str, object], str]] = [
    ({}, "invalidValue"),
    ({"userName": ""}, "invalidValue"),
    ({"userName": "a b"}, "invalidValue"),
    ({"userName": "x" * 101}, "invalidValue"),
    ({"userName": "ﬃ" * 100}, "invalidValue"),
    ({"userName": "x", "externalId": "y" * 256}, "invalidValue"),
    ({"userName": "x", "displayName": "a\u202eb"}, "invalidValue"),
    ({"userName": "x", "emails": [{"value": "no address"}]}, "invalidValue"),
    ({"userName": "x", "emails": "x@acme.example"}, "invalidValue"),
    ({"userName": ["x"]}, "invalidValue"),
    ({"userName": "x", "active": "perhaps"}, "invalidValue"),
    ({"userName": "x\0"}, "invalidSyntax"),
]


@on_sqlite
async def test_who_cannot_be_is_refused(contoso: Directory) -> None:
    for said, kind in NOBODY:
        answer = await contoso.call("POST", "/Users", {"schemas": [USER], **said})
        assert is_refused(answer, 400, kind), (said, answer.text)


async def test_nobody_takes_what_somebody_has(contoso: Directory, alice: User) -> None:
    mira = await contoso.user("mira", **MIRA)
    for said in (
        person("Mira"),
        person("x", externalId="00u1"),
        person("x", emails=[{"value": "MIRA@contoso.example"}]),
        person("mira@contoso.example"),  # would stand in the way of her address
        person("x", emails=[{"value": "alice@acme.example"}]),
    ):
        assert is_refused(await contoso.call("POST", "/Users", said), 409, "uniqueness"), said
    taking = person("alice", **MIRA)
    answer = await contoso.call("PUT", f"/Users/{mira['id']}", taking)
    assert is_refused(answer, 409, "uniqueness")
    answers = await asyncio.gather(
        *(contoso.call("POST", "/Users", person("twin", externalId="t")) for _ in range(3))
    )
    assert sorted(each.status_code for each in answers) == [201, 409, 409]


@on_sqlite
async def test_a_person_is_changed_only_as_they_were_read(contoso: Directory) -> None:
    mira = await contoso.user("mira", **MIRA)
    here, tag = f"/Users/{mira['id']}", mira["meta"]["version"]
    same = await contoso.call("GET", here, headers={"If-None-Match": tag})
    assert (same.status_code, same.text) == (304, "")
    changed = await contoso.call("PUT", here, person("mira"), headers={"If-Match": tag})
    assert changed.status_code == 200
    assert changed.json()["meta"]["version"] != tag
    for method in ("PUT", "DELETE"):
        answer = await contoso.call(method, here, person("mira"), headers={"If-Match": tag})
        assert is_refused(answer, 412)


async def test_whoever_is_active_no_more_is_signed_out_everywhere(
    contoso: Directory, acme: Tenant, alice: User, person: Person, console: Application
) -> None:
    issued = await console.signed_in(person, scope="openid offline_access read")
    here = f"/Users/{alice.id}"
    said = {"op": "Replace", "path": "active", "value": "False"}  # as Microsoft Entra writes it
    answer = await contoso.patch(here, said)
    assert answer.json()["active"] is False
    page = await person.visit(f"{acme.issuer}/account/sessions")
    assert page.url.path.endswith("/login")
    info = await Caller(contoso.http, acme).get("/oauth/userinfo", bearer=issued["access_token"])
    assert info.status_code == 401
    assert (await console.refresh(issued["refresh_token"])).status_code == 400
    answer = await contoso.patch(here, {"op": "replace", "value": {"active": True}})
    assert answer.json()["active"] is True


async def test_whoever_is_removed_leaves_nothing_that_acts_in_their_name(
    contoso: Directory, acme: Tenant, alice: User, person: Person, console: Application,
    ledger: Ledger,
) -> None:  # fmt: skip
    issued = await console.signed_in(person, scope="openid offline_access read")
    assert (await contoso.call("DELETE", f"/Users/{alice.id}")).status_code == 204
    info = await Caller(contoso.http, acme).get("/oauth/userinfo", bearer=issued["access_token"])
    assert info.status_code == 401
    assert (await console.refresh(issued["refresh_token"])).status_code == 400
    rows = await ledger.rows(acme)
    stays = {"audit_events", "audit_erasures", "person_erasures", "active_users"}
    held = {table for table, each in rows.items() if str(alice.id) in str(each)} - stays
    assert held == set()


async def test_no_directory_gets_further_than_an_administrator(
    contoso: Directory, acme: Tenant, alice: User, carol: User
) -> None:
    with use_tenant(acme):
        await users.set_role(alice.id, UserRole.OWNER)
        await users.set_role(carol.id, UserRole.ADMIN)
    here = f"/Users/{alice.id}"
    for answer in (
        await contoso.patch(here, {"op": "replace", "path": "active", "value": False}),
        await contoso.patch(here, {"op": "replace", "path": "userName", "value": "mallory"}),
        await contoso.call("PUT", here, person_of(alice, displayName="Mallory")),
        await contoso.call("DELETE", here),
    ):
        assert is_refused(answer, 403)
    told = (await contoso.get(here)).json()
    assert (told["userName"], told["active"]) == ("alice", True)
    same = await contoso.patch(here, {"op": "replace", "path": "active", "value": True})
    assert same.status_code == 200, "nothing is changed"
    gone = await contoso.patch(
        f"/Users/{carol.id}", {"op": "replace", "path": "active", "value": False}
    )
    assert gone.status_code == 200, "whoever leaves is an administrator no longer"
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(status=UserStatus.ACTIVE)
        await users.set_role(alice.id, UserRole.USER)
    answer = await contoso.call("DELETE", f"/Users/{carol.id}")
    assert is_refused(answer, 403), "somebody administers the tenant"


def person_of(user: User, **said: object) -> dict[str, object]:
    return person(user.username, emails=[{"value": user.email}], **said)


@on_sqlite
async def test_an_address_may_be_longer_than_a_name(contoso: Directory) -> None:
    address = f"{'a' * 60}@{'b' * 60}.example"
    mira = await contoso.user("mira", emails=[{"value": address}])
    found = await contoso.get("/Users", filter=f'emails eq "{address}"')
    assert [each["id"] for each in found.json()["Resources"]] == [mira["id"]]
    taken = await contoso.call("POST", "/Users", person("ada", emails=[{"value": address}]))
    assert is_refused(taken, 409, "uniqueness")


@on_sqlite
async def test_guests_are_nobody_to_a_directory(
    contoso: Directory, server: RunningServer, alice: User
) -> None:
    with use_tenant(contoso.tenant):
        await UserRow.filter(id=alice.id).update(guest_until=server.clock())
    listed = (await contoso.get("/Users")).json()
    assert (listed["totalResults"], listed["Resources"]) == (0, [])
    for method, said in (
        ("GET", None), ("PUT", person("alice")), ("DELETE", None),
    ):  # fmt: skip
        assert is_refused(await contoso.call(method, f"/Users/{alice.id}", said), 404)
    taken = await contoso.call("POST", "/Users", person("alice"))
    assert is_refused(taken, 409, "uniqueness")


@on_sqlite
async def test_an_address_is_verified_where_the_tenant_trusts_the_directory(
    contoso: Directory, server: RunningServer, alice: User, ledger: Ledger
) -> None:
    trusted = await directory(server, contoso.tenant, trusts_emails=True)

    async def is_verified(user_id: str) -> bool:
        with use_tenant(contoso.tenant):
            return (await UserRow.get(id=user_id)).email_verified

    mira = await contoso.user("mira", **MIRA)
    assert not await is_verified(mira["id"])
    ada = await trusted.user("ada", emails=[{"value": "ada@contoso.example"}])
    assert await is_verified(ada["id"])
    for by, becomes in ((contoso, False), (trusted, True), (contoso, True)):
        again = await by.call("PUT", f"/Users/{mira['id']}", person("mira", **MIRA))
        assert again.status_code == 200
        assert await is_verified(mira["id"]) is becomes, "it was there before"
    [updated] = await ledger.events(contoso.tenant, Event.USER_UPDATED)
    assert updated.details == {"was": {"email_verified": False}, "is": {"email_verified": True}}
    with use_tenant(contoso.tenant):
        await UserRow.filter(id=mira["id"]).update(role=UserRole.OWNER, email_verified=False)
    again = await trusted.call("PUT", f"/Users/{mira['id']}", person("mira", **MIRA))
    assert again.status_code == 200
    assert not await is_verified(mira["id"]), "an owner stays as they are"
    same = await contoso.call("PUT", f"/Users/{alice.id}", person_of(alice, displayName="Al"))
    assert same.status_code == 200
    assert await is_verified(str(alice.id)), "it is the one that was verified"
    other = person("alice", emails=[{"value": "other@contoso.example"}])
    assert (await contoso.call("PUT", f"/Users/{alice.id}", other)).status_code == 200
    assert not await is_verified(str(alice.id))


async def test_people_are_listed_by_the_page_and_from_a_cursor(contoso: Directory) -> None:
    made = [(await contoso.user(f"p{number}"))["id"] for number in range(5)]
    first = (await contoso.get("/Users", count="2")).json()
    assert (first["totalResults"], first["startIndex"], first["itemsPerPage"]) == (5, 1, 2)
    second = (await contoso.get("/Users", startIndex="3", count="99")).json()
    listed = [each["id"] for each in first["Resources"] + second["Resources"]]
    assert listed == made
    assert (await contoso.get("/Users", count="0")).json()["Resources"] == []
    beyond = (await contoso.get("/Users", startIndex="100")).json()
    assert (beyond["totalResults"], beyond["Resources"]) == (5, [])
    found, cursor = [], ""
    for _ in range(3):
        page = (await contoso.get("/Users", count="2", cursor=cursor)).json()
        found += [each["id"] for each in page["Resources"]]
        cursor = page.get("nextCursor", "")
    assert (found, cursor) == (made, "")
    assert is_refused(await contoso.get("/Users", cursor="x"), 400, "invalidCursor")
    assert is_refused(await contoso.get("/Users", count="many"), 400, "invalidValue")


@on_sqlite
async def test_as_much_is_told_as_is_asked_for(contoso: Directory) -> None:
    mira = await contoso.user("mira", **MIRA)
    here = f"/Users/{mira['id']}"
    told = (await contoso.get(here, attributes="userName,name.givenName,nickName")).json()
    assert set(told) == {"schemas", "id", "userName", "name"}
    assert told["name"] == {"givenName": "Mira"}
    told = (await contoso.get("/Users", excludedAttributes="emails,name")).json()["Resources"][0]
    assert {"emails", "name"}.isdisjoint(told)
    said = {"schemas": [SEARCH], "attributes": ["userName"], "filter": 'externalId eq "00u1"'}
    answer = await contoso.call("POST", "/Users/.search", said)
    assert answer.json()["Resources"] == [{"schemas": [USER], "id": mira["id"], "userName": "mira"}]


async def test_ti_01_a_directory_reaches_its_own_tenant_alone(
    contoso: Directory, fabrikam: Directory
) -> None:
    mira = await contoso.user("mira", **MIRA)
    here = f"/Users/{mira['id']}"
    for method, said in (
        ("GET", None), ("PUT", person("mira")), ("DELETE", None),
    ):  # fmt: skip
        assert is_refused(await fabrikam.call(method, here, said), 404)
    assert is_refused(await fabrikam.patch(here, {"op": "remove", "path": "emails"}), 404)
    assert (await fabrikam.get("/Users", filter='userName eq "mira"')).json()["Resources"] == []
    astray = Directory(fabrikam.http, fabrikam.tenant, contoso.token)
    answer = await astray.get("/Users")
    assert is_refused(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer realm=")
    await fabrikam.user("mira", **MIRA)
