"""Clients that are told people by names of their own (OpenID Connect Core section 8)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import jwt
import orjson
import pytest

from authgate import audit, provisioning, storage
from authgate.provisioning import UnfitClient
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.clients.rows import Client
from authgate.storage.people.users import User
from authgate.storage.sign_in.session_clients import SessionClient
from authgate.storage.sweep import data_keys
from authgate.tokens.subjects import Subjects
from authgate_tenants import Tenant, use_tenant
from authgate_testing import device as devices
from authgate_testing.application import Application, allowed, sent_on, told
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device
from authgate_testing.person import Person
from authgate_testing.server import MovableClock, RunningServer

pytestmark = on_sqlite

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
BACK = "https://ledger.example/bye"
Make = Callable[..., Awaitable[Application]]


@pytest.fixture
def make(server: RunningServer, acme: Tenant) -> Make:
    """An application of acme's that is told people pairwise."""

    async def add(name: str, uri: str, *, grants: tuple[str, ...] = (), **said: Any) -> Application:
        draft = ClientDraft(
            name=name.title(),
            client_id=name,
            grant_types=["authorization_code", "refresh_token", *grants],
            scopes=["openid", "profile", "read"],
            redirect_uris=[uri],
            introspects=said.pop("introspects", False),
            metadata=ClientMetadata(**({"subject_type": "pairwise"} | said)),
        )
        with use_tenant(acme):
            made = await provisioning.add_client(server.parts, draft)
        return Application(server.http, acme, made, uri, scope="openid read")

    return add


@pytest.fixture
async def ledger_app(make: Make) -> Application:
    """One that has also an address to take people back to."""
    return await make(
        "ledger", "https://ledger.example/callback", post_logout_redirect_uris=(BACK,)
    )


def read(token: str) -> dict[str, Any]:
    """What a token says."""
    said: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return said


async def introspected(application: Application, token: str) -> dict[str, Any]:
    answer = await application.http.post(
        f"{application.tenant.issuer}/oauth/introspect",
        data=application.credentials() | {"token": token},
    )
    known: dict[str, Any] = answer.json()
    return known


async def userinfo(application: Application, token: str) -> dict[str, Any]:
    answer = await application.http.get(
        f"{application.tenant.issuer}/oauth/userinfo",
        headers={"Authorization": f"Bearer {token}"},
    )
    known: dict[str, Any] = answer.json()
    return known


async def test_a_person_has_one_name_for_a_host_and_no_other_host_has_it(
    make: Make, ledger_app: Application, console: Application, person: Person, alice: User
) -> None:
    ledger = await ledger_app.signed_in(person)
    sister = await make("sister", "https://ledger.example/sister/callback")
    stranger = await make("stranger", "https://elsewhere.example/callback")
    said = [
        read((await each.signed_in(person, scope="openid"))["id_token"])
        for each in (sister, stranger, console)
    ]
    own = read(ledger["id_token"])
    subjects = [each["sub"] for each in said]
    assert subjects[0] == own["sub"]
    assert len({own["sub"], *subjects[1:]}) == 3
    assert subjects[2] == str(alice.id)
    # One sid for all would say who is who just the same.
    assert len({own["sid"], said[1]["sid"], said[2]["sid"]}) == 3


async def test_whatever_the_client_gets_says_that_name_and_never_who_it_is(
    ledger_app: Application, person: Person, alice: User
) -> None:
    tokens = await ledger_app.signed_in(person)
    own = read(tokens["id_token"])["sub"]
    access = read(tokens["access_token"])
    assert (access["sub"], access["user_id"]) == (own, own)
    assert (await userinfo(ledger_app, tokens["access_token"]))["sub"] == own
    for each in ("access_token", "refresh_token"):
        known = await introspected(ledger_app, tokens[each])
        assert known["sub"] == own
        assert "alice" not in str(known)
    again = (await ledger_app.refresh(tokens["refresh_token"])).json()
    assert {read(again[each])["sub"] for each in ("id_token", "access_token")} == {own}
    for said in (access, read(tokens["id_token"])):
        assert str(alice.id) not in str(said)
        assert "alice" not in str(said)


async def test_a_resource_server_is_told_whom_it_knows(
    make: Make, ledger_app: Application, person: Person, alice: User
) -> None:
    tokens = await ledger_app.signed_in(person)
    api = await make("api", "https://api.example/callback", introspects=True, subject_type="public")
    known = await introspected(api, tokens["access_token"])
    assert (known["sub"], known["username"]) == (str(alice.id), "alice")
    private = await make("private", "https://private.example/callback", introspects=True)
    known = await introspected(private, tokens["access_token"])
    theirs = read((await private.signed_in(person))["id_token"])["sub"]
    assert known["sub"] == theirs
    assert "username" not in known


