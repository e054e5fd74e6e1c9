"""``/scim/v2/Bulk``: many operations in one request (RFC 7644 section 3.7)."""

from typing import Any

import orjson

from authgate_tenants import Tenant, TenantSettings
from authgate_testing.databases import on_sqlite
from authgate_testing.scim import GROUP, Directory, is_refused, person
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change


def creating(bulk_id: str, **said: Any) -> dict[str, Any]:
    data = person(bulk_id, **said)
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data}


async def test_what_is_created_is_named_by_what_comes_with_it(contoso: Directory) -> None:
    engines = {
        "method": "POST",
        "path": "/Groups",
        "bulkId": "engines",
        "data": {
            "schemas": [GROUP],
            "displayName": "Engines",
            "members": [{"value": "bulkId:ada"}, {"value": "bulkId:mira"}],
        },
    }
    naming = {
        "method": "PATCH",
        "path": "/Users/bulkId:ada",
        "data": {"Operations": [{"op": "add", "path": "displayName", "value": "Ada L"}]},
    }
    answer = await contoso.bulk(engines, naming, creating("ada"), creating("mira"))
    assert answer.status_code == 200, answer.text
    done = answer.json()["Operations"]
    assert [(each.get("bulkId"), each["status"]) for each in done] == [
        ("engines", "201"), (None, "200"), ("ada", "201"), ("mira", "201"),
    ]  # fmt: skip
    group = (await contoso.http.get(done[0]["location"], headers=bearer(contoso))).json()
    people = [each["$ref"] for each in group["members"]]
    assert people == [done[2]["location"], done[3]["location"]]
    ada = (await contoso.http.get(people[0], headers=bearer(contoso))).json()
    assert ada["displayName"] == "Ada L"
    leaving = {"method": "DELETE", "path": f"/Users/{ada['id']}", "version": 'W/"other"'}
    gone = {**leaving, "version": ada["meta"]["version"]}
    done = (await contoso.bulk(leaving, gone, gone)).json()["Operations"]
    assert [each["status"] for each in done] == ["412", "204", "404"]
    assert done[2]["response"]["status"] == "404"


def bearer(by: Directory) -> dict[str, str]:
    return {"Authorization": f"Bearer {by.token}"}


@on_sqlite
async def test_what_fails_undoes_nothing_else_and_ends_the_rest_where_that_is_asked(
    contoso: Directory,
) -> None:
    bad = creating("bad", emails=[{"value": "nowhere"}])
    lost = {
        "method": "PATCH",
        "path": "/Users/bulkId:bad",
        "data": {"Operations": [{"op": "remove", "path": "emails"}]},
    }
    done = (await contoso.bulk(creating("a"), bad, lost, creating("b"))).json()["Operations"]
    assert [each["status"] for each in done] == ["201", "400", "409", "201"]
    assert done[1]["response"]["scimType"] == "invalidValue"
    done = (await contoso.bulk(bad, creating("c"), failOnErrors=1)).json()["Operations"]
    assert [each["status"] for each in done] == ["400"]
    listed = (await contoso.get("/Users", attributes="userName")).json()["Resources"]
    assert [each["userName"] for each in listed] == ["a", "b"]
    circle = [
        {**creating(one), "data": person(one, displayName=f"bulkId:{other}")}
        for one, other in (("x", "y"), ("y", "x"))
    ]
    done = (await contoso.bulk(*circle)).json()["Operations"]
    assert [each["status"] for each in done] == ["409", "409"]


UNREADABLE: list[dict[str, Any]] = [
    {"method": "POST", "path": "/Users", "data": {}},
    {"method": "GET", "path": "/Users/7"},
    {"method": "PUT", "path": "/Users", "data": {}},
    {"method": "POST", "path": "/Users/7", "bulkId": "a", "data": {}},
    {"method": "POST", "path": "/Bulk", "bulkId": "a", "data": {}},
    {"method": "DELETE", "path": "https://other.example/scim/v2/Users/7"},
    {"method": "DELETE", "path": "/Users/7", "version": 7},
]


@on_sqlite
async def test_a_bulk_that_cannot_be_read_does_nothing(contoso: Directory) -> None:
    for operation in UNREADABLE:
        answer = await contoso.bulk(creating("first"), operation)
        assert is_refused(answer, 400, "invalidSyntax"), operation
    assert (await contoso.get("/Users")).json()["totalResults"] == 0


@on_sqlite
async def test_a_bulk_that_is_nested_too_deep_does_nothing(contoso: Directory) -> None:
    deep = orjson.Fragment(b"[" * 600 + b"]" * 600)
    answer = await contoso.bulk(creating("first"), creating("deep", title=deep))
    assert is_refused(answer, 400, "invalidSyntax")
    assert (await contoso.get("/Users")).json()["totalResults"] == 0


@on_sqlite
async def test_a_bulk_is_bounded_and_each_of_it_counts(
    contoso: Directory, server: RunningServer, acme: Tenant
) -> None:
    config = (await contoso.get("/ServiceProviderConfig")).json()["bulk"]
    assert config["maxOperations"] == 100
    many = [{"method": "DELETE", "path": "/Users/7"}] * 101
    assert is_refused(await contoso.bulk(*many), 413, "tooMany")
    assert is_refused(await contoso.bulk(), 400, "invalidSyntax")
    assert is_refused(await contoso.bulk(creating("a"), creating("a")), 400, "invalidValue")
    limits = TenantSettings(login_limits={"api_per_caller": "1/min burst 2"})
    await change(server, acme, settings=limits.to_json())
    done = (await contoso.bulk(*(creating(f"n{each}") for each in range(4)))).json()["Operations"]
    assert [each["status"] for each in done] == ["201", "201", "429", "429"]
