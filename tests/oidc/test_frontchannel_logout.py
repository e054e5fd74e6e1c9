"""The pages of applications that are loaded when a person signs out (OpenID Connect Front-Channel
Logout 1.0)."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import jwt
import pytest

from authgate import provisioning
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.sign_in import session_clients
from authgate.storage.sign_in.session_clients import SessionClient
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, sent_on
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

pytestmark = on_sqlite

GONE, BACK = "https://console.example/gone?of=acme", "https://console.example/bye"
_FRAME = re.compile('<iframe src="([^"]*)"')


@pytest.fixture(autouse=True)
async def registered(server: RunningServer, console: Application, acme: Tenant) -> None:
    """The application has a page for it."""
    metadata = replace(
        console.client.client.metadata,
        frontchannel_logout_uri=GONE,
        post_logout_redirect_uris=(BACK,),
    )
    with use_tenant(acme):
        change = ClientChange(metadata=metadata)
        await provisioning.change_client(server.parts, "console", change)


def frames(answer: httpx2.Response) -> Sequence[str]:
    return [unescape(each) for each in _FRAME.findall(answer.text)]


def policy(answer: httpx2.Response) -> str:
    said: str = answer.headers["content-security-policy"]
    return said


async def test_who_signs_out_loads_the_pages_of_the_applications_and_no_others(
    acme: Tenant, console: Application, native: Application, person: Person
) -> None:
    id_token = (await console.signed_in(person, scope="openid"))["id_token"]
    await native.signed_in(person, scope="openid")
    page = await person.visit(f"{acme.issuer}/account/sessions")
    assert "frame-src" not in policy(page)
    answer = await person.submit({}, to="/logout")
    assert "You are signed out" in answer.text
    [frame] = frames(answer)
    assert frame.startswith(f"{GONE}&")
    said = parse_qs(urlsplit(frame).query)
    sid = jwt.decode(id_token, options={"verify_signature": False})["sid"]
    assert said == {"of": ["acme"], "iss": [acme.issuer], "sid": [sid]}
    assert policy(answer).endswith("; frame-src https://console.example")
    again = await person.http.get(f"{acme.issuer}/account/sessions")
    assert again.status_code == 303, "signed out on the server, whatever the pages do"


async def test_an_application_that_asks_gets_the_person_back_after_that(
    acme: Tenant, console: Application, person: Person
) -> None:
    hint = (await console.signed_in(person, scope="openid"))["id_token"]
    url = f"{acme.issuer}/oauth/logout?id_token_hint={hint}&post_logout_redirect_uri={quote(BACK)}"
    answer = await sent_on(person, f"{url}&state=x")
    assert answer.status_code == 200
    assert len(frames(answer)) == 1
    assert f'href="{BACK}?state=x" data-go-on' in answer.text
    assert "Acme Console" in answer.text


async def test_who_switches_to_another_account_signs_out_of_the_applications_too(
    acme: Tenant, console: Application, person: Person
) -> None:
    await console.signed_in(person, scope="openid")
    page = await sent_on(person, console.ask(prompt="consent").url)
    [form] = forms(page.text)
    switch = form.action.replace("/decision", "/switch")
    answer = await person.http.post(switch, data=form.hidden)
    assert len(frames(answer)) == 1
    assert f'href="{acme.prefix}/login?return_to=' in answer.text


async def test_without_an_application_nothing_is_loaded(acme: Tenant, person: Person) -> None:
    await person.visit(f"{acme.issuer}/account/sessions")
    answer = await person.submit({}, to="/logout", follow=False)
    assert answer.headers["location"] == f"{acme.prefix}/login"


async def test_the_page_of_a_client_that_is_not_served_is_not_loaded(
    server: RunningServer, acme: Tenant, console: Application, person: Person
) -> None:
    await console.signed_in(person, scope="openid")
    with use_tenant(acme):
        await provisioning.set_client_status(server.parts, "console", ClientStatus.INACTIVE)
    await person.visit(f"{acme.issuer}/account/sessions")
    assert frames(await person.submit({}, to="/logout")) == []


async def test_however_many_applications_there_are_the_header_that_names_them_is_short(
    server: RunningServer, acme: Tenant, console: Application, person: Person
) -> None:
    await console.signed_in(person, scope="openid")
    await person.visit(f"{acme.issuer}/account/sessions")
    with use_tenant(acme):
        [known] = await SessionClient.all()
        for number in range(60):
            host = f"https://{number:0>40}.example"
            draft = ClientDraft(
                name="Another",
                client_id=f"another-{number}",
                grant_types=["authorization_code"],
                redirect_uris=[f"{host}/callback"],
                metadata=ClientMetadata(frontchannel_logout_uri=f"{host}/gone"),
            )
            await clients.create(draft, secret="s" * 40)
            await session_clients.note(
                known.session_id, f"another-{number}", subject="x", expires_at=known.expires_at
            )
    answer = await person.submit({}, to="/logout")
    loaded = [urlsplit(each).hostname or "" for each in frames(answer)]
    assert len(policy(answer)) < 2100
    assert 20 < len(loaded) < 60
    assert loaded[0] == f"{59:0>40}.example", "the latest ones first"
    named = policy(answer).partition("; frame-src ")[2].split()
    assert set(named) == {f"https://{host}" for host in loaded}
