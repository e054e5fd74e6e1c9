"""Odd forms by the thousand, at every endpoint that takes one: for programs, for browsers, and on
each page of the account and the console.

``--rounds 10`` sends ten times as many, all different. What a form broke is shown with its bytes.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import orjson
import pytest

from authgate import provisioning
from authgate.permissions import UserRole
from authgate.provisioning import NewClient
from authgate.settings import LimitSettings, Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, allowed, challenge
from authgate_testing.bad_requests.answers import (
    Answer,
    faults_for_programs,
    faults_of_wording,
)
from authgate_testing.caller import basic_header
from authgate_testing.databases import on_postgres
from authgate_testing.device import GRANT
from authgate_testing.odd_forms import Fields, OddForm, odd_forms
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

pytestmark = on_postgres

PER_GRANT, PER_ADDRESS, PER_PAGE = 80, 150, 14
_VERIFIER = "v" * 43
_CLIENT = {"client_id": "$client_id", "client_secret": "$client_secret"}
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ASSERTION = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_CALLBACK = "https://console.example/callback"
_REGISTER = "/oauth/register"
_ASKING = {
    "response_type": "code",
    "client_id": "$client_id",
    "redirect_uri": _CALLBACK,
    "scope": "openid offline_access read",
    "state": "s",
    "nonce": "n",
    "claims": '{"id_token":{"acr":null}}',
    "max_age": "600",
    "prompt": "consent",
    "response_mode": "query",
    "ui_locales": "de en",
    "acr_values": "1",
    "id_token_hint": "$id_token",
    "code_challenge": challenge(_VERIFIER),
    "code_challenge_method": "S256",
}
_TOKEN = "/oauth/token"
FOR_PROGRAMS: list[tuple[str, dict[str, str]]] = [
    (_TOKEN, _CLIENT | {"grant_type": "authorization_code", "code": "$code",
                        "code_verifier": _VERIFIER, "redirect_uri": _CALLBACK}),
    (_TOKEN, _CLIENT | {"grant_type": "refresh_token", "refresh_token": "$refresh_token"}),
    (_TOKEN, _CLIENT | {"grant_type": "client_credentials", "scope": "read"}),
    (_TOKEN, {"client_id": "$device", "grant_type": GRANT, "device_code": "$device_code"}),
    (_TOKEN, _CLIENT | {"grant_type": _EXCHANGE, "subject_token": "$access_token",
                        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token"}),
    (_TOKEN, _CLIENT | {"grant_type": _ASSERTION, "assertion": "$access_token"}),
    ("/oauth/device/code", {"client_id": "$device", "scope": "openid read"}),
    ("/oauth/par", _CLIENT | _ASKING),
    ("/oauth/introspect", _CLIENT | {"token": "$access_token", "token_type_hint": "access_token"}),
    ("/oauth/revoke", _CLIENT | {"token": "$id_token", "token_type_hint": "refresh_token"}),
    ("/oauth/userinfo", {"access_token": "$access_token"}),
    (_REGISTER, {"client_name": "Ledger", "redirect_uris": "https://ledger.example/cb",
                 "grant_types": "authorization_code", "jwks": "{}", "scope": "read"}),
]  # fmt: skip
FOR_BROWSERS: dict[str, dict[str, str]] = {
    "/oauth/authorize": _ASKING,
    "/oauth/logout": {"id_token_hint": "$id_token", "client_id": "$client_id", "state": "s",
                      "post_logout_redirect_uri": _CALLBACK},
}  # fmt: skip


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As many requests as there are, one after the other."""
    return settings.model_copy(update={"limits": LimitSettings(enabled=False)})


@pytest.fixture
async def everything(server: RunningServer, acme: Tenant, device_client: NewClient) -> Application:
    """An application of acme that may do whatever a client can."""
    grants = [form["grant_type"] for path, form in FOR_PROGRAMS if path == _TOKEN]
    with use_tenant(acme):
        client = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Acme Console",
                grant_types=grants,
                scopes=["openid", "offline_access", "read"],
                redirect_uris=[_CALLBACK],
                introspects=True,
            ),
        )
    return Application(server.http, acme, client, _CALLBACK)


