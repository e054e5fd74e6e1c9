"""The device grant (RFC 8628), from a device's request to its token."""

import asyncio
import time
from collections import Counter
from functools import partial
from uuid import UUID

import httpx2
import jwt
import pytest

from authgate import app, provisioning
from authgate.audit import Event
from authgate.settings import DatabaseSettings
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.postgres.client import ACQUIRE_SECONDS
from authgate.storage.redis.poll_pacing import MemoryPollPacer
from authgate.vocabulary import ClientStatus, UserStatus
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing import PostgresServer
from authgate_testing.caller import Caller
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.device import GRANT, Device, decide
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

SLOW_COMMITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


async def test_a_device_signs_in_once_its_person_has_compared_and_approved(
    device: Device, at_acme: Caller, acme: Tenant, person: Person, alice: User, ledger: Ledger
) -> None:
    shown = await device.start(scope="openid profile")
    pending = await device.poll(shown["device_code"])
    assert (pending.status_code, pending.json()) == (400, {"error": "authorization_pending"})

    await person.visit(f"{acme.issuer}/device")
    confirm = await person.submit({"user_code": shown["user_code"].lower()}, to="/device")
    assert "Acme CLI" in confirm.text
    done = await person.submit({"decision": "approve", "mine": "1"}, to="/device/decision")
    assert done.status_code == 200, done.text

    token = await device.poll(shown["device_code"])
    content = token.json()
    assert (token.status_code, content["token_type"]) == (200, "Bearer")
    assert (content["scope"], content["expires_in"]) == ("openid profile", 3600)
    claims = jwt.decode(content["access_token"], options={"verify_signature": False})
    assert claims["sub"] == claims["user_id"] == str(alice.id)
    assert claims["client_id"] == device.client.client.client_id
    assert (claims["iss"], claims["scope"]) == (acme.issuer, "openid profile")
    assert (claims["type"], claims["extra_uid"]) == ("access", "alice")
    assert claims["auth_time"] <= claims["iat"]

    who = await at_acme.get("/oauth/userinfo", bearer=content["access_token"])
    assert who.json()["preferred_username"] == "alice"
    again = await device.poll(shown["device_code"])
    assert refusal(again) == (400, "invalid_grant")

    kinds = [each.event_type for each in await ledger.events(acme)]
    assert kinds[-3:] == [
        Event.DEVICE_CODE_GENERATED,
        Event.DEVICE_CODE_AUTHORIZED,
        Event.ACCESS_TOKEN_ISSUED,
    ]


async def test_a_device_is_told_how_and_when_its_person_signed_in(
    secretive_device: Device, at_acme: Caller, person: Person
) -> None:
    device, before = secretive_device, int(time.time())
    shown = await device.start(scope="openid")
    await decide(person, shown)
    tokens = (await device.poll(shown["device_code"])).json()
    identity, access = (
        jwt.decode(tokens[name], options={"verify_signature": False})
        for name in ("id_token", "access_token")
    )
    for said in (identity, access):  # OpenID Connect Core section 2, RFC 9068 section 2.2.1
        assert (said["amr"], said["acr"]) == (["pwd"], "1")
        assert before - 60 <= said["auth_time"] <= said["iat"]
    assert "sid" not in identity, "it outlives the session in which it was approved"
    form = device.credentials() | {"token": tokens["access_token"]}
    found = (await at_acme.post("/oauth/introspect", form)).json()
    assert {name: found[name] for name in ("acr", "auth_time")} == {
        name: access[name] for name in ("acr", "auth_time")
    }


async def test_dv_11_each_state_of_a_code_has_its_own_answer(
    server: RunningServer, device: Device, acme: Tenant, person: Person, ledger: Ledger
) -> None:
    denied, approved, expired = [await device.start() for _ in range(3)]
    await decide(person, denied, "deny")
    await decide(person, approved)
    assert (await device.poll(approved["device_code"])).status_code == 200
    async with ledger.nothing_granted(acme):
        for _ in range(2):  # the answer stays the same
            assert (await device.poll(denied["device_code"])).json() == {"error": "access_denied"}
            assert refusal(await device.poll(approved["device_code"])) == (400, "invalid_grant")
        server.clock.advance(901)
        for _ in range(2):
            answer = await device.poll(expired["device_code"])
            assert (answer.status_code, answer.json()) == (400, {"error": "expired_token"})
        for unknown in ("no-such-code", "x" * 20_000, "ä", "a b", "\n"):
            assert refusal(await device.poll(unknown)) == (400, "invalid_grant")
        assert refusal(await device.poll("")) == (400, "invalid_request")


async def test_a_code_approved_in_time_but_polled_too_late_is_of_no_use(
    server: RunningServer, device: Device, acme: Tenant, person: Person, ledger: Ledger
) -> None:
    shown = await device.start()
    await decide(person, shown)
    server.clock.advance(901)
    async with ledger.nothing_granted(acme):
        answer = await device.poll(shown["device_code"])
    assert answer.json() == {"error": "expired_token"}


