"""Clients that show a certificate, and tokens bound to it (RFC 8705), behind a trusted proxy."""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx2
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from authgate import provisioning
from authgate.provisioning import NewClient, UnfitClient
from authgate.settings import Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate_tenants import Tenant, use_tenant
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.server import RunningServer
from authgate_testing.signing import SigningKey

pytestmark = on_sqlite

PROXY = "198.51.100.7"
FORM = {"grant_type": "client_credentials"}


@dataclass(frozen=True)
class Certificate:
    """A certificate that vouches for itself."""

    der: bytes

    @classmethod
    def of(cls, key: SigningKey, *, host: str = "payroll.example", days: int = 1) -> "Certificate":
        private: Any = key.private
        name = x509.Name.from_rfc4514_string(f"CN={host},O=Payroll")
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")]))
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(private, hashes.SHA256())
        )
        return cls(made.public_bytes(serialization.Encoding.DER))

    @property
    def header(self) -> str:
        """As RFC 9440 has it."""
        return f":{base64.b64encode(self.der).decode()}:"

    @property
    def pem(self) -> str:
        """As nginx passes it."""
        body = base64.encodebytes(self.der).decode()
        return quote(f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n")

    @property
    def thumbprint(self) -> str:
        digest = hashlib.sha256(self.der).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.make()


@pytest.fixture(scope="module")
def own(key: SigningKey) -> Certificate:
    return Certificate.of(key)


@pytest.fixture(scope="module")
def foreign() -> Certificate:
    """Somebody else's, for the same names."""
    return Certificate.of(SigningKey.make())


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A server behind a proxy that passes certificates, and says which of them it has verified."""
    proxied = {
        "trusted_proxies": (PROXY,),
        "client_certificate_header": "Client-Cert",
        "client_certificate_verified_header": "Client-Verify",
    }
    return settings.model_copy(update={"server": settings.server.model_copy(update=proxied)})


Make = Callable[..., Awaitable[NewClient]]


@pytest.fixture
def make(server: RunningServer, acme: Tenant) -> Make:
    async def add(*methods: str, **metadata: Any) -> NewClient:
        draft = ClientDraft(
            name="Payroll",
            grant_types=["client_credentials"],
            scopes=["read"],
            authentication_methods=methods,
            metadata=ClientMetadata(**metadata),
        )
        with use_tenant(acme):
            return await provisioning.add_client(server.parts, draft)

    return add


@pytest.fixture
def proxied(server: RunningServer, acme: Tenant) -> Caller:
    """Whoever comes through the proxy."""
    return Caller(server.from_address(PROXY), acme)


async def ask(
    at: Caller, client: NewClient, shown: str, *, verified: str = "SUCCESS", **more: str
) -> httpx2.Response:
    headers = [
        ("Client-Cert", shown),
        ("Client-Verify", verified),
        ("X-Forwarded-For", "192.0.2.9"),
    ]
    form = FORM | {"client_id": client.client.client_id} | more
    return await at.post("/oauth/token", form, headers=[each for each in headers if each[1]])


async def test_a_certificate_whose_key_is_registered_proves_the_client(
    make: Make, proxied: Caller, key: SigningKey, own: Certificate, foreign: Certificate
) -> None:
    client = await make("self_signed_tls_client_auth", jwks=key.jwks())
    for shown in (own.header, own.pem, own.header.strip(":")):
        assert (await ask(proxied, client, shown, verified="")).status_code == 200, shown
    rsa = SigningKey.make("RS256")
    other = await make("self_signed_tls_client_auth", jwks=rsa.jwks())
    assert (await ask(proxied, other, Certificate.of(rsa).header)).status_code == 200
    for shown in (
        foreign.header,
        Certificate.of(key, days=-1).header,
        Certificate.of(rsa).header,
        "",
        ":MIIB:",
        "::",
        "nonsense",
        "%",
        quote("-----BEGIN CERTIFICATE-----"),
        "A" * 8000,
    ):
        answer = await ask(proxied, client, shown)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), shown[:40]
    # One proof at a time, and the client's own.
    assert (await ask(proxied, client, own.header, client_secret="x")).status_code == 401
    assert (await ask(proxied, other, own.header)).status_code == 401


async def test_ca_18_a_certificate_from_anybody_but_the_proxy_proves_nothing(
    make: Make, at_acme: Caller, server: RunningServer, key: SigningKey, own: Certificate
) -> None:
    client = await make("self_signed_tls_client_auth", jwks=key.jwks())
    for at in (at_acme, Caller(server.from_address("203.0.113.5"), at_acme.tenant)):
        answer = await ask(at, client, own.header)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_name_proves_the_client_where_the_proxy_has_verified_it(
    make: Make, proxied: Caller, own: Certificate
) -> None:
    name = "CN=payroll.example,O=Payroll"
    by_name = await make("tls_client_auth", tls_client_auth_subject_dn=name)
    by_host = await make("tls_client_auth", tls_client_auth_san_dns="Payroll.example")
    elsewhere = Certificate.of(SigningKey.make(), host="evil.example")
    for client in (by_name, by_host):
        assert (await ask(proxied, client, own.header)).status_code == 200
        assert (await ask(proxied, client, elsewhere.header)).status_code == 401
        for verified in ("", "FAILED:self-signed", "NONE", "success"):
            assert (await ask(proxied, client, own.header, verified=verified)).status_code == 401


async def test_a_token_is_bound_to_the_certificate(
    make: Make,
    proxied: Caller,
    at_acme: Caller,
    key: SigningKey,
    own: Certificate,
    foreign: Certificate,
) -> None:
    client = await make(
        "self_signed_tls_client_auth",
        jwks=key.jwks(),
        tls_client_certificate_bound_access_tokens=True,
    )
    granted = (await ask(proxied, client, own.header)).json()
    assert granted["token_type"] == "Bearer"
    token = granted["access_token"]
    said = jwt.decode(token, options={"verify_signature": False})
    assert said["cnf"] == {"x5t#S256": own.thumbprint}
    cert = ("Client-Cert", own.header)
    assert (await proxied.get("/oauth/tokeninfo", bearer=token, headers=[cert])).status_code == 200
    for at, headers in (
        (proxied, []),
        (proxied, [("Client-Cert", foreign.header)]),
        (at_acme, [cert]),
    ):
        answer = await at.get("/oauth/tokeninfo", bearer=token, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


async def test_a_client_registered_so_gets_no_token_without_a_certificate(
    make: Make, proxied: Caller, own: Certificate
) -> None:
    client = await make(tls_client_certificate_bound_access_tokens=True)
    secret = {"client_secret": client.secret or ""}
    bare = await ask(proxied, client, "", **secret)
    assert (bare.status_code, bare.json()["error"]) == (400, "invalid_request")
    assert (await ask(proxied, client, own.header, **secret)).status_code == 200


async def test_the_metadata_say_so(proxied: Caller) -> None:
    metadata = (await proxied.get("/.well-known/openid-configuration")).json()
    assert metadata["tls_client_certificate_bound_access_tokens"] is True
    assert {"tls_client_auth", "self_signed_tls_client_auth"} < set(
        metadata["token_endpoint_auth_methods_supported"]
    )


async def test_a_client_without_a_name_or_a_key_is_not_registered(
    make: Make, key: SigningKey
) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("self_signed_tls_client_auth", {}),
        ("tls_client_auth", {}),
        ("tls_client_auth", {"tls_client_auth_subject_dn": "payroll"}),
        ("tls_client_auth", {"tls_client_auth_subject_dn": "CN=a", "tls_client_auth_san_dns": "a"}),
    ]
    for method, metadata in wrong:
        with pytest.raises(UnfitClient):
            await make(method, **metadata)