async def test_nobody_is_recognised_by_a_sub_or_a_hint_that_is_not_the_clients_own(
    make: Make,
    ledger_app: Application,
    console: Application,
    person: Person,
    colleague: Person,
    alice: User,
) -> None:
    own = (await ledger_app.signed_in(person))["id_token"]
    others = (await ledger_app.signed_in(colleague))["id_token"]

    async def silently(application: Application, **asked: str) -> str:
        answer = told(await sent_on(person, application.ask(prompt="none", **asked).url))
        return answer.get("error", "")

    def claimed(subject: str) -> str:
        return orjson.dumps({"id_token": {"sub": {"value": subject}}}).decode()

    assert await silently(ledger_app, claims=claimed(read(own)["sub"])) == ""
    assert await silently(ledger_app, claims=claimed(read(others)["sub"])) == "login_required"
    # Else whoever has heard of a person elsewhere could find out who this is.
    assert await silently(ledger_app, claims=claimed(str(alice.id))) == "login_required"
    assert await silently(ledger_app, id_token_hint=own) == ""
    assert await silently(ledger_app, id_token_hint=others) == "login_required"
    hers = (await console.signed_in(person))["id_token"]
    carols = (await console.signed_in(colleague))["id_token"]
    assert await silently(console, id_token_hint=carols) == "login_required"
    # Of the right and of the wrong person another's says the same: nothing.
    for hint in (hers, carols):
        assert await silently(ledger_app, id_token_hint=hint) == ""
    for hint in (own, others):
        assert await silently(console, id_token_hint=hint) == ""


async def test_a_client_signs_out_the_session_that_it_knows(
    server: RunningServer, ledger_app: Application, person: Person, acme: Tenant
) -> None:
    client = ledger_app.client.client
    front = "https://ledger.example/gone"
    change = ClientChange(metadata=replace(client.metadata, frontchannel_logout_uri=front))
    with use_tenant(acme):
        await provisioning.change_client(server.parts, client.client_id, change)
    id_token = (await ledger_app.signed_in(person))["id_token"]
    asked = httpx2.QueryParams(id_token_hint=id_token, post_logout_redirect_uri=BACK)
    answer = await sent_on(person, f"{acme.issuer}/oauth/logout?{asked}")
    # Its own page is loaded first, and is told the session by the name that it knows.
    [frame] = [each for each in answer.text.split('"') if each.startswith(front)]
    told_there = dict(parse_qsl(urlsplit(frame.replace("&amp;", "&")).query))
    assert told_there["sid"] == read(id_token)["sid"]
    assert BACK in answer.text
    assert (await sent_on(person, f"{acme.issuer}/account/sessions")).status_code == 200
    assert person.page is not None
    assert person.page.url.path.endswith("/login")


async def test_a_device_and_a_gateway_are_told_whom_they_know(
    server: RunningServer, make: Make, acme: Tenant, person: Person, alice: User
) -> None:
    draft = ClientDraft(
        name="Television",
        client_id="tv",
        grant_types=[devices.GRANT],
        scopes=["openid", "read"],
        public=True,
        metadata=ClientMetadata(subject_type="pairwise"),
    )
    with use_tenant(acme):
        tv = Device(server.http, acme, await provisioning.add_client(server.parts, draft))
    shown = await tv.start(scope="openid read")
    await devices.decide(person, shown)
    tokens = (await tv.poll(shown["device_code"])).json()
    own = read(tokens["id_token"])["sub"]
    assert read(tokens["access_token"])["sub"] == own != str(alice.id)
    told_to = {}
    for kind in ("public", "pairwise"):
        gateway = await make(
            f"gateway-{kind}",
            "https://gateway.example/callback",
            grants=(EXCHANGE,),
            subject_type=kind,
            token_exchange_from=(acme.issuer,),
            token_exchange_to=("https://files.example/",),
        )
        answer = await gateway.token(
            grant_type=EXCHANGE,
            subject_token=tokens["access_token"],
            subject_token_type="urn:ietf:params:oauth:token-type:access_token",
            audience="https://files.example/",
        )
        told_to[kind] = read(answer.json()["access_token"])["sub"]
    assert told_to["public"] == str(alice.id)
    assert told_to["pairwise"] not in (own, str(alice.id))


