"""The JWT bearer grant (RFC 7523 2.1): issuers that a tenant trusts speak for its people."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import httpx2
import jwt
import pytest

from authgate import provisioning
from authgate.provisioning import NewClient, UnfitClient, people
from authgate.settings import Settings
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.people.users import User, UserRow
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.caller import Caller
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.meanwhile import meanwhile
from authgate_testing.postgres import PostgresServer
from authgate_testing.pretend_host import Host
from authgate_testing.server import RunningServer
from authgate_testing.signing import SigningKey, assertion_claims

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ISSUER = "https://hr.example"

End = Callable[[User, datetime], Coroutine[Any, Any, object]]


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.make()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings of the server under test, which may ask this machine for keys."""
    egress = settings.egress.model_copy(update={"allowed_networks": ("127.0.0.0/8", "::1/128")})
    return settings.model_copy(update={"egress": egress})


@dataclass
class Bringer:
    """A client that brings assertions."""

    at: Caller
    client: NewClient
    key: SigningKey

    async def bring(self, subject: str = "alice", **claims: Any) -> httpx2.Response:
        """One for this person, which says this besides."""
        made = assertion_claims(subject, self.at.tenant.issuer) | {"iss": ISSUER}
        return await self.show(self.key.sign(made | claims))

    async def show(self, assertion: str, **more: str) -> httpx2.Response:
        form = {"grant_type": GRANT, "assertion": assertion} | more
        given = {name: value for name, value in form.items() if value}
        basic = (self.client.client.client_id, self.client.secret or "")
        return await self.at.post("/oauth/token", given, basic=basic)


def draft(**metadata: Any) -> ClientDraft:
    return ClientDraft(
        name="Portal",
        grant_types=[GRANT],
        scopes=["read", "profile"],
        metadata=ClientMetadata(**metadata),
    )


@pytest.fixture
async def bringer(
    server: RunningServer, at_acme: Caller, acme: Tenant, alice: User, host: Host, key: SigningKey
) -> Bringer:
    """A client of acme's, which trusts the issuer."""
    host.says(body=json.dumps(key.jwks()).encode())
    trusted = {ISSUER: f"https://{host.name}/jwks.json", "https://other.example": "https://[::1]/"}
    await provisioning.change_tenant(
        server.parts, acme, change=lambda settings: replace(settings, trusted_issuers=trusted)
    )
    with use_tenant(acme):
        client = await provisioning.add_client(server.parts, draft(jwt_bearer_issuers=(ISSUER,)))
    return Bringer(at_acme, client, key)


def refused(answer: httpx2.Response) -> bool:
    return (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@on_sqlite
async def test_a_trusted_issuer_speaks_for_a_person(bringer: Bringer, alice: User) -> None:
    answer = await bringer.bring()
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["token_type"], "refresh_token" in told, "id_token" in told) == (
        "Bearer",
        False,
        False,
    )
    said = jwt.decode(told["access_token"], options={"verify_signature": False})
    assert said["sub"] == alice.subject
    info = await bringer.at.get("/oauth/userinfo", bearer=told["access_token"])
    assert info.json()["preferred_username"] == "alice"


