"""``GET|POST /oauth/userinfo``: who the person is (OpenID Connect Core section 5.3)."""

from collections.abc import Awaitable, Callable

import pytest

from authgate.provisioning import NewClient
from authgate.storage.people import users
from authgate.storage.people.users import User, UserRow
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.caller import Caller, resource
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.person import Person

HERE = "/oauth/userinfo"

SignIn = Callable[[str], Awaitable[str]]


@pytest.fixture
def sign_in(device: Device, person: Person) -> SignIn:
    """Get a token of Alice's for this scope."""

    async def granted(scope: str) -> str:
        shown = await device.start(scope=scope)
        await decide(person, shown)
        token: str = (await device.poll(shown["device_code"])).json()["access_token"]
        return token

    return granted


async def test_each_scope_opens_its_own_claims(
    at_acme: Caller, acme: Tenant, alice: User, sign_in: SignIn
) -> None:
    always = {"sub": str(alice.id), "iss": acme.issuer}
    profile = {
        "name": "Alice Liddell",
        "preferred_username": "alice",
        "updated_at": int(alice.updated_at.timestamp()),
    }
    email = {"email": "alice@acme.example", "email_verified": True}
    for scope, claims in (
        ("openid", always),
        ("openid profile", always | profile),
        ("profile email", always | profile | email),
        ("email", always | email),
    ):
        answer = await at_acme.get(HERE, bearer=await sign_in(scope))
        assert (answer.status_code, answer.json()) == (200, claims)
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"


@on_sqlite
async def test_what_a_person_has_not_got_is_left_out(
    at_acme: Caller, acme: Tenant, alice: User, sign_in: SignIn
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(
            name="", email=None, picture="https://acme.example/alice.png"
        )
    claims = (await at_acme.get(HERE, bearer=await sign_in("openid profile email"))).json()
    assert claims["name"] == "alice"
    assert claims["picture"] == "https://acme.example/alice.png"
    assert not {"email", "email_verified"} & set(claims)


@on_sqlite
async def test_posting_is_asking_too(at_acme: Caller, alice: User, sign_in: SignIn) -> None:
    token = await sign_in("openid")
    bearer = [("Authorization", f"Bearer {token}")]
    json = [*bearer, ("Content-Type", "application/json")]
    for answer in (
        await at_acme.post(HERE, headers=bearer),
        await at_acme.post(HERE, {"other": "parameter"}, headers=bearer),
        await at_acme.post(HERE, body=b"{}", headers=json),
    ):
        assert (answer.status_code, answer.json()["sub"]) == (200, str(alice.id))


@on_sqlite
async def test_in_11_a_token_that_speaks_of_nobody_is_refused(
    at_acme: Caller, acme: Tenant, machine: NewClient, alice: User, sign_in: SignIn
) -> None:
    basic = (machine.client.client_id, machine.secret or "")
    granted = await at_acme.post("/oauth/token", {"grant_type": "client_credentials"}, basic=basic)
    answer = await at_acme.get(HERE, bearer=granted.json()["access_token"])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")

    impersonal = await at_acme.get(HERE, bearer=await sign_in("read"))
    assert (impersonal.status_code, impersonal.json()["error"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in impersonal.headers["www-authenticate"]

    token = await sign_in("openid")
    with use_tenant(acme):
        await users.set_status(alice.id, UserStatus.DISABLED)
    disabled = await at_acme.get(HERE, bearer=token)
    assert (disabled.status_code, disabled.json()["error"]) == (401, "invalid_token")


@on_sqlite
async def test_without_a_token_the_answer_is_the_one_that_authgates_clients_know(
    at_acme: Caller, acme: Tenant
) -> None:
    for answer in (await at_acme.get(HERE), await at_acme.post(HERE)):
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        assert (
            answer.headers["www-authenticate"] == f'Bearer {resource(acme)}, error="invalid_token"'
        )


@on_sqlite
async def test_un_12_names_come_back_as_they_were_stored(
    at_acme: Caller, acme: Tenant, alice: User, sign_in: SignIn
) -> None:
    odd = "'\"><script>{{7*7}}%s\\;--\u202e=1+1"
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(name=odd)
    assert (await at_acme.get(HERE, bearer=await sign_in("profile"))).json()["name"] == odd