async def in_hand(application: Application, person: Person, device: NewClient) -> dict[str, str]:
    """What the sender has got from the server."""
    asking = application.ask(scope="openid offline_access read")
    asking.verifier = _VERIFIER
    asking.url = re.sub(
        "code_challenge=[^&]*", f"code_challenge={challenge(_VERIFIER)}", asking.url
    )
    tokens = (await application.redeem((await allowed(person, asking))["code"], asking)).json()
    asked = {"client_id": device.client.client_id, "scope": "openid"}
    shown = await application.http.post(
        f"{application.tenant.issuer}/oauth/device/code", data=asked
    )
    pushed = (await application.pushed(application.ask())).json()
    return {
        **tokens,
        **shown.json(),
        **application.credentials(),
        "code": (await allowed(person, asking))["code"],
        "request_uri": pushed["request_uri"],
        "device": device.client.client_id,
        "basic": basic_header(*application.credentials().values())[1],
    }


def faults(answer: httpx2.Response, *, for_programs: bool) -> Iterator[str]:
    """What must not be in an answer, besides what must not be in any."""
    if answer.status_code >= 500:
        yield f"is answered {answer.status_code}"
    if "x-planted" in answer.headers:
        yield "plants a header"
    if for_programs and answer.content:
        fields = {b"content-type": answer.headers.get("content-type", "").encode()}
        yield from faults_for_programs(Answer(answer.status_code, fields, answer.content))
    target = urlsplit(answer.headers.get("location", ""))
    if target.netloc not in ("", "localhost:8080", "console.example"):
        yield f"leads to {target.netloc}"
    if target.netloc == "console.example":
        told = parse_qs(target.query)
        if not {"error", "code", "response", "state"} & set(told):
            yield "tells the application nothing"
        yield from faults_of_wording(told.get("error_description", [""])[0])


async def test_no_form_of_a_program_breaks_an_endpoint(
    seed: int,
    server: RunningServer,
    everything: Application,
    device_client: NewClient,
    person: Person,
) -> None:
    hand, worked = await in_hand(everything, person, device_client), 0
    found: list[str] = []
    for path, good in FOR_PROGRAMS:
        for form in odd_forms(tuple(good.items()), count=PER_GRANT, seed=seed):
            said = form.with_what_is_in_hand(hand)
            answer = await sent(server.http, f"{everything.tenant.issuer}{path}", said)
            found += [f"{path} {said}: {each}" for each in faults(answer, for_programs=True)]
            if answer.status_code == 200 and answer.content:
                worked += 1
                given = {name: str(value) for name, value in answer.json().items()}
                hand |= {name: value for name, value in given.items() if name in hand}
    assert not found, "\n".join(found[:20])
    assert worked > 50, "some of them are good enough to do something"


async def test_no_request_of_a_browser_breaks_an_endpoint(
    seed: int,
    server: RunningServer,
    everything: Application,
    device_client: NewClient,
    person: Person,
) -> None:
    hand = await in_hand(everything, person, device_client)
    found: list[str] = []
    for path, good in FOR_BROWSERS.items():
        url = f"{everything.tenant.issuer}{path}"
        for number, form in enumerate(odd_forms(tuple(good.items()), count=PER_ADDRESS, seed=seed)):
            said = form.with_what_is_in_hand(hand)
            if number % 3:
                answers = [await person.http.get(f"{url}?{said.encoded().decode()}")]
            else:
                answers = [await sent(person.http, url, said)]
            next_place = answers[0].headers.get("location", "")
            if f"{path}/" in next_place:
                answers.append(await person.http.get(next_place))
            for answer in answers:
                found += [f"{path} {said}: {each}" for each in faults(answer, for_programs=False)]
    assert not found, "\n".join(found[:20])


