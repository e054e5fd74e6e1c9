"""Every operation of the admin API, as its document tells of them: who is let in, and whose things
are touched. An operation that is new is held to this from its first day."""

import re
from typing import Any

import httpx2
import pytest

from authgate.admin import openapi
from authgate.admin.catalogue import OPERATIONS
from authgate.admin.operations import Operation
from authgate.tokens.admin_scopes import MEANINGS, Scope
from authgate_tenants import Tenant
from authgate_testing.api import EVERYTHING, ApiClient, api_client, is_problem, removing_last
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer

_NAMES = re.compile(r"\{([a-z_]+)\}")
_NOWHERE = "01930000-0000-7000-8000-000000000009"


def filled(operation: Operation, ids: dict[str, str]) -> str:
    """The operation's path, with these things in it."""
    return _NAMES.sub(lambda name: ids.get(name[1], _NOWHERE), operation.path)


def said(operation: Operation, document: dict[str, Any]) -> dict[str, Any]:
    """A request's body and headers, as they have to be: the document's own examples."""
    sent: dict[str, Any] = {"method": operation.method}
    if operation.media_type:
        name = operation.body.__name__
        examples = document["components"]["schemas"].get(name, {}).get("examples", [{}])
        sent |= {"said": examples[0], "media_type": operation.media_type}
    if operation.method == "PATCH":
        sent["headers"] = {"If-Match": "*"}
    return sent


@pytest.fixture
def document(acme: Tenant) -> dict[str, Any]:
    """What the API says of itself."""
    return openapi.document(OPERATIONS, issuer=acme.issuer)


async def test_ti_01_another_tenants_things_are_as_unknown_as_none(
    foreign_api: ApiClient,
    acme: Tenant,
    things: dict[str, str],
    document: dict[str, Any],
    ledger: Ledger,
) -> None:
    before = await ledger.rows(acme)
    for operation in removing_last():
        if "{" not in operation.path:
            continue
        answer = await foreign_api.call(path=filled(operation, things), **said(operation, document))
        assert is_problem(answer, 404, "not-found"), operation.name
        unknown = await foreign_api.call(path=filled(operation, {}), **said(operation, document))
        assert told(answer) == told(unknown), operation.name
    assert await ledger.rows(acme) == before


def told(answer: httpx2.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    """An answer without what is another one each time."""
    content = {**answer.json(), "request_id": ""}
    changing = ("x-request-id", "ratelimit")
    headers = {name: text for name, text in answer.headers.items() if name not in changing}
    return answer.status_code, content, headers | {"content-length": ""}


async def test_ad_09_no_operation_takes_another_tenants_token(
    api: ApiClient,
    foreign_api: ApiClient,
    acme: Tenant,
    things: dict[str, str],
    document: dict[str, Any],
    ledger: Ledger,
) -> None:
    before = await ledger.rows(acme)
    api.token = foreign_api.token
    for operation in removing_last():
        answer = await api.call(path=filled(operation, things), **said(operation, document))
        assert is_problem(answer, 401, "token-required"), operation.name
    after = await ledger.rows(acme)
    assert {**after, "audit_events": []} == {**before, "audit_events": []}


@on_sqlite
async def test_every_operation_asks_for_its_own_scope_and_for_no_other(
    server: RunningServer,
    acme: Tenant,
    things: dict[str, str],
    document: dict[str, Any],
    ledger: Ledger,
) -> None:
    others = {
        scope: await api_client(server, acme, *(each for each in EVERYTHING if each != scope))
        for scope in Scope
    }
    before = await ledger.rows(acme)
    for operation in removing_last():
        caller = others[operation.scope]
        path = filled(operation, things)
        answer = await caller.call(path=path, **said(operation, document))
        assert is_problem(answer, 403, "insufficient-scope"), operation.name
        assert operation.scope in answer.headers["www-authenticate"]
        token, caller.token = caller.token, ""
        answer = await caller.call(path=path, **said(operation, document))
        assert is_problem(answer, 401, "token-required"), operation.name
        caller.token = token
    assert await ledger.rows(acme) == before


async def test_every_operation_answers_as_its_document_says(
    server: RunningServer, acme: Tenant, things: dict[str, str], document: dict[str, Any]
) -> None:
    refused = set()
    for operation in removing_last():
        caller = await api_client(server, acme, operation.scope)
        answer = await caller.call(path=filled(operation, things), **said(operation, document))
        known = document["paths"][operation.path][operation.method.lower()]["responses"]
        assert str(answer.status_code) in known, (operation.name, answer.text)
        if answer.status_code != operation.status:
            refused.add(operation.name)
        assert "ratelimit" in answer.headers, operation.name
        named = set(known[str(answer.status_code)].get("headers", {}))
        own = {"etag", "link", "location"} & set(answer.headers)
        assert own <= {name.lower() for name in named}, operation.name
    # No client waits, a client's tokens were ended with all of them, and who is shut out is signed
    # out.
    waiting, ended = {"approve_client", "reject_client"}, {"disable_token", "enable_token"}
    assert refused == {*waiting, *ended, "end_session"}


def test_every_scope_of_the_api_opens_something_and_has_a_meaning() -> None:
    assert {operation.scope for operation in OPERATIONS} == set(Scope) == set(MEANINGS)
