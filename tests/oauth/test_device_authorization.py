"""``POST /oauth/device/code``: a device asks to be let in (RFC 8628 section 3.1)."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.clock import utc_now
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.grants import device_codes
from authgate.storage.grants.device_codes import DeviceCode
from authgate.storage.sweep.expiry import remove_expired
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing import PostgresServer
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.device import GRANT, Device, decide
from authgate_testing.ledger import Ledger, at_rest
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

CODE = "/oauth/device/code"
JSON = ("Content-Type", "application/json")


async def test_the_device_gets_what_it_shows_and_what_it_keeps(
    device: Device, acme: Tenant, ledger: Ledger
) -> None:
    answer = await device.ask(scope="openid email")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    shown = answer.json()
    assert re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", shown["user_code"])
    assert len(shown.pop("device_code")) == 43, "256 bits"
    assert shown == {
        "user_code": shown["user_code"],
        "verification_uri": f"{acme.issuer}/device",
        "verification_uri_complete": f"{acme.issuer}/device?user_code={shown['user_code']}",
        "expires_in": 900,
        "interval": 5,
    }
    [event] = await ledger.events(acme, Event.DEVICE_CODE_GENERATED)
    assert (event.client_id, event.details) == (
        device.client.client.client_id,
        {"scope": "openid email"},
    )


async def test_a_user_code_that_is_taken_is_given_to_nobody_else(
    device: Device, acme: Tenant, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four devices, for whom it is drawn four times."""
    taken = (await device.start())["user_code"].replace("-", "")
    drawn, draw = [taken] * 4, device_codes._new_user_code
    monkeypatch.setattr(device_codes, "_new_user_code", lambda: drawn.pop() if drawn else draw())
    shown = await asyncio.gather(*(device.start() for _ in range(4)))
    assert len({taken, *(each["user_code"].replace("-", "") for each in shown)}) == 5
    assert (await ledger.granted(acme))["acme", "device_codes"] == 5
    assert len(await ledger.events(acme, Event.DEVICE_CODE_GENERATED)) == 5


@on_sqlite
async def test_the_scope_is_what_the_client_may_have_of_what_it_asks_for(
    device: Device, acme: Tenant
) -> None:
    # AuthGate's own device client asks for "read write", which not every client may have.
    for asked, granted in (
        ("", "openid profile email read"),
        ("read write", "read"),
        ("email openid", "email openid"),
    ):
        await device.start(scope=asked)
        with use_tenant(acme):
            newest = await DeviceCode.all().order_by("-id").first()
        assert newest is not None
        assert newest.scope == granted


@on_sqlite
async def test_dv_10_a_scope_that_is_none_is_refused(
    device: Device, acme: Tenant, ledger: Ledger
) -> None:
    async with ledger.nothing_granted(acme):
        for scope in ("openid\x7f", "a" * 20_000, "read  email"):
            answer = await device.ask(scope=scope)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


@on_sqlite
@pytest.mark.parametrize("asked", ["admin", "write", "OPENID", "admin write"])
async def test_dv_10_a_client_never_gets_a_scope_that_it_is_not_registered_for(
    device: Device, acme: Tenant, asked: str
) -> None:
    assert (await device.ask(scope=asked)).status_code == 200
    with use_tenant(acme):
        newest = await DeviceCode.all().order_by("-id").first()
    assert newest is not None
    assert newest.scope == "openid profile email read"


@on_sqlite
async def test_a_body_of_json_is_taken_here_alone(device: Device, at_acme: Caller) -> None:
    body = {"client_id": device.client.client.client_id, "scope": "openid"}
    answer = await at_acme.post(CODE, body=json.dumps(body).encode(), headers=[JSON])
    assert answer.status_code == 200
    body["scope"] = ""
    answer = await at_acme.post(CODE, body=json.dumps(body).encode(), headers=[JSON])
    assert answer.status_code == 200


Refused = Callable[..., Awaitable[None]]


