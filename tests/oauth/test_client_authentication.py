"""Who is the client? (RFC 6749 section 2.3), on every endpoint where it has to say so."""

import asyncio
import base64
import time

import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.rows import ClientRow
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.caller import Caller, Header
from authgate_testing.databases import on_sqlite
from authgate_testing.device import GRANT, Device
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer

pytestmark = on_sqlite

REQUESTS = {
    "device authorization": ("/oauth/device/code", {"scope": "openid"}),
    "device grant": ("/oauth/token", {"grant_type": GRANT, "device_code": "x"}),
    "client credentials": ("/oauth/token", {"grant_type": "client_credentials"}),
}
"""Every request in which a client proves itself."""

PASSES = {
    "device authorization": (200, ""),
    "device grant": (400, "invalid_grant"),
    "client credentials": (200, ""),
}
"""What they are answered once the client has."""


@pytest.fixture(params=REQUESTS)
def kind(request: pytest.FixtureRequest) -> str:
    """One of the requests."""
    name: str = request.param
    return name


def raw_basic(text: str) -> Header:
    return ("Authorization", f"Basic {base64.b64encode(text.encode()).decode()}")


async def test_a_secret_is_taken_by_basic_and_by_form(
    at_acme: Caller, confidential: NewClient, kind: str
) -> None:
    path, form = REQUESTS[kind]
    client_id, secret = confidential.client.client_id, confidential.secret or ""
    by_form = await at_acme.post(path, form | {"client_id": client_id, "client_secret": secret})
    by_basic = await at_acme.post(path, form, basic=(client_id, secret))
    for answer in (by_form, by_basic):
        assert (answer.status_code, answer.json().get("error", "")) == PASSES[kind]


async def test_a_public_client_names_itself_by_form_or_by_basic_without_a_password(
    at_acme: Caller, device_client: NewClient
) -> None:
    # Libraries that probe send Basic first, with an empty password and no client_id in the form.
    client_id = device_client.client.client_id
    for kind in ("device authorization", "device grant"):
        path, form = REQUESTS[kind]
        by_form = await at_acme.post(path, form | {"client_id": client_id})
        by_basic = await at_acme.post(path, form, basic=(client_id, ""))
        both = await at_acme.post(path, form | {"client_id": client_id}, basic=(client_id, ""))
        empty = await at_acme.post(path, form | {"client_id": client_id, "client_secret": ""})
        for answer in (by_form, by_basic, both, empty):
            assert (answer.status_code, answer.json().get("error", "")) == PASSES[kind]


async def test_ca_01_a_wrong_or_missing_secret_is_refused_everywhere(
    at_acme: Caller,
    acme: Tenant,
    globex: Tenant,
    confidential: NewClient,
    ledger: Ledger,
    kind: str,
) -> None:
    path, form = REQUESTS[kind]
    client_id = confidential.client.client_id
    secret = confidential.secret or ""
    async with ledger.nothing_granted(acme, globex):
        answers = [
            await at_acme.post(path, form | {"client_id": client_id} | wrong)
            for wrong in (
                {},
                {"client_secret": ""},
                {"client_secret": "wrong-secret"},
                {"client_secret": secret[:-1]},
                {"client_secret": f"{secret} "},
                {"client_secret": secret.upper()},
                {"client_id": "no-such-client", "client_secret": secret},
            )
        ]
        answers += [
            await at_acme.post(path, form, basic=(client_id, wrong))
            for wrong in ("", "wrong-secret", secret[:-1])
        ]
    for answer in answers:
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.json() == answers[0].json(), "the answer tells one refusal from another"
        assert answer.headers["www-authenticate"] == f'Basic realm="{acme.issuer}"'
    events = await ledger.events(acme, Event.CLIENT_AUTHENTICATION_FAILURE)
    assert len(events) == len(answers)
    assert await ledger.events(globex, Event.CLIENT_AUTHENTICATION_FAILURE) == []
    assert secret[:-1] not in str([each.details for each in events])


