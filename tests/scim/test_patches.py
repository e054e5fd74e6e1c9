"""``PATCH`` (RFC 7644 section 3.5.2), as the standard, Microsoft Entra and Okta write it."""

from typing import Any

from authgate.audit import Event
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.scim import Directory, is_refused

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MIRA = {
    "externalId": "00u1",
    "name": {"givenName": "Mira", "familyName": "Halvorsen"},
    "emails": [{"value": "mira@contoso.example", "type": "work", "primary": True}],
}
ADDRESS = {"value": "new@contoso.example", "type": "work", "primary": True}

PATCHES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"op": "replace", "path": "userName", "value": "mh"}, {"userName": "mh"}),
    ({"op": "Replace", "path": "active", "value": "False"}, {"active": False}),
    ({"op": "replace", "value": {"active": False}}, {"active": False}),
    (
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "new@contoso.example"},
        {"emails": [ADDRESS]},
    ),
    (
        {"op": "replace", "path": "emails", "value": [{"value": "new@contoso.example"}]},
        {"emails": [ADDRESS]},
    ),
    (
        {"op": "add", "path": 'emails[type eq "home"].value', "value": "home@contoso.example"},
        {},
    ),
    ({"op": "remove", "path": "emails"}, {"emails": None}),
    ({"op": "remove", "path": 'emails[type eq "work"]'}, {"emails": None}),
    ({"op": "remove", "path": "externalId"}, {"externalId": None}),
    (
        {"op": "Replace", "path": "name.familyName", "value": "Berg"},
        {
            "displayName": "Mira Berg",
            "name": {"givenName": "Mira", "familyName": "Berg", "formatted": "Mira Berg"},
        },
    ),
    (
        {"op": "Add", "value": {"name.givenName": "Mi", f"{ENTERPRISE}:department": "Engines"}},
        {
            "displayName": "Mi Halvorsen",
            "name": {"givenName": "Mi", "familyName": "Halvorsen", "formatted": "Mi Halvorsen"},
        },
    ),
    (
        {"op": "replace", "path": "displayName", "value": "Mira H"},
        {
            "displayName": "Mira H",
            "name": {"givenName": "Mira", "familyName": "Halvorsen", "formatted": "Mira H"},
        },
    ),
    ({"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "7"}, {}),
    ({"op": "Add", "path": 'addresses[type eq "work"].country', "value": "NO"}, {}),
    ({"op": "Add", "path": "nickName", "value": "Mi"}, {}),
]


@on_sqlite
async def test_a_person_is_changed_as_directories_write_it(
    contoso: Directory, ledger: Ledger
) -> None:
    for number, (operation, becomes) in enumerate(PATCHES):
        before = await contoso.user("mira", **MIRA)
        answer = await contoso.patch(f"/Users/{before['id']}", operation)
        assert answer.status_code == 200, (operation, answer.text)
        after = answer.json()
        kept = before.keys() - becomes.keys() - {"meta"}
        assert {name: after.get(name) for name in kept} == {n: before[n] for n in kept}, operation
        assert {name: after.get(name) for name in becomes} == becomes, operation
        assert (after["meta"]["version"] == before["meta"]["version"]) is (not becomes), number
        assert (await contoso.call("DELETE", f"/Users/{before['id']}")).status_code == 204
    changes = [each for _, each in PATCHES if each.keys() - {"active"}]
    assert len(await ledger.events(contoso.tenant, Event.USER_UPDATED)) == len(changes)


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"op": "remove"}, "noTarget"),
    ({"op": "move", "path": "userName", "value": "x"}, "invalidValue"),
    ({"op": "remove", "path": "userName"}, "mutability"),
    ({"op": "replace", "path": "id", "value": "7"}, "mutability"),
    ({"op": "replace", "path": "groups", "value": []}, "mutability"),
    ({"op": "replace", "path": "((", "value": "7"}, "invalidPath"),
    ({"op": "replace", "path": "active", "value": "perhaps"}, "invalidValue"),
    ({"op": "replace", "path": "userName", "value": "a b"}, "invalidValue"),
    ({"op": "replace", "path": "emails", "value": "a@contoso.example"}, "invalidValue"),
    (
        {"op": "replace", "path": 'emails[type eq "a" or type eq "b"].value', "value": "x"},
        "noTarget",
    ),
    ({"op": "add", "path": "userName"}, "invalidValue"),
]


@on_sqlite
async def test_what_cannot_be_changed_changes_nothing(contoso: Directory) -> None:
    mira = await contoso.user("mira", **MIRA)
    first = {"op": "replace", "path": "displayName", "value": "Never seen"}
    for operation, kind in IMPOSSIBLE:
        answer = await contoso.patch(f"/Users/{mira['id']}", first, operation)
        assert is_refused(answer, 400, kind), (operation, answer.text)
    too_many = await contoso.patch(f"/Users/{mira['id']}", *([first] * 201))
    assert is_refused(too_many, 400, "tooMany")
    assert (await contoso.get(f"/Users/{mira['id']}")).json() == mira
