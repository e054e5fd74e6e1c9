"""Clients that sign to prove who they are (RFC 7523 section 2.2, OpenID Connect Core section 9)."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import NewClient, UnfitClient
from authgate.settings import Settings
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.clients.rows import ClientRow
from authgate.storage.grants.spent_jtis import SpentJti
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.caller import Caller
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.device import GRANT
from authgate_testing.ledger import Ledger
from authgate_testing.pretend_host import Answer, Host
from authgate_testing.server import RunningServer
from authgate_testing.signing import ASSERTION_TYPE, SigningKey, as_form, assertion_claims

FORM = {"grant_type": "client_credentials"}

ENDPOINTS = {
    "client credentials": ("/oauth/token", FORM, 200),
    "device grant": ("/oauth/token", {"grant_type": GRANT, "device_code": "x"}, 400),
    "device authorization": ("/oauth/device/code", {"scope": "read"}, 200),
    "introspection": ("/oauth/introspect", {"token": "x"}, 200),
    "revocation": ("/oauth/revoke", {"token": "x"}, 200),
    "pushed requests": ("/oauth/par", {"response_type": "code"}, 400),
}


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.make()


@pytest.fixture(scope="module")
def foreign_key() -> SigningKey:
    """Somebody else's, called the same."""
    return SigningKey.make()


@pytest.fixture
def allowed_networks() -> tuple[str, ...]:
    """This machine."""
    return ("127.0.0.0/8", "::1/128")


@pytest.fixture
def settings(settings: Settings, allowed_networks: tuple[str, ...]) -> Settings:
    """The settings of the server under test, which may ask this machine for keys."""
    egress = settings.egress.model_copy(update={"allowed_networks": allowed_networks})
    return settings.model_copy(update={"egress": egress})


Make = Callable[..., Awaitable[NewClient]]


@pytest.fixture
def make(server: RunningServer, acme: Tenant) -> Make:
    """A client of acme's with other metadata, and the method that is named first."""

    async def add(
        *methods: str, tenant: Tenant = acme, client_id: str = "", **metadata: Any
    ) -> NewClient:
        with use_tenant(tenant):
            return await provisioning.add_client(
                server.parts,
                ClientDraft(
                    name="Payroll",
                    client_id=client_id or None,
                    grant_types=["client_credentials", GRANT, "authorization_code"],
                    scopes=["read"],
                    redirect_uris=["https://payroll.example/callback"],
                    authentication_methods=methods or ("private_key_jwt",),
                    metadata=ClientMetadata(**metadata),
                ),
            )

    return add


@dataclass
class Signer:
    """A client with its key, at a tenant."""

    at: Caller
    client_id: str
    key: SigningKey
    form: dict[str, str] = field(default_factory=lambda: dict(FORM))

    @property
    def issuer(self) -> str:
        return self.at.tenant.issuer

    async def say(self, audience: Any = None, **claims: Any) -> httpx2.Response:
        """Ask for a token, with an assertion that says this besides."""
        audience = self.issuer if audience is None else audience
        return await self.show(self.key.assertion(self.client_id, audience, **claims))

    async def show(self, assertion: str, **more: str) -> httpx2.Response:
        """Ask for a token with this assertion."""
        return await self.at.post("/oauth/token", self.form | as_form(assertion) | more)


@pytest.fixture
async def payroll(make: Make, at_acme: Caller, key: SigningKey) -> Signer:
    """A client of acme's that signs."""
    client = await make(jwks=key.jwks())
    return Signer(at_acme, client.client.client_id, key)


def by_secret(claims: dict[str, Any], secret: bytes) -> str:
    """HS256 by hand: the library refuses what is no secret."""
    parts = ({"alg": "HS256", "kid": "1"}, claims)
    signing_input = b".".join(segment(json.dumps(each).encode()) for each in parts)
    mac = hmac.digest(secret, signing_input, hashlib.sha256)
    return (signing_input + b"." + segment(mac)).decode()


