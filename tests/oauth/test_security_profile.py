"""One setting that demands all of FAPI 2.0, of a client or of everybody of a tenant."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import jwt
import pytest

from authgate import provisioning
from authgate.provisioning import NewClient, UnfitClient, UnfitTenant
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.metadata import PRIVATE_KEY_JWT, ClientMetadata
from authgate.storage.grants.authorization_codes import AuthorizationCode
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, Asking, decided, sent_on, told
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.registering import answers, manage, register
from authgate_testing.server import RunningServer
from authgate_testing.signing import SigningKey

pytestmark = on_sqlite

URI = "https://bank.example/callback"
SIGNING = "fapi2_message_signing"
Change = Callable[..., Awaitable[None]]


@dataclass
class Bank:
    """A client that does whatever is demanded, unless a test has it do something else."""

    application: Application
    key: SigningKey

    async def post(self, path: str, form: dict[str, str], **other: Any) -> httpx2.Response:
        """Prove who it is, and that it has its key."""
        tenant, key = self.application.tenant, other.pop("proves", self.key)
        url = f"{tenant.issuer}{path}"
        signs = other.pop("signs", self.key)
        headers = {"DPoP": key.proof("POST", url)} if other.pop("binds", True) else {}
        credentials = signs.credentials("bank", other.pop("audience", tenant.issuer))
        return await self.application.http.post(url, data=form | credentials, headers=headers)

    def asking(self, **changed: str) -> tuple[Asking, dict[str, str]]:
        """A request, as it is pushed."""
        asking = self.application.ask(**changed)
        return asking, dict(httpx2.URL(asking.url).params)

    def signed(self, form: dict[str, str], key: SigningKey | None = None) -> dict[str, str]:
        """The same, signed."""
        now = int(time.time())
        own = {"iss": "bank", "aud": self.application.tenant.issuer, "nbf": now, "exp": now + 60}
        request = (key or self.key).sign(form | own, typ="oauth-authz-req+jwt")
        return {"client_id": "bank", "request": request}

    async def code(self, person: Person, pushed: httpx2.Response) -> dict[str, str]:
        """What it is told once the person has let it in."""
        assert pushed.status_code == 201, pushed.text
        url = self.application.led_by(pushed.json()["request_uri"])
        answer = await sent_on(person, url)
        if answer.status_code == 200:
            answer = await decided(person, "allow")
        return told(answer)

    async def redeemed(self, code: str, asking: Asking, **other: Any) -> httpx2.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": URI,
            "code_verifier": asking.verifier,
        }
        return await self.post("/oauth/token", form, **other)


def draft(key: SigningKey, **said: Any) -> ClientDraft:
    metadata = {"jwks": key.jwks(), "security_profile": "fapi2"} | said
    return ClientDraft(
        name="Bank",
        client_id="bank",
        grant_types=["authorization_code", "refresh_token"],
        scopes=["openid", "read"],
        redirect_uris=[URI],
        authentication_methods=[PRIVATE_KEY_JWT],
        metadata=ClientMetadata(**metadata),
    )


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.make("PS256")


@pytest.fixture
async def lax(server: RunningServer, acme: Tenant) -> Tenant:
    """The tenant, as lax as it can be chosen."""
    await provisioning.change_tenant(
        server.parts,
        acme,
        change=lambda old: old.changed({"dpop_nonces": False, "authorization_code_lifetime": 600}),
    )
    return acme


@pytest.fixture
async def bank(server: RunningServer, lax: Tenant, key: SigningKey) -> Bank:
    with use_tenant(lax):
        made = await provisioning.add_client(server.parts, draft(key))
    return Bank(Application(server.http, lax, made, URI, scope="openid read"), key)


@pytest.fixture
def change(server: RunningServer, acme: Tenant) -> Change:
    """Change what the bank is registered with."""

    async def changed(key: SigningKey, **said: Any) -> None:
        metadata = draft(key, **said).metadata
        with use_tenant(acme):
            await provisioning.change_client(server.parts, "bank", ClientChange(metadata=metadata))

    return changed


def refuses(answer: httpx2.Response, error: str) -> bool:
    return bool(answer.json().get("error") == error)


async def test_a_client_that_does_it_all_is_served_and_its_code_is_short_lived(
    bank: Bank, person: Person, acme: Tenant
) -> None:
    asking, form = bank.asking()
    answer = await bank.code(person, await bank.post("/oauth/par", form))
    assert answer["iss"] == acme.issuer
    with use_tenant(acme):
        [stored] = await AuthorizationCode.all()
    assert (stored.expires_at - stored.created_at).total_seconds() == 60
    tokens = (await bank.redeemed(answer["code"], asking)).json()
    assert tokens["token_type"] == "DPoP"
    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == "ES256"
    # FAPI 2.0 5.3.2.1: refresh tokens do not rotate.
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    for _ in range(2):
        again = (await bank.post("/oauth/token", refresh)).json()
        assert again["refresh_token"] == tokens["refresh_token"]
    assert refuses(await bank.post("/oauth/token", refresh, binds=False), "invalid_dpop_proof")


async def test_whatever_is_left_out_is_refused(
    server: RunningServer, bank: Bank, person: Person, acme: Tenant
) -> None:
    asking, form = bank.asking()
    assert told(await sent_on(person, asking.url))["error"] == "invalid_request"  # not pushed
    without_proof = {name: form[name] for name in form if not name.startswith("code_challenge")}
    assert refuses(await bank.post("/oauth/par", without_proof), "invalid_request")
    weak = SigningKey(bank.key.private, "RS256", bank.key.kid)
    assert refuses(await bank.post("/oauth/par", form, signs=weak), "invalid_client")
    assert refuses(await bank.post("/oauth/par", form, proves=weak), "invalid_dpop_proof")
    elsewhere = f"{acme.issuer}/oauth/token"
    assert refuses(await bank.post("/oauth/par", form, audience=elsewhere), "invalid_client")
    code = (await bank.code(person, await bank.post("/oauth/par", form)))["code"]
    assert refuses(await bank.redeemed(code, asking, binds=False), "invalid_dpop_proof")
    assert refuses(await bank.redeemed(code, asking, proves=weak), "invalid_dpop_proof")
    assert (await bank.redeemed(code, asking)).status_code == 200


async def test_message_signing_demands_signatures_in_both_directions(
    bank: Bank, person: Person, change: Change, key: SigningKey, acme: Tenant
) -> None:
    await change(key, security_profile=SIGNING)
    asking, form = bank.asking(response_mode="jwt")
    assert refuses(await bank.post("/oauth/par", form), "invalid_request")
    plain = bank.signed({name: form[name] for name in form if name != "response_mode"})
    assert refuses(await bank.post("/oauth/par", plain), "invalid_request")
    weak = SigningKey(key.private, "RS256", key.kid)
    assert refuses(await bank.post("/oauth/par", bank.signed(form, weak)), "invalid_request_object")
    answer = await bank.code(person, await bank.post("/oauth/par", bank.signed(form)))
    assert answer.keys() == {"response"}
    said = jwt.decode(answer["response"], options={"verify_signature": False})
    assert (said["iss"], said["aud"], said["state"]) == (acme.issuer, "bank", asking.state)
    tokens = (await bank.redeemed(said["code"], asking)).json()
    known = await bank.post("/oauth/introspect", {"token": tokens["access_token"]})
    assert known.headers["content-type"] == "application/token-introspection+jwt"


async def test_a_tenant_demands_it_of_clients_from_before_and_of_no_other_tenants(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    console: Application,
    machine: NewClient,
    at_acme: Caller,
    at_globex: Caller,
    person: Person,
) -> None:
    with use_tenant(globex):
        theirs = await provisioning.add_client(
            server.parts, ClientDraft(name="Backup", grant_types=["client_credentials"])
        )

    async def choose(**settings: Any) -> None:
        await provisioning.change_tenant(
            server.parts, acme, change=lambda old: old.changed(settings)
        )

    with pytest.raises(UnfitTenant):
        await choose(signing_algorithm="RS256", security_profile="fapi2")
    await choose(
        security_profile="fapi2", client_registration="open", client_registration_approval=False
    )
    form = {"grant_type": "client_credentials"}

    async def asks(at: Caller, client: NewClient) -> int:
        secret = (client.client.client_id, client.secret or "")
        return (await at.post("/oauth/token", form, basic=secret)).status_code

    assert (await asks(at_acme, machine), await asks(at_globex, theirs)) == (401, 200)
    assert told(await sent_on(person, console.ask().url))["error"] == "invalid_request"
    known = (await at_acme.http.get(f"{acme.issuer}/.well-known/openid-configuration")).json()
    assert known["token_endpoint_auth_methods_supported"] == [PRIVATE_KEY_JWT]
    assert known["dpop_signing_alg_values_supported"] == ["ES256", "EdDSA", "PS256"]
    assert known["require_pushed_authorization_requests"] is True
    assert "require_signed_request_object" not in known
    await choose(security_profile=SIGNING)
    known = (await at_acme.http.get(f"{acme.issuer}/.well-known/openid-configuration")).json()
    assert known["require_signed_request_object"] is True
    assert "query" not in known["response_modes_supported"]
    # Who registers learns it at once.
    assert answers(await register(at_acme), 400, "invalid_client_metadata")


async def test_no_exception_from_before_holds(
    server: RunningServer, bank: Bank, change: Change, key: SigningKey, acme: Tenant
) -> None:
    async def choose(**settings: Any) -> None:
        await provisioning.change_tenant(
            server.parts, acme, change=lambda old: old.changed(settings)
        )

    local = "http://127.0.0.1/callback"
    await change(key, security_profile="", legacy_assertion_audience=True)
    with use_tenant(acme):
        lax = ClientChange(pkce_optional=True, redirect_uris=[URI, local])
        await provisioning.change_client(server.parts, "bank", lax)
    _, form = bank.asking()
    without_proof = {name: form[name] for name in form if not name.startswith("code_challenge")}
    elsewhere = f"{acme.issuer}/oauth/token"

    async def pushed() -> list[str]:
        asked = (
            await bank.post("/oauth/par", without_proof),
            await bank.post("/oauth/par", form, audience=elsewhere),
            await bank.post("/oauth/par", form | {"redirect_uri": local}),
            await bank.post("/oauth/par", form),
        )
        return [each.json().get("error", "") for each in asked]

    assert await pushed() == ["", "", "", ""]
    await choose(security_profile="fapi2")
    assert await pushed() == ["invalid_request", "invalid_client", "invalid_request", ""]
    # A tenant that lets go of it may sign as it likes: a client of its own profile is then not
    # served.
    await choose(security_profile="")
    with use_tenant(acme):
        strict = ClientChange(pkce_optional=False, redirect_uris=[URI])
        await provisioning.change_client(server.parts, "bank", strict)
    await change(key)
    await choose(signing_algorithm="RS256")
    assert refuses(await bank.post("/oauth/par", form), "unauthorized_client")


async def test_a_client_asks_for_more_of_itself_and_never_for_less(
    server: RunningServer, acme: Tenant, at_acme: Caller, key: SigningKey
) -> None:
    settings = {
        "client_registration": "open",
        "client_registration_approval": False,
        "client_registration_strict": False,
    }
    await provisioning.change_tenant(server.parts, acme, change=lambda old: old.changed(settings))
    said: dict[str, Any] = {"token_endpoint_auth_method": PRIVATE_KEY_JWT, "jwks": key.jwks()}
    made = (await register(at_acme, **said)).json()
    made = (await manage("PUT", made, at_acme, security_profile="fapi2")).json()
    assert made["security_profile"] == "fapi2"
    changed = (await manage("PUT", made, at_acme, security_profile="", client_name="X")).json()
    assert (changed["client_name"], changed["security_profile"]) == ("X", "fapi2")


@pytest.mark.parametrize(
    ("change", "said", "field"),
    [
        ({"authentication_methods": ["client_secret_basic"]}, {}, "authentication_methods"),
        ({"authentication_methods": ["none"], "public": True}, {}, "authentication_methods"),
        ({"redirect_uris": ["http://127.0.0.1/cb"]}, {}, "redirect_uris"),
        ({"pkce_optional": True}, {}, "pkce_optional"),
        ({"unauthenticated_device_grant": True}, {}, "unauthenticated_device_grant"),
        ({}, {"unauthenticated_refresh": True}, "unauthenticated_refresh"),
        ({}, {"legacy_assertion_audience": True}, "legacy_assertion_audience"),
        ({}, {"token_endpoint_auth_signing_alg": "RS256"}, "token_endpoint_auth_signing_alg"),
        ({}, {"request_object_signing_alg": "RS256"}, "request_object_signing_alg"),
        ({}, {"security_profile": "fapi1"}, "security_profile"),
        ({}, {"rs256": True}, "jwks"),
        (
            {"authentication_methods": ["tls_client_auth"]},
            {"jwks": None, "security_profile": SIGNING, "tls_client_auth_san_dns": "b.example"},
            "jwks",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "of",
)
async def test_what_could_never_be_served_is_not_registered(
    server: RunningServer,
    acme: Tenant,
    key: SigningKey,
    change: dict[str, Any],
    said: dict[str, Any],
    field: str,
) -> None:
    if "rs256" in said:
        said = {"jwks": {"keys": [key.public_jwk(alg="RS256")]}}
    with use_tenant(acme), pytest.raises(UnfitClient) as refused:
        await provisioning.add_client(server.parts, replace(draft(key, **said), **change))
    assert refused.value.field == field
