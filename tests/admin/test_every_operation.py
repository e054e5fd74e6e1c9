"""Every operation of the admin API, as its document tells of them: who is let in, and whose things
are touched. An operation that is new is held to this from its first day."""

import re
from typing import Any, cast
from uuid import uuid4

import httpx2
import pytest

from authgate.admin.api import API
from authgate.admin.catalogue import OPERATIONS
from authgate.api import openapi
from authgate.api.operations import Operation
from authgate.settings import Settings
from authgate.storage.people.users import User
from authgate.tokens.admin_scopes import MEANINGS, Scope
from authgate_tenants import Tenant
from authgate_testing.api import (
    EVERYTHING,
    OF_OWNERS,
    ApiClient,
    api_client,
    is_problem,
    removing_last,
)
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer
from authgate_testing.wiretap import Wiretap

_NAMES = re.compile(r"\{([a-z_]+)\}")
_NOWHERE = "01930000-0000-7000-8000-000000000009"
_LISTS = [each for each in OPERATIONS if each.is_list and "{" not in each.path]
_FILTERS = ("user_id", "owner_id", "client_id", "search")


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
def settings(settings: Settings) -> Settings:
    """More calls at once than anybody makes."""
    many = dict.fromkeys(("api_per_caller", "bearer_failures"), "1000/s burst 10000")
    limits = settings.limits.model_copy(update=many)
    return settings.model_copy(update={"limits": limits})


@pytest.fixture
def document(acme: Tenant) -> dict[str, Any]:
    """What the API says of itself."""
    return openapi.document(API, issuer=acme.issuer)


async def test_ti_01_another_tenants_things_are_as_unknown_as_none(
    foreign_api: ApiClient,
    foreign_owner: ApiClient,
    acme: Tenant,
    things: dict[str, str],
    document: dict[str, Any],
    ledger: Ledger,
) -> None:
    before = untried(await ledger.rows(acme))
    for operation in removing_last():
        if "{" not in operation.path:
            continue
        caller = foreign_owner if operation.scope in OF_OWNERS else foreign_api
        answer = await caller.call(path=filled(operation, things), **said(operation, document))
        assert is_problem(answer, 404, "not-found"), operation.name
        unknown = await caller.call(path=filled(operation, {}), **said(operation, document))
        assert told(answer) == told(unknown), operation.name
    assert untried(await ledger.rows(acme)) == before