def segment(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def nested(depth: int) -> list[Any]:
    return [nested(depth - 1)] if depth else []


def refused(answer: httpx2.Response) -> bool:
    return (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@on_sqlite
@pytest.mark.parametrize("kind", ENDPOINTS)
async def test_an_assertion_is_taken_wherever_a_client_proves_itself(
    payroll: Signer, at_acme: Caller, foreign_key: SigningKey, kind: str
) -> None:
    path, form, status = ENDPOINTS[kind]
    good = payroll.key.credentials(payroll.client_id, payroll.issuer)
    answer = await at_acme.post(path, form | good)
    assert answer.status_code == status, answer.text
    assert b"invalid_client" not in answer.content
    again = payroll.key.credentials(payroll.client_id, payroll.issuer)
    assert (
        await at_acme.post(path, form | again | {"client_id": payroll.client_id})
    ).status_code == status
    forged = foreign_key.credentials(payroll.client_id, payroll.issuer)
    assert refused(await at_acme.post(path, form | forged))
    assert refused(await at_acme.post(path, form | {"client_id": payroll.client_id}))


@on_sqlite
@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "PS256", "RS256"])
async def test_a_client_signs_by_any_algorithm_of_the_metadata(
    make: Make, at_acme: Caller, algorithm: str
) -> None:
    key = SigningKey.make(algorithm)
    client = await make(jwks=key.jwks(), token_endpoint_auth_signing_alg=algorithm)
    signer = Signer(at_acme, client.client.client_id, key)
    assert (await signer.say()).status_code == 200
    metadata = (await at_acme.get("/.well-known/openid-configuration")).json()
    assert algorithm in metadata["token_endpoint_auth_signing_alg_values_supported"]
    assert "private_key_jwt" in metadata["token_endpoint_auth_methods_supported"]


