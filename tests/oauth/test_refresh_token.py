"""The refresh token grant: who is given another access token, and what a used one tells."""

import asyncio
from dataclasses import replace

import httpx2
import jwt
import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import NewClient, UnfitClient
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.issued.refresh_tokens import RefreshToken
from authgate.storage.people.users import User
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, allowed, claims, hidden_fields
from authgate_testing.databases import on_sqlite
from authgate_testing.device import GRANT, Device, decide
from authgate_testing.doors import PASSWORD
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

OFFLINE = "openid offline_access read"


@pytest.fixture
async def tokens(console: Application, person: Person) -> dict[str, str]:
    """What the application holds of Alice, for while she is away."""
    return await console.signed_in(person, scope=OFFLINE)


async def works(application: Application, tokens: dict[str, str]) -> bool:
    """Whether an access token is good."""
    answer = await application.http.get(
        f"{application.tenant.issuer}/oauth/tokeninfo",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )
    return answer.status_code == 200


def is_dead(answer: httpx2.Response) -> bool:
    """Whether a client is told to have its person sign in again."""
    return (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def set_up(server: RunningServer, tenant: Tenant, **settings: object) -> None:
    """Change what the tenant chooses."""
    await provisioning.change_tenant(
        server.parts, tenant, change=lambda before: before.changed(settings)
    )


async def test_a_refresh_gives_an_access_token_and_the_token_to_use_next(
    console: Application, tokens: dict[str, str], acme: Tenant, alice: User, ledger: Ledger
) -> None:
    answer = await console.refresh(tokens["refresh_token"])
    following = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert following["refresh_token"] != tokens["refresh_token"]
    assert following["scope"] == OFFLINE
    assert await works(console, following)
    assert await works(console, tokens)
    before = await claims(console.http, acme, tokens["id_token"], audience="console")
    after = await claims(console.http, acme, following["id_token"], audience="console")
    assert after["sub"] == str(alice.id)
    access = await claims(console.http, acme, following["access_token"], audience=acme.issuer)
    for said in ("auth_time", "amr", "acr"):  # RFC 9068 section 2.2.1
        assert before[said] == after[said] == access[said], said
    assert (access["amr"], access["acr"]) == (["pwd"], "1")
    assert "nonce" not in after
    assert await ledger.events(acme, Event.TOKEN_REFRESHED)


@on_sqlite
async def test_the_sid_that_an_application_knows_goes_on_when_the_person_signs_in_once_more(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    """What a refresh tells is of the first sign-in (OpenID Connect Core section 12.2)."""
    before = await console.signed_in(person, scope="openid")
    server.clock.advance(60)
    await person.visit(f"{acme.issuer}/login")
    await person.submit({"username": "alice", "password": PASSWORD}, to="/login")
    refreshed = (await console.refresh(before["refresh_token"])).json()
    anew = await console.signed_in(person, scope="openid")
    first, second, third = [
        jwt.decode(each["id_token"], options={"verify_signature": False})
        for each in (before, refreshed, anew)
    ]
    assert first["sid"] == second["sid"] == third["sid"]
    assert first["auth_time"] == second["auth_time"] != third["auth_time"]


@on_sqlite
async def test_who_is_not_registered_for_refreshing_gets_no_refresh_token(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    tokens = await console.signed_in(person, scope=OFFLINE)
    with use_tenant(acme):
        change = ClientChange(grant_types=["authorization_code"])
        await provisioning.change_client(server.parts, "console", change)
    answer = await console.refresh(tokens["refresh_token"])
    assert answer.json()["error"] == "unauthorized_client"
    assert "refresh_token" not in await console.signed_in(person)


async def test_a_device_is_given_one_too(
    server: RunningServer, device: Device, person: Person, acme: Tenant, device_client: NewClient
) -> None:
    client_id = device_client.client.client_id
    with use_tenant(acme):
        change = ClientChange(grant_types=[GRANT, "refresh_token"])
        await provisioning.change_client(server.parts, client_id, change)
    shown = await device.start(scope="openid read")
    await decide(person, shown)
    tokens = (await device.poll(shown["device_code"])).json()
    identity = await claims(server.http, acme, tokens["id_token"], audience=client_id)
    assert "sid" not in identity
    application = Application(server.http, acme, device_client, "")
    following = (await application.refresh(tokens["refresh_token"])).json()
    assert await works(application, following)


@on_sqlite
async def test_rt_02_a_client_whose_answer_was_lost_gets_the_same_successor(
    console: Application, tokens: dict[str, str]
) -> None:
    answers = [await console.refresh(tokens["refresh_token"]) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert len({answer.json()["access_token"] for answer in answers}) == 3


async def test_rt_02_requests_that_arrive_together_get_the_same_successor(
    console: Application, tokens: dict[str, str], acme: Tenant
) -> None:
    answers = await asyncio.gather(*(console.refresh(tokens["refresh_token"]) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    with use_tenant(acme):
        assert await RefreshToken.all().count() == 2


async def test_rt_03_a_token_that_was_used_before_ends_its_family(
    server: RunningServer,
    console: Application,
    tokens: dict[str, str],
    acme: Tenant,
    ledger: Ledger,
) -> None:
    following = (await console.refresh(tokens["refresh_token"])).json()
    server.clock.advance(11)
    assert is_dead(await console.refresh(tokens["refresh_token"]))
    assert is_dead(await console.refresh(following["refresh_token"]))
    assert not await works(console, tokens)
    assert not await works(console, following)
    assert await ledger.events(acme, Event.SUSPICIOUS_ACTIVITY)


@on_sqlite
async def test_rt_03_so_does_one_whose_successor_was_used_however_soon(
    console: Application, tokens: dict[str, str]
) -> None:
    following = (await console.refresh(tokens["refresh_token"])).json()
    last = (await console.refresh(following["refresh_token"])).json()
    assert is_dead(await console.refresh(tokens["refresh_token"]))
    assert is_dead(await console.refresh(last["refresh_token"]))


@on_sqlite
async def test_without_grace_a_token_is_good_once(
    server: RunningServer, console: Application, tokens: dict[str, str], acme: Tenant
) -> None:
    await set_up(server, acme, refresh_token_grace=0)
    assert (await console.refresh(tokens["refresh_token"])).status_code == 200
    assert is_dead(await console.refresh(tokens["refresh_token"]))


async def test_rt_01_without_grace_one_of_many_at_once_is_given_tokens(
    server: RunningServer, console: Application, tokens: dict[str, str], acme: Tenant
) -> None:
    await set_up(server, acme, refresh_token_grace=0)
    answers = await asyncio.gather(*(console.refresh(tokens["refresh_token"]) for _ in range(30)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 29


async def test_a_tenant_may_keep_one_refresh_token_for_good(
    server: RunningServer, console: Application, tokens: dict[str, str], acme: Tenant
) -> None:
    await set_up(server, acme, refresh_token_rotation=False)
    for _ in range(2):
        answers = await asyncio.gather(
            *(console.refresh(tokens["refresh_token"]) for _ in range(4))
        )
        assert {each.json()["refresh_token"] for each in answers} == {tokens["refresh_token"]}
        assert all([await works(console, each.json()) for each in answers])


@on_sqlite
async def test_rt_04_a_thief_without_the_secret_ends_nothing(
    server: RunningServer, console: Application, tokens: dict[str, str]
) -> None:
    following = (await console.refresh(tokens["refresh_token"])).json()
    server.clock.advance(60)
    wrong = await console.refresh(tokens["refresh_token"], client_secret="wrong")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert (await console.refresh(following["refresh_token"])).status_code == 200


@on_sqlite
async def test_rt_05_a_client_with_a_secret_has_to_show_it(
    console: Application, tokens: dict[str, str]
) -> None:
    console.authenticates = False
    answer = await console.refresh(tokens["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@on_sqlite
async def test_a_client_registered_so_may_refresh_without_its_secret(
    console: Application, person: Person, tokens: dict[str, str], server: RunningServer
) -> None:
    """As AuthGate's Python SDK does."""
    said = replace(console.client.client.metadata, unauthenticated_refresh=True)
    with use_tenant(console.tenant):
        change = ClientChange(metadata=said)
        await provisioning.change_client(server.parts, console.client.client.client_id, change)
        without_secret = replace(ClientDraft.of(console.client.client), client_id=None, public=True)
        with pytest.raises(UnfitClient, match="no secret that it could leave out"):
            await provisioning.add_client(
                server.parts, replace(without_secret, metadata=said, authentication_methods=())
            )
    asking = console.ask()
    code = (await allowed(person, asking))["code"]
    console.authenticates = False
    answer = await console.refresh(tokens["refresh_token"])
    assert answer.status_code == 200
    # For nothing else, and never with a secret that is wrong.
    assert (await console.redeem(code, asking)).status_code == 401
    newest = answer.json()["refresh_token"]
    assert (await console.refresh(newest, client_secret="wrong-secret")).status_code == 401
    assert (await console.refresh(newest)).status_code == 200


@on_sqlite
async def test_rt_06_another_clients_token_is_unknown(
    console: Application, native: Application, tokens: dict[str, str]
) -> None:
    stolen, unknown = await native.refresh(tokens["refresh_token"]), await native.refresh("agrt_x")
    assert is_dead(stolen)
    assert stolen.json() == unknown.json()
    assert (await console.refresh(tokens["refresh_token"])).status_code == 200


async def test_rt_07_another_tenants_token_is_unknown(
    server: RunningServer, console: Application, tokens: dict[str, str], globex: Tenant
) -> None:
    with use_tenant(globex):
        twin = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Globex Console",
                client_id="console",
                grant_types=["authorization_code", "refresh_token"],
                scopes=["openid"],
                redirect_uris=["https://console.example/callback"],
            ),
        )
    elsewhere = Application(server.http, globex, twin, "")
    foreign = await elsewhere.refresh(tokens["refresh_token"])
    assert foreign.json() == (await elsewhere.refresh("agrt_x")).json()
    assert (await console.refresh(tokens["refresh_token"])).status_code == 200


@on_sqlite
async def test_rt_08_a_refresh_asks_for_no_more_than_was_granted(
    console: Application, tokens: dict[str, str]
) -> None:
    answer = await console.refresh(tokens["refresh_token"], scope="openid write")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@on_sqlite
async def test_rt_09_less_is_less_for_one_access_token_only(
    console: Application, tokens: dict[str, str], acme: Tenant
) -> None:
    narrow = (await console.refresh(tokens["refresh_token"], scope="read")).json()
    assert narrow["scope"] == "read"
    assert "id_token" not in narrow
    said = await claims(console.http, acme, narrow["access_token"], audience=acme.issuer)
    assert said["scope"] == "read"
    wide = (await console.refresh(narrow["refresh_token"])).json()
    assert wide["scope"] == OFFLINE


@on_sqlite
async def test_a_scope_that_the_client_has_lost_is_left_out(
    server: RunningServer, console: Application, tokens: dict[str, str], acme: Tenant
) -> None:
    with use_tenant(acme):
        change = ClientChange(scopes=["openid", "offline_access"])
        await provisioning.change_client(server.parts, "console", change)
    assert (await console.refresh(tokens["refresh_token"])).json()["scope"] == (
        "openid offline_access"
    )


@on_sqlite
async def test_rt_10_a_family_ends_however_often_it_is_refreshed(
    server: RunningServer, console: Application, tokens: dict[str, str], acme: Tenant
) -> None:
    day = 86_400
    await set_up(
        server, acme, refresh_token_lifetime=2 * day, refresh_token_absolute_lifetime=3 * day
    )
    tokens = (await console.refresh(tokens["refresh_token"])).json()
    for _ in range(2):
        server.clock.advance(1.2 * day)
        tokens = (await console.refresh(tokens["refresh_token"])).json()
        assert "access_token" in tokens
    server.clock.advance(100 * day)
    assert is_dead(await console.refresh(tokens["refresh_token"]))


@on_sqlite
async def test_a_token_that_is_not_used_ends(
    server: RunningServer, console: Application, tokens: dict[str, str]
) -> None:
    server.clock.advance(2_592_001)
    assert is_dead(await console.refresh(tokens["refresh_token"]))


async def test_rt_11_a_family_ends_with_its_person(
    server: RunningServer, console: Application, tokens: dict[str, str], acme: Tenant
) -> None:
    with use_tenant(acme):
        await provisioning.disable_user("alice", now=server.clock())
    assert is_dead(await console.refresh(tokens["refresh_token"]))
    with use_tenant(acme):
        await provisioning.enable_user("alice")
    assert is_dead(await console.refresh(tokens["refresh_token"]))


@on_sqlite
async def test_rt_11_a_family_waits_while_its_client_is_not_served(
    server: RunningServer, console: Application, tokens: dict[str, str], acme: Tenant
) -> None:
    with use_tenant(acme):
        await provisioning.set_client_status(server.parts, "console", ClientStatus.INACTIVE)
    assert (await console.refresh(tokens["refresh_token"])).status_code == 401


@on_sqlite
async def test_rt_11_what_is_not_for_while_people_are_away_ends_when_they_sign_out(
    console: Application, person: Person, acme: Tenant
) -> None:
    online = await console.signed_in(person, scope="openid read")
    offline = await console.signed_in(person, scope=OFFLINE)
    await person.visit(f"{acme.issuer}/account/sessions")
    await person.submit({}, to="/logout")
    assert is_dead(await console.refresh(online["refresh_token"]))
    assert (await console.refresh(offline["refresh_token"])).status_code == 200


async def test_nor_does_it_outlive_a_session_that_nobody_ended(
    server: RunningServer, console: Application, person: Person
) -> None:
    online = await console.signed_in(person, scope="openid read")
    offline = await console.signed_in(person, scope=OFFLINE)
    server.clock.advance(40_000)
    online = (await console.refresh(online["refresh_token"])).json()
    server.clock.advance(4_000)
    assert is_dead(await console.refresh(online["refresh_token"]))
    assert (await console.refresh(offline["refresh_token"])).status_code == 200


@on_sqlite
async def test_ending_all_other_sessions_reaches_those_that_were_idle(
    server: RunningServer, console: Application, person: Person, alice: User, acme: Tenant
) -> None:
    online = await console.signed_in(person, scope="openid read")
    server.clock.advance(2_000)
    elsewhere = Person(server.browser())
    await elsewhere.sign_in(acme.issuer, alice.username, PASSWORD)
    page = await elsewhere.visit(f"{acme.issuer}/account/sessions")
    fields = hidden_fields(page.text)
    await elsewhere.http.post(f"{acme.issuer}/account/sessions/end-others", data=fields)
    assert is_dead(await console.refresh(online["refresh_token"]))


@on_sqlite
async def test_a_token_that_is_kept_ends_only_where_it_is_not_used(
    server: RunningServer, console: Application, tokens: dict[str, str], acme: Tenant
) -> None:
    await set_up(server, acme, refresh_token_rotation=False, refresh_token_lifetime=1000)
    token = (await console.refresh(tokens["refresh_token"])).json()["refresh_token"]
    for _ in range(3):
        server.clock.advance(900)
        assert (await console.refresh(token)).status_code == 200
    server.clock.advance(1001)
    assert is_dead(await console.refresh(token))


@on_sqlite
async def test_signing_in_once_more_ends_nothing(
    console: Application, person: Person, acme: Tenant
) -> None:
    online = await console.signed_in(person, scope="openid read")
    await person.visit(f"{acme.issuer}/login")
    await person.submit({"username": "alice", "password": PASSWORD}, to="/login")
    following = (await console.refresh(online["refresh_token"])).json()
    await person.visit(f"{acme.issuer}/account/sessions")
    await person.submit({}, to="/logout")
    assert is_dead(await console.refresh(following["refresh_token"]))


@on_sqlite
async def test_rt_13_a_refresh_token_is_nothing_else(
    console: Application, tokens: dict[str, str]
) -> None:
    assert not await works(console, {"access_token": tokens["refresh_token"]})
    assert is_dead(await console.refresh(tokens["access_token"]))
    assert is_dead(await console.refresh(tokens["id_token"]))