@on_sqlite
async def test_ad_04_no_assertion_lets_a_client_administer_the_tenant(
    server: RunningServer, bringer: Bringer, acme: Tenant
) -> None:
    name, scope = bringer.client.client.client_id, "authgate:roles:write"
    with use_tenant(acme):
        change = ClientChange(scopes=["read", scope])
        await provisioning.change_client(server.parts, name, change)
    made = assertion_claims("alice", acme.issuer) | {"iss": ISSUER}
    answer = await bringer.show(bringer.key.sign(made), scope=scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert (await bringer.bring()).json()["scope"] == "read"


@on_sqlite
async def test_what_came_of_an_assertions_token_ends_with_its_client(
    server: RunningServer, bringer: Bringer, acme: Tenant
) -> None:
    token = (await bringer.bring()).json()["access_token"]
    exchanging = "urn:ietf:params:oauth:grant-type:token-exchange"
    files = "https://files.example/"
    metadata = ClientMetadata(token_exchange_from=(acme.issuer,), token_exchange_to=(files,))
    gateway = ClientDraft(name="Gate", grant_types=[exchanging], scopes=["read"], metadata=metadata)
    with use_tenant(acme):
        made = await provisioning.add_client(server.parts, gateway)
    form = {
        "grant_type": exchanging,
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "audience": files,
    }
    basic = (made.client.client_id, made.secret or "")
    answer = await bringer.at.post("/oauth/token", form, basic=basic)
    exchanged = answer.json()["access_token"]
    assert (await bringer.at.get("/oauth/tokeninfo", bearer=exchanged)).status_code == 200
    with use_tenant(acme):
        client_id = bringer.client.client.client_id
        await provisioning.revoke_client_tokens(server.parts, client_id)
    assert (await bringer.at.get("/oauth/tokeninfo", bearer=exchanged)).status_code == 401


@on_sqlite
async def test_an_assertion_is_good_once(bringer: Bringer) -> None:
    made = assertion_claims("alice", bringer.at.tenant.issuer) | {"iss": ISSUER}
    assertion = bringer.key.sign(made)
    answers = await asyncio.gather(*(bringer.show(assertion) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9


@on_sqlite
async def test_an_assertion_that_is_not_the_issuers_is_refused(
    bringer: Bringer, globex: Tenant, acme: Tenant, ledger: Ledger
) -> None:
    now = int(time.time())
    stranger = replace(bringer, key=SigningKey.make())
    wrong: list[dict[str, Any]] = [
        {"iss": "https://evil.example"},
        {"iss": "https://other.example"},
        {"iss": bringer.at.tenant.issuer},
        {"iss": None},
        {"aud": globex.issuer},
        {"aud": None},
        {"exp": None},
        {"exp": now - 60},
        {"exp": now + 7300},
        {"nbf": now + 60},
        {"jti": None},
        {"sub": None},
        {"sub": "nobody"},
        {"sub": "alice@acme.example"},
        {"sub": ""},
        {"sub": "a" * 500},
    ]
    async with ledger.nothing_granted(acme):
        assert refused(await stranger.bring())
        for claims in wrong:
            assert refused(await bringer.bring(**claims)), claims
        for text in ("x", "a.b.c", jwt.encode({"iss": ISSUER}, None, "none")):  # type: ignore[arg-type]  # the library's word for no key
            assert refused(await bringer.show(text))
        theirs = assertion_claims("alice", acme.issuer) | {"iss": ISSUER}
        for typ in ("at+jwt", "logout+jwt"):
            assert refused(await bringer.show(bringer.key.sign(theirs, typ=typ))), typ
        missing = await bringer.show("")
        assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
        scope = await bringer.show("x", scope="admin")
        assert (scope.status_code, scope.json()["error"]) == (400, "invalid_scope")


@on_sqlite
async def test_a_person_who_may_not_sign_in_is_not_spoken_for(
    bringer: Bringer, acme: Tenant, alice: User
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(status=UserStatus.DISABLED)
    assert refused(await bringer.bring())


@on_postgres
async def test_nobody_is_spoken_for_who_is_shut_out_meanwhile(
    postgres: PostgresServer, server: RunningServer, bringer: Bringer, acme: Tenant
) -> None:
    answers: list[httpx2.Response] = []

    async def bring() -> None:
        answers.append(await bringer.bring())

    with use_tenant(acme):
        async with meanwhile(postgres, bring()):
            await provisioning.disable_user("alice", now=server.clock())
        await provisioning.enable_user("alice")
    assert [refused(answer) for answer in answers] == [True]


async def disable(user: User, now: datetime) -> None:
    await provisioning.disable_user(user.username, now=now)


async def sign_out(user: User, now: datetime) -> None:
    await people.sign_out_person(user.id, now=now)


@on_postgres
@pytest.mark.parametrize("end", [disable, sign_out])
async def test_whoever_shuts_a_person_out_waits_for_who_speaks_for_them(
    postgres: PostgresServer,
    server: RunningServer,
    bringer: Bringer,
    acme: Tenant,
    alice: User,
    end: End,
) -> None:
    with use_tenant(acme):
        async with meanwhile(postgres, end(alice, server.clock())):
            told = (await bringer.bring()).json()
        await provisioning.enable_user("alice")
    asked = await bringer.at.get("/oauth/userinfo", bearer=told["access_token"])
    assert asked.status_code == 401


@on_sqlite
async def test_a_client_brings_assertions_of_the_issuers_that_it_is_registered_for(
    server: RunningServer, bringer: Bringer, acme: Tenant
) -> None:
    with use_tenant(acme):
        other = await provisioning.add_client(server.parts, draft())
    assert refused(await replace(bringer, client=other).bring())
    public = replace(draft(), public=True)
    with use_tenant(acme), pytest.raises(UnfitClient):
        await provisioning.add_client(server.parts, public)


@on_sqlite
async def test_a_tenant_that_trusts_nobody_takes_no_assertion(
    server: RunningServer, bringer: Bringer, acme: Tenant
) -> None:
    await provisioning.change_tenant(
        server.parts, acme, change=lambda settings: replace(settings, trusted_issuers={})
    )
    assert refused(await bringer.bring())