async def test_ca_12_an_assertion_is_good_once_however_many_requests_carry_it(
    payroll: Signer, acme: Tenant
) -> None:
    assertion = payroll.key.assertion(payroll.client_id, payroll.issuer)
    answers = await asyncio.gather(*(payroll.show(assertion) for _ in range(15)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 14
    with use_tenant(acme):
        [spent] = await SpentJti.all()
    assert spent.expires_at.timestamp() > time.time() + 60, "longer than the assertion lasts"


@on_sqlite
async def test_ca_12_whose_jti_it_is_counts(
    make: Make, payroll: Signer, at_acme: Caller, at_globex: Caller, globex: Tenant, key: SigningKey
) -> None:
    other = Signer(at_acme, (await make(jwks=key.jwks())).client.client_id, key)
    await make(tenant=globex, client_id=payroll.client_id, jwks=key.jwks())
    there = Signer(at_globex, payroll.client_id, key)
    for signer, status in ((payroll, 200), (other, 200), (there, 200), (payroll, 401)):
        assert (await signer.say(jti="the-very-same")).status_code == status


@on_sqlite
async def test_ca_11_who_has_not_signed_it_with_the_clients_key_is_not_the_client(
    payroll: Signer, acme: Tenant, foreign_key: SigningKey, ledger: Ledger
) -> None:
    key, client_id, issuer = payroll.key, payroll.client_id, payroll.issuer
    claims = assertion_claims(client_id, issuer)
    good = key.assertion(client_id, issuer)
    head, body, signature = good.split(".")
    public = key.private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    embedded = {"jwk": foreign_key.public_jwk(), "jku": "https://evil.example/jwks.json"}
    weak = SigningKey.make("RS256", bits=1024)
    async with ledger.nothing_granted(acme):
        for forged in (
            jwt.encode(claims, None, "none"),  # type: ignore[arg-type]  # the library's word for no key
            by_secret(claims, public),
            foreign_key.assertion(client_id, issuer),
            foreign_key.sign(claims, header=embedded),
            weak.assertion(client_id, issuer),
            SigningKey.make("RS256").assertion(client_id, issuer),
            key.sign(claims, header={"crit": ["x"], "x": 1}),
            key.sign(claims, header={"kid": "another"}),
            f"{head}.{body}.",
            f"{head}.{body}.{signature[:-4]}AAAA",
            f"{head}.{body}x.{signature}",
            f"{good}=",
            f"{good}\n",
            f"{good}.x.y",
            "x",
            "A" * 9000,
        ):
            assert refused(await payroll.show(forged)), forged
    assert (await payroll.show(good)).status_code == 200
    events = await ledger.events(acme, Event.CLIENT_AUTHENTICATION_FAILURE)
    assert {each.details["method"] for each in events} == {"private_key_jwt", "client_secret_jwt"}


@on_sqlite
async def test_jw_09_what_a_client_has_signed_for_another_purpose_is_no_assertion(
    payroll: Signer,
) -> None:
    for typ, status in (
        ("oauth-authz-req+jwt", 401),
        ("at+jwt", 401),
        ("application/dpop+jwt", 401),
        ("client-authentication+jwt", 200),
        ("application/JWT", 200),
    ):
        claims = assertion_claims(payroll.client_id, payroll.issuer)
        answer = await payroll.show(payroll.key.sign(claims, typ=typ))
        assert answer.status_code == status, typ


@on_sqlite
async def test_jw_14_a_member_named_twice_is_refused(payroll: Signer) -> None:
    claims = assertion_claims(payroll.client_id, payroll.issuer)
    header = payroll.key.sign(claims).split(".")[0].encode()
    once = json.dumps(claims, indent=2)
    twice = json.dumps(claims)[:-1] + f', "sub": "{payroll.client_id}"}}'
    for text, status in ((twice, 401), (once, 200)):
        signing_input = header + b"." + segment(text.encode())
        signature = payroll.key.raw(signing_input)
        assert (await payroll.show(f"{signing_input.decode()}.{signature}")).status_code == status


@on_sqlite
async def test_mx_03_ca_13_an_assertion_is_for_this_issuer_and_nobody_else(
    server: RunningServer, payroll: Signer, globex: Tenant
) -> None:
    issuer = payroll.issuer
    elsewhere: list[Any] = [
        f"{issuer}/oauth/token",
        f"{issuer}/",
        issuer.upper(),
        [issuer],
        [issuer, "https://evil.example"],
        globex.issuer,
        "",
        {},
        1,
    ]
    for audience in elsewhere:
        assert refused(await payroll.say(audience)), audience
    assert refused(await payroll.say(aud=None))
    # A client whose library is older may be registered so.
    with use_tenant(payroll.at.tenant):
        await provisioning.change_client(
            server.parts,
            payroll.client_id,
            ClientChange(
                metadata=ClientMetadata(jwks=payroll.key.jwks(), legacy_assertion_audience=True)
            ),
        )
    here: list[Any] = [issuer, f"{issuer}/oauth/token", [issuer, "https://other.example"]]
    for audience in here:
        assert (await payroll.say(audience)).status_code == 200, audience
    for audience in [globex.issuer, f"{globex.issuer}/oauth/token", [globex.issuer], [], [1]]:
        assert refused(await payroll.say(audience)), audience


@on_sqlite
async def test_ca_14_an_assertion_names_its_client_and_ends_soon(
    make: Make, payroll: Signer, acme: Tenant, key: SigningKey
) -> None:
    other = (await make(jwks=SigningKey.make().jwks())).client.client_id
    now = int(time.time())
    wrong: list[dict[str, Any]] = [
        {"iss": other},
        {"sub": other},
        {"iss": other, "sub": other},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"exp": None},
        {"exp": now - 31},
        {"exp": now + 10 * 365 * 86_400},
        {"exp": str(now + 60)},
        {"exp": 1e300},
        {"iat": now + 60},
        {"nbf": now + 60},
        {"nbf": "soon"},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 257},
        {"jti": 7},
        {"jti": "\ud800"},
    ]
    for claims in wrong:
        assert refused(await payroll.say(**claims)), claims
    for claims in ({"exp": now - 20}, {"nbf": now + 20}, {"iat": now + 20}, {"iat": None}):
        assert (await payroll.say(**claims)).status_code == 200, claims
    # Who cannot sign makes us remember nothing.
    with use_tenant(acme):
        assert await SpentJti.all().count() == 4