async def test_ca_02_two_ways_at_once_are_refused(
    at_acme: Caller, confidential: NewClient, kind: str
) -> None:
    path, form = REQUESTS[kind]
    client_id, secret = confidential.client.client_id, confidential.secret or ""
    answer = await at_acme.post(path, form | {"client_secret": secret}, basic=(client_id, secret))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    answer = await at_acme.post(path, form | {"client_id": "another"}, basic=(client_id, secret))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    twice = [raw_basic(f"{client_id}:{secret}")] * 2
    answer = await at_acme.post(path, form, headers=twice)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_ca_03_a_method_that_the_client_is_not_registered_for_is_refused(
    server: RunningServer, at_acme: Caller, acme: Tenant, confidential: NewClient
) -> None:
    client_id, secret = confidential.client.client_id, confidential.secret or ""
    with use_tenant(acme):
        await ClientRow.filter(client_id=client_id).update(
            authentication_methods=["client_secret_basic"]
        )
        await server.parts.clients.invalidate(clients.cache_key(client_id))
    for path, form in REQUESTS.values():
        named = form | {"client_id": client_id}
        for method in (named | {"client_secret": secret}, named):
            answer = await at_acme.post(path, method)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        answer = await at_acme.post(path, form, basic=(client_id, secret))
        assert answer.status_code != 401


async def test_ca_04_a_confidential_client_cannot_pass_for_a_public_one(
    at_acme: Caller, confidential: NewClient, kind: str
) -> None:
    path, form = REQUESTS[kind]
    named = form | {"client_id": confidential.client.client_id, "code_verifier": "x" * 43}
    answer = await at_acme.post(path, named)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_ca_05_a_public_client_that_sends_a_secret_is_refused(
    at_acme: Caller, device_client: NewClient, kind: str
) -> None:
    path, form = REQUESTS[kind]
    client_id = device_client.client.client_id
    by_form = form | {"client_id": client_id, "client_secret": "any-secret"}
    for answer in (
        await at_acme.post(path, by_form),
        await at_acme.post(path, form, basic=(client_id, "any-secret")),
    ):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


ODD_SECRET = "s3cr:t%2B+& ü€\u2028"


@pytest.fixture
async def odd(server: RunningServer, acme: Tenant) -> NewClient:
    """A client whose id and secret need every escape."""
    with use_tenant(acme):
        client = await clients.create(
            ClientDraft(
                name="Odd",
                client_id="odd:100%+&=",
                grant_types=["client_credentials"],
                scopes=["read"],
            ),
            secret=ODD_SECRET,
        )
    return NewClient(client, ODD_SECRET)


async def test_ca_06_basic_is_urlencoded_before_it_is_joined(
    at_acme: Caller, odd: NewClient
) -> None:
    form = {"grant_type": "client_credentials"}
    right = await at_acme.post("/oauth/token", form, basic=(odd.client.client_id, ODD_SECRET))
    assert right.status_code == 200, right.text
    raw = raw_basic(f"{odd.client.client_id}:{ODD_SECRET}")
    answer = await at_acme.post("/oauth/token", form, headers=[raw])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    posted = form | {"client_id": odd.client.client_id, "client_secret": ODD_SECRET}
    assert (await at_acme.post("/oauth/token", posted)).status_code == 200


UNREADABLE = [
    "Basic",
    "Basic ",
    "Basic !!!!",
    "Basic Zm9v",  # no colon
    "Basic Zm9vOg",  # no padding
    "Basic Og==",  # nothing but the colon
    "Basic OnNlY3JldA==",  # no client id
    "Basic //46//4=",  # not UTF-8
    "Basic JWZmOiVmZg==",  # escapes that are not UTF-8
    "Basic Zm8lMDBvOngleDA=",  # NUL
    "Basic Zm9v\xe9\xff",  # not ASCII
    "Basic " + "QUFB" * 100_000,
    "Bearer abc.def.ghi",
    "Digest username=x",
    "Negotiate abc",
    "",
    "\xff",
]


async def test_ca_06_a_header_that_cannot_be_read_is_refused(
    at_acme: Caller, acme: Tenant, confidential: NewClient, ledger: Ledger
) -> None:
    form = {"grant_type": "client_credentials", "client_id": confidential.client.client_id}
    async with ledger.nothing_granted(acme):
        for value in UNREADABLE:
            answer = await at_acme.post("/oauth/token", form, headers=[("Authorization", value)])
            refusal = (answer.status_code, answer.json()["error"])
            assert refusal == (401, "invalid_client"), value[:40]


