"""Authlib signs people in, and acts for itself, against a tenant's issuer."""

from pathlib import Path

import pytest

from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.clients.metadata import PRIVATE_KEY_JWT, ClientMetadata
from authgate.vocabulary import ApplicationType
from authgate_testing.conversation import outcome
from authgate_testing.issuers import Issuer
from authgate_testing.live import PASSWORD
from authgate_testing.person import Person
from authgate_testing.signing import SigningKey

PROGRAM = Path(__file__).parent / "programs/authlib_program.py"
INSECURE = {"AUTHLIB_INSECURE_TRANSPORT": "1"}  # loopback


def application(*, public: bool) -> ClientDraft:
    return ClientDraft(
        name="Fleet App",
        grant_types=["authorization_code", "refresh_token"],
        scopes=["openid", "profile", "email", "offline_access"],
        redirect_uris=["http://127.0.0.1/callback"],
        application_type=ApplicationType.NATIVE,
        public=public,
    )


@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
async def test_a_person_signs_in_and_everything_ends_with_the_refresh_token(
    issuer: Issuer, mira: Person, clients_python: Path, public: bool
) -> None:
    made = await issuer.add(application(public=public))
    await mira.sign_in(issuer.url, "mira.halvorsen", PASSWORD)
    given = {"to": "sign in", "issuer": issuer.url, "client_id": made.client.client_id}
    told = await outcome(
        clients_python,
        PROGRAM,
        given=given | {"client_secret": made.secret},
        person=mira,
        environment=INSECURE,
    )
    assert told["claims"]["iss"] == issuer.url
    assert told["person"]["sub"] == told["claims"]["sub"]
    assert told["person"]["email"] == "mira@northwind.example"
    assert told["rotated"]
    assert told["userinfo_after"] == 401
    if not public:
        assert told["before"]["active"]
        assert told["after"] == {"active": False}


async def test_a_service_gets_a_token_with_its_secret(issuer: Issuer, clients_python: Path) -> None:
    made = await issuer.add(
        ClientDraft(name="Nightly backup", grant_types=["client_credentials"], scopes=["read"])
    )
    told = await outcome(
        clients_python,
        PROGRAM,
        given={
            "to": "act for itself",
            "issuer": issuer.url,
            "client_id": made.client.client_id,
            "client_secret": made.secret,
        },
        environment=INSECURE,
    )
    assert told["token"]["scope"] == "read"
    assert told["known"]["sub"] == f"client:{made.client.client_id}"


@pytest.mark.parametrize("legacy", [False, True], ids=["for the issuer", "as Authlib does it"])
async def test_a_service_gets_a_token_with_its_key(
    issuer: Issuer, clients_python: Path, legacy: bool
) -> None:
    """Authlib's assertions are for the token endpoint, unless it is told otherwise."""
    key = SigningKey.make()
    made = await issuer.add(
        ClientDraft(
            name="Nightly backup",
            grant_types=["client_credentials"],
            scopes=["read"],
            authentication_methods=[PRIVATE_KEY_JWT],
            metadata=ClientMetadata(jwks=key.jwks(), legacy_assertion_audience=legacy),
        )
    )
    given = {
        "to": "act for itself",
        "issuer": issuer.url,
        "client_id": made.client.client_id,
        "private_key": key.private_jwk(),
    }
    told = await outcome(
        clients_python,
        PROGRAM,
        given=given | ({} if legacy else {"audience": issuer.url}),
        environment=INSECURE,
    )
    assert told["token"]["token_type"] == "Bearer"
    assert told["known"]["active"]