@on_postgres
@pytest.mark.parametrize("text", ["a\0b", "\ud800", "ü"], ids=["NUL", "surrogate", "not ASCII"])
async def test_un_03_un_04_what_cannot_be_kept_names_nobody(payroll: Signer, text: str) -> None:
    assert refused(await payroll.say(iss=text, sub=text))


@on_sqlite
async def test_ca_02_an_assertion_goes_with_no_other_proof(
    payroll: Signer, at_acme: Caller
) -> None:
    def fresh() -> dict[str, str]:
        return FORM | payroll.key.credentials(payroll.client_id, payroll.issuer)

    for answer in (
        await at_acme.post("/oauth/token", fresh() | {"client_secret": "x"}),
        await at_acme.post("/oauth/token", fresh(), basic=(payroll.client_id, "x")),
        await at_acme.post("/oauth/token", fresh() | {"client_assertion_type": "x"}),
        await at_acme.post("/oauth/token", fresh() | {"client_assertion_type": ""}),
    ):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert refused(await at_acme.post("/oauth/token", fresh() | {"client_id": "another"}))
    lonely = FORM | {"client_assertion_type": ASSERTION_TYPE, "client_id": payroll.client_id}
    assert refused(await at_acme.post("/oauth/token", lonely))


@on_sqlite
async def test_ca_03_a_method_or_an_algorithm_that_is_not_the_clients_is_refused(
    make: Make, at_acme: Caller, key: SigningKey, confidential: NewClient
) -> None:
    by_secret = Signer(at_acme, confidential.client.client_id, key)
    assert refused(await by_secret.say())
    rsa = SigningKey.make("RS256")
    ps = SigningKey(rsa.private, "PS256", rsa.kid)
    client = await make(
        jwks={"keys": [{**rsa.public_jwk()}]}, token_endpoint_auth_signing_alg="PS256"
    )
    assert (await Signer(at_acme, client.client.client_id, ps).say()).status_code == 200
    assert refused(await Signer(at_acme, client.client.client_id, rsa).say())
    named = await make(jwks={"keys": [rsa.public_jwk(alg="PS256")]})
    assert (await Signer(at_acme, named.client.client_id, ps).say()).status_code == 200
    assert refused(await Signer(at_acme, named.client.client_id, rsa).say())


@on_sqlite
async def test_ca_17_a_client_that_is_not_active_is_refused_like_an_unknown_one(
    server: RunningServer, payroll: Signer, acme: Tenant
) -> None:
    with use_tenant(acme):
        await provisioning.set_client_status(server.parts, payroll.client_id, ClientStatus.INACTIVE)
    unknown = Signer(payroll.at, "nobody", payroll.key)
    inactive_answer, unknown_answer = await payroll.say(), await unknown.say()
    assert refused(inactive_answer)
    assert inactive_answer.content == unknown_answer.content


async def test_a_secret_signs_as_well_and_is_sealed_at_rest(
    server: RunningServer, make: Make, at_acme: Caller, acme: Tenant
) -> None:
    client = await make("client_secret_jwt")
    client_id, secret = client.client.client_id, client.secret or ""

    def signed(with_secret: str, algorithm: str = "HS256") -> dict[str, str]:
        claims = assertion_claims(client_id, acme.issuer)
        return FORM | as_form(jwt.encode(claims, with_secret, algorithm))

    assert (await at_acme.post("/oauth/token", signed(secret))).status_code == 200
    assert refused(await at_acme.post("/oauth/token", signed(f"{secret}x")))
    assert refused(await at_acme.post("/oauth/token", signed(secret.ljust(48, "x"), "HS384")))
    # The secret itself is never sent by such a client.
    assert refused(await at_acme.post("/oauth/token", FORM, basic=(client_id, secret)))
    with use_tenant(acme):
        [row] = await ClientRow.filter(client_id=client_id)
    assert row.sealed_secret
    assert secret.encode() not in row.sealed_secret
    # Both sign while one takes over from the other, as both are shown of any other client.
    until = server.clock() + timedelta(hours=1)
    with use_tenant(acme):
        fresh = await provisioning.rotate_client_secret(server.parts, client_id, former_until=until)
    for each in (secret, fresh):
        assert (await at_acme.post("/oauth/token", signed(each))).status_code == 200
    with use_tenant(acme):
        await provisioning.end_former_client_secret(server.parts, client_id)
        assert (await ClientRow.get(client_id=client_id)).former_sealed_secret is None
    assert refused(await at_acme.post("/oauth/token", signed(secret)))
    assert (await at_acme.post("/oauth/token", signed(fresh))).status_code == 200
    # A client that signs with it no longer shows it, and so a hash will do.
    with use_tenant(acme):
        shown = ClientChange(authentication_methods=["client_secret_basic"])
        await provisioning.change_client(server.parts, client_id, shown)
        assert (await ClientRow.get(client_id=client_id)).sealed_secret is None
    assert (await at_acme.post("/oauth/token", FORM, basic=(client_id, fresh))).status_code == 200