async def test_dv_06_of_a_hundred_polls_at_once_one_gets_the_token(
    device: Device, acme: Tenant, person: Person, ledger: Ledger
) -> None:
    for _ in range(2):
        shown = await device.start()
        await decide(person, shown)
        before = await ledger.granted(acme)
        answers = await asyncio.gather(*(device.poll(shown["device_code"]) for _ in range(100)))
        won = [answer for answer in answers if answer.status_code == 200]
        lost = [answer for answer in answers if answer.status_code != 200]
        assert len(won) == 1
        assert {refusal(answer) for answer in lost} == {(400, "invalid_grant")}
        after = await ledger.granted(acme)
        assert after["acme", "tokens"] - before["acme", "tokens"] == 1


@on_postgres
async def test_dv_06_who_loses_a_race_takes_no_connection_to_learn_it(
    device: Device,
    person: Person,
    database_settings: DatabaseSettings,
    postgres: PostgresServer,
) -> None:
    shown = await device.start()
    await decide(person, shown)
    # Longer than a request waits for a connection of the pool.
    name = database_settings.url.get_secret_value().rpartition("/")[2]
    postgres.slow_commits(name, table="tokens", seconds=ACQUIRE_SECONDS + 0.5)
    polls = [asyncio.create_task(device.poll(shown["device_code"])) for _ in range(100)]
    async with asyncio.timeout(10):
        while await asyncio.to_thread(postgres.execute, SLOW_COMMITS) == ["0"]:
            pass
    # Who would wait for a connection is refused before the commit is over.
    assert (await device.start()).keys() >= {"device_code"}
    answers = [await poll for poll in polls]
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 99}
    lost = [answer for answer in answers if answer.status_code == 400]
    assert {refusal(answer) for answer in lost} == {(400, "invalid_grant")}


async def test_dv_08_a_code_of_another_client_or_tenant_is_unknown(
    device: Device,
    secretive_device: Device,
    foreign_device: Device,
    acme: Tenant,
    globex: Tenant,
    person: Person,
    ledger: Ledger,
) -> None:
    shown = await device.start()
    await decide(person, shown)
    async with ledger.nothing_granted(acme, globex):
        for other in (secretive_device, foreign_device):
            stolen = await other.poll(shown["device_code"])
            unknown = await other.poll("x" * 43)
            assert refusal(stolen) == (400, "invalid_grant")
            assert stolen.content == unknown.content
            assert sorted(stolen.headers) == sorted(unknown.headers)
    assert (await device.poll(shown["device_code"])).status_code == 200, "it was not spent"


async def test_ca_17_a_client_disabled_after_the_approval_gets_nothing(
    server: RunningServer, device: Device, acme: Tenant, person: Person, ledger: Ledger
) -> None:
    shown = await device.start()
    await decide(person, shown)
    client_id = device.client.client.client_id
    with use_tenant(acme):
        await clients.set_status(client_id, ClientStatus.INACTIVE)
        await server.parts.clients.invalidate(clients.cache_key(client_id))
    async with ledger.nothing_granted(acme):
        assert refusal(await device.poll(shown["device_code"])) == (401, "invalid_client")


async def test_a_person_disabled_after_approving_gives_no_token(
    device: Device, acme: Tenant, person: Person, alice: User, ledger: Ledger
) -> None:
    shown = await device.start()
    await decide(person, shown)
    with use_tenant(acme):
        await users.set_status(alice.id, UserStatus.DISABLED)
    async with ledger.nothing_granted(acme):
        assert refusal(await device.poll(shown["device_code"])) == (400, "invalid_grant")