async def test_a_name_outlives_keys_and_processes_and_is_no_other_tenants(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    ledger_app: Application,
    alice: User,
) -> None:
    client = ledger_app.client.client

    async def name(tenant: Tenant, told: Client = client) -> str:
        # As a process that has just begun.
        subjects = Subjects(encryption=server.parts.encryption, clock=server.clock)
        with use_tenant(tenant):
            return await subjects.of(alice, told)

    first = await name(acme)
    with use_tenant(acme):
        await server.parts.keys.rotate("ES256", actor=audit.SYSTEM)
    await data_keys.rewrap(server.parts.settings.database, server.parts.encryption)
    server.clock.advance(3600)
    assert await name(acme) == first
    assert await name(globex) != first
    moved = replace(client, redirect_uris=("https://ledger.example/new",))
    assert await name(acme, moved) == first
    ported = replace(client, redirect_uris=("https://ledger.example:8443/callback",))
    assert await name(acme, ported) == first


async def test_a_secret_that_was_never_stored_names_nobody(
    server: RunningServer, acme: Tenant, ledger_app: Application, alice: User
) -> None:
    clock, keeps = MovableClock(), asyncio.Event()
    subjects = Subjects(encryption=server.parts.encryption, clock=clock, remembering=keeps.set)
    with use_tenant(acme):
        async with storage.transaction() as unit:
            await subjects.of(alice, ledger_app.client.client)
            unit.doom()
        others = Subjects(encryption=server.parts.encryption, clock=clock)
        named = [await each.of(alice, ledger_app.client.client) for each in (subjects, others)]
        assert not keeps.is_set()
        clock.advance(120)
        named += [await each.of(alice, ledger_app.client.client) for each in (subjects, others)]
    assert len(set(named)) == 1
    assert keeps.is_set(), "who keeps it open has to hear of its end"


@pytest.mark.parametrize(
    ("uris", "grants", "said", "field"),
    [
        (["https://a.example/cb", "https://b.example/cb"], [], {}, "sector_identifier_uri"),
        (["https://a.example/cb", "http://127.0.0.1/cb"], [], {}, "sector_identifier_uri"),
        (
            [],
            [devices.GRANT],
            {"sector_identifier_uri": "https://a.example/all"},
            "sector_identifier_uri",
        ),
        (
            ["https://a.example/cb"],
            [],
            {"sector_identifier_uri": "http://a.example/all"},
            "sector_identifier_uri",
        ),
        # Whoever polls for a token need have no part in the host.
        (["https://a.example/cb"], [devices.GRANT], {"self_registered": True}, "grant_types"),
        (["https://a.example/cb"], [], {"subject_type": "secret"}, "subject_type"),
    ],
    ids=["hosts", "loopback", "nowhere", "http", "device", "type"],
)
async def test_a_sector_that_is_nobodys_own_is_refused(
    server: RunningServer,
    acme: Tenant,
    uris: list[str],
    grants: list[str],
    said: dict[str, Any],
    field: str,
) -> None:
    draft = ClientDraft(
        name="Ledger",
        grant_types=grants + (["authorization_code"] if uris else []),
        redirect_uris=uris,
        metadata=ClientMetadata(**({"subject_type": "pairwise"} | said)),
    )
    with use_tenant(acme), pytest.raises(UnfitClient) as refused:
        await provisioning.add_client(server.parts, draft)
    assert refused.value.field == field


async def test_addresses_that_are_anybodys_make_a_client_a_sector_of_its_own(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    named = set()
    for name in ("one", "two"):
        draft = ClientDraft(
            name=name,
            client_id=name,
            grant_types=["authorization_code"],
            redirect_uris=["http://127.0.0.1/cb"],
            public=True,
            metadata=ClientMetadata(subject_type="pairwise"),
        )
        with use_tenant(acme):
            made = await provisioning.add_client(server.parts, draft)
            named.add(await server.parts.subjects.of(alice, made.client))
    assert len(named) == 2


async def test_a_person_who_is_let_in_by_a_code_is_noted_by_that_name(
    ledger_app: Application, person: Person, acme: Tenant
) -> None:
    asking = ledger_app.ask(scope="openid")
    code = (await allowed(person, asking))["code"]
    tokens = (await ledger_app.redeem(code, asking)).json()
    with use_tenant(acme):
        [noted] = await SessionClient.all()
    assert noted.subject == read(tokens["id_token"])["sub"]
