"""What the admin API says of itself: the OpenAPI document, its copy, and the page for people."""

import json
from pathlib import Path

import jsonschema_rs
import pytest
import schemathesis

from authgate.admin.catalogue import OPERATIONS
from authgate.api import openapi, problems
from authgate.api.description import EXAMPLE_ISSUER
from authgate.cli import openapi as command
from authgate_tenants import Tenant
from authgate_testing.api import ApiClient
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite

COPY = Path(__file__).parents[2] / "docs/openapi.json"


def test_the_copy_is_the_document() -> None:
    written = command.written(EXAMPLE_ISSUER)
    assert COPY.read_text() == written, "python docs/reference.py writes it"


def test_the_document_is_valid_and_tells_of_every_operation() -> None:
    document = json.loads(COPY.read_text())
    schemathesis.openapi.from_dict(document).validate()
    told = {
        each["operationId"]: each for path in document["paths"].values() for each in path.values()
    }
    assert list(told) == [each.name for each in OPERATIONS]
    for name, operation in told.items():
        assert operation["summary"], name
        assert operation["security"][0]["oauth2"], name
        assert {"401", "403", "429", "500", "503"} <= operation["responses"].keys(), name
        for parameter in operation["parameters"]:
            assert parameter["in"] != "path" or parameter["description"], name
    # Of two classes with one name each would be told by its module.
    assert not [name for name in document["components"]["schemas"] if "__" in name]
    named = "".join(document["components"]["responses"])
    unsaid = {"method-not-allowed"}
    assert all(kind.kind in named or kind.kind in unsaid for kind in problems.every())


def test_the_examples_are_what_their_schemas_say() -> None:
    document = json.loads(COPY.read_text())
    shown = set()
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
            jsonschema_rs.validate(whole, example)
            shown.add(name)
    answered = {each.answer.__name__ for each in OPERATIONS if each.method == "GET" and each.answer}
    assert {name for name in answered if name.endswith("Document")} <= shown


@on_sqlite
async def test_each_tenant_serves_its_own(at_acme: Caller, acme: Tenant) -> None:
    answer = await at_acme.get("/api/v1/openapi.json")
    assert answer.json()["servers"] == [{"url": f"{acme.issuer}/api/v1"}]
    assert answer.json() == json.loads(command.written(acme.issuer))
    tag = answer.headers["etag"]
    again = await at_acme.get("/api/v1/openapi.json", headers=[("If-None-Match", tag)])
    assert (again.status_code, again.content) == (304, b"")


@on_sqlite
async def test_whoever_reads_it_does_not_have_it_made_again(
    at_acme: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await at_acme.get("/api/v1/docs")
    monkeypatch.setattr(openapi, "common", None)
    assert (await at_acme.get("/api/v1/docs")).status_code == 200


@on_sqlite
async def test_the_type_of_a_problem_leads_to_what_it_means(
    at_acme: Caller, api: ApiClient
) -> None:
    page = await at_acme.get("/api/v1/docs")
    assert page.status_code == 200
    assert "unsafe" not in page.headers["content-security-policy"]
    told = (await api.get("/nothing")).json()["type"]
    address, _, anchor = told.partition("#")
    assert str(page.url) == address
    assert f'id="{anchor}"' in page.text
    for kind in problems.every():
        assert f'id="{kind.kind}"' in page.text
    for operation in OPERATIONS:
        assert f'id="{operation.name}"' in page.text