@on_sqlite
async def test_nobody_is_locked_out_by_signing_with_a_secret(
    server: RunningServer, at_acme: Caller, acme: Tenant, machine: NewClient
) -> None:
    """A hash checks nothing that a secret signs: both change in one step."""
    client_id, former = machine.client.client_id, machine.secret or ""
    methods = ["client_secret_basic", "client_secret_jwt"]
    with use_tenant(acme):
        with pytest.raises(UnfitClient, match="new one"):
            await provisioning.change_client(
                server.parts, client_id, ClientChange(authentication_methods=methods)
            )
        with pytest.raises(UnfitClient):
            await provisioning.rotate_client_secret(
                server.parts, client_id, authentication_methods=["none"]
            )
        fresh = await provisioning.rotate_client_secret(
            server.parts,
            client_id,
            former_until=server.clock() + timedelta(hours=1),
            authentication_methods=methods,
        )
    said = as_form(jwt.encode(assertion_claims(client_id, acme.issuer), fresh, "HS256"))
    assert (await at_acme.post("/oauth/token", FORM | said)).status_code == 200
    for each in (former, fresh):
        answer = await at_acme.post("/oauth/token", FORM, basic=(client_id, each))
        assert answer.status_code == 200
    server.clock.advance(3700)
    assert refused(await at_acme.post("/oauth/token", FORM, basic=(client_id, former)))


@on_sqlite
async def test_the_secret_of_every_other_client_is_a_hash_alone(
    make: Make, confidential: NewClient, acme: Tenant
) -> None:
    with use_tenant(acme):
        [row] = await ClientRow.filter(client_id=confidential.client.client_id)
    assert row.sealed_secret is None