@pytest.mark.usefixtures("limits_stand_still")
async def test_ca_08_guessing_is_slowed_down_for_that_client_and_address_only(
    server: RunningServer,
    at_acme: Caller,
    acme: Tenant,
    machine: NewClient,
    confidential: NewClient,
    ledger: Ledger,
) -> None:
    form = {"grant_type": "client_credentials", "client_id": machine.client.client_id}
    answers = await asyncio.gather(
        *(
            at_acme.post("/oauth/token", form | {"client_secret": f"guess-{number}"})
            for number in range(100)
        )
    )
    codes = [answer.status_code for answer in answers]
    assert (codes.count(401), codes.count(429)) == (20, 80)
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"] == "rate_limit_exceeded"
    assert int(refused.headers["retry-after"]) >= 1
    # What is written down is bounded too, and says that it happened.
    assert len(await ledger.events(acme, Event.CLIENT_AUTHENTICATION_FAILURE)) == 20
    assert len(await ledger.events(acme, Event.RATE_LIMIT_EXCEEDED)) == 1

    right = {"client_secret": machine.secret or ""}
    assert (await at_acme.post("/oauth/token", form | right)).status_code == 200
    other = form | {"client_id": confidential.client.client_id, "client_secret": "guess"}
    assert (await at_acme.post("/oauth/token", other)).status_code == 401
    elsewhere = Caller(server.from_address("198.51.100.7"), acme)
    guess = await elsewhere.post("/oauth/token", form | {"client_secret": "guess"})
    assert guess.status_code == 401


@pytest.mark.usefixtures("limits_stand_still")
async def test_ca_09_made_up_clients_are_limited_by_address_and_cost_no_slow_hash(
    at_acme: Caller, acme: Tenant, ledger: Ledger
) -> None:
    form = {"grant_type": "client_credentials", "client_secret": "guess"}
    began = time.process_time()
    answers = await asyncio.gather(
        *(
            at_acme.post("/oauth/token", form | {"client_id": f"made-up-{number}"})
            for number in range(200)
        )
    )
    each = (time.process_time() - began) / len(answers)
    codes = [answer.status_code for answer in answers]
    assert (codes.count(401), codes.count(429)) == (120, 80)
    assert len(await ledger.events(acme, Event.CLIENT_AUTHENTICATION_FAILURE)) == 120
    assert each < 0.02, "a slow hash takes longer than the whole request may"


async def test_ca_09_guesses_are_answered_alike_whether_the_client_exists_or_not(
    at_acme: Caller, machine: NewClient
) -> None:
    heard: list[list[tuple[int, bytes, list[str]]]] = []
    for client_id in (machine.client.client_id, "no-such-client"):
        form = {"grant_type": "client_credentials", "client_id": client_id}
        guesses = [form | {"client_secret": f"guess-{number}"} for number in range(25)]
        answers = [await at_acme.post("/oauth/token", guess) for guess in guesses]
        heard.append([(each.status_code, each.content, sorted(each.headers)) for each in answers])
    assert heard[0] == heard[1]


async def test_an_old_secret_ends_when_a_new_one_is_made(
    server: RunningServer, at_acme: Caller, acme: Tenant, machine: NewClient
) -> None:
    form = {"grant_type": "client_credentials"}
    client_id = machine.client.client_id
    answer = await at_acme.post("/oauth/token", form, basic=(client_id, machine.secret or ""))
    assert answer.status_code == 200
    with use_tenant(acme):
        fresh = await provisioning.rotate_client_secret(server.parts, client_id)
    answer = await at_acme.post("/oauth/token", form, basic=(client_id, machine.secret or ""))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert (await at_acme.post("/oauth/token", form, basic=(client_id, fresh))).status_code == 200


@pytest.mark.parametrize("status", [ClientStatus.INACTIVE, ClientStatus.PENDING])
async def test_ca_17_a_client_that_is_not_active_is_refused_like_an_unknown_one(
    server: RunningServer,
    at_acme: Caller,
    acme: Tenant,
    confidential: NewClient,
    ledger: Ledger,
    status: ClientStatus,
) -> None:
    client_id, secret = confidential.client.client_id, confidential.secret or ""
    token = await at_acme.post(
        "/oauth/token", {"grant_type": "client_credentials"}, basic=(client_id, secret)
    )
    with use_tenant(acme):
        await clients.set_status(client_id, status)
        await server.parts.clients.invalidate(clients.cache_key(client_id))
    async with ledger.nothing_granted(acme):
        for path, form in REQUESTS.values():
            answer = await at_acme.post(path, form, basic=(client_id, secret))
            unknown = await at_acme.post(path, form, basic=("no-such-client", secret))
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
            assert answer.content == unknown.content
    # What it holds already ends with it.
    for path in ("/oauth/tokeninfo", "/oauth/userinfo"):
        answer = await at_acme.get(path, bearer=token.json()["access_token"])
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