@pytest.fixture
def json_is_refused(at_acme: Caller, acme: Tenant, ledger: Ledger) -> Refused:
    """Send each of these bodies as JSON; all of them must be refused."""

    async def check(*bodies: bytes) -> None:
        async with ledger.nothing_granted(acme):
            for body in bodies:
                answer = await at_acme.post(CODE, body=body, headers=[JSON])
                refusal = (answer.status_code, answer.json()["error"])
                assert refusal == (400, "invalid_request"), body[:80]

    return check


@on_sqlite
async def test_ht_09_deep_json_is_refused(json_is_refused: Refused) -> None:
    await json_is_refused(b"[" * 60_000, b'{"client_id":' + b'{"a":' * 10_000, b"[" * 20_000 + b"]")


@on_sqlite
async def test_ht_10_numbers_beyond_json_are_refused(json_is_refused: Refused) -> None:
    values = (b"NaN", b"Infinity", b"-Infinity", b"1e400", b"1" * 5_000)
    await json_is_refused(*(b'{"client_id":' + value + b"}" for value in values))


@on_sqlite
async def test_ht_11_a_member_twice_is_refused(json_is_refused: Refused, device: Device) -> None:
    client_id = device.client.client.client_id.encode()
    await json_is_refused(
        b'{"client_id":"a","client_id":"' + client_id + b'"}',
        b'{"client_id":"' + client_id + b'","scope":"email","scope":"email"}',
    )


@on_sqlite
async def test_ht_18_json_in_another_charset_is_refused(
    json_is_refused: Refused, device: Device
) -> None:
    right = json.dumps({"client_id": device.client.client.client_id})
    await json_is_refused(
        b"\xef\xbb\xbf" + right.encode(),
        right.encode("utf-16"),
        right.encode("utf-32"),
        b'{"\xff":""}',
    )


@on_sqlite
async def test_un_03_nul_in_json_is_refused(json_is_refused: Refused) -> None:
    await json_is_refused(b'{"client_id":"a\\u0000b"}', b'{"a\\u0000":"b"}', b'{"a":"\0"}')


@on_sqlite
async def test_un_04_half_a_character_in_json_is_refused(json_is_refused: Refused) -> None:
    await json_is_refused(b'{"client_id":"\\ud800"}', b'{"\\udfff":"a"}')


@on_sqlite
async def test_un_07_numbers_where_text_is_due_are_refused(json_is_refused: Refused) -> None:
    values = (b"-1", b"0", b"1", b"1.0", b"2147483648", b"9223372036854775808", b"true")
    await json_is_refused(*(b'{"client_id":' + value + b"}" for value in values))


@on_sqlite
async def test_un_09_nothing_and_structures_where_text_is_due_are_refused(
    json_is_refused: Refused,
) -> None:
    values = (b"null", b'""', b"[]", b'["a"]', b"{}", b'{"a":"b"}')
    await json_is_refused(*(b'{"client_id":' + value + b"}" for value in values))
    await json_is_refused(b"", b"{}", b"[]", b"null", b'"client_id"', b'["client_id"]')


@on_sqlite
async def test_un_10_broken_json_is_refused(json_is_refused: Refused, device: Device) -> None:
    right = json.dumps({"client_id": device.client.client.client_id}).encode()
    await json_is_refused(right[:-1], right + right, right + b"x", b"\xff" + right, b"{'a':'b'}")


@on_sqlite
async def test_mx_08_any_parameter_twice_is_refused(device: Device, at_acme: Caller) -> None:
    client_id = device.client.client.client_id
    form = ("Content-Type", "application/x-www-form-urlencoded")
    for body in (
        f"client_id={client_id}&client_id={client_id}",
        f"client_id={client_id}&client_id=",
        f"client_id={client_id}&scope=openid&scope=email",
    ):
        answer = await at_acme.post(CODE, body=body.encode(), headers=[form])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    answer = await at_acme.post(f"{CODE}?scope=openid", {"client_id": client_id})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@on_sqlite