async def test_no_form_of_a_page_breaks_it(
    seed: int, server: RunningServer, acme: Tenant, alice: User, person: Person,
    everything: Application, machine: NewClient, colleague: Person,
) -> None:  # fmt: skip
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.ADMIN)
        await provisioning.change_tenant(
            server.parts, acme, change=lambda before: before.changed({"own_applications": "open"})
        )
    await everything.signed_in(person, scope="openid offline_access read")
    await everything.signed_in(colleague, scope="openid")
    pages = await forms_of(person, acme)
    assert len(pages) > 18, sorted(pages)
    found: list[str] = []
    for action, (place, good) in sorted(pages.items(), key=_ends):
        hand = await seen_at(place, person)
        for form in odd_forms(good, count=PER_PAGE, seed=seed):
            answer = await sent(person.http, action, form.with_what_is_in_hand(hand))
            found += [f"{action} {form}: {each}" for each in faults(answer, for_programs=False)]
            if answer.status_code == 303 and "version" in hand:
                hand = await seen_at(place, person)
    assert not found, "\n".join(found[:20])


async def sent(http: httpx2.AsyncClient, url: str, said: OddForm) -> httpx2.Response:
    """The answer to this form, which is JSON where clients register."""
    is_json = url.endswith(_REGISTER)
    kind = b"application/json" if is_json else b"application/x-www-form-urlencoded"
    headers = [(name.encode(), value.encode()) for name, value in said.headers]
    return await http.post(
        url,
        content=as_json(said) if is_json else said.encoded(),
        headers=[(b"content-type", kind), *headers],
    )


def as_json(said: OddForm) -> bytes:
    """The fields as members, and what looks like JSON as such."""

    def member(text: str) -> Any:
        try:
            return orjson.loads(text)
        except ValueError:
            return [text] if text.startswith("https") else text

    clean = [(name, value) for name, value in said.fields if "\ud800" not in name + value]
    return orjson.dumps({name: member(value) for name, value in clean})


_PLACE = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_FIELD = re.compile(r"<(input|button|select|textarea)\b([^>]*)>([^<]*)(?:<option\b([^>]*))?")
_SAID = re.compile(r'\b([a-z]+)="([^"]*)"')
_LINK = re.compile(r'href="((?:/t/acme)?/(?:admin|account|device)[^"#?]*)')


async def seen_at(place: str, person: Person) -> dict[str, str]:
    """Which state of a thing a page shows, where its forms say so."""
    version = re.search(r'name="version" value="([^"]+)"', (await person.http.get(place)).text)
    return {"version": version[1]} if version else {}


async def forms_of(person: Person, tenant: Tenant) -> dict[str, tuple[str, Fields]]:
    """Every form that a person finds by following links: where it is, and what it would send."""
    ways = ["/account/sessions", "/account/apps", "/admin", "/device"]
    waiting, seen = [f"{tenant.prefix}{way}" for way in ways], set[str]()
    found: dict[str, tuple[str, Fields]] = {}
    while waiting:
        path = waiting.pop()
        if path in seen or len(seen) > 60:
            continue
        seen.add(path)
        page = await person.http.get(path, follow_redirects=True)
        waiting += [unescape(each) for each in _LINK.findall(page.text)]
        for opening, inside in _PLACE.findall(page.text):
            said = dict(_SAID.findall(opening))
            if said["method"] == "post" and not said["action"].endswith("/logout"):
                found.setdefault(unescape(said["action"]), (path, tuple(_fields(inside))))
    return found


def _fields(inside: str) -> Iterator[tuple[str, str]]:
    for kind, opening, text, option in _FIELD.findall(inside):
        said = dict(_SAID.findall(opening))
        is_box = said.get("type") in ("checkbox", "radio")
        if "name" not in said or (is_box and "checked" not in opening):
            continue
        value = dict(_SAID.findall(option)) if kind == "select" else said
        typed = text if kind == "textarea" else value.get("value", "")
        typed = "$version" if said["name"] == "version" else typed
        yield said["name"], unescape(typed) or ("Odd" if " required" in opening else "")


def _ends(form: tuple[str, object]) -> tuple[bool, str]:
    """Those that remove things come last."""
    return any(word in form[0] for word in ("delete", "remove", "/end", "reject")), form[0]
