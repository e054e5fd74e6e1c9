"""``/scim/v2/Groups``: groups that another directory provisions (RFC 7643 section 4.2)."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import pytest

from authgate.audit import Event
from authgate.provisioning import groups as provisioning
from authgate.storage.people import group_directory
from authgate.storage.people.groups import GroupRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.scim import GROUP, Directory, is_refused

NOBODY = "01930000-0000-7000-8000-000000000009"


def group(name: str, *members: dict[str, Any], **said: Any) -> dict[str, Any]:
    listed = {"members": [{"value": each["id"]} for each in members]} if members else {}
    return {"schemas": [GROUP], "displayName": name, **listed, **said}


def members(told: dict[str, Any]) -> list[str]:
    return [each["value"] for each in told.get("members", ())]


async def test_a_group_begins_is_changed_and_removed(
    contoso: Directory, acme: Tenant, ledger: Ledger
) -> None:
    ada, mira = [await contoso.user(name) for name in ("ada", "mira")]
    made = await contoso.call("POST", "/Groups", group("Engines", ada, externalId="g1"))
    assert made.status_code == 201, made.text
    told = made.json()
    here = f"/Groups/{told['id']}"
    assert made.headers["location"] == f"{acme.issuer}/scim/v2{here}"
    assert members(told) == [ada["id"]]
    assert told["members"][0]["$ref"] == ada["meta"]["location"]
    person = (await contoso.get(f"/Users/{ada['id']}")).json()
    assert [(each["value"], each["display"]) for each in person["groups"]] == [
        (told["id"], "Engines")
    ]
    with use_tenant(acme):
        await GroupRow.filter(id=told["id"]).update(roles=["engineer"])
    replaced = await contoso.call("PUT", here, group("Steam", mira, externalId="g1"))
    assert replaced.json()["displayName"] == "Steam"
    assert members(replaced.json()) == [mira["id"]]
    kept = await contoso.call("PUT", here, group("Steam", externalId="g1"))
    assert members(kept.json()) == [mira["id"]], "nothing is said of them"
    stale = {"If-Match": told["meta"]["version"]}
    assert is_refused(await contoso.call("DELETE", here, headers=stale), 412)
    with use_tenant(acme):
        assert (await GroupRow.get(id=told["id"])).roles == ["engineer"], "no directory's to say"
    assert (await contoso.call("DELETE", f"/Users/{mira['id']}")).status_code == 204
    assert members((await contoso.get(here)).json()) == []
    assert (await contoso.call("DELETE", here)).status_code == 204
    assert is_refused(await contoso.get(here), 404)
    (created,) = await ledger.events(acme, Event.GROUP_CREATED)
    assert created.actor_type == "scim_token"


@on_sqlite
async def test_members_come_and_go_as_directories_write_it(contoso: Directory) -> None:
    ada, mira, jon = [(await contoso.user(name))["id"] for name in ("ada", "mira", "jon")]
    made = (await contoso.call("POST", "/Groups", group("Engines"))).json()
    here = f"/Groups/{made['id']}"

    def named(*user_ids: str) -> list[dict[str, str]]:
        return [{"value": each} for each in user_ids]

    for operation, becomes in (
        ({"op": "Add", "path": "members", "value": named(ada, mira)}, [ada, mira]),
        ({"op": "add", "path": "members", "value": named(ada)}, [ada, mira]),
        ({"op": "Remove", "path": "members", "value": named(ada)}, [mira]),
        ({"op": "add", "value": {"members": named(jon)}}, [mira, jon]),
        ({"op": "remove", "path": f'members[value eq "{mira}"]'}, [jon]),
        ({"op": "replace", "path": "members", "value": named(ada, mira)}, [ada, mira]),
        (
            {"op": "remove", "path": f'members[value eq "{mira}" or value eq "{jon}"]'},
            [ada],
        ),
        ({"op": "replace", "value": {"id": made["id"], "displayName": "Steam"}}, [ada]),
        ({"op": "remove", "path": f"{GROUP}:members"}, []),
        ({"op": "replace", "path": "externalId", "value": "g2"}, []),
        ({"op": "replace", "path": "members", "value": {"value": jon}}, [jon]),
        ({"op": "add", "path": "members", "value": named(ada)}, [ada, jon]),
        ({"op": "remove", "path": f'members.value eq "{ada}"'}, [jon]),
    ):
        answer = await contoso.patch(here, operation)
        assert answer.status_code == 200, (operation, answer.text)
        assert sorted(members(answer.json())) == sorted(becomes), operation
    told = (await contoso.get(here)).json()
    assert (told["displayName"], told["externalId"]) == ("Steam", "g2")
    before = told
    for operation, kind in (
        ({"op": "add", "path": "members", "value": named(NOBODY)}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"display": "x"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": named(made["id"])}, "invalidValue"),
        ({"op": "remove", "path": 'members[type eq "User"]'}, "invalidFilter"),
        ({"op": "replace", "path": f'members[value eq "{ada}"]', "value": named(mira)}, "noTarget"),
        ({"op": "remove", "path": f'members[value eq "{jon}"].display'}, "mutability"),
        ({"op": "replace", "path": "members.display", "value": "x"}, "mutability"),
        ({"op": "replace", "path": "displayName", "value": ""}, "invalidValue"),
    ):
        both = {"op": "add", "path": "members", "value": named(ada)}, operation
        answer = await contoso.patch(here, *both)
        assert answer.status_code == 400, operation
        assert is_refused(answer, 400, kind), (operation, answer.text)
        assert (await contoso.get(here)).json() == before, operation


@on_sqlite
async def test_groups_are_found_by_what_is_unique_of_them_and_by_their_members(
    contoso: Directory,
) -> None:
    ada = await contoso.user("ada")
    made = (await contoso.call("POST", "/Groups", group("Engines", ada, externalId="g1"))).json()
    await contoso.call("POST", "/Groups", group("Steam"))
    for text, found in (
        ('displayName eq "ENGINES"', ["Engines"]),
        ('externalId eq "g1"', ["Engines"]),
        (f'id eq "{made["id"]}" and members eq "{ada["id"]}"', ["Engines"]),
        (f'members.value eq "{ada["id"]}"', ["Engines"]),
        (f'members[value eq "{ada["id"]}"]', ["Engines"]),
        (f'members eq "{NOBODY}"', []),
        (f'displayName eq "{"x" * 201}" or externalId eq "{"x" * 256}"', []),
    ):
        answer = await contoso.get("/Groups", filter=text, excludedAttributes="members")
        told = answer.json()["Resources"]
        assert [each["displayName"] for each in told] == found, text
        assert not any("members" in each for each in told)
    people = await contoso.get("/Users", filter=f'groups.value eq "{made["id"]}"')
    assert [each["userName"] for each in people.json()["Resources"]] == ["ada"]
    for text in ('displayName co "E"', "members pr", 'displayName eq "x" and members.value pr'):
        assert is_refused(await contoso.get("/Groups", filter=text), 400, "invalidFilter"), text
    both = (await contoso.get("/Groups", count="1", cursor="")).json()
    assert members(both["Resources"][0]) == [ada["id"]]


@on_sqlite
async def test_no_group_takes_another_ones_name_or_a_name_that_hides(contoso: Directory) -> None:
    await contoso.call("POST", "/Groups", group("Engines", externalId="g1"))
    for said in (group("engines"), group("x", externalId="g1")):
        answer = await contoso.call("POST", "/Groups", said)
        assert is_refused(answer, 409, "uniqueness")
    for said in (group(""), group("\u200b"), group("x" * 201)):
        answer = await contoso.call("POST", "/Groups", said)
        assert is_refused(answer, 400, "invalidValue")


@on_sqlite
async def test_as_many_members_are_told_as_fit_into_an_answer(
    contoso: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [await contoso.user(f"p{number}") for number in range(3)]
    made = (await contoso.call("POST", "/Groups", group("Engines", *people))).json()
    here = f"/Groups/{made['id']}"
    monkeypatch.setattr("authgate.scim.groups._MOST_TOLD_IN_LISTS", 2)
    assert "members" not in (await contoso.get("/Groups")).json()["Resources"][0]
    assert len(members((await contoso.get(here)).json())) == 3
    monkeypatch.setattr("authgate.scim.groups._MOST_TOLD", 2)
    assert "members" not in (await contoso.get(here)).json()
    monkeypatch.setattr(provisioning, "MOST_MEMBERS", 3)
    late = (await contoso.user("late"))["id"]
    adding = {"op": "add", "path": "members", "value": [{"value": late}]}
    assert is_refused(await contoso.patch(here, adding), 400, "tooMany")


async def test_no_more_members_are_read_than_are_told(
    contoso: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [await contoso.user(f"p{number}") for number in range(3)]
    made = (await contoso.call("POST", "/Groups", group("Engines", *people))).json()
    await contoso.call("POST", "/Groups", group("Steam", people[2]))
    read: list[list[int]] = []
    found_by = group_directory.members

    async def noted(group_ids: Collection[UUID], *, most: int) -> dict[UUID, list[UUID]]:
        found = await found_by(group_ids, most=most)
        read.append([len(each) for each in found.values()])
        return found

    monkeypatch.setattr(group_directory, "members", noted)
    monkeypatch.setattr("authgate.scim.groups._MOST_TOLD_IN_LISTS", 1)
    told = (await contoso.get("/Groups")).json()["Resources"]
    assert [members(each) for each in told] == [[], [people[2]["id"]]]
    assert read == [[2, 1]]
    one = (await contoso.get(f"/Groups/{made['id']}", attributes="members.value")).json()
    assert members(one) == [each["id"] for each in people]
    assert read.pop() == [3]
    for path in ("/Groups", f"/Groups/{made['id']}"):
        for less in ({"excludedAttributes": "members"}, {"attributes": "displayName"}):
            assert "members" not in (await contoso.get(path, **less)).text
    assert len(read) == 1, "nobody has asked for them"


async def test_ti_01_groups_and_their_members_are_of_one_tenant(
    contoso: Directory, fabrikam: Directory
) -> None:
    ada = await contoso.user("ada")
    made = (await contoso.call("POST", "/Groups", group("Engines", ada))).json()
    here = f"/Groups/{made['id']}"
    assert is_refused(await fabrikam.get(here), 404)
    assert is_refused(await fabrikam.call("PUT", here, group("x")), 404)
    assert is_refused(await fabrikam.call("DELETE", here), 404)
    foreign = await fabrikam.call("POST", "/Groups", group("Engines", ada))
    assert is_refused(foreign, 400, "invalidValue")
    with use_tenant(fabrikam.tenant):
        assert await GroupRow.all().count() == 0, "all of it or nothing"
