"""What Microsoft Entra ID and Okta send, from their first question to somebody's last day.

After their documentation: Entra's "Develop and plan provisioning for a SCIM endpoint", Okta's "SCIM
2.0 protocol reference".
"""

from typing import Any

from authgate_testing.databases import on_sqlite
from authgate_testing.scim import GROUP, PATCH, USER, Directory

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


async def found(by: Directory, path: str, **query: str) -> list[dict[str, Any]]:
    answer = await by.get(path, **query)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    listed: list[dict[str, Any]] = told["Resources"]
    assert told["totalResults"] == len(listed)
    return listed


@on_sqlite
async def test_microsoft_entra_id_provisions_people_and_groups(contoso: Directory) -> None:
    by = contoso
    # It tests the connection by a person whom nobody knows.
    assert await found(by, "/Users", filter='userName eq "non-existent"') == []
    said = {
        "schemas": [USER, ENTERPRISE],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": "Test_User_ab6490ee@testuser.com",
        "active": True,
        "displayName": "lennay",
        "emails": [{"primary": True, "type": "work", "value": "anna33@gmail.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Adrienne Mbeki", "familyName": "Mbeki", "givenName": "Adrienne"},
        "title": "Engineer",
        "preferredLanguage": "en-US",
        "addresses": [{"type": "work", "country": "NO"}],
        ENTERPRISE: {"department": "Engines", "manager": {"value": "7"}},
        "roles": [],
    }
    answer = await by.call("POST", "/Users", said)
    assert answer.status_code == 201, answer.text
    user = answer.json()
    here = f"/Users/{user['id']}"
    assert user["displayName"] == "lennay"
    query = 'userName eq "Test_User_ab6490ee@testuser.com"'
    assert await found(by, "/Users", filter=query) == [user]
    patch = {
        "schemas": [PATCH],
        "Operations": [
            {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "new@microsoft.com"},
            {"op": "Replace", "path": "name.familyName", "value": "Neueste"},
            {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "8"},
            {"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "1"},
        ],
    }
    answer = await by.call("PATCH", here, patch)
    assert answer.status_code == 200, answer.text
    assert answer.json()["emails"][0]["value"] == "new@microsoft.com"
    assert answer.json()["name"]["familyName"] == "Neueste"
    answer = await by.patch(here, {"op": "Replace", "path": "userName", "value": "5b50642d@x.com"})
    assert answer.json()["userName"] == "5b50642d@x.com"

    query = 'displayName eq "displayName"'
    assert await found(by, "/Groups", filter=query, excludedAttributes="members") == []
    group = {
        "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        "displayName": "displayName",
        "meta": {"resourceType": "Group"},
    }  # fmt: skip
    made = (await by.call("POST", "/Groups", group)).json()
    there = f"/Groups/{made['id']}"
    adding = [{"$ref": None, "value": user["id"]}]
    answer = await by.patch(there, {"op": "Add", "path": "members", "value": adding})
    assert answer.status_code in (200, 204), answer.text
    query = f'id eq "{made["id"]}" and members eq "{user["id"]}"'
    assert [each["id"] for each in await found(by, "/Groups", filter=query)] == [made["id"]]
    answer = await by.patch(there, {"op": "Remove", "path": "members", "value": adding})
    assert answer.status_code in (200, 204), answer.text
    assert await found(by, "/Groups", filter=query) == []
    renamed = {"op": "Replace", "path": "displayName", "value": "1879db59"}
    assert (await by.patch(there, renamed)).json()["displayName"] == "1879db59"
    assert (await by.call("DELETE", there)).status_code == 204

    answer = await by.patch(here, {"op": "Replace", "path": "active", "value": "False"})
    assert answer.json()["active"] is False
    assert (await by.call("DELETE", here)).status_code == 204


@on_sqlite
async def test_okta_provisions_people_and_groups(contoso: Directory) -> None:
    by = contoso
    assert await found(by, "/Users", startIndex="1", count="2") == []
    query = 'userName eq "test.user@okta.local"'
    assert await found(by, "/Users", filter=query, startIndex="1", count="100") == []
    said = {
        "schemas": [USER],
        "userName": "test.user@okta.local",
        "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": True, "value": "test.user@okta.local", "type": "work"}],
        "displayName": "Test User",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": "1mz050nq",
        "active": True,
    }
    answer = await by.call("POST", "/Users", said)
    assert answer.status_code == 201, answer.text
    assert "password" not in answer.text
    user = answer.json()
    here = f"/Users/{user['id']}"
    assert (await by.get(here)).json() == user
    changed = said | {"id": user["id"], "meta": {"resourceType": "User"}, "displayName": "T. User"}
    answer = await by.call("PUT", here, changed)
    assert answer.json()["displayName"] == "T. User"

    group = {
        "schemas": [GROUP],
        "displayName": "Test SCIMv2",
        "members": [{"value": user["id"], "display": "test.user@okta.local"}],
    }
    made = (await by.call("POST", "/Groups", group)).json()
    there = f"/Groups/{made['id']}"
    assert [each["value"] for each in made["members"]] == [user["id"]]
    renaming = {"op": "replace", "value": {"id": made["id"], "displayName": "Test SCIMv2 again"}}
    assert (await by.patch(there, renaming)).json()["displayName"] == "Test SCIMv2 again"
    answer = await by.patch(
        there,
        {"op": "remove", "path": f'members[value eq "{user["id"]}"]'},
        {"op": "add", "path": "members", "value": [{"value": user["id"], "display": "x"}]},
    )
    assert [each["value"] for each in answer.json()["members"]] == [user["id"]]

    answer = await by.patch(here, {"op": "replace", "value": {"active": False}})
    assert answer.json()["active"] is False
    answer = await by.patch(here, {"op": "replace", "value": {"active": True}})
    assert answer.json()["active"] is True