async def test_ca_17_within_a_minute_a_process_sees_what_nobody_has_told_it_of(
    server: RunningServer,
    at_acme: Caller,
    acme: Tenant,
    machine: NewClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    form = {"grant_type": "client_credentials"}
    basic = (machine.client.client_id, machine.secret or "")
    assert (await at_acme.post("/oauth/token", form, basic=basic)).status_code == 200
    with use_tenant(acme):  # in another process, which has no way to tell this one
        await clients.set_status(machine.client.client_id, ClientStatus.INACTIVE)
    for cache in server.parts.caches:
        monkeypatch.setattr(cache._values, "_clock", lambda: time.monotonic() + 61)
    assert (await at_acme.post("/oauth/token", form, basic=basic)).status_code == 401


async def test_ca_18_certificates_that_a_header_speaks_of_prove_nothing(
    at_acme: Caller, machine: NewClient
) -> None:
    form = {"grant_type": "client_credentials", "client_id": machine.client.client_id}
    for name in ("X-Client-Cert", "X-SSL-Client-Cert", "X-Forwarded-Client-Cert", "Client-Cert"):
        answer = await at_acme.post("/oauth/token", form, headers=[(name, ":MIIB:")])
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_client_registered_so_may_use_the_device_grant_without_its_secret(
    server: RunningServer, acme: Tenant, at_acme: Caller
) -> None:
    with use_tenant(acme):
        client = await clients.create(
            ClientDraft(
                name="Legacy",
                grant_types=[GRANT, "client_credentials"],
                scopes=["read"],
                unauthenticated_device_grant=True,
            ),
            secret="legacy-secret",
        )
    device = Device(server.http, acme, NewClient(client, None))
    shown = await device.start()
    pending = await device.poll(shown["device_code"])
    assert pending.json() == {"error": "authorization_pending"}
    # For nothing else, and never with a secret that is wrong.
    form = {"grant_type": "client_credentials", "client_id": client.client_id}
    assert (await at_acme.post("/oauth/token", form)).status_code == 401
    assert (await device.ask(client_secret="wrong-secret")).status_code == 401
    wrong = await device.poll(shown["device_code"], client_secret="wrong-secret")
    assert wrong.status_code == 401
    assert (await device.ask(client_secret="legacy-secret")).status_code == 200


async def test_a_client_of_another_tenant_is_unknown(
    at_globex: Caller,
    acme: Tenant,
    globex: Tenant,
    confidential: NewClient,
    ledger: Ledger,
    kind: str,
) -> None:
    path, form = REQUESTS[kind]
    secret = confidential.secret or ""
    async with ledger.nothing_granted(acme, globex):
        foreign = await at_globex.post(path, form, basic=(confidential.client.client_id, secret))
        unknown = await at_globex.post(path, form, basic=("no-such-client", secret))
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert foreign.status_code == 401
    assert await ledger.events(acme, Event.CLIENT_AUTHENTICATION_FAILURE) == []


@pytest.mark.usefixtures("limits_stand_still")
async def test_ti_14_guesses_at_one_tenant_use_up_nothing_of_another(
    at_acme: Caller, at_globex: Caller
) -> None:
    form = {"grant_type": "client_credentials", "client_id": "same", "client_secret": "guess"}
    answers = [await at_acme.post("/oauth/token", form) for _ in range(25)]
    assert answers[-1].status_code == 429
    assert (await at_globex.post("/oauth/token", form)).status_code == 401


async def test_ca_10_a_guess_takes_as_long_however_near_it_is(
    server: RunningServer, at_acme: Caller, machine: NewClient
) -> None:
    secret = machine.secret or ""
    guesses = {
        "nothing right": (machine.client.client_id, "x" * len(secret)),
        "all but the end right": (machine.client.client_id, f"{secret[:-1]}x"),
        "no such client": (machine.client.client_id[:-1] + "x", secret),
    }
    form = {"grant_type": "client_credentials"}
    fastest = dict.fromkeys(guesses, 1.0)
    for number in range(60):
        caller = Caller(server.from_address(f"198.51.100.{number}"), at_acme.tenant)
        for name, guess in guesses.items():
            # Of our own processor time, whatever else the machine does.
            began = time.process_time()
            answer = await caller.post("/oauth/token", form, basic=guess)
            fastest[name] = min(fastest[name], time.process_time() - began)
            assert answer.status_code == 401
    assert max(fastest.values()) < 1.5 * min(fastest.values()), fastest
