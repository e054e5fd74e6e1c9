"""Token exchange (RFC 8693): delegation within one tenant, and never more than there was."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx2
import jwt
import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import NewClient, UnfitClient
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer
from authgate_testing.signing import SigningKey

pytestmark = on_sqlite

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
FILES, MAIL = "https://files.example/", "https://mail.example/"

Make = Callable[..., Awaitable[NewClient]]
Exchange = Callable[..., Awaitable[httpx2.Response]]
End = Callable[..., Awaitable[object]]


@pytest.fixture
def make(server: RunningServer, acme: Tenant) -> Make:
    """A client of acme's that may exchange tokens."""

    async def add(name: str, *, tenant: Tenant = acme, **metadata: Any) -> NewClient:
        draft = ClientDraft(
            name=name.title(),
            client_id=name,
            grant_types=[GRANT, "client_credentials"],
            scopes=["read", "write", "openid", "profile"],
            metadata=ClientMetadata(**metadata),
        )
        with use_tenant(tenant):
            return await provisioning.add_client(server.parts, draft)

    return add


@pytest.fixture
async def gateway(make: Make, acme: Tenant) -> NewClient:
    """What stands in front of the files: people's tokens are for it."""
    return await make("gateway", token_exchange_from=(acme.issuer,), token_exchange_to=(FILES,))


@pytest.fixture
def exchange(at_acme: Caller) -> Exchange:
    """Exchange a token; an empty parameter is left out."""

    async def ask(
        client: NewClient, token: str, *, at: Caller = at_acme, proof: str = "", **changed: str
    ) -> httpx2.Response:
        form = {
            "grant_type": GRANT,
            "subject_token": token,
            "subject_token_type": ACCESS_TOKEN,
            "audience": FILES,
        } | changed
        given = {name: value for name, value in form.items() if value}
        basic = (client.client.client_id, client.secret or "")
        headers = [("DPoP", proof)] if proof else []
        return await at.post("/oauth/token", given, headers=headers, basic=basic)

    return ask


@pytest.fixture
async def alices(console: Application, person: Person) -> dict[str, str]:
    """What the console holds of Alice."""
    return await console.signed_in(person, scope="openid profile read")


async def own_token(client: NewClient, at: Caller, scope: str = "read", *, proof: str = "") -> str:
    form = {"grant_type": "client_credentials", "scope": scope}
    basic, headers = (client.client.client_id, client.secret or ""), [("DPoP", proof)]
    answer = await at.post("/oauth/token", form, basic=basic, headers=headers if proof else [])
    token: str = answer.json()["access_token"]
    return token


def said(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


async def test_a_gateway_asks_for_a_person_and_the_token_says_who_acts(
    gateway: NewClient,
    exchange: Exchange,
    alices: dict[str, str],
    at_acme: Caller,
    acme: Tenant,
    ledger: Ledger,
) -> None:
    answer = await exchange(gateway, alices["access_token"], scope="read")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["issued_token_type"], told["token_type"]) == (ACCESS_TOKEN, "Bearer")
    assert (told["scope"], "refresh_token" in told) == ("read", False)
    before, after = said(alices["access_token"]), said(told["access_token"])
    assert after["sub"] == before["sub"]
    for name in ("auth_time", "amr", "acr"):
        assert after[name] == before[name], name
    assert (after["aud"], after["client_id"]) == (FILES, "gateway")
    assert after["act"] == {"sub": "client:gateway"}
    assert after["exp"] <= before["exp"] + 1
    by_form = {"client_id": "gateway", "client_secret": gateway.secret or ""}
    seen = await at_acme.post("/oauth/introspect", {"token": told["access_token"]} | by_form)
    assert seen.json()["act"] == {"sub": "client:gateway"}
    # It is for the files, so it tells nobody who she is.
    assert (await at_acme.get("/oauth/userinfo", bearer=told["access_token"])).status_code == 401
    assert len(await ledger.events(acme, Event.TOKEN_EXCHANGED)) == 1


