"""Two tenants, their keys, and tokens to be believed or not."""

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from authgate.storage.keys.signing_keys import KeyState, SigningKey
from authgate.tokens import key_set
from authgate.tokens.algorithms import ES256, HS256, RS256, EdDSA, PrivateKey
from authgate.tokens.key_set import KeySet
from authgate.tokens.verifier import AccessToken, TokenVerifier
from authgate_tenants.encryption import TenantCipher
from authgate_tenants.scope import Tenant, TenantStatus, use_tenant
from authgate_tenants.settings import TenantSettings

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def _tenant(slug: str) -> Tenant:
    return Tenant(
        id=uuid4(),
        slug=slug,
        name=slug.title(),
        status=TenantStatus.ACTIVE,
        issuer=f"https://auth.example/t/{slug}",
        prefix=f"/t/{slug}",
        settings=TenantSettings(),
    )


@pytest.fixture(scope="session")
def acme() -> Tenant:
    return _tenant("acme")


@pytest.fixture(scope="session")
def globex() -> Tenant:
    return _tenant("globex")


@pytest.fixture(scope="session")
def private_keys() -> dict[str, PrivateKey]:
    """A key of acme's for each algorithm; RSA keys take long to make."""
    return {kind.algorithm: kind.generate() for kind in (ES256, RS256, EdDSA, HS256)}


@pytest.fixture(scope="session")
def cipher(acme: Tenant) -> TenantCipher:
    return TenantCipher(acme.id, {1: bytes(range(32))})


@pytest.fixture(scope="session")
def stored(acme: Tenant, cipher: TenantCipher) -> Callable[[PrivateKey, KeyState], SigningKey]:
    """A key's row, as it would come from the database."""

    def row(key: PrivateKey, state: KeyState = KeyState.ACTIVE) -> SigningKey:
        new = key_set.sealed(key, cipher=cipher)
        with use_tenant(acme):
            return SigningKey(
                kid=new.kid,
                algorithm=new.algorithm,
                public_jwk=new.public_jwk,
                sealed_private=new.sealed_private,
                state=state,
            )

    return row


@pytest.fixture(scope="session")
def keys(
    private_keys: dict[str, PrivateKey],
    stored: Callable[..., SigningKey],
    cipher: TenantCipher,
) -> KeySet:
    """Acme's published keys, one active for each algorithm."""
    return KeySet.opened([stored(key) for key in private_keys.values()], cipher=cipher)


class _Loaded:
    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    async def key_set(self) -> KeySet:
        return self._keys


@pytest.fixture
def verify(acme: Tenant, keys: KeySet) -> Callable[..., Awaitable[AccessToken]]:
    """Verify a token at acme, or in another tenant or with other keys."""

    async def verify(
        token: str, *, at: Tenant = acme, by: KeySet = keys, audience: str | None = None
    ) -> AccessToken:
        verifier = TokenVerifier(keys=_Loaded(by), clock=lambda: NOW)
        with use_tenant(at):
            return await verifier.verify(token, audience=audience)

    return verify


@pytest.fixture
def claims(acme: Tenant) -> dict[str, Any]:
    """The claims of a good access token of acme's."""
    issued = int(NOW.timestamp()) - 60
    return {
        "iss": acme.issuer,
        "sub": "2b6f",
        "user_id": "2b6f",
        "aud": acme.issuer,
        "client_id": "cli",
        "scope": "openid profile",
        "type": "access",
        "iat": issued,
        "exp": issued + 3600,
        "jti": "0193ac2f-7c00-7000-8000-00000000abcd",
    }


@pytest.fixture
def sign(keys: KeySet) -> Callable[..., Awaitable[str]]:
    """Sign claims with one of acme's active keys."""

    async def sign(
        claims: Mapping[str, object], *, algorithm: str = "ES256", typ: Any = "at+jwt"
    ) -> str:
        return await keys.signers[algorithm].sign(claims, typ=typ)

    return sign


@pytest.fixture
def forge(private_keys: dict[str, PrivateKey]) -> Callable[..., str]:
    """Sign any header and any payload, given as values or as the bytes themselves."""

    def forge(
        header: Mapping[str, object] | bytes,
        payload: Mapping[str, object] | bytes,
        *,
        key: PrivateKey = private_keys["ES256"],
    ) -> str:
        signing_input = f"{_segment(header)}.{_segment(payload)}"
        return f"{signing_input}.{_segment(key.sign(signing_input.encode()))}"

    return forge


@pytest.fixture
def header(private_keys: dict[str, PrivateKey]) -> dict[str, object]:
    """The header of acme's ES256 tokens."""
    return {"alg": "ES256", "typ": "at+jwt", "kid": private_keys["ES256"].thumbprint()}


def _segment(content: Mapping[str, object] | bytes) -> str:
    raw = (
        content
        if isinstance(content, bytes)
        else json.dumps(content, separators=(",", ":")).encode()
    )
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