@on_postgres
async def test_a_code_whose_token_cannot_be_stored_is_not_spent(
    device: Device,
    acme: Tenant,
    person: Person,
    database_settings: DatabaseSettings,
    postgres: PostgresServer,
    ledger: Ledger,
) -> None:
    shown = await device.start()
    await decide(person, shown)
    database = database_settings.url.get_secret_value().rpartition("/")[2]
    postgres.execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END$$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON tokens EXECUTE FUNCTION full_disk()",
        database=database,
    )
    async with ledger.nothing_granted(acme):
        answer = await device.poll(shown["device_code"])
        assert refusal(answer) == (503, "temporarily_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
    postgres.execute("DROP TRIGGER full_disk ON tokens", database=database)
    assert (await device.poll(shown["device_code"])).status_code == 200
    assert len(await ledger.events(acme, Event.ACCESS_TOKEN_ISSUED)) == 1


# --- How often a device may ask -------------------------------------------------------------------


@on_sqlite
async def test_dv_05_who_polls_too_fast_is_told_to_slow_down_and_never_refused(
    device: Device, person: Person
) -> None:
    shown = await device.start()
    first = await device.poll(shown["device_code"])
    assert first.json() == {"error": "authorization_pending"}
    for _ in range(50):
        answer = await device.poll(shown["device_code"])
        assert (answer.status_code, answer.json()) == (400, {"error": "slow_down"})
    # The pace is for waiting: what is decided is told at once.
    await decide(person, shown)
    assert (await device.poll(shown["device_code"])).status_code == 200


class Pace:
    """The clock by which polls are paced."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> Pace:
    """The clock of a server that is started after it."""
    pace = Pace()
    monkeypatch.setattr(app, "MemoryPollPacer", partial(MemoryPollPacer, clock=pace))
    return pace


@on_sqlite
async def test_dv_05_the_interval_is_kept_here_has_some_slack_and_grows(
    pace: Pace, server: RunningServer
) -> None:
    tenant = await provisioning.add_tenant(
        server.parts,
        slug="initech",
        name="Initech",
        settings=TenantSettings(device_poll_interval=1),
    )
    with use_tenant(tenant):
        client = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="CLI",
                grant_types=[GRANT],
                scopes=["openid"],
                public=True,
            ),
        )
    device = Device(server.http, tenant, client)
    code = (await device.start())["device_code"]

    async def after(seconds: float) -> str:
        pace.seconds += seconds
        error: str = (await device.poll(code)).json()["error"]
        return error

    assert await after(0) == "authorization_pending"
    assert await after(0.8) == "authorization_pending", "clients tick at exactly the interval"
    assert await after(0.1) == "slow_down"
    assert await after(1.1) == "slow_down", "the interval is six seconds now"


@on_sqlite
async def test_devices_behind_one_address_do_not_slow_each_other_down(device: Device) -> None:
    codes = [(await device.start())["device_code"] for _ in range(15)]
    answers = await asyncio.gather(*(device.poll(code) for code in codes))
    assert {answer.json()["error"] for answer in answers} == {"authorization_pending"}


# --- What the token is worth ----------------------------------------------------------------------


async def test_an_approved_token_is_a_line_of_the_persons_account_and_ends_there(
    device: Device, at_acme: Caller, acme: Tenant, person: Person, alice: User, ledger: Ledger
) -> None:
    shown = await device.start()
    await decide(person, shown)
    token = (await device.poll(shown["device_code"])).json()["access_token"]
    account = await person.visit(f"{acme.issuer}/account/sessions")
    assert "Acme CLI" in account.text

    jti = jwt.decode(token, options={"verify_signature": False})["jti"]
    await person.submit({"access": jti}, to="/account/access/remove")
    answer = await at_acme.get("/oauth/userinfo", bearer=token)
    assert refusal(answer) == (401, "invalid_token")
    [event] = await ledger.events(acme, Event.USER_AUTHORIZATION_REVOKED)
    assert (event.resource_id, event.actor_id) == (jti, str(alice.id))


async def test_ti_02_another_persons_or_tenants_token_cannot_be_removed(
    device: Device,
    at_acme: Caller,
    acme: Tenant,
    globex: Tenant,
    person: Person,
    colleague: Person,
    stranger: Person,
    ledger: Ledger,
) -> None:
    shown = await device.start()
    await decide(person, shown)
    token = (await device.poll(shown["device_code"])).json()["access_token"]
    jti = jwt.decode(token, options={"verify_signature": False})["jti"]
    for somebody, tenant in ((colleague, acme), (stranger, globex)):
        answers = []
        for wanted in (jti, str(UUID(int=7)), "rubbish"):
            page = await somebody.visit(f"{tenant.issuer}/account/sessions")
            fields = {"access": wanted} | _csrf(page)
            answers.append(
                await somebody.http.post(f"{tenant.issuer}/account/access/remove", data=fields)
            )
        assert len({(each.status_code, each.headers["location"]) for each in answers}) == 1
        assert await ledger.events(tenant, Event.USER_AUTHORIZATION_REVOKED) == []
    assert (await at_acme.get("/oauth/userinfo", bearer=token)).status_code == 200


def _csrf(page: httpx2.Response) -> dict[str, str]:
    before, _, after = page.text.partition('name="csrf_token" value="')
    assert before
    return {"csrf_token": after.partition('"')[0]}


@on_sqlite
async def test_ti_07_a_foreign_code_takes_as_long_as_an_unknown_one(
    device: Device, foreign_device: Device
) -> None:
    codes = {
        "foreign": (await device.start())["device_code"],
        "unknown": "x" * 43,
    }
    fastest = dict.fromkeys(codes, 1.0)
    for _ in range(60):
        for name, code in codes.items():
            # Of our own processor time, whatever else the machine does.
            began = time.process_time()
            await foreign_device.poll(code)
            fastest[name] = min(fastest[name], time.process_time() - began)
    assert max(fastest.values()) < 1.5 * min(fastest.values())