async def test_what_came_of_a_sign_in_ends_with_it(
    gateway: NewClient,
    exchange: Exchange,
    alices: dict[str, str],
    console: Application,
    at_acme: Caller,
) -> None:
    token = (await exchange(gateway, alices["access_token"])).json()["access_token"]
    assert (await at_acme.get("/oauth/tokeninfo", bearer=token)).status_code == 200
    gone = {"token": alices["refresh_token"]} | console.credentials()
    assert (await at_acme.post("/oauth/revoke", gone)).status_code == 200
    assert (await at_acme.get("/oauth/tokeninfo", bearer=token)).status_code == 401


async def test_what_came_of_a_sign_in_ends_where_its_person_takes_it_back(
    make: Make,
    gateway: NewClient,
    exchange: Exchange,
    alices: dict[str, str],
    console: Application,
    person: Person,
    at_acme: Caller,
    acme: Tenant,
) -> None:
    async def works(token: str) -> bool:
        return (await at_acme.get("/oauth/tokeninfo", bearer=token)).status_code == 200

    other = await make("other", token_exchange_from=(acme.issuer,), token_exchange_to=(MAIL,))
    held = alices["access_token"]
    ours = (await exchange(gateway, held)).json()["access_token"]
    others = (await exchange(other, held, audience=MAIL)).json()["access_token"]
    await taken_back(person, acme, "gateway")
    assert [await works(token) for token in (ours, others, held)] == [False, True, True]
    await taken_back(person, acme, "console")
    assert [await works(token) for token in (others, held)] == [False, False]


@pytest.mark.parametrize("end", [provisioning.revoke_client_tokens, provisioning.delete_client])
async def test_what_came_of_a_clients_tokens_ends_with_all_that_it_was_given(
    server: RunningServer,
    gateway: NewClient,
    exchange: Exchange,
    alices: dict[str, str],
    at_acme: Caller,
    acme: Tenant,
    end: End,
) -> None:
    token = (await exchange(gateway, alices["access_token"])).json()["access_token"]
    own = await own_token(gateway, at_acme)
    with use_tenant(acme):
        await end(server.parts, "console")
    assert (await at_acme.get("/oauth/tokeninfo", bearer=token)).status_code == 401
    assert (await at_acme.get("/oauth/tokeninfo", bearer=own)).status_code == 200


async def taken_back(person: Person, tenant: Tenant, client_id: str) -> None:
    await person.visit(f"{tenant.issuer}/account/apps")
    await person.submit({"client": client_id}, to="/account/apps/remove")


async def test_a_machines_token_stays_the_machines(
    make: Make, exchange: Exchange, at_acme: Caller, acme: Tenant
) -> None:
    robot = await make("robot")
    gateway = await make("gate", token_exchange_from=(acme.issuer,), token_exchange_to=(FILES,))
    answer = await exchange(gateway, await own_token(robot, at_acme))
    found = said(answer.json()["access_token"])
    assert (found["sub"], found["act"]) == ("client:robot", {"sub": "client:gate"})
    info = await at_acme.get("/oauth/tokeninfo", bearer=answer.json()["access_token"])
    assert (info.json()["user_id"], info.json()["subject_type"]) == ("client:robot", "client")


async def test_ca_21_a_token_is_exchanged_by_whom_it_was_given_to_or_meant_for(
    make: Make,
    gateway: NewClient,
    exchange: Exchange,
    alices: dict[str, str],
    at_acme: Caller,
    at_globex: Caller,
    globex: Tenant,
) -> None:
    token = alices["access_token"]
    other = await make("other", token_exchange_to=(FILES,))
    theirs = await make(
        "gateway", tenant=globex, token_exchange_from=(globex.issuer,), token_exchange_to=(FILES,)
    )
    for answer in (
        await exchange(other, token),
        await exchange(theirs, token, at=at_globex),
        await exchange(gateway, await own_token(theirs, at_globex)),
        await exchange(gateway, f"{token}x"),
        await exchange(gateway, alices["refresh_token"]),
        await exchange(gateway, alices["id_token"]),
        await exchange(gateway, "x" * 9000),
        await exchange(gateway, ""),
    ):
        assert refusal(answer) == (400, "invalid_request")
    assert (await exchange(other, await own_token(other, at_acme))).status_code == 200