async def test_mx_09_a_secret_in_the_url_is_refused_and_written_down(
    at_acme: Caller, acme: Tenant, ledger: Ledger, confidential: NewClient
) -> None:
    client_id, secret = confidential.client.client_id, confidential.secret
    async with ledger.nothing_granted(acme):
        answer = await at_acme.post(f"{CODE}?client_id={client_id}&client_secret={secret}")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    [event] = await ledger.events(acme, Event.CLIENT_SECRET_EXPOSED)
    assert event.client_id == client_id


@on_sqlite
async def test_mx_10_a_device_asks_by_post(server: RunningServer, acme: Tenant) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "TRACE"):
        answer = await server.http.request(method, f"{acme.issuer}{CODE}")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@on_sqlite
async def test_a_client_that_may_not_ask_is_told_so(
    device: Device, at_acme: Caller, machine: NewClient
) -> None:
    nobody = await at_acme.post(CODE, {"client_id": "no-such-client"})
    assert (nobody.status_code, nobody.json()["error"]) == (401, "invalid_client")
    missing = await at_acme.post(CODE, {"scope": "openid"})
    assert missing.status_code == 400
    assert missing.json() == {
        "error": "invalid_request",
        "error_description": "client_id is required.",
    }
    basic = (machine.client.client_id, machine.secret or "")
    other = await at_acme.post(CODE, basic=basic)
    assert (other.status_code, other.json()["error"]) == (400, "unauthorized_client")


@on_sqlite
async def test_dv_09_a_confidential_client_asks_and_polls_with_its_secret(
    secretive_device: Device, acme: Tenant, ledger: Ledger
) -> None:
    shown = await secretive_device.start()
    async with ledger.nothing_granted(acme):
        for wrong in ("", "wrong-secret"):
            for answer in (
                await secretive_device.ask(client_secret=wrong),
                await secretive_device.poll(shown["device_code"], client_secret=wrong),
            ):
                assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    pending = await secretive_device.poll(shown["device_code"])
    assert pending.json() == {"error": "authorization_pending"}


async def test_dv_14_neither_code_is_stored_or_written_down_in_clear(
    device: Device,
    person: Person,
    database_settings: DatabaseSettings,
    postgres: PostgresServer,
    ledger: Ledger,
    acme: Tenant,
) -> None:
    for decision in ("approve", "deny"):
        shown = await device.start()
        await person.visit(shown["verification_uri_complete"])
        await decide(person, shown, decision)
        await device.poll(shown["device_code"])
        stored = at_rest(database_settings, postgres)
        assert str(acme.id) in stored, "the search works"
        user_code = shown["user_code"]
        for code in (shown["device_code"], user_code, user_code.replace("-", "")):
            for spelling in (code, code.lower(), code.encode().hex()):
                assert spelling not in stored


@pytest.mark.usefixtures("limits_stand_still")
@on_sqlite
async def test_dv_15_a_flood_of_requests_is_refused_and_what_came_through_is_removed(
    device: Device, acme: Tenant, database_settings: DatabaseSettings, ledger: Ledger
) -> None:
    answers = await asyncio.gather(*(device.ask() for _ in range(200)))
    codes = [answer.status_code for answer in answers]
    assert set(codes) == {200, 429}
    assert codes.count(200) <= 25
    limited = next(answer for answer in answers if answer.status_code == 429)
    assert limited.json()["error"] == "rate_limit_exceeded"
    assert int(limited.headers["retry-after"]) >= 1
    [event] = await ledger.events(acme, Event.RATE_LIMIT_EXCEEDED)
    assert event.resource_id == "device_authorization"

    later = utc_now() + timedelta(hours=3)
    await remove_expired(database_settings, batch=1000, now=later)
    assert (await ledger.granted(acme))["acme", "device_codes"] == 0


@on_sqlite
async def test_a_tenant_chooses_how_long_a_code_lives_and_how_often_it_is_polled(
    server: RunningServer,
) -> None:
    tenant = await provisioning.add_tenant(
        server.parts,
        slug="initech",
        name="Initech",
        settings=TenantSettings(device_code_lifetime=300, device_poll_interval=2),
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
    shown = (await Device(server.http, tenant, client).ask()).json()
    assert (shown["expires_in"], shown["interval"]) == (300, 2)