def told(answer: httpx2.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    """An answer without what is another one each time."""
    content = {**answer.json(), "request_id": ""}
    changing = ("x-request-id", "ratelimit")
    headers = {name: text for name, text in answer.headers.items() if name not in changing}
    return answer.status_code, content, headers | {"content-length": ""}


async def test_ad_09_no_operation_takes_another_tenants_token(
    server: RunningServer,
    api: ApiClient,
    foreign_api: ApiClient,
    acme: Tenant,
    things: dict[str, str],
    document: dict[str, Any],
    ledger: Ledger,
) -> None:
    before = untried(await ledger.rows(acme))
    api.token = foreign_api.token
    async with server.from_address("198.51.100.9") as elsewhere:
        for number, operation in enumerate(removing_last()):
            # There are more operations than one address may be refused at once.
            api.http = elsewhere if number % 2 else server.http
            answer = await api.call(path=filled(operation, things), **said(operation, document))
            assert is_problem(answer, 401, "token-required"), operation.name
    after = untried(await ledger.rows(acme))
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
    before = untried(await ledger.rows(acme))
    for operation in removing_last():
        caller = others[Scope(operation.scope)]
        path = filled(operation, things)
        answer = await caller.call(path=path, **said(operation, document))
        assert is_problem(answer, 403, "insufficient-scope"), operation.name
        assert operation.scope in answer.headers["www-authenticate"]
        token, caller.token = caller.token, ""
        answer = await caller.call(path=path, **said(operation, document))
        assert is_problem(answer, 401, "token-required"), operation.name
        caller.token = token
    assert untried(await ledger.rows(acme)) == before


async def test_every_operation_answers_as_its_document_says(
    server: RunningServer,
    acme: Tenant,
    owner_api: ApiClient,
    things: dict[str, str],
    document: dict[str, Any],
) -> None:
    refused = set()
    for operation in removing_last():
        caller = owner_api
        if operation.scope not in OF_OWNERS:
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
    # No client waits, a client's tokens were ended with all of them, who is shut out is signed out,
    # the examples of several name what is not there, and there is no private key in an example.
    waiting, ended = {"approve_client", "reject_client"}, {"disable_token", "enable_token"}
    several = {each.name for each in OPERATIONS if each.path.startswith("/bulk/")}
    # Nobody is erased by another's name.
    others = {"end_session", "import_signing_key", "end_issuer_overlap", "erase_user"}
    others |= {"change_issuer", "add_group_member", "remove_group_member"}
    # The example is of a plugin that this tenant has not.
    others |= {"create_connection"}
    # Nothing is sealed yet: there is nothing to check.
    others |= {"read_audit_verification", "verify_audit_log"}
    # What somebody has allowed goes with them.
    others |= {"revoke_authorization"}
    # A file of people is its beginner's, who is another program.
    others |= {"send_user_import_lines", "start_user_import"}
    # What is tried again is not let be.
    others |= {"cancel_job", "read_job", "retry_job"}
    # No program decides who is let in, nor makes what outlasts its own token.
    by_people = {"approve_operator_access", "refuse_operator_access", "create_scim_token"}
    assert refused == {*waiting, *ended, *several, *others, *by_people}


def test_every_scope_of_the_api_opens_something_and_has_a_meaning() -> None:
    assert {operation.scope for operation in OPERATIONS} == set(Scope) == set(MEANINGS)


def known_by(operation: Operation, things: dict[str, str]) -> dict[str, str]:
    """What finds something of acme's in this list, by the filter it is found with."""
    found = {**things, "owner_id": things["user_id"], "search": "console"}
    found |= {"search": "alice"} if operation.path == "/users" else {}
    found |= {"search": things["scope"]} if operation.path == "/scopes" else {}
    return {name: found[name] for name in _FILTERS if name in operation.query.model_fields}


@on_sqlite
async def test_ti_03_nothing_of_another_tenant_is_found_by_any_filter(
    api: ApiClient, foreign_api: ApiClient, things: dict[str, str]
) -> None:
    found = 0
    nothing: dict[str, object] = {"items": [], "next": None, "previous": None}
    for operation in _LISTS:
        for name, value in known_by(operation, things).items():
            query = f"{operation.path}?{name}={value}&limit=1"
            told = (await foreign_api.get(query)).json()
            assert told | {"looked_to": None} == {**nothing, "looked_to": None}, query
            found += len((await api.get(query)).json()["items"])
    assert found >= 6, "acme itself finds them"


@on_sqlite
async def test_ti_03_34_no_list_is_asked_for_more_than_it_says(
    foreign_api: ApiClient, acme: Tenant, alice: User
) -> None:
    for query in (
        *("expand=tenant", "include=user.sessions", "fields=tenant.users", "select=*"),
        *("%24filter=tenant/slug+eq+%27acme%27", f"filter[tenant_id]={acme.id}", "tenant=acme"),
        *(f"tenant_id={acme.id}", "user__tenant=acme", "search__contains=alice", "count=true"),
        *("sort=tenant_id", "sort=-tenant__slug", "sort=user__password_hash", "sort=id;name"),
        "query={tenant{users{email}}}",
    ):
        for operation in _LISTS:
            answer = await foreign_api.get(f"{operation.path}?{query}")
            assert is_problem(answer, 422, "invalid"), (operation.path, query)
    answer = await foreign_api.post("/graphql", {"query": "{tenant{users{email}}}"})
    assert is_problem(answer, 404, "not-found")


@on_sqlite
async def test_ti_32_ad_10_one_request_is_about_one_thing(
    api: ApiClient,
    foreign_api: ApiClient,
    foreign_owner: ApiClient,
    acme: Tenant,
    globex: Tenant,
    things: dict[str, str],
    document: dict[str, Any],
    ledger: Ledger,
) -> None:
    own = (await foreign_api.post("/scopes", {"name": "own", "title": "Own"})).json()["name"]
    before = [untried(await ledger.rows(tenant)) for tenant in (acme, globex)]
    for operation in removing_last():
        if operation.method not in ("POST", "PATCH", "DELETE") or "{" not in operation.path:
            continue
        caller = foreign_owner if operation.scope in OF_OWNERS else foreign_api
        for several in (
            "*",
            "%2A",
            "",
            f"{own},{things['scope']}",
            f"{uuid4()},{things['user_id']}",
            f"{uuid4()};{things['client_id']}",
            f"{uuid4()}%00{things['token_id']}",
            f"[{things['authorization_id']}]",
        ):
            path = filled(operation, dict.fromkeys(_NAMES.findall(operation.path), several))
            answer = await caller.call(path=path, **said(operation, document))
            assert answer.status_code in (404, 405), (operation.name, several, answer.text)
    for operation in _LISTS:
        for query in ("", "?ids=", "?ids=*", f"?user_id={things['user_id']}"):
            for body in (None, b"[]", b'{"ids":[]}', b'"*"'):
                answer = await api.call("DELETE", f"{operation.path}{query}", body=body)
                assert is_problem(answer, 405, "method-not-allowed"), (operation.path, query)
    assert [untried(await ledger.rows(tenant)) for tenant in (acme, globex)] == before


def untried(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The rows, without how often mail was tried: by and by it is tried again, whoever asks."""
    for mail in rows["mails"]:
        for name in ("attempts", "next_attempt_at", "last_error"):
            mail.pop(name)
    return rows


@on_sqlite
def test_ti_32_only_what_is_for_several_things_takes_their_names(document: dict[str, Any]) -> None:
    components = document["components"]
    lists = {
        f"{schema}.{name}"
        for schema, said in components["schemas"].items()
        for name, each in said.get("properties", {}).items()
        if each.get("type") == "array" and name.removesuffix("s").endswith(("id", "_ids"))
    }
    assert lists == {"TokenSelection.ids", "UserSelection.ids", "UsersForGroup.ids"}
    for several in ("TokenSelection", "ClientSelection", "UserSelection"):
        [(_, named)] = components["schemas"][several]["properties"].items()
        assert (named["minItems"], named["maxItems"]) == (1, 100)


async def test_ti_36_no_text_becomes_a_statement(
    api: ApiClient, acme: Tenant, globex: Tenant, things: dict[str, str], ledger: Ledger
) -> None:
    holes = [
        f"'; SELECT set_config('app.tenant','{globex.id}',true)--",
        f"x' OR tenant_id='{globex.id}'--",
        '" OR 1=1--',
        "$1) OR (%(x)s=1",
        "\\'; DROP TABLE users--",
    ]
    before = untried(await ledger.rows(globex))
    theirs = {str(row["id"]) for table in before.values() for row in table}
    for hole in holes:
        for operation in _LISTS:
            for name in operation.query.model_fields:
                answer = await api.http.get(
                    f"{acme.issuer}/api/v1{operation.path}",
                    params={name: hole},
                    headers={"Authorization": f"Bearer {api.token}"},
                )
                assert answer.status_code in (200, 400, 422), (operation.path, name)
                assert not [each for each in theirs if each in answer.text]
                if answer.status_code == 200:
                    assert answer.json()["items"] == [], (operation.path, name, hole)
        for path, field in (("/oauth/token", "client_id"), ("/oauth/device/code", "client_id")):
            form = {"grant_type": "client_credentials", field: hole, "client_secret": hole}
            answer = await api.http.post(f"{acme.issuer}{path}", data=form)
            assert answer.status_code in (400, 401)
        assert is_problem(
            await api.get(f"/clients/{hole.replace('/', '%2F').replace('%', '%25')}"),
            404, "not-found",
        )  # fmt: skip
    assert untried(await ledger.rows(globex)) == before


@on_sqlite
async def test_ad_11_what_is_the_installation_s_is_no_tenant_s(
    server: RunningServer, api: ApiClient, acme: Tenant
) -> None:
    edge = cast(Any, cast(Wiretap, server.transport.app).app)
    platform = {path for path in edge._platform if path != "/"}
    assert platform >= {"/metrics", "/livez", "/readyz", "/static/"}
    bearer = {"Authorization": f"Bearer {api.token}"}
    made_up = {"/platform", "/tenants", "/api/v1/tenants", "/api/v1/platform", "/api/platform"}
    for path in platform | made_up:
        for method in ("GET", "POST", "DELETE"):
            answer = await api.http.request(method, f"{acme.issuer}{path}", headers=bearer)
            assert answer.status_code == 404, (method, path)
    elsewhere = server.from_address("198.51.100.7")
    answer = await elsewhere.get("/metrics", headers=bearer)
    assert answer.status_code == 404