@on_sqlite
async def test_ca_15_keys_that_are_none_are_not_registered(
    make: Make, server: RunningServer, acme: Tenant, key: SigningKey
) -> None:
    rsa = SigningKey.make("RS256")
    wrong: list[dict[str, Any]] = [
        {},
        {"jwks": {"keys": []}},
        {"jwks": {}},
        {"jwks": {"keys": [key.private_jwk()]}},
        {"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
        {"jwks": {"keys": [SigningKey.make("RS256", bits=1024).public_jwk()]}},
        {"jwks": {"keys": [{**rsa.public_jwk(), "e": "Aw"}]}},
        {"jwks": {"keys": [{**rsa.public_jwk(), "e": segment(b"\xff" * 5).decode()}]}},
        {"jwks": {"keys": [{**rsa.public_jwk(), "n": segment(b"\xff" * 1024).decode()}]}},
        {"jwks": {"keys": [{**rsa.public_jwk(), "alg": "ES256"}]}},
        {"jwks": {"keys": [{**key.public_jwk(), "crv": "P-192"}]}},
        {"jwks": {"keys": [{**key.public_jwk(), "x": key.public_jwk()["y"]}]}},
        {"jwks": {"keys": [{**key.public_jwk(), "x": "=="}]}},
        {"jwks": {"keys": [{**key.public_jwk(), "use": "enc"}]}},
        {"jwks": {"keys": [{**key.public_jwk(), "alg": ["ES256"]}]}},
        {"jwks": {"keys": [{**key.public_jwk(), "kid": "a\0b"}]}},
        {"jwks": {"keys": [{**key.public_jwk(), "x5t": "x" * 65_536}]}},
        {"jwks": {"keys": [{**key.public_jwk(), "x5c": nested(300)}]}},
        {"jwks": {"keys": ["key"]}},
        {"jwks": {"keys": [key.public_jwk()] * 33}},
        {"jwks": key.jwks(), "jwks_uri": "https://payroll.example/jwks.json"},
        {"jwks_uri": "http://payroll.example/jwks.json"},
        {"jwks_uri": "https://user@payroll.example/jwks.json"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://[x"},
        {"jwks": key.jwks(), "token_endpoint_auth_signing_alg": "HS256"},
        {"jwks": key.jwks(), "token_endpoint_auth_signing_alg": "none"},
    ]
    for metadata in wrong:
        with pytest.raises(UnfitClient):
            await make(**metadata)
    for methods in (("private_key_jwt", "none"), ("tls",), ("none",)):
        with pytest.raises(UnfitClient):
            await make(*methods, jwks=key.jwks())


# --- Keys that the client keeps -------------------------------------------------------------------


@pytest.fixture
async def published(make: Make, at_acme: Caller, key: SigningKey, host: Host) -> Signer:
    """A client whose keys are at its own address."""
    host.says(body=json.dumps(key.jwks()).encode())
    client = await make(jwks_uri=f"https://{host.name}/jwks.json")
    return Signer(at_acme, client.client.client_id, key)


@on_sqlite
async def test_ss_07_keys_are_fetched_once_and_for_a_new_one_at_most_once_a_minute(
    server: RunningServer,
    published: Signer,
    host: Host,
) -> None:
    answers = await asyncio.gather(*(published.say() for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(host.asked) == 1

    fresh = SigningKey.make(kid="2")
    host.says(body=json.dumps({"keys": [fresh.public_jwk()]}).encode())
    rotated = replace(published, key=fresh)
    assert refused(await rotated.say()), "fetched a moment ago"
    assert len(host.asked) == 1
    server.clock.advance(61)
    later = {"exp": int(time.time()) + 120}
    assert (await rotated.say(**later)).status_code == 200
    assert len(host.asked) == 2
    assert refused(await published.say(**later)), "a key that is no longer there"
    # Whoever makes up key ids does not make us ask.
    for number in range(10):
        made_up = SigningKey(published.key.private, "ES256", f"made-up-{number}")
        assert refused(await replace(published, key=made_up).say(**later))
    assert len(host.asked) == 2


@on_sqlite
async def test_ss_08_known_keys_count_for_a_day_while_their_host_is_down(
    server: RunningServer,
    published: Signer,
    host: Host,
) -> None:
    assert (await published.say()).status_code == 200
    host.says(status=503)
    for hours, status in ((1, 200), (22, 200), (2, 401)):
        server.clock.advance(hours * 3600)
        end = int(server.clock().timestamp()) + 60
        assert (await published.say(exp=end)).status_code == status
    assert len(host.asked) == 4


@on_sqlite
@pytest.mark.parametrize(
    "said",
    [
        Answer(status=500),
        Answer(status=302, headers={"location": "https://127.0.0.1/"}),
        Answer(body=b"nonsense"),
        Answer(body=b"{}"),
        Answer(body=b'{"keys": {}}'),
        Answer(body=b'{"keys": [' + b"1," * 40_000 + b"1]}"),
        Answer(body=b'{"keys": []}'),
    ],
    ids=["down", "redirect", "nonsense", "nothing", "no list", "too large", "empty"],
)
async def test_ss_03_ss_04_without_its_keys_a_client_proves_nothing(
    published: Signer,
    host: Host,
    said: Answer,
) -> None:
    host.site = lambda asked: said
    assert refused(await published.say())
    assert len(host.asked) == 1
    assert refused(await published.say())
    assert len(host.asked) == 1, "asked at once again"


@on_sqlite
@pytest.mark.parametrize("allowed_networks", [()], ids=["nowhere inside"])
async def test_ss_01_keys_are_never_fetched_from_inside(published: Signer, host: Host) -> None:
    assert refused(await published.say())
    assert host.asked == []
