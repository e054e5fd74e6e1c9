"""Authorization requests that clients push (RFC 9126): kept for a moment, used once."""

from dataclasses import replace
from urllib.parse import urlencode

import httpx2
import pytest

from authgate import provisioning
from authgate.storage.clients.drafts import ClientChange
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.grants.authorization_requests import AuthorizationRequestRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, Asking, decided, sent_on, told
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

PREFIX = "urn:ietf:params:oauth:request_uri:"


async def pushed(application: Application, **changed: str) -> tuple[httpx2.Response, Asking]:
    """Push what the application would send by the browser."""
    asking = application.ask()
    return await application.pushed(asking, **changed), asking


async def test_a_pushed_request_leads_to_tokens(console: Application, person: Person) -> None:
    answer, asking = await pushed(console)
    assert answer.status_code == 201, answer.text
    assert answer.json()["request_uri"].startswith(PREFIX)
    assert answer.json()["expires_in"] == 90
    assert answer.headers["cache-control"] == "no-store"
    await sent_on(person, console.led_by(answer.json()["request_uri"]))
    code = told(await decided(person, "allow"))
    assert code["state"] == asking.state
    assert (await console.redeem(code["code"], asking)).status_code == 200


@on_sqlite
async def test_what_the_browser_adds_to_a_pushed_request_does_not_count(
    console: Application, person: Person
) -> None:
    answer, asking = await pushed(console, scope="openid read")
    more = {
        "scope": "openid write",
        "state": "of-somebody-else",
        "redirect_uri": "https://evil.example/",
    }
    await sent_on(person, console.led_by(answer.json()["request_uri"], **more))
    code = told(await decided(person, "allow"))
    assert code["state"] == asking.state
    tokens = (await console.redeem(code["code"], asking)).json()
    assert tokens["scope"] == "openid read"


async def test_mx_12_a_reference_is_good_once_for_its_client_here_and_for_a_moment(
    server: RunningServer,
    console: Application,
    native: Application,
    globex: Tenant,
    person: Person,
) -> None:
    answer, _ = await pushed(console)
    request_uri = answer.json()["request_uri"]
    elsewhere = console.led_by(request_uri).replace(console.tenant.issuer, globex.issuer)
    for url in (
        native.led_by(request_uri),
        elsewhere,
        console.led_by(f"{request_uri}x"),
        console.led_by(PREFIX),
        f"{console.led_by(request_uri)}&{urlencode({'request_uri': request_uri})}",
        f"{console.tenant.issuer}/oauth/authorize?{urlencode({'request_uri': request_uri})}",
        # Nor does it pass for the handle that the browser carries later.
        f"{console.tenant.issuer}/oauth/authorize/{request_uri.removeprefix(PREFIX)}",
    ):
        assert (await person.http.get(url)).status_code == 400, url
    assert (await person.http.get(console.led_by(request_uri))).status_code == 303
    again = await person.http.get(console.led_by(request_uri))
    assert again.status_code == 400
    assert "invalid_request_uri" in again.text

    answer, _ = await pushed(console)
    server.clock.advance(91)
    late = await person.http.get(console.led_by(answer.json()["request_uri"]))
    assert (late.status_code, "invalid_request_uri" in late.text) == (400, True)


async def test_of_a_reference_only_a_hash_is_stored(console: Application) -> None:
    answer, _ = await pushed(console)
    reference = answer.json()["request_uri"].removeprefix(PREFIX)
    with use_tenant(console.tenant):
        [row] = await AuthorizationRequestRow.all().values()
    assert reference not in str(row)
    assert reference.encode() != row["handle_hash"]


@on_sqlite
@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_request"),
        ({"redirect_uri": "https://console.example/callback/x"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "admin"}, "invalid_scope"),
        ({"request_uri": f"{PREFIX}x"}, "invalid_request"),
        ({"request_uri": "http://169.254.169.254/"}, "invalid_request"),
        ({"client_id": "another"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client"),
    ],
    ids=lambda value: value if isinstance(value, str) else "=".join(*value.items()),
)
async def test_a_request_that_is_not_in_order_is_refused_where_it_is_pushed(
    console: Application, changed: dict[str, str], error: str
) -> None:
    answer, _ = await pushed(console, **changed)
    assert answer.json()["error"] == error
    assert answer.status_code == (401 if error == "invalid_client" else 400)
    with use_tenant(console.tenant):
        assert await AuthorizationRequestRow.all().count() == 0


@on_sqlite
async def test_mx_08_mx_09_mx_10_parameters_come_once_and_in_the_body(
    at_acme: Caller, console: Application
) -> None:
    query = httpx2.URL(console.ask().url).query
    body = query + b"&" + urlencode(console.credentials() | {"client_id": ""}).encode()
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    assert (
        await at_acme.post("/oauth/par", body=body.rstrip(b"&"), headers=form)
    ).status_code == 400
    twice = body.replace(b"client_id=&", b"") + b"&scope=read"
    assert (await at_acme.post("/oauth/par", body=twice, headers=form)).status_code == 400
    in_url = f"/oauth/par?{query.decode()}"
    assert (await at_acme.post(in_url, console.credentials())).status_code == 400
    assert (await at_acme.get("/oauth/par")).status_code == 405


@on_sqlite
async def test_a_client_may_be_registered_to_push_its_requests(
    server: RunningServer, console: Application, person: Person
) -> None:
    change = ClientChange(metadata=ClientMetadata(require_pushed_authorization_requests=True))
    with use_tenant(console.tenant):
        await provisioning.change_client(server.parts, "console", change)
    assert told(await person.http.get(console.ask().url))["error"] == "invalid_request"
    nowhere, _ = await pushed(console, redirect_uri="")
    assert (nowhere.status_code, nowhere.json()["error"]) == (400, "invalid_request")
    answer, _ = await pushed(console)
    taken = await person.http.get(console.led_by(answer.json()["request_uri"]))
    assert taken.status_code == 303


@on_sqlite
async def test_a_tenant_may_take_pushed_requests_only(
    server: RunningServer, console: Application, person: Person
) -> None:
    await provisioning.change_tenant(
        server.parts,
        console.tenant,
        change=lambda settings: replace(settings, require_pushed_authorization_requests=True),
    )
    metadata = await console.http.get(f"{console.tenant.issuer}/.well-known/openid-configuration")
    assert metadata.json()["require_pushed_authorization_requests"] is True
    assert metadata.json()["pushed_authorization_request_endpoint"] == (
        f"{console.tenant.issuer}/oauth/par"
    )
    refused = told(await person.http.get(console.ask().url))
    assert refused["error"] == "invalid_request"
    answer, _ = await pushed(console)
    taken = await person.http.get(console.led_by(answer.json()["request_uri"]))
    assert taken.status_code == 303
