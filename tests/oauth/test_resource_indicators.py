"""Tokens for the resource servers that a client names (RFC 8707), as RFC 9068 has them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import jwt
import pytest

from authgate import provisioning
from authgate.provisioning import NewClient
from authgate.storage.clients.drafts import ClientChange
from authgate.storage.clients.metadata import ClientMetadata
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, allowed, told
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

FILES, MAIL = "https://files.example/", "https://mail.example/api"


@pytest.fixture
async def servers(server: RunningServer, acme: Tenant) -> None:
    """Two resource servers of acme's."""
    await provisioning.change_tenant(
        server.parts, acme, change=lambda settings: replace(settings, resources=(FILES, MAIL))
    )


def said(answer: httpx2.Response) -> dict[str, Any]:
    """What the token says; its header is an access token's."""
    token = answer.json()["access_token"]
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


Ask = Callable[..., Awaitable[httpx2.Response]]


@pytest.fixture
def ask(at_acme: Caller, confidential: NewClient) -> Ask:
    """A machine that asks for a token."""
    basic = (confidential.client.client_id, confidential.secret or "")

    async def token(**form: str) -> httpx2.Response:
        named = {"grant_type": "client_credentials"} | form
        return await at_acme.post("/oauth/token", named, basic=basic)

    return token


@on_sqlite
async def test_a_tenant_without_resource_servers_does_not_look_at_the_parameter(
    ask: Ask, acme: Tenant
) -> None:
    assert said(await ask(resource=FILES))["aud"] == acme.issuer


@on_sqlite
@pytest.mark.usefixtures("servers")
async def test_a_machine_names_its_resource_server(
    server: RunningServer, ask: Ask, acme: Tenant, confidential: NewClient
) -> None:
    assert said(await ask())["aud"] == acme.issuer
    assert said(await ask(resource=FILES))["aud"] == FILES
    for unknown in ("https://other.example/", FILES[:-1], f"{FILES}#x", "files"):
        answer = await ask(resource=unknown)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target"), unknown
    with use_tenant(acme):
        change = ClientChange(metadata=ClientMetadata(resources=(MAIL,)))
        await provisioning.change_client(server.parts, confidential.client.client_id, change)
    assert said(await ask(resource=MAIL))["aud"] == MAIL
    assert (await ask(resource=FILES)).json()["error"] == "invalid_target"


@pytest.mark.usefixtures("servers")
async def test_a_person_lets_an_application_to_some_servers_and_each_token_to_less(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    asking = console.ask(scope="openid read")
    asking.url += "".join(f"&resource={quote(each, safe='')}" for each in (FILES, MAIL))
    code = (await allowed(person, asking))["code"]
    first = await console.redeem(code, asking)
    found = said(first)
    assert (found["aud"], found["amr"]) == ([FILES, MAIL], ["pwd"])
    assert found["auth_time"] <= found["iat"]

    second = await console.refresh(first.json()["refresh_token"], resource=MAIL)
    assert said(second)["aud"] == MAIL
    # Less for one token is not less for the next.
    third = await console.refresh(second.json()["refresh_token"])
    assert said(third)["aud"] == [FILES, MAIL]
    other = await console.refresh(third.json()["refresh_token"], resource="https://x.example/")
    assert (other.status_code, other.json()["error"]) == (400, "invalid_target")
    # What the tenant no longer knows is no longer granted.
    await provisioning.change_tenant(
        server.parts, acme, change=lambda settings: replace(settings, resources=(MAIL,))
    )
    fourth = await console.refresh(third.json()["refresh_token"])
    assert said(fourth)["aud"] == MAIL


@on_sqlite
@pytest.mark.usefixtures("servers")
async def test_a_code_is_for_no_other_server_than_was_asked_for(
    console: Application, person: Person
) -> None:
    asking = console.ask(resource=FILES)
    code = (await allowed(person, asking))["code"]
    other = await console.redeem(code, asking, resource=MAIL)
    assert (other.status_code, other.json()["error"]) == (400, "invalid_target")
    assert said(await console.redeem(code, asking, resource=FILES))["aud"] == FILES
    refused = told(await person.http.get(console.ask(resource="https://x.example/").url))
    assert refused["error"] == "invalid_target"


@on_sqlite
@pytest.mark.usefixtures("servers")
async def test_jw_10_a_token_for_a_resource_server_tells_nobody_who_the_person_is(
    console: Application, person: Person, at_acme: Caller, confidential: NewClient
) -> None:
    asking = console.ask(resource=FILES)
    tokens = await console.redeem((await allowed(person, asking))["code"], asking)
    token = tokens.json()["access_token"]
    answer = await at_acme.get("/oauth/userinfo", bearer=token)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert (await at_acme.get("/oauth/tokeninfo", bearer=token)).status_code == 200
    own = await at_acme.post("/oauth/introspect", {"token": token} | console.credentials())
    assert (own.json()["active"], own.json()["aud"]) == (True, FILES)
    basic = (confidential.client.client_id, confidential.secret or "")
    foreign = await at_acme.post("/oauth/introspect", {"token": token}, basic=basic)
    assert foreign.json() == {"active": False}


@on_sqlite
@pytest.mark.usefixtures("servers")
async def test_a_request_that_is_pushed_names_several(
    console: Application, person: Person, at_acme: Caller
) -> None:
    asking = console.ask()
    pairs = [*httpx2.URL(asking.url).params.multi_items(), *console.credentials().items()]
    pairs += [("resource", FILES), ("resource", MAIL)]
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    named = dict.fromkeys(pairs)
    answer = await at_acme.post("/oauth/par", body=urlencode(list(named)).encode(), headers=form)
    assert answer.status_code == 201, answer.text
    asking.url = console.led_by(answer.json()["request_uri"])
    tokens = await console.redeem((await allowed(person, asking))["code"], asking)
    assert said(tokens)["aud"] == [FILES, MAIL]
    twice = urlencode([*named, ("state", "x")]).encode()
    answer = await at_acme.post("/oauth/par", body=twice, headers=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@on_sqlite
@pytest.mark.usefixtures("servers")
async def test_a_device_names_its_resource_server(device: Device, person: Person) -> None:
    shown = await device.start()
    await decide(person, shown)
    refused = await device.poll(shown["device_code"], resource="https://x.example/")
    assert refused.json()["error"] == "invalid_target"
    assert said(await device.poll(shown["device_code"], resource=FILES))["aud"] == FILES


@on_sqlite
@pytest.mark.usefixtures("servers")
async def test_mx_08_at_the_token_endpoint_the_parameter_comes_once(
    at_acme: Caller, confidential: NewClient
) -> None:
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    basic = (confidential.client.client_id, confidential.secret or "")
    body = f"grant_type=client_credentials&resource={quote(FILES)}&resource={quote(MAIL)}"
    answer = await at_acme.post("/oauth/token", body=body.encode(), headers=form, basic=basic)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