async def test_ca_21_an_exchange_never_gives_more(
    make: Make, gateway: NewClient, exchange: Exchange, alices: dict[str, str]
) -> None:
    token = alices["access_token"]
    for changed, error in (
        ({"scope": "write"}, "invalid_scope"),
        ({"scope": "read write"}, "invalid_scope"),
        ({"audience": MAIL}, "invalid_target"),
        ({"audience": "", "resource": MAIL}, "invalid_target"),
        ({"audience": ""}, "invalid_request"),
        ({"resource": FILES}, "invalid_request"),
        ({"subject_token_type": ""}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
        (
            {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
            "invalid_request",
        ),
        ({"actor_token": token}, "invalid_request"),
        ({"actor_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"actor_token": token, "actor_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"actor_token": token, "actor_token_type": "x"}, "invalid_request"),
    ):
        assert refusal(await exchange(gateway, token, **changed)) == (400, error), changed
    assert (await exchange(gateway, token, audience="", resource=FILES)).status_code == 200


async def test_ca_21_an_exchange_gives_no_later_end_and_no_scope_that_the_client_lacks(
    server: RunningServer,
    gateway: NewClient,
    exchange: Exchange,
    alices: dict[str, str],
    acme: Tenant,
) -> None:
    with use_tenant(acme):
        change = ClientChange(scopes=["read"])
        await provisioning.change_client(server.parts, gateway.client.client_id, change)
    server.clock.advance(1800)
    answer = await exchange(gateway, alices["access_token"])
    assert answer.json()["scope"] == "read"
    ends = said(answer.json()["access_token"])["exp"]
    assert ends <= said(alices["access_token"])["exp"] + 1
    assert answer.json()["expires_in"] <= 1800


async def test_who_exchanges_a_bound_token_of_its_own_shows_its_key(
    server: RunningServer, make: Make, exchange: Exchange, at_acme: Caller, acme: Tenant
) -> None:
    await provisioning.change_tenant(
        server.parts, acme, change=lambda settings: replace(settings, dpop_nonces=False)
    )
    url, key, other = f"{acme.issuer}/oauth/token", SigningKey.make(), SigningKey.make()
    gate = await make("gate", token_exchange_to=(FILES,))
    bound = await own_token(gate, at_acme, proof=key.proof("POST", url))
    plain = await own_token(gate, at_acme)
    by_actor = {"actor_token": bound, "actor_token_type": ACCESS_TOKEN}
    for token, more in ((bound, {}), (plain, by_actor)):
        for proof in ("", other.proof("POST", url)):
            answer = await exchange(gate, token, proof=proof, **more)
            assert refusal(answer) == (400, "invalid_request")
        answer = await exchange(gate, token, proof=key.proof("POST", url), **more)
        assert said(answer.json()["access_token"])["cnf"] == {"jkt": key.thumbprint}


async def test_ca_21_who_acts_for_whom_is_a_short_chain(
    make: Make, gateway: NewClient, exchange: Exchange, alices: dict[str, str], at_acme: Caller
) -> None:
    token = (await exchange(gateway, alices["access_token"])).json()["access_token"]
    loop = await make("loop", token_exchange_from=(FILES,), token_exchange_to=(FILES,))
    actor = {"actor_token": await own_token(loop, at_acme), "actor_token_type": ACCESS_TOKEN}
    second = await exchange(loop, token, **actor)
    assert said(second.json()["access_token"])["act"] == {
        "sub": "client:loop",
        "act": {"sub": "client:gateway"},
    }
    third = await exchange(loop, second.json()["access_token"])
    assert third.status_code == 200
    assert refusal(await exchange(loop, third.json()["access_token"])) == (400, "invalid_request")


async def test_only_a_confidential_client_registered_for_it_exchanges(
    server: RunningServer, make: Make, exchange: Exchange, confidential: NewClient, acme: Tenant
) -> None:
    assert refusal(await exchange(confidential, "x")) == (400, "unauthorized_client")
    public = ClientDraft(name="Public", grant_types=[GRANT], public=True)
    with use_tenant(acme), pytest.raises(UnfitClient):
        await provisioning.add_client(server.parts, public)
    nowhere = await make("nowhere")
    with use_tenant(acme):
        change = ClientChange(metadata=ClientMetadata(token_exchange_from=(acme.issuer,)))
        await provisioning.change_client(server.parts, nowhere.client.client_id, change)
    answer = await exchange(nowhere, "x")
    assert refusal(answer) == (400, "invalid_request")
